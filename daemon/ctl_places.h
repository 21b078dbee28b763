/*
 * ctl_places - where slots are, for the workers
 *
 * The state has what this node serves, and is acknowledged; the map has who has
 * the rest, and what CLUSTER NODES and the like show.  While a slot that came
 * here is not durably ours, both say what they said before.
 *
 * Not here: which of the two goes first, and when (ctl_cluster.c).
 */
#ifndef DAEMON_CTL_PLACES_H
#define DAEMON_CTL_PLACES_H

#include "cluster/view.h"
#include "shm/region.h"

/*
 * Sets slots, moves and the cluster's state in the state that is published
 * next.  is_primary: it serves what it owns.  *has_lost is set when a slot that
 * was served is not any more.  False: nothing has changed.
 */
bool ctl_places_set(struct state *s, const struct view *v, bool is_primary,
    bool *has_lost);

/* Publishes the map. */
void ctl_places_publish(const struct view *v);

/* How many messages were sent and heard, and what else is counted of wires. */
void ctl_places_count(const struct view *v);

#endif
