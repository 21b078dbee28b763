#include "daemon/net_apply.h"

#include "daemon/log.h"
#include "daemon/net_ask.h"
#include "daemon/net_batch.h"
#include "daemon/net_park.h"
#include "daemon/net_serve.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SHOWN 64      /* bytes of a command's name that are logged */
#define TOLD_MS 1000  /* between two errors that are logged */

/* What changes no data: a stream holds it, we need not know it. */
static const char *const harmless[] = { "replconf", "script" };

/* --- stopping ---------------------------------------------------------- */

/* Nothing more of it is executed. */
static void __attribute__((format(printf, 2, 3)))
stop(struct apply *a, const char *format, ...)
{
	va_list list;

	if (a->why[0] != 0)
		return;
	va_start(list, format);
	vsnprintf(a->why, sizeof(a->why), format, list);
	va_end(list);
	if (a->conn->park.why == CONN_SERVES)
		park_stop(a->conn, CONN_HELD, 0);
}

static void
stop_at(struct apply *a, const struct request *q, const char *why)
{
	size_t bytes = q->argv[0].bytes < SHOWN ? q->argv[0].bytes : SHOWN;

	stop(a, "%s: '%.*s'", why, (int)bytes, q->argv[0].data);
}

/* An error of a command, from `mark` on in the replies. */
static void
tell_error(struct apply *a, const struct request *q, size_t mark)
{
	const struct reply *r = &a->conn->out;
	int64_t now = a->conn->worker->now_ms;
	const char *text = r->data + mark;
	size_t bytes = 0;

	a->errors++;
	stat_add(a->conn->worker->stats, unexpected, 1);
	if (now - a->told_ms < TOLD_MS)
		return;
	a->told_ms = now;
	while (mark + bytes < r->used && text[bytes] != '\r')
		bytes++;
	log_warning("a command of the stream failed, %llu so far: '%.*s': %.*s",
	    (unsigned long long)a->errors, (int)(q->argv[0].bytes < SHOWN ?
	    q->argv[0].bytes : SHOWN), q->argv[0].data,
	    (int)(bytes > 0 && text[0] == '-' ? bytes : 0), text);
}

/* What subscribers of ours get, too; a file's are of the past. */
static bool
is_message(const struct apply *a, const struct request *q)
{
	return a->is_logged && q->command != NULL &&
	    (q->command->id == CMD_PUBLISH || q->command->id == CMD_SPUBLISH);
}

/* --- transactions ------------------------------------------------------ */

/* The bytes that the next commit logs, and where they leave the stream. */
static void
enter(struct apply *a, struct worker *w, struct slice text, int db)
{
	struct txn *t = &w->txn;

	a->is_inside = true;
	t->is_mute = true;
	t->sees_expired = true;
	if (a->is_logged)
		t->stream = text;
	t->stream_db = db;
}

static void
leave(struct apply *a, struct worker *w, size_t bytes)
{
	struct txn *t = &w->txn;

	a->is_inside = false;
	t->is_mute = w->state.role == STATE_REPLICA;
	t->sees_expired = false;
	t->stream.bytes = 0;
	a->applied_db = a->db;
	a->bytes += bytes;
	a->commands++;
}

/* Bytes that change nothing. */
static void
pass(struct apply *a, struct worker *w, struct slice text)
{
	if (a->is_logged) {
		txn_begin(&w->txn);
		enter(a, w, text, a->db);
		txn_commit(&w->txn);
	}
	leave(a, w, text.bytes);
}

/* Runs what is in w->call under one transaction. */
static void
run(struct apply *a, struct worker *w, struct request *q, struct slice text)
{
	struct reply *r = &a->conn->out;
	uint64_t errors = r->errors;
	size_t mark = w->reply_mark;

	enter(a, w, text, a->db);
	w->call.may_block = false;
	serve_run(w, q);
	leave(a, w, text.bytes);
	if (unlikely(r->errors != errors))
		tell_error(a, q, mark);
}

/* --- MULTI ------------------------------------------------------------- */

static bool
keep_bytes(struct apply *a, struct slice text)
{
	size_t room = a->unit.room;
	char *data;

	while (room - a->unit.used < text.bytes)
		room = room * 2 + 4096;
	if (room != a->unit.room) {
		data = realloc(a->unit.data, room);
		if (data == NULL)
			return false;
		a->unit.data = data;
		a->unit.room = room;
	}
	memcpy(a->unit.data + a->unit.used, text.data, text.bytes);
	a->unit.used += text.bytes;
	return true;
}

