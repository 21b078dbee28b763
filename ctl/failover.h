/*
 * failover - what a node tells of its failovers, for people
 *
 *	almandinectl failover status|history [--host H] [--port P] ...
 *
 * It asks CLUSTER FAILOVER STATUS or HISTORY; each failover is three lines:
 * what it was and how it ended, between whom, and how many milliseconds each
 * step took.
 *
 * Not here: ordering one (redis-cli CLUSTER FAILOVER).
 */
#ifndef CTL_FAILOVER_H
#define CTL_FAILOVER_H

#include <stdbool.h>

/* Asks the node there; password may be NULL.  The exit code. */
int failover_show(const char *host, const char *port, const char *password,
    bool is_history);

#endif
