#include "cluster/moves.h"

#include "cluster/speak.h"

#define AGAIN_MS 200           /* who has not said that it knows is told */

/*
 * A message is a u64 version and parts, each of the slots that go to one node
 * or come from it: u8 sign, the node's id, u16 count, so many u16 slots.
 */
#define VERSION_BYTES 8
#define PART_BYTES (1 + BUS_ID + 2)
#define GOES '>'
#define COMES '<'
/* Of all slots, and more parts than there are primaries. */
#define ROOM (VERSION_BYTES + 2 * KEYSLOT_COUNT + 700 * PART_BYTES)

_Static_assert(ROOM + BUS_OWN_HEAD + BUS_HEADER <= ACT_PACKET_MAX,
    "all moves fit into one message");

/* --- telling ----------------------------------------------------------- */

/* The slots from this one on that have the same peer. */
static size_t
put_part(const struct view *v, const uint16_t *peers, unsigned slot,
    uint8_t sign, uint8_t *to)
{
	uint16_t peer = peers[slot];
	size_t count = 0;

	to[0] = sign;
	memcpy(to + 1, v->node[peer].id.text, BUS_ID);
	for (; slot < KEYSLOT_COUNT; slot++)
		if (peers[slot] == peer)
			bus_put(to + PART_BYTES + 2 * count++, 2, slot);
	bus_put(to + 1 + BUS_ID, 2, count);
	return PART_BYTES + 2 * count;
}

/* No slot has a mark of both signs, so their lists fit. */
static size_t
put_parts(const struct view *v, const uint16_t *peers, uint8_t sign,
    uint8_t *to, unsigned *parts)
{
	bool is_put[VIEW_NODES_MAX] = { false };
	size_t bytes = 0;
	unsigned slot;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		if (peers[slot] == VIEW_NOBODY || is_put[peers[slot]] ||
		    *parts == 0)
			continue;
		is_put[peers[slot]] = true;
		bytes += put_part(v, peers, slot, sign, to + bytes);
		--*parts;
	}
	return bytes;
}

static void
tell(struct view *v, uint16_t i, struct acts *out)
{
	unsigned parts = (ROOM - VERSION_BYTES - 2 * KEYSLOT_COUNT) /
	    PART_BYTES;
	uint8_t text[ROOM];
	size_t bytes = VERSION_BYTES;

	bus_put(text, VERSION_BYTES, v->moves.version);
	bytes += put_parts(v, v->moves_to, GOES, text + bytes, &parts);
	bytes += put_parts(v, v->comes_from, COMES, text + bytes, &parts);
	speak_own(v, i, SPEAK_MOVES, (struct slice){ (char *)text, bytes },
	    out);
}

/* A replica that can be told. */
static bool
is_listening(const struct view *v, uint16_t i)
{
	return view_has(v, i, BUS_IS_REPLICA) &&
	    v->node[i].primary == VIEW_SELF && v->node[i].own > 0 &&
	    v->node[i].link_state == VIEW_LINK_UP;
}

static void
tell_replicas(struct view *v, struct acts *out)
{
	uint16_t i;

	for (i = 1; i < v->nodes; i++) {
		struct view_node *n = &v->node[i];
		int64_t at = n->moves_told == v->moves.version ?
		    n->moves_told_ms + AGAIN_MS : v->now_ms;

		if (n->moves_known == v->moves.version || !is_listening(v, i))
			continue;
		if (v->now_ms < at || !act_has_room(out)) {
			view_due(v, at);
			continue;
		}
		tell(v, i, out);
		n->moves_told = v->moves.version;
		n->moves_told_ms = v->now_ms;
		view_due(v, v->now_ms + AGAIN_MS);
	}
}

bool
moves_all_know(const struct view *v)
{
	uint16_t i;

	for (i = 1; i < v->nodes; i++)
		if (is_listening(v, i) &&
		    !view_has(v, i, BUS_IS_PFAIL | BUS_IS_FAIL) &&
		    v->node[i].moves_known != v->moves.version)
			return false;
	return true;
}

void
moves_are_known(struct view *v, uint16_t i, struct slice payload)
{
	struct view_node *n = &v->node[i];

	if (payload.bytes != VERSION_BYTES)
		return;
	n->moves_known = bus_get(payload.data, VERSION_BYTES);
	/* It has begun to follow us since it was told. */
	if (n->moves_known == 0)
		n->moves_told = 0;
}

