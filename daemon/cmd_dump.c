/*
 * cmd_dump - DUMP and RESTORE: one value as bytes that another server takes
 *
 * DUMP writes the version of the format that the options say (rdb-version).
 *
 * Not here: the bytes (proto/rdb.h), values in slots (shm/dump.h).
 */
#include "daemon/call.h"
#include "daemon/net_worker.h"
#include "shm/dump.h"

void
cmd_dump(struct call *c)
{
	struct key k = call_key(c, 1);
	const struct value *v = call_find(c, &k);

	if (v == NULL)
		reply_null(c->reply);
	else
		reply_bulk(c->reply, dump_payload(c->txn, v,
		    (int)c->worker->state.options.rdb_version));
}

struct restore {
	int64_t ttl;
	int64_t idle_s;        /* -1: not given */
	int64_t freq;          /* same */
	bool may_replace;
	bool is_absolute;      /* ttl is a UNIX time */
};

/* A number from 0 to `max` behind an option. */
static bool
read_number(struct call *c, int i, int64_t max, enum error_id error, int64_t *n)
{
	if (!call_int(c, i, n))
		return false;
	if (*n >= 0 && *n <= max)
		return true;
	reply_error(c->reply, error_text[error]);
	return false;
}

static bool
read_options(struct call *c, struct restore *o)
{
	bool is_last;
	int i;

	*o = (struct restore){ .idle_s = -1, .freq = -1 };
	for (i = 4; i < c->argc; i++) {
		is_last = i + 1 == c->argc;
		if (slice_is(c->argv[i], "replace")) {
			o->may_replace = true;
		} else if (slice_is(c->argv[i], "absttl")) {
			o->is_absolute = true;
		} else if (slice_is(c->argv[i], "idletime") && !is_last &&
		    o->freq < 0) {
			if (!read_number(c, ++i, INT64_MAX, ERROR_IDLETIME,
			    &o->idle_s))
				return false;
		} else if (slice_is(c->argv[i], "freq") && !is_last &&
		    o->idle_s < 0) {
			if (!read_number(c, ++i, 255, ERROR_FREQ, &o->freq))
				return false;
		} else {
			call_syntax(c);
			return false;
		}
	}
	return true;
}

/* What replicas have to do: the same, with the time at which it ends. */
static void
log_restore(struct call *c, int64_t expires_ms)
{
	char digits[NUMBER_TEXT];
	struct slice argv[6] = { SLICE("RESTORE"), c->argv[1],
		{ digits, number_put_int(digits, expires_ms < 0 ? 0 :
		expires_ms) }, c->argv[3], SLICE("REPLACE"), SLICE("ABSTTL") };

	call_logs(c, COUNT(argv), argv);
}

/* Stores the value; false: it is damaged, and nothing has changed. */
static bool
restore_value(struct call *c, const struct key *k, struct value *old,
    int64_t expires_ms, int64_t idle_s)
{
	struct slice payload = c->argv[3];
	struct dump_limits limits = dump_limits(call_options(c));
	struct rdb_reader r;
	struct value *v;
	uint8_t type;

	payload.bytes -= RDB_FOOTER_BYTES;
	rdb_open(&r, payload, dump_room, c->txn);
	if (!rdb_read_type(&r, &type))
		return false;
	v = dump_read(c->txn, &r, type, k, old, expires_ms, &limits);
	if (v == NULL)
		return false;
	if (idle_s >= 0)
		dump_set_idle(c->txn, v, idle_s);
	if (old != NULL)
		call_event(c, EVENT_NEW, "new", k);
	log_restore(c, expires_ms);
	return true;
}

/* When a time to live of options ends; -1: never. */
static int64_t
restore_expiry(const struct call *c, const struct restore *o)
{
	int64_t now = o->is_absolute ? 0 : c->txn->now_ms;

	if (o->ttl == 0)
		return -1;
	return o->ttl < INT64_MAX - now ? o->ttl + now : INT64_MAX;
}

/*
 * What has passed its time already is not stored, only looked over; what it
 * would have replaced goes.  False: it is damaged.
 */
static bool
restore_nothing(struct call *c, const struct key *k, struct value *old)
{
	struct rdb_reader r;
	uint8_t type;

	rdb_open(&r, c->argv[3], NULL, NULL);
	r.bytes -= RDB_FOOTER_BYTES;
	if (!rdb_read_type(&r, &type) || !rdb_skip_value(&r, type))
		return false;
	if (old != NULL) {
		slot_remove(c->txn, k, old);
		call_logs(c, 2, (const struct slice[]){ SLICE("DEL"),
		    k->name });
	}
	return true;
}

void
cmd_restore(struct call *c)
{
	struct key k = call_key(c, 1);
	int64_t expires_ms;
	struct restore o;
	struct value *old;
	bool is_sound;

	if (!read_options(c, &o))
		return;
	old = slot_peek(c->txn, &k);
	if (old != NULL && !o.may_replace) {
		reply_error(c->reply, error_text[ERROR_BUSYKEY]);
		return;
	}
	if (!read_number(c, 2, INT64_MAX, ERROR_TTL, &o.ttl))
		return;
	if (!rdb_payload_is_sound(c->argv[3])) {
		reply_error(c->reply, error_text[ERROR_PAYLOAD]);
		return;
	}
	expires_ms = restore_expiry(c, &o);
	if (expires_ms >= 0 && expires_ms <= c->txn->now_ms &&
	    c->txn->may_expire && !c->txn->sees_expired)
		is_sound = restore_nothing(c, &k, old);
	else
		is_sound = restore_value(c, &k, old, expires_ms, o.idle_s);
	if (is_sound)
		reply_ok(c->reply);
	else
		reply_error(c->reply, error_text[ERROR_BAD_FORMAT]);
}
