/*
 * waiters - workers that wait for the log to be committed
 *
 * Whoever moves on how far the log has been committed (the logger's durable
 * offset, what a replica has acknowledged) publishes that first and rings then.
 * A worker says that it waits (shm/feeds.h: awaits, held) before it sleeps, and
 * looks again after it has said that it does.
 *
 * Not here: what they wait for (daemon/net_commit.h, net_ack.h).
 */
#ifndef DAEMON_WAITERS_H
#define DAEMON_WAITERS_H

#include "daemon/birth.h"

/* Rings those that sleep. */
void waiters_ring(const struct birth *b);

#endif
