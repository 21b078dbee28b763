#include "cluster/health.h"

#include "cluster/fail.h"

#define START_MS 500

struct health {
	unsigned assigned;          /* slots that have an owner */
	unsigned lost;              /* its owner is FAIL, nobody is to follow */
	unsigned voters, reachable; /* how many; of those */
};

/* Until when a failed primary may be replaced before anybody need know. */
static int64_t
replaced_ms(const struct view *v, uint16_t primary)
{
	return fail_has_heir(v, primary) ? v->node[primary].fail_ms +
	    v->config.node_timeout_ms : 0;
}

static struct health
count(const struct view *v)
{
	struct health h = { 0 };
	uint16_t i;

	for (i = 0; i < v->nodes; i++) {
		const struct view_node *n = &v->node[i];

		if (n->slot_count == 0)
			continue;
		h.assigned += n->slot_count;
		if ((n->flags & BUS_IS_FAIL) && v->now_ms >= replaced_ms(v, i))
			h.lost += n->slot_count;
		if (!view_is_voter(v, i))
			continue;
		h.voters++;
		h.reachable += i == VIEW_SELF || ((n->heard_ms > 0 ||
		    v->now_ms < v->trust_ms) &&
		    !(n->flags & (BUS_IS_FAIL | BUS_IS_PFAIL)));
	}
	return h;
}

/*
 * How long a primary waits, once, when the majority is there: at its start for
 * what it missed, which comes with the first answers, or until all have spoken
 * and enough have leased to it, knowing what it claims; when it has come again,
 * as long as redis-server does.
 */
static int64_t
rejoin_ms(const struct view *v, const struct health *h)
{
	int64_t t = v->config.node_timeout_ms;

	if (!view_has(v, VIEW_SELF, BUS_IS_PRIMARY) || v->count < 2)
		return 0;
	if (!v->lost_majority)
		return v->lease.state == LEASE_HELD &&
		    h->reachable == h->voters ? 0 : START_MS;
	return t < 500 ? 500 : t > 5000 ? 5000 : t;
}

void
health_look(struct view *v, struct acts *out)
{
	struct health h = count(v);
	bool has_majority = h.reachable >= h.voters / 2 + 1, is_ok;
	int64_t at_ms;

	if (has_majority && !v->had_majority) {
		v->majority_ms = v->now_ms;
		v->was_ok = false;
	}
	if (!has_majority && v->had_majority && h.voters > 0)
		v->lost_majority = true;
	/* Of no voters none is missing: nothing could come back. */
	v->had_majority = has_majority || h.voters == 0;
	is_ok = has_majority && (!v->config.needs_full_coverage ||
	    (h.assigned == KEYSLOT_COUNT && h.lost == 0));
	at_ms = v->majority_ms + rejoin_ms(v, &h);
	if (is_ok && !v->was_ok && v->now_ms < at_ms) {
		view_due(v, at_ms);
		return;
	}
	v->was_ok |= is_ok;
	if (is_ok == v->is_ok)
		return;
	v->is_ok = is_ok;
	v->is_changed = true;
	act_note(out, VIEW_SELF, is_ok ? "the cluster's state is ok" :
	    "the cluster's state is fail");
}
