/*
 * unit_list - lists against a model
 *
 * Random pushes, cuts, sets, insertions and removals on some lists, with all
 * kinds of list-max-listpack-size; some transactions of several changes are
 * taken back.  After each the lists are what the model says; at the end no
 * block is lost, and neither is one when all lists are gone.
 *
 * Not here: commands (t/tr/b*_list*.t).
 */
#include "proto/number.h"
#include "shm/list.h"
#include "t/ground.h"
#include "t/unit.h"

#include <stdlib.h>

#define LISTS 6
#define STEPS 30000
#define ELEMENTS 4000

struct model {
	struct slice *v;
	int count, room;
};

static struct txn t;
static struct heap_own own;
static struct ground *g;
static struct model model[LISTS];

static void
put(struct model *m, int at, struct slice s)
{
	if (m->count == m->room) {
		m->room = m->room * 2 + 16;
		m->v = realloc(m->v, (size_t)m->room * sizeof(*m->v));
	}
	memmove(m->v + at + 1, m->v + at,
	    (size_t)(m->count - at) * sizeof(*m->v));
	m->v[at] = s;
	m->count++;
}

static void
take(struct model *m, int at)
{
	m->count--;
	memmove(m->v + at, m->v + at + 1,
	    (size_t)(m->count - at) * sizeof(*m->v));
}

static struct model
copy_of(const struct model *m)
{
	struct model c = { NULL, 0, 0 };
	int i;

	for (i = 0; i < m->count; i++)
		put(&c, i, m->v[i]);
	return c;
}

static struct slice
new_element(void)
{
	static const char digits[] = "0123456789";
	int kind = rand() % 40;
	size_t bytes = kind == 0 ? (size_t)rand() % 30000 :
	    kind < 4 ? (size_t)rand() % 3000 : kind < 20 ?
	    (size_t)rand() % 5 : (size_t)rand() % 80, i;
	char *p = malloc(bytes + 1);

	for (i = 0; i < bytes; i++)
		p[i] = kind % 2 ? digits[rand() % 10] : (char)(rand() % 3);
	return (struct slice){ p, bytes };
}

/* A random element; lives as long as the test. */
static struct slice
element(void)
{
	static struct slice pool[ELEMENTS];
	struct slice *s = &pool[rand() % ELEMENTS];

	if (s->data == NULL)
		*s = new_element();
	return *s;
}

static struct list_pen
pen_of(int i, char *name, struct key *k, int64_t fill)
{
	name[0] = 'l';
	name[1] = (char)('0' + i);
	*k = slot_key(g->slots, 0, (struct slice){ name, 2 });
	return (struct list_pen){ &t, k, slot_peek(&t, k), fill };
}

static void
same(int i)
{
	char name[2], scratch[NUMBER_TEXT];
	const struct model *m = &model[i];
	struct key k;
	struct list_pen p = pen_of(i, name, &k, 0);
	struct list_at at;
	int n;

	ck_assert_int_eq(p.value != NULL, m->count > 0);
	if (p.value == NULL)
		return;
	ck_assert_int_eq((int64_t)list_count(p.value), m->count);
	ck_assert(list_seek(p.value, 0, &at));
	/* ck_assert() costs a system call. */
	for (n = 0; n < m->count; n++) {
		must(slice_equal(list_text(&at, scratch), m->v[n]),
		    "a list read forwards is its model");
		must(list_next(&at) == (n + 1 < m->count),
		    "a list ends where its model ends");
	}
	ck_assert(list_seek(p.value, -1, &at));
	for (n = m->count; n-- > 0;) {
		must(slice_equal(list_text(&at, scratch), m->v[n]),
		    "a list read backwards is its model");
		must(list_prev(&at) == (n > 0),
		    "a list begins where its model begins");
	}
	n = rand() % m->count;
	ck_assert(list_seek(p.value, n, &at));
	ck_assert(slice_equal(list_text(&at, scratch), m->v[n]));
	ck_assert(!list_seek(p.value, m->count, &at));
	ck_assert(!list_seek(p.value, -m->count - 1, &at));
}

static void
push(struct list_pen *p, struct model *m)
{
	enum list_end end = rand() % 2 ? LIST_LEFT : LIST_RIGHT;
	struct slice s[40];
	int n = rand() % 8 ? 1 + rand() % 3 : 1 + rand() % 40, i;

	for (i = 0; i < n; i++) {
		s[i] = element();
		put(m, end == LIST_LEFT ? 0 : m->count, s[i]);
	}
	list_push(p, end, s, n);
}

static void
cut(struct list_pen *p, struct model *m)
{
	enum list_end end = rand() % 2 ? LIST_LEFT : LIST_RIGHT;
	int n = rand() % 50 ? rand() % 8 : rand() % 2000, i;

	list_cut(p, end, (uint64_t)n);
	for (i = 0; i < n && m->count > 0; i++)
		take(m, end == LIST_LEFT ? 0 : m->count - 1);
}

static void
remove_some(struct list_pen *p, struct model *m)
{
	enum list_end from = rand() % 2 ? LIST_LEFT : LIST_RIGHT;
	struct slice s = m->v[rand() % m->count];
	uint64_t max = rand() % 3 ? 1 + (uint64_t)rand() % 30 : UINT64_MAX;
	uint64_t removed = 0;
	int n = from == LIST_LEFT ? 0 : m->count - 1;

	while (n >= 0 && n < m->count && removed < max)
		if (slice_equal(m->v[n], s)) {
			take(m, n);
			removed++;
			n -= from == LIST_RIGHT;
		} else {
			n += from == LIST_LEFT ? 1 : -1;
		}
	ck_assert_uint_eq(list_remove(p, from, max, s), removed);
}

