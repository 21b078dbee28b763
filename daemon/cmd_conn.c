/*
 * cmd_conn - commands about the connection itself
 *
 * Not here: CLIENT (daemon/cmd_client.c), MULTI (daemon/cmd_multi.c).
 */
#include "daemon/net_park.h"

void
cmd_ping(struct call *c)
{
	if (c->argc > 2)
		call_arity(c);
	else if (c->argc == 2)
		reply_bulk(c->reply, c->argv[1]);
	else
		reply_literal(c->reply, "+PONG\r\n");
}

void
cmd_echo(struct call *c)
{
	reply_bulk(c->reply, c->argv[1]);
}

void
cmd_quit(struct call *c)
{
	reply_ok(c->reply);
	conn_finish(c->conn);
}

void
cmd_select(struct call *c)
{
	int64_t db;

	if (!call_int(c, 1, &db))
		return;
	if (db < 0 || db >= STATE_DATABASES) {
		reply_error(c->reply, error_text[ERROR_BAD_DB]);
		return;
	}
	c->conn->db = (uint8_t)db;
	conn_show(c->conn);
	reply_ok(c->reply);
}

void
cmd_reset(struct call *c)
{
	struct conn *conn = c->conn;

	conn_forget_multi(conn);
	park_unwatch(conn);
	if (conn->is_monitor)
		stat_add(c->worker->stats, monitors, -1);
	conn->is_monitor = conn->is_no_evict = conn->is_no_touch = false;
	conn->db = 0;
	conn->reply_mode = CONN_REPLY_ON;
	conn->out.resp = 2;
	conn->name[0] = 0;
	conn->is_authenticated =
	    c->worker->state.options.requirepass[0] == 0;
	conn_show(conn);
	reply_simple(c->reply, "RESET");
}
