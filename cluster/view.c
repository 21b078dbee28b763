#include "cluster/view.h"

#define BROADCAST_MS 20        /* not more often */

static size_t
round_up(size_t bytes)
{
	return (bytes + 63) & ~(size_t)63;
}

static unsigned
places_for(unsigned nodes_max)
{
	unsigned n = 16;

	while (n < nodes_max * 2)
		n *= 2;
	return n;
}

size_t
view_bytes(unsigned n)
{
	return round_up(sizeof(struct view)) +
	    round_up(n * sizeof(struct view_node)) +
	    round_up((size_t)n * n * sizeof(int64_t)) +
	    round_up(places_for(n) * sizeof(uint16_t));
}

struct view *
view_begin(void *memory, unsigned nodes_max, const struct bus_id *myself,
    uint64_t seed, int64_t now_ms)
{
	struct view *v = memory;
	char *at = (char *)memory + round_up(sizeof(*v));

	must(nodes_max > 1 && nodes_max <= VIEW_NODES_MAX,
	    "a view has a sensible size");
	v->nodes_max = (uint16_t)nodes_max;
	v->node = (struct view_node *)(void *)at;
	at += round_up(nodes_max * sizeof(struct view_node));
	v->report = (int64_t *)(void *)at;
	at += round_up((size_t)nodes_max * nodes_max * sizeof(int64_t));
	v->place = (uint16_t *)(void *)at;
	v->places = places_for(nodes_max);
	memset(v->place, 0xff, v->places * sizeof(uint16_t));
	memset(v->owner, 0xff, sizeof(v->owner));
	memset(v->moves_to, 0xff, sizeof(v->moves_to));
	memset(v->comes_from, 0xff, sizeof(v->comes_from));
	memset(v->given_by, 0xff, sizeof(v->given_by));
	v->random = seed * 2 + 1;
	v->born_ms = v->now_ms = v->due_ms = now_ms;
	v->is_dirty = v->is_grave = v->is_changed = true;
	v->moves.version = 1;
	(void)view_add(v, myself, BUS_IS_PRIMARY);
	v->node[VIEW_SELF].shard = view_random_id(v);
	failover_begin(&v->failover, myself, &(struct failover_config){ 0 });
	return v;
}

uint32_t
view_random(struct view *v, uint32_t n)
{
	/* xorshift64*: good enough to spread delays */
	v->random ^= v->random >> 12;
	v->random ^= v->random << 25;
	v->random ^= v->random >> 27;
	return n == 0 ? 0 :
	    (uint32_t)((v->random * 0x2545f4914f6cdd1dull >> 33) % n);
}

uint64_t
view_token(struct view *v)
{
	return ((uint64_t)view_random(v, UINT32_MAX) << 32 |
	    view_random(v, UINT32_MAX)) + 1;
}

struct bus_id
view_random_id(struct view *v)
{
	struct bus_id id;
	int i;

	for (i = 0; i < BUS_ID; i++)
		id.text[i] = "0123456789abcdef"[view_random(v, 16)];
	return id;
}

/* Where an id would be looked for first; ids are random already. */
static unsigned
place_of(const struct view *v, const struct bus_id *id)
{
	uint64_t a = slice_word(id->text), b = slice_word(id->text + 8);

	return (unsigned)((a * 31 + b) * 0x9e3779b97f4a7c15ull >> 40) &
	    (v->places - 1);
}

void
view_go_on(struct view *v, int64_t ms)
{
	v->is_ok = v->was_ok = v->had_majority = true;
	v->majority_ms = v->now_ms;
	v->trust_ms = v->now_ms + ms;
	view_due(v, v->trust_ms);
}

uint16_t
view_find(const struct view *v, const struct bus_id *id)
{
	unsigned at = place_of(v, id);

	for (; v->place[at] != VIEW_NOBODY; at = (at + 1) & (v->places - 1))
		if (bus_id_is_equal(&v->node[v->place[at]].id, id))
			return v->place[at];
	return VIEW_NOBODY;
}

static void
put_place(struct view *v, uint16_t i)
{
	unsigned at = place_of(v, &v->node[i].id);

	while (v->place[at] != VIEW_NOBODY)
		at = (at + 1) & (v->places - 1);
	v->place[at] = i;
}

/* Removals are rare: all is placed anew. */
static void
place_all(struct view *v)
{
	uint16_t i;

	memset(v->place, 0xff, v->places * sizeof(uint16_t));
	for (i = 0; i < v->nodes; i++)
		if (view_is_used(v, i))
			put_place(v, i);
}

static void
forget_reports(struct view *v, uint16_t i)
{
	unsigned j;

	for (j = 0; j < v->nodes_max; j++) {
		v->report[(size_t)i * v->nodes_max + j] = 0;
		v->report[(size_t)j * v->nodes_max + i] = 0;
	}
}

