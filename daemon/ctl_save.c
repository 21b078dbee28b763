#include "daemon/ctl_save.h"

#include "daemon/clock.h"
#include "daemon/ctl_load.h"
#include "daemon/log.h"
#include "daemon/save.h"

#include <stdio.h>

#define RING_PART 32             /* of the data set: what may be handed over */
#define RING_LEAST (8ull << 20)  /* and not yet read, */
#define RING_MOST (256ull << 20) /* within these bounds */
#define RETRY_S 5 /* after a snapshot that failed */

/* In this order they begin. */
static const enum state_job first_served[STATE_JOBS] = {
	STATE_JOB_SYNC, STATE_JOB_SAVE, STATE_JOB_AOF
};

bool
ctl_save_has_rules(const struct options *o)
{
	struct slice text = slice_of(o->save);
	int64_t seconds, changes;

	return option_next_rule(&text, &seconds, &changes);
}

static uint64_t
sum_changes(void)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		sum += word_load(&REGION->area[i].changes);
	return sum;
}

uint64_t
ctl_save_ask(struct ctl *c, enum state_job job, const char *file)
{
	struct state_job_row *row = &c->next.job[job];

	if (row->asked > row->begun)
		return row->asked;
	snprintf(row->file, sizeof(row->file), "%s", file);
	return ++row->asked;
}

/* --- beginning --------------------------------------------------------- */

static void
want_saver(struct ctl *c, enum state_step step)
{
	struct state_snap *s = &c->next.snap;

	s->step = step;
	if (step == STATE_SWEEP)
		s->is_put_off = false;
	s->birth = REGION->sup.birth[PROC_SAVER] + 1;
	word_store_release(&REGION->ctl.wanted[PROC_SAVER], s->birth);
}

static void
count_keys(struct state_snap *s)
{
	int db;

	for (db = 0; db < STATE_DATABASES; db++) {
		s->keys[db] = (uint64_t)region_keys(s->db[db]);
		s->expires[db] = (uint64_t)region_expires(s->db[db]);
	}
}

/* A part of what the data set takes. */
static uint64_t
ring_max(void)
{
	uint64_t bytes = word_load(&REGION->common.heap.run_bytes);
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		bytes += word_load(&REGION->area[i].heap_bytes);
	bytes /= RING_PART;
	return bytes < RING_LEAST ? RING_LEAST : bytes > RING_MOST ?
	    RING_MOST : bytes;
}

/*
 * Who gets the log from the cut on is in no database.  (A replica's stream is
 * its primary's: there the snapshot says which one it is in.)
 */
static void
leave_db(struct ctl *c)
{
	c->next.snap.stream_db = log_db(&REGION->common.log);
	if (c->next.role != STATE_PRIMARY)
		return;
	if (region_open_all() != 0)
		never("control may write the log while all stand still");
	log_leave_db(&REGION->common.log, c->birth->name);
	if (region_close_all() != 0)
		never("control may give up writing the region");
}

/* From here on the log goes into the INCR file that was made for it. */
static void
begin_incr(struct ctl *c)
{
	const struct state_snap *s = &c->next.snap;
	struct aof_order *a = &c->next.aof;
	int db = c->next.role == STATE_PRIMARY ? 0 : s->stream_db;

	if (!a->is_on || a->step != AOF_SNAP ||
	    a->job != c->next.job[STATE_JOB_AOF].asked)
		return;
	a->place = (struct aof_place){ .incr = a->listed, .from = s->offset,
	    .start = aof_head_bytes(db), .db = db };
	if (!a->is_fresh)
		return;
	if (region_open_all() != 0)
		never("control may write the log while all stand still");
	log_pin(&REGION->common.log, s->offset);
	if (region_close_all() != 0)
		never("control may give up writing the region");
}

/* All stand still. */
static void
cut(struct ctl *c)
{
	struct state_snap *s = &c->next.snap;
	struct state_job_row *row = &c->next.job[s->job];

	s->serial = (s->serial + 1) & INT32_MAX;
	s->begun_ms = clock_ms();
	leave_db(c);
	s->offset = REGION->common.log.end;
	s->ring_at = REGION->common.snap.end;
	s->ring_max = ring_max();
	s->changes = sum_changes();
	memcpy(s->db, c->next.db, sizeof(s->db));
	memcpy(s->replid, c->next.replid, sizeof(s->replid));
	memcpy(s->file, row->file, sizeof(s->file));
	if (s->job == STATE_JOB_AOF)
		begin_incr(c);
	count_keys(s);
	row->begun = row->asked;
	c->next.is_frozen = false;
	want_saver(c, STATE_TAKE);
	FAULT(CUT);
	(void)ctl_tell(c);
	log_notice("snapshot for %s begins at offset %llu", s->file,
	    (unsigned long long)s->offset);
	if (c->ask.worker >= 0)
		ctl_answer_simple(c, "Background saving started");
	else
		ctl_answer_nothing(c);
}

