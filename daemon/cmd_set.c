/*
 * cmd_set - SADD and the other commands on one set
 *
 * Not here: how sets lie in memory (shm/set.c), unions, intersections and
 * differences (cmd_algebra.c), the rows of the commands
 * (proto/command/set.def).
 */
#include "daemon/cmd_bag.h"
#include "daemon/cmd_random.h"
#include "daemon/cmd_scan.h"
#include "daemon/cmd_set.h"

struct set_limits
cmd_set_limits(const struct call *c)
{
	const struct options *o = call_options(c);

	return (struct set_limits){ (uint64_t)o->set_max_intset_entries,
	    (uint64_t)o->set_max_listpack_entries,
	    (uint64_t)o->set_max_listpack_value };
}

bool
cmd_set_find(struct call *c, int i, struct key *k, struct value **v)
{
	bool is_wrong;

	*k = call_key(c, i);
	*v = call_find_type(c, k, VALUE_SET, &is_wrong);
	return !is_wrong;
}

/* reading */

void
cmd_scard(struct call *c)
{
	struct value *v;
	struct key k;

	if (cmd_set_find(c, 1, &k, &v))
		reply_int(c->reply, v != NULL ? (int64_t)set_count(v) : 0);
}

void
cmd_sismember(struct call *c)
{
	struct value *v;
	struct key k;

	if (cmd_set_find(c, 1, &k, &v))
		reply_int(c->reply, v != NULL && set_has(v, c->argv[2]));
}

void
cmd_smismember(struct call *c)
{
	struct value *v;
	struct key k;
	int i;

	if (!cmd_set_find(c, 1, &k, &v))
		return;
	reply_array(c->reply, c->argc - 2);
	for (i = 2; i < c->argc; i++)
		reply_int(c->reply, v != NULL && set_has(v, c->argv[i]));
}

static void
reply_member(void *arg, struct slice member)
{
	reply_bulk(arg, member);
}

static void
reply_all(struct call *c, const struct value *v)
{
	reply_set(c->reply, (int64_t)set_count(v));
	set_each(v, reply_member, c->reply);
}

void
cmd_smembers(struct call *c)
{
	struct value *v;
	struct key k;

	if (!cmd_set_find(c, 1, &k, &v))
		return;
	if (v != NULL)
		reply_all(c, v);
	else
		reply_set(c->reply, 0);
}

/* SSCAN */

static void
scan_member(void *arg, struct slice member)
{
	struct cmd_scan *scan = arg;

	scan->found.looked_at++;
	if (cmd_scan_matches(&scan->options, member))
		cmd_scan_add(&scan->found, member);
}

static void
scan_small(struct cmd_scan *scan, const struct value *v)
{
	struct txn *t = scan->found.txn;
	uint64_t count = set_count(v), i;
	struct slice *list = txn_scratch(t, count * sizeof(*list));

	set_list(t, v, list);
	for (i = 0; i < count; i++)
		scan_member(scan, list[i]);
}

static uint64_t
scan_step(struct cmd_scan *scan, const struct value *v, uint64_t cursor)
{
	if (value_encoding(v) == LARGE)
		return set_scan(v, cursor, scan_member, scan);
	scan_small(scan, v);
	return 0;
}

void
cmd_sscan(struct call *c)
{
	cmd_scan_value(c, VALUE_SET, scan_step);
}

/* SRANDMEMBER */

static void
random_repeating(struct call *c, const struct value *v, uint64_t count)
{
	char scratch[NUMBER_TEXT];

	reply_array(c->reply, (int64_t)count);
	while (count-- > 0)
		reply_bulk(c->reply, set_random(v, call_random(c), scratch));
}

/* Few of many: those drawn twice are drawn again. */
static void
random_few(struct call *c, const struct value *v, uint64_t count)
{
	char scratch[NUMBER_TEXT];
	struct cmd_bag bag;
	struct slice member;

	cmd_bag_init(&bag, c->txn, count);
	while (bag.count < count) {
		member = set_random(v, call_random(c), scratch);
		if (cmd_bag_add(&bag, member))
			reply_bulk(c->reply, member);
	}
}

static void
random_different(struct call *c, const struct value *v, uint64_t count)
{
	uint64_t all = set_count(v), i, *at;
	struct slice *list;

	if (count > all)
		count = all;
	reply_array(c->reply, (int64_t)count);
	if (count == all) {
		set_each(v, reply_member, c->reply);
		return;
	}
	if (value_encoding(v) == LARGE && count < all / 3) {
		random_few(c, v, count);
		return;
	}
	list = txn_scratch(c->txn, all * sizeof(*list));
	set_list(c->txn, v, list);
	at = txn_scratch(c->txn, all * sizeof(*at));
	cmd_random_choose(c, all, count, at);
	for (i = 0; i < count; i++)
		reply_bulk(c->reply, list[at[i]]);
}

static void
random_one(struct call *c)
{
	char scratch[NUMBER_TEXT];
	struct value *v;
	struct key k;

	if (!cmd_set_find(c, 1, &k, &v))
		return;
	if (v != NULL)
		reply_bulk(c->reply, set_random(v, call_random(c), scratch));
	else
		reply_null(c->reply);
}

