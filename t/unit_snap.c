/*
 * unit_snap - a snapshot is what there was at its cut, whatever is done
 *
 * One process changes keys of all types, in steps that are committed, undone
 * or mended as if it had died; between any two of them the saver does some of
 * its work (saver.h).  What comes out is compared, record by record, with what
 * the slots held at the cut (bag.h).
 *
 * Not here: savers and workers that are processes (t/py/i0010, k0020, k0022).
 */
#include "shm/chain.h"
#include "shm/hash.h"
#include "shm/list.h"
#include "shm/set.h"
#include "shm/string.h"
#include "shm/zset.h"
#include "t/change.h"
#include "t/ground.h"
#include "t/saver.h"
#include "t/unit.h"

#include <stdio.h>
#include <stdlib.h>

#define RING_BYTES (1ull << 20)
#define RING_MOST (RING_BYTES / 4)
#define LITTLE (RING_BYTES / 8)     /* soon full */
#define FILL 4000
#define DATABASES 3

static struct txn t;
static struct heap_own own;
static struct ground *g;

/* --- the writer -------------------------------------------------------- */

static struct key
fill_key(char text[32], int i)
{
	snprintf(text, 32, "{%d}fill:%d", i % 3, i);
	return slot_key(g->slots, (uint8_t)(i % DATABASES), slice_of(text));
}

/* Some string comes, changes or goes, or gets another time to live. */
static void
change_fill(void)
{
	char text[32], data[100];
	struct key k = fill_key(text, rand() % FILL);
	struct value *v = slot_peek(&t, &k);

	memset(data, 'a' + rand() % 26, sizeof(data));
	if (v != NULL && rand() % 4 == 0)
		slot_remove(&t, &k, v);
	else if (v != NULL && rand() % 4 == 0)
		slot_expire(&t, &k, v, t.now_ms + rand() % 3000);
	else
		slot_put_string(&t, &k, v, (struct slice){ data,
		    (size_t)rand() % sizeof(data) }, rand() % 4 ? -1 :
		    t.now_ms + rand() % 3000);
}

static void
prepare(void)
{
	t.snap = &saver.snap;
	t.wish = &saver.wish;
	t.snap_serial = t.snap_now = saver.walk.is_over ? 0 : saver.serial;
}

/* A snapshot begins, and ends; the writer knows. */
static void
cut(void)
{
	saver_cut();
	t.snap_serial = t.snap_now = saver.serial;
}

static void
finish(void)
{
	saver_finish();
	t.snap_serial = t.snap_now = 0;
}

static bool
is_crowded(uint64_t most)
{
	return snap_is_crowded(&saver.snap, saver.serial, most);
}

/* A worker dies in the middle, and its journal is mended. */
static void
die(void)
{
	int64_t now = t.now_ms;

	snap_mend(&g->journal[0], &saver.snap);
	ground_mend(g, &t, &own);
	t.now_ms = now;
	prepare();
}

static void
change_once(uint64_t change)
{
	int steps = rand() % 3 + 1, how = rand() % 20;

	txn_begin(&t);
	change_do(&t, g->slots, (uint8_t)(change % DATABASES), change);
	while (steps-- > 0)
		change_fill();
	if (how == 0)
		txn_undo(&t);
	else if (how == 1)
		die();
	else
		txn_commit(&t);
}

static uint64_t
choose(void)
{
	uint64_t change;

	/* That gives a snapshot up. */
	do
		change = (uint64_t)rand() << 31 ^ (uint64_t)rand();
	while (change_is_flush(change));
	return change;
}

/* One transaction of some changes; the times it had to wait for the saver. */
static int
change_some(void)
{
	volatile uint64_t change = choose();
	volatile int waits = 0;

	if (setjmp(t.bail) != 0) {
		ck_assert_str_eq(t.why, snap_wait);
		txn_undo(&t);
		waits++;
		saver_step();
	}
	change_once(change);
	return waits;
}

static void
open_ground(unsigned seed, uint64_t ring_bytes)
{
	char text[32];
	int i;

	srand(seed);
	g = ground_open(&t, &own);
	saver_open(g, ring_bytes);
	prepare();
	for (i = 0; i < FILL; i++) {
		struct key k = fill_key(text, i);

		txn_begin(&t);
		slot_put_string(&t, &k, NULL, slice_of(text), -1);
		txn_commit(&t);
	}
	for (i = 0; i < 3000; i++)
		change_some();
}

static void
close_ground(void)
{
	ground_check(g);
	heap_forget(&own);
	txn_close(&t);
	saver_close();
}

/* --- tests ------------------------------------------------------------- */

/*
 * Snapshots under changes of all kinds, none of which waits; the ring wraps
 * again and again, stamps come again, times to live end meanwhile.
 */
