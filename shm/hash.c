#include "shm/hash.h"

#include "shm/small.h"
#include "shm/snap.h"
#include "shm/table.h"

#define IN_PLACE_BYTES 4096    /* larger values are built aside */

static struct slice
entry_field(const struct hash_entry *e)
{
	return (struct slice){ e->data, e->field_bytes };
}

static struct slice
entry_value(const struct hash_entry *e)
{
	return (struct slice){ e->data + e->field_bytes, e->value_bytes };
}

static uint64_t
entry_hash(const void *block)
{
	return place_hash(entry_field(block), 0);
}

static bool
entry_is(const void *block, const void *wanted)
{
	return slice_equal(entry_field(block), *(const struct slice *)wanted);
}

static const struct dict_kind entry_kind = { entry_hash, entry_is };

static struct hash_entry *
entry_new(struct txn *t, struct slice field, struct slice value)
{
	struct hash_entry *e = txn_alloc(t,
	    sizeof(*e) + field.bytes + value.bytes);

	e->field_bytes = (uint32_t)field.bytes;
	e->value_bytes = (uint32_t)value.bytes;
	memcpy(e->data, field.data, field.bytes);
	memcpy(e->data + field.bytes, value.data, value.bytes);
	return e;
}

/* reading */

uint64_t
hash_count(const struct value *v)
{
	return value_encoding(v) == LARGE ? table_of(v)->count :
	    listpack_count(value_data(v)) / 2;
}

/* The position of a field in a listpack, 0 when it is not there. */
static size_t
small_find(const char *lp, struct slice field)
{
	size_t at = listpack_first(lp);

	return at != 0 ? listpack_find(lp, at, field, 1) : 0;
}

bool
hash_get(const struct value *v, struct slice field, struct slice *value,
    char *scratch)
{
	const struct hash_entry *e;
	const char *lp;
	size_t at;

	if (value_encoding(v) == LARGE) {
		e = dict_find(table_of(v), &entry_kind, place_hash(field, 0),
		    &field);
		if (e == NULL)
			return false;
		*value = entry_value(e);
		return true;
	}
	lp = value_data(v);
	at = small_find(lp, field);
	if (at == 0)
		return false;
	*value = listpack_text(lp, listpack_next(lp, at), scratch);
	return true;
}

struct each {
	hash_visit *visit;
	void *arg;
};

static void
each_entry(void *arg, void *block)
{
	const struct each *each = arg;

	each->visit(each->arg, entry_field(block), entry_value(block));
}

static void
small_each(const char *lp, hash_visit *visit, void *arg)
{
	char field[NUMBER_TEXT], value[NUMBER_TEXT];
	size_t at = listpack_first(lp), value_at;

	while (at != 0) {
		value_at = listpack_next(lp, at);
		visit(arg, listpack_text(lp, at, field),
		    listpack_text(lp, value_at, value));
		at = listpack_next(lp, value_at);
	}
}

void
hash_each(const struct value *v, hash_visit *visit, void *arg)
{
	struct each each = { visit, arg };

	if (value_encoding(v) == LARGE)
		dict_each(table_of(v), each_entry, &each);
	else
		small_each(value_data(v), visit, arg);
}

uint64_t
hash_scan(const struct value *v, uint64_t cursor, hash_visit *visit, void *arg)
{
	struct each each = { visit, arg };

	if (value_encoding(v) == LARGE)
		return dict_scan(table_of(v), &entry_kind, cursor, each_entry,
		    &each);
	small_each(value_data(v), visit, arg);
	return 0;
}

void
hash_random(const struct value *v, uint64_t random, struct slice *pair,
    char *scratch)
{
	const struct hash_entry *e;
	const char *lp;
	size_t at;

	if (value_encoding(v) == LARGE) {
		e = dict_random(table_of(v), random);
		pair[0] = entry_field(e);
		pair[1] = entry_value(e);
		return;
	}
	lp = value_data(v);
	at = listpack_index(lp, (int64_t)(random % hash_count(v)) * 2);
	pair[0] = listpack_text(lp, at, scratch);
	pair[1] = listpack_text(lp, listpack_next(lp, at),
	    scratch + NUMBER_TEXT);
}

