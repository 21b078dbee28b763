/*
 * ctl_hold - control's hold on writes, while a failover needs the log's end
 *
 * What is published (state.hold_token, hold_until_ms) holds in every worker
 * that has acknowledged it: there nothing is logged, neither for clients nor by
 * itself, and reads go on.  So the end of the log, read when every living
 * worker has acknowledged, is final.  Who died is mended before, and mending
 * logs nothing.
 *
 * A hold ends by control, or by itself: each worker looks at the clock, so that
 * no control is needed for it.  Who takes the deadline away must not rely on it
 * having held until then: it begins the hold again, and the end of the log is
 * the same if nobody wrote.
 *
 * A new control goes on with what is published.
 *
 * Not here: who wants it (cluster/failover.h), what waits (daemon/net_pause.h).
 */
#ifndef DAEMON_CTL_HOLD_H
#define DAEMON_CTL_HOLD_H

#include "daemon/ctl.h"

typedef void ctl_hold_then(struct ctl *c, uint64_t token, uint64_t end);

/*
 * Holds writes for a token (never 0) until then, steady time in ms, INT64_MAX:
 * until ctl_hold_end().  `then` is called once every living worker has
 * acknowledged it, with the end of the log; never when another hold or the end
 * of this one comes before.
 */
void ctl_hold_begin(struct ctl *c, uint64_t token, int64_t until_ms,
    ctl_hold_then *then);

/* Writes go on, if they were held. */
void ctl_hold_end(struct ctl *c);

/* Same, with what the caller publishes next. */
void ctl_hold_drop(struct ctl *c);

/*
 * Whether all workers have stopped, and go on only when told: nothing is logged
 * until then.
 */
bool ctl_hold_is_for_good(const struct ctl *c);

/* Whether writes are held now. */
bool ctl_hold_is_on(const struct ctl *c);

/* Each turn of control's loop, and whether that waits for workers. */
void ctl_hold_turn(struct ctl *c);
bool ctl_hold_is_due(void);

/*
 * Until then, steady time in ms, writes may be acknowledged here: for ever when
 * it is 0 or INT64_MAX.  No version is published; workers whose writes wait are
 * rung.
 */
void ctl_hold_set_lease(struct ctl *c, int64_t until_ms);

#endif
