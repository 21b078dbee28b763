/*
 * unit_snap - a snapshot is what there was at its cut, whatever is done
 *
 * One process changes keys of all types, in steps that are committed, undone
 * or mended as if it had died; between any two of them the saver does some of
 * its work, as daemon/save.c does it.  What comes out is compared, record by
 * record, with what the slots held at the cut.
 *
 * Not here: savers and workers that are processes (t/py/i0010, k0020, k0022).
 */
#include "shm/chain.h"
#include "shm/dump.h"
#include "shm/hash.h"
#include "shm/list.h"
#include "shm/set.h"
#include "shm/snap_parts.h"
#include "shm/string.h"
#include "t/change.h"
#include "t/ground.h"
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
static struct txn saver;        /* only frees */
static struct heap_own saver_own;
static struct ground *g;
static struct snap_left *left[SLOT_COUNT];
static struct snap snap;
static struct snap_reader reader;
static struct snap_wish wish;
static uint32_t serial;

/* --- sets of records --------------------------------------------------- */

struct record {
	uint8_t db;
	size_t bytes;
	char *text;
};

struct bag {
	size_t count, room;
	struct record *v;
};

static bool
more(struct rdb_writer *w)
{
	char *data = realloc(w->data, w->room * 2);

	ck_assert_ptr_nonnull(data);
	w->data = data;
	w->room *= 2;
	return true;
}

static void
add_record(struct bag *b, const struct value *v, const struct rdb_writer *w)
{
	if (b->count == b->room) {
		b->room = b->room * 2 + 1024;
		b->v = realloc(b->v, b->room * sizeof(*b->v));
	}
	b->v[b->count++] = (struct record){ value_db(v), w->used, w->data };
}

/* Parts of a large value, copies of their blocks. */
static struct {
	size_t count, room;
	char **block;
	const struct value_parts *kind;
} pile;

static int
order_parts(const void *a, const void *b)
{
	return slice_compare(pile.kind->name(*(char *const *)a),
	    pile.kind->name(*(char *const *)b));
}

static void
put_part(void *arg, const void *block)
{
	size_t bytes = pile.kind->bytes(block);

	(void)arg;
	if (pile.count == pile.room) {
		pile.room = pile.room * 2 + 1024;
		pile.block = realloc(pile.block,
		    pile.room * sizeof(*pile.block));
	}
	pile.block[pile.count] = malloc(bytes);
	memcpy(pile.block[pile.count++], block, bytes);
}

static void
put_some_part(void *arg, void *block)
{
	put_part(arg, block);
}

static void put_piled(struct bag *b, const struct value *v);

static void
put(struct bag *b, const struct value *v)
{
	struct rdb_writer w;

	if (value_has_parts(v)) {
		pile.kind = value_ops[value_type(v)]->parts;
		dict_each(value_parts_dict(v), put_some_part, NULL);
		put_piled(b, v);
		return;
	}
	rdb_write_open(&w, SNAP_VERSION, malloc(1024), 1024, more, NULL);
	w.has_no_crc = true;
	dump_write_key(&w, v);
	add_record(b, v, &w);
}

/* In the order of names: others may be as they like. */
static void
put_piled(struct bag *b, const struct value *v)
{
	struct rdb_writer w;
	size_t i;

	qsort(pile.block, pile.count, sizeof(*pile.block), order_parts);
	rdb_write_open(&w, SNAP_VERSION, malloc(1024), 1024, more, NULL);
	w.has_no_crc = true;
	dump_write_head(&w, v, pile.count);
	for (i = 0; i < pile.count; i++) {
		dump_write_part(&w, value_type(v), pile.block[i]);
		free(pile.block[i]);
	}
	pile.count = 0;
	add_record(b, v, &w);
}

static void
put_block(void *arg, void *block)
{
	put(arg, block);
}

static int
order(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	size_t least = x->bytes < y->bytes ? x->bytes : y->bytes;
	int c = x->db - y->db;

	if (c == 0)
		c = memcmp(x->text, y->text, least);
	if (c == 0)
		c = (x->bytes > y->bytes) - (x->bytes < y->bytes);
	return c;
}

static void
empty(struct bag *b)
{
	while (b->count > 0)
		free(b->v[--b->count].text);
	free(b->v);
	*b = (struct bag){ 0 };
}

static void
same(struct bag *a, struct bag *b)
{
	size_t i;

	qsort(a->v, a->count, sizeof(*a->v), order);
	qsort(b->v, b->count, sizeof(*b->v), order);
	ck_assert_uint_eq(a->count, b->count);
	for (i = 0; i < a->count; i++)
		ck_assert_int_eq(order(&a->v[i], &b->v[i]), 0);
}

/* --- the saver --------------------------------------------------------- */

