/*
 * unit_zset - sorted sets against a model
 *
 * Random additions, moves, removals, range removals and stores, some taken
 * back; afterwards members, ranks, spans and iteration are what a sorted array
 * says, the tree is sound and no block is lost.
 *
 * Not here: the commands (t/tr), records (unit_slot).
 */
#include "shm/zset.h"
#include "t/ground.h"
#include "t/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NAMES 3000

struct name {
	char text[80];
	size_t bytes;
};

static struct {
	double score;
	bool is_there;
} model[NAMES], saved[NAMES];
static struct zset_item sorted[NAMES];
static struct name names[NAMES];
static uint64_t there;
static struct txn t;
static struct heap_own own;
static struct ground *g;
static struct key key;
static const struct zset_limits limits = { 128, 64 };

static struct slice
name(int i)
{
	return (struct slice){ names[i].text, names[i].bytes };
}

/* Integers, words, binary, and a few beyond the limit of small sets. */
static void
make_names(void)
{
	int i;

	for (i = 0; i < NAMES; i++) {
		struct name *n = &names[i];

		if (i % 3 < 2)
			n->bytes = (size_t)snprintf(n->text, sizeof(n->text),
			    i % 3 == 0 ? "%d" : "member:%08d", i);
		else
			n->bytes = (size_t)snprintf(n->text, sizeof(n->text),
			    "%c\xff-%d", 'a' + i % 7, i);
		if (i == NAMES - 1) {
			memset(n->text, 'x', 70);
			n->bytes = 70;
		}
	}
}

static double
any_score(void)
{
	switch (rand() % 12) {
	case 0:
		return rand() % 2 ? INFINITY : -INFINITY;
	case 1:
		return rand() / 1000.0 - 1e6;
	case 2:
		return rand() * 1e300 * (rand() % 2 ? 1 : -1);
	case 3:
		return rand() % 2 ? 0.0 : -0.0;
	default:
		return rand() % 60 - 30;
	}
}

static void
sort_model(void)
{
	int i;

	there = 0;
	for (i = 0; i < NAMES; i++)
		if (model[i].is_there)
			sorted[there++] = (struct zset_item){ model[i].score,
				name(i) };
	zset_sort(sorted, there);
}

static void
same_item(const struct zset_item *a, const struct zset_item *b)
{
	ck_assert(slice_equal(a->member, b->member));
	ck_assert(a->score == b->score);
}

static void
same_span(const struct value *v, const struct zset_bound *low,
    const struct zset_bound *high, uint64_t from, uint64_t to)
{
	uint64_t a, b, skip = rand() % 3 ? 0 : (uint64_t)rand() % 8;
	bool is_reverse = rand() % 2;

	zset_span(v, low, high, is_reverse, skip, &a, &b);
	if (from >= to || to - from <= skip) {
		ck_assert_uint_eq(a, b);
		return;
	}
	ck_assert_uint_eq(a, is_reverse ? from : from + skip);
	ck_assert_uint_eq(b, is_reverse ? to - skip : to);
}

static uint64_t
count_before(const struct zset_bound *b)
{
	uint64_t i, n = 0;

	for (i = 0; i < there; i++)
		n += sorted[i].score < b->score ||
		    (b->is_behind && sorted[i].score == b->score);
	return n;
}

/* Everything that can be asked of v is what the model says. */
static void
same(void)
{
	struct value *v = slot_peek(&t, &key);
	struct zset_cursor c;
	struct zset_item item;
	uint64_t i, rank;
	double score;
	int n;

	sort_model();
	ck_assert_int_eq(v != NULL, there > 0);
	if (v == NULL)
		return;
	ck_assert_uint_eq(zset_count(v), there);
	ck_assert(zset_check(v));
	zset_seek(v, 0, &c);
	for (i = 0; zset_next(&c, &item); i++)
		same_item(&item, &sorted[i]);
	ck_assert_uint_eq(i, there);
	zset_seek(v, there - 1, &c);
	for (i = there; zset_prev(&c, &item); i--)
		same_item(&item, &sorted[i - 1]);
	ck_assert_uint_eq(i, 0);
	for (n = 0; n < 20; n++) {
		struct zset_bound low = { .kind = ZSET_BY_SCORE,
			.is_behind = rand() % 2, .score = any_score() };
		struct zset_bound high = { .kind = ZSET_BY_SCORE,
			.is_behind = rand() % 2, .score = any_score() };

		i = (uint64_t)rand() % there;
		ck_assert(zset_rank(v, sorted[i].member, &rank, &score));
		ck_assert_uint_eq(rank, i);
		ck_assert(score == sorted[i].score);
		zset_seek(v, i, &c);
		ck_assert(zset_next(&c, &item));
		same_item(&item, &sorted[i]);
		same_span(v, &low, &high, count_before(&low),
		    count_before(&high));
		i = (uint64_t)rand() % NAMES;
		ck_assert_int_eq(zset_score(v, name((int)i), &score),
		    model[i].is_there);
	}
}

