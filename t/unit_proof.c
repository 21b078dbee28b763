/*
 * unit_proof - who may write to slots on their way, when both claimed them
 *
 * One view, m; a is the other side of a move of slot 0, b votes, too.
 *
 * Not here: the machine's rows (unit_shift.c), clusters with faults (t/sim).
 */
#include <stdlib.h>

#include "cluster/book.h"
#include "cluster/lease.h"
#include "cluster/order.h"
#include "cluster/shift.h"
#include "t/stage.h"
#include "t/unit.h"

#define TIMEOUT_MS 1000
#define LEASE_MS 500
#define PAYLOAD 20
#define GIVEN 20               /* the epoch under which slots are given */
#define TOKEN 7

enum { BEGIN = 1, GIVE = 4, GONE, CANCEL, TAKEN, YOURS };

static uint64_t epoch_of_a;
static uint8_t moved[BUS_SLOT_BYTES] = { 1 };
/* What m, a and b have besides. */
static uint8_t rest[3][BUS_SLOT_BYTES] = { { [1] = 0xff }, { [2] = 0xff },
	{ [3] = 0xff } };
static uint8_t all_of_a[BUS_SLOT_BYTES];

static struct bus_header
header(uint16_t type, char from)
{
	struct bus_header h = { .type = type, .flags = BUS_IS_PRIMARY,
	    .own = BUS_OWN_VERSION, .epoch = 50, .sender = id(from),
	    .port = 7001, .cport = (uint16_t)(17000 + from),
	    .ip = "10.0.0.2",
	    .config_epoch = from == 'a' ? epoch_of_a : 6,
	    .slots = from == 'a' ? all_of_a : rest[2] };

	return h;
}

static void
say(char from, uint16_t type, uint16_t kind, struct slice payload)
{
	struct bus_header h = header(type, from);

	deliver(&h, v->node[node(from)].link, kind, payload);
}

static void
say_shift(char verb, uint64_t number)
{
	char text[17 + BUS_SLOT_BYTES] = { verb };

	bus_put(text + 1, 8, TOKEN);
	bus_put(text + 9, 8, number);
	memcpy(text + 17, moved, BUS_SLOT_BYTES);
	say('a', BUS_OWN, SPEAK_SHIFT, (struct slice){ text, sizeof(text) });
}

/* b leases to us, who claimed then what we claimed under this epoch. */
static void
grant(int64_t sent_ms, uint64_t epoch)
{
	char text[PAYLOAD];

	bus_put(text, 8, (uint64_t)sent_ms);
	bus_put(text + 8, 4, LEASE_MS);
	bus_put(text + 12, 8, epoch);
	say('b', BUS_OWN, SPEAK_LEASE_GRANT, (struct slice){ text,
	    sizeof(text) });
}

/* So long after each other, as long as that goes on. */
static void
grant_for(int64_t ms, uint64_t epoch)
{
	int64_t end = now_ms + ms;

	while (now_ms < end) {
		pass(50);
		grant(now_ms, epoch);
	}
}

static void
know(char c)
{
	uint16_t n = meet(c);

	pass(1);
	happen((struct cluster_event){ .kind = CLUSTER_LINK_UP,
	    .wire = v->node[n].link });
	say(c, BUS_PONG, 0, SLICE(""));
	make_durable();
}

/* So many voters; slot 0 is a's, or ours. */
static void
begin(int voters, bool is_a)
{
	unsigned slot;
	uint8_t slots[BUS_SLOT_BYTES];

	drop();
	open_view(TIMEOUT_MS);
	memcpy(slots, rest[0], sizeof(slots));
	memcpy(all_of_a, rest[1], sizeof(all_of_a));
	epoch_of_a = 5;
	(is_a ? all_of_a : slots)[0] |= 1;
	pass(1);
	cluster_begin(v, now_ms, &acts);
	ck_assert_int_eq(order_set_epoch(v, 3), ORDER_NONE);
	ck_assert_int_eq(order_add_slots(v, slots, &slot), ORDER_NONE);
	cluster_settle(v, &acts);
	make_durable();
	know('a');
	if (voters > 2)
		know('b');
}

