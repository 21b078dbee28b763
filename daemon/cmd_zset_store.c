/*
 * cmd_zset_store - unions, intersections and differences
 *
 * An input is a sorted set or a set, whose members count as having score 1.
 * Inputs are taken in the order of their size, as redis-server does: sums of
 * scores are rounded, so the order shows.
 *
 * Not here: storing the result (cmd_zset.c).
 */
#include "daemon/cmd_zset.h"
#include "shm/set.h"

#include <math.h>
#include <stdlib.h>

enum operation { UNION, INTER, DIFF };
enum aggregate { SUM, MIN, MAX };

struct input {
	const struct value *v;   /* NULL: no such key */
	uint64_t count;
	double weight;
	int64_t place;           /* among the arguments */
};

/* A request, read. */
struct request {
	enum operation operation;
	enum aggregate aggregate;
	bool is_store, is_count, with_scores;
	int64_t limit;           /* of ZINTERCARD, 0: none */
	int64_t inputs;
	struct input *input;
};

/* --- reading the request ----------------------------------------------- */

static bool
read_input(struct call *c, int i, struct input *in)
{
	struct key k = call_key(c, i);
	const struct value *v = call_find(c, &k);

	*in = (struct input){ v, 0, 1, i };
	if (v == NULL)
		return true;
	if (value_type(v) == VALUE_ZSET) {
		in->count = zset_count(v);
	} else if (value_type(v) == VALUE_SET) {
		in->count = set_count(v);
	} else {
		reply_error(c->reply, error_text[ERROR_WRONGTYPE]);
		return false;
	}
	return true;
}

/* numkeys key [key ...], numkeys being argument i. */
static bool
read_inputs(struct call *c, int i, struct request *r)
{
	int64_t n;

	if (!call_int(c, i, &r->inputs))
		return false;
	if (r->inputs < 1) {
		reply_errorf(c->reply,
		    "ERR at least 1 input key is needed for '%s' command",
		    c->command->name);
		return false;
	}
	if (r->inputs > c->argc - i - 1) {
		call_syntax(c);
		return false;
	}
	r->input = txn_scratch(c->txn, (size_t)r->inputs * sizeof(*r->input));
	for (n = 0; n < r->inputs; n++)
		if (!read_input(c, i + 1 + (int)n, &r->input[n]))
			return false;
	return true;
}

static bool
read_weights(struct call *c, int i, struct request *r)
{
	int64_t n;

	for (n = 0; n < r->inputs; n++) {
		if (number_get_double(c->argv[i + n], &r->input[n].weight))
			continue;
		reply_error(c->reply, "ERR weight value is not a float");
		return false;
	}
	return true;
}

static bool
read_aggregate(struct call *c, int i, struct request *r)
{
	struct slice s = c->argv[i];
	bool is_sum = slice_is(s, "sum"), is_min = slice_is(s, "min");

	r->aggregate = is_sum ? SUM : is_min ? MIN : MAX;
	if (!is_sum && !is_min && !slice_is(s, "max")) {
		call_syntax(c);
		return false;
	}
	return true;
}

static bool
read_limit(struct call *c, int i, struct request *r)
{
	if (number_get_int(c->argv[i], &r->limit) && r->limit >= 0)
		return true;
	reply_error(c->reply, error_text[ERROR_LIMIT_NEGATIVE]);
	return false;
}

static bool
read_options(struct call *c, int i, struct request *r)
{
	bool may_weigh = r->operation != DIFF && !r->is_count;
	int left;

	for (; (left = c->argc - i) > 0; i++) {
		struct slice s = c->argv[i];

		if (may_weigh && left > r->inputs && slice_is(s, "weights")) {
			if (!read_weights(c, i + 1, r))
				return false;
			i += (int)r->inputs;
		} else if (may_weigh && left > 1 && slice_is(s, "aggregate")) {
			if (!read_aggregate(c, ++i, r))
				return false;
		} else if (!r->is_store && !r->is_count &&
		    slice_is(s, "withscores")) {
			r->with_scores = true;
		} else if (r->is_count && left > 1 && slice_is(s, "limit")) {
			if (!read_limit(c, ++i, r))
				return false;
		} else {
			call_syntax(c);
			return false;
		}
	}
	return true;
}

/* --- the algebra ------------------------------------------------------- */

static int
by_count(const void *a, const void *b)
{
	const struct input *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? -1 : 1;
	return x->place < y->place ? -1 : 1;
}

/* The items of an input into list[0 .. count). */
static void
list_input(struct call *c, const struct input *in, struct zset_item *list)
{
	struct slice *members;
	uint64_t i;

	if (in->v == NULL)
		return;
	if (value_type(in->v) == VALUE_ZSET) {
		zset_list(c->txn, in->v, 0, in->count, list);
		return;
	}
	members = txn_scratch(c->txn, in->count * sizeof(*members));
	set_list(c->txn, in->v, members);
	for (i = 0; i < in->count; i++)
		list[i] = (struct zset_item){ 1, members[i] };
}

static bool
input_has(const struct input *in, struct slice member, double *score)
{
	*score = 1;
	if (in->v == NULL)
		return false;
	return value_type(in->v) == VALUE_ZSET ?
	    zset_score(in->v, member, score) : set_has(in->v, member);
}

/* Infinity times zero, or less itself, is not a number: 0 is taken. */
static double
weigh(double score, double weight)
{
	double product = score * weight;

	return isnan(product) ? 0 : product;
}

