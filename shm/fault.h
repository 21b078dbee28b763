/*
 * fault - places where tests kill, fail or hold a process
 *
 * Writers:  whoever serves DEBUG FAULT arms a word; who hits a word that is
 *           armed for once disarms it
 * Readers:  every process, at each FAULT()
 *
 * Without ALMANDINE_FAULTS FAULT(id) is nothing and FAULT_FAILS(id) is false.
 *
 * Not here: what is done at an armed point (daemon/fault_do.c).
 */
#ifndef SHM_FAULT_H
#define SHM_FAULT_H

#include "proto/slice.h"
#include "shm/word.h"

enum fault_id {
#define FAULT_POINT(id, name, words) FAULT_##id,
#include "shm/fault.def"
	FAULT_COUNT
};

/* HELD: who met a point that was armed to hold once is still there. */
enum fault_act { FAULT_OFF, FAULT_DIE, FAULT_ERROR, FAULT_HOLD, FAULT_HELD };
#define FAULT_ONCE 0x8u       /* in a word: beside the act */
#define FAULT_ACT 0x7u
#define FAULT_HOLD_SHIFT 4    /* above: how many ms to hold */

struct fault_row {
	const char *name, *words;
};
extern const struct fault_row fault_table[FAULT_COUNT];

/* The id of a name, or -1. */
int fault_find(struct slice name);

#ifdef ALMANDINE_FAULTS
/*
 * The words of this node (in the region) and what to do at an armed one:
 * returns whether the caller is to fail.  NULL in units: nothing happens.
 */
extern uint32_t *fault_words;
extern bool (*fault_hook)(enum fault_id id, uint32_t word);

static inline bool
fault_hit(enum fault_id id)
{
	uint32_t word;

	if (fault_words == NULL || fault_hook == NULL ||
	    (word = word_load(&fault_words[id])) == FAULT_OFF ||
	    word == FAULT_HELD)
		return false;
	if ((word & FAULT_ONCE) != 0 &&
	    !word_take(&fault_words[id], word,
	    (word & FAULT_ACT) == FAULT_HOLD ? FAULT_HELD : FAULT_OFF))
		return false;
	return fault_hook(id, word);
}
#define FAULT(id) ((void)fault_hit(FAULT_##id))
#define FAULT_FAILS(id) fault_hit(FAULT_##id)
/* The same of a point that a table names. */
#define FAULT_FAILS_AT(id) fault_hit(id)
#else
#define FAULT(id) ((void)0)
#define FAULT_FAILS(id) false
#define FAULT_FAILS_AT(id) ((void)(id), false)
#endif

#endif
