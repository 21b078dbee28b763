/*
 * unit_claim - whose a slot is when several claim it
 *
 * Others say which slots they have, under which config epoch; whom the view
 * believes is looked at.
 *
 * Not here: whole slots on their way (unit_shift.c), clusters with faults
 * (t/sim).
 */
#include <stdlib.h>

#include "cluster/book.h"
#include "cluster/order.h"
#include "t/others.h"
#include "t/unit.h"

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
	hear(&h, v->node[node('a')].link);
	ck_assert_int_eq(v->owner[0], VIEW_SELF);
	ck_assert(find_message(BUS_UPDATE, &p));
	ck_assert_int_eq(p.id.text[0], 'm');
	ck_assert_uint_eq(p.config_epoch, 3);
	h.config_epoch = 6;
	h.slots = all;
	others_epoch = 10;
	hear(&h, v->node[node('a')].link);
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
	hear(&h, v->node[b].link);
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 1], a);
	v->node[a].flags |= BUS_IS_FAIL;
	hear(&h, v->node[b].link);
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
	hear(&h, v->node[node('b')].link);
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 1], node('a'));
	v->node[node('a')].shard = v->node[node('r')].shard = id('s');
	h = header(BUS_PONG, 'r');
	h.slots = rest;
	h.config_epoch = h.epoch = others_epoch = 9;
	hear(&h, v->node[node('r')].link);
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 2], node('r'));
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 1], node('a'));
	h = header(BUS_PONG, 'b');
	h.slots = last;
	h.config_epoch = 7;
	hear(&h, v->node[node('b')].link);
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
	hear(&h, v->node[node('r')].link);
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
	hear(&h, v->node[node('a')].link);
	ck_assert_int_eq(v->owner[16383], VIEW_SELF);
	ck_assert_uint_gt(v->node[VIEW_SELF].config_epoch, others_epoch);
	make_durable();
	/* Long after, it is a claim like any other. */
	now_ms += TIMEOUT_MS;
	h.config_epoch = others_epoch = v->node[VIEW_SELF].config_epoch + 1;
	h.epoch = others_epoch;
	hear(&h, v->node[node('a')].link);
	ck_assert_int_eq(v->owner[16383], node('a'));
}
END_TEST

/* A slot that comes and one that goes: their other end is replaced. */
START_TEST(moves_follow_a_failover)
{
	struct bus_header h;
	struct bus_id a = id('a');

	begin();
	own_slots();
	make_durable();
	know('a', 5, upper);
	know('r', 2, no_slots);
	know('b', 4, no_slots);
	v->node[node('a')].shard = v->node[node('r')].shard = id('s');
	cluster_begin(v, now_ms, &acts);
	ck_assert_int_eq(order_slot_importing(v, 16383, &a), ORDER_NONE);
	ck_assert_int_eq(order_slot_migrating(v, 0, &a), ORDER_NONE);
	cluster_settle(v, &acts);
	make_durable();
	/* Another shard's claim changes nothing. */
	h = header(BUS_PONG, 'b');
	h.slots = upper;
	h.config_epoch = h.epoch = others_epoch = 10;
	hear(&h, v->node[node('b')].link);
	ck_assert_int_eq(v->owner[16382], node('b'));
	ck_assert_int_eq(v->owner[16383], node('a'));
	ck_assert_int_eq(v->comes_from[16383], node('a'));
	ck_assert_int_eq(v->moves_to[0], node('a'));
	/* Nor does one of its own under an older epoch. */
	h = header(BUS_PONG, 'r');
	h.slots = upper;
	h.config_epoch = 4;
	hear(&h, v->node[node('r')].link);
	ck_assert_int_eq(v->comes_from[16383], node('a'));
	h.config_epoch = h.epoch = others_epoch = 11;
	hear(&h, v->node[node('r')].link);
	ck_assert_int_eq(v->owner[16383], node('r'));
	ck_assert_int_eq(v->comes_from[16383], node('r'));
	ck_assert_int_eq(v->moves_to[0], node('r'));
	ck_assert_int_eq(v->owner[0], VIEW_SELF);
}
END_TEST

