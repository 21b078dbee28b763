/*
 * cmd_key - keys whatever they hold, and whole databases
 *
 * Not here: times to live (cmd_expire.c), walks (cmd_scan.c), SORT
 * (cmd_sort.c).
 */
#include "daemon/net.h"
#include "daemon/net_ship.h"
#include "shm/string.h"

#define RANDOM_TRIES 64
#define SHARED_INTEGERS 10000 /* redis-server has one of each below */
#define SHARED_REFCOUNT 2147483647

void
cmd_del(struct call *c)
{
	int i, count = 0;

	for (i = 1; i < c->argc; i++) {
		struct key k = call_key(c, i);
		struct value *v = slot_peek(c->txn, &k);

		if (v != NULL) {
			slot_remove(c->txn, &k, v);
			call_event(c, EVENT_GENERIC, "del", &k);
			count++;
		}
	}
	if (count > 0)
		call_changed(c);
	reply_int(c->reply, count);
}

void
cmd_exists(struct call *c)
{
	int i, count = 0;

	for (i = 1; i < c->argc; i++) {
		struct key k = call_key(c, i);

		if (slot_peek(c->txn, &k) != NULL)
			count++;
		else
			slot_miss(c->txn, &k);
	}
	c->txn->hits += (uint64_t)count;
	reply_int(c->reply, count);
}

void
cmd_touch(struct call *c)
{
	bool leaves_lru = c->txn->leaves_lru;
	int i, count = 0;

	/* It touches for CLIENT NO-TOUCH as well: that is what it is for. */
	c->txn->leaves_lru = false;
	for (i = 1; i < c->argc; i++) {
		struct key k = call_key(c, i);

		if (slot_find(c->txn, &k) != NULL)
			count++;
	}
	c->txn->leaves_lru = leaves_lru;
	reply_int(c->reply, count);
}

void
cmd_type(struct call *c)
{
	struct key k = call_key(c, 1);
	const struct value *v = slot_peek(c->txn, &k);

	if (v != NULL)
		c->txn->hits++;
	else
		slot_miss(c->txn, &k);
	reply_simple(c->reply, v == NULL ? "none" :
	    value_ops[value_type(v)]->name);
}

/* --- other names, other databases -------------------------------------- */

/*
 * A record for `to` (in the place of `old`) with v's bytes and expiry.  A large
 * value is still v's as well.
 */
static struct value *
put_same(struct call *c, const struct value *v, const struct key *to,
    struct value *old)
{
	struct value *same = slot_put(c->txn, to, old, value_type(v),
	    value_encoding(v), value_bytes(v), value_expires(v), false);

	txn_fill(c->txn, value_data(same), value_data(v), value_bytes(v));
	/* For who counts keys the old one has gone. */
	if (old != NULL)
		call_event(c, EVENT_NEW, "new", to);
	return same;
}

static bool
is_large(const struct value *v)
{
	return value_type(v) != VALUE_STRING && value_encoding(v) == LARGE;
}

/*
 * Takes v from one key to another, which had `old`; nothing large is copied.
 * The events tell so of either key.
 */
static void
carry(struct call *c, const struct key *from, struct value *v,
    const struct key *to, struct value *old, const char *const events[2])
{
	if (is_large(v))
		slot_carry(c->txn, from, v, to);
	put_same(c, v, to, old);
	/* What is large has a new owner: only an empty record goes. */
	if (is_large(v))
		v = slot_put(c->txn, from, v, VALUE_STRING, STRING_RAW, 0, -1,
		    true);
	slot_remove(c->txn, from, v);
	call_event(c, EVENT_GENERIC, events[0], from);
	call_event(c, EVENT_GENERIC, events[1], to);
	call_changed(c);
}

