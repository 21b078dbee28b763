/*
 * unit_lease - who may write, and who may vote, until when
 *
 * One view, m, with the first quarter of the slots; a and b have the next two,
 * and r is a's replica, which may have all of a's.
 *
 * Not here: whole clusters (t/sim), who is elected otherwise
 * (unit_vote.c).
 */
#include "cluster/book.h"
#include "cluster/cluster.h"
#include "cluster/lease.h"
#include "cluster/order.h"
#include "cluster/vote.h"
#include "t/stage.h"
#include "t/unit.h"

#define TIMEOUT_MS 1000
#define LEASE_MS 500
#define PAYLOAD 20

static uint64_t others_epoch;
static char replica, head;         /* r of a, until a test says otherwise */

/* A quarter of the slots; 9: none. */
static const uint8_t *
quarter(unsigned n)
{
	static uint8_t slots[BUS_SLOT_BYTES];

	memset(slots, 0, sizeof(slots));
	if (n < 4)
		memset(slots + n * BUS_SLOT_BYTES / 4, 0xff,
		    BUS_SLOT_BYTES / 4);
	return slots;
}

static void
say(char c, uint16_t type, uint16_t kind, const uint8_t *slots,
    uint64_t config_epoch, struct slice payload)
{
	struct bus_header h = { .type = type, .port = 7001,
	    .flags = BUS_IS_PRIMARY, .own = BUS_OWN_VERSION,
	    .cport = (uint16_t)(17000 + c), .epoch = others_epoch,
	    .config_epoch = config_epoch, .sender = id(c), .slots = slots,
	    .is_voted = true, .ip = "10.0.0.2" };

	if (c == 'f')
		h.own = 0;
	if (c == replica && type != BUS_OWN) {
		h.flags = BUS_IS_REPLICA;
		h.primary = id(head);
	}
	deliver(&h, v->node[node(c)].link, kind, payload);
}

static void
know(char c, unsigned quarters)
{
	uint16_t n = meet(c);

	pass(1);
	happen((struct cluster_event){ .kind = CLUSTER_LINK_UP,
	    .wire = v->node[n].link });
	say(c, BUS_PONG, 0, quarter(quarters), 4 + quarters, SLICE(""));
	make_durable();
}

static void
begin(void)
{
	unsigned slot;

	others_epoch = 9;
	replica = 'r';
	head = 'a';
	open_view(TIMEOUT_MS);
	pass(1);
	cluster_begin(v, now_ms, &acts);
	ck_assert_int_eq(order_set_epoch(v, 3), ORDER_NONE);
	ck_assert_int_eq(order_add_slots(v, quarter(0), &slot), ORDER_NONE);
	cluster_settle(v, &acts);
	make_durable();
}

static void
begin_three(void)
{
	begin();
	know('a', 1);
	know('b', 2);
	know('r', 9);
}

/* What asks, or grants: when, how long, for which epoch. */
static struct slice
payload(int64_t sent_ms, int64_t ms, uint64_t epoch)
{
	static char text[PAYLOAD];

	bus_put(text, 8, (uint64_t)sent_ms);
	bus_put(text + 8, 4, (uint64_t)ms);
	bus_put(text + 12, 8, epoch);
	return (struct slice){ text, sizeof(text) };
}

static void
grant(char c, int64_t sent_ms)
{
	say(c, BUS_OWN, SPEAK_LEASE_GRANT, v->node[node(c)].slots,
	    v->node[node(c)].config_epoch,
	    payload(sent_ms, LEASE_MS, v->told.config_epoch));
}

static void
ask(char c, const uint8_t *slots, uint64_t epoch)
{
	say(c, BUS_OWN, SPEAK_LEASE_ASK, slots, epoch,
	    payload(77, LEASE_MS, epoch));
	/* The first time it has to be durable how long leases are here. */
	if (v->saving.generation != 0) {
		make_durable();
		say(c, BUS_OWN, SPEAK_LEASE_ASK, slots, epoch,
		    payload(77, LEASE_MS, epoch));
	}
}

static bool
is_granted(char c)
{
	struct bus_packet p;

	return sent(c, BUS_OWN, SPEAK_LEASE_GRANT, &p);
}

static void
stand(char c, uint64_t epoch)
{
	others_epoch = epoch;
	say(c, BUS_AUTH_REQUEST, 0, v->node[node(head)].slots,
	    v->node[node(head)].config_epoch, SLICE(""));
}

/* Same, of one that knows this of others' claims. */
static void
stand_knowing(char c, uint64_t epoch, uint32_t known)
{
	struct bus_header h = { .type = BUS_AUTH_REQUEST, .port = 7001,
	    .flags = BUS_IS_REPLICA, .own = BUS_OWN_VERSION, .known = known,
	    .cport = (uint16_t)(17000 + c), .epoch = epoch,
	    .config_epoch = v->node[node(head)].config_epoch,
	    .sender = id(c), .primary = id(head), .ip = "10.0.0.2",
	    .slots = v->node[node(head)].slots };

	others_epoch = epoch;
	deliver(&h, v->node[node(c)].link, 0, SLICE(""));
}

