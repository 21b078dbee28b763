/*
 * sup - the supervisor: makes the region, opens sockets, forks and reaps
 *
 * It mends nothing and writes only its own page of the region: birth numbers
 * and deaths.  A worker's successor is forked when control has mended what the
 * dead one left; control's at once.  A process that does not turn its
 * loop is killed.  Too many deaths in a minute, or a process that can not
 * start, end the node.
 *
 * The end in good order: stop_wanted (a signal) or a published is_stopping
 * (SHUTDOWN); workers end by themselves, control after them; who has not done
 * so within shutdown-timeout is killed.
 *
 * Not here: what is done about the dead (daemon/ctl_mend.c), what kinds of
 * processes there are (daemon/proc.def).
 */
#ifndef DAEMON_SUP_H
#define DAEMON_SUP_H

#include "daemon/settings.h"

/* Runs the node; returns the exit status of the program.  See home_enter(). */
int sup_main(struct settings *s);

#endif