/* Whether RENAME has been done; else it replied why not. */
static bool
rename_key(struct call *c, bool may_replace, int answer_same)
{
	struct key from = call_key(c, 1), to = call_key(c, 2);
	struct value *v = slot_find(c->txn, &from), *old;

	if (v == NULL) {
		reply_error(c->reply, error_text[ERROR_NO_KEY]);
		return false;
	}
	if (slice_equal(from.name, to.name))
		return answer_same;
	old = slot_peek(c->txn, &to);
	if (old != NULL && !may_replace)
		return false;
	carry(c, &from, v, &to, old, (const char *const[]){ "rename_from",
	    "rename_to" });
	return true;
}

void
cmd_rename(struct call *c)
{
	if (rename_key(c, true, true))
		reply_ok(c->reply);
}

void
cmd_renamenx(struct call *c)
{
	uint64_t errors = c->reply->errors;
	bool is_done = rename_key(c, false, false);

	if (c->reply->errors == errors)
		reply_int(c->reply, is_done);
}

/* The database that argument i selects, as its internal number. */
static bool
read_db(struct call *c, int i, uint8_t *db)
{
	int64_t n;

	if (!call_int_between(c, i, INT32_MIN, INT32_MAX, &n))
		return false;
	if (n < 0 || n >= STATE_DATABASES) {
		reply_error(c->reply, error_text[ERROR_BAD_DB]);
		return false;
	}
	*db = c->worker->state.db[n];
	return true;
}

void
cmd_move(struct call *c)
{
	struct key from = call_key(c, 1), to;
	struct value *v;
	uint8_t db;

	if (call_options(c)->cluster_enabled) {
		reply_error(c->reply, error_text[ERROR_MOVE_CLUSTER]);
		return;
	}
	if (!read_db(c, 2, &db))
		return;
	if (db == c->db) {
		reply_error(c->reply, error_text[ERROR_SAME_KEY]);
		return;
	}
	to = slot_key(REGION->common.slot, db, from.name);
	v = slot_find(c->txn, &from);
	if (v == NULL || slot_peek(c->txn, &to) != NULL) {
		reply_int(c->reply, 0);
		return;
	}
	carry(c, &from, v, &to, NULL, (const char *const[]){ "move_from",
	    "move_to" });
	reply_int(c->reply, 1);
}

static bool
read_copy_options(struct call *c, bool *may_replace, uint8_t *db)
{
	int i;

	for (i = 3; i < c->argc; i++) {
		if (slice_is(c->argv[i], "replace")) {
			*may_replace = true;
		} else if (slice_is(c->argv[i], "db") && i + 1 < c->argc) {
			if (!read_db(c, ++i, db))
				return false;
		} else {
			call_syntax(c);
			return false;
		}
	}
	return true;
}

void
cmd_copy(struct call *c)
{
	struct key from = call_key(c, 1), to;
	bool may_replace = false;
	uint8_t db = c->db;
	struct value *v, *old, *same;

	if (!read_copy_options(c, &may_replace, &db))
		return;
	if (call_options(c)->cluster_enabled && db != c->db) {
		reply_error(c->reply, error_text[ERROR_COPY_CLUSTER]);
		return;
	}
	to = slot_key(REGION->common.slot, db, c->argv[2]);
	if (db == c->db && slice_equal(from.name, to.name)) {
		reply_error(c->reply, error_text[ERROR_SAME_KEY]);
		return;
	}
	v = slot_find(c->txn, &from);
	old = v != NULL ? slot_peek(c->txn, &to) : NULL;
	if (v == NULL || (old != NULL && !may_replace)) {
		reply_int(c->reply, 0);
		return;
	}
	same = put_same(c, v, &to, old);
	if (is_large(v))
		value_ops[value_type(v)]->copy(c->txn, v, same);
	call_event(c, EVENT_GENERIC, "copy_to", &to);
	call_changed(c);
	reply_int(c->reply, 1);
}

/* --- OBJECT ------------------------------------------------------------ */

/* The record of argument 2, not noted as an access; NULL: null was replied. */
static const struct value *
look_at(struct call *c)
{
	struct key k = call_key(c, 2);
	const struct value *v = slot_peek(c->txn, &k);

	if (v == NULL)
		reply_null(c->reply);
	return v;
}

