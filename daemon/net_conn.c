#include "daemon/net_conn.h"

#include "daemon/net_park.h"
#include "daemon/net_worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUERY_BYTES 16384

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

static void
grow(struct reply *r, size_t more)
{
	struct conn *c = (struct conn *)(void *)((char *)r -
	    offsetof(struct conn, out));
	size_t room = r->room * 2;

	if (r->data == NULL && more <= CONN_OUT_BYTES) {
		r->data = take_buffer(c->worker);
		r->room = CONN_OUT_BYTES;
		return;
	}
	if (room < r->used + more)
		room = r->used + more + CONN_OUT_BYTES;
	r->data = realloc(r->data, room);
	must(r->data != NULL, "there is private memory for replies");
	r->room = room;
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
send_more(struct conn *c)
{
	c->is_sending = true;
	ring_send(&c->worker->ring, c->fd, c->sending.data + c->sending.done,
	    c->sending.bytes - c->sending.done,
	    (uint64_t)(uintptr_t)c | NET_SEND);
}

/* Over a limit of client-output-buffer-limit: the client does not read. */
static bool
is_over_limit(struct conn *c)
{
	const struct option_limit *l =
	    &c->worker->state.options.client_output_buffer_limit[OPTION_NORMAL];
	size_t bytes = c->out.used + c->sending.bytes - c->sending.done;
	int64_t now = c->worker->now_ms;

	if (l->hard_bytes > 0 && bytes > (size_t)l->hard_bytes)
		return true;
	if (l->soft_bytes == 0 || bytes <= (size_t)l->soft_bytes) {
		c->out_soft_ms = 0;
		return false;
	}
	if (c->out_soft_ms == 0)
		c->out_soft_ms = (uint64_t)now;
	return now - (int64_t)c->out_soft_ms > l->soft_s * 1000;
}

void
conn_flush(struct conn *c)
{
	struct worker *w = c->worker;

	if (c->out.used == 0 || c->is_shut)
		return;
	if (unlikely(is_over_limit(c))) {
		stat_add(w->stats, output_limit, 1);
		conn_drop(c);
		return;
	}
	if (c->is_sending)
		return;
	c->sending.data = c->out.data;
	c->sending.bytes = c->out.used;
	c->sending.room = c->out.room;
	c->sending.done = 0;
	c->out.data = NULL;
	c->out.used = 0;
	c->out.room = 0;
	stat_add(w->stats, writes, 1);
	send_more(c);
}

void
conn_sent(struct conn *c, int result)
{
	struct worker *w = c->worker;

	c->is_sending = false;
	if (result > 0) {
		stat_add(w->stats, bytes_out, result);
		c->sending.done += (size_t)result;
		if (c->sending.done < c->sending.bytes && !c->is_shut) {
			send_more(c);
			return;
		}
	}
	give_buffer(w, c->sending.data, c->sending.room);
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

/* Makes room behind the bytes kept; slices of a cut request move along. */
static void
make_room(struct conn *c, size_t more)
{
	char *before = c->query.data;
	size_t gone = 0, room;
	int i;

	if (c->query.room - c->query.used >= more)
		return;
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
		c->query.data = realloc(before, room);
		must(c->query.data != NULL, "there is private memory for queries");
		c->query.room = room;
	}
	for (i = 0; i < c->args.count; i++)
		c->args.v[i].data = c->query.data +
		    (c->args.v[i].data - before) - gone;
}

void
conn_keep(struct conn *c, const char *data, size_t bytes)
{
	int64_t limit = c->worker->state.options.client_query_buffer_limit;

	make_room(c, bytes);
	memcpy(c->query.data + c->query.used, data, bytes);
	c->query.used += bytes;
	if ((int64_t)(c->query.used - c->query.at) > limit) {
		stat_add(c->worker->stats, query_limit, 1);
		conn_drop(c);
	}
}

void
conn_unread(struct conn *c, const char *data, size_t bytes)
{
	must(c->args.count == 0 && !c->is_in_batch,
	    "bytes are put back between requests");
	c->resp.used = 0;
	resp_begin(&c->resp);
	make_room(c, bytes);
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

struct conn *
conn_new(struct worker *w, int fd, bool is_unix)
{
	struct conn *c = calloc(1, sizeof(*c));

	must(c != NULL, "there is private memory for a connection");
	c->worker = w;
	c->fd = fd;
	c->is_local = is_unix;
	c->id = word_add(&REGION->common.next_client_id, 1) + 1;
	c->since_ms = c->used_ms = w->now_ms;
	c->out.grow = grow;
	c->out.resp = 2;
	c->is_authenticated = w->state.options.requirepass[0] == 0;
	c->multi.last = &c->multi.first;
	c->next = w->conns;
	if (w->conns != NULL)
		w->conns->prev = c;
	w->conns = c;
	w->conn_count++;
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
	if (!c->is_shut) {
		c->is_shut = true;
		shutdown(c->fd, SHUT_RDWR);
	}
	conn_mark(c);
}

static void
free_row(struct conn *c)
{
	if (c->row == NULL)
		return;
	conns_change(c->row);
	c->row->id = 0;
	conns_changed(c->row);
}

bool
conn_reap(struct conn *c)
{
	struct worker *w = c->worker;

	if (!c->is_closing || c->is_in_batch || c->is_dirty)
		return false;
	if (!c->is_shut) {
		if (c->out.used > 0 || c->is_sending)
			return false;
		c->is_shut = true;
		shutdown(c->fd, SHUT_RDWR);
	}
	if (c->is_receiving || c->is_sending)
		return false;
	park_end(c);
	park_unwatch(c);
	conn_forget_multi(c);
	free_row(c);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		w->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	w->conn_count--;
	w->monitors -= c->is_monitor;
	close(c->fd);
	free(c->query.data);
	free(c->args.v);
	if (c->out.data != NULL)
		give_buffer(w, c->out.data, c->out.room);
	free(c);
	return true;
}
