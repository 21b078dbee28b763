/*
 * save_walk - the saver's way through the slots (daemon/save.h)
 *
 * What is large is pinned and written in steps: some parts or nodes are read or
 * looked up in the locked slot, and written while it is not.  Before each step
 * the ring is emptied, in the locked slot, so that what was handed over is
 * known before it could be read as it is now.
 *
 * The saver's own transactions do no more than free what it alone still knows:
 * values that were left to it, nodes of lists that were kept for it.
 *
 * Not here: the file (daemon/save.c).
 */
#include "daemon/save.h"

#include "daemon/clock.h"
#include "daemon/doorbell.h"
#include "daemon/log.h"
#include "shm/chain.h"
#include "shm/dump.h"
#include "shm/snap_parts.h"

#include <stdio.h>
#include <stdlib.h>

#define PUNCH_BYTES (4ull << 20)   /* the ring's memory goes back in such */
#define GRANT_BYTES (256u << 10)   /* of the ring, as one grant of room */
#define STEP_BYTES (64u << 10)     /* of parts, with a slot locked */
#define STEP_NODES 64              /* of a list, same */
#define STEP_ORPHANS 256           /* same, to be freed */
#define KEPT_BYTES (64ull << 20)   /* of what was handed over: is_tight */
#define TURN_US 200                /* without a break for others */
#define WAIT_US 20                 /* between two looks at a locked slot */
#define SAY_US (5 * 1000000ll)
#define REDIS_VERSION "7.2.0"      /* what others take the file for */

struct saver {
	const struct birth *birth;
	struct state state;
	struct save *save;
	struct heap_own heap;      /* adopted when there is something to free */
	struct txn txn;
	struct rdb_writer *writer;
	struct snap_out out;
	struct snap_out aside;     /* handed over while a value is written */
	struct snap_parts parts;
	int db;                    /* the file is in, -1: none */
	uint16_t announced;        /* databases whose sizes are told */
	uint8_t logical[STATE_DATABASES];
	uint64_t punched;
	uint64_t granted;          /* read of the ring, as told to writers */
	uint32_t wishes[PROC_WORKERS]; /* numbers of those granted */
	int64_t said_us;
	uint64_t turned;           /* when it last made a break, and */
	uint64_t turn_ticks;       /* so often it does */
};

/* --- what is to be written --------------------------------------------- */

static bool
fail(struct save *save, const char *why)
{
	if (save->why[0] == 0)
		snprintf(save->why, sizeof(save->why), "%s", why);
	return false;
}

/* Alive, and still wanted. */
static bool
goes_on(struct saver *s)
{
	proc_beat(&REGION->area[s->birth->index].proc);
	if (state_version(&REGION->state) != s->state.version)
		state_read(&REGION->state, &s->state);
	if (s->state.is_stopping)
		return fail(s->save, "the node ends");
	if (s->state.snap.is_put_off)
		return fail(s->save, "a failover goes before");
	if (word_load_acquire(&REGION->common.snap.broken) ==
	    s->state.snap.serial && s->state.snap.step == STATE_TAKE)
		return fail(s->save, "it was given up: a database was "
		    "emptied, or more changed than could be handed over");
	if (s->state.snap.birth != s->birth->birth ||
	    s->state.snap.step == STATE_REST)
		return fail(s->save, "nobody wants it any more");
	return true;
}

static void
select_db(struct saver *s, uint32_t internal)
{
	int db = s->logical[internal];
	const struct state_snap *snap = &s->state.snap;

	if (s->db == db)
		return;
	rdb_write_select(s->writer, db);
	if ((s->announced >> db & 1) == 0)
		rdb_write_resize(s->writer, snap->keys[db], snap->expires[db]);
	s->announced |= (uint16_t)(1u << db);
	s->db = db;
}

/*
 * Requests that wait for this processor go first: the kernel may see only at a
 * tick, 4 ms apart, that our time is over.  Never with a slot locked.
 */
static void
step_aside(struct saver *s)
{
	if (clock_ticks() - s->turned < s->turn_ticks)
		return;
	clock_yield();
	s->turned = clock_ticks();
}

