#include "daemon/net_link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/doorbell.h"
#include "daemon/log.h"
#include "daemon/lookup.h"
#include "daemon/net_ack.h"
#include "daemon/net_ask.h"
#include "daemon/net_fetch.h"
#include "daemon/net_talk.h"
#include "proto/number.h"

#define SOON_MS 10           /* first pause when a stream broke that had */
#define LASTED_MS 1000       /* not been up for so long, */
#define AGAIN_MS 100         /* and before another attempt of others */
#define LOOKUP_MS 10         /* between two looks whether a name is found */
#define AGAIN_MS_MAX 1000
#define SYNC_MS_MAX 5000     /* the same when a snapshot broke off */
#define STUCK_MS 1000        /* the same when what comes can not be used */
#define STUCK_MS_MAX 60000
#define ACK_MS 1000
#define ACK_FIRST_MS 100     /* until something comes */
#define WHY_BYTES 512
#define ADDRESSES 16         /* of one name that are tried */
#define ACK_BYTES 160

static const enum link_state state_of[] = {
	[LINK_AT_CONNECT] = LINK_CONNECTING,
	[LINK_AT_TALK] = LINK_HANDSHAKE,
	[LINK_AT_ASK] = LINK_HANDSHAKE,
	[LINK_AT_HEAD] = LINK_SYNC,
	[LINK_AT_FETCH] = LINK_SYNC,
	[LINK_AT_LOOK] = LINK_SYNC,
	[LINK_AT_LOAD] = LINK_LOAD,
	[LINK_AT_STREAM] = LINK_UP,
};

/* --- what is told of it ------------------------------------------------ */

const struct link *
link_of(const struct state *s)
{
	const struct link *link;

	if (s->role != STATE_REPLICA || s->link_worker < 0)
		return NULL;
	link = &REGION->area[s->link_worker].link;
	return word_load_acquire(&link->serial) == s->link_serial ? link :
	    NULL;
}

bool
link_is_up(const struct state *s)
{
	const struct link *link = link_of(s);

	return link != NULL && word_load(&link->state) == LINK_UP;
}

static void
show(struct net_link *l, enum link_state state)
{
	struct link *out = &l->worker->area->link;

	if (out->state == LINK_UP && state != LINK_UP)
		out->down_ms = l->worker->now_ms;
	if (out->state == state)
		return;
	word_store_release(&out->state, state);
	doorbell_ring(l->worker->birth->bell[PROC_CONTROL]);
}

/* Control waits until the stream is applied up to some offset. */
static void
tell_level(struct net_link *l, uint64_t end)
{
	uint64_t until;

	/* Control stores, then looks; we append, then look. */
	word_fence();
	until = word_load(&REGION->ctl.await);
	if (unlikely(until != 0) && end >= until && l->told != until) {
		l->told = until;
		doorbell_ring(l->worker->birth->bell[PROC_CONTROL]);
	}
}

void
link_set_phase(struct net_link *l, enum link_phase phase)
{
	l->phase = phase;
	show(l, state_of[phase]);
}

/* --- the ends of an attempt -------------------------------------------- */

/* Nothing of the connection is ours any more. */
static void
let_go(struct net_link *l)
{
	fetch_end(l);
	if (l->apply.conn != NULL)
		apply_close(&l->apply);
	l->wire->link = NULL;
	l->wire = NULL;
	l->conn = NULL;
}

static void
drop_conn(struct net_link *l)
{
	struct conn *c = l->conn;

	if (c == NULL)
		return;
	let_go(l);
	conn_drop(c);
}

/* Twice as long each time, up to the most that makes sense. */
static int64_t
pause_of(int64_t first, int64_t most, unsigned times)
{
	return times > 10 || first << times > most ? most : first << times;
}

static void
wait_for_next(struct net_link *l, int64_t after_ms)
{
	l->again_ms = l->worker->now_ms + after_ms;
	l->worker->area->link.tries = ++l->tries;
	show(l, LINK_CONNECT);
}

/*
 * A stream that broke after a while is asked for again at once: another worker
 * has it, or its worker's successor, or nobody listens any more.
 */