uint16_t
view_add(struct view *v, const struct bus_id *id, uint16_t flags)
{
	uint16_t i;

	for (i = 0; i < v->nodes; i++)
		if (!view_is_used(v, i))
			break;
	if (i == v->nodes_max)
		return VIEW_NOBODY;
	if (i == v->nodes)
		v->nodes++;
	v->count++;
	memset(&v->node[i], 0, sizeof(v->node[i]));
	v->node[i].id = *id;
	v->node[i].flags = flags;
	v->node[i].primary = VIEW_NOBODY;
	v->node[i].born_ms = v->now_ms;
	v->node[i].link_try_ms = v->now_ms;
	v->node[i].added_generation = v->generation + 1;
	v->added_ms = v->now_ms;
	put_place(v, i);
	view_due(v, v->now_ms);
	view_dirty(v);
	return i;
}

/* Nobody follows it, owns by it, or moves slots with it any more. */
static void
cut_loose(struct view *v, uint16_t i)
{
	unsigned slot, j;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		if (v->owner[slot] == i)
			view_give_slot(v, slot, VIEW_NOBODY);
		view_mark_slot(v, slot, v->moves_to[slot] == i ?
		    VIEW_NOBODY : v->moves_to[slot], v->comes_from[slot] == i ?
		    VIEW_NOBODY : v->comes_from[slot]);
		if (v->given_by[slot] == i)
			v->given_by[slot] = VIEW_NOBODY;
	}
	for (j = 0; j < v->nodes; j++)
		if (v->node[j].primary == i)
			v->node[j].primary = VIEW_NOBODY;
}

void
view_remove(struct view *v, uint16_t i, struct acts *out)
{
	struct view_node *n = &v->node[i];

	must(i != VIEW_SELF && view_is_used(v, i),
	    "another node is removed, once");
	if (n->link_state != VIEW_LINK_NONE)
		act_add(out, ACT_CLOSE, i)->wire = n->link;
	if (!(n->flags & BUS_IS_HANDSHAKE))
		cut_loose(v, i);
	forget_reports(v, i);
	memset(n, 0, sizeof(*n));
	n->primary = VIEW_NOBODY;
	v->count--;
	place_all(v);
	view_dirty(v);
}

void
view_rename(struct view *v, uint16_t i, const struct bus_id *id)
{
	v->node[i].id = *id;
	v->node[i].added_generation = v->generation + 1;
	place_all(v);
	view_dirty(v);
}

/*
 * A slot goes from one to another: what we know of them has to become durable;
 * and within a shard it is a failover, so a lease of who had it, and whatever
 * was waited for before, has to end before the other one gets any.  Between
 * shards who had it let it go first.
 */
static void
look_at_leases(struct view *v, uint16_t from, uint16_t to)
{
	struct view_node *a = &v->node[from], *b = &v->node[to];
	int64_t end = a->granted_ms > a->wait_ms ? a->granted_ms : a->wait_ms;

	a->known_generation = b->known_generation = v->generation + 1;
	if (!bus_id_is_equal(&a->shard, &b->shard) &&
	    !bus_id_is_none(&a->shard) && !bus_id_is_none(&b->shard))
		return;
	/* Or who had it would get one from us when our power has failed. */
	v->is_grave = true;
	/* By the word of who had it, and with its lease: unless we voted. */
	if (b->word_epoch > 0 && b->config_epoch == b->word_epoch &&
	    a->voted_epoch < b->word_epoch) {
		if (b->granted_ms < end)
			b->granted_ms = end;
		a->granted_ms = a->wait_ms = 0;
		return;
	}
	if (from == VIEW_SELF && v->lease.end_ms != LEASE_ALWAYS)
		end = v->lease.end_ms;
	if (b->wait_ms < end)
		b->wait_ms = end;
	if (v->lease.settled_ms < end)
		v->lease.settled_ms = end;
}

void
view_give_slot(struct view *v, unsigned slot, uint16_t to)
{
	uint16_t from = v->owner[slot];

	bus_remove_slot(v->doubt, slot);
	if (from == to)
		return;
	if (from != VIEW_NOBODY && to != VIEW_NOBODY)
		look_at_leases(v, from, to);
	else if (to != VIEW_NOBODY)
		v->node[to].known_generation = v->generation + 1;
	if (from != VIEW_NOBODY) {
		bus_remove_slot(v->node[from].slots, slot);
		v->node[from].slot_count--;
	}
	if (to != VIEW_NOBODY) {
		bus_add_slot(v->node[to].slots, slot);
		v->node[to].slot_count++;
	}
	/* Who moved it has to begin again with its new owner. */
	view_mark_slot(v, slot, from == VIEW_SELF ? VIEW_NOBODY :
	    v->moves_to[slot], to == VIEW_SELF ? VIEW_NOBODY :
	    v->comes_from[slot]);
	v->given_by[slot] = VIEW_NOBODY;
	v->owner[slot] = to;
	view_dirty_lightly(v);
	if (to != VIEW_SELF && from != VIEW_SELF)
		return;
	view_dirty(v);
	/* Our replicas know a move's end with whose the slot is. */
	v->moves.version = v->generation + 1;
}

