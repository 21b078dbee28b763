/*
 * cmd_client - CLIENT: what connections there are, and what becomes of them
 *
 * Connections of other workers are seen in their rows of the region; to them
 * one speaks by broadcast.
 *
 * Not here: PAUSE and UNPAUSE, which control answers (daemon/ctl.c).
 */
#include <stdio.h>

#include "daemon/cmd_conn.h"
#include "daemon/net_park.h"

void
cmd_client_id(struct call *c)
{
	reply_int(c->reply, (int64_t)c->conn->id);
}

void
cmd_client_getname(struct call *c)
{
	if (c->conn->name[0] == 0)
		reply_null(c->reply);
	else
		reply_text(c->reply, c->conn->name);
}

void
cmd_client_setname(struct call *c)
{
	if (conn_set_name(c, c->argv[2]))
		reply_ok(c->reply);
}

void
cmd_client_setinfo(struct call *c)
{
	struct conn *conn = c->conn;
	bool is_name = slice_is(c->argv[2], "lib-name");
	char *to = is_name ? conn->lib_name : conn->lib_ver;

	if (!is_name && !slice_is(c->argv[2], "lib-ver")) {
		reply_errorf(c->reply, "ERR Unrecognized option '%.*s'",
		    (int)(c->argv[2].bytes < 128 ? c->argv[2].bytes : 128),
		    c->argv[2].data);
		return;
	}
	if (!conn_is_word(c->argv[3])) {
		reply_errorf(c->reply, "ERR %s cannot contain spaces, newlines "
		    "or special characters.", is_name ? "lib-name" : "lib-ver");
		return;
	}
	if (c->argv[3].bytes >= CONNS_LIB) {
		reply_errorf(c->reply, error_text[ERROR_LONG_NAME],
		    CONNS_LIB - 1);
		return;
	}
	memset(to, 0, CONNS_LIB);
	memcpy(to, c->argv[3].data, c->argv[3].bytes);
	conn_show(conn);
	reply_ok(c->reply);
}

/* ON or OFF; the error is replied. */
static bool
take_switch(struct call *c, bool *is_on)
{
	*is_on = slice_is(c->argv[2], "on");
	if (*is_on || slice_is(c->argv[2], "off"))
		return true;
	call_syntax(c);
	return false;
}

void
cmd_client_no_evict(struct call *c)
{
	if (!take_switch(c, &c->conn->is_no_evict))
		return;
	conn_show(c->conn);
	reply_ok(c->reply);
}

void
cmd_client_no_touch(struct call *c)
{
	if (!take_switch(c, &c->conn->is_no_touch))
		return;
	conn_show(c->conn);
	reply_ok(c->reply);
}

void
cmd_client_reply(struct call *c)
{
	struct conn *conn = c->conn;

	if (slice_is(c->argv[2], "on")) {
		conn->reply_mode = CONN_REPLY_ON;
		reply_ok(c->reply);
	} else if (slice_is(c->argv[2], "off")) {
		conn->reply_mode = CONN_REPLY_OFF;
	} else if (slice_is(c->argv[2], "skip")) {
		if (conn->reply_mode != CONN_REPLY_OFF)
			conn->reply_mode = CONN_REPLY_SKIP_NEXT;
	} else {
		call_syntax(c);
	}
}

/* --- lines ------------------------------------------------------------- */

#define LINE 1024

static size_t
print_row(struct worker *w, const struct conns_row *r, char *text)
{
	const char *command = r->command < CMD_COUNT ?
	    command_table[r->command].name : "NULL";

	return (size_t)snprintf(text, LINE, "id=%llu addr=%s laddr=%s fd=%d "
	    "name=%s age=%lld idle=%lld flags=%s db=%d sub=%d psub=%d ssub=%d "
	    "multi=%d qbuf=%llu qbuf-free=%llu argv-mem=%u multi-mem=0 "
	    "rbs=%llu rbp=0 obl=%llu oll=0 omem=0 tot-mem=%llu events=r "
	    "cmd=%s user=%s redir=-1 resp=%d lib-name=%s lib-ver=%s\n",
	    (unsigned long long)r->id, r->addr, r->laddr, r->fd, r->name,
	    (long long)(w->now_ms - r->since_ms) / 1000,
	    (long long)(w->now_ms - (int64_t)r->used_ms) / 1000, r->flags,
	    r->db, r->sub, r->psub, r->ssub, r->multi,
	    (unsigned long long)r->query_bytes,
	    (unsigned long long)(r->query_room - r->query_bytes),
	    r->argv_bytes, (unsigned long long)r->output_room,
	    (unsigned long long)r->output_bytes,
	    (unsigned long long)r->total_bytes, command, r->user, r->resp,
	    r->lib_name, r->lib_ver);
}

