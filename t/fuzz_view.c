/*
 * fuzz_view - foreign bytes as what happens to one node of a cluster
 *
 * The bytes are a row of events: messages of six peers with fields of small
 * domains, so that they are about each other, or with bodies as they come;
 * time that passes, links that go up and down, files that become durable or
 * do not, answers of the data plane, orders.  After each step the tables of the
 * view agree with each other, what it sends can be read, and tells nothing that
 * is not durable.
 *
 * Not here: the codec alone (t/fuzz_bus.c), what nodes do together (t/sim).
 */
#include <stdlib.h>

#include "cluster/cluster.h"
#include "cluster/hand.h"
#include "cluster/order.h"

#define NODES_MAX 16
#define PEERS 6
#define BODY_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static struct view *v;
static struct acts acts;
static int64_t now_ms;
/* The last generation of an act that wants an answer. */
static uint64_t owed[ACTS];

struct input {
	const uint8_t *data;
	size_t bytes;
};

static unsigned
draw(struct input *in, unsigned below)
{
	if (in->bytes == 0)
		return 0;
	in->bytes--;
	return *in->data++ % below;
}

/* 0 is nobody, 1 this node, others are peers. */
static struct bus_id
draw_id(struct input *in)
{
	struct bus_id id = { { 0 } };
	unsigned i = draw(in, PEERS + 2);

	if (i > 0)
		memset(id.text, i == 1 ? 'm' : (int)('a' + i - 2), BUS_ID);
	return id;
}

static void
draw_slots(struct input *in, uint8_t slots[BUS_SLOT_BYTES])
{
	unsigned first = draw(in, 9), last = draw(in, 9), i;

	memset(slots, 0, BUS_SLOT_BYTES);
	for (i = first; i < last; i++)
		memset(slots + i * (BUS_SLOT_BYTES / 8),
		    draw(in, 2) ? 0xff : 0x0f, BUS_SLOT_BYTES / 8);
}

static uint64_t
draw_epoch(struct input *in)
{
	unsigned n = draw(in, 40);

	return n == 39 ? UINT64_MAX : n == 38 ? INT64_MAX : n / 2;
}

/* --- rules ------------------------------------------------------------- */

static void
check_tables(void)
{
	unsigned count[NODES_MAX] = { 0 }, slot;
	uint16_t i;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		if (v->owner[slot] == VIEW_NOBODY)
			continue;
		must(v->owner[slot] < v->nodes && view_is_used(v,
		    v->owner[slot]), "a slot's owner is a node");
		must(bus_has_slot(v->node[v->owner[slot]].slots, slot),
		    "an owner has its slot");
		count[v->owner[slot]]++;
	}
	for (i = 0; i < v->nodes; i++) {
		const struct view_node *n = &v->node[i];

		must(n->slot_count == count[i], "slots are counted");
		if (!view_is_used(v, i) || !(n->flags & BUS_IS_REPLICA))
			continue;
		must(!(n->flags & BUS_IS_PRIMARY), "a node has one role");
		must(n->primary != i && (n->primary == VIEW_NOBODY ||
		    view_is_used(v, n->primary)), "a primary is a node");
	}
	must(v->vote_epoch <= v->epoch, "votes are for epochs that are known");
}

static void
check_message(const struct act *a)
{
	struct bus_packet p;
	unsigned at;

	must(bus_read(&p, a->data, a->bytes) == BUS_GOOD,
	    "what is sent can be read");
	must(p.header.epoch <= v->told.epoch, "epochs are durable");
	must(p.header.type != BUS_AUTH_ACK ||
	    p.header.epoch <= v->told.vote_epoch, "votes are durable");
	if (!bus_id_is_none(&p.header.primary))
		return;
	must(p.header.config_epoch <= v->told.config_epoch,
	    "a config epoch is durable");
	for (at = 0; at < BUS_SLOT_BYTES; at++)
		must((p.header.slots[at] & ~v->told.slots[at]) == 0,
		    "claims are durable");
}

static void
look(void)
{
	unsigned i;

	for (i = 0; i < acts.count; i++) {
		const struct act *a = &acts.list[i];

		if (a->kind == ACT_SEND || a->kind == ACT_SEND_ALL)
			check_message(a);
		if (a->generation != 0)
			owed[a->kind] = a->generation;
	}
	check_tables();
}

