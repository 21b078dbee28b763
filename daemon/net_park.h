/*
 * net_park - connections that wait, and what wakes them
 *
 * A parked connection holds nothing: no lock, no version, no place in a
 * transaction.  A request that blocked, or that a pause holds, lies unserved at
 * the beginning of its query; when the connection is woken it is read and
 * passes the gate like a new one.
 *
 * A change of a key that somebody waits for is broadcast.  Who waits longest is
 * served first, across workers: a worker that finds an older ticket for the key
 * in another's table leaves the key to that one.  Who was served and changed
 * the key makes another broadcast, and so the next oldest has its turn; who was
 * served without a change of it (an error, or the element of another key it
 * waits for, which stands before it in its command) passes on by a broadcast
 * with its ticket as floor; who finds nothing and goes on waiting ends the
 * round, because nobody else would find anything (this holds for lists and
 * sorted sets).
 *
 * Not here: which commands block (daemon/cmd_list.c,
 * cmd_zset_pop.c).
 */
#ifndef DAEMON_NET_PARK_H
#define DAEMON_NET_PARK_H

#include "daemon/net_worker.h"

/* Stops serving c; deadline_ms is UNIX time, 0 for none. */
void park_stop(struct conn *c, enum conn_park why, int64_t deadline_ms);

/*
 * Same until a snapshot's saver has granted something: room in the ring, or a
 * large value that is free to change.
 */
void park_crowd(struct conn *c);
/* Whether commands that write should wait for room. */
static inline bool
park_is_crowded(const struct worker *w)
{
	return unlikely(w->txn.snap_serial != 0) && snap_is_crowded(
	    w->txn.snap, w->txn.snap_serial, w->state.snap.ring_max);
}
/* Lets those who wait look again when there is something new. */
void park_uncrowd(struct worker *w);
static inline bool
park_has_grants(const struct worker *w)
{
	return w->parked[CONN_CROWDED].first != NULL && w->grants !=
	    word_load_acquire(&w->txn.snap->reader->grants);
}

/* c serves again: what waits in its query is read on. */
void park_wake(struct conn *c);

/* c waits for nothing any more: it was served. */
void park_end(struct conn *c);

/*
 * Same, but it was not: it closes or its time is up.  A change that
 * another worker left to it, because it has waited longer, and that we have
 * not read yet, is passed on.
 */
void park_leave(struct conn *c);

/*
 * A blocked request of c is not run again: its answer is `error`, or what it
 * would be after the time-out when error is NULL.
 */
void park_answer(struct conn *c, const char *error);

/* All clients of this worker that block or WAIT are told so, and closed. */
void park_end_all(struct worker *w, const char *error);

/* What happened to a key (a broadcast): floor is the ticket to pass over. */
void park_touched(struct worker *w, uint64_t interest, uint64_t floor);
/* All that somebody of this worker waits for may have happened. */
void park_touched_all(struct worker *w);
/* All blocked ones of this worker look again, whoever is older elsewhere. */
void park_rerun_all(struct worker *w);

/* The transaction's hook (txn.touched), and telling the others after it. */
void park_note(struct txn *t, struct slot *slot, uint64_t hash, int type);
void park_tell(struct worker *w);
/*
 * Instead of it, after txn_abort(): what the transaction changed is undone, its
 * slots are let go, and nobody is told.
 */
void park_take_back(struct worker *w);

/*
 * Wakes and answers those whose time has come.  The next deadline, as
 * worker.now_ms counts, or 0: there is none.
 */
int64_t park_turn(struct worker *w);
/* Wakes all that a pause held. */
void park_unpause(struct worker *w);

/* The connection that asked control with this ticket; or NULL. */
struct conn *park_asker(struct worker *w, uint64_t ticket);

/* WATCH: c remembers the version of a key; UNWATCH: of none. */
void park_watch(struct conn *c, const struct key *k);
void park_unwatch(struct conn *c);

/* Rings all workers that sleep, but not ourselves. */
void park_ring(struct worker *w);

#endif
