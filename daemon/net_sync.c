#include "daemon/net_sync.h"

#include "daemon/doorbell.h"
#include "daemon/log.h"
#include "daemon/save.h"
#include "proto/number.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAY_MS 5000   /* between two lines of the log */
#define AGAIN_MS 5000 /* a question that control may have lost */

static const struct state_job_row *
row_of(const struct worker *w)
{
	return &w->state.job[STATE_JOB_SYNC];
}

/* A snapshot for replicas is being taken. */
static bool
is_taken(const struct worker *w)
{
	return w->state.snap.step == STATE_TAKE &&
	    w->state.snap.job == STATE_JOB_SYNC;
}

/* Of a mark: it must not be in the snapshot by chance. */
static int
random_digit(struct worker *w)
{
	struct call c = { .worker = w };

	return (int)(call_random(&c) >> 32 & 15);
}

/* --- beginning --------------------------------------------------------- */

/* The snapshot at hand is for f: the stream goes on at its cut. */
static void
attach(struct feed *f)
{
	struct worker *w = f->conn->worker;
	const struct state_snap *s = &w->state.snap;
	struct reply *r = &f->conn->out;
	char line[80];
	int i;

	f->at = s->offset;
	log_reader_move(&REGION->common.log, f->reader, f->at);
	word_store(&f->row->sent, f->at);
	word_store_release(&f->row->phase, FEEDS_LOADS);
	f->sync.number = row_of(w)->begun;
	f->sync.serial = s->serial;
	f->sync.is_marked = f->takes_mark &&
	    w->state.options.repl_diskless_sync;
	f->moved_ms = f->sync.said_ms = w->now_ms;
	if (!f->is_old)
		reply_raw(r, line, (size_t)snprintf(line, sizeof(line),
		    "+FULLRESYNC %s %llu\r\n", w->state.replid,
		    (unsigned long long)f->at));
	if (f->sync.is_marked) {
		for (i = 0; i < FEED_MARK; i++)
			f->sync.mark[i] = "0123456789abcdef"[
			    random_digit(w)];
		reply_literal(r, "$EOF:");
		reply_raw(r, f->sync.mark, FEED_MARK);
		reply_literal(r, "\r\n");
		f->sync.is_announced = true;
	}
	conn_mark(f->conn);
}

void
sync_begin(struct call *c, bool is_old)
{
	struct worker *w = c->worker;
	struct feed *f = feed_of(c->conn);
	bool joins = is_taken(w) &&
	    feed_begin(c->conn, w->state.snap.offset);

	if (!joins && !feed_begin(c->conn,
	    word_load_acquire(&REGION->common.log.end))) {
		reply_error(c->reply, "ERR too many replicas");
		return;
	}
	f->is_old = is_old;
	f->sync.number = row_of(w)->begun;
	f->sync.since_ms = w->now_ms;
	stat_add(w->stats, sync_full, 1);
	log_notice("replica %s:%u needs a snapshot%s", f->row->ip,
	    f->row->port, joins ? ": it gets the one being taken" : "");
	if (joins)
		attach(f);
}

void
sync_act_upon_state(struct feed *f)
{
	struct worker *w = f->conn->worker;
	const struct state_job_row *row = row_of(w);

	if (f->conn->is_closing)
		return;
	if (f->row->phase == FEEDS_WAITS) {
		if (row->begun <= f->sync.number)
			return;
		if (is_taken(w)) {
			attach(f);
			return;
		}
		/* It was over before we saw it: another one. */
		f->sync.number = row->begun;
		f->sync.asked_ms = 0;
		return;
	}
	if (row->done < f->sync.number || f->sync.is_done)
		return;
	if (!row->was_ok) {
		feed_drop(f, "its snapshot failed");
		return;
	}
	/* Control takes the file away when we have acknowledged this. */
	if (f->sync.file < 0)
		f->sync.file = open(row->done_file, O_RDONLY | O_CLOEXEC);
	if (f->sync.file < 0)
		feed_drop(f, "its snapshot can not be opened: %s",
		    strerror(errno));
	f->sync.is_done = true;
}

/* --- sending ----------------------------------------------------------- */

/* The file as it grows: it has its saver's name until it is whole. */
static bool
open_growing(struct feed *f)
{
	const struct worker *w = f->conn->worker;
	const struct proc *p = &REGION->area[PROC_SAVER].proc;
	char name[FILE_NAME];

	if (!is_taken(w) || f->sync.serial != w->state.snap.serial ||
	    word_load_acquire(&p->birth) != w->state.snap.birth)
		return false;
	save_name_temporary(w->state.snap.birth, name);
	f->sync.file = open(name, O_RDONLY | O_CLOEXEC);
	return f->sync.file >= 0;
}

/* The length of a whole file is known: in the other form it comes first. */
static bool
measure(struct feed *f)
{
	struct stat st;
	char line[32];

	if (f->sync.is_measured)
		return true;
	if (fstat(f->sync.file, &st) != 0) {
		feed_drop(f, "its snapshot can not be read");
		return false;
	}
	f->sync.bytes = (uint64_t)st.st_size;
	word_store(&f->row->snap_bytes, f->sync.bytes);
	f->sync.is_measured = true;
	if (f->sync.is_announced)
		return true;
	f->sync.is_announced = true;
	reply_raw(&f->conn->out, line, (size_t)snprintf(line, sizeof(line),
	    "$%llu\r\n", (unsigned long long)f->sync.bytes));
	conn_mark(f->conn);
	return false;
}

