#include "shm/zset.h"

#include "shm/small.h"
#include "shm/snap.h"
#include "shm/zset_edit.h"
#include "shm/zset_small.h"

#include <math.h>
#include <stdlib.h>

#define ZSET_MAGIC 0x7a736574u
#define CUT_MAX (1u << 20)      /* members taken out one by one at most */

/* A large sorted set. */
struct zset {
	uint32_t magic;
	uint32_t taken;        /* by a snapshot: value_taken() */
	struct dict dict;
	struct zset_tree tree;
};

static uint64_t
member_hash(const void *block)
{
	return place_hash(zset_member_name(block), 0);
}

static bool
member_is(const void *block, const void *wanted)
{
	return slice_equal(zset_member_name(block),
	    *(const struct slice *)wanted);
}

static const struct dict_kind member_kind = { member_hash, member_is };

static inline bool
is_large(const struct value *v)
{
	return value_encoding(v) == LARGE;
}

static struct zset *
large(const struct value *v)
{
	struct zset *z = value_large(v);

	must(z->magic == ZSET_MAGIC, "a sorted set has its magic number");
	return z;
}

static inline struct zset_member *
large_find(const struct zset *z, struct slice member)
{
	return dict_find(&z->dict, &member_kind, place_hash(member, 0),
	    &member);
}

/* --- reading ----------------------------------------------------------- */

uint64_t
zset_count(const struct value *v)
{
	return is_large(v) ? large(v)->dict.count :
	    listpack_count(value_data(v)) / 2;
}

bool
zset_score(const struct value *v, struct slice member, double *score)
{
	const struct zset_member *m;
	size_t at;

	if (is_large(v)) {
		m = large_find(large(v), member);
		if (m != NULL)
			*score = m->score;
		return m != NULL;
	}
	at = zset_small_find(value_data(v), member);
	if (at != 0)
		*score = zset_small_score(value_data(v), at);
	return at != 0;
}

bool
zset_rank(const struct value *v, struct slice member, uint64_t *rank,
    double *score)
{
	struct zset_bound b = { .kind = ZSET_BY_ENTRY, .member = member };
	const char *lp = value_data(v);
	size_t at, found;

	if (is_large(v)) {
		if (!zset_score(v, member, score))
			return false;
		b.score = *score;
		*rank = zset_tree_before(&large(v)->tree, &b);
		return true;
	}
	found = zset_small_find(lp, member);
	if (found == 0)
		return false;
	*rank = 0;
	for (at = listpack_first(lp); at != found; at = zset_small_next(lp, at))
		++*rank;
	*score = zset_small_score(lp, found);
	return true;
}

static void
small_span(const char *lp, const struct zset_bound *low,
    const struct zset_bound *high, uint64_t skip, uint64_t *from, uint64_t *to)
{
	size_t at = listpack_first(lp), last = listpack_last(lp);
	uint64_t rank = 0;

	*from = *to = 0;
	if (zset_small_is_before(lp, listpack_prev(lp, last), low) ||
	    !zset_small_is_before(lp, at, high))
		return;
	for (; zset_small_is_before(lp, at, low); rank++)
		at = zset_small_next(lp, at);
	if (!zset_small_is_before(lp, at, high))
		return;
	for (; at != 0 && skip > 0; skip--, rank++)
		at = zset_small_next(lp, at);
	*from = rank;
	for (; at != 0 && zset_small_is_before(lp, at, high); rank++)
		at = zset_small_next(lp, at);
	*to = rank;
}

static void
small_span_reverse(const char *lp, const struct zset_bound *low,
    const struct zset_bound *high, uint64_t skip, uint64_t *from, uint64_t *to)
{
	size_t at = listpack_prev(lp, listpack_last(lp));
	uint64_t rank = listpack_count(lp) / 2;

	*from = *to = 0;
	if (zset_small_is_before(lp, at, low) ||
	    !zset_small_is_before(lp, listpack_first(lp), high))
		return;
	for (; !zset_small_is_before(lp, at, high); rank--)
		at = zset_small_prev(lp, at);
	if (zset_small_is_before(lp, at, low))
		return;
	for (; at != 0 && skip > 0; skip--, rank--)
		at = zset_small_prev(lp, at);
	*to = rank;
	for (; at != 0 && !zset_small_is_before(lp, at, low); rank--)
		at = zset_small_prev(lp, at);
	*from = rank;
}

