#include "shm/list.h"

#include "shm/list_size.h"

#define NODE_FIRST 480  /* room of a short chain's new node */
#define SPARE_TINY 96   /* most that a tiny list grows by at once */
#define NODES_SHORT 8   /* from here on new nodes have all the room */

static struct chain *
large(const struct value *v)
{
	struct chain *c = value_large(v);

	must(c->magic == CHAIN_MAGIC, "a large list has its magic number");
	return c;
}

/* Room for a row of `bytes` that is likely to grow. */
static size_t
with_growth(const struct list_pen *p, size_t bytes)
{
	size_t most = list_node_most(p->fill), want = bytes + bytes / 4;

	if (want > most)
		want = most;
	return want < bytes ? bytes : want;
}

/* --- from small to large and back -------------------------------------- */

/* Value bytes that fill the block a record of `bytes` gets. */
static size_t
fill_block(const struct list_pen *p, size_t bytes, int64_t expires_ms)
{
	size_t need = value_need(p->key->name.bytes, bytes, expires_ms >= 0);
	size_t good = bytes + heap_good_bytes(need) - need;

	return bytes <= UINT16_MAX && good > UINT16_MAX ? UINT16_MAX : good;
}

/* A new record with an empty row of at least `want` bytes, free at one end. */
static struct row
new_record(struct list_pen *p, size_t want, enum list_end end)
{
	int64_t expires = p->value != NULL ? value_expires(p->value) : -1;
	struct row r;

	p->value = slot_put(p->txn, p->key, p->value, VALUE_LIST,
	    SMALL_LISTPACK, fill_block(p, sizeof(r.ends) + want, expires),
	    expires, false);
	r = list_record_row(p->value);
	row_begin(&r, end);
	return r;
}

/*
 * Makes the list large, from nothing or from a small one.  The old record
 * stays readable until the commit.
 */
static struct chain *
make_large(struct list_pen *p)
{
	struct value *old = p->value;
	struct chain *c = chain_new(p->txn);
	struct row from, r;

	p->value = slot_put(p->txn, p->key, old, VALUE_LIST, LARGE, sizeof(c),
	    old != NULL ? value_expires(old) : -1, false);
	memcpy(value_data(p->value), &c, sizeof(c));
	if (old == NULL)
		return c;
	from = list_record_row(old);
	r = chain_node(p->txn, row_used(&from), LIST_RIGHT);
	row_add_row(&r, LIST_RIGHT, &from);
	row_save(p->txn, &r);
	chain_link(p->txn, c, NULL, chain_node_of(&r), NULL);
	c->count = r.ends.count;
	return c;
}

/* A large list that has become half a row or less is small again. */
static void
make_small(struct list_pen *p)
{
	struct chain *c = large(p->value);
	struct row from, r;

	if (c->nodes != 1)
		return;
	from = chain_row(c->head);
	if (row_used(&from) + LISTPACK_EMPTY_BYTES >
	    list_most_bytes(p->fill) / 2 ||
	    from.ends.count > list_most_count(p->fill) / 2)
		return;
	r = new_record(p, row_used(&from), LIST_RIGHT);
	row_add_row(&r, LIST_RIGHT, &from);
	row_save(p->txn, &r);
}

/* --- pushing ----------------------------------------------------------- */

/*
 * A record like the present one with more room at one end.  A list pushed to
 * again is likely to grow: tiny ones get twice the room, which is still less
 * than a quicklist's own words.
 */
static struct row
regrow_record(struct list_pen *p, enum list_end end, uint32_t more)
{
	struct row from, r;
	uint32_t used, spare;

	if (p->value == NULL)
		return new_record(p, more, end);
	from = list_record_row(p->value);
	used = row_used(&from);
	spare = used < SPARE_TINY ? used : SPARE_TINY;
	if (spare < used / 4)
		spare = used / 4;
	r = new_record(p, used + more + spare, end);
	row_add_row(&r, end, &from);
	return r;
}

/*
 * A new row at an end of the list with room for `more` bytes: the last node
 * made larger, or one of its own.
 */
