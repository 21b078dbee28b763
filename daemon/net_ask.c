#include "daemon/net_ask.h"

#include "daemon/doorbell.h"
#include "daemon/net_commit.h"
#include "daemon/net_park.h"
#include "daemon/net_say.h"

/* Which question a command is. */
static const struct {
	enum command_id command;
	enum mail_kind kind;
} questions[] = {
#define ASK(id) { CMD_##id, MAIL_##id },
#include "daemon/net_ask.def"
};

static struct mailbox *
answers_of(const struct worker *w)
{
	return &REGION->ctl.answers[w->birth->index];
}

#define REPLIES_ROOM (ASK_TOGETHER_MAX * 2)

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
	    l->argc + 1 + argc > (int)COUNT(l->argv) - REPLIES_ROOM) {
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
	size_t i;

	for (i = 0; i < COUNT(questions); i++)
		if (questions[i].command == c->command->id) {
			ask_control_about(c, kind_for(c, questions[i].kind));
			return;
		}
	never("a command of place CTL has a question");
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

/* Control has answered a client. */
static void
answer(struct conn *c, const struct mail *m)
{
	const struct command *command = &command_table[c->last_command];
	size_t mark = c->out.used;

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
