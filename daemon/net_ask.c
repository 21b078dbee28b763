#include "daemon/net_ask.h"

#include "daemon/doorbell.h"
#include "daemon/net_park.h"

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

void
ask_control_about(struct call *c, enum mail_kind kind)
{
	struct worker *w = c->worker;
	uint64_t got = word_load_acquire(
	    &REGION->ctl.asks_got[w->birth->index]);
	uint64_t ticket = word_add(&REGION->common.next_ticket, 1) + 1;

	if (!c->may_block) {
		ask_refuse(c);
		return;
	}
	if (!mail_ask(&w->area->asks, got, kind, w->birth->birth, ticket,
	    c->argv, c->argc)) {
		reply_error(c->reply, error_text[ERROR_BUSY_CONTROL]);
		return;
	}
	c->conn->park.ticket = ticket;
	park_stop(c->conn, CONN_ASKING, 0);
	doorbell_ring(w->birth->bell[PROC_CONTROL]);
}

void
ask_control(struct call *c)
{
	size_t i;

	for (i = 0; i < COUNT(questions); i++)
		if (questions[i].command == c->command->id) {
			ask_control_about(c, questions[i].kind);
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

void
ask_take_answers(struct worker *w)
{
	const struct mail *m;
	struct conn *c;
	size_t mark;

	while ((m = mail_next(answers_of(w), &w->area->answers_got)) != NULL) {
		c = m->birth == w->birth->birth ?
		    park_asker(w, m->ticket) : NULL;
		if (c != NULL && c->duty != NULL) {
			park_end(c);
			c->duty->answered(c, (struct slice){ m->text,
			    m->text_bytes });
		} else if (c != NULL) {
			mark = c->out.used;
			reply_raw(&c->out, m->text, m->text_bytes);
			conn_silence(c, mark);
			conn_mark(c);
			park_end(c);
			park_wake(c);
		}
		mail_done(answers_of(w), &w->area->answers_got);
	}
}
