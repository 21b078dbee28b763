#include "daemon/net_ack.h"

#include "daemon/net_feed.h"
#include "daemon/net_park.h"
#include "daemon/waiters.h"

/* --- counting ---------------------------------------------------------- */

static uint64_t
got(const struct feeds_row *r)
{
	return word_load(&r->got);
}

static uint64_t
kept(const struct feeds_row *r)
{
	return word_load(&r->kept);
}

static uint64_t
heard(const struct feeds_row *r)
{
	return (uint64_t)word_load(&r->heard_ms);
}

/* How many of the replicas that are online have come so far. */
static int
count(uint64_t (*how_far)(const struct feeds_row *r), uint64_t least)
{
	const struct feeds_row *r;
	uint32_t place = 0;
	int replicas = 0;

	while ((r = feed_each(&place)) != NULL)
		if (word_load(&r->phase) == FEEDS_ONLINE)
			replicas += how_far(r) >= least;
	return replicas;
}

int
ack_count_good(struct worker *w)
{
	/* Whole seconds count. */
	int64_t least = w->now_ms - 999 -
	    w->state.options.min_replicas_max_lag * 1000;

	return count(heard, least > 0 ? (uint64_t)least : 0);
}

uint64_t
ack_reached(int64_t replicas)
{
	const struct feeds_row *r;
	uint64_t most = 0, at;
	uint32_t place = 0;

	while ((r = feed_each(&place)) != NULL)
		if (word_load(&r->phase) == FEEDS_ONLINE &&
		    (at = got(r)) > most && count(got, at) >= replicas)
			most = at;
	return most;
}

int64_t
ack_kept_here(const struct worker *w)
{
	if (!w->state.aof.is_on)
		return -1;
	/* What an older file had is worth nothing. */
	if (w->state.aof.is_fresh)
		return 0;
	return (int64_t)word_load_acquire(
	    &REGION->area[PROC_LOGGER].aof.durable);
}

bool
ack_refuses(struct worker *w)
{
	const struct options *o = &w->state.options;

	if (o->min_replicas_max_lag == 0 || w->state.role != STATE_PRIMARY)
		return false;
	/* Once a turn: they are many who ask. */
	if (w->good_turn != w->area->proc.beat) {
		w->good_turn = w->area->proc.beat;
		w->good = ack_count_good(w);
	}
	return w->good < o->min_replicas_to_write;
}

/* --- the stream -------------------------------------------------------- */

void
ack_append(struct worker *w, struct slice text)
{
	struct journal *j = &w->area->journal;

	if (w->state.role != STATE_PRIMARY || w->stops != 0)
		return;
	must(!w->txn.is_held, "nothing is logged while writes are held");
	log_append_aside(&REGION->common.log, j, w->birth->name, text);
	j->log_at = JOURNAL_NOWHERE;
}

void
ack_ask_for(struct worker *w)
{
	if (likely(!w->wants_acks))
		return;
	w->wants_acks = false;
	ack_append(w,
	    SLICE("*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n"));
}

void
ack_heard(struct conn *c, uint64_t got_now, int64_t kept_now)
{
	struct worker *w = c->worker;
	struct feed *f = c->feed;
	struct feeds *all = &w->area->feeds;

	f->moved_ms = w->now_ms;
	word_store(&f->row->heard_ms, w->now_ms);
	f->is_held = false;
	/* What it was not sent it can not have. */
	if (got_now > f->at || kept_now > (int64_t)f->at)
		return;
	if (got_now <= f->row->got && kept_now <= (int64_t)f->row->kept)
		return;
	if (got_now > f->row->got)
		word_store(&f->row->got, got_now);
	if (kept_now > (int64_t)f->row->kept)
		word_store(&f->row->kept, (uint64_t)kept_now);
	word_store_release(&all->acks, all->acks + 1);
	waiters_ring(w->birth);
}

/* --- waiting ----------------------------------------------------------- */

static bool
is_over(const struct conn *c)
{
	if (c->acks.local < 0)
		return count(got, c->written) >= c->acks.replicas;
	return (c->acks.local == 0 ||
	    ack_kept_here(c->worker) >= (int64_t)c->written) &&
	    count(kept, c->written) >= c->acks.replicas;
}

/* Why it waits in vain; NULL: it does not. */
static const char *
trouble(const struct conn *c)
{
	return c->acks.local > 0 && !c->worker->state.aof.is_on ?
	    error_text[ERROR_WAITAOF_NO_FILE] : NULL;
}

static void
put_reply(struct conn *c)
{
	struct reply *r = &c->out;

	if (c->acks.local < 0) {
		reply_int(r, count(got, c->written));
		return;
	}
	reply_array(r, 2);
	reply_int(r, ack_kept_here(c->worker) >= (int64_t)c->written);
	reply_int(r, count(kept, c->written));
}

void
ack_wait(struct call *call, int local, int64_t replicas, int64_t until_ms)
{
	struct worker *w = call->worker;
	struct conn *c = call->conn;

	c->acks.local = local;
	c->acks.replicas = replicas;
	if (!call->may_block || is_over(c)) {
		put_reply(c);
		return;
	}
	w->wants_acks = true;
	park_stop(c, CONN_ACKED, until_ms);
}

void
ack_answer(struct conn *c, const char *error)
{
	size_t mark = c->out.used;

	if (error != NULL)
		reply_error(&c->out, error);
	else
		put_reply(c);
	conn_silence(c, mark);
	conn_mark(c);
	park_wake(c);
}

/* What those who wait look at. */
static struct ack_seen
look(const struct worker *w)
{
	struct ack_seen now = { 0, ack_kept_here(w), w->state.version };
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		now.acks += word_load_acquire(&REGION->area[i].feeds.acks);
	return now;
}

static bool
is_same(struct ack_seen a, struct ack_seen b)
{
	return a.acks == b.acks && a.kept == b.kept && a.version == b.version;
}

void
ack_turn(struct worker *w)
{
	struct conn *c, *next;
	struct ack_seen now;

	if (likely(w->parked[CONN_ACKED].first == NULL &&
	    w->area->feeds.awaits == 0))
		return;
	now = look(w);
	c = is_same(now, w->acks_seen) ? NULL : w->parked[CONN_ACKED].first;
	w->acks_seen = now;
	for (; c != NULL; c = next) {
		const char *why = trouble(c);

		next = c->park.next;
		if (why != NULL || is_over(c))
			ack_answer(c, why);
	}
	/* Before the worker sleeps, it looks again. */
	word_store(&w->area->feeds.awaits,
	    w->parked[CONN_ACKED].first != NULL);
}

bool
ack_has_news(const struct worker *w)
{
	return w->area->feeds.awaits != 0 && !is_same(look(w), w->acks_seen);
}
