/*
 * unit_hash - hashes against a model, changes taken back included
 *
 * Random sets and deletions in a few hashes of different size, in
 * transactions of one or several changes; some are undone, some mended as if
 * the process had died.  Afterwards every hash has what the model says, and no
 * block is lost.
 *
 * Not here: the commands (t/tr/bh*).
 */
#include "shm/hash.h"
#include "t/ground.h"
#include "t/unit.h"

#include <stdio.h>
#include <stdlib.h>

#define KEYS 12
#define FIELDS 400
#define STEPS 15000
#define VALUE_ROOM 6000

static const struct hash_limits limits = { 32, 64 };

struct cell {
	char *text; /* NULL: no such field */
	size_t bytes;
};
static struct cell model[KEYS][FIELDS];

static struct txn t;
static struct heap_own own;
static struct ground *g;

static struct key
name(char *text, int i)
{
	return slot_key(g->slots, 0, (struct slice){ text,
	    (size_t)snprintf(text, 400, "%0*d", i == 0 ? 300 : 5, i) });
}

/* Fields are integers, text, and some long ones. */
static struct slice
field_name(char *text, int i)
{
	int bytes = i % 3 == 0 ? snprintf(text, 100, "%d", i * 1000) :
	    i % 50 != 1 ? snprintf(text, 100, "field:%d", i) :
	    snprintf(text, 100, "%070d", i);

	return (struct slice){ text, (size_t)bytes };
}

static void
remember(struct cell *c, const char *text, size_t bytes)
{
	free(c->text);
	c->text = NULL;
	if (text == NULL)
		return;
	c->text = malloc(bytes + 1);
	memcpy(c->text, text, bytes);
	c->bytes = bytes;
}

static int seen, seen_encoding[8];

static void
see(void *arg, struct slice field, struct slice value)
{
	const struct cell *cells = arg;
	char text[100];
	int i;

	ck_assert_uint_lt(field.bytes, sizeof(text));
	memcpy(text, field.data, field.bytes);
	text[field.bytes] = 0;
	i = text[0] == 'f' ? atoi(text + 6) :
	    field.bytes == 70 ? atoi(text) : atoi(text) / 1000;
	ck_assert_int_lt(i, FIELDS);
	ck_assert(slice_equal(field, field_name(text, i)));
	ck_assert_ptr_nonnull(cells[i].text);
	ck_assert_uint_eq(cells[i].bytes, value.bytes);
	ck_assert_mem_eq(cells[i].text, value.data, value.bytes);
	seen++;
}

static void
see_scan(const struct value *v, struct cell *cells)
{
	uint64_t cursor = 0;

	do
		cursor = hash_scan(v, cursor, see, cells);
	while (cursor != 0);
}

/* Everything of key i is as the model has it. */
static void
same(int i)
{
	char text[400], field[100], scratch[2 * NUMBER_TEXT];
	struct key k = name(text, i);
	struct value *v = slot_peek(&t, &k);
	struct slice value, pair[2];
	int j, count = 0;

	for (j = 0; j < FIELDS; j++)
		count += model[i][j].text != NULL;
	ck_assert_int_eq(v != NULL, count > 0);
	if (v == NULL)
		return;
	ck_assert_uint_eq(hash_count(v), (unsigned)count);
	seen_encoding[value_encoding(v)]++;
	for (j = 0; j < FIELDS; j++) {
		ck_assert_int_eq(model[i][j].text != NULL,
		    hash_get(v, field_name(field, j), &value, scratch));
		if (model[i][j].text == NULL)
			continue;
		ck_assert_uint_eq(value.bytes, model[i][j].bytes);
		ck_assert_mem_eq(value.data, model[i][j].text, value.bytes);
	}
	seen = 0;
	hash_each(v, see, model[i]);
	see_scan(v, model[i]);
	hash_random(v, (uint64_t)rand() << 33 ^ (uint64_t)rand() << 2, pair,
	    scratch);
	see(model[i], pair[0], pair[1]);
	ck_assert_int_eq(seen, 2 * count + 1);
}

static size_t
any_value(char *text)
{
	size_t bytes;

	switch (rand() % 40) {
	case 0:
		bytes = 60 + (size_t)rand() % 10;
		break;
	case 1:
		bytes = (size_t)rand() % VALUE_ROOM;
		break;
	case 2: case 3: case 4: case 5:
		return (size_t)snprintf(text, 30, "%d",
		    rand() >> rand() % 31);
	default:
		bytes = (size_t)rand() % 20;
	}
	memset(text, 'a' + rand() % 26, bytes);
	return bytes;
}