static struct row
regrow_end(struct list_pen *p, struct chain *c, enum list_end end,
    uint32_t more)
{
	struct node *n = end == LIST_LEFT ? c->head : c->tail;
	size_t most = list_node_most(p->fill), least, want, used = 0;
	struct row from, r;

	if (n != NULL) {
		from = chain_row(n);
		used = row_used(&from);
		if (used + used / 8 + more > most ||
		    from.ends.count >= list_most_count(p->fill))
			used = 0;
	}
	least = p->fill >= 0 ? 0 : c->nodes < NODES_SHORT ? NODE_FIRST : most;
	want = with_growth(p, used + more);
	r = chain_node(p->txn, want < least ? least : want, end);
	if (used > 0) {
		row_add_row(&r, end, &from);
		chain_swap(p->txn, c, n, &r);
	} else if (end == LIST_LEFT) {
		chain_link(p->txn, c, NULL, chain_node_of(&r), c->head);
	} else {
		chain_link(p->txn, c, c->tail, chain_node_of(&r), NULL);
	}
	return r;
}

/* Whether one more element goes into this row. */
static inline bool
row_takes(const struct row *r, enum list_end end, uint32_t bytes, int64_t fill)
{
	return r->room > 0 && row_free(r, end) >= bytes &&
	    row_used(r) + bytes <= list_node_most(fill) &&
	    r->ends.count < list_most_count(fill);
}

static void
push_large(struct list_pen *p, enum list_end end, const struct slice *s, int n,
    bool is_clean)
{
	struct chain *c = large(p->value);
	struct node *last = end == LIST_LEFT ? c->head : c->tail;
	struct row r = { 0 };
	bool is_changed = false;
	int i;

	if (last != NULL)
		r = chain_row(last);
	if (last != NULL && row_takes(&r, end,
	    (uint32_t)listpack_put_bytes(s[0]), p->fill))
		r = chain_row(chain_own(p->txn, c, last));
	for (i = 0; i < n; i++) {
		uint32_t bytes = (uint32_t)listpack_put_bytes(s[i]);

		if (!row_takes(&r, end, bytes, p->fill)) {
			if (is_changed)
				row_save(p->txn, &r);
			r = regrow_end(p, c, end, bytes);
		} else if (!is_clean) {
			row_note_room(p->txn, &r, end, bytes);
		}
		row_push(&r, end, s[i], bytes);
		is_changed = true;
	}
	row_save(p->txn, &r);
	txn_set64(p->txn, &c->count, c->count + (uint64_t)n);
	slot_touch(p->txn, p->key);
}

static void
push_small(struct list_pen *p, enum list_end end, const struct slice *s, int n,
    uint32_t bytes, bool is_clean)
{
	struct row r;
	int i;

	if (p->value != NULL)
		r = list_record_row(p->value);
	if (p->value == NULL || row_free(&r, end) < bytes)
		r = regrow_record(p, end, bytes);
	else if (!is_clean)
		row_note_room(p->txn, &r, end, bytes);
	for (i = 0; i < n; i++)
		row_push(&r, end, s[i], (uint32_t)listpack_put_bytes(s[i]));
	row_save(p->txn, &r);
	slot_touch(p->txn, p->key);
}

void
list_push(struct list_pen *p, enum list_end end, const struct slice *s, int n)
{
	/* With nothing noted, all free room was free before this command. */
	bool is_clean = p->txn->journal->undo == 0;
	size_t bytes = 0;
	struct row r = { 0 };
	int i;

	if (p->value != NULL && value_encoding(p->value) == LARGE) {
		push_large(p, end, s, n, is_clean);
		return;
	}
	for (i = 0; i < n; i++)
		bytes += listpack_put_bytes(s[i]);
	if (p->value != NULL)
		r = list_record_row(p->value);
	if (list_is_small(p->fill, row_used(&r) + bytes,
	    (uint64_t)r.ends.count + (uint64_t)n)) {
		push_small(p, end, s, n, (uint32_t)bytes, is_clean);
	} else {
		make_large(p);
		push_large(p, end, s, n, is_clean);
	}
}

