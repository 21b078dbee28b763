/*
 * cmd_string - strings and counters
 *
 * What depends on time is logged with the time it came to: SET with EX as SET
 * with PXAT, GETEX as PEXPIREAT.  Sums of fractions are logged as results.
 *
 * Not here: LCS (cmd_lcs.c), bits (cmd_bitmap.c), a string's form in memory
 * (shm/string.h).
 */
#include <math.h>

#include "daemon/call.h"
#include "shm/string.h"

#define NOTE_BYTES_MAX (1u << 20) /* more is copied rather than noted */

static void
reply_string(struct call *c, const struct value *v)
{
	int64_t n;

	if (likely(value_encoding(v) != STRING_INT)) {
		reply_bulk(c->reply, (struct slice){ value_data(v),
		    value_bytes(v) });
		return;
	}
	memcpy(&n, value_data(v), sizeof(n));
	reply_bulk_int(c->reply, n);
}

/* The string, or null, or WRONGTYPE (then false). */
static bool
reply_present(struct call *c, const struct value *v)
{
	if (v == NULL) {
		reply_null(c->reply);
	} else if (unlikely(value_type(v) != VALUE_STRING)) {
		reply_error(c->reply, error_text[ERROR_WRONGTYPE]);
		return false;
	} else {
		reply_string(c, v);
	}
	return true;
}

void
cmd_get(struct call *c)
{
	struct key k = call_key(c, 1);

	reply_present(c, slot_find(c->txn, &k));
}

void
cmd_mget(struct call *c)
{
	int i;

	reply_array(c->reply, c->argc - 1);
	for (i = 1; i < c->argc; i++) {
		struct key k = call_key(c, i);
		struct value *v = slot_find(c->txn, &k);

		if (v == NULL || value_type(v) != VALUE_STRING)
			reply_null(c->reply);
		else
			reply_string(c, v);
	}
}

void
cmd_strlen(struct call *c)
{
	struct key k = call_key(c, 1);
	char digits[NUMBER_TEXT];
	bool is_wrong;
	struct value *v = call_find_type(c, &k, VALUE_STRING, &is_wrong);

	if (!is_wrong)
		reply_int(c->reply, v == NULL ? 0 :
		    (int64_t)string_text(v, digits).bytes);
}

void
cmd_getrange(struct call *c)
{
	struct key k = call_key(c, 1);
	char digits[NUMBER_TEXT];
	int64_t start, end, bytes;
	struct slice s = { "", 0 };
	struct value *v;
	bool is_wrong;

	if (!call_int(c, 2, &start) || !call_int(c, 3, &end))
		return;
	v = call_find_type(c, &k, VALUE_STRING, &is_wrong);
	if (is_wrong)
		return;
	if (v != NULL)
		s = string_text(v, digits);
	bytes = (int64_t)s.bytes;
	if (start < 0 && end < 0 && start > end)
		bytes = 0;
	if (start < 0)
		start = start + bytes > 0 ? start + bytes : 0;
	if (end < 0)
		end = end + bytes > 0 ? end + bytes : 0;
	if (end >= bytes)
		end = bytes - 1;
	if (start > end)
		reply_bulk(c->reply, (struct slice){ "", 0 });
	else
		reply_bulk(c->reply, (struct slice){ s.data + start,
		    (size_t)(end - start + 1) });
}

/* --- SET and its kin --------------------------------------------------- */

enum {
	NX = 1 << 0, XX = 1 << 1, GET = 1 << 2, KEEPTTL = 1 << 3,
	PERSIST = 1 << 4, EX = 1 << 5, PX = 1 << 6, EXAT = 1 << 7,
	PXAT = 1 << 8,
	TIMES = EX | PX | EXAT | PXAT,
	LIVES = TIMES | KEEPTTL | PERSIST,
	OF_SET = NX | XX | GET | KEEPTTL | TIMES,
	OF_GETEX = PERSIST | TIMES
};

/* `excludes`: what may not be there as well. */
static const struct {
	const char *word;
	unsigned flag, excludes;
} words[] = {
	{ "nx", NX, XX }, { "xx", XX, NX }, { "get", GET, 0 },
	{ "ex", EX, LIVES & ~EX }, { "px", PX, LIVES & ~PX },
	{ "exat", EXAT, LIVES & ~EXAT }, { "pxat", PXAT, LIVES & ~PXAT },
	{ "keepttl", KEEPTTL, LIVES & ~KEEPTTL },
	{ "persist", PERSIST, LIVES & ~PERSIST },
};

