#include "daemon/net_commit.h"

#include "daemon/doorbell.h"
#include "daemon/net_ack.h"
#include "daemon/net_pause.h"

#include <stdlib.h>

/* --- levels ------------------------------------------------------------ */

enum { LEVEL_DISK, LEVEL_REPLICAS, LEVEL_LEASE, LEVEL_HEIR, LEVELS };

static bool
is_disk_demanded(const struct worker *w)
{
	const struct state *s = &w->state;

	return s->aof.is_on && s->options.appendfsync == APPENDFSYNC_ALWAYS;
}

static uint64_t
disk_reached(const struct worker *w)
{
	return (uint64_t)ack_kept_here(w);
}

static bool
are_replicas_demanded(const struct worker *w)
{
	return w->state.options.min_replicas_to_ack > 0;
}

static uint64_t
replicas_reached(const struct worker *w)
{
	return ack_reached(w->state.options.min_replicas_to_ack);
}

/* Only when it was found to have ended. */
static bool
is_lease_demanded(const struct worker *w)
{
	(void)w;
	return false;
}

/* A lease that was renewed says that nobody came between. */
static uint64_t
lease_reached(const struct worker *w)
{
	bool is_same = w->state.role == STATE_PRIMARY && memcmp(
	    w->commit.replid, w->state.replid, sizeof(w->state.replid)) == 0;

	return is_same && !(w->stops & PAUSE_LEASE) ? UINT64_MAX : 0;
}

static bool
is_heir_demanded(const struct worker *w)
{
	return w->steady_ms < w->state.heir_until_ms;
}

static uint64_t
heir_reached(const struct worker *w)
{
	(void)w;
	return ack_reached(1);
}

/*
 * What replies may have to wait for: whether the state demands it of all
 * writes, and the offset up to which the log has come there.
 */
static const struct {
	bool (*is_demanded)(const struct worker *w);
	uint64_t (*reached)(const struct worker *w);
} level_table[LEVELS] = {
	[LEVEL_DISK] = { is_disk_demanded, disk_reached },
	[LEVEL_REPLICAS] = { are_replicas_demanded, replicas_reached },
	[LEVEL_LEASE] = { is_lease_demanded, lease_reached },
	[LEVEL_HEIR] = { is_heir_demanded, heir_reached },
};

static inline bool
is_demanded(const struct worker *w, int level)
{
	return w->commit.levels >> level & 1;
}

/* The offset that all demanded levels have reached. */
static uint64_t
reached(const struct worker *w)
{
	uint64_t least = UINT64_MAX, at;
	int i;

	for (i = 0; i < LEVELS; i++)
		if (is_demanded(w, i) &&
		    (at = level_table[i].reached(w)) < least)
			least = at;
	return least;
}

/* --- marks ------------------------------------------------------------- */

/* A new mark, the last of its connection and of the worker. */
static struct commit_mark *
add_mark(struct conn *c)
{
	struct worker *w = c->worker;
	struct commit_mark *m = malloc(sizeof(*m));

	must(m != NULL, "there is private memory for a held reply");
	m->conn = c;
	m->behind = NULL;
	*(c->held.last != NULL ? &c->held.last->behind : &c->held.first) = m;
	c->held.last = m;
	m->next = NULL;
	m->prev = w->commit.last;
	*(m->prev != NULL ? &m->prev->next : &w->commit.first) = m;
	w->commit.last = m;
	return m;
}

/* The first mark of a connection goes. */
static void
drop_mark(struct conn *c)
{
	struct worker *w = c->worker;
	struct commit_mark *m = c->held.first;

	c->held.first = m->behind;
	if (m->behind == NULL)
		c->held.last = NULL;
	*(m->prev != NULL ? &m->prev->next : &w->commit.first) = m->next;
	*(m->next != NULL ? &m->next->prev : &w->commit.last) = m->prev;
	free(m);
}

