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
	GATE_PAUSE,    /* writes, or all, have to wait (net_pause.h) */
	GATE_CROWDED,  /* a snapshot has to take what it was given first */
	GATE_UNHEARD,  /* it says something: subscribers have to catch up */
	GATE_STOPPED,  /* its slots are being handed over, to others or us */
	GATE_LATE,     /* the append-only file has to come after first */
	GATE_REFUSE    /* the error is replied */
};

/*
 * The logger is so far behind that writes wait, GATE_LATE_MS at a time: in
 * bytes; by the age of what the kernel does not have, so that the node's death
 * costs no more; with everysec by that of what the disk does not have, too.
 */
#define GATE_LATE_BYTES (256ull << 20)
#define GATE_WRITTEN_MS 1000
#define GATE_DURABLE_MS 2000
#define GATE_MARK_MS 100     /* to which that is exact */
#define GATE_LATE_MS 2

/* Once a turn: how the append-only file is. */
void gate_turn(struct worker *w);

/* Once a batch: whether this node itself keeps any request from running. */
void gate_batch(struct worker *w);

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

/* Messages to subscribers; they may be logged, too. */
bool gate_is_publish(const struct command *command);

/* Bytes that values take in the whole region. */
uint64_t gate_used_bytes(void);

#endif
