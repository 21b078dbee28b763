#include "daemon/net_conn.h"

#include "daemon/log.h"
#include "daemon/net_channel.h"
#include "daemon/net_commit.h"
#include "daemon/net_feed.h"
#include "daemon/net_park.h"
#include "daemon/net_worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUERY_BYTES 16384
#define DUTY_BYTES (256u << 10) /* of a send that is no client's */

/* Nothing more comes in or goes out. */
static void
shut(struct conn *c)
{
	if (!c->is_shut) {
		c->is_shut = true;
		shutdown(c->fd, SHUT_RDWR);
	}
}

/* --- output ------------------------------------------------------------ */

static char *
take_buffer(struct worker *w)
{
	char *data = w->pooled > 0 ? w->pool[--w->pooled] :
	    malloc(CONN_OUT_BYTES);

	must(data != NULL, "there is private memory for replies");
	return data;
}

static void
give_buffer(struct worker *w, char *data, size_t room)
{
	if (room == CONN_OUT_BYTES && w->pooled < (int)COUNT(w->pool))
		w->pool[w->pooled++] = data;
	else
		free(data);
}

/* No memory for what is to go out: c ends, whatever is being served for it. */
static void
fail(struct conn *c)
{
	struct reply *r = &c->out;

	if (!r->is_failed)
		log_warning("client %llu (%s) is closed: no memory for its "
		    "replies beyond %zu bytes", (unsigned long long)c->id,
		    c->row != NULL ? c->row->addr : "", r->used);
	r->is_failed = true;
	if (r->data == NULL || r->room > CONN_OUT_BYTES) {
		free(r->data);
		r->data = take_buffer(c->worker);
		r->room = CONN_OUT_BYTES;
	}
	r->used = 0;
	commit_forget(c);
	shut(c);
	conn_finish(c);
}

static void
grow(struct reply *r, size_t more)
{
	struct conn *c = (struct conn *)(void *)((char *)r -
	    offsetof(struct conn, out));
	size_t room = r->room * 2;
	char *data;

	if (r->data == NULL && more <= CONN_OUT_BYTES) {
		r->data = take_buffer(c->worker);
		r->room = CONN_OUT_BYTES;
		return;
	}
	if (room < r->used + more)
		room = r->used + more + CONN_OUT_BYTES;
	data = r->is_failed ? NULL : realloc(r->data, room);
	if (data == NULL) {
		fail(c);
		return;
	}
	r->data = data;
	r->room = room;
}

void
conn_renew(struct conn *c)
{
	c->out.data = NULL;
	c->out.used = c->out.room = 0;
}

void
conn_give(struct conn *c, struct reply *old)
{
	give_buffer(c->worker, old->data, old->room);
}

void
conn_mark(struct conn *c)
{
	struct worker *w = c->worker;

	if (c->is_dirty)
		return;
	c->is_dirty = true;
	c->next_dirty = w->dirty;
	w->dirty = c;
}

static void
unmark(struct conn *c)
{
	struct conn **at = &c->worker->dirty;

	while (*at != c)
		at = &(*at)->next_dirty;
	*at = c->next_dirty;
}

void
conn_silence(struct conn *c, size_t mark)
{
	if (c->reply_mode == CONN_REPLY_OFF ||
	    c->reply_mode == CONN_REPLY_SKIP)
		reply_cut(&c->out, mark);
	if (c->reply_mode == CONN_REPLY_SKIP)
		c->reply_mode = CONN_REPLY_ON;
	if (c->reply_mode == CONN_REPLY_SKIP_NEXT)
		c->reply_mode = CONN_REPLY_SKIP;
}

static void
send_more(struct conn *c)
{
	size_t bytes = c->sending.bytes - c->sending.done;

	/* Who has a deadline wants to see that it goes on. */
	if (unlikely(c->duty != NULL) && bytes > DUTY_BYTES)
		bytes = DUTY_BYTES;
	c->is_sending = true;
	ring_send(&c->worker->ring, c->fd, c->sending.data + c->sending.done,
	    bytes, (uint64_t)(uintptr_t)c | NET_SEND);
}

