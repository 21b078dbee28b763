/*
 * unit_cluster - single decisions of the cluster's code
 *
 * One view is told things by messages that others would send; what it then
 * wants done, and what it says, is looked at.  The election's machine is proved
 * to be complete.
 *
 * Not here: whole clusters with faults (t/sim).
 */
#include <stdlib.h>

#include "cluster/book.h"
#include "cluster/cluster.h"
#include "cluster/fail.h"
#include "cluster/health.h"
#include "cluster/meet.h"
#include "cluster/migrate.h"
#include "cluster/order.h"
#include "cluster/vote.h"
#include "t/bus_seen.h"
#include "t/stage.h"
#include "t/unit.h"

#define WIRE (VIEW_INBOUND | 1)
#define TIMEOUT_MS 1000

static uint8_t no_slots[BUS_SLOT_BYTES], upper[BUS_SLOT_BYTES];
static uint64_t others_epoch;

/* A view of one node, m, as it is when its file is durable. */
static void
begin(void)
{
	others_epoch = 9;
	open_view(TIMEOUT_MS);
	v->config.needs_full_coverage = v->config.may_migrate = true;
	v->config.migration_barrier = 1;
	memset(upper + BUS_SLOT_BYTES / 2, 0xff, BUS_SLOT_BYTES / 2);
}

/* The message of that type which the last step sends. */
static bool
find_message(uint16_t type, struct bus_packet *p)
{
	unsigned i;

	for (i = 0; i < acts.count; i++)
		if (acts.list[i].data != NULL &&
		    bus_read(p, acts.list[i].data, acts.list[i].bytes) ==
		    BUS_GOOD && p->header.type == type)
			return true;
	return false;
}

static void
step(enum cluster_kind kind, uint64_t wire)
{
	happen((struct cluster_event){ .kind = kind, .wire = wire,
	    .generation = kind == CLUSTER_SAVED ? v->saving.generation : 0 });
}

static struct bus_header
header(uint16_t type, char from)
{
	struct bus_header h = { .type = type, .port = 7001, .cport = 17001,
	    .flags = BUS_IS_PRIMARY, .marks = BUS_MARK_EXTENSIONS,
	    .own = BUS_OWN_VERSION, .epoch = others_epoch,
	    .sender = id(from), .slots = no_slots };

	return h;
}

static void
hear(const struct bus_header *h, uint64_t wire, const struct bus_gossip *g,
    const struct bus_id *about)
{
	static uint8_t bytes[BUS_HEADER + 1024];
	struct bus_writer w;

	bus_begin(&w, bytes, sizeof(bytes), h);
	if (g != NULL)
		bus_put_gossip(&w, g);
	if (about != NULL)
		bus_put_node(&w, about);
	happen((struct cluster_event){ .kind = CLUSTER_PACKET, .wire = wire,
	    .data = bytes, .bytes = bus_end(&w) });
}

/* A node of the cluster, linked, with these slots under that epoch. */
static void
know(char c, uint64_t config_epoch, const uint8_t *slots)
{
	struct bus_header h = header(BUS_PONG, c);
	uint16_t n = meet(c);

	pass(1);
	ck_assert_int_eq(v->node[n].link_state, VIEW_LINK_OPENING);
	step(CLUSTER_LINK_UP, v->node[n].link);
	h.config_epoch = config_epoch;
	h.slots = slots;
	h.cport = (uint16_t)(17000 + c);
	memcpy(h.ip, "10.0.0.2", 9);
	hear(&h, v->node[n].link, NULL, NULL);
	ck_assert_int_eq(v->node[n].slot_count, slots == upper ? 8192 : 0);
	make_durable();
}

static void
gossip(char by, char about, uint16_t flags)
{
	struct bus_header h = header(BUS_PONG, by);
	struct bus_gossip g = { .id = id(about), .ip = "10.0.0.2",
	    .port = 7001, .cport = (uint16_t)(17000 + about),
	    .flags = flags };

	h.config_epoch = v->node[node(by)].config_epoch;
	h.slots = v->node[node(by)].slots;
	hear(&h, v->node[node(by)].link, &g, NULL);
}

static void
own_slots(void)
{
	uint8_t lower[BUS_SLOT_BYTES];
	unsigned slot, i;

	for (i = 0; i < BUS_SLOT_BYTES; i++)
		lower[i] = (uint8_t)~upper[i];
	cluster_begin(v, now_ms, &acts);
	ck_assert_int_eq(order_set_epoch(v, 3), ORDER_NONE);
	ck_assert_int_eq(order_add_slots(v, lower, &slot), ORDER_NONE);
	cluster_settle(v, &acts);
}

/* vote.def: every state can be reached, left, and has a way out. */
START_TEST(vote_is_complete)
{
	static const struct {
		const char *kind;
	} state[] = {
#define STATE(name, kind, words) { #kind },
#include "cluster/vote.def"
	}, event[] = {
#define EVENT(name, kind, words) { #kind },
#include "cluster/vote.def"
	};
	int s, e, from;

	for (s = 0; s < VOTE_STATES; s++) {
		bool in = strcmp(state[s].kind, "REST") == 0, out = false,
		    sure = in;

		for (e = 0; e < VOTE_EVENTS; e++) {
			struct vote_row row = vote_row(s, e);

			ck_assert(row.to >= 0 ||
			    strcmp(event[e].kind, "ALWAYS") != 0);
			out |= row.to >= 0 && row.to != s;
			sure |= row.to >= 0 &&
			    strcmp(event[e].kind, "SURE") == 0;
			for (from = 0; from < VOTE_STATES; from++)
				in |= from != s && vote_row(from, e).to == s;
		}
		ck_assert(in && out && sure);
	}
}
END_TEST

