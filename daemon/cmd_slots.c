/*
 * cmd_slots - what CLUSTER tells about slots beyond Redis, and deleting by slot
 *
 * Source of the forms: SLOT-STATS is Valkey 8's; SLOTSTATE, ENDPOINT,
 * MYPARENTID and DELKEYSINSLOT(RANGE) are Garnet's.
 *
 * Not here: CLUSTER as Redis has it (cmd_cluster.c).
 */
#include "daemon/net_place.h"

#include <stdio.h>
#include <stdlib.h>

#define DELETE_AT_ONCE 128

static bool
read_slot(struct call *c, int i, int64_t *slot)
{
	if (number_get_int(c->argv[i], slot) && *slot >= 0 &&
	    *slot < SLOT_COUNT)
		return true;
	reply_error(c->reply, "ERR Invalid or out of range slot");
	return false;
}

/* --- nodes ------------------------------------------------------------- */

void
cmd_cluster_endpoint(struct call *c)
{
	const struct map *m;
	char text[BUS_NAME + 16];
	uint32_t i;

	if (!place_has_cluster(c))
		return;
	m = place_map(c->worker);
	for (i = 0; i < m->count; i++)
		if (slice_equal(c->argv[2], (struct slice){
		    m->node[i].id.text, BUS_ID }))
			break;
	if (i < m->count)
		snprintf(text, sizeof(text), "%s:%u", m->node[i].ip,
		    m->node[i].port);
	reply_text(c->reply, i < m->count ? text : "unassigned:0");
}

void
cmd_cluster_myparentid(struct call *c)
{
	const struct map *m;
	uint16_t of;

	if (!place_has_cluster(c))
		return;
	m = place_map(c->worker);
	of = m->node[MAP_SELF].primary;
	reply_bulk(c->reply, (struct slice){
	    m->node[of != MAP_NOBODY ? of : MAP_SELF].id.text, BUS_ID });
}

/* --- state ------------------------------------------------------------- */

void
cmd_cluster_slotstate(struct call *c)
{
	const struct map *m;
	char text[64];
	const char *how = "=";
	int64_t slot;
	uint16_t owner;

	if (!place_has_cluster(c) || !read_slot(c, 2, &slot))
		return;
	m = place_map(c->worker);
	owner = m->owner[slot];
	if (m->goes[slot] != MAP_NOBODY)
		how = ">";
	else if (m->comes[slot] != MAP_NOBODY)
		how = "<";
	else if (owner == MAP_NOBODY)
		how = "x";
	else if (m->node[owner].flags & BUS_IS_FAIL)
		how = "*";
	snprintf(text, sizeof(text), "%d %s %.*s", (int)slot, how,
	    owner != MAP_NOBODY ? BUS_ID : 1, owner != MAP_NOBODY ?
	    m->node[owner].id.text : "-");
	reply_simple(c->reply, text);
}

/* --- statistics -------------------------------------------------------- */

enum metric { KEYS, MICROSECONDS, BYTES_IN, BYTES_OUT, METRICS };

static const char *const metric_names[METRICS] = {
	"key-count", "cpu-usec", "network-bytes-in", "network-bytes-out"
};

struct stat_of_slot {
	uint64_t of[METRICS];
	uint64_t rank;             /* the one by which they are put in order */
	int slot;
};

/* Those after the first are counted only when they are wanted. */
static int
count_metrics(const struct call *c)
{
	return call_options(c)->cluster_slot_stats_enabled ? METRICS : 1;
}

/* Those of this node, or of its primary. */
static bool
is_told(const struct map *m, int64_t slot)
{
	uint16_t owner = m->owner[slot];

	return owner != MAP_NOBODY &&
	    (owner == MAP_SELF || owner == m->node[MAP_SELF].primary);
}

static void
put_stat(struct call *c, const struct stat_of_slot *s)
{
	int metrics = count_metrics(c), i;

	reply_array(c->reply, 2);
	reply_int(c->reply, s->slot);
	reply_map(c->reply, metrics);
	for (i = 0; i < metrics; i++) {
		reply_text(c->reply, metric_names[i]);
		reply_int(c->reply, (int64_t)s->of[i]);
	}
}

/* What all workers counted of it. */
static void
add_up(const struct call *c, struct stat_of_slot *s)
{
	uint64_t ticks = 0;
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++) {
		const struct area *a = &REGION->area[i];
		const struct stat_slot *one = &a->slot[s->slot];

		if (word_load(&a->counts_slots) == 0)
			continue;
		ticks += word_load(&one->ticks);
		s->of[BYTES_IN] += word_load(&one->bytes_in);
		s->of[BYTES_OUT] += word_load(&one->bytes_out);
	}
	s->of[MICROSECONDS] = (uint64_t)((unsigned __int128)ticks *
	    c->worker->us_per_tick >> 64);
}

/* What is told of slots first to last, in their order; how many. */
static int
collect(struct call *c, int64_t first, int64_t last, enum metric rank,
    struct stat_of_slot *to)
{
	const struct map *m = place_map(c->worker);
	bool all = count_metrics(c) == METRICS;
	int64_t slot;
	int count = 0;

	for (slot = first; slot <= last; slot++) {
		if (!is_told(m, slot))
			continue;
		to[count] = (struct stat_of_slot){ .slot = (int)slot };
		to[count].of[KEYS] =
		    word_load(&REGION->common.slot[slot].keys.count);
		if (all)
			add_up(c, &to[count]);
		to[count].rank = to[count].of[rank];
		count++;
	}
	return count;
}