static bool
is_voted_for(char c)
{
	struct bus_packet p;

	make_durable();
	return sent(c, BUS_AUTH_ACK, 0, &p);
}

START_TEST(none_is_needed)
{
	begin();
	ck_assert(v->lease.end_ms == LEASE_ALWAYS);
	know('a', 1);
	ck_assert(v->lease.end_ms == LEASE_ALWAYS);
	ck_assert_int_eq(v->lease.state, LEASE_UNNEEDED);
	know('b', 2);
	ck_assert(v->lease.end_ms <= now_ms);
	ck_assert_int_eq(v->lease.state, LEASE_LOST);
}
END_TEST

START_TEST(counts_from_the_question)
{
	struct bus_packet p;
	int64_t sent_ms;

	begin_three();
	pass(LEASE_MS);
	ck_assert(sent('a', BUS_OWN, SPEAK_LEASE_ASK, &p));
	ck_assert(sent('b', BUS_OWN, SPEAK_LEASE_ASK, &p));
	ck_assert(!sent('r', BUS_OWN, SPEAK_LEASE_ASK, &p));
	sent_ms = now_ms;
	now_ms += 100;
	grant('b', sent_ms);
	ck_assert_int_eq(v->lease.state, LEASE_HELD);
	/* And less than the whole, for clocks of another pace. */
	ck_assert_int_lt(v->lease.end_ms, sent_ms + LEASE_MS);
	ck_assert_int_gt(v->lease.end_ms, sent_ms + LEASE_MS * 9 / 10);
	ck_assert_int_eq(act_of(ACT_LEASE)->until_ms, v->lease.end_ms);
	/* A late answer to an older question takes nothing away. */
	grant('b', sent_ms - 50);
	ck_assert_int_gt(v->lease.end_ms, sent_ms + LEASE_MS * 9 / 10);
	pass(v->lease.end_ms - now_ms);
	ck_assert_int_eq(v->lease.state, LEASE_LOST);
	ck_assert_uint_eq(v->lease.lost, 1);
}
END_TEST

static bool
asks(void)
{
	struct bus_packet p;

	return sent('b', BUS_OWN, SPEAK_LEASE_ASK, &p);
}

START_TEST(asks_at_once_when_it_is_lost)
{
	begin_three();
	pass(LEASE_MS);
	grant('b', now_ms);
	pass(LEASE_MS * 7 / 10);
	ck_assert(asks());
	pass(v->lease.end_ms - now_ms);
	ck_assert_int_eq(v->lease.state, LEASE_LOST);
	ck_assert(asks());
}
END_TEST

/* The first to ask may come before the voters know that it may. */
START_TEST(asks_until_it_has_one_of_its_own)
{
	begin_three();
	pass(LEASE_MS);
	grant('b', now_ms);
	pass(1);
	lease_take_over(v, now_ms + LEASE_MS / 2, true);
	pass(1);
	ck_assert(asks());
	ck_assert_int_eq(v->lease.state, LEASE_HELD);
	pass(30);
	ck_assert(asks());
	grant('b', now_ms);
	pass(30);
	pass(30);
	ck_assert(!asks());
	ck_assert_int_eq(v->lease.state, LEASE_HELD);
}
END_TEST

START_TEST(others_of_another_kind_grant_nothing)
{
	begin_three();
	ck_assert_int_eq(v->lease.state, LEASE_LOST);
	/* Of four voters one is foreign: two of ours are in each majority. */
	know('f', 3);
	ck_assert_int_eq(v->lease.state, LEASE_LOST);
	ck_assert_uint_eq(v->lease.wanted, 2);
	v->node[node('b')].own = 0;
	v->is_changed = true;
	pass(1);
	ck_assert_uint_eq(v->lease.wanted, 2);
	v->node[node('a')].own = 0;
	v->is_changed = true;
	pass(1);
	ck_assert_int_eq(v->lease.state, LEASE_IMPOSSIBLE);
	ck_assert(v->lease.end_ms == LEASE_ALWAYS);
}
END_TEST

