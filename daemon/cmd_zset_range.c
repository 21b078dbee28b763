/*
 * cmd_zset_range - ranges of sorted sets by rank, score or member
 *
 * Whatever a range is given by, it is first made a run of ranks; counting,
 * replying, storing and deleting then are the same for all.
 *
 * Not here: the search for a border (shm/zset_order.c).
 */
#include "daemon/cmd_zset.h"

#include <math.h>
#include <stdlib.h>

static const char *const bad_score = "ERR min or max is not a float";
static const char *const bad_member =
    "ERR min or max not valid string range item";

enum range_kind { BY_RANK, BY_SCORE, BY_MEMBER };

/* A range as it was asked for. */
struct range {
	enum range_kind kind;
	bool is_reverse;
	bool with_scores;
	int64_t first, last;           /* BY_RANK: in the order asked for */
	struct zset_bound low, high;   /* others */
	int64_t skip, limit;           /* limit negative: all */
};

/* --- borders ----------------------------------------------------------- */

/*
 * A score as a border: what strtod() makes of it, an empty text being 0 and a
 * zero byte ending it, as redis-server has it.
 */
static bool
read_border_score(struct call *c, struct slice s, double *score)
{
	char *text, *end;

	if (number_get_double(s, score))
		return true;
	text = txn_scratch(c->txn, s.bytes + 1);
	memcpy(text, s.data, s.bytes);
	text[s.bytes] = 0;
	*score = strtod(text, &end);
	return *end == 0 && !isnan(*score);
}

static bool
read_score_border(struct call *c, int i, bool is_high, struct zset_bound *b)
{
	struct slice s = c->argv[i];
	bool is_open = s.bytes > 0 && s.data[0] == '(';

	b->kind = ZSET_BY_SCORE;
	b->is_behind = is_high != is_open;
	return read_border_score(c, (struct slice){ s.data + is_open,
	    s.bytes - is_open }, &b->score);
}

/* What ends at a zero byte is - or +, which lie before and behind all. */
static bool
read_member_border(struct call *c, int i, bool is_high, struct zset_bound *b)
{
	struct slice s = c->argv[i];
	char mark = s.bytes > 0 ? s.data[0] : 0;

	if (mark == '[' || mark == '(') {
		b->kind = ZSET_BY_MEMBER;
		b->is_behind = is_high != (mark == '(');
		b->member = (struct slice){ s.data + 1, s.bytes - 1 };
		return true;
	}
	b->kind = ZSET_BY_SCORE;
	b->is_behind = mark == '+';
	b->score = mark == '+' ? INFINITY : -INFINITY;
	return (mark == '-' || mark == '+') &&
	    (s.bytes == 1 || s.data[1] == 0);
}

/* The borders in arguments i and i + 1; replies when they are none. */
static bool
read_borders(struct call *c, int i, struct range *r)
{
	int low = i + (r->is_reverse && r->kind != BY_RANK);
	int high = i * 2 + 1 - low;
	bool is_right = true;

	switch (r->kind) {
	case BY_RANK:
		return call_int(c, i, &r->first) && call_int(c, i + 1,
		    &r->last);
	case BY_SCORE:
		is_right = read_score_border(c, low, false, &r->low) &&
		    read_score_border(c, high, true, &r->high);
		if (!is_right)
			reply_error(c->reply, bad_score);
		break;
	case BY_MEMBER:
		is_right = read_member_border(c, low, false, &r->low) &&
		    read_member_border(c, high, true, &r->high);
		if (!is_right)
			reply_error(c->reply, bad_member);
		break;
	}
	return is_right;
}

/* Ranks from the range's first to its last, as ZRANGE counts them. */
static void
find_ranks(uint64_t count, const struct range *r, uint64_t *from, uint64_t *to)
{
	int64_t n = (int64_t)count, first = r->first, last = r->last;

	if (first < 0)
		first = first + n < 0 ? 0 : first + n;
	if (last < 0)
		last += n;
	if (last >= n)
		last = n - 1;
	*from = *to = 0;
	if (first > last)
		return;
	*from = (uint64_t)(r->is_reverse ? n - 1 - last : first);
	*to = (uint64_t)(r->is_reverse ? n - first : last + 1);
}

/* The run of ranks *from to *to - 1 that the range means in v. */
static void
find_run(const struct value *v, const struct range *r, uint64_t *from,
    uint64_t *to)
{
	*from = *to = 0;
	if (r->kind == BY_RANK) {
		find_ranks(zset_count(v), r, from, to);
		return;
	}
	if (r->skip >= 0)
		zset_span(v, &r->low, &r->high, r->is_reverse,
		    (uint64_t)r->skip, from, to);
	if (r->limit < 0 || (uint64_t)r->limit >= *to - *from)
		return;
	if (r->is_reverse)
		*from = *to - (uint64_t)r->limit;
	else
		*to = *from + (uint64_t)r->limit;
}

/* --- ZRANGE and its older forms ---------------------------------------- */

/* What a command's name leaves to its arguments. */
#define MAY_KIND 1     /* BYSCORE, BYLEX */
#define MAY_REVERSE 2  /* REV */
#define MAY_SCORES 4   /* WITHSCORES */

static bool
read_limit(struct call *c, int i, struct range *r)
{
	return call_int(c, i, &r->skip) && call_int(c, i + 1, &r->limit);
}

