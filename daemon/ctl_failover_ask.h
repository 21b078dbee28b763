/*
 * ctl_failover_ask - orders to the failover machine
 *
 *	CLUSTER FAILOVER [FORCE | TAKEOVER | ABORT] [TIMEOUT ms]   at a replica
 *	FAILOVER [TO host port [FORCE]] [TIMEOUT ms] [ABORT]       at a primary
 *
 * An order is answered when it is accepted or refused; what becomes of it,
 * CLUSTER FAILOVER STATUS and INFO tell.
 *
 * Source of the error texts: redis-server 7.
 *
 * Not here: what an order does (cluster/hand.h), reports (cmd_failover.c), the
 * end of a primary (ctl_end.c).
 */
#ifndef DAEMON_CTL_FAILOVER_ASK_H
#define DAEMON_CTL_FAILOVER_ASK_H

#include "daemon/ctl.h"

/* Questions (shm/mail.def). */
void ctl_failover_ask(struct ctl *c, const struct slice *argv, int argc);
void ctl_failover_ask_primary(struct ctl *c, const struct slice *argv,
    int argc);

#endif
