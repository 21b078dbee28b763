/*
 * unit_small - a small value has an end, whatever the options allow
 *
 * Not here: changing small values (unit_hash, unit_set, unit_zset).
 */
#include "shm/hash.h"
#include "shm/set.h"
#include "shm/small.h"
#include "shm/zset.h"
#include "t/ground.h"
#include "t/unit.h"

#include <stdio.h>
#include <stdlib.h>

#define PIECE (1u << 20)
#define PIECES 20
#define INTEGERS (SMALL_BYTES_MAX / 8)

static char piece[PIECES][PIECE];

static struct txn t;
static struct heap_own own;
static struct ground *g;
static struct key k;
static int became_large; /* with which piece */

static void
begin(void)
{
	int i;

	g = ground_open(&t, &own);
	k = slot_key(g->slots, 0, SLICE("key"));
	became_large = -1;
	for (i = 0; i < PIECES; i++) {
		memset(piece[i], 'a' + i, PIECE);
		snprintf(piece[i], 8, "%d", i);
	}
}

static struct slice
long_text(int i)
{
	return (struct slice){ piece[i], PIECE };
}

static void
note_encoding(const struct value *v, int i)
{
	ck_assert_int_eq(value_encoding(v) == LARGE, became_large >= 0 ||
	    (size_t)(i + 1) * PIECE > SMALL_BYTES_MAX - 1000);
	if (value_encoding(v) == LARGE && became_large < 0)
		became_large = i;
}

static void
end(void)
{
	ck_assert_int_eq(became_large, 15);
	ground_check(g);
}

START_TEST(hash)
{
	const struct hash_limits limits = { INT32_MAX, INT32_MAX };
	struct value *v = NULL;
	char field[8], scratch[NUMBER_TEXT];
	struct slice pair[2];
	int i, added;

	begin();
	for (i = 0; i < PIECES; i++) {
		pair[0] = (struct slice){ field,
		    (size_t)snprintf(field, sizeof(field), "%d", i) };
		pair[1] = long_text(i);
		txn_begin(&t);
		v = hash_set(&t, &k, v, pair, 1, &limits, &added);
		txn_commit(&t);
		note_encoding(v, i);
	}
	for (i = 0; i < PIECES; i++) {
		snprintf(field, sizeof(field), "%d", i);
		ck_assert(hash_get(v, slice_of(field), &pair[1], scratch));
		ck_assert(slice_equal(pair[1], long_text(i)));
	}
	end();
}
END_TEST

START_TEST(set)
{
	const struct set_limits limits = { INT32_MAX, INT32_MAX, INT32_MAX };
	struct value *v = NULL;
	struct slice member;
	int i, added;

	begin();
	for (i = 0; i < PIECES; i++) {
		member = long_text(i);
		txn_begin(&t);
		v = set_add(&t, &k, v, &member, 1, &limits, &added);
		txn_commit(&t);
		note_encoding(v, i);
	}
	for (i = 0; i < PIECES; i++)
		ck_assert(set_has(v, long_text(i)));
	end();
}
END_TEST

START_TEST(zset)
{
	const struct zset_limits limits = { INT32_MAX, INT32_MAX };
	struct value *v = NULL;
	double score;
	int i;

	begin();
	for (i = 0; i < PIECES; i++) {
		score = i;
		txn_begin(&t);
		zset_add(&t, &k, &v, long_text(i), &score, 0, &limits);
		txn_commit(&t);
		note_encoding(v, i);
	}
	ck_assert(zset_check(v));
	end();
}
END_TEST

/* From an intset neither grows a larger one, nor too large a listpack. */
START_TEST(intset)
{
	const struct set_limits limits = { INT32_MAX, INT32_MAX, INT32_MAX };
	struct slice *list = calloc(INTEGERS + 1, sizeof(*list));
	char *text = malloc((INTEGERS + 1) * 20ul);
	struct value *v = NULL;
	int i, added;

	for (i = 0; i <= (int)INTEGERS; i++)
		list[i] = (struct slice){ text + i * 20,
		    (size_t)snprintf(text + i * 20, 20, "%lld",
			1000000000000ll + i) };
	begin();
	txn_begin(&t);
	v = set_add(&t, &k, NULL, list, INTEGERS + (_i == 0), &limits, &added);
	txn_commit(&t);
	ck_assert_int_eq(value_encoding(v), _i == 0 ? LARGE : SMALL_INTSET);
	txn_begin(&t);
	list[0] = SLICE("no integer");
	v = set_add(&t, &k, v, &list[_i == 1 ? INTEGERS : 0], 1, &limits,
	    &added);
	txn_commit(&t);
	ck_assert_int_eq(value_encoding(v), LARGE);
	ck_assert_uint_eq(set_count(v), INTEGERS + 1 + (_i == 0));
	ground_check(g);
	free(list);
	free(text);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("small");
	TCase *c = tcase_create("small");

	tcase_set_timeout(c, 120);
	tcase_add_test(c, hash);
	tcase_add_test(c, set);
	tcase_add_test(c, zset);
	tcase_add_loop_test(c, intset, 0, 3);
	suite_add_tcase(suite, c);
	return suite;
}
