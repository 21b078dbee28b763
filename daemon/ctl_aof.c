#include "daemon/ctl_aof.h"

#include "daemon/aof_list.h"
#include "daemon/clock.h"
#include "daemon/ctl_load.h"
#include "daemon/ctl_parts.h"
#include "daemon/ctl_save.h"
#include "daemon/doorbell.h"
#include "daemon/file.h"
#include "daemon/log.h"

#include <errno.h>
#include <stdio.h>

#define RETRY_MS 1000        /* while there is no file that is true */
#define RETRY_LATER_MS 30000 /* a rewrite by itself */
/*
 * Few keys that are written very often would be rewritten all the time: because
 * it has grown, a file is not rewritten again at once.
 */
#define REST_SHARE 20        /* times as long as the last one took */
#define REST_MS 5000         /* at most */

static const struct aof_report *
report(void)
{
	return &REGION->area[PROC_LOGGER].aof;
}

/* --- the logger -------------------------------------------------------- */

/* There is one as long as there is a file. */
static void
keep_logger(const struct ctl *c)
{
	if (c->next.aof.is_on && !c->next.is_stopping)
		ctl_want(c, PROC_LOGGER);
}

void
ctl_aof_mend(void)
{
	const struct state_page *page = &REGION->state;

	if (!page->copy[state_version(page) & 1].aof.is_on)
		log_pin(&REGION->common.log, LOG_NOWHERE);
}

/* --- on and off -------------------------------------------------------- */

static uint64_t
most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void
turn_on(struct ctl *c)
{
	struct aof_order *a = &c->next.aof;
	uint64_t listed, based;

	/* What can not be read is replaced: its numbers do not matter. */
	(void)ctl_parts_numbers(c, &listed, &based);
	a->is_on = a->is_fresh = true;
	a->listed = most(most(listed, a->listed), report()->listed);
	a->based = most(most(based, a->based), report()->based);
	a->place.incr = 0;
	a->step = AOF_REST;
	a->retry_ms = 0;
	log_notice("the append-only file is turned on");
}

static void
turn_off(struct ctl *c)
{
	c->next.aof.is_on = false;
	c->next.aof.step = AOF_REST;
	c->next.aof.begun = c->next.aof.asked;
	log_notice("the append-only file is turned off");
}

bool
ctl_aof_follow(struct ctl *c)
{
	struct aof_order *a = &c->next.aof;

	if (ctl_load_is_on(c) || a->is_on == (c->next.options.appendonly != 0))
		return false;
	if (a->is_on)
		turn_off(c);
	else
		turn_on(c);
	return true;
}

/* --- a rewrite --------------------------------------------------------- */

/* It has grown by as much as the options say. */
static bool
has_grown(const struct ctl *c)
{
	const struct options *o = &c->next.options;
	uint64_t bytes = word_load(&report()->bytes),
	    base = word_load(&report()->base_bytes);

	return o->auto_aof_rewrite_percentage > 0 &&
	    bytes > (uint64_t)o->auto_aof_rewrite_min_size &&
	    bytes - base >= (base > 0 ? base : 1) *
	    (uint64_t)o->auto_aof_rewrite_percentage / 100 && bytes > base;
}

static void
begin(struct ctl *c)
{
	struct aof_order *a = &c->next.aof;
	bool is_asked = a->asked > a->begun;

	if (c->next.snap.step != STATE_REST ||
	    (!is_asked && clock_ms() < a->retry_ms))
		return;
	if (!is_asked && !a->is_fresh && (clock_ms() < a->rest_ms ||
	    !has_grown(c)))
		return;
	if (!is_asked && !a->is_fresh)
		log_notice("the append-only file has grown from %llu to %llu "
		    "MB: it is rewritten", (unsigned long long)
		    report()->base_bytes >> 20, (unsigned long long)
		    report()->bytes >> 20);
	/* One that was listed for nothing serves now. */
	if (a->place.incr == 0 || a->listed == a->place.incr)
		a->listed++;
	a->begun = a->asked;
	a->begun_ms = clock_ms();
	a->step = AOF_LIST;
	(void)ctl_tell(c);
}

/* Into the BASE that comes next. */
static void
ask_snapshot(struct ctl *c)
{
	struct aof_order *a = &c->next.aof;
	char name[AOF_NAME], path[AOF_PATH];

	aof_name_base(&c->next.options, a->based + 1, name);
	aof_path(&c->next.options, name, path);
	a->job = ctl_save_ask(c, STATE_JOB_AOF, path);
	a->step = AOF_SNAP;
	(void)ctl_tell(c);
}

static void
take_snapshot(struct ctl *c)
{
	if (word_load_acquire(&report()->listed) >= c->next.aof.listed)
		ask_snapshot(c);
}

static void
has_failed(struct ctl *c)
{
	struct aof_order *a = &c->next.aof;

	a->has_failed = true;
	a->failures++;
	a->took_ms = clock_ms() - a->begun_ms;
	a->retry_ms = clock_ms() + (a->is_fresh ? RETRY_MS : RETRY_LATER_MS);
	a->step = AOF_REST;
	(void)ctl_tell(c);
}