START_TEST(tells_what_is_durable)
{
	struct bus_header h = header(BUS_PING, 'a');
	struct bus_packet p;

	begin();
	own_slots();
	ck_assert_ptr_nonnull(act_of(ACT_SAVE));
	ck_assert(!view_may_serve(v, 0));
	hear(&h, WIRE, NULL, NULL);
	ck_assert(find_message(BUS_PONG, &p));
	ck_assert_uint_eq(p.header.epoch, 0);
	ck_assert(!bus_has_slot(p.header.slots, 0));
	step(CLUSTER_SAVED, 0);
	ck_assert(view_may_serve(v, 0));
	hear(&h, WIRE, NULL, NULL);
	ck_assert(find_message(BUS_PONG, &p));
	ck_assert_uint_eq(p.header.epoch, 3);
	ck_assert_uint_eq(p.header.config_epoch, 3);
	ck_assert(bus_has_slot(p.header.slots, 0));
}
END_TEST

START_TEST(saves_again)
{
	struct cluster_event e = { .kind = CLUSTER_SAVE_FAILED };

	begin();
	own_slots();
	e.generation = v->saving.generation;
	happen(e);
	ck_assert_ptr_null(act_of(ACT_SAVE));
	ck_assert_uint_eq(v->told.generation, 0);
	now_ms = v->due_ms;
	pass(1000);
	ck_assert_ptr_nonnull(act_of(ACT_SAVE));
	make_durable();
	ck_assert_uint_gt(v->told.generation, 1);
}
END_TEST

/* A redis-server's MEET, as it was caught, and what follows it. */
/* What the file does not surely say is not claimed, and not served. */
START_TEST(a_failure_leaves_two_versions)
{
	uint8_t first[BUS_SLOT_BYTES] = { 1 };
	struct cluster_event e = { .kind = CLUSTER_SAVE_FAILED };
	unsigned slot, i;

	begin();
	own_slots();
	for (i = 0; i < 2; i++) {
		pass(1000);
		make_durable();
		cluster_begin(v, now_ms, &acts);
		ck_assert_int_eq(order_del_slots(v, first, &slot), ORDER_NONE);
		cluster_settle(v, &acts);
		e.generation = v->saving.generation;
		e.is_unwritten = i == 0;
		happen(e);
		cluster_begin(v, now_ms, &acts);
		ck_assert_int_eq(order_add_slots(v, first, &slot), ORDER_NONE);
		cluster_settle(v, &acts);
		ck_assert_int_eq(view_may_serve(v, 0), i == 0);
		pass(1000);
		make_durable();
		ck_assert(view_may_serve(v, 0));
	}
}
END_TEST

START_TEST(meets_redis)
{
	uint8_t bytes[4096];
	struct cluster_event e = { .kind = CLUSTER_PACKET, .wire = WIRE,
	    .data = bytes };
	struct bus_packet p;
	uint16_t n;

	begin();
	e.bytes = seen_bytes(seen_meet, bytes, sizeof(bytes));
	happen(e);
	ck_assert(find_message(BUS_PONG, &p));
	ck_assert_uint_eq(v->count, 2);
	ck_assert_int_eq(v->node[1].flags, BUS_IS_HANDSHAKE);
	ck_assert_int_eq(v->node[1].cport, 26100);
	pass(1);
	step(CLUSTER_LINK_UP, v->node[1].link);
	ck_assert(find_message(BUS_PING, &p));
	e.wire = v->node[1].link;
	e.bytes = seen_bytes(seen_pong, bytes, sizeof(bytes));
	happen(e);
	bus_id_get(SLICE("7d027d5b42a5e4c3a4760a548444052d243de840"),
	    &p.id);
	n = view_find(v, &p.id);
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(v->node[n].slot_count, 5001);
	ck_assert_str_eq(v->node[n].hostname, "host0.example");
	ck_assert_int_eq(v->node[n].own, 0);
	/* and of whom both messages told */
	ck_assert_uint_ge(v->count, 3);
	/* Nobody is told of one that a kill would make us forget. */
	ck_assert(!view_is_kept(v, n));
	make_durable();
	pass(1000);
	make_durable();
	ck_assert(view_is_kept(v, n) && view_is_kept(v, 2));
}
END_TEST

START_TEST(handshake_ends)
{
	begin();
	cluster_begin(v, now_ms, &acts);
	ck_assert_int_eq(order_meet(v, "10.0.0.5", 7005, 17005), ORDER_NONE);
	ck_assert_int_eq(order_meet(v, "10.0.0.5", 7005, 17005), ORDER_NONE);
	cluster_settle(v, &acts);
	ck_assert_uint_eq(v->count, 2);
	pass(4 * TIMEOUT_MS - 1);
	ck_assert_uint_eq(v->count, 2);
	pass(2);
	ck_assert_uint_eq(v->count, 1);
}
END_TEST

