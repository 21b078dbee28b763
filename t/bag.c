#include "t/bag.h"

#include <check.h>
#include <stdlib.h>

#include "shm/dump.h"
#include "shm/snap.h"

static bool
more(struct rdb_writer *w)
{
	char *data = realloc(w->data, w->room * 2);

	ck_assert_ptr_nonnull(data);
	w->data = data;
	w->room *= 2;
	return true;
}

void
bag_open(struct rdb_writer *w)
{
	rdb_write_open(w, 10, malloc(1024), 1024, more, NULL);
	w->has_no_crc = true;
}

void
bag_add(struct bag *b, const struct value *v, const struct rdb_writer *w)
{
	if (b->count == b->room) {
		b->room = b->room * 2 + 1024;
		b->v = realloc(b->v, b->room * sizeof(*b->v));
	}
	b->v[b->count++] = (struct bag_record){ value_db(v), w->used, w->data };
}

static int
order_parts(const void *a, const void *b, void *kind)
{
	const struct value_parts *k = kind;

	return slice_compare(k->name(*(char *const *)a),
	    k->name(*(char *const *)b));
}

void
bag_put_part(struct bag *b, const struct value *v, const void *block)
{
	struct bag_pile *p = &b->pile;
	size_t bytes;

	p->kind = value_ops[value_type(v)]->parts;
	bytes = p->kind->bytes(block);
	if (p->count == p->room) {
		p->room = p->room * 2 + 1024;
		p->block = realloc(p->block, p->room * sizeof(*p->block));
	}
	p->block[p->count] = malloc(bytes);
	memcpy(p->block[p->count++], block, bytes);
}

void
bag_put_piled(struct bag *b, const struct value *v)
{
	struct bag_pile *p = &b->pile;
	struct rdb_writer w;
	size_t i;

	qsort_r(p->block, p->count, sizeof(*p->block), order_parts,
	    (void *)(uintptr_t)p->kind);
	bag_open(&w);
	dump_write_head(&w, v, p->count);
	for (i = 0; i < p->count; i++)
		dump_write_part(&w, value_type(v), p->block[i]);
	bag_drop_parts(b);
	bag_add(b, v, &w);
}

void
bag_drop_parts(struct bag *b)
{
	while (b->pile.count > 0)
		free(b->pile.block[--b->pile.count]);
}

/* What dict_each() hands on to put_each(). */
struct whole {
	struct bag *bag;
	const struct value *v;
};

static void
put_each(void *arg, void *block)
{
	struct whole *w = arg;

	bag_put_part(w->bag, w->v, block);
}

void
bag_put(struct bag *b, const struct value *v)
{
	struct whole whole = { b, v };
	struct rdb_writer w;

	if (value_has_parts(v)) {
		dict_each(value_parts_dict(v), put_each, &whole);
		bag_put_piled(b, v);
		return;
	}
	bag_open(&w);
	dump_write_key(&w, v);
	bag_add(b, v, &w);
}

static int
order(const void *a, const void *b)
{
	const struct bag_record *x = a, *y = b;
	size_t least = x->bytes < y->bytes ? x->bytes : y->bytes;
	int c = x->db - y->db;

	if (c == 0)
		c = memcmp(x->text, y->text, least);
	if (c == 0)
		c = (x->bytes > y->bytes) - (x->bytes < y->bytes);
	return c;
}

void
bag_same(struct bag *a, struct bag *b)
{
	size_t i;

	qsort(a->v, a->count, sizeof(*a->v), order);
	qsort(b->v, b->count, sizeof(*b->v), order);
	ck_assert_uint_eq(a->count, b->count);
	for (i = 0; i < a->count; i++)
		ck_assert_int_eq(order(&a->v[i], &b->v[i]), 0);
}

void
bag_empty(struct bag *b)
{
	bag_drop_parts(b);
	free(b->pile.block);
	while (b->count > 0)
		free(b->v[--b->count].text);
	free(b->v);
	*b = (struct bag){ 0 };
}
