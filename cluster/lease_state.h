/*
 * lease_state - what a view remembers of leases
 *
 * Part of struct view, beside what struct view_node says of each node.
 *
 * Not here: the rules (lease.h).
 */
#ifndef CLUSTER_LEASE_STATE_H
#define CLUSTER_LEASE_STATE_H

#include "proto/bus.h"

/* No lease is needed; writes were never leased. */
#define LEASE_ALWAYS INT64_MAX
#define LEASE_NEVER 1

enum lease_state {
#define LEASE(id, word, words) LEASE_##id,
#include "cluster/lease.def"
	LEASE_STATES
};

struct lease {
	/* as who asks */
	enum lease_state state;
	int64_t end_ms;        /* as ACT_LEASE said it last, 0: not yet */
	int64_t kept_ms;       /* somebody else got it for us, until then */
	int64_t ask_ms;        /* when to ask next */
	int64_t lost_ms;       /* since when it is lost, or 0 */
	uint64_t lost;         /* how often */
	uint64_t since_epoch;  /* leases to us under older ones do not count */
	bool is_seat_unsure;   /* who was before us may count it for itself */
	bool is_stale;         /* the end has to be reckoned anew */
	unsigned wanted, granted; /* grants, with our own seat */
	/* as who grants */
	int64_t quiet_ms;      /* until then: no votes, and hardly a lease */
	bool was_unsettled;    /* not even to who has its slots since long */
	int64_t settled_ms;    /* until then may run what was, of a failover */
	/* until then no votes: who was before us may have granted leases */
	int64_t mute_ms;
	int64_t longest_ms;    /* that we may have granted; it is durable */
};

#endif
