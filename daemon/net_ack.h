/*
 * net_ack - what replicas acknowledge, and who waits for that
 *
 * A client in WAIT or WAITAOF is parked (CONN_ACKED) until so many replicas
 * have acknowledged the offset behind its own last write, or have it on disk.
 * When somebody begins to wait, replicas are asked by GETACK in the stream,
 * once per turn.
 *
 * A worker whose replicas have acknowledged more wakes those that have somebody
 * who waits (daemon/waiters.h).
 *
 * Not here: replies of writes that are held (net_commit.c).
 */
#ifndef DAEMON_NET_ACK_H
#define DAEMON_NET_ACK_H

#include "daemon/net_worker.h"

/* How many are online and have been heard of within min-replicas-max-lag. */
int ack_count_good(struct worker *w);

/* The offset up to which so many of them have got everything. */
uint64_t ack_reached(int64_t replicas);

/*
 * The offset up to which everything is on disk here: what a replica tells its
 * primary (FACK).  -1: there is no append-only file.
 */
int64_t ack_kept_here(const struct worker *w);

/* Whether writes are refused because there are too few of them. */
bool ack_refuses(struct worker *w);

/* A replica here has acknowledged offsets (kept: -1, it said nothing). */
void ack_heard(struct conn *c, uint64_t got, int64_t kept);

/*
 * WAIT (local -1) and WAITAOF: replies how many replicas have acknowledged the
 * client's last write (or have it on disk, and whether it is here) as soon as
 * that is enough; until then, or until_ms (0: for ever), the connection is
 * parked.
 */
void ack_wait(struct call *call, int local, int64_t replicas, int64_t until_ms);

/* It has waited long enough: what there is now, or the error, is its reply. */
void ack_answer(struct conn *c, const char *error);

/* Puts a command into the stream that belongs to no database. */
void ack_append(struct worker *w, struct slice text);

/* At the end of a turn: GETACK if somebody began to wait in it, ... */
void ack_ask_for(struct worker *w);
/* ... and those whose wait is over. */
void ack_turn(struct worker *w);
/* Whether something was acknowledged that somebody here may wait for. */
bool ack_has_news(const struct worker *w);

#endif
