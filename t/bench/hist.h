/*
 * hist - times, kept so that percentiles are right to 2 percent
 *
 * 64 steps in every power of two of nanoseconds.
 */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdint.h>
#include <string.h>

#define HIST_STEPS 64
#define HIST_BUCKETS (HIST_STEPS * 40)

struct hist {
	uint64_t total;
	uint64_t max_ns;
	uint64_t count[HIST_BUCKETS];
};

static inline void
hist_clear(struct hist *h)
{
	memset(h, 0, sizeof(*h));
}

static inline uint32_t
hist_bucket(uint64_t ns)
{
	uint32_t power, bucket;

	if (ns < HIST_STEPS)
		return ns;
	power = 63 - __builtin_clzll(ns) - 6;
	bucket = power * HIST_STEPS + (ns >> power);
	return bucket < HIST_BUCKETS ? bucket : HIST_BUCKETS - 1;
}

static inline void
hist_add(struct hist *h, uint64_t ns)
{
	h->total++;
	h->count[hist_bucket(ns)]++;
	if (ns > h->max_ns)
		h->max_ns = ns;
}

/* The time in us that `share` (0 to 1) of all did not exceed. */
static inline double
hist_us(const struct hist *h, double share)
{
	uint64_t want = (uint64_t)(share * h->total), seen = 0, ns;
	uint32_t i, power;

	for (i = 0; i < HIST_BUCKETS - 1; i++) {
		seen += h->count[i];
		if (seen > want)
			break;
	}
	power = i < 2 * HIST_STEPS ? 0 : i / HIST_STEPS - 1;
	ns = (uint64_t)(i - power * HIST_STEPS + 1) << power;
	return (ns < h->max_ns ? ns : h->max_ns) / 1e3;
}

#endif
