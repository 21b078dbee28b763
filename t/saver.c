#include "t/saver.h"

#include <check.h>
#include <stdlib.h>

#include "shm/chain.h"
#include "shm/dump.h"

struct saver saver;
static struct saver_walk *const walk = &saver.walk;

void
saver_open(struct ground *g, uint64_t ring_bytes)
{
	saver.ground = g;
	ground_second(g, &saver.txn, &saver.own);
	snap_init(&saver.snap, aligned_alloc(64, ring_bytes + SNAP_SLACK),
	    ring_bytes, &saver.reader, saver.left);
	walk->is_over = true;
}

/* As when the saver is dead. */
static void
forget_parts(void)
{
	while (walk->parts.first != NULL)
		snap_parts_drop(&walk->parts, walk->parts.first);
	walk->owner = NULL;
	walk->value = NULL;
	free(walk->list.data);
	walk->list.data = NULL;
	bag_drop_parts(&saver.got);
	saver.reader.pin = NULL;
}

static void
put_block(void *bag, void *block)
{
	bag_put(bag, block);
}

void
saver_cut(void)
{
	uint32_t i;

	forget_parts();
	bag_empty(&saver.was);
	bag_empty(&saver.got);
	free(walk->out.data);
	memset(walk, 0, sizeof(*walk));
	saver.serial++;
	for (i = 0; i < SLOT_COUNT; i++)
		dict_each(&saver.ground->slots[i].keys, put_block,
		    &saver.was);
}

void
saver_drain(void)
{
	const struct snap_entry *e;

	while ((e = snap_next(&saver.snap, &saver.reader.got)) != NULL) {
		if (e->form != SNAP_RECORD) {
			ck_assert(snap_parts_add(&walk->parts, e));
			snap_done(e, &saver.reader.got);
			continue;
		}
		ck_assert_uint_eq(e->db,
		    value_db((const struct value *)(const void *)e->text));
		bag_put(&saver.got,
		    (const struct value *)(const void *)e->text);
		snap_done(e, &saver.reader.got);
	}
}

static void
unpin(void)
{
	snap_unpin(saver.serial, walk->owner != NULL ? walk->owner->head :
	    walk->value, &saver.reader);
	if (walk->owner != NULL)
		snap_parts_drop(&walk->parts, walk->owner);
	walk->owner = NULL;
	walk->value = NULL;
	walk->pinned++;
	saver.reader.grants++;
}

static void
put_part(void *head, const void *block)
{
	bag_put_part(&saver.got, head, block);
}

/* A few parts of what is pinned, or the end of it. */
static void
write_parts(void)
{
	struct snap_owner *o = walk->owner;
	bool is_last = false;

	walk->parted += o->helds;
	if (!o->is_passed) {
		ck_assert(snap_parts_step(o, 1, &is_last));
		snap_parts_each(&walk->parts, o, put_part, o->head);
		ck_assert_uint_eq(saver.got.pile.count, o->written);
	} else {
		ck_assert_uint_eq(o->written, o->count);
		bag_put_piled(&saver.got, o->head);
		unpin();
	}
}

/* A node that was looked up a while ago; at last what nobody knows any more. */
static void
write_nodes(void)
{
	struct chain *c = value_large(walk->owner->head);
	bool is_last;

	if (walk->node != NULL)
		dump_write_row(&walk->list,
		    walk->node->data + walk->node->ends.start,
		    (uint32_t)chain_used(walk->node), walk->node->ends.count);
	walk->node = walk->next;
	if (walk->next != NULL) {
		walk->next = chain_cut_next(walk->next, saver.serial);
		return;
	}
	txn_begin(&saver.txn);
	is_last = chain_free_orphans(&saver.txn, c, 2);
	txn_commit(&saver.txn);
	if (!is_last)
		return;
	bag_add(&saver.got, walk->owner->head, &walk->list);
	walk->list.data = NULL;
	unpin();
}

