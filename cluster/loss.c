#include "cluster/loss.h"

#define AGAIN_MS 200           /* a refusal is not the last word */
#define SEEN_MS 200            /* until what workers still wrote is seen */

/* A replica of ours, or who is to be one: our primary until a moment ago. */
static bool
is_of_shard(const struct view *v, uint16_t i)
{
	return v->node[i].primary == VIEW_SELF ||
	    (v->node[i].slot_count == 0 && view_is_one_shard(v, i, VIEW_SELF));
}

/*
 * One of our shard, as far as we know, that a majority does not take for dead,
 * or only for a moment: what is written then is not given up again.
 */
static bool
may_have_it(const struct view *v, uint16_t i)
{
	const struct view_node *n = &v->node[i];

	return view_is_used(v, i) && is_of_shard(v, i) &&
	    !view_has(v, i, BUS_IS_HANDSHAKE | BUS_IS_NOFAILOVER) &&
	    (!view_has(v, i, BUS_IS_FAIL) ||
	    v->now_ms - n->fail_ms < v->config.node_timeout_ms) &&
	    (n->heard_ms == 0 ||
	    (n->own > 0 && n->offset > v->fact.lost_end));
}

static uint16_t
best(const struct view *v)
{
	uint16_t i, best = VIEW_NOBODY;

	for (i = 1; i < v->nodes; i++)
		if (may_have_it(v, i) && v->node[i].heard_ms > 0 &&
		    v->node[i].primary == VIEW_SELF &&
		    v->node[i].link_state == VIEW_LINK_UP &&
		    !view_has(v, i, BUS_IS_PFAIL | BUS_IS_FAIL) &&
		    (best == VIEW_NOBODY ||
		    v->node[i].offset > v->node[best].offset))
			best = i;
	return best;
}

static bool
has_to_stand_back(const struct view *v)
{
	uint16_t i;

	if (!view_is_voter(v, VIEW_SELF))
		return false;
	/* Who has our vote may have been elected by it. */
	if (v->stands_back && view_is_vote_open(v, VIEW_SELF))
		return true;
	/* What was written since then is not given up for what is older. */
	if (!v->fact.has_lost_data || v->fact.offset > v->fact.lost_end)
		return false;
	for (i = 1; i < v->nodes; i++)
		if (may_have_it(v, i))
			return true;
	return false;
}

void
loss_look(struct view *v, struct acts *out)
{
	bool is_new = has_to_stand_back(v);
	uint16_t to;

	if (is_new != v->stands_back) {
		v->stands_back = is_new;
		v->is_changed = true;
		/* Nobody came, and it served: what it has now stays. */
		v->invite_ms = v->now_ms + (is_new && v->is_ok ? SEEN_MS : 0);
		act_note(out, VIEW_SELF, is_new ? "it lost its data, which a "
		    "replica may have: it serves nothing until that takes over"
		    : "it does not wait for a replica with its data any more");
	}
	v->goes_without = v->fact.has_lost_data && !is_new && v->is_ok;
	if (!is_new || failover_is_active(&v->failover))
		return;
	if (v->now_ms >= v->invite_ms) {
		to = best(v);
		if (to != VIEW_NOBODY)
			hand_invite(v, to, out);
		v->invite_ms = v->now_ms + AGAIN_MS;
	}
	view_due(v, v->invite_ms);
}
