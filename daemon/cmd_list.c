/*
 * cmd_list - the commands on lists
 *
 * A command that waits tries its keys in order each time it runs; what it
 * did is logged as the command that would not have waited.
 *
 * Not here: what a list is (shm/list.h), who waits for what (net_park.c).
 */
#include "daemon/call.h"
#include "shm/list.h"

#define ELEMENT_TEXT 24 /* room for an integer's digits */

static enum list_end
other(enum list_end end)
{
	return end == LIST_LEFT ? LIST_RIGHT : LIST_LEFT;
}

static const char *
pop_name(enum list_end end)
{
	return end == LIST_LEFT ? "LPOP" : "RPOP";
}

/* The list in argument i, to be changed; without a value where it is wrong. */
static struct list_pen
list_in(struct call *c, int i, struct key *k, bool *is_wrong)
{
	*k = call_key(c, i);
	return (struct list_pen){ c->txn, k,
	    call_find_type(c, k, VALUE_LIST, is_wrong),
	    call_options(c)->list_max_listpack_size };
}

/*
 * Same for a command that waits: a key that has another type when it runs
 * again is no reason to stop waiting.
 */
static struct list_pen
list_awaited(struct call *c, int i, struct key *k, bool *is_wrong)
{
	const struct value *v;

	*k = call_key(c, i);
	*is_wrong = false;
	if (call_has_waited(c) && (v = call_find(c, k)) != NULL &&
	    value_type(v) != VALUE_LIST)
		return (struct list_pen){ c->txn, k, NULL, 0 };
	return list_in(c, i, k, is_wrong);
}

/* The list in argument 1, to be read; NULL when there is none. */
static struct value *
list_read(struct call *c, bool *is_wrong)
{
	struct key k = call_key(c, 1);

	return call_find_type(c, &k, VALUE_LIST, is_wrong);
}

static void
reply_element(struct call *c, const struct list_at *at)
{
	struct listpack_value v = list_get(at);

	if (v.text.data != NULL)
		reply_bulk(c->reply, v.text);
	else
		reply_bulk_int(c->reply, v.number);
}

/* LEFT or RIGHT in argument i; false otherwise. */
static bool
read_end(const struct call *c, int i, enum list_end *end)
{
	*end = slice_is(c->argv[i], "left") ? LIST_LEFT : LIST_RIGHT;
	return *end == LIST_LEFT || slice_is(c->argv[i], "right");
}

/* An integer of at least `least` in argument i, or the error. */
static bool
read_least(struct call *c, int i, int64_t least, enum error_id error,
    int64_t *n)
{
	if (number_get_int(c->argv[i], n) && *n >= least)
		return true;
	reply_error(c->reply, error_text[error]);
	return false;
}

/* --- pushing ----------------------------------------------------------- */

static void
push(struct call *c, enum list_end end, bool makes_key)
{
	struct key k;
	bool is_wrong;
	struct list_pen p = list_in(c, 1, &k, &is_wrong);

	if (is_wrong)
		return;
	if (p.value == NULL && !makes_key) {
		reply_int(c->reply, 0);
		return;
	}
	list_push(&p, end, c->argv + 2, c->argc - 2);
	call_changed(c);
	reply_int(c->reply, (int64_t)list_count(p.value));
}

void
cmd_lpush(struct call *c)
{
	push(c, LIST_LEFT, true);
}

void
cmd_rpush(struct call *c)
{
	push(c, LIST_RIGHT, true);
}

void
cmd_lpushx(struct call *c)
{
	push(c, LIST_LEFT, false);
}

void
cmd_rpushx(struct call *c)
{
	push(c, LIST_RIGHT, false);
}

