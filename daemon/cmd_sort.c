/*
 * cmd_sort - SORT and SORT_RO
 *
 * Patterns name keys that no argument names: a SORT with such a pattern runs
 * with all slots locked (command_needs_every), any other with those of its
 * keys.
 *
 * Elements that are equal keep the order in which the value has them, but for
 * numbers, where their bytes decide.  Texts are compared by bytes, whatever the
 * locale.
 *
 * Not here: the order of sorted sets (shm/zset.h).
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "daemon/net_worker.h"
#include "shm/hash.h"
#include "shm/list.h"
#include "shm/set.h"
#include "shm/string.h"
#include "shm/zset.h"

#define NUMBER_BYTES 256 /* longer numbers are copied to scratch memory */

struct element {
	struct slice text;
	struct slice weight;  /* data NULL: none */
	double score;
	uint64_t index;       /* before sorting */
};

struct sort {
	struct call *c;
	bool is_desc, is_alpha, is_unsorted;
	bool has_by;
	struct slice by, store;
	const struct slice **get;
	int gets;
	int64_t offset, limit;     /* as given; limit -1: all */
	struct element *element;
	uint64_t count;
	uint64_t first, shown;     /* what LIMIT lets through */
};

/* --- arguments --------------------------------------------------------- */

static bool
refuse_in_cluster(struct call *c, const char *option)
{
	if (call_options(c)->cluster_enabled)
		reply_errorf(c->reply, error_text[ERROR_SORT_CLUSTER], option);
	return call_options(c)->cluster_enabled;
}

static bool
read_by(struct sort *s, int i)
{
	s->by = s->c->argv[i];
	s->has_by = memchr(s->by.data, '*', s->by.bytes) != NULL;
	/* Once said it holds, whatever BY comes behind it. */
	s->is_unsorted |= !s->has_by;
	return !s->has_by || !refuse_in_cluster(s->c, "BY");
}

static bool
read_get(struct sort *s, int i)
{
	s->get[s->gets++] = &s->c->argv[i];
	return slice_equal(s->c->argv[i], SLICE("#")) ||
	    !refuse_in_cluster(s->c, "GET");
}

/* One option at argument *i, which moves to its last argument. */
static bool
read_option(struct sort *s, int *i, bool may_store)
{
	struct call *c = s->c;
	struct slice word = c->argv[*i];
	int left = c->argc - *i - 1;

	if (slice_is(word, "asc") || slice_is(word, "desc")) {
		s->is_desc = slice_is(word, "desc");
		return true;
	}
	if (slice_is(word, "alpha"))
		return s->is_alpha = true;
	if (slice_is(word, "limit") && left >= 2) {
		*i += 2;
		return call_int(c, *i - 1, &s->offset) &&
		    call_int(c, *i, &s->limit);
	}
	if (slice_is(word, "store") && left >= 1 && may_store) {
		s->store = c->argv[++*i];
		return true;
	}
	if (slice_is(word, "by") && left >= 1)
		return read_by(s, ++*i);
	if (slice_is(word, "get") && left >= 1)
		return read_get(s, ++*i);
	call_syntax(c);
	return false;
}

/* --- elements ---------------------------------------------------------- */

static void
list_elements(struct sort *s, const struct value *v)
{
	struct list_at at;
	uint64_t i;

	list_seek(v, 0, &at);
	for (i = 0; i < s->count; i++) {
		struct listpack_value e = list_get(&at);

		if (e.text.data == NULL)
			e.text = list_text(&at, txn_scratch(s->c->txn,
			    NUMBER_TEXT));
		s->element[i].text = e.text;
		list_next(&at);
	}
}

static void
set_elements(struct sort *s, const struct value *v)
{
	struct slice *member = txn_scratch(s->c->txn,
	    s->count * sizeof(*member));
	uint64_t i;

	set_list(s->c->txn, v, member);
	for (i = 0; i < s->count; i++)
		s->element[i].text = member[i];
}

/*
 * In order of scores, downwards with DESC: it counts where nothing is sorted.
 */
static void
zset_elements(struct sort *s, const struct value *v)
{
	struct zset_item *item = txn_scratch(s->c->txn,
	    s->count * sizeof(*item));
	uint64_t i;

	zset_list(s->c->txn, v, 0, s->count, item);
	for (i = 0; i < s->count; i++)
		s->element[i].text = item[i].member;
}

