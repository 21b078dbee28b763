/*
 * cmd_command - walking the table of commands as COMMAND shows it
 *
 * Not here: the table itself (proto/command.h).
 */
#ifndef DAEMON_CMD_COMMAND_H
#define DAEMON_CMD_COMMAND_H

#include "daemon/call.h"

/* "client" of "client|list"; no data for a command of its own. */
struct slice command_container(const struct command *row);

/*
 * Calls see (NULL: just counts) for each command and each container once, with
 * its name and its (first) row.  Returns how many there are.
 */
int command_each(struct call *c, void (*see)(struct call *c, struct slice name,
    int row, void *arg), void *arg);

/* The row of a command, a "container|sub" or (its first) a container; -1. */
int command_named(struct slice name);

#endif
