/*
 * dict - an index of blocks by the hash of their keys
 *
 * One dict per slot, and one inside every large hash, set and sorted set. A
 * dict is a row of segments ordered by the top bits of the hash (extendible
 * hashing: a directory of 2^depth words, or the one word itself at depth 0). A
 * segment is an array of 1 to DICT_BUCKETS_MAX cache-line buckets; an entry
 * lives in the bucket that its next 32 hash bits select by multiplication, or
 * in one of the two behind it.  Both choices keep the order of hashes, so a
 * cursor is just a hash: everything below it has been visited, whatever grew
 * or shrank meanwhile.
 *
 * A full segment is built anew an eighth larger, or split in two: at most
 * DICT_BUCKETS_MAX * DICT_WAYS entries are touched by any operation, however
 * large the dict is.
 *
 * Invariants: writers hold the slot's lock and note what they change in
 * the journal; new arrays are built aside and linked by one word.
 *
 * Not here: a slot's keys (shm/slot.h), the hash (shm/place.h).
 */
#ifndef SHM_DICT_H
#define SHM_DICT_H

#include "shm/txn.h"

#define DICT_MAGIC 0x64696374u
#define DICT_WAYS 10
#define DICT_BUCKETS_MAX 64
#define DICT_PROBES 3

/*
 * A bucket: for each way the low 8 bits of the hash and the offset of the
 * block from PLACE_BASE, divided by 8, in 5 bytes.  `spilled` counts entries
 * that belong here and lie in one of the next two (cyclically).
 */
struct bucket {
	uint8_t tag[DICT_WAYS];
	uint16_t used;              /* one bit a way */
	uint16_t spilled;
	uint8_t ref[DICT_WAYS][5];
};

/* All zero is an empty dict. */
struct dict {
	/* a segment word (depth 0) or a directory's address */
	uint64_t root;
	uint32_t depth;    /* bits of the hash that select in the directory */
	uint32_t magic;    /* not 0 once something was added */
	uint64_t count;    /* entries */
};

/* How a dict's blocks say what they are. */
struct dict_kind {
	uint64_t (*hash)(const void *block);
	/* Whether the block's key is the one wanted. */
	bool (*is)(const void *block, const void *wanted);
};

/* The block whose key is `wanted`, or NULL. */
void *dict_find(const struct dict *d, const struct dict_kind *kind,
    uint64_t hash, const void *wanted);

/* Enters a block whose key is not in the dict yet. */
void dict_add(struct txn *t, struct dict *d, const struct dict_kind *kind,
    uint64_t hash, void *block);

/*
 * Gives an empty dict, itself in a block of this transaction, room for about
 * `count` entries, so that entering them moves nothing.
 */
void dict_reserve(struct txn *t, struct dict *d, uint64_t count);

/*
 * dict_add() for a dict that was made within this transaction: what is entered
 * needs no notes, so millions of entries do not fill the journal.
 */
void dict_fill(struct txn *t, struct dict *d, const struct dict_kind *kind,
    uint64_t hash, void *block);

/* Puts `to` in the place of `from`; both have the same key. */
void dict_swap(struct txn *t, struct dict *d, uint64_t hash, const void *from,
    void *to);

/* Takes out a block that is in the dict; the block itself is the caller's. */
void dict_remove(struct txn *t, struct dict *d, const struct dict_kind *kind,
    uint64_t hash, const void *block);

/*
 * Visits all entries of the buckets from `cursor` (0 at first) on, until at
 * least one bucket was visited, and returns the next cursor, 0 at the end.
 * Every entry that is there from the first to the last call is visited, no
 * entry twice.  Nothing may be changed by visit.
 */
uint64_t dict_scan(const struct dict *d, const struct dict_kind *kind,
    uint64_t cursor, void (*visit)(void *arg, void *block), void *arg);

/*
 * Visits all entries from `cursor` on of the segment that this hash lies in,
 * and returns the first hash of the next one, 0 at the end: a multiple of 2^32.
 */
uint64_t dict_scan_segment(const struct dict *d, const struct dict_kind *kind,
    uint64_t cursor, void (*visit)(void *arg, void *block), void *arg);

/*
 * A random entry (nearly uniform); NULL when empty. random is 64 random bits.
 */
void *dict_random(const struct dict *d, uint64_t random);

/* Calls visit for every block; nothing may be changed meanwhile. */
void dict_each(const struct dict *d, void (*visit)(void *arg, void *block),
    void *arg);

/* Calls visit for each of the dict's own arrays, for region checks. */
void dict_each_array(const struct dict *d,
    void (*visit)(void *arg, const void *block), void *arg);

/* Both: every block that the dict holds, to be looked at or given up. */
void dict_walk(const struct dict *d,
    void (*visit)(void *arg, const void *block), void *arg);

/*
 * Hints for the batch engine, without a lock: addresses may be stale, never
 * outside the region.  The bucket first, then the likely entry, of which
 * DICT_HINT bytes may be read (whatever they are).
 */
#define DICT_HINT 64
const struct bucket *dict_hint_bucket(const struct dict *d, uint64_t hash);
const void *dict_hint_entry(const struct bucket *b, uint64_t hash);

#endif
