#include "daemon/net_load.h"

#include "daemon/clock.h"
#include "daemon/doorbell.h"
#include "daemon/file.h"
#include "daemon/log.h"
#include "daemon/net_replay.h"
#include "daemon/rooms.h"
#include "proto/crc64.h"
#include "shm/dump.h"

#include <stdio.h>
#include <stdlib.h>

#define AHEAD 24          /* keys looked ahead */
#define WALK_BYTES 65536  /* of the file between two looks at the clock */
#define PATIENCE_US 500   /* others are waited for without sleep */
#define NAP_US 50
#define FLUSH_SLOTS 16    /* same, when everything goes first */

/* A key of ours, whose value lies at `at`. */
struct found {
	struct rdb_item item;
	struct slot *slot;
	const struct bucket *bucket;
	uint64_t hash;
	size_t at;
	uint8_t db;          /* internal */
};

struct net_load {
	uint64_t id;
	struct file_map map;
	struct replay *replay;  /* of requests */
	struct rdb_reader r;
	struct dump_limits limits;
	struct rooms rooms;
	struct found found[AHEAD];
	int count;
	uint8_t db;
	bool is_flushed, is_begun;
	/* for other workers, since then (0: not) */
	bool is_waiting;
	int64_t waits_us;
	uint32_t slot;       /* flushed so far */
	uint64_t crc;
	size_t summed;       /* bytes that crc is of */
};

static struct load_report *
report_of(const struct worker *w)
{
	return &w->area->load;
}

/* --- ends -------------------------------------------------------------- */

static void
forget(struct worker *w)
{
	struct net_load *l = w->load;

	if (l == NULL)
		return;
	file_unmap(&l->map);
	if (l->replay != NULL)
		replay_close(l->replay);
	rooms_free(&l->rooms);
	free(l);
	w->load = NULL;
}

static void
end(struct worker *w, enum load_result result)
{
	word_store_release(&report_of(w)->result, result);
	doorbell_ring(w->birth->bell[PROC_CONTROL]);
}

static bool
fail(struct worker *w, int64_t at, const char *why)
{
	struct load_report *report = report_of(w);

	report->why_at = at;
	snprintf(report->why, sizeof(report->why), "%s", why);
	end(w, LOAD_FAILED);
	return false;
}

static bool
fail_reader(struct worker *w)
{
	return fail(w, (int64_t)w->load->r.why_at, w->load->r.why);
}

/* --- beginning --------------------------------------------------------- */

static void
begin(struct worker *w)
{
	const struct load_order *o = &w->state.load;
	struct load_report *report = report_of(w);
	struct net_load *l;

	forget(w);
	l = w->load = calloc(1, sizeof(*l));
	must(l != NULL, "there is private memory for loading");
	l->id = o->id;
	if (report->id == o->id &&
	    word_load_acquire(&report->result) != LOAD_WORKS)
		return;
	/* What a predecessor executed must not be executed twice. */
	if (report->id == o->id && o->form == LOAD_REQUESTS) {
		end(w, LOAD_LOST);
		return;
	}
	l->is_flushed = !o->flushes;
	l->limits = dump_limits(&w->state.options);
	memset(report, 0, sizeof(*report));
	report->offset = report->stream_db = -1;
	word_store_release(&report->id, o->id);
}

/* --- flushing ---------------------------------------------------------- */

/* Enters a slot; on the way out of memory everything is taken back. */
static void
enter(struct worker *w, struct slot *slot)
{
	uint16_t number = (uint16_t)(slot - REGION->common.slot);

	slot_enter(&w->txn, REGION->common.slot, &number, 1);
	txn_begin(&w->txn);
}

static void
leave(struct worker *w)
{
	txn_decide(&w->txn);
	slot_leave(&w->txn, REGION->common.slot);
	txn_settle(&w->txn);
	/* Who waits for a key looks when all is loaded. */
	w->touches = 0;
}

static void
take_back(struct worker *w)
{
	txn_undo(&w->txn);
	slot_leave(&w->txn, REGION->common.slot);
	w->touches = 0;
}

static void
flush_slot(struct worker *w, struct slot *slot)
{
	if (setjmp(w->txn.bail) != 0) {
		take_back(w);
		fail(w, -1, w->txn.why);
		return;
	}
	enter(w, slot);
	slot_flush(&w->txn, slot, -1);
	leave(w);
}

static void
flush_some(struct worker *w)
{
	struct net_load *l = w->load;
	uint32_t workers = REGION->head.workers, number;
	int i;

	for (i = 0; i < FLUSH_SLOTS; i++) {
		number = l->slot++ * workers + (uint32_t)w->birth->index;
		if (number >= SLOT_COUNT) {
			l->is_flushed = true;
			return;
		}
		flush_slot(w, &REGION->common.slot[number]);
	}
}