void
cmd_linsert(struct call *c)
{
	bool is_before = slice_is(c->argv[2], "before"), is_wrong;
	struct list_pen p;
	struct list_at at;
	struct slice aim;
	struct key k;

	if (!is_before && !slice_is(c->argv[2], "after")) {
		call_syntax(c);
		return;
	}
	p = list_in(c, 1, &k, &is_wrong);
	if (is_wrong)
		return;
	if (p.value == NULL) {
		reply_int(c->reply, 0);
		return;
	}
	aim = list_aim(c->txn, c->argv[3]);
	list_seek(p.value, 0, &at);
	while (!list_is(&at, aim)) {
		if (!list_next(&at)) {
			reply_int(c->reply, -1);
			return;
		}
		txn_beat(c->txn);
	}
	list_insert(&p, &at, is_before ? LIST_LEFT : LIST_RIGHT, c->argv[4]);
	call_changed(c);
	reply_int(c->reply, (int64_t)list_count(p.value));
}

void
cmd_lset(struct call *c)
{
	struct key k;
	bool is_wrong;
	struct list_pen p = list_in(c, 1, &k, &is_wrong);
	struct list_at at;
	int64_t index;

	if (is_wrong)
		return;
	if (p.value == NULL) {
		reply_error(c->reply, error_text[ERROR_NO_KEY]);
		return;
	}
	if (!call_int(c, 2, &index))
		return;
	if (!list_seek(p.value, index, &at)) {
		reply_error(c->reply, error_text[ERROR_OUT_OF_RANGE]);
		return;
	}
	list_set(&p, &at, c->argv[3]);
	call_changed(c);
	reply_ok(c->reply);
}

/* --- reading ----------------------------------------------------------- */

void
cmd_llen(struct call *c)
{
	bool is_wrong;
	const struct value *v = list_read(c, &is_wrong);

	if (!is_wrong)
		reply_int(c->reply, v != NULL ? (int64_t)list_count(v) : 0);
}

void
cmd_lindex(struct call *c)
{
	bool is_wrong;
	const struct value *v = list_read(c, &is_wrong);
	struct list_at at;
	int64_t index;

	if (is_wrong)
		return;
	if (v == NULL) {
		reply_null(c->reply);
		return;
	}
	if (!call_int(c, 2, &index))
		return;
	if (list_seek(v, index, &at))
		reply_element(c, &at);
	else
		reply_null(c->reply);
}

/*
 * Makes first and last, where negative ones count from the end, indexes of
 * a list of `count`, and returns how many elements they span.
 */
static int64_t
span(int64_t *first, int64_t *last, int64_t count)
{
	if (*first < 0)
		*first = *first + count < 0 ? 0 : *first + count;
	if (*last < 0)
		*last += count;
	if (*last >= count)
		*last = count - 1;
	return *first > *last ? 0 : *last - *first + 1;
}

void
cmd_lrange(struct call *c)
{
	const struct value *v;
	int64_t first, last, n;
	struct list_at at;
	bool is_wrong;

	if (!call_int(c, 2, &first) || !call_int(c, 3, &last))
		return;
	v = list_read(c, &is_wrong);
	if (is_wrong)
		return;
	n = v != NULL ? span(&first, &last, (int64_t)list_count(v)) : 0;
	reply_array(c->reply, n);
	if (n == 0)
		return;
	for (list_seek(v, first, &at); reply_element(c, &at), --n > 0;) {
		list_next(&at);
		txn_beat(c->txn);
	}
}

struct search {
	int64_t rank;    /* 1: the first match; negative: from the end */
	int64_t count;   /* matches wanted, 0: all; -1: not given, so one */
	int64_t most;    /* elements looked at, 0: all */
};

static bool
read_search(struct call *c, struct search *s)
{
	int i;

	*s = (struct search){ 1, -1, 0 };
	for (i = 3; i + 1 < c->argc; i += 2)
		if (slice_is(c->argv[i], "rank")) {
			if (!call_int(c, i + 1, &s->rank))
				return false;
			if (s->rank == 0 || s->rank == INT64_MIN) {
				reply_error(c->reply, error_text[s->rank == 0 ?
				    ERROR_RANK_ZERO : ERROR_RANK_RANGE]);
				return false;
			}
		} else if (slice_is(c->argv[i], "count")) {
			if (!read_least(c, i + 1, 0, ERROR_COUNT_NEGATIVE,
			    &s->count))
				return false;
		} else if (slice_is(c->argv[i], "maxlen")) {
			if (!read_least(c, i + 1, 0, ERROR_MAXLEN_NEGATIVE,
			    &s->most))
				return false;
		} else {
			break;
		}
	if (i < c->argc)
		call_syntax(c);
	return i >= c->argc;
}

