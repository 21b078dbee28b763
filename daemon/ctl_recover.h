/*
 * ctl_recover - the recovery lock (cluster/lock.h), in use
 *
 * Everything that may change who may write, or whose data these are, holds it:
 *
 *	RECOVER_ROLE      a change of role, and the attachment to a primary
 *	                  that it begins, until the link is up or has failed;
 *	                  a full synchronisation at any time
 *	RECOVER_ENSURE    a broken link is begun anew (daemon/ctl_ensure.h)
 *	RECOVER_FAILOVER  the failover machine
 *
 * An attachment that has not yet replaced data is given up for whatever an
 * operator orders next, or a majority: ctl_recover_take() takes it over.
 * What a failover holds is refused, or waited for.
 *
 * Not here: what the holders do.
 */
#ifndef DAEMON_CTL_RECOVER_H
#define DAEMON_CTL_RECOVER_H

#include "daemon/ctl.h"

enum { RECOVER_ROLE = 1, RECOVER_FAILOVER, RECOVER_ENSURE };

/* A new control's: the first thing it does with the lock. */
void ctl_recover_begin(struct ctl *c);

/*
 * Takes it for RECOVER_ROLE, or RECOVER_FAILOVER; false: another one holds it,
 * ctl_recover_words() says who.
 */
bool ctl_recover_take(struct ctl *c, enum lock_event what, uint64_t ticket);

/* Same, and it waits its turn: ctl_recover_turn() tells of the end. */
enum lock_answer ctl_recover_await(struct ctl *c, int64_t wait_ms);

/* Lets go of it, or waits no more. */
void ctl_recover_drop(struct ctl *c, uint64_t ticket);

/* Whether this ticket holds it. */
bool ctl_recover_has(const struct ctl *c, uint64_t ticket);

/* "ERR Recovery in progress, ..." with the holder. */
const char *ctl_recover_words(const struct ctl *c);

/* Whether a snapshot of the primary may replace our data now. */
bool ctl_recover_may_load(struct ctl *c);

/* It has: the stream may begin. */
void ctl_recover_loaded(struct ctl *c);

/* How the attachment to our primary goes. */
enum recover_link { RECOVER_NO_LINK, RECOVER_BEGINS, RECOVER_ASKS,
	RECOVER_SYNCS, RECOVER_UP, RECOVER_BROKEN };
enum recover_link ctl_recover_link(const struct ctl *c);

/*
 * Each turn of control's loop.  What has become of RECOVER_FAILOVER's wait:
 * LOCK_GRANTED, LOCK_TIRED, LOCK_LOST, or LOCK_NOTHING.
 */
enum lock_news ctl_recover_turn(struct ctl *c);

#endif
