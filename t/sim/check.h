/*
 * check - what must hold, looked at as it happens
 *
 * With every message: it says nothing that is not durable at its sender, and no
 * vote, promise, lease or claim that a power failure could undo; a node votes
 * for one candidate in an epoch; in a config epoch a slot has one owner.  With
 * every step: an epoch elects one node, a view's tables agree with each other,
 * and while nothing goes wrong but that roles change hands every slot has an
 * owner for all and the state is ok.  At the end: all views are the same, every
 * slot is owned by a node that is there and written by nobody else, and no
 * failover is left half done.  What must hold of writes is looked at in data.h.
 *
 * Slots are sampled for what has to be kept about them.  An epoch that was
 * taken without votes, as SETSLOT does it, is let off: an election may take the
 * same one, and then its winner has to keep the slots.
 */
#ifndef T_SIM_CHECK_H
#define T_SIM_CHECK_H

#include "t/sim/world.h"

#define CHECK_SAMPLES 64
#define CHECK_EVERY (KEYSLOT_COUNT / CHECK_SAMPLES)

/* Host i is about to send this. */
void check_message(struct world *w, int i, const struct act *a);

/* Host i has made a step. */
void check_step(struct world *w, int i);

/* NULL when all agree, else what about they do not. */
const char *check_agreement(struct world *w);

/* Says who sees what otherwise. */
void check_explain(const struct world *w);

#endif