void
cmd_srandmember(struct call *c)
{
	struct value *v;
	struct key k;
	int64_t count;

	if (c->argc == 2) {
		random_one(c);
		return;
	}
	if (c->argc > 3) {
		call_syntax(c);
		return;
	}
	if (!cmd_random_read_count(c, 2, &count) ||
	    !cmd_set_find(c, 1, &k, &v))
		return;
	if (v == NULL || count == 0)
		reply_array(c->reply, 0);
	else if (count > 0)
		random_different(c, v, (uint64_t)count);
	else if (cmd_random_may_repeat(c, count))
		random_repeating(c, v, (uint64_t)-count);
}

/* writing */

void
cmd_sadd(struct call *c)
{
	struct set_limits limits = cmd_set_limits(c);
	struct value *v;
	struct key k;
	int added;

	if (!cmd_set_find(c, 1, &k, &v))
		return;
	set_add(c->txn, &k, v, c->argv + 2, c->argc - 2, &limits, &added);
	if (added > 0) {
		slot_touch(c->txn, &k);
		call_changed(c);
	}
	reply_int(c->reply, added);
}

void
cmd_srem(struct call *c)
{
	call_delete_members(c, VALUE_SET, set_delete);
}

void
cmd_smove(struct call *c)
{
	struct set_limits limits = cmd_set_limits(c);
	struct value *from, *to;
	struct key k, k2;
	bool is_deleted;
	int added;

	if (!cmd_set_find(c, 1, &k, &from))
		return;
	if (from == NULL) {
		reply_int(c->reply, 0);
		return;
	}
	if (!cmd_set_find(c, 2, &k2, &to))
		return;
	if (from == to) {
		reply_int(c->reply, set_has(from, c->argv[3]));
		return;
	}
	set_delete(c->txn, &k, from, c->argv[3], &is_deleted);
	if (!is_deleted) {
		reply_int(c->reply, 0);
		return;
	}
	call_event_left(c, EVENT_SET, "srem", &k);
	set_add(c->txn, &k2, to, c->argv + 3, 1, &limits, &added);
	if (added > 0)
		call_event(c, EVENT_SET, "sadd", &k2);
	slot_touch(c->txn, &k);
	slot_touch(c->txn, &k2);
	call_changed(c);
	reply_int(c->reply, 1);
}

/* SPOP */

static void
log_removed(struct call *c)
{
	struct slice args[2] = { SLICE("DEL"), c->argv[1] };

	call_logs(c, 2, args);
}

static void
pop_one(struct call *c)
{
	char scratch[NUMBER_TEXT];
	struct slice args[3] = { SLICE("SREM"), c->argv[1] };
	bool is_deleted;
	struct value *v;
	struct key k;

	if (!cmd_set_find(c, 1, &k, &v))
		return;
	if (v == NULL) {
		reply_null(c->reply);
		return;
	}
	args[2] = set_random(v, call_random(c), scratch);
	reply_bulk(c->reply, args[2]);
	/* the log wants the member while it is still there */
	call_logs(c, 3, args);
	set_delete(c->txn, &k, v, args[2], &is_deleted);
	slot_touch(c->txn, &k);
}

/*
 * Takes `count` members, not all, out of the set.  What is logged comes in
 * parts, so that a replica is not given one huge command.
 */
static void
pop_some(struct call *c, const struct key *k, struct value *v, uint64_t count)
{
	enum { PART = 1024 };
	char (*scratch)[NUMBER_TEXT] = txn_scratch(c->txn,
	    PART * sizeof(*scratch));
	struct slice *args = txn_scratch(c->txn, (PART + 2) * sizeof(*args));
	bool is_deleted;
	int n = 2;

	args[0] = SLICE("SREM");
	args[1] = c->argv[1];
	for (; count > 0; count--) {
		args[n] = set_random(v, call_random(c), scratch[n - 2]);
		reply_bulk(c->reply, args[n]);
		if (value_encoding(v) == SMALL_LISTPACK)
			args[n] = cmd_set_keep(c, args[n]);
		v = set_delete(c->txn, k, v, args[n], &is_deleted);
		if (++n == PART + 2 || count == 1) {
			call_logs(c, n, args);
			n = 2;
		}
	}
}

void
cmd_spop(struct call *c)
{
	struct value *v;
	struct key k;
	int64_t count;

	if (c->argc == 2) {
		pop_one(c);
		return;
	}
	if (c->argc > 3) {
		call_syntax(c);
		return;
	}
	if (!number_get_int(c->argv[2], &count) || count < 0) {
		reply_error(c->reply, error_text[ERROR_POSITIVE]);
		return;
	}
	if (!cmd_set_find(c, 1, &k, &v))
		return;
	if (v == NULL || count == 0) {
		reply_set(c->reply, 0);
		return;
	}
	if ((uint64_t)count >= set_count(v)) {
		reply_all(c, v);
		slot_remove(c->txn, &k, v);
		log_removed(c);
		return;
	}
	reply_set(c->reply, count);
	pop_some(c, &k, v, (uint64_t)count);
	slot_touch(c->txn, &k);
}
