/*
 * promise - a majority knows an epoch before a primary's role is taken by word
 *
 * The taker makes a new epoch durable and asks all voters (PREPARE); one that
 * can answers PREPARED when it is durable there, too, and then votes in it, or
 * in an earlier one, for nobody else of that shard.  A voter that starts votes
 * in no epoch that it knew, so it forgets no promise.  The primary itself
 * counts: it decides by its word.  Of voters of another kind it is enough that
 * they know the epoch, as their headers say.
 *
 * Why it is needed, and enough: t/model/failover.pml, BREAK_PREPARE.
 *
 * Not here: votes (vote.h), what the promises are used for (hand.h).
 */
#ifndef CLUSTER_PROMISE_H
#define CLUSTER_PROMISE_H

#include "cluster/vote.h"

/* Begins to ask, for the failover with this token. */
void promise_ask(struct view *v, uint64_t token);

/*
 * Goes on asking, as long as it is called; the epoch when a majority has
 * promised, else 0.
 */
uint64_t promise_look(struct view *v, uint64_t token, struct acts *out);

/* An OWN message of node i; false: it is none of these. */
bool promise_heard(struct view *v, uint16_t i, const struct bus_packet *p,
    struct acts *out);

/* As a voter: tells of promises that have become durable. */
void promise_keep(struct view *v, struct acts *out);

#endif
