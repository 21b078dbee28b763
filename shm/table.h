/*
 * table - a large value that is a dict of blocks, and nothing else
 *
 * Hashes and sets that outgrew their record: the record keeps the address of
 * a struct table, which is a block of its own.
 *
 * Not here: what the blocks are (shm/hash.c, shm/set.c), the dict itself
 * (shm/dict.h).
 */
#ifndef SHM_TABLE_H
#define SHM_TABLE_H

#include "shm/slot.h"

struct table {
	struct dict dict;
	uint32_t taken;        /* by a snapshot: value_taken() */
};

static inline struct dict *
table_of(const struct value *v)
{
	return value_large(v);
}

/* A dict with room for about `count` entries, linked nowhere yet. */
struct dict *table_new(struct txn *t, uint64_t count);

/* A record with the dict's address in the place of `old` (or NULL). */
struct value *table_put(struct txn *t, const struct key *k, struct value *old,
    enum value_type type, struct dict *d, int64_t expires_ms);

/* Takes an entry out of v and frees it, unless a snapshot is to have it. */
void table_remove(struct txn *t, const struct key *k, const struct value *v,
    const struct dict_kind *kind, uint64_t hash, void *block);

/* Frees a dict that was linked nowhere, and its entries. */
void table_abandon(struct txn *t, struct dict *d);

/* For value_ops; a small value has nothing outside its record. */
void table_drop(struct txn *t, const struct value *v);
void table_walk(const struct value *v,
    void (*visit)(void *arg, const void *block), void *arg);

#endif
