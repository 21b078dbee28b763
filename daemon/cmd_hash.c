/*
 * cmd_hash - HSET and the other commands on hashes
 *
 * Not here: how hashes lie in memory (shm/hash.c), the rows of the commands
 * (proto/command/hash.def).
 */
#include "daemon/cmd_bag.h"
#include "daemon/cmd_random.h"
#include "daemon/cmd_scan.h"
#include "shm/hash.h"

static struct hash_limits
limits(const struct call *c)
{
	const struct options *o = call_options(c);

	return (struct hash_limits){ (uint64_t)o->hash_max_listpack_entries,
	    (uint64_t)o->hash_max_listpack_value };
}

/*
 * The hash in argument 1, NULL when there is none.  False when the key holds
 * something else, and that has been replied.
 */
static bool
find(struct call *c, struct key *k, struct value **v)
{
	bool is_wrong;

	*k = call_key(c, 1);
	*v = call_find_type(c, k, VALUE_HASH, &is_wrong);
	return !is_wrong;
}

/* reading */

/* The field in argument 2; false as find() has it. */
static bool
find_field(struct call *c, struct slice *value, char scratch[NUMBER_TEXT],
    bool *is_there)
{
	struct value *v;
	struct key k;

	if (!find(c, &k, &v))
		return false;
	*is_there = v != NULL && hash_get(v, c->argv[2], value, scratch);
	return true;
}

void
cmd_hget(struct call *c)
{
	char scratch[NUMBER_TEXT];
	struct slice value;
	bool is_there;

	if (!find_field(c, &value, scratch, &is_there))
		return;
	if (is_there)
		reply_bulk(c->reply, value);
	else
		reply_null(c->reply);
}

void
cmd_hmget(struct call *c)
{
	char scratch[NUMBER_TEXT];
	struct slice value;
	struct value *v;
	struct key k;
	int i;

	if (!find(c, &k, &v))
		return;
	reply_array(c->reply, c->argc - 2);
	for (i = 2; i < c->argc; i++) {
		if (v != NULL && hash_get(v, c->argv[i], &value, scratch))
			reply_bulk(c->reply, value);
		else
			reply_null(c->reply);
	}
}

void
cmd_hexists(struct call *c)
{
	char scratch[NUMBER_TEXT];
	struct slice value;
	bool is_there;

	if (find_field(c, &value, scratch, &is_there))
		reply_int(c->reply, is_there);
}

void
cmd_hstrlen(struct call *c)
{
	char scratch[NUMBER_TEXT];
	struct slice value;
	bool is_there;

	if (find_field(c, &value, scratch, &is_there))
		reply_int(c->reply, is_there ? (int64_t)value.bytes : 0);
}

void
cmd_hlen(struct call *c)
{
	struct value *v;
	struct key k;

	if (find(c, &k, &v))
		reply_int(c->reply, v != NULL ? (int64_t)hash_count(v) : 0);
}

static void
reply_field(void *arg, struct slice field, struct slice value)
{
	(void)value;
	reply_bulk(arg, field);
}

static void
reply_value(void *arg, struct slice field, struct slice value)
{
	(void)field;
	reply_bulk(arg, value);
}

static void
reply_pair(void *arg, struct slice field, struct slice value)
{
	reply_bulk(arg, field);
	reply_bulk(arg, value);
}

static void
reply_each(struct call *c, hash_visit *visit)
{
	struct value *v;
	struct key k;

	if (!find(c, &k, &v))
		return;
	reply_array(c->reply, v != NULL ? (int64_t)hash_count(v) : 0);
	if (v != NULL)
		hash_each(v, visit, c->reply);
}

void
cmd_hkeys(struct call *c)
{
	reply_each(c, reply_field);
}

void
cmd_hvals(struct call *c)
{
	reply_each(c, reply_value);
}

void
cmd_hgetall(struct call *c)
{
	struct value *v;
	struct key k;

	if (!find(c, &k, &v))
		return;
	reply_map(c->reply, v != NULL ? (int64_t)hash_count(v) : 0);
	if (v != NULL)
		hash_each(v, reply_pair, c->reply);
}

/* HSCAN */

