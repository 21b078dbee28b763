/*
 * journal - what a process is changing right now, and how to take it back
 *
 * Writer:   the process whose area it is in; control, when that one is dead
 * Readers:  control, when that one is dead
 * Life:     as long as the region
 *
 * A change of slots (a transaction, shm/txn.h) runs
 *
 *   1. held[] names a slot, then its lock is taken
 *   2. before a byte that existed before is changed, undo[] gets the old bytes
 *   3. before a block is taken from the heap, block[] gets it with
 *      JOURNAL_TAKEN; a block that is to be freed is entered without it, and
 *      stays as it is
 *   4. the record is appended to the log: the commit point
 *   5. `undo` becomes JOURNAL_COMMITTED (there are blocks) or 0
 *   6. the locks are let go
 *   7. blocks to be freed are freed
 *
 * When the process dies, control looks: if log_at is set and the log's end is
 * beyond it, or undo is JOURNAL_COMMITTED, the command happened: what was to
 * be freed is freed.  Otherwise it did not: the old bytes are copied back,
 * last noted first, and the blocks taken go back.  Both may be done twice:
 * control may die as well.  But bytes are never copied back any more once a
 * block has gone back or a slot was let go, because others may have them by
 * then: the verdict is written into `undo` before.
 *
 * The journal can also be taken back by the living: a command that runs out of
 * memory half way leaves nothing behind.
 *
 * Not here: how blocks are freed (shm/heap.h), who calls (daemon/ctl_mend.c).
 */
#ifndef SHM_JOURNAL_H
#define SHM_JOURNAL_H

#include "shm/fault.h"

#define JOURNAL_MAGIC 0x6a6f75726e616c31ull
#define JOURNAL_UNDO_BYTES (1ull << 30)   /* sparse: only what is used exists */
#define JOURNAL_BLOCKS (256ull << 20)     /* sparse as well */
#define JOURNAL_SLOTS 16384
#define JOURNAL_COMMITTED UINT64_MAX     /* in undo: it happened */
#define JOURNAL_UNDONE (UINT64_MAX - 1)  /* the old bytes are back */
#define JOURNAL_TAKEN 1ull               /* in block[]: to be freed on undo */
#define JOURNAL_NOWHERE UINT64_MAX       /* log_at: nothing is being appended */

struct value;

struct journal {
	uint64_t magic;
	uint64_t undo;       /* bytes used in undo_data, or a verdict */
	uint64_t blocks;     /* entries used in block */
	/* offset our record begins at, or JOURNAL_NOWHERE */
	uint64_t log_at;
	/*
	 * 1 + first span of a run on its way from or to the pool, 0: none.
	 * When we die it ends in the pool, and the heap has so much in use.
	 */
	uint64_t run;
	uint64_t run_spans;  /* how many spans that run has */
	uint64_t spans_used, run_bytes;
	uint64_t span;       /* 1 + the span whose lock was taken last */
	uint32_t helds;      /* entries used in held */
	/*
	 * A record on its way to a snapshot (shm/snap.h), NULL: none: it has
	 * been handed over when the snapshot's end is beyond hand_at, and is to
	 * bear this stamp then.
	 */
	uint32_t hand_stamp;
	uint64_t hand_at;
	struct value *hand;
	uint16_t held[JOURNAL_SLOTS];
	uint64_t block[JOURNAL_BLOCKS];
	char undo_data[JOURNAL_UNDO_BYTES];
};

/*
 * Notes the bytes at `at` before they are changed.  Returns false when the
 * journal is full (nothing is noted then).
 */
static inline bool
journal_note(struct journal *j, const void *at, size_t bytes)
{
	size_t padded = (bytes + 7) & ~(size_t)7;
	char *to = j->undo_data + j->undo;

	if (unlikely(padded + 16 > JOURNAL_UNDO_BYTES - j->undo))
		return false;
	__builtin_memcpy(to, at, bytes);
	*(uint64_t *)(void *)(to + padded) = (uint64_t)(uintptr_t)at;
	*(uint64_t *)(void *)(to + padded + 8) = bytes;
	word_order();
	word_store(&j->undo, j->undo + padded + 16);
	word_order();
	FAULT(NOTED);
	return true;
}

/* Enters a block, with or without JOURNAL_TAKEN; false when full. */
static inline bool
journal_block(struct journal *j, uint64_t entry)
{
	if (unlikely(j->blocks == JOURNAL_BLOCKS))
		return false;
	j->block[j->blocks] = entry;
	word_order();
	word_store(&j->blocks, j->blocks + 1);
	word_order();
	FAULT(BLOCK_NOTED);
	return true;
}

/* Makes an empty journal of zeroed memory. */
void journal_init(struct journal *j);

/*
 * Copies all noted bytes back, last first.  Leaves `undo` as it is, so that
 * it may be done again.
 */
void journal_restore(const struct journal *j);

#endif