/* Replies the indexes of matches, as many as are wanted; how many. */
static int64_t
find_matches(struct call *c, const struct value *v, const struct search *s)
{
	enum list_end towards = s->rank > 0 ? LIST_RIGHT : LIST_LEFT;
	int64_t skip = (s->rank > 0 ? s->rank : -s->rank) - 1, found = 0;
	int64_t index = s->rank > 0 ? 0 : (int64_t)list_count(v) - 1, seen = 0;
	struct slice aim = list_aim(c->txn, c->argv[2]);
	struct list_at at;

	list_seek(v, index, &at);
	do {
		if (list_is(&at, aim) && skip-- <= 0) {
			reply_int(c->reply, index);
			if (++found == (s->count < 0 ? 1 : s->count))
				break;
		}
		index += s->rank > 0 ? 1 : -1;
		txn_beat(c->txn);
	} while (++seen != s->most && list_step(&at, towards));
	return found;
}

void
cmd_lpos(struct call *c)
{
	struct search s;
	const struct value *v;
	int64_t found = 0;
	size_t place = 0;
	bool is_wrong;

	if (!read_search(c, &s))
		return;
	v = list_read(c, &is_wrong);
	if (is_wrong)
		return;
	if (s.count >= 0)
		place = reply_later(c->reply);
	if (v != NULL)
		found = find_matches(c, v, &s);
	if (s.count >= 0)
		reply_later_set(c->reply, place, '*', found);
	else if (found == 0)
		reply_null(c->reply);
}

/* --- removing ---------------------------------------------------------- */

void
cmd_lrem(struct call *c)
{
	struct list_pen p;
	uint64_t most, removed;
	bool is_wrong;
	struct key k;
	int64_t n;

	if (!call_int(c, 2, &n))
		return;
	p = list_in(c, 1, &k, &is_wrong);
	if (is_wrong)
		return;
	most = n == 0 ? UINT64_MAX : n < 0 ? -(uint64_t)n : (uint64_t)n;
	removed = p.value == NULL ? 0 : list_remove(&p, n < 0 ? LIST_RIGHT :
	    LIST_LEFT, most, c->argv[3]);
	if (removed > 0)
		call_changed(c);
	reply_int(c->reply, (int64_t)removed);
}

void
cmd_ltrim(struct call *c)
{
	struct list_pen p;
	int64_t first, last, count, n;
	bool is_wrong;
	struct key k;

	if (!call_int(c, 2, &first) || !call_int(c, 3, &last))
		return;
	p = list_in(c, 1, &k, &is_wrong);
	if (is_wrong)
		return;
	reply_ok(c->reply);
	if (p.value == NULL)
		return;
	count = (int64_t)list_count(p.value);
	n = span(&first, &last, count);
	if (n < count)
		call_changed(c);
	/* Also a cut of nothing touches the key, as in Redis. */
	list_cut(&p, LIST_LEFT, (uint64_t)(n > 0 ? first : count));
	if (n > 0)
		list_cut(&p, LIST_RIGHT, (uint64_t)(count - 1 - last));
	call_event_left(c, EVENT_LIST, "ltrim", &k);
}

/* Replies n elements from an end on, and takes them away. */
static void
pop_elements(struct call *c, struct list_pen *p, enum list_end end, int64_t n)
{
	struct list_at at;
	int64_t i;

	list_seek(p->value, end == LIST_LEFT ? 0 : -1, &at);
	for (i = 0; i < n; i++) {
		if (i > 0)
			list_step(&at, other(end));
		reply_element(c, &at);
		txn_beat(c->txn);
	}
	list_cut(p, end, (uint64_t)n);
	call_event_left(c, EVENT_LIST, end == LIST_LEFT ? "lpop" : "rpop",
	    p->key);
}

