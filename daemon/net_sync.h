/*
 * net_sync - full synchronisations: a snapshot for those that have nothing
 *
 * Not here: the stream behind it (net_feed.c), taking the snapshot
 * (daemon/save.c).
 */
#ifndef DAEMON_NET_SYNC_H
#define DAEMON_NET_SYNC_H

#include "daemon/net_feed.h"

/* The call's connection becomes a replica's that gets a snapshot. */
void sync_begin(struct call *c, bool is_old);

/* Sends what there is; nothing is on its way. */
void sync_pump(struct feed *f);
/* A read of the file ended: bytes or -errno. */
void sync_read(struct conn *c, int result);
/* Some times a second. */
void sync_look_after(struct feed *f);
/* The same for all that wait: asks control for a snapshot when it is time. */
void sync_ask(struct worker *w);
/* The published state has changed. */
void sync_act_upon_state(struct feed *f);
/* What a closing connection has of it. */
void sync_end(struct feed *f);

#endif
