/*
 * ctl_reload - DEBUG RELOAD and DEBUG LOADAOF: the data set from its files
 *
 *	STOPS  writes are paused, all have acknowledged that
 *	SAVES  RELOAD: a snapshot is taken
 *	KEEPS  LOADAOF: the append-only file gets all that there is
 *	LOADS  everything goes, and comes back from the file
 *
 * The step is published: a new control goes on.  The log knows nothing of it:
 * the data is the same before and after.
 *
 * Not here: loading (ctl_load.c), the parts of the file (ctl_parts.c).
 */
#ifndef DAEMON_CTL_RELOAD_H
#define DAEMON_CTL_RELOAD_H

#include "daemon/ctl.h"

/* The question; its arguments are the command's. */
void ctl_reload_ask(struct ctl *c, const struct slice *argv, int argc);

/* Once a turn. */
void ctl_reload_turn(struct ctl *c);

/* For c->loaded[LOAD_FOR_RELOAD]. */
void ctl_reload_loaded(struct ctl *c, const char *why);

#endif
