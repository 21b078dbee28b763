/*
 * net - what commands may ask of the worker's loop
 *
 * Not here: the entry point (daemon/birth.h).
 */
#ifndef DAEMON_NET_H
#define DAEMON_NET_H

#include "daemon/net_watch.h"

/* Ends a connection of this worker; whether there is one with this id. */
bool net_kill(struct worker *w, uint64_t id);

/* The sum over all workers of something that they count. */
uint64_t net_count(enum stat_id id);

#endif