/* --- being told -------------------------------------------------------- */

/* The next part, and whom it is about; false: there is none, or it is bad. */
static bool
get_part(const struct view *v, struct slice *left, uint8_t *sign,
    uint16_t *peer, struct slice *slots)
{
	struct bus_id id;
	size_t i;

	if (left->bytes < PART_BYTES)
		return false;
	*sign = (uint8_t)left->data[0];
	if ((*sign != GOES && *sign != COMES) ||
	    !bus_id_get((struct slice){ left->data + 1, BUS_ID }, &id))
		return false;
	*peer = view_find(v, &id);
	slots->data = left->data + PART_BYTES;
	slots->bytes = 2 * bus_get(left->data + 1 + BUS_ID, 2);
	if (*peer == VIEW_NOBODY || view_has(v, *peer, BUS_IS_HANDSHAKE) ||
	    slots->bytes > left->bytes - PART_BYTES)
		return false;
	for (i = 0; i < slots->bytes; i += 2)
		if (bus_get(slots->data + i, 2) >= KEYSLOT_COUNT)
			return false;
	left->data += PART_BYTES + slots->bytes;
	left->bytes -= PART_BYTES + slots->bytes;
	return true;
}

/* Whether all of it is understood: it may be about a node that we will know. */
static bool
is_clear(const struct view *v, struct slice parts)
{
	struct slice slots;
	uint16_t peer;
	uint8_t sign;

	while (get_part(v, &parts, &sign, &peer, &slots))
		;
	return parts.bytes == 0;
}

static void
take_parts(struct view *v, struct slice parts)
{
	struct slice slots;
	uint16_t peer;
	uint8_t sign;
	size_t i;

	memset(v->moves_to, 0xff, sizeof(v->moves_to));
	memset(v->comes_from, 0xff, sizeof(v->comes_from));
	while (get_part(v, &parts, &sign, &peer, &slots))
		for (i = 0; i < slots.bytes; i += 2)
			(sign == GOES ? v->moves_to : v->comes_from)
			    [bus_get(slots.data + i, 2)] = peer;
	view_dirty_lightly(v);
}

void
moves_heard(struct view *v, uint16_t i, uint64_t wire, struct slice payload)
{
	struct slice parts;
	uint64_t version;

	if (!view_has(v, VIEW_SELF, BUS_IS_REPLICA) ||
	    v->node[VIEW_SELF].primary != i || payload.bytes < VERSION_BYTES)
		return;
	parts = (struct slice){ payload.data + VERSION_BYTES,
	    payload.bytes - VERSION_BYTES };
	version = bus_get(payload.data, VERSION_BYTES);
	if (!is_clear(v, parts))
		return;
	/* A new process of it may count anew. */
	if (version > v->moves.heard || wire != v->moves.wire)
		take_parts(v, parts);
	else
		version = v->moves.heard;
	v->moves.heard = version;
	v->moves.wire = wire;
	v->moves.generation = v->generation + (v->is_dirty ? 1 : 0);
	v->moves.is_owed = true;
}

static void
say_known(struct view *v, struct acts *out)
{
	uint16_t p = v->node[VIEW_SELF].primary;
	char version[VERSION_BYTES];

	if (!v->moves.is_owed || p == VIEW_NOBODY ||
	    v->told.generation < v->moves.generation ||
	    v->node[p].own == 0 || v->node[p].link_state != VIEW_LINK_UP)
		return;
	v->moves.is_owed = false;
	bus_put(version, VERSION_BYTES, v->moves.heard);
	speak_own(v, p, SPEAK_MOVES_KNOWN, (struct slice){ version,
	    VERSION_BYTES }, out);
}

/* --- both -------------------------------------------------------------- */

void
moves_inherit(struct view *v)
{
	unsigned slot;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		uint16_t to = v->moves_to[slot], from = v->comes_from[slot];
		bool is_ours = v->owner[slot] == VIEW_SELF;

		view_mark_slot(v, slot, is_ours && to != VIEW_SELF ? to :
		    VIEW_NOBODY, !is_ours && from != VIEW_SELF ? from :
		    VIEW_NOBODY);
	}
}

void
moves_look(struct view *v, struct acts *out)
{
	if (view_has(v, VIEW_SELF, BUS_IS_REPLICA))
		say_known(v, out);
	else if (v->told.generation >= v->moves.version &&
	    bus_id_is_none(&v->told.primary))
		tell_replicas(v, out);
}
