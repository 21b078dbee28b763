/*
 * aof - the logger: brings the log of writes to the disk
 *
 *   wait -> read the log's end, then the published state -> do what is ordered
 *   -> write -> force to the disk -> tell -> wait
 *
 * The end is read first: whoever wrote before it acted upon the state that is
 * read then, or an older one, so bytes of a new stream are never written before
 * the manifest says which stream it is.
 *
 * One thing at a time goes to the disk; what arrives meanwhile goes with the
 * next one.  So with `always` all that is written while the disk works is
 * forced to it together.  Those whom a sync has answered write again at once,
 * beside others who came while it ran: a part of its time is spent on waiting
 * for them, or the two would take turns and each would wait for two syncs.
 *
 * Where nothing waits for each write (everysec, no), what comes in great
 * amounts is written in whole blocks past the kernel's cache, which costs a
 * third of the time of the processor; less waits for company, but not for long.
 * Bytes up to the first whole block, and what comes slowly, go through the
 * cache: never the same block both ways at a time.
 *
 * The log is pinned at the offset from which on it might have to be written
 * again.  When something fails the file is cut there and written again, which
 * is sure also after a failed sync, when the kernel has forgotten what it did
 * not bring to the disk.  The successor of a dead logger does the same.
 *
 * Not here: files and manifest (aof_disk.c), what is ordered (ctl_aof.c), who
 * waits (net_commit.c).
 */
#include <errno.h>
#include <stdio.h>

#include "daemon/aof_disk.h"
#include "daemon/birth.h"
#include "daemon/clock.h"
#include "daemon/doorbell.h"
#include "daemon/file.h"
#include "daemon/log.h"
#include "daemon/ring.h"
#include "daemon/waiters.h"
#include "shm/region.h"

#define BUFFER_BYTES REGION_BIG_PAGE
#define DIRECT_BYTES (512u << 10) /* past the kernel's cache: at least */
#define AHEAD_BYTES (32u << 20)   /* more unsynced bytes are synced at once */
#define COMPANY_US 50000          /* what is left is no older than that */
#define SYNC_US 900000            /* everysec: from the first byte on */
#define DELAYED_US 2000000
#define LOOK_US 10000             /* between two looks at a busy log */
#define TICK_US 100000
#define RETRY_US 300000           /* after a failure */
#define GATHER_SHARE 8             /* of a sync's time, and */
#define GATHER_US 2000             /* at most: how long company is waited for */
#define GATHER_NAP_US 20
#define LAST_TRIES 10             /* when the node ends */

enum { TAG_BELL, TAG_WRITE, TAG_SYNC };

struct logger {
	const struct birth *birth;
	struct area *area;
	struct aof_report *report;
	struct log *log;
	struct state state;
	struct ring ring;
	struct aof_disk disk;
	char *buffer;
	uint64_t bell;
	uint64_t end;          /* of the log, as last read */
	int running;           /* asked of the ring, but the bell */
	int32_t wrote, synced; /* their results */
	/* always: of the last sync; when it ended, what it took and brought */
	int64_t shared_us, took_us;
	uint64_t shared_bytes;
	int64_t dirty_us;      /* when the oldest unsynced byte was written */
	int64_t retry_us;      /* not before */
	int64_t look_us;       /* between two looks */
	int failures;          /* in a row */
	int64_t whole_us;      /* no byte is unwritten since before */
	bool is_last;          /* the log up to `goal`, then the end */
	uint64_t goal;
};

/* --- telling ----------------------------------------------------------- */

static void
tell_control(struct logger *l)
{
	doorbell_ring(l->birth->bell[PROC_CONTROL]);
}

static void
wake_workers(struct logger *l)
{
	uint32_t i;

	word_fence();
	for (i = 0; i < REGION->head.workers; i++)
		if (word_load(&REGION->area[i].proc.is_asleep))
			doorbell_ring(l->birth->bell[i]);
}

