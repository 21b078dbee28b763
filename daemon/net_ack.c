#include "daemon/net_ack.h"

#include "daemon/doorbell.h"
#include "daemon/net_feed.h"
#include "daemon/net_park.h"

/* --- counting ---------------------------------------------------------- */

int
ack_count_got(uint64_t offset)
{
	const struct feeds_row *r;
	uint32_t place = 0;
	int count = 0;

	while ((r = feed_each(&place)) != NULL)
		if (word_load(&r->phase) == FEEDS_ONLINE)
			count += word_load(&r->got) >= offset;
	return count;
}

int
ack_count_kept(uint64_t offset)
{
	const struct feeds_row *r;
	uint32_t place = 0;
	int count = 0;

	while ((r = feed_each(&place)) != NULL)
		if (word_load(&r->phase) == FEEDS_ONLINE)
			count += word_load(&r->kept) >= offset;
	return count;
}

int
ack_count_good(struct worker *w)
{
	int64_t limit = w->state.options.min_replicas_max_lag;
	const struct feeds_row *r;
	uint32_t place = 0;
	int count = 0;

	while ((r = feed_each(&place)) != NULL)
		if (word_load(&r->phase) == FEEDS_ONLINE)
			count += (w->now_ms - word_load(&r->heard_ms)) / 1000 <=
			    limit;
	return count;
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

static uint64_t
count_acks(void)
{
	uint64_t count = 0;
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		count += word_load_acquire(&REGION->area[i].feeds.acks);
	return count;
}

/* --- the stream -------------------------------------------------------- */

void
ack_append(struct worker *w, struct slice text)
{
	struct journal *j = &w->area->journal;

	if (w->state.role != STATE_PRIMARY ||
	    (w->state.pause != STATE_PAUSE_NONE &&
	    w->now_ms < w->state.pause_until_ms))
		return;
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
ack_heard(struct conn *c, uint64_t got, int64_t kept)
{
	struct worker *w = c->worker;
	struct feed *f = c->feed;
	struct feeds *all = &w->area->feeds;
	uint32_t i;

	f->moved_ms = w->now_ms;
	word_store(&f->row->heard_ms, w->now_ms);
	f->is_held = false;
	if (got <= f->row->got && kept <= (int64_t)f->row->kept)
		return;
	if (got > f->row->got)
		word_store(&f->row->got, got);
	if (kept > (int64_t)f->row->kept)
		word_store(&f->row->kept, (uint64_t)kept);
	word_store_release(&all->acks, all->acks + 1);
	word_fence();
	for (i = 0; i < REGION->head.workers; i++)
		if ((int)i != w->birth->index &&
		    word_load(&REGION->area[i].feeds.awaits) != 0 &&
		    word_load(&REGION->area[i].proc.is_asleep))
			doorbell_ring(w->birth->bell[i]);
}

/* --- waiting ----------------------------------------------------------- */

void
ack_reply(struct reply *r, int local, uint64_t offset)
{
	if (local < 0) {
		reply_int(r, ack_count_got(offset));
		return;
	}
	reply_array(r, 2);
	reply_int(r, 0);
	reply_int(r, ack_count_kept(offset));
}

void
ack_park(struct call *c, int local, int replicas, int64_t until_ms)
{
	struct conn *conn = c->conn;

	conn->acks.local = local;
	conn->acks.replicas = replicas;
	c->worker->wants_acks = true;
	/* Before the worker sleeps, it looks again. */
	word_store(&c->worker->area->feeds.awaits,
	    c->worker->area->feeds.awaits + 1);
	park_stop(conn, CONN_ACKED, until_ms);
}

void
ack_answer(struct conn *c, const char *error)
{
	size_t mark = c->out.used;

	if (error != NULL)
		reply_error(&c->out, error);
	else
		ack_reply(&c->out, c->acks.local, c->written);
	conn_silence(c, mark);
	conn_mark(c);
	park_wake(c);
}

static bool
is_over(const struct conn *c)
{
	if (c->acks.local < 0)
		return ack_count_got(c->written) >= c->acks.replicas;
	return c->acks.local == 0 &&
	    ack_count_kept(c->written) >= c->acks.replicas;
}

void
ack_turn(struct worker *w)
{
	struct conn *c, *next;
	uint32_t count = 0;

	if (likely(w->parked[CONN_ACKED].first == NULL &&
	    w->area->feeds.awaits == 0))
		return;
	w->acks_seen = count_acks();
	for (c = w->parked[CONN_ACKED].first; c != NULL; c = next) {
		next = c->park.next;
		if (is_over(c))
			ack_answer(c, NULL);
		else
			count++;
	}
	word_store(&w->area->feeds.awaits, count);
}

bool
ack_has_news(const struct worker *w)
{
	return w->area->feeds.awaits != 0 && count_acks() != w->acks_seen;
}
