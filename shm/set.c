#include "shm/set.h"

#include "proto/intset.h"
#include "shm/small.h"
#include "shm/snap.h"
#include "shm/table.h"

#define INTSET_MAX (SMALL_BYTES_MAX / 8) /* members */
#define LISTPACK_INT_MAX 10 /* bytes of the longest integer */

static struct slice
entry_member(const struct set_entry *e)
{
	return (struct slice){ e->data, e->bytes };
}

static uint64_t
entry_hash(const void *block)
{
	return place_hash(entry_member(block), 0);
}

static bool
entry_is(const void *block, const void *wanted)
{
	return slice_equal(entry_member(block), *(const struct slice *)wanted);
}

static const struct dict_kind entry_kind = { entry_hash, entry_is };

static struct set_entry *
entry_new(struct txn *t, struct slice member)
{
	struct set_entry *e = txn_alloc(t, sizeof(*e) + member.bytes);

	e->bytes = (uint32_t)member.bytes;
	memcpy(e->data, member.data, member.bytes);
	return e;
}

/* reading */

uint64_t
set_count(const struct value *v)
{
	switch (value_encoding(v)) {
	case SMALL_INTSET:
		return intset_count(value_data(v));
	case SMALL_LISTPACK:
		return listpack_count(value_data(v));
	default:
		return table_of(v)->count;
	}
}

/* The position of a member in a listpack, 0 when it is not there. */
static size_t
small_find(const char *lp, struct slice member)
{
	size_t at = listpack_first(lp);

	return at != 0 ? listpack_find(lp, at, member, 0) : 0;
}

bool
set_has(const struct value *v, struct slice member)
{
	uint32_t index;
	int64_t n;

	switch (value_encoding(v)) {
	case SMALL_INTSET:
		return number_get_int(member, &n) &&
		    intset_find(value_data(v), n, &index);
	case SMALL_LISTPACK:
		return small_find(value_data(v), member) != 0;
	default:
		return dict_find(table_of(v), &entry_kind,
		    place_hash(member, 0), &member) != NULL;
	}
}

struct each {
	set_visit *visit;
	void *arg;
};

static void
each_entry(void *arg, void *block)
{
	const struct each *each = arg;

	each->visit(each->arg, entry_member(block));
}

static struct slice
intset_text(const char *is, uint32_t index, char *scratch)
{
	return (struct slice){ scratch,
	    number_put_int(scratch, intset_get(is, index)) };
}

static void
small_each(const struct value *v, set_visit *visit, void *arg)
{
	const char *data = value_data(v);
	char scratch[NUMBER_TEXT];
	uint32_t i, count;
	size_t at;

	if (value_encoding(v) == SMALL_INTSET) {
		count = intset_count(data);
		for (i = 0; i < count; i++)
			visit(arg, intset_text(data, i, scratch));
		return;
	}
	for (at = listpack_first(data); at != 0; at = listpack_next(data, at))
		visit(arg, listpack_text(data, at, scratch));
}

void
set_each(const struct value *v, set_visit *visit, void *arg)
{
	struct each each = { visit, arg };

	if (value_encoding(v) == LARGE)
		dict_each(table_of(v), each_entry, &each);
	else
		small_each(v, visit, arg);
}

uint64_t
set_scan(const struct value *v, uint64_t cursor, set_visit *visit, void *arg)
{
	struct each each = { visit, arg };

	if (value_encoding(v) == LARGE)
		return dict_scan(table_of(v), &entry_kind, cursor, each_entry,
		    &each);
	small_each(v, visit, arg);
	return 0;
}

struct slice
set_random(const struct value *v, uint64_t random, char *scratch)
{
	const char *data = value_data(v);
	uint64_t index;

	if (value_encoding(v) == LARGE)
		return entry_member(dict_random(table_of(v), random));
	index = random % set_count(v);
	if (value_encoding(v) == SMALL_INTSET)
		return intset_text(data, (uint32_t)index, scratch);
	return listpack_text(data, listpack_index(data, (int64_t)index),
	    scratch);
}

struct list {
	struct txn *txn;
	struct slice *next;
	bool is_large;
};