/* Who was to be met may have forgotten us, until its own connection lasts. */
START_TEST(meets_until_it_is_known)
{
	struct bus_header pong = header(BUS_PONG, 'a'),
	    ping = header(BUS_PING, 'a');
	struct bus_packet p;
	int64_t knocked_ms;
	uint64_t link;

	begin();
	cluster_begin(v, now_ms, &acts);
	ck_assert_int_eq(order_meet(v, "10.0.0.9", 7001, 17001), ORDER_NONE);
	cluster_settle(v, &acts);
	pass(1);
	link = v->node[1].link;
	step(CLUSTER_LINK_UP, link);
	ck_assert(find_message(BUS_MEET, &p));
	hear(&pong, link, NULL, NULL);
	ck_assert_int_eq(v->node[1].flags, BUS_IS_PRIMARY);
	pass(TIMEOUT_MS / 2 + 1);
	ck_assert(find_message(BUS_MEET, &p));
	hear(&pong, link, NULL, NULL);
	/* It knocks, gives up, knocks again, and stays. */
	hear(&ping, WIRE, NULL, NULL);
	pass(TIMEOUT_MS / 2 + 1);
	hear(&ping, WIRE, NULL, NULL);
	hear(&pong, link, NULL, NULL);
	ck_assert(v->node[1].is_unmet);
	step(CLUSTER_LINK_DOWN, WIRE);
	for (knocked_ms = now_ms; now_ms - knocked_ms <= TIMEOUT_MS;) {
		hear(&ping, WIRE + 1, NULL, NULL);
		pass(TIMEOUT_MS / 2 + 1);
		ck_assert(find_message(BUS_MEET, &p));
		hear(&pong, link, NULL, NULL);
	}
	hear(&ping, WIRE + 1, NULL, NULL);
	pass(TIMEOUT_MS / 2 + 1);
	ck_assert(!find_message(BUS_MEET, &p));
	ck_assert(find_message(BUS_PING, &p));
}
END_TEST

START_TEST(majority_makes_fail)
{
	struct bus_packet p;

	begin();
	own_slots();
	know('a', 5, upper);
	know('b', 6, no_slots);
	/* b does not vote: its word counts for nothing */
	know('x', 0, no_slots);
	v->node[node('x')].flags |= BUS_IS_PFAIL;
	gossip('b', 'x', BUS_IS_PFAIL);
	ck_assert_uint_eq(fail_reports(v, node('x')), 0);
	ck_assert(view_has(v, node('x'), BUS_IS_PFAIL));
	gossip('a', 'x', BUS_IS_PFAIL | BUS_IS_PRIMARY);
	ck_assert_uint_eq(fail_reports(v, node('x')), 1);
	ck_assert(view_has(v, node('x'), BUS_IS_FAIL));
	/* The step that learned it was a turn as well. */
	if (!find_message(BUS_FAIL, &p))
		pass(1);
	ck_assert(find_message(BUS_FAIL, &p));
	ck_assert_int_eq(p.id.text[0], 'x');
	gossip('a', 'x', BUS_IS_PRIMARY);
	ck_assert_uint_eq(fail_reports(v, node('x')), 0);
}
END_TEST

/* At once when nobody could take its slots, else after an election's time. */
START_TEST(who_is_back_is_well)
{
	struct bus_id r = id('r');
	struct bus_header h;
	uint16_t a, i;

	begin();
	v->config.node_timeout_ms = 15 * TIMEOUT_MS;
	own_slots();
	know('a', 5, upper);
	know('b', 6, no_slots);
	a = node('a');
	h = header(BUS_PONG, 'a');
	h.slots = upper;
	h.config_epoch = 5;
	v->node[a].flags |= BUS_IS_FAIL;
	v->node[a].fail_ms = now_ms;
	hear(&h, v->node[a].link, NULL, NULL);
	ck_assert(!view_has(v, a, BUS_IS_FAIL));
	i = view_add(v, &r, BUS_IS_REPLICA);
	view_set_replica(v, i, a);
	v->node[a].flags |= BUS_IS_FAIL;
	v->node[a].fail_ms = now_ms;
	hear(&h, v->node[a].link, NULL, NULL);
	ck_assert(view_has(v, a, BUS_IS_FAIL));
	now_ms += 2000;
	hear(&h, v->node[a].link, NULL, NULL);
	ck_assert(view_has(v, a, BUS_IS_FAIL));
	now_ms++;
	hear(&h, v->node[a].link, NULL, NULL);
	ck_assert(!view_has(v, a, BUS_IS_FAIL));
}
END_TEST

START_TEST(reports_expire)
{
	begin();
	own_slots();
	know('a', 5, upper);
	know('x', 0, no_slots);
	gossip('a', 'x', BUS_IS_PFAIL);
	ck_assert_uint_eq(fail_reports(v, node('x')), 1);
	v->now_ms += 2 * TIMEOUT_MS;
	ck_assert_uint_eq(fail_reports(v, node('x')), 1);
	v->now_ms++;
	ck_assert_uint_eq(fail_reports(v, node('x')), 0);
}
END_TEST

START_TEST(silence_and_refusal_are_suspect)
{
	uint16_t a, b;

	begin();
	own_slots();
	know('a', 5, upper);
	know('b', 6, no_slots);
	know('c', 7, no_slots);
	a = node('a');
	b = node('b');
	ck_assert(v->node[a].link_state == VIEW_LINK_UP);
	step(CLUSTER_LINK_DOWN, v->node[b].link);
	for (now_ms++; !view_has(v, b, BUS_IS_PFAIL); now_ms += 10) {
		ck_assert_int_lt(now_ms, 1500);
		step(CLUSTER_TICK, 0);
		if (v->node[b].link_state == VIEW_LINK_OPENING)
			step(CLUSTER_LINK_REFUSED, v->node[b].link);
	}
	ck_assert(!view_has(v, a, BUS_IS_PFAIL));
	for (; !view_has(v, a, BUS_IS_PFAIL); now_ms += 10) {
		ck_assert_int_lt(now_ms, 5000);
		step(CLUSTER_TICK, 0);
	}
	ck_assert_int_gt(now_ms, 1000 + TIMEOUT_MS);
}
END_TEST

