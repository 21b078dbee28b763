/*
 * cmd_debug - DEBUG: what tests and the curious need
 *
 * Guarded by enable-debug-command (daemon/net_gate.c).
 *
 * Not here: FAULT (daemon/cmd_fault.c), the region check (daemon/ctl_ask.c).
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "daemon/clock.h"
#include "daemon/cmd_conn.h"
#include "daemon/digest.h"
#include "daemon/log.h"
#include "daemon/net_ask.h"

#define NAP_US 10000

/* Holds this worker, as a long command would; it keeps beating. */
void
cmd_debug_sleep(struct call *c)
{
	double seconds;
	int64_t end;

	if (!call_double(c, 2, &seconds))
		return;
	end = clock_steady_us() + (int64_t)(seconds * 1e6);
	while (clock_steady_us() < end) {
		int64_t left = end - clock_steady_us();

		clock_nap(left < NAP_US ? left > 0 ? left : 0 : NAP_US);
		proc_beat(&c->worker->area->proc);
	}
	reply_ok(c->reply);
}

void
cmd_debug_log(struct call *c)
{
	log_warning("DEBUG LOG: %.*s", (int)(c->argv[2].bytes < 1024 ?
	    c->argv[2].bytes : 1024), c->argv[2].data);
	reply_ok(c->reply);
}

void
cmd_debug_active_expire(struct call *c)
{
	ask_control_about(c, MAIL_ACTIVE_EXPIRE);
}

void
cmd_debug_lease(struct call *c)
{
	ask_control_about(c, MAIL_LEASE);
}

void
cmd_debug_region(struct call *c)
{
	ask_control_about(c, MAIL_REGION);
}

/* --- values ------------------------------------------------------------ */

void
cmd_debug_object(struct call *c)
{
	struct key k = call_key(c, 2);
	struct value *v = slot_peek(c->txn, &k);
	char text[256];
	uint32_t lru;

	if (v == NULL) {
		reply_error(c->reply, error_text[ERROR_NO_KEY]);
		return;
	}
	lru = (uint32_t)v->lru[0] | (uint32_t)v->lru[1] << 8 |
	    (uint32_t)v->lru[2] << 16;
	snprintf(text, sizeof(text), "Value at:%p refcount:1 encoding:%s "
	    "serializedlength:%zu lru:%u lru_seconds_idle:%u",
	    (const void *)v, value_encoding_name(v), value_bytes(v), lru,
	    ((uint32_t)(c->worker->now_ms / 1000) - lru) & 0xffffff);
	reply_simple(c->reply, text);
}

/* Of what is here, whosever slot it is: tools compare both sides of a move. */
void
cmd_debug_digest_value(struct call *c)
{
	char text[2 * DIGEST_BYTES + 1];
	int i;

	reply_array(c->reply, c->argc - 2);
	for (i = 2; i < c->argc; i++) {
		unsigned char digest[DIGEST_BYTES] = { 0 };
		struct key k = call_key(c, i);
		int slot = keyslot_of(c->argv[i]);
		bool visited = call_visit(c, slot);
		struct value *v = slot_peek(c->txn, &k);

		if (v != NULL)
			digest_value(digest, v);
		call_unvisit(c, slot, visited);
		digest_print(digest, text);
		reply_simple(c->reply, text);
	}
}

struct total {
	struct txn *txn;
	unsigned char digest[DIGEST_BYTES];
	uint8_t db;
};

static void
add_key(void *arg, void *block)
{
	struct total *total = arg;
	const struct value *v = block;
	unsigned char one[DIGEST_BYTES] = { 0 };

	txn_beat(total->txn);
	if (value_db(v) != total->db)
		return;
	digest_mix(one, value_key(v).data, value_key(v).bytes);
	digest_value(one, v);
	digest_add(total->digest, one, sizeof(one));
}

void
cmd_debug_digest(struct call *c)
{
	char text[2 * DIGEST_BYTES + 1];
	struct total total = { .txn = c->txn };
	uint32_t name;
	int db, i;

	for (db = 0; db < STATE_DATABASES; db++) {
		total.db = c->worker->state.db[db];
		if (region_keys(total.db) == 0)
			continue;
		name = htonl((uint32_t)db);
		digest_mix(total.digest, &name, sizeof(name));
		for (i = 0; i < SLOT_COUNT; i++)
			dict_each(&REGION->common.slot[i].keys, add_key,
			    &total);
	}
	digest_print(total.digest, text);
	reply_simple(c->reply, text);
}