START_TEST(exact)
{
	uint64_t handed = 0, pinned = 0, lefts = 0;
	int i;

	open_ground((unsigned)_i + 1, RING_BYTES);
	for (i = 0; i < 20; i++) {
		int pace = rand() % 30 + 1;

		cut();
		while (!saver.walk.is_over) {
			if (is_crowded(RING_MOST))
				saver_drain();
			if (rand() % pace == 0)
				saver_step();
			else
				ck_assert_int_eq(change_some(), 0);
			t.now_ms++;
		}
		finish();
		ck_assert_uint_ne(saver.snap.broken, saver.serial);
		bag_same(&saver.was, &saver.got);
		pinned += saver.walk.pinned;
		lefts += saver.walk.lefts;
	}
	handed = saver.snap.handed;
	ck_assert_uint_gt(saver.snap.end, 2 * RING_BYTES);
	ck_assert_uint_gt(handed, 1000);
	ck_assert_uint_gt(pinned, 10);
	ck_assert_uint_gt(lefts, 10);
	close_ground();
}
END_TEST

/* --- parts ------------------------------------------------------------- */

#define PARTS 3000
#define LONG_NAMES 4   /* of them: longer than what is copied */
#define LONG_BYTES (SNAP_PART_MAX + 5000)

static struct key
part_key(int i)
{
	static const char *const name[] = { "many:h", "many:s", "many:z" };

	return slot_key(g->slots, 0, slice_of(name[i]));
}

static struct slice
part_name(int part)
{
	static char text[LONG_BYTES];
	int bytes = snprintf(text, sizeof(text), "part:%d:", part);

	if (part >= LONG_NAMES)
		return (struct slice){ text, (size_t)bytes };
	memset(text + bytes, 'n', sizeof(text) - (size_t)bytes);
	return (struct slice){ text, sizeof(text) };
}

static void
change_field(const struct key *k, struct value *v, struct slice name)
{
	static char data[3 * SNAP_PART_MAX];
	static const struct hash_limits limits = { 16, 64 };
	struct slice pair[2] = { name, { data, (size_t)rand() %
	    (rand() % 100 == 0 ? sizeof(data) : 50) } };
	bool is_deleted;
	int added;

	memset(data, 'a' + rand() % 26, sizeof(data));
	if (v == NULL || rand() % 3 > 0)
		hash_set(&t, k, v, pair, 1, &limits, &added);
	else
		hash_delete(&t, k, v, name, &is_deleted);
}

static void
change_member(const struct key *k, struct value *v, struct slice name)
{
	static const struct set_limits limits = { 16, 24, 64 };
	bool is_deleted;
	int added;

	if (v == NULL || rand() % 2 > 0)
		set_add(&t, k, v, &name, 1, &limits, &added);
	else
		set_delete(&t, k, v, name, &is_deleted);
}

/* Also a row of them, of which one may be long. */
static void
change_scored(const struct key *k, struct value *v, struct slice name)
{
	static const struct zset_limits limits = { 16, 64 };
	double score = rand() % 100;
	bool is_deleted;

	if (v == NULL || rand() % 3 > 0)
		zset_add(&t, k, &v, name, &score, 0, &limits);
	else if (rand() % 20 > 0)
		zset_delete(&t, k, v, name, &is_deleted);
	else
		zset_cut(&t, k, v, zset_count(v) / 2, zset_count(v) / 2 + 3);
}

/* A field or a member comes, changes or goes; some are long. */
static void
change_part(int which, int part)
{
	static void (*const change[])(const struct key *k, struct value *v,
	    struct slice name) = { change_field, change_member,
	    change_scored };
	struct key k = part_key(which);

	change[which](&k, slot_find(&t, &k), part_name(part));
}

/* One of all, and now and then a long one. */
static int
some_part(void)
{
	return rand() % 200 == 0 ? rand() % LONG_NAMES : rand() % PARTS;
}

/* One transaction of some; whether it had to wait. */
static bool
change_parts(void)
{
	int i = rand() % 4 + 1, how = rand() % 20;

	if (setjmp(t.bail) != 0) {
		ck_assert_str_eq(t.why, snap_wait);
		txn_undo(&t);
		saver_step();
		return true;
	}
	txn_begin(&t);
	while (i-- > 0)
		change_part(rand() % 3, some_part());
	if (how == 0)
		txn_undo(&t);
	else if (how == 1)
		die();
	else
		txn_commit(&t);
	return false;
}

