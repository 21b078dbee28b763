#include "daemon/ctl_recover.h"

#include "daemon/clock.h"
#include "daemon/log.h"

#include <stdio.h>

/*
 * Who holds it ends by events of its own; the deadline is for what we did not
 * think of.
 */
#define HOLD_MS 3600000

bool
ctl_recover_has(const struct ctl *c, uint64_t ticket)
{
	const struct lock *l = &c->kept.lock;
	unsigned i;

	for (i = 0; i < l->holders; i++)
		if (l->holder[i].ticket == ticket)
			return true;
	return false;
}

void
ctl_recover_drop(struct ctl *c, uint64_t ticket)
{
	lock_drop(&c->kept.lock, ticket, clock_steady_ms());
	kept_write(&c->kept);
}

bool
ctl_recover_take(struct ctl *c, enum lock_event what, uint64_t ticket)
{
	struct lock *l = &c->kept.lock;
	bool is_taken;

	if (ticket == RECOVER_ROLE) {
		lock_drop(l, RECOVER_ROLE, clock_steady_ms());
		lock_drop(l, RECOVER_ENSURE, clock_steady_ms());
	}
	is_taken = lock_want(l, what, ticket, HOLD_MS, 0, clock_steady_ms()) ==
	    LOCK_TAKEN;
	kept_write(&c->kept);
	return is_taken;
}

enum lock_answer
ctl_recover_await(struct ctl *c, int64_t wait_ms)
{
	enum lock_answer answer;

	if (ctl_recover_has(c, RECOVER_FAILOVER))
		return LOCK_TAKEN;
	/* Nobody is attached who has not begun to load. */
	if (ctl_recover_link(c) != RECOVER_SYNCS) {
		lock_drop(&c->kept.lock, RECOVER_ROLE, clock_steady_ms());
		lock_drop(&c->kept.lock, RECOVER_ENSURE, clock_steady_ms());
	}
	answer = lock_want(&c->kept.lock, LOCK_ON_WANT_FAILOVER,
	    RECOVER_FAILOVER, HOLD_MS, wait_ms, clock_steady_ms());
	kept_write(&c->kept);
	return answer;
}

const char *
ctl_recover_words(const struct ctl *c)
{
	static char words[LOCK_REFUSAL_BYTES + 4] = "ERR ";

	lock_refusal(&c->kept.lock, words + 4);
	return words;
}

bool
ctl_recover_may_load(struct ctl *c)
{
	return ctl_recover_has(c, RECOVER_ROLE) ||
	    ctl_recover_has(c, RECOVER_ENSURE) ||
	    ctl_recover_take(c, LOCK_ON_WANT_ATTACH, RECOVER_ROLE);
}

void
ctl_recover_loaded(struct ctl *c)
{
	struct lock *l = &c->kept.lock;

	if (!lock_loaded(l, RECOVER_ROLE, clock_steady_ms()))
		(void)lock_loaded(l, RECOVER_ENSURE, clock_steady_ms());
	kept_write(&c->kept);
}

enum recover_link
ctl_recover_link(const struct ctl *c)
{
	const struct state *s = &c->next;
	const struct link *l;

	if (s->role != STATE_REPLICA || s->is_promoted)
		return RECOVER_NO_LINK;
	if (s->load.phase != LOAD_NONE)
		return RECOVER_SYNCS;
	if (s->link_worker < 0)
		return RECOVER_BEGINS;
	l = &REGION->area[s->link_worker].link;
	if (word_load_acquire(&l->serial) != s->link_serial)
		return RECOVER_BEGINS;
	switch (word_load(&l->state)) {
	case LINK_UP:
		return RECOVER_UP;
	case LINK_SYNC:
	case LINK_LOAD:
		return RECOVER_SYNCS;
	default:
		/* A primary gathers replicas before it takes a snapshot. */
		return word_load(&l->state) == LINK_HANDSHAKE &&
		    word_load(&l->is_asked) != 0 ? RECOVER_ASKS :
		    word_load(&l->tries) > 0 ? RECOVER_BROKEN :
		    RECOVER_BEGINS;
	}
}

void
ctl_recover_begin(struct ctl *c)
{
	lock_born(&c->kept.lock);
	/* What the predecessor had begun goes on: the link outlived it. */
	if (c->kept.lock.state == LOCK_FREE && c->next.role == STATE_REPLICA &&
	    ctl_recover_link(c) != RECOVER_UP)
		(void)ctl_recover_take(c, LOCK_ON_WANT_START, RECOVER_ROLE);
	kept_write(&c->kept);
}

/* An attachment holds it until the stream is there, or it has failed. */
static void
look_at_link(struct ctl *c)
{
	enum recover_link now = ctl_recover_link(c);
	enum lock_state state = c->kept.lock.state;
	bool is_ours = ctl_recover_has(c, RECOVER_ROLE),
	    is_attaching = state == LOCK_START || state == LOCK_ATTACH ||
	    state == LOCK_LOADED;

	if (is_ours && is_attaching && (now == RECOVER_UP ||
	    now == RECOVER_BROKEN || now == RECOVER_NO_LINK))
		ctl_recover_drop(c, RECOVER_ROLE);
	else if (now == RECOVER_SYNCS && state == LOCK_FREE)
		(void)ctl_recover_take(c, LOCK_ON_WANT_ATTACH, RECOVER_ROLE);
}

enum lock_news
ctl_recover_turn(struct ctl *c)
{
	enum lock_news news, told = LOCK_NOTHING;
	uint64_t ticket;

	look_at_link(c);
	while ((news = lock_next(&c->kept.lock, clock_steady_ms(), &ticket)) !=
	    LOCK_NOTHING) {
		kept_write(&c->kept);
		if (news == LOCK_LOST)
			log_warning("the recovery lock was held for too long");
		if (ticket == RECOVER_FAILOVER)
			told = news;
	}
	return told;
}