static void
large_span(const struct zset_tree *tree, const struct zset_bound *low,
    const struct zset_bound *high, bool is_reverse, uint64_t skip,
    uint64_t *from, uint64_t *to)
{
	*from = zset_tree_before(tree, low);
	*to = zset_tree_before(tree, high);
	if (*to <= *from || *to - *from <= skip)
		*from = *to = 0;
	else if (is_reverse)
		*to -= skip;
	else
		*from += skip;
}

void
zset_span(const struct value *v, const struct zset_bound *low,
    const struct zset_bound *high, bool is_reverse, uint64_t skip,
    uint64_t *from, uint64_t *to)
{
	if (is_large(v))
		large_span(&large(v)->tree, low, high, is_reverse, skip, from,
		    to);
	else if (is_reverse)
		small_span_reverse(value_data(v), low, high, skip, from, to);
	else
		small_span(value_data(v), low, high, skip, from, to);
}

void
zset_seek(const struct value *v, uint64_t rank, struct zset_cursor *cursor)
{
	cursor->lp = is_large(v) ? NULL : value_data(v);
	if (is_large(v))
		zset_tree_seek(&large(v)->tree, rank, &cursor->tree);
	else
		cursor->at = listpack_index(cursor->lp, (int64_t)rank * 2);
}

static bool
get_item(struct zset_cursor *cursor, struct zset_item *item)
{
	const struct zset_member *m;

	if (cursor->lp == NULL) {
		m = zset_tree_at(&cursor->tree);
		if (m == NULL)
			return false;
		*item = (struct zset_item){ m->score, zset_member_name(m) };
		return true;
	}
	if (cursor->at == 0)
		return false;
	item->member = listpack_text(cursor->lp, cursor->at, cursor->scratch);
	item->score = zset_small_score(cursor->lp, cursor->at);
	return true;
}

bool
zset_next(struct zset_cursor *cursor, struct zset_item *item)
{
	if (!get_item(cursor, item))
		return false;
	if (cursor->lp == NULL)
		zset_tree_next(&cursor->tree);
	else
		cursor->at = zset_small_next(cursor->lp, cursor->at);
	return true;
}

bool
zset_prev(struct zset_cursor *cursor, struct zset_item *item)
{
	if (!get_item(cursor, item))
		return false;
	if (cursor->lp == NULL)
		zset_tree_prev(&cursor->tree);
	else
		cursor->at = zset_small_prev(cursor->lp, cursor->at);
	return true;
}

void
zset_list(struct txn *t, const struct value *v, uint64_t from, uint64_t to,
    struct zset_item *list)
{
	struct zset_cursor cursor;
	char *copy;

	if (from < to)
		zset_seek(v, from, &cursor);
	for (; from < to && zset_next(&cursor, list); from++, list++) {
		if (list->member.data != cursor.scratch)
			continue;
		copy = txn_scratch(t, list->member.bytes);
		memcpy(copy, list->member.data, list->member.bytes);
		list->member.data = copy;
	}
}

struct scan {
	zset_visit *visit;
	void *arg;
};

static void
scan_member(void *arg, void *block)
{
	const struct scan *scan = arg;
	const struct zset_member *m = block;

	scan->visit(scan->arg, &(struct zset_item){ m->score,
	    zset_member_name(m) });
}

uint64_t
zset_scan(const struct value *v, uint64_t cursor, zset_visit *visit, void *arg)
{
	struct scan scan = { visit, arg };
	struct zset_cursor c;
	struct zset_item item;

	if (is_large(v))
		return dict_scan(&large(v)->dict, &member_kind, cursor,
		    scan_member, &scan);
	for (zset_seek(v, 0, &c); zset_next(&c, &item);)
		visit(arg, &item);
	return 0;
}

bool
zset_check(const struct value *v)
{
	const struct zset *z;
	struct zset_tree_cursor cursor;
	const struct zset_member *m;

	if (!is_large(v))
		return listpack_check(value_data(v), value_bytes(v));
	z = large(v);
	if (zset_tree_check(&z->tree) != (int64_t)z->dict.count)
		return false;
	zset_tree_seek(&z->tree, 0, &cursor);
	for (; (m = zset_tree_at(&cursor)) != NULL; zset_tree_next(&cursor))
		if (large_find(z, zset_member_name(m)) != m)
			return false;
	return true;
}

/* --- the large form ---------------------------------------------------- */