static void
pop(struct call *c, enum list_end end)
{
	bool has_count = c->argc == 3, is_wrong;
	int64_t n = 1, count;
	struct list_pen p;
	struct key k;

	if (c->argc > 3) {
		call_arity(c);
		return;
	}
	if (has_count && !read_least(c, 2, 0, ERROR_POSITIVE, &n))
		return;
	p = list_in(c, 1, &k, &is_wrong);
	if (is_wrong)
		return;
	if (p.value == NULL) {
		if (has_count)
			reply_null_array(c->reply);
		else
			reply_null(c->reply);
		return;
	}
	count = (int64_t)list_count(p.value);
	if (n > count)
		n = count;
	if (has_count)
		reply_array(c->reply, n);
	if (n == 0)
		return;
	pop_elements(c, &p, end, n);
	call_changed(c);
}

void
cmd_lpop(struct call *c)
{
	pop(c, LIST_LEFT);
}

void
cmd_rpop(struct call *c)
{
	pop(c, LIST_RIGHT);
}

static void
pop_waiting(struct call *c, enum list_end end)
{
	int64_t timeout_ms;
	int keys = c->argc - 2, i;
	struct list_pen p;
	bool is_wrong;
	struct key k;

	if (!call_timeout(c, c->argc - 1, &timeout_ms))
		return;
	for (i = 1; i <= keys; i++) {
		p = list_awaited(c, i, &k, &is_wrong);
		if (is_wrong)
			return;
		if (p.value == NULL)
			continue;
		reply_array(c->reply, 2);
		reply_bulk(c->reply, k.name);
		pop_elements(c, &p, end, 1);
		call_logs(c, 2, (const struct slice[]){
		    slice_of(pop_name(end)), k.name });
		return;
	}
	if (!call_park(c, 1, keys, timeout_ms, CALL_NULL_ARRAY))
		reply_null_array(c->reply);
}

void
cmd_blpop(struct call *c)
{
	pop_waiting(c, LIST_LEFT);
}

void
cmd_brpop(struct call *c)
{
	pop_waiting(c, LIST_RIGHT);
}

/* Several keys: the first list that has elements gives up to `most`. */
static bool
pop_first(struct call *c, int first_key, int keys, enum list_end end,
    int64_t most)
{
	char digits[NUMBER_TEXT];
	struct list_pen p;
	bool is_wrong;
	struct key k;
	int64_t n;
	int i;

	for (i = first_key; i < first_key + keys; i++) {
		p = list_awaited(c, i, &k, &is_wrong);
		if (is_wrong)
			return true;
		if (p.value == NULL)
			continue;
		n = (int64_t)list_count(p.value);
		if (n > most)
			n = most;
		reply_array(c->reply, 2);
		reply_bulk(c->reply, k.name);
		reply_array(c->reply, n);
		pop_elements(c, &p, end, n);
		call_logs(c, 3, (const struct slice[]){
		    slice_of(pop_name(end)), k.name,
		    { digits, number_put_int(digits, n) } });
		return true;
	}
	return false;
}

/* The arguments from the number of keys on; replies what is wrong. */
static bool
read_many(struct call *c, int at, int *keys, enum list_end *end, int64_t *most)
{
	int64_t n;
	int i;

	*most = 1;
	if (!read_least(c, at, 1, ERROR_NUMKEYS, &n))
		return false;
	if (n >= c->argc - at - 1 || !read_end(c, at + 1 + (int)n, end)) {
		call_syntax(c);
		return false;
	}
	*keys = (int)n;
	i = at + 2 + *keys;
	if (i == c->argc)
		return true;
	if (i + 2 > c->argc || !slice_is(c->argv[i], "count")) {
		call_syntax(c);
		return false;
	}
	if (!read_least(c, i + 1, 1, ERROR_COUNT_ZERO, most))
		return false;
	if (i + 2 < c->argc)
		call_syntax(c);
	return i + 2 == c->argc;
}

void
cmd_lmpop(struct call *c)
{
	enum list_end end;
	int64_t most;
	int keys;

	if (read_many(c, 1, &keys, &end, &most) &&
	    !pop_first(c, 2, keys, end, most))
		reply_null_array(c->reply);
}

