#include "daemon/ctl_places.h"

#include "cluster/book.h"
#include "daemon/ctl_bus.h"

/* --- the state --------------------------------------------------------- */

static void
set_bit(uint64_t *words, unsigned slot)
{
	words[slot / 64] |= 1ull << slot % 64;
}

static bool
has_bit(const uint64_t *words, unsigned slot)
{
	return words[slot / 64] >> slot % 64 & 1;
}

/* Whether a slot of one set is missing in the other. */
static bool
lacks(const uint64_t *set, const uint64_t *other)
{
	unsigned i;

	for (i = 0; i < STATE_SLOT_WORDS; i++)
		if (set[i] & ~other[i])
			return true;
	return false;
}

/*
 * Whether a slot is ours by the view and not durably yet.  Until it is, all
 * goes on as it was: who says ASKING is served, nobody else is sent to us.
 */
static bool
is_coming(const struct view *v, unsigned slot)
{
	return v->owner[slot] == VIEW_SELF &&
	    view_has(v, VIEW_SELF, BUS_IS_PRIMARY) && !view_may_serve(v, slot);
}

bool
ctl_places_set(struct state *s, const struct view *v, bool is_primary,
    bool *has_lost)
{
	uint64_t owned[STATE_SLOT_WORDS] = { 0 },
	    leaving[STATE_SLOT_WORDS] = { 0 },
	    arriving[STATE_SLOT_WORDS] = { 0 };
	bool is_moving = false;
	unsigned slot;

	for (slot = 0; is_primary && slot < KEYSLOT_COUNT; slot++) {
		if (view_may_serve(v, slot))
			set_bit(owned, slot);
		if (v->moves_to[slot] != VIEW_NOBODY)
			set_bit(leaving, slot);
		if (v->comes_from[slot] != VIEW_NOBODY ||
		    (is_coming(v, slot) && has_bit(s->arriving, slot)))
			set_bit(arriving, slot);
		is_moving |= has_bit(leaving, slot) || has_bit(arriving, slot);
	}
	if (memcmp(s->owned, owned, sizeof(owned)) == 0 &&
	    memcmp(s->leaving, leaving, sizeof(leaving)) == 0 &&
	    memcmp(s->arriving, arriving, sizeof(arriving)) == 0 &&
	    s->is_cluster_ok == v->is_ok)
		return false;
	*has_lost |= lacks(s->owned, owned);
	memcpy(s->owned, owned, sizeof(owned));
	memcpy(s->leaving, leaving, sizeof(leaving));
	memcpy(s->arriving, arriving, sizeof(arriving));
	s->is_moving = is_moving;
	s->is_cluster_ok = v->is_ok;
	s->places++;
	return true;
}

/* --- the map ----------------------------------------------------------- */

static int64_t
unix_ms(const struct view *v, int64_t at_ms)
{
	return at_ms == 0 ? 0 : at_ms + v->fact.unix_offset_ms;
}

static void
map_one(const struct view *v, struct map_node *to, uint16_t i)
{
	const struct view_node *n = &v->node[i];
	struct nodes_conf_node line = book_node(v, i);

	memset(to, 0, sizeof(*to));
	to->primary = MAP_NOBODY;
	if (!view_is_used(v, i))
		return;
	to->id = n->id;
	to->shard = n->shard;
	memcpy(to->ip, line.ip, sizeof(to->ip));
	memcpy(to->hostname, line.hostname, sizeof(to->hostname));
	memcpy(to->nodename, line.nodename, sizeof(to->nodename));
	to->port = line.port;
	to->cport = line.cport;
	to->pport = line.other_port;
	to->flags = line.flags;
	if (!view_is_kept(v, i))
		to->flags |= BUS_IS_HANDSHAKE;
	to->primary = view_has(v, i, BUS_IS_REPLICA) ? n->primary :
	    MAP_NOBODY;
	to->config_epoch = line.config_epoch;
	to->offset = i == VIEW_SELF ? v->fact.offset : n->offset;
	to->is_filled = view_is_filled(v, i);
	to->ping_ms = line.ping_ms;
	to->pong_ms = line.pong_ms;
	to->to_ms = n->link_state == VIEW_LINK_UP ? unix_ms(v, n->link_ms) : 0;
	to->from_ms = unix_ms(v, n->from_ms);
}

/* What its links can not send yet. */
static void
map_waits(const struct view *v, struct map *m)
{
	unsigned at = 0;
	uint64_t wire;
	size_t bytes;
	uint16_t i;

	while ((bytes = ctl_bus_waits(&at, &wire)) > 0) {
		if (view_linked(v, wire) != VIEW_NOBODY)
			m->node[view_linked(v, wire)].to_bytes = bytes;
		for (i = 1; (wire & VIEW_INBOUND) && i < v->nodes; i++)
			if (view_is_used(v, i) && v->node[i].from == wire)
				m->node[i].from_bytes = bytes;
	}
}

void
ctl_places_publish(const struct view *v)
{
	/* It is as the last one was, so far. */
	struct map *m = map_next(&REGION->map);
	unsigned slot, i;

	m->epoch = v->epoch;
	m->is_ok = v->is_ok;
	m->count = v->nodes;
	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		if (is_coming(v, slot) && (m->owner[slot] == MAP_NOBODY ||
		    view_is_used(v, m->owner[slot])))
			continue;
		m->owner[slot] = v->owner[slot];
		m->goes[slot] = v->moves_to[slot];
		m->comes[slot] = v->comes_from[slot];
	}
	for (i = 0; i < v->nodes; i++)
		map_one(v, &m->node[i], (uint16_t)i);
	map_waits(v, m);
	map_publish(&REGION->map);
}

void
ctl_places_count(const struct view *v)
{
	unsigned type;

	for (type = 0; type < MAP_TYPES; type++) {
		word_store(&REGION->map.sent[type],
		    ctl_bus_counts.sent[type]);
		word_store(&REGION->map.received[type], v->heard[type]);
	}
	word_store(&REGION->map.odd, v->odd + ctl_bus_counts.broken);
	word_store(&REGION->map.turned_away, ctl_bus_counts.turned_away);
	word_store(&REGION->map.overfull, ctl_bus_counts.overfull);
}
