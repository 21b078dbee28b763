/*
 * ready - replies that are made once and sent many times
 *
 * What all clients ask for when they connect, all of them at once after a
 * failover: the table of commands, nodes and slots of the cluster.  A worker
 * keeps such a reply until what it was made of has another version; how often
 * it made one, INFO says (kept_replies_made).
 *
 * Not here: what they say (daemon/cmd_command.c, cmd_cluster.c).
 */
#ifndef DAEMON_READY_H
#define DAEMON_READY_H

#include "daemon/call.h"

/* One of a pair, for RESP2 and for RESP3; all zero at first. */
struct ready {
	uint64_t version;          /* 0: nothing is kept */
	int64_t form;
	char *text;
	size_t bytes;
};

/*
 * Replies what was made of this version in this form before, or has make(c,
 * of) reply, and keeps it.  Versions begin with 1.
 */
void ready_reply(struct call *c, struct ready by_resp[2], uint64_t version,
    int64_t form, void (*make)(struct call *c, const void *of),
    const void *of);

#endif
