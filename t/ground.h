/*
 * ground - a small region for unit tests, without processes
 *
 * One journal, one heap, one log, all slots, in shared memory at
 * PLACE_BASE.  ground_open() may be called once per process.
 */
#ifndef T_GROUND_H
#define T_GROUND_H

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

#endif