bool
conn_is_over(const struct option_limit *l, uint64_t bytes, int64_t *since_ms,
    int64_t now_ms)
{
	if (l->hard_bytes > 0 && bytes > (uint64_t)l->hard_bytes)
		return true;
	if (l->soft_bytes == 0 || bytes <= (uint64_t)l->soft_bytes) {
		*since_ms = 0;
		return false;
	}
	if (*since_ms == 0)
		*since_ms = now_ms;
	return now_ms - *since_ms > l->soft_s * 1000;
}

/* The client does not read. */
static bool
is_over_limit(struct conn *c)
{
	const struct option_limit *l =
	    &c->worker->state.options.client_output_buffer_limit[
	    c->subs_all > 0 ? OPTION_PUBSUB : OPTION_NORMAL];
	size_t bytes = c->out.used + c->sending.bytes - c->sending.done;

	return conn_is_over(l, bytes, &c->out_soft_ms, c->worker->now_ms);
}

void
conn_limit(struct conn *c)
{
	/* What a replica has not taken, its feed looks after. */
	if (c->is_shut || c->is_replica || c->duty != NULL ||
	    !is_over_limit(c))
		return;
	stat_add(c->worker->stats, output_limit, 1);
	conn_drop(c);
}

void
conn_lend(struct conn *c, char *data, size_t bytes)
{
	must(!c->is_sending && !c->is_shut, "one send at a time");
	c->sending.data = data;
	c->sending.bytes = bytes;
	c->sending.room = c->sending.done = 0;
	c->sending.is_lent = true;
	stat_add(c->worker->stats, writes, 1);
	send_more(c);
}

/* Behind what is being sent, bytes are held: they go into a buffer anew. */
static void
keep_held(struct conn *c, const char *data, size_t bytes)
{
	commit_sent(c, c->sending.bytes);
	reply_raw(&c->out, data, bytes);
}

void
conn_flush(struct conn *c)
{
	size_t used = c->out.used, ready;

	if (used == 0 || c->is_shut)
		return;
	conn_limit(c);
	if (c->is_shut || c->is_sending)
		return;
	ready = commit_ready(c);
	if (unlikely(ready == 0))
		return;
	c->sending.data = c->out.data;
	c->sending.bytes = ready;
	c->sending.room = c->out.room;
	c->sending.done = 0;
	conn_renew(c);
	if (unlikely(ready < used))
		keep_held(c, c->sending.data + ready, used - ready);
	stat_add(c->worker->stats, writes, 1);
	send_more(c);
}

void
conn_sent(struct conn *c, int result)
{
	struct worker *w = c->worker;

	c->is_sending = false;
	if (result > 0) {
		stat_add(w->stats, bytes_out, result);
		if (c->is_replica)
			stat_add(w->stats, repl_out, result);
		c->sending.done += (size_t)result;
		if (c->sending.done < c->sending.bytes && !c->is_shut) {
			send_more(c);
			return;
		}
	}
	if (!c->sending.is_lent)
		give_buffer(w, c->sending.data, c->sending.room);
	c->sending.is_lent = false;
	c->sending.data = NULL;
	c->sending.bytes = c->sending.done = 0;
	if (result < 0)
		conn_drop(c);
	else if (c->out.used > 0)
		conn_flush(c);
	else if (c->is_closing)
		conn_drop(c);
}

/* --- input ------------------------------------------------------------- */

/*
 * Makes room behind the bytes kept; slices of a cut request move along.  Who
 * sends more than there is memory for is dropped: false.
 */
static bool
make_room(struct conn *c, size_t more)
{
	char *before = c->query.data, *data;
	size_t gone = 0, room;
	int i;

	if (c->query.room - c->query.used >= more)
		return true;
	if (c->query.at > 0 && !c->is_in_batch) {
		gone = c->query.at;
		memmove(before, before + gone, c->query.used - gone);
		c->query.used -= gone;
		c->query.at = 0;
	}
	if (c->query.room - c->query.used < more) {
		room = c->query.used + more;
		room = room < QUERY_BYTES ? QUERY_BYTES :
		    room + (room < 1u << 20 ? room : 1u << 20);
		data = realloc(before, room);
		if (data == NULL) {
			conn_drop(c);
			return false;
		}
		c->query.data = data;
		c->query.room = room;
	}
	for (i = 0; i < c->args.count; i++)
		c->args.v[i].data = c->query.data +
		    (c->args.v[i].data - before) - gone;
	return true;
}