START_TEST(claims_go_by_epoch)
{
	struct bus_header h;
	struct bus_packet p;
	uint8_t all[BUS_SLOT_BYTES];

	begin();
	own_slots();
	make_durable();
	know('a', 5, upper);
	memset(all, 0xff, sizeof(all));
	h = header(BUS_PONG, 'a');
	h.slots = all;
	h.config_epoch = 2;      /* ours is 3 */
	hear(&h, v->node[node('a')].link, NULL, NULL);
	ck_assert_int_eq(v->owner[0], VIEW_SELF);
	ck_assert(find_message(BUS_UPDATE, &p));
	ck_assert_int_eq(p.id.text[0], 'm');
	ck_assert_uint_eq(p.config_epoch, 3);
	h.config_epoch = 6;
	h.slots = all;
	others_epoch = 10;
	hear(&h, v->node[node('a')].link, NULL, NULL);
	ck_assert_int_eq(v->owner[0], node('a'));
	/* We have lost all of them to one who has more: we follow it. */
	ck_assert_ptr_nonnull(act_of(ACT_FOLLOW));
	ck_assert(view_has(v, VIEW_SELF, BUS_IS_REPLICA));
	ck_assert_int_eq(v->node[VIEW_SELF].primary, node('a'));
}
END_TEST

/* Two say the same epoch, and the one that dies leaves its slots. */
START_TEST(claims_of_the_dead_end)
{
	uint16_t a, b;
	struct bus_header h;

	begin();
	make_durable();
	know('a', 5, upper);
	know('b', 5, no_slots);
	a = node('a');
	b = node('b');
	h = header(BUS_PONG, 'b');
	h.slots = upper;
	h.config_epoch = 5;
	hear(&h, v->node[b].link, NULL, NULL);
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 1], a);
	v->node[a].flags |= BUS_IS_FAIL;
	hear(&h, v->node[b].link, NULL, NULL);
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 1], b);
}
END_TEST

/*
 * One of its slots went elsewhere, and then it took a later epoch, of which
 * alone we know.  Who replaces it does not claim that slot.
 */
START_TEST(claims_of_the_replaced_end)
{
	uint8_t rest[BUS_SLOT_BYTES], last[BUS_SLOT_BYTES] = { 0 };
	struct bus_header h;

	begin();
	make_durable();
	know('a', 8, upper);
	know('b', 7, no_slots);
	know('r', 2, no_slots);
	last[BUS_SLOT_BYTES - 1] = 0x80;
	memcpy(rest, upper, sizeof(rest));
	rest[BUS_SLOT_BYTES - 1] = 0x7f;
	h = header(BUS_PONG, 'b');
	h.slots = last;
	h.config_epoch = 7;
	hear(&h, v->node[node('b')].link, NULL, NULL);
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 1], node('a'));
	v->node[node('a')].shard = v->node[node('r')].shard = id('s');
	h = header(BUS_PONG, 'r');
	h.slots = rest;
	h.config_epoch = h.epoch = others_epoch = 9;
	hear(&h, v->node[node('r')].link, NULL, NULL);
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 2], node('r'));
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 1], node('a'));
	h = header(BUS_PONG, 'b');
	h.slots = last;
	h.config_epoch = 7;
	hear(&h, v->node[node('b')].link, NULL, NULL);
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 1], node('b'));
}
END_TEST

START_TEST(the_nameless_are_no_shard)
{
	struct bus_header h;
	uint8_t rest[BUS_SLOT_BYTES];
	const struct bus_id none = { 0 };

	begin();
	make_durable();
	know('a', 8, upper);
	know('r', 2, no_slots);
	v->node[node('a')].shard = v->node[node('r')].shard = none;
	memcpy(rest, upper, sizeof(rest));
	rest[BUS_SLOT_BYTES - 1] = 0x7f;
	h = header(BUS_PONG, 'r');
	h.slots = rest;
	h.config_epoch = h.epoch = others_epoch = 9;
	hear(&h, v->node[node('r')].link, NULL, NULL);
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 2], node('r'));
	ck_assert(!bus_has_slot(v->doubt, KEYSLOT_COUNT - 1));
}
END_TEST

/* Also when it is forgotten that the slot was on its way. */
START_TEST(what_is_taken_needs_an_epoch)
{
	struct bus_id me = id('m');

	begin();
	own_slots();
	make_durable();
	know('a', 9, upper);
	cluster_begin(v, now_ms, &acts);
	ck_assert_int_eq(order_slot_node(v, 16383, &me, false, &acts),
	    ORDER_NONE);
	cluster_settle(v, &acts);
	ck_assert_uint_gt(v->node[VIEW_SELF].config_epoch, 9);
}
END_TEST

