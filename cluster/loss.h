/*
 * loss - a primary that starts without its data stands back
 *
 * It may be back before anybody missed it, with the slots that it had and none
 * of what was in them, or without the last of it, while a replica has
 * everything.  Then it serves nothing, gets no lease and invites the replica
 * with the most data to take over, which is elected as if it were forced; the
 * primary itself votes for it.  Replaced, it follows.
 *
 * It waits for replicas of our kind that were not heard of yet, until a
 * majority has taken them for dead for a node timeout; without any that may
 * have something it serves, and for good when that was written to.
 *
 * Not here: how a node knows that it had data (daemon/ctl_held.h); that it
 * gives no snapshot of nothing (daemon/cmd_feed.c); elections (vote.h).
 */
#ifndef CLUSTER_LOSS_H
#define CLUSTER_LOSS_H

#include "cluster/hand.h"

/*
 * Once in each step, when all else has happened: sets v->stands_back, and
 * v->goes_without when nobody who is known has more.
 */
void loss_look(struct view *v, struct acts *out);

#endif