/* Reads options from argument i on; *at is the argument with the time. */
static bool
read_options(struct call *c, int i, unsigned allowed, unsigned *flags, int *at)
{
	size_t o;

	*flags = 0;
	for (; i < c->argc; i++) {
		for (o = 0; o < COUNT(words); o++)
			if (slice_is(c->argv[i], words[o].word))
				break;
		if (o == COUNT(words) ||
		    !(words[o].flag & allowed) ||
		    words[o].excludes & *flags ||
		    (words[o].flag & TIMES && i + 1 == c->argc)) {
			call_syntax(c);
			return false;
		}
		*flags |= words[o].flag;
		if (words[o].flag & TIMES)
			*at = ++i;
	}
	return true;
}

/* The time in argument i, of the kind that flags name, as UNIX time in ms. */
static bool
read_time(struct call *c, int i, unsigned flags, int64_t *ms)
{
	int64_t now = flags & (EX | PX) ? c->txn->now_ms : 0;
	int64_t unit = flags & (EX | EXAT) ? 1000 : 1, n;

	if (!call_int(c, i, &n))
		return false;
	if (n <= 0 || n > INT64_MAX / unit || n * unit > INT64_MAX - now) {
		reply_errorf(c->reply, error_text[ERROR_EXPIRE],
		    c->command->name);
		return false;
	}
	*ms = n * unit + now;
	return true;
}

/* What replicas have to do for a SET that does not go there as it came. */
static void
log_set(struct call *c, struct slice value, unsigned flags, int64_t ms)
{
	char digits[NUMBER_TEXT];
	struct slice argv[5] = { SLICE("SET"), c->argv[1], value };
	int argc = 3;

	if (flags & TIMES) {
		argv[argc++] = SLICE("PXAT");
		argv[argc++] = (struct slice){ digits,
		    number_put_int(digits, ms) };
	} else if (flags & KEEPTTL) {
		argv[argc++] = SLICE("KEEPTTL");
	}
	call_logs(c, argc, argv);
}

static void
set_with_options(struct call *c)
{
	struct key k = call_key(c, 1);
	struct value *old;
	int64_t ms = -1;
	unsigned flags;
	int at = 0;

	if (!read_options(c, 3, OF_SET, &flags, &at) ||
	    (flags & TIMES && !read_time(c, at, flags, &ms)))
		return;
	old = slot_find(c->txn, &k);
	if (flags & GET && old == NULL)
		call_event(c, EVENT_MISS, "keymiss", &k);
	if (flags & GET && !reply_present(c, old))
		return;
	if ((flags & NX && old != NULL) || (flags & XX && old == NULL)) {
		if (!(flags & GET))
			reply_null(c->reply);
		return;
	}
	if (flags & KEEPTTL && old != NULL)
		ms = value_expires(old);
	slot_put_string(c->txn, &k, old, c->argv[2], ms);
	call_event(c, EVENT_STRING, "set", &k);
	if (flags & TIMES)
		call_event(c, EVENT_GENERIC, "expire", &k);
	if (flags & (TIMES | GET))
		log_set(c, c->argv[2], flags, ms);
	else
		call_changed(c);
	if (!(flags & GET))
		reply_ok(c->reply);
}

void
cmd_set(struct call *c)
{
	struct key k;

	if (unlikely(c->argc > 3)) {
		set_with_options(c);
		return;
	}
	k = call_key(c, 1);
	slot_put_string(c->txn, &k, slot_peek(c->txn, &k), c->argv[2], -1);
	call_event(c, EVENT_STRING, "set", &k);
	call_changed(c);
	reply_ok(c->reply);
}

void
cmd_setnx(struct call *c)
{
	struct key k = call_key(c, 1);
	bool is_there = slot_find(c->txn, &k) != NULL;

	if (!is_there) {
		slot_put_string(c->txn, &k, NULL, c->argv[2], -1);
		call_changed(c);
	}
	reply_int(c->reply, !is_there);
}

static void
set_for(struct call *c, unsigned kind)
{
	struct key k = call_key(c, 1);
	int64_t ms;

	if (!read_time(c, 2, kind, &ms))
		return;
	slot_put_string(c->txn, &k, slot_peek(c->txn, &k), c->argv[3], ms);
	call_event(c, EVENT_STRING, "set", &k);
	call_event(c, EVENT_GENERIC, "expire", &k);
	log_set(c, c->argv[3], kind, ms);
	reply_ok(c->reply);
}

