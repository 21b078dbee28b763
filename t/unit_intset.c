/*
 * unit_intset - sorted integers against a sorted array
 *
 * Not here: sets (unit_set.c).
 */
#include "proto/intset.h"
#include "t/unit.h"

#include <stdlib.h>

#define ROOM 300

static int64_t
any_number(int width)
{
	int64_t n = (int64_t)((uint64_t)rand() << 33 ^ (uint64_t)rand() << 11 ^
	    (uint64_t)rand());

	return width == 0 ? n % 200 : width == 1 ? n % 40000 :
	    width == 2 ? n % (1ll << 33) : n;
}

START_TEST(like_an_array)
{
	int64_t model[ROOM], n;
	char is[INTSET_EMPTY_BYTES + 8 * ROOM], copy[sizeof(is)];
	uint32_t index, i, count = 0;
	int step, width = 0;
	size_t want, from;
	bool is_there;

	srand((unsigned)_i);
	intset_init(is);
	for (step = 0; step < 3000; step++) {
		if (rand() % 300 == 0 && width < 3)
			width++;
		n = any_number(width);
		is_there = intset_find(is, n, &index);
		for (i = 0; i < count && model[i] < n; i++)
			;
		ck_assert_uint_eq(i, index);
		ck_assert_int_eq(is_there, i < count && model[i] == n);
		memcpy(copy, is, sizeof(is));
		if (is_there && rand() % 2) {
			from = intset_changes_from(is, index);
			intset_delete(is, index);
			memmove(model + i, model + i + 1,
			    (--count - i) * sizeof(n));
			ck_assert_mem_eq(copy + INTSET_EMPTY_BYTES,
			    is + INTSET_EMPTY_BYTES, from - INTSET_EMPTY_BYTES);
		} else if (!is_there && count < ROOM) {
			from = intset_widens(is, n) ? INTSET_EMPTY_BYTES :
			    intset_changes_from(is, index);
			want = intset_put_bytes(is, n);
			intset_insert(is, index, n);
			ck_assert_uint_eq(want, intset_bytes(is));
			memmove(model + i + 1, model + i,
			    (count++ - i) * sizeof(n));
			model[i] = n;
			ck_assert_mem_eq(copy + INTSET_EMPTY_BYTES,
			    is + INTSET_EMPTY_BYTES, from - INTSET_EMPTY_BYTES);
		}
		ck_assert_uint_eq(intset_count(is), count);
		ck_assert(intset_check(is, intset_bytes(is)));
	}
	for (i = 0; i < count; i++)
		ck_assert_int_eq(intset_get(is, i), model[i]);
}
END_TEST

/* What redis-server 7 has in a set of 1, 300 and -2. */
START_TEST(layout)
{
	char is[64];
	uint32_t index;

	intset_init(is);
	ck_assert(!intset_find(is, 1, &index));
	intset_insert(is, index, 1);
	ck_assert(!intset_find(is, 300, &index));
	intset_insert(is, index, 300);
	ck_assert(!intset_find(is, -2, &index));
	intset_insert(is, index, -2);
	ck_assert_mem_eq(is, "\2\0\0\0\3\0\0\0\xfe\xff\1\0\x2c\1", 14);
	ck_assert_uint_eq(intset_bytes(is), 14);
}
END_TEST

START_TEST(foreign_bytes)
{
	ck_assert(intset_check("\2\0\0\0\0\0\0\0", 8));
	ck_assert(!intset_check("\2\0\0\0\0\0\0", 7));
	ck_assert(!intset_check("\3\0\0\0\0\0\0\0", 8));
	ck_assert(!intset_check("\2\0\0\0\1\0\0\0", 8));
	ck_assert(!intset_check("\2\0\0\0\2\0\0\0\1\0\1\0", 12));
	ck_assert(!intset_check("\2\0\0\0\2\0\0\0\2\0\1\0", 12));
	ck_assert(intset_check("\2\0\0\0\2\0\0\0\1\0\2\0", 12));
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("intset");
	TCase *c = tcase_create("intset");

	tcase_add_loop_test(c, like_an_array, 0, 10);
	tcase_add_test(c, layout);
	tcase_add_test(c, foreign_bytes);
	suite_add_tcase(suite, c);
	return suite;
}
