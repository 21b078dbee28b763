/*
 * unit_threads - two writers at once, as threads
 *
 * Threads stand for processes, so that ThreadSanitizer sees what two workers
 * do to slots, heap and log: each adds to numbers under the locks of one to
 * three slots, takes some of it back, and frees what the other took.
 * Afterwards every number is what was added and no block is lost; the log has
 * one record for each committed change.
 *
 * Not here: death (unit_slot), the types (unit_hash, unit_list ...).
 */
#include "proto/number.h"
#include "t/ground.h"
#include "t/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define WRITERS 2
#define NAMES 60
#define SLOTS_AT_ONCE 3
#define STEPS 60000

struct writer {
	struct txn t;
	struct heap_own own;
	unsigned seed;
	int64_t added[NAMES]; /* what this one has committed */
	int64_t keys[16], expires[16];
	uint64_t records;
	pthread_t thread;
};

static struct ground *g;
static struct writer writers[WRITERS];

/* Key i; texts of several sizes, so that blocks of several classes move. */
static struct key
name(char *text, size_t room, int i)
{
	snprintf(text, room, "{%d}%.*s", i, i % 30,
	    "a name that has some length ..");
	return slot_key(g->slots, 0, slice_of(text));
}

static int64_t
number_at(struct txn *t, const struct key *k)
{
	struct value *v = slot_peek(t, k);
	int64_t n;

	if (v == NULL)
		return 0;
	must(value_encoding(v) == STRING_INT, "the test stores numbers");
	memcpy(&n, value_data(v), sizeof(n));
	return n;
}

static void
add(struct writer *w, int i, int64_t by)
{
	char text[64], digits[NUMBER_TEXT];
	struct key k = name(text, sizeof(text), i);
	int64_t n = number_at(&w->t, &k) + by;
	struct value *v = slot_peek(&w->t, &k);

	if (n == 0 && v != NULL) {
		slot_remove(&w->t, &k, v);
		return;
	}
	slot_put_string(&w->t, &k, v,
	    (struct slice){ digits, number_put_int(digits, n) },
	    n % 5 == 0 ? 2000000 : -1);
}

static int
by_number(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* Picks some keys, enters their slots, adds to all of them or to none. */
static void
step(struct writer *w)
{
	int count = 1 + rand_r(&w->seed) % SLOTS_AT_ONCE, i, slots = 0;
	int key[SLOTS_AT_ONCE];
	int64_t by = rand_r(&w->seed) % 7 - 3;
	bool lasts = rand_r(&w->seed) % 10 != 0;
	uint16_t number[SLOTS_AT_ONCE], sorted[SLOTS_AT_ONCE];
	char text[64];

	for (i = 0; i < count; i++) {
		struct key k;

		key[i] = rand_r(&w->seed) % NAMES;
		k = name(text, sizeof(text), key[i]);
		number[i] = (uint16_t)(k.slot - g->slots);
	}
	qsort(number, (size_t)count, sizeof(number[0]), by_number);
	for (i = 0; i < count; i++)
		if (i == 0 || number[i] != number[i - 1])
			sorted[slots++] = number[i];
	txn_begin(&w->t);
	slot_enter(&w->t, g->slots, sorted, slots);
	for (i = 0; i < count; i++)
		add(w, key[i], by);
	if (lasts) {
		txn_log2(&w->t, 0, SLICE("ADD"), SLICE("x"));
		txn_commit(&w->t);
		for (i = 0; i < count; i++)
			w->added[key[i]] += by;
		w->records++;
	} else {
		txn_undo(&w->t);
	}
	slot_leave(&w->t, g->slots);
}

static void *
run(void *arg)
{
	struct writer *w = arg;
	int i;

	for (i = 0; i < STEPS; i++)
		step(w);
	return NULL;
}

static void
check_numbers(void)
{
	char text[64];
	int64_t keys = 0;
	int i;

	for (i = 0; i < NAMES; i++) {
		struct key k = name(text, sizeof(text), i);
		int64_t sum = writers[0].added[i] + writers[1].added[i];

		ck_assert_int_eq(number_at(&writers[0].t, &k), sum);
		keys += slot_peek(&writers[0].t, &k) != NULL;
	}
	ck_assert_int_eq(writers[0].keys[0] + writers[1].keys[0], keys);
}

START_TEST(two_writers)
{
	static const char record[] = "*2\r\n$3\r\nADD\r\n$1\r\nx\r\n";
	static const char select[] = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n";
	uint64_t records = 0;
	int i;

	g = ground_open(&writers[0].t, &writers[0].own);
	ground_second(g, &writers[1].t, &writers[1].own);
	for (i = 0; i < WRITERS; i++) {
		writers[i].seed = (unsigned)(_i * WRITERS + i + 1);
		writers[i].t.keys = writers[i].keys;
		writers[i].t.expires = writers[i].expires;
	}
	for (i = 0; i < WRITERS; i++)
		ck_assert_int_eq(pthread_create(&writers[i].thread, NULL, run,
		    &writers[i]), 0);
	for (i = 0; i < WRITERS; i++) {
		pthread_join(writers[i].thread, NULL);
		records += writers[i].records;
	}
	check_numbers();
	ck_assert_uint_eq(g->log.end,
	    records * (sizeof(record) - 1) + sizeof(select) - 1);
	ground_check(g);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("threads");
	TCase *c = tcase_create("threads");

	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, two_writers, 0, 2);
	suite_add_tcase(s, c);
	return s;
}
