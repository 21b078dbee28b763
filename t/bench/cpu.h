/*
 * cpu - processor time of servers, as the kernel counts it
 *
 * Source: /proc/PID/task/TID/schedstat, first number, nanoseconds on the
 * processor.  It is brought up to date at ticks, so a window should be much
 * longer than one.  What a thread has used is lost when it ends.
 */
#ifndef BENCH_CPU_H
#define BENCH_CPU_H

#include <stdint.h>
#include <sys/types.h>

#define CPU_PIDS_MAX 256

struct cpu {
	pid_t pids[CPU_PIDS_MAX];
	int count;
};

/* Adds pid and, as they are now, all its descendants. */
void cpu_add(struct cpu *cpu, pid_t pid);

/* Nanoseconds used until now by all threads of all these processes. */
uint64_t cpu_ns(const struct cpu *cpu);

/* Milliseconds the hypervisor has kept all processors from us since boot. */
uint64_t cpu_steal_ms(void);

#endif