/* Calls see() for the rows of all workers. */
static void
each_row(struct call *c, void (*see)(struct call *c, const struct conns_row *r,
    void *arg), void *arg)
{
	struct conns_row copy;
	uint32_t i, j;

	conn_show_use(c->conn);
	for (i = 0; i < REGION->head.workers; i++) {
		const struct conns *all = &REGION->area[i].conns;
		uint32_t top = word_load_acquire(&all->top);

		for (j = 0; j < top; j++)
			if (conns_read(&all->row[j], &copy))
				see(c, &copy, arg);
	}
}

void
cmd_client_info(struct call *c)
{
	char text[LINE];

	conn_show_use(c->conn);
	reply_verbatim(c->reply, "txt", (struct slice){ text,
	    print_row(c->worker, c->conn->row, text) });
}

/* --- LIST -------------------------------------------------------------- */

enum client_type {
	TYPE_NORMAL, TYPE_MASTER, TYPE_REPLICA, TYPE_PUBSUB, TYPE_ANY
};

static bool
take_type(struct call *c, int i, enum client_type *type)
{
	static const struct {
		const char *name;
		enum client_type type;
	} names[] = {
		{ "normal", TYPE_NORMAL }, { "master", TYPE_MASTER },
		{ "slave", TYPE_REPLICA }, { "replica", TYPE_REPLICA },
		{ "pubsub", TYPE_PUBSUB } };
	size_t j;

	for (j = 0; j < COUNT(names); j++)
		if (slice_is(c->argv[i], names[j].name)) {
			*type = names[j].type;
			return true;
		}
	reply_errorf(c->reply, "ERR Unknown client type '%.*s'",
	    (int)(c->argv[i].bytes < 128 ? c->argv[i].bytes : 128),
	    c->argv[i].data);
	return false;
}

static bool
is_type(const struct conns_row *r, enum client_type type)
{
	return type == TYPE_ANY || type == (strchr(r->flags, 'S') != NULL ?
	    TYPE_REPLICA : strchr(r->flags, 'M') != NULL ?
	    TYPE_MASTER : r->sub + r->psub + r->ssub > 0 ? TYPE_PUBSUB :
	    TYPE_NORMAL);
}

struct listing {
	enum client_type type;
	const uint64_t *id;   /* only these, when there are some */
	int ids;
	char *text;           /* in scratch memory */
	size_t used, room;
};

static void
list_row(struct call *c, const struct conns_row *r, void *arg)
{
	struct listing *l = arg;
	int i = 0;

	while (i < l->ids && l->id[i] != r->id)
		i++;
	if (!is_type(r, l->type) || (l->ids > 0 && i == l->ids))
		return;
	if (l->room - l->used < LINE) {
		char *more = txn_scratch(c->txn, l->room * 2 + 16 * LINE);

		memcpy(more, l->text, l->used);
		l->text = more;
		l->room = l->room * 2 + 16 * LINE;
	}
	l->used += print_row(c->worker, r, l->text + l->used);
}

void
cmd_client_list(struct call *c)
{
	struct listing l = { .type = TYPE_ANY, .text = txn_scratch(c->txn, 1) };
	uint64_t *id = txn_scratch(c->txn, (size_t)c->argc * sizeof(*id));
	int64_t n;
	int i;

	if (c->argc == 4 && slice_is(c->argv[2], "type")) {
		if (!take_type(c, 3, &l.type))
			return;
	} else if (c->argc > 3 && slice_is(c->argv[2], "id")) {
		for (i = 3; i < c->argc; i++) {
			if (!number_get_int(c->argv[i], &n)) {
				reply_error(c->reply,
				    error_text[ERROR_BAD_CLIENT_ID]);
				return;
			}
			id[l.ids++] = (uint64_t)n;
		}
		l.id = id;
	} else if (c->argc > 2) {
		call_syntax(c);
		return;
	}
	each_row(c, list_row, &l);
	reply_verbatim(c->reply, "txt", (struct slice){ l.text, l.used });
}

/* --- KILL, UNBLOCK ----------------------------------------------------- */

struct killing {
	uint64_t id;          /* 0: any */
	uint64_t last;        /* who comes later is not meant */
	enum client_type type;
	struct slice addr, laddr, user;
	int64_t max_age_s;    /* -1: any */
	bool skips_me;
	int count;
};