/* Who starts from the file would say for it that it still has it. */
START_TEST(what_is_in_doubt_is_not_kept)
{
	uint8_t rest[BUS_SLOT_BYTES];
	struct bus_id me = id('m');
	struct bus_header h;
	struct nodes_conf f;
	size_t bytes;
	char *file;

	begin();
	own_slots();
	make_durable();
	know('a', 5, upper);
	memcpy(rest, upper, sizeof(rest));
	rest[BUS_SLOT_BYTES - 1] = 0x7f;
	h = header(BUS_PONG, 'a');
	h.slots = rest;
	h.config_epoch = 5;
	hear(&h, v->node[node('a')].link);
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 1], node('a'));
	ck_assert_uint_ne(v->saving.generation, 0);
	file = malloc(book_room(v));
	ck_assert_ptr_nonnull(file);
	bytes = book_write(v, file, book_room(v));
	drop();
	v = view_begin(calloc(1, view_bytes(NODES_MAX)), NODES_MAX, &me, 9,
	    now_ms);
	ck_assert_int_eq(nodes_conf_read(&f, (struct slice){ file, bytes }),
	    NODES_CONF_GOOD);
	ck_assert(book_read(v, &f));
	free(file);
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 2], node('a'));
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 1], VIEW_NOBODY);
	ck_assert_int_eq(v->owner[0], VIEW_SELF);
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
	hear(&h, v->node[node('a')].link);
	ck_assert(view_has(v, node('a'), BUS_IS_PRIMARY));
	ck_assert_int_eq(v->node[node('a')].slot_count, 8192);
	h.epoch = others_epoch;
	hear(&h, v->node[node('a')].link);
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
	hear(&before, wire);
	pass(TIMEOUT_MS);
	hear(&before, wire);
	ck_assert(v->is_ok && view_has(v, node('a'), BUS_IS_REPLICA));
	claim = header(BUS_PONG, 'a');
	claim.config_epoch = others_epoch;
	claim.slots = lower;
	hear(&claim, WIRE);
	ck_assert_int_eq(v->owner[0], node('a'));
	before.slots = no_slots;
	hear(&before, wire);
	ck_assert_int_eq(v->owner[0], node('a'));
	ck_assert(v->is_ok && view_has(v, node('a'), BUS_IS_PRIMARY));
	/* It gives the role away, and a word of the owner comes late. */
	follows = header(BUS_PONG, 'a');
	follows.primary = id('b');
	follows.flags = BUS_IS_REPLICA;
	follows.config_epoch = others_epoch + 1;
	follows.slots = lower;
	hear(&follows, wire);
	ck_assert_int_eq(v->owner[0], node('b'));
	hear(&claim, WIRE);
	ck_assert(view_has(v, node('a'), BUS_IS_REPLICA));
	/* What it says for longer is how it is. */
	pass(TIMEOUT_MS);
	hear(&claim, WIRE);
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

Suite *
unit_suite(void)
{
	TCase *t;
	Suite *s = unit_case("claim", 30, &t);

	tcase_add_checked_fixture(t, NULL, drop);
	tcase_add_test(t, claims_go_by_epoch);
	tcase_add_test(t, claims_of_the_dead_end);
	tcase_add_test(t, claims_of_the_replaced_end);
	tcase_add_test(t, the_nameless_are_no_shard);
	tcase_add_test(t, what_is_taken_needs_an_epoch);
	tcase_add_test(t, what_was_given_stays);
	tcase_add_test(t, moves_follow_a_failover);
	tcase_add_test(t, what_is_in_doubt_is_not_kept);
	tcase_add_test(t, late_words_are_not_believed);
	tcase_add_test(t, two_connections_are_in_no_order);
	tcase_add_test(t, epochs_collide);
	return s;
}