static void
write_key(struct saver *s, const struct value *v)
{
	step_aside(s);
	select_db(s, value_db(v));
	dump_write_key(s->writer, v);
	word_store(&s->save->keys, s->save->keys + 1);
	word_store(&s->save->bytes, rdb_written(s->writer));
}

static void
write_entry(struct saver *s, const struct snap_entry *e)
{
	write_key(s, (const struct value *)(const void *)e->text);
}

/* --- those that write meanwhile ---------------------------------------- */

/* Something that commands wait for has happened. */
static void
grant(struct saver *s)
{
	struct snap_reader *r = &s->save->reader;
	uint32_t i;

	word_store_release(&r->grants, r->grants + 1);
	s->granted = r->got;
	word_fence();
	for (i = 0; i < REGION->head.workers; i++)
		if (word_load(&REGION->area[i].wish.is_waiting) != 0 &&
		    word_load(&REGION->area[i].proc.is_asleep))
			doorbell_ring(s->birth->bell[i]);
}

/* Gives back the ring's memory behind us. */
static void
punch(struct saver *s)
{
	const struct snap *snap = &REGION->common.snap;

	for (; s->save->reader.got - s->punched >= PUNCH_BYTES;
	     s->punched += PUNCH_BYTES)
		region_punch(snap->ring + s->punched % snap->bytes,
		    PUNCH_BYTES);
}

/* Writes an entry, or keeps what is said of a large value until it is. */
static bool
take_entry(struct saver *s, const struct snap_entry *e)
{
	if (e->form != SNAP_RECORD)
		return snap_parts_add(&s->parts, e) ||
		    fail(s->save, "no memory");
	write_entry(s, e);
	return true;
}

/* Writes what has been handed over. */
static bool
drain(struct saver *s)
{
	const struct snap *snap = &REGION->common.snap;
	const struct snap_entry *e;

	while ((e = snap_next(snap, &s->save->reader.got)) != NULL) {
		if (!take_entry(s, e))
			return false;
		word_store(&s->save->handed, s->save->handed + 1);
		snap_done(e, &s->save->reader.got);
		if (s->save->reader.got - s->granted >= GRANT_BYTES)
			grant(s);
		if (s->save->reader.got - s->punched < PUNCH_BYTES)
			continue;
		punch(s);
		if (!goes_on(s))
			return false;
	}
	if (s->save->reader.got != s->granted)
		grant(s);
	return true;
}

/* --- the walk ---------------------------------------------------------- */

static bool
enter(struct saver *s, uint16_t number)
{
	struct journal *j = s->txn.journal;
	uint32_t *lock = &REGION->common.slot[number].lock;

	j->held[0] = number;
	word_order();
	word_store(&j->helds, 1);
	word_order();
	while (!word_take(lock, 0, s->txn.holder)) {
		if (!goes_on(s))
			return false;
		clock_nap(WAIT_US);
	}
	FAULT(SEGMENT_LOCKED);
	return true;
}

static void
leave(struct saver *s)
{
	slot_leave(&s->txn, REGION->common.slot);
}

static void
write_out(struct saver *s, struct snap_out *out)
{
	size_t at = 0;

	while (at < out->used) {
		const struct snap_entry *e = (const struct snap_entry *)
		    (const void *)(out->data + at);

		write_entry(s, e);
		at += e->bytes;
	}
	out->used = 0;
}

static void
say(struct saver *s, uint64_t slot)
{
	int64_t now = clock_steady_us();

	if (now - s->said_us < SAY_US)
		return;
	s->said_us = now;
	log_notice("snapshot: %d %% of the slots, %llu keys, %llu MB",
	    (int)(slot * 100 / SLOT_COUNT),
	    (unsigned long long)s->save->keys,
	    (unsigned long long)s->save->bytes >> 20);
}

/*
 * Writes the record that is pinned in a slot, which is locked at first and not
 * afterwards.
 */
static bool
write_pinned(struct saver *s, uint16_t number, struct value *v)
{
	leave(s);
	FAULT(PINNED);
	write_key(s, v);
	if (s->writer->is_broken || !enter(s, number))
		return false;
	snap_unpin(s->state.snap.serial, v, &s->save->reader);
	leave(s);
	grant(s);
	return drain(s);
}

/* --- large values ------------------------------------------------------ */

