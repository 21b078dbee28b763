#include "shm/chain.h"

#include "shm/snap.h"

#define STALE 8 /* orphans freed with each node that is linked */

struct row
chain_row(struct node *n)
{
	return (struct row){ (char *)&n->ends, n->data, n->room, n->ends,
	    false };
}

struct node *
chain_node_of(const struct row *r)
{
	return (struct node *)(void *)(r->head - offsetof(struct node, ends));
}

struct row
chain_node(struct txn *t, size_t want, enum list_end end)
{
	size_t bytes = heap_good_bytes(sizeof(struct node) + want);
	struct node *n = txn_alloc(t, bytes);
	struct row r;

	must(bytes <= UINT32_MAX, "a list's node is below 4 GB");
	n->room = (uint32_t)(bytes - sizeof(*n));
	n->next = n->prev = n->old_next = NULL;
	n->kept = 0;
	n->born = t->snap_serial;
	r = chain_row(n);
	row_begin(&r, end);
	return r;
}

struct chain *
chain_new(struct txn *t)
{
	struct chain *c = txn_alloc(t, sizeof(*c));

	*c = (struct chain){ .magic = CHAIN_MAGIC, .taken = t->snap_serial };
	return c;
}

/* --- what a snapshot wants --------------------------------------------- */

/* Whether the chain of the cut is to stay; notes where it begins. */
static bool
is_kept(struct txn *t, struct chain *c)
{
	if (likely(t->snap_serial == 0) ||
	    !snap_wants_root(t, c, c->taken))
		return false;
	if (c->cut != t->snap_serial) {
		txn_note(t, c, sizeof(*c));
		c->cut = t->snap_serial;
		c->old_head = c->head;
		c->old_nodes = c->nodes;
	}
	return true;
}

/* Whether n was there at the cut of the snapshot that is being taken. */
static bool
is_old(const struct txn *t, const struct node *n)
{
	return n->born != t->snap_serial;
}

bool
chain_may_edit(struct txn *t, struct chain *c, const struct node *n)
{
	return !is_kept(t, c) || !is_old(t, n);
}

/* The link to the next one of the cut outlasts the next one of today. */
static void
keep_next(struct txn *t, struct node *n)
{
	if (!is_old(t, n) || n->kept == t->snap_serial)
		return;
	txn_note(t, n, offsetof(struct node, room));
	n->old_next = n->next;
	n->kept = t->snap_serial;
}

uint64_t
chain_cut_nodes(const struct chain *c, uint32_t serial)
{
	return c->cut == serial ? c->old_nodes : c->nodes;
}

const struct node *
chain_cut_first(const struct chain *c, uint32_t serial)
{
	return c->cut == serial ? c->old_head : c->head;
}

const struct node *
chain_cut_next(const struct node *n, uint32_t serial)
{
	return n->kept == serial ? n->old_next : n->next;
}

bool
chain_free_orphans(struct txn *t, struct chain *c, int most)
{
	struct node *n = c->orphans;

	for (; n != NULL && most > 0; n = n->prev, most--)
		txn_free(t, n);
	txn_write(t, &c->orphans, &n, sizeof(n));
	return n == NULL;
}

/* --- links ------------------------------------------------------------- */

static void
set_link(struct txn *t, struct node **link, struct node *n)
{
	txn_write(t, link, &n, sizeof(n));
}

static void
set_next(struct txn *t, struct chain *c, struct node *prev, struct node *n)
{
	if (is_kept(t, c) && prev != NULL)
		keep_next(t, prev);
	set_link(t, prev != NULL ? &prev->next : &c->head, n);
}

/* Some of what was kept for a snapshot that was given up. */
static void
free_stale(struct txn *t, struct chain *c)
{
	if (unlikely(c->orphans != NULL) && !is_kept(t, c))
		chain_free_orphans(t, c, STALE);
}

void
chain_link(struct txn *t, struct chain *c, struct node *prev, struct node *n,
    struct node *next)
{
	free_stale(t, c);
	n->prev = prev;
	n->next = next;
	set_next(t, c, prev, n);
	set_link(t, next != NULL ? &next->prev : &c->tail, n);
	txn_set64(t, &c->nodes, c->nodes + 1);
}

void
chain_unlink(struct txn *t, struct chain *c, struct node *n)
{
	set_next(t, c, n->prev, n->next);
	set_link(t, n->next != NULL ? &n->next->prev : &c->tail, n->prev);
	txn_set64(t, &c->nodes, c->nodes - 1);
	if (chain_may_edit(t, c, n)) {
		txn_free(t, n);
	} else {
		set_link(t, &n->prev, c->orphans);
		set_link(t, &c->orphans, n);
	}
}

struct node *
chain_own(struct txn *t, struct chain *c, struct node *n)
{
	struct row r;
	struct node *copy;

	if (chain_may_edit(t, c, n))
		return n;
	r = chain_node(t, n->room, LIST_RIGHT);
	copy = chain_node_of(&r);
	copy->ends = n->ends;
	memcpy(copy->data + n->ends.start, n->data + n->ends.start,
	    chain_used(n));
	r.ends = n->ends;
	chain_swap(t, c, n, &r);
	return copy;
}

void
chain_swap(struct txn *t, struct chain *c, struct node *n, const struct row *r)
{
	struct node *prev = n->prev, *next = n->next;

	row_save(t, r);
	chain_unlink(t, c, n);
	chain_link(t, c, prev, chain_node_of(r), next);
}

void
chain_merge(struct txn *t, struct chain *c, struct node *n)
{
	struct node *next = n->next;
	struct row left = chain_row(n), right = chain_row(next), r;

	r = chain_node(t, chain_used(n) + chain_used(next), LIST_RIGHT);
	row_add_row(&r, LIST_RIGHT, &left);
	row_add_row(&r, LIST_RIGHT, &right);
	chain_unlink(t, c, next);
	chain_swap(t, c, n, &r);
}

struct node *
chain_seek(const struct chain *c, uint64_t index, uint64_t *first)
{
	struct node *n;

	if (index < c->count / 2) {
		*first = 0;
		for (n = c->head; index - *first >= n->ends.count; n = n->next)
			*first += n->ends.count;
		return n;
	}
	*first = c->count;
	for (n = c->tail; (*first -= n->ends.count) > index; n = n->prev)
		;
	return n;
}

struct chain *
chain_copy(struct txn *t, const struct chain *from)
{
	struct chain *c = chain_new(t);
	struct node *n, **link = &c->head, *prev = NULL;

	c->count = from->count;
	c->nodes = from->nodes;
	for (n = from->head; n != NULL; n = n->next) {
		struct row old = chain_row(n), r;

		r = chain_node(t, row_used(&old), LIST_RIGHT);
		row_add_row(&r, LIST_RIGHT, &old);
		row_save(t, &r);
		*link = chain_node_of(&r);
		(*link)->prev = prev;
		prev = *link;
		link = &prev->next;
	}
	c->tail = prev;
	return c;
}

void
chain_walk(struct chain *c, void (*visit)(void *arg, const void *block),
    void *arg)
{
	struct node *n, *next;

	for (n = c->head; n != NULL; n = next) {
		next = n->next;
		visit(arg, n);
	}
	for (n = c->orphans; n != NULL; n = next) {
		next = n->prev;
		visit(arg, n);
	}
	visit(arg, c);
}
