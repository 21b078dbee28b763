/*
 * net_place - in cluster mode: whether a request's keys are to be found here
 *
 * A request has one slot.  It is served where the state says that the slot is
 * ours; on a replica, by its primary's slots, what only reads and comes from a
 * connection that said READONLY.  All others are told where to go.
 *
 * A slot on its way is served at both ends.  Where it leaves, a key that is
 * gone sends the client after it (ASK); where it arrives, only who said ASKING
 * is served.  Whether a key is there is looked up under the slot's lock.
 *
 * Source of the rules and texts: redis-server 7.
 *
 * Not here: who owns what (cluster/), what a gate is (net_gate.c).
 */
#ifndef DAEMON_NET_PLACE_H
#define DAEMON_NET_PLACE_H

#include "daemon/net_worker.h"

/*
 * Whether it is to be asked elsewhere, or not at all: that is replied then.
 * *is_early: or nothing is, and it is to be judged again when this worker acts
 * upon the state that has been published meanwhile, or is about to be: its
 * slot is our primary's, which has given us its role.
 */
bool place_refuses(struct worker *w, const struct request *q, bool *is_early);

/*
 * Whether a key that it needs is at the other end of a move; that is replied
 * then, or its connection is parked because nobody knows yet.  The request's
 * slots are locked; c is EXEC's or a command's.
 */
bool place_lacks(struct call *c);

/*
 * Whether shard channels of a slot have their subscribers here: where its keys
 * are, and on replicas of that node.
 */
bool place_hears(struct worker *w, unsigned slot);

/* Whether this is a node of a cluster; the error is replied. */
bool place_has_cluster(struct call *c);

/*
 * The newest map.  Valid until the next call; the worker's own copy.
 */
const struct map *place_map(struct worker *w);

/* What a node is called in redirections, and how clients name its port. */
const char *place_endpoint(const struct worker *w, const struct map_node *n);

#endif
