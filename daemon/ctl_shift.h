/*
 * ctl_shift - control's part of slots on their way to another node
 *
 * What the workers are told (shm/ship.h) follows from the machine's state
 * (cluster/shift.h), anew each turn; what they have done - acknowledged,
 * copied, deleted - goes back as its events.
 *
 * Not here: deciding (cluster/shift.h), copying (daemon/net_ship.h).
 */
#ifndef DAEMON_CTL_SHIFT_H
#define DAEMON_CTL_SHIFT_H

#include "daemon/ctl.h"

/* What is under way since before this control began is told before all else. */
void ctl_shift_begin(struct ctl *c);

/* Each turn of control's loop, after the cluster's. */
void ctl_shift_turn(struct ctl *c);

/* Whether workers' words are waited for. */
bool ctl_shift_is_due(void);

/* CLUSTER MIGRATESLOTS, GETSLOTMIGRATIONS, CANCELSLOTMIGRATIONS. */
void ctl_shift_ask(struct ctl *c, const struct slice *argv, int argc);

#endif