static void
set_error(struct logger *l, int error)
{
	word_store(&l->report->error, (uint32_t)error);
	wake_workers(l);
	tell_control(l);
}

/* The file is written again from the pin on, in a while. */
static bool
fail(struct logger *l, int bad, const char *what)
{
	if ((uint32_t)-bad != l->report->error)
		log_warning("the append-only file: %s: %s; writes are refused "
		    "until it works again", what, strerror(-bad));
	aof_disk_close(&l->disk);
	l->dirty_us = 0;
	l->failures++;
	l->retry_us = clock_steady_us() + RETRY_US;
	set_error(l, -bad);
	return false;
}

static void
succeed(struct logger *l)
{
	l->failures = 0;
	if (l->report->error == 0)
		return;
	log_notice("the append-only file can be written again");
	set_error(l, 0);
}

/* --- asking the ring --------------------------------------------------- */

static void
hear_bell(struct logger *l)
{
	ring_read(&l->ring, l->birth->bell[PROC_LOGGER], &l->bell,
	    sizeof(l->bell), TAG_BELL);
}

static void
take_events(struct logger *l)
{
	struct ring_event e;

	while (ring_next(&l->ring, &e)) {
		if (e.tag == TAG_BELL) {
			hear_bell(l);
			continue;
		}
		l->running--;
		if (e.tag == TAG_WRITE)
			l->wrote = e.result;
		else
			l->synced = e.result;
	}
}

static void
finish(struct logger *l)
{
	while (l->running > 0) {
		ring_wait(&l->ring, TICK_US);
		proc_beat(&l->area->proc);
		take_events(l);
	}
}

/* --- to the disk ------------------------------------------------------- */

static void
set_durable(struct logger *l)
{
	FAULT(AOF_SYNCED);
	l->dirty_us = 0;
	word_store_release(&l->report->durable, l->report->written);
	log_pin(l->log, l->report->written);
	waiters_ring(l->birth);
	succeed(l);
}

static bool
sync_now(struct logger *l)
{
	int64_t begin = clock_steady_us();

	if (FAULT_FAILS(AOF_SYNC))
		return fail(l, -EIO, "forcing it to the disk");
	ring_sync(&l->ring, l->disk.fd, TAG_SYNC);
	l->running = 1;
	finish(l);
	if (clock_steady_us() - begin > DELAYED_US)
		word_store(&l->report->delayed, l->report->delayed + 1);
	if (l->synced < 0)
		return fail(l, l->synced, "forcing it to the disk");
	set_durable(l);
	return true;
}

/* Whether nothing may be put off. */
static bool
is_strict(const struct logger *l)
{
	return l->state.options.appendfsync == APPENDFSYNC_ALWAYS ||
	    l->report->error != 0 || l->is_last;
}

static bool
fail_write(struct logger *l, int fd)
{
	/* Some file systems say only now that they do not do that. */
	if (l->wrote == -EINVAL && fd == l->disk.direct) {
		aof_disk_close_direct(&l->disk);
		return true;
	}
	return fail(l, l->wrote < 0 ? l->wrote : -ENOSPC, "writing");
}

/*
 * Writes n bytes of the buffer through fd, and forces them to the disk if
 * asked.
 */