/* All of it is on its way: now the stream. */
static void
finish(struct feed *f)
{
	struct conn *c = f->conn;

	close(f->sync.file);
	f->sync.file = -1;
	log_notice("replica %s:%u has been sent a snapshot of %llu bytes",
	    f->row->ip, f->row->port, (unsigned long long)f->sync.bytes);
	f->is_held = f->sync.is_marked;
	feed_go_online(f);
	if (f->sync.is_marked)
		conn_lend(c, f->sync.mark, FEED_MARK);
	if (f->wants_snapshot_only)
		conn_finish(c);
	else
		feed_pump(f);
}

void
sync_pump(struct feed *f)
{
	struct conn *c = f->conn;
	uint64_t bytes = FEED_BYTES;

	if (f->row->phase != FEEDS_LOADS ||
	    (!f->sync.is_done && !f->sync.is_marked))
		return;
	if (f->sync.file < 0 && !open_growing(f))
		return;
	if (f->sync.is_done) {
		if (!measure(f))
			return;
		if (f->sync.at == f->sync.bytes) {
			finish(f);
			return;
		}
		if (bytes > f->sync.bytes - f->sync.at)
			bytes = f->sync.bytes - f->sync.at;
	} else if (f->sync.is_drained) {
		return;
	}
	c->is_reading = true;
	ring_read_at(&c->worker->ring, f->sync.file, f->buffer, bytes,
	    f->sync.at, (uint64_t)(uintptr_t)c | NET_FILE);
}

void
sync_read(struct conn *c, int result)
{
	struct feed *f = c->feed;

	c->is_reading = false;
	if (c->is_closing) {
		conn_mark(c);
	} else if (result < 0 || (result == 0 && f->sync.is_measured)) {
		feed_drop(f, "its snapshot can not be read: %s",
		    result < 0 ? strerror(-result) : "it is cut");
	} else if (result == 0) {
		/* Until somebody looks again. */
		f->sync.is_drained = true;
	} else {
		f->sync.at += (uint64_t)result;
		word_store(&f->row->snap_sent, f->sync.at);
		f->moved_ms = c->worker->now_ms;
		conn_lend(c, f->buffer, (size_t)result);
	}
}

/* --- time -------------------------------------------------------------- */

static void
say(struct feed *f)
{
	int64_t now = f->conn->worker->now_ms;

	if (f->row->phase != FEEDS_LOADS || f->sync.at == 0 ||
	    now - f->sync.said_ms < SAY_MS)
		return;
	f->sync.said_ms = now;
	log_notice("replica %s:%u: %llu MB of its snapshot%s are sent",
	    f->row->ip, f->row->port, (unsigned long long)f->sync.at >> 20,
	    f->sync.is_measured ? "" : ", which is still being made,");
}

void
sync_look_after(struct feed *f)
{
	struct worker *w = f->conn->worker;
	int64_t limit = w->state.options.repl_timeout * 1000;

	f->sync.is_drained = false;
	say(f);
	if (!f->sync.is_announced) {
		if (w->now_ms - f->moved_ms < 1000)
			return;
		f->moved_ms = w->now_ms;
		reply_literal(&f->conn->out, "\n");
		conn_mark(f->conn);
	} else if (f->conn->is_sending && w->now_ms - f->moved_ms > limit) {
		feed_drop(f, "it has taken nothing of its snapshot for %lld s "
		    "(repl-timeout)", (long long)limit / 1000);
	}
}

/* Whether those that wait have waited long enough for more. */
static bool
is_time(const struct worker *w, int64_t since_ms)
{
	const struct options *o = &w->state.options;
	const struct feeds_row *r;
	uint32_t place = 0;
	int64_t count = 0;

	if (!o->repl_diskless_sync || w->now_ms - since_ms >=
	    o->repl_diskless_sync_delay * 1000)
		return true;
	while ((r = feed_each(&place)) != NULL)
		count += word_load(&r->phase) == FEEDS_WAITS;
	return o->repl_diskless_sync_max_replicas > 0 &&
	    count >= o->repl_diskless_sync_max_replicas;
}

void
sync_ask(struct worker *w)
{
	char seen[NUMBER_TEXT];
	struct slice argv[] = { SLICE("fullsync"), { seen, 0 } };
	struct feed *f;
	int64_t since = INT64_MAX;

	for (f = w->feeds; f != NULL; f = f->next)
		if (f->row->phase == FEEDS_WAITS && !f->conn->is_closing &&
		    f->sync.since_ms < since &&
		    w->now_ms - f->sync.asked_ms > AGAIN_MS)
			since = f->sync.since_ms;
	if (since == INT64_MAX || row_of(w)->asked > row_of(w)->begun ||
	    !is_time(w, since))
		return;
	argv[1].bytes = number_put_int(seen, (int64_t)row_of(w)->begun);
	if (!mail_ask(&w->area->asks, word_load_acquire(
	    &REGION->ctl.asks_got[w->birth->index]), MAIL_FULLSYNC,
	    w->birth->birth, 0, argv, 2))
		return;
	for (f = w->feeds; f != NULL; f = f->next)
		if (f->row->phase == FEEDS_WAITS)
			f->sync.asked_ms = w->now_ms;
	doorbell_ring(w->birth->bell[PROC_CONTROL]);
}

void
sync_end(struct feed *f)
{
	if (f->sync.file >= 0)
		close(f->sync.file);
	f->sync.file = -1;
}
