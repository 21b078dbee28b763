/*
 * net_pause - whether writes have to wait, as of this turn
 *
 *   PAUSE_ORDER   CLIENT PAUSE, or what control wants to be alone for
 *   PAUSE_HOLD    a failover: nothing is logged until it is over
 *   PAUSE_LEASE   the lease has ended: another node may be the primary by now
 *
 * Looked at once a turn, and whenever a state was read, before that is
 * acknowledged.  Keys do not expire meanwhile: they are not seen any more, and
 * nothing is logged.
 *
 * Not here: who waits (net_gate.c, net_serve.c), who decides (ctl_hold.c).
 */
#ifndef DAEMON_NET_PAUSE_H
#define DAEMON_NET_PAUSE_H

#include "daemon/net_worker.h"

enum { PAUSE_ORDER = 1, PAUSE_HOLD = 2, PAUSE_LEASE = 4 };

/* Looks at clocks, state and lease: w->stops, and what follows from it. */
void pause_look(struct worker *w);

/* When who waits may look again, UNIX time; 0: when it is woken. */
int64_t pause_deadline(const struct worker *w);

/*
 * Whether we are about to be the primary (state.is_promoted), and not stuck in
 * that.
 */
bool pause_turns(const struct worker *w);

/* The lease ended so long ago that who wants to write is refused. */
bool pause_refuses(const struct worker *w);

#endif