static void
try_again(struct net_link *l)
{
	static const struct { int64_t first, most; } row[] = {
		[LINK_AT_HEAD] = { AGAIN_MS, SYNC_MS_MAX },
		[LINK_AT_FETCH] = { AGAIN_MS, SYNC_MS_MAX },
		[LINK_AT_LOOK] = { STUCK_MS, STUCK_MS_MAX },
		[LINK_AT_LOAD] = { STUCK_MS, STUCK_MS_MAX },
		[LINK_AT_STREAM] = { SOON_MS, AGAIN_MS_MAX },
	};
	int64_t first = row[l->phase].first, most = row[l->phase].most;
	bool lasted = l->phase == LINK_AT_STREAM &&
	    l->worker->now_ms - l->up_ms >= LASTED_MS;

	if (most == 0) {
		first = AGAIN_MS;
		most = AGAIN_MS_MAX;
	}
	wait_for_next(l, lasted ? 0 : pause_of(first, most, l->tries));
}

/* The same again and again is told now and then. */
static bool
is_worth_telling(const struct net_link *l)
{
	return l->tries < 3 || l->tries % 60 == 0 || l->phase == LINK_AT_LOOK ||
	    l->phase == LINK_AT_LOAD;
}

void
link_drop(struct net_link *l, const char *format, ...)
{
	char why[WHY_BYTES];
	va_list list;

	if (l->conn == NULL)
		return;
	va_start(list, format);
	vsnprintf(why, sizeof(why), format, list);
	va_end(list);
	if (is_worth_telling(l))
		log_warning("link to the primary: %s", why);
	drop_conn(l);
	try_again(l);
}

/* What comes can not be applied: each time at the same place, later. */
static void
drop_stuck(struct net_link *l)
{
	uint64_t end = word_load_acquire(&REGION->common.log.end);
	int64_t after;

	l->stuck = l->stuck_at == end ? l->stuck + 1 : 0;
	l->stuck_at = end;
	after = pause_of(STUCK_MS, STUCK_MS_MAX, l->stuck);
	log_warning("the primary's stream stops at %llu: %s; tried again in "
	    "%d s", (unsigned long long)end, l->apply.why, (int)(after / 1000));
	drop_conn(l);
	wait_for_next(l, after);
}

/* --- in and out -------------------------------------------------------- */

void
link_say(struct net_link *l, const void *text, size_t bytes)
{
	reply_raw(&l->conn->out, text, bytes);
	conn_mark(l->conn);
}

uint64_t
link_tag(struct net_link *l)
{
	l->conn->is_receiving = true;
	return (uint64_t)(uintptr_t)l->conn | NET_RECV;
}

void
link_read(struct net_link *l, size_t most)
{
	struct link_wire *x = l->wire;
	size_t room;

	if (x->at > 0) {
		memmove(x->data, x->data + x->at, x->used - x->at);
		x->used -= x->at;
		x->at = 0;
	}
	room = LINK_BYTES - x->used;
	ring_read(&l->worker->ring, l->conn->fd, x->data + x->used,
	    room < most ? room : most, link_tag(l));
}

/*
 * The next line without its end, at the beginning of what was read; false: it
 * is not whole.
 */
static bool
take_line(struct net_link *l, struct slice *line)
{
	struct link_wire *x = l->wire;
	const char *from = x->data + x->at,
	    *end = memchr(from, '\n', x->used - x->at);

	if (end == NULL)
		return false;
	line->data = from;
	line->bytes = (size_t)(end - from);
	x->at += line->bytes + 1;
	if (line->bytes > 0 && from[line->bytes - 1] == '\r')
		line->bytes--;
	return true;
}

/* REPLCONF ACK offset, and FACK offset when there is a file. */
static void
say_offset(struct net_link *l)
{
	uint64_t end = word_load_acquire(&REGION->common.log.end);
	int64_t kept = ack_kept_here(l->worker);
	char digits[NUMBER_TEXT + 1] = "", text[ACK_BYTES];
	int bytes;

	number_put_uint(digits, end);
	bytes = snprintf(text, sizeof(text), "*%d\r\n$8\r\nREPLCONF\r\n"
	    "$3\r\nACK\r\n$%zu\r\n%s\r\n", kept >= 0 ? 5 : 3,
	    strlen(digits), digits);
	if (kept >= 0) {
		digits[number_put_int(digits, kept)] = 0;
		bytes += snprintf(text + bytes, sizeof(text) - (size_t)bytes,
		    "$4\r\nFACK\r\n$%zu\r\n%s\r\n", strlen(digits),
		    digits);
	}
	link_say(l, text, (size_t)bytes);
	l->acked = end;
	l->acked_kept = kept;
	l->acked_ms = l->worker->now_ms;
	l->apply.wants_ack = false;
}

