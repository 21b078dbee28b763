#include "shm/chain.h"

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
	n->next = n->prev = NULL;
	r = chain_row(n);
	row_begin(&r, end);
	return r;
}

static void
set_link(struct txn *t, struct node **link, struct node *n)
{
	txn_write(t, link, &n, sizeof(n));
}

void
chain_link(struct txn *t, struct chain *c, struct node *prev, struct node *n,
    struct node *next)
{
	n->prev = prev;
	n->next = next;
	set_link(t, prev != NULL ? &prev->next : &c->head, n);
	set_link(t, next != NULL ? &next->prev : &c->tail, n);
	txn_set64(t, &c->nodes, c->nodes + 1);
}

void
chain_unlink(struct txn *t, struct chain *c, struct node *n)
{
	set_link(t, n->prev != NULL ? &n->prev->next : &c->head, n->next);
	set_link(t, n->next != NULL ? &n->next->prev : &c->tail, n->prev);
	txn_set64(t, &c->nodes, c->nodes - 1);
	txn_free(t, n);
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
	struct chain *c = txn_alloc(t, sizeof(*c));
	struct node *n, **link = &c->head, *prev = NULL;

	*c = *from;
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
