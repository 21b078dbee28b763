/*
 * cmd_zset_pop - taking the lowest or the highest members, waiting for them
 *
 * Those that choose among several keys, or wait, are logged as the ZPOPMIN or
 * ZPOPMAX that they came to.
 *
 * Not here: who wakes the waiting (daemon/net_park.c).
 */
#include "daemon/cmd_zset.h"

/* Takes `count` members at one end off, replying each by way of `reply`. */
static void
pop(struct call *c, const struct key *k, struct value *v, bool is_max,
    uint64_t count, void (*reply)(struct call *c, const struct zset_item *item))
{
	uint64_t total = zset_count(v), i;
	struct zset_cursor cursor;
	struct zset_item item;

	zset_seek(v, is_max ? total - 1 : 0, &cursor);
	for (i = 0; i < count; i++) {
		if (is_max)
			zset_prev(&cursor, &item);
		else
			zset_next(&cursor, &item);
		reply(c, &item);
	}
	if (is_max)
		zset_cut(c->txn, k, v, total - count, total);
	else
		zset_cut(c->txn, k, v, 0, count);
	slot_touch(c->txn, k);
	call_event_left(c, EVENT_ZSET, is_max ? "zpopmax" : "zpopmin", k);
}

static void
reply_flat(struct call *c, const struct zset_item *item)
{
	reply_bulk(c->reply, item->member);
	reply_double(c->reply, item->score);
}

static void
reply_pair(struct call *c, const struct zset_item *item)
{
	reply_array(c->reply, 2);
	reply_flat(c, item);
}

/* A number of 0 or more. */
static bool
read_pop_count(struct call *c, int i, int64_t *count)
{
	if (number_get_int(c->argv[i], count) && *count >= 0)
		return true;
	reply_error(c->reply, error_text[ERROR_POSITIVE]);
	return false;
}

static void
pop_one_key(struct call *c, bool is_max)
{
	struct key k = call_key(c, 1);
	bool is_wrong, is_nested = c->argc == 3 && c->reply->resp == 3;
	int64_t count = 1;
	struct value *v;

	if (c->argc > 3) {
		call_syntax(c);
		return;
	}
	if (c->argc == 3 && !read_pop_count(c, 2, &count))
		return;
	v = call_find_type(c, &k, VALUE_ZSET, &is_wrong);
	if (is_wrong)
		return;
	if (v == NULL || count == 0) {
		reply_array(c->reply, 0);
		return;
	}
	if ((uint64_t)count > zset_count(v))
		count = (int64_t)zset_count(v);
	reply_array(c->reply, is_nested ? count : count * 2);
	pop(c, &k, v, is_max, (uint64_t)count, is_nested ? reply_pair :
	    reply_flat);
	call_changed(c);
}

void
cmd_zpopmin(struct call *c)
{
	pop_one_key(c, false);
}

void
cmd_zpopmax(struct call *c)
{
	pop_one_key(c, true);
}

/*
 * The first of `keys` keys from argument `first` on that is there, into *k;
 * NULL when none is.  WRONGTYPE is replied when it is not a sorted set; but a
 * request that has been waiting passes over such keys.
 */
static struct value *
find_first(struct call *c, int first, int keys, int *at, struct key *k,
    bool *is_wrong)
{
	bool has_waited = call_has_waited(c);
	struct value *v;
	int i;

	*is_wrong = false;
	for (i = first; i < first + keys; i++) {
		*k = call_key(c, i);
		*at = i;
		v = call_find(c, k);
		if (v != NULL && value_type(v) == VALUE_ZSET)
			return v;
		if (v != NULL && !has_waited) {
			*is_wrong = true;
			reply_error(c->reply, error_text[ERROR_WRONGTYPE]);
			return NULL;
		}
	}
	return NULL;
}

