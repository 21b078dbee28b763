/*
 * net_target - a connection to another node to which keys are moved
 *
 * Who has one writes requests into conn->out (conn_mark() sends them) and hears
 * the answers, a line each: nothing that is asked there has another answer.
 * Given back in good order, it is kept for the next one with the same host and
 * port, with the database that was last selected.
 *
 * A host that is a name is looked up meanwhile (lookup.h), and has no
 * connection until it is found.
 *
 * Not here: what is moved (net_move.c).
 */
#ifndef DAEMON_NET_TARGET_H
#define DAEMON_NET_TARGET_H

#include "daemon/lookup.h"
#include "daemon/net_worker.h"

#include <sys/socket.h>

#define TARGET_HOST 256
#define TARGET_PORT 32
#define TARGET_BYTES 4096   /* the longest line */
#define TARGET_KEPT_MS 10000

enum target_end { TARGET_UNKNOWN, TARGET_REFUSED, TARGET_CLOSED,
	TARGET_BABBLES };

/* What its user is told; never from within a call below. */
struct target_user {
	void (*connected)(void *arg);
	void (*heard)(void *arg, struct slice line);
	/* The connection ended, and is gone. */
	void (*ended)(void *arg, enum target_end how);
};

struct target {
	struct target *next;     /* of the worker's */
	struct lookup *lookup;   /* its name is looked up: it has no conn */
	struct conn *conn;
	struct worker *worker;
	const struct target_user *user;  /* NULL: it is kept, or ends */
	void *arg;
	bool is_connected, was_kept, is_gone;
	int64_t db;              /* selected there, -1: unknown */
	int64_t kept_ms;
	struct sockaddr_storage address;
	char host[TARGET_HOST], port[TARGET_PORT];
	size_t used;
	char data[TARGET_BYTES];
};

/*
 * One that is kept, which is connected, or (`anew` or none is kept) one that is
 * being connected; NULL: there is no room for connections.
 */
struct target *target_take(struct worker *w, const char *host,
    const char *port, bool anew, const struct target_user *user, void *arg);

/* Gives it back in good order: nothing is on its way. */
void target_keep(struct worker *w, struct target *t);

/* Ends it; its user hears nothing any more. */
void target_drop(struct worker *w, struct target *t);

/*
 * Drops those that were kept for long enough, goes on with those whose names
 * are looked up; true when there are such.
 */
bool target_turn(struct worker *w);

/* How many are kept. */
int target_count_kept(const struct worker *w);

#endif
