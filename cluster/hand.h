/*
 * hand - the failover machine inside the view
 *
 * failover.h decides the steps of one failover; they become acts and messages
 * (hand_do.h), and here what happens to the view becomes the machine's events:
 *
 *   SAY                OWN messages on our link to the peer
 *   PREPARE            promises of a majority (promise.h)
 *   SAY_FOREIGN        MFSTART, or headers that say PAUSED and the offset
 *   SAVE_..., SAVED    the file with the generation that has it is durable
 *   VOTE, STAND        elections (vote.h), which end in ELECTED
 *   UNLINKED, DEAD, OUTBID    looked for after each step
 *
 * What only processes can do is an act with an answer (act.def, event.def).
 *
 * Not here: what follows on what (failover.def), elections (vote.h).
 */
#ifndef CLUSTER_HAND_H
#define CLUSTER_HAND_H

#include "cluster/vote.h"

/*
 * A control that starts goes on with the machine as its predecessor left it
 * after its last step; after book_read(), before the first step.  The caller
 * keeps a copy of v->failover in the region, taken before a step's acts are
 * carried out.
 */
void hand_go_on(struct view *v, const struct failover *before);

/*
 * An operator's order: FAILOVER_ON_ASK, _FORCE, _TAKEOVER (of our primary),
 * _OFFER, _OFFER_FORCE (to replica `to`; VIEW_NOBODY: the one with the most
 * data) or _ABORT.
 * timeout_ms 0: the option's.  token: random, not 0.  Between cluster_begin()
 * and cluster_settle(); one ACT_ANSWER is among the acts, whose words begin
 * with "ERR " when it is refused.
 */
void hand_order(struct view *v, enum failover_event order, uint16_t to,
    int64_t timeout_ms, uint64_t token, struct acts *out);

/*
 * Replica i shall take over, also if nobody can say how much it lacks: we lost
 * what we had.
 */
void hand_invite(struct view *v, uint16_t i, struct acts *out);

/*
 * Whether our primary has said that it holds its writes for a failover, which
 * may be another replica's; and has not been silent since for longer than that
 * lasts.
 */
bool hand_is_paused(const struct view *v);

/* The rest is for cluster.c and hear.c. */

/* An OWN message of node i: of a failover, PREPARE or PREPARED. */
void hand_heard(struct view *v, uint16_t i, const struct bus_packet *p,
    struct acts *out);

/* MFSTART of node i; or a header of it that says PAUSED. */
void hand_heard_foreign(struct view *v, uint16_t i,
    const struct bus_header *h, struct acts *out);

/*
 * The answer to an act of that generation: FAILOVER_ON_LOCKED, _LEVEL, _SEEN
 * (HELD, with the log's end, or TURNED), _LATE (the lock is refused).
 */
void hand_answered(struct view *v, enum failover_event what,
    uint64_t generation, uint64_t number, struct acts *out);

/* The file that was being written could not be. */
void hand_unsaved(struct view *v, struct acts *out);

/* What has become of it all; once in each step, when all else has happened. */
void hand_look(struct view *v, struct acts *out);

/* What comes after a step's PUBLISH. */
void hand_end(struct view *v, struct acts *out);

#endif