/* Whether a reply of c can join a mark: of this turn, as long, the next one. */
static bool
joins(const struct commit_mark *m, const struct conn *c, size_t from,
    size_t bytes)
{
	return m != NULL && m->conn == c &&
	    m->turn == c->worker->commit.turn && m->bytes == bytes &&
	    m->from + m->bytes * m->count == from;
}

/* The reply of `bytes` from `from` on waits for c's last write. */
static void
hold_reply(struct conn *c, size_t from, size_t bytes)
{
	struct worker *w = c->worker;
	struct commit_mark *m = w->commit.last;
	uint64_t before = m != NULL ? m->offset : 0;

	if (!joins(m, c, from, bytes)) {
		m = add_mark(c);
		m->from = from;
		m->bytes = bytes;
		m->count = 0;
		m->turn = w->commit.turn;
		m->ms = w->now_ms;
		m->is_all = false;
	}
	m->count++;
	/* What was written in earlier turns may be answered now. */
	m->offset = c->written > before ? c->written : before;
	w->commit.wants = true;
	w->wants_acks |= is_demanded(w, LEVEL_REPLICAS);
}

/* That a reader has found a key expired is nobody's business. */
static bool
writes(const struct command *command)
{
	return command->id == CMD_EXEC || (command->flags &
	    (COMMAND_WRITE | COMMAND_MAY_REPLICATE)) != 0;
}

void
commit_served(struct conn *c, const struct command *command, size_t from)
{
	if (c->marked == c->written)
		return;
	c->marked = c->written;
	if (writes(command) && c->out.used > from && !c->out.is_failed)
		hold_reply(c, from, c->out.used - from);
}

/* Where the reply of a batch's request ends, as far as it is still there. */
static size_t
reply_end(const struct batch *b, int i)
{
	const struct conn *c = b->request[i].conn;
	size_t end = c->out.used;

	for (i++; i < b->count; i++)
		if (b->request[i].conn == c && b->request[i].reply_at < end)
			return b->request[i].reply_at;
	return end;
}

/* The replies of a batch in which nothing was held so far. */
static void
hold_batch(struct worker *w)
{
	const struct batch *b = &w->batch;
	size_t end;
	int i;

	for (i = 0; i < b->count; i++) {
		const struct request *q = &b->request[i];

		if (q->reply_at == REQUEST_UNSERVED || q->command == NULL ||
		    !writes(q->command) || q->conn->duty != NULL ||
		    q->conn->out.is_failed)
			continue;
		end = reply_end(b, i);
		if (end > q->reply_at)
			hold_reply(q->conn, q->reply_at, end - q->reply_at);
	}
}

void
commit_batch_late(struct worker *w)
{
	pause_look(w);
	if (!(w->stops & PAUSE_LEASE))
		return;
	if (w->commit.levels == 0)
		hold_batch(w);
	w->commit.levels |= 1u << LEVEL_LEASE;
}

/*
 * All that c would send now waits.  What this turn has marked waits anyway; the
 * first of it is made longer to the front, since no mark may stand before those
 * that there are, and what stands there may be a write's.
 */
static void
hold_all(struct conn *c)
{
	struct commit_mark *m = c->held.first;

	if (m == NULL) {
		hold_reply(c, 0, c->out.used);
		m = c->held.first;
	} else if (m->turn + 1 < c->worker->commit.turn) {
		/* All of this turn stands behind it. */
		return;
	} else {
		m->bytes = m->from + m->bytes * m->count;
		m->from = 0;
		m->count = 1;
	}
	m->is_all = true;
}

int64_t
commit_turn_late(struct worker *w)
{
	struct conn *c;

	pause_look(w);
	for (c = w->dirty; (w->stops & PAUSE_LEASE) && c != NULL;
	    c = c->next_dirty) {
		if (c->duty != NULL || c->written <= w->turn_log ||
		    commit_ready(c) == 0)
			continue;
		hold_all(c);
		w->commit.levels |= 1u << LEVEL_LEASE;
	}
	return commit_turn(w);
}

