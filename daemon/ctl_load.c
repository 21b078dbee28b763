#include "daemon/ctl_load.h"

#include "daemon/clock.h"
#include "daemon/ctl_held.h"
#include "daemon/ctl_parts.h"
#include "daemon/ctl_recover.h"
#include "daemon/file.h"
#include "daemon/log.h"

#include <errno.h>
#include <stdio.h>

#define SAY_US 5000000

struct load_order
ctl_load_order(enum load_cause cause)
{
	return (struct load_order){ .cause = cause, .form = LOAD_RDB,
	    .offset = -1, .stream_db = -1 };
}

bool
ctl_load_is_on(const struct ctl *c)
{
	return c->next.load.phase != LOAD_NONE;
}

bool
ctl_load_rests(const struct ctl *c)
{
	return c->next.load.phase == LOAD_RESTS;
}

/* --- orders ------------------------------------------------------------ */

static void
publish(struct ctl *c, enum load_phase phase)
{
	c->next.load.phase = phase;
	c->next.is_frozen = phase == LOAD_RESTS;
	c->load.version = ctl_tell(c);
}

int
ctl_load_begin(struct ctl *c, const struct load_order *order)
{
	int64_t bytes = order->form != LOAD_NOTHING ?
	    file_bytes(order->file) : 0;
	uint64_t id = c->next.load.id + 1;

	must(c->next.load.phase == LOAD_NONE ||
	    c->next.load.phase == LOAD_UNDECIDED, "one load at a time");
	if (bytes < 0)
		return (int)bytes;
	c->next.load = *order;
	c->next.load.id = id;
	c->next.load.bytes = (uint64_t)bytes;
	c->next.load.since_ms = clock_ms();
	/* What the append-only file has is not what there will be. */
	if (c->next.aof.is_on && order->cause == LOAD_FOR_SYNC) {
		c->next.aof.is_fresh = true;
		c->next.aof.step = AOF_REST;
		c->next.aof.place.incr = 0;
	}
	c->load.said_us = c->load.begun_us = clock_steady_us();
	c->load.why[0] = 0;
	publish(c, LOAD_RUNS);
	return 0;
}

/* --- what workers report ----------------------------------------------- */

static const struct load_report *
report_of(const struct ctl *c, uint32_t worker)
{
	const struct load_report *r = &REGION->area[worker].load;

	return word_load_acquire(&r->id) == c->next.load.id ? r : NULL;
}

/*
 * Whether all are done; *bad is the first that says it can not, *lost whether
 * one is dead that nobody can follow.
 */
static bool
all_done(const struct ctl *c, const struct load_report **bad, bool *lost)
{
	const struct load_report *r;
	uint32_t i, result;
	bool is_done = true;

	*bad = NULL;
	*lost = false;
	for (i = 0; i < REGION->head.workers; i++) {
		r = report_of(c, i);
		result = r != NULL ? word_load_acquire(&r->result) : LOAD_WORKS;
		is_done &= result == LOAD_DONE;
		*lost |= result == LOAD_LOST;
		if (result == LOAD_FAILED && *bad == NULL)
			*bad = r;
	}
	return is_done;
}

static void
say_progress(struct ctl *c)
{
	int64_t now = clock_steady_us();
	const struct load_report *r;
	uint64_t done = 0, keys = 0;
	uint32_t i;

	if (now - c->load.said_us < SAY_US)
		return;
	c->load.said_us = now;
	for (i = 0; i < REGION->head.workers; i++)
		if ((r = report_of(c, i)) != NULL) {
			done += word_load(&r->at) / REGION->head.workers;
			keys += word_load(&r->keys);
		}
	log_notice("loading %s: %d%% of %llu MB, %llu keys",
	    c->next.load.file, c->next.load.bytes == 0 ? 100 :
	    (int)(done * 100 / c->next.load.bytes),
	    (unsigned long long)c->next.load.bytes >> 20,
	    (unsigned long long)keys);
}

static void
tell(struct ctl *c)
{
	void (*told)(struct ctl *c, const char *why) =
	    c->loaded[c->next.load.cause];
	const char *why = c->load.why[0] != 0 ? c->load.why : NULL;

	if (told != NULL)
		told(c, why);
}

/* --- the ends ---------------------------------------------------------- */

static void
failed(struct ctl *c, const struct load_report *r)
{
	struct load_order drop = ctl_load_order(
	    (enum load_cause)c->next.load.cause);
	char why[CTL_LOAD_WHY];

	if (r->why_at >= 0)
		snprintf(why, sizeof(why), "%s is damaged at byte %lld: %s",
		    c->next.load.file, (long long)r->why_at, r->why);
	else
		snprintf(why, sizeof(why), "%s can not be loaded: %s",
		    c->next.load.file, r->why);
	if (c->next.load.cause == LOAD_FOR_START)
		birth_fail("%s", why);
	log_warning("%s; nothing of it is kept", why);
	c->next.load.phase = LOAD_NONE;
	drop.form = LOAD_NOTHING;
	drop.flushes = true;
	(void)ctl_load_begin(c, &drop);
	memcpy(c->load.why, why, sizeof(why));
}

