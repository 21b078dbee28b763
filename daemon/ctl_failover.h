/*
 * ctl_failover - what the failover machine wants of processes, carried out
 *
 * The machine (cluster/failover.h) lies in the view and decides; an act of its
 * kind (cluster/act.def) is done here and answered by an event, never within
 * the step that wanted it:
 *
 *	HOLD     ctl_hold.h              HELD, with the end of the log
 *	RESUME   the same, when places are published
 *	LOCK     ctl_recover.h           LOCKED, LOCK_REFUSED
 *	AWAIT    the worker that has the link rings when it is so far   LEVEL
 *	TURN     follows the role and the places      TURNED
 *	ANSWER   who asked control, if somebody did
 *	DONE     a line for the log
 *
 * The machine is kept in the region (daemon/kept.h) before the acts of a step
 * are carried out; so a new control finds the state whose acts may not have
 * been, and the machine has a row for that (BORN).
 *
 * Not here: messages, files, elections (cluster/hand.h), orders
 * (daemon/ctl_order.h).
 */
#ifndef DAEMON_CTL_FAILOVER_H
#define DAEMON_CTL_FAILOVER_H

#include "cluster/cluster.h"
#include "daemon/ctl.h"

/*
 * Goes on with what a predecessor kept; after the view has read its file.
 * `happen` gives the view an event.
 */
void ctl_failover_begin(struct ctl *c, struct view *v,
    void (*happen)(const struct cluster_event *e));

/*
 * A step was made: what must outlive control is kept.  False (a fault point):
 * the messages among its acts are lost.
 */
bool ctl_failover_keep(struct ctl *c);
/* Its acts are carried out. */
void ctl_failover_done(void);

/* One of its acts; false: it is not. */
bool ctl_failover_carry_out(struct ctl *c, const struct act *a);

/* From here on, or not, the question at hand is an order to the machine. */
void ctl_failover_asked(bool is_asked);

/*
 * Gives the answers that there are; each turn of control's loop.  is_turned:
 * all workers serve as a primary's, with its slots.  True: there were some.
 */
bool ctl_failover_turn(struct ctl *c, bool is_turned);

/*
 * The role of a primary is published next: and with it, whose acknowledgement
 * the first writes wait for (cluster/heir.h).
 */
void ctl_failover_took(struct ctl *c);

/* What has become of the wait for the recovery lock. */
void ctl_failover_lock_news(struct ctl *c, enum lock_news news);

/* What the view has to know of the lock: who holds it, or NULL. */
const char *ctl_failover_lock_words(const struct ctl *c);

#endif
