/*
 * moves - a shard's replicas know which slots of it are on their way
 *
 * What CLUSTER SETSLOT marks as MIGRATING or IMPORTING a primary tells the
 * replicas of our own kind that it has, so that who replaces it goes on with
 * it.  All marks are told each time, when they are durable and as often as
 * needed until the replica says that it has them, durably as well: whatever is
 * lost or comes twice, the last ones count.
 *
 * Replicas of another kind are told nothing: Redis 7 has no such thing, and
 * Valkey 8 has it in the stream of its own kind only.
 *
 * Not here: who sets marks (order.h), moves whose other end is replaced
 * (claim.h), whole slots on their way (shift.h).
 */
#ifndef CLUSTER_MOVES_H
#define CLUSTER_MOVES_H

#include "cluster/view.h"

/* What our primary, node i, has told on that wire. */
void moves_heard(struct view *v, uint16_t i, uint64_t wire,
    struct slice payload);

/* Node i, a replica, says which version of ours it has. */
void moves_are_known(struct view *v, uint16_t i, struct slice payload);

/*
 * Whether all replicas know our marks, and whose the slots are; but for those
 * that are not linked, and those of another kind.
 */
bool moves_all_know(const struct view *v);

/* We have our primary's slots now: what goes and comes is ours. */
void moves_inherit(struct view *v);

/* At the end of each step. */
void moves_look(struct view *v, struct acts *out);

#endif