static void
list_member(void *arg, struct slice member)
{
	struct list *list = arg;
	char *to;

	if (!list->is_large) {
		/* an integer was printed into the walker's own memory */
		to = txn_scratch(list->txn, member.bytes);
		memcpy(to, member.data, member.bytes);
		member.data = to;
	}
	*list->next++ = member;
}

void
set_list(struct txn *t, const struct value *v, struct slice *members)
{
	struct list list = { t, members, value_encoding(v) == LARGE };

	set_each(v, list_member, &list);
}

/* growing out of an encoding */

struct fill {
	struct txn *txn;
	struct dict *dict;
};

static void
fill_dict(void *arg, struct slice member)
{
	struct fill *fill = arg;

	dict_fill(fill->txn, fill->dict, &entry_kind, place_hash(member, 0),
	    entry_new(fill->txn, member));
}

/* Makes a large set of a small one. */
static struct value *
make_large(struct txn *t, const struct key *k, struct value *v)
{
	struct fill fill = { t, table_new(t, set_count(v)) };

	small_each(v, fill_dict, &fill);
	return table_put(t, k, v, VALUE_SET, fill.dict, value_expires(v));
}

static void
add_bytes(void *arg, struct slice member)
{
	*(size_t *)arg += listpack_put_bytes(member);
}

static void
append_member(void *arg, struct slice member)
{
	listpack_insert(arg, 0, member);
}

/* Makes a listpack of an intset. */
static struct value *
make_listpack(struct txn *t, const struct key *k, struct value *old)
{
	size_t bytes = LISTPACK_EMPTY_BYTES;
	struct value *v;

	small_each(old, add_bytes, &bytes);
	v = slot_put(t, k, old, VALUE_SET, SMALL_LISTPACK, bytes,
	    value_expires(old), false);
	listpack_init(value_data(v));
	small_each(old, append_member, value_data(v));
	return v;
}

/* Bytes of the longest integer of an intset as text. */
static size_t
intset_longest(const char *is)
{
	uint32_t count = intset_count(is);
	char scratch[NUMBER_TEXT];
	size_t first, last;

	if (count == 0)
		return 0;
	first = intset_text(is, 0, scratch).bytes;
	last = intset_text(is, count - 1, scratch).bytes;
	return first > last ? first : last;
}

static uint64_t
intset_most(const struct set_limits *limits)
{
	return limits->intset_entries < INTSET_MAX ? limits->intset_entries :
	    INTSET_MAX;
}

/* Whether `member` may be added to a listpack of count members. */
static bool
is_small(struct slice member, uint64_t count, size_t bytes,
    const struct set_limits *limits)
{
	return count < limits->listpack_entries &&
	    member.bytes <= limits->listpack_bytes &&
	    bytes + listpack_put_bytes(member) <= SMALL_BYTES_MAX;
}

/* adding */

static struct value *
intset_add(struct txn *t, const struct key *k, struct value *v, int64_t n,
    uint32_t index)
{
	char *is = value_data(v);
	size_t bytes = intset_put_bytes(is, n);
	size_t from = intset_widens(is, n) ? INTSET_EMPTY_BYTES :
	    intset_changes_from(is, index);

	v = slot_resize(t, k, v, bytes);
	is = value_data(v);
	small_note(t, is, INTSET_EMPTY_BYTES, from, bytes);
	intset_insert(is, index, n);
	return v;
}

/*
 * Adds to d, v's dict, or one that is linked nowhere (v is NULL).  Returns how
 * many members are new: 0 or 1.
 */
static int
large_add(struct txn *t, const struct key *k, const struct value *v,
    struct dict *d, struct slice member)
{
	uint64_t hash = place_hash(member, 0);

	if (dict_find(d, &entry_kind, hash, &member) != NULL)
		return 0;
	if (unlikely(t->snap_serial != 0) && v != NULL)
		(void)snap_before_part(t, k, v, hash, NULL, member);
	dict_add(t, d, &entry_kind, hash, entry_new(t, member));
	return 1;
}

/*
 * Adds one member that a small set of this encoding takes without changing it.
 * Returns false, and does nothing, when it has to change first.
 */
static bool
small_add(struct txn *t, const struct key *k, struct value **v,
    struct slice member, const struct set_limits *limits, int *added)
{
	const char *data = value_data(*v);
	uint64_t count = set_count(*v);
	uint32_t index;
	int64_t n;