void
conn_limit_query(struct conn *c)
{
	stat_add(c->worker->stats, query_limit, 1);
	log_warning("client %llu (%s) asks for more than "
	    "client-query-buffer-limit allows: it is dropped",
	    (unsigned long long)c->id, c->row != NULL ? c->row->addr : "");
	conn_drop(c);
}

void
conn_keep(struct conn *c, const char *data, size_t bytes)
{
	int64_t limit = c->worker->state.options.client_query_buffer_limit;

	if (!make_room(c, bytes))
		return;
	memcpy(c->query.data + c->query.used, data, bytes);
	c->query.used += bytes;
	if ((int64_t)(c->query.used - c->query.at) > limit &&
	    c->duty == NULL)
		conn_limit_query(c);
}

void
conn_unread(struct conn *c, const char *data, size_t bytes)
{
	must(c->args.count == 0 && !c->is_in_batch,
	    "bytes are put back between requests");
	c->resp.used = 0;
	resp_begin(&c->resp);
	if (bytes == 0 || !make_room(c, bytes))
		return;
	memmove(c->query.data + c->query.at + bytes,
	    c->query.data + c->query.at, c->query.used - c->query.at);
	memcpy(c->query.data + c->query.at, data, bytes);
	c->query.used += bytes;
}

void
conn_expect(struct conn *c, size_t bytes)
{
	size_t has = c->query.used - c->query.at;

	if (bytes > has)
		make_room(c, bytes - has);
}

/* --- life -------------------------------------------------------------- */

/* "127.0.0.1:6379", "[::1]:6379", "/path:0"; whether it is this machine's. */
static bool
print_address(const struct sockaddr_storage *a, char *text, size_t room)
{
	const struct sockaddr_in *v4 = (const void *)a;
	const struct sockaddr_in6 *v6 = (const void *)a;
	char host[INET6_ADDRSTRLEN] = "";

	if (a->ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		snprintf(text, room, "%s:%d", host, ntohs(v4->sin_port));
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	}
	if (a->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(text, room, "[%s]:%d", host, ntohs(v6->sin6_port));
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	}
	snprintf(text, room, "unix:0");
	return true;
}

static void
show_addresses(struct conn *c)
{
	struct conns_row *r = c->row;
	struct sockaddr_storage a;
	socklen_t bytes = sizeof(a);

	memset(&a, 0, sizeof(a));
	getpeername(c->fd, (struct sockaddr *)&a, &bytes);
	c->is_local = print_address(&a, r->addr, sizeof(r->addr));
	bytes = sizeof(a);
	getsockname(c->fd, (struct sockaddr *)&a, &bytes);
	print_address(&a, r->laddr, sizeof(r->laddr));
}

void
conn_connected(struct conn *c)
{
	conns_change(c->row);
	show_addresses(c);
	conns_changed(c->row);
}

static void
take_conns_row(struct conn *c)
{
	struct conns_row *r = conns_take(&c->worker->area->conns, c->id);

	c->row = r;
	r->since_ms = c->since_ms;
	r->fd = c->fd;
	show_addresses(c);
	conns_changed(r);
	conn_show(c);
	conn_show_use(c);
}

void
conn_show(struct conn *c)
{
	struct conns_row *r = c->row;
	const struct conn_watch *x;
	char *flag;

	if (r == NULL)
		return;
	flag = r->flags;
	conns_change(r);
	r->db = c->db;
	r->resp = (uint8_t)c->out.resp;
	r->is_noevict = c->is_no_evict;
	r->is_notouch = c->is_no_touch;
	memcpy(r->name, c->name, sizeof(r->name));
	memcpy(r->lib_name, c->lib_name, sizeof(r->lib_name));
	memcpy(r->lib_ver, c->lib_ver, sizeof(r->lib_ver));
	memcpy(r->user, "default", sizeof("default"));
	memset(r->flags, 0, sizeof(r->flags));
	if (c->duty != NULL)
		*flag++ = 'M';
	if (c->is_replica)
		*flag++ = 'S';
	if (c->is_monitor)
		*flag++ = 'O';
	if (c->subs_all > 0)
		*flag++ = 'P';
	if (c->multi.is_open)
		*flag++ = 'x';
	if (c->park.why == CONN_BLOCKED || c->park.why == CONN_ACKED)
		*flag++ = 'b';
	if (c->is_closing)
		*flag++ = 'c';
	if (c->reads_replica)
		*flag++ = 'r';
	if (c->is_no_evict)
		*flag++ = 'e';
	if (c->is_no_touch)
		*flag++ = 'T';
	if (flag == r->flags)
		*flag = 'N';
	r->multi = c->multi.is_open ? c->multi.count : -1;
	r->sub = (int32_t)c->subs[SUBS_CHANNEL].count;
	r->psub = (int32_t)c->subs[SUBS_PATTERN].count;
	r->ssub = (int32_t)c->subs[SUBS_SHARD].count;
	for (r->watch = 0, x = c->watch; x != NULL; x = x->next)
		r->watch++;
	conns_changed(r);
}

