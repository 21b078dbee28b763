#include "daemon/shed.h"

#include "daemon/log.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

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

/* The processors of a list in its order; how many, -1 for nonsense. */
static int
read_list(const char *list, int *cpu, int room)
{
	int count = 0;

	while (*list != 0) {
		char *end;
		long first = strtol(list, &end, 10), last = first, step = 1;

		if (end == list)
			return -1;
		if (*end == '-')
			last = strtol(list = end + 1, &end, 10);
		if (end != list && *end == ':')
			step = strtol(list = end + 1, &end, 10);
		if (end == list || first < 0 || last >= CPU_SETSIZE ||
		    step < 1 || (*end != 0 && *end != ','))
			return -1;
		for (; first <= last && count < room; first += step)
			cpu[count++] = (int)first;
		list = *end == ',' ? end + 1 : end;
	}
	return count;
}

bool
shed_processors(const char *list, int index)
{
	int cpu[CPU_SETSIZE], count = read_list(list, cpu, CPU_SETSIZE);
	cpu_set_t set;

	if (count <= 0)
		return list[0] == 0;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu[index % count], &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}
