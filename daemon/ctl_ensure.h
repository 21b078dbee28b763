/*
 * ctl_ensure - EnsureReplication (cluster/ensure.h), as a timer of control
 *
 * The link to the primary tries again by itself (daemon/net_link.h); what it
 * can not get out of - a connection that hangs, a worker that waits for a
 * resolver, a long pause after a stream that could not be applied - this does,
 * by beginning it anew in another worker.
 *
 * Not here: when (cluster/ensure.c), the lock (daemon/ctl_recover.h).
 */
#ifndef DAEMON_CTL_ENSURE_H
#define DAEMON_CTL_ENSURE_H

#include "daemon/ctl.h"

/*
 * Each turn of control's loop.  is_failed: the primary is taken for dead;
 * is_paused: it holds its writes for a failover.
 */
void ctl_ensure_turn(struct ctl *c, bool is_failed, bool is_paused);

#endif