void
cmd_blmpop(struct call *c)
{
	int64_t timeout_ms, most;
	enum list_end end;
	int keys;

	if (read_many(c, 2, &keys, &end, &most) &&
	    call_timeout(c, 1, &timeout_ms) &&
	    !pop_first(c, 3, keys, end, most) &&
	    !call_park(c, 3, keys, timeout_ms, CALL_NULL_ARRAY))
		reply_null_array(c->reply);
}

/* --- moving ------------------------------------------------------------ */

/* Moves within one list: pushed first, so that the key is never gone. */
static void
rotate(struct call *c, struct list_pen *p, enum list_end from,
    enum list_end to, struct slice s)
{
	char *copy = txn_scratch(c->txn, s.bytes + 1);

	if (from == to) {
		slot_touch(c->txn, p->key);
		return;
	}
	memcpy(copy, s.data, s.bytes);
	list_push(p, to, &(struct slice){ copy, s.bytes }, 1);
	list_cut(p, from, 1);
}

/* Takes an element to the list in argument 2; false when that is no list. */
static bool
move(struct call *c, struct list_pen *p, enum list_end from, enum list_end to)
{
	char scratch[ELEMENT_TEXT];
	struct list_pen target;
	struct list_at at;
	struct slice s;
	bool is_wrong;
	struct key k;

	target = list_in(c, 2, &k, &is_wrong);
	if (is_wrong)
		return false;
	list_seek(p->value, from == LIST_LEFT ? 0 : -1, &at);
	s = list_text(&at, scratch);
	reply_bulk(c->reply, s);
	if (target.value == p->value) {
		rotate(c, p, from, to, s);
	} else {
		list_push(&target, to, &s, 1);
		list_cut(p, from, 1);
	}
	call_event(c, EVENT_LIST, to == LIST_LEFT ? "lpush" : "rpush", &k);
	call_event_left(c, EVENT_LIST, from == LIST_LEFT ? "lpop" : "rpop",
	    p->key);
	return true;
}

static void
move_now(struct call *c, enum list_end from, enum list_end to)
{
	struct key k;
	bool is_wrong;
	struct list_pen p = list_in(c, 1, &k, &is_wrong);

	if (is_wrong)
		return;
	if (p.value == NULL)
		reply_null(c->reply);
	else if (move(c, &p, from, to))
		call_changed(c);
}

/* Same, or waits; `logged` is what has to be done elsewhere. */
static void
move_waiting(struct call *c, enum list_end from, enum list_end to,
    int timeout_at, int argc, const struct slice *logged)
{
	struct list_pen p;
	int64_t timeout_ms;
	bool is_wrong;
	struct key k;

	if (!call_timeout(c, timeout_at, &timeout_ms))
		return;
	p = list_awaited(c, 1, &k, &is_wrong);
	if (is_wrong)
		return;
	if (p.value != NULL) {
		if (move(c, &p, from, to))
			call_logs(c, argc, logged);
	} else if (!call_park(c, 1, 1, timeout_ms, CALL_NULL_ARRAY)) {
		reply_null(c->reply);
	}
}

void
cmd_lmove(struct call *c)
{
	enum list_end from, to;

	if (read_end(c, 3, &from) && read_end(c, 4, &to))
		move_now(c, from, to);
	else
		call_syntax(c);
}

void
cmd_rpoplpush(struct call *c)
{
	move_now(c, LIST_RIGHT, LIST_LEFT);
}

void
cmd_blmove(struct call *c)
{
	enum list_end from, to;

	if (read_end(c, 3, &from) && read_end(c, 4, &to))
		move_waiting(c, from, to, 5, 5, (const struct slice[]){
		    SLICE("LMOVE"), c->argv[1], c->argv[2], c->argv[3],
		    c->argv[4] });
	else
		call_syntax(c);
}

void
cmd_brpoplpush(struct call *c)
{
	move_waiting(c, LIST_RIGHT, LIST_LEFT, 3, 3, (const struct slice[]){
	    SLICE("RPOPLPUSH"), c->argv[1], c->argv[2] });
}