START_TEST(what_was_given_stays)
{
	struct bus_id a = id('a'), me = id('m');
	struct bus_header h;

	begin();
	own_slots();
	make_durable();
	know('a', 2, upper);
	cluster_begin(v, now_ms, &acts);
	ck_assert_int_eq(order_slot_importing(v, 16383, &a), ORDER_NONE);
	ck_assert_int_eq(order_slot_node(v, 16383, &me, false, &acts),
	    ORDER_NONE);
	cluster_settle(v, &acts);
	make_durable();
	/* The giver has taken an epoch meanwhile, and no order yet. */
	h = header(BUS_PONG, 'a');
	h.slots = upper;
	h.config_epoch = others_epoch = v->node[VIEW_SELF].config_epoch + 7;
	h.epoch = others_epoch;
	hear(&h, v->node[node('a')].link, NULL, NULL);
	ck_assert_int_eq(v->owner[16383], VIEW_SELF);
	ck_assert_uint_gt(v->node[VIEW_SELF].config_epoch, others_epoch);
	make_durable();
	/* Long after, it is a claim like any other. */
	now_ms += TIMEOUT_MS;
	h.config_epoch = others_epoch = v->node[VIEW_SELF].config_epoch + 1;
	h.epoch = others_epoch;
	hear(&h, v->node[node('a')].link, NULL, NULL);
	ck_assert_int_eq(v->owner[16383], node('a'));
}
END_TEST

START_TEST(late_words_are_not_believed)
{
	struct bus_header h = header(BUS_PONG, 'a');

	begin();
	own_slots();
	know('a', 5, upper);
	know('b', 6, no_slots);
	h.epoch = others_epoch - 1;
	h.primary = id('b');
	h.flags = BUS_IS_REPLICA;
	hear(&h, v->node[node('a')].link, NULL, NULL);
	ck_assert(view_has(v, node('a'), BUS_IS_PRIMARY));
	ck_assert_int_eq(v->node[node('a')].slot_count, 8192);
	h.epoch = others_epoch;
	hear(&h, v->node[node('a')].link, NULL, NULL);
	ck_assert(view_has(v, node('a'), BUS_IS_REPLICA));
	ck_assert_int_eq(v->node[node('a')].slot_count, 0);
}
END_TEST

/*
 * What a node said before its role changed comes on another connection, after
 * what it says since.
 */
START_TEST(two_connections_are_in_no_order)
{
	struct bus_header claim, before, follows;
	uint8_t lower[BUS_SLOT_BYTES];
	unsigned i;
	uint64_t wire;

	begin();
	own_slots();
	make_durable();
	know('b', 2, upper);
	know('a', 1, no_slots);
	wire = v->node[node('a')].link;
	for (i = 0; i < BUS_SLOT_BYTES; i++)
		lower[i] = (uint8_t)~upper[i];
	before = header(BUS_PONG, 'a');
	before.primary = id('m');
	before.flags = BUS_IS_REPLICA;
	before.config_epoch = 3;
	before.slots = v->node[VIEW_SELF].slots;
	hear(&before, wire, NULL, NULL);
	pass(TIMEOUT_MS);
	hear(&before, wire, NULL, NULL);
	ck_assert(v->is_ok && view_has(v, node('a'), BUS_IS_REPLICA));
	claim = header(BUS_PONG, 'a');
	claim.config_epoch = others_epoch;
	claim.slots = lower;
	hear(&claim, WIRE, NULL, NULL);
	ck_assert_int_eq(v->owner[0], node('a'));
	before.slots = no_slots;
	hear(&before, wire, NULL, NULL);
	ck_assert_int_eq(v->owner[0], node('a'));
	ck_assert(v->is_ok && view_has(v, node('a'), BUS_IS_PRIMARY));
	/* It gives the role away, and a word of the owner comes late. */
	follows = header(BUS_PONG, 'a');
	follows.primary = id('b');
	follows.flags = BUS_IS_REPLICA;
	follows.config_epoch = others_epoch + 1;
	follows.slots = lower;
	hear(&follows, wire, NULL, NULL);
	ck_assert_int_eq(v->owner[0], node('b'));
	hear(&claim, WIRE, NULL, NULL);
	ck_assert(view_has(v, node('a'), BUS_IS_REPLICA));
	/* What it says for longer is how it is. */
	pass(TIMEOUT_MS);
	hear(&claim, WIRE, NULL, NULL);
	ck_assert(view_has(v, node('a'), BUS_IS_PRIMARY));
}
END_TEST

START_TEST(epochs_collide)
{
	begin();
	own_slots();
	know('a', 3, upper);     /* a < m: it has to move, not we */
	ck_assert_uint_eq(v->node[VIEW_SELF].config_epoch, 3);
	know('z', 3, no_slots);
	ck_assert_uint_gt(v->node[VIEW_SELF].config_epoch, 3);
	ck_assert_uint_eq(v->node[VIEW_SELF].config_epoch, v->told.epoch);
}
END_TEST

/* A replica r of x asks for our vote. */
static void
ask(uint64_t epoch, uint8_t marks, uint64_t config_epoch)
{
	struct bus_header h = header(BUS_AUTH_REQUEST, 'r');

	h.epoch = epoch;
	h.primary = id('x');
	h.flags = BUS_IS_REPLICA;
	h.marks |= marks;
	h.config_epoch = config_epoch;
	h.slots = upper;
	hear(&h, WIRE, NULL, NULL);
}

static void
know_shard(void)
{
	begin();
	own_slots();
	know('x', 5, upper);
	know('r', 0, no_slots);
	view_set_replica(v, node('r'), node('x'));
	make_durable();
	step(CLUSTER_TICK, 0);
	make_durable();
}

