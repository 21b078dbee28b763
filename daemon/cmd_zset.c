/*
 * cmd_zset - adding to sorted sets, deleting, asking for single members
 *
 * Not here: ranges (cmd_zset_range.c), unions and the like (cmd_zset_store.c),
 * popping (cmd_zset_pop.c).
 */
#include "daemon/cmd_zset.h"
#include "daemon/cmd_random.h"
#include "daemon/cmd_scan.h"

/* --- adding ------------------------------------------------------------ */

static const char *const conflict_nx_xx =
    "ERR XX and NX options at the same time are not compatible";
static const char *const conflict_gt_lt =
    "ERR GT, LT, and/or NX options at the same time are not compatible";

/* The options of ZADD: where the scores begin; *ch is whether CH was there. */
static int
read_add_options(const struct call *c, unsigned *flags, bool *ch)
{
	int i;

	*ch = false;
	for (i = 2; i < c->argc; i++) {
		struct slice s = c->argv[i];

		if (slice_is(s, "nx"))
			*flags |= ZSET_NX;
		else if (slice_is(s, "xx"))
			*flags |= ZSET_XX;
		else if (slice_is(s, "ch"))
			*ch = true;
		else if (slice_is(s, "incr"))
			*flags |= ZSET_INCR;
		else if (slice_is(s, "gt"))
			*flags |= ZSET_GT;
		else if (slice_is(s, "lt"))
			*flags |= ZSET_LT;
		else
			break;
	}
	return i;
}

/* Whether options and number of arguments make sense; else replies. */
static bool
check_add(struct call *c, unsigned flags, int pairs, int rest)
{
	bool nx = flags & ZSET_NX, gt = flags & ZSET_GT, lt = flags & ZSET_LT;

	if (pairs == 0 || rest % 2 != 0)
		call_syntax(c);
	else if (nx && flags & ZSET_XX)
		reply_error(c->reply, conflict_nx_xx);
	else if ((gt && nx) || (lt && nx) || (gt && lt))
		reply_error(c->reply, conflict_gt_lt);
	else if (flags & ZSET_INCR && pairs > 1)
		reply_error(c->reply,
		    "ERR INCR option supports a single increment-element pair");
	else
		return true;
	return false;
}

static void
reply_added(struct call *c, const struct key *k, unsigned flags, int count,
    bool is_changed, enum zset_did last, double score)
{
	if (is_changed) {
		slot_touch(c->txn, k);
		call_changed(c);
	}
	if (last == ZSET_NAN)
		reply_error(c->reply,
		    "ERR resulting score is not a number (NaN)");
	else if (!(flags & ZSET_INCR))
		reply_int(c->reply, count);
	else if (last == ZSET_REFUSED)
		reply_null(c->reply);
	else
		reply_double(c->reply, score);
}

static void
add(struct call *c, unsigned flags)
{
	struct zset_limits limits = cmd_zset_limits(c);
	enum zset_did did = ZSET_REFUSED;
	double one, *score = &one;
	bool ch, is_wrong;
	int at = read_add_options(c, &flags, &ch), pairs = (c->argc - at) / 2;
	int added = 0, updated = 0, i;
	struct value *v;
	struct key k;

	if (!check_add(c, flags, pairs, c->argc - at))
		return;
	if (pairs > 1)
		score = txn_scratch(c->txn, (size_t)pairs * sizeof(*score));
	for (i = 0; i < pairs; i++)
		if (!call_double(c, at + i * 2, &score[i]))
			return;
	k = call_key(c, 1);
	v = call_find_type(c, &k, VALUE_ZSET, &is_wrong);
	if (is_wrong)
		return;
	for (i = 0; i < pairs; i++) {
		did = zset_add(c->txn, &k, &v, c->argv[at + i * 2 + 1],
		    &score[i], flags, &limits);
		added += did == ZSET_ADDED;
		updated += did == ZSET_UPDATED;
	}
	if (added + updated > 0)
		call_event(c, EVENT_ZSET, flags & ZSET_INCR ? "zincr" : "zadd",
		    &k);
	reply_added(c, &k, flags, ch ? added + updated : added,
	    added + updated > 0, did, score[0]);
}

