#include "shm/table.h"

#include "shm/snap.h"

struct dict *
table_new(struct txn *t, uint64_t count)
{
	struct table *table = txn_alloc(t, sizeof(*table));

	*table = (struct table){ .taken = t->snap_serial };
	dict_reserve(t, &table->dict, count);
	return &table->dict;
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
table_remove(struct txn *t, const struct key *k, const struct value *v,
    const struct dict_kind *kind, uint64_t hash, void *block)
{
	bool stays = unlikely(t->snap_serial != 0) && snap_before_part(t, k, v,
	    hash, block, value_ops[value_type(v)]->parts->name(block));

	dict_remove(t, table_of(v), kind, hash, block);
	if (!stays)
		txn_free(t, block);
}

static void
walk_dict(struct dict *d, void (*visit)(void *arg, const void *block),
    void *arg)
{
	dict_walk(d, visit, arg);
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
