/*
 * unit_lock - the recovery lock: its table, its order, its ends
 */
#include "cluster/lock.h"
#include "t/unit.h"

enum kind { OUTSIDE, INSIDE, SURE, ALWAYS };
enum { REST, BUSY };

static const enum kind event_kind[LOCK_EVENTS] = {
#define EVENT(name, kind, words) [LOCK_ON_##name] = kind,
#include "cluster/lock.def"
};
static const int state_kind[LOCK_STATES] = {
#define STATE(name, kind, info, words) [LOCK_##name] = kind,
#include "cluster/lock.def"
};

static struct lock l;
static uint64_t ticket;

static void
begin(void)
{
	l = (struct lock){ .state = LOCK_FREE };
	ticket = 0;
}

static void
check_state(int s)
{
	bool in = state_kind[s] == REST, out = false, sure = false;
	int e, from;

	for (e = 0; e < LOCK_EVENTS; e++) {
		struct lock_row r = lock_row(s, e);

		if (event_kind[e] == ALWAYS)
			ck_assert_int_ge(r.to, 0);
		if (r.to < 0)
			continue;
		ck_assert(r.because != NULL && r.because[0] != 0);
		out |= r.to != s;
		sure |= event_kind[e] == SURE;
	}
	for (from = 0; from < LOCK_STATES; from++)
		for (e = 0; e < LOCK_EVENTS; e++)
			in |= from != s && lock_row(from, e).to == s;
	ck_assert_msg(in && out, "state %d is not on a way", s);
	ck_assert_msg(sure || state_kind[s] == REST,
	    "state %d may be held for ever", s);
}

START_TEST(complete)
{
	int s;

	for (s = 0; s < LOCK_STATES; s++)
		check_state(s);
}
END_TEST

START_TEST(in_order)
{
	char text[LOCK_REFUSAL_BYTES];

	ck_assert(lock_want(&l, LOCK_ON_WANT_ATTACH, 1, 100, 0, 0) ==
	    LOCK_TAKEN);
	ck_assert_str_eq(lock_word(&l), "ClusterReplicate");
	ck_assert(lock_want(&l, LOCK_ON_WANT_DETACH, 2, 100, 0, 1) ==
	    LOCK_REFUSED);
	lock_refusal(&l, text);
	ck_assert_str_eq(text, "Recovery in progress, could not acquire "
	    "recoverLock (held for ClusterReplicate)");
	ck_assert(lock_want(&l, LOCK_ON_WANT_FAILOVER, 3, 100, 50, 1) ==
	    LOCK_WAITS);
	ck_assert(lock_want(&l, LOCK_ON_WANT_DETACH, 4, 100, 50, 2) ==
	    LOCK_WAITS);
	ck_assert(lock_next(&l, 3, &ticket) == LOCK_NOTHING);
	lock_drop(&l, 1, 4);
	ck_assert(lock_next(&l, 4, &ticket) == LOCK_GRANTED);
	ck_assert_uint_eq(ticket, 3);
	ck_assert_str_eq(lock_word(&l), "ClusterFailover");
	ck_assert(lock_next(&l, 4, &ticket) == LOCK_NOTHING);
	/* The second waiter has waited for too long. */
	ck_assert(lock_next(&l, 52, &ticket) == LOCK_TIRED);
	ck_assert_uint_eq(ticket, 4);
	/* And the holder held it for too long. */
	ck_assert(lock_next(&l, 104, &ticket) == LOCK_LOST);
	ck_assert_uint_eq(ticket, 3);
	ck_assert_str_eq(lock_word(&l), "NoRecovery");
}
END_TEST

START_TEST(shared)
{
	ck_assert(lock_want(&l, LOCK_ON_WANT_SHARED, 1, 100, 0, 0) ==
	    LOCK_TAKEN);
	ck_assert(lock_want(&l, LOCK_ON_WANT_SHARED, 2, 100, 0, 0) ==
	    LOCK_TAKEN);
	ck_assert(!lock_raise(&l, 1, 1));
	/* Who waits for more is not overtaken by who looks. */
	ck_assert(lock_want(&l, LOCK_ON_WANT_FAILOVER, 3, 100, 50, 1) ==
	    LOCK_WAITS);
	ck_assert(lock_want(&l, LOCK_ON_WANT_SHARED, 4, 100, 0, 1) ==
	    LOCK_REFUSED);
	lock_drop(&l, 3, 2);
	lock_drop(&l, 2, 2);
	ck_assert(lock_next(&l, 2, &ticket) == LOCK_NOTHING);
	ck_assert(!lock_loaded(&l, 1, 2));
	ck_assert(lock_raise(&l, 1, 3));
	ck_assert_str_eq(lock_word(&l), "ClusterReplicate");
	ck_assert(!lock_loaded(&l, 2, 3));
	ck_assert(lock_loaded(&l, 1, 3));
	ck_assert_str_eq(lock_word(&l), "CheckpointRecoveredAtReplica");
	lock_drop(&l, 1, 4);
	lock_drop(&l, 1, 4);
	ck_assert_str_eq(lock_word(&l), "NoRecovery");
}
END_TEST

START_TEST(control_restarts)
{
	(void)lock_want(&l, LOCK_ON_WANT_ATTACH, 1, 100, 0, 0);
	(void)lock_want(&l, LOCK_ON_WANT_DETACH, 2, 100, 50, 0);
	lock_born(&l);
	ck_assert_str_eq(lock_word(&l), "NoRecovery");
	ck_assert(lock_next(&l, 1, &ticket) == LOCK_NOTHING);
	/* A failover goes on, and so holds it. */
	(void)lock_want(&l, LOCK_ON_WANT_FAILOVER, 3, 100, 0, 1);
	lock_born(&l);
	ck_assert_str_eq(lock_word(&l), "ClusterFailover");
	lock_drop(&l, 3, 2);
	ck_assert_str_eq(lock_word(&l), "NoRecovery");
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("lock");
	TCase *c = tcase_create("lock");

	tcase_add_checked_fixture(c, begin, NULL);
	tcase_add_test(c, complete);
	tcase_add_test(c, in_order);
	tcase_add_test(c, shared);
	tcase_add_test(c, control_restarts);
	suite_add_tcase(s, c);
	return s;
}