void
conn_show_use(struct conn *c)
{
	struct conns_row *r = c->row;

	r->used_ms = (uint64_t)c->used_ms;
	r->command = c->last_command;
	r->query_bytes = c->query.used - c->query.at;
	r->query_room = c->query.room;
	r->output_bytes = c->out.used;
	r->output_room = c->out.room + c->sending.room;
	r->total_bytes = sizeof(*c) + c->query.room + c->out.room +
	    c->sending.room + c->multi.bytes;
}

struct conn *
conn_new_bare(struct worker *w)
{
	struct conn *c = calloc(1, sizeof(*c));

	must(c != NULL, "there is private memory for a connection");
	c->worker = w;
	c->fd = -1;
	c->out.grow = grow;
	c->out.resp = 2;
	c->last_command = CMD_COUNT;
	c->is_authenticated = true;
	c->multi.last = &c->multi.first;
	c->stopped_at = -1;
	return c;
}

struct conn *
conn_new(struct worker *w, int fd)
{
	struct conn *c = conn_new_bare(w);

	c->fd = fd;
	c->id = word_add(&REGION->common.next_client_id, 1) + 1;
	c->since_ms = c->used_ms = w->now_ms;
	c->is_authenticated = w->state.options.requirepass[0] == 0;
	c->next = w->conns;
	if (w->conns != NULL)
		w->conns->prev = c;
	w->conns = c;
	w->conn_count++;
	stat_add(w->stats, clients, 1);
	take_conns_row(c);
	return c;
}

void
conn_forget_multi(struct conn *c)
{
	struct conn_queued *q;

	while ((q = c->multi.first) != NULL) {
		c->multi.first = q->next;
		free(q);
	}
	memset(&c->multi, 0, sizeof(c->multi));
	c->multi.last = &c->multi.first;
}

void
conn_finish(struct conn *c)
{
	c->is_closing = true;
	conn_mark(c);
}

void
conn_drop(struct conn *c)
{
	c->is_closing = true;
	c->out.used = 0;
	commit_forget(c);
	if (c->park.keys > 0)
		park_leave(c);
	shut(c);
	conn_mark(c);
}

static void
free_all(struct conn *c)
{
	park_leave(c);
	conn_forget_multi(c);
	free(c->rest);
	free(c->query.data);
	free(c->args.v);
	if (c->out.data != NULL)
		give_buffer(c->worker, c->out.data, c->out.room);
	free(c);
}

void
conn_free_bare(struct conn *c)
{
	must(!c->is_in_batch, "who is freed is served no more");
	if (c->is_dirty)
		unmark(c);
	free_all(c);
}

bool
conn_reap(struct conn *c)
{
	struct worker *w = c->worker;

	if (!c->is_closing || c->is_in_batch || c->is_dirty)
		return false;
	if (!c->is_shut && (c->out.used > 0 || c->is_sending))
		return false;
	shut(c);
	if (c->is_receiving || c->is_sending || c->is_reading)
		return false;
	if (c->duty != NULL && c->duty->gone != NULL)
		c->duty->gone(c);
	feed_end(c);
	channel_leave_all(c);
	park_unwatch(c);
	conns_give(&w->area->conns, c->row);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		w->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	w->conn_count--;
	stat_add(w->stats, clients, -1);
	if (c->is_monitor)
		stat_add(w->stats, monitors, -1);
	close(c->fd);
	free_all(c);
	return true;
}