static bool
write_some(struct logger *l, int fd, size_t n, bool with_sync)
{
	uint64_t at = aof_disk_at(&l->disk, l->report->written);
	int64_t begin = with_sync ? clock_steady_us() : 0;

	if (FAULT_FAILS(AOF_WRITE))
		return fail(l, -ENOSPC, "writing");
	if (with_sync && FAULT_FAILS(AOF_SYNC))
		return fail(l, -EIO, "forcing it to the disk");
	ring_write_at(&l->ring, fd, l->buffer, n, at, TAG_WRITE);
	l->running = 1;
	if (with_sync) {
		ring_link(&l->ring);
		ring_sync(&l->ring, fd, TAG_SYNC);
		l->running = 2;
	}
	finish(l);
	if (l->wrote <= 0)
		return fail_write(l, fd);
	FAULT(AOF_WRITTEN);
	l->whole_us = clock_steady_us();
	if (l->dirty_us == 0)
		l->dirty_us = l->whole_us;
	word_store(&l->report->written, l->report->written +
	    (uint64_t)l->wrote);
	if (l->state.options.appendfsync == APPENDFSYNC_NO &&
	    l->report->error == 0)
		log_pin(l->log, l->report->written);
	/* What was written in part goes on, and is forced there later. */
	if (!with_sync || (size_t)l->wrote < n)
		return true;
	if (l->synced < 0)
		return fail(l, l->synced, "forcing it to the disk");
	set_durable(l);
	l->shared_us = clock_steady_us();
	l->took_us = l->shared_us - begin;
	l->shared_bytes = n;
	return true;
}

/*
 * How many of `left` bytes are written next, and through which descriptor; 0:
 * they wait for company.
 */
static size_t
choose_piece(struct logger *l, uint64_t left, int *fd)
{
	size_t n = left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES;
	size_t in = aof_disk_at(&l->disk, l->report->written) % FILE_BLOCK;

	*fd = l->disk.fd;
	if (l->disk.direct < 0 || is_strict(l) ||
	    l->disk.place.incr != l->state.aof.place.incr)
		return n;
	if (left < DIRECT_BYTES) {
		if (clock_steady_us() - l->whole_us >= COMPANY_US)
			return n;
		l->look_us = LOOK_US;
		return 0;
	}
	if (in != 0)
		return FILE_BLOCK - in;
	*fd = l->disk.direct;
	return n / FILE_BLOCK * FILE_BLOCK;
}

/* The log up to `limit`; true when something was done. */
static bool
write_log(struct logger *l, uint64_t limit)
{
	uint64_t at = l->report->written;
	size_t piece;
	int64_t n;
	int fd;

	if (at >= limit) {
		l->whole_us = clock_steady_us();
		return false;
	}
	piece = choose_piece(l, limit - at, &fd);
	if (piece == 0)
		return false;
	n = log_read(l->log, at, l->buffer, piece);
	if (n < 0) {
		if (l->report->lost != l->report->place.incr)
			log_warning("the log is not here any more from offset "
			    "%llu on: a new append-only file is needed",
			    (unsigned long long)at);
		word_store(&l->report->lost, l->report->place.incr);
		tell_control(l);
		return false;
	}
	return write_some(l, fd, (size_t)n, at + (uint64_t)n == limit &&
	    is_strict(l));
}

static bool
is_sync_due(const struct logger *l)
{
	uint64_t unsynced = l->report->written - l->report->durable;

	if (unsynced == 0)
		return false;
	if (is_strict(l))
		return true;
	return l->state.options.appendfsync == APPENDFSYNC_EVERYSEC &&
	    (unsynced >= AHEAD_BYTES || l->dirty_us == 0 ||
	    clock_steady_us() - l->dirty_us >= SYNC_US);
}

/* --- orders ------------------------------------------------------------ */

static void
sum_up(struct logger *l)
{
	uint64_t bytes = l->disk.other_bytes;

	if (l->disk.place.incr != 0)
		bytes += aof_disk_at(&l->disk, l->report->written);
	word_store(&l->report->bytes, bytes);
}

/*
 * Goes on in a file, from an offset on; what is before it counts as durable
 * if is_whole.
 */
static bool
take(struct logger *l, const struct aof_place *place, uint64_t at,
    bool is_whole)
{
	struct aof_report *r = l->report;
	int bad;

	if (at < place->from)
		at = place->from;
	bad = aof_disk_take(&l->disk, &l->state.options, place, at,
	    !l->state.aof.is_fresh);
	if (bad != 0)
		return fail(l, bad, "opening an INCR file");
	word_store(&r->written, at);
	if (is_whole && (r->place.incr != place->incr || r->durable > at))
		word_store_release(&r->durable, at);
	r->place = *place;
	if (is_whole)
		log_pin(l->log, at);
	l->dirty_us = 0;
	sum_up(l);
	tell_control(l);
	return true;
}