	if (value_encoding(*v) == SMALL_INTSET) {
		if (!number_get_int(member, &n))
			return false;
		if (intset_find(data, n, &index))
			return true;
		if (count >= intset_most(limits))
			return false;
		*v = intset_add(t, k, *v, n, index);
	} else {
		if (small_find(data, member) != 0)
			return true;
		if (!is_small(member, count, listpack_bytes(data), limits))
			return false;
		*v = small_append(t, k, *v, &member, 1);
	}
	++*added;
	return true;
}

/* Makes the encoding one that takes the member. */
static struct value *
outgrow(struct txn *t, const struct key *k, struct value *v,
    struct slice member, const struct set_limits *limits)
{
	const char *is = value_data(v);
	int64_t n;

	if (value_encoding(v) == SMALL_INTSET && !number_get_int(member, &n) &&
	    is_small(member, intset_count(is),
	    (size_t)intset_count(is) * LISTPACK_INT_MAX, limits) &&
	    intset_longest(is) <= limits->listpack_bytes)
		return make_listpack(t, k, v);
	return make_large(t, k, v);
}

/* The encoding of a new set, and the bytes a small one needs. */
static int
choose(const struct slice *members, size_t count,
    const struct set_limits *limits, size_t *bytes)
{
	size_t packed = LISTPACK_EMPTY_BYTES, longest = 0, i;
	int64_t low = 0, high = 0, n;
	char empty[INTSET_EMPTY_BYTES];

	for (i = 0; i < count && number_get_int(members[i], &n); i++) {
		low = n < low ? n : low;
		high = n > high ? n : high;
	}
	if (i == count && count <= intset_most(limits)) {
		intset_init(empty);
		*bytes = intset_put_bytes(empty, low);
		if (intset_put_bytes(empty, high) > *bytes)
			*bytes = intset_put_bytes(empty, high);
		*bytes = INTSET_EMPTY_BYTES +
		    (*bytes - INTSET_EMPTY_BYTES) * count;
		return SMALL_INTSET;
	}
	if (count > limits->listpack_entries)
		return LARGE;
	for (i = 0; i < count; i++) {
		packed += listpack_put_bytes(members[i]);
		if (members[i].bytes > longest)
			longest = members[i].bytes;
	}
	*bytes = packed;
	return longest <= limits->listpack_bytes && packed <= SMALL_BYTES_MAX ?
	    SMALL_LISTPACK : LARGE;
}

/* Fills a new small set, which has room for all; nothing needs a note. */
static int
fill_small(struct value *v, const struct slice *members, size_t count)
{
	char *data = value_data(v);
	uint32_t index;
	int64_t n = 0;
	size_t i;

	if (value_encoding(v) == SMALL_INTSET) {
		intset_init(data);
		for (i = 0; i < count; i++)
			if (number_get_int(members[i], &n) &&
			    !intset_find(data, n, &index))
				intset_insert(data, index, n);
		return (int)intset_count(data);
	}
	listpack_init(data);
	for (i = 0; i < count; i++)
		if (i == 0 || small_find(data, members[i]) == 0)
			listpack_insert(data, 0, members[i]);
	return (int)listpack_count(data);
}

/* A set of these members, some of them equal perhaps, in the place of old. */
static struct value *
make(struct txn *t, const struct key *k, struct value *old,
    const struct slice *members, size_t count, const struct set_limits *limits,
    int *added)
{
	size_t bytes = sizeof(struct dict *), used, i;
	int encoding = choose(members, count, limits, &bytes);
	struct dict *d = NULL;
	struct value *v;

	*added = 0;
	if (encoding == LARGE) {
		bytes = sizeof(d);
		d = table_new(t, count);
		for (i = 0; i < count; i++) {
			uint64_t mark = txn_mark(t);

			*added += large_add(t, k, NULL, d, members[i]);
			txn_forget(t, mark);
		}
	}
	v = slot_put(t, k, old, VALUE_SET, encoding, bytes, -1, false);
	if (encoding == LARGE) {
		memcpy(value_data(v), &d, sizeof(d));
		return v;
	}
	*added = fill_small(v, members, count);
	used = encoding == SMALL_INTSET ? intset_bytes(value_data(v)) :
	    listpack_bytes(value_data(v));
	return used < bytes ? slot_resize(t, k, v, used) : v;
}

