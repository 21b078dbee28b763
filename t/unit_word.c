/*
 * unit_word - what a primary that gave its word knows of it later
 *
 * It starts again with its file, or its control with what its region says; the
 * one that has the word dies, or is only cut off; a majority wants the giver to
 * go on.  The scene is that of scene.h.
 *
 * Not here: how the word is given and taken (unit_hand.c).
 */
#include <stdlib.h>

#include "cluster/book.h"
#include "cluster/hand.h"
#include "cluster/lease.h"
#include "t/scene.h"
#include "t/unit.h"

/* It starts again, with this file; its control, with this in its region. */
static void
start_again(const char *file, size_t bytes, const struct failover *before)
{
	struct nodes_conf f;

	drop();
	v = view_begin(calloc(1, view_bytes(NODES_MAX)), NODES_MAX,
	    &(struct bus_id){ "x" }, 8, now_ms);
	ck_assert_int_eq(nodes_conf_read(&f, (struct slice){ file, bytes }),
	    NODES_CONF_GOOD);
	view_rename(v, VIEW_SELF, &f.myself);
	ck_assert(book_read(v, &f));
	if (before != NULL)
		hand_go_on(v, before);
}

/* The file that is being written, which the caller frees. */
static char *
written(size_t *bytes)
{
	char *file = malloc(book_room(v));

	*bytes = book_write(v, file, book_room(v));
	ck_assert(*bytes > 0);
	return file;
}

/* What its file keeps is not forgotten by what its region says. */
START_TEST(a_word_is_kept)
{
	struct failover idle = { 0 };
	size_t bytes;
	char *file;

	begin(false, BUS_OWN_VERSION);
	idle = v->failover;
	be_claimed(EPOCH);
	file = written(&bytes);
	start_again(file, bytes, &idle);
	free(file);
	ck_assert_int_eq(v->failover.state, FAILOVER_GIVEN);
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert(act_of(ACT_HOLD)->until_ms == INT64_MAX);
	ck_assert_uint_eq(act_of(ACT_HOLD)->token, TOKEN);
}
END_TEST

/*
 * It had handed over, and was about to take over again, when control ended; but
 * its file did not hear of all that.
 */
START_TEST(a_word_is_kept_by_who_would_take)
{
	struct failover taker;
	struct bus_header h;
	size_t bytes;
	char *file;

	begin(false, BUS_OWN_VERSION);
	be_claimed(EPOCH);
	file = written(&bytes);
	answer(CLUSTER_HELD, ACT_HOLD, OFFSET);
	while (v->failover.state == FAILOVER_YIELDING)
		save();
	h = header(BUS_PONG, 'r');
	memset(&h.primary, 0, sizeof(h.primary));
	h.flags = BUS_IS_PRIMARY;
	h.config_epoch = EPOCH;
	h.slots = part[0];
	hear(&h, 0, SLICE(""));
	ck_assert_int_eq(v->failover.state, FAILOVER_IDLE);
	ck_assert_int_eq(v->node[VIEW_SELF].primary, node('r'));
	v->fact.is_link_up = true;
	ck_assert(order(FAILOVER_ON_ASK, 0) == NULL);
	ck_assert_int_eq(v->failover.state, FAILOVER_LOCKING);
	taker = v->failover;
	start_again(file, bytes, &taker);
	free(file);
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert_int_eq(v->failover.state, FAILOVER_GIVEN);
	ck_assert_uint_eq(v->hand.given.token, TOKEN);
	ck_assert(act_of(ACT_HOLD)->until_ms == INT64_MAX);
	/* The order has ended with control, and gives the lock back. */
	ck_assert_int_eq(v->failover.entry[taker.entries - 1].result,
	    FAILOVER_ABORTED);
	ck_assert_uint_eq(v->failover.entries, taker.entries + 1);
	know('r', part[0], EPOCH, BUS_OWN_VERSION, 0);
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert_int_eq(v->failover.state, FAILOVER_IDLE);
	ck_assert(act_of(ACT_UNLOCK) != NULL);
}
END_TEST

/* The replica died with the word, and a majority wants us to go on. */
static void
be_confirmed(void)
{
	struct bus_header h;
	uint16_t r;
	unsigned k;

	begin(false, BUS_OWN_VERSION);
	be_given(EPOCH);
	v->failover.lease_ms = 0;
	r = node('r');
	v->node[r].flags |= BUS_IS_FAIL;
	v->node[r].link_state = VIEW_LINK_NONE;
	v->node[r].link_try_ms = INT64_MAX;
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert_int_eq(v->failover.state, FAILOVER_STANDING);
	while (v->vote.state == VOTE_MARK)
		save();
	ck_assert_int_eq(v->vote.state, VOTE_ASK);
	for (k = 0; k < 2; k++) {
		h = header(BUS_AUTH_ACK, "ab"[k]);
		h.epoch = v->vote.epoch;
		hear(&h, 0, SLICE(""));
	}
	ck_assert_int_eq(v->vote.state, VOTE_TAKE);
}

/*
 * That is not late while the disk is; and the replica, when it comes back, gets
 * no word beside it.
 */