/* Who changes parts does not wait, however long they are. */
START_TEST(parts)
{
	uint64_t parted = 0, lefts = 0;
	int i, pace;

	open_ground((unsigned)_i + 100, RING_BYTES);
	for (i = 0; i < 2 * PARTS; i++)
		change_parts();
	for (i = 0; i < 10; i++) {
		cut();
		pace = rand() % 30 + 2;
		while (!saver.walk.is_over) {
			if (is_crowded(RING_MOST))
				saver_drain();
			if (rand() % pace == 0)
				saver_step();
			else
				ck_assert(!change_parts());
		}
		finish();
		ck_assert_uint_ne(saver.snap.broken, saver.serial);
		bag_same(&saver.was, &saver.got);
		parted += saver.walk.parted;
		lefts += saver.walk.lefts;
	}
	ck_assert_uint_gt(parted, 100);
	ck_assert_uint_gt(lefts, 10);
	close_ground();
}
END_TEST

/* A saver that reads nothing: the snapshot is given up, changes go on. */
START_TEST(full_ring)
{
	int i;

	open_ground(7, LITTLE);
	cut();
	ck_assert(!is_crowded(LITTLE / 2));
	for (i = 0; i < 100000 && saver.snap.broken != saver.serial; i++) {
		txn_begin(&t);
		change_fill();
		txn_commit(&t);
		if (saver.snap.end - saver.reader.got > LITTLE / 2 &&
		    saver.snap.broken != saver.serial)
			ck_assert(is_crowded(LITTLE / 2));
	}
	ck_assert_uint_eq(saver.snap.broken, saver.serial);
	ck_assert_uint_le(saver.snap.end - saver.reader.got, LITTLE);
	/* Nobody waits for what nobody reads. */
	ck_assert(!is_crowded(LITTLE / 2));
	for (i = 0; i < 1000; i++)
		change_some();
	saver_drain();
	/* The next one has nothing of it. */
	cut();
	for (i = 0; i < 200; i++) {
		if (is_crowded(LITTLE / 2))
			saver_drain();
		change_some();
	}
	finish();
	ck_assert_uint_ne(saver.snap.broken, saver.serial);
	bag_same(&saver.was, &saver.got);
	close_ground();
}
END_TEST

static void
flush_all(void)
{
	uint32_t i;

	txn_begin(&t);
	for (i = 0; i < SLOT_COUNT; i++)
		slot_flush(&t, &g->slots[i], -1);
	txn_commit(&t);
}

/* What the saver reads stays also when all goes at once. */
START_TEST(flushed)
{
	uint32_t i;

	open_ground(8, RING_BYTES);
	cut();
	while (saver.walk.owner == NULL) {
		ck_assert(!saver.walk.is_over);
		saver_step();
	}
	if (setjmp(t.bail) != 0)
		ck_abort_msg("%s", t.why);
	flush_all();
	ck_assert_uint_eq(saver.snap.broken, saver.serial);
	ck_assert_int_eq(g->keys[0], 0);
	for (i = 0; saver.left[i] == NULL;)
		ck_assert_uint_lt(++i, SLOT_COUNT);
	ck_assert_ptr_eq(value_large(saver.left[i]->v), saver.walk.owner->root);
	ck_assert_ptr_null(saver.left[i]->next);
	saver_write_pinned();
	saver_take_left(i);
	/* Passed all: a database that is emptied takes nothing away. */
	for (i = 0; i < 300; i++)
		change_some();
	saver_drain();
	cut();
	finish();
	t.snap_serial = t.snap_now = saver.serial;
	flush_all();
	ck_assert_uint_ne(saver.snap.broken, saver.serial);
	bag_same(&saver.was, &saver.got);
	close_ground();
}
END_TEST

/* Nodes that were kept for a snapshot that ends before it has the list. */
START_TEST(stale)
{
	struct key k = { 0 };
	struct slice name = SLICE("{0}list"), s[1] = { SLICE("an element") };
	struct list_pen p = { &t, &k, NULL, 4 };
	struct chain *c;
	int i;

	open_ground(10, RING_BYTES);
	k = slot_key(g->slots, 0, name);
	txn_begin(&t);
	for (i = 0; i < 400; i++)
		list_push(&p, LIST_RIGHT, s, 1);
	txn_commit(&t);
	cut();
	txn_begin(&t);
	p.value = slot_peek(&t, &k);
	list_cut(&p, LIST_LEFT, 200);
	txn_commit(&t);
	c = value_large(p.value);
	ck_assert_ptr_nonnull(c->orphans);
	/* Its saver is dead, and nobody reads them. */
	saver.snap.broken = saver.serial;
	for (i = 0; i < 40 && c->orphans != NULL; i++) {
		txn_begin(&t);
		p.value = slot_peek(&t, &k);
		list_push(&p, LIST_RIGHT, s, 1);
		txn_commit(&t);
	}
	ck_assert_ptr_null(c->orphans);
	ck_assert_int_gt(i, 1);
	cut();
	finish();
	bag_same(&saver.was, &saver.got);
	close_ground();
}
END_TEST

