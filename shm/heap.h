/*
 * heap - memory for shared values
 *
 * The heap is cut into spans of HEAP_SPAN bytes.  A small block lies in a
 * span of its size class, which belongs to one process; a large block is a run
 * of whole spans.  What is taken and what is free is written in the span
 * table (one bit a block), never in the blocks.
 *
 * Writers of a span's words: its owner alone, without a lock; others free
 * a block of it by setting its bit in `remote` under the span's lock, and the
 * owner gathers those bits under the same lock.
 * Spans change owner under the heap's lock.
 *
 * Every block taken or freed is entered in the caller's journal first, and
 * setting a free bit twice is harmless, so mending simply does it again.
 * How many blocks are free, which spans have some: counted again by whoever
 * needs it (heap_adopt), never mended.
 *
 * Not here: when blocks are freed (shm/txn.c).
 */
#ifndef SHM_HEAP_H
#define SHM_HEAP_H

#include "shm/journal.h"

#define HEAP_MAGIC 0x686561702d6f6e65ull
#define HEAP_SPAN_BITS 16
#define HEAP_SPAN (1ull << HEAP_SPAN_BITS)
#define HEAP_CLASSES 80
#define HEAP_SMALL_MAX 16384   /* largest block that shares a span */
/* in one span; tiny classes leave its end unused */
#define HEAP_BLOCKS_MAX 1024
#define HEAP_WORDS (HEAP_BLOCKS_MAX / 64)
#define HEAP_UNIT 8            /* every block's address is a multiple */

enum span_use { SPAN_FREE, SPAN_SMALL, SPAN_RUN, SPAN_TAIL };

struct span {
	uint32_t lock;         /* guards remote */
	uint8_t use;           /* enum span_use */
	uint8_t class;         /* of SPAN_SMALL */
	uint16_t owner;        /* process index */
	uint32_t spans;        /* of SPAN_RUN: how many */
	uint16_t blocks;       /* of SPAN_SMALL: how many fit */
	uint16_t free;         /* of those: bits set in bits[] */
	/* of SPAN_RUN: bytes asked for, rounded to 4 KB */
	uint64_t bytes;
	uint32_t remotes;      /* whether any bit in remote[] is set */
	uint32_t hint;         /* word of bits[] to look at first */
	uint32_t place;        /* in the owner's list of spans of the class */
	/* in the owner's list of spans with free blocks */
	uint32_t is_listed;
	uint64_t pad[2];
	uint64_t bits[HEAP_WORDS];   /* 1: free */
	uint64_t remote[HEAP_WORDS]; /* 1: freed by another process */
};

struct heap {
	uint64_t magic;
	char *base;            /* of the first span */
	struct span *span;     /* the span table */
	uint64_t *used;        /* one bit a span, 1: taken from the pool */
	uint32_t spans;        /* in all */
	uint32_t lock __attribute__((aligned(64)));
	uint32_t next;         /* where to look for free spans first */
	uint32_t top;          /* spans below this have ever been used */
	uint64_t spans_used;
	uint64_t run_bytes;    /* bytes of all runs */
};

/*
 * What a process remembers of its own spans, in its private memory: made by
 * heap_adopt(), thrown away with the process.
 */
struct heap_own {
	struct heap *heap;
	struct journal *journal;
	uint32_t holder;       /* for lock words */
	uint16_t owner;        /* process index */
	/* in its area: bytes of blocks taken in own spans */
	uint64_t *used_bytes;
	/* Gives pages back to the kernel; NULL keeps them. */
	void (*discard)(void *at, size_t bytes);
	struct span *current[HEAP_CLASSES];
	struct span_list {
		struct span **v;
		uint32_t count, room, cursor;
	} all[HEAP_CLASSES],   /* own spans; remote frees are met here */
	    some[HEAP_CLASSES]; /* with free blocks; and stale entries */
};

/* Bytes the span table and the bitmap need for a heap of `spans` spans. */
size_t heap_table_bytes(uint32_t spans);

/* Makes an empty heap: spans at base, its tables at table (zeroed memory). */
void heap_init(struct heap *h, char *base, uint32_t spans, void *table);

/*
 * Takes possession of every span that belongs to process `owner`, as a newborn
 * or as the successor of a dead one (after mending): counts its free blocks,
 * gathers remote frees.  *used_bytes is set to the bytes taken in them.
 */
void heap_adopt(struct heap_own *own, struct heap *h, struct journal *j,
    uint16_t owner, uint32_t holder, uint64_t *used_bytes);

/* Frees the private memory of *own (not the spans). */
void heap_forget(struct heap_own *own);

/*
 * A block of at least `bytes` (1 or more), HEAP_UNIT aligned, with undefined
 * content, entered in the journal as taken.  NULL when the heap or the journal
 * is full.
 */
void *heap_take(struct heap_own *own, size_t bytes);

/*
 * Frees a block at once.  *done becomes `value` at the instant from which on
 * the block certainly is free: the caller's journal forgets its entry that
 * way.
 */
void heap_give(struct heap_own *own, void *block, uint64_t *done,
    uint64_t value);

/* Bytes usable in a block; bytes a block for `bytes` would have. */
size_t heap_block_bytes(const struct heap *h, const void *block);
size_t heap_good_bytes(size_t bytes);

/* Whether p lies in the heap (for checks and hints). */
static inline bool
heap_holds(const struct heap *h, const void *p)
{
	return (const char *)p >= h->base &&
	    (uint64_t)((const char *)p - h->base) >> HEAP_SPAN_BITS < h->spans;
}

/* Whether `block` is the address of a block that is taken now. */
bool heap_is_taken(const struct heap *h, const void *block);

/*
 * Who mends.  `is_dead` tells whether a lock word names a process that is dead
 * and not yet buried: nobody else touches what such a lock guards, so the
 * mender goes on without taking it (two of the dead may hold what the other's
 * mending needs).  Its journal's run lets the next mender finish what it left
 * half done.
 */
struct heap_mender {
	struct journal *journal;
	uint32_t holder;
	bool (*is_dead)(uint32_t holder);
};

/*
 * Mending, by control, for a dead process whose locks are still its own: first
 * heap_mend() puts a run of spans on its way to or from the pool there, then
 * heap_mend_block() frees blocks (as heap_give, but twice is harmless), at
 * last heap_release() lets go its locks; heap_release_all() those of a mender
 * that died, which may have had many.
 */
void heap_mend(struct heap *h, struct journal *j);
void heap_mend_block(struct heap *h, const void *block, uint16_t dead_owner,
    const struct heap_mender *mender, uint64_t *done, uint64_t value);
void heap_release(struct heap *h, const struct journal *j, uint32_t dead);
void heap_release_all(struct heap *h, uint32_t dead);

/* Calls visit for every block taken (for region checks; the heap at rest). */
void heap_walk(const struct heap *h,
    void (*visit)(void *arg, const void *block, size_t bytes), void *arg);

#endif
