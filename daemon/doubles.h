/*
 * doubles - whether something was met before: a private set of hashes
 *
 * Equal hashes of unequal things are possible: who needs to know compares.
 *
 * Not here: the hash (shm/place.h).
 */
#ifndef DAEMON_DOUBLES_H
#define DAEMON_DOUBLES_H

#include <stdbool.h>
#include <stdint.h>

struct doubles {
	uint64_t *slot;        /* 0: empty */
	uint64_t slots, count;
};

/* Empties it, with room for so many, or a little when that is not known. */
void doubles_begin(struct doubles *d, uint64_t expected);

/* Adds a hash; whether it was there. */
bool doubles_meet(struct doubles *d, uint64_t hash);

/* Gives its memory back. */
void doubles_end(struct doubles *d);

#endif
