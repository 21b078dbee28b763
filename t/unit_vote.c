/*
 * unit_vote - who is elected, and whom we vote for
 *
 * r is a replica of x and asks for our vote, or we follow x and stand
 * ourselves.  The election's machine is proved to be complete.
 *
 * Not here: votes of whole clusters (t/sim), what a lease forbids
 * (unit_lease.c).
 */
#include "cluster/vote.h"
#include "t/others.h"
#include "t/unit.h"

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
	hear(&h, WIRE);
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
	hear(&h, v->node[node('o')].link);
	ck_assert_int_eq(v->owner[KEYSLOT_COUNT - 1], node('o'));
	v->node[node('x')].flags |= BUS_IS_FAIL;
	make_durable();
	ask(20, 0, 5);
	ck_assert(is_denied(VOTE_OUTBID));
	h.slots = no_slots;
	hear(&h, v->node[node('o')].link);
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
	hear(&h, WIRE);
	ck_assert_uint_eq(v->vote.won, 0);
	h.epoch = v->vote.epoch;
	hear(&h, WIRE);
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
	hear(&h, WIRE);
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

Suite *
unit_suite(void)
{
	TCase *t;
	Suite *s = unit_case("vote", 30, &t);

	tcase_add_checked_fixture(t, NULL, drop);
	tcase_add_test(t, vote_is_complete);
	tcase_add_test(t, votes_once_and_durably);
	tcase_add_test(t, an_owner_that_does_not_claim_outbids_nobody);
	tcase_add_test(t, stands_when_elected);
	return s;
}