void
link_ask(struct net_link *l, enum mail_kind kind, const char *const *text,
    int count)
{
	struct call call = { .conn = l->conn, .worker = l->worker,
	    .reply = &l->conn->out, .may_block = true };
	char digits[NUMBER_TEXT + 1] = "";
	struct slice argv[8];
	int i;

	number_put_uint(digits, l->serial);
	for (i = 0; i < count; i++)
		argv[i] = slice_of(text[i]);
	argv[count] = slice_of(digits);
	call.argv = argv;
	call.argc = count + 1;
	link_set_phase(l, kind == MAIL_LINK_LOAD ? LINK_AT_LOAD : LINK_AT_ASK);
	ask_control_about(&call, kind);
	if (l->conn->park.why != CONN_ASKING)
		link_drop(l, "control does not answer");
}

/*
 * A snapshot that has been loaded is as good as one of our own, so that a
 * restart goes on from there.
 */
static void
keep_snapshot(const char *file, const struct options *o)
{
	int bad = 0;

	if (o->rdb_del_sync_files && !o->appendonly && o->save[0] == 0)
		file_remove(file);
	else
		bad = file_rename(file, o->dbfilename);
	if (bad != 0)
		log_warning("%s can not become %s: %s", file,
		    o->dbfilename, strerror(-bad));
}

void
link_go_up(struct net_link *l)
{
	bool is_loaded = l->phase == LINK_AT_LOAD;

	FAULT(LINK_UP);
	fetch_end(l);
	if (is_loaded)
		keep_snapshot(l->file, &l->worker->state.options);
	apply_open(&l->apply, l->worker, l->conn, log_db(&REGION->common.log));
	l->has_stream = false;
	l->tries = 0;
	l->up_ms = l->worker->now_ms;
	link_set_phase(l, LINK_AT_STREAM);
	log_notice("follows %s:%u from %llu of %s",
	    l->worker->state.primary_host, l->worker->state.primary_port,
	    (unsigned long long)REGION->common.log.end,
	    l->worker->state.replid);
	say_offset(l);
}

/* --- going on ---------------------------------------------------------- */

static void
take_stream(struct net_link *l)
{
	struct link_wire *x = l->wire;
	size_t at = x->at, bytes = x->used - at;

	x->at = x->used = 0;
	l->has_stream = true;
	apply_bytes(&l->apply, x->data + at, bytes);
}

/* Whether nothing is read now. */
static bool
rests(const struct net_link *l)
{
	return l->phase == LINK_AT_LOOK || l->phase == LINK_AT_LOAD ||
	    l->phase == LINK_AT_ASK || (l->phase == LINK_AT_STREAM &&
	    (l->conn->park.why != CONN_SERVES || l->apply.why[0] != 0));
}

static void
go_on(struct net_link *l)
{
	struct slice line;

	while (l->conn != NULL && !l->conn->is_receiving && !rests(l)) {
		if (l->phase == LINK_AT_FETCH) {
			fetch_more(l);
		} else if (l->phase == LINK_AT_STREAM &&
		    l->wire->at < l->wire->used) {
			take_stream(l);
		} else if (l->phase != LINK_AT_STREAM &&
		    take_line(l, &line)) {
			if (l->phase == LINK_AT_TALK)
				talk_heard(l, line);
			else
				fetch_head(l, line);
		} else if (l->wire->used - l->wire->at == LINK_BYTES) {
			link_drop(l, "the primary's line is too long");
		} else {
			link_read(l, LINK_BYTES);
		}
	}
}

/* The connection is made, or not. */
static void
connected(struct net_link *l, int result)
{
	if (result < 0) {
		link_drop(l, "%s:%u can not be reached: %s",
		    l->worker->state.primary_host,
		    l->worker->state.primary_port, strerror(-result));
		return;
	}
	conn_connected(l->conn);
	FAULT(LINK_CONNECTED);
	talk_begin(l);
}

static void
read_more(struct net_link *l, int result)
{
	if (result <= 0) {
		link_drop(l, "the connection broke: %s", result == 0 ?
		    "closed by the primary" : strerror(-result));
		return;
	}
	stat_add(l->worker->stats, bytes_in, result);
	stat_add(l->worker->stats, repl_in, result);
	l->worker->area->link.io_ms = l->worker->now_ms;
	l->wire->used += (size_t)result;
}

