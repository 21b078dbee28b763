#include "daemon/net_batch.h"

#include "daemon/clock.h"
#include "daemon/net_commit.h"
#include "daemon/net_gate.h"
#include "daemon/net_park.h"
#include "daemon/net_serve.h"
#include "proto/number.h"

#include <stdlib.h>

#define FETCH_BYTES 1024 /* of one value, at most */
#define GROUP 6          /* requests fetched for at a time */

static struct resp_limits
limits_of(const struct conn *c)
{
	return (struct resp_limits){ unlikely(c->duty != NULL) ? INT32_MAX :
	    c->worker->state.options.proto_max_bulk_len, !c->is_authenticated };
}

static bool
may_serve(const struct conn *c)
{
	return c->park.why == CONN_SERVES && !c->is_closing;
}

/* --- fetching ahead ---------------------------------------------------- */

/* The rest of a record whose header is there: a small hash is read through. */
static void
fetch_rest(const struct value *v)
{
	size_t bytes = sizeof(*v) + v->key_bytes + v->value_bytes, at;

	if (bytes > FETCH_BYTES)
		bytes = FETCH_BYTES;
	for (at = 128 - ((uintptr_t)v & 63); at < bytes; at += 64)
		__builtin_prefetch((const char *)v + at);
}

/*
 * The rest of a small value; of a large one that has a dict the bucket of the
 * member or field that the request names.
 */
static void
fetch_member(struct request *q)
{
	const struct value *v = q->entry;

	q->member_bucket = NULL;
	if (v == NULL)
		return;
	if (likely(!value_is_large(v))) {
		fetch_rest(v);
		return;
	}
	if (q->argc < 3)
		return;
	/* ZADD key score member; HSET key field value */
	q->member_hash = place_hash(q->argv[value_type(v) == VALUE_ZSET ?
	    q->argc - 1 : 2], 0);
	q->member_bucket = value_hint_bucket(v, q->member_hash);
	if (q->member_bucket != NULL)
		__builtin_prefetch(q->member_bucket);
}

static void
fetch_member_entry(const struct request *q)
{
	const char *entry;

	if (likely(q->member_bucket == NULL))
		return;
	entry = dict_hint_entry(q->member_bucket, q->member_hash);
	if (entry != NULL) {
		__builtin_prefetch(entry);
		__builtin_prefetch(entry + 64);
	}
}

static void
fetch_bucket(struct request *q)
{
	q->bucket = q->has_hash ?
	    dict_hint_bucket(&q->slot->keys, q->hash) : NULL;
	if (q->bucket != NULL)
		__builtin_prefetch(q->bucket);
}

static void
fetch_entry(struct request *q)
{
	q->entry = q->bucket != NULL ?
	    dict_hint_entry(q->bucket, q->hash) : NULL;
	if (q->entry != NULL) {
		__builtin_prefetch(q->entry);
		__builtin_prefetch((const char *)q->entry + 64);
	}
}

static inline int
least(int a, int b)
{
	return a < b ? a : b;
}

/*
 * Fetches for requests behind the one at `at`, in groups, each step a group
 * ahead of the next, so that what it asked for has come; within a group the
 * misses of a step overlap.
 */
__attribute__((flatten)) static void
fetch(struct batch *b, int at)
{
	int buckets = least(at + 3 * GROUP, b->count),
	    entries = least(at + 2 * GROUP, b->count),
	    members = least(at + GROUP, b->count);

	while (b->members < members)
		fetch_member(&b->request[b->members++]);
	while (b->entries < entries)
		fetch_entry(&b->request[b->entries++]);
	while (b->buckets < buckets)
		fetch_bucket(&b->request[b->buckets++]);
}

/* --- filling ----------------------------------------------------------- */

static struct request *
add(struct conn *c, const char *raw, size_t raw_bytes)
{
	struct batch *b = &c->worker->batch;
	struct request *q = &b->request[b->count++];

	q->conn = c;
	q->command = NULL;
	q->raw = raw;
	q->raw_bytes = raw_bytes;
	q->has_hash = false;
	q->reply_at = REQUEST_UNSERVED;
	q->error = NULL;
	c->is_in_batch = true;
	return q;
}

/* Most often the command of the request before it, if that has a key. */
static inline const struct command *
find_command(const struct batch *b, struct request *q)
{
	const struct request *last = q - 1;
	struct slice name = q->argv[0];

	q->is_container = false;
	if (q > b->request && last->has_hash &&
	    slice_equal(last->argv[0], name) &&
	    last->command->name[name.bytes] == 0)
		return last->command;
	return command_find(q->argv, q->argc, &q->is_container);
}

