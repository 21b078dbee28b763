/*
 * chain - the nodes of a large list, linked both ways
 *
 * Each node is a block with a row of elements (shm/row.h); no row is empty.
 * Whoever changes a chain holds the slot's lock; links and counts are noted
 * before they change.
 *
 * Not here: how much goes into a node, and which element goes where
 * (shm/list.c).
 */
#ifndef SHM_CHAIN_H
#define SHM_CHAIN_H

#include "shm/row.h"

#define CHAIN_MAGIC 0x636861696e6f6e65ull

struct node {
	struct node *next, *prev;
	uint32_t room;         /* bytes of data[] */
	struct row_ends ends;
	char data[];
};

/* What a LARGE list's value points to. */
struct chain {
	uint64_t magic;
	struct node *head, *tail;
	uint64_t count;        /* elements; the callers keep it */
	uint64_t nodes;
};

/* The row of a node, and the node of such a row. */
struct row chain_row(struct node *n);
struct node *chain_node_of(const struct row *r);

/* Bytes of the elements in a node. */
static inline size_t
chain_used(const struct node *n)
{
	return n->ends.end - n->ends.start;
}

/*
 * A new node, in no chain yet, with an empty row for at least `want` bytes
 * whose free room is at one end.
 */
struct row chain_node(struct txn *t, size_t want, enum list_end end);

/* Puts n, which is new, between two neighbours (NULL: the end). */
void chain_link(struct txn *t, struct chain *c, struct node *prev,
    struct node *n, struct node *next);

/* Takes n out and frees it at commit; until then it stays readable. */
void chain_unlink(struct txn *t, struct chain *c, struct node *n);

/* Puts the node of a new row in the place of n; the row is saved. */
void chain_swap(struct txn *t, struct chain *c, struct node *n,
    const struct row *r);

/* Makes one node of n and the next. */
void chain_merge(struct txn *t, struct chain *c, struct node *n);

/*
 * The node that has the element at index (below count), and the index of the
 * node's first element.  Goes from the nearer end.
 */
struct node *chain_seek(const struct chain *c, uint64_t index,
    uint64_t *first);

/* A copy of its own. */
struct chain *chain_copy(struct txn *t, const struct chain *from);

#endif