size_t
commit_ready(const struct conn *c)
{
	return c->held.first != NULL ? c->held.first->from : c->out.used;
}

void
commit_sent(struct conn *c, size_t bytes)
{
	struct commit_mark *m;

	for (m = c->held.first; m != NULL; m = m->behind)
		m->from -= bytes;
}

void
commit_forget(struct conn *c)
{
	while (c->held.first != NULL)
		drop_mark(c);
}

/* --- giving up --------------------------------------------------------- */

/*
 * The held replies of c that were made until then become errors; where nobody
 * knows which of them are a write's, the connection is closed instead.
 */
static void
give_up(struct conn *c, int64_t until_ms, const char *error)
{
	struct stats *s = c->worker->stats;
	struct reply old = c->out;
	struct commit_mark *m;
	size_t at = 0, shift;

	if (c->held.first->is_all) {
		conn_drop(c);
		return;
	}
	conn_renew(c);
	while ((m = c->held.first) != NULL && m->ms <= until_ms) {
		uint32_t count = m->count;
		size_t from = m->from, bytes = m->bytes;

		drop_mark(c);
		if (from > at)
			reply_raw(&c->out, old.data + at, from - at);
		at = from + bytes * count;
		while (count-- > 0) {
			reply_error(&c->out, error);
			stat_add(s, in_doubt, 1);
			stat_add(s, errors, 1);
			stat_count_error(s, "INDOUBT");
		}
	}
	shift = c->out.used - at;
	for (; m != NULL; m = m->behind)
		m->from += shift;
	if (old.used > at)
		reply_raw(&c->out, old.data + at, old.used - at);
	conn_give(c, &old);
	conn_mark(c);
}

static void
give_up_all(struct worker *w, const char *error)
{
	while (w->commit.first != NULL)
		give_up(w->commit.first->conn, INT64_MAX, error);
}

/*
 * Gives up what replicas have not acknowledged in time; when the next is late,
 * or 0.
 */
static int64_t
give_up_late(struct worker *w)
{
	int64_t limit = w->state.options.min_replicas_to_ack_timeout;
	struct commit_mark *m, *next;
	uint64_t got;

	if (!is_demanded(w, LEVEL_REPLICAS) || limit == 0)
		return 0;
	got = replicas_reached(w);
	for (m = w->commit.first; m != NULL; m = next) {
		next = m->next;
		if (m->offset <= got)
			continue;
		if (m->ms + limit > w->now_ms)
			return m->ms + limit;
		give_up(m->conn, w->now_ms - limit,
		    error_text[ERROR_INDOUBT_LATE]);
		/* More than this one may be gone. */
		next = w->commit.first;
	}
	return 0;
}

