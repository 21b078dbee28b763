/*
 * net - the loop of a worker
 *
 *   wait -> read the published state -> serve what came -> send -> look after
 *   time -> wait
 *
 * Everything of one turn is served under the state that was read at its
 * beginning.
 *
 * Not here: what arrives (net_batch.c), who waits (net_park.c), how the process
 * came to be (sup.c).
 */
#include "daemon/net_worker.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/doorbell.h"
#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/net_ask.h"
#include "daemon/net_ack.h"
#include "daemon/net_batch.h"
#include "daemon/net_commit.h"
#include "daemon/net_event.h"
#include "daemon/net_feed.h"
#include "daemon/net_gate.h"
#include "daemon/net_link.h"
#include "daemon/net_load.h"
#include "daemon/net_move.h"
#include "daemon/net_park.h"
#include "daemon/net_pause.h"
#include "daemon/net_say.h"
#include "daemon/net_ship.h"
#include "daemon/net_sync.h"
#include "daemon/net_target.h"
#include "daemon/net_tidy.h"

#define MISSED_MS 5000 /* of a worker's life */
#define STILL_US 200 /* between two looks while all stand still */
#define CROWD_US 1000 /* between two tries to say what there was no room for */
/*
 * A turn ends after so many commands even if more has come: replies then leave
 * early, and nobody waits for two whole rounds of everybody else.
 */
#define TURN_COMMANDS 1024

/* Tags: a connection's address and what was asked for in the low bits. */
#define TAG_KIND 7ull
enum { TAG_OTHER, TAG_RECV = NET_RECV, TAG_SEND = NET_SEND,
	TAG_FILE = NET_FILE };
enum { OTHER_BELL, OTHER_ACCEPT, OTHER_NOTHING };
#define TAG(other, n) ((uint64_t)(n) << 16 | (other) << 3 | TAG_OTHER)

static void
hear_bell(struct worker *w)
{
	ring_read(&w->ring, w->birth->bell[w->birth->index], &w->bell,
	    sizeof(w->bell), TAG(OTHER_BELL, 0));
}

/* --- connections ------------------------------------------------------- */

static void
refuse_accepted(struct worker *w, int fd, const char *text)
{
	ssize_t n = send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);

	(void)n;
	stat_add(w->stats, rejected, 1);
	close(fd);
}