START_TEST(votes_when_the_lease_has_ended)
{
	struct bus_id a = id('a');
	int64_t end_ms;

	begin_three();
	ask('a', quarter(1), 5);
	ck_assert(is_granted('a'));
	end_ms = v->node[node('a')].granted_ms;
	ck_assert_int_eq(end_ms, now_ms + LEASE_MS);
	ck_assert_int_eq(act_of(ACT_GRANT)->until_ms, end_ms);
	v->node[node('a')].flags |= BUS_IS_FAIL;
	stand('r', 20);
	ck_assert(!is_voted_for('r'));
	/* Neither is it renewed, nor is anything late by a millisecond. */
	ask('a', quarter(1), 5);
	ck_assert(!is_granted('a'));
	ck_assert_int_le(v->due_ms, end_ms);
	pass(end_ms - 1 - now_ms);
	ck_assert(!is_voted_for('r'));
	ck_assert_int_eq(v->due_ms, end_ms);
	pass(1);
	ck_assert(is_voted_for('r'));
	/* It comes with a lease, so what r replaces gets none meanwhile. */
	ck_assert(is_granted('r'));
	ask('a', quarter(1), 5);
	ck_assert(!is_granted('a'));
	ck_assert_uint_eq(view_find(v, &a), node('a'));
}
END_TEST

START_TEST(a_word_hands_the_lease_over)
{
	int64_t end_ms;

	begin_three();
	ask('a', quarter(1), 5);
	end_ms = v->node[node('a')].granted_ms;
	lease_prepare(v, node('r'), 20);
	/* r writes by what a had, long before it asks for a lease itself. */
	others_epoch = 20;
	replica = 'a';
	head = 'r';
	pass(1);
	say('r', BUS_PONG, 0, quarter(1), 20, SLICE(""));
	say('a', BUS_PONG, 0, quarter(1), 20, SLICE(""));
	make_durable();
	ck_assert(view_is_voter(v, node('r')));
	ck_assert_uint_eq(v->node[node('a')].primary, node('r'));
	v->node[node('r')].flags |= BUS_IS_FAIL;
	stand('a', 30);
	ck_assert(!is_voted_for('a'));
	pass(end_ms - 1 - now_ms);
	ck_assert(!is_voted_for('a'));
	pass(1);
	ck_assert(is_voted_for('a'));
}
END_TEST

/* A voter that has not heard of r's claim knows a's lease as a's. */
START_TEST(a_lease_is_of_the_shard)
{
	int64_t end_ms;

	begin_three();
	ask('a', quarter(1), 5);
	end_ms = v->node[node('a')].granted_ms;
	know('s', 9);
	replica = 's';
	head = 'r';
	v->node[node('r')].shard = v->node[node('a')].shard = id('a');
	others_epoch = 20;
	say('s', BUS_PONG, 0, quarter(1), 20, SLICE(""));
	v->node[node('r')].flags |= BUS_IS_FAIL;
	stand('s', 30);
	ck_assert(!is_voted_for('s'));
	pass(end_ms - now_ms);
	ck_assert(is_voted_for('s'));
}
END_TEST

/* It gave its word, and asks when nobody can use a lease that went with it. */
START_TEST(who_wants_its_own_has_no_lease)
{
	struct bus_header h = { .type = BUS_AUTH_REQUEST, .port = 7001,
	    .flags = BUS_IS_PRIMARY, .own = BUS_OWN_VERSION, .epoch = 20,
	    .marks = BUS_MARK_FORCE_ACK, .cport = 17000 + 'a',
	    .config_epoch = 5, .sender = id('a'), .ip = "10.0.0.2",
	    .slots = quarter(1) };

	begin_three();
	ask('a', quarter(1), 5);
	ck_assert_int_gt(v->node[node('a')].granted_ms, now_ms);
	deliver(&h, v->node[node('a')].link, 0, SLICE(""));
	ck_assert(is_voted_for('a'));
	/* Its replica waits for all that it has now. */
	v->node[node('a')].flags |= BUS_IS_FAIL;
	stand('r', 21);
	ck_assert(!is_voted_for('r'));
}
END_TEST

START_TEST(evidence_ends_a_lease)
{
	uint64_t wire;

	begin_three();
	ask('a', quarter(1), 5);
	v->node[node('a')].flags |= BUS_IS_FAIL;
	wire = v->node[node('a')].link;
	/* A link that merely breaks says nothing. */
	happen((struct cluster_event){ .kind = CLUSTER_LINK_DOWN,
	    .wire = wire });
	happen((struct cluster_event){ .kind = CLUSTER_LINK_REFUSED,
	    .wire = v->node[node('a')].link });
	stand('r', 20);
	ck_assert(!is_voted_for('r'));
	v->node[node('a')].is_closed = true;
	pass(100);
	happen((struct cluster_event){ .kind = CLUSTER_LINK_REFUSED,
	    .wire = v->node[node('a')].link });
	ck_assert_int_eq(v->node[node('a')].granted_ms, 0);
	ck_assert(is_voted_for('r'));
}
END_TEST

