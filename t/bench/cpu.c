/*
 * cpu - reading /proc (see cpu.h)
 */
#include "t/bench/cpu.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_MAX_BYTES 300

/* Calls each(task directory, to) for every thread of pid. */
static void
for_each_task(pid_t pid, void (*each)(const char *task, void *to), void *to)
{
	char path[PATH_MAX_BYTES], task[PATH_MAX_BYTES * 2];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(task, sizeof(task), "%s/%s", path, entry->d_name);
		each(task, to);
	}
	closedir(dir);
}

static void
add_children(const char *task, void *to)
{
	char path[PATH_MAX_BYTES * 3];
	FILE *f;
	int pid;

	snprintf(path, sizeof(path), "%s/children", task);
	f = fopen(path, "r");
	if (f == NULL)
		return;
	while (fscanf(f, "%d", &pid) == 1)
		cpu_add(to, pid);
	fclose(f);
}

static void
add_time(const char *task, void *to)
{
	char path[PATH_MAX_BYTES * 3];
	unsigned long long ns;
	FILE *f;

	snprintf(path, sizeof(path), "%s/schedstat", task);
	f = fopen(path, "r");
	if (f == NULL)
		return;
	if (fscanf(f, "%llu", &ns) == 1)
		*(uint64_t *)to += ns;
	fclose(f);
}

void
cpu_add(struct cpu *cpu, pid_t pid)
{
	if (cpu->count == CPU_PIDS_MAX)
		return;
	cpu->pids[cpu->count++] = pid;
	for_each_task(pid, add_children, cpu);
}

uint64_t
cpu_ns(const struct cpu *cpu)
{
	uint64_t sum = 0;

	for (int i = 0; i < cpu->count; i++)
		for_each_task(cpu->pids[i], add_time, &sum);
	return sum;
}

uint64_t
cpu_steal_ms(void)
{
	unsigned long long steal = 0;
	FILE *f = fopen("/proc/stat", "r");

	if (f == NULL)
		return 0;
	if (fscanf(f, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &steal) != 1)
		steal = 0;
	fclose(f);
	return steal * 1000 / sysconf(_SC_CLK_TCK);
}