void
list_replace(struct list_pen *p)
{
	struct row r;

	p->value = slot_put(p->txn, p->key, p->value, VALUE_LIST,
	    SMALL_LISTPACK, fill_block(p, sizeof(r.ends), -1), -1, false);
	r = list_record_row(p->value);
	row_begin(&r, LIST_RIGHT);
	row_save(p->txn, &r);
}

/* --- cutting ----------------------------------------------------------- */

static void
cut_large(struct list_pen *p, enum list_end end, uint64_t n)
{
	struct chain *c = large(p->value);
	struct node *last;
	uint64_t left = n;
	struct row r;

	while (last = end == LIST_LEFT ? c->head : c->tail,
	    left >= last->ends.count) {
		left -= last->ends.count;
		chain_unlink(p->txn, c, last);
	}
	if (left > 0) {
		r = chain_row(chain_own(p->txn, c, last));
		row_cut(&r, end, (uint32_t)left);
		row_save(p->txn, &r);
	}
	txn_set64(p->txn, &c->count, c->count - n);
	make_small(p);
}

static void
cut_small(struct list_pen *p, enum list_end end, uint32_t n)
{
	struct row r = list_record_row(p->value), to;

	row_cut(&r, end, n);
	if (r.room > 128 && row_used(&r) < r.room / 4) {
		to = new_record(p, row_used(&r), LIST_RIGHT);
		row_add(&to, LIST_RIGHT, r.data + r.ends.start, row_used(&r),
		    r.ends.count);
		r = to;
	}
	row_save(p->txn, &r);
}

void
list_cut(struct list_pen *p, enum list_end end, uint64_t n)
{
	if (n >= list_count(p->value)) {
		slot_remove(p->txn, p->key, p->value);
		p->value = NULL;
		return;
	}
	if (n > 0 && value_encoding(p->value) == LARGE)
		cut_large(p, end, n);
	else if (n > 0)
		cut_small(p, end, (uint32_t)n);
	slot_touch(p->txn, p->key);
}

/* --- changing in the middle -------------------------------------------- */

/* What an edit makes of a row: what is before, the element, what is behind. */
enum { PART_LEFT = 1, PART_NEW = 2, PART_RIGHT = 4, PART_ALL = 7 };

struct parts {
	struct row row;
	const struct row_edit *edit;
	uint32_t left, right;         /* bytes before and behind */
	uint32_t left_count;          /* elements before */
};

static struct parts
parts_of(struct row row, const struct row_edit *e)
{
	struct parts s = { row, e, e->at - row.ends.start,
	    row.ends.end - e->at - e->old, 0 };
	uint32_t at;

	for (at = row.ends.start; at < e->at; s.left_count++)
		at += (uint32_t)listpack_entry_bytes(row.data, at);
	return s;
}

static uint32_t
parts_bytes(const struct parts *s, unsigned which)
{
	return (which & PART_LEFT ? s->left : 0) +
	    (which & PART_NEW ? s->edit->new : 0) +
	    (which & PART_RIGHT ? s->right : 0);
}

static void
add_parts(struct row *to, const struct parts *s, unsigned which)
{
	const struct row *from = &s->row;
	uint32_t behind = s->edit->at + s->edit->old;

	if (which & PART_LEFT)
		row_add(to, LIST_RIGHT, from->data + from->ends.start, s->left,
		    s->left_count);
	if (which & PART_NEW)
		row_push(to, LIST_RIGHT, *s->edit->s, s->edit->new);
	if (which & PART_RIGHT)
		row_add(to, LIST_RIGHT, from->data + behind, s->right,
		    from->ends.count - s->left_count - (s->edit->old > 0));
}

/*
 * Links a new node with some parts, unless they are empty, between two
 * neighbours; returns what now stands before `next`.
 */
static struct node *
put_parts(struct list_pen *p, struct node *prev, struct node *next,
    const struct parts *s, unsigned which)
{
	uint32_t bytes = parts_bytes(s, which);
	size_t want = which == PART_ALL ? with_growth(p, bytes) : bytes;
	struct row r;

	if (bytes == 0)
		return prev;
	r = chain_node(p->txn, want, LIST_RIGHT);
	add_parts(&r, s, which);
	row_save(p->txn, &r);
	chain_link(p->txn, large(p->value), prev, chain_node_of(&r), next);
	return chain_node_of(&r);
}