static bool
is_denied(enum vote_verdict why)
{
	struct bus_packet p;

	return find_message(BUS_OWN, &p) && p.kind == SPEAK_DENIED &&
	    p.payload.data[8] == (char)why;
}

START_TEST(votes_once_and_durably)
{
	struct bus_packet p;

	know_shard();
	ask(20, 0, 5);
	ck_assert(is_denied(VOTE_ALIVE));
	v->node[node('x')].flags |= BUS_IS_FAIL;
	make_durable();
	ask(20, 0, 5);
	ck_assert(!find_message(BUS_AUTH_ACK, &p));
	ck_assert_uint_eq(v->vote_epoch, 20);
	while (!find_message(BUS_AUTH_ACK, &p)) {
		ck_assert_uint_ne(v->saving.generation, 0);
		step(CLUSTER_SAVED, 0);
	}
	ck_assert_uint_eq(p.header.epoch, 20);
	ck_assert_uint_eq(v->told.vote_epoch, 20);
	ask(20, 0, 5);
	ck_assert(is_denied(VOTE_VOTED));
	ask(19, 0, 5);
	ck_assert(is_denied(VOTE_OLD_EPOCH));
	ask(21, 0, 4);
	ck_assert(is_denied(VOTE_OUTBID));
	ck_assert(find_message(BUS_UPDATE, &p));
	ck_assert_uint_eq(p.config_epoch, 5);
	v->node[node('x')].voted_for = id('s');
	ask(22, 0, 5);
	ck_assert(is_denied(VOTE_RECENT));
	ask(23, BUS_MARK_FORCE_ACK, 5);
	ck_assert_uint_eq(v->vote_epoch, 23);
}
END_TEST

/* x took a slot from o, and died when only its replica and o knew. */
START_TEST(an_owner_that_does_not_claim_outbids_nobody)
{
	uint8_t last[BUS_SLOT_BYTES] = { [BUS_SLOT_BYTES - 1] = 0x80 };
	struct bus_header h = header(BUS_PONG, 'o');

	know_shard();
	know('o', 0, no_slots);
	h.config_epoch = h.epoch = others_epoch = 9;
	h.slots = last;
	hear(&h, v->node[node('o')].link, NULL, NULL);
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 1], node('o'));
	v->node[node('x')].flags |= BUS_IS_FAIL;
	make_durable();
	ask(20, 0, 5);
	ck_assert(is_denied(VOTE_OUTBID));
	h.slots = no_slots;
	hear(&h, v->node[node('o')].link, NULL, NULL);
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 1], node('o'));
	ask(21, 0, 5);
	ck_assert_uint_eq(v->vote_epoch, 21);
}
END_TEST

START_TEST(stands_when_elected)
{
	struct bus_packet p;
	struct bus_header h;
	int rounds = 0;

	begin();
	make_durable();
	know('a', 4, no_slots);
	know('x', 5, upper);
	v->config.needs_full_coverage = false;
	view_follow(v, node('x'), &acts);
	for (unsigned slot = 0; slot < 8192; slot++)
		view_give_slot(v, slot, node('a'));
	step(CLUSTER_TICK, 0);
	make_durable();
	/* It answers, and we have its stream. */
	v->node[node('x')].flags |= BUS_IS_FAIL;
	pass(10);
	ck_assert_int_eq(v->vote.hindrance, VOTE_NOT_NEEDED);
	v->node[node('x')].fail_ms = now_ms;
	v->fact.is_ending = true;
	pass(10);
	ck_assert_int_eq(v->vote.hindrance, VOTE_ENDING);
	v->fact.is_ending = false;
	do {
		pass(10);
		make_durable();
	} while (v->vote.state != VOTE_ASK && rounds++ < 100);
	ck_assert_int_eq(v->vote.state, VOTE_ASK);
	ck_assert_uint_ge(v->told.epoch, v->vote.epoch);
	h = header(BUS_AUTH_ACK, 'a');
	h.epoch = v->vote.epoch + 1;
	hear(&h, WIRE, NULL, NULL);
	ck_assert_uint_eq(v->vote.won, 0);
	h.epoch = v->vote.epoch;
	hear(&h, WIRE, NULL, NULL);
	/* Two voters, one of them dead: one vote is no majority. */
	ck_assert_uint_eq(v->vote.won, 0);
	for (unsigned slot = 0; slot < 8192; slot++)
		view_give_slot(v, slot, node('x'));
	view_give_slot(v, 0, node('a'));
	view_give_slot(v, 1, VIEW_NOBODY);
	know('b', 6, no_slots);
	view_give_slot(v, 1, node('b'));
	v->vote.state = VOTE_ASK;
	h = header(BUS_AUTH_ACK, 'b');
	h.epoch = v->vote.epoch;
	hear(&h, WIRE, NULL, NULL);
	ck_assert_uint_eq(v->vote.won, 1);
	ck_assert(view_has(v, VIEW_SELF, BUS_IS_PRIMARY));
	ck_assert_int_eq(v->owner[16383], VIEW_SELF);
	ck_assert(!view_may_serve(v, 16383));
	make_durable();
	ck_assert(view_may_serve(v, 16383));
	ck_assert_int_eq(v->vote.state, VOTE_REST);
	pass(100);
	ck_assert(find_message(BUS_PONG, &p) || v->broadcast_ms == 0);
}
END_TEST