void
cmd_setex(struct call *c)
{
	set_for(c, EX);
}

void
cmd_psetex(struct call *c)
{
	set_for(c, PX);
}

void
cmd_getset(struct call *c)
{
	struct key k = call_key(c, 1);
	struct value *old = slot_find(c->txn, &k);

	if (!reply_present(c, old))
		return;
	slot_put_string(c->txn, &k, old, c->argv[2], -1);
	log_set(c, c->argv[2], 0, -1);
}

static void
log_del(struct call *c)
{
	call_logs(c, 2, (const struct slice[]){ SLICE("DEL"), c->argv[1] });
}

void
cmd_getdel(struct call *c)
{
	struct key k = call_key(c, 1);
	struct value *v = slot_find(c->txn, &k);

	if (!reply_present(c, v) || v == NULL)
		return;
	slot_remove(c->txn, &k, v);
	log_del(c);
}

void
cmd_getex(struct call *c)
{
	struct key k = call_key(c, 1);
	char digits[NUMBER_TEXT];
	struct value *v;
	int64_t ms;
	unsigned flags;
	bool is_wrong;
	int at = 0;

	if (!read_options(c, 2, OF_GETEX, &flags, &at))
		return;
	v = call_find_type(c, &k, VALUE_STRING, &is_wrong);
	if (is_wrong)
		return;
	if (v == NULL) {
		reply_null(c->reply);
		return;
	}
	if (flags & TIMES && !read_time(c, at, flags, &ms))
		return;
	reply_string(c, v);
	if (flags & TIMES && ms <= c->txn->now_ms && !c->txn->sees_expired) {
		slot_remove(c->txn, &k, v);
		call_event(c, EVENT_GENERIC, "del", &k);
		log_del(c);
	} else if (flags & TIMES) {
		slot_expire(c->txn, &k, v, ms);
		call_event(c, EVENT_GENERIC, "expire", &k);
		call_logs(c, 3, (const struct slice[]){ SLICE("PEXPIREAT"),
		    c->argv[1], { digits, number_put_int(digits, ms) } });
	} else if (flags & PERSIST && value_expires(v) >= 0) {
		slot_expire(c->txn, &k, v, -1);
		call_event(c, EVENT_GENERIC, "persist", &k);
		call_logs(c, 2, (const struct slice[]){ SLICE("PERSIST"),
		    c->argv[1] });
	}
}

static void
set_pairs(struct call *c)
{
	int i;

	for (i = 1; i < c->argc; i += 2) {
		struct key k = call_key(c, i);

		slot_put_string(c->txn, &k, slot_peek(c->txn, &k),
		    c->argv[i + 1], -1);
		call_event(c, EVENT_STRING, "set", &k);
	}
	call_changed(c);
}

void
cmd_mset(struct call *c)
{
	if (c->argc % 2 == 0) {
		call_arity(c);
		return;
	}
	set_pairs(c);
	reply_ok(c->reply);
}

void
cmd_msetnx(struct call *c)
{
	int i;

	if (c->argc % 2 == 0) {
		call_arity(c);
		return;
	}
	for (i = 1; i < c->argc; i += 2) {
		struct key k = call_key(c, i);

		if (slot_find(c->txn, &k) != NULL) {
			reply_int(c->reply, 0);
			return;
		}
	}
	set_pairs(c);
	reply_int(c->reply, 1);
}

/* --- parts of strings -------------------------------------------------- */

/* Whether a string may be as long as this; else the error is replied. */
static bool
may_be_long(struct call *c, uint64_t bytes, uint64_t more)
{
	uint64_t max = (uint64_t)call_options(c)->proto_max_bulk_len;

	if (bytes <= max && more <= max && bytes + more <= max)
		return true;
	reply_error(c->reply, error_text[ERROR_STRING_SIZE]);
	return false;
}

void
cmd_append(struct call *c)
{
	struct key k = call_key(c, 1);
	struct slice more = c->argv[2];
	char digits[NUMBER_TEXT];
	bool is_wrong, is_new;
	struct value *v = call_find_type(c, &k, VALUE_STRING, &is_wrong);
	size_t bytes = 0;

	if (is_wrong)
		return;
	if (v == NULL) {
		slot_put_string(c->txn, &k, NULL, more, -1);
	} else {
		bytes = string_text(v, digits).bytes;
		if (!may_be_long(c, bytes, more.bytes))
			return;
		v = string_grow(c->txn, &k, v, bytes + more.bytes, &is_new);
		memcpy(value_data(v) + bytes, more.data, more.bytes);
		slot_touch(c->txn, &k);
	}
	call_changed(c);
	reply_int(c->reply, (int64_t)(bytes + more.bytes));
}

