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

/* Inside a transaction nothing can wait: replies so. */
void ask_refuse(struct call *c);

/* Gives the answers that have come to who asked. */
void ask_take_answers(struct worker *w);
/* Whether there are some. */
bool ask_has_answers(const struct worker *w);

#endif
