/*
 * unit_view - which nodes there are, what is told of them, and what is kept
 *
 * Nodes are met and forgotten, by orders and by messages of a redis-server;
 * what is told to others is durable; replicas migrate, and know whether they
 * are filled.
 *
 * Not here: claims of slots (unit_claim.c), who is well (unit_health.c),
 * elections (unit_vote.c), the file's text (unit_nodes_conf.c).
 */
#include <stdlib.h>

#include "cluster/book.h"
#include "cluster/migrate.h"
#include "cluster/order.h"
#include "t/bus_seen.h"
#include "t/others.h"
#include "t/unit.h"

START_TEST(tells_what_is_durable)
{
	struct bus_header h = header(BUS_PING, 'a');
	struct bus_packet p;

	begin();
	own_slots();
	ck_assert_ptr_nonnull(act_of(ACT_SAVE));
	ck_assert(!view_may_serve(v, 0));
	hear(&h, WIRE);
	ck_assert(find_message(BUS_PONG, &p));
	ck_assert_uint_eq(p.header.epoch, 0);
	ck_assert(!bus_has_slot(p.header.slots, 0));
	step(CLUSTER_SAVED, 0);
	ck_assert(view_may_serve(v, 0));
	hear(&h, WIRE);
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

/* A redis-server's MEET, as it was caught, and what follows it. */
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
	hear(&pong, link);
	ck_assert_int_eq(v->node[1].flags, BUS_IS_PRIMARY);
	pass(TIMEOUT_MS / 2 + 1);
	ck_assert(find_message(BUS_MEET, &p));
	hear(&pong, link);
	/* It knocks, gives up, knocks again, and stays. */
	hear(&ping, WIRE);
	pass(TIMEOUT_MS / 2 + 1);
	hear(&ping, WIRE);
	hear(&pong, link);
	ck_assert(v->node[1].is_unmet);
	step(CLUSTER_LINK_DOWN, WIRE);
	for (knocked_ms = now_ms; now_ms - knocked_ms <= TIMEOUT_MS;) {
		hear(&ping, WIRE + 1);
		pass(TIMEOUT_MS / 2 + 1);
		ck_assert(find_message(BUS_MEET, &p));
		hear(&pong, link);
	}
	hear(&ping, WIRE + 1);
	pass(TIMEOUT_MS / 2 + 1);
	ck_assert(!find_message(BUS_MEET, &p));
	ck_assert(find_message(BUS_PING, &p));
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
	hear(&x, WIRE);
	hear(&r, WIRE);
	ck_assert(view_is_filled(v, node('r')));
	x.offset = 70;
	hear(&x, WIRE);
	hear(&r, WIRE);
	ck_assert(view_is_filled(v, node('r')));
	r.offset = 70;
	hear(&r, WIRE);
	ck_assert(view_is_filled(v, node('r')));
	/* It is back, and has nothing of what there is. */
	r.offset = 0;
	hear(&r, WIRE);
	ck_assert(!view_is_filled(v, node('r')));
	ck_assert(act_of(ACT_PUBLISH) != NULL);
	/* The same of one that never had any, told of after a cut. */
	x.offset = 0;
	hear(&x, WIRE);
	hear(&r, WIRE);
	ck_assert(view_is_filled(v, node('r')));
	x.offset = 70;
	hear(&x, WIRE);
	step(CLUSTER_LINK_DOWN, v->node[node('r')].link);
	hear(&r, WIRE);
	ck_assert(!view_is_filled(v, node('r')));
}
END_TEST

Suite *
unit_suite(void)
{
	TCase *t;
	Suite *s = unit_case("view", 30, &t);

	tcase_add_checked_fixture(t, NULL, drop);
	tcase_add_test(t, tells_what_is_durable);
	tcase_add_test(t, saves_again);
	tcase_add_test(t, a_failure_leaves_two_versions);
	tcase_add_test(t, meets_redis);
	tcase_add_test(t, handshake_ends);
	tcase_add_test(t, meets_until_it_is_known);
	tcase_add_test(t, forgotten_stay_away);
	tcase_add_test(t, orders_are_refused);
	tcase_add_test(t, replicas_migrate);
	tcase_add_test(t, book_keeps_it);
	tcase_add_test(t, replicas_of_nothing_are_filled);
	return s;
}
