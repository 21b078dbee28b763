/*
 * cmd_algebra - unions, intersections and differences of sets
 *
 * The result is either replied while it is found, or gathered first and then
 * stored in one piece: the destination may be one of the sources.
 *
 * Not here: sorted sets (cmd_zset*.c).
 */
#include "daemon/cmd_bag.h"
#include "daemon/cmd_set.h"

#include <stdlib.h>

/* The sets a command names, and what becomes of the members found. */
struct algebra {
	struct call *call;
	const struct value **set; /* NULL: empty */
	int sets;
	struct cmd_bag bag;       /* SUNION: met; SDIFF: not wanted */
	bool uses_bag;
	bool keeps;               /* gather, do not reply */
	struct slice *found;
	size_t room;
	uint64_t count;
	uint64_t limit;           /* SINTERCARD; 0: none */
	bool only_counts;
	bool is_small;            /* texts lie in the walker's own memory */
};

struct slice
cmd_set_keep(struct call *c, struct slice text)
{
	char *to = txn_scratch(c->txn, text.bytes);

	memcpy(to, text.data, text.bytes);
	return (struct slice){ to, text.bytes };
}

/* One member of the result. */
static void
found(struct algebra *a, struct slice member)
{
	struct slice *more;

	a->count++;
	if (a->only_counts)
		return;
	if (!a->keeps) {
		reply_bulk(a->call->reply, member);
		return;
	}
	if (a->count > a->room) {
		a->room = a->room * 2 + 64;
		more = txn_scratch(a->call->txn, a->room * sizeof(*more));
		if (a->found != NULL)
			memcpy(more, a->found, (a->count - 1) * sizeof(*more));
		a->found = more;
	}
	a->found[a->count - 1] = member;
}

/* The member in memory that stays until the end of the command. */
static struct slice
kept(const struct algebra *a, struct slice member)
{
	return a->is_small && (a->keeps || a->uses_bag) ?
	    cmd_set_keep(a->call, member) : member;
}

static void
each(struct algebra *a, const struct value *v, set_visit *visit)
{
	if (v == NULL)
		return;
	a->is_small = value_encoding(v) != LARGE;
	set_each(v, visit, a);
}

/* Finds the sources; false when one is no set, and that has been replied. */
static bool
read_sets(struct algebra *a, struct call *c, int first, int sets)
{
	struct value *v;
	struct key k;
	int i;

	*a = (struct algebra){ .call = c, .sets = sets };
	a->set = txn_scratch(c->txn, (size_t)sets * sizeof(*a->set));
	for (i = 0; i < sets; i++) {
		if (!cmd_set_find(c, first + i, &k, &v))
			return false;
		a->set[i] = v;
	}
	return true;
}

static uint64_t
count_of(const struct value *v)
{
	return v != NULL ? set_count(v) : 0;
}

/* the three operations */

static void
unite(void *arg, struct slice member)
{
	struct algebra *a = arg;

	member = kept(a, member);
	if (cmd_bag_add(&a->bag, member))
		found(a, member);
}

static void
take_all(void *arg, struct slice member)
{
	struct algebra *a = arg;

	found(a, kept(a, member));
}

static void
find_union(struct algebra *a)
{
	uint64_t most = 0;
	int i;

	if (a->sets == 1) {
		each(a, a->set[0], take_all);
		return;
	}
	for (i = 0; i < a->sets; i++)
		if (count_of(a->set[i]) > most)
			most = count_of(a->set[i]);
	a->uses_bag = true;
	cmd_bag_init(&a->bag, a->call->txn, most);
	for (i = 0; i < a->sets; i++)
		each(a, a->set[i], unite);
}

/* The smallest set comes first: its members are looked up in the others. */
static int
by_count(const void *x, const void *y)
{
	uint64_t a = count_of(*(const struct value *const *)x);
	uint64_t b = count_of(*(const struct value *const *)y);

	return (a > b) - (a < b);
}

static void
intersect(void *arg, struct slice member)
{
	struct algebra *a = arg;
	int i;

	if (a->limit != 0 && a->count >= a->limit)
		return;
	for (i = 1; i < a->sets; i++)
		if (a->set[i] != a->set[0] && !set_has(a->set[i], member))
			return;
	found(a, kept(a, member));
}

