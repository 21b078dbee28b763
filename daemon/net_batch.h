/*
 * net_batch - requests of many connections, read, prefetched, then served
 *
 * What arrived in a turn is parsed where it lies; requests gather in a batch;
 * while it fills and while it is served, slots, then buckets, then records of
 * later requests are prefetched.  When it is full, or the turn is over, its
 * requests are served in order.  That hides the memory's latency: it is the
 * engine's largest gain.
 *
 * Invariant: a connection has at most one run of bytes in the batch, so that
 * the rest of it can be put back when a request of it waits.
 *
 * Not here: serving one request (net_serve.c).
 */
#ifndef DAEMON_NET_BATCH_H
#define DAEMON_NET_BATCH_H

#include "daemon/net_worker.h"

/* Bytes arrived for c; they are valid until the batch has run. */
void batch_received(struct conn *c, char *data, size_t bytes);

/* Reads on in what c has kept. */
void batch_resume(struct conn *c);

/* Serves everything in the batch. */
void batch_run(struct worker *w);

#endif
