/*
 * save_walk - the saver's way through the slots (daemon/save.h)
 *
 * Before each step it looks who waits: for a value that it wishes to change
 * (grant_wishes), with parts of one that it has changed (grant_parts), with
 * what was left to the saver (take_left).
 *
 * Not here: one step (daemon/saver.h), values in several (daemon/save_large.h),
 * the file (daemon/save.c).
 */
#include "daemon/save_large.h"

#include "daemon/clock.h"
#include "daemon/log.h"

#define SAY_US (5 * 1000000ll)
#define REDIS_VERSION "7.2.0"      /* what others take the file for */

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

static bool
free_left(struct saver *s, uint16_t number, struct snap_left *e)
{
	saver_begin_freeing(s);
	snap_free_left(&s->txn, e);
	FAULT(LEFT_WRITTEN);
	if (!saver_enter(s, number)) {
		txn_undo(&s->txn);
		return false;
	}
	snap_unlink_left(&s->txn, &REGION->common.left[number], e);
	txn_decide(&s->txn);
	saver_leave(s);
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
		v = save_large_find(s, o);
		if (v == NULL || !save_large_write(s,
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

	if (!saver_enter(s, number))
		return false;
	e = REGION->common.left[number];
	v = is_taking ? snap_find_left(e, s->state.snap.serial, NULL) : NULL;
	if (v != NULL)
		return save_large_write(s, number, v);
	is_ok = is_taking && save_large_set_aside(s);
	is_due = is_taking && e != NULL && e->v == NULL &&
	    snap_parts_know(&s->parts, e->root);
	saver_leave(s);
	if (is_taking && (!is_ok || !save_large_write_aside(s)))
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
		if (!saver_goes_on(s) || !take_left_one(s, number))
			return false;
	return true;
}

static bool
grant_wish(struct saver *s, uint16_t number, uint64_t hash)
{
	const struct value *v;

	if (!saver_enter(s, number))
		return false;
	v = snap_find_at(&REGION->common.slot[number], s->state.snap.serial,
	    hash);
	if (v != NULL)
		return save_large_write(s, number, v);
	saver_leave(s);
	saver_grant(s);
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
	if (!saver_goes_on(s) || !grant_wishes(s) || !grant_parts(s) ||
	    !take_left(s, number) || !saver_enter(s, number))
		return false;
	v = snap_find(slot, s->state.snap.serial, *cursor);
	if (v != NULL)
		return save_large_write(s, number, v);
	is_ok = snap_pass(slot, s->state.snap.serial, cursor, &s->out);
	saver_leave(s);
	if (!is_ok)
		return saver_fail(s->save, "no memory");
	*is_last = *cursor == 0;
	saver_write_out(s, &s->out);
	return saver_drain(s);
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

/* What can not be freed for lack of room in the journal stays listed. */
static bool
bail(struct saver *s)
{
	txn_undo(&s->txn);
	saver_leave(s);
	return saver_fail(s->save, s->txn.why);
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
	if (!saver_drain(s) || !grant_parts(s))
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

	saver_open(s, b, state, save);
	save_large_tell(s);
	s->writer = w;
	if (setjmp(s->txn.bail) != 0)
		return bail(s);
	begin(s);
	if (!pass_all(s))
		return w->is_broken ?
		    saver_fail(save, "it can not be written") : false;
	rdb_write_end(w);
	rdb_write_flush(w);
	word_store(&save->bytes, rdb_written(w));
	saver_close(s);
	return w->is_broken ? saver_fail(save, "it can not be written") : true;
}

static bool
sweep_slot(struct saver *s, uint16_t number)
{
	uint64_t cursor = 0;

	do {
		if (!saver_goes_on(s) || !saver_enter(s, number))
			return false;
		snap_sweep(&REGION->common.slot[number], &cursor);
		saver_leave(s);
	} while (cursor != 0);
	return take_left(s, number);
}

bool
save_sweep(const struct birth *b, const struct state *state, struct save *save)
{
	static struct saver saver;
	struct saver *s = &saver;
	uint32_t i;

	saver_open(s, b, state, save);
	save_large_tell(s);
	if (setjmp(s->txn.bail) != 0)
		return bail(s);
	for (i = 0; i < SLOT_COUNT; i++)
		if (!sweep_slot(s, (uint16_t)i))
			return false;
	saver_close(s);
	return true;
}