static void
say_end(struct ctl *c)
{
	int64_t took = clock_steady_us() - c->load.begun_us;
	uint64_t keys = 0, expired = 0;
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++) {
		keys += report_of(c, i)->keys;
		expired += report_of(c, i)->expired;
	}
	if (c->next.load.form == LOAD_REQUESTS)
		log_notice("loaded %s: %llu commands in %.3f s",
		    c->next.load.file, (unsigned long long)
		    report_of(c, 0)->commands, (double)took / 1e6);
	else
		log_notice("loaded %s: %llu keys, %llu expired ones left out, "
		    "in %.3f s", c->next.load.file, (unsigned long long)keys,
		    (unsigned long long)expired, (double)took / 1e6);
}

/* The database that the log goes on in; a primary's says it first. */
static int
stream_db(const struct ctl *c, const struct load_report *r)
{
	return c->next.role == STATE_REPLICA ? (int)r->stream_db : -1;
}

/*
 * The append-only file goes on where it ended; when there is none yet, the
 * snapshot that was loaded is its BASE.  Returns the log's offset.
 */
static int64_t
begin_aof(struct ctl *c, const struct load_report *r, int64_t offset)
{
	const struct load_order *o = &c->next.load;
	struct aof_order *a = &c->next.aof;
	int bad;

	if (o->is_part)
		return (int64_t)ctl_parts_end(c, o, r->end, r->offset,
		    stream_db(c, r), a);
	if (offset < 0)
		offset = 0;
	*a = (struct aof_order){ .is_on = true, .listed = 1,
	    .place = { .incr = 1, .from = (uint64_t)offset } };
	if (o->form == LOAD_NOTHING)
		return offset;
	bad = ctl_parts_adopt(c, o->file, 1);
	if (bad != 0)
		birth_fail("%s can not become a part of %s: %s", o->file,
		    c->next.options.appenddirname, strerror(-bad));
	log_notice("there is no append-only file yet: it begins with %s",
	    o->file);
	a->is_fresh = true;
	a->based = 1;
	return offset;
}

/* What follows the log has nothing either. */
static void
log_flush(struct ctl *c)
{
	static const struct slice record = SLICE("*1\r\n$8\r\nFLUSHALL\r\n");
	struct log *log = &REGION->common.log;
	struct journal *j = &REGION->area[PROC_CONTROL].journal;

	if (region_open_all() != 0)
		never("control may write the log while all stand still");
	log_append(log, j, c->birth->name, 0, 0, &record, 1);
	j->log_at = JOURNAL_NOWHERE;
	if (region_close_all() != 0)
		never("control may give up writing the region");
}

/*
 * The log goes on where the data of the file ends.  A primary that starts has
 * another history from here on than replicas that went further: a new id.
 */
static void
set_log(struct ctl *c)
{
	const struct load_order *o = &c->next.load;
	const struct load_report *r = report_of(c, 0);
	const char *replid = o->is_part || o->replid[0] != 0 ? o->replid :
	    r->replid;
	int64_t offset = o->offset >= 0 ? o->offset : r->offset;

	if (o->cause == LOAD_FOR_RELOAD)
		return;
	if (o->cause == LOAD_FOR_RESET) {
		log_flush(c);
		return;
	}
	if (o->cause == LOAD_FOR_START && c->next.options.appendonly)
		offset = begin_aof(c, r, offset);
	else if (o->form == LOAD_NOTHING)
		return;
	if (offset < 0)
		return;
	if (region_open_all() != 0)
		never("control may write the log while all stand still");
	log_restart(&REGION->common.log, c->birth->name, (uint64_t)offset,
	    stream_db(c, r));
	if (c->next.aof.is_on)
		log_pin(&REGION->common.log, (uint64_t)offset);
	if (region_close_all() != 0)
		never("control may give up writing the region");
	if (replid[0] == 0)
		return;
	if (o->cause == LOAD_FOR_START && c->next.role == STATE_PRIMARY) {
		memcpy(c->next.replid2, replid, sizeof(c->next.replid2));
		c->next.second_offset = offset + 1;
	} else {
		memcpy(c->next.replid, replid, sizeof(c->next.replid));
	}
}

/* Another file follows. */
static bool
load_next_part(struct ctl *c)
{
	const struct load_report *r = report_of(c, 0);
	struct load_order order = ctl_load_order(
	    (enum load_cause)c->next.load.cause);
	int bad;

	if (!c->next.load.is_part || !ctl_parts_next(c, &c->next.load, r->end,
	    r->offset, &order))
		return false;
	if (c->next.load.form != LOAD_NOTHING)
		say_end(c);
	order.stream_db = (int32_t)r->stream_db;
	c->next.load.phase = LOAD_UNDECIDED;
	bad = ctl_load_begin(c, &order);
	if (bad != 0)
		birth_fail("%s can not be read: %s", order.file,
		    strerror(-bad));
	return true;
}

