/*
 * unit_set - sets against a model, changes taken back included
 *
 * As unit_hash, with sets that are only integers, only text, or both, in all
 * three encodings.
 *
 * Not here: the commands (t/tr/bs*).
 */
#include "shm/set.h"
#include "t/ground.h"
#include "t/unit.h"

#include <stdio.h>
#include <stdlib.h>

#define KEYS 12
#define MEMBERS 400
#define STEPS 15000

static const struct set_limits limits = { 50, 32, 64 };

static bool model[KEYS][MEMBERS];

static struct txn t;
static struct heap_own own;
static struct ground *g;

static struct key
name(char *text, int i)
{
	return slot_key(g->slots, 0, (struct slice){ text,
	    (size_t)snprintf(text, 32, "key%d", i) });
}

/*
 * Members below 150 are integers of all widths, those below 300 text, the rest
 * text that is too long for a listpack.  Keys 0-3 have integers only, 4-7 no
 * long ones; even keys get few members.
 */
static struct slice
member_name(char *text, int i)
{
	int bytes = i < 150 ? snprintf(text, 100, "%lld", (i % 2 ? 1 : -1) *
	    ((long long)i << i / 3)) :
	    i < 300 ? snprintf(text, 100, "member%d", i) :
	    snprintf(text, 100, "%070d", i);

	return (struct slice){ text, (size_t)bytes };
}

static int
any_member(int i)
{
	int from = i < 4 ? 0 : i < 6 ? 130 : 0;
	int to = i < 4 ? 150 : i < 8 ? 300 : MEMBERS;

	if (i % 2 == 0 && to - from > 25)
		to = from + 25;
	return from + rand() % (to - from);
}

static int seen, seen_encoding[8];
static bool is_seen[MEMBERS];

static void
see(void *arg, struct slice member)
{
	char text[100];
	int i;

	(void)arg;
	for (i = 0; i < MEMBERS; i++)
		if (slice_equal(member, member_name(text, i)))
			break;
	ck_assert_int_lt(i, MEMBERS);
	ck_assert(!is_seen[i]);
	is_seen[i] = true;
	seen++;
}

static void
same(int i)
{
	static int calls;

	char text[100], scratch[NUMBER_TEXT];
	struct key k = name(text, i);
	struct value *v = slot_peek(&t, &k);
	uint64_t cursor = 0;
	int j, count = 0;

	for (j = 0; j < MEMBERS; j++)
		count += model[i][j];
	ck_assert_int_eq(v != NULL, count > 0);
	if (v == NULL)
		return;
	ck_assert_uint_eq(set_count(v), (unsigned)count);
	seen_encoding[value_encoding(v)]++;
	for (j = 0; j < MEMBERS; j++)
		ck_assert_int_eq(model[i][j],
		    set_has(v, member_name(text, j)));
	ck_assert(set_has(v, set_random(v, (uint64_t)rand() << 33 ^
	    (uint64_t)rand() << 2, scratch)));
	if (++calls % 25 != 0)
		return;
	seen = 0;
	memset(is_seen, 0, sizeof(is_seen));
	set_each(v, see, NULL);
	ck_assert_int_eq(seen, count);
	memset(is_seen, 0, sizeof(is_seen));
	do
		cursor = set_scan(v, cursor, see, NULL);
	while (cursor != 0);
	ck_assert_int_eq(seen, 2 * count);
}

static void
add_some(int i, const struct key *k, struct value *v, bool lasts)
{
	static char text[40][100];
	int count = 1 + rand() % (rand() % 10 ? 4 : 40), j, at, fresh = 0;
	uint64_t before = v != NULL ? set_count(v) : 0;
	struct slice members[40];
	int added;

	for (j = 0; j < count; j++) {
		at = any_member(i);
		members[j] = member_name(text[j], at);
		if (!lasts)
			continue;
		fresh += !model[i][at];
		model[i][at] = true;
	}
	v = set_add(&t, k, v, members, count, &limits, &added);
	ck_assert_uint_eq(set_count(v), before + (unsigned)added);
	if (lasts)
		ck_assert_int_eq(added, fresh);
}