static void
freeze(struct ctl *c, enum state_job job)
{
	c->next.snap.job = job;
	c->next.snap.step = STATE_FREEZE;
	c->next.snap.is_put_off = false;
	c->next.is_frozen = true;
	ctl_publish(c, cut);
}

static bool
needs_sweep(const struct ctl *c)
{
	return c->next.snap.given_up >= SNAP_EPOCHS - 1;
}

/* Whether values wait for a saver that will not come. */
static bool
has_left(void)
{
	int i;

	for (i = 0; i < SLOT_COUNT; i++)
		if (REGION->common.left[i] != NULL)
			return true;
	return false;
}

static bool
may_begin(const struct ctl *c, enum state_job job)
{
	return job != STATE_JOB_SAVE || c->next.last_words != 0 ||
	    !failover_is_active(&c->kept.failover);
}

/* Begins what is wanted, if anything is. */
static void
begin_next(struct ctl *c)
{
	int i;

	for (i = 0; i < STATE_JOBS; i++) {
		enum state_job job = first_served[i];

		if (c->next.job[job].asked == c->next.job[job].begun ||
		    !may_begin(c, job))
			continue;
		if (needs_sweep(c)) {
			c->next.snap.job = job;
			want_saver(c, STATE_SWEEP);
			(void)ctl_tell(c);
			return;
		}
		ctl_begin_own(c);
		freeze(c, job);
		return;
	}
}

/* --- the end of a saver ------------------------------------------------ */

static void
remove_temporary(uint32_t birth)
{
	char name[FILE_NAME];

	save_name_temporary(birth, name);
	file_remove(name);
}

static void
note_save(struct ctl *c, bool is_ok)
{
	c->next.tried_save_s = clock_ms() / 1000;
	c->next.has_save_failed = !is_ok;
	if (!is_ok)
		return;
	c->next.last_save_s = c->next.tried_save_s;
	c->next.saved_changes = c->next.snap.changes;
	c->next.saves++;
}

static void
finish(struct ctl *c, const struct save *save, bool is_ok)
{
	struct state_snap *s = &c->next.snap;
	struct state_job_row *row = &c->next.job[s->job];

	s->given_up = is_ok ? 0 : s->given_up + 1;
	row->done = row->begun;
	row->was_ok = is_ok;
	row->offset = s->offset;
	row->keys = save->keys;
	row->bytes = save->bytes;
	row->took_ms = clock_ms() - s->begun_ms;
	memcpy(row->done_file, s->file, sizeof(row->done_file));
	if (s->job == STATE_JOB_SAVE)
		note_save(c, is_ok);
	if (is_ok)
		log_notice("snapshot %s: %llu keys (%llu of them handed "
		    "over), %llu bytes in %lld ms", s->file,
		    (unsigned long long)row->keys,
		    (unsigned long long)save->handed,
		    (unsigned long long)row->bytes, (long long)row->took_ms);
	else
		log_warning("snapshot %s failed", s->file);
}

void
ctl_save_put_off(struct ctl *c)
{
	struct state_snap *s = &c->next.snap;

	if ((s->step != STATE_FREEZE && s->step != STATE_TAKE) ||
	    s->job != STATE_JOB_SAVE || c->next.last_words != 0)
		return;
	s->is_put_off = true;
	(void)ctl_tell(c);
}

static void
begin_anew(struct ctl *c)
{
	struct state_snap *s = &c->next.snap;

	s->given_up++;
	c->next.job[s->job].begun = c->next.job[s->job].done;
	log_notice("snapshot %s begins anew when the failover is over",
	    s->file);
}