static void
reverse(struct sort *s)
{
	uint64_t i;

	for (i = 0; i < s->count / 2; i++) {
		struct element e = s->element[i];

		s->element[i] = s->element[s->count - 1 - i];
		s->element[s->count - 1 - i] = e;
	}
}

static void
take_elements(struct sort *s, const struct value *v)
{
	uint64_t i;

	if (v == NULL)
		return;
	s->count = value_type(v) == VALUE_LIST ? list_count(v) :
	    value_type(v) == VALUE_SET ? set_count(v) : zset_count(v);
	s->element = txn_scratch(s->c->txn, s->count * sizeof(*s->element));
	memset(s->element, 0, s->count * sizeof(*s->element));
	if (value_type(v) == VALUE_LIST)
		list_elements(s, v);
	else if (value_type(v) == VALUE_SET)
		set_elements(s, v);
	else
		zset_elements(s, v);
	/* DESC counts also where nothing is sorted, but not for sets. */
	if (s->is_unsorted && s->is_desc && value_type(v) != VALUE_SET)
		reverse(s);
	for (i = 0; i < s->count; i++)
		s->element[i].index = i;
}

/* What LIMIT leaves of what there is. */
static void
limit(struct sort *s)
{
	int64_t count = (int64_t)s->count;
	int64_t first = s->offset < 0 ? 0 : s->offset;

	s->first = (uint64_t)(first > count ? count : first);
	s->shown = s->count - s->first;
	if (s->limit >= 0 && (uint64_t)s->limit < s->shown)
		s->shown = (uint64_t)s->limit;
}

/* --- patterns ---------------------------------------------------------- */

static struct slice
text_in(struct call *c, const struct value *v)
{
	return string_text(v, value_encoding(v) == STRING_INT ?
	    txn_scratch(c->txn, NUMBER_TEXT) : NULL);
}

/*
 * What a pattern yields for an element; data NULL: nothing.  The * becomes the
 * element; "#" is the element itself; behind "->" stands a field of a hash.
 */
static struct slice
look_up(struct call *c, struct slice pattern, struct slice element)
{
	const struct slice nothing = { NULL, 0 };
	const char *star, *end = pattern.data + pattern.bytes, *arrow = NULL;
	struct slice field = { NULL, 0 }, found;
	struct value *v;
	struct key k;
	char *name;
	size_t head, tail;

	if (slice_equal(pattern, SLICE("#")))
		return element;
	star = memchr(pattern.data, '*', pattern.bytes);
	if (star == NULL)
		return nothing;
	arrow = memmem(star, (size_t)(end - star), "->", 2);
	if (arrow != NULL && arrow + 2 < end) {
		field = (struct slice){ arrow + 2, (size_t)(end - arrow - 2) };
		end = arrow;
	}
	head = (size_t)(star - pattern.data);
	tail = (size_t)(end - star - 1);
	name = txn_scratch(c->txn, head + element.bytes + tail + 1);
	memcpy(name, pattern.data, head);
	memcpy(name + head, element.data, element.bytes);
	memcpy(name + head + element.bytes, star + 1, tail);
	k = slot_key(REGION->common.slot, c->db,
	    (struct slice){ name, head + element.bytes + tail });
	v = slot_find(c->txn, &k);
	if (v == NULL || value_type(v) !=
	    (field.data != NULL ? VALUE_HASH : VALUE_STRING))
		return nothing;
	if (field.data == NULL)
		return text_in(c, v);
	return hash_get(v, field, &found, txn_scratch(c->txn, NUMBER_TEXT)) ?
	    found : nothing;
}

/* --- sorting ----------------------------------------------------------- */

/* As strtod reads it, to the end of the text or its first zero. */
static bool
read_score(struct call *c, struct slice text, double *score)
{
	char small[NUMBER_BYTES], *copy = small, *end;

	if (text.bytes >= sizeof(small))
		copy = txn_scratch(c->txn, text.bytes + 1);
	memcpy(copy, text.data, text.bytes);
	copy[text.bytes] = 0;
	errno = 0;
	*score = strtod(copy, &end);
	return *end == 0 && errno != ERANGE && !isnan(*score);
}

/* Gives every element its weight or score; false: one is not a number. */
static bool
weigh(struct sort *s)
{
	uint64_t i;

	for (i = 0; i < s->count; i++) {
		struct element *e = &s->element[i];

		txn_beat(s->c->txn);
		e->weight = s->has_by ? look_up(s->c, s->by, e->text) :
		    e->text;
		if (s->is_alpha || e->weight.data == NULL)
			continue;
		if (!read_score(s->c, e->weight, &e->score)) {
			reply_error(s->c->reply, error_text[ERROR_SORT_SCORE]);
			return false;
		}
	}
	return true;
}

