/*
 * net_ask - questions that only control may answer
 *
 * A command of place CTL becomes a letter to control; its connection waits,
 * others go on.  The answer is RESP and becomes the reply.
 *
 * In MULTI: questions among themselves are one letter, worked on as one step
 * (daemon/ctl_together.h).  Beside other commands, which have slots locked
 * where nothing can wait, there are only such as do nothing to keys: they are
 * asked when the others have been committed, and their answers are put where
 * they belong in the reply.  What can be neither is refused when it is queued,
 * so that EXEC does nothing.
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
#define ASK_ARGS_MAX (ASK_TOGETHER_MAX * 8)
#define ASK_BYTES (32u << 10)  /* of their arguments: half a letter */

struct ask_letter {
	int argc;
	struct slice argv[ASK_ARGS_MAX];
};

/* Whether all that a command does is such a question. */
bool ask_is_question(const struct command *command);

/*
 * A request is to be queued: NULL when it may be, which is noted; or the text
 * of an error that has the command's name.
 */
const char *ask_refuses(struct conn *c, const struct request *q);

/* EXEC's reply, with holes for the answers that are yet to come. */
struct ask_rest {
	bool is_held;               /* its writes wait for others, too */
	uint64_t marked;            /* conn.marked before them */
	char replid[41];            /* they are of this stream */
	int holes;
	size_t hole[ASK_TOGETHER_MAX]; /* where, ascending */
	size_t bytes;
	char text[];
};

/* Whether it is asked last, as one of EXEC's. */
bool ask_is_last(const struct call *c);

/*
 * EXEC's reply from `mark` on lacks what the queued questions answer at those
 * places: asks them, and keeps it until then.  `marked` is that of the
 * connection before EXEC.
 */
void ask_last(struct call *c, size_t mark, const struct ask_rest *holes);

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
