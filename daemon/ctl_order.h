/*
 * ctl_order - CLUSTER's orders: slots, nodes, epochs, holds for tools
 *
 * An order changes the view (cluster/order.h) and is answered when what it
 * changed is durable and every living worker has acknowledged it; or refused
 * with redis-server's words.
 *
 * Not here: failovers (ctl_failover_ask.h), reading subcommands
 * (daemon/cmd_cluster.c).
 */
#ifndef DAEMON_CTL_ORDER_H
#define DAEMON_CTL_ORDER_H

#include "daemon/ctl.h"

/* Questions (shm/mail.def): argv[1] says which. */
void ctl_order_ask(struct ctl *c, const struct slice *argv, int argc);

/* Each turn of control's loop. */
void ctl_order_turn(struct ctl *c);

/* The node has its data: what of it is whose (cluster mode). */
void ctl_order_has_data(struct ctl *c);

#endif