/* Sets some fields of key i at once, the same twice perhaps. */
static struct value *
set_some(int i, const struct key *k, struct value *v, bool lasts)
{
	static char values[4][VALUE_ROOM], fields[4][100];
	int count = 1 + rand() % 4, room = i < 6 ? 20 : FIELDS, j, at[4];
	int fresh = 0, added;
	struct slice pairs[8];
	uint64_t before = v != NULL ? hash_count(v) : 0;

	for (j = 0; j < count; j++) {
		at[j] = rand() % room;
		if (i < 3 && at[j] % 50 == 1)
			at[j]++;
		pairs[2 * j] = field_name(fields[j], at[j]);
		do
			pairs[2 * j + 1] = (struct slice){ values[j],
			    any_value(values[j]) };
		while (i < 3 && pairs[2 * j + 1].bytes > limits.bytes);
		fresh += lasts && model[i][at[j]].text == NULL;
		if (lasts)
			remember(&model[i][at[j]], values[j],
			    pairs[2 * j + 1].bytes);
	}
	v = hash_set(&t, k, v, pairs, count, &limits, &added);
	ck_assert_uint_eq(hash_count(v), before + (unsigned)added);
	if (lasts)
		ck_assert_int_eq(added, fresh);
	return v;
}

static void
delete_some(int i, const struct key *k, struct value *v, bool lasts)
{
	int j, count = rand() % 3 ? 1 : 20;
	char field[100];
	bool is_deleted;

	while (count-- > 0 && v != NULL) {
		j = rand() % (i < 6 ? 20 : FIELDS);
		v = hash_delete(&t, k, v, field_name(field, j), &is_deleted);
		if (!lasts)
			continue;
		ck_assert_int_eq(is_deleted, model[i][j].text != NULL);
		remember(&model[i][j], NULL, 0);
	}
}

static void
step(int i, bool lasts)
{
	char text[400];
	struct key k = name(text, i);
	struct value *v = slot_peek(&t, &k);
	int what = rand() % 100, j;

	if (v == NULL || what < 65) {
		set_some(i, &k, v, lasts);
	} else if (what < 97) {
		delete_some(i, &k, v, lasts);
	} else if (what < 98) {
		ground_copy(&t, &k, v);
	} else if (what < 99) {
		slot_expire(&t, &k, v, rand() % 2 ? -1 : 2000000);
	} else {
		slot_remove(&t, &k, v);
		for (j = 0; lasts && j < FIELDS; j++)
			remember(&model[i][j], NULL, 0);
	}
}

START_TEST(random_changes)
{
	const struct ground_play play = { KEYS, STEPS, step, same };

	srand((unsigned)_i + 1);
	g = ground_open(&t, &own);
	ground_play(g, &t, &own, &play);
	ck_assert_int_gt(seen_encoding[SMALL_LISTPACK], 0);
	ck_assert_int_gt(seen_encoding[LARGE], 0);
}
END_TEST

/* A command that runs out of memory half way leaves nothing behind. */
START_TEST(heap_full)
{
	struct slice pair[2];
	struct value *v;
	struct key k;
	char text[400], field[32];
	static char big[60000];
	int i, added;

	g = ground_open(&t, &own);
	k = name(text, 1);
	pair[1] = (struct slice){ big, sizeof(big) };
	txn_begin(&t);
	pair[0] = SLICE("first");
	v = hash_set(&t, &k, NULL, pair, 1, &limits, &added);
	txn_commit(&t);
	txn_begin(&t);
	if (setjmp(t.bail) == 0) {
		v = slot_peek(&t, &k);
		for (i = 0;; i++) {
			pair[0] = (struct slice){ field,
			    (size_t)sprintf(field, "%d", i) };
			v = hash_set(&t, &k, v, pair, 1, &limits, &added);
		}
	}
	txn_undo(&t);
	ck_assert_str_eq(t.why, error_text[ERROR_HEAP_FULL]);
	v = slot_peek(&t, &k);
	ck_assert_uint_eq(hash_count(v), 1);
	ck_assert_int_eq(hash_get(v, SLICE("first"), &pair[1], field), 1);
	ground_check(g);
}
END_TEST

Suite *
unit_suite(void)
{
	TCase *c;
	Suite *suite = unit_case("hash", 120, &c);

	tcase_add_loop_test(c, random_changes, 0, 2);
	tcase_add_test(c, heap_full);
	return suite;
}
