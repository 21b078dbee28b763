#include "cluster/claim.h"

/* What one claim has changed for our own shard. */
struct outcome {
	uint16_t head;             /* of our shard when it began */
	unsigned lost;             /* slots of it */
	unsigned ours;             /* of those, slots that were our own */
	bool was_given;            /* one is ours that it has given us */
	uint16_t replaced;         /* whose place in its shard it took */
};

static void
take(struct view *v, unsigned slot, uint16_t i, struct outcome *o)
{
	if (v->owner[slot] == o->head && o->head != VIEW_NOBODY)
		o->lost++;
	if (v->owner[slot] == VIEW_SELF)
		o->ours++;
	if (v->owner[slot] != VIEW_NOBODY &&
	    view_is_one_shard(v, v->owner[slot], i))
		o->replaced = v->owner[slot];
	view_give_slot(v, slot, i);
}

/* Slots that a node has as far as we know, but is not heard to claim. */
static void
doubt(struct view *v, uint16_t owner, const uint8_t *but)
{
	unsigned at;
	uint8_t more;

	for (at = 0; at < BUS_SLOT_BYTES; at++) {
		more = v->node[owner].slots[at] & (uint8_t)~but[at];
		if (more & (uint8_t)~v->doubt[at])
			view_dirty_lightly(v);
		v->doubt[at] |= more;
	}
}

/* Whether node i was elected in the epoch that we took without asking. */
static bool
is_outvoted(const struct view *v, uint16_t i, uint64_t config_epoch)
{
	return v->node[VIEW_SELF].config_epoch == config_epoch &&
	    !v->node[VIEW_SELF].is_voted && v->node[i].is_voted;
}

/* Who has it under the same epoch is dead, and will take no other one. */
static bool
is_left_behind(const struct view *v, uint16_t owner, uint64_t config_epoch)
{
	return v->node[owner].config_epoch == config_epoch &&
	    view_has(v, owner, BUS_IS_FAIL);
}

/*
 * Whether we voted to replace the owner, and have not heard what came of it:
 * the slot may be whose that is, and another shard's node has to wait.
 */
static bool
is_promised(const struct view *v, uint16_t owner, uint16_t i)
{
	return view_is_vote_open(v, owner) &&
	    !bus_id_is_none(&v->node[owner].shard) &&
	    !bus_id_is_none(&v->node[i].shard) &&
	    !view_is_one_shard(v, owner, i);
}

/* Whether a slot goes to node i that claims it under that epoch. */
static bool
wins(const struct view *v, unsigned slot, uint16_t i, uint64_t config_epoch)
{
	uint16_t owner = v->owner[slot];

	if (owner != VIEW_NOBODY && is_promised(v, owner, i))
		return false;
	return owner == VIEW_NOBODY || bus_has_slot(v->doubt, slot) ||
	    v->node[owner].config_epoch < config_epoch ||
	    is_left_behind(v, owner, config_epoch) ||
	    (owner == VIEW_SELF && is_outvoted(v, i, config_epoch));
}

/* A slot that node i claims. */
static void
judge(struct view *v, unsigned slot, uint16_t i, uint64_t config_epoch,
    struct outcome *o)
{
	uint16_t owner = v->owner[slot];
	bool is_coming = v->comes_from[slot] != VIEW_NOBODY, replaces_giver;

	if (owner == i) {
		bus_remove_slot(v->doubt, slot);
		return;
	}
	/*
	 * A slot on its way to us changes by an order only, but who replaces
	 * its giver is the one that gives it.  What a replica knows of its
	 * primary's keeps it from nothing.
	 */
	replaces_giver = is_coming && v->comes_from[slot] == owner &&
	    view_is_one_shard(v, owner, i);
	if (is_coming && !replaces_giver &&
	    view_has(v, VIEW_SELF, BUS_IS_PRIMARY))
		return;
	/*
	 * It gave us the slot, and had taken an epoch of which we did not know
	 * when we took ours; it will hear what it gave.
	 */
	if (owner == VIEW_SELF && v->given_by[slot] == i &&
	    v->now_ms < v->given_until_ms) {
		o->was_given |= v->node[VIEW_SELF].config_epoch < config_epoch;
		return;
	}
	if (!wins(v, slot, i, config_epoch))
		return;
	take(v, slot, i, o);
	if (replaces_giver)
		view_mark_slot(v, slot, v->moves_to[slot], i);
}

/* What we give to who was replaced we give to who replaced it. */
static void
lead_moves(struct view *v, uint16_t replaced, uint16_t i)
{
	unsigned slot;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		if (v->moves_to[slot] == replaced)
			view_mark_slot(v, slot, i, v->comes_from[slot]);
}

/* Whether it is a primary of our own shard, which took what we had. */
static bool
is_heir(const struct view *v, uint16_t i)
{
	return i != VIEW_SELF && view_is_voter(v, i) &&
	    view_is_one_shard(v, i, VIEW_SELF);
}

/*
 * Our shard lost its last slot: its nodes follow who has them now.  One of the
 * shard comes first, also when the very last slot went elsewhere.
 */
static void
follow_winner(struct view *v, uint16_t i, const struct outcome *o,
    struct acts *out)
{
	uint16_t k;
	bool is_failover;

	for (k = 1; k < v->nodes && !is_heir(v, i); k++)
		if (is_heir(v, k))
			i = k;
	is_failover = v->node[i].slot_count == o->lost || is_heir(v, i);
	if (o->lost == 0 || o->head == VIEW_NOBODY ||
	    v->node[o->head].slot_count > 0 || i == VIEW_SELF)
		return;
	if (!is_failover && !v->config.may_migrate)
		return;
	act_note(out, i, "it has all slots of our shard: we follow it");
	view_follow(v, i, out);
}

