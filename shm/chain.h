/*
 * chain - the nodes of a large list, linked both ways
 *
 * Each node is a block with a row of elements (shm/row.h); no row is empty.
 * Whoever changes a chain holds the slot's lock; links and counts are noted
 * before they change.
 *
 * While a snapshot wants a chain as it was at its cut, that one stays beside
 * the present one: a node that was there is never changed but for its links.
 * In its place comes another one, and it waits among the orphans until the
 * saver has it; the link to the next node of the cut is kept in `old_next` once
 * `next` changes.  So a change costs one node more, and the saver reads nodes
 * without the slot's lock, and only their links with it.
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
	/* at the cut of the snapshot `kept`; else next is */
	struct node *old_next;
	uint32_t kept;
	uint32_t born;         /* serial of a snapshot, which it is not in */
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
	struct node *old_head; /* at the cut of the snapshot `cut` */
	uint64_t old_nodes;
	struct node *orphans;  /* linked by prev */
	uint32_t cut;
	uint32_t taken;        /* by a snapshot: value_taken() */
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

/*
 * Whether the elements of n may be changed where they are, or only another node
 * may take its place.
 */
bool chain_may_edit(struct txn *t, struct chain *c, const struct node *n);

/* n, or a copy in its place that may be changed. */
struct node *chain_own(struct txn *t, struct chain *c, struct node *n);

/* Makes one node of n and the next. */
void chain_merge(struct txn *t, struct chain *c, struct node *n);

/*
 * The node that has the element at index (below count), and the index of the
 * node's first element.  Goes from the nearer end.
 */
struct node *chain_seek(const struct chain *c, uint64_t index,
    uint64_t *first);

/*
 * The chain at the cut of a snapshot that wants it: how many nodes, the first
 * and the next one.
 */
uint64_t chain_cut_nodes(const struct chain *c, uint32_t serial);
const struct node *chain_cut_first(const struct chain *c, uint32_t serial);
const struct node *chain_cut_next(const struct node *n, uint32_t serial);

/*
 * Frees at most so many of the nodes that were kept for a snapshot, at commit;
 * true when there are no more.
 */
bool chain_free_orphans(struct txn *t, struct chain *c, int most);

/* Every block of the chain: nodes, those that are kept, and itself. */
void chain_walk(struct chain *c, void (*visit)(void *arg, const void *block),
    void *arg);

/* An empty chain, linked nowhere. */
struct chain *chain_new(struct txn *t);

/* A copy of its own. */
struct chain *chain_copy(struct txn *t, const struct chain *from);

#endif