static void
step_add(struct value *v)
{
	int i = rand() % NAMES;
	double score = any_score(), now = model[i].score;
	bool is_there = model[i].is_there;
	unsigned flags = 0;
	enum zset_did did;

	if (rand() % 4 == 0)
		flags = (unsigned[]){ ZSET_NX, ZSET_XX, ZSET_GT, ZSET_LT,
			ZSET_INCR, ZSET_INCR | ZSET_GT }[rand() % 6];
	if (flags & ZSET_INCR && is_there)
		model[i].score += score;
	else
		model[i].score = score;
	did = zset_add(&t, &key, &v, name(i), &score, flags, &limits);
	switch (did) {
	case ZSET_ADDED:
		ck_assert(!is_there && !(flags & ZSET_XX));
		break;
	case ZSET_UPDATED:
		ck_assert(is_there && !(flags & ZSET_NX));
		ck_assert(score == model[i].score && score != now);
		ck_assert(!(flags & ZSET_GT) || score > now);
		ck_assert(!(flags & ZSET_LT) || score < now);
		break;
	case ZSET_SAME:
		ck_assert(is_there && now == model[i].score);
		model[i].score = now;
		return;
	case ZSET_NAN:
		ck_assert(isnan(model[i].score));
		/* fall through */
	case ZSET_REFUSED:
		model[i].score = now;
		return;
	}
	model[i].is_there = true;
}

static void
forget(struct slice member)
{
	int i;

	for (i = 0; i < NAMES; i++)
		if (model[i].is_there && slice_equal(name(i), member))
			model[i].is_there = false;
}

static void
step_cut(struct value *v)
{
	uint64_t count = zset_count(v), from, to, i;

	from = (uint64_t)rand() % count;
	to = from + (uint64_t)rand() % (count - from + 1);
	if (rand() % 4 && to - from > 100)
		to = from + (uint64_t)rand() % 100;
	if (rand() % 200 == 0) {
		from = 0;
		to = count;
	}
	sort_model();
	for (i = from; i < to; i++)
		forget(sorted[i].member);
	zset_cut(&t, &key, v, from, to);
}

static void
step_store(struct value *v)
{
	uint64_t count = zset_count(v), i, kept = 0;
	struct zset_item *items = txn_scratch(&t, count * sizeof(*items));

	zset_list(&t, v, 0, count, items);
	for (i = 0; i < count; i++) {
		if (rand() % 10 == 0 && i > 0)
			forget(items[i].member);
		else
			items[kept++] = items[i];
	}
	zset_store(&t, &key, v, items, kept, &limits);
}

static void
step(int range)
{
	struct value *v = slot_peek(&t, &key);
	int what = rand() % 1000, i = rand() % NAMES;
	bool is_deleted;

	if (v == NULL || what < 560 - range * 20) {
		step_add(v);
	} else if (what < 990) {
		zset_delete(&t, &key, v, name(i), &is_deleted);
		ck_assert_int_eq(is_deleted, model[i].is_there);
		model[i].is_there = false;
	} else if (what < 998 && range) {
		step_cut(v);
	} else if (range) {
		step_store(v);
	}
}

static void
begin(void)
{
	g = ground_open(&t, &own);
	key = slot_key(g->slots, 0, SLICE("zset"));
	make_names();
	t.why = NULL;
}

static void
end(void)
{
	struct value *v = slot_peek(&t, &key);

	ground_check(g);
	if (v != NULL) {
		txn_begin(&t);
		slot_remove(&t, &key, v);
		txn_commit(&t);
	}
	ck_assert_uint_eq(g->used_bytes[0], 0);
	ground_check(g);
	heap_forget(&own);
	txn_close(&t);
}

START_TEST(random_changes)
{
	int n, steps;

	srand((unsigned)_i + 7);
	begin();
	for (n = 0; n < 2500; n++) {
		bool lasts = rand() % 5 != 0;

		memcpy(saved, model, sizeof(saved));
		txn_begin(&t);
		for (steps = rand() % 30; steps >= 0; steps--)
			step(_i);
		if (lasts) {
			txn_commit(&t);
		} else {
			txn_undo(&t);
			memcpy(model, saved, sizeof(saved));
		}
		if (n % 16 == 0 || (!lasts && n % 4 == 0))
			same();
		if (n % 500 == 0)
			ground_check(g);
	}
	same();
	end();
}
END_TEST