/*
 * Replaces a node whose row has too little room by one to three that have
 * what the edit makes of it.
 */
static void
split_node(struct list_pen *p, struct node *n, const struct row_edit *e)
{
	struct node *prev = n->prev, *next = n->next;
	struct parts s = parts_of(chain_row(n), e);
	size_t most = list_node_most(p->fill);
	bool with_left = s.left + (size_t)e->new <= most && s.right > 0;
	bool with_right = s.right + (size_t)e->new <= most && s.left > 0;
	bool is_full = e->old == 0 && n->ends.count >= list_most_count(p->fill);

	chain_unlink(p->txn, large(p->value), n);
	if (!is_full && parts_bytes(&s, PART_ALL) <= most) {
		put_parts(p, prev, next, &s, PART_ALL);
	} else if (with_left && (!with_right || s.left <= s.right)) {
		prev = put_parts(p, prev, next, &s, PART_LEFT | PART_NEW);
		put_parts(p, prev, next, &s, PART_RIGHT);
	} else if (with_right) {
		prev = put_parts(p, prev, next, &s, PART_LEFT);
		put_parts(p, prev, next, &s, PART_NEW | PART_RIGHT);
	} else {
		prev = put_parts(p, prev, next, &s, PART_LEFT);
		prev = put_parts(p, prev, next, &s, PART_NEW);
		put_parts(p, prev, next, &s, PART_RIGHT);
	}
}

/* An insertion at the edge of a full node goes into the neighbour. */
static bool
insert_beside(struct list_pen *p, struct node *n,
    const struct row_edit *e)
{
	bool is_first = e->at == n->ends.start;
	struct node *beside = is_first ? n->prev : n->next;
	enum list_end end = is_first ? LIST_RIGHT : LIST_LEFT;
	struct row r;

	if (e->old > 0 || beside == NULL ||
	    (!is_first && e->at != n->ends.end))
		return false;
	r = chain_row(beside);
	if (!row_takes(&r, end, e->new, p->fill))
		return false;
	r = chain_row(chain_own(p->txn, large(p->value), beside));
	row_note_room(p->txn, &r, end, e->new);
	row_push(&r, end, *e->s, e->new);
	row_save(p->txn, &r);
	return true;
}

static void
edit_large(struct list_pen *p, struct node *n, const struct row_edit *e)
{
	struct chain *c = large(p->value);
	struct row r = chain_row(n);
	bool is_more = e->old == 0;
	bool fits = e->new <= e->old ||
	    ((!is_more || r.ends.count < list_most_count(p->fill)) &&
	    row_used(&r) - e->old + e->new <= list_node_most(p->fill));

	if (fits && chain_may_edit(p->txn, c, n) && row_edit(p->txn, &r, e)) {
		r.ends.count += is_more;
		row_save(p->txn, &r);
	} else if (!insert_beside(p, n, e)) {
		split_node(p, n, e);
	}
	if (is_more)
		txn_set64(p->txn, &c->count, c->count + 1);
	make_small(p);
}

static void
edit_small(struct list_pen *p, const struct row_edit *e)
{
	struct row r = list_record_row(p->value), to;
	struct parts s;

	if (row_edit(p->txn, &r, e)) {
		r.ends.count += e->old == 0;
	} else {
		s = parts_of(r, e);
		to = new_record(p, parts_bytes(&s, PART_ALL) +
		    (e->old == 0 ? row_used(&r) / 4 : 0), LIST_RIGHT);
		add_parts(&to, &s, PART_ALL);
		r = to;
	}
	row_save(p->txn, &r);
}

/* Replaces `old` bytes at a place by an element. */
static void
edit(struct list_pen *p, struct node *n, uint32_t at, uint32_t old,
    struct slice s)
{
	struct row_edit e = { at, old, &s, (uint32_t)listpack_put_bytes(s) };
	struct row r;