static void
tell_kept(struct saver *s)
{
	word_store(&s->save->reader.is_tight,
	    s->parts.bytes + s->aside.used > KEPT_BYTES);
}

/*
 * Empties the ring, into memory of ours: a value is in the middle of being
 * written.  May be called with a slot locked.  Who hands over a lot meanwhile
 * waits for our steps.
 */
static bool
set_aside(struct saver *s)
{
	const struct snap *snap = &REGION->common.snap;
	struct snap_reader *r = &s->save->reader;
	const struct snap_entry *e;

	while ((e = snap_next(snap, &r->got)) != NULL) {
		if (!(e->form != SNAP_RECORD ? snap_parts_add(&s->parts, e) :
		    snap_keep(&s->aside, e)))
			return fail(s->save, "no memory");
		word_store(&s->save->handed, s->save->handed + 1);
		snap_done(e, &r->got);
	}
	tell_kept(s);
	return true;
}

/* Writes that, when the value is written; no slot is locked. */
static bool
write_aside(struct saver *s)
{
	write_out(s, &s->aside);
	tell_kept(s);
	return drain(s);
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

/*
 * Locks the slot that a large value is in by now, with the ring empty; its
 * record.
 */
static const struct value *
find_root(struct saver *s, struct snap_owner *o)
{
	const struct value *v;
	uint32_t i;

	for (i = o->now;; i = (i + 1) % o->places) {
		if (!goes_on(s) || !enter(s, (uint16_t)o->place[i].slot))
			return NULL;
		v = set_aside(s) ? look_at(s, o, i) : NULL;
		if (v != NULL) {
			o->now = i;
			o->moves = 0;
			return v;
		}
		leave(s);
	}
}

/* The same for one that is pinned: most stay where they are. */
static bool
enter_root(struct saver *s, struct snap_owner *o)
{
	if (!goes_on(s) || !enter(s, (uint16_t)o->place[o->now].slot))
		return false;
	if (set_aside(s) && o->moves == 0)
		return true;
	leave(s);
	return s->save->why[0] == 0 && find_root(s, o) != NULL;
}

static void
leave_root(struct saver *s)
{
	leave(s);
	FAULT(PART_TAKEN);
	grant(s);
	punch(s);
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
	    fail(s->save, "no memory");
	leave_root(s);
	step_aside(s);
	if (is_ok)
		snap_parts_each(&s->parts, o, write_part, &out);
	return is_ok;
}

static bool
write_parts(struct saver *s, struct snap_owner *o)
{
	bool is_last = false;

	leave(s);
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
	step_aside(s);
	for (i = 0; i < n; i++)
		dump_write_row(s->writer, node[i]->data + node[i]->ends.start,
		    (uint32_t)chain_used(node[i]), node[i]->ends.count);
	return !s->writer->is_broken;
}

static void
begin_freeing(struct saver *s)
{
	if (s->heap.heap == NULL) {
		struct area *area = &REGION->area[s->birth->index];

		heap_adopt(&s->heap, &REGION->common.heap, &area->journal,
		    (uint16_t)s->birth->index, s->birth->name,
		    &area->heap_bytes);
		s->heap.discard = region_punch;
	}
	txn_begin(&s->txn);
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
		begin_freeing(s);
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

	leave(s);
	FAULT(PINNED);
	dump_write_head(s->writer, o->head, nodes);
	while (next != NULL) {
		if (!write_nodes(s, o, &next))
			return false;
		word_store(&s->save->bytes, rdb_written(s->writer));
	}
	return free_orphans(s, o);
}

/* --- one after the other ----------------------------------------------- */

/*
 * Writes the large value that is pinned in a slot, which is locked at first and
 * not afterwards.  Who changes it meanwhile does not wait.
 */
static bool
write_root(struct saver *s, uint16_t number, const struct value *v)
{
	struct snap_owner *o = set_aside(s) ?
	    snap_parts_of(&s->parts, v, number) : NULL;

	if (o == NULL) {
		leave(s);
		return fail(s->save, "no memory");
	}
	select_db(s, value_db(o->head));
	if (!(value_has_parts(v) ? write_parts(s, o) : write_list(s, o)))
		return false;
	snap_parts_drop(&s->parts, o);
	word_store(&s->save->keys, s->save->keys + 1);
	return write_aside(s);
}

static bool
write_large(struct saver *s, uint16_t number, const struct value *v)
{
	snap_pin(v, &s->save->reader);
	return value_is_large(v) ? write_root(s, number, v) :
	    write_pinned(s, number, (struct value *)(uintptr_t)v);
}

static bool
free_left(struct saver *s, uint16_t number, struct snap_left *e)
{
	begin_freeing(s);
	snap_free_left(&s->txn, e);
	FAULT(LEFT_WRITTEN);
	if (!enter(s, number)) {
		txn_undo(&s->txn);
		return false;
	}
	snap_unlink_left(&s->txn, &REGION->common.left[number], e);
	txn_decide(&s->txn);
	leave(s);
	FAULT(LEFT_OUT);
	txn_settle(&s->txn);
	return true;
}

/* Of what something was said is taken next, so that it need not be kept. */
static bool
grant_parts(struct saver *s)
{
	const struct value *v;
	struct snap_owner *o;

	while ((o = s->parts.first) != NULL) {
		v = find_root(s, o);
		if (v == NULL || !write_large(s,
		    (uint16_t)o->place[o->now].slot, v))
			return false;
	}
	return true;
}

/*
 * What was left in a slot, the first one, is written, if it is still wanted, or
 * freed.  A part is wanted as long as we know of its value, with all that lies
 * in the ring.
 */
static bool
take_left_one(struct saver *s, uint16_t number)
{
	bool is_taking = s->state.snap.step == STATE_TAKE, is_due, is_ok;
	const struct value *v;
	struct snap_left *e;

	if (!enter(s, number))
		return false;
	e = REGION->common.left[number];
	v = is_taking ? snap_find_left(e, s->state.snap.serial, NULL) : NULL;
	if (v != NULL)
		return write_large(s, number, v);
	is_ok = is_taking && set_aside(s);
	is_due = is_taking && e != NULL && e->v == NULL &&
	    snap_parts_know(&s->parts, e->root);
	leave(s);
	if (is_taking && (!is_ok || !write_aside(s)))
		return false;
	if (e == NULL)
		return true;
	return is_due ? grant_parts(s) : free_left(s, number, e);
}

static bool
take_left(struct saver *s, uint16_t number)
{
	struct snap_left *volatile *list = &REGION->common.left[number];

	while (*list != NULL)
		if (!goes_on(s) || !take_left_one(s, number))
			return false;
	return true;
}

static bool
grant_wish(struct saver *s, uint16_t number, uint64_t hash)
{
	const struct value *v;

	if (!enter(s, number))
		return false;
	v = snap_find_at(&REGION->common.slot[number], s->state.snap.serial,
	    hash);
	if (v != NULL)
		return write_large(s, number, v);
	leave(s);
	grant(s);
	return true;
}

static bool
grant_wishes(struct saver *s)
{
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++) {
		const struct snap_wish *w = &REGION->area[i].wish;
		uint32_t wish = word_load_acquire(&w->number);

		if (wish == s->wishes[i])
			continue;
		s->wishes[i] = wish;
		if (!grant_wish(s, (uint16_t)(word_load(&w->slot) %
		    SLOT_COUNT), word_load(&w->hash)))
			return false;
	}
	return true;
}