static void
has_ended(struct ctl *c)
{
	struct aof_order *a = &c->next.aof;

	a->is_fresh = false;
	a->has_failed = false;
	a->failures = 0;
	a->took_ms = clock_ms() - a->begun_ms;
	a->rest_ms = clock_ms() + (a->took_ms < REST_MS / REST_SHARE ?
	    a->took_ms * REST_SHARE : REST_MS);
	a->step = AOF_REST;
}

static void
look_at_snapshot(struct ctl *c)
{
	const struct state_job_row *row = &c->next.job[STATE_JOB_AOF];
	struct aof_order *a = &c->next.aof;

	if (row->done < a->job)
		return;
	if (row->was_ok) {
		a->based++;
		a->step = AOF_BASE_LIST;
		(void)ctl_tell(c);
	} else {
		has_failed(c);
	}
}

static void
look_at_base(struct ctl *c)
{
	struct aof_order *a = &c->next.aof;

	if (word_load_acquire(&report()->based) < a->based)
		return;
	has_ended(c);
	log_notice("the append-only file is rewritten: %llu MB, in %lld ms",
	    (unsigned long long)report()->bytes >> 20, (long long)a->took_ms);
	(void)ctl_tell(c);
}

/* --- a rewrite while it is off ------------------------------------------ */

static bool
logger_is_gone(void)
{
	return word_load_acquire(&REGION->sup.dead[PROC_LOGGER]) ==
	    word_load_acquire(&REGION->sup.birth[PROC_LOGGER]);
}

static void
begin_alone(struct ctl *c)
{
	struct aof_order *a = &c->next.aof;
	uint64_t listed, based;
	int bad;

	if (a->asked == a->begun || c->next.snap.step != STATE_REST ||
	    !logger_is_gone())
		return;
	a->begun = a->asked;
	a->begun_ms = clock_ms();
	(void)ctl_parts_numbers(c, &listed, &based);
	a->based = most(based, a->based);
	bad = file_make_directory(c->next.options.appenddirname);
	if (bad == 0) {
		ask_snapshot(c);
		return;
	}
	log_warning("%s can not be made: %s", c->next.options.appenddirname,
	    strerror(-bad));
	has_failed(c);
}

static void
end_alone(struct ctl *c)
{
	const struct state_job_row *row = &c->next.job[STATE_JOB_AOF];
	struct aof_order *a = &c->next.aof;
	int bad;

	if (row->done < a->job)
		return;
	bad = row->was_ok ? ctl_parts_list_only(c, a->based + 1) : -EIO;
	if (bad != 0) {
		if (row->was_ok)
			log_warning("the append-only file's manifest can not "
			    "be written: %s", strerror(-bad));
		has_failed(c);
		return;
	}
	a->based++;
	has_ended(c);
	log_notice("an append-only file is written, in %lld ms; the node goes "
	    "on without", (long long)a->took_ms);
	(void)ctl_tell(c);
}

/* The log has outrun the logger: what is on the disk has a gap. */
static void
look_at_loss(struct ctl *c)
{
	struct aof_order *a = &c->next.aof;

	if (a->is_fresh || a->place.incr == 0 ||
	    word_load(&report()->lost) != a->place.incr)
		return;
	a->is_fresh = true;
	a->step = AOF_REST;
	a->place.incr = 0;
	(void)ctl_tell(c);
}

void
ctl_aof_turn(struct ctl *c)
{
	struct aof_order *a = &c->next.aof;

	keep_logger(c);
	if (c->ask.is_busy || c->next.is_stopping || ctl_load_is_on(c))
		return;
	if (ctl_aof_follow(c))
		(void)ctl_tell(c);
	if (!a->is_on) {
		if (a->step == AOF_SNAP)
			end_alone(c);
		else
			begin_alone(c);
		return;
	}
	look_at_loss(c);
	switch ((enum aof_step)a->step) {
	case AOF_REST:
		begin(c);
		break;
	case AOF_LIST:
		take_snapshot(c);
		break;
	case AOF_SNAP:
		look_at_snapshot(c);
		break;
	case AOF_BASE_LIST:
		look_at_base(c);
		break;
	}
}

bool
ctl_aof_before_end(const struct ctl *c)
{
	return word_load(&REGION->sup.stop_at_once) || ctl_load_is_on(c) ||
	    !c->next.aof.is_on || !c->next.aof.is_fresh;
}

/* --- questions --------------------------------------------------------- */

void
ctl_aof_ask_rewrite(struct ctl *c)
{
	struct aof_order *a = &c->next.aof;

	if (a->step != AOF_REST) {
		ctl_answer_error(c, "ERR Background append only file "
		    "rewriting already in progress");
		return;
	}
	if (a->asked == a->begun)
		a->asked++;
	/* Whoever reads the answer finds it in INFO. */
	(void)ctl_tell(c);
	ctl_answer_simple(c, c->next.snap.step != STATE_REST ?
	    "Background append only file rewriting scheduled" :
	    "Background append only file rewriting started");
}
