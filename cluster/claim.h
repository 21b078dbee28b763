/*
 * claim - whose the slots are
 *
 * A primary claims its slots with each message, under its config epoch.  A
 * claim wins where the slot has no owner, where its owner no longer claims it
 * (doubt) or was replaced in its shard by one who does not claim it, or where
 * the owner's config epoch is lower; but where we voted to replace the owner,
 * no claim of another shard does before we hear what came of that.  Who claims
 * what a later epoch owns is sent an UPDATE.  Two primaries with one config
 * epoch: the one with the smaller id takes a new one.
 *
 * An epoch that was taken without votes (BUMPEPOCH, SETSLOT, such a collision)
 * may be the very one in which a majority elected our replica.  Then we give
 * way: between nodes of our kind the elected one wins, whatever the ids are.
 *
 * A slot on its way to us or from us stays so when its other end is replaced in
 * its shard: from then on the replacement is the other end.
 *
 * A shard that lost its last slot follows the winner: always when the winner
 * took all of it (a failover), else with cluster-allow-replica-migration.
 *
 * Not here: moving slots on purpose (order.h), what becomes of keys.
 */
#ifndef CLUSTER_CLAIM_H
#define CLUSTER_CLAIM_H

#include "cluster/speak.h"

/*
 * Node i claims these slots under that epoch.  When it says so itself, what it
 * does not claim any more is in doubt.
 */
void claim_slots(struct view *v, uint16_t i, uint64_t config_epoch,
    const uint8_t *slots, bool is_own_word, struct acts *out);

/* Node `sender` said what a later epoch contradicts: it is told. */
void claim_contradict(struct view *v, uint16_t sender, uint64_t config_epoch,
    const uint8_t *slots, struct acts *out);

/*
 * An UPDATE about node i.  One about ourselves is what others remember of us,
 * and counts when our own config epoch is an older one.
 */
void claim_update(struct view *v, uint16_t i, uint64_t config_epoch,
    const uint8_t *slots, struct acts *out);

/* Node i, another primary, has this config epoch: is it ours? */
void claim_collide(struct view *v, uint16_t i, struct acts *out);

/*
 * A config epoch greater than all that we know, without anybody's vote.  It is
 * told when it is durable.
 */
void claim_bump(struct view *v);

#endif
