#include "cluster/lock.h"

#include <string.h>

static const char *const words[LOCK_STATES] = {
#define STATE(name, kind, info, words) info,
#include "cluster/lock.def"
};

static const struct {
	bool is_there;
	enum lock_state to;
	const char *because;
} rows[LOCK_STATES][LOCK_EVENTS] = {
#define ROW(from, event, to, why) \
	[LOCK_##from][LOCK_ON_##event] = { true, LOCK_##to, why },
#include "cluster/lock.def"
};

struct lock_row
lock_row(enum lock_state state, enum lock_event event)
{
	return (struct lock_row){ rows[state][event].is_there ?
	    (int)rows[state][event].to : -1, rows[state][event].because };
}

static bool
happen(struct lock *l, enum lock_event event, int64_t now_ms)
{
	if (!rows[l->state][event].is_there)
		return false;
	if (rows[l->state][event].to != l->state)
		l->since_ms = now_ms;
	l->state = rows[l->state][event].to;
	return true;
}

static void
remove_party(struct lock_party *list, unsigned *count, unsigned i)
{
	memmove(&list[i], &list[i + 1], (*count - i - 1) * sizeof(*list));
	(*count)--;
}

/* True: it holds it now. */
static bool
enter(struct lock *l, struct lock_party p, int64_t now_ms)
{
	if (l->holders == LOCK_SHARERS || !happen(l, p.what, now_ms))
		return false;
	p.until_ms = now_ms + p.hold_ms;
	l->holder[l->holders++] = p;
	l->taken++;
	return true;
}

enum lock_answer
lock_want(struct lock *l, enum lock_event what, uint64_t ticket,
    int64_t hold_ms, int64_t wait_ms, int64_t now_ms)
{
	struct lock_party p = { .ticket = ticket, .what = what,
	    .until_ms = now_ms + wait_ms, .hold_ms = hold_ms };

	must(ticket != 0, "who wants the recovery lock has a ticket");
	if (l->waiters == 0 && enter(l, p, now_ms))
		return LOCK_TAKEN;
	if (wait_ms <= 0 || l->waiters == LOCK_WAITERS) {
		l->refused++;
		return LOCK_REFUSED;
	}
	l->waiter[l->waiters++] = p;
	return LOCK_WAITS;
}

static void
leave(struct lock *l, unsigned i, enum lock_event event, int64_t now_ms)
{
	remove_party(l->holder, &l->holders, i);
	if (l->holders == 0)
		must(happen(l, event, now_ms), "what is held can be let go");
}

static unsigned
find(const struct lock *l, uint64_t ticket)
{
	unsigned i;

	for (i = 0; i < l->holders && l->holder[i].ticket != ticket; i++)
		;
	return i;
}

void
lock_drop(struct lock *l, uint64_t ticket, int64_t now_ms)
{
	unsigned i = find(l, ticket);

	if (i < l->holders)
		leave(l, i, LOCK_ON_DONE, now_ms);
	for (i = 0; i < l->waiters; i++)
		if (l->waiter[i].ticket == ticket)
			remove_party(l->waiter, &l->waiters, i--);
}

bool
lock_raise(struct lock *l, uint64_t ticket, int64_t now_ms)
{
	return l->holders == 1 && l->holder[0].ticket == ticket &&
	    happen(l, LOCK_ON_RAISE, now_ms);
}

bool
lock_loaded(struct lock *l, uint64_t ticket, int64_t now_ms)
{
	return find(l, ticket) < l->holders && happen(l, LOCK_ON_IN, now_ms);
}

enum lock_news
lock_next(struct lock *l, int64_t now_ms, uint64_t *ticket)
{
	unsigned i;

	for (i = 0; i < l->holders; i++)
		if (now_ms >= l->holder[i].until_ms) {
			*ticket = l->holder[i].ticket;
			l->lost++;
			leave(l, i, LOCK_ON_LATE, now_ms);
			return LOCK_LOST;
		}
	for (i = 0; i < l->waiters; i++)
		if (now_ms >= l->waiter[i].until_ms) {
			*ticket = l->waiter[i].ticket;
			remove_party(l->waiter, &l->waiters, i);
			return LOCK_TIRED;
		}
	if (l->waiters > 0 && enter(l, l->waiter[0], now_ms)) {
		*ticket = l->waiter[0].ticket;
		remove_party(l->waiter, &l->waiters, 0);
		return LOCK_GRANTED;
	}
	return LOCK_NOTHING;
}

void
lock_born(struct lock *l)
{
	must(happen(l, LOCK_ON_BORN, l->since_ms),
	    "every state outlives control");
	l->waiters = 0;
	if (l->state == LOCK_FREE)
		l->holders = 0;
}

const char *
lock_word(const struct lock *l)
{
	return words[l->state];
}

void
lock_refusal(const struct lock *l, char *to)
{
	static const char before[] = "Recovery in progress, could not acquire "
	    "recoverLock (held for ", after[] = ")";
	size_t n = strlen(words[l->state]);

	must(sizeof(before) + n + sizeof(after) <= LOCK_REFUSAL_BYTES,
	    "a refusal has room");
	memcpy(to, before, sizeof(before) - 1);
	memcpy(to + sizeof(before) - 1, words[l->state], n);
	memcpy(to + sizeof(before) - 1 + n, after, sizeof(after));
}