	if (n == NULL) {
		r = list_record_row(p->value);
		if (list_is_small(p->fill, row_used(&r) - old + e.new,
		    (uint64_t)r.ends.count + (old == 0))) {
			edit_small(p, &e);
			slot_touch(p->txn, p->key);
			return;
		}
		n = make_large(p)->head;
		e.at = e.at - r.ends.start + n->ends.start;
	}
	edit_large(p, n, &e);
	slot_touch(p->txn, p->key);
}

void
list_set(struct list_pen *p, const struct list_at *at, struct slice s)
{
	edit(p, at->node, at->at,
	    (uint32_t)listpack_entry_bytes(at->data, at->at), s);
}

void
list_insert(struct list_pen *p, const struct list_at *at, enum list_end side,
    struct slice s)
{
	edit(p, at->node, at->at + (side == LIST_LEFT ? 0 :
	    (uint32_t)listpack_entry_bytes(at->data, at->at)), 0, s);
}

/* --- removing what is equal -------------------------------------------- */

static void
remove_small(struct list_pen *p, struct slice aim, uint32_t skip,
    uint32_t take)
{
	struct row r = list_record_row(p->value), to;

	if (take == 1) {
		row_take(p->txn, &r, aim, skip);
	} else {
		to = new_record(p, row_used(&r) - take * (uint32_t)aim.bytes,
		    LIST_RIGHT);
		row_sift(&to, &r, aim, skip, take);
		r = to;
	}
	row_save(p->txn, &r);
}

static void
remove_in_node(struct list_pen *p, struct node *n, struct slice aim,
    uint32_t skip, uint32_t take)
{
	struct chain *c = large(p->value);
	struct row r = chain_row(n), to;

	if (take == r.ends.count) {
		chain_unlink(p->txn, c, n);
	} else if (take == 1 && chain_may_edit(p->txn, c, n)) {
		row_take(p->txn, &r, aim, skip);
		row_save(p->txn, &r);
	} else {
		to = chain_node(p->txn, row_used(&r) -
		    take * (uint32_t)aim.bytes, LIST_RIGHT);
		row_sift(&to, &r, aim, skip, take);
		chain_swap(p->txn, c, n, &to);
	}
}

/*
 * After a removal between `before`, which was passed, and `next`: makes one
 * node of two that together are half a node at most.
 */
static void
join(struct list_pen *p, enum list_end from, struct node *before,
    const struct node *next)
{
	struct node *n, *left, *right;

	if (before == NULL)
		return;
	n = from == LIST_LEFT ? before->next : before->prev;
	left = from == LIST_LEFT ? before : n;
	right = from == LIST_LEFT ? n : before;
	if (n != next && chain_used(left) + chain_used(right) <=
	    list_node_most(p->fill) / 2 && (uint64_t)left->ends.count +
	    right->ends.count <= list_most_count(p->fill))
		chain_merge(p->txn, large(p->value), left);
}

static uint64_t
remove_large(struct list_pen *p, enum list_end from, uint64_t max,
    struct slice aim)
{
	struct chain *c = large(p->value);
	struct node *n, *next, *before;
	uint64_t removed = 0;

	for (n = from == LIST_LEFT ? c->head : c->tail;
	     n != NULL && removed < max; n = next) {
		struct row r = chain_row(n);
		uint32_t count = row_count(&r, aim), take = count;

		txn_beat(p->txn);
		next = from == LIST_LEFT ? n->next : n->prev;
		before = from == LIST_LEFT ? n->prev : n->next;
		if (take > max - removed)
			take = (uint32_t)(max - removed);
		if (take == 0)
			continue;
		remove_in_node(p, n, aim, from == LIST_LEFT ? 0 : count - take,
		    take);
		removed += take;
		join(p, from, before, next);
	}
	if (removed > 0)
		txn_set64(p->txn, &c->count, c->count - removed);
	return removed;
}

uint64_t
list_remove(struct list_pen *p, enum list_end from, uint64_t max,
    struct slice s)
{
	struct slice aim = list_aim(p->txn, s);
	uint64_t all = list_count(p->value), removed;
	struct row r;
	uint32_t count;

