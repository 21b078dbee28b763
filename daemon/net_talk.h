/*
 * net_talk - what a replica and its primary say before the stream
 *
 * PING; AUTH and REPLCONF in one piece; PSYNC.  A primary that does not know a
 * REPLCONF is told the next thing all the same.  One of our own is told
 * everything at once, and answers in order; redis-server takes no PSYNC while
 * it has more to answer.
 *
 * Source: the replication handshake of Redis 2.8 to 7.2 and Valkey.
 *
 * Not here: the snapshot (net_fetch.c).
 */
#ifndef DAEMON_NET_TALK_H
#define DAEMON_NET_TALK_H

#include "daemon/net_link.h"

/* The connection is there: begins to talk. */
void talk_begin(struct net_link *l);

/* A line came. */
void talk_heard(struct net_link *l, struct slice line);

#endif
