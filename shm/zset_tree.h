/*
 * zset_tree - the members of a large sorted set in order
 *
 * A B+tree that counts: leaves hold scores and references to member blocks in
 * the order of (score, member); above them, nodes hold for each child its
 * first entry and how many entries lie below it.  So the rank of an
 * entry, the entry of a rank and the borders of a range of scores or members
 * are each found in one walk from the root.
 *
 * Invariants: no node is empty; all leaves are at level 0; a child's first
 * entry and count are what the child really has.  A node that lost entries is
 * joined with a neighbour once it is less than a quarter full.  A leaf that
 * overflows at its end is left full and a new one begun, so that members added
 * in ascending order fill their leaves.
 *
 * Writers hold the slot's lock; every byte that existed before is noted
 * before it changes.
 *
 * Not here: finding a member by name, its block (shm/zset.c).
 */
#ifndef SHM_ZSET_TREE_H
#define SHM_ZSET_TREE_H

#include "shm/txn.h"

#define ZSET_DEPTH 16   /* levels at most, far more than memory can fill */

/* A member: one block, which both the dict and the tree refer to. */
struct zset_member {
	double score;
	uint32_t bytes;
	char data[];
};

struct zset_node;

/* NULL is an empty tree. */
struct zset_tree {
	struct zset_node *root;
};

/* A place between entries: what lies before it is told by its kind. */
enum zset_bound_kind {
	ZSET_BY_ENTRY,   /* before (score, member) */
	ZSET_BY_SCORE,   /* before the score, or behind all that have it */
	ZSET_BY_MEMBER,  /* before the member, or behind it */
};
struct zset_bound {
	enum zset_bound_kind kind;
	bool is_behind;
	double score;
	struct slice member;
};

/* Where an iteration stands: node and index at each level. */
struct zset_tree_cursor {
	const struct zset_node *node[ZSET_DEPTH];
	uint16_t at[ZSET_DEPTH];
	int root;                  /* level of the root */
};

static inline struct slice
zset_member_name(const struct zset_member *m)
{
	return (struct slice){ m->data, m->bytes };
}

/* Adds a member that is not in the tree. */
void zset_tree_insert(struct txn *t, struct zset_tree *tree,
    struct zset_member *m);

/* Takes out a member that is in the tree; its block is the caller's. */
void zset_tree_remove(struct txn *t, struct zset_tree *tree,
    const struct zset_member *m);

/*
 * Gives a member that is in the tree another score, in the tree and in its
 * block.
 */
void zset_tree_move(struct txn *t, struct zset_tree *tree,
    struct zset_member *m, double score);

/* Takes out the entries of rank `from` to `to` - 1, which exist. */
void zset_tree_cut(struct txn *t, struct zset_tree *tree, uint64_t from,
    uint64_t to);

/* Makes an empty tree of members in ascending order, without doubles. */
void zset_tree_build(struct txn *t, struct zset_tree *tree,
    struct zset_member *const *members, uint64_t count);

/* Frees all nodes at commit; the tree is left as it is. */
void zset_tree_drop(struct txn *t, const struct zset_tree *tree);

/* How many entries lie before the bound. */
uint64_t zset_tree_before(const struct zset_tree *tree,
    const struct zset_bound *bound);

/* Sets the cursor on the entry of rank `index`, which exists. */
void zset_tree_seek(const struct zset_tree *tree, uint64_t index,
    struct zset_tree_cursor *cursor);

/* The entry the cursor stands on; NULL behind the last, before the first. */
struct zset_member *zset_tree_at(const struct zset_tree_cursor *cursor);
void zset_tree_next(struct zset_tree_cursor *cursor);
void zset_tree_prev(struct zset_tree_cursor *cursor);

/* visit() for each node. */
void zset_tree_walk(const struct zset_tree *tree,
    void (*visit)(void *arg, const void *block), void *arg);

/*
 * For checks: how many entries the tree has when all invariants hold, or -1.
 */
int64_t zset_tree_check(const struct zset_tree *tree);

#endif
