#include "daemon/net_ask.h"

#include "daemon/doorbell.h"
#include "daemon/net_commit.h"
#include "daemon/net_park.h"
#include "daemon/net_say.h"

#include <stdlib.h>

enum class { NO_QUESTION, LAST, ALONE };

/* Which question a command is, and how it may be queued. */
static const struct question {
	enum command_id command;
	enum mail_kind kind;
	enum class class;
} questions[] = {
#define ASK(id, class) { CMD_##id, MAIL_##id, class },
#include "daemon/net_ask.def"
};

static const struct question *
find_question(enum command_id id)
{
	size_t i;

	for (i = 0; i < COUNT(questions); i++)
		if (questions[i].command == id)
			return &questions[i];
	return NULL;
}

static struct mailbox *
answers_of(const struct worker *w)
{
	return &REGION->ctl.answers[w->birth->index];
}

#define REPLIES_ROOM (ASK_TOGETHER_MAX * 2)
#define ASK_ARGS (ASK_ARGS_MAX - REPLIES_ROOM)

/*
 * Takes copies: what a function asks about may be its own.  There is always
 * room for a reply.
 */
static void
collect(struct call *c, struct ask_letter *l, uint16_t kind,
    const struct slice *argv, int argc)
{
	struct mail_part *part;
	int i;

	if (kind != MAIL_ANSWER &&
	    l->argc + 1 + argc > ASK_ARGS) {
		ask_refuse(c);
		return;
	}
	part = txn_scratch(c->txn, sizeof(*part));
	*part = (struct mail_part){ kind, (uint16_t)argc };
	l->argv[l->argc++] = (struct slice){ (char *)part, sizeof(*part) };
	for (i = 0; i < argc; i++) {
		char *copy = txn_scratch(c->txn, argv[i].bytes + 1);

		memcpy(copy, argv[i].data, argv[i].bytes);
		l->argv[l->argc++] = (struct slice){ copy, argv[i].bytes };
	}
}

bool
ask_is_question(const struct command *command)
{
	switch (command->id) {
	case CMD_CLUSTER_ADDSLOTS:
	case CMD_CLUSTER_ADDSLOTSRANGE:
	case CMD_CLUSTER_DELSLOTS:
	case CMD_CLUSTER_DELSLOTSRANGE:
		return true;
	default:
		return command->place == CTL;
	}
}

static enum class
class_of(const struct command *command)
{
	if (!ask_is_question(command))
		return NO_QUESTION;
	return command->place == CTL ? find_question(command->id)->class :
	    ALONE;
}

/* Whether a letter has room for one more question. */
static bool
adds_up(struct conn *c, const struct request *q)
{
	int i;

	c->multi.asks.count++;
	/* What becomes something shorter is looked at when it has. */
	if (q->command->place == CTL) {
		c->multi.asks.args += 1 + q->argc;
		for (i = 0; i < q->argc; i++)
			c->multi.asks.bytes += q->argv[i].bytes;
	}
	return c->multi.asks.count <= ASK_TOGETHER_MAX &&
	    c->multi.asks.args <= ASK_ARGS &&
	    c->multi.asks.bytes <= ASK_BYTES;
}

const char *
ask_refuses(struct conn *c, const struct request *q)
{
	enum class class = class_of(q->command);

	c->multi.has_alone |= class == ALONE;
	c->multi.has_others |= class == NO_QUESTION;
	if (c->multi.has_alone && c->multi.has_others)
		return error_text[class == ALONE ? ERROR_ALONE_IN_MULTI :
		    ERROR_BESIDE_ALONE];
	return class == NO_QUESTION || adds_up(c, q) ? NULL :
	    error_text[ERROR_ASKS_IN_MULTI];
}

void
ask_add_reply(struct call *c, size_t mark)
{
	struct slice text;

	if (c->reply->used == mark)
		return;
	text = (struct slice){ c->reply->data + mark, c->reply->used - mark };
	collect(c, c->letter, MAIL_ANSWER, &text, 1);
	reply_cut(c->reply, mark);
}

void
ask_control_together(struct call *c, const struct ask_letter *letter)
{
	struct call whole = *c;

	whole.argv = letter->argv;
	whole.argc = letter->argc;
	ask_control_about(&whole, MAIL_TOGETHER);
}

void
ask_control_about(struct call *c, enum mail_kind kind)
{
	struct worker *w = c->worker;
	uint64_t got, ticket;

	if (c->letter != NULL) {
		collect(c, c->letter, (uint16_t)kind, c->argv, c->argc);
		return;
	}
	if (!c->may_block) {
		ask_refuse(c);
		return;
	}
	got = word_load_acquire(&REGION->ctl.asks_got[w->birth->index]);
	ticket = word_add(&REGION->common.next_ticket, 1) + 1;
	if (!mail_ask(&w->area->asks, got, kind, w->birth->birth, ticket,
	    c->argv, c->argc)) {
		reply_error(c->reply, error_text[ERROR_BUSY_CONTROL]);
		return;
	}
	c->conn->park.ticket = ticket;
	park_stop(c->conn, CONN_ASKING, 0);
	doorbell_ring(w->birth->bell[PROC_CONTROL]);
}

/* Control does not see the client: what it may is told by the kind. */
static enum mail_kind
kind_for(const struct call *c, enum mail_kind kind)
{
	const struct options *o = &c->worker->state.options;

	if (kind == MAIL_CONFIG_SET &&
	    conn_is_let(c->conn, o->enable_protected_configs))
		return MAIL_CONFIG_SET_GUARDED;
	return kind;
}

void
ask_control(struct call *c)
{
	const struct question *q = find_question(c->command->id);

	must(q != NULL, "a command of place CTL has a question");
	ask_control_about(c, kind_for(c, q->kind));
}