static void
end_unit(struct apply *a, struct worker *w, struct request *q)
{
	struct slice text = { a->unit.data, a->unit.used };

	run(a, w, q, text);
	a->unit.used = 0;
	if (a->unit.room > 1u << 20) {
		free(a->unit.data);
		memset(&a->unit, 0, sizeof(a->unit));
	}
}

/* One more request of a unit, or its end. */
static void
serve_inside(struct apply *a, struct worker *w, struct request *q)
{
	enum command_id id = q->command != NULL ? q->command->id : CMD_COUNT;

	if (!keep_bytes(a, (struct slice){ q->raw, q->raw_bytes }))
		stop(a, "there is no memory for a transaction");
	else if (id == CMD_EXEC)
		end_unit(a, w, q);
	else if (id == CMD_MULTI || id == CMD_DISCARD || (q->command != NULL &&
	    q->command->place == CTL))
		stop_at(a, q, "a transaction holds what it can not hold");
	else if (q->command != NULL && (q->command->flags & COMMAND_WRITE ||
	    id == CMD_SELECT || is_message(a, q)) && !serve_keep(q))
		stop(a, "there is no memory for a transaction");
}

/* --- one request ------------------------------------------------------- */

/* Control exchanges the databases, and logs the bytes as they came. */
static void
ask_swap(struct apply *a, struct worker *w, struct request *q)
{
	struct call c = w->call;
	char db[NUMBER_TEXT], serial[NUMBER_TEXT];
	struct slice argv[6];

	if (slice_equal(q->argv[1], q->argv[2])) {
		pass(a, w, (struct slice){ q->raw, q->raw_bytes });
		return;
	}
	memcpy(argv, q->argv, 3 * sizeof(*argv));
	argv[3] = (struct slice){ db, number_put_int(db, a->db) };
	argv[4] = (struct slice){ q->raw, a->is_logged ? q->raw_bytes : 0 };
	argv[5] = (struct slice){ serial,
	    number_put_uint(serial, w->state.link_serial) };
	c.argv = argv;
	c.argc = 6;
	c.may_block = true;
	ask_control_about(&c, MAIL_STREAM_SWAPDB);
	a->bytes += q->raw_bytes;
	a->commands++;
	if (a->conn->park.why != CONN_ASKING)
		stop(a, "control does not answer");
}

static bool
is_harmless(struct apply *a, const struct request *q)
{
	size_t i;

	if (is_message(a, q))
		return false;

	/* An append-only file's annotations. */
	if (q->command == NULL && !a->is_logged && q->is_inline &&
	    q->argv[0].bytes > 0 && q->argv[0].data[0] == '#')
		return true;
	for (i = 0; i < COUNT(harmless); i++)
		if (slice_is(q->argv[0], harmless[i]))
			return true;
	return q->command != NULL && !(q->command->flags & COMMAND_WRITE);
}

/* What a SELECT makes the database; the same when it makes no sense. */
static int
selected(const struct apply *a, const struct request *q)
{
	int64_t db;

	return q->argc == 2 && number_get_int(q->argv[1], &db) && db >= 0 &&
	    db < STATE_DATABASES ? (int)db : a->db;
}

static bool
has_arity(const struct request *q)
{
	int arity = q->command->arity;

	return arity >= 0 ? q->argc == arity : q->argc >= -arity;
}

static void
serve_one(struct apply *a, struct worker *w, struct request *q)
{
	struct slice text = { q->raw, q->raw_bytes };
	enum command_id id = q->command != NULL ? q->command->id : CMD_COUNT;

	if (id == CMD_MULTI) {
		a->conn->multi.is_open = true;
		if (!keep_bytes(a, text))
			stop(a, "there is no memory for a transaction");
	} else if (id == CMD_EXEC || id == CMD_DISCARD) {
		stop_at(a, q, "a transaction ends that has not begun");
	} else if (id == CMD_SWAPDB) {
		ask_swap(a, w, q);
	} else if (id == CMD_SELECT) {
		a->conn->db = (uint8_t)a->db;
		pass(a, w, text);
	} else if (is_harmless(a, q)) {
		a->wants_ack |= slice_is(q->argv[0], "replconf") &&
		    q->argc > 1 && slice_is(q->argv[1], "getack");
		pass(a, w, text);
	} else {
		run(a, w, q, text);
	}
}

/* Behind "KINDn\r\n", which p points to; NULL: it does not. */
static const char *
pass_number(const char *p, char kind, size_t n)
{
	char text[NUMBER_TEXT + 3] = { kind };
	size_t bytes = 1 + number_put_uint(text + 1, n);

	memcpy(text + bytes, "\r\n", 2);
	return memcmp(p, text, bytes + 2) == 0 ? p + bytes + 2 : NULL;
}

