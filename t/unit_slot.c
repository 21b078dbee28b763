/*
 * unit_slot - records, dicts, heap and journal against a model
 *
 * Random puts, resizes, expiries and removals in few slots, some taken back
 * half way or by mending; afterwards every key has what the model says and
 * no block is lost.
 *
 * Not here: the types' own structures (unit_hash, unit_list ...).
 */
#include "proto/number.h"
#include "shm/string.h"
#include "t/ground.h"
#include "t/unit.h"

#include <stdio.h>
#include <stdlib.h>

#define KEYS 3000
#define STEPS 200000

const struct value_ops *const value_ops[VALUE_TYPES] __attribute__((weak));

static struct {
	char text[300];
	size_t bytes;
	int64_t expires;
	bool is_there;
} model[KEYS];

static struct txn t;
static struct heap_own own;
static struct ground *g;

static struct key
name(char *text, int i)
{
	snprintf(text, 32, "{%d}key:%d", i % 3, i);
	return slot_key(g->slots, 0, slice_of(text));
}

static void
same(int i)
{
	char text[32], digits[NUMBER_TEXT];
	struct key k = name(text, i);
	struct value *v = slot_peek(&t, &k);
	struct slice s;
	int64_t n;

	ck_assert_int_eq(v != NULL, model[i].is_there);
	if (v == NULL)
		return;
	s = (struct slice){ value_data(v), value_bytes(v) };
	if (value_encoding(v) == STRING_INT) {
		memcpy(&n, s.data, 8);
		s = (struct slice){ digits, number_put_int(digits, n) };
	}
	ck_assert_uint_eq(s.bytes, model[i].bytes);
	ck_assert_mem_eq(s.data, model[i].text, s.bytes);
	ck_assert_int_eq(value_expires(v), model[i].expires);
}

/* One random change of key i; told to the model only when it is to last. */
static void
step(int i, bool lasts)
{
	char text[32], data[300];
	struct key k = name(text, i);
	struct value *v = slot_peek(&t, &k);
	size_t bytes = (size_t)rand() % (rand() % 8 ? 100 : 300);
	int64_t expires = rand() % 4 ? -1 : 2000000 + rand() % 100;

	memset(data, 'a' + rand() % 26, sizeof(data));
	switch (rand() % 4) {
	case 0:
		if (v == NULL)
			return;
		slot_remove(&t, &k, v);
		if (lasts)
			model[i].is_there = false;
		return;
	case 1:
		if (v == NULL)
			return;
		slot_expire(&t, &k, v, expires);
		if (lasts)
			model[i].expires = expires;
		return;
	case 2:
		if (rand() % 2)
			bytes = (size_t)snprintf(data, sizeof(data), "%d",
			    rand());
		slot_put_string(&t, &k, v, (struct slice){ data, bytes },
		    expires);
		break;
	default:
		if (v == NULL || value_encoding(v) == STRING_INT)
			return;
		expires = value_expires(v);
		txn_note(&t, value_data(v), value_bytes(v));
		v = slot_resize(&t, &k, v, bytes);
		txn_write(&t, value_data(v), data, bytes);
	}
	if (lasts) {
		memcpy(model[i].text, data, bytes);
		model[i].bytes = bytes;
		model[i].expires = expires;
		model[i].is_there = true;
	}
}

static bool
is_dead(uint32_t holder)
{
	return holder == 1;
}

static void
mend(void)
{
	const struct heap_mender mender = { &g->journal[1], 99, is_dead };

	txn_judge(&g->journal[0], &g->log);
	txn_mend(&g->journal[0], &g->heap, 0, &mender);
	heap_release(&g->heap, &g->journal[0], t.holder);
	heap_forget(&own);
	txn_close(&t);
	heap_adopt(&own, &g->heap, &g->journal[0], 0, 1, &g->used_bytes[0]);
	txn_open(&t, &g->journal[0], &own, &g->log, 1);
	t.keys = g->keys;
	t.expires = g->expires;
	t.now_ms = 1000000;
}

START_TEST(random_changes)
{
	int i, n, there = 0;

	srand((unsigned)_i + 1);
	g = ground_open(&t, &own);
	for (n = 0; n < STEPS; n++) {
		int how = rand() % 100, steps = how < 10 ? 20 : 1;

		i = rand() % KEYS;
		txn_begin(&t);
		while (steps-- > 0)
			step(steps ? rand() % KEYS : i, how >= 10);
		if (how >= 10)
			txn_commit(&t);
		else if (how > 0)
			txn_undo(&t);
		else
			mend();
		same(i);
	}
	for (i = 0; i < KEYS; i++) {
		same(i);
		there += model[i].is_there;
	}
	ck_assert_int_eq(g->keys[0], there);
	ground_check(g);
	txn_begin(&t);
	for (i = 0; i < SLOT_COUNT; i++)
		slot_flush(&t, &g->slots[i], -1);
	txn_commit(&t);
	ck_assert_int_eq(g->keys[0], 0);
	ck_assert_int_eq(g->expires[0], 0);
	ck_assert_uint_eq(g->used_bytes[0], 0);
	ground_check(g);
	heap_forget(&own);
	txn_close(&t);
}
END_TEST

