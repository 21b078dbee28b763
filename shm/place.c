#include "shm/place.h"

static inline uint64_t
rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

struct sip {
	uint64_t a, b, c, d;
};

static inline void
sip_round(struct sip *v)
{
	v->a += v->b;
	v->c += v->d;
	v->b = rotate(v->b, 13) ^ v->a;
	v->d = rotate(v->d, 16) ^ v->c;
	v->a = rotate(v->a, 32);
	v->c += v->b;
	v->a += v->d;
	v->b = rotate(v->b, 17) ^ v->c;
	v->d = rotate(v->d, 21) ^ v->a;
	v->c = rotate(v->c, 32);
}

uint64_t
place_hash(struct slice s, uint64_t more)
{
	uint64_t k0 = PLACE->seed[0] ^ more, k1 = PLACE->seed[1], word;
	struct sip v = { k0 ^ 0x736f6d6570736575ull, k1 ^ 0x646f72616e646f6dull,
	    k0 ^ 0x6c7967656e657261ull, k1 ^ 0x7465646279746573ull };
	size_t left = s.bytes;
	const char *p = s.data;

	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&word, p, 8);
		v.d ^= word;
		sip_round(&v);
		v.a ^= word;
	}
	word = 0;
	if (left > 0)
		memcpy(&word, p, left);
	word |= (uint64_t)s.bytes << 56;
	v.d ^= word;
	sip_round(&v);
	v.a ^= word;
	v.c ^= 0xff;
	sip_round(&v);
	sip_round(&v);
	sip_round(&v);
	return v.a ^ v.b ^ v.c ^ v.d;
}
