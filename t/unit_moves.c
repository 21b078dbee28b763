/*
 * unit_moves - what a primary tells its replicas of its open slots
 *
 * Not here: moves whose other end is replaced (unit_claim.c).
 */
#include "cluster/moves.h"
#include "cluster/order.h"
#include "cluster/speak.h"
#include "cluster/vote.h"
#include "t/others.h"
#include "t/unit.h"

static void
say(char from, uint64_t wire, uint16_t kind, struct slice payload)
{
	struct bus_header h = header(BUS_OWN, from);

	h.slots = v->node[node(from)].slots;
	h.config_epoch = v->node[node(from)].config_epoch;
	deliver(&h, wire, kind, payload);
}

/* r, a replica, has that version. */
static void
say_known(uint64_t version)
{
	struct bus_header h = header(BUS_OWN, 'r');
	char payload[8];

	bus_put(payload, 8, version);
	h.flags = BUS_IS_REPLICA;
	h.primary = id('m');
	h.slots = v->node[VIEW_SELF].slots;
	h.config_epoch = v->node[VIEW_SELF].config_epoch;
	deliver(&h, v->node[node('r')].link, SPEAK_MOVES_KNOWN,
	    (struct slice){ payload, sizeof(payload) });
}

/* We have the lower half, a the upper one, and r is ours. */
static void
own_shard(void)
{
	begin();
	own_slots();
	know('a', 2, upper);
	know('r', 0, no_slots);
	view_set_replica(v, node('r'), VIEW_SELF);
	v->node[node('r')].own = BUS_OWN_VERSION;
	make_durable();
	say_known(v->moves.version);
	make_durable();
}

/* m is x's replica; x has the upper half, a nothing. */
static void
follow_shard(void)
{
	struct bus_id x = id('x');

	begin();
	know('x', 5, upper);
	know('a', 2, no_slots);
	cluster_begin(v, now_ms, &acts);
	ck_assert_int_eq(order_replicate(v, &x, false, &acts), ORDER_NONE);
	cluster_settle(v, &acts);
	make_durable();
}

static void
migrate(unsigned slot)
{
	struct bus_id a = id('a');

	cluster_begin(v, now_ms, &acts);
	ck_assert_int_eq(order_slot_migrating(v, slot, &a), ORDER_NONE);
	cluster_settle(v, &acts);
}

/* The step in which the file is durable. */
static void
save(void)
{
	step(CLUSTER_SAVED, 0);
}

static size_t
put_part(char *to, char sign, char peer, unsigned slot)
{
	struct bus_id p = id(peer);

	to[0] = sign;
	memcpy(to + 1, p.text, BUS_ID);
	bus_put(to + 41, 2, 1);
	bus_put(to + 43, 2, slot);
	return 45;
}

/* x tells its replica: one slot goes to a, one comes from there. */
static void
tell(uint64_t wire, uint64_t version, unsigned goes, unsigned comes)
{
	char payload[8 + 2 * 45];
	size_t bytes = 8;

	bus_put(payload, 8, version);
	bytes += put_part(payload + bytes, '>', 'a', goes);
	bytes += put_part(payload + bytes, '<', 'a', comes);
	say('x', wire, SPEAK_MOVES, (struct slice){ payload, bytes });
}

static bool
says_known(uint64_t version)
{
	struct bus_packet p;

	return sent('x', BUS_OWN, SPEAK_MOVES_KNOWN, &p) &&
	    p.payload.bytes == 8 && bus_get(p.payload.data, 8) == version;
}

START_TEST(told_when_durable)
{
	char part[45];
	struct bus_packet p;

	own_shard();
	ck_assert(moves_all_know(v));
	migrate(7);
	ck_assert(!sent('r', BUS_OWN, SPEAK_MOVES, &p));
	ck_assert(!moves_all_know(v));
	save();
	ck_assert(sent('r', BUS_OWN, SPEAK_MOVES, &p));
	ck_assert_uint_eq(p.payload.bytes, 8 + sizeof(part));
	ck_assert_uint_eq(bus_get(p.payload.data, 8), v->moves.version);
	put_part(part, '>', 'a', 7);
	ck_assert_mem_eq(p.payload.data + 8, part, sizeof(part));
	ck_assert(!moves_all_know(v));
	say_known(v->moves.version);
	ck_assert(moves_all_know(v));
}
END_TEST