START_TEST(forgotten_stay_away)
{
	struct bus_id i = id('a');

	begin();
	own_slots();
	know('a', 5, no_slots);
	know('b', 6, upper);
	cluster_begin(v, now_ms, &acts);
	ck_assert_int_eq(order_forget(v, &v->node[VIEW_SELF].id, &acts),
	    ORDER_MYSELF);
	ck_assert_int_eq(order_forget(v, &i, &acts), ORDER_NONE);
	cluster_settle(v, &acts);
	ck_assert_ptr_nonnull(act_of(ACT_CLOSE));
	gossip('b', 'a', BUS_IS_PRIMARY);
	ck_assert_int_eq(node('a'), VIEW_NOBODY);
	now_ms += 60001;
	gossip('b', 'a', BUS_IS_PRIMARY);
	ck_assert_int_ne(node('a'), VIEW_NOBODY);
}
END_TEST

START_TEST(orders_are_refused)
{
	struct bus_id a = id('a'), x = id('x'), me = id('m');
	uint8_t one[BUS_SLOT_BYTES] = { 1 };
	unsigned slot = 99;

	know_shard();
	cluster_begin(v, now_ms, &acts);
	ck_assert_int_eq(order_add_slots(v, one, &slot), ORDER_BUSY);
	ck_assert_uint_eq(slot, 0);
	ck_assert_int_eq(order_del_slots(v, one, &slot), ORDER_NONE);
	ck_assert_int_eq(order_del_slots(v, one, &slot), ORDER_UNASSIGNED);
	ck_assert_int_eq(order_set_epoch(v, 1), ORDER_NOT_ALONE);
	ck_assert_int_eq(order_replicate(v, &a, false, &acts), ORDER_UNKNOWN);
	ck_assert_int_eq(order_replicate(v, &me, false, &acts),
	    ORDER_REPLICATE_MYSELF);
	ck_assert_int_eq(order_replicate(v, &x, false, &acts),
	    ORDER_NOT_EMPTY);
	ck_assert_int_eq(order_slot_migrating(v, 16383, &x),
	    ORDER_NOT_OWNER);
	ck_assert_int_eq(order_slot_migrating(v, 5, &a), ORDER_NOT_KNOWN);
	ck_assert_int_eq(order_slot_importing(v, 5, &x), ORDER_OWNER);
	ck_assert_int_eq(order_slot_node(v, 5, &x, true, &acts),
	    ORDER_HAS_KEYS);
	ck_assert_int_eq(order_slot_importing(v, 16383, &x), ORDER_NONE);
	ck_assert_int_eq(order_slot_node(v, 16383, &me, false, &acts),
	    ORDER_NONE);
	ck_assert_uint_gt(v->node[VIEW_SELF].config_epoch, 5);
	ck_assert_int_eq(order_reset(v, true, true, &acts),
	    ORDER_RESET_KEYS);
	ck_assert_int_eq(order_reset(v, true, false, &acts), ORDER_NONE);
	ck_assert_uint_eq(v->count, 1);
	ck_assert_int_eq(node('m'), VIEW_NOBODY);
	cluster_settle(v, &acts);
}
END_TEST

static bool
is_ok_at(int64_t at_ms)
{
	v->now_ms = at_ms;
	health_look(v, &acts);
	return v->is_ok;
}

START_TEST(who_is_to_follow_is_waited_for)
{
	int64_t at_ms;
	struct view_node *x;

	know_shard();
	know('y', 6, no_slots);
	view_give_slot(v, 0, node('y'));
	at_ms = v->now_ms + TIMEOUT_MS;
	ck_assert(is_ok_at(at_ms));
	x = &v->node[node('x')];
	x->flags |= BUS_IS_FAIL;
	x->fail_ms = at_ms;
	ck_assert(is_ok_at(at_ms));
	ck_assert(is_ok_at(at_ms + TIMEOUT_MS - 1));
	v->node[node('r')].flags |= BUS_IS_PFAIL;
	ck_assert(!is_ok_at(at_ms + TIMEOUT_MS - 1));
	v->node[node('r')].flags &= (uint16_t)~BUS_IS_PFAIL;
	ck_assert(is_ok_at(at_ms + TIMEOUT_MS - 1));
	ck_assert(!is_ok_at(at_ms + TIMEOUT_MS));
}
END_TEST

/*
 * We and `other` follow a; b, which has slots, has lost its only replica.
 * Whether we are with it after so long.
 */
static bool
goes_after(int64_t ms, char other, const struct view_config *how)
{
	struct bus_id i = id(other);
	bool goes;

	begin();
	know('a', 4, upper);
	know('b', 5, no_slots);
	view_give_slot(v, 0, node('b'));
	v->node[node('b')].had_replicas = true;
	view_set_replica(v, view_add(v, &i, BUS_IS_REPLICA), node('a'));
	view_set_replica(v, VIEW_SELF, node('a'));
	v->config.may_migrate = how->may_migrate;
	v->config.migration_barrier = how->migration_barrier;
	v->is_ok = true;
	for (; ms > 0; ms -= 500) {
		act_begin(&acts);
		migrate_look(v, &acts);
		v->now_ms += 500;
	}
	goes = v->node[VIEW_SELF].primary == node('b');
	drop();
	return goes;
}