START_TEST(grants_only_what_it_knows)
{
	begin_three();
	ask('a', quarter(0), 2);
	ck_assert(!is_granted('a'));
	ask('a', quarter(1), 5);
	ck_assert(is_granted('a'));
	ask('r', quarter(9), 5);
	ck_assert(!is_granted('r'));
	/* r was elected elsewhere: it waits for the end of a's lease. */
	others_epoch = 20;
	say('r', BUS_OWN, SPEAK_LEASE_ASK, quarter(1), 20,
	    payload(77, LEASE_MS, 20));
	ck_assert(!is_granted('r'));
	make_durable();
	ask('r', quarter(1), 20);
	ck_assert(!is_granted('r'));
	ask('a', quarter(1), 5);
	ck_assert(!is_granted('a'));
	pass(LEASE_MS);
	ask('r', quarter(1), 20);
	ck_assert(is_granted('r'));
}
END_TEST

START_TEST(is_quiet_after_a_start)
{
	struct bus_packet p;

	begin_three();
	ask('a', quarter(1), 5);
	ck_assert_int_eq(v->told.lease_ms, LEASE_MS);
	lease_start(v, v->told.lease_ms, false, true);
	ask('a', quarter(1), 5);
	ck_assert(!is_granted('a'));
	v->node[node('a')].granted_ms = 0;
	v->node[node('a')].flags |= BUS_IS_FAIL;
	stand('r', 20);
	ck_assert(!is_voted_for('r'));
	pass(LEASE_MS);
	ck_assert(!is_voted_for('r'));
	pass(LEASE_MS / 10);
	make_durable();
	ck_assert(sent('r', BUS_AUTH_ACK, 0, &p));
	/* Its file may say that nothing has changed for long. */
	ck_assert(v->told.is_unsettled);
	pass(2 * LEASE_MS + 100);
	make_durable();
	ck_assert(!v->told.is_unsettled);
	lease_start(v, v->told.lease_ms, false, false);
	ask('a', quarter(1), 5);
	ck_assert(is_granted('a'));
	stand('r', 30);
	ck_assert(!is_voted_for('r'));
	/* A new control of the same node knows whom it granted what. */
	lease_start(v, v->told.lease_ms, false, true);
	v->lease.settled_ms = 0;
	lease_keep(v, now_ms + 100);
	v->is_changed = true;
	pass(1);
	ck_assert_int_eq(v->lease.end_ms, now_ms + 99);
	ask('b', quarter(2), 6);
	ck_assert(is_granted('b'));
}
END_TEST

/* Elected, it would lease to one that was replaced. */
START_TEST(who_lacks_claims_hears_of_them_with_the_vote)
{
	struct bus_packet p;

	begin_three();
	v->node[node('a')].flags |= BUS_IS_FAIL;
	stand_knowing('r', 20, view_known(v, node('a')));
	ck_assert(!sent('r', BUS_UPDATE, 0, &p));
	stand_knowing('r', 21, view_known(v, node('a')) ^ 2);
	ck_assert(sent('r', BUS_UPDATE, 0, &p));
	ck_assert(bus_id_is_equal(&p.id, &v->node[node('b')].id) ||
	    bus_id_is_equal(&p.id, &v->node[VIEW_SELF].id));
	ck_assert(is_voted_for('r'));
}
END_TEST

START_TEST(has_its_seat_when_enough_know)
{
	begin_three();
	lease_stand(v, v->told.config_epoch);
	lease_elected(v);
	pass(1);
	grant('b', now_ms);
	/* Who was before us may have a, and count itself. */
	ck_assert_int_eq(v->lease.state, LEASE_LOST);
	grant('a', now_ms);
	ck_assert_int_eq(v->lease.state, LEASE_HELD);
	ck_assert(!v->lease.is_seat_unsure);
	/* From now on one other is enough. */
	pass(LEASE_MS);
	ck_assert_int_eq(v->lease.state, LEASE_LOST);
	grant('b', now_ms);
	ck_assert_int_eq(v->lease.state, LEASE_HELD);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("lease");

	TCase *t = tcase_create("lease");

	tcase_add_checked_fixture(t, NULL, drop);
	tcase_add_test(t, none_is_needed);
	tcase_add_test(t, counts_from_the_question);
	tcase_add_test(t, asks_at_once_when_it_is_lost);
	tcase_add_test(t, asks_until_it_has_one_of_its_own);
	tcase_add_test(t, others_of_another_kind_grant_nothing);
	tcase_add_test(t, votes_when_the_lease_has_ended);
	tcase_add_test(t, a_word_hands_the_lease_over);
	tcase_add_test(t, a_lease_is_of_the_shard);
	tcase_add_test(t, who_wants_its_own_has_no_lease);
	tcase_add_test(t, evidence_ends_a_lease);
	tcase_add_test(t, grants_only_what_it_knows);
	tcase_add_test(t, is_quiet_after_a_start);
	tcase_add_test(t, who_lacks_claims_hears_of_them_with_the_vote);
	tcase_add_test(t, has_its_seat_when_enough_know);
	suite_add_tcase(s, t);
	return s;
}