static struct {
	struct bag was, got;
	struct snap_out out;
	uint32_t slot, wished;
	uint64_t cursor, pinned, parted;
	struct snap_parts parts;
	struct snap_owner *owner;   /* of what is pinned and large */
	struct value *value;        /* that is pinned, else */
	struct rdb_writer list;     /* of which there is so much */
	const struct node *node, *next;
	uint64_t lefts;
	bool is_over;
} save;

/* As when the saver is dead. */
static void
forget_parts(void)
{
	while (save.parts.first != NULL)
		snap_parts_drop(&save.parts, save.parts.first);
	save.owner = NULL;
	save.value = NULL;
	free(save.list.data);
	save.list.data = NULL;
	while (pile.count > 0)
		free(pile.block[--pile.count]);
	reader.pin = NULL;
}

static void
cut(void)
{
	uint32_t i;

	forget_parts();
	empty(&save.was);
	empty(&save.got);
	free(save.out.data);
	memset(&save, 0, sizeof(save));
	serial++;
	for (i = 0; i < SLOT_COUNT; i++)
		dict_each(&g->slots[i].keys, put_block, &save.was);
	t.snap_serial = t.snap_now = serial;
}

static void
drain(void)
{
	const struct snap_entry *e;

	while ((e = snap_next(&snap, &reader.got)) != NULL) {
		if (e->form != SNAP_RECORD) {
			ck_assert(snap_parts_add(&save.parts, e));
			snap_done(e, &reader.got);
			continue;
		}
		ck_assert_uint_eq(e->db,
		    value_db((const struct value *)(const void *)e->text));
		put(&save.got, (const struct value *)(const void *)e->text);
		snap_done(e, &reader.got);
	}
}

static void
unpin(void)
{
	snap_unpin(serial, save.owner != NULL ? save.owner->head : save.value,
	    &reader);
	if (save.owner != NULL)
		snap_parts_drop(&save.parts, save.owner);
	save.owner = NULL;
	save.value = NULL;
	save.pinned++;
	reader.grants++;
}

/* A few parts of what is pinned, or the end of it. */
static void
write_parts(void)
{
	struct snap_owner *o = save.owner;
	bool is_last = false;

	save.parted += o->helds;
	if (!o->is_passed) {
		pile.kind = value_ops[value_type(o->head)]->parts;
		ck_assert(snap_parts_step(o, 1, &is_last));
		snap_parts_each(&save.parts, o, put_part, NULL);
		ck_assert_uint_eq(pile.count, o->written);
	} else {
		ck_assert_uint_eq(o->written, o->count);
		put_piled(&save.got, o->head);
		unpin();
	}
}

/* A node that was looked up a while ago; at last what nobody knows any more. */
static void
write_nodes(void)
{
	struct chain *c = value_large(save.owner->head);
	bool is_last;

	if (save.node != NULL)
		dump_write_row(&save.list,
		    save.node->data + save.node->ends.start,
		    (uint32_t)chain_used(save.node), save.node->ends.count);
	save.node = save.next;
	if (save.next != NULL) {
		save.next = chain_cut_next(save.next, serial);
		return;
	}
	txn_begin(&saver);
	is_last = chain_free_orphans(&saver, c, 2);
	txn_commit(&saver);
	if (!is_last)
		return;
	add_record(&save.got, save.owner->head, &save.list);
	save.list.data = NULL;
	unpin();
}

static void
write_pinned(void)
{
	drain();
	if (snap.broken == serial) {
		forget_parts();
	} else if (save.owner == NULL) {
		put(&save.got, save.value);
		unpin();
	} else if (value_has_parts(save.owner->head)) {
		write_parts();
	} else {
		write_nodes();
	}
}

static void
pin(const struct value *v, uint32_t number)
{
	const struct chain *c;

	if (v == NULL)
		return;
	drain();
	snap_pin(v, &reader);
	if (!value_is_large(v)) {
		save.value = (struct value *)(uintptr_t)v;
		return;
	}
	save.owner = snap_parts_of(&save.parts, v, number);
	if (value_has_parts(v))
		return;
	c = value_large(v);
	save.node = NULL;
	save.next = chain_cut_first(c, serial);
	rdb_write_open(&save.list, SNAP_VERSION, malloc(1024), 1024, more,
	    NULL);
	save.list.has_no_crc = true;
	dump_write_head(&save.list, save.owner->head,
	    chain_cut_nodes(c, serial));
}

/* Pins what something was said of, wherever it is by now. */
static void
pin_owner(struct snap_owner *o)
{
	const struct value *v = NULL;
	uint32_t i;

	drain();
	for (i = 0; i < o->places && v == NULL; i++) {
		v = snap_find_root(&g->slots[o->place[i].slot],
		    o->place[i].hash, o->root);
		if (v == NULL)
			v = snap_find_left(left[o->place[i].slot], serial,
			    o->root);
	}
	ck_assert(v != NULL || snap.broken == serial);
	if (v == NULL)
		forget_parts();
	else
		pin(v, o->place[i - 1].slot);
}