static void
put_range(struct call *c)
{
	struct stat_of_slot *s;
	int64_t first, last;
	int count, i;

	if (!read_slot(c, 3, &first) || !read_slot(c, 4, &last))
		return;
	if (first > last) {
		reply_errorf(c->reply, "ERR Start slot number %d is greater "
		    "than end slot number %d", (int)first, (int)last);
		return;
	}
	s = txn_scratch(c->txn, SLOT_COUNT * sizeof(*s));
	count = collect(c, first, last, KEYS, s);
	reply_array(c->reply, count);
	for (i = 0; i < count; i++)
		put_stat(c, &s[i]);
}

static int
by_rank(const void *a, const void *b)
{
	const struct stat_of_slot *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->slot - y->slot;
}

static int
by_rank_down(const void *a, const void *b)
{
	const struct stat_of_slot *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	return x->slot - y->slot;
}

/* LIMIT n, ASC, DESC from argument 4 on. */
static bool
read_order(struct call *c, int64_t *limit, bool *goes_down)
{
	int i;

	*limit = SLOT_COUNT;
	*goes_down = true;
	for (i = 4; i < c->argc; i++) {
		if (slice_is(c->argv[i], "asc")) {
			*goes_down = false;
		} else if (slice_is(c->argv[i], "desc")) {
			*goes_down = true;
		} else if (slice_is(c->argv[i], "limit") && i + 1 < c->argc) {
			if (!number_get_int(c->argv[++i], limit) ||
			    *limit < 1 || *limit > SLOT_COUNT) {
				reply_error(c->reply, "ERR Limit has to lie in "
				    "between 1 and 16384 (maximum number of "
				    "slots).");
				return false;
			}
		} else {
			call_syntax(c);
			return false;
		}
	}
	return true;
}

static void
put_ordered(struct call *c)
{
	struct stat_of_slot *s;
	int64_t limit;
	bool goes_down;
	int metrics = count_metrics(c), rank, count, i;

	for (rank = 0; rank < metrics; rank++)
		if (slice_is(c->argv[3], metric_names[rank]))
			break;
	if (rank == metrics) {
		reply_error(c->reply,
		    "ERR Unrecognized sort metric for ORDERBY.");
		return;
	}
	if (!read_order(c, &limit, &goes_down))
		return;
	s = txn_scratch(c->txn, SLOT_COUNT * sizeof(*s));
	count = collect(c, 0, SLOT_COUNT - 1, (enum metric)rank, s);
	qsort(s, (size_t)count, sizeof(*s), goes_down ? by_rank_down : by_rank);
	count = count < limit ? count : (int)limit;
	reply_array(c->reply, count);
	for (i = 0; i < count; i++)
		put_stat(c, &s[i]);
}

void
cmd_cluster_slot_stats(struct call *c)
{
	if (!place_has_cluster(c))
		return;
	if (c->argc == 5 && slice_is(c->argv[2], "slotsrange"))
		put_range(c);
	else if (slice_is(c->argv[2], "orderby"))
		put_ordered(c);
	else
		reply_errorf(c->reply, "ERR unknown subcommand or wrong number "
		    "of arguments for '%.*s'. Try CLUSTER HELP.",
		    (int)c->argv[1].bytes, c->argv[1].data);
}

/* --- deleting ---------------------------------------------------------- */

struct some {
	int count;
	const struct value *v[DELETE_AT_ONCE];
};

static void
take(void *arg, void *block)
{
	struct some *s = arg;

	if (s->count < DELETE_AT_ONCE)
		s->v[s->count++] = block;
}

/* Deletes some keys of a slot that is locked; how many. */
static int
delete_some(struct call *c, struct slot *slot)
{
	struct some s = { .count = 0 };
	uint64_t cursor = 0;
	int i, count = 0;

	do
		cursor = dict_scan(&slot->keys, &value_dict, cursor, take, &s);
	while (cursor != 0 && s.count < DELETE_AT_ONCE);
	for (i = 0; i < s.count; i++) {
		struct value *v;
		struct key k = { value_key(s.v[i]), value_dict.hash(s.v[i]),
			slot, value_db(s.v[i]) };

		/* A key whose time is over goes by itself. */
		v = slot_peek(c->txn, &k);
		if (v == NULL)
			continue;
		txn_log2(c->txn, k.db, SLICE("DEL"), k.name);
		slot_event(c->txn, EVENT_GENERIC, "del", &k);
		slot_remove(c->txn, &k, v);
		count++;
	}
	return count;
}

static void
delete_all(struct call *c, int64_t number)
{
	struct slot *slot = &REGION->common.slot[number];
	bool visited;
	int count = DELETE_AT_ONCE;

	while (count > 0 && word_load(&slot->keys.count) > 0) {
		visited = call_visit(c, (int)number);
		count = delete_some(c, slot);
		call_unvisit(c, (int)number, visited);
		txn_beat(c->txn);
	}
}

void
cmd_cluster_delkeysinslot(struct call *c)
{
	int64_t slot;

	if (!place_has_cluster(c) || !read_slot(c, 2, &slot))
		return;
	delete_all(c, slot);
	reply_ok(c->reply);
}

void
cmd_cluster_delkeysinslotrange(struct call *c)
{
	int64_t first, last;
	int i;

	if (!place_has_cluster(c))
		return;
	if (c->argc % 2 != 0) {
		call_arity(c);
		return;
	}
	for (i = 2; i < c->argc; i += 2) {
		if (!read_slot(c, i, &first) || !read_slot(c, i + 1, &last))
			return;
		if (first > last) {
			reply_errorf(c->reply, "ERR Invalid range %d > %d!",
			    (int)first, (int)last);
			return;
		}
	}
	for (i = 2; i < c->argc; i += 2) {
		if (!read_slot(c, i, &first) || !read_slot(c, i + 1, &last))
			return;
		for (; first <= last; first++)
			delete_all(c, first);
	}
	reply_ok(c->reply);
}
