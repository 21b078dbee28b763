/*
 * clock - the only door to time
 *
 * Not here: deadlines: who has one keeps it.
 */
#ifndef DAEMON_CLOCK_H
#define DAEMON_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define CLOCK_TEXT 48

int64_t clock_ms(void);        /* UNIX time in milliseconds */
int64_t clock_us(void);        /* UNIX time in microseconds */
int64_t clock_steady_us(void); /* microseconds since some time; never back */

static inline int64_t
clock_steady_ms(void)
{
	return clock_steady_us() / 1000;
}

/* Sleeps. */
void clock_nap(int64_t us);
/* Lets others run who are waiting for this processor. */
void clock_yield(void);

/*
 * A counter that only goes up, read in a few nanoseconds;
 * clock_ticks_per_us() tells its pace (measured once, a millisecond long).
 */
static inline uint64_t
clock_ticks(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#else
	return (uint64_t)clock_steady_us();
#endif
}
/* How many of them a microsecond has. */
uint64_t clock_ticks_per_us(void);

/* A UNIX time as local time, "23 Nov 2026 06:25:10.123"; the length. */
size_t clock_print(int64_t ms, char text[CLOCK_TEXT]);

#endif
