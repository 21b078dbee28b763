#include "cluster/shift_refusal.h"

#include "cluster/ranges.h"

const char *
shift_refusal(const struct view *v, const struct bus_id *to,
    const uint8_t *slots, unsigned more)
{
	const struct shift *s = &v->shift;
	uint16_t i = view_find(v, to);
	char text[NODES_CONF_VALUE];
	unsigned slot, n;

	if (!view_has(v, VIEW_SELF, BUS_IS_PRIMARY))
		return "this node is not a primary";
	if (i == VIEW_NOBODY)
		return "the target node is not known";
	if (i == VIEW_SELF)
		return "the target node is this node";
	if (!view_has(v, i, BUS_IS_PRIMARY))
		return "the target node is not a primary";
	if (v->node[i].own == 0)
		return "the target node is of another kind: move its slots "
		    "with SETSLOT and MIGRATE";
	if (view_has(v, i, BUS_IS_FAIL | BUS_IS_PFAIL) ||
	    v->node[i].link_state != VIEW_LINK_UP)
		return "the target node does not answer";
	if (s->wants + more >= SHIFT_WANTS)
		return "too many moves wait already";
	if (!ranges_print(slots, ' ', text, sizeof(text)))
		return "too many ranges for one move";
	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		if (!bus_has_slot(slots, slot))
			continue;
		if (v->owner[slot] != VIEW_SELF)
			return "slots are not served by this node";
		if (v->moves_to[slot] != VIEW_NOBODY)
			return "slots are already on their way";
		if (s->state != SHIFT_IDLE &&
		    bus_has_slot(s->job.slots, slot))
			return "slots are already on their way";
		for (n = 0; n < s->wants; n++)
			if (bus_has_slot(s->want[n].slots, slot))
				return "slots are already on their way";
	}
	return NULL;
}

const char *
shift_refusal_import(const struct view *v, uint16_t from, const uint8_t *slots)
{
	unsigned slot;

	if (!view_has(v, VIEW_SELF, BUS_IS_PRIMARY))
		return "it is not a primary";
	if (v->shift.state != SHIFT_IDLE || v->shift.wants > 0)
		return "it moves other slots";
	if (failover_is_active(&v->failover))
		return "it has a failover in progress";
	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		if (bus_has_slot(slots, slot) && (v->owner[slot] != from ||
		    v->comes_from[slot] != VIEW_NOBODY))
			return "it knows another owner of the slots";
	return NULL;
}