/* Overwrites part of a string that has it; a large part in a new record. */
static void
overwrite(struct call *c, const struct key *k, struct value *v, size_t at,
    struct slice part, bool is_new)
{
	if (!is_new && part.bytes > NOTE_BYTES_MAX) {
		struct value *to = slot_put(c->txn, k, v, VALUE_STRING,
		    STRING_RAW, value_bytes(v), value_expires(v), false);

		txn_fill(c->txn, value_data(to), value_data(v),
		    value_bytes(v));
		v = to;
	} else if (!is_new) {
		txn_note(c->txn, value_data(v) + at, part.bytes);
	}
	memcpy(value_data(v) + at, part.data, part.bytes);
}

void
cmd_setrange(struct call *c)
{
	struct key k = call_key(c, 1);
	struct slice part = c->argv[3];
	char digits[NUMBER_TEXT];
	struct value *v;
	int64_t offset;
	size_t bytes;
	bool is_wrong, is_new;

	if (!call_int(c, 2, &offset))
		return;
	if (offset < 0) {
		reply_error(c->reply, error_text[ERROR_OFFSET]);
		return;
	}
	v = call_find_type(c, &k, VALUE_STRING, &is_wrong);
	if (is_wrong)
		return;
	bytes = v == NULL ? 0 : string_text(v, digits).bytes;
	if (part.bytes > 0) {
		size_t end = (size_t)offset + part.bytes;

		if (!may_be_long(c, (uint64_t)offset, part.bytes))
			return;
		v = string_grow(c->txn, &k, v, end, &is_new);
		overwrite(c, &k, v, (size_t)offset, part, is_new);
		slot_touch(c->txn, &k);
		call_changed(c);
		bytes = bytes > end ? bytes : end;
	}
	reply_int(c->reply, (int64_t)bytes);
}

/* --- numbers ----------------------------------------------------------- */

static void
increment(struct call *c, int64_t by)
{
	struct key k = call_key(c, 1);
	int64_t n = 0;
	bool is_wrong;
	struct value *v = call_find_type(c, &k, VALUE_STRING, &is_wrong);

	if (is_wrong)
		return;
	if (v != NULL && !string_int(v, &n)) {
		reply_error(c->reply, error_text[ERROR_NOT_INT]);
		return;
	}
	if (__builtin_add_overflow(n, by, &n)) {
		reply_error(c->reply, error_text[ERROR_INCREMENT]);
		return;
	}
	string_put_int(c->txn, &k, v, n);
	call_changed(c);
	reply_int(c->reply, n);
}

void
cmd_incr(struct call *c)
{
	increment(c, 1);
}

void
cmd_decr(struct call *c)
{
	increment(c, -1);
}

void
cmd_incrby(struct call *c)
{
	int64_t by;

	if (call_int(c, 2, &by))
		increment(c, by);
}

void
cmd_decrby(struct call *c)
{
	int64_t by;

	if (!call_int(c, 2, &by))
		return;
	if (by == INT64_MIN)
		reply_error(c->reply, error_text[ERROR_DECREMENT]);
	else
		increment(c, -by);
}

void
cmd_incrbyfloat(struct call *c)
{
	struct key k = call_key(c, 1);
	char text[NUMBER_LONG_TEXT];
	long double n = 0, by;
	struct slice sum;
	bool is_wrong;
	struct value *v = call_find_type(c, &k, VALUE_STRING, &is_wrong);

	if (is_wrong)
		return;
	if ((v != NULL && !number_get_long_double(string_text(v, text), &n)) ||
	    !number_get_long_double(c->argv[2], &by)) {
		reply_error(c->reply, error_text[ERROR_NOT_FLOAT]);
		return;
	}
	n += by;
	if (!isfinite(n)) {
		reply_error(c->reply, error_text[ERROR_NOT_FINITE]);
		return;
	}
	sum = (struct slice){ text, number_put_human(text, n) };
	v = slot_put(c->txn, &k, v, VALUE_STRING, STRING_EMBSTR, sum.bytes,
	    v != NULL ? value_expires(v) : -1, false);
	memcpy(value_data(v), sum.data, sum.bytes);
	log_set(c, sum, KEEPTTL, -1);
	reply_bulk(c->reply, sum);
}