START_TEST(replicas_migrate)
{
	static const struct view_config yes = { .may_migrate = true,
	    .migration_barrier = 1 }, no = { .migration_barrier = 1 },
	    high = { .may_migrate = true, .migration_barrier = 2 };

	ck_assert(goes_after(8000, 'z', &yes));
	ck_assert(!goes_after(4000, 'z', &yes));
	/* It is the turn of the smallest id. */
	ck_assert(!goes_after(60000, 'c', &yes));
	ck_assert(!goes_after(60000, 'z', &no));
	/* a would keep only one. */
	ck_assert(!goes_after(60000, 'z', &high));
	begin();
}
END_TEST

START_TEST(book_keeps_it)
{
	struct view *before;
	struct nodes_conf f;
	struct bus_id me = id('m');
	char *file;
	size_t bytes;

	know_shard();
	v->moves_to[5] = node('x');
	v->is_dirty = true;
	step(CLUSTER_TICK, 0);
	file = malloc(book_room(v));
	bytes = book_write(v, file, book_room(v));
	before = v;
	ck_assert_int_eq(nodes_conf_read(&f, (struct slice){ file, bytes }),
	    NODES_CONF_GOOD);
	v = view_begin(calloc(1, view_bytes(NODES_MAX)), NODES_MAX, &me, 8,
	    now_ms);
	ck_assert(book_read(v, &f));
	ck_assert_uint_eq(v->count, 3);
	ck_assert_uint_eq(v->epoch, before->saving.epoch);
	ck_assert_uint_eq(v->told.generation, before->saving.generation);
	ck_assert_int_eq(v->node[VIEW_SELF].slot_count, 8192);
	ck_assert_int_eq(v->node[node('x')].slot_count, 8192);
	ck_assert_int_eq(v->node[node('r')].primary, node('x'));
	ck_assert_int_eq(v->moves_to[5], node('x'));
	ck_assert(view_may_serve(v, 0));
	/* It has to hear from the others before it serves. */
	step(CLUSTER_FACTS, 0);
	ck_assert(!v->is_ok);
	free(before);
	free(file);
}
END_TEST

/* A replica that had all of nothing has its data, whoever is heard first. */
START_TEST(replicas_of_nothing_are_filled)
{
	struct bus_header x = header(BUS_PING, 'x'), r = header(BUS_PING, 'r');

	know_shard();
	x.slots = r.slots = upper;
	x.config_epoch = r.config_epoch = 5;
	x.offset = r.offset = 0;
	r.flags = BUS_IS_REPLICA;
	r.primary = id('x');
	hear(&x, WIRE, NULL, NULL);
	hear(&r, WIRE, NULL, NULL);
	ck_assert(view_is_filled(v, node('r')));
	x.offset = 70;
	hear(&x, WIRE, NULL, NULL);
	hear(&r, WIRE, NULL, NULL);
	ck_assert(view_is_filled(v, node('r')));
	r.offset = 70;
	hear(&r, WIRE, NULL, NULL);
	ck_assert(view_is_filled(v, node('r')));
	/* It is back, and has nothing of what there is. */
	r.offset = 0;
	hear(&r, WIRE, NULL, NULL);
	ck_assert(!view_is_filled(v, node('r')));
	ck_assert(act_of(ACT_PUBLISH) != NULL);
	/* The same of one that never had any, told of after a cut. */
	x.offset = 0;
	hear(&x, WIRE, NULL, NULL);
	hear(&r, WIRE, NULL, NULL);
	ck_assert(view_is_filled(v, node('r')));
	x.offset = 70;
	hear(&x, WIRE, NULL, NULL);
	step(CLUSTER_LINK_DOWN, v->node[node('r')].link);
	hear(&r, WIRE, NULL, NULL);
	ck_assert(!view_is_filled(v, node('r')));
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("cluster");
	TCase *t = tcase_create("cluster");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, NULL, drop);
	tcase_add_test(t, vote_is_complete);
	tcase_add_test(t, tells_what_is_durable);
	tcase_add_test(t, saves_again);
	tcase_add_test(t, a_failure_leaves_two_versions);
	tcase_add_test(t, meets_redis);
	tcase_add_test(t, handshake_ends);
	tcase_add_test(t, meets_until_it_is_known);
	tcase_add_test(t, majority_makes_fail);
	tcase_add_test(t, who_is_back_is_well);
	tcase_add_test(t, reports_expire);
	tcase_add_test(t, silence_and_refusal_are_suspect);
	tcase_add_test(t, claims_go_by_epoch);
	tcase_add_test(t, claims_of_the_dead_end);
	tcase_add_test(t, claims_of_the_replaced_end);
	tcase_add_test(t, the_nameless_are_no_shard);
	tcase_add_test(t, what_is_taken_needs_an_epoch);
	tcase_add_test(t, what_was_given_stays);
	tcase_add_test(t, late_words_are_not_believed);
	tcase_add_test(t, two_connections_are_in_no_order);
	tcase_add_test(t, epochs_collide);
	tcase_add_test(t, votes_once_and_durably);
	tcase_add_test(t, an_owner_that_does_not_claim_outbids_nobody);
	tcase_add_test(t, stands_when_elected);
	tcase_add_test(t, forgotten_stay_away);
	tcase_add_test(t, orders_are_refused);
	tcase_add_test(t, who_is_to_follow_is_waited_for);
	tcase_add_test(t, replicas_migrate);
	tcase_add_test(t, book_keeps_it);
	tcase_add_test(t, replicas_of_nothing_are_filled);
	suite_add_tcase(s, t);
	return s;
}