START_TEST(told_until_it_is_known)
{
	struct bus_packet p;
	int times = 0, i;

	own_shard();
	migrate(7);
	save();
	for (i = 0; i < 45; i++) {
		pass(10);
		times += sent('r', BUS_OWN, SPEAK_MOVES, &p);
	}
	ck_assert_int_eq(times, 2);
	/* What it had before does not count. */
	say_known(v->moves.version - 1);
	ck_assert(!moves_all_know(v));
	say_known(v->moves.version);
	for (i = 0; i < 30; i++) {
		pass(10);
		ck_assert(!sent('r', BUS_OWN, SPEAK_MOVES, &p));
	}
	/* Who has nothing any more is told at once. */
	say_known(0);
	ck_assert(sent('r', BUS_OWN, SPEAK_MOVES, &p));
}
END_TEST

START_TEST(a_new_link_is_told)
{
	uint16_t r;
	struct bus_packet p;

	own_shard();
	r = node('r');
	migrate(7);
	save();
	say_known(v->moves.version);
	step(CLUSTER_LINK_DOWN, v->node[r].link);
	/* Nobody waits for who is not there. */
	ck_assert(moves_all_know(v));
	while (v->node[r].link_state != VIEW_LINK_OPENING)
		pass(10);
	step(CLUSTER_LINK_UP, v->node[r].link);
	ck_assert(sent('r', BUS_OWN, SPEAK_MOVES, &p));
	ck_assert(!moves_all_know(v));
}
END_TEST

START_TEST(other_kinds_are_not_told)
{
	struct bus_packet p;

	own_shard();
	v->node[node('r')].own = 0;
	migrate(7);
	ck_assert(moves_all_know(v));
	save();
	ck_assert(!sent('r', BUS_OWN, SPEAK_MOVES, &p));
}
END_TEST

START_TEST(known_when_durable)
{
	follow_shard();
	tell(WIRE, 20, 16000, 3);
	ck_assert(!says_known(20));
	ck_assert_int_eq(v->moves_to[16000], node('a'));
	ck_assert_int_eq(v->comes_from[3], node('a'));
	save();
	ck_assert(says_known(20));
	/* All is said each time. */
	tell(WIRE, 21, 16001, 4);
	make_durable();
	ck_assert_int_eq(v->moves_to[16000], VIEW_NOBODY);
	ck_assert_int_eq(v->comes_from[3], VIEW_NOBODY);
	ck_assert_int_eq(v->moves_to[16001], node('a'));
	/* One that is late changes nothing; a new process counts anew. */
	tell(WIRE, 20, 16000, 3);
	ck_assert_int_eq(v->moves_to[16001], node('a'));
	ck_assert(says_known(21));
	tell(WIRE + 1, 5, 16002, 5);
	ck_assert_int_eq(v->moves_to[16002], node('a'));
	/* Whose slots they are says its primary. */
	say('a', WIRE, SPEAK_MOVES, (struct slice){ "\0\0\0\0\0\0\1\0", 8 });
	ck_assert_int_eq(v->moves_to[16002], node('a'));
}
END_TEST

START_TEST(damaged_moves_change_nothing)
{
	char payload[8 + 45] = { 0 };

	follow_shard();
	tell(WIRE, 20, 16000, 3);
	make_durable();
	payload[7] = 30;
	put_part(payload + 8, '>', 'a', KEYSLOT_COUNT);
	say('x', WIRE, SPEAK_MOVES, (struct slice){ payload, 53 });
	ck_assert_int_eq(v->moves_to[16000], node('a'));
	put_part(payload + 8, '?', 'a', 5);
	say('x', WIRE, SPEAK_MOVES, (struct slice){ payload, 53 });
	put_part(payload + 8, '>', 'a', 5);
	bus_put(payload + 8 + 41, 2, 2);
	say('x', WIRE, SPEAK_MOVES, (struct slice){ payload, 53 });
	say('x', WIRE, SPEAK_MOVES, (struct slice){ payload, 52 });
	say('x', WIRE, SPEAK_MOVES, (struct slice){ payload, 7 });
	/* A node that is not known yet: it is said again. */
	put_part(payload + 8, '>', 'q', 5);
	say('x', WIRE, SPEAK_MOVES, (struct slice){ payload, 53 });
	ck_assert_int_eq(v->moves_to[16000], node('a'));
	ck_assert_int_eq(v->moves_to[5], VIEW_NOBODY);
	ck_assert(!v->moves.is_owed);
	ck_assert_uint_eq(v->moves.heard, 20);
}
END_TEST