/* All parts again, from the first: requests were executed in part. */
static void
load_again(struct ctl *c)
{
	struct load_order order = ctl_load_order(
	    (enum load_cause)c->next.load.cause);

	must(c->next.load.is_part, "requests are a part of something");
	log_warning("who executed requests of %s has died: everything "
	    "is loaded again", c->next.load.file);
	order.form = LOAD_NOTHING;
	order.flushes = order.is_part = true;
	c->next.load.phase = LOAD_UNDECIDED;
	(void)ctl_load_begin(c, &order);
}

static void
runs(struct ctl *c)
{
	const struct load_report *bad;
	bool is_lost;

	say_progress(c);
	if (all_done(c, &bad, &is_lost) && !load_next_part(c)) {
		/* Nobody else makes them stand still meanwhile. */
		if (!c->ask.is_busy || c->ask.is_elsewhere)
			publish(c, LOAD_RESTS);
	} else if (bad != NULL && !c->next.is_frozen) {
		failed(c, bad);
	} else if (is_lost && !c->next.is_frozen) {
		load_again(c);
	}
}

/* Whether the logger has begun as ordered; nothing is served before. */
static bool
is_logger_ready(const struct ctl *c)
{
	const struct aof_report *r = &REGION->area[PROC_LOGGER].aof;
	const struct aof_order *o = &c->next.aof;

	if (word_load(&r->error) != 0)
		birth_fail("the append-only file can not be written: %s",
		    strerror((int)r->error));
	return word_load_acquire(&r->based) == o->based &&
	    word_load_acquire(&r->place.incr) == o->place.incr;
}

static void
rests(struct ctl *c)
{
	if (!ctl_is_acknowledged(c->load.version) ||
	    !ctl_has_seen(PROC_LOGGER, c->load.version))
		return;
	if (c->next.load.cause == LOAD_FOR_START &&
	    c->next.options.appendonly) {
		if (!c->next.aof.is_on) {
			set_log(c);
			publish(c, LOAD_RESTS);
		}
		if (!is_logger_ready(c))
			return;
		c->next.aof.is_fresh = false;
	} else {
		set_log(c);
	}
	if (c->next.load.form != LOAD_NOTHING)
		say_end(c);
	/* Whoever asks for a snapshot of nothing is to hear that it is one. */
	if (c->next.load.cause == LOAD_FOR_START)
		ctl_held_look(c);
	publish(c, LOAD_NONE);
	if (c->next.load.cause == LOAD_FOR_SYNC)
		ctl_recover_loaded(c);
	tell(c);
}

/* --- the start --------------------------------------------------------- */

/* What there is to load when the node starts. */
static void
decide(struct ctl *c)
{
	struct load_order order = ctl_load_order(LOAD_FOR_START);
	int bad, left = file_remove_left(REGION->head.supervisor_pid);

	if (left > 0)
		log_notice("%d unfinished files of a node that is no more are "
		    "removed", left);

	if (c->next.options.appendonly && ctl_parts_first(c, &order)) {
		bad = ctl_load_begin(c, &order);
		if (bad != 0)
			birth_fail("%s can not be read: %s", order.file,
			    strerror(-bad));
		return;
	}
	snprintf(order.file, sizeof(order.file), "%s",
	    c->next.options.dbfilename);
	bad = ctl_load_begin(c, &order);
	if (bad == -ENOENT)
		ctl_held_miss(c);
	if (bad == -ENOENT && c->next.options.appendonly) {
		order.form = LOAD_NOTHING;
		bad = ctl_load_begin(c, &order);
	}
	if (bad == -ENOENT)
		publish(c, LOAD_NONE);
	else if (bad != 0)
		birth_fail("%s can not be read: %s", order.file,
		    strerror(-bad));
}

void
ctl_load_turn(struct ctl *c)
{
	if (likely(c->next.load.phase == LOAD_NONE) || c->next.is_stopping)
		return;
	switch (c->next.load.phase) {
	case LOAD_UNDECIDED:
		decide(c);
		break;
	case LOAD_RUNS:
		runs(c);
		break;
	case LOAD_RESTS:
		rests(c);
		break;
	}
}

void
ctl_load_recover(struct ctl *c)
{
	c->load.said_us = c->load.begun_us = clock_steady_us();
	c->load.version = c->next.version;
	if (c->next.load.form == LOAD_NOTHING && ctl_load_is_on(c))
		snprintf(c->load.why, sizeof(c->load.why),
		    "control was replaced while it dropped a damaged file");
}