static void
change(int i, int64_t fill)
{
	char name[2];
	struct key k;
	struct list_pen p = pen_of(i, name, &k, fill);
	struct model *m = &model[i];
	struct slice s = element();
	struct list_at at;
	int kind = rand() % 20, n;

	if (p.value == NULL || kind < 8) {
		push(&p, m);
		return;
	}
	n = rand() % m->count;
	ck_assert(list_seek(p.value, n, &at));
	if (kind < 12) {
		cut(&p, m);
	} else if (kind < 15) {
		list_set(&p, &at, s);
		m->v[n] = s;
	} else if (kind < 18) {
		list_insert(&p, &at, kind == 15 ? LIST_LEFT : LIST_RIGHT, s);
		put(m, n + (kind != 15), s);
	} else {
		remove_some(&p, m);
	}
	if (p.value != NULL)
		ck_assert_ptr_eq(p.value, slot_peek(&t, &k));
}

/* Some changes of one list in one transaction, maybe taken back. */
static void
step(void)
{
	static const int64_t fills[] = { -2, -1, -2, -3, -5, 0, 1, 5, 128, -2 };
	int i = rand() % LISTS, n = rand() % 4 + 1;
	bool is_undone = rand() % 3 == 0;
	struct model before = copy_of(&model[i]);

	txn_begin(&t);
	while (n-- > 0)
		change(i, fills[(i * 2 + rand() % 2) % (int)COUNT(fills)]);
	if (is_undone) {
		txn_undo(&t);
		free(model[i].v);
		model[i] = before;
	} else {
		txn_commit(&t);
		free(before.v);
	}
	same(i);
}

static void
remove_all(void)
{
	char name[2];
	struct key k;
	int i;

	for (i = 0; i < LISTS; i++) {
		struct list_pen p = pen_of(i, name, &k, -2);

		txn_begin(&t);
		if (p.value != NULL)
			list_cut(&p, LIST_LEFT, list_count(p.value));
		txn_commit(&t);
	}
}

START_TEST(test_model)
{
	int i;

	g = ground_open(&t, &own);
	srand(7);
	for (i = 0; i < STEPS; i++) {
		step();
		if (i % 1000 == 0)
			ground_check(g);
	}
	ground_check(g);
	remove_all();
	ground_check(g);
	ck_assert_int_eq(g->keys[0], 0);
}
END_TEST

/* What COPY does; the two share nothing. */
START_TEST(test_copy)
{
	char name[2], other[2];
	struct key k, k2;
	struct list_pen p, p2;
	struct list_at at;
	int i;

	g = ground_open(&t, &own);
	txn_begin(&t);
	for (i = 0; i < 3000; i++) {
		p = pen_of(0, name, &k, -2);
		list_push(&p, LIST_LEFT, &SLICE("some element"), 1);
	}
	p2 = pen_of(1, other, &k2, -2);
	p2.value = slot_put(&t, &k2, NULL, VALUE_LIST, LARGE,
	    value_bytes(p.value), -1, false);
	memcpy(value_data(p2.value), value_data(p.value),
	    value_bytes(p.value));
	list_ops.copy(&t, p.value, p2.value);
	txn_commit(&t);
	ground_check(g);
	txn_begin(&t);
	list_cut(&p, LIST_RIGHT, 2000);
	list_push(&p, LIST_RIGHT, &SLICE("another"), 1);
	txn_commit(&t);
	ck_assert_int_eq((int64_t)list_count(p.value), 1001);
	ck_assert_int_eq((int64_t)list_count(p2.value), 3000);
	ck_assert(list_seek(p2.value, -1, &at));
	for (i = 1; list_prev(&at); i++)
		must(slice_equal(list_text(&at, NULL), SLICE("some element")),
		    "a copy keeps what it has");
	ck_assert_int_eq(i, 3000);
	ground_check(g);
}
END_TEST

/* A long list: seeking is right, and memory is what a quicklist takes. */
START_TEST(test_long)
{
	char name[2], text[NUMBER_TEXT];
	struct key k;
	struct list_pen p;
	struct list_at at;
	struct slice s = { text, 0 };
	int64_t i;

	g = ground_open(&t, &own);
	for (i = 0; i < 300000; i++) {
		s.bytes = number_put_int(text, i * 1000003);
		txn_begin(&t);
		p = pen_of(0, name, &k, -2);
		list_push(&p, LIST_RIGHT, &s, 1);
		txn_commit(&t);
	}
	for (i = 0; i < 300000; i += 997) {
		ck_assert(list_seek(p.value, i, &at));
		ck_assert_int_eq(list_get(&at).number, i * 1000003);
		ck_assert(list_seek(p.value, i - 300000, &at));
		ck_assert_int_eq(list_get(&at).number, i * 1000003);
	}
	/* 10 bytes an element in 8185 of 8192, and 32 for each of those */
	ck_assert_uint_lt(g->used_bytes[0], 300000 * 10 * 101 / 100);
	ground_check(g);
}
END_TEST

Suite *
unit_suite(void)
{
	TCase *c;
	Suite *s = unit_case("list", 60, &c);

	tcase_add_test(c, test_model);
	tcase_add_test(c, test_copy);
	tcase_add_test(c, test_long);
	return s;
}
