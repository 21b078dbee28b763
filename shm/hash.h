/*
 * hash - fields and their values at one key
 *
 * A small hash is a listpack in the record: field, value, field, value.  A
 * large one keeps the address of a struct dict in its record; the dict's
 * entries are blocks of one field and one value each.  A hash becomes large
 * when it has more fields, or a field or value more bytes, than the limits
 * say; it stays large then.
 *
 * Writers hold the slot's lock and are inside a transaction.  Functions that
 * change a hash return its record, which may have moved, or NULL when the last
 * field went and the key with it.  They do not touch the key (slot_touch).
 *
 * Not here: finding the record (shm/slot.h), the commands (daemon/cmd_hash.c).
 */
#ifndef SHM_HASH_H
#define SHM_HASH_H

#include "proto/number.h"
#include "shm/slot.h"

/* What a small hash may have at most (options hash-max-listpack-*). */
struct hash_limits {
	uint64_t entries; /* fields */
	uint64_t bytes;   /* of one field or value */
};

/* A block of a large hash: field, then value, in `data`. */
struct hash_entry {
	uint32_t field_bytes;
	uint32_t value_bytes;
	char data[];
};

extern const struct value_ops hash_ops;

/* Number of fields. */
uint64_t hash_count(const struct value *v);

/*
 * Whether the field is there; its value lies in the hash or, if it is a small
 * integer, in scratch (NUMBER_TEXT bytes).
 */
bool hash_get(const struct value *v, struct slice field, struct slice *value,
    char *scratch);

/*
 * Sets fields: pairs[0] is a field, pairs[1] its value, and so on, `count`
 * pairs. v is the present record, or NULL when there is no such key.  *added
 * is set to the number of fields that are new.
 */
struct value *hash_set(struct txn *t, const struct key *k, struct value *v,
    const struct slice *pairs, int count, const struct hash_limits *limits,
    int *added);

/*
 * Adds a field to a large hash that is being made: d is of table_new() and
 * linked nowhere.  False, and nothing is added, when it is there already.
 */
bool hash_build(struct txn *t, struct dict *d, struct slice field,
    struct slice value);

/* Deletes a field. */
struct value *hash_delete(struct txn *t, const struct key *k, struct value *v,
    struct slice field, bool *is_deleted);

/*
 * Calls visit for every field.  The slices are valid during the call only;
 * nothing may be changed meanwhile.
 */
typedef void hash_visit(void *arg, struct slice field, struct slice value);
void hash_each(const struct value *v, hash_visit *visit, void *arg);

/* Part of that, as dict_scan() does it; a small hash is visited at once. */
uint64_t hash_scan(const struct value *v, uint64_t cursor, hash_visit *visit,
    void *arg);

/*
 * A random field and its value (pair[0], pair[1]) of a hash that is not empty;
 * scratch is for integers, 2 * NUMBER_TEXT bytes.
 */
void hash_random(const struct value *v, uint64_t random, struct slice *pair,
    char *scratch);

/*
 * All fields and values into pairs[0 .. 2 * hash_count()), valid until the
 * hash is changed or the command ends.
 */
void hash_list(struct txn *t, const struct value *v, struct slice *pairs);

#endif
