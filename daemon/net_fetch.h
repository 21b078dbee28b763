/*
 * net_fetch - a snapshot on its way from the primary into a file, and looked
 * over there
 *
 * It comes as "$bytes" and so many bytes, or as "$EOF:mark", bytes, mark.
 *
 * Not here: when (net_link.c).
 */
#ifndef DAEMON_NET_FETCH_H
#define DAEMON_NET_FETCH_H

#include "daemon/net_link.h"

/* The line that says how long it is. */
void fetch_head(struct net_link *l, struct slice line);

/* Bytes of it are in the buffer, or none: writes them, or reads on. */
void fetch_more(struct net_link *l);

/* Whether what was asked of the kernel is the file's; and what came of it. */
bool fetch_is_writing(const struct net_link *l);
void fetch_written(struct net_link *l, int result);

/* Looks over some of what has been received whole; asks to load it. */
void fetch_look(struct net_link *l);

/* Forgets what there is of it; the wire closes the file. */
void fetch_end(struct net_link *l);

#endif
