/*
 * cmd_conn - commands about the connection itself
 *
 * Not here: CLIENT (daemon/cmd_client.c), MULTI (daemon/cmd_multi.c).
 */
#include "daemon/cmd_conn.h"

#include "daemon/net_channel.h"
#include "daemon/net_park.h"

void
cmd_ping(struct call *c)
{
	if (c->argc > 2) {
		call_arity(c);
	} else if (c->conn->subs_all > 0 && c->reply->resp == 2) {
		/* In the form of a message: it may stand between some. */
		reply_array(c->reply, 2);
		reply_text(c->reply, "pong");
		reply_bulk(c->reply, c->argc == 2 ? c->argv[1] : SLICE(""));
	} else if (c->argc == 2) {
		reply_bulk(c->reply, c->argv[1]);
	} else {
		reply_literal(c->reply, "+PONG\r\n");
	}
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

	if (!call_int_between(c, 1, INT32_MIN, INT32_MAX, &db))
		return;
	if (db < 0 || db >= STATE_DATABASES) {
		reply_error(c->reply, error_text[ERROR_BAD_DB]);
		return;
	}
	if (db != 0 && c->worker->state.options.cluster_enabled) {
		reply_error(c->reply, error_text[ERROR_CLUSTER_DB]);
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
	channel_leave_all(conn);
	conn->is_monitor = conn->is_no_evict = conn->is_no_touch = false;
	conn->is_asking = conn->reads_replica = false;
	conn->brings = 0;
	conn->db = 0;
	conn->reply_mode = CONN_REPLY_ON;
	conn->out.resp = 2;
	conn->name[0] = 0;
	conn->is_authenticated =
	    c->worker->state.options.requirepass[0] == 0;
	conn_show(conn);
	reply_simple(c->reply, "RESET");
}

/* --- names ------------------------------------------------------------- */

bool
conn_is_word(struct slice s)
{
	size_t i;

	for (i = 0; i < s.bytes; i++)
		if (s.data[i] < '!' || s.data[i] > '~')
			return false;
	return true;
}

bool
conn_set_name(struct call *c, struct slice name)
{
	struct conn *conn = c->conn;

	if (!conn_is_word(name)) {
		reply_error(c->reply, error_text[ERROR_BAD_NAME]);
		return false;
	}
	if (name.bytes >= sizeof(conn->name)) {
		reply_errorf(c->reply, error_text[ERROR_LONG_NAME],
		    (int)sizeof(conn->name) - 1);
		return false;
	}
	memset(conn->name, 0, sizeof(conn->name));
	memcpy(conn->name, name.data, name.bytes);
	conn_show(conn);
	return true;
}

/* --- AUTH, HELLO ------------------------------------------------------- */

/* In a time that does not tell where they differ. */
static bool
is_password(struct slice given, const char *wanted)
{
	size_t bytes = strlen(wanted), i;
	unsigned char differs = given.bytes != bytes;

	for (i = 0; i < given.bytes; i++)
		differs |= (unsigned char)(given.data[i] ^
		    wanted[i < bytes ? i : 0]);
	return differs == 0;
}

/* The only user is "default"; the error is replied. */
static bool
authenticate(struct call *c, struct slice user, struct slice password)
{
	const char *wanted = c->worker->state.options.requirepass;

	if (!slice_equal(user, SLICE("default")) ||
	    (wanted[0] != 0 && !is_password(password, wanted))) {
		stat_add(c->worker->stats, auth_failed, 1);
		reply_error(c->reply, error_text[ERROR_WRONGPASS]);
		return false;
	}
	c->conn->is_authenticated = true;
	return true;
}

void
cmd_auth(struct call *c)
{
	if (c->argc > 3) {
		call_syntax(c);
	} else if (c->argc == 2 &&
	    c->worker->state.options.requirepass[0] == 0) {
		reply_error(c->reply, error_text[ERROR_NO_PASSWORD]);
	} else if (authenticate(c, c->argc == 3 ? c->argv[1] :
	    SLICE("default"), c->argv[c->argc - 1])) {
		reply_ok(c->reply);
	}
}

static void
reply_hello(struct call *c)
{
	struct reply *r = c->reply;
	bool is_cluster = c->worker->state.options.cluster_enabled;

	reply_map(r, 7);
	reply_text(r, "server");
	reply_text(r, "redis");
	reply_text(r, "version");
	reply_text(r, CONN_REDIS_VERSION);
	reply_text(r, "proto");
	reply_int(r, r->resp);
	reply_text(r, "id");
	reply_int(r, (int64_t)c->conn->id);
	reply_text(r, "mode");
	reply_text(r, is_cluster ? "cluster" : "standalone");
	reply_text(r, "role");
	reply_text(r, c->worker->state.role == STATE_PRIMARY ?
	    "master" : "replica");
	reply_text(r, "modules");
	reply_array(r, 0);
}

/* The options behind HELLO's version; the error is replied. */
static bool
take_hello_options(struct call *c, struct slice *name)
{
	int i = 2;

	while (i < c->argc) {
		if (slice_is(c->argv[i], "auth") && i + 2 < c->argc) {
			if (!authenticate(c, c->argv[i + 1], c->argv[i + 2]))
				return false;
			i += 3;
		} else if (slice_is(c->argv[i], "setname") && i + 1 < c->argc) {
			*name = c->argv[i + 1];
			i += 2;
		} else {
			reply_errorf(c->reply,
			    "ERR Syntax error in HELLO option '%.*s'",
			    (int)(c->argv[i].bytes < 128 ? c->argv[i].bytes :
			    128), c->argv[i].data);
			return false;
		}
	}
	return true;
}

void
cmd_hello(struct call *c)
{
	struct slice name = { NULL, 0 };
	int64_t version = c->conn->out.resp;

	if (c->argc > 1 && !number_get_int(c->argv[1], &version)) {
		reply_error(c->reply, error_text[ERROR_HELLO_NUMBER]);
		return;
	}
	if (version < 2 || version > 3) {
		reply_error(c->reply, error_text[ERROR_NOPROTO]);
		return;
	}
	if (!take_hello_options(c, &name))
		return;
	if (!c->conn->is_authenticated) {
		reply_error(c->reply, error_text[ERROR_HELLO_NOAUTH]);
		return;
	}
	if (name.data != NULL && !conn_set_name(c, name))
		return;
	c->conn->out.resp = (int)version;
	conn_show(c->conn);
	reply_hello(c);
}
