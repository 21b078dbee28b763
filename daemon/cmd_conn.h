/*
 * cmd_conn - what commands about connections share
 *
 * Not here: connections themselves (daemon/net_conn.h).
 */
#ifndef DAEMON_CMD_CONN_H
#define DAEMON_CMD_CONN_H

#include "daemon/net.h"

/* The Redis whose behaviour clients may expect. */
#define CONN_REDIS_VERSION "7.2.0"

/* Whether s may be a name: printable, without spaces. */
bool conn_is_word(struct slice s);

/* Names the connection; false when the error is replied. */
bool conn_set_name(struct call *c, struct slice name);

#endif