/* --- what happens ------------------------------------------------------ */

static void
happen(struct cluster_event *e)
{
	cluster_step(v, e, now_ms, &acts);
	look();
}

static void
answer(enum cluster_kind kind, enum act_kind to, uint64_t number)
{
	struct cluster_event e = { .kind = kind, .generation = owed[to],
	    .number = number };

	happen(&e);
}

/* A link that is being opened or is up, or a peer's own. */
static uint64_t
draw_wire(struct input *in)
{
	unsigned i = draw(in, NODES_MAX + PEERS);

	if (i >= NODES_MAX)
		return VIEW_INBOUND | (i - NODES_MAX + 1);
	return i > 0 && i < v->nodes ? v->node[i].link : VIEW_INBOUND | 9;
}

static void
put_gossip(struct input *in, struct bus_writer *w)
{
	struct bus_gossip g = { .id = draw_id(in), .ip = "10.0.0.2",
	    .port = (uint16_t)draw(in, 4), .flags = (uint16_t)(draw(in, 256) <<
	    draw(in, 4)) };

	g.cport = (uint16_t)draw(in, 4);
	if (!bus_id_is_none(&g.id))
		bus_put_gossip(w, &g);
}

static void
put_extension(struct input *in, struct bus_writer *w)
{
	struct bus_extension e = { .type = (uint16_t)draw(in, 4),
	    .text = SLICE("name"), .id = draw_id(in),
	    .ttl_s = draw(in, 256) };

	if (!bus_id_is_none(&e.id))
		bus_put_extension(w, &e);
}

static void
put_body(struct input *in, struct bus_writer *w, uint16_t type)
{
	uint8_t slots[BUS_SLOT_BYTES];
	struct bus_id id = draw_id(in);
	unsigned n;

	if (bus_id_is_none(&id))
		memset(id.text, 'm', BUS_ID);
	switch (type) {
	case BUS_PING:
	case BUS_PONG:
	case BUS_MEET:
		for (n = draw(in, 4); n > 0; n--)
			put_gossip(in, w);
		for (n = draw(in, 3); n > 0; n--)
			put_extension(in, w);
		break;
	case BUS_FAIL:
		bus_put_node(w, &id);
		break;
	case BUS_UPDATE:
		draw_slots(in, slots);
		bus_put_update(w, draw_epoch(in), &id, slots);
		break;
	case BUS_PUBLISH:
	case BUS_PUBLISHSHARD:
		bus_put_publish(w, SLICE("channel"), SLICE("message"));
		break;
	case BUS_OWN:
		/* A payload as it comes. */
		n = draw(in, 32);
		if (in->bytes < draw(in, BODY_MAX))
			break;
		bus_put_own(w, (uint16_t)n, (struct slice){
		    (const char *)in->data, in->bytes < BODY_MAX ? in->bytes :
		    BODY_MAX });
		break;
	default:
		break;
	}
}

static void
hear(struct input *in)
{
	static const uint16_t types[] = { BUS_PING, BUS_PONG, BUS_MEET,
		BUS_FAIL, BUS_PUBLISH, BUS_AUTH_REQUEST, BUS_AUTH_ACK,
		BUS_UPDATE, BUS_MFSTART, BUS_PUBLISHSHARD, BUS_OWN, BUS_OWN,
		BUS_PING, BUS_PONG };
	static uint8_t message[8 * BUS_HEADER];
	uint8_t slots[BUS_SLOT_BYTES];
	struct bus_header h = { .slots = slots, .port = 1, .cport = 10001 };
	struct cluster_event e = { .kind = CLUSTER_PACKET, .data = message,
	    .from_ip = "10.0.0.2", .own_ip = "10.0.0.1" };
	struct bus_writer w;

	h.type = types[draw(in, COUNT(types))];
	h.sender = draw_id(in);
	h.primary = draw_id(in);
	h.flags = (uint16_t)(draw(in, 256) << draw(in, 4));
	h.marks = (uint8_t)draw(in, 8);
	h.own = (uint8_t)(draw(in, 2) ? BUS_OWN_VERSION : 0);
	h.epoch = draw_epoch(in);
	h.config_epoch = draw_epoch(in);
	h.offset = draw_epoch(in);
	h.cport = (uint16_t)(10000 + draw(in, 3));
	draw_slots(in, slots);
	e.wire = draw_wire(in);
	if (bus_id_is_none(&h.sender))
		return;
	bus_begin(&w, message, sizeof(message), &h);
	put_body(in, &w, h.type);
	e.bytes = bus_end(&w);
	if (e.bytes > 0)
		happen(&e);
}

