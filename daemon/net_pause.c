#include "daemon/net_pause.h"

#include "daemon/clock.h"

/* Whether keys may be deleted because their time is over. */
static bool
may_expire(const struct worker *w)
{
	return w->stops == 0 && w->state.role == STATE_PRIMARY &&
	    w->state.load.phase == LOAD_NONE && !w->aof.is_late &&
	    w->aof.error == 0;
}

/* Ticks that are too few, if any: the end is not seen too late. */
static uint64_t
lease_ticks(const struct worker *w, int64_t now_us)
{
	int64_t left;

	if (w->lease_ms == 0 || w->lease_ms == INT64_MAX)
		return UINT64_MAX;
	left = w->lease_ms * 1000 - now_us;
	return left <= 0 ? 0 : clock_ticks() +
	    (uint64_t)left * w->ticks_per_us;
}

void
pause_look(struct worker *w)
{
	const struct state *s = &w->state;
	int64_t now_us = clock_steady_us();
	bool was_over = w->stops & PAUSE_LEASE;

	w->steady_ms = now_us / 1000;
	w->lease_ms = word_load_acquire(&REGION->state.lease_ms);
	w->lease_ticks = lease_ticks(w, now_us);
	w->stops = 0;
	if (unlikely(s->pause != STATE_PAUSE_NONE) &&
	    w->now_ms < s->pause_until_ms)
		w->stops |= PAUSE_ORDER;
	if (unlikely(s->hold_token != 0) && w->steady_ms < s->hold_until_ms &&
	    (s->role == STATE_PRIMARY || s->handover.step == HANDOVER_GOES))
		w->stops |= PAUSE_HOLD;
	if (unlikely(w->steady_ms >= w->lease_ms) && w->lease_ms != 0 &&
	    s->role == STATE_PRIMARY)
		w->stops |= PAUSE_LEASE;
	if (unlikely(w->stops & PAUSE_LEASE) && !was_over)
		w->over_ms = w->steady_ms;
	if (likely(!s->is_promoted))
		w->turning_ms = 0;
	else if (w->turning_ms == 0)
		w->turning_ms = w->steady_ms;
	w->txn.is_held = (w->stops & PAUSE_HOLD) != 0;
	w->txn.may_expire = may_expire(w);
}

/* Who has just become a primary may have had no lease for long. */
static int64_t
lease_limit(const struct worker *w)
{
	return w->over_ms + w->state.options.cluster_node_timeout;
}

bool
pause_refuses(const struct worker *w)
{
	return unlikely(w->stops & PAUSE_LEASE) &&
	    w->steady_ms >= lease_limit(w);
}

int64_t
pause_deadline(const struct worker *w)
{
	int64_t until;

	if (w->stops & PAUSE_HOLD)
		until = w->state.hold_until_ms;
	else if (w->stops & PAUSE_LEASE)
		until = lease_limit(w);
	else
		return w->state.pause_until_ms;
	return until == INT64_MAX ? 0 : w->now_ms + (until - w->steady_ms) + 1;
}

bool
pause_turns(const struct worker *w)
{
	/* A worker that is stuck is killed before; a disk is not. */
	return unlikely(w->turning_ms != 0) && w->steady_ms <
	    w->turning_ms + w->state.options.cluster_node_timeout;
}
