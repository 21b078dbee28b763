/*
 * zset_node - how a node of a sorted set's tree lies in memory
 *
 * A leaf holds scores and, beside them, references to member blocks, so that a
 * search by score stays within the leaf and looks at members only where
 * scores are equal.  An inner node holds one row a child.
 *
 * Not here: what keeps a tree a tree (shm/zset_tree.h).
 */
#ifndef SHM_ZSET_NODE_H
#define SHM_ZSET_NODE_H

#include "shm/zset_tree.h"

#define ZSET_NODE_MAGIC 0x7a6e6f64u
#define ZSET_LEAF 38    /* entries of a leaf: 512 bytes */
#define ZSET_INNER 31   /* children of a node: 1000 bytes */
#define ZSET_REF_MASK 0xffffffffffull

struct zset_node {
	uint32_t magic;
	uint16_t level;     /* 0: a leaf */
	uint16_t count;     /* entries, or children */
};

/* ref: the block's offset from PLACE_BASE, divided by 8, in 5 bytes. */
struct zset_leaf {
	struct zset_node head;
	double score[ZSET_LEAF];
	uint8_t ref[ZSET_LEAF][5];
	uint8_t pad[3];     /* a ref is read as 8 bytes */
};

struct zset_child {
	double score;              /* of its first entry */
	struct zset_member *first;
	struct zset_node *node;
	uint64_t count;            /* entries below it */
};

struct zset_inner {
	struct zset_node head;
	struct zset_child child[ZSET_INNER];
};

_Static_assert(sizeof(struct zset_leaf) == 512, "a leaf fills its block");

static inline struct zset_leaf *
zset_leaf(const struct zset_node *n)
{
	must(n->magic == ZSET_NODE_MAGIC, "a tree's node has its magic number");
	return (struct zset_leaf *)(uintptr_t)n;
}

static inline struct zset_inner *
zset_inner(const struct zset_node *n)
{
	must(n->magic == ZSET_NODE_MAGIC, "a tree's node has its magic number");
	return (struct zset_inner *)(uintptr_t)n;
}

static inline struct zset_member *
zset_leaf_get(const struct zset_leaf *l, int i)
{
	uint64_t ref;

	memcpy(&ref, l->ref[i], sizeof(ref));
	return (struct zset_member *)(PLACE_BASE + (ref & ZSET_REF_MASK) * 8);
}

static inline void
zset_leaf_set(struct zset_leaf *l, int i, const struct zset_member *m)
{
	uint64_t ref = ((uint64_t)(uintptr_t)m - PLACE_BASE) / 8;

	l->score[i] = m->score;
	memcpy(l->ref[i], &ref, sizeof(l->ref[i]));
}

static inline bool
zset_is_before(const struct zset_bound *b, double score,
    const struct zset_member *m)
{
	int c;

	if (b->kind == ZSET_BY_MEMBER) {
		c = slice_compare(zset_member_name(m), b->member);
		return c < 0 || (c == 0 && b->is_behind);
	}
	if (score != b->score)
		return score < b->score;
	if (b->kind == ZSET_BY_SCORE)
		return b->is_behind;
	return slice_compare(zset_member_name(m), b->member) < 0;
}

/* How many entries of a leaf lie before the bound. */
static inline int
zset_leaf_search(const struct zset_leaf *l, const struct zset_bound *b)
{
	int low = 0, high = l->head.count;

	while (low < high) {
		int middle = (low + high) / 2;

		if (zset_is_before(b, l->score[middle],
		    zset_leaf_get(l, middle)))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The child that the bound lies in: the last one that begins before it. */
static inline int
zset_inner_search(const struct zset_inner *n, const struct zset_bound *b)
{
	int low = 1, high = n->head.count;

	while (low < high) {
		int middle = (low + high) / 2;
		const struct zset_child *c = &n->child[middle];

		if (zset_is_before(b, c->score, c->first))
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

/* What the parent of a node that is not empty has to know of it. */
static inline struct zset_child
zset_child(struct zset_node *n, uint64_t count)
{
	const struct zset_inner *in;
	const struct zset_leaf *l;

	if (n->level == 0) {
		l = zset_leaf(n);
		return (struct zset_child){ l->score[0], zset_leaf_get(l, 0),
			n, count };
	}
	in = zset_inner(n);
	return (struct zset_child){ in->child[0].score, in->child[0].first, n,
		count };
}

#endif