/*
 * Whether a file's request is one, byte for byte: who serves clients reads over
 * what ends lines.
 */
static bool
is_framed(const struct request *q)
{
	const char *p;
	int i;

	if (q->is_inline)
		return q->argc > 0 && q->argv[0].data[0] == '#';
	p = q->argc > 0 ? pass_number(q->raw, '*', (size_t)q->argc) : NULL;
	for (i = 0; p != NULL && i < q->argc; i++) {
		p = pass_number(p, '$', q->argv[i].bytes);
		if (p == NULL || memcmp(p + q->argv[i].bytes, "\r\n", 2) != 0)
			return false;
		p += q->argv[i].bytes + 2;
	}
	return p != NULL;
}

void
apply_serve(struct apply *a, struct worker *w, struct request *q)
{
	struct conn *c = a->conn;

	if (unlikely(w->is_crowded)) {
		park_crowd(c);
		return;
	}
	if (q->error != NULL) {
		stop(a, "the stream is broken: %s", q->error);
		return;
	}
	if (!a->is_logged && !a->is_framed && !is_framed(q)) {
		stop(a, "a request does not have the form it should have");
		return;
	}
	if (q->argc == 0) {
		pass(a, w, (struct slice){ q->raw, q->raw_bytes });
		return;
	}
	if (q->command == NULL && !is_harmless(a, q)) {
		stop_at(a, q, "the stream holds a command that this version "
		    "does not have");
		return;
	}
	if (q->command != NULL && !has_arity(q)) {
		stop_at(a, q, "wrong number of arguments");
		return;
	}
	if (unlikely(w->is_unheard) && is_message(a, q)) {
		park_stop(c, CONN_PAUSED, w->now_ms + 1);
		return;
	}
	c->used_ms = w->now_ms;
	c->last_command = q->command != NULL ? q->command->id : CMD_COUNT;
	if (c->last_command == CMD_SELECT)
		a->db = selected(a, q);
	w->commands++;
	serve_begin(w, q);
	if (c->multi.is_open)
		serve_inside(a, w, q);
	else
		serve_one(a, w, q);
	reply_cut(&c->out, w->reply_mark);
}

void
apply_aborted(struct apply *a)
{
	struct worker *w = a->conn->worker;

	const struct request *q = &w->batch.request[w->batch.at];

	leave(a, w, 0);
	if (w->txn.why != snap_wait) {
		stop(a, "a command can not be applied: %s", w->txn.why);
		return;
	}
	a->commands--;
	/* It comes again. */
	if (a->conn->multi.is_open)
		a->unit.used -= q->raw_bytes;
}

void
apply_answered(struct apply *a, struct slice answer)
{
	const char *doubt = error_text[ERROR_REPLACED];

	a->is_in_doubt |= answer.bytes > strlen(doubt) &&
	    memcmp(answer.data + 1, doubt, strlen(doubt)) == 0;
	if (answer.bytes > 0 && answer.data[0] == '-')
		stop(a, "SWAPDB: %.*s", (int)answer.bytes - 3,
		    answer.data + 1);
	else
		batch_resume(a->conn);
}

/* --- bytes ------------------------------------------------------------- */

void
apply_bytes(struct apply *a, char *data, size_t bytes)
{
	struct conn *c = a->conn;

	if (a->why[0] != 0)
		return;
	batch_received(c, data, bytes);
	if (c->is_in_batch)
		batch_run(c->worker);
}

/* --- life -------------------------------------------------------------- */

static void
bare_serve(struct worker *w, struct request *q)
{
	apply_serve(q->conn->owner, w, q);
}

static void
bare_aborted(struct conn *c)
{
	apply_aborted(c->owner);
}

static void
bare_answered(struct conn *c, struct slice answer)
{
	apply_answered(c->owner, answer);
}

static const struct conn_duty bare_duty = {
	.serve = bare_serve, .aborted = bare_aborted, .answered = bare_answered
};

void
apply_open(struct apply *a, struct worker *w, struct conn *c, int db)
{
	memset(a, 0, sizeof(*a));
	a->is_logged = c != NULL;
	a->is_bare = c == NULL;
	a->db = a->applied_db = db >= 0 ? db : 0;
	if (c == NULL) {
		c = conn_new_bare(w);
		c->duty = &bare_duty;
		c->owner = a;
	}
	a->conn = c;
	c->db = (uint8_t)a->db;
}

void
apply_close(struct apply *a)
{
	if (a->is_bare)
		conn_free_bare(a->conn);
	free(a->unit.data);
	memset(a, 0, sizeof(*a));
}