/* Something that was left in a slot: it is pinned, or freed. */
static void
take_left(uint32_t number)
{
	const struct value *v = snap_find_left(left[number],
	    snap.broken == serial ? 0 : serial, NULL);

	if (v != NULL) {
		pin(v, number);
		return;
	}
	save.lefts++;
	txn_begin(&saver);
	snap_free_left(&saver, left[number]);
	snap_unlink_left(&saver, &left[number], left[number]);
	txn_commit(&saver);
}

/* One part, or one large value; what it needs may change in between. */
static void
pass(void)
{
	struct slot *s = &g->slots[save.slot];
	const struct value *v = snap_find(s, serial, save.cursor);
	size_t at;

	if (v != NULL) {
		pin(v, save.slot);
		return;
	}
	ck_assert(snap_pass(s, serial, &save.cursor, &save.out));
	for (at = 0; at < save.out.used;) {
		const struct snap_entry *e = (const struct snap_entry *)
		    (const void *)(save.out.data + at);

		put(&save.got, (const struct value *)(const void *)e->text);
		at += e->bytes;
	}
	save.out.used = 0;
	if (save.cursor == 0)
		save.is_over = ++save.slot == SLOT_COUNT;
}

/* As daemon/save_walk.c, but one step a call. */
static void
save_step(void)
{
	if (reader.pin != NULL) {
		write_pinned();
	} else if (wish.number != save.wished) {
		save.wished = wish.number;
		pin(snap_find_at(&g->slots[wish.slot], serial, wish.hash),
		    wish.slot);
	} else if (save.parts.first != NULL) {
		pin_owner(save.parts.first);
	} else if (save.is_over || rand() % 4 == 0) {
		drain();
	} else if (left[save.slot] != NULL) {
		take_left(save.slot);
	} else {
		/* Empty slots at one go. */
		do
			pass();
		while (!save.is_over && reader.pin == NULL &&
		    g->slots[save.slot].keys.count == 0);
	}
}

static void
finish(void)
{
	uint32_t i;

	while (!save.is_over)
		save_step();
	do
		save_step();
	while (reader.pin != NULL || save.parts.first != NULL);
	for (i = 0; i < SLOT_COUNT; i++)
		while (left[i] != NULL || reader.pin != NULL)
			if (reader.pin != NULL)
				write_pinned();
			else
				take_left(i);
	ck_assert_ptr_null(save.parts.first);
	ck_assert_uint_eq(save.parts.bytes, 0);
	t.snap_serial = t.snap_now = 0;
}

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
	t.snap = &snap;
	t.wish = &wish;
	t.snap_serial = t.snap_now = save.is_over ? 0 : serial;
}

/* A worker dies in the middle, and its journal is mended. */
static void
die(void)
{
	int64_t now = t.now_ms;

	snap_mend(&g->journal[0], &snap);
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
		save_step();
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
	ground_second(g, &saver, &saver_own);
	snap_init(&snap, aligned_alloc(64, ring_bytes + SNAP_SLACK),
	    ring_bytes, &reader, left);
	save.is_over = true;
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
	empty(&save.was);
	empty(&save.got);
	free(save.out.data);
	free(snap.ring);
	heap_forget(&own);
	txn_close(&t);
	heap_forget(&saver_own);
	txn_close(&saver);
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
		while (!save.is_over) {
			if (snap_is_crowded(&snap, serial, RING_MOST))
				drain();
			if (rand() % pace == 0)
				save_step();
			else
				ck_assert_int_eq(change_some(), 0);
			t.now_ms++;
		}
		finish();
		ck_assert_uint_ne(snap.broken, serial);
		same(&save.was, &save.got);
		pinned += save.pinned;
		lefts += save.lefts;
	}
	handed = snap.handed;
	ck_assert_uint_gt(snap.end, 2 * RING_BYTES);
	ck_assert_uint_gt(handed, 1000);
	ck_assert_uint_gt(pinned, 10);
	ck_assert_uint_gt(lefts, 10);
	close_ground();
}
END_TEST

/* --- parts ------------------------------------------------------------- */

#define PARTS 3000

static struct key
part_key(int i)
{
	return slot_key(g->slots, 0, i == 0 ? SLICE("many:h") :
	    SLICE("many:s"));
}

