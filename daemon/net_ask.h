/*
 * net_ask - questions that only control may answer
 *
 * A command of place CTL becomes a letter to control; its connection waits,
 * others go on.  The answer is RESP and becomes the reply.
 *
 * Not here: the answers (daemon/ctl.c).
 */
#ifndef DAEMON_NET_ASK_H
#define DAEMON_NET_ASK_H

#include "daemon/net_worker.h"

/* Puts the question; or replies why that can not be done now. */
void ask_control(struct call *c);

/* Same, for a question that is not the request itself. */
void ask_control_about(struct call *c, enum mail_kind kind);

/*
 * A transaction whose commands all are such questions becomes one letter, with
 * an answer for all of them; other commands can not wait in between.
 */
#define ASK_TOGETHER_MAX 32    /* their answers have to fit into one */

struct ask_letter {
	int argc;
	struct slice argv[ASK_TOGETHER_MAX * 8];
};

/* Whether all that a command does is such a question. */
bool ask_is_question(const struct command *command);

/* Adds the reply that c has made since `mark`: that was no question. */
void ask_add_reply(struct call *c, size_t mark);

/* Puts the letter: the reply will be that of EXEC. */
void ask_control_together(struct call *c, const struct ask_letter *letter);

/* Inside a transaction nothing can wait: replies so. */
void ask_refuse(struct call *c);

/* Gives the answers that have come to who asked. */
void ask_take_answers(struct worker *w);
/* Whether there are some. */
bool ask_has_answers(const struct worker *w);

#endif