void
cmd_zadd(struct call *c)
{
	add(c, 0);
}

void
cmd_zincrby(struct call *c)
{
	add(c, ZSET_INCR);
}

void
cmd_zrem(struct call *c)
{
	call_delete_members(c, VALUE_ZSET, zset_delete);
}

void
cmd_zset_store(struct call *c, const struct key *k, struct zset_item *items,
    uint64_t count)
{
	struct zset_limits limits = cmd_zset_limits(c);
	struct value *old = slot_peek(c->txn, k);

	if (count > 0)
		zset_store(c->txn, k, old, items, count, &limits);
	else if (old != NULL)
		slot_remove(c->txn, k, old);
	if (count > 0 || old != NULL)
		call_changed(c);
	reply_int(c->reply, (int64_t)count);
}

/* --- asking ------------------------------------------------------------ */

void
cmd_zcard(struct call *c)
{
	struct key k = call_key(c, 1);
	bool is_wrong;
	const struct value *v = call_find_type(c, &k, VALUE_ZSET, &is_wrong);

	if (!is_wrong)
		reply_int(c->reply, v != NULL ? (int64_t)zset_count(v) : 0);
}

static void
reply_score(struct call *c, const struct value *v, struct slice member)
{
	double score;

	if (v != NULL && zset_score(v, member, &score))
		reply_double(c->reply, score);
	else
		reply_null(c->reply);
}

void
cmd_zscore(struct call *c)
{
	struct key k = call_key(c, 1);
	bool is_wrong;
	const struct value *v = call_find_type(c, &k, VALUE_ZSET, &is_wrong);

	if (!is_wrong)
		reply_score(c, v, c->argv[2]);
}

void
cmd_zmscore(struct call *c)
{
	struct key k = call_key(c, 1);
	bool is_wrong;
	const struct value *v = call_find_type(c, &k, VALUE_ZSET, &is_wrong);
	int i;

	if (is_wrong)
		return;
	reply_array(c->reply, c->argc - 2);
	for (i = 2; i < c->argc; i++)
		reply_score(c, v, c->argv[i]);
}

static void
rank(struct call *c, bool is_reverse)
{
	struct key k = call_key(c, 1);
	bool with_score = c->argc == 4, is_wrong;
	const struct value *v;
	uint64_t n;
	double score;

	if (c->argc > 4) {
		call_arity(c);
		return;
	}
	if (with_score && !slice_is(c->argv[3], "withscore")) {
		call_syntax(c);
		return;
	}
	v = call_find_type(c, &k, VALUE_ZSET, &is_wrong);
	if (is_wrong)
		return;
	if (v == NULL || !zset_rank(v, c->argv[2], &n, &score)) {
		if (with_score)
			reply_null_array(c->reply);
		else
			reply_null(c->reply);
		return;
	}
	if (is_reverse)
		n = zset_count(v) - 1 - n;
	if (with_score)
		reply_array(c->reply, 2);
	reply_int(c->reply, (int64_t)n);
	if (with_score)
		reply_double(c->reply, score);
}

void
cmd_zrank(struct call *c)
{
	rank(c, false);
}

void
cmd_zrevrank(struct call *c)
{
	rank(c, true);
}

/* --- random members ---------------------------------------------------- */

static void
reply_rank(struct call *c, const struct value *v, uint64_t n, bool with_scores)
{
	struct zset_cursor cursor;
	struct zset_item item;

	zset_seek(v, n, &cursor);
	zset_next(&cursor, &item);
	cmd_zset_reply_item(c, &item, with_scores);
}

/*
 * `count` different ranks below `total`, each as likely as any other (Floyd's
 * way): the last `count` ranks in turn stand in for what was drawn before.
 */
