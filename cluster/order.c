#include "cluster/order.h"

#include "cluster/claim.h"
#include "cluster/meet.h"

const char *const order_texts[ORDER_REFUSALS] = {
#define REFUSAL(id, text) text,
#include "cluster/refusal.def"
};

enum order_refusal
order_meet(struct view *v, const char *ip, uint16_t port, uint16_t cport)
{
	unsigned before = v->count;

	if (!meet_begin(v, ip, port, cport, true) && before == v->nodes_max)
		return ORDER_NO_ROOM;
	return ORDER_NONE;
}

enum order_refusal
order_forget(struct view *v, const struct bus_id *id, struct acts *out)
{
	uint16_t i = view_find(v, id);

	/* A tool tells each node, and the others tell each other. */
	if (i == VIEW_NOBODY)
		return meet_is_banned(v, id) ? ORDER_NONE : ORDER_UNKNOWN;
	if (i == VIEW_SELF)
		return ORDER_MYSELF;
	if (v->node[VIEW_SELF].primary == i)
		return ORDER_MY_PRIMARY;
	meet_ban(v, id, v->config.ban_ms);
	v->forgotten = *id;
	view_remove(v, i, out);
	view_broadcast(v);
	return ORDER_NONE;
}

/* All slots whose owner is, or is not, nobody: false and the first other. */
static bool
are_all(const struct view *v, const uint8_t *slots, bool free, unsigned *slot)
{
	unsigned i;

	for (i = 0; i < KEYSLOT_COUNT; i++)
		if (bus_has_slot(slots, i) &&
		    (v->owner[i] == VIEW_NOBODY) != free) {
			*slot = i;
			return false;
		}
	return true;
}

static void
give_all(struct view *v, const uint8_t *slots, uint16_t to)
{
	unsigned i;

	for (i = 0; i < KEYSLOT_COUNT; i++)
		if (bus_has_slot(slots, i))
			view_give_slot(v, i, to);
	view_broadcast(v);
}

enum order_refusal
order_add_slots(struct view *v, const uint8_t *slots, unsigned *slot)
{
	if (!are_all(v, slots, true, slot))
		return ORDER_BUSY;
	give_all(v, slots, VIEW_SELF);
	return ORDER_NONE;
}

enum order_refusal
order_del_slots(struct view *v, const uint8_t *slots, unsigned *slot)
{
	if (!are_all(v, slots, false, slot))
		return ORDER_UNASSIGNED;
	give_all(v, slots, VIEW_NOBODY);
	return ORDER_NONE;
}

enum order_refusal
order_replicate(struct view *v, const struct bus_id *id, bool has_keys,
    struct acts *out)
{
	uint16_t i = view_find(v, id);

	if (i == VIEW_NOBODY)
		return ORDER_UNKNOWN;
	if (i == VIEW_SELF)
		return ORDER_REPLICATE_MYSELF;
	if (view_has(v, i, BUS_IS_REPLICA))
		return ORDER_REPLICATE_REPLICA;
	if (view_has(v, VIEW_SELF, BUS_IS_PRIMARY) &&
	    (v->node[VIEW_SELF].slot_count > 0 || has_keys))
		return ORDER_NOT_EMPTY;
	view_follow(v, i, out);
	return ORDER_NONE;
}

enum order_refusal
order_set_epoch(struct view *v, uint64_t epoch)
{
	if (epoch > INT64_MAX)
		return ORDER_BAD_EPOCH;
	if (v->count > 1)
		return ORDER_NOT_ALONE;
	if (v->node[VIEW_SELF].config_epoch > 0)
		return ORDER_HAS_EPOCH;
	v->node[VIEW_SELF].config_epoch = epoch;
	if (v->epoch < epoch)
		v->epoch = epoch;
	view_dirty(v);
	return ORDER_NONE;
}

bool
order_bump_epoch(struct view *v)
{
	uint64_t before = v->node[VIEW_SELF].config_epoch;

	if (!failover_is_giving(&v->failover))
		claim_bump(v);
	return v->node[VIEW_SELF].config_epoch != before;
}

/* A node that may have slots; else why not. */
static enum order_refusal
find_primary(const struct view *v, const struct bus_id *id, uint16_t *i)
{
	*i = view_find(v, id);
	if (!view_has(v, VIEW_SELF, BUS_IS_PRIMARY))
		return ORDER_PRIMARIES_ONLY;
	if (*i == VIEW_NOBODY)
		return ORDER_NOT_KNOWN;
	return view_has(v, *i, BUS_IS_PRIMARY) ? ORDER_NONE :
	    ORDER_TARGET_REPLICA;
}

