#include "shm/list_make.h"

#include "shm/list_size.h"

void
list_make(struct list_maker *m, struct txn *t, int64_t fill)
{
	*m = (struct list_maker){ .txn = t, .fill = fill };
}

/* Links a new node with these elements behind all others, without notes. */
static void
make_node(struct list_maker *m, const char *from, uint32_t bytes,
    uint32_t count)
{
	struct chain *c = m->chain;
	struct node *n;
	struct row r;

	if (c == NULL)
		c = m->chain = chain_new(m->txn);
	r = chain_node(m->txn, bytes, LIST_RIGHT);
	row_add(&r, LIST_RIGHT, from, bytes, count);
	row_save(m->txn, &r);
	n = chain_node_of(&r);
	n->prev = c->tail;
	if (c->tail != NULL)
		c->tail->next = n;
	else
		c->head = n;
	c->tail = n;
	c->nodes++;
	c->count += count;
}

static void
make_rest(struct list_maker *m)
{
	if (m->count > 0)
		make_node(m, m->elements, m->used, m->count);
	m->used = m->count = 0;
}

/* Where elements are put that one node takes. */
static char *
make_room(struct list_maker *m, uint32_t bytes, uint32_t count)
{
	if (m->used + bytes > list_node_most(m->fill) ||
	    m->count + count > list_most_count(m->fill))
		make_rest(m);
	if (m->elements == NULL)
		m->elements = txn_scratch(m->txn, list_node_most(m->fill));
	m->count += count;
	m->used += bytes;
	return m->elements + m->used - bytes;
}

void
list_make_push(struct list_maker *m, struct slice s)
{
	size_t bytes = listpack_put_bytes(s);
	char *alone;

	if (bytes <= list_node_most(m->fill)) {
		listpack_put(make_room(m, (uint32_t)bytes, 1), s);
		return;
	}
	make_rest(m);
	alone = txn_scratch(m->txn, bytes);
	listpack_put(alone, s);
	make_node(m, alone, (uint32_t)bytes, 1);
}

void
list_make_add(struct list_maker *m, const char *from, uint32_t bytes,
    uint32_t count)
{
	size_t most = list_node_most(m->fill);
	uint32_t at, one;

	if (bytes <= most && count <= list_most_count(m->fill)) {
		if (m->used > most / 2 && m->used + bytes > most)
			make_rest(m);
		if (m->used + bytes <= most &&
		    m->count + count <= list_most_count(m->fill)) {
			memcpy(make_room(m, bytes, count), from, bytes);
			return;
		}
	}
	for (at = 0; at < bytes; at += one) {
		one = (uint32_t)listpack_entry_bytes(from, at);
		if (one <= most) {
			memcpy(make_room(m, one, 1), from + at, one);
		} else {
			make_rest(m);
			make_node(m, from + at, one, 1);
		}
	}
}

struct value *
list_made(struct list_maker *m, const struct key *k, struct value *old,
    int64_t expires_ms)
{
	struct value *v;
	struct row r;

	if (m->chain != NULL || !list_is_small(m->fill, m->used, m->count)) {
		make_rest(m);
		v = slot_put(m->txn, k, old, VALUE_LIST, LARGE,
		    sizeof(m->chain), expires_ms, false);
		memcpy(value_data(v), &m->chain, sizeof(m->chain));
		return v;
	}
	v = slot_put(m->txn, k, old, VALUE_LIST, SMALL_LISTPACK,
	    sizeof(r.ends) + m->used, expires_ms, false);
	r = list_record_row(v);
	row_begin(&r, LIST_RIGHT);
	row_add(&r, LIST_RIGHT, m->elements, m->used, m->count);
	row_save(m->txn, &r);
	return v;
}

static void
free_block(void *arg, const void *block)
{
	txn_free(arg, block);
}

void
list_make_abandon(struct list_maker *m)
{
	if (m->chain != NULL)
		chain_walk(m->chain, free_block, m->txn);
}