void
ask_refuse(struct call *c)
{
	reply_errorf(c->reply, "ERR '%s' is not allowed inside a transaction",
	    c->command->name);
}

bool
ask_has_answers(const struct worker *w)
{
	return word_load_acquire(&answers_of(w)->put) != w->area->answers_got;
}

/* --- questions beside other commands ------------------------------------ */

bool
ask_is_last(const struct call *c)
{
	return c->conn->duty == NULL && class_of(c->command) == LAST;
}

/* Takes one line off the answers, with its end. */
static struct slice
take_line(struct slice *answers)
{
	const char *end = memchr(answers->data, '\n', answers->bytes);
	struct slice line = { answers->data, 0 };

	must(end != NULL && answers->data[0] != '$' && answers->data[0] != '*',
	    "who is asked last answers with a line");
	line.bytes = (size_t)(end + 1 - answers->data);
	answers->data += line.bytes;
	answers->bytes -= line.bytes;
	return line;
}

/* The whole reply at last; an error of all is that of each. */
static void
put_rest(struct conn *c, struct slice answers)
{
	const struct ask_rest *rest = c->rest;
	bool is_error = answers.data[0] == '-';
	struct slice line = answers;
	size_t at = 0;
	int i;

	if (!is_error) {
		answers.data += strcspn(answers.data, "\n") + 1;
		answers.bytes -= (size_t)(answers.data - line.data);
	}
	for (i = 0; i < rest->holes; i++) {
		if (!is_error)
			line = take_line(&answers);
		reply_raw(&c->out, rest->text + at, rest->hole[i] - at);
		reply_raw(&c->out, line.data, line.bytes);
		at = rest->hole[i];
	}
	reply_raw(&c->out, rest->text + at, rest->bytes - at);
	free(c->rest);
	c->rest = NULL;
}

static void
collect_last(struct call *c, struct ask_letter *letter)
{
	const struct conn_queued *q;
	struct call inner = *c;

	inner.letter = letter;
	for (q = c->conn->multi.first; q != NULL; q = q->next) {
		inner.command = q->command;
		inner.argv = q->argv;
		inner.argc = q->argc;
		if (ask_is_last(&inner))
			ask_control(&inner);
	}
}

void
ask_last(struct call *c, size_t mark, const struct ask_rest *holes)
{
	struct ask_letter letter = { .argc = 0 };
	struct worker *w = c->worker;
	struct conn *conn = c->conn;
	struct ask_rest *rest;
	size_t bytes = c->reply->used - mark;
	char error[128];

	rest = malloc(sizeof(*rest) + bytes);
	must(rest != NULL, "there is private memory for a reply");
	*rest = *holes;
	rest->is_held = w->commit.levels != 0 && conn->written != rest->marked;
	memcpy(rest->replid, w->commit.replid, sizeof(rest->replid));
	rest->bytes = bytes;
	memcpy(rest->text, c->reply->data + mark, bytes);
	reply_cut(c->reply, mark);
	collect_last(c, &letter);
	ask_control_together(c, &letter);
	conn->rest = rest;
	if (conn->park.why == CONN_ASKING)
		return;
	bytes = c->reply->used - mark;
	must(bytes <= sizeof(error), "that control is busy is a short error");
	memcpy(error, c->reply->data + mark, bytes);
	reply_cut(c->reply, mark);
	put_rest(conn, (struct slice){ error, bytes });
}

/* Its writes are committed as those of any EXEC. */
static void
answer_rest(struct conn *c, const struct mail *m)
{
	struct worker *w = c->worker;
	size_t mark = c->out.used;
	bool is_lost = c->rest->is_held && memcmp(c->rest->replid,
	    w->commit.replid, sizeof(c->rest->replid)) != 0;

	c->marked = c->rest->marked;
	put_rest(c, (struct slice){ m->text, m->text_bytes });
	if (is_lost) {
		reply_cut(&c->out, mark);
		reply_error(&c->out, error_text[ERROR_INDOUBT_ROLE]);
	}
	conn_silence(c, mark);
	if (w->commit.levels != 0)
		commit_served(c, &command_table[CMD_EXEC], mark);
	conn_mark(c);
	park_end(c);
	park_wake(c);
}

/* --- answers ------------------------------------------------------------ */

/* Control has answered a client. */
static void
answer(struct conn *c, const struct mail *m)
{
	const struct command *command = &command_table[c->last_command];
	size_t mark = c->out.used;

	if (c->rest != NULL) {
		answer_rest(c, m);
		return;
	}
	reply_raw(&c->out, m->text, m->text_bytes);
	conn_silence(c, mark);
	conn_mark(c);
	if (command->flags & COMMAND_WRITE) {
		c->written = word_load_acquire(&REGION->common.log.end);
		if (c->worker->commit.levels != 0)
			commit_served(c, command, mark);
	}
	park_end(c);
	park_wake(c);
}

void
ask_take_answers(struct worker *w)
{
	const struct mail *m;
	struct conn *c;

	while ((m = mail_next(answers_of(w), &w->area->answers_got)) != NULL) {
		/* No question: control has something to say. */
		if (m->ticket == 0 && m->birth == w->birth->birth)
			say_from_bus(w, (const void *)m->text);
		c = m->birth == w->birth->birth ?
		    park_asker(w, m->ticket) : NULL;
		if (c != NULL && c->duty != NULL) {
			park_end(c);
			c->duty->answered(c, (struct slice){ m->text,
			    m->text_bytes });
		} else if (c != NULL) {
			answer(c, m);
		}
		mail_done(answers_of(w), &w->area->answers_got);
	}
}