START_TEST(who_won_waits_for_its_disk)
{
	unsigned k;

	be_confirmed();
	v->node[node('r')].flags &= (uint16_t)~BUS_IS_FAIL;
	for (k = 0; k < 8; k++) {
		now_ms += 1000;
		v->node[node('a')].heard_ms = v->node[node('b')].heard_ms =
		    now_ms;
		step((struct cluster_event){ .kind = CLUSTER_TICK });
		ck_assert_int_eq(v->failover.state, FAILOVER_STANDING);
		ck_assert_int_gt(v->failover.due_ms, now_ms);
	}
	say('r', &(struct failover_say){ .kind = FAILOVER_SAY_CLAIM,
	    .token = TOKEN, .offset = OFFSET, .epoch = EPOCH });
	ck_assert_uint_eq(said('r', FAILOVER_SAY_WORD).token, 0);
	while (v->failover.state != FAILOVER_IDLE)
		save();
	ck_assert(act_of(ACT_RESUME) != NULL && view_may_serve(v, 0));
	ck_assert_uint_gt(v->told.config_epoch, EPOCH);
	ck_assert_uint_eq(v->hand.given.token, 0);
}
END_TEST

/* Control ends when that is durable, and nothing that follows from it. */
START_TEST(who_won_goes_on_when_it_starts_again)
{
	struct failover standing;
	size_t bytes;
	char *file;

	be_confirmed();
	while (v->saving.config_epoch <= EPOCH)
		save();
	standing = v->failover;
	file = written(&bytes);
	start_again(file, bytes, &standing);
	free(file);
	ck_assert_uint_eq(v->hand.given.token, TOKEN);
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert_int_eq(v->failover.state, FAILOVER_RETURNING);
	ck_assert(act_of(ACT_HOLD)->until_ms == INT64_MAX);
	/* Its seat may have been used by the word. */
	ck_assert(v->lease.is_seat_unsure);
	while (v->failover.state != FAILOVER_IDLE)
		save();
	ck_assert(act_of(ACT_RESUME) != NULL);
}
END_TEST

static void
lose_link(enum cluster_kind kind, bool is_closed)
{
	v->node[node('r')].link_try_ms = 0;
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	step((struct cluster_event){ .kind = kind, .is_closed = is_closed,
	    .wire = v->node[node('r')].link });
}

/*
 * Who is only cut off uses its lease, whatever a majority takes it for; of one
 * whose processes have ended nothing is left to wait for.
 */
START_TEST(who_is_gone_is_not_waited_for)
{
	begin(false, BUS_OWN_VERSION);
	be_given(EPOCH);
	ck_assert_int_gt(v->failover.lease_ms, now_ms + 1000);
	v->node[node('r')].flags |= BUS_IS_FAIL;
	lose_link(CLUSTER_LINK_DOWN, false);
	lose_link(CLUSTER_LINK_REFUSED, false);
	lose_link(CLUSTER_LINK_REFUSED, false);
	ck_assert_int_eq(v->failover.state, FAILOVER_GIVEN);
	drop();
	begin(false, BUS_OWN_VERSION);
	be_given(EPOCH);
	/* Its control may have ended alone: its workers would go on. */
	lose_link(CLUSTER_LINK_DOWN, true);
	lose_link(CLUSTER_LINK_DOWN, false);
	ck_assert_int_eq(v->failover.state, FAILOVER_GIVEN);
	lose_link(CLUSTER_LINK_REFUSED, false);
	ck_assert_int_eq(v->failover.state, FAILOVER_STANDING);
	ck_assert(!view_has(v, node('r'), BUS_IS_FAIL));
	while (v->vote.state == VOTE_MARK)
		save();
	ck_assert_int_eq(v->vote.state, VOTE_ASK);
}
END_TEST

/* A word that is in its file may have handed over a lease that still runs. */
START_TEST(who_starts_waits_for_what_it_handed_over)
{
	size_t bytes;
	char *file;

	begin(false, BUS_OWN_VERSION);
	be_claimed(EPOCH);
	file = written(&bytes);
	start_again(file, bytes, NULL);
	free(file);
	v->node[node('r')].flags |= BUS_IS_FAIL;
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert_int_eq(v->failover.state, FAILOVER_GIVEN);
	now_ms += lease_length_ms(v);
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	ck_assert_int_eq(v->failover.state, FAILOVER_GIVEN);
	now_ms += lease_longest_ms(v) - lease_length_ms(v);
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	ck_assert_int_eq(v->failover.state, FAILOVER_STANDING);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("word");
	TCase *t = tcase_create("word");

	tcase_add_checked_fixture(t, NULL, drop);
	tcase_add_test(t, a_word_is_kept);
	tcase_add_test(t, a_word_is_kept_by_who_would_take);
	tcase_add_test(t, who_won_waits_for_its_disk);
	tcase_add_test(t, who_won_goes_on_when_it_starts_again);
	tcase_add_test(t, who_is_gone_is_not_waited_for);
	tcase_add_test(t, who_starts_waits_for_what_it_handed_over);
	suite_add_tcase(s, t);
	return s;
}
