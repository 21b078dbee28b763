#include "daemon/save_large.h"

#include "shm/chain.h"
#include "shm/dump.h"

#define STEP_BYTES (64u << 10)     /* of parts, with a slot locked */
#define STEP_NODES 64              /* of a list, same */
#define STEP_ORPHANS 256           /* same, to be freed */
#define KEPT_BYTES (64ull << 20)   /* of what was handed over: is_tight */

/* --- large values ------------------------------------------------------ */

void
save_large_tell(struct saver *s)
{
	word_store(&s->save->reader.is_tight,
	    s->parts.bytes + s->aside.used > KEPT_BYTES);
}

bool
save_large_set_aside(struct saver *s)
{
	const struct snap *snap = &REGION->common.snap;
	struct snap_reader *r = &s->save->reader;
	const struct snap_entry *e;

	while ((e = snap_next(snap, &r->got)) != NULL) {
		if (!(e->form != SNAP_RECORD ? snap_parts_add(&s->parts, e) :
		    snap_keep(&s->aside, e)))
			return saver_fail(s->save, "no memory");
		word_store(&s->save->handed, s->save->handed + 1);
		snap_done(e, &r->got);
	}
	save_large_tell(s);
	return true;
}

bool
save_large_write_aside(struct saver *s)
{
	saver_write_out(s, &s->aside);
	save_large_tell(s);
	return saver_drain(s);
}

/* The record at a place where it may be, whose slot is locked; or NULL. */
static const struct value *
look_at(const struct saver *s, const struct snap_owner *o, uint32_t i)
{
	const struct snap_place *place = &o->place[i];
	const struct value *v = snap_find_root(
	    &REGION->common.slot[place->slot], place->hash, o->root);

	return v != NULL ? v : snap_find_left(REGION->common.left[place->slot],
	    s->state.snap.serial, o->root);
}

const struct value *
save_large_find(struct saver *s, struct snap_owner *o)
{
	const struct value *v;
	uint32_t i;

	for (i = o->now;; i = (i + 1) % o->places) {
		if (!saver_goes_on(s) ||
		    !saver_enter(s, (uint16_t)o->place[i].slot))
			return NULL;
		v = save_large_set_aside(s) ? look_at(s, o, i) : NULL;
		if (v != NULL) {
			o->now = i;
			o->moves = 0;
			return v;
		}
		saver_leave(s);
	}
}

/* The same for one that is pinned: most stay where they are. */
static bool
enter_root(struct saver *s, struct snap_owner *o)
{
	if (!saver_goes_on(s) ||
	    !saver_enter(s, (uint16_t)o->place[o->now].slot))
		return false;
	if (save_large_set_aside(s) && o->moves == 0)
		return true;
	saver_leave(s);
	return s->save->why[0] == 0 && save_large_find(s, o) != NULL;
}

static void
leave_root(struct saver *s)
{
	saver_leave(s);
	FAULT(PART_TAKEN);
	saver_grant(s);
	saver_punch(s);
}

struct parts_out {
	struct saver *saver;
	enum value_type type;
};

static void
write_part(void *arg, const void *block)
{
	struct parts_out *out = arg;

	dump_write_part(out->saver->writer, out->type, block);
}

/* Reads some parts, and writes them when the slot is not locked any more. */
static bool
write_some(struct saver *s, struct snap_owner *o, bool *is_last)
{
	struct parts_out out = { s, value_type(o->head) };
	bool is_ok;

	if (!enter_root(s, o))
		return false;
	is_ok = snap_parts_step(o, STEP_BYTES, is_last) ||
	    saver_fail(s->save, "no memory");
	leave_root(s);
	saver_step_aside(s);
	if (is_ok)
		snap_parts_each(&s->parts, o, write_part, &out);
	return is_ok;
}