static int seen[KEYS];

static void
see(void *arg, void *block)
{
	struct slice key = value_key(block);

	(void)arg;
	seen[atoi((const char *)memchr(key.data, ':', key.bytes) + 1)]++;
}

/* A scan meets every key that stays exactly once while others come and go. */
START_TEST(scan_while_growing)
{
	struct slot *slot;
	char text[32];
	struct key k;
	uint64_t cursor = 0;
	int i, extra = KEYS;

	g = ground_open(&t, &own);
	k = name(text, 0);
	slot = k.slot;
	for (i = 0; i < KEYS; i += 3) {
		k = name(text, i);
		txn_begin(&t);
		slot_put_string(&t, &k, NULL, SLICE("x"), -1);
		txn_commit(&t);
	}
	do {
		cursor = dict_scan(&slot->keys, &value_dict, cursor, see, NULL);
		for (i = 0; i < 100 && extra < 100000; i++) {
			snprintf(text, sizeof(text), "{0}more%d:0", extra++);
			k = slot_key(g->slots, 0, slice_of(text));
			txn_begin(&t);
			slot_put_string(&t, &k, NULL, SLICE("x"), -1);
			txn_commit(&t);
		}
	} while (cursor != 0);
	for (i = 3; i < KEYS; i += 3)
		ck_assert_int_eq(seen[i], 1);
	ground_check(g);
	heap_forget(&own);
	txn_close(&t);
}
END_TEST

/* What one process took another may free, and the first finds it again. */
START_TEST(free_by_another)
{
	struct txn t2;
	struct heap_own own2;
	char text[32];
	struct key k;
	int i, round;

	g = ground_open(&t, &own);
	ground_second(g, &t2, &own2);
	for (round = 0; round < 50; round++) {
		for (i = 0; i < KEYS; i++) {
			k = name(text, i);
			txn_begin(&t);
			slot_put_string(&t, &k, NULL, SLICE(
			    "0123456789abcdef0123456789abcdef"), -1);
			txn_commit(&t);
		}
		for (i = 0; i < KEYS; i++) {
			k = name(text, i);
			txn_begin(&t2);
			slot_remove(&t2, &k, slot_peek(&t2, &k));
			txn_commit(&t2);
		}
		ground_check(g);
	}
	ck_assert_uint_lt(g->heap.spans_used, 64);
	heap_forget(&own2);
	txn_close(&t2);
}
END_TEST

/* Bytes behind a string's end may have been its own before: they come back. */
START_TEST(shorter_then_longer)
{
	char text[32], old[90];
	struct value *v;
	struct key k;
	bool is_new;

	g = ground_open(&t, &own);
	k = name(text, 0);
	memset(old, 'o', sizeof(old));
	txn_begin(&t);
	slot_put_string(&t, &k, NULL, (struct slice){ old, sizeof(old) }, -1);
	txn_commit(&t);
	txn_begin(&t);
	v = slot_put_string(&t, &k, slot_peek(&t, &k),
	    (struct slice){ old, 60 }, -1);
	v = string_grow(&t, &k, v, 80, &is_new);
	ck_assert(!is_new);
	memset(value_data(v) + 60, 'n', 20);
	txn_undo(&t);
	v = slot_peek(&t, &k);
	ck_assert_uint_eq(value_bytes(v), sizeof(old));
	ck_assert_mem_eq(value_data(v), old, sizeof(old));
	heap_forget(&own);
	txn_close(&t);
}
END_TEST

/* Every move of a long record copies all of it. */
START_TEST(what_grows_steadily_moves_seldom)
{
	size_t bytes = 1 << 20, step = 64 << 10, most = 64 << 20;
	struct value *v, *grown;
	char text[32];
	struct key k;
	int moves = 0;
	bool is_new;

	g = ground_open(&t, &own);
	k = name(text, 0);
	txn_begin(&t);
	v = slot_put(&t, &k, NULL, VALUE_STRING, STRING_RAW, bytes, -1, false);
	txn_commit(&t);
	for (bytes += step; bytes <= most; bytes += step) {
		txn_begin(&t);
		grown = string_grow(&t, &k, v, bytes, &is_new);
		moves += grown != v;
		v = grown;
		txn_commit(&t);
	}
	ck_assert_int_le(moves, 32);
	heap_forget(&own);
	txn_close(&t);
}
END_TEST

Suite *
unit_suite(void)
{
	TCase *c;
	Suite *s = unit_case("slot", 120, &c);

	tcase_add_loop_test(c, random_changes, 0, 3);
	tcase_add_test(c, scan_while_growing);
	tcase_add_test(c, free_by_another);
	tcase_add_test(c, shorter_then_longer);
	tcase_add_test(c, what_grows_steadily_moves_seldom);
	return s;
}
