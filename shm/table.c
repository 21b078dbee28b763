#include "shm/table.h"

struct dict *
table_new(struct txn *t, uint64_t count)
{
	struct dict *d = txn_alloc(t, sizeof(*d));

	memset(d, 0, sizeof(*d));
	dict_reserve(t, d, count);
	return d;
}

struct value *
table_put(struct txn *t, const struct key *k, struct value *old,
    enum value_type type, struct dict *d, int64_t expires_ms)
{
	struct value *v = slot_put(t, k, old, type, LARGE, sizeof(d),
	    expires_ms, false);

	memcpy(value_data(v), &d, sizeof(d));
	return v;
}

void
table_remove(struct txn *t, struct dict *d, const struct dict_kind *kind,
    uint64_t hash, void *block)
{
	dict_remove(t, d, kind, hash, block);
	txn_free(t, block);
}

struct walk {
	void (*visit)(void *arg, const void *block);
	void *arg;
};

static void
walk_entry(void *arg, void *block)
{
	const struct walk *w = arg;

	w->visit(w->arg, block);
}

static void
walk_dict(struct dict *d, void (*visit)(void *arg, const void *block),
    void *arg)
{
	struct walk w = { visit, arg };

	dict_each(d, walk_entry, &w);
	dict_each_array(d, visit, arg);
	visit(arg, d);
}

void
table_walk(const struct value *v, void (*visit)(void *arg, const void *block),
    void *arg)
{
	if (value_encoding(v) == LARGE)
		walk_dict(table_of(v), visit, arg);
}

static void
free_block(void *arg, const void *block)
{
	txn_free(arg, block);
}

void
table_drop(struct txn *t, const struct value *v)
{
	table_walk(v, free_block, t);
}

void
table_abandon(struct txn *t, struct dict *d)
{
	walk_dict(d, free_block, t);
}
