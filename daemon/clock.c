#include "daemon/clock.h"

#include <sched.h>
#include <stdio.h>
#include <time.h>

static int64_t
now_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t
clock_ms(void)
{
	return now_us(CLOCK_REALTIME) / 1000;
}

int64_t
clock_us(void)
{
	return now_us(CLOCK_REALTIME);
}

int64_t
clock_steady_us(void)
{
	return now_us(CLOCK_MONOTONIC);
}

void
clock_nap(int64_t us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

void
clock_yield(void)
{
	sched_yield();
}

uint64_t
clock_ticks_per_us(void)
{
	int64_t begin = clock_steady_us(), us;
	uint64_t ticks = clock_ticks();

	while ((us = clock_steady_us() - begin) < 1000)
		;
	ticks = (clock_ticks() - ticks) / (uint64_t)us;
	return ticks > 0 ? ticks : 1;
}

size_t
clock_print(int64_t ms, char text[CLOCK_TEXT])
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;
	size_t used;

	localtime_r(&s, &tm);
	used = strftime(text, CLOCK_TEXT, "%d %b %Y %H:%M:%S", &tm);
	return used + (size_t)snprintf(text + used, CLOCK_TEXT - used,
	    ".%03d", (int)(ms % 1000));
}
