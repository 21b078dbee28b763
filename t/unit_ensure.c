/*
 * unit_ensure - when a replica attaches again by itself
 */
#include "cluster/ensure.h"
#include "t/unit.h"

static struct ensure e;
static struct ensure_facts f;

static void
begin(void)
{
	e = (struct ensure){ 0 };
	f = (struct ensure_facts){ .every_ms = 1000, .is_replica = true };
}

START_TEST(attempts)
{
	ck_assert(!ensure_look(&e, &f, 10));
	ck_assert_int_eq(e.due_ms, 1010);
	ck_assert(!ensure_look(&e, &f, 1009));
	ck_assert(ensure_look(&e, &f, 1010));
	/* One at a time. */
	ck_assert(!ensure_look(&e, &f, 9000));
	ensure_tried(&e, &f, ENSURE_REFUSED, 9000);
	ck_assert_int_eq(e.due_ms, 11000);
	ck_assert(ensure_look(&e, &f, 11000));
	ensure_tried(&e, &f, ENSURE_REFUSED, 11000);
	ck_assert_int_eq(e.due_ms, 15000);
	ck_assert(ensure_look(&e, &f, 15000));
	f.is_link_up = true;
	ensure_tried(&e, &f, ENSURE_UP, 15500);
	ck_assert(!ensure_look(&e, &f, 15500));
	ck_assert_uint_eq(e.healed, 1);
	ck_assert_uint_eq(e.attempts, 3);
	ck_assert_int_eq(e.due_ms, INT64_MAX);
	/* The next time it begins quickly again, and a link that came up by
	 * itself was not healed by us. */
	f.is_link_up = false;
	ck_assert(!ensure_look(&e, &f, 20000));
	ck_assert_int_eq(e.due_ms, 21000);
	f.is_link_up = true;
	ck_assert(!ensure_look(&e, &f, 20001));
	ck_assert_uint_eq(e.healed, 1);
}
END_TEST

/* It keeps still in a failover, and goes on by itself after it. */
START_TEST(keeps_still)
{
	(void)ensure_look(&e, &f, 0);
	f.is_failover = true;
	ck_assert(!ensure_look(&e, &f, 1000));
	ck_assert_int_eq(e.reason, ENSURE_FAILOVER);
	ck_assert_int_gt(e.due_ms, 1000);
	f.is_failover = false;
	f.is_paused = true;
	ck_assert(!ensure_look(&e, &f, 5000));
	ck_assert_int_eq(e.reason, ENSURE_PAUSED);
	f.is_paused = false;
	ck_assert(ensure_look(&e, &f, e.due_ms));
	/* The lock is not a failure of the primary's. */
	ensure_tried(&e, &f, ENSURE_LOCKED, 7000);
	ck_assert_int_eq(e.due_ms, 8000);
}
END_TEST

START_TEST(off)
{
	f.every_ms = 0;
	ck_assert(!ensure_look(&e, &f, 5000));
	ck_assert_int_eq(e.reason, ENSURE_OFF);
	f.every_ms = 10;
	f.is_replica = false;
	ck_assert(!ensure_look(&e, &f, 5000));
	ck_assert_int_eq(e.reason, ENSURE_NO_REPLICA);
	f.is_replica = true;
	f.is_primary_failed = true;
	(void)ensure_look(&e, &f, 5000);
	ck_assert(!ensure_look(&e, &f, 5010));
	ck_assert_int_eq(e.reason, ENSURE_PRIMARY_FAILED);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("ensure");
	TCase *c = tcase_create("ensure");

	tcase_add_checked_fixture(c, begin, NULL);
	tcase_add_test(c, attempts);
	tcase_add_test(c, keeps_still);
	tcase_add_test(c, off);
	suite_add_tcase(s, c);
	return s;
}
