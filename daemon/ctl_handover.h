/*
 * ctl_handover - FAILOVER between nodes that are in no cluster
 *
 * As redis-server has it, so that either end may be one: the primary holds
 * writes until a replica has all of them, follows it, and asks for its stream
 * with PSYNC ... FAILOVER, which makes the replica the primary.
 *
 *	waiting-for-sync      writes are held; a replica is waited for
 *	failover-in-progress  we are its replica, and it has not answered yet
 *
 * What is published (state.handover) outlives control: one that waited is given
 * up, one in progress goes on.  When the replica refuses we are the primary
 * again; when it can not be reached the link tries until FAILOVER ABORT, since
 * it may have taken over.
 *
 * Not here: nodes of a cluster (ctl_failover_ask.h), the link (net_talk.h).
 */
#ifndef DAEMON_CTL_HANDOVER_H
#define DAEMON_CTL_HANDOVER_H

#include "daemon/ctl.h"

/* What FAILOVER says. */
struct handover_order {
	bool is_force, is_abort, has_target, has_timeout;
	struct slice host;
	int64_t port, timeout_ms;
};

/* The question; answers it. */
void ctl_handover_ask(struct ctl *c, const struct handover_order *o);

/* A new control's: what its predecessor had begun. */
void ctl_handover_recover(struct ctl *c);

/* Goes on with what there is to do; once a turn. */
void ctl_handover_turn(struct ctl *c);

/* Whether time matters to it. */
static inline bool
ctl_handover_is_on(const struct ctl *c)
{
	return unlikely(c->next.handover.step != HANDOVER_NONE);
}

/* The replica has taken over and gives us its stream; to be published. */
void ctl_handover_done(struct ctl *c);

#endif
