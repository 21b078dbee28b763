/*
 * place - where the region is, and the keyed hash of its dicts
 *
 * The region is mapped at the same address in every process, so pointers in
 * it are plain pointers.  The address lies above the sanitizers' shadow (under
 * ThreadSanitizer in its low application range).
 *
 * Not here: what is in the region (shm/region.h).
 */
#ifndef SHM_PLACE_H
#define SHM_PLACE_H

#include "proto/slice.h"

#if defined(__SANITIZE_THREAD__)
#define PLACE_BASE 0x1000000000ull
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PLACE_BASE 0x1000000000ull
#endif
#endif
#ifndef PLACE_BASE
#define PLACE_BASE 0x200000000000ull
#endif

#define PLACE_MAGIC 0x616c6d616e64696eull

/* The first bytes of the region; written by the supervisor before it forks. */
struct place {
	uint64_t magic;
	uint64_t layout;    /* hash of the layout; another layout is not ours */
	uint64_t boot[2];   /* random, names this region */
	uint64_t seed[2];   /* random key of hashes */
	uint64_t bytes;     /* of the whole region */
};
#define PLACE ((const struct place *)PLACE_BASE)

/*
 * SipHash-1-3 of the bytes under the region's key: equal input gives equal
 * output for as long as the region lives; whoever does not know the key can not
 * make collisions.  `more` is mixed in (a database number).
 * Source: Aumasson and Bernstein, SipHash, 2012.
 */
uint64_t place_hash(struct slice s, uint64_t more);

#endif