/* The options from argument i on; replies when something is wrong. */
static bool
read_options(struct call *c, int i, unsigned may, struct range *r)
{
	for (; i < c->argc; i++) {
		struct slice s = c->argv[i];

		if (may & MAY_SCORES && slice_is(s, "withscores")) {
			r->with_scores = true;
		} else if (slice_is(s, "limit") && i + 2 < c->argc) {
			if (!read_limit(c, i + 1, r))
				return false;
			i += 2;
		} else if (may & MAY_REVERSE && slice_is(s, "rev")) {
			r->is_reverse = true;
			may &= ~MAY_REVERSE;
		} else if (may & MAY_KIND && slice_is(s, "bylex")) {
			r->kind = BY_MEMBER;
			may &= ~MAY_KIND;
		} else if (may & MAY_KIND && slice_is(s, "byscore")) {
			r->kind = BY_SCORE;
			may &= ~MAY_KIND;
		} else {
			call_syntax(c);
			return false;
		}
	}
	if (r->limit != -1 && r->kind == BY_RANK)
		reply_error(c->reply,
		    "ERR syntax error, LIMIT is only supported in combination "
		    "with either BYSCORE or BYLEX");
	else if (r->with_scores && r->kind == BY_MEMBER)
		reply_error(c->reply,
		    "ERR syntax error, WITHSCORES not supported in combination "
		    "with BYLEX");
	else
		return true;
	return false;
}

static void
reply_run(struct call *c, const struct value *v, const struct range *r,
    uint64_t from, uint64_t to)
{
	struct zset_cursor cursor;
	struct zset_item item;
	uint64_t left = to - from;

	cmd_zset_reply_head(c, left, r->with_scores);
	if (left == 0)
		return;
	zset_seek(v, r->is_reverse ? to - 1 : from, &cursor);
	for (; left > 0; left--) {
		if (r->is_reverse)
			zset_prev(&cursor, &item);
		else
			zset_next(&cursor, &item);
		cmd_zset_reply_item(c, &item, r->with_scores);
	}
}

static void
range(struct call *c, enum range_kind kind, bool is_reverse, unsigned may)
{
	struct range r = { .kind = kind, .is_reverse = is_reverse,
		.limit = -1 };
	struct key k = call_key(c, 1);
	const struct value *v;
	uint64_t from, to;
	bool is_wrong;

	if (!read_options(c, 4, may, &r) || !read_borders(c, 2, &r))
		return;
	v = call_find_type(c, &k, VALUE_ZSET, &is_wrong);
	if (is_wrong)
		return;
	if (v == NULL) {
		reply_array(c->reply, 0);
		return;
	}
	find_run(v, &r, &from, &to);
	reply_run(c, v, &r, from, to);
}

void
cmd_zrange(struct call *c)
{
	range(c, BY_RANK, false, MAY_KIND | MAY_REVERSE | MAY_SCORES);
}

void
cmd_zrevrange(struct call *c)
{
	range(c, BY_RANK, true, MAY_SCORES);
}

void
cmd_zrangebyscore(struct call *c)
{
	range(c, BY_SCORE, false, MAY_SCORES);
}

void
cmd_zrevrangebyscore(struct call *c)
{
	range(c, BY_SCORE, true, MAY_SCORES);
}

void
cmd_zrangebylex(struct call *c)
{
	range(c, BY_MEMBER, false, MAY_SCORES);
}

void
cmd_zrevrangebylex(struct call *c)
{
	range(c, BY_MEMBER, true, MAY_SCORES);
}

void
cmd_zrangestore(struct call *c)
{
	struct range r = { .kind = BY_RANK, .limit = -1 };
	struct key to_key = call_key(c, 1), k = call_key(c, 2);
	struct zset_item *items = NULL;
	const struct value *v;
	uint64_t from = 0, to = 0;
	bool is_wrong;

	if (!read_options(c, 5, MAY_KIND | MAY_REVERSE, &r) ||
	    !read_borders(c, 3, &r))
		return;
	v = call_find_type(c, &k, VALUE_ZSET, &is_wrong);
	if (is_wrong)
		return;
	if (v != NULL) {
		find_run(v, &r, &from, &to);
		items = txn_scratch(c->txn, (to - from) * sizeof(*items) + 1);
		zset_list(c->txn, v, from, to, items);
	}
	cmd_zset_store(c, &to_key, items, to - from);
}

/* --- counting and deleting --------------------------------------------- */

static void
count(struct call *c, enum range_kind kind)
{
	struct range r = { .kind = kind, .limit = -1 };
	struct key k = call_key(c, 1);
	const struct value *v;
	uint64_t from = 0, to = 0;
	bool is_wrong;

	if (!read_borders(c, 2, &r))
		return;
	v = call_find_type(c, &k, VALUE_ZSET, &is_wrong);
	if (is_wrong)
		return;
	if (v != NULL)
		find_run(v, &r, &from, &to);
	reply_int(c->reply, (int64_t)(to - from));
}

void
cmd_zcount(struct call *c)
{
	count(c, BY_SCORE);
}

void
cmd_zlexcount(struct call *c)
{
	count(c, BY_MEMBER);
}

static void
delete(struct call *c, enum range_kind kind)
{
	struct range r = { .kind = kind, .limit = -1 };
	struct key k = call_key(c, 1);
	struct value *v;
	uint64_t from = 0, to = 0;
	bool is_wrong;

	if (!read_borders(c, 2, &r))
		return;
	v = call_find_type(c, &k, VALUE_ZSET, &is_wrong);
	if (is_wrong)
		return;
	if (v != NULL)
		find_run(v, &r, &from, &to);
	if (from < to) {
		zset_cut(c->txn, &k, v, from, to);
		slot_touch(c->txn, &k);
		call_changed(c);
	}
	reply_int(c->reply, (int64_t)(to - from));
}

void
cmd_zremrangebyrank(struct call *c)
{
	delete(c, BY_RANK);
}

void
cmd_zremrangebyscore(struct call *c)
{
	delete(c, BY_SCORE);
}

void
cmd_zremrangebylex(struct call *c)
{
	delete(c, BY_MEMBER);
}
