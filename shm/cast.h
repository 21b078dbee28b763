/*
 * cast - what one worker must tell all others, for now and not for good
 *
 * Writers:  workers, under the lock word
 * Readers:  every worker from a place of its own; filters what concerns it
 * Life:     as long as the region; a newborn worker begins at the end
 *
 * A ring of entries.  An entry becomes visible by the one store of `end`, so a
 * writer that dies before has said nothing.  Nobody waits for slow readers: a
 * reader that finds itself more than a ring behind is told so and takes the
 * worst for granted (everything it waits for may have happened).
 *
 * After putting, the writer rings the doorbells of workers that sleep.
 *
 * Not here: state that all must know for good (shm/state.h); messages of
 * PUBLISH, which may not be lost (shm/news.h).
 */
#ifndef SHM_CAST_H
#define SHM_CAST_H

#include "proto/slice.h"
#include "shm/word.h"

#define CAST_MAGIC 0x636173742d6f6e65ull
#define CAST_BYTES (16ull << 20)
#define CAST_ENTRY_MAX (1ull << 20)  /* largest entry, with its head */

enum cast_kind {
	/* number: interest in a key (net_wait.h); text: the floor, 8 bytes */
	CAST_TOUCHED,
	CAST_FLUSHED,  /* so many keys were touched that none is named */
	CAST_MONITOR,  /* text: the line */
	CAST_KILL,     /* number: client id; text: "" */
	CAST_UNBLOCK,  /* number: client id; text: "TIMEOUT" or "ERROR" */
	CAST_FILL,     /* nothing: the rest of the ring */
};

struct cast_entry {
	uint32_t bytes;   /* of all, a multiple of 8 */
	uint16_t kind;    /* enum cast_kind */
	uint16_t sender;  /* process index */
	uint32_t text_bytes;
	uint32_t spare;
	uint64_t number;
	char text[];
};

struct cast {
	uint64_t magic;
	uint32_t lock __attribute__((aligned(64)));
	uint64_t end;     /* bytes ever put */
	uint64_t first;   /* oldest byte still here */
	char ring[CAST_BYTES] __attribute__((aligned(64)));
};

/* Makes an empty ring of zeroed memory. */
void cast_init(struct cast *c);

/* Where a newborn reader begins. */
static inline uint64_t
cast_end(const struct cast *c)
{
	return word_load_acquire(&c->end);
}

/*
 * Tells everybody.  Parts of the text are put one after the other.  False when
 * it is larger than CAST_ENTRY_MAX (nothing is put then).
 */
bool cast_put(struct cast *c, uint32_t holder, enum cast_kind kind,
    uint64_t number, const struct slice *parts, int count);

/*
 * Copies the next entry after *place into `entry` (room for CAST_ENTRY_MAX) and
 * moves *place on.  Returns 1, or 0 when there is none, or -1 when entries were
 * lost (then *place is at the end).
 */
int cast_get(const struct cast *c, uint64_t *place, struct cast_entry *entry);

#endif