/* Whether a small set stays small when about `count` members come. */
static bool
takes_many(const struct value *v, uint64_t count,
    const struct set_limits *limits)
{
	return count <= (value_encoding(v) == SMALL_INTSET ?
	    intset_most(limits) : limits->listpack_entries);
}

struct value *
set_add(struct txn *t, const struct key *k, struct value *v,
    const struct slice *members, int count, const struct set_limits *limits,
    int *added)
{
	int i = 0;

	if (v == NULL)
		return make(t, k, NULL, members, (size_t)count, limits, added);
	*added = 0;
	if (value_encoding(v) != LARGE &&
	    !takes_many(v, (uint64_t)count, limits))
		v = make_large(t, k, v);
	while (i < count && value_encoding(v) != LARGE) {
		if (small_add(t, k, &v, members[i], limits, added))
			i++;
		else
			v = outgrow(t, k, v, members[i], limits);
	}
	for (; i < count; i++)
		*added += large_add(t, k, v, table_of(v), members[i]);
	return v;
}

struct value *
set_store(struct txn *t, const struct key *k, struct value *v,
    const struct slice *members, size_t count, const struct set_limits *limits)
{
	int added;

	v = make(t, k, v, members, count, limits, &added);
	must((size_t)added == count, "the members to store are all different");
	return v;
}

bool
set_build(struct txn *t, struct dict *d, struct slice member)
{
	uint64_t hash = place_hash(member, 0);

	if (dict_find(d, &entry_kind, hash, &member) != NULL)
		return false;
	dict_fill(t, d, &entry_kind, hash, entry_new(t, member));
	return true;
}

/* deleting */

static struct value *
intset_remove(struct txn *t, const struct key *k, struct value *v,
    uint32_t index)
{
	char *is = value_data(v);

	small_note(t, is, INTSET_EMPTY_BYTES, intset_changes_from(is, index),
	    intset_bytes(is));
	intset_delete(is, index);
	return slot_resize(t, k, v, intset_bytes(is));
}

struct value *
set_delete(struct txn *t, const struct key *k, struct value *v,
    struct slice member, bool *is_deleted)
{
	int encoding = value_encoding(v);
	struct set_entry *e = NULL;
	uint32_t index = 0;
	uint64_t hash = 0;
	size_t at = 0;
	int64_t n;

	if (encoding == LARGE) {
		hash = place_hash(member, 0);
		e = dict_find(table_of(v), &entry_kind, hash, &member);
		*is_deleted = e != NULL;
	} else if (encoding == SMALL_INTSET) {
		*is_deleted = number_get_int(member, &n) &&
		    intset_find(value_data(v), n, &index);
	} else {
		at = small_find(value_data(v), member);
		*is_deleted = at != 0;
	}
	if (!*is_deleted)
		return v;
	if (set_count(v) == 1) {
		slot_remove(t, k, v);
		return NULL;
	}
	if (encoding == SMALL_INTSET)
		return intset_remove(t, k, v, index);
	if (encoding == SMALL_LISTPACK)
		return small_cut(t, k, v, at, 1);
	table_remove(t, k, v, &entry_kind, hash, e);
	return v;
}

/* the value's own operations */

static void
set_copy(struct txn *t, const struct value *v, struct value *to)
{
	struct fill fill = { t, NULL };

	if (value_encoding(v) != LARGE)
		return;
	fill.dict = table_new(t, set_count(v));
	set_each(v, fill_dict, &fill);
	memcpy(value_data(to), &fill.dict, sizeof(fill.dict));
}

static size_t
part_bytes(const void *block)
{
	const struct set_entry *e = block;

	return sizeof(*e) + e->bytes;
}

static struct slice
part_name(const void *block)
{
	return entry_member(block);
}

static const struct value_parts parts = { &entry_kind, part_bytes, part_name };

const struct value_ops set_ops = {
	"set", table_drop, set_copy, table_walk, 1, &parts,
	offsetof(struct table, taken)
};
