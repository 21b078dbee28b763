/*
 * zset - members at one key, each with a score, in the order of scores
 *
 * A small sorted set is a listpack in the record (zset_small.h).  A large one
 * keeps the address of a struct zset in its record: a dict finds a member by
 * name, a tree (zset_tree.h) by rank, score or range of names, and both refer
 * to the same block, one a member.  A set becomes large when it has more
 * members, or a longer one, than the limits say; it stays large until it is
 * stored anew.
 *
 * The order is that of scores; equal scores are ordered by the members'
 * bytes.  A score is never NaN.  Ranks count from 0, the lowest score first.
 *
 * Writers hold the slot's lock and are inside a transaction.  Functions that
 * change a set return its record, which may have moved, or NULL when the last
 * member went and the key with it.  They do not touch the key (slot_touch).
 *
 * Not here: finding the record (shm/slot.h), the commands (daemon/cmd_zset*.c).
 */
#ifndef SHM_ZSET_H
#define SHM_ZSET_H

#include "proto/number.h"
#include "shm/slot.h"
#include "shm/zset_tree.h"

/* What a small set may have at most (options zset-max-listpack-*). */
struct zset_limits {
	uint64_t entries;
	uint64_t bytes;     /* of one member */
};

/* A member and its score, on the way in or out. */
struct zset_item {
	double score;
	struct slice member;
};

extern const struct value_ops zset_ops;

/* Number of members. */
uint64_t zset_count(const struct value *v);

/* Whether the member is there; its score, its rank (NULL: not wanted). */
bool zset_score(const struct value *v, struct slice member, double *score);
bool zset_rank(const struct value *v, struct slice member, uint64_t *rank,
    double *score);

/*
 * What lies behind `low` and before `high`, without the first `skip`, as ranks
 * from *from to *to - 1; nothing when they are equal.  Where a range of members
 * is asked of a small set whose scores differ, the answer is Redis's: the run
 * that begins `skip` behind the first member in question or, in reverse, ends
 * `skip` before the last.
 */
void zset_span(const struct value *v, const struct zset_bound *low,
    const struct zset_bound *high, bool is_reverse, uint64_t skip,
    uint64_t *from, uint64_t *to);

/* An iteration; nothing may be changed meanwhile. */
struct zset_cursor {
	const char *lp;     /* NULL: large */
	size_t at;
	struct zset_tree_cursor tree;
	char scratch[NUMBER_TEXT];
};

/* Sets the cursor on a rank, which exists. */
void zset_seek(const struct value *v, uint64_t rank,
    struct zset_cursor *cursor);

/*
 * The item the cursor stands on, and a step on or back; false beyond the ends.
 * The member is valid until the next call.
 */
bool zset_next(struct zset_cursor *cursor, struct zset_item *item);
bool zset_prev(struct zset_cursor *cursor, struct zset_item *item);

/*
 * The items of ranks `from` to `to` - 1, which exist, into list[0 .. to -
 * from), valid until the set is changed or the command ends.
 */
void zset_list(struct txn *t, const struct value *v, uint64_t from,
    uint64_t to, struct zset_item *list);

/*
 * Calls visit for some members, as dict_scan() does; a small set is visited at
 * once.  The member is valid during the call only.
 */
typedef void zset_visit(void *arg, const struct zset_item *item);
uint64_t zset_scan(const struct value *v, uint64_t cursor, zset_visit *visit,
    void *arg);

/* Conditions of zset_add(), as ZADD names them. */
enum zset_flag {
	ZSET_NX = 1,    /* only new members */
	ZSET_XX = 2,    /* only members that are there */
	ZSET_GT = 4,    /* only to a greater score */
	ZSET_LT = 8,    /* only to a lower score */
	ZSET_INCR = 16, /* the score is added to the present one */
};
enum zset_did {
	ZSET_REFUSED,   /* a condition did not hold; nothing changed */
	ZSET_NAN,       /* the sum is not a number; nothing changed */
	ZSET_SAME,      /* the member has this score already */
	ZSET_ADDED,
	ZSET_UPDATED
};

/*
 * Adds a member or changes its score.  *v is the present record, or NULL when
 * there is no such key, and is set to the record afterwards.  *score becomes
 * the member's score unless something is in the way.
 */
enum zset_did zset_add(struct txn *t, const struct key *k, struct value **v,
    struct slice member, double *score, unsigned flags,
    const struct zset_limits *limits);

/* Deletes a member. */
struct value *zset_delete(struct txn *t, const struct key *k, struct value *v,
    struct slice member, bool *is_deleted);

/* Deletes the ranks from `from` to `to` - 1, which exist. */
struct value *zset_cut(struct txn *t, const struct key *k, struct value *v,
    uint64_t from, uint64_t to);

/*
 * A new sorted set of `count` (1 or more) items with different members in the
 * place of v (of any type, or NULL), without expiry.  The items are brought
 * into order; their members may lie in v.
 */
struct value *zset_store(struct txn *t, const struct key *k, struct value *v,
    struct zset_item *items, uint64_t count, const struct zset_limits *limits);

/*
 * A large one of items that nobody vouches for, with this expiry; NULL, and
 * nothing is changed, when two of them have the same member.
 */
struct value *zset_build(struct txn *t, const struct key *k, struct value *v,
    struct zset_item *items, uint64_t count, int64_t expires_ms);

/* Brings items into order. */
void zset_sort(struct zset_item *items, uint64_t count);

/* Whether a large set's dict and tree agree and are sound, for checks. */
bool zset_check(const struct value *v);

#endif
