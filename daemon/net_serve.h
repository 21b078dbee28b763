/*
 * net_serve - one request from the gate to its reply
 *
 *   gate -> lock its slots -> run -> log -> commit -> let go -> tell the others
 *
 * The locks of a request are taken in ascending order, all before it runs; of
 * a transaction (EXEC) those of all its commands and watched keys.
 *
 * Not here: what a command does (cmd_*.c), who may run (net_gate.c).
 */
#ifndef DAEMON_NET_SERVE_H
#define DAEMON_NET_SERVE_H

#include "daemon/net_worker.h"

/* Serves one request: replies, or parks its connection. */
void serve_request(struct worker *w, struct request *q);

/*
 * For who serves what the gate does not judge (struct conn_duty): makes
 * w->call of a request whose command is known; runs it; keeps it for EXEC,
 * false when there is no memory.
 */
void serve_begin(struct worker *w, struct request *q);
void serve_run(struct worker *w, struct request *q);
bool serve_keep(const struct request *q);

/*
 * The command being served left by txn_abort(): takes everything back and
 * replies why.
 */
void serve_aborted(struct worker *w);

/*
 * EXEC: runs what the connection has queued, as one transaction; or parks the
 * connection, and nothing has happened.
 */
void serve_queue(struct call *c);

#endif
