#include "daemon/net_feed.h"

#include "daemon/doorbell.h"
#include "daemon/log.h"
#include "daemon/net_ack.h"
#include "daemon/net_batch.h"
#include "daemon/net_sync.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHY 200

static struct log *
the_log(void)
{
	return &REGION->common.log;
}

/* --- life -------------------------------------------------------------- */

struct feed *
feed_of(struct conn *c)
{
	struct feed *f = c->feed;

	if (f != NULL)
		return f;
	f = calloc(1, sizeof(*f));
	must(f != NULL, "there is private memory for a replica");
	f->conn = c;
	f->reader = -1;
	f->sync.file = -1;
	c->feed = f;
	return f;
}

/* The address it listens on: as it said, or as it came. */
static void
name_address(const struct feed *f, char ip[FEEDS_IP])
{
	const char *from = f->conn->row->addr, *end = strrchr(from, ':');
	size_t bytes = end != NULL ? (size_t)(end - from) : strlen(from);

	if (f->ip[0] != 0) {
		memcpy(ip, f->ip, FEEDS_IP);
		return;
	}
	if (bytes > 1 && from[0] == '[') {
		from++;
		bytes -= 2;
	}
	snprintf(ip, FEEDS_IP, "%.*s", (int)bytes, from);
}

bool
feed_begin(struct conn *c, uint64_t at)
{
	struct worker *w = c->worker;
	struct feed *f = feed_of(c);
	int reader;

	if (w->area->feeds.count == FEEDS_ROWS)
		return false;
	if (f->buffer == NULL)
		f->buffer = malloc(FEED_BYTES);
	reader = f->buffer == NULL ? -1 :
	    log_reader_open(the_log(), w->birth->name, at);
	if (reader < 0)
		return false;
	f->reader = reader;
	f->at = at;
	f->moved_ms = w->now_ms;
	f->row = feeds_take(&w->area->feeds);
	f->row->port = (uint32_t)f->port;
	name_address(f, f->row->ip);
	f->row->sent = at;
	f->row->heard_ms = w->now_ms;
	f->row->phase = FEEDS_WAITS;
	word_store_release(&f->row->id, c->id);
	f->next = w->feeds;
	if (w->feeds != NULL)
		w->feeds->prev = f;
	w->feeds = f;
	c->is_replica = true;
	c->reply_mode = CONN_REPLY_ON;
	conn_show(c);
	return true;
}

void
feed_go_online(struct feed *f)
{
	f->moved_ms = f->row->heard_ms = f->conn->worker->now_ms;
	word_store_release(&f->row->phase, FEEDS_ONLINE);
}

static void
leave_list(struct feed *f)
{
	struct worker *w = f->conn->worker;

	if (f->row == NULL)
		return;
	if (f->prev != NULL)
		f->prev->next = f->next;
	else
		w->feeds = f->next;
	if (f->next != NULL)
		f->next->prev = f->prev;
	log_reader_close(the_log(), f->reader);
	feeds_give(&w->area->feeds, f->row);
	f->row = NULL;
}

void
feed_drop(struct feed *f, const char *format, ...)
{
	char why[WHY];
	va_list args;

	if (f->conn->is_closing)
		return;
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	log_warning("replica %s:%u (client %llu) is disconnected: %s",
	    f->row->ip, f->row->port, (unsigned long long)f->conn->id, why);
	conn_drop(f->conn);
}

void
feed_end(struct conn *c)
{
	struct feed *f = c->feed;

	if (f == NULL)
		return;
	if (f->row != NULL)
		log_notice("replica %s:%u is gone", f->row->ip, f->row->port);
	sync_end(f);
	leave_list(f);
	free(f->buffer);
	free(f);
	c->feed = NULL;
}

void
feed_served(struct conn *c, size_t mark)
{
	if (c->out.used <= mark && c->park.why == CONN_SERVES)
		return;
	reply_cut(&c->out, mark);
	feed_drop(c->feed, "it sent %s, which has a reply",
	    c->last_command < CMD_COUNT ?
	    command_table[c->last_command].name : "an unknown command");
}

void
feed_heard(struct conn *c)
{
	struct feed *f = c->feed;

	if (f->row == NULL)
		return;
	f->moved_ms = c->worker->now_ms;
	word_store(&f->row->heard_ms, f->moved_ms);
}

/* --- sending ----------------------------------------------------------- */

static void
send_log(struct feed *f)
{
	int64_t n = log_read(the_log(), f->at, f->buffer, FEED_BYTES);

	if (n < 0) {
		feed_drop(f, "it is so far behind that the log of writes has "
		    "given up what it needs (client-output-buffer-limit)");
		return;
	}
	if (n == 0)
		return;
	f->at += (uint64_t)n;
	log_reader_move(the_log(), f->reader, f->at);
	word_store(&f->row->sent, f->at);
	conn_lend(f->conn, f->buffer, (size_t)n);
}

