#include "daemon/ctl_hold.h"

#include "daemon/clock.h"
#include "daemon/doorbell.h"
#include "daemon/log.h"
#include "shm/state_pen.h"

#define REPLIES_US 100000 /* replies that wait for the log are waited for */

static struct {
	ctl_hold_then *then;       /* NULL: nobody waits */
	uint64_t version;          /* that has to be acknowledged first */
	int64_t begun_us, seen_us; /* published; all acknowledged it, 0: no */
} hold;

void
ctl_hold_begin(struct ctl *c, uint64_t token, int64_t until_ms,
    ctl_hold_then *then)
{
	must(token != 0, "a hold has a token");
	c->next.hold_token = token;
	c->next.hold_until_ms = until_ms;
	hold.begun_us = clock_steady_us();
	hold.seen_us = 0;
	hold.then = then;
	hold.version = ctl_tell(c);
}

void
ctl_hold_drop(struct ctl *c)
{
	hold.then = NULL;
	c->next.hold_token = 0;
	c->next.hold_until_ms = 0;
}

void
ctl_hold_end(struct ctl *c)
{
	bool is_on = c->next.hold_token != 0;

	ctl_hold_drop(c);
	if (is_on)
		(void)ctl_tell(c);
}

bool
ctl_hold_is_on(const struct ctl *c)
{
	return c->next.hold_token != 0 &&
	    clock_steady_ms() < c->next.hold_until_ms;
}

bool
ctl_hold_is_for_good(const struct ctl *c)
{
	return c->next.hold_token != 0 && c->next.hold_until_ms == INT64_MAX &&
	    hold.then == NULL && hold.seen_us != 0;
}

bool
ctl_hold_is_due(void)
{
	return hold.then != NULL;
}

/* Whether some worker holds replies back until disk or replicas have it. */
static bool
are_replies_held(void)
{
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		if (word_load(&REGION->area[i].feeds.held) != 0)
			return true;
	return false;
}

/*
 * While all stand still, control itself may be about to log something.  Who
 * loses its role would have to call replies that it holds in doubt: they get a
 * moment.
 */
void
ctl_hold_turn(struct ctl *c)
{
	ctl_hold_then *then = hold.then;
	int64_t now_us;

	if (likely(then == NULL) || c->next.is_frozen ||
	    !ctl_is_acknowledged(hold.version))
		return;
	now_us = clock_steady_us();
	if (hold.seen_us == 0)
		hold.seen_us = now_us;
	if (now_us - hold.seen_us < REPLIES_US && are_replies_held())
		return;
	hold.then = NULL;
	log_notice("writes are held by all workers, after %d us",
	    (int)(hold.seen_us - hold.begun_us));
	then(c, c->next.hold_token,
	    word_load_acquire(&REGION->common.log.end));
}

void
ctl_hold_set_lease(struct ctl *c, int64_t until_ms)
{
	int64_t before = word_load(&REGION->state.lease_ms);

	if (before == until_ms)
		return;
	state_set_lease(&REGION->state, until_ms);
	if (before == 0 || before > clock_steady_ms())
		return;
	word_fence();
	ctl_ring_workers(c);
}