static void
order(struct input *in)
{
	struct bus_id id = draw_id(in);
	uint8_t slots[BUS_SLOT_BYTES];
	unsigned slot = draw(in, 8) * 2048, what = draw(in, 11);

	if (what == 10 && draw(in, 8) > 0)
		return;
	cluster_begin(v, now_ms, &acts);
	draw_slots(in, slots);
	switch (what) {
	case 0:
		(void)order_meet(v, "10.0.0.2", 1,
		    (uint16_t)(10000 + draw(in, 3)));
		break;
	case 1:
		(void)order_forget(v, &id, &acts);
		break;
	case 2:
		(void)order_add_slots(v, slots, &slot);
		break;
	case 3:
		(void)order_del_slots(v, slots, &slot);
		break;
	case 4:
		(void)order_replicate(v, &id, false, &acts);
		break;
	case 5:
		(void)order_slot_migrating(v, slot, &id);
		break;
	case 6:
		(void)order_slot_importing(v, slot, &id);
		break;
	case 7:
		(void)order_slot_node(v, slot, &id, false, &acts);
		break;
	case 8:
		(void)order_bump_epoch(v);
		break;
	case 9:
		hand_order(v, (enum failover_event[]){ FAILOVER_ON_ASK,
		    FAILOVER_ON_FORCE, FAILOVER_ON_TAKEOVER,
		    FAILOVER_ON_OFFER, FAILOVER_ON_ABORT }[draw(in, 5)],
		    VIEW_NOBODY, 0, 1 + draw(in, 4), &acts);
		break;
	default:
		(void)order_reset(v, draw(in, 2), false, &acts);
		break;
	}
	cluster_settle(v, &acts);
	look();
}

static void
something(struct input *in)
{
	struct cluster_event e = { .kind = CLUSTER_TICK };
	unsigned what = draw(in, 24);

	switch (what) {
	case 0:
	case 1:
		now_ms += draw(in, 250) * (what == 0 ? 1 : 100);
		happen(&e);
		break;
	case 2:
	case 3:
	case 4:
		e.kind = what == 2 ? CLUSTER_LINK_UP : what == 3 ?
		    CLUSTER_LINK_DOWN : CLUSTER_LINK_REFUSED;
		e.wire = draw_wire(in);
		e.is_closed = draw(in, 2);
		happen(&e);
		break;
	case 5:
	case 6:
	case 7:
	case 8:
		answer(what == 8 ? CLUSTER_SAVE_FAILED : CLUSTER_SAVED,
		    ACT_SAVE, 0);
		break;
	case 9:
		answer(CLUSTER_HELD, ACT_HOLD, draw_epoch(in));
		break;
	case 10:
		answer(draw(in, 2) ? CLUSTER_LOCKED : CLUSTER_LOCK_REFUSED,
		    ACT_LOCK, 0);
		break;
	case 11:
		answer(CLUSTER_LEVEL, ACT_AWAIT, 0);
		break;
	case 12:
		answer(CLUSTER_TURNED, ACT_TURN, 0);
		break;
	case 13:
		v->fact.is_link_up = draw(in, 2);
		v->fact.is_syncing = draw(in, 2);
		v->fact.offset = draw_epoch(in);
		e.kind = CLUSTER_FACTS;
		happen(&e);
		break;
	case 14:
	case 15:
		order(in);
		break;
	default:
		hear(in);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct input in = { data, bytes };
	struct bus_id me;

	now_ms = 1000;
	memset(owed, 0, sizeof(owed));
	memset(me.text, 'm', BUS_ID);
	v = view_begin(calloc(1, view_bytes(NODES_MAX)), NODES_MAX, &me, 7,
	    now_ms);
	v->config = (struct view_config){ .node_timeout_ms = 1000,
	    .ban_ms = 60000, .needs_full_coverage = true, .ip = "10.0.0.1",
	    .port = 7000, .cport = 17000, .may_migrate = true,
	    .migration_barrier = 1 };
	while (in.bytes > 0)
		something(&in);
	free(v);
	return 0;
}
