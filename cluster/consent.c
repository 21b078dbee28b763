#include "cluster/consent.h"

/* What a replica replays in a millisecond, if it is slow. */
#define REPLAY_BYTES 20000

/* Whether it could not replay in time what its primary has said that it has. */
static bool
is_far_behind(const struct view *v, uint16_t primary, int64_t ms)
{
	uint64_t told = v->node[primary].offset;

	return told > v->fact.offset &&
	    (told - v->fact.offset) / REPLAY_BYTES >= (uint64_t)ms;
}

const char *
consent_why_not_take(const struct view *v, bool is_planned, int64_t ms)
{
	uint16_t p = v->node[VIEW_SELF].primary;

	if (!view_has(v, VIEW_SELF, BUS_IS_REPLICA))
		return "ERR You should send CLUSTER FAILOVER to a replica";
	if (p == VIEW_NOBODY)
		return "ERR I'm a replica but my master is unknown to me";
	if (v->node[p].slot_count == 0)
		return "ERR my master has no slots to take over";
	if (v->fact.lock_words != NULL)
		return v->fact.lock_words;
	if (v->fact.is_ending)
		return "ERR the node is ending";
	if (v->fact.is_syncing)
		return "ERR a full synchronisation is unfinished here";
	if (is_planned && (view_has(v, p, BUS_IS_FAIL | BUS_IS_PFAIL) ||
	    !v->fact.is_link_up || v->node[p].link_state != VIEW_LINK_UP))
		return "ERR Master is down or failed, please use CLUSTER "
		    "FAILOVER FORCE";
	if (is_planned && is_far_behind(v, p, ms))
		return "ERR this replica is too far behind to catch up within "
		    "the timeout";
	return NULL;
}

static bool
is_heir(const struct view *v, uint16_t i)
{
	return i != VIEW_NOBODY && view_is_used(v, i) &&
	    v->node[i].primary == VIEW_SELF &&
	    !view_has(v, i, BUS_IS_PFAIL | BUS_IS_FAIL | BUS_IS_HANDSHAKE) &&
	    v->node[i].link_state == VIEW_LINK_UP;
}

uint16_t
consent_best_heir(const struct view *v)
{
	uint16_t i, best = VIEW_NOBODY;

	for (i = 1; i < v->nodes; i++)
		if (is_heir(v, i) && v->node[i].own > 0 &&
		    !view_has(v, i, BUS_IS_NOFAILOVER) &&
		    (best == VIEW_NOBODY ||
		    v->node[i].offset > v->node[best].offset))
			best = i;
	return best;
}

const char *
consent_why_not_give(const struct view *v, uint16_t to)
{
	if (!view_has(v, VIEW_SELF, BUS_IS_PRIMARY))
		return "ERR FAILOVER is not valid when server is a replica.";
	if (!view_is_voter(v, VIEW_SELF))
		return "ERR this node has no slots to give away";
	if (to == VIEW_NOBODY)
		return "ERR FAILOVER requires connected replicas.";
	if (!is_heir(v, to))
		return "ERR FAILOVER target HOST and PORT is not a replica.";
	if (v->node[to].own == 0)
		return "ERR that replica is of another kind, send CLUSTER "
		    "FAILOVER to it";
	if (view_is_shifting(v))
		return "ERR slots of this node are being handed over";
	return v->fact.lock_words;
}

bool
consent_may_be_elected(const struct view *v)
{
	uint16_t p = v->node[VIEW_SELF].primary, i;
	unsigned n = 0;

	for (i = 1; i < v->nodes; i++)
		n += i != p && view_is_voter(v, i) &&
		    !view_has(v, i, BUS_IS_PFAIL | BUS_IS_FAIL);
	return n >= view_majority(v);
}
