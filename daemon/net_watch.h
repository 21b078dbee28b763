/*
 * net_watch - observation: statistics, MONITOR, the slow log, latencies
 *
 * Told by net_serve.c of each command that ran; tells nobody who serves.
 *
 * Not here: what is kept of it (shm/slow.h, shm/stat.h).
 */
#ifndef DAEMON_NET_WATCH_H
#define DAEMON_NET_WATCH_H

#include "daemon/net_worker.h"

/*
 * The command took the time since the last one ended; its reply begins at mark.
 */
void watch_took(struct call *c, size_t mark);

/* Zeroes what was counted of slots; of those that a primary lost. */
void watch_reset(struct worker *w);
void watch_places(struct worker *w);

/* Options have changed: what is slow from now on. */
void watch_options(struct worker *w);

/* The reply from mark on is an error: counts it under its code. */
void watch_error(struct call *c, size_t mark);

/* Tells those in MONITOR. */
void watch_monitor(struct call *c);
/* A line of another worker's for ours. */
void watch_line(struct worker *w, struct slice line);

#endif