static int
compare(const void *a, const void *b, void *arg)
{
	const struct element *x = a, *y = b;
	const struct sort *s = arg;
	int order;

	txn_beat(s->c->txn);
	if (!s->is_alpha) {
		order = (x->score > y->score) - (x->score < y->score);
		if (order == 0)
			order = slice_compare(x->text, y->text);
	} else if (x->weight.data == NULL || y->weight.data == NULL) {
		order = (x->weight.data != NULL) - (y->weight.data != NULL);
	} else {
		order = slice_compare(x->weight, y->weight);
	}
	if (order == 0)
		return x->index < y->index ? -1 : 1;
	return s->is_desc ? -order : order;
}

/* --- what is shown ----------------------------------------------------- */

/* The column-th thing shown of an element; data NULL: nothing. */
static struct slice
shown_of(struct sort *s, uint64_t i, int column)
{
	const struct element *e = &s->element[s->first + i];

	return s->gets == 0 ? e->text :
	    look_up(s->c, *s->get[column], e->text);
}

static void
reply_shown(struct sort *s)
{
	int columns = s->gets == 0 ? 1 : s->gets, column;
	uint64_t i;

	reply_array(s->c->reply, (int64_t)s->shown * columns);
	for (i = 0; i < s->shown; i++)
		for (column = 0; column < columns; column++) {
			struct slice text = shown_of(s, i, column);

			if (text.data == NULL)
				reply_null(s->c->reply);
			else
				reply_bulk(s->c->reply, text);
		}
}

static void
store_shown(struct sort *s)
{
	struct call *c = s->c;
	struct key k = slot_key(REGION->common.slot, c->db, s->store);
	struct list_pen pen = { c->txn, &k, slot_peek(c->txn, &k),
	    call_options(c)->list_max_listpack_size };
	int columns = s->gets == 0 ? 1 : s->gets, column;
	uint64_t i;

	if (pen.value == NULL && s->shown == 0) {
		reply_int(c->reply, 0);
		return;
	}
	if (s->shown == 0)
		slot_remove(c->txn, &k, pen.value);
	else if (pen.value != NULL)
		list_replace(&pen);
	for (i = 0; i < s->shown; i++)
		for (column = 0; column < columns; column++) {
			struct slice text = shown_of(s, i, column);

			if (text.data == NULL)
				text = SLICE("");
			list_push(&pen, LIST_RIGHT, &text, 1);
		}
	if (s->shown > 0)
		call_event(c, EVENT_LIST, "sortstore", &k);
	else
		call_event(c, EVENT_GENERIC, "del", &k);
	call_changed(c);
	reply_int(c->reply, (int64_t)s->shown * columns);
}

static void
sort(struct call *c, bool may_store)
{
	struct sort s = { .c = c, .limit = -1, .store = { NULL, 0 } };
	struct key k = call_key(c, 1);
	struct value *v;
	int i;

	s.get = txn_scratch(c->txn, (size_t)c->argc * sizeof(*s.get));
	for (i = 2; i < c->argc; i++)
		if (!read_option(&s, &i, may_store))
			return;
	v = slot_find(c->txn, &k);
	if (v != NULL && value_type(v) != VALUE_LIST &&
	    value_type(v) != VALUE_SET && value_type(v) != VALUE_ZSET) {
		reply_error(c->reply, error_text[ERROR_WRONGTYPE]);
		return;
	}
	/* A set has no order that a replica would have too. */
	if (s.is_unsorted && s.store.data != NULL && v != NULL &&
	    value_type(v) == VALUE_SET) {
		s.is_unsorted = s.has_by = false;
		s.is_alpha = true;
	}
	take_elements(&s, v);
	if (!s.is_unsorted) {
		if (!weigh(&s))
			return;
		if (s.count > 1)
			qsort_r(s.element, s.count, sizeof(*s.element),
			    compare, &s);
	}
	limit(&s);
	if (s.store.data != NULL)
		store_shown(&s);
	else
		reply_shown(&s);
}

void
cmd_sort(struct call *c)
{
	sort(c, true);
}

void
cmd_sort_ro(struct call *c)
{
	sort(c, false);
}