void
saver_write_pinned(void)
{
	saver_drain();
	if (saver.snap.broken == saver.serial) {
		forget_parts();
	} else if (walk->owner == NULL) {
		bag_put(&saver.got, walk->value);
		unpin();
	} else if (value_has_parts(walk->owner->head)) {
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
	saver_drain();
	snap_pin(v, &saver.reader);
	if (!value_is_large(v)) {
		walk->value = (struct value *)(uintptr_t)v;
		return;
	}
	walk->owner = snap_parts_of(&walk->parts, v, number);
	if (value_has_parts(v))
		return;
	c = value_large(v);
	walk->node = NULL;
	walk->next = chain_cut_first(c, saver.serial);
	bag_open(&walk->list);
	dump_write_head(&walk->list, walk->owner->head,
	    chain_cut_nodes(c, saver.serial));
}

/* Pins what something was said of, wherever it is by now. */
static void
pin_owner(struct snap_owner *o)
{
	const struct value *v = NULL;
	uint32_t i;

	saver_drain();
	for (i = 0; i < o->places && v == NULL; i++) {
		v = snap_find_root(&saver.ground->slots[o->place[i].slot],
		    o->place[i].hash, o->root);
		if (v == NULL)
			v = snap_find_left(saver.left[o->place[i].slot],
			    saver.serial, o->root);
	}
	ck_assert(v != NULL || saver.snap.broken == saver.serial);
	if (v == NULL)
		forget_parts();
	else
		pin(v, o->place[i - 1].slot);
}

void
saver_take_left(uint32_t number)
{
	const struct value *v = snap_find_left(saver.left[number],
	    saver.snap.broken == saver.serial ? 0 : saver.serial, NULL);
	struct snap_left *e = saver.left[number];

	saver_drain();
	if (v != NULL) {
		pin(v, number);
		return;
	}
	if (saver.snap.broken == saver.serial)
		forget_parts();
	if (e->v == NULL && snap_parts_know(&walk->parts, e->root)) {
		pin_owner(walk->parts.first);
		return;
	}
	walk->lefts++;
	txn_begin(&saver.txn);
	snap_free_left(&saver.txn, e);
	snap_unlink_left(&saver.txn, &saver.left[number], e);
	txn_commit(&saver.txn);
}

/* One part, or one large value; what it needs may change in between. */
static void
pass(void)
{
	struct slot *s = &saver.ground->slots[walk->slot];
	const struct value *v = snap_find(s, saver.serial, walk->cursor);
	size_t at;

	if (v != NULL) {
		pin(v, walk->slot);
		return;
	}
	ck_assert(snap_pass(s, saver.serial, &walk->cursor, &walk->out));
	for (at = 0; at < walk->out.used;) {
		const struct snap_entry *e = (const struct snap_entry *)
		    (const void *)(walk->out.data + at);

		bag_put(&saver.got,
		    (const struct value *)(const void *)e->text);
		at += e->bytes;
	}
	walk->out.used = 0;
	if (walk->cursor == 0)
		walk->is_over = ++walk->slot == SLOT_COUNT;
}

void
saver_step(void)
{
	if (saver.reader.pin != NULL) {
		saver_write_pinned();
	} else if (saver.wish.number != walk->wished) {
		walk->wished = saver.wish.number;
		pin(snap_find_at(&saver.ground->slots[saver.wish.slot],
		    saver.serial, saver.wish.hash), saver.wish.slot);
	} else if (walk->parts.first != NULL) {
		pin_owner(walk->parts.first);
	} else if (walk->is_over || rand() % 4 == 0) {
		saver_drain();
	} else if (saver.left[walk->slot] != NULL) {
		saver_take_left(walk->slot);
	} else {
		/* Empty slots at one go. */
		do
			pass();
		while (!walk->is_over && saver.reader.pin == NULL &&
		    saver.ground->slots[walk->slot].keys.count == 0);
	}
}

void
saver_finish(void)
{
	uint32_t i;

	while (!walk->is_over)
		saver_step();
	do
		saver_step();
	while (saver.reader.pin != NULL || walk->parts.first != NULL);
	for (i = 0; i < SLOT_COUNT; i++)
		while (saver.left[i] != NULL || saver.reader.pin != NULL)
			if (saver.reader.pin != NULL)
				saver_write_pinned();
			else
				saver_take_left(i);
	ck_assert_ptr_null(walk->parts.first);
	ck_assert_uint_eq(walk->parts.bytes, 0);
}

void
saver_close(void)
{
	bag_empty(&saver.was);
	bag_empty(&saver.got);
	free(walk->out.data);
	free(saver.snap.ring);
	heap_forget(&saver.own);
	txn_close(&saver.txn);
}
