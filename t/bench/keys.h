/*
 * keys - which key is asked for next
 *
 * Uniform keys come straight from a generator.  Zipf keys are drawn before
 * the run, because drawing one costs more than a whole request may, and are
 * read in a circle; the ranks are spread over the key space, so that the hot
 * keys are no neighbours.
 *
 * Not here: what a key looks like (request.h).
 */
#ifndef BENCH_KEYS_H
#define BENCH_KEYS_H

#include <stddef.h>
#include <stdint.h>

#define KEYS_POOL (1u << 22)

struct keys {
	uint64_t state;
	uint32_t count;
	uint32_t at;    /* in the pool */
	uint32_t *pool; /* NULL: uniform */
};

/* Keys 0 to count - 1; exponent 0 is uniform, else zipf (below 1). */
void keys_init(struct keys *k, uint32_t count, double exponent, uint64_t seed);

static inline uint64_t
keys_random(struct keys *k)
{
	unsigned __int128 m;

	k->state += 0xa0761d6478bd642full;
	m = (unsigned __int128)k->state * (k->state ^ 0xe7037ed1a0b428dbull);
	return (uint64_t)(m >> 64) ^ (uint64_t)m;
}

/* A number below n. */
static inline uint32_t
keys_below(struct keys *k, uint32_t n)
{
	return (keys_random(k) >> 32) * n >> 32;
}

static inline uint32_t
keys_next(struct keys *k)
{
	if (k->pool == NULL)
		return keys_below(k, k->count);
	return k->pool[k->at++ % KEYS_POOL];
}

#endif