/* Few members, so that the set stays a listpack. */
START_TEST(small_changes)
{
	int n, i;

	srand(3);
	begin();
	for (n = 0; n < 10000; n++) {
		struct value *v = slot_peek(&t, &key);
		double score = any_score();
		bool is_deleted;

		i = rand() % 100;
		txn_begin(&t);
		if (v == NULL || rand() % 2) {
			zset_add(&t, &key, &v, name(i), &score, 0, &limits);
		} else {
			v = zset_delete(&t, &key, v, name(i), &is_deleted);
			score = NAN;
		}
		if (v != NULL)
			ck_assert_int_eq(value_encoding(v), SMALL_LISTPACK);
		if (rand() % 4 == 0) {
			txn_undo(&t);
		} else {
			txn_commit(&t);
			model[i].is_there = !isnan(score);
			model[i].score = score;
		}
		if (n % 8 == 0)
			same();
	}
	end();
}
END_TEST

static uint64_t
before(const char *text, bool is_behind)
{
	uint64_t i, n = 0;

	for (i = 0; i < there; i++) {
		int c = slice_compare(sorted[i].member, slice_of(text));

		n += c < 0 || (c == 0 && is_behind);
	}
	return n;
}

/* Ranges of members, all of one score. */
START_TEST(lex_spans)
{
	struct value *v = NULL;
	double score = 5;
	int i;

	begin();
	srand(9);
	txn_begin(&t);
	for (i = 0; i < (_i ? NAMES - 1 : 100); i++) {
		model[i].is_there = true;
		model[i].score = score;
		zset_add(&t, &key, &v, name(i), &score, 0, &limits);
	}
	txn_commit(&t);
	same();
	for (i = 0; i < 2000; i++) {
		char a[8] = { (char)('0' + rand() % 80), (char)('0' +
		    rand() % 80) }, b[8] = { (char)('0' + rand() % 80) };
		struct zset_bound low = { .kind = ZSET_BY_MEMBER,
			.is_behind = rand() % 2, .member = slice_of(a) };
		struct zset_bound high = { .kind = ZSET_BY_MEMBER,
			.is_behind = rand() % 2, .member = slice_of(b) };

		same_span(v, &low, &high, before(a, low.is_behind),
		    before(b, high.is_behind));
	}
	end();
}
END_TEST

/* Many in ascending order, then taken out in several ways. */
START_TEST(many)
{
	struct value *v = NULL;
	char text[32];
	double score;
	int i, count = 100000;

	begin();
	for (i = 0; i < count; i++) {
		score = i;
		txn_begin(&t);
		zset_add(&t, &key, &v, (struct slice){ text, (size_t)snprintf(
		    text, sizeof(text), "m:%d", i) }, &score, 0, &limits);
		txn_commit(&t);
	}
	ck_assert(zset_check(v));
	while (v != NULL) {
		uint64_t n = zset_count(v), from, gone;

		from = _i == 0 ? 0 : _i == 1 ? n / 3 : n - n / 5;
		gone = n > 5 ? n / 6 : 1;
		if (from + gone > n)
			from = n - gone;
		txn_begin(&t);
		v = zset_cut(&t, &key, v, from, from + gone);
		txn_commit(&t);
		ck_assert(v == NULL || zset_check(v));
	}
	end();
}
END_TEST

/* A copy shares nothing with what it was made from. */
START_TEST(copies)
{
	struct key other;
	struct value *v = NULL, *to;
	double score;
	int i;

	begin();
	other = slot_key(g->slots, 0, SLICE("copy"));
	txn_begin(&t);
	for (i = 0; i < NAMES; i++) {
		score = i % 10;
		zset_add(&t, &key, &v, name(i), &score, 0, &limits);
	}
	to = slot_put(&t, &other, NULL, VALUE_ZSET, value_encoding(v),
	    value_bytes(v), -1, false);
	memcpy(value_data(to), value_data(v), value_bytes(v));
	zset_ops.copy(&t, v, to);
	txn_commit(&t);
	ground_check(g);
	ck_assert(zset_check(to));
	ck_assert_uint_eq(zset_count(to), NAMES);
	txn_begin(&t);
	slot_remove(&t, &other, to);
	txn_commit(&t);
	ck_assert(zset_check(v));
	end();
}
END_TEST

Suite *
unit_suite(void)
{
	TCase *c;
	Suite *s = unit_case("zset", 120, &c);

	tcase_add_loop_test(c, random_changes, 0, 4);
	tcase_add_test(c, small_changes);
	tcase_add_loop_test(c, lex_spans, 0, 2);
	tcase_add_loop_test(c, many, 0, 3);
	tcase_add_test(c, copies);
	return s;
}