static bool
write_parts(struct saver *s, struct snap_owner *o)
{
	bool is_last = false;

	saver_leave(s);
	FAULT(PINNED);
	dump_write_head(s->writer, o->head, o->count);
	while (!is_last && !s->writer->is_broken) {
		if (!write_some(s, o, &is_last))
			return false;
		word_store(&s->save->bytes, rdb_written(s->writer));
	}
	if (s->writer->is_broken || !enter_root(s, o))
		return false;
	snap_unpin(s->state.snap.serial, o->head, &s->save->reader);
	FAULT(TAKEN);
	leave_root(s);
	must(o->written == o->count,
	    "a snapshot has each part of a collection once");
	return true;
}

/* --- lists ------------------------------------------------------------- */

/* Looks up some nodes, and writes them when the slot is not locked any more. */
static bool
write_nodes(struct saver *s, struct snap_owner *o, const struct node **next)
{
	const struct node *node[STEP_NODES];
	size_t bytes = 0;
	int n = 0, i;

	if (!enter_root(s, o))
		return false;
	while (*next != NULL && n < STEP_NODES && bytes < STEP_BYTES) {
		node[n++] = *next;
		bytes += chain_used(*next);
		*next = chain_cut_next(*next, s->state.snap.serial);
	}
	leave_root(s);
	saver_step_aside(s);
	for (i = 0; i < n; i++)
		dump_write_row(s->writer, node[i]->data + node[i]->ends.start,
		    (uint32_t)chain_used(node[i]), node[i]->ends.count);
	return !s->writer->is_broken;
}

/*
 * Frees nodes that only the snapshot knows any more.  With the last of them it
 * has the list: from then on there are no new ones.
 */
static bool
free_orphans(struct saver *s, struct snap_owner *o)
{
	struct chain *c = value_large(o->head);
	bool is_last = false;

	while (!is_last) {
		saver_begin_freeing(s);
		if (!enter_root(s, o)) {
			txn_undo(&s->txn);
			return false;
		}
		is_last = chain_free_orphans(&s->txn, c, STEP_ORPHANS);
		if (is_last)
			snap_unpin(s->state.snap.serial, o->head,
			    &s->save->reader);
		FAULT(TAKEN);
		txn_decide(&s->txn);
		leave_root(s);
		txn_settle(&s->txn);
	}
	return true;
}

static bool
write_list(struct saver *s, struct snap_owner *o)
{
	const struct chain *c = o->root;
	const struct node *next = chain_cut_first(c, s->state.snap.serial);
	uint64_t nodes = chain_cut_nodes(c, s->state.snap.serial);

	saver_leave(s);
	FAULT(PINNED);
	dump_write_head(s->writer, o->head, nodes);
	while (next != NULL) {
		if (!write_nodes(s, o, &next))
			return false;
		word_store(&s->save->bytes, rdb_written(s->writer));
	}
	return free_orphans(s, o);
}

/* --- any ---------------------------------------------------------------- */

/*
 * Writes the record that is pinned in a slot, which is locked at first and not
 * afterwards.
 */
static bool
write_pinned(struct saver *s, uint16_t number, struct value *v)
{
	saver_leave(s);
	FAULT(PINNED);
	saver_write_key(s, v);
	if (s->writer->is_broken || !saver_enter(s, number))
		return false;
	snap_unpin(s->state.snap.serial, v, &s->save->reader);
	saver_leave(s);
	saver_grant(s);
	return saver_drain(s);
}

/* Same for a large one. */
static bool
write_root(struct saver *s, uint16_t number, const struct value *v)
{
	struct snap_owner *o = save_large_set_aside(s) ?
	    snap_parts_of(&s->parts, v, number) : NULL;

	if (o == NULL) {
		saver_leave(s);
		return saver_fail(s->save, "no memory");
	}
	saver_select_db(s, value_db(o->head));
	if (!(value_has_parts(v) ? write_parts(s, o) : write_list(s, o)))
		return false;
	snap_parts_drop(&s->parts, o);
	word_store(&s->save->keys, s->save->keys + 1);
	return save_large_write_aside(s);
}

bool
save_large_write(struct saver *s, uint16_t number, const struct value *v)
{
	snap_pin(v, &s->save->reader);
	return value_is_large(v) ? write_root(s, number, v) :
	    write_pinned(s, number, (struct value *)(uintptr_t)v);
}