static void
look_after_saver(struct ctl *c)
{
	struct state_snap *s = &c->next.snap;
	const struct save *save = &REGION->area[PROC_SAVER].save;
	uint32_t dead = word_load_acquire(&REGION->sup.dead[PROC_SAVER]);
	bool is_ok, has_failed = false;

	if (dead < s->birth || REGION->ctl.mended[PROC_SAVER] != dead)
		return;
	is_ok = save->birth == s->birth && word_load_acquire(&save->is_done);
	if (!is_ok)
		remove_temporary(s->birth);
	if (s->step == STATE_TAKE)
		has_failed = !is_ok;
	if (s->step == STATE_TAKE && !is_ok && s->is_put_off) {
		begin_anew(c);
	} else if (s->step == STATE_TAKE) {
		finish(c, save, is_ok);
	} else if (is_ok) {
		s->given_up = 0;
	} else {
		s->offset = REGION->common.log.end;
		c->next.job[s->job].begun = c->next.job[s->job].asked;
		memcpy(s->file, c->next.job[s->job].file, sizeof(s->file));
		finish(c, save, false);
	}
	s->step = STATE_REST;
	if (has_failed && has_left()) {
		s->given_up = SNAP_EPOCHS;
		want_saver(c, STATE_SWEEP);
	}
	(void)ctl_tell(c);
}

void
ctl_save_mend(void)
{
	const struct state_page *page = &REGION->state;
	const struct state_snap *s =
	    &page->copy[state_version(page) & 1].snap;
	const struct save *save = &REGION->area[PROC_SAVER].save;

	/* Who waits for room waits in vain. */
	if (s->step == STATE_TAKE &&
	    (save->birth != s->birth || !save->is_done))
		word_store_release(&REGION->common.snap.broken, s->serial);
}

/* --- those who wait ---------------------------------------------------- */

static bool
wait_for(struct ctl *c, enum state_job job, uint64_t number, bool is_shutdown)
{
	struct region_wait *w = REGION->ctl.wait;
	int i;

	for (i = 0; i < REGION_WAITS && w->number != 0; i++, w++)
		;
	if (i == REGION_WAITS)
		return false;
	w->job = job;
	w->worker = (uint32_t)c->ask.worker;
	w->birth = c->ask.birth;
	w->ticket = c->ask.ticket;
	w->is_shutdown = is_shutdown;
	word_store_release(&w->number, number);
	return true;
}

static void
go_on_after_all(struct ctl *c)
{
	c->next.last_words = 0;
	c->next.pause = STATE_PAUSE_NONE;
	c->next.pause_until_ms = 0;
	log_warning("what there is could not be saved: the node does not end "
	    "(SHUTDOWN NOSAVE ends it without)");
}

