/*
 * ctl_ask - the questions that workers ask control; one function a row of
 * shm/mail.def
 *
 * Error texts are those of redis-server 7.
 *
 * Not here: how questions come and answers go (daemon/ctl.c).
 */
#ifndef DAEMON_CTL_ASK_H
#define DAEMON_CTL_ASK_H

#include "daemon/ctl.h"

/* Begins to answer a question of c->ask; argv[0] is the command's name. */
void ctl_ask_begin(struct ctl *c, enum mail_kind kind,
    const struct slice *argv, int argc);

/*
 * A new control's: ends what its predecessor was doing while the node was
 * frozen.
 */
void ctl_ask_recover(struct ctl *c);

#endif
