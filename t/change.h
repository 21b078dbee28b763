/*
 * change - random changes of keys that can be done again elsewhere
 *
 * A change is a number: which keys, of which types, what is done to them, all
 * follows from it and from what is there.  So a database that gets
 * the same changes in the same order has the same content: that is how a test
 * knows what a log means.
 *
 * Not here: who changes, and who dies meanwhile (t/unit_mend.c).
 */
#ifndef T_CHANGE_H
#define T_CHANGE_H

#include "shm/slot.h"

#define CHANGE_KEYS 48
#define CHANGE_SLOTS 12   /* that these keys lie in */

/* The slots of the keys that a change touches, ascending; how many (<= 2). */
int change_slots(uint64_t change, uint16_t *slots);

/* Does it to keys of database `db`; their slots are entered. */
void change_do(struct txn *t, struct slot *slots, uint8_t db, uint64_t change);

/* Whether the change empties a database in a slot. */
bool change_is_flush(uint64_t change);

/*
 * Compares all keys of two databases; NULL, or what is wrong first.  Nobody
 * may be changing them.
 */
const char *change_compare(struct txn *t, struct slot *slots, uint8_t a,
    uint8_t b);

#endif
