/*
 * keys - drawing zipf ranks
 *
 * Rejection inversion: W. Hormann and G. Derflinger, "Rejection-inversion to
 * generate variates from monotone discrete distributions", 1996.
 */
#include "t/bench/keys.h"

#include <math.h>
#include <stdlib.h>

#define SPREAD 2654435761ull /* a prime, so the ranks are only permuted */

struct zipf {
	double exponent;
	double first, last; /* the integral's value at the ends */
	double cut;
};

static double
integral(const struct zipf *z, double x)
{
	return (pow(x, 1 - z->exponent) - 1) / (1 - z->exponent);
}

static double
inverse(const struct zipf *z, double u)
{
	return pow(1 + u * (1 - z->exponent), 1 / (1 - z->exponent));
}

static uint32_t
draw_rank(const struct zipf *z, struct keys *k)
{
	double u, x, rank;

	for (;;) {
		u = (double)(keys_random(k) >> 11) * 0x1p-53;
		u = z->last + u * (z->first - z->last);
		x = inverse(z, u);
		rank = fmin(fmax(floor(x + 0.5), 1), k->count);
		if (rank - x <= z->cut ||
		    u >= integral(z, rank + 0.5) - pow(rank, -z->exponent))
			return (uint32_t)rank - 1;
	}
}

void
keys_init(struct keys *k, uint32_t count, double exponent, uint64_t seed)
{
	struct zipf z = { .exponent = exponent };

	*k = (struct keys){ .state = seed, .count = count };
	if (exponent == 0)
		return;
	z.first = integral(&z, 1.5) - 1;
	z.last = integral(&z, count + 0.5);
	z.cut = 2 - inverse(&z, integral(&z, 2.5) - pow(2, -exponent));
	k->pool = malloc(KEYS_POOL * sizeof(*k->pool));
	if (k->pool == NULL)
		abort();
	for (uint32_t i = 0; i < KEYS_POOL; i++)
		k->pool[i] = draw_rank(&z, k) * SPREAD % count;
}