static void
delete_some(int i, const struct key *k, struct value *v, bool lasts)
{
	int at, count = rand() % 3 ? 1 : 20;
	char text[100];
	bool is_deleted;

	while (count-- > 0 && v != NULL) {
		at = any_member(i);
		v = set_delete(&t, k, v, member_name(text, at), &is_deleted);
		if (!lasts)
			continue;
		ck_assert_int_eq(is_deleted, model[i][at]);
		model[i][at] = false;
	}
}

/* Stores half of the set in its own place. */
static void
store_half(int i, const struct key *k, struct value *v, bool lasts)
{
	size_t count = set_count(v), half = (count + 1) / 2, j;
	struct slice *list = txn_scratch(&t, count * sizeof(*list));
	char text[100];
	int at;

	set_list(&t, v, list);
	v = set_store(&t, k, v, list, half, &limits);
	ck_assert_uint_eq(set_count(v), half);
	if (!lasts)
		return;
	for (at = 0; at < MEMBERS; at++) {
		for (j = 0; j < half; j++)
			if (slice_equal(list[j], member_name(text, at)))
				break;
		model[i][at] = j < half;
	}
}

static void
step(int i, bool lasts)
{
	char text[32];
	struct key k = name(text, i);
	struct value *v = slot_peek(&t, &k);
	int what = rand() % 100;

	if (v == NULL || what < 55) {
		add_some(i, &k, v, lasts);
	} else if (what < 94) {
		delete_some(i, &k, v, lasts);
	} else if (what < 96) {
		ground_copy(&t, &k, v);
	} else if (what < 97) {
		slot_expire(&t, &k, v, rand() % 2 ? -1 : 2000000);
	} else if (what < 99) {
		store_half(i, &k, v, lasts);
	} else {
		slot_remove(&t, &k, v);
		if (lasts)
			memset(model[i], 0, sizeof(model[i]));
	}
}

START_TEST(random_changes)
{
	const struct ground_play play = { KEYS, STEPS, step, same };

	srand((unsigned)_i + 1);
	g = ground_open(&t, &own);
	ground_play(g, &t, &own, &play);
	ck_assert_int_gt(seen_encoding[SMALL_INTSET], 0);
	ck_assert_int_gt(seen_encoding[SMALL_LISTPACK], 0);
	ck_assert_int_gt(seen_encoding[LARGE], 0);
}
END_TEST

/* as many bytes as a listpack may take */
#define LONG_TEXT \
	"a234567890123456789012345678901b234567890123456789012345678901c2"

static const char *
encoding_of(const char *members)
{
	struct slice list[600];
	char text[4000];
	struct key k = slot_key(g->slots, 0, SLICE("k"));
	struct value *v;
	char *word, *rest;
	int count = 0, added;

	strcpy(text, members);
	for (word = strtok_r(text, " ", &rest); word != NULL;
	    word = strtok_r(NULL, " ", &rest))
		list[count++] = slice_of(word);
	txn_begin(&t);
	v = slot_peek(&t, &k);
	v = set_add(&t, &k, v, list, count, &limits, &added);
	txn_commit(&t);
	return value_encoding_name(v);
}

/* A set goes from one encoding to the next as in redis-server 7.2. */
START_TEST(encodings)
{
	struct key k;

	g = ground_open(&t, &own);
	k = slot_key(g->slots, 0, SLICE("k"));
	ck_assert_str_eq(encoding_of("1 2 3"), "intset");
	ck_assert_str_eq(encoding_of("70000 -3"), "intset");
	ck_assert_str_eq(encoding_of("a"), "listpack");
	ck_assert_str_eq(encoding_of("01"), "listpack");
	ck_assert_str_eq(encoding_of(LONG_TEXT), "listpack");
	ck_assert_str_eq(encoding_of(LONG_TEXT "x"), "hashtable");
	txn_begin(&t);
	slot_remove(&t, &k, slot_peek(&t, &k));
	txn_commit(&t);
	ck_assert_str_eq(encoding_of("1 2 x"), "listpack");
	ground_check(g);
}
END_TEST

Suite *
unit_suite(void)
{
	TCase *c;
	Suite *suite = unit_case("set", 120, &c);

	tcase_add_loop_test(c, random_changes, 0, 2);
	tcase_add_test(c, encodings);
	return suite;
}
