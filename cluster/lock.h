/*
 * lock - the recovery lock: one holder, a deadline, waiters in order
 *
 * Life:    struct lock lies in the region; control keeps it, asks lock_next()
 *          in each of its turns and says lock_born() when it starts.
 *
 * Who wants it names what for, a ticket of its own (never 0), how long it will
 * hold it and how long it would wait.  It gets it at once, or in its turn, or
 * is refused; a refusal names the holder.  ReadRole is shared by who look; a
 * waiter for more keeps later ones from joining, or it would starve.
 *
 * Changes that were not asked for come out of lock_next(), one after the
 * other: a ticket that has the lock now, that waited too long, or that lost it
 * as its time was over; who lost it must end what it does before anything else
 * is decided.
 *
 * Not here: what the holders do.
 */
#ifndef CLUSTER_LOCK_H
#define CLUSTER_LOCK_H

#include "proto/base.h"

#define LOCK_WAITERS 16
#define LOCK_SHARERS 8
#define LOCK_REFUSAL_BYTES 128

enum lock_state {
#define STATE(name, kind, info, words) LOCK_##name,
#include "cluster/lock.def"
	LOCK_STATES
};

enum lock_event {
#define EVENT(name, kind, words) LOCK_ON_##name,
#include "cluster/lock.def"
	LOCK_EVENTS
};

enum lock_answer { LOCK_TAKEN, LOCK_WAITS, LOCK_REFUSED };

struct lock_party {
	uint64_t ticket;           /* 0: nobody */
	enum lock_event what;      /* LOCK_ON_WANT_... */
	int64_t until_ms;          /* holder: LATE then; waiter: it gives up */
	int64_t hold_ms;
};

struct lock {
	enum lock_state state;
	int64_t since_ms;
	struct lock_party holder[LOCK_SHARERS]; /* more than one: SHARED */
	unsigned holders;
	struct lock_party waiter[LOCK_WAITERS]; /* the first comes first */
	unsigned waiters;
	uint64_t taken, refused, lost; /* how often */
};

enum lock_news { LOCK_NOTHING, LOCK_GRANTED, LOCK_TIRED, LOCK_LOST };

/* wait_ms 0: it does not wait. */
enum lock_answer lock_want(struct lock *l, enum lock_event what,
    uint64_t ticket, int64_t hold_ms, int64_t wait_ms, int64_t now_ms);

/* Lets go of it, or waits no longer; a ticket that has nothing is fine. */
void lock_drop(struct lock *l, uint64_t ticket, int64_t now_ms);

/* The one sharer becomes ClusterReplicate; false: there are others. */
bool lock_raise(struct lock *l, uint64_t ticket, int64_t now_ms);

/* The holder's data are in; false: it does not hold it, or not for data. */
bool lock_loaded(struct lock *l, uint64_t ticket, int64_t now_ms);

/* What has changed by itself, until LOCK_NOTHING; after each other call. */
enum lock_news lock_next(struct lock *l, int64_t now_ms, uint64_t *ticket);

/* Control started again; waiters are gone, as their commands are. */
void lock_born(struct lock *l);

/* The word of INFO's recover_status. */
const char *lock_word(const struct lock *l);

/* "Recovery in progress, ..." with the holder; LOCK_REFUSAL_BYTES. */
void lock_refusal(const struct lock *l, char *to);

/* The row of a state and an event; to is a state, -1: there is none. */
struct lock_row {
	int to;
	const char *because;
};
struct lock_row lock_row(enum lock_state state, enum lock_event event);

#endif
