/*
 * ctl_end - the end of the node, by a signal or by SHUTDOWN
 *
 * In order: a replica takes over (cluster-shutdown-handover), the append-only
 * file is as it has to be, a last snapshot is written where there are save
 * rules; then all processes are told.  SHUTDOWN NOW does without the first, and
 * SHUTDOWN ABORT calls the end off as long as that is waited for.
 *
 * Source of the error texts: redis-server 7.
 *
 * Not here: the snapshot (daemon/ctl_save.h), who waits how long for processes
 * (daemon/sup.c).
 */
#ifndef DAEMON_CTL_END_H
#define DAEMON_CTL_END_H

#include "daemon/ctl.h"

/* SHUTDOWN (shm/mail.def). */
void ctl_end_ask(struct ctl *c, const struct slice *argv, int argc);

/* Each turn of control's loop: goes on with an end that is wanted. */
void ctl_end_turn(struct ctl *c);

#endif
