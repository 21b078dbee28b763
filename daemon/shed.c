#include "daemon/shed.h"

#include "daemon/log.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS 200000
#define KEEP_MAX (PROC_MAX + BIRTH_LISTENERS + 2)

static int
by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void
shed_descriptors(const struct birth *b)
{
	int keep[KEEP_MAX], count = 0, i;
	unsigned next = 3;

	keep[count++] = log_descriptor();
	keep[count++] = b->bell_supervisor;
	for (i = 0; i < b->listeners; i++)
		keep[count++] = b->listener[i];
	for (i = 0; i < PROC_MAX; i++)
		if (b->bell[i] >= 0)
			keep[count++] = b->bell[i];
	qsort(keep, (size_t)count, sizeof(keep[0]), by_number);
	for (i = 0; i < count; i++) {
		unsigned fd = (unsigned)keep[i];

		if (keep[i] < (int)next)
			continue;
		if (fd > next)
			close_range(next, fd - 1, 0);
		next = fd + 1;
	}
	close_range(next, ~0u, 0);
}

bool
shed_processors(const char *list, int index)
{
	int cpu[OPTION_CPUS], count = option_read_cpus(list, cpu);
	cpu_set_t set;

	if (count <= 0)
		return count == 0;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu[index % count], &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}

/* What sched_setattr(2) takes, which the C library does not know. */
struct attributes {
	uint32_t bytes, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

void
shed_slice(void)
{
	struct attributes a = { .bytes = sizeof(a), .policy = SCHED_BATCH,
	    .nice = getpriority(PRIO_PROCESS, 0), .runtime_ns = SLICE_NS };

	(void)syscall(SYS_sched_setattr, 0, &a, 0);
}
