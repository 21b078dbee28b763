/*
 * ctl_news - messages between this node's subscribers and the cluster bus
 *
 * Out: control reads the ring of messages like a worker does (shm/news.h), with
 * a place in its own page, and sends what was published here as PUBLISH or
 * PUBLISHSHARD.  In: it gives what the bus brings to a worker, by letters of
 * ticket 0 in the mailbox of answers; the worker says it (say_from_bus).
 *
 * At most once, as in Redis: what is on its way when control or that worker
 * dies, or what does not fit while a worker is late, is lost to other nodes'
 * subscribers, never to those of the node where it was published.
 *
 * Not here: what a packet is (proto/bus.h), wires (daemon/ctl_bus.c).
 */
#ifndef DAEMON_CTL_NEWS_H
#define DAEMON_CTL_NEWS_H

#include "cluster/view.h"
#include "daemon/birth.h"

/* Reads from the end of the ring on. */
void ctl_news_begin(const struct birth *b);

/* Sends what was said here; hands on what waits for room in a mailbox. */
void ctl_news_turn(struct view *v);
/* Whether something waits for such room. */
bool ctl_news_waits(void);

/* A message of another node. */
void ctl_news_deliver(bool is_shard, struct slice channel,
    struct slice message);

#endif
