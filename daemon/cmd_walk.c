/*
 * cmd_walk - SCAN and KEYS: walks over the keys of a database
 *
 * SCAN's cursor is the slot's number and, behind it, the first REST_BITS bits
 * of the hash to go on from in that slot: together below 2^53, because some
 * clients keep cursors in a double.  A dict's cursor may have more bits; then
 * the walk goes on until they are zero, which is at the latest where a segment
 * of the dict ends.  Keys of all databases lie in a slot's dict, so a call
 * also ends after looking at some times COUNT keys of other databases.
 *
 * Slots are entered one after the other.  Empty ones are passed by without
 * their lock: a key that is there all the time is never missed by that.
 * A pattern that begins with a hash tag, or has no wildcards, names its slot.
 *
 * Not here: HSCAN, SSCAN, ZSCAN (with their types), arguments (cmd_scan.c).
 */
#include "daemon/cmd_scan.h"
#include "daemon/net_ship.h"

#define REST_BITS 39
#define REST_MASK (((uint64_t)1 << REST_BITS) - 1)
#define DROPPED (64 - REST_BITS)
#define DROPPED_MASK (((uint64_t)1 << DROPPED) - 1)
#define STRANGERS 10 /* keys looked at for each that was asked for */

struct walk {
	struct call *call;
	struct cmd_scan_options options;
	uint64_t seen;     /* keys of the database */
	uint64_t visited;  /* keys of all databases */
	int64_t found;
};

static void
visit_key(void *arg, void *block)
{
	struct walk *w = arg;
	const struct value *v = block;
	struct slice name = value_key(v);

	w->visited++;
	if (value_db(v) != w->call->db)
		return;
	w->seen++;
	if (!cmd_scan_matches(&w->options, name) ||
	    (value_expires(v) >= 0 &&
	    value_expires(v) <= w->call->txn->now_ms) ||
	    (w->options.has_type && !slice_is(w->options.type,
	    value_ops[value_type(v)]->name)))
		return;
	reply_bulk(w->call->reply, name);
	w->found++;
}

/* The one slot where names that match can be, or -1: anywhere. */
static int
slot_of_pattern(struct slice pattern)
{
	const char *open = NULL;
	size_t i;

	for (i = 0; i < pattern.bytes; i++) {
		const char *p = pattern.data + i;

		if (memchr("*?[\\", *p, 4) != NULL)
			return -1;
		if (open == NULL && *p == '{')
			open = p;
		else if (open != NULL && *p == '}')
			return p == open + 1 ? -1 : keyslot_of(
			    (struct slice){ pattern.data, i + 1 });
	}
	return keyslot_of(pattern);
}

/* The first slot from n on that may have what is wanted, or SLOT_COUNT. */
static int
next_slot(const struct walk *w, int n)
{
	int only = w->options.has_pattern ?
	    slot_of_pattern(w->options.pattern) : -1;

	if (only >= 0)
		return n <= only && !ship_hides(w->call->worker,
		    (unsigned)only) ? only : SLOT_COUNT;
	while (n < SLOT_COUNT && (REGION->common.slot[n].keys.count == 0 ||
	    ship_hides(w->call->worker, (unsigned)n)))
		n++;
	return n;
}

static bool
has_enough(const struct walk *w)
{
	return w->seen >= w->options.count ||
	    w->visited / STRANGERS >= w->options.count;
}

/* Looks at keys of slot n; returns where in it to go on, 0 when it is done. */
static uint64_t
scan_slot(struct walk *w, int n, uint64_t rest)
{
	const struct dict *keys = &REGION->common.slot[n].keys;
	bool visited = call_visit(w->call, n);
	uint64_t cursor = rest << DROPPED;

	do
		cursor = dict_scan(keys, &value_dict, cursor, visit_key, w);
	while (cursor != 0 &&
	    (!has_enough(w) || (cursor & DROPPED_MASK) != 0));
	call_unvisit(w->call, n, visited);
	return cursor >> DROPPED;
}

/* Replies names into an array that stands behind a cursor known only then. */
static uint64_t
scan(struct walk *w, int from, uint64_t rest)
{
	int n = next_slot(w, from);

	if (n != from)
		rest = 0;
	while (n < SLOT_COUNT && !has_enough(w)) {
		rest = scan_slot(w, n, rest);
		if (rest == 0)
			n = next_slot(w, n + 1);
	}
	return n == SLOT_COUNT ? 0 : (uint64_t)n << REST_BITS | rest;
}

void
cmd_scan(struct call *c)
{
	struct walk w = { .call = c };
	struct reply *r = c->reply;
	char digits[NUMBER_TEXT];
	size_t place, end, bytes;
	uint64_t cursor;

	if (!cmd_scan_read_cursor(c, 1, &cursor) ||
	    !cmd_scan_read_options(c, 2, true, &w.options))
		return;
	cursor >>= CMD_SCAN_LOW_BITS;
	reply_array(r, 2);
	place = reply_later(r);
	cursor = scan(&w, (int)(cursor >> REST_BITS) % SLOT_COUNT,
	    cursor & REST_MASK);
	reply_later_set(r, place, '*', w.found);
	end = r->used;
	reply_bulk(r, (struct slice){ digits,
	    number_put_uint(digits, cursor) });
	bytes = r->used - end;
	reply_room(r, bytes);
	if (r->is_failed)
		return;
	memmove(r->data + place + bytes, r->data + place, r->used - place);
	memcpy(r->data + place, r->data + r->used, bytes);
}

void
cmd_keys(struct call *c)
{
	struct walk w = { .call = c, .options = { .pattern = c->argv[1],
	    .has_pattern = !slice_equal(c->argv[1], SLICE("*")) } };
	size_t place = reply_later(c->reply);
	int n;

	for (n = next_slot(&w, 0); n < SLOT_COUNT; n = next_slot(&w, n + 1)) {
		bool visited = call_visit(c, n);

		txn_beat(c->txn);
		dict_each(&REGION->common.slot[n].keys, visit_key, &w);
		call_unvisit(c, n, visited);
	}
	reply_later_set(c->reply, place, '*', w.found);
}
