/*
 * set - members at one key, each once
 *
 * A set of integers is an intset in the record, another small set a listpack
 * there.  A large one keeps the address of a struct dict in its record; the
 * dict's entries are blocks of one member each.  An intset becomes a listpack
 * with the first member that is not an integer, or large with the first beyond
 * its limit; a listpack becomes large beyond its own.  None ever goes back.
 *
 * Writers hold the slot's lock and are inside a transaction.  Functions that
 * change a set return its record, which may have moved, or NULL when the last
 * member went and the key with it.  They do not touch the key (slot_touch).
 *
 * Not here: finding the record (shm/slot.h), the commands and the algebra of
 * sets (daemon/cmd_set.c).
 */
#ifndef SHM_SET_H
#define SHM_SET_H

#include "proto/number.h"
#include "shm/slot.h"

/* What a small set may have at most (options set-max-*). */
struct set_limits {
	uint64_t intset_entries;
	uint64_t listpack_entries;
	uint64_t listpack_bytes;   /* of one member */
};

/* A block of a large set. */
struct set_entry {
	uint32_t bytes;
	char data[];
};

extern const struct value_ops set_ops;

/* Number of members. */
uint64_t set_count(const struct value *v);

/* Whether member is one. */
bool set_has(const struct value *v, struct slice member);

/*
 * Adds members.  v is the present record, or NULL when there is no such key.
 * *added is set to the number of members that are new.
 */
struct value *set_add(struct txn *t, const struct key *k, struct value *v,
    const struct slice *members, int count, const struct set_limits *limits,
    int *added);

/*
 * Adds a member to a large set that is being made: d is of table_new() and
 * linked nowhere.  False, and nothing is added, when it is there already.
 */
bool set_build(struct txn *t, struct dict *d, struct slice member);

/* Deletes a member. */
struct value *set_delete(struct txn *t, const struct key *k, struct value *v,
    struct slice member, bool *is_deleted);

/*
 * A new set of `count` (1 or more) different members in the place of v (of any
 * type, or NULL), without expiry.  The members may lie in v.
 */
struct value *set_store(struct txn *t, const struct key *k, struct value *v,
    const struct slice *members, size_t count,
    const struct set_limits *limits);

/*
 * Calls visit for every member.  The slice is valid during the call only;
 * nothing may be changed meanwhile.
 */
typedef void set_visit(void *arg, struct slice member);
void set_each(const struct value *v, set_visit *visit, void *arg);

/* Part of that, as dict_scan() does it; a small set is visited at once. */
uint64_t set_scan(const struct value *v, uint64_t cursor, set_visit *visit,
    void *arg);

/*
 * A random member of a set that is not empty; scratch is for integers,
 * NUMBER_TEXT bytes.
 */
struct slice set_random(const struct value *v, uint64_t random, char *scratch);

/*
 * All members into list[0 .. set_count()), valid until the set is changed or
 * the command ends.
 */
void set_list(struct txn *t, const struct value *v, struct slice *list);

#endif