/* A field or a member comes, changes or goes; some are long. */
static void
change_part(int which, int part)
{
	static char data[3 * SNAP_PART_MAX];
	static const struct hash_limits hash_limits = { 16, 64 };
	static const struct set_limits set_limits = { 16, 24, 64 };
	struct key k = part_key(which);
	struct value *v = slot_find(&t, &k);
	char text[32];
	struct slice pair[2] = { { text, 0 }, { data,
	    (size_t)rand() % (rand() % 100 == 0 ? sizeof(data) : 50) } };
	bool is_deleted;
	int added;

	memset(data, 'a' + rand() % 26, sizeof(data));
	pair[0].bytes = (size_t)snprintf(text, sizeof(text), "part:%d", part);
	if (which == 0 && (v == NULL || rand() % 3 > 0))
		hash_set(&t, &k, v, pair, 1, &hash_limits, &added);
	else if (which == 0)
		hash_delete(&t, &k, v, pair[0], &is_deleted);
	else if (v == NULL || rand() % 2 > 0)
		set_add(&t, &k, v, pair, 1, &set_limits, &added);
	else
		set_delete(&t, &k, v, pair[0], &is_deleted);
}

/* One transaction of some; whether it had to wait. */
static bool
change_parts(void)
{
	int i = rand() % 4 + 1, how = rand() % 20;

	if (setjmp(t.bail) != 0) {
		ck_assert_str_eq(t.why, snap_wait);
		txn_undo(&t);
		save_step();
		return true;
	}
	txn_begin(&t);
	while (i-- > 0)
		change_part(rand() % 2, rand() % PARTS);
	if (how == 0)
		txn_undo(&t);
	else if (how == 1)
		die();
	else
		txn_commit(&t);
	return false;
}

/* Who changes parts does not wait, but for a long one. */
START_TEST(parts)
{
	uint64_t changes = 0, waits = 0, parted = 0;
	int i, pace;

	open_ground((unsigned)_i + 100, RING_BYTES);
	for (i = 0; i < 2 * PARTS; i++)
		change_parts();
	for (i = 0; i < 10; i++) {
		cut();
		pace = rand() % 30 + 2;
		while (!save.is_over) {
			if (snap_is_crowded(&snap, serial, RING_MOST))
				drain();
			if (rand() % pace == 0) {
				save_step();
			} else {
				waits += change_parts();
				changes++;
			}
		}
		finish();
		ck_assert_uint_ne(snap.broken, serial);
		same(&save.was, &save.got);
		parted += save.parted;
	}
	ck_assert_uint_gt(parted, 100);
	ck_assert_uint_lt(waits * 20, changes);
	close_ground();
}
END_TEST

/* A saver that reads nothing: the snapshot is given up, changes go on. */
START_TEST(full_ring)
{
	int i;

	open_ground(7, LITTLE);
	cut();
	ck_assert(!snap_is_crowded(&snap, serial, LITTLE / 2));
	for (i = 0; i < 100000 && snap.broken != serial; i++) {
		txn_begin(&t);
		change_fill();
		txn_commit(&t);
		if (snap.end - reader.got > LITTLE / 2 &&
		    snap.broken != serial)
			ck_assert(snap_is_crowded(&snap, serial, LITTLE / 2));
	}
	ck_assert_uint_eq(snap.broken, serial);
	ck_assert_uint_le(snap.end - reader.got, LITTLE);
	/* Nobody waits for what nobody reads. */
	ck_assert(!snap_is_crowded(&snap, serial, LITTLE / 2));
	for (i = 0; i < 1000; i++)
		change_some();
	drain();
	/* The next one has nothing of it. */
	cut();
	for (i = 0; i < 200; i++)
		change_some();
	finish();
	same(&save.was, &save.got);
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
	while (save.owner == NULL) {
		ck_assert(!save.is_over);
		save_step();
	}
	if (setjmp(t.bail) != 0)
		ck_abort_msg("%s", t.why);
	flush_all();
	ck_assert_uint_eq(snap.broken, serial);
	ck_assert_int_eq(g->keys[0], 0);
	for (i = 0; left[i] == NULL;)
		ck_assert_uint_lt(++i, SLOT_COUNT);
	ck_assert_ptr_eq(value_large(left[i]->v), save.owner->root);
	ck_assert_ptr_null(left[i]->next);
	write_pinned();
	take_left(i);
	/* Passed all: a database that is emptied takes nothing away. */
	for (i = 0; i < 300; i++)
		change_some();
	drain();
	cut();
	finish();
	t.snap_serial = t.snap_now = serial;
	flush_all();
	ck_assert_uint_ne(snap.broken, serial);
	same(&save.was, &save.got);
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
	snap.broken = serial;
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
	same(&save.was, &save.got);
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
	ck_assert_ptr_eq(left[keyslot_of(name)]->v, v);
	t.snap_now = serial;
	finish();
	same(&save.was, &save.got);
	free(text);
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
	suite_add_tcase(s, c);
	return s;
}