static double
join(enum aggregate how, double a, double b)
{
	double sum;

	if (how == MIN)
		return b < a ? b : a;
	if (how == MAX)
		return b > a ? b : a;
	sum = a + b;
	return isnan(sum) ? 0 : sum;
}

/* A table of items by member: places hold 1 + an index, 0 is free. */
struct table {
	uint64_t places, *place;
};

static uint64_t *
find_place(const struct table *table, const struct zset_item *items,
    struct slice member)
{
	uint64_t at = place_hash(member, 0) & (table->places - 1);

	while (table->place[at] != 0 &&
	    !slice_equal(items[table->place[at] - 1].member, member))
		at = (at + 1) & (table->places - 1);
	return &table->place[at];
}

static uint64_t
unite(struct call *c, const struct request *r, struct zset_item **items)
{
	struct table table = { 16, NULL };
	uint64_t total = 0, found = 0, next, end, *place;
	struct zset_item *list;
	int64_t n;

	for (n = 0; n < r->inputs; n++)
		total += r->input[n].count;
	while (table.places < total * 2)
		table.places *= 2;
	table.place = txn_scratch(c->txn, table.places * sizeof(*table.place));
	memset(table.place, 0, table.places * sizeof(*table.place));
	*items = list = txn_scratch(c->txn, total * sizeof(*list) + 1);
	for (n = 0; n < r->inputs; n++) {
		const struct input *in = &r->input[n];

		/* listed behind what was found, and then moved up to it */
		list_input(c, in, list + found);
		end = found + in->count;
		for (next = found; next < end; next++) {
			struct zset_item item = list[next];

			txn_beat(c->txn);
			item.score = weigh(item.score, in->weight);
			place = find_place(&table, list, item.member);
			if (*place == 0) {
				list[found++] = item;
				*place = found;
			} else {
				list[*place - 1].score = join(r->aggregate,
				    list[*place - 1].score, item.score);
			}
		}
	}
	return found;
}

/* Whether all inputs but the first have the item, whose score is joined. */
static bool
is_in_all(const struct request *r, struct zset_item *item)
{
	const struct input *first = &r->input[0];
	double raw = item->score, score;
	int64_t n;

	item->score = weigh(raw, first->weight);
	for (n = 1; n < r->inputs; n++) {
		if (r->input[n].v == first->v)
			score = raw;
		else if (!input_has(&r->input[n], item->member, &score))
			return false;
		item->score = join(r->aggregate, item->score,
		    score * r->input[n].weight);
	}
	return true;
}

static bool
is_in_another(const struct request *r, const struct zset_item *item)
{
	double score;
	int64_t n;

	for (n = 1; n < r->inputs; n++)
		if (input_has(&r->input[n], item->member, &score))
			return true;
	return false;
}

/* What of the first input stays, in its order. */
static uint64_t
sift(struct call *c, const struct request *r, struct zset_item **items)
{
	const struct input *first = &r->input[0];
	uint64_t found = 0, i;
	struct zset_item *list;

	*items = list = txn_scratch(c->txn, first->count * sizeof(*list) + 1);
	list_input(c, first, list);
	for (i = 0; i < first->count; i++) {
		struct zset_item item = list[i];

		txn_beat(c->txn);
		if (r->operation == DIFF ? is_in_another(r, &item) :
		    !is_in_all(r, &item))
			continue;
		list[found++] = item;
		if (r->limit > 0 && found == (uint64_t)r->limit)
			break;
	}
	return found;
}

/* --- the commands ------------------------------------------------------ */

/* Reads the request from numkeys, argument i, on and works it out. */
static bool
work_out(struct call *c, int i, struct request *r, struct zset_item **items,
    uint64_t *count)
{
	if (!read_inputs(c, i, r) ||
	    !read_options(c, i + 1 + (int)r->inputs, r))
		return false;
	if (r->operation != DIFF)
		qsort(r->input, (size_t)r->inputs, sizeof(*r->input), by_count);
	*count = r->operation == UNION ? unite(c, r, items) : sift(c, r, items);
	return true;
}

static void
store(struct call *c, enum operation operation)
{
	struct request r = { .operation = operation, .is_store = true };
	struct key k = call_key(c, 1);
	struct zset_item *items;
	uint64_t count;

	if (work_out(c, 2, &r, &items, &count))
		cmd_zset_store(c, &k, items, count);
}

static void
show(struct call *c, enum operation operation)
{
	struct request r = { .operation = operation };
	struct zset_item *items;
	uint64_t count, i;

	if (!work_out(c, 1, &r, &items, &count))
		return;
	zset_sort(items, count);
	cmd_zset_reply_head(c, count, r.with_scores);
	for (i = 0; i < count; i++)
		cmd_zset_reply_item(c, &items[i], r.with_scores);
}

void
cmd_zunion(struct call *c)
{
	show(c, UNION);
}

void
cmd_zunionstore(struct call *c)
{
	store(c, UNION);
}

void
cmd_zinter(struct call *c)
{
	show(c, INTER);
}

void
cmd_zinterstore(struct call *c)
{
	store(c, INTER);
}

void
cmd_zintercard(struct call *c)
{
	struct request r = { .operation = INTER, .is_count = true };
	struct zset_item *items;
	uint64_t count;

	if (work_out(c, 1, &r, &items, &count))
		reply_int(c->reply, (int64_t)count);
}

void
cmd_zdiff(struct call *c)
{
	show(c, DIFF);
}

void
cmd_zdiffstore(struct call *c)
{
	store(c, DIFF);
}