/*
 * Goes on where the log's bytes belong: in the file of the order, in the one
 * before as long as it lacks something; false when there is none, or it
 * fails.  What that one can not take is in the new BASE, too.
 */
static bool
find_place(struct logger *l)
{
	const struct aof_order *o = &l->state.aof;
	struct aof_report *r = l->report;
	uint64_t pin = word_load(&l->log->pin);

	if (o->place.incr == 0)
		return false;
	if (l->disk.place.incr == o->place.incr)
		return true;
	if (r->place.incr == o->place.incr)
		return take(l, &o->place, pin, o->based == r->based);
	/* The node has begun with a file that has something. */
	if (r->place.incr == 0 && !o->is_fresh)
		return take(l, &o->place, pin, true);
	if (o->is_fresh || r->durable == o->place.from)
		return take(l, &o->place, o->place.from, true);
	if (r->error != 0 && o->based > r->based)
		return take(l, &o->place, o->place.from, false);
	return l->disk.place.incr == r->place.incr ||
	    take(l, &r->place, pin, true);
}

static bool
make_listed(struct logger *l)
{
	const struct aof_order *o = &l->state.aof;
	int bad;

	if (o->listed <= l->report->listed)
		return true;
	bad = aof_disk_make(&l->disk, &l->state.options, o->listed,
	    !o->is_fresh);
	if (bad != 0)
		return fail(l, bad, "making an INCR file");
	word_store_release(&l->report->listed, o->listed);
	tell_control(l);
	return true;
}

static bool
make_based(struct logger *l)
{
	const struct aof_order *o = &l->state.aof;
	const struct aof_file *base = aof_list_base(&l->disk.list);
	int bad;

	if (o->based <= l->report->based)
		return true;
	if (base == NULL || base->seq != o->based) {
		bad = aof_disk_base(&l->disk, &l->state, o->based,
		    o->place.incr, o->is_fresh);
		if (bad != 0)
			return fail(l, bad, "listing a BASE");
	}
	if (l->report->durable < o->place.from) {
		word_store_release(&l->report->durable, o->place.from);
		log_pin(l->log, o->place.from);
		waiters_ring(l->birth);
	}
	sum_up(l);
	word_store(&l->report->base_bytes, l->report->bytes);
	word_store_release(&l->report->based, o->based);
	tell_control(l);
	return true;
}

static bool
name_stream(struct logger *l)
{
	int bad;

	if (l->state.aof.is_fresh || aof_disk_knows(&l->disk, &l->state))
		return true;
	bad = aof_disk_name_stream(&l->disk, &l->state);
	return bad == 0 || fail(l, bad, "naming the stream");
}

/* Does what is ordered; false when nothing can be written now. */
static bool
obey(struct logger *l)
{
	int bad;

	if (!l->disk.is_open) {
		bad = aof_disk_open(&l->disk, &l->state.options);
		if (bad != 0)
			return fail(l, bad, "reading the manifest");
	}
	return make_listed(l) && find_place(l) && make_based(l) &&
	    name_stream(l);
}

/* --- the loop ---------------------------------------------------------- */

/* Waits until most of those whom the last sync has answered are back. */
static void
gather(const struct logger *l)
{
	int64_t us = l->took_us / GATHER_SHARE;
	int64_t until = l->shared_us + (us < GATHER_US ? us : GATHER_US);
	uint64_t at = l->report->written, bytes;

	if (l->state.options.appendfsync != APPENDFSYNC_ALWAYS || l->is_last)
		return;
	for (;;) {
		bytes = word_load(&l->log->end) - at;
		if (bytes == 0 || bytes >= l->shared_bytes * 3 / 4 ||
		    clock_steady_us() + GATHER_NAP_US >= until)
			return;
		clock_nap(GATHER_NAP_US);
	}
}

