/*
 * unit_moving - entries come and go with their transaction, and are found
 */
#include "shm/check.h"
#include "shm/moving.h"
#include "shm/region.h"
#include "t/ground.h"
#include "t/unit.h"

static struct heap_own own;
static struct txn t;

static void
begin(void)
{
	ground_region(1);
	ground_worker(&t, &own);
}

static void
end(void)
{
	ground_end(&t, &own);
}

static struct key
key_of(const char *name)
{
	return slot_key(REGION->common.slot, 0, slice_of(name));
}

static struct moving *
find(const char *name)
{
	struct key k = key_of(name);

	return moving_find(&k);
}

static void
add(const char *name)
{
	const struct moving_place to = { .host = SLICE("host"),
		.port = SLICE("7"), .db = 3, .needs_auth = true };
	struct key k = key_of(name);

	moving_add(&t, &k, &to, 5);
}

static bool
is_sound(void)
{
	struct check_report r;

	ck_assert(check_region(&r, NULL));
	return check_is_sound(&r);
}

START_TEST(one_that_is_entered)
{
	unsigned slot = keyslot_of(SLICE("{a}1"));
	struct moving *d;

	txn_begin(&t);
	add("{a}1");
	add("{a}2");
	txn_commit(&t);
	ck_assert_int_eq(moving_count(slot), 2);
	ck_assert_ptr_null(find("{a}3"));
	d = find("{a}1");
	ck_assert(d != NULL && d != find("{a}2") && d->mover == 5);
	ck_assert(slice_equal(d->name, SLICE("{a}1")));
	ck_assert(slice_equal(d->place.host, SLICE("host")));
	ck_assert(slice_equal(d->place.port, SLICE("7")));
	ck_assert(d->place.db == 3 && d->place.needs_auth);
	ck_assert(bus_id_is_none(&d->place.node));
	ck_assert(is_sound());
	txn_begin(&t);
	moving_remove(&t, slot, d);
	txn_commit(&t);
	ck_assert(find("{a}1") == NULL && find("{a}2") != NULL && is_sound());
}
END_TEST

START_TEST(one_that_is_taken_back)
{
	unsigned slot = keyslot_of(SLICE("a"));

	txn_begin(&t);
	add("a");
	txn_undo(&t);
	ck_assert(find("a") == NULL && is_sound());
	txn_begin(&t);
	add("a");
	txn_commit(&t);
	txn_begin(&t);
	moving_remove(&t, slot, find("a"));
	txn_undo(&t);
	ck_assert(find("a") != NULL && is_sound());
}
END_TEST

START_TEST(slots_that_have_any)
{
	unsigned slot = keyslot_of(SLICE("a"));

	ck_assert_uint_eq(moving_next(0), SLOT_COUNT);
	txn_begin(&t);
	add("a");
	txn_commit(&t);
	ck_assert_uint_eq(moving_next(0), slot);
	ck_assert_uint_eq(moving_next(slot), slot);
	ck_assert_uint_eq(moving_next(slot + 1), SLOT_COUNT);
	/* A look from the middle on says nothing of those before. */
	ck_assert_uint_eq(moving_next(0), slot);
	txn_begin(&t);
	moving_remove(&t, slot, find("a"));
	txn_commit(&t);
	ck_assert(REGION->common.movings.some != 0);
	ck_assert_uint_eq(moving_next(0), SLOT_COUNT);
	ck_assert(REGION->common.movings.some == 0);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("moving");
	TCase *c = tcase_create("moving");

	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(c, one_that_is_entered);
	tcase_add_test(c, one_that_is_taken_back);
	tcase_add_test(c, slots_that_have_any);
	suite_add_tcase(s, c);
	return s;
}