static void
scan_pair(void *arg, struct slice field, struct slice value)
{
	struct cmd_scan *scan = arg;

	scan->found.looked_at++;
	if (!cmd_scan_matches(&scan->options, field))
		return;
	cmd_scan_add(&scan->found, field);
	cmd_scan_add(&scan->found, value);
}

static void
scan_small(struct cmd_scan *scan, const struct value *v)
{
	struct txn *t = scan->found.txn;
	uint64_t count = hash_count(v), i;
	struct slice *pairs = txn_scratch(t, count * 2 * sizeof(*pairs));

	hash_list(t, v, pairs);
	for (i = 0; i < count; i++)
		scan_pair(scan, pairs[2 * i], pairs[2 * i + 1]);
}

static uint64_t
scan_step(struct cmd_scan *scan, const struct value *v, uint64_t cursor)
{
	if (value_encoding(v) == LARGE)
		return hash_scan(v, cursor, scan_pair, scan);
	scan_small(scan, v);
	return 0;
}

void
cmd_hscan(struct call *c)
{
	cmd_scan_value(c, VALUE_HASH, scan_step);
}

/* HRANDFIELD */

/* Replies one field, with its value if so wanted. */
static void
reply_random(struct call *c, const struct slice *pair, bool with_values)
{
	if (with_values && c->reply->resp > 2)
		reply_array(c->reply, 2);
	reply_bulk(c->reply, pair[0]);
	if (with_values)
		reply_bulk(c->reply, pair[1]);
}

static void
random_length(struct call *c, uint64_t count, bool with_values)
{
	reply_array(c->reply, (int64_t)(with_values && c->reply->resp == 2 ?
	    count * 2 : count));
}

/* count fields, the same several times perhaps */
static void
random_repeating(struct call *c, const struct value *v, uint64_t count,
    bool with_values)
{
	char scratch[2 * NUMBER_TEXT];
	struct slice pair[2];

	random_length(c, count, with_values);
	while (count-- > 0) {
		hash_random(v, call_random(c), pair, scratch);
		reply_random(c, pair, with_values);
	}
}

/* Few of many: those drawn twice are drawn again. */
static void
random_few(struct call *c, const struct value *v, uint64_t count,
    bool with_values)
{
	char scratch[2 * NUMBER_TEXT];
	struct slice pair[2];
	struct cmd_bag bag;

	cmd_bag_init(&bag, c->txn, count);
	while (bag.count < count) {
		hash_random(v, call_random(c), pair, scratch);
		if (cmd_bag_add(&bag, pair[0]))
			reply_random(c, pair, with_values);
	}
}

static void
random_different(struct call *c, const struct value *v, uint64_t count,
    bool with_values)
{
	uint64_t all = hash_count(v), i, *at;
	struct slice *pairs;

	if (count > all)
		count = all;
	random_length(c, count, with_values);
	if (value_encoding(v) == LARGE && count < all / 3) {
		random_few(c, v, count, with_values);
		return;
	}
	pairs = txn_scratch(c->txn, all * 2 * sizeof(*pairs));
	hash_list(c->txn, v, pairs);
	at = txn_scratch(c->txn, all * sizeof(*at));
	cmd_random_choose(c, all, count == all ? 0 : count, at);
	for (i = 0; i < count; i++)
		reply_random(c, pairs + 2 * at[i], with_values);
}

static void
random_one(struct call *c)
{
	char scratch[2 * NUMBER_TEXT];
	struct slice pair[2];
	struct value *v;
	struct key k;

	if (!find(c, &k, &v))
		return;
	if (v == NULL) {
		reply_null(c->reply);
		return;
	}
	hash_random(v, call_random(c), pair, scratch);
	reply_bulk(c->reply, pair[0]);
}