/* What we have given away has lines of its own; one by one they are many. */
static enum act_level
loss_level(const struct view *v, uint16_t i, unsigned slots)
{
	if (v->shift.state == SHIFT_GIVEN &&
	    view_find(v, &v->shift.job.peer) == i)
		return ACT_DETAIL;
	return slots > 1 ? ACT_LINE : ACT_STEP;
}

void
claim_slots(struct view *v, uint16_t i, uint64_t config_epoch,
    const uint8_t *slots, bool is_own_word, struct acts *out)
{
	struct outcome o = { .head = view_head(v, VIEW_SELF),
	    .replaced = VIEW_NOBODY };
	unsigned at, bit;

	if (i == VIEW_SELF)
		return;
	if (is_own_word)
		doubt(v, i, slots);
	for (at = 0; at < BUS_SLOT_BYTES; at++) {
		if ((slots[at] & (uint8_t)~v->node[i].slots[at]) == 0 &&
		    (slots[at] & v->doubt[at]) == 0)
			continue;
		for (bit = 0; bit < 8; bit++)
			if (slots[at] >> bit & 1)
				judge(v, at * 8 + bit, i, config_epoch, &o);
	}
	if (o.replaced != VIEW_NOBODY)
		lead_moves(v, o.replaced, i);
	/* It would have taken all, had not others some of them. */
	if (is_own_word && o.replaced != VIEW_NOBODY)
		doubt(v, o.replaced, slots);
	if (o.was_given) {
		claim_bump(v);
		act_note_as(out, ACT_STEP, i, "a slot that it gave us stays: "
		    "we take a later epoch than its");
	}
	if (o.ours > 0)
		act_note_as(out, loss_level(v, i, o.ours), i,
		    "it has slots of ours under a later epoch");
	follow_winner(v, i, &o, out);
}

void
claim_contradict(struct view *v, uint16_t sender, uint64_t config_epoch,
    const uint8_t *slots, struct acts *out)
{
	unsigned slot;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		uint16_t owner = v->owner[slot];

		if (slots[slot >> 3] == 0) {
			slot |= 7;
			continue;
		}
		if (!bus_has_slot(slots, slot) || owner == VIEW_NOBODY ||
		    owner == sender || bus_has_slot(v->doubt, slot) ||
		    view_head(v, sender) == owner ||
		    v->node[owner].config_epoch <= config_epoch)
			continue;
		/* One is enough: it asks again if there are more. */
		speak_update(v, owner, sender, out);
		return;
	}
}

/*
 * Others remember what we had, and took with us in our last epoch: our own file
 * was an old one.
 */
static void
remember(struct view *v, uint64_t config_epoch, const uint8_t *slots,
    struct acts *out)
{
	struct view_node *me = &v->node[VIEW_SELF];
	unsigned slot;

	if (!(me->flags & BUS_IS_PRIMARY) || me->config_epoch >= config_epoch ||
	    view_is_unproven(v))
		return;
	me->config_epoch = config_epoch;
	me->is_voted = false;
	if (v->epoch < config_epoch)
		v->epoch = config_epoch;
	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		uint16_t owner = v->owner[slot];

		if (bus_has_slot(slots, slot) && (owner == VIEW_NOBODY ||
		    v->node[owner].config_epoch < config_epoch))
			view_give_slot(v, slot, VIEW_SELF);
	}
	view_dirty(v);
	view_broadcast(v);
	act_note(out, VIEW_SELF, "others know of slots that it had");
}

void
claim_update(struct view *v, uint16_t i, uint64_t config_epoch,
    const uint8_t *slots, struct acts *out)
{
	struct view_node *n = &v->node[i];

	if (i == VIEW_SELF) {
		remember(v, config_epoch, slots, out);
		return;
	}
	if (n->config_epoch >= config_epoch)
		return;
	n->config_epoch = config_epoch;
	if (v->epoch < config_epoch)
		v->epoch = config_epoch;
	view_dirty_lightly(v);
	view_set_primary(v, i);
	/* What it had under an older epoch it may have given away since. */
	claim_slots(v, i, config_epoch, slots, true, out);
}

void
claim_bump(struct view *v)
{
	struct view_node *me = &v->node[VIEW_SELF];
	uint64_t most = v->epoch;
	bool is_greatest = me->config_epoch > 0;
	uint16_t i;

	if (view_is_unproven(v))
		return;
	for (i = 1; i < v->nodes; i++) {
		if (!view_is_used(v, i))
			continue;
		if (v->node[i].config_epoch > most)
			most = v->node[i].config_epoch;
		if (v->node[i].config_epoch >= me->config_epoch)
			is_greatest = false;
	}
	/* What it was elected for stands alone under that epoch. */
	if (is_greatest && me->config_epoch >= most && !me->is_voted)
		return;
	v->epoch = most + 1;
	me->config_epoch = v->epoch;
	me->is_voted = false;
	view_dirty(v);
	view_broadcast(v);
}

void
claim_collide(struct view *v, uint16_t i, struct acts *out)
{
	struct view_node *me = &v->node[VIEW_SELF];

	if (!(me->flags & BUS_IS_PRIMARY) ||
	    !(v->node[i].flags & BUS_IS_PRIMARY) ||
	    v->node[i].config_epoch != me->config_epoch ||
	    memcmp(&v->node[i].id, &me->id, BUS_ID) <= 0)
		return;
	/* Who has our token prepared an epoch that has to beat ours. */
	if (failover_is_giving(&v->failover) || view_is_unproven(v))
		return;
	v->epoch++;
	me->config_epoch = v->epoch;
	me->is_voted = false;
	view_dirty(v);
	view_broadcast(v);
	act_note(out, i, "it has our config epoch: we take another one");
}