/* --- putting ----------------------------------------------------------- */

static bool
put_bad(struct worker *w, const struct found *f, const struct rdb_reader *r)
{
	const char *why = w->txn.why;

	take_back(w);
	return r != NULL ? fail(w, (int64_t)r->why_at, r->why) :
	    fail(w, (int64_t)f->at, why);
}

/* Puts one key; false when that can not be done. */
static bool
put(struct worker *w, struct found *f)
{
	struct net_load *l = w->load;
	struct key k = { f->item.name, f->hash, f->slot, f->db };
	struct rdb_reader r = l->r;
	struct value *v;

	if (setjmp(w->txn.bail) != 0)
		return put_bad(w, f, NULL);
	r.at = f->at;
	enter(w, f->slot);
	v = dump_read(&w->txn, &r, f->item.type, &k, slot_lying(&k),
	    f->item.expires_ms, &l->limits);
	if (unlikely(v == NULL))
		return put_bad(w, f, &r);
	if (f->item.idle_s >= 0)
		dump_set_idle(&w->txn, v, f->item.idle_s);
	leave(w);
	return true;
}

static bool
put_found(struct worker *w)
{
	struct net_load *l = w->load;
	struct found *f;
	int i;

	for (i = 0; i < l->count; i++) {
		f = &l->found[i];
		f->bucket = dict_hint_bucket(&f->slot->keys, f->hash);
		if (f->bucket != NULL)
			__builtin_prefetch(f->bucket, 1);
	}
	for (i = 0; i < l->count; i++)
		if (!put(w, &l->found[i]))
			return false;
	report_of(w)->keys += (uint64_t)l->count;
	l->count = 0;
	return true;
}

/* --- walking ----------------------------------------------------------- */

/* A key: found if it is ours, else skipped. */
static bool
meet_key(struct worker *w, struct found *f)
{
	struct net_load *l = w->load;
	uint16_t number = keyslot_of(f->item.name);

	f->at = l->r.at;
	if (unlikely(!rdb_skip_value(&l->r, f->item.type)))
		return false;
	if (number % REGION->head.workers != (uint32_t)w->birth->index)
		return true;
	if (unlikely(f->item.expires_ms >= 0) && !w->state.load.keeps_expired &&
	    w->state.role == STATE_PRIMARY &&
	    f->item.expires_ms <= w->state.load.since_ms) {
		report_of(w)->expired++;
		return true;
	}
	f->slot = &REGION->common.slot[number];
	__builtin_prefetch(f->slot, 1);
	f->db = w->state.db[l->db];
	f->hash = place_hash(f->item.name, f->db);
	l->count++;
	return true;
}

/* What the file says of itself. */
static void
meet_aux(struct worker *w, const struct rdb_item *item)
{
	struct load_report *report = report_of(w);

	if (slice_is(item->name, "repl-id") &&
	    item->text.bytes == sizeof(report->replid) - 1)
		memcpy(report->replid, item->text.data, item->text.bytes);
	else if (slice_is(item->name, "repl-offset") &&
	    !number_get_int(item->text, &report->offset))
		report->offset = -1;
	else if (slice_is(item->name, "repl-stream-db") &&
	    (!number_get_int(item->text, &report->stream_db) ||
	    report->stream_db >= STATE_DATABASES))
		report->stream_db = -1;
}

static bool
meet_end(struct worker *w)
{
	struct net_load *l = w->load;
	struct load_report *report = report_of(w);
	size_t at = l->r.at;
	uint64_t sum = rdb_crc(&l->r);

	if (!put_found(w))
		return false;
	if (w->birth->index == 0 && sum != 0 && crc64_add(l->crc, l->r.data +
	    l->summed, at - l->summed) != sum)
		return fail(w, (int64_t)at, "the check sum is wrong");
	if (l->r.version >= 5)
		at += RDB_CRC_BYTES;
	if (at < l->r.bytes && !w->state.load.has_rest)
		return fail(w, (int64_t)at, "something follows the end");
	report->end = at;
	report->at = l->r.bytes;
	end(w, LOAD_DONE);
	return false;
}

/* The next record; false when that was the last, or all is over. */
static bool
meet(struct worker *w)
{
	struct net_load *l = w->load;
	struct found *f = &l->found[l->count];
	size_t at = l->r.at;

	if (unlikely(!rdb_next(&l->r, &f->item)))
		return fail_reader(w);
	switch (f->item.what) {
	case RDB_IS_KEY:
		return meet_key(w, f) || fail_reader(w);
	case RDB_IS_SELECT:
		if (f->item.n[0] >= STATE_DATABASES)
			return fail(w, (int64_t)at,
			    "there is no such database");
		l->db = (uint8_t)f->item.n[0];
		return true;
	case RDB_IS_AUX:
		meet_aux(w, &f->item);
		return true;
	case RDB_IS_FUNCTION:
		if (w->birth->index == 0)
			log_warning("a library of functions in the file is "
			    "left out: this version knows none");
		return true;
	case RDB_IS_RESIZE:
		return true;
	case RDB_IS_END:
		return meet_end(w);
	}
	never("a record is one of those there are");
}

