/*
 * hold - slots whose keys are on their way to another node
 *
 * Writer:   process i, rows of its own area; taken and changed while it has the
 *           slot locked, given up at any time; control, when that process is
 *           dead
 * Readers:  whoever has the slot locked
 * Life:     milliseconds: a row says itself when it ends
 *
 *   HOLD_CLAIM    one at a time moves keys of a slot; a key that is missing
 *                 there may be half way, so nobody is sent after it yet
 *   HOLD_WRITES   and nobody but that one writes there for a while: who wants
 *                 to, waits
 *
 * Two words of the region say which processes have any row, and any row that
 * stops writes: as long as they are 0, nobody pays more than one look at them.
 *
 * What is over by the clock has ended, whatever the row says: its owner may not
 * act upon it either (hold_is_valid).
 *
 * Keys expire in a slot that is held.
 *
 * Not here: who holds (daemon/net_move.c), who waits (daemon/net_serve.c).
 */
#ifndef SHM_HOLD_H
#define SHM_HOLD_H

#include "shm/word.h"

#define HOLD_ROWS 256

enum hold_kind { HOLD_NOTHING, HOLD_CLAIM, HOLD_WRITES };

struct hold {
	uint32_t kind;       /* enum hold_kind; HOLD_NOTHING: the row is free */
	uint32_t slot;
	int64_t until_ms;    /* UNIX time */
	int64_t stop_ms;     /* same: when writes go on */
};

struct holds {
	uint32_t used;       /* rows beyond were never taken */
	uint32_t taken;
	struct hold row[HOLD_ROWS];
};

/* Bit i: process i has rows. */
struct hold_words {
	uint64_t claims;
	uint64_t writes;     /* that stop writes */
};

/*
 * A claim of a slot that process `index` has locked; NULL: another one has it,
 * or there are too many.
 */
struct hold *hold_take(int index, unsigned slot, int64_t now_ms,
    int64_t until_ms);

/* Until then nobody else writes there; the slot is locked. */
void hold_stop_writes(int index, struct hold *h, int64_t until_ms);

/* Writes go on. */
void hold_let_write(int index, struct hold *h);

/* Whether it is not over. */
bool hold_is_valid(const struct hold *h, int64_t now_ms);

/* It ends later, unless it has ended. */
void hold_prolong(struct hold *h, int64_t now_ms, int64_t until_ms);

/* Gives it up. */
void hold_drop(int index, struct hold *h);

/* Whether somebody moves keys of a slot, which the caller has locked. */
bool hold_is_claimed(unsigned slot, int64_t now_ms);

/* Whether writes are stopped in a slot that `holder` has locked. */
bool hold_stops(uint32_t holder, int64_t now_ms);

/* Process `index` is dead: it holds nothing. */
void hold_forget(int index);

#endif