enum order_refusal
order_slot_migrating(struct view *v, unsigned slot, const struct bus_id *to)
{
	enum order_refusal why;
	uint16_t i;

	if (view_has(v, VIEW_SELF, BUS_IS_PRIMARY) &&
	    v->owner[slot] != VIEW_SELF)
		return ORDER_NOT_OWNER;
	why = find_primary(v, to, &i);
	if (why != ORDER_NONE)
		return why;
	view_mark_slot(v, slot, i, VIEW_NOBODY);
	v->given_by[slot] = VIEW_NOBODY;
	return ORDER_NONE;
}

enum order_refusal
order_slot_importing(struct view *v, unsigned slot, const struct bus_id *from)
{
	enum order_refusal why;
	uint16_t i;

	if (view_has(v, VIEW_SELF, BUS_IS_PRIMARY) &&
	    v->owner[slot] == VIEW_SELF)
		return ORDER_OWNER;
	why = find_primary(v, from, &i);
	if (why != ORDER_NONE)
		return why;
	view_mark_slot(v, slot, VIEW_NOBODY, i);
	return ORDER_NONE;
}

enum order_refusal
order_slot_node(struct view *v, unsigned slot, const struct bus_id *id,
    bool has_keys, struct acts *out)
{
	uint16_t giver = v->comes_from[slot];
	bool was_ours = v->owner[slot] == VIEW_SELF;
	enum order_refusal why;
	uint16_t i;

	why = find_primary(v, id, &i);
	if (why != ORDER_NONE)
		return why == ORDER_NOT_KNOWN ? ORDER_UNKNOWN : why;
	if (v->owner[slot] == VIEW_SELF && i != VIEW_SELF && has_keys)
		return ORDER_HAS_KEYS;
	/* That it was on its way may have been forgotten. */
	if (giver == VIEW_NOBODY && v->owner[slot] != VIEW_SELF)
		giver = v->owner[slot];
	/* It would need an epoch that beats the next primary's. */
	if (i == VIEW_SELF && giver != VIEW_NOBODY &&
	    (failover_is_giving(&v->failover) || view_is_unproven(v)))
		return ORDER_FAILOVER;
	view_give_slot(v, slot, i);
	view_mark_slot(v, slot, VIEW_NOBODY, VIEW_NOBODY);
	/* Who takes it needs an epoch that beats the giver's. */
	if (i == VIEW_SELF && giver != VIEW_NOBODY) {
		claim_bump(v);
		v->given_by[slot] = giver;
		v->given_until_ms = v->now_ms + v->config.node_timeout_ms;
		act_note_as(out, ACT_STEP, i, "a slot has moved to this node");
	}
	/* Our replicas do so when they hear of it. */
	if (was_ours && i != VIEW_SELF && v->config.may_migrate &&
	    v->node[VIEW_SELF].slot_count == 0) {
		act_note(out, i, "our last slot has gone there: we follow it");
		view_follow(v, i, out);
	}
	view_dirty_lightly(v);
	view_broadcast(v);
	return ORDER_NONE;
}

enum order_refusal
order_slot_stable(struct view *v, unsigned slot)
{
	if (!view_has(v, VIEW_SELF, BUS_IS_PRIMARY))
		return ORDER_PRIMARIES_ONLY;
	view_mark_slot(v, slot, VIEW_NOBODY, VIEW_NOBODY);
	return ORDER_NONE;
}

enum order_refusal
order_reset(struct view *v, bool is_hard, bool has_keys, struct acts *out)
{
	struct bus_id id = view_random_id(v);
	unsigned slot;
	uint16_t i;

	if (view_has(v, VIEW_SELF, BUS_IS_PRIMARY) && has_keys)
		return ORDER_RESET_KEYS;
	if (view_has(v, VIEW_SELF, BUS_IS_REPLICA))
		view_follow(v, VIEW_NOBODY, out);
	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		view_give_slot(v, slot, VIEW_NOBODY);
		view_mark_slot(v, slot, VIEW_NOBODY, VIEW_NOBODY);
	}
	for (i = 1; i < v->nodes; i++)
		if (view_is_used(v, i))
			view_remove(v, i, out);
	memset(&v->vote, 0, sizeof(v->vote));
	v->node[VIEW_SELF].had_replicas = false;
	if (is_hard) {
		v->epoch = v->vote_epoch = 0;
		v->node[VIEW_SELF].config_epoch = 0;
		view_rename(v, VIEW_SELF, &id);
		v->node[VIEW_SELF].shard = view_random_id(v);
	}
	view_dirty(v);
	return ORDER_NONE;
}