static struct zset_member *
new_member(struct txn *t, struct slice name, double score)
{
	struct zset_member *m = txn_alloc(t, sizeof(*m) + name.bytes);

	m->score = score;
	m->bytes = (uint32_t)name.bytes;
	memcpy(m->data, name.data, name.bytes);
	return m;
}

static struct zset *
empty_zset(struct txn *t)
{
	struct zset *z = txn_alloc(t, sizeof(*z));

	*z = (struct zset){ .magic = ZSET_MAGIC, .taken = t->snap_serial };
	return z;
}

/* A large set of blocks in ascending order. */
static struct zset *
new_zset(struct txn *t, struct zset_member *const *members, uint64_t count)
{
	struct zset *z = empty_zset(t);
	uint64_t i;

	dict_reserve(t, &z->dict, count);
	for (i = 0; i < count; i++)
		dict_fill(t, &z->dict, &member_kind, member_hash(members[i]),
		    members[i]);
	zset_tree_build(t, &z->tree, members, count);
	return z;
}

/* The same of items in ascending order. */
static struct zset *
new_zset_of(struct txn *t, const struct zset_item *items, uint64_t count)
{
	struct zset_member **members = txn_scratch(t, count * sizeof(*members));
	uint64_t i;

	for (i = 0; i < count; i++)
		members[i] = new_member(t, items[i].member, items[i].score);
	return new_zset(t, members, count);
}

/* A record for a large set in the place of old. */
static struct value *
put_large(struct txn *t, const struct key *k, struct value *old,
    struct zset *z, int64_t expires_ms)
{
	struct value *v = slot_put(t, k, old, VALUE_ZSET, LARGE, sizeof(z),
	    expires_ms, false);

	memcpy(value_data(v), &z, sizeof(z));
	return v;
}

/* Makes a small set large. */
static struct value *
enlarge(struct txn *t, const struct key *k, struct value *v)
{
	uint64_t count = zset_count(v);
	struct zset_item *items = txn_scratch(t, count * sizeof(*items));

	zset_list(t, v, 0, count, items);
	return put_large(t, k, v, new_zset_of(t, items, count),
	    value_expires(v));
}

static void
large_insert(struct txn *t, struct zset *z, uint64_t hash, struct slice member,
    double score)
{
	struct zset_member *m = new_member(t, member, score);

	dict_add(t, &z->dict, &member_kind, hash, m);
	zset_tree_insert(t, &z->tree, m);
}

static void
free_block(void *arg, const void *block)
{
	txn_free(arg, block);
}

/* All blocks of a large set, itself the last. */
static void
walk_zset(const struct zset *z, void (*visit)(void *arg, const void *block),
    void *arg)
{
	dict_walk(&z->dict, visit, arg);
	zset_tree_walk(&z->tree, visit, arg);
	visit(arg, z);
}

/*
 * A member comes (m is NULL), changes or goes: a snapshot may want it as it
 * was.  True: it has the member's block, which has to go.
 */
static inline bool
tell_snap(struct txn *t, const struct key *k, const struct value *v,
    uint64_t hash, const struct zset_member *m, struct slice name)
{
	return unlikely(t->snap_serial != 0) &&
	    snap_before_part(t, k, v, hash, m, name);
}

static inline bool
tell_snap_of(struct txn *t, const struct key *k, const struct value *v,
    const struct zset_member *m)
{
	return tell_snap(t, k, v, member_hash(m), m, zset_member_name(m));
}

/* A member that is in the tree no more goes. */
static void
large_forget(struct txn *t, const struct key *k, const struct value *v,
    struct zset_member *m)
{
	bool stays = tell_snap_of(t, k, v, m);

	dict_remove(t, &large(v)->dict, &member_kind, member_hash(m), m);
	if (!stays)
		txn_free(t, m);
}

/*
 * Takes out nearly all or very many members by making a new set of what stays,
 * which leaves the journal nearly empty.
 */
static void
large_rebuild(struct txn *t, const struct key *k, struct value *v,
    uint64_t from, uint64_t to)
{
	struct zset *z = large(v), *made;
	struct zset_member **stay, *m;
	struct zset_tree_cursor cursor;
	uint64_t rank, count = 0;

	stay = txn_scratch(t, (z->dict.count - (to - from)) * sizeof(*stay));
	zset_tree_seek(&z->tree, 0, &cursor);
	for (rank = 0; (m = zset_tree_at(&cursor)) != NULL; rank++) {
		if (rank < from || rank >= to)
			stay[count++] = m;
		else if (!tell_snap_of(t, k, v, m))
			txn_free(t, m);
		zset_tree_next(&cursor);
	}
	made = new_zset(t, stay, count);
	zset_tree_drop(t, &z->tree);
	dict_each_array(&z->dict, free_block, t);
	txn_write(t, &z->dict, &made->dict, sizeof(z->dict));
	txn_write(t, &z->tree, &made->tree, sizeof(z->tree));
	txn_free(t, made);
}

