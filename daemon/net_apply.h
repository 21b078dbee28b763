/*
 * net_apply - a stream of commands is executed, our primary's or a file's
 *
 * What is applied passes no gate; its replies are dropped; keys whose time is
 * over are there until the stream deletes them.
 *
 *   a primary's  the bytes of each command (MULTI to EXEC counts as one) go
 *                into the log as they came, by the commit of their own
 *                transaction: the log's end is the primary's offset that has
 *                been applied, whoever dies when.  What changes nothing is
 *                logged too.
 *   a file's     nothing is logged
 *
 * A command that fails (a wrong type) is counted and told; the stream goes on,
 * as it did where it comes from.  What we can not execute - an unknown command,
 * no memory - stops it before that command.
 *
 * Not here: where the bytes come from (net_link.c, net_load.c).
 */
#ifndef DAEMON_NET_APPLY_H
#define DAEMON_NET_APPLY_H

#include "daemon/net_worker.h"

#define APPLY_WHY 256

struct apply {
	struct conn *conn;
	bool is_logged;      /* a primary's */
	bool is_bare;        /* the connection is our own */
	bool is_framed;      /* the form of requests has been looked at */
	bool is_inside;      /* a transaction of it is open */
	bool is_in_doubt;    /* it has stopped: did control do the last one? */
	bool wants_ack;      /* REPLCONF GETACK came; whoever acts clears it */
	/* database of the stream behind what was read, and was applied */
	int db, applied_db;
	uint64_t bytes;      /* applied since the beginning */
	uint64_t commands, errors;
	int64_t told_ms;     /* when an error was logged */
	struct { char *data; size_t used, room; } unit; /* from MULTI on */
	/* not empty: it has stopped, for good */
	char why[APPLY_WHY];
};

/*
 * A stream in database `db` that comes over c, whose duty calls apply_serve(),
 * apply_aborted() and apply_answered() with it; or from a file: c is NULL.
 */
void apply_open(struct apply *a, struct worker *w, struct conn *c, int db);
void apply_close(struct apply *a);

/*
 * The next bytes: what is whole of them is executed now, the rest is kept; all
 * of it while the stream waits for control (SWAPDB) or a snapshot.  The bytes
 * may be changed.
 */
void apply_bytes(struct apply *a, char *data, size_t bytes);

/*
 * The duty of a stream's connection: one request, which is executed, kept for
 * EXEC, or parked; the one at which its transaction was taken back, which comes
 * again when a snapshot was in its way; what control answered to one, as RESP.
 * What can not be applied stops the stream: why[] is the reason then.
 */
void apply_serve(struct apply *a, struct worker *w, struct request *q);
void apply_aborted(struct apply *a);
void apply_answered(struct apply *a, struct slice answer);

#endif