static void
log_pop(struct call *c, bool is_max, int key, int64_t count)
{
	char text[NUMBER_TEXT];
	struct slice argv[3] = { is_max ? SLICE("ZPOPMAX") : SLICE("ZPOPMIN"),
		c->argv[key], { text, number_put_int(text, count) } };

	call_logs(c, count > 0 ? 3 : 2, argv);
}

static void
pop_waiting(struct call *c, bool is_max)
{
	int keys = c->argc - 2, at;
	int64_t timeout_ms;
	struct value *v;
	struct key k;
	bool is_wrong;

	if (!call_timeout(c, c->argc - 1, &timeout_ms))
		return;
	v = find_first(c, 1, keys, &at, &k, &is_wrong);
	if (is_wrong)
		return;
	if (v == NULL) {
		if (!call_park(c, 1, keys, timeout_ms, CALL_NULL_ARRAY))
			reply_null_array(c->reply);
		return;
	}
	reply_array(c->reply, 3);
	reply_bulk(c->reply, c->argv[at]);
	pop(c, &k, v, is_max, 1, reply_flat);
	log_pop(c, is_max, at, 0);
}

void
cmd_bzpopmin(struct call *c)
{
	pop_waiting(c, false);
}

void
cmd_bzpopmax(struct call *c)
{
	pop_waiting(c, true);
}

/* An integer of 1 or more, or the error given. */
static bool
read_positive(struct call *c, int i, enum error_id error, int64_t *n)
{
	if (number_get_int(c->argv[i], n) && *n >= 1)
		return true;
	reply_error(c->reply, error_text[error]);
	return false;
}

/* numkeys key [key ...] MIN | MAX [COUNT count], numkeys being argument i. */
static bool
read_mpop(struct call *c, int i, int64_t *keys, bool *is_max, int64_t *count)
{
	int64_t where;

	*count = 1;
	if (!read_positive(c, i, ERROR_NUMKEYS, keys))
		return false;
	if (*keys >= c->argc - i - 1) {
		call_syntax(c);
		return false;
	}
	where = i + 1 + *keys;
	*is_max = slice_is(c->argv[where], "max");
	if (!*is_max && !slice_is(c->argv[where], "min")) {
		call_syntax(c);
		return false;
	}
	if (where + 1 == c->argc)
		return true;
	if (where + 2 == c->argc || !slice_is(c->argv[where + 1], "count")) {
		call_syntax(c);
		return false;
	}
	if (!read_positive(c, (int)where + 2, ERROR_COUNT_ZERO, count))
		return false;
	if (where + 3 < c->argc)
		call_syntax(c);
	return where + 3 == c->argc;
}

/* ZMPOP and BZMPOP, whose timeout is argument `timeout`; 0: it has none. */
static void
mpop(struct call *c, int i, int timeout)
{
	int64_t keys, count, timeout_ms = 0;
	bool is_max, is_wrong;
	struct value *v;
	struct key k;
	int at;

	if (!read_mpop(c, i, &keys, &is_max, &count) ||
	    (timeout > 0 && !call_timeout(c, timeout, &timeout_ms)))
		return;
	v = find_first(c, i + 1, (int)keys, &at, &k, &is_wrong);
	if (is_wrong)
		return;
	if (v == NULL) {
		if (timeout == 0 || !call_park(c, i + 1, (int)keys, timeout_ms,
		    CALL_NULL_ARRAY))
			reply_null_array(c->reply);
		return;
	}
	if ((uint64_t)count > zset_count(v))
		count = (int64_t)zset_count(v);
	reply_array(c->reply, 2);
	reply_bulk(c->reply, c->argv[at]);
	reply_array(c->reply, count);
	pop(c, &k, v, is_max, (uint64_t)count, reply_pair);
	log_pop(c, is_max, at, count);
}

void
cmd_zmpop(struct call *c)
{
	mpop(c, 1, 0);
}

void
cmd_bzmpop(struct call *c)
{
	mpop(c, 2, 1);
}
