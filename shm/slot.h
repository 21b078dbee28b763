/*
 * slot - 16384 of them: lock, keys, interest
 *
 * Writers:  whoever holds the lock; `waiting` and `watching`: worker i sets and
 *           clears bit i under the lock, control clears the bits of the dead
 * Readers:  whoever holds the lock; the batch engine reads `keys` as a hint
 *
 * A key is found, added, changed and removed only here, so that counters,
 * expiry, LRU, WATCH and blocked clients are kept right in one place.  Keys of
 * all databases lie in the same dict.
 *
 * Records move: after slot_resize, slot_put, slot_expire use the record that
 * was returned.
 *
 * Not here: taking a change back (shm/txn.h), the index (shm/dict.h).
 */
#ifndef SHM_SLOT_H
#define SHM_SLOT_H

#include "proto/keyslot.h"
#include "shm/option.h"
#include "shm/value.h"

#define SLOT_COUNT KEYSLOT_COUNT

struct slot {
	uint32_t lock;
	uint32_t expires;      /* keys with a time to live */
	struct dict keys;
	/* no key expires before this (ms); a lower bound */
	int64_t first_expiry;
	uint64_t waiting;      /* workers with clients blocked on a key here */
	uint64_t watching;     /* workers with clients that WATCH a key here */
	/* how far a snapshot has come here: shm/snap.h */
	uint64_t saved;
} __attribute__((aligned(64))); /* one line: it is fetched as a whole */

/* Makes a key: its slot in `slots`, its hash. */
struct key slot_key(struct slot *slots, uint8_t db, struct slice name);

/* Takes the lock of one slot, above all that are held. */
static inline void
slot_enter_next(struct txn *t, struct slot *slots, uint16_t number)
{
	struct journal *j = t->journal;

	j->held[j->helds] = number;
	word_order();
	word_store(&j->helds, j->helds + 1);
	word_order();
	FAULT(SLOT_HELD);
	word_lock(&slots[number].lock, t->holder);
	FAULT(SLOT_LOCKED);
}

/* Takes and lets go the locks of slots; numbers ascending, no doubles. */
void slot_enter(struct txn *t, struct slot *slots, const uint16_t *numbers,
    int count);
void slot_leave(struct txn *t, struct slot *slots);

/*
 * The record of a key, or NULL.  An expired key is deleted (with a DEL in the
 * log) or, where that is not allowed now, not seen.  slot_find() also notes
 * the access (LRU); slot_peek() does not.
 */
struct value *slot_find(struct txn *t, const struct key *k);
struct value *slot_peek(struct txn *t, const struct key *k);

/* The record that lies there, be its time over or not; no access is noted. */
struct value *slot_lying(const struct key *k);

/*
 * A record for k of `bytes` uninitialised value bytes, put in the place of
 * `old` (the present record, or NULL when there is none).  What old had
 * outside its record is dropped unless `keep_large`.  expires_ms: UNIX time in
 * ms or -1. The new record's bytes need no notes.
 */
struct value *slot_put(struct txn *t, const struct key *k, struct value *old,
    enum value_type type, int encoding, size_t bytes, int64_t expires_ms,
    bool keep_large);

/* SET's way: a string, in place when the block fits. */
struct value *slot_put_string(struct txn *t, const struct key *k,
    struct value *old, struct slice s, int64_t expires_ms);

/*
 * Changes the number of value bytes; the first min(old, new) bytes stay.  The
 * record may move (then its bytes are new); when it stays, changed value bytes
 * must be noted by the caller.  Grows by more than asked when that saves
 * later moves.
 */
struct value *slot_resize(struct txn *t, const struct key *k, struct value *v,
    size_t bytes);

/*
 * Whether v may be changed where it lies; else a snapshot wants it as it is,
 * and slot_resize() makes another record of it, also of the same size.
 */
bool slot_may_edit(const struct txn *t, const struct key *k,
    const struct value *v);

/*
 * The large value v is about to become that of another key as well, which
 * keeps it: slot_put() for `from` follows, with keep_large.
 */
void slot_carry(struct txn *t, const struct key *from, const struct value *v,
    const struct key *to);

/* Changes encoding bits (noted). */
void slot_set_encoding(struct txn *t, struct value *v, int encoding);

/* Sets the expiry, -1 for none; returns the record, which may have moved. */
struct value *slot_expire(struct txn *t, const struct key *k, struct value *v,
    int64_t expires_ms);

/* Takes the key out; what it had is freed at commit. */
void slot_remove(struct txn *t, const struct key *k, struct value *v);

/*
 * Says that the key's value changed (slot_put, slot_remove and slot_expire say
 * so themselves): WATCH fails, blocked clients are woken at commit.
 */
void slot_tell(struct txn *t, const struct key *k);

static inline void
slot_touch(struct txn *t, const struct key *k)
{
	if (unlikely((k->slot->waiting | k->slot->watching) != 0))
		slot_tell(t, k);
}

/* Tells an event of a key; it costs a branch when nobody wants to know. */
static inline void
slot_event(struct txn *t, uint32_t class, const char *name,
    const struct key *k)
{
	if (unlikely((t->events & class) != 0))
		t->event(t, class, name, k);
}

/* A key was looked for in vain: counted, and told when it was to be read. */
static inline void
slot_miss(struct txn *t, const struct key *k)
{
	t->misses++;
	if (unlikely(t->tells_misses))
		t->event(t, EVENT_MISS, "keymiss", k);
}

/* Removes all keys of a database (-1: of all) in one slot. */
void slot_flush(struct txn *t, struct slot *slot, int db);

#endif