struct list {
	struct txn *txn;
	struct slice *next;
	bool is_large;
};

static struct slice
kept(struct txn *t, struct slice s)
{
	char *to = txn_scratch(t, s.bytes);

	memcpy(to, s.data, s.bytes);
	return (struct slice){ to, s.bytes };
}

static void
list_pair(void *arg, struct slice field, struct slice value)
{
	struct list *list = arg;

	/* integers of a listpack were printed into the walker's own memory */
	*list->next++ = list->is_large ? field : kept(list->txn, field);
	*list->next++ = list->is_large ? value : kept(list->txn, value);
}

void
hash_list(struct txn *t, const struct value *v, struct slice *pairs)
{
	struct list list = { t, pairs, value_encoding(v) == LARGE };

	hash_each(v, list_pair, &list);
}

/* setting */

/*
 * A new value in an entry whose block has room for it and would not be better
 * off with a smaller one.
 */
static bool
entry_takes(struct txn *t, const struct hash_entry *e, struct slice value)
{
	size_t need = sizeof(*e) + e->field_bytes + value.bytes;
	size_t have = txn_block_bytes(t, e);

	return need <= have && need >= have / 2 - 16 &&
	    value.bytes <= IN_PLACE_BYTES;
}

static void
entry_set_value(struct txn *t, struct hash_entry *e, struct slice value)
{
	if (e->value_bytes != value.bytes)
		txn_set32(t, &e->value_bytes, (uint32_t)value.bytes);
	txn_write(t, e->data + e->field_bytes, value.data, value.bytes);
}

/* Returns how many fields are new: 0 or 1. */
static int
large_set(struct txn *t, const struct key *k, const struct value *v,
    struct slice field, struct slice value)
{
	struct dict *d = table_of(v);
	uint64_t hash = place_hash(field, 0);
	struct hash_entry *e = dict_find(d, &entry_kind, hash, &field), *fresh;
	bool stays = unlikely(t->snap_serial != 0) &&
	    snap_before_part(t, k, v, hash, e, field);

	if (e == NULL) {
		dict_add(t, d, &entry_kind, hash, entry_new(t, field, value));
		return 1;
	}
	if (!stays && entry_takes(t, e, value)) {
		entry_set_value(t, e, value);
		return 0;
	}
	fresh = entry_new(t, field, value);
	dict_swap(t, d, hash, e, fresh);
	if (!stays)
		txn_free(t, e);
	return 0;
}

struct fill {
	struct txn *txn;
	struct dict *dict;
};

static void
fill_dict(void *arg, struct slice field, struct slice value)
{
	struct fill *fill = arg;

	dict_fill(fill->txn, fill->dict, &entry_kind, place_hash(field, 0),
	    entry_new(fill->txn, field, value));
}

/* Makes a large hash of a small one, or of no key; `count` more will come. */
static struct value *
make_large(struct txn *t, const struct key *k, struct value *v, int count)
{
	struct fill fill = { t, table_new(t, (uint64_t)count +
	    (v != NULL ? hash_count(v) : 0)) };

	if (v != NULL)
		small_each(value_data(v), fill_dict, &fill);
	return table_put(t, k, v, VALUE_HASH, fill.dict,
	    v != NULL ? value_expires(v) : -1);
}

/* Whether the pairs may go into a listpack of `bytes`, bar their number. */
static bool
is_small(const struct slice *pairs, int count, size_t bytes,
    const struct hash_limits *limits)
{
	int i;

	if ((uint64_t)count > limits->entries)
		return false;
	for (i = 0; i < 2 * count; i++) {
		if (pairs[i].bytes > limits->bytes)
			return false;
		bytes += listpack_put_bytes(pairs[i]);
	}
	return bytes <= SMALL_BYTES_MAX;
}