/* Time is over for a key that the saver has yet to read: it is left. */
START_TEST(expired)
{
	struct key k = { 0 };
	struct slice name = SLICE("{0}stream"), body;
	char *text = malloc(SNAP_COPY_MAX * 2);
	struct value *v;

	open_ground(9, RING_BYTES);
	memset(text, 'x', SNAP_COPY_MAX * 2);
	body = (struct slice){ text, SNAP_COPY_MAX * 2 };
	k = slot_key(g->slots, 0, name);
	txn_begin(&t);
	slot_put_string(&t, &k, NULL, body, t.now_ms + 10);
	txn_commit(&t);
	cut();
	t.now_ms += 100;
	t.snap_now = 0;
	v = slot_lying(&k);
	txn_begin(&t);
	ck_assert_ptr_null(slot_peek(&t, &k));
	txn_commit(&t);
	ck_assert_ptr_null(slot_lying(&k));
	ck_assert_ptr_eq(saver.left[keyslot_of(name)]->v, v);
	t.snap_now = saver.serial;
	finish();
	bag_same(&saver.was, &saver.got);
	free(text);
	close_ground();
}
END_TEST

/* Sets a field of the large hash to `bytes` bytes. */
static void
set_field(struct slice name, int byte, size_t bytes)
{
	static char data[2 * SNAP_PART_MAX];
	static const struct hash_limits limits = { 16, 64 };
	struct key k = part_key(0);
	struct slice pair[2] = { name, { data, bytes } };
	int added;

	memset(data, byte, sizeof(data));
	hash_set(&t, &k, slot_peek(&t, &k), pair, 1, &limits, &added);
}

static void
keep_string(const char *name, int byte, size_t bytes)
{
	static char data[2 * SNAP_PART_MAX];
	struct key k = slot_key(g->slots, 0, slice_of(name));

	memset(data, byte, sizeof(data));
	slot_put_string(&t, &k, NULL, (struct slice){ data, bytes }, -1);
}

/*
 * A long part that was made and changed by one command, which is taken back:
 * it was never there, whatever comes into its place in memory.  And one that
 * was there is in its place again, and still what the snapshot wants, also when
 * it goes later.
 */
START_TEST(taken_back)
{
	const size_t bytes = 2 * SNAP_PART_MAX - 100;
	struct slice there = SLICE("there"), fresh = SLICE("fresh");
	int i;

	open_ground(11, RING_BYTES);
	txn_begin(&t);
	for (i = 0; i < 40; i++)
		set_field(part_name(LONG_NAMES + i), 'x', 100);
	set_field(there, 'o', bytes);
	txn_commit(&t);
	for (i = 0; i < 2; i++) {
		cut();
		txn_begin(&t);
		set_field(fresh, 'f', bytes);
		set_field(fresh, 'g', bytes - 1);
		set_field(there, 'p', bytes);
		set_field(there, 'q', 10);
		txn_undo(&t);
		txn_begin(&t);
		keep_string(i == 0 ? "a" : "c", 'z', bytes);
		keep_string(i == 0 ? "b" : "d", 'z', bytes - 1);
		txn_commit(&t);
		if (i > 0) {
			txn_begin(&t);
			set_field(there, 'r', 20);
			txn_commit(&t);
		}
		finish();
		ck_assert_uint_ne(saver.snap.broken, saver.serial);
		bag_same(&saver.was, &saver.got);
	}
	close_ground();
}
END_TEST

/* However often a long part changes, it is left once. */
START_TEST(left_once)
{
	const struct snap_left *e;
	int i;

	open_ground(12, RING_BYTES);
	txn_begin(&t);
	for (i = 0; i < 40; i++)
		set_field(part_name(LONG_NAMES + i), 'x', 100);
	set_field(SLICE("there"), 'o', SNAP_PART_MAX);
	txn_commit(&t);
	cut();
	for (i = 0; i < 30; i++) {
		txn_begin(&t);
		set_field(SLICE("there"), 'a' + i % 26, SNAP_PART_MAX);
		txn_commit(&t);
	}
	e = saver.left[keyslot_of(part_key(0).name)];
	ck_assert_ptr_nonnull(e);
	ck_assert_ptr_null(e->next);
	finish();
	bag_same(&saver.was, &saver.got);
	close_ground();
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("snap");
	TCase *c = tcase_create("snap");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, exact, 0, 2);
	tcase_add_test(c, full_ring);
	tcase_add_loop_test(c, parts, 0, 4);
	tcase_add_test(c, flushed);
	tcase_add_test(c, stale);
	tcase_add_test(c, expired);
	tcase_add_test(c, taken_back);
	tcase_add_test(c, left_once);
	suite_add_tcase(s, c);
	return s;
}