/* What was asked of the kernel has happened. */
static void
received(struct conn *c, int result)
{
	struct link_wire *x = c->owner;
	struct net_link *l = x->link;

	if (l == NULL) {
		conn_mark(c);
		return;
	}
	l->heard_ms = l->worker->now_ms;
	if (c->is_closing)
		link_drop(l, "the connection was closed");
	else if (l->phase == LINK_AT_FETCH && fetch_is_writing(l))
		fetch_written(l, result);
	else if (l->phase == LINK_AT_CONNECT)
		connected(l, result);
	else
		read_more(l, result);
	go_on(l);
}

/* --- the connection's duty --------------------------------------------- */

static struct net_link *
link_behind(const struct conn *c)
{
	const struct link_wire *x = c->owner;

	return x->link;
}

static void
duty_serve(struct worker *w, struct request *q)
{
	struct net_link *l = link_behind(q->conn);

	must(l != NULL, "what is served came over a link");
	apply_serve(&l->apply, w, q);
}

static void
duty_aborted(struct conn *c)
{
	struct net_link *l = link_behind(c);

	must(l != NULL, "what is served came over a link");
	apply_aborted(&l->apply);
}

static void
duty_answered(struct conn *c, struct slice answer)
{
	struct net_link *l = link_behind(c);
	bool is_error = answer.bytes > 0 && answer.data[0] == '-';

	if (l == NULL)
		return;
	l->version = state_version(&REGION->state);
	if (l->phase == LINK_AT_STREAM)
		apply_answered(&l->apply, answer);
	else if (is_error)
		link_drop(l, "control refuses: %.*s", (int)answer.bytes - 3,
		    answer.data + 1);
	else if (l->phase == LINK_AT_ASK)
		link_go_up(l);
	go_on(l);
}

static void
duty_gone(struct conn *c)
{
	struct link_wire *x = c->owner;
	struct net_link *l = x->link;

	if (l != NULL) {
		let_go(l);
		try_again(l);
	}
	if (x->file >= 0)
		close(x->file);
	free(x);
}

static const struct conn_duty duty = {
	.serve = duty_serve, .aborted = duty_aborted,
	.answered = duty_answered, .received = received, .gone = duty_gone
};

/* --- connecting -------------------------------------------------------- */

