#include "cluster/migrate.h"

#define ORPHAN_MS 5000
#define EVERY_MS 1000

/* How many replicas of a primary are well. */
static unsigned
well_replicas(const struct view *v, uint16_t of)
{
	unsigned n = 0;
	uint16_t i;

	for (i = 0; i < v->nodes; i++)
		n += v->node[i].primary == of &&
		    view_has(v, i, BUS_IS_REPLICA) &&
		    !view_has(v, i, BUS_IS_FAIL | BUS_IS_PFAIL);
	return n;
}

/* Whether ours is the smallest id among the well replicas of our primary. */
static bool
is_our_turn(const struct view *v)
{
	const struct view_node *me = &v->node[VIEW_SELF];
	uint16_t i;

	for (i = 1; i < v->nodes; i++)
		if (v->node[i].primary == me->primary &&
		    view_has(v, i, BUS_IS_REPLICA) &&
		    !view_has(v, i, BUS_IS_FAIL | BUS_IS_PFAIL) &&
		    memcmp(&v->node[i].id, &me->id, BUS_ID) < 0)
			return false;
	return true;
}

/* A primary in need for long enough; notes since when, for all. */
static uint16_t
find_orphan(struct view *v, unsigned *most)
{
	uint16_t i, found = VIEW_NOBODY;

	*most = 0;
	for (i = 0; i < v->nodes; i++) {
		struct view_node *n = &v->node[i];
		unsigned well;

		if (!view_is_voter(v, i) || (n->flags & BUS_IS_FAIL))
			continue;
		well = well_replicas(v, i);
		if (well > *most)
			*most = well;
		if (well > 0 || !n->had_replicas || i == VIEW_SELF) {
			n->orphan_ms = 0;
			continue;
		}
		if (n->orphan_ms == 0)
			n->orphan_ms = v->now_ms;
		if (found == VIEW_NOBODY &&
		    v->now_ms - n->orphan_ms > ORPHAN_MS)
			found = i;
	}
	return found;
}

void
migrate_look(struct view *v, struct acts *out)
{
	uint16_t p = v->node[VIEW_SELF].primary, to;
	unsigned most, ours;

	if (!v->config.may_migrate || p == VIEW_NOBODY ||
	    !view_has(v, VIEW_SELF, BUS_IS_REPLICA))
		return;
	if (v->now_ms < v->migrate_ms) {
		view_due(v, v->migrate_ms);
		return;
	}
	v->migrate_ms = v->now_ms + EVERY_MS;
	view_due(v, v->migrate_ms);
	to = find_orphan(v, &most);
	ours = well_replicas(v, p);
	if (to == VIEW_NOBODY || to == p || ours < most || ours < 2 ||
	    ours <= v->config.migration_barrier || !v->is_ok ||
	    v->vote.state != VOTE_REST || !is_our_turn(v))
		return;
	act_note(out, to, "it has no replica left: we go there");
	view_follow(v, to, out);
}