/* m has claimed it, durably. */
static void
claim(int voters)
{
	begin(voters, true);
	say_shift(BEGIN, 0);
	cluster_begin(v, now_ms, &acts);
	shift_event(v, SHIFT_ON_EMPTY, 0, NULL, &acts);
	cluster_settle(v, &acts);
	ck_assert_int_eq(v->shift.state, SHIFT_IMPORTING);
	say_shift(GIVE, GIVEN);
	ck_assert_int_eq(v->shift.state, SHIFT_TAKING);
	make_durable();
	ck_assert_uint_eq(v->told.config_epoch, GIVEN);
}

static bool
waits(void)
{
	enum shift_tells t = shift_tells(v->shift.state);

	return t == SHIFT_PROVE || t == SHIFT_HOLD;
}

static bool
says(char verb)
{
	unsigned i;
	struct bus_packet p;

	for (i = 0; i < acts.count; i++)
		if (acts.list[i].kind == ACT_SEND &&
		    acts.list[i].node == node('a') &&
		    bus_read(&p, acts.list[i].data, acts.list[i].bytes) ==
		    BUS_GOOD && p.header.type == BUS_OWN &&
		    p.kind == SPEAK_SHIFT && p.payload.data[0] == verb)
			return true;
	return false;
}

/* A lease of before the claim is none for what was claimed. */
START_TEST(a_claim_is_leased_anew)
{
	int64_t before;

	claim(3);
	ck_assert(says(TAKEN));
	before = now_ms - 1;
	grant(before, 3);
	ck_assert_int_eq(v->lease.state, LEASE_HELD);
	say_shift(YOURS, 0);
	pass(1);
	ck_assert(waits());
	grant(now_ms, GIVEN);
	ck_assert_int_eq(v->shift.state, SHIFT_IDLE);
	ck_assert_str_eq(v->shift.past[0].word, "success");
	ck_assert(view_may_serve(v, 0));
	claim(3);
	grant(now_ms, GIVEN);
	ck_assert(waits());
	say_shift(YOURS, 0);
	ck_assert_int_eq(v->shift.state, SHIFT_IDLE);
}
END_TEST

/* Its source is silent: a majority's word, for longer than a lease. */
START_TEST(a_majority_is_enough)
{
	int64_t begun;

	claim(3);
	grant_for(LEASE_MS / 2, GIVEN);
	ck_assert(waits());
	/* Not, when it was interrupted. */
	pass(LEASE_MS);
	grant_for(LEASE_MS / 2 + 50, GIVEN);
	ck_assert(waits());
	begun = now_ms;
	while (waits() && now_ms < begun + LEASE_MS)
		grant_for(50, GIVEN);
	ck_assert_int_eq(v->shift.state, SHIFT_IDLE);
	ck_assert_int_eq(v->owner[0], VIEW_SELF);
}
END_TEST

/* ... and a durable one, as nobody else would know. */
START_TEST(two_need_the_word)
{
	claim(2);
	pass(10 * TIMEOUT_MS);
	ck_assert(waits());
	say_shift(YOURS, 0);
	ck_assert(waits());
	say_shift(YOURS, 1);
	ck_assert_int_eq(v->shift.state, SHIFT_IDLE);
}
END_TEST

/* A source that was the last to go votes no more; who comes did not before. */
START_TEST(who_voted_before_counts)
{
	int64_t end;

	claim(3);
	ck_assert_int_eq(lease_proof(v, GIVEN, node('a'), true, &end),
	    LEASE_LOST);
	cluster_begin(v, now_ms, &acts);
	view_give_slot(v, 0, VIEW_SELF);
	while (v->node[node('a')].slot_count > 0) {
		unsigned slot = 0;

		while (v->owner[slot] != node('a'))
			slot++;
		view_give_slot(v, slot, VIEW_SELF);
	}
	cluster_settle(v, &acts);
	ck_assert_int_eq(lease_proof(v, GIVEN, VIEW_NOBODY, true, &end),
	    LEASE_UNNEEDED);
	grant(now_ms, GIVEN);
	ck_assert_int_eq(lease_proof(v, GIVEN, node('a'), true, &end),
	    LEASE_HELD);
	ck_assert_int_gt(end, now_ms);
	ck_assert_int_eq(lease_proof(v, GIVEN, node('a'), false, &end),
	    LEASE_UNNEEDED);
}
END_TEST