static void
large_cut(struct txn *t, const struct key *k, struct value *v, uint64_t from,
    uint64_t to)
{
	struct zset *z = large(v);
	struct zset_member **doomed;
	struct zset_tree_cursor cursor;
	uint64_t i;

	doomed = txn_scratch(t, (to - from) * sizeof(*doomed));
	zset_tree_seek(&z->tree, from, &cursor);
	for (i = 0; i < to - from; i++) {
		doomed[i] = zset_tree_at(&cursor);
		zset_tree_next(&cursor);
	}
	zset_tree_cut(t, &z->tree, from, to);
	for (i = 0; i < to - from; i++)
		large_forget(t, k, v, doomed[i]);
}

/* --- changing ---------------------------------------------------------- */

static int
compare_items(const void *a, const void *b)
{
	const struct zset_item *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? -1 : 1;
	return slice_compare(x->member, y->member);
}

void
zset_sort(struct zset_item *items, uint64_t count)
{
	qsort(items, count, sizeof(*items), compare_items);
}

/* Sorts what is not in order already. */
static void
put_in_order(struct zset_item *items, uint64_t count)
{
	uint64_t i = 1;

	while (i < count && compare_items(&items[i - 1], &items[i]) < 0)
		i++;
	if (i < count)
		zset_sort(items, count);
}

struct value *
zset_store(struct txn *t, const struct key *k, struct value *v,
    struct zset_item *items, uint64_t count, const struct zset_limits *limits)
{
	size_t bytes = zset_edit_bytes(items, count, limits);

	put_in_order(items, count);
	if (bytes > 0)
		return zset_edit_put(t, k, v, items, count, bytes);
	return put_large(t, k, v, new_zset_of(t, items, count), -1);
}

struct value *
zset_build(struct txn *t, const struct key *k, struct value *v,
    struct zset_item *items, uint64_t count, int64_t expires_ms)
{
	struct zset_member **members = txn_scratch(t, count * sizeof(*members));
	struct zset *z = empty_zset(t);
	uint64_t i, hash;

	put_in_order(items, count);
	dict_reserve(t, &z->dict, count);
	for (i = 0; i < count; i++) {
		hash = place_hash(items[i].member, 0);
		if (dict_find(&z->dict, &member_kind, hash,
		    &items[i].member) != NULL) {
			walk_zset(z, free_block, t);
			return NULL;
		}
		members[i] = new_member(t, items[i].member, items[i].score);
		dict_fill(t, &z->dict, &member_kind, hash, members[i]);
	}
	zset_tree_build(t, &z->tree, members, count);
	return put_large(t, k, v, z, expires_ms);
}

/* What a score would do to a member that is there. */
static enum zset_did
judge(unsigned flags, double now, double *score)
{
	if (flags & ZSET_NX)
		return ZSET_REFUSED;
	if (flags & ZSET_INCR)
		*score += now;
	if (isnan(*score))
		return ZSET_NAN;
	if (((flags & ZSET_LT) && *score >= now) ||
	    ((flags & ZSET_GT) && *score <= now))
		return ZSET_REFUSED;
	return *score == now ? ZSET_SAME : ZSET_UPDATED;
}

static enum zset_did
large_add(struct txn *t, const struct key *k, const struct value *v,
    struct slice member, double *score, unsigned flags)
{
	struct zset *z = large(v);
	uint64_t hash = place_hash(member, 0);
	struct zset_member *m = dict_find(&z->dict, &member_kind, hash,
	    &member), *fresh;
	enum zset_did did;

	if (m == NULL) {
		if (flags & ZSET_XX)
			return ZSET_REFUSED;
		(void)tell_snap(t, k, v, hash, NULL, member);
		large_insert(t, z, hash, member, *score);
		return ZSET_ADDED;
	}
	did = judge(flags, m->score, score);
	if (did != ZSET_UPDATED)
		return did;
	if (!tell_snap(t, k, v, hash, m, member)) {
		zset_tree_move(t, &z->tree, m, *score);
		return did;
	}
	zset_tree_remove(t, &z->tree, m);
	fresh = new_member(t, member, *score);
	dict_swap(t, &z->dict, hash, m, fresh);
	zset_tree_insert(t, &z->tree, fresh);
	return did;
}

