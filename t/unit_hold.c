/*
 * unit_hold - slots that are held: one mover, writes stopped for a while, the
 * rows of the dead
 */
#include "shm/hold.h"
#include "shm/region.h"
#include "t/ground.h"
#include "t/unit.h"

#define NOW 1000
#define NAME 77 /* in lock words */

static void
begin(void)
{
	ground_region(2);
}

static void
end(void)
{
	region_discard();
}

START_TEST(one_mover)
{
	struct hold *a = hold_take(0, 5, NOW, NOW + 10), *b;

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_null(hold_take(1, 5, NOW, NOW + 10));
	ck_assert_ptr_null(hold_take(0, 5, NOW, NOW + 10));
	b = hold_take(1, 6, NOW, NOW + 10);
	ck_assert_ptr_nonnull(b);
	ck_assert(hold_is_claimed(5, NOW) && hold_is_claimed(6, NOW));
	ck_assert(!hold_is_claimed(7, NOW));
	hold_drop(0, a);
	ck_assert(!hold_is_claimed(5, NOW) && hold_is_claimed(6, NOW));
	hold_drop(1, b);
	ck_assert(REGION->common.holds.claims == 0);
}
END_TEST

START_TEST(what_is_over)
{
	struct hold *a = hold_take(0, 5, NOW, NOW + 10), *b;

	hold_prolong(a, NOW + 9, NOW + 20);
	ck_assert(hold_is_valid(a, NOW + 19) && !hold_is_valid(a, NOW + 20));
	hold_prolong(a, NOW + 20, NOW + 30);
	ck_assert(!hold_is_valid(a, NOW + 20));
	b = hold_take(1, 5, NOW + 20, NOW + 40);
	ck_assert_ptr_nonnull(b);
	hold_drop(0, a);
	ck_assert(hold_is_claimed(5, NOW + 20));
	hold_drop(1, b);
}
END_TEST

START_TEST(writes)
{
	struct hold *a = hold_take(0, 5, NOW, NOW + 50);
	struct hold *b = hold_take(0, 6, NOW, NOW + 50);

	ck_assert(!region_is_held());
	hold_stop_writes(0, a, NOW + 10);
	ck_assert(region_is_held());
	/* Only who is in that slot has to wait. */
	ck_assert(!hold_stops(NAME, NOW));
	REGION->common.slot[6].lock = NAME;
	ck_assert(!hold_stops(NAME, NOW));
	REGION->common.slot[5].lock = NAME;
	ck_assert(hold_stops(NAME, NOW + 9) && !hold_stops(NAME, NOW + 10));
	hold_stop_writes(0, b, NOW + 20);
	hold_let_write(0, a);
	ck_assert(region_is_held() && hold_stops(NAME, NOW));
	hold_drop(0, b);
	ck_assert(!region_is_held() && !hold_stops(NAME, NOW));
	ck_assert(hold_is_valid(a, NOW));
	hold_drop(0, a);
	REGION->common.slot[5].lock = REGION->common.slot[6].lock = 0;
}
END_TEST

START_TEST(the_dead)
{
	struct hold *b = hold_take(1, 9, NOW, NOW + 50);
	unsigned i;

	for (i = 100; i < 100 + HOLD_ROWS; i++)
		hold_stop_writes(0, hold_take(0, i, NOW, NOW + 50), NOW + 50);
	ck_assert_ptr_null(hold_take(0, 1, NOW, NOW + 50));
	hold_stop_writes(1, b, NOW + 50);
	hold_forget(0);
	ck_assert(!hold_is_claimed(100, NOW) && hold_is_claimed(9, NOW));
	ck_assert(REGION->common.holds.writes == 2);
	ck_assert(REGION->common.holds.claims == 2);
	ck_assert_ptr_nonnull(hold_take(0, 100, NOW, NOW + 50));
	ck_assert(REGION->common.holds.claims == 3);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("hold");
	TCase *c = tcase_create("hold");

	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(c, one_mover);
	tcase_add_test(c, what_is_over);
	tcase_add_test(c, writes);
	tcase_add_test(c, the_dead);
	suite_add_tcase(s, c);
	return s;
}
