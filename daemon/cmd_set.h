/*
 * cmd_set - what commands on sets have in common
 *
 * Not here: sets themselves (shm/set.h).
 */
#ifndef DAEMON_CMD_SET_H
#define DAEMON_CMD_SET_H

#include "daemon/call.h"
#include "shm/set.h"

/* The limits of small sets as the options have them. */
struct set_limits cmd_set_limits(const struct call *c);

/*
 * The set in argument i, NULL when there is none.  False when the key holds
 * something else, and that has been replied.
 */
bool cmd_set_find(struct call *c, int i, struct key *k, struct value **v);

/* A copy of the text that lives until the end of the command. */
struct slice cmd_set_keep(struct call *c, struct slice text);

#endif