void
cmd_hrandfield(struct call *c)
{
	bool with_values = c->argc > 3;
	struct value *v;
	struct key k;
	int64_t count;

	if (c->argc == 2) {
		random_one(c);
		return;
	}
	if (!cmd_random_read_count(c, 2, &count))
		return;
	if (c->argc > 4 || (with_values &&
	    !slice_is(c->argv[3], "withvalues"))) {
		call_syntax(c);
		return;
	}
	if (with_values && (count < -INT64_MAX / 2 || count > INT64_MAX / 2)) {
		reply_error(c->reply, error_text[ERROR_RANGE]);
		return;
	}
	if (!find(c, &k, &v))
		return;
	if (v == NULL || count == 0)
		reply_array(c->reply, 0);
	else if (count > 0)
		random_different(c, v, (uint64_t)count, with_values);
	else if (cmd_random_may_repeat(c, count))
		random_repeating(c, v, (uint64_t)-count, with_values);
}

/* writing */

/* Sets fields; the number of new ones. */
static int
set_fields(struct call *c, const struct key *k, struct value *v,
    const struct slice *pairs, int count)
{
	struct hash_limits most = limits(c);
	int added;

	hash_set(c->txn, k, v, pairs, count, &most, &added);
	slot_touch(c->txn, k);
	return added;
}

void
cmd_hset(struct call *c)
{
	struct value *v;
	struct key k;
	int added;

	if (c->argc % 2 != 0) {
		call_arity(c);
		return;
	}
	if (!find(c, &k, &v))
		return;
	added = set_fields(c, &k, v, c->argv + 2, c->argc / 2 - 1);
	call_changed(c);
	if (c->command->id == CMD_HMSET)
		reply_ok(c->reply);
	else
		reply_int(c->reply, added);
}

void
cmd_hsetnx(struct call *c)
{
	char scratch[NUMBER_TEXT];
	struct slice value;
	struct value *v;
	struct key k;

	if (!find(c, &k, &v))
		return;
	if (v != NULL && hash_get(v, c->argv[2], &value, scratch)) {
		reply_int(c->reply, 0);
		return;
	}
	set_fields(c, &k, v, c->argv + 2, 1);
	call_changed(c);
	reply_int(c->reply, 1);
}

void
cmd_hdel(struct call *c)
{
	call_delete_members(c, VALUE_HASH, hash_delete);
}

void
cmd_hincrby(struct call *c)
{
	char scratch[NUMBER_TEXT];
	struct slice pair[2] = { c->argv[2] };
	int64_t more, n = 0;
	struct value *v;
	struct key k;

	if (!call_int(c, 3, &more) || !find(c, &k, &v))
		return;
	if (v != NULL && hash_get(v, pair[0], &pair[1], scratch) &&
	    !number_get_int(pair[1], &n)) {
		reply_error(c->reply, "ERR hash value is not an integer");
		return;
	}
	if (__builtin_add_overflow(n, more, &n)) {
		reply_error(c->reply, error_text[ERROR_INCREMENT]);
		return;
	}
	pair[1] = (struct slice){ scratch, number_put_int(scratch, n) };
	set_fields(c, &k, v, pair, 1);
	call_changed(c);
	reply_int(c->reply, n);
}

void
cmd_hincrbyfloat(struct call *c)
{
	char scratch[NUMBER_TEXT], text[NUMBER_LONG_TEXT];
	struct slice args[4] = { SLICE("HSET"), c->argv[1], c->argv[2] };
	struct slice *pair = args + 2;
	long double more, n = 0;
	struct value *v;
	struct key k;

	if (!number_get_long_double(c->argv[3], &more)) {
		reply_error(c->reply, error_text[ERROR_NOT_FLOAT]);
		return;
	}
	if (__builtin_isinf(more)) {
		reply_error(c->reply, "ERR value is NaN or Infinity");
		return;
	}
	if (!find(c, &k, &v))
		return;
	if (v != NULL && hash_get(v, pair[0], &pair[1], scratch) &&
	    !number_get_long_double(pair[1], &n)) {
		reply_error(c->reply, "ERR hash value is not a float");
		return;
	}
	n += more;
	if (__builtin_isnan(n) || __builtin_isinf(n)) {
		reply_error(c->reply, error_text[ERROR_NOT_FINITE]);
		return;
	}
	pair[1] = (struct slice){ text, number_put_human(text, n) };
	set_fields(c, &k, v, pair, 1);
	/* replicas may compute with another long double */
	call_logs(c, 4, args);
	reply_bulk(c->reply, pair[1]);
}