/* A whole request: looked up, its first key hashed, its slot on the way. */
static void
add_request(struct conn *c, const char *raw, const struct slice *argv, int argc)
{
	struct request *q = add(c, raw, c->resp.used);
	const struct command *command;
	int first;

	q->argv = argv;
	q->argc = argc;
	q->is_inline = c->resp.is_inline;
	q->command = command = find_command(&c->worker->batch, q);
	if (command == NULL || command->place != SLOT)
		return;
	first = command->keys.first;
	if (first > 0 && first < argc) {
		struct slice key = argv[first];

		q->slot = &REGION->common.slot[keyslot_of(key)];
		__builtin_prefetch(q->slot);
		q->db = c->worker->state.db[c->db];
		q->hash = place_hash(key, q->db);
		q->has_hash = true;
	}
	if (c->worker->batch.count % GROUP == 0)
		fetch(&c->worker->batch, c->worker->batch.count - 4 * GROUP);
}

static void
add_error(struct conn *c, const char *raw)
{
	struct request *q = add(c, raw, 0);

	q->argc = 0;
	q->is_inline = false;
	q->error = c->resp.error;
}

/* An empty line: only a stream's are counted. */
static void
add_empty(struct conn *c, const char *raw)
{
	if (c->duty != NULL)
		add(c, raw, c->resp.used)->argc = 0;
}

static void
make_space(struct worker *w)
{
	if (w->batch.count == WORKER_BATCH)
		batch_run(w);
}

/*
 * Requests that lie whole in data; returns the bytes they took.  What follows
 * is cut, or may not be served now.  `at` (of a query) moves along, so that a
 * request that has to wait can put it back.
 */
static size_t
read_whole(struct conn *c, char *data, size_t bytes, size_t *at)
{
	struct worker *w = c->worker;
	struct batch *b = &w->batch;
	struct resp_limits limits = limits_of(c);
	size_t done = 0;

	while (done < bytes) {
		int argc = 0;
		enum resp_result got;

		make_space(w);
		if (unlikely(!may_serve(c)))
			break;
		resp_begin(&c->resp);
		got = resp_read(&c->resp, &limits, data + done, bytes - done,
		    &b->arg[b->args], WORKER_ARGS - b->args, &argc);
		if (got == RESP_ROOM && b->count > 0) {
			batch_run(w);
			limits = limits_of(c);
			continue;
		}
		if (got == RESP_MORE || got == RESP_ROOM)
			break;
		if (got == RESP_ERROR)
			c->resp.used = bytes - done;
		done += c->resp.used;
		*at += c->resp.used;
		if (likely(got == RESP_REQUEST)) {
			add_request(c, data + done - c->resp.used,
			    &b->arg[b->args], argc);
			b->args += argc;
		} else if (got == RESP_ERROR) {
			add_error(c, data + done);
		} else {
			add_empty(c, data + done - c->resp.used);
		}
	}
	resp_begin(&c->resp);
	return done;
}

/* --- what was kept ----------------------------------------------------- */

/* The cut request at query.at, from where reading stopped. */
static enum resp_result
read_cut(struct conn *c)
{
	struct resp_limits limits = limits_of(c);
	enum resp_result got;
	struct slice *v;
	int room;

	for (;;) {
		got = resp_read(&c->resp, &limits, c->query.data + c->query.at,
		    c->query.used - c->query.at, c->args.v, c->args.room,
		    &c->args.count);
		if (got != RESP_ROOM)
			return got;
		room = c->args.room * 2 + 64;
		/* A line: one word in two bytes at most. */
		if (c->resp.left == 0)
			room += RESP_INLINE_MAX / 2 + 1;
		v = realloc(c->args.v, (size_t)room * sizeof(*v));
		if (v == NULL) {
			conn_drop(c);
			return RESP_MORE;
		}
		c->args.v = v;
		c->args.room = room;
	}
}

static void
drop_args(struct conn *c)
{
	c->args.count = 0;
	if (c->args.room > WORKER_ARGS) {
		free(c->args.v);
		c->args.v = NULL;
		c->args.room = 0;
	}
	resp_begin(&c->resp);
	c->is_cut = false;
}

static void
drop_query(struct conn *c)
{
	free(c->query.data);
	memset(&c->query, 0, sizeof(c->query));
}

/* Serves the request at query.at that was cut; false when it still is. */
static bool
resume_cut(struct conn *c)
{
	enum resp_result got = read_cut(c);
	const char *raw = c->query.data + c->query.at;

	if (got == RESP_MORE) {
		conn_expect(c, resp_need(&c->resp));
		return false;
	}
	make_space(c->worker);
	c->query.at = got == RESP_ERROR ? c->query.used :
	    c->query.at + c->resp.used;
	if (got == RESP_REQUEST)
		add_request(c, raw, c->args.v, c->args.count);
	else if (got == RESP_ERROR)
		add_error(c, raw);
	else
		add_empty(c, raw);
	batch_run(c->worker);
	drop_args(c);
	return true;
}

void
batch_resume(struct conn *c)
{
	struct worker *w = c->worker;

	if (c->is_in_batch)
		batch_run(w);
	while (may_serve(c) && c->query.at < c->query.used) {
		if (!c->is_cut) {
			size_t done = read_whole(c, c->query.data + c->query.at,
			    c->query.used - c->query.at, &c->query.at);

			if (c->is_in_batch)
				batch_run(w);
			c->is_cut = done == 0 && may_serve(c);
		} else if (!resume_cut(c)) {
			return;
		}
	}
	if (c->query.at == c->query.used)
		drop_query(c);
}