void
view_mark_slot(struct view *v, unsigned slot, uint16_t to, uint16_t from)
{
	if (v->moves_to[slot] == to && v->comes_from[slot] == from)
		return;
	v->moves_to[slot] = to;
	v->comes_from[slot] = from;
	v->moves.version = v->generation + 1;
	view_dirty_lightly(v);
}

void
view_set_primary(struct view *v, uint16_t i)
{
	struct view_node *n = &v->node[i];

	if (n->flags & BUS_IS_PRIMARY)
		return;
	/* It takes the siblings that it had. */
	if (n->primary != VIEW_NOBODY && i != VIEW_SELF)
		n->had_replicas = true;
	/* As others call the shard of a primary that says no name. */
	if (i == VIEW_SELF && bus_id_is_none(&n->shard))
		n->shard = n->id;
	n->flags = (n->flags & (uint16_t)~BUS_IS_REPLICA) | BUS_IS_PRIMARY;
	n->primary = VIEW_NOBODY;
	n->role_ms = v->now_ms;
	view_dirty(v);
}

void
view_set_replica(struct view *v, uint16_t i, uint16_t of)
{
	struct view_node *n = &v->node[i];

	if ((n->flags & BUS_IS_REPLICA) && n->primary == of)
		return;
	n->flags = (n->flags & (uint16_t)~(BUS_IS_PRIMARY |
	    BUS_IS_MIGRATE_TO)) | BUS_IS_REPLICA;
	n->primary = of;
	n->role_ms = v->now_ms;
	n->moves_known = n->moves_told = 0;
	n->has_nothing = false;
	n->orphan_ms = 0;
	/* What we granted it as a primary is not renewed, but may run. */
	if (n->wait_ms < n->granted_ms)
		n->wait_ms = n->granted_ms;
	n->granted_ms = 0;
	if (of != VIEW_NOBODY) {
		v->node[of].had_replicas = true;
		n->shard = v->node[of].shard;
	}
	view_dirty(v);
}

void
view_follow(struct view *v, uint16_t of, struct acts *out)
{
	must(of != VIEW_SELF && (of == VIEW_NOBODY || view_is_used(v, of)),
	    "a node follows another one");
	if (of == VIEW_NOBODY) {
		view_set_primary(v, VIEW_SELF);
	} else {
		view_set_replica(v, VIEW_SELF, of);
		memset(v->moves_to, 0xff, sizeof(v->moves_to));
		memset(v->comes_from, 0xff, sizeof(v->comes_from));
		/* It is told that we have none of its. */
		view_dirty_lightly(v);
		v->moves.heard = 0;
		v->moves.generation = v->generation + 1;
		v->moves.is_owed = true;
	}
	memset(v->given_by, 0xff, sizeof(v->given_by));
	act_add(out, ACT_FOLLOW, of);
	view_broadcast(v);
}

bool
view_is_kept(const struct view *v, uint16_t i)
{
	return i == VIEW_SELF ||
	    v->node[i].added_generation <= v->told.generation;
}

bool
view_is_filled(const struct view *v, uint16_t i)
{
	if (i == VIEW_SELF)
		return v->fact.is_link_up || v->fact.offset > 0;
	return v->node[i].offset > 0 || v->node[i].has_nothing;
}

void
view_broadcast(struct view *v)
{
	if (v->broadcast_ms == 0) {
		v->broadcast_ms = v->told_all_ms + BROADCAST_MS;
		if (v->broadcast_ms < v->now_ms)
			v->broadcast_ms = v->now_ms;
	}
	view_due(v, v->broadcast_ms);
}

unsigned
view_voters(const struct view *v)
{
	unsigned n = 0;
	uint16_t i;

	for (i = 0; i < v->nodes; i++)
		n += view_is_voter(v, i);
	return n;
}

/* What nobody claims any more is not known to who came later. */
static bool
has_sure_slot(const struct view *v, uint16_t i)
{
	unsigned at;

	for (at = 0; at < BUS_SLOT_BYTES; at++)
		if (v->node[i].slots[at] & (uint8_t)~v->doubt[at])
			return true;
	return false;
}

uint32_t
view_known(const struct view *v, uint16_t but)
{
	uint64_t all = 0, one;
	uint16_t i;

	for (i = 0; i < v->nodes; i++) {
		if (i == but || !view_is_voter(v, i) ||
		    !has_sure_slot(v, i))
			continue;
		one = slice_word(v->node[i].id.text) +
		    v->node[i].config_epoch * 0x9e3779b97f4a7c15ull;
		one = (one ^ one >> 29) * 0xbf58476d1ce4e5b9ull;
		all += one ^ one >> 32;
	}
	return (uint32_t)all | 1;
}

bool
view_may_serve(const struct view *v, unsigned slot)
{
	return v->owner[slot] == VIEW_SELF && !v->stands_back &&
	    view_has(v, VIEW_SELF, BUS_IS_PRIMARY) &&
	    v->told.generation > 0 && bus_id_is_none(&v->told.primary) &&
	    bus_has_slot(v->told.slots, slot);
}
