#include "daemon/ctl_reload.h"

#include "daemon/ctl_load.h"
#include "daemon/ctl_parts.h"
#include "daemon/ctl_save.h"
#include "daemon/log.h"
#include "proto/error.h"

#include <stdio.h>

/* It is over; who asked is told. */
static void
end(struct ctl *c, const char *error)
{
	struct state_reload *r = &c->next.reload;
	char text[CTL_LOAD_WHY + 64];
	int n = error == NULL ? snprintf(text, sizeof(text), "+OK\r\n") :
	    snprintf(text, sizeof(text), "-ERR %s\r\n", error);

	c->next.pause = STATE_PAUSE_NONE;
	c->next.pause_until_ms = 0;
	r->step = STATE_RELOAD_NONE;
	(void)ctl_tell(c);
	(void)ctl_reply(c, (int)r->worker, r->birth, r->ticket,
	    (struct slice){ text, (size_t)n });
}

void
ctl_reload_loaded(struct ctl *c, const char *why)
{
	if (c->next.reload.step == STATE_RELOAD_LOADS)
		end(c, why);
}

static void
load(struct ctl *c, struct load_order *order)
{
	c->next.reload.step = STATE_RELOAD_LOADS;
	order->flushes = !c->next.reload.merges;
	order->keeps_expired = true;
	if (ctl_load_begin(c, order) != 0)
		end(c, "Error trying to load the RDB dump, check server logs.");
}

/* --- steps ------------------------------------------------------------- */

static void
look_at_snapshot(struct ctl *c)
{
	const struct state_job_row *row = &c->next.job[STATE_JOB_SAVE];
	struct load_order order = ctl_load_order(LOAD_FOR_RELOAD);

	if (row->done < c->next.reload.save || c->next.snap.step != STATE_REST)
		return;
	if (c->next.reload.save != 0 && !row->was_ok) {
		end(c, "the snapshot failed");
		return;
	}
	snprintf(order.file, sizeof(order.file), "%s",
	    c->next.options.dbfilename);
	load(c, &order);
}

static void
look_at_file(struct ctl *c)
{
	const struct aof_report *r = &REGION->area[PROC_LOGGER].aof;
	const struct aof_order *a = &c->next.aof;
	struct load_order order = ctl_load_order(LOAD_FOR_RELOAD);

	if (a->is_on && (a->is_fresh || a->step != AOF_REST ||
	    word_load_acquire(&r->written) < REGION->common.log.end))
		return;
	if (c->next.snap.step != STATE_REST)
		return;
	if (!ctl_parts_first(c, &order)) {
		end(c, "Error trying to load the AOF files, check server "
		    "logs.");
		return;
	}
	/* Everybody has flushed before the first request is executed. */
	order.form = LOAD_NOTHING;
	load(c, &order);
}

void
ctl_reload_turn(struct ctl *c)
{
	if (likely(c->next.reload.step == STATE_RELOAD_NONE) ||
	    c->ask.is_busy || ctl_load_is_on(c) || c->next.is_stopping)
		return;
	switch ((enum state_reload_step)c->next.reload.step) {
	case STATE_RELOAD_SAVES:
		look_at_snapshot(c);
		break;
	case STATE_RELOAD_KEEPS:
		look_at_file(c);
		break;
	case STATE_RELOAD_STOPS:
	case STATE_RELOAD_LOADS:
		/* Control died meanwhile, and nobody has an answer. */
		end(c, "the control process was replaced while it worked on "
		    "this");
		break;
	case STATE_RELOAD_NONE:
		break;
	}
}

/* --- the question ------------------------------------------------------ */

/* Nobody writes any more. */
static void
stopped(struct ctl *c)
{
	struct state_reload *r = &c->next.reload;

	if (r->is_aof)
		r->step = STATE_RELOAD_KEEPS;
	else
		r->step = STATE_RELOAD_SAVES;
	r->save = r->is_aof || r->is_old ? 0 : ctl_save_ask(c,
	    STATE_JOB_SAVE, c->next.options.dbfilename);
	(void)ctl_tell(c);
	ctl_answer_nothing(c);
}

/*
 * A key of the file takes the place of the one that there is, with NOFLUSH
 * alone, too, where redis-server would end; with MERGE alone there is none.
 */
static bool
read_options(struct state_reload *r, const struct slice *argv, int argc)
{
	int i;

	for (i = 2; i < argc && !r->is_aof; i++)
		if (slice_is(argv[i], "nosave"))
			r->is_old = true;
		else if (slice_is(argv[i], "noflush"))
			r->merges = true;
		else if (!slice_is(argv[i], "merge"))
			return false;
	return i >= argc;
}

void
ctl_reload_ask(struct ctl *c, const struct slice *argv, int argc)
{
	struct state_reload *r = &c->next.reload;
	struct state_reload asked = { .step = STATE_RELOAD_STOPS,
	    .is_aof = slice_is(argv[1], "loadaof"),
	    .worker = (uint32_t)c->ask.worker, .birth = c->ask.birth,
	    .ticket = c->ask.ticket };

	if (!read_options(&asked, argv, argc)) {
		ctl_answer_error(c, "ERR DEBUG RELOAD only supports the "
		    "MERGE, NOFLUSH and NOSAVE options.");
		return;
	}
	if (r->step != STATE_RELOAD_NONE || ctl_load_is_on(c) ||
	    c->next.role != STATE_PRIMARY ||
	    c->next.pause != STATE_PAUSE_NONE) {
		ctl_answer_error(c, "ERR nothing can be loaded now: the node "
		    "loads already, is a replica, or its clients are paused");
		return;
	}
	*r = asked;
	c->next.pause = STATE_PAUSE_WRITE;
	c->next.pause_until_ms = INT64_MAX;
	log_notice("everything is loaded anew (DEBUG %s)",
	    r->is_aof ? "LOADAOF" : "RELOAD");
	ctl_publish(c, stopped);
}