/* One part of a slot, or one large record of it. */
static bool
pass_part(struct saver *s, uint16_t number, uint64_t *cursor, bool *is_last)
{
	struct slot *slot = &REGION->common.slot[number];
	const struct value *v;
	bool is_ok;

	*is_last = false;
	if (!goes_on(s) || !grant_wishes(s) || !grant_parts(s) ||
	    !take_left(s, number) || !enter(s, number))
		return false;
	v = snap_find(slot, s->state.snap.serial, *cursor);
	if (v != NULL)
		return write_large(s, number, v);
	is_ok = snap_pass(slot, s->state.snap.serial, cursor, &s->out);
	leave(s);
	if (!is_ok)
		return fail(s->save, "no memory");
	*is_last = *cursor == 0;
	write_out(s, &s->out);
	return drain(s);
}

static bool
pass_slot(struct saver *s, uint16_t number)
{
	uint64_t cursor = 0;
	bool is_last;

	do
		if (!pass_part(s, number, &cursor, &is_last))
			return false;
	while (!is_last);
	word_store(&s->save->slots, (uint64_t)number + 1);
	return !s->writer->is_broken;
}

static void
aux(struct rdb_writer *w, const char *name, const char *text)
{
	rdb_write_aux(w, slice_of(name), slice_of(text));
}

