/*
 * cmd_multi - MULTI, EXEC, DISCARD, WATCH, UNWATCH
 *
 * Not here: queueing and running what was queued (net_serve.c), versions of
 * watched keys (net_park.c).
 */
#include "daemon/net_park.h"
#include "daemon/net_serve.h"

void
cmd_multi(struct call *c)
{
	if (c->conn->multi.is_open) {
		reply_error(c->reply, error_text[ERROR_NESTED_MULTI]);
		return;
	}
	c->conn->multi.is_open = true;
	conn_show(c->conn);
	reply_ok(c->reply);
}

static void
forget(struct conn *conn)
{
	conn_forget_multi(conn);
	park_unwatch(conn);
	conn_show(conn);
}

void
cmd_discard(struct call *c)
{
	if (!c->conn->multi.is_open) {
		reply_error(c->reply, error_text[ERROR_NO_DISCARD]);
		return;
	}
	forget(c->conn);
	reply_ok(c->reply);
}

void
cmd_exec(struct call *c)
{
	if (!c->conn->multi.is_open) {
		reply_error(c->reply, error_text[ERROR_NO_EXEC]);
		return;
	}
	if (c->conn->multi.is_broken)
		reply_error(c->reply, error_text[ERROR_EXECABORT]);
	else
		serve_queue(c);
	if (c->conn->park.why == CONN_SERVES ||
	    c->conn->park.why == CONN_ASKING)
		forget(c->conn);
}

void
cmd_watch(struct call *c)
{
	int i;

	if (c->conn->multi.is_open) {
		reply_error(c->reply, error_text[ERROR_WATCH_INSIDE]);
		return;
	}
	for (i = 1; i < c->argc; i++) {
		struct key k = call_key(c, i);

		/* A key whose time is over is missing from now on. */
		slot_peek(c->txn, &k);
		park_watch(c->conn, &k);
	}
	conn_show(c->conn);
	reply_ok(c->reply);
}

void
cmd_unwatch(struct call *c)
{
	park_unwatch(c->conn);
	conn_show(c->conn);
	reply_ok(c->reply);
}