void
batch_received(struct conn *c, char *data, size_t bytes)
{
	size_t done = 0, none = 0;

	if (c->is_in_batch)
		batch_run(c->worker);
	if (likely(c->query.used == 0 && may_serve(c)))
		done = read_whole(c, data, bytes, &none);
	if (likely(done == bytes) || c->is_closing)
		return;
	if (c->is_in_batch)
		batch_run(c->worker);
	conn_keep(c, data + done, bytes - done);
	batch_resume(c);
}

/* --- running ----------------------------------------------------------- */

/* Remembers the request that parked its connection. */
static inline void
note_stop(const struct batch *b)
{
	struct conn *c = b->request[b->at].conn;

	if (unlikely(c->park.why != CONN_SERVES))
		c->stopped_at = b->at;
}

/* Serves from batch.at on; comes back by longjmp when a command aborts. */
static void
serve_all(struct worker *w)
{
	struct batch *b = &w->batch;

	if (setjmp(w->txn.bail) != 0) {
		serve_aborted(w);
		note_stop(b);
		b->at++;
	}
	for (; b->at < b->count; b->at++) {
		struct request *q = &b->request[b->at];

		if (b->at % GROUP == 0)
			fetch(b, b->at);
		fetch_member_entry(
		    &b->request[least(b->at + 3, b->members - 1)]);
		if (likely(may_serve(q->conn))) {
			serve_request(w, q);
			note_stop(b);
		}
	}
}

/*
 * A request that came as a line has lost its quotes: it is put back as an
 * array.
 */
static size_t
put_back_line(struct conn *c, const struct request *q)
{
	size_t bytes = NUMBER_TEXT, used;
	char *text;
	int i;

	for (i = 0; i < q->argc; i++)
		bytes += q->argv[i].bytes + NUMBER_TEXT;
	text = malloc(bytes);
	must(text != NULL, "there is private memory for a request");
	used = 1 + number_put_int(text + 1, q->argc);
	text[0] = '*';
	memcpy(text + used, "\r\n", 2);
	used += 2;
	for (i = 0; i < q->argc; i++) {
		text[used++] = '$';
		used += number_put_uint(text + used, q->argv[i].bytes);
		memcpy(text + used, "\r\n", 2);
		used += 2;
		memcpy(text + used, q->argv[i].data, q->argv[i].bytes);
		used += q->argv[i].bytes;
		memcpy(text + used, "\r\n", 2);
		used += 2;
	}
	conn_unread(c, text, used);
	free(text);
	return used;
}

/*
 * A connection stopped at one of its requests: what follows goes back to its
 * query, and the request itself when it is to be read again.
 */
static void
put_back(struct worker *w, int at)
{
	struct batch *b = &w->batch;
	struct request *q = &b->request[at];
	struct conn *c = q->conn;
	const char *from = q->raw + q->raw_bytes, *to = from;
	bool is_again = c->park.why == CONN_BLOCKED ||
	    c->park.why == CONN_PAUSED || c->park.why == CONN_CROWDED;
	int i;

	for (i = at + 1; i < b->count; i++)
		if (b->request[i].conn == c)
			to = b->request[i].raw + b->request[i].raw_bytes;
	if (is_again && !q->is_inline)
		from = q->raw;
	drop_args(c);
	if (c->query.room > 0 && q->raw >= c->query.data &&
	    q->raw < c->query.data + c->query.room)
		c->query.at = (size_t)(from - c->query.data);
	else
		conn_unread(c, from, (size_t)(to - from));
	c->park.skip = q->raw_bytes;
	if (is_again && q->is_inline)
		c->park.skip = put_back_line(c, q);
}

void
batch_run(struct worker *w)
{
	struct batch *b = &w->batch;
	uint64_t before = w->txn.log_end;
	int i;

	if (b->count == 0)
		return;
	b->at = 0;
	w->is_crowded = park_is_crowded(w);
	gate_batch(w);
	serve_all(w);
	if (w->txn.log_end != before &&
	    unlikely(clock_ticks() >= w->lease_ticks))
		commit_batch_late(w);
	for (i = 0; i < b->count; i++) {
		struct conn *c = b->request[i].conn;

		c->is_in_batch = false;
		if (c->out.used > 0 || c->is_closing)
			conn_mark(c);
	}
	for (i = 0; i < b->count; i++) {
		struct conn *c = b->request[i].conn;

		if (unlikely(c->park.why != CONN_SERVES) &&
		    c->stopped_at == i) {
			put_back(w, i);
			c->stopped_at = -1;
		}
		/* What comes behind it may make much more. */
		if (unlikely(c->out.used > CONN_OUT_BYTES))
			conn_limit(c);
	}
	b->count = b->args = 0;
	b->buckets = b->entries = b->members = 0;
	/* One turn may run very many. */
	proc_beat(&w->area->proc);
}
