/*
 * ground - a small region for unit tests, without processes
 *
 * One journal, one heap, one log, all slots, in shared memory at
 * PLACE_BASE.  ground_open() may be called once per process; a unit that
 * needs what the slots lie in takes ground_region() instead.
 */
#ifndef T_GROUND_H
#define T_GROUND_H

#include "shm/region.h"
#include "shm/slot.h"

#define GROUND_HEAP_BYTES (1ull << 30)
#define GROUND_LOG_BYTES (1ull << 20)

struct ground {
	struct place place;
	struct heap heap;
	struct log log;
	struct slot slots[SLOT_COUNT];
	int64_t keys[16], expires[16];
	uint64_t used_bytes[2];
	struct journal journal[2]; /* of two processes */
};

/* Maps and prepares the region; *t is process 0's transaction. */
struct ground *ground_open(struct txn *t, struct heap_own *own);

/* A second process, number 1. */
void ground_second(struct ground *g, struct txn *t, struct heap_own *own);

/* Process 0 dies here, is mended, and another takes its place. */
void ground_mend(struct ground *g, struct txn *t, struct heap_own *own);

/*
 * Fails the test unless exactly the blocks that the slots reach are taken.
 */
void ground_check(struct ground *g);

/*
 * Random transactions of one to five steps on keys 0 .. keys - 1; some are
 * undone, some mended as if the process had died, in which case what a step
 * did does not last.  Between them same() compares a key with the test's model.
 * At the end nothing is left.
 */
struct ground_play {
	int keys, transactions;
	void (*step)(int key, bool lasts);
	void (*same)(int key);
};
void ground_play(struct ground *g, struct txn *t, struct heap_own *own,
    const struct ground_play *play);

/* A copy of the key's value replaces it, as COPY and RENAME would do it. */
void ground_copy(struct txn *t, const struct key *k, struct value *v);

/* A whole region of so many workers, none of which lives; region_discard(). */
void ground_region(uint32_t workers);

/* Worker 0 begins to live in it, and *t is its transaction. */
void ground_worker(struct txn *t, struct heap_own *own);

/* It lets go of what it had, and the region is discarded. */
void ground_end(struct txn *t, struct heap_own *own);

#endif