static void
set_socket(struct worker *w, int fd)
{
	int on = 1, idle = (int)w->state.options.tcp_keepalive,
	    interval = idle / 3 > 0 ? idle / 3 : 1, count = 3;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (idle == 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

static void
accepted(struct worker *w, int fd)
{
	const struct options *o = &w->state.options;
	struct conn *c;

	if (net_count(STAT_clients) >= (uint64_t)o->maxclients ||
	    w->conn_count >= CONNS_ROWS) {
		refuse_accepted(w, fd,
		    "-ERR max number of clients reached\r\n");
		return;
	}
	set_socket(w, fd);
	c = conn_new(w, fd);
	stat_add(w->stats, connections, 1);
	if (o->protected_mode && o->requirepass[0] == 0 && !c->is_local) {
		reply_error(&c->out, error_text[ERROR_PROTECTED]);
		conn_finish(c);
		return;
	}
	c->is_receiving = true;
	ring_recv(&w->ring, fd, (uint64_t)(uintptr_t)c | TAG_RECV);
}

static void
received(struct worker *w, struct conn *c, const struct ring_event *e)
{
	if (e->is_last)
		c->is_receiving = false;
	if (c->duty != NULL && c->duty->received != NULL) {
		c->duty->received(c, e->result);
		return;
	}
	if (e->result > 0) {
		stat_add(w->stats, bytes_in, e->result);
		if (unlikely(c->is_replica))
			feed_heard(c);
		stat_add(w->stats, reads, 1);
		batch_received(c, e->data, (size_t)e->result);
	} else if (e->result != -ENOBUFS) {
		if (c->is_in_batch)
			batch_run(w);
		conn_drop(c);
		return;
	}
	if (!e->is_last)
		return;
	/* Closing, it may have waited for this alone. */
	if (c->is_shut) {
		conn_mark(c);
		return;
	}
	c->is_receiving = true;
	ring_recv(&w->ring, c->fd, (uint64_t)(uintptr_t)c | TAG_RECV);
}

static void
sent(struct conn *c, int result)
{
	/* The batch may hold requests of a connection that ends here. */
	if (result < 0 && c->is_in_batch)
		batch_run(c->worker);
	conn_sent(c, result);
	if (unlikely(c->is_replica))
		feed_pump(c->feed);
}

/* --- a turn ------------------------------------------------------------ */

static void
happened(struct worker *w, const struct ring_event *e)
{
	struct conn *c = (struct conn *)(uintptr_t)(e->tag & ~TAG_KIND);
	uint64_t n = e->tag >> 16;

	switch (e->tag & TAG_KIND) {
	case TAG_RECV:
		received(w, c, e);
		return;
	case TAG_SEND:
		sent(c, e->result);
		return;
	case TAG_FILE:
		sync_read(c, e->result);
		return;
	}
	switch (e->tag >> 3 & 0x1fff) {
	case OTHER_BELL:
		hear_bell(w);
		break;
	case OTHER_ACCEPT:
		if (e->result >= 0)
			accepted(w, e->result);
		if (e->is_last && !w->is_stopping)
			ring_accept(&w->ring, w->birth->listener[n],
			    TAG(OTHER_ACCEPT, n));
		break;
	}
}

static struct conn *
find_conn(struct worker *w, uint64_t id)
{
	struct conn *c;

	for (c = w->conns; c != NULL; c = c->next)
		if (c->id == id && !c->is_closing)
			return c;
	return NULL;
}

bool
net_kill(struct worker *w, uint64_t id)
{
	struct conn *c = find_conn(w, id);

	if (c != NULL)
		conn_drop(c);
	return c != NULL;
}

static void
unblock(struct worker *w, uint64_t id, bool is_error)
{
	struct conn *c = find_conn(w, id);

	const char *error = is_error ? error_text[ERROR_UNBLOCKED] : NULL;

	if (c != NULL && c->park.why == CONN_BLOCKED)
		park_answer(c, error);
	else if (c != NULL && c->park.why == CONN_ACKED)
		ack_answer(c, error);
}

static void
read_casts(struct worker *w)
{
	uint64_t floor;
	int got;

	while ((got = cast_get(&REGION->common.cast, &w->cast_place,
	    w->cast)) != 0) {
		const struct cast_entry *e = w->cast;

		if (got < 0) {
			park_rerun_all(w);
			continue;
		}
		switch (e->kind) {
		case CAST_TOUCHED:
			memcpy(&floor, e->text, sizeof(floor));
			park_touched(w, e->number, floor);
			break;
		case CAST_FLUSHED:
			park_touched_all(w);
			break;
		case CAST_MONITOR:
			watch_line(w, (struct slice){ e->text, e->text_bytes });
			break;
		case CAST_KILL:
			net_kill(w, e->number);
			break;
		case CAST_UNBLOCK:
			unblock(w, e->number, e->text_bytes > 0 &&
			    e->text[0] == 'E');
			break;
		}
	}
}

static void
send_all(struct worker *w)
{
	struct conn *c, *next;

	c = w->dirty;
	w->dirty = NULL;
	for (; c != NULL; c = next) {
		next = c->next_dirty;
		c->is_dirty = false;
		conn_flush(c);
		if (c->row != NULL)
			conn_show_use(c);
		if (unlikely(c->is_closing))
			conn_reap(c);
	}
}

/*
 * Who is the last to acknowledge a version tells control; of two that are it at
 * once, at least one sees both.
 */
static void
tell_control(const struct worker *w)
{
	uint32_t i;

	word_fence();
	for (i = 0; i < REGION->head.workers; i++)
		if (word_load(&REGION->area[i].proc.version) <
		    w->state.version)
			return;
	doorbell_ring(w->birth->bell[PROC_CONTROL]);
}

/* A state was published: what it changes at once. */
static void
act_upon_state(struct worker *w)
{
	const struct options *o = &w->state.options;
	int i;

	if (!state_read(&REGION->state, &w->state))
		return;
	for (i = 0; i < STATE_DATABASES; i++)
		w->txn.logical[w->state.db[i]] = (uint8_t)i;
	w->txn.snap_serial = w->state.snap.step == STATE_TAKE ?
	    w->state.snap.serial : 0;
	w->txn.snap_now = 0;
	pause_look(w);
	/* What a replica's own clients write stays here. */
	w->txn.is_mute = w->state.role == STATE_REPLICA;
	if (w->resets != w->state.stat_resets) {
		w->resets = w->state.stat_resets;
		stat_reset(w->stats);
		watch_reset(w);
	}
	log_set_level(w->state.options.loglevel);
	log_set_limits(&REGION->common.log, (uint64_t)o->repl_backlog_size,
	    (uint64_t)o->client_output_buffer_limit[OPTION_REPLICA].hard_bytes);
	watch_options(w);
	event_options(w);
	/* Before those who acknowledge are gone. */
	commit_act_upon_state(w);
	feed_act_upon_state(w);
	link_act_upon_state(w);
	FAULT(ACKNOWLEDGES);
	word_store_release(&w->area->proc.version, w->state.version);
	tell_control(w);
	w->is_stopping = w->state.is_stopping;
}

/* Those who wait for what the state has changed. */
static void
wake_for_state(struct worker *w)
{
	bool is_over = w->stops & PAUSE_LEASE,
	    is_turning = w->turning_ms != 0;

	if (unlikely(w->was_turning != is_turning ||
	    w->pause != w->state.pause ||
	    w->hold != w->state.hold_token || w->was_over != is_over ||
	    w->places != w->state.places)) {
		w->pause = w->state.pause;
		w->hold = w->state.hold_token;
		w->was_over = is_over;
		w->was_turning = is_turning;
		park_unpause(w);
	}
	/* Who is blocked means other keys from now on. */
	if (unlikely(w->swaps != w->state.swaps)) {
		w->swaps = w->state.swaps;
		park_rerun_all(w);
	}
	/* Nor may it be ours to answer any more. */
	if (unlikely(w->places != w->state.places)) {
		w->places = w->state.places;
		watch_places(w);
		park_rerun_all(w);
		if (w->state.options.cluster_enabled)
			channel_drop_strangers(w);
	}
	/* What was loaded may be what somebody waits for. */
	if (unlikely(w->load_phase != w->state.load.phase)) {
		w->load_phase = w->state.load.phase;
		if (w->load_phase == LOAD_NONE)
			park_rerun_all(w);
	}
	/* What they wait for, another node decides from now on. */
	if (unlikely(w->follows != w->state.follows)) {
		w->follows = w->state.follows;
		park_end_all(w, error_text[ERROR_ROLE_CHANGED]);
	}
}

/*
 * The region is being checked, or it is not decided whether there is a data set
 * to load: touch nothing until it is over.
 */
static void
stand_still(struct worker *w)
{
	while (w->state.is_frozen || w->state.load.phase == LOAD_UNDECIDED) {
		clock_nap(STILL_US);
		proc_beat(&w->area->proc);
		act_upon_state(w);
	}
}

static bool
is_idle(const struct conn *c, int64_t limit_ms)
{
	return limit_ms > 0 && c->park.why == CONN_SERVES && !c->is_monitor &&
	    c->subs_all == 0 && c->duty == NULL && !c->is_replica &&
	    c->held.first == NULL &&
	    c->worker->now_ms - c->used_ms > limit_ms;
}

/* Clients that ask for nothing, or that do not read. */
static void
close_quiet(struct worker *w)
{
	int64_t limit_ms = w->state.options.timeout * 1000;
	struct conn *c;

	for (c = w->conns; c != NULL; c = c->next)
		if (is_idle(c, limit_ms))
			conn_drop(c);
		else if (c->is_sending || c->out_soft_ms != 0)
			conn_limit(c);
}

/* How long more than maxmemory has been used: one worker's to look. */
static void
measure_excess(struct worker *w, int64_t us)
{
	uint64_t most = (uint64_t)w->state.options.maxmemory;

	if (w->birth->index != 0)
		return;
	if (most != 0 && gate_used_bytes() > most) {
		stat_add(w->stats, over_ms, us / 1000);
		stat_add(w->stats, over_now_ms, us / 1000);
	} else {
		word_store(&w->stats->v[STAT_over_now_ms], 0);
	}
}

/* Paces: a third of what happened since, two thirds of what was said before. */
static void
measure_pace(struct worker *w, int64_t us)
{
	static const struct { enum stat_id what, pace; } row[PACES] = {
		{ STAT_commands, STAT_ops },
		{ STAT_bytes_in, STAT_input_pace },
		{ STAT_bytes_out, STAT_output_pace },
		{ STAT_repl_in, STAT_repl_in_pace },
		{ STAT_repl_out, STAT_repl_out_pace } };
	uint64_t used = gate_used_bytes();
	int i;

	for (i = 0; i < PACES; i++) {
		uint64_t now = w->stats->v[row[i].what],
		    more = now > w->paced[i] ? now - w->paced[i] : 0;

		w->stats->v[row[i].pace] = (2 * w->stats->v[row[i].pace] +
		    more * 1000000 / (uint64_t)us) / 3;
		w->paced[i] = now;
	}
	if (used > w->stats->v[STAT_peak_bytes])
		w->stats->v[STAT_peak_bytes] = used;
}

/*
 * A connection that comes while the kernel takes down the ring of the worker
 * before us may wake only that one, and then wait until another comes: who
 * accepts begins anew for a while, and finds it.
 */
static void
look_for_missed(struct worker *w)
{
	int i;

	if (likely(w->birth->birth == 1 ||
	    w->now_ms - w->area->proc.born_ms > MISSED_MS))
		return;
	for (i = 0; i < w->birth->listeners; i++)
		ring_cancel(&w->ring, TAG(OTHER_ACCEPT, (uint64_t)i),
		    TAG(OTHER_NOTHING, 0));
}

/* What is done `hz` times a second. */
static void
look_after_time(struct worker *w)
{
	int64_t now = clock_steady_us(), period = 1000000 / w->state.options.hz;
	uint64_t mends = word_load(&REGION->ctl.mends);

	net_expire_turn(w, now);
	if (now < w->cron_us)
		return;
	measure_pace(w, now - w->cron_us + period);
	if (w->cron_us != 0)
		measure_excess(w, now - w->cron_us + period);
	word_store(&w->stats->v[STAT_targets], (uint64_t)target_count_kept(w));
	w->cron_us = now + period;
	close_quiet(w);
	feed_look_after(w);
	look_for_missed(w);
	log_trim(&REGION->common.log, w->birth->name, now, region_punch);
	/* Somebody who had precedence may be gone. */
	if (mends != w->mends) {
		w->mends = mends;
		park_touched_all(w);
	}
}

static bool
has_news(const struct worker *w)
{
	return state_version(&REGION->state) != w->state.version ||
	    cast_end(&REGION->common.cast) != w->cast_place ||
	    ask_has_answers(w) || feed_has_news(w) || commit_has_news(w) ||
	    park_has_grants(w) || say_has_news(w);
}

/* Waits for something to happen: at most until the next thing is due. */
static void
wait(struct worker *w, int64_t deadline_ms)
{
	struct proc *p = &w->area->proc;
	int64_t next_us = w->expire.next_us < w->cron_us ?
	    w->expire.next_us : w->cron_us;
	int64_t us = next_us - clock_steady_us();

	/* A pause may last as long as there are numbers. */
	if (deadline_ms != 0 && deadline_ms - w->now_ms <= us / 1000)
		us = (deadline_ms - w->now_ms) * 1000;
	if (unlikely(w->is_unheard) && us > CROWD_US)
		us = CROWD_US;
	if (us <= 0)
		us = 1;
	word_store(&p->is_asleep, 1);
	word_fence();
	ring_wait(&w->ring, has_news(w) || load_is_busy(w) ||
	    link_is_busy(w) ? 0 : us);
	word_store(&p->is_asleep, 0);
}

/* Of two deadlines, 0 being none. */
static int64_t
sooner(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static void
turn(struct worker *w)
{
	struct ring_event e;
	int64_t deadline;

	proc_beat(&w->area->proc);
	w->now_ms = clock_ms();
	w->txn.now_ms = w->now_ms;
	w->ticks = clock_ticks();
	w->commands = 0;
	w->turn_log = w->txn.log_end;
	w->any_monitor = net_count(STAT_monitors) > 0;
	act_upon_state(w);
	gate_turn(w);
	if (unlikely(w->state.is_frozen))
		stand_still(w);
	pause_look(w);
	wake_for_state(w);
	while (w->commands < TURN_COMMANDS && ring_next(&w->ring, &e))
		happened(w, &e);
	batch_run(w);
	ring_recycle(&w->ring);
	if (unlikely(ask_has_answers(w)))
		ask_take_answers(w);
	if (unlikely(cast_end(&REGION->common.cast) != w->cast_place))
		read_casts(w);
	if (unlikely(w->parked[CONN_CROWDED].first != NULL))
		park_uncrowd(w);
	deadline = unlikely(w->dues > 0) ? park_turn(w) : 0;
	batch_run(w);
	look_after_time(w);
	load_turn(w);
	link_turn(w);
	deadline = sooner(deadline, move_turn(w));
	deadline = sooner(deadline, tidy_turn(w));
	deadline = sooner(deadline, ship_turn(w));
	batch_run(w);
	feed_turn(w);
	say_turn(w);
	deadline = sooner(deadline, commit_turn(w));
	stat_add(w->stats, commands, w->commands);
	FAULT(UNSENT);
	if (w->txn.log_end != w->turn_log) {
		FAULT(WRITES_UNSENT);
		if (unlikely(clock_ticks() >= w->lease_ticks))
			deadline = sooner(deadline, commit_turn_late(w));
	}
	send_all(w);
	wait(w, sooner(deadline, link_due(w)));
}

/* --- birth and end ----------------------------------------------------- */

uint64_t
net_count(enum stat_id id)
{
	uint64_t count = 0;
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		count += word_load(&REGION->area[i].stats.v[id]);
	return count;
}

static void
prepare(struct worker *w, const struct birth *b)
{
	struct txn *t = &w->txn;
	const char *why;
	int i, error;

	w->birth = b;
	w->area = &REGION->area[b->index];
	w->stats = &w->area->stats;
	error = ring_open(&w->ring, &why);
	if (error != 0)
		birth_fail("%s: %s", why, strerror(-error));
	w->now_ms = clock_ms();
	txn_open(t, &w->area->journal, &w->heap, &REGION->common.log, b->name);
	t->keys = w->area->keys;
	t->expires = w->area->expires;
	t->changes = &w->area->changes;
	t->snap = &REGION->common.snap;
	t->wish = &w->area->wish;
	t->touched = park_note;
	t->event = event_tell;
	t->beat = &w->area->proc.beat;
	t->owner = w;
	w->waiters = calloc(SLOT_COUNT, sizeof(*w->waiters));
	w->watchers = calloc(SLOT_COUNT, sizeof(*w->watchers));
	w->cast = malloc(CAST_ENTRY_MAX);
	must(w->waiters != NULL && w->watchers != NULL && w->cast != NULL,
	    "there is private memory for a worker");
	w->cast_place = cast_end(&REGION->common.cast);
	channel_open(w);
	say_open(w);
	w->mends = word_load(&REGION->ctl.mends);
	w->random[0] = clock_ticks() ^ REGION->head.place.seed[0];
	w->random[1] = (uint64_t)b->name << 32 | b->birth;
	w->ticks_per_us = clock_ticks_per_us();
	w->us_per_tick = UINT64_MAX / w->ticks_per_us;
	act_upon_state(w);
	stand_still(w);
	heap_adopt(&w->heap, &REGION->common.heap, &w->area->journal,
	    (uint16_t)b->index, b->name, &w->area->heap_bytes);
	w->heap.discard = region_punch;
	for (i = 0; i < b->listeners; i++)
		ring_accept(&w->ring, b->listener[i],
		    TAG(OTHER_ACCEPT, (uint64_t)i));
	hear_bell(w);
}

int
net_main(const struct birth *b)
{
	static struct worker worker;
	struct worker *w = &worker;

	prepare(w, b);
	birth_ready(b);
	while (!w->is_stopping || commit_lingers(w))
		turn(w);
	batch_run(w);
	commit_end(w);
	send_all(w);
	ring_wait(&w->ring, 0);
	return 0;
}