static uint64_t *
draw_ranks(struct call *c, uint64_t total, uint64_t count)
{
	uint64_t places = 16, i, rank, at;
	uint64_t *drawn = txn_scratch(c->txn, count * sizeof(*drawn)), *seen;

	while (places < count * 2)
		places *= 2;
	seen = txn_scratch(c->txn, places * sizeof(*seen));
	memset(seen, 0, places * sizeof(*seen));
	for (i = 0; i < count; i++) {
		rank = call_random(c) % (total - count + i + 1);
		for (at = rank % places; seen[at] != 0; at = (at + 1) % places)
			if (seen[at] == rank + 1)
				break;
		if (seen[at] != 0) {
			rank = total - count + i;
			at = rank % places;
			while (seen[at] != 0)
				at = (at + 1) % places;
		}
		seen[at] = rank + 1;
		drawn[i] = rank;
	}
	return drawn;
}

static void
reply_random(struct call *c, const struct value *v, int64_t count,
    bool with_scores)
{
	uint64_t total = zset_count(v), n, i, *drawn;
	struct zset_cursor cursor;
	struct zset_item item;

	if (count < 0) {
		n = (uint64_t)-count;
		cmd_zset_reply_head(c, n, with_scores);
		for (i = 0; i < n; i++)
			reply_rank(c, v, call_random(c) % total, with_scores);
		return;
	}
	n = (uint64_t)count < total ? (uint64_t)count : total;
	cmd_zset_reply_head(c, n, with_scores);
	if (n == total) {
		for (zset_seek(v, 0, &cursor); zset_next(&cursor, &item);)
			cmd_zset_reply_item(c, &item, with_scores);
		return;
	}
	drawn = draw_ranks(c, total, n);
	for (i = 0; i < n; i++)
		reply_rank(c, v, drawn[i], with_scores);
}

static bool
read_random(struct call *c, int64_t *count, bool *with_scores)
{
	if (!cmd_random_read_count(c, 2, count))
		return false;
	*with_scores = c->argc == 4;
	if (c->argc > 4 || (*with_scores &&
	    !slice_is(c->argv[3], "withscores"))) {
		call_syntax(c);
		return false;
	}
	if (*with_scores && *count > INT64_MAX / 2) {
		reply_error(c->reply, error_text[ERROR_RANGE]);
		return false;
	}
	return cmd_random_may_repeat(c, *count);
}

void
cmd_zrandmember(struct call *c)
{
	struct key k = call_key(c, 1);
	bool is_wrong, with_scores = false;
	const struct value *v;
	int64_t count = 0;

	if (c->argc > 2 && !read_random(c, &count, &with_scores))
		return;
	v = call_find_type(c, &k, VALUE_ZSET, &is_wrong);
	if (is_wrong)
		return;
	if (c->argc == 2 && v == NULL)
		reply_null(c->reply);
	else if (c->argc == 2)
		reply_rank(c, v, call_random(c) % zset_count(v), false);
	else if (v == NULL || count == 0)
		reply_array(c->reply, 0);
	else
		reply_random(c, v, count, with_scores);
}

/* --- scanning ---------------------------------------------------------- */

struct scan {
	struct cmd_scan *in;
	bool is_small;
};

static struct slice
keep(struct txn *t, struct slice s)
{
	char *copy = txn_scratch(t, s.bytes);

	memcpy(copy, s.data, s.bytes);
	return (struct slice){ copy, s.bytes };
}

static void
scan_item(void *arg, const struct zset_item *item)
{
	struct scan *s = arg;
	struct cmd_scan_found *found = &s->in->found;
	char text[NUMBER_TEXT];
	size_t bytes;

	found->looked_at++;
	if (!cmd_scan_matches(&s->in->options, item->member))
		return;
	/* redis-server shows a small set's scores as they are kept */
	bytes = s->is_small ? number_put_score(text, item->score) :
	    number_put_double(text, item->score);
	cmd_scan_add(found, s->is_small ? keep(found->txn, item->member) :
	    item->member);
	cmd_scan_add(found, keep(found->txn, (struct slice){ text, bytes }));
}

static uint64_t
scan_step(struct cmd_scan *scan, const struct value *v, uint64_t cursor)
{
	struct scan s = { scan, value_encoding(v) != LARGE };

	return zset_scan(v, cursor, scan_item, &s);
}

void
cmd_zscan(struct call *c)
{
	cmd_scan_value(c, VALUE_ZSET, scan_step);
}