/* It took them back while we stood still, and told us so in time. */
START_TEST(a_source_that_took_them_back_has_them)
{
	claim(3);
	epoch_of_a = GIVEN + 2;
	say('a', BUS_PONG, 0, SLICE(""));
	ck_assert_int_eq(v->shift.state, SHIFT_DROPPING);
	ck_assert(says(GONE));
	ck_assert_int_eq(v->owner[0], node('a'));
	ck_assert_uint_eq(v->node[VIEW_SELF].config_epoch, GIVEN);
	make_durable();
	ck_assert(!view_may_serve(v, 0));
}
END_TEST

/* It knows our claim: whatever epoch it took meanwhile, they are ours. */
START_TEST(a_source_that_gave_its_word_has_them_not)
{
	claim(3);
	grant(now_ms, GIVEN);
	say_shift(YOURS, 0);
	epoch_of_a = GIVEN + 2;
	say('a', BUS_PONG, 0, SLICE(""));
	ck_assert_int_eq(v->owner[0], VIEW_SELF);
	ck_assert_uint_gt(v->node[VIEW_SELF].config_epoch, epoch_of_a);
}
END_TEST

/* No other epoch, by whatever reason, before that. */
START_TEST(it_keeps_the_epoch_that_it_was_given)
{
	claim(3);
	cluster_begin(v, now_ms, &acts);
	ck_assert(!order_bump_epoch(v));
	cluster_settle(v, &acts);
	ck_assert_uint_eq(v->node[VIEW_SELF].config_epoch, GIVEN);
}
END_TEST

/* Somebody has the same, and the voters believe that one. */
START_TEST(it_may_need_another_epoch)
{
	uint64_t epoch;

	claim(3);
	say_shift(YOURS, 1);
	cluster_begin(v, now_ms, &acts);
	ck_assert(order_bump_epoch(v));
	cluster_settle(v, &acts);
	make_durable();
	epoch = v->told.config_epoch;
	ck_assert_uint_gt(epoch, GIVEN);
	grant(now_ms, epoch);
	ck_assert(waits());
	grant_for(LEASE_MS + LEASE_MS / 4, epoch);
	ck_assert_int_eq(v->shift.state, SHIFT_IDLE);
	claim(3);
	pass(2 * TIMEOUT_MS);
	cluster_begin(v, now_ms, &acts);
	ck_assert(order_bump_epoch(v));
	cluster_settle(v, &acts);
}
END_TEST

/* m has given it, and a is dead. */
static void
lose_target(void)
{
	begin(3, false);
	v->shift.job = (struct shift_job){ .token = TOKEN, .peer = id('a') };
	memcpy(v->shift.job.slots, moved, sizeof(moved));
	v->shift.state = SHIFT_DRAINING;
	v->shift.since_ms = v->shift.heard_ms = now_ms;
	cluster_begin(v, now_ms, &acts);
	shift_event(v, SHIFT_ON_DRAINED, 0, NULL, &acts);
	cluster_settle(v, &acts);
	make_durable();
	ck_assert_int_eq(v->shift.state, SHIFT_GIVEN);
	v->node[node('a')].flags |= BUS_IS_FAIL;
	v->node[node('a')].fail_ms = now_ms;
}

START_TEST(what_is_claimed_back_waits)
{
	uint64_t given;

	lose_target();
	given = v->shift.epoch;
	/* b may know more than we do, until it leases to us again. */
	pass(2 * LEASE_MS);
	ck_assert_int_eq(v->shift.state, SHIFT_GIVEN);
	grant(now_ms, v->told.config_epoch);
	ck_assert_int_eq(v->shift.state, SHIFT_RECLAIMING);
	ck_assert_uint_gt(v->node[VIEW_SELF].config_epoch, given);
	make_durable();
	grant_for(2 * LEASE_MS, given);
	ck_assert(waits());
	grant_for(LEASE_MS, v->told.config_epoch);
	ck_assert_int_eq(v->shift.state, SHIFT_RECLAIMING);
	grant_for(LEASE_MS / 4, v->told.config_epoch);
	ck_assert_int_eq(v->shift.state, SHIFT_RETURNING);
	make_durable();
	ck_assert_int_eq(v->shift.state, SHIFT_IDLE);
	ck_assert_str_eq(v->shift.past[0].word, "failed");
}
END_TEST