static bool
begin_requests(struct worker *w)
{
	struct net_load *l = w->load;
	int bad;

	l->replay = replay_open(w, &w->state.load, &bad);
	return l->replay != NULL || fail(w, -1, strerror(-bad));
}

static void
replay_part(struct worker *w)
{
	struct load_report *report = report_of(w);
	struct replay *r = w->load->replay;
	enum replay_result got = replay_some(r);

	report->commands = replay_commands(r);
	w->load->is_waiting = got == REPLAY_WAIT;
	if (got == REPLAY_MORE || got == REPLAY_WAIT)
		return;
	if (got == REPLAY_LOST) {
		end(w, LOAD_LOST);
		return;
	}
	if (got == REPLAY_BAD) {
		fail(w, (int64_t)replay_at(r), replay_why(r));
		return;
	}
	report->end = replay_at(r);
	report->stream_db = replay_db(r);
	end(w, LOAD_DONE);
}

static bool
begin_file(struct worker *w)
{
	const struct load_order *o = &w->state.load;
	struct net_load *l = w->load;
	int bad;

	l->is_begun = true;
	if (o->form == LOAD_NOTHING) {
		end(w, LOAD_DONE);
		return false;
	}
	if (o->form == LOAD_REQUESTS)
		return begin_requests(w);
	bad = file_map(&l->map, o->file);
	if (bad != 0)
		return fail(w, -1, strerror(-bad));
	rdb_open(&l->r, (struct slice){ l->map.data, l->map.bytes },
	    rooms_make, &l->rooms);
	return rdb_read_header(&l->r) || fail_reader(w);
}

/* A part of the file. */
static void
walk_some(struct worker *w)
{
	struct net_load *l = w->load;
	size_t from;

	if (!l->is_begun && !begin_file(w))
		return;
	if (l->replay != NULL) {
		replay_part(w);
		return;
	}
	from = l->r.at;
	while (l->r.at - from < WALK_BYTES && l->count < AHEAD)
		if (!meet(w))
			return;
	if (!put_found(w))
		return;
	if (w->birth->index == 0) {
		l->crc = crc64_add(l->crc, l->r.data + l->summed,
		    l->r.at - l->summed);
		l->summed = l->r.at;
	}
	word_store(&report_of(w)->at, l->r.at);
}

/* Others are to come further; who runs on the same core can not meanwhile. */
static void
let_others(struct net_load *l, int64_t now)
{
	if (l->waits_us == 0)
		l->waits_us = now;
	if (now - l->waits_us < PATIENCE_US)
		clock_yield();
	else
		clock_nap(NAP_US);
}

/* ----------------------------------------------------------------------- */

bool
load_is_busy(const struct worker *w)
{
	return w->state.load.phase == LOAD_RUNS && (w->load == NULL ||
	    w->load->id != w->state.load.id ||
	    report_of(w)->result == LOAD_WORKS);
}

void
load_turn(struct worker *w)
{
	int64_t until, now;

	if (likely(w->state.load.phase == LOAD_NONE)) {
		if (unlikely(w->load != NULL))
			forget(w);
		return;
	}
	if (!load_is_busy(w))
		return;
	if (w->load == NULL || w->load->id != w->state.load.id)
		begin(w);
	until = clock_steady_us() + LOAD_SLICE_US;
	while (report_of(w)->result == LOAD_WORKS &&
	    (now = clock_steady_us()) < until) {
		if (!w->load->is_flushed)
			flush_some(w);
		else
			walk_some(w);
		if (unlikely(w->load->is_waiting))
			let_others(w->load, now);
		else
			w->load->waits_us = 0;
	}
}

void
load_progress(const struct worker *w, struct load_progress *p)
{
	const struct load_order *o = &w->state.load;
	uint32_t workers = REGION->head.workers, i;
	int64_t took_ms = w->now_ms - o->since_ms;

	memset(p, 0, sizeof(*p));
	p->is_loading = o->phase != LOAD_NONE;
	if (!p->is_loading)
		return;
	p->since_s = o->since_ms / 1000;
	p->bytes = o->bytes;
	for (i = 0; i < workers; i++) {
		const struct load_report *r = &REGION->area[i].load;

		if (word_load_acquire(&r->id) == o->id) {
			p->done += word_load(&r->at) / workers;
			p->keys += word_load(&r->keys);
		}
	}
	p->eta_s = p->done == 0 ? 1 : (int64_t)((double)took_ms / 1000 *
	    (double)(p->bytes - p->done) / (double)p->done);
}