static void
act_upon_state(struct logger *l)
{
	gather(l);
	l->end = word_load_acquire(&l->log->end);
	if (!state_read(&REGION->state, &l->state))
		return;
	log_set_level(l->state.options.loglevel);
	word_store_release(&l->area->proc.version, l->state.version);
	/* A new order is tried at once. */
	l->retry_us = 0;
}

/* True when there may be more to do at once. */
static bool
work(struct logger *l)
{
	const struct aof_place *next = &l->state.aof.place;
	uint64_t limit = l->end;

	if (clock_steady_us() < l->retry_us)
		return false;
	if (!obey(l))
		return false;
	if (l->disk.place.incr != next->incr)
		limit = next->from;
	if (write_log(l, limit)) {
		sum_up(l);
		return true;
	}
	if (l->disk.fd < 0)
		return false;
	/* A file that is whole has to last before the next one begins. */
	if (l->report->written > l->report->durable && (is_sync_due(l) ||
	    l->disk.place.incr != next->incr))
		return sync_now(l);
	if (l->report->durable == limit)
		succeed(l);
	return false;
}

static bool
workers_are_gone(void)
{
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		if (word_load_acquire(&REGION->sup.dead[i]) !=
		    REGION->sup.birth[i])
			return false;
	return true;
}

/* Whether this is the end; before it everything is brought to the disk. */
static bool
is_over(struct logger *l)
{
	bool is_last = !l->state.aof.is_on ||
	    (l->state.is_stopping && workers_are_gone());

	if (is_last && !l->is_last)
		l->goal = word_load_acquire(&l->log->end);
	l->is_last = is_last;
	return is_last && (l->state.aof.place.incr == 0 ||
	    l->state.aof.is_fresh || l->failures >= LAST_TRIES ||
	    l->report->durable >= l->goal);
}

static void
rest(struct logger *l)
{
	struct proc *p = &l->area->proc;
	bool is_strictly = is_strict(l);

	if (is_strictly)
		l->look_us = l->is_last ? LOOK_US : TICK_US;
	word_store(&p->is_asleep, 1);
	word_fence();
	ring_wait(&l->ring, (is_strictly && l->report->error == 0 &&
	    word_load_acquire(&l->log->end) != l->end) ||
	    state_version(&REGION->state) != l->state.version ? 0 :
	    l->look_us);
	word_store(&p->is_asleep, 0);
	l->look_us = l->look_us * 2 < TICK_US ? l->look_us * 2 : TICK_US;
}

int
aof_main(const struct birth *b)
{
	static struct logger logger;
	struct logger *l = &logger;
	const char *why;
	int bad;

	l->birth = b;
	l->area = &REGION->area[b->index];
	l->report = &l->area->aof;
	l->log = &REGION->common.log;
	l->disk.fd = l->disk.direct = -1;
	l->look_us = LOOK_US;
	bad = ring_open(&l->ring, &why);
	if (bad != 0)
		birth_fail("%s: %s", why, strerror(-bad));
	l->buffer = region_private_page();
	must(l->buffer != NULL, "there is private memory for a logger");
	hear_bell(l);
	act_upon_state(l);
	birth_ready(b);
	while (!is_over(l)) {
		proc_beat(&l->area->proc);
		while (work(l)) {
			l->look_us = LOOK_US;
			proc_beat(&l->area->proc);
			act_upon_state(l);
		}
		rest(l);
		take_events(l);
		act_upon_state(l);
	}
	if (l->state.aof.is_on && l->failures >= LAST_TRIES)
		log_warning("the append-only file lacks what came after "
		    "offset %llu", (unsigned long long)l->report->durable);
	return 0;
}