START_TEST(who_takes_over_goes_on)
{
	follow_shard();
	tell(WIRE, 20, 16000, 3);
	/* Marks that nobody could go on with. */
	v->moves_to[4] = node('a');
	v->comes_from[16001] = node('a');
	v->comes_from[5] = VIEW_SELF;
	make_durable();
	cluster_begin(v, now_ms, &acts);
	vote_take(v, node('x'), 30, true, &acts);
	cluster_settle(v, &acts);
	ck_assert_int_eq(v->owner[16000], VIEW_SELF);
	ck_assert_int_eq(v->moves_to[16000], node('a'));
	ck_assert_int_eq(v->comes_from[3], node('a'));
	ck_assert_int_eq(v->moves_to[4], VIEW_NOBODY);
	ck_assert_int_eq(v->comes_from[16001], VIEW_NOBODY);
	ck_assert_int_eq(v->comes_from[5], VIEW_NOBODY);
}
END_TEST

/* What it knows of its primary's moves decides nothing of whose slots are. */
START_TEST(replicas_hear_claims)
{
	struct bus_header h;
	uint8_t more[BUS_SLOT_BYTES];

	follow_shard();
	know('b', 4, no_slots);
	v->node[node('b')].shard = v->node[node('a')].shard = id('s');
	view_give_slot(v, 3, node('a'));
	tell(WIRE, 20, 16000, 3);
	make_durable();
	/* Who replaces the giver gives it. */
	memset(more, 0, sizeof(more));
	more[0] = 1 << 3;
	h = header(BUS_PONG, 'b');
	h.slots = more;
	h.config_epoch = h.epoch = others_epoch = 11;
	hear(&h, v->node[node('b')].link);
	ck_assert_int_eq(v->owner[3], node('b'));
	ck_assert_int_eq(v->comes_from[3], node('b'));
	/* It has come: who says so says whose it is. */
	memcpy(more, upper, sizeof(more));
	more[0] = 1 << 3;
	h = header(BUS_OWN, 'x');
	h.slots = more;
	h.config_epoch = h.epoch = others_epoch = 12;
	deliver(&h, WIRE, SPEAK_MOVES,
	    (struct slice){ "\0\0\0\0\0\0\0\25", 8 });
	ck_assert_int_eq(v->owner[3], node('x'));
	ck_assert_int_eq(v->comes_from[3], VIEW_NOBODY);
	ck_assert(!says_known(21));
	make_durable();
	ck_assert_uint_eq(v->moves.heard, 21);
	ck_assert(!v->moves.is_owed);
}
END_TEST

START_TEST(who_follows_another_forgets)
{
	struct bus_packet p;
	struct bus_id a = id('a');

	follow_shard();
	tell(WIRE, 20, 16000, 3);
	make_durable();
	v->node[node('a')].own = BUS_OWN_VERSION;
	cluster_begin(v, now_ms, &acts);
	ck_assert_int_eq(order_replicate(v, &a, false, &acts), ORDER_NONE);
	cluster_settle(v, &acts);
	ck_assert_int_eq(v->moves_to[16000], VIEW_NOBODY);
	ck_assert_int_eq(v->comes_from[3], VIEW_NOBODY);
	save();
	ck_assert(sent('a', BUS_OWN, SPEAK_MOVES_KNOWN, &p));
	ck_assert_uint_eq(bus_get(p.payload.data, 8), 0);
}
END_TEST

Suite *
unit_suite(void)
{
	TCase *t;
	Suite *s = unit_case("moves", 30, &t);

	tcase_add_checked_fixture(t, NULL, drop);
	tcase_add_test(t, told_when_durable);
	tcase_add_test(t, told_until_it_is_known);
	tcase_add_test(t, a_new_link_is_told);
	tcase_add_test(t, other_kinds_are_not_told);
	tcase_add_test(t, known_when_durable);
	tcase_add_test(t, damaged_moves_change_nothing);
	tcase_add_test(t, who_takes_over_goes_on);
	tcase_add_test(t, replicas_hear_claims);
	tcase_add_test(t, who_follows_another_forgets);
	return s;
}
