/*
 * net_gate - the only place that answers: may this request run here, now?
 *
 * Looks at the request, its session and the published state; changes nothing
 * but the reply (of a refusal) and MULTI's mark that it is broken.
 *
 * Not here: running it (net_serve.c).
 */
#ifndef DAEMON_NET_GATE_H
#define DAEMON_NET_GATE_H

#include "daemon/net_worker.h"

enum gate_verdict {
	GATE_SERVE,    /* run it */
	GATE_QUEUE,    /* MULTI is open: keep it for EXEC */
	GATE_PAUSE,    /* CLIENT PAUSE holds it */
	GATE_REFUSE    /* the error is replied */
};

/*
 * Whether the request may run here and now; what it is refused with has been
 * replied.
 */
enum gate_verdict gate_judge(struct worker *w, const struct request *q);

/*
 * The request's error has been replied, from w->reply_mark on; a transaction
 * that is being queued is broken by it.  An EXEC that is refused says so in its
 * own words and ends the transaction.
 */
enum gate_verdict gate_refused(struct worker *w, const struct request *q);

/* Bytes that values take in the whole region. */
uint64_t gate_used_bytes(void);

#endif