/* That the target never will is enough; that it has claimed ends it. */
START_TEST(a_target_that_is_back_decides)
{
	lose_target();
	pass(2 * LEASE_MS);
	grant(now_ms, v->told.config_epoch);
	make_durable();
	say_shift(GONE, 0);
	ck_assert_int_eq(v->shift.state, SHIFT_RETURNING);
	lose_target();
	epoch_of_a = v->shift.epoch;
	all_of_a[0] |= 1;
	say_shift(TAKEN, 0);
	ck_assert(says(YOURS));
	ck_assert_int_eq(v->shift.state, SHIFT_CLEARING);
	make_durable();
	ck_assert(says(YOURS));
}
END_TEST

/* Another control of ours, with what is durable. */
static void
begin_again(void)
{
	size_t room = book_room(v);
	char *file = malloc(room);
	struct bus_id me = id('m');
	struct nodes_conf f;
	size_t bytes;

	make_durable();
	ck_assert_ptr_nonnull(file);
	v->saving = v->told;
	bytes = book_write(v, file, room);
	v->saving.generation = 0;
	drop();
	v = view_begin(calloc(1, view_bytes(NODES_MAX)), NODES_MAX, &me, 9,
	    now_ms);
	ck_assert_int_eq(nodes_conf_read(&f, (struct slice){ file, bytes }),
	    NODES_CONF_GOOD);
	ck_assert(book_read(v, &f));
	free(file);
	v->config.node_timeout_ms = TIMEOUT_MS;
	/* With the lease that its predecessor had. */
	lease_keep(v, now_ms + LEASE_MS);
	pass(1);
}

START_TEST(another_control_knows)
{
	claim(3);
	begin_again();
	ck_assert_int_eq(v->shift.state, SHIFT_PROVING);
	ck_assert_uint_eq(v->shift.job.token, TOKEN);
	ck_assert(v->shift.job.is_import);
	ck_assert(waits());
	lose_target();
	pass(2 * LEASE_MS);
	grant(now_ms, v->told.config_epoch);
	begin_again();
	ck_assert_int_eq(v->shift.state, SHIFT_RECLAIMING);
	claim(3);
	grant(now_ms, GIVEN);
	say_shift(YOURS, 0);
	begin_again();
	ck_assert_int_eq(v->shift.state, SHIFT_IDLE);
}
END_TEST

/* We voted for a's replica, which may have what a had when it moved. */
START_TEST(a_vote_goes_before_a_claim)
{
	struct bus_header h;
	uint8_t more[BUS_SLOT_BYTES];

	begin(3, true);
	v->node[node('a')].shard = id('s');
	v->node[node('b')].shard = id('t');
	v->node[node('a')].voted_ms = now_ms;
	v->node[node('a')].voted_epoch = 30;
	memcpy(more, rest[2], sizeof(more));
	more[0] |= 1;
	h = header(BUS_PONG, 'b');
	h.config_epoch = 40;
	h.slots = more;
	deliver(&h, v->node[node('b')].link, 0, SLICE(""));
	ck_assert_int_eq(v->owner[0], node('a'));
	v->node[node('a')].voted_epoch = 0;
	deliver(&h, v->node[node('b')].link, 0, SLICE(""));
	ck_assert_int_eq(v->owner[0], node('b'));
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("proof");
	TCase *c = tcase_create("proof");

	tcase_add_checked_fixture(c, NULL, drop);
	tcase_add_test(c, a_claim_is_leased_anew);
	tcase_add_test(c, a_majority_is_enough);
	tcase_add_test(c, two_need_the_word);
	tcase_add_test(c, who_voted_before_counts);
	tcase_add_test(c, a_source_that_took_them_back_has_them);
	tcase_add_test(c, a_source_that_gave_its_word_has_them_not);
	tcase_add_test(c, it_keeps_the_epoch_that_it_was_given);
	tcase_add_test(c, it_may_need_another_epoch);
	tcase_add_test(c, what_is_claimed_back_waits);
	tcase_add_test(c, a_target_that_is_back_decides);
	tcase_add_test(c, another_control_knows);
	tcase_add_test(c, a_vote_goes_before_a_claim);
	suite_add_tcase(s, c);
	return s;
}
