/*
 * net_ack - what replicas acknowledge, and who waits for that
 *
 * A client in WAIT or WAITAOF is parked (CONN_ACKED) until so many replicas
 * have acknowledged the offset behind its own last write.  When somebody begins
 * to wait, replicas are asked by GETACK in the stream, once per turn.
 *
 * A worker whose replicas have acknowledged more wakes those that have somebody
 * who waits.
 *
 * Not here: replies of writes that are held (net_commit.c).
 */
#ifndef DAEMON_NET_ACK_H
#define DAEMON_NET_ACK_H

#include "daemon/net_worker.h"

/* How many replicas have got everything up to an offset; or have it on disk. */
int ack_count_got(uint64_t offset);
int ack_count_kept(uint64_t offset);

/* How many are online and have been heard of within min-replicas-max-lag. */
int ack_count_good(struct worker *w);

/* Whether writes are refused because there are too few of them. */
bool ack_refuses(struct worker *w);

/* A replica here has acknowledged offsets (kept: -1, it said nothing). */
void ack_heard(struct conn *c, uint64_t got, int64_t kept);

/*
 * Parks the call's connection until `replicas` have acknowledged its last
 * write and, for `local` 1, it is on disk here; until_ms 0: for ever.  Only one
 * number is replied when `local` is -1, else two.
 */
void ack_park(struct call *c, int local, int replicas, int64_t until_ms);

/* Replies what there is now, or the error, and serves on. */
void ack_answer(struct conn *c, const char *error);

/* The reply of WAIT (local -1) and WAITAOF for a client that wrote so far. */
void ack_reply(struct reply *r, int local, uint64_t offset);

/* Puts a command into the stream that belongs to no database. */
void ack_append(struct worker *w, struct slice text);

/* At the end of a turn: GETACK if somebody began to wait in it, ... */
void ack_ask_for(struct worker *w);
/* ... and those whose wait is over. */
void ack_turn(struct worker *w);
/* Whether something was acknowledged that somebody here may wait for. */
bool ack_has_news(const struct worker *w);

#endif