static void
find_intersection(struct algebra *a)
{
	uint64_t cursor = 0;

	qsort(a->set, (size_t)a->sets, sizeof(*a->set), by_count);
	if (a->set[0] == NULL)
		return;
	if (a->limit == 0) {
		each(a, a->set[0], intersect);
		return;
	}
	/* in parts, to stop when there are enough */
	a->is_small = value_encoding(a->set[0]) != LARGE;
	do
		cursor = set_scan(a->set[0], cursor, intersect, a);
	while (cursor != 0 && a->count < a->limit);
}

static void
not_wanted(void *arg, struct slice member)
{
	struct algebra *a = arg;

	cmd_bag_add(&a->bag, kept(a, member));
}

static void
subtract(void *arg, struct slice member)
{
	struct algebra *a = arg;
	int i;

	if (a->uses_bag) {
		if (cmd_bag_has(&a->bag, member))
			return;
	} else {
		for (i = 1; i < a->sets; i++)
			if (a->set[i] != NULL && set_has(a->set[i], member))
				return;
	}
	found(a, kept(a, member));
}

/*
 * Looks the first set's members up in each of the others, or, when that is more
 * work, in a bag of what is in the others.
 */
static void
find_difference(struct algebra *a)
{
	uint64_t first = count_of(a->set[0]), others = 0;
	int i;

	for (i = 1; i < a->sets; i++)
		others += count_of(a->set[i]);
	if (a->sets > 2 && others < first * (uint64_t)(a->sets - 2) / 4) {
		a->uses_bag = true;
		cmd_bag_init(&a->bag, a->call->txn, others);
		for (i = 1; i < a->sets; i++)
			each(a, a->set[i], not_wanted);
	}
	each(a, a->set[0], subtract);
}

/* the commands */

static void
answer(struct call *c, void (*find)(struct algebra *a))
{
	struct algebra a;
	size_t place;

	if (!read_sets(&a, c, 1, c->argc - 1))
		return;
	place = reply_later(c->reply);
	find(&a);
	reply_later_set(c->reply, place, '~', (int64_t)a.count);
}

static void
store(struct call *c, void (*find)(struct algebra *a))
{
	struct set_limits limits = cmd_set_limits(c);
	struct key k = call_key(c, 1);
	struct value *old;
	struct algebra a;

	if (!read_sets(&a, c, 2, c->argc - 2))
		return;
	a.keeps = true;
	find(&a);
	old = slot_peek(c->txn, &k);
	if (a.count > 0)
		set_store(c->txn, &k, old, a.found, a.count, &limits);
	else if (old != NULL)
		slot_remove(c->txn, &k, old);
	if (a.count > 0 || old != NULL)
		call_changed(c);
	reply_int(c->reply, (int64_t)a.count);
}

void
cmd_sunion(struct call *c)
{
	answer(c, find_union);
}

void
cmd_sinter(struct call *c)
{
	answer(c, find_intersection);
}

void
cmd_sdiff(struct call *c)
{
	answer(c, find_difference);
}

void
cmd_sunionstore(struct call *c)
{
	store(c, find_union);
}

void
cmd_sinterstore(struct call *c)
{
	store(c, find_intersection);
}

void
cmd_sdiffstore(struct call *c)
{
	store(c, find_difference);
}

/* SINTERCARD's options; false when the error has been replied. */
static bool
read_limit(struct call *c, int i, int64_t *limit)
{
	*limit = 0;
	for (; i < c->argc; i += 2) {
		if (!slice_is(c->argv[i], "limit") || i + 1 == c->argc) {
			call_syntax(c);
			return false;
		}
		if (!number_get_int(c->argv[i + 1], limit) || *limit < 0) {
			reply_error(c->reply,
			    error_text[ERROR_LIMIT_NEGATIVE]);
			return false;
		}
	}
	return true;
}

void
cmd_sintercard(struct call *c)
{
	int64_t sets, limit;
	struct algebra a;

	if (!number_get_int(c->argv[1], &sets) || sets < 1) {
		reply_error(c->reply, error_text[ERROR_NUMKEYS]);
		return;
	}
	if (sets > c->argc - 2) {
		reply_error(c->reply, "ERR Number of keys can't be greater "
		    "than number of args");
		return;
	}
	if (!read_limit(c, 2 + (int)sets, &limit) ||
	    !read_sets(&a, c, 2, (int)sets))
		return;
	a.only_counts = true;
	a.limit = (uint64_t)limit;
	find_intersection(&a);
	reply_int(c->reply, (int64_t)a.count);
}