void
cmd_object_encoding(struct call *c)
{
	const struct value *v = look_at(c);

	if (v != NULL)
		reply_text(c->reply, value_encoding_name(v));
}

void
cmd_object_freq(struct call *c)
{
	if (look_at(c) != NULL)
		reply_error(c->reply, error_text[ERROR_NO_LFU]);
}

void
cmd_object_idletime(struct call *c)
{
	const struct value *v = look_at(c);
	uint32_t now = (uint32_t)(c->txn->now_ms / 1000);

	if (v != NULL)
		reply_int(c->reply, (now - ((uint32_t)v->lru[0] |
		    (uint32_t)v->lru[1] << 8 | (uint32_t)v->lru[2] << 16)) &
		    0xffffff);
}

void
cmd_object_refcount(struct call *c)
{
	const struct value *v = look_at(c);
	int64_t n;

	if (v == NULL)
		return;
	reply_int(c->reply, value_type(v) == VALUE_STRING &&
	    value_encoding(v) == STRING_INT && string_int(v, &n) && n >= 0 &&
	    n < SHARED_INTEGERS ? SHARED_REFCOUNT : 1);
}

/* --- databases --------------------------------------------------------- */

void
cmd_dbsize(struct call *c)
{
	int64_t keys = region_keys(c->db) - ship_hidden(c->worker);

	/* Counted one after the other, while they come and go. */
	reply_int(c->reply, keys > 0 ? keys : 0);
}

/* A key of the database in a slot, when one is met. */
struct pick {
	const struct call *call;
	const struct value *v;
};

static void
pick(void *arg, void *block)
{
	struct pick *p = arg;
	const struct value *v = block;

	if (p->v == NULL && value_db(v) == p->call->db &&
	    (value_expires(v) < 0 ||
	    value_expires(v) > p->call->txn->now_ms))
		p->v = v;
}

/*
 * Tells a key of a slot: one taken at random, or (is_last) any, as long as
 * there is one.
 */
static bool
reply_key_of(struct call *c, unsigned slot, bool is_last)
{
	const struct dict *keys = &REGION->common.slot[slot].keys;
	struct pick p = { c, NULL };
	bool visited;
	int tries;

	if (keys->count == 0 || ship_hides(c->worker, slot))
		return false;
	visited = call_visit(c, (int)slot);
	for (tries = 0; tries < RANDOM_TRIES && p.v == NULL &&
	    keys->count > 0; tries++)
		pick(&p, dict_random(keys, call_random(c)));
	if (is_last && p.v == NULL)
		dict_each(keys, pick, &p);
	if (p.v != NULL)
		reply_bulk(c->reply, value_key(p.v));
	call_unvisit(c, (int)slot, visited);
	return p.v != NULL;
}

/*
 * Slots are thrown until one has keys.  When few have any, the next one
 * behind the last throw will do.
 */
void
cmd_randomkey(struct call *c)
{
	unsigned slot = 0;
	int tries;

	for (tries = 0; tries < RANDOM_TRIES; tries++) {
		slot = (unsigned)(call_random(c) >> 32) % SLOT_COUNT;
		if (reply_key_of(c, slot, false))
			return;
	}
	for (tries = 0; tries < SLOT_COUNT; tries++)
		if (reply_key_of(c, ++slot % SLOT_COUNT, true))
			return;
	reply_null(c->reply);
}

/* db: internal number, -1 for all.  Logged even when there was nothing. */
static void
flush(struct call *c, int db)
{
	int i;

	if (c->argc > 2 || (c->argc == 2 && !slice_is(c->argv[1], "async") &&
	    !slice_is(c->argv[1], "sync"))) {
		call_syntax(c);
		return;
	}
	for (i = 0; i < SLOT_COUNT; i++) {
		txn_beat(c->txn);
		slot_flush(c->txn, &REGION->common.slot[i], db);
	}
	call_changed(c);
	reply_ok(c->reply);
}

void
cmd_flushdb(struct call *c)
{
	flush(c, c->db);
}

void
cmd_flushall(struct call *c)
{
	flush(c, -1);
}