static bool
may_grow(const struct value *v, struct slice member,
    const struct zset_limits *limits)
{
	return zset_count(v) < limits->entries &&
	    member.bytes <= limits->bytes &&
	    value_bytes(v) + member.bytes < SMALL_BYTES_MAX;
}

enum zset_did
zset_add(struct txn *t, const struct key *k, struct value **v,
    struct slice member, double *score, unsigned flags,
    const struct zset_limits *limits)
{
	struct zset_item item = { *score, member };
	enum zset_did did;
	size_t at;

	if (*v == NULL) {
		if (flags & ZSET_XX)
			return ZSET_REFUSED;
		*v = zset_store(t, k, NULL, &item, 1, limits);
		return ZSET_ADDED;
	}
	if (is_large(*v))
		return large_add(t, k, *v, member, score, flags);
	at = zset_small_find(value_data(*v), member);
	if (at != 0) {
		did = judge(flags, zset_small_score(value_data(*v), at), score);
		if (did == ZSET_UPDATED)
			*v = zset_edit_update(t, k, *v, at, member, *score);
		return did;
	}
	if (flags & ZSET_XX)
		return ZSET_REFUSED;
	if (may_grow(*v, member, limits)) {
		*v = zset_edit_insert(t, k, *v, member, *score);
	} else {
		*v = enlarge(t, k, *v);
		large_insert(t, large(*v), place_hash(member, 0), member,
		    *score);
	}
	return ZSET_ADDED;
}

struct value *
zset_delete(struct txn *t, const struct key *k, struct value *v,
    struct slice member, bool *is_deleted)
{
	struct zset_member *m = NULL;
	size_t at = 0;

	if (is_large(v))
		m = large_find(large(v), member);
	else
		at = zset_small_find(value_data(v), member);
	*is_deleted = m != NULL || at != 0;
	if (!*is_deleted)
		return v;
	if (zset_count(v) == 1) {
		slot_remove(t, k, v);
		return NULL;
	}
	if (m == NULL)
		return small_cut(t, k, v, at, 2);
	zset_tree_remove(t, &large(v)->tree, m);
	large_forget(t, k, v, m);
	return v;
}

struct value *
zset_cut(struct txn *t, const struct key *k, struct value *v, uint64_t from,
    uint64_t to)
{
	uint64_t count = zset_count(v), gone = to - from;

	must(from <= to && to <= count, "ranks to be deleted exist");
	if (gone == 0)
		return v;
	if (gone == count) {
		slot_remove(t, k, v);
		return NULL;
	}
	if (!is_large(v))
		return small_cut(t, k, v, listpack_index(value_data(v),
		    (int64_t)from * 2), gone * 2);
	if (gone > CUT_MAX || gone / 8 > count - gone)
		large_rebuild(t, k, v, from, to);
	else
		large_cut(t, k, v, from, to);
	return v;
}

/* --- what every type does ---------------------------------------------- */

static void
walk(const struct value *v, void (*visit)(void *arg, const void *block),
    void *arg)
{
	if (is_large(v))
		walk_zset(large(v), visit, arg);
}

static void
drop(struct txn *t, const struct value *v)
{
	walk(v, free_block, t);
}

static void
copy(struct txn *t, const struct value *v, struct value *to)
{
	uint64_t count = zset_count(v);
	struct zset_item *items;
	struct zset *z;

	if (!is_large(v))
		return;
	items = txn_scratch(t, count * sizeof(*items));
	zset_list(t, v, 0, count, items);
	z = new_zset_of(t, items, count);
	memcpy(value_data(to), &z, sizeof(z));
}

static size_t
part_bytes(const void *block)
{
	const struct zset_member *m = block;

	return sizeof(*m) + m->bytes;
}

static struct slice
part_name(const void *block)
{
	return zset_member_name(block);
}

static const struct value_parts parts = { &member_kind, part_bytes,
	part_name };

const struct value_ops zset_ops = { "zset", drop, copy, walk,
    1 + offsetof(struct zset, dict), &parts, offsetof(struct zset, taken) };