/* A new small hash; nothing of it needs a note. */
static struct value *
make_small(struct txn *t, const struct key *k, const struct slice *pairs,
    int count, int *added)
{
	size_t bytes = LISTPACK_EMPTY_BYTES, at;
	struct value *v;
	char *lp;
	int i;

	for (i = 0; i < 2 * count; i++)
		bytes += listpack_put_bytes(pairs[i]);
	v = slot_put(t, k, NULL, VALUE_HASH, SMALL_LISTPACK, bytes, -1, false);
	lp = value_data(v);
	listpack_init(lp);
	*added = 0;
	for (i = 0; i < 2 * count; i += 2) {
		at = i > 0 ? small_find(lp, pairs[i]) : 0;
		if (at != 0) {
			listpack_replace(lp, listpack_next(lp, at),
			    pairs[i + 1]);
			continue;
		}
		listpack_insert(lp, 0, pairs[i]);
		listpack_insert(lp, 0, pairs[i + 1]);
		++*added;
	}
	if (listpack_bytes(lp) != bytes)
		v = slot_resize(t, k, v, listpack_bytes(lp));
	return v;
}

struct value *
hash_set(struct txn *t, const struct key *k, struct value *v,
    const struct slice *pairs, int count, const struct hash_limits *limits,
    int *added)
{
	size_t at;
	int i = 0;

	*added = 0;
	if (v == NULL) {
		if (is_small(pairs, count, LISTPACK_EMPTY_BYTES, limits))
			return make_small(t, k, pairs, count, added);
		v = make_large(t, k, NULL, count);
	} else if (value_encoding(v) != LARGE && !is_small(pairs, count,
	    listpack_bytes(value_data(v)), limits)) {
		v = make_large(t, k, v, count);
	}
	for (; i < count && value_encoding(v) != LARGE; i++, pairs += 2) {
		at = small_find(value_data(v), pairs[0]);
		if (at != 0) {
			at = listpack_next(value_data(v), at);
			v = small_replace(t, k, v, at, pairs[1]);
			continue;
		}
		v = small_append(t, k, v, pairs, 2);
		++*added;
		if (hash_count(v) > limits->entries)
			v = make_large(t, k, v, count - i);
	}
	for (; i < count; i++, pairs += 2)
		*added += large_set(t, k, v, pairs[0], pairs[1]);
	return v;
}

bool
hash_build(struct txn *t, struct dict *d, struct slice field,
    struct slice value)
{
	uint64_t hash = place_hash(field, 0);

	if (dict_find(d, &entry_kind, hash, &field) != NULL)
		return false;
	dict_fill(t, d, &entry_kind, hash, entry_new(t, field, value));
	return true;
}

/* deleting */

struct value *
hash_delete(struct txn *t, const struct key *k, struct value *v,
    struct slice field, bool *is_deleted)
{
	struct hash_entry *e = NULL;
	struct dict *d = NULL;
	uint64_t hash = 0;
	size_t at = 0;

	if (value_encoding(v) == LARGE) {
		d = table_of(v);
		hash = place_hash(field, 0);
		e = dict_find(d, &entry_kind, hash, &field);
	} else {
		at = small_find(value_data(v), field);
	}
	*is_deleted = e != NULL || at != 0;
	if (!*is_deleted)
		return v;
	if (hash_count(v) == 1) {
		slot_remove(t, k, v);
		return NULL;
	}
	if (e == NULL)
		return small_cut(t, k, v, at, 2);
	table_remove(t, k, v, &entry_kind, hash, e);
	return v;
}

/* the value's own operations */

static void
hash_copy(struct txn *t, const struct value *v, struct value *to)
{
	struct fill fill = { t, NULL };

	if (value_encoding(v) != LARGE)
		return;
	fill.dict = table_new(t, hash_count(v));
	hash_each(v, fill_dict, &fill);
	memcpy(value_data(to), &fill.dict, sizeof(fill.dict));
}

static size_t
part_bytes(const void *block)
{
	const struct hash_entry *e = block;

	return sizeof(*e) + e->field_bytes + e->value_bytes;
}

static struct slice
part_name(const void *block)
{
	return entry_field(block);
}

static const struct value_parts parts = { &entry_kind, part_bytes, part_name };

const struct value_ops hash_ops = {
	"hash", table_drop, hash_copy, table_walk, 1, &parts,
	offsetof(struct table, taken)
};
