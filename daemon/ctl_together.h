/*
 * ctl_together - several questions of one transaction, answered as one
 *
 * EXEC of commands that are questions comes as one letter (struct mail_part).
 * They are worked on one after the other; nobody else's question is taken in
 * between.  Orders to the cluster that follow each other are one step of it: no
 * message of the bus is heard between them, one file has them all, they are
 * published at once.  The answer waits until all of that is done; when the file
 * can not be written, that error is the answer.
 *
 * A part that needs time (SAVE, SWAPDB, a failover, a replica's RESET) has it,
 * and those after it begin then.
 *
 * Not here: who puts such letters (daemon/net_ask.c).
 */
#ifndef DAEMON_CTL_TOGETHER_H
#define DAEMON_CTL_TOGETHER_H

#include "daemon/ctl.h"

/* Begins with such a letter. */
void ctl_together_ask(struct ctl *c, const struct slice *argv, int argc);

/*
 * The question at hand has been answered: begins the next one of its letter
 * and returns true; or makes the answer to all of them and returns false.
 */
bool ctl_together_goes_on(struct ctl *c);

#endif