/* DEBUG POPULATE count [prefix] [bytes] */
void
cmd_debug_populate(struct call *c)
{
	struct slice prefix = c->argc > 3 ? c->argv[3] : SLICE("key");
	int64_t count, bytes = 0, i;
	char *name = txn_scratch(c->txn, prefix.bytes + NUMBER_TEXT), *value;

	if (!number_get_int(c->argv[2], &count) || count < 0 || (c->argc > 4 &&
	    (!number_get_int(c->argv[4], &bytes) || bytes < 0))) {
		reply_error(c->reply, error_text[ERROR_POSITIVE]);
		return;
	}
	if (c->argc > 5 ||
	    bytes > c->worker->state.options.proto_max_bulk_len) {
		call_syntax(c);
		return;
	}
	value = txn_scratch(c->txn, (size_t)bytes + NUMBER_TEXT);
	memcpy(name, prefix.data, prefix.bytes);
	name[prefix.bytes] = ':';
	for (i = 0; i < count; i++) {
		struct slice text[3] = {
			SLICE("SET"),
			{ name, prefix.bytes + 1 +
			    number_put_int(name + prefix.bytes + 1, i) },
			{ value, (size_t)snprintf(value, NUMBER_TEXT,
			    "value:%lld", (long long)i) },
		};
		struct key k = slot_key(REGION->common.slot, c->db, text[1]);

		if (bytes > 0) {
			if ((size_t)bytes > text[2].bytes)
				memset(value + text[2].bytes, 0,
				    (size_t)bytes - text[2].bytes);
			text[2].bytes = (size_t)bytes;
		}
		if (slot_peek(c->txn, &k) != NULL)
			continue;
		slot_put_string(c->txn, &k, NULL, text[2], -1);
		call_logs(c, 3, text);
		proc_beat(&c->worker->area->proc);
	}
	reply_ok(c->reply);
}

/* --- PROTOCOL ---------------------------------------------------------- */

static void
say_string(struct reply *r)
{
	reply_bulk(r, SLICE("Hello World"));
}

static void
say_integer(struct reply *r)
{
	reply_int(r, 12345);
}

static void
say_double(struct reply *r)
{
	reply_double(r, 3.141);
}

static void
say_array(struct reply *r)
{
	int i;

	reply_array(r, 3);
	for (i = 0; i < 3; i++)
		reply_int(r, i);
}

static void
say_set(struct reply *r)
{
	int i;

	reply_set(r, 3);
	for (i = 0; i < 3; i++)
		reply_int(r, i);
}

static void
say_map(struct reply *r)
{
	int i;

	reply_map(r, 3);
	for (i = 0; i < 3; i++) {
		reply_int(r, i);
		reply_bool(r, i == 1);
	}
}

static void
say_attribute(struct reply *r)
{
	if (r->resp == 3) {
		reply_attribute(r, 1);
		reply_bulk(r, SLICE("key-popularity"));
		reply_array(r, 2);
		reply_bulk(r, SLICE("key:123"));
		reply_int(r, 90);
	}
	reply_bulk(r, SLICE("Some real reply following the attribute"));
}

static void
say_push(struct reply *r)
{
	reply_push(r, 2);
	reply_bulk(r, SLICE("server-cpu-usage"));
	reply_int(r, 42);
}

static void
say_true(struct reply *r)
{
	reply_bool(r, true);
}

static void
say_false(struct reply *r)
{
	reply_bool(r, false);
}

static void
say_big(struct reply *r)
{
	reply_big(r, SLICE("1234567999999999999999999999999999999"));
}

static void
say_verbatim(struct reply *r)
{
	reply_verbatim(r, "txt", SLICE("This is a verbatim\nstring"));
}

void
cmd_debug_protocol(struct call *c)
{
	static const struct { const char *name; void (*say)(struct reply *); }
	    kinds[] = {
		{ "string", say_string }, { "integer", say_integer },
		{ "double", say_double }, { "null", reply_null },
		{ "array", say_array }, { "set", say_set }, { "map", say_map },
		{ "attrib", say_attribute }, { "push", say_push },
		{ "verbatim", say_verbatim }, { "true", say_true },
		{ "false", say_false }, { "bignum", say_big },
	};
	size_t i;

	for (i = 0; i < COUNT(kinds); i++)
		if (slice_is(c->argv[2], kinds[i].name)) {
			kinds[i].say(c->reply);
			return;
		}
	reply_error(c->reply, "ERR Wrong protocol type name. Please use one of "
	    "the following: string|integer|double|bignum|null|array|set|map|"
	    "attrib|push|verbatim|true|false");
}