/* Of two deadlines, 0 being none. */
static int64_t
sooner(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/*
 * Replies that wait for the lease do so as long as who wants to write; when
 * that is over, or 0.
 */
static int64_t
give_up_unleased(struct worker *w)
{
	if (pause_refuses(w))
		give_up_all(w, error_text[ERROR_INDOUBT_LEASE]);
	if (w->commit.first != NULL)
		return w->stops & PAUSE_LEASE ? pause_deadline(w) : 0;
	w->commit.levels &= ~(1u << LEVEL_LEASE);
	return 0;
}

/* When the old primary is not waited for any more, or 0: it is not. */
static int64_t
heir_deadline(struct worker *w)
{
	if (is_heir_demanded(w))
		return w->now_ms + (w->state.heir_until_ms - w->steady_ms);
	w->commit.levels &= ~(1u << LEVEL_HEIR);
	return 0;
}

/* Whether the newest mark waits for a disk that fails. */
static bool
is_unkept(const struct worker *w)
{
	const struct aof_order *a = &w->state.aof;

	return is_demanded(w, LEVEL_DISK) && w->commit.last != NULL &&
	    (word_load(&REGION->area[PROC_LOGGER].aof.error) != 0 ||
	    (a->is_fresh && a->has_failed)) &&
	    w->commit.last->offset > disk_reached(w);
}

/* --- a turn ------------------------------------------------------------ */

static void
release(struct worker *w)
{
	uint64_t at = reached(w);
	struct commit_mark *m;

	while ((m = w->commit.first) != NULL && m->offset <= at) {
		must(m == m->conn->held.first, "marks stand in order");
		conn_mark(m->conn);
		drop_mark(m->conn);
	}
}

static void
ring_logger(const struct worker *w)
{
	word_fence();
	if (word_load(&REGION->area[PROC_LOGGER].proc.is_asleep))
		doorbell_ring(w->birth->bell[PROC_LOGGER]);
}

int64_t
commit_turn(struct worker *w)
{
	int64_t deadline = 0;

	w->commit.turn++;
	if (likely(w->commit.first == NULL && w->area->feeds.held == 0))
		return 0;
	if (w->commit.wants && is_demanded(w, LEVEL_DISK))
		ring_logger(w);
	w->commit.wants = false;
	if (unlikely(w->stops & PAUSE_LEASE))
		w->commit.levels |= 1u << LEVEL_LEASE;
	if (unlikely(is_demanded(w, LEVEL_HEIR)))
		deadline = heir_deadline(w);
	release(w);
	while (unlikely(is_unkept(w)))
		give_up(w->commit.last->conn, INT64_MAX,
		    error_text[ERROR_INDOUBT_DISK]);
	if (unlikely(is_demanded(w, LEVEL_LEASE)))
		deadline = sooner(deadline, give_up_unleased(w));
	if (w->commit.first != NULL)
		deadline = sooner(deadline, give_up_late(w));
	/* Before the worker sleeps, it looks again. */
	word_store(&w->area->feeds.held, w->commit.first != NULL ?
	    w->commit.first->offset : 0);
	return deadline;
}

bool
commit_has_news(const struct worker *w)
{
	return unlikely(w->commit.first != NULL) &&
	    (w->commit.first->offset <= reached(w) || is_unkept(w));
}

void
commit_act_upon_state(struct worker *w)
{
	const struct state *s = &w->state;
	int i;

	if (s->role != STATE_PRIMARY || memcmp(w->commit.replid, s->replid,
	    sizeof(s->replid)) != 0) {
		/* What was committed before that is not in doubt. */
		w->commit.levels &= ~(1u << LEVEL_HEIR);
		release(w);
		give_up_all(w, error_text[ERROR_INDOUBT_ROLE]);
		w->commit.levels = 0;
	}
	memcpy(w->commit.replid, s->replid, sizeof(s->replid));
	w->commit.levels &= 1u << LEVEL_LEASE;
	for (i = 0; i < LEVELS; i++)
		w->commit.levels |= (unsigned)level_table[i].is_demanded(w)
		    << i;
}

/* --- the end ----------------------------------------------------------- */

bool
commit_lingers(struct worker *w)
{
	int64_t most = w->state.options.shutdown_timeout * 1000 / 2;
	uint64_t held;
	uint32_t i;

	if (w->commit.end_ms == 0) {
		w->commit.end_ms = w->now_ms + most;
		w->commit.end = word_load_acquire(&REGION->common.log.end);
	}
	if (w->now_ms >= w->commit.end_ms)
		return false;
	for (i = 0; i < REGION->head.workers; i++) {
		held = word_load(&REGION->area[i].feeds.held);
		if (held != 0 && held <= w->commit.end)
			return true;
	}
	return false;
}

void
commit_end(struct worker *w)
{
	w->commit.levels &= ~(1u << LEVEL_HEIR);
	release(w);
	give_up_all(w, error_text[ERROR_INDOUBT_END]);
	word_store(&w->area->feeds.held, 0);
}
