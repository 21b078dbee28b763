/*
 * net_wait - who waits for which key
 *
 * A blocked connection waits for keys to have a value of one type (that of
 * its command's family).  Key and type are one number here, the interest.  It
 * is written in three places: the slot's `waiting` (which workers have
 * somebody), the area's wait table (for other workers) and this worker's own
 * chains, in order of tickets.
 *
 * Who begins to wait holds the lock of the slot, so that whoever changes the
 * key afterwards sees the slot's word.
 *
 * Not here: what is done when a key has changed (net_park.c).
 */
#ifndef DAEMON_NET_WAIT_H
#define DAEMON_NET_WAIT_H

#include "daemon/net_worker.h"

/* The interest in a key (its hash) as a type. */
uint64_t wait_interest(uint64_t hash, enum value_type type);

/*
 * Registers the call's connection, which has its ticket, for keys
 * argv[first_key ..]; false when there are too many that wait.
 */
bool wait_begin(struct call *call, int first_key, int keys);

/* Whether that is what it is registered for (it is not after a SWAPDB). */
bool wait_is_for(struct call *call, int first_key);

/* Takes it out of everything; what it waited for is remembered ... */
void wait_end(struct conn *c);
/* ... until this. */
void wait_forget(struct conn *c);

/* This worker's oldest blocked one with a ticket above floor, or NULL. */
struct conn *wait_oldest(struct worker *w, uint64_t interest, uint64_t floor);

/* Whether another worker has one with a ticket between the two. */
bool wait_elsewhere(const struct worker *w, uint64_t interest, uint64_t floor,
    uint64_t ticket);

/*
 * One more or less of this worker's clients in a slot: our bit in the slot's
 * word (waiting, watching) follows the count.
 */
void wait_count(struct worker *w, uint64_t *word, uint32_t *count, int more);

#endif
