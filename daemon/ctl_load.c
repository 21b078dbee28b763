#include "daemon/ctl_load.h"

#include "daemon/clock.h"
#include "daemon/file.h"
#include "daemon/log.h"

#include <errno.h>
#include <stdio.h>

#define SAY_US 5000000

struct load_order
ctl_load_order(enum load_cause cause)
{
	return (struct load_order){ .cause = cause, .form = LOAD_RDB,
	    .offset = -1 };
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

	must(c->next.load.phase <= LOAD_UNDECIDED, "one load at a time");
	if (bytes < 0)
		return (int)bytes;
	c->next.load = *order;
	c->next.load.id = id;
	c->next.load.bytes = (uint64_t)bytes;
	c->next.load.since_ms = clock_ms();
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

/* Whether all are done; *bad is the first that says it can not. */
static bool
all_done(const struct ctl *c, const struct load_report **bad)
{
	const struct load_report *r;
	uint32_t i, result;
	bool is_done = true;

	*bad = NULL;
	for (i = 0; i < REGION->head.workers; i++) {
		r = report_of(c, i);
		result = r != NULL ? word_load_acquire(&r->result) : LOAD_WORKS;
		is_done &= result == LOAD_DONE;
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

	if (r->why_at > 0)
		snprintf(why, sizeof(why), "%s is damaged at byte %llu: %s",
		    c->next.load.file, (unsigned long long)r->why_at, r->why);
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

/*
 * The log goes on where the data of the file ends.  A primary that starts has
 * another history from here on than replicas that went further: a new id.
 */
static void
set_log(struct ctl *c)
{
	const struct load_order *o = &c->next.load;
	const struct load_report *r = report_of(c, 0);
	const char *replid = o->replid[0] != 0 ? o->replid : r->replid;
	int64_t offset = o->offset >= 0 ? o->offset : r->offset;

	if (o->cause == LOAD_FOR_RELOAD || o->form == LOAD_NOTHING ||
	    offset < 0)
		return;
	if (region_open_all() != 0)
		never("control may write the log while all stand still");
	log_restart(&REGION->common.log, c->birth->name, (uint64_t)offset);
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
	log_notice("loaded %s: %llu keys, %llu expired ones left out, in "
	    "%.3f s", c->next.load.file, (unsigned long long)keys,
	    (unsigned long long)expired, (double)took / 1e6);
}

static void
runs(struct ctl *c)
{
	const struct load_report *bad;

	say_progress(c);
	if (all_done(c, &bad)) {
		/* Nobody else makes them stand still meanwhile. */
		if (!c->ask.is_busy || c->ask.is_elsewhere)
			publish(c, LOAD_RESTS);
	} else if (bad != NULL && !c->next.is_frozen) {
		failed(c, bad);
	}
}

static void
rests(struct ctl *c)
{
	if (!ctl_is_acknowledged(c->load.version))
		return;
	set_log(c);
	if (c->next.load.form != LOAD_NOTHING)
		say_end(c);
	publish(c, LOAD_NONE);
	tell(c);
}

/* --- the start --------------------------------------------------------- */

/* What there is to load when the node starts. */
static void
decide(struct ctl *c)
{
	struct load_order order = ctl_load_order(LOAD_FOR_START);
	int bad;

	snprintf(order.file, sizeof(order.file), "%s",
	    c->next.options.dbfilename);
	bad = ctl_load_begin(c, &order);
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