static bool
is_text(struct slice wanted, const char *has)
{
	return wanted.data == NULL || slice_equal(wanted, slice_of(has));
}

static void
tell_worker(struct call *c, enum cast_kind kind, uint64_t id, const char *text)
{
	struct slice part = slice_of(text);

	cast_put(&REGION->common.cast, c->worker->birth->name, kind, id, &part,
	    1);
	park_ring(c->worker);
}

static void
kill_row(struct call *c, const struct conns_row *r, void *arg)
{
	struct killing *k = arg;
	bool is_me = r->id == c->conn->id;

	if ((k->id != 0 && r->id != k->id) || r->id > k->last ||
	    !is_type(r, k->type) ||
	    !is_text(k->addr, r->addr) || !is_text(k->laddr, r->laddr) ||
	    !is_text(k->user, r->user) || (is_me && k->skips_me) ||
	    (k->max_age_s >= 0 &&
	    (c->worker->now_ms - r->since_ms) / 1000 < k->max_age_s))
		return;
	k->count++;
	if (is_me)
		conn_finish(c->conn);
	else if (!net_kill(c->worker, r->id))
		tell_worker(c, CAST_KILL, r->id, "");
}

/* One option and its value at i; the error is replied. */
static bool
take_filter(struct call *c, int i, struct killing *k)
{
	struct slice name = c->argv[i], value = c->argv[i + 1];
	int64_t n;

	if (slice_is(name, "id") || slice_is(name, "maxage")) {
		if (!number_get_int(value, &n) || n < 1) {
			reply_error(c->reply, error_text[slice_is(name, "id") ?
			    ERROR_CLIENT_ID : ERROR_SYNTAX]);
			return false;
		}
		if (slice_is(name, "id"))
			k->id = (uint64_t)n;
		else
			k->max_age_s = n;
		return true;
	}
	if (slice_is(name, "type"))
		return take_type(c, i + 1, &k->type);
	if (slice_is(name, "addr")) {
		k->addr = value;
	} else if (slice_is(name, "laddr")) {
		k->laddr = value;
	} else if (slice_is(name, "user")) {
		if (!slice_equal(value, SLICE("default"))) {
			reply_errorf(c->reply, "ERR No such user '%.*s'",
			    (int)(value.bytes < 128 ? value.bytes : 128),
			    value.data);
			return false;
		}
		k->user = value;
	} else if (slice_is(name, "skipme") && slice_is(value, "yes")) {
		k->skips_me = true;
	} else if (slice_is(name, "skipme") && slice_is(value, "no")) {
		k->skips_me = false;
	} else {
		call_syntax(c);
		return false;
	}
	return true;
}

void
cmd_client_kill(struct call *c)
{
	struct killing k = { .type = TYPE_ANY, .max_age_s = -1,
	    .last = word_load(&REGION->common.next_client_id),
	    .skips_me = true };
	int i;

	if (c->argc == 3) {
		k.addr = c->argv[2];
		k.skips_me = false;
		each_row(c, kill_row, &k);
		if (k.count > 0)
			reply_ok(c->reply);
		else
			reply_error(c->reply, error_text[ERROR_NO_CLIENT]);
		return;
	}
	for (i = 2; i < c->argc; i += 2) {
		if (i + 1 == c->argc) {
			call_syntax(c);
			return;
		}
		if (!take_filter(c, i, &k))
			return;
	}
	each_row(c, kill_row, &k);
	reply_int(c->reply, k.count);
}

struct unblocking {
	uint64_t id;
	bool is_error, is_done;
};

static void
unblock_row(struct call *c, const struct conns_row *r, void *arg)
{
	struct unblocking *u = arg;

	if (r->id != u->id || strchr(r->flags, 'b') == NULL)
		return;
	u->is_done = true;
	tell_worker(c, CAST_UNBLOCK, r->id, u->is_error ? "ERROR" : "TIMEOUT");
}

void
cmd_client_unblock(struct call *c)
{
	struct unblocking u = { 0 };
	int64_t id;

	if (c->argc > 4) {
		call_arity(c);
		return;
	}
	if (c->argc == 4) {
		u.is_error = slice_is(c->argv[3], "error");
		if (!u.is_error && !slice_is(c->argv[3], "timeout")) {
			reply_error(c->reply, "ERR CLIENT UNBLOCK reason "
			    "should be TIMEOUT or ERROR");
			return;
		}
	}
	if (!call_int(c, 2, &id))
		return;
	u.id = (uint64_t)id;
	each_row(c, unblock_row, &u);
	reply_int(c->reply, u.is_done);
}
