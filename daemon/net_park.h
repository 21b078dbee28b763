/*
 * net_park - connections that wait, and what wakes them
 *
 * A parked connection holds nothing: no lock, no version, no place in a
 * transaction.  A request that blocked, or that a pause holds, lies unserved at
 * the beginning of its query; when the connection is woken it is read and
 * passes the gate like a new one.
 *
 * Who waits for a key is written in three places: the slot's `waiting` (which
 * workers have somebody), the area's wait table (hash and ticket, for other
 * workers) and the worker's own table of chains by hash.  A change of the key
 * is broadcast when the slot's word says that somebody waits.
 *
 * Who waits longest is served first, across workers: a worker that finds an
 * older ticket for the key in another's table leaves the key to that one; when
 * the older one goes on waiting, it says so (a broadcast with its ticket as
 * floor) and the next oldest has its turn.
 *
 * Not here: which commands block (daemon/cmd_list.c, cmd_zset.c).
 */
#ifndef DAEMON_NET_PARK_H
#define DAEMON_NET_PARK_H

#include "daemon/net_worker.h"

/* Stops serving c; deadline_ms is UNIX time, 0 for none. */
void park_stop(struct conn *c, enum conn_park why, int64_t deadline_ms);

/* c serves again: what waits in its query is read on. */
void park_wake(struct conn *c);

/* c waits for nothing any more (it was served or closes). */
void park_end(struct conn *c);

/*
 * A blocked request of c is not run again: its answer is `error`, or what it
 * would be after the time-out when error is NULL.
 */
void park_answer(struct conn *c, const char *error);

/* What happened to a key (a broadcast): floor is the ticket to pass over. */
void park_touched(struct worker *w, uint64_t hash, uint64_t floor);
/* Everything that somebody waits for may have happened. */
void park_touched_all(struct worker *w);

/* The transaction's hook (txn.touched), and telling the others after it. */
void park_note(struct txn *t, struct slot *slot, uint64_t hash);
void park_tell(struct worker *w);

/* Wakes and answers those whose time has come; the next deadline or 0. */
int64_t park_turn(struct worker *w);
/* Wakes all that a pause held. */
void park_unpause(struct worker *w);

/* The connection with an id that asked control with a ticket; or NULL. */
struct conn *park_asker(struct worker *w, uint64_t ticket);

/* WATCH: c remembers the version of a key; UNWATCH: of none. */
void park_watch(struct conn *c, const struct key *k);
void park_unwatch(struct conn *c);

/* Rings all workers that sleep, but not ourselves. */
void park_ring(struct worker *w);

#endif