void
feed_pump(struct feed *f)
{
	struct conn *c = f->conn;

	if (f->row == NULL || c->is_closing || c->is_sending ||
	    c->is_reading || c->out.used > 0)
		return;
	if (f->row->phase != FEEDS_ONLINE)
		sync_pump(f);
	else if (!f->is_held)
		send_log(f);
}

/* Workers that feed and sleep, and have not seen what was written. */
static void
wake_feeders(struct worker *w)
{
	uint32_t i;

	word_fence();
	for (i = 0; i < REGION->head.workers; i++)
		if ((int)i != w->birth->index &&
		    word_load(&REGION->area[i].feeds.hears) != 0 &&
		    word_load(&REGION->area[i].proc.is_asleep))
			doorbell_ring(w->birth->bell[i]);
}

void
feed_turn(struct worker *w)
{
	struct feed *f, *next;
	uint32_t idle = 0;
	uint64_t end;

	ack_turn(w);
	batch_run(w);
	ack_ask_for(w);
	end = word_load_acquire(&the_log()->end);
	if (end != w->fed_end) {
		w->fed_end = end;
		wake_feeders(w);
	}
	for (f = w->feeds; f != NULL; f = next) {
		next = f->next;
		feed_pump(f);
		if (!f->conn->is_sending && f->row->phase == FEEDS_ONLINE)
			idle++;
	}
	if (idle != w->area->feeds.hears)
		word_store(&w->area->feeds.hears, idle);
}

bool
feed_has_news(const struct worker *w)
{
	return (w->area->feeds.hears != 0 &&
	    word_load_acquire(&the_log()->end) != w->fed_end) ||
	    ack_has_news(w);
}

/* --- time -------------------------------------------------------------- */

/* What it has not taken yet is over a limit. */
static bool
is_over_limit(struct feed *f)
{
	struct worker *w = f->conn->worker;
	const struct option_limit *l =
	    &w->state.options.client_output_buffer_limit[OPTION_REPLICA];
	uint64_t behind = word_load_acquire(&the_log()->end) - f->at;

	return conn_is_over(l, behind, &f->soft_ms, w->now_ms);
}

static void
look_after(struct feed *f)
{
	struct worker *w = f->conn->worker;
	int64_t limit = w->state.options.repl_timeout * 1000;

	if (f->conn->is_closing)
		return;
	if (is_over_limit(f)) {
		stat_add(w->stats, output_limit, 1);
		feed_drop(f, "it is %llu bytes behind "
		    "(client-output-buffer-limit)", (unsigned long long)
		    (word_load(&the_log()->end) - f->at));
		return;
	}
	if (f->row->phase != FEEDS_ONLINE)
		sync_look_after(f);
	else if (!f->is_old && w->now_ms - f->row->heard_ms > limit)
		feed_drop(f, "it has acknowledged nothing for %lld s "
		    "(repl-timeout)", (long long)
		    (w->now_ms - f->row->heard_ms) / 1000);
}

/* Of the workers that feed, the first keeps the stream alive. */
static bool
is_elected(const struct worker *w)
{
	int i;

	for (i = 0; i < w->birth->index; i++)
		if (word_load(&REGION->area[i].feeds.count) != 0)
			return false;
	return true;
}

static void
ping(struct worker *w)
{
	int64_t period = w->state.options.repl_ping_replica_period * 1000;

	if (w->feeds == NULL || !is_elected(w)) {
		w->pinged_ms = w->now_ms;
		return;
	}
	if (w->now_ms - w->pinged_ms < period)
		return;
	w->pinged_ms = w->now_ms;
	ack_append(w, SLICE("*1\r\n$4\r\nPING\r\n"));
}

void
feed_look_after(struct worker *w)
{
	struct feed *f, *next;

	for (f = w->feeds; f != NULL; f = next) {
		next = f->next;
		look_after(f);
	}
	sync_ask(w);
	ping(w);
}

void
feed_act_upon_state(struct worker *w)
{
	struct feed *f, *next;
	bool is_other = memcmp(w->fed_id, w->state.replid,
	    sizeof(w->fed_id)) != 0;

	memcpy(w->fed_id, w->state.replid, sizeof(w->fed_id));
	for (f = w->feeds; f != NULL; f = next) {
		next = f->next;
		if (is_other)
			feed_drop(f, "the stream has another id now");
		else if (f->row->phase != FEEDS_ONLINE)
			sync_act_upon_state(f);
	}
}

/* --- for others -------------------------------------------------------- */

const struct feeds_row *
feed_each(uint32_t *place)
{
	uint32_t count = REGION->head.workers * FEEDS_ROWS;

	while (*place < count) {
		const struct feeds *f =
		    &REGION->area[*place / FEEDS_ROWS].feeds;
		const struct feeds_row *r = &f->row[*place % FEEDS_ROWS];

		if (*place % FEEDS_ROWS >= word_load(&f->rows)) {
			*place += FEEDS_ROWS - *place % FEEDS_ROWS;
			continue;
		}
		(*place)++;
		if (word_load_acquire(&r->id) != 0)
			return r;
	}
	return NULL;
}