static void
begin(struct saver *s)
{
	struct rdb_writer *w = s->writer;
	const struct state_snap *snap = &s->state.snap;
	uint64_t used = REGION->common.heap.run_bytes;
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		used += word_load(&REGION->area[i].heap_bytes);
	for (i = 0; i < STATE_DATABASES; i++)
		s->logical[snap->db[i]] = (uint8_t)i;
	rdb_write_header(w);
	aux(w, "redis-ver", REDIS_VERSION);
	rdb_write_aux_int(w, SLICE("redis-bits"), 64);
	rdb_write_aux_int(w, SLICE("ctime"), snap->begun_ms / 1000);
	rdb_write_aux_int(w, SLICE("used-mem"), (int64_t)used);
	rdb_write_aux_int(w, SLICE("repl-stream-db"),
	    snap->stream_db > 0 ? snap->stream_db : 0);
	aux(w, "repl-id", snap->replid);
	rdb_write_aux_int(w, SLICE("repl-offset"), (int64_t)snap->offset);
	rdb_write_aux_int(w, SLICE("aof-base"), snap->job == STATE_JOB_AOF);
}

static void
open_saver(struct saver *s, const struct birth *b, const struct state *state,
    struct save *save)
{
	struct area *area = &REGION->area[b->index];

	s->birth = b;
	s->state = *state;
	s->save = save;
	s->db = -1;
	s->said_us = clock_steady_us();
	s->turn_ticks = TURN_US * clock_ticks_per_us();
	s->punched = save->reader.got / PUNCH_BYTES * PUNCH_BYTES;
	tell_kept(s);
	txn_open(&s->txn, &area->journal, &s->heap, NULL, b->name);
	s->txn.beat = &area->proc.beat;
}

static void
close_saver(struct saver *s)
{
	heap_forget(&s->heap);
	txn_close(&s->txn);
	free(s->out.data);
	free(s->aside.data);
}

/* What can not be freed for lack of room in the journal stays listed. */
static bool
bail(struct saver *s)
{
	txn_undo(&s->txn);
	leave(s);
	return fail(s->save, s->txn.why);
}

static bool
pass_all(struct saver *s)
{
	uint32_t i;

	for (i = 0; i < SLOT_COUNT; i++) {
		if (!pass_slot(s, (uint16_t)i))
			return false;
		say(s, i);
	}
	if (!drain(s) || !grant_parts(s))
		return false;
	for (i = 0; i < SLOT_COUNT; i++)
		if (!take_left(s, (uint16_t)i))
			return false;
	return true;
}

bool
save_walk(const struct birth *b, const struct state *state,
    struct rdb_writer *w, struct save *save)
{
	static struct saver saver;
	struct saver *s = &saver;

	open_saver(s, b, state, save);
	s->writer = w;
	if (setjmp(s->txn.bail) != 0)
		return bail(s);
	begin(s);
	if (!pass_all(s))
		return w->is_broken ? fail(save, "it can not be written") :
		    false;
	rdb_write_end(w);
	rdb_write_flush(w);
	word_store(&save->bytes, rdb_written(w));
	close_saver(s);
	return w->is_broken ? fail(save, "it can not be written") : true;
}

static bool
sweep_slot(struct saver *s, uint16_t number)
{
	uint64_t cursor = 0;

	do {
		if (!goes_on(s) || !enter(s, number))
			return false;
		snap_sweep(&REGION->common.slot[number], &cursor);
		leave(s);
	} while (cursor != 0);
	return take_left(s, number);
}

bool
save_sweep(const struct birth *b, const struct state *state, struct save *save)
{
	static struct saver saver;
	struct saver *s = &saver;
	uint32_t i;

	open_saver(s, b, state, save);
	if (setjmp(s->txn.bail) != 0)
		return bail(s);
	for (i = 0; i < SLOT_COUNT; i++)
		if (!sweep_slot(s, (uint16_t)i))
			return false;
	close_saver(s);
	return true;
}