/* What one who waits is told: "" nothing, the node ends. */
static struct slice
verdict(struct ctl *c, const struct region_wait *w)
{
	const struct state_job_row *row = &c->next.job[w->job];
	bool is_ok = w->number <= row->done && row->was_ok;

	if (!w->is_shutdown)
		return is_ok ? SLICE("+OK\r\n") : SLICE("-ERR\r\n");
	if (is_ok) {
		c->next.is_stopping = true;
		(void)ctl_tell(c);
		return SLICE("");
	}
	go_on_after_all(c);
	(void)ctl_tell(c);
	return SLICE("-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
}

static void
answer_waiting(struct ctl *c)
{
	struct region_wait *w;
	int i;

	for (i = 0, w = REGION->ctl.wait; i < REGION_WAITS; i++, w++) {
		struct slice text;

		/* What was never published is lost with its control. */
		if (w->number == 0 || (w->number > c->next.job[w->job].done &&
		    w->number <= c->next.job[w->job].asked))
			continue;
		text = verdict(c, w);
		if (text.bytes > 0 && !ctl_reply(c, (int)w->worker, w->birth,
		    w->ticket, text))
			continue;
		word_store(&w->number, 0);
	}
}

/* --- questions --------------------------------------------------------- */

static bool
is_saving(const struct ctl *c)
{
	const struct state_job_row *row = &c->next.job[STATE_JOB_SAVE];

	return row->asked != row->done;
}

void
ctl_save_ask_background(struct ctl *c, bool may_schedule)
{
	/* What is swept was given up, and nobody's request. */
	bool is_resting = c->next.snap.step == STATE_REST ||
	    c->next.snap.step == STATE_SWEEP;

	if (is_saving(c)) {
		ctl_answer_error(c, "ERR Background save already in progress");
		return;
	}
	if (!is_resting && !may_schedule && !c->ask.is_part) {
		ctl_answer_error(c, "ERR Another child process is active "
		    "(AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in "
		    "order to schedule a BGSAVE whenever possible.");
		return;
	}
	ctl_save_ask(c, STATE_JOB_SAVE, c->next.options.dbfilename);
	/* In a transaction it begins after that, as redis-server has it. */
	if (c->next.snap.step == STATE_REST && !needs_sweep(c) &&
	    may_begin(c, STATE_JOB_SAVE) && !c->ask.is_part) {
		freeze(c, STATE_JOB_SAVE);
		return;
	}
	/* What is answered outlives control, and INFO has it. */
	(void)ctl_tell(c);
	ctl_answer_simple(c, is_resting && !c->ask.is_part ?
	    "Background saving started" : "Background saving scheduled");
}

void
ctl_save_ask_and_wait(struct ctl *c)
{
	if (is_saving(c)) {
		ctl_answer_error(c, "ERR Background save already in progress");
		return;
	}
	if (wait_for(c, STATE_JOB_SAVE, ctl_save_ask(c, STATE_JOB_SAVE,
	    c->next.options.dbfilename), false))
		ctl_answer_nothing(c);
	else
		ctl_answer_error(c, "ERR too many clients wait for snapshots");
}

/* Nobody may write what the last snapshot would not have. */
static uint64_t
ask_last(struct ctl *c)
{
	c->next.last_words = ctl_save_ask(c, STATE_JOB_SAVE,
	    c->next.options.dbfilename);
	c->next.pause = STATE_PAUSE_WRITE;
	c->next.pause_until_ms = INT64_MAX;
	return c->next.last_words;
}

void
ctl_save_ask_shutdown(struct ctl *c)
{
	if (c->next.last_words != 0) {
		ctl_answer_error(c, "ERR the node is ending already");
		return;
	}
	if (wait_for(c, STATE_JOB_SAVE, ask_last(c), true))
		ctl_answer_nothing(c);
	else
		ctl_answer_error(c, "ERR too many clients wait for snapshots");
}

/* --- turns ------------------------------------------------------------- */

static void
apply_rules(struct ctl *c)
{
	const struct state *s = &c->next;
	struct slice text = slice_of(s->options.save);
	uint64_t made = sum_changes() - s->saved_changes;
	int64_t seconds, changes, now = clock_ms() / 1000;

	if (made == 0 || is_saving(c) ||
	    (s->has_save_failed && now - s->tried_save_s <= RETRY_S))
		return;
	while (option_next_rule(&text, &seconds, &changes))
		if (made >= (uint64_t)changes &&
		    now - s->last_save_s > seconds) {
			log_notice("%lld changes in %lld seconds: saving",
			    (long long)changes, (long long)seconds);
			ctl_save_ask(c, STATE_JOB_SAVE,
			    s->options.dbfilename);
			return;
		}
}

/* Who wants what was written for replicas has opened it: it may go. */
static void
remove_spent(struct ctl *c)
{
	const struct state_job_row *row = &c->next.job[STATE_JOB_SYNC];

	if (row->done == c->spent)
		return;
	if (c->spent_version == 0)
		c->spent_version = ctl_tell(c);
	if (!ctl_is_acknowledged(c->spent_version))
		return;
	file_remove(row->done_file);
	c->spent = row->done;
	c->spent_version = 0;
}

void
ctl_save_turn(struct ctl *c)
{
	if (c->ask.is_busy || c->next.is_stopping)
		return;
	remove_spent(c);
	if (c->next.snap.step != STATE_REST)
		look_after_saver(c);
	answer_waiting(c);
	if (c->next.snap.step != STATE_REST || c->next.is_stopping ||
	    ctl_load_is_on(c))
		return;
	apply_rules(c);
	begin_next(c);
}

void
ctl_save_recover(struct ctl *c)
{
	/* It has not begun: it begins again. */
	if (c->next.snap.step == STATE_FREEZE)
		c->next.snap.step = STATE_REST;
}

bool
ctl_save_before_end(struct ctl *c)
{
	const struct state_job_row *row = &c->next.job[STATE_JOB_SAVE];

	if (word_load(&REGION->sup.stop_at_once) || ctl_load_is_on(c) ||
	    !ctl_save_has_rules(&c->next.options))
		return true;
	if (c->next.last_words == 0)
		ask_last(c);
	if (row->done < c->next.last_words)
		return false;
	if (row->was_ok)
		return true;
	go_on_after_all(c);
	word_store_release(&REGION->ctl.stop_refused,
	    word_load(&REGION->sup.stop_wanted));
	(void)ctl_tell(c);
	return false;
}