	if (value_encoding(p->value) == LARGE) {
		removed = remove_large(p, from, max, aim);
		if (removed > 0 && removed < all)
			make_small(p);
	} else {
		r = list_record_row(p->value);
		count = row_count(&r, aim);
		removed = count < max ? count : max;
		if (removed > 0 && removed < all)
			remove_small(p, aim, from == LIST_LEFT ? 0 :
			    count - (uint32_t)removed, (uint32_t)removed);
	}
	if (removed == all) {
		slot_remove(p->txn, p->key, p->value);
		p->value = NULL;
	} else if (removed > 0) {
		slot_touch(p->txn, p->key);
	}
	return removed;
}

/* --- reading ----------------------------------------------------------- */

uint64_t
list_count(const struct value *v)
{
	return value_encoding(v) == LARGE ? large(v)->count :
	    list_record_row(v).ends.count;
}

struct slice
list_aim(struct txn *t, struct slice s)
{
	char *p = txn_scratch(t, listpack_put_bytes(s));

	return (struct slice){ p, listpack_put(p, s) };
}

/* Enters a node at its first or its last element. */
static bool
enter(struct list_at *a, struct node *n, bool at_last)
{
	if (n == NULL)
		return false;
	if (n->next != NULL)
		__builtin_prefetch(n->next);
	*a = (struct list_at){ n, n->data, n->ends.start, n->ends.start,
	    n->ends.end };
	if (at_last)
		a->at = n->ends.end -
		    (uint32_t)listpack_before_bytes(n->data + n->ends.end);
	return true;
}

static bool
seek_large(const struct chain *c, uint64_t index, struct list_at *a)
{
	uint64_t first;
	struct node *n = chain_seek(c, index, &first);

	enter(a, n, false);
	a->at = row_seek(n->data, &n->ends, (uint32_t)(index - first));
	return true;
}

bool
list_seek(const struct value *v, int64_t index, struct list_at *a)
{
	int64_t count = (int64_t)list_count(v);
	struct row r;

	if (index < 0)
		index += count;
	if (index < 0 || index >= count)
		return false;
	if (value_encoding(v) == LARGE)
		return seek_large(large(v), (uint64_t)index, a);
	r = list_record_row(v);
	*a = (struct list_at){ NULL, r.data, row_seek(r.data, &r.ends,
	    (uint32_t)index), r.ends.start, r.ends.end };
	return true;
}

bool
list_next(struct list_at *a)
{
	uint32_t next = a->at +
	    (uint32_t)listpack_entry_bytes(a->data, a->at);

	if (next < a->end) {
		a->at = next;
		return true;
	}
	return a->node != NULL && enter(a, a->node->next, false);
}

bool
list_prev(struct list_at *a)
{
	if (a->at > a->start) {
		a->at -= (uint32_t)listpack_before_bytes(a->data + a->at);
		return true;
	}
	return a->node != NULL && enter(a, a->node->prev, true);
}

void
list_each_row(const struct value *v, void (*visit)(void *arg,
    const char *elements, uint32_t bytes, uint32_t count), void *arg)
{
	const struct node *n;
	struct row r;

	if (value_encoding(v) != LARGE) {
		r = list_record_row(v);
		visit(arg, r.data + r.ends.start, row_used(&r), r.ends.count);
		return;
	}
	for (n = large(v)->head; n != NULL; n = n->next)
		visit(arg, n->data + n->ends.start, (uint32_t)chain_used(n),
		    n->ends.count);
}

/* --- the type ---------------------------------------------------------- */

static void
free_block(void *arg, const void *block)
{
	txn_free(arg, block);
}

static void
drop(struct txn *t, const struct value *v)
{
	chain_walk(large(v), free_block, t);
}

static void
copy(struct txn *t, const struct value *v, struct value *to)
{
	struct chain *c = chain_copy(t, large(v));

	memcpy(value_data(to), &c, sizeof(c));
}

static void
walk(const struct value *v, void (*visit)(void *arg, const void *block),
    void *arg)
{
	chain_walk(large(v), visit, arg);
}

const struct value_ops list_ops = { "list", drop, copy, walk, 0, NULL,
	offsetof(struct chain, taken) };
