/*
 * cmd_expire - how long keys live
 *
 * Whatever form a time to live came in, it is logged as the UNIX time it came
 * to; one that is over already deletes the key, and is logged as that.
 *
 * Not here: SET and GETEX with a time (cmd_string.c), keys that are found
 * expired (shm/slot.c), finding them (net_expire.c).
 */
#include "daemon/call.h"

enum { NX = 1, XX = 2, GT = 4, LT = 8 };

static bool
read_conditions(struct call *c, unsigned *flags)
{
	static const char *const word[] = { "nx", "xx", "gt", "lt" };
	size_t o;
	int i;

	*flags = 0;
	for (i = 3; i < c->argc; i++) {
		for (o = 0; o < COUNT(word); o++)
			if (slice_is(c->argv[i], word[o]))
				break;
		if (o == COUNT(word)) {
			reply_errorf(c->reply, error_text[ERROR_OPTION],
			    (int)c->argv[i].bytes, c->argv[i].data);
			return false;
		}
		*flags |= 1u << o;
	}
	if (*flags & NX && *flags != NX)
		reply_error(c->reply, error_text[ERROR_NX_WITH]);
	else if (*flags & GT && *flags & LT)
		reply_error(c->reply, error_text[ERROR_GT_WITH_LT]);
	else
		return true;
	return false;
}

/* Argument 2 as UNIX time in ms: units of `unit` ms, after `base`. */
static bool
read_when(struct call *c, int64_t unit, int64_t base, int64_t *when)
{
	if (!call_int(c, 2, when))
		return false;
	if (!__builtin_mul_overflow(*when, unit, when) &&
	    *when <= INT64_MAX - base) {
		*when += base;
		return true;
	}
	reply_errorf(c->reply, error_text[ERROR_EXPIRE], c->command->name);
	return false;
}

/* now: when the key expires at present, -1 for never. */
static bool
is_wanted(unsigned flags, int64_t now, int64_t when)
{
	return !(flags & NX && now >= 0) && !(flags & XX && now < 0) &&
	    !(flags & GT && (now < 0 || when <= now)) &&
	    !(flags & LT && now >= 0 && when >= now);
}

static void
expire(struct call *c, int64_t unit, int64_t base)
{
	struct key k = call_key(c, 1);
	char digits[NUMBER_TEXT];
	struct value *v;
	unsigned flags;
	int64_t when;

	if (!read_conditions(c, &flags) || !read_when(c, unit, base, &when))
		return;
	v = slot_find(c->txn, &k);
	if (v == NULL || !is_wanted(flags, value_expires(v), when)) {
		reply_int(c->reply, 0);
		return;
	}
	if (when <= c->txn->now_ms && !c->txn->sees_expired) {
		slot_remove(c->txn, &k, v);
		call_logs(c, 2, (const struct slice[]){ SLICE("DEL"),
		    c->argv[1] });
	} else {
		slot_expire(c->txn, &k, v, when);
		call_logs(c, 3, (const struct slice[]){ SLICE("PEXPIREAT"),
		    c->argv[1], { digits, number_put_int(digits, when) } });
	}
	reply_int(c->reply, 1);
}

void
cmd_expire(struct call *c)
{
	expire(c, 1000, c->txn->now_ms);
}

void
cmd_pexpire(struct call *c)
{
	expire(c, 1, c->txn->now_ms);
}

void
cmd_expireat(struct call *c)
{
	expire(c, 1000, 0);
}

void
cmd_pexpireat(struct call *c)
{
	expire(c, 1, 0);
}

void
cmd_persist(struct call *c)
{
	struct key k = call_key(c, 1);
	struct value *v = slot_find(c->txn, &k);
	bool had_end = v != NULL && value_expires(v) >= 0;

	if (had_end) {
		slot_expire(c->txn, &k, v, -1);
		call_changed(c);
	}
	reply_int(c->reply, had_end);
}

/* When it expires, counted from `base`, in units; -1: never, -2: no key. */
static void
reply_expiry(struct call *c, int64_t unit, int64_t base)
{
	struct key k = call_key(c, 1);
	const struct value *v = slot_peek(c->txn, &k);
	int64_t expires = v != NULL ? value_expires(v) : -2;

	if (v != NULL)
		c->txn->hits++;
	else
		slot_miss(c->txn, &k);
	if (expires >= 0) {
		expires = expires > base ? expires - base : 0;
		/* Rounded; the sum may not fit a signed number. */
		expires = (int64_t)(((uint64_t)expires + (uint64_t)unit / 2) /
		    (uint64_t)unit);
	}
	reply_int(c->reply, expires);
}

void
cmd_ttl(struct call *c)
{
	reply_expiry(c, 1000, c->txn->now_ms);
}

void
cmd_pttl(struct call *c)
{
	reply_expiry(c, 1, c->txn->now_ms);
}

void
cmd_expiretime(struct call *c)
{
	reply_expiry(c, 1000, 0);
}

void
cmd_pexpiretime(struct call *c)
{
	reply_expiry(c, 1, 0);
}