/* A socket for an address; -1 with a reason. */
static int
open_socket(const struct state *s, const struct sockaddr_storage *to,
    const char **why)
{
	int on = !s->options.repl_disable_tcp_nodelay;
	int fd = socket(to->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		*why = strerror(errno);
	else
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static struct link_wire *
new_wire(struct net_link *l)
{
	struct link_wire *x = malloc(sizeof(*x));

	must(x != NULL, "there is private memory for a link");
	x->link = l;
	x->file = -1;
	x->at = x->used = 0;
	return x;
}

static void
begin(struct net_link *l)
{
	struct worker *w = l->worker;
	struct sockaddr_storage to;
	const char *why;
	enum lookup_result found;
	int fd;

	if (l->lookup == NULL)
		l->lookup = lookup_begin(w->state.primary_host,
		    w->state.primary_port);
	found = lookup_look(l->lookup, l->tries % ADDRESSES, &to, &why);
	if (found == LOOKUP_WAITS) {
		l->again_ms = w->now_ms + LOOKUP_MS;
		return;
	}
	lookup_end(l->lookup);
	l->lookup = NULL;
	fd = found == LOOKUP_FOUND ? open_socket(&w->state, &to, &why) : -1;
	l->phase = LINK_AT_CONNECT;
	word_store(&w->area->link.is_asked, 0);
	if (fd < 0) {
		if (is_worth_telling(l))
			log_warning("link to the primary: %s: %s",
			    w->state.primary_host, why);
		try_again(l);
		return;
	}
	l->wire = new_wire(l);
	l->wire->address = to;
	l->conn = conn_new(w, fd);
	l->conn->duty = &duty;
	l->conn->owner = l->wire;
	l->conn->is_authenticated = true;
	conn_show(l->conn);
	l->heard_ms = l->beat_ms = w->now_ms;
	link_set_phase(l, LINK_AT_CONNECT);
	ring_connect(&w->ring, fd, &l->wire->address, link_tag(l));
}

/* --- turns ------------------------------------------------------------- */

bool
link_is_busy(const struct worker *w)
{
	return w->link != NULL && w->link->conn != NULL &&
	    w->link->phase == LINK_AT_LOOK;
}

/* The primary hears that we are alive while it waits for us. */
static void
keep_alive(struct net_link *l)
{
	int64_t now = l->worker->now_ms;

	if (now - l->beat_ms < ACK_MS)
		return;
	l->beat_ms = l->heard_ms = now;
	link_say(l, "\n", 1);
}

static void
look_at_load(struct net_link *l)
{
	const struct state *s = &l->worker->state;

	keep_alive(l);
	if (l->conn->park.why == CONN_ASKING || s->version < l->version ||
	    s->load.phase != LOAD_NONE)
		return;
	if (strcmp(s->replid, l->replid) == 0 &&
	    REGION->common.log.end == l->offset)
		link_go_up(l);
	else
		link_drop(l, "the snapshot could not be loaded");
}

static void
look_at_stream(struct net_link *l)
{
	uint64_t end = word_load_acquire(&REGION->common.log.end);
	int64_t quiet = l->worker->now_ms - l->acked_ms;

	tell_level(l, end);
	l->worker->area->link.errors += l->apply.errors - l->errors_told;
	l->errors_told = l->apply.errors;
	if (l->apply.why[0] != 0)
		drop_stuck(l);
	else if (end != l->acked || ack_kept_here(l->worker) !=
	    l->acked_kept || l->apply.wants_ack || quiet >= ACK_MS ||
	    (!l->has_stream && quiet >= ACK_FIRST_MS))
		say_offset(l);
}

/* Whether control has seen all that this worker asked. */
static bool
is_answered(const struct worker *w)
{
	return word_load_acquire(&REGION->ctl.asks_got[w->birth->index]) ==
	    w->area->asks.put;
}

/* Whether an attempt may begin.  Who is waited for rings our bell. */
static bool
may_begin(const struct worker *w)
{
	return w->state.load.phase == LOAD_NONE && !w->is_stopping &&
	    is_answered(w);
}

int64_t
link_due(const struct worker *w)
{
	const struct net_link *l = w->link;

	return l != NULL && l->conn == NULL && may_begin(w) ? l->again_ms : 0;
}

void
link_turn(struct worker *w)
{
	struct net_link *l = w->link;
	int64_t limit = w->state.options.repl_timeout * 1000;

	if (likely(l == NULL))
		return;
	if (l->conn == NULL) {
		if (w->now_ms >= l->again_ms && may_begin(w))
			begin(l);
		return;
	}
	if (l->conn->is_closing)
		link_drop(l, "the connection was closed");
	else if (l->phase == LINK_AT_LOOK)
		fetch_look(l);
	else if (l->phase == LINK_AT_LOAD)
		look_at_load(l);
	else if (l->phase == LINK_AT_STREAM)
		look_at_stream(l);
	if (l->conn != NULL && l->phase == LINK_AT_LOOK)
		keep_alive(l);
	if (l->conn != NULL && w->now_ms - l->heard_ms > limit &&
	    l->phase != LINK_AT_LOAD)
		link_drop(l, "silence for %d s (repl-timeout)",
		    (int)(limit / 1000));
	go_on(l);
}

static void
end(struct net_link *l)
{
	drop_conn(l);
	lookup_end(l->lookup);
	show(l, LINK_NONE);
	l->worker->link = NULL;
	free(l);
}

void
link_act_upon_state(struct worker *w)
{
	const struct state *s = &w->state;
	bool is_mine = s->role == STATE_REPLICA &&
	    s->link_worker == w->birth->index;
	struct net_link *l = w->link;

	if (unlikely(l != NULL) && (!is_mine || l->serial != s->link_serial))
		end(l);
	if (likely(!is_mine) || w->link != NULL)
		return;
	l = calloc(1, sizeof(*l));
	must(l != NULL, "there is private memory for a link");
	l->worker = w;
	l->serial = s->link_serial;
	/* One a node: another may work in this directory. */
	file_name_temporary(l->file, REGION->head.supervisor_pid, "sync", 0);
	w->area->link = (struct link){ .state = LINK_CONNECT,
	    .down_ms = clock_ms(), .full = w->area->link.full,
	    .partial = w->area->link.partial,
	    .errors = w->area->link.errors };
	word_store_release(&w->area->link.serial, l->serial);
	w->link = l;
}
