/*
 * cluster - one step of the deciding code
 *
 * (view, event, now) -> (view, acts).  Nothing outside is called, so the same
 * events give the same acts.  The caller carries out all acts of a step before
 * the next one, and gives a TICK when v->due_ms is reached.
 *
 * Durable before told: a change that others must be able to rely on makes an
 * ACT_SAVE, one at a time; until SAVED nobody is told.  So there is nothing
 * that a caller could get wrong by dying between two acts.
 *
 * An order (order.h, hand_order()) goes between cluster_begin() and
 * cluster_settle(), as a step of its own.
 *
 * Not here: sockets and files (daemon/), the simulator (t/sim).
 */
#ifndef CLUSTER_CLUSTER_H
#define CLUSTER_CLUSTER_H

#include "cluster/view.h"

enum cluster_kind {
#define EVENT(id, words) CLUSTER_##id,
#include "cluster/event.def"
	CLUSTER_KINDS
};

struct cluster_event {
	enum cluster_kind kind;
	uint64_t wire;             /* LINK_..., PACKET */
	bool is_closed;            /* LINK_DOWN: the peer's kernel said so */
	bool is_unwritten;         /* SAVE_FAILED: what was, is */
	/* SAVED, SAVE_FAILED; HELD, LOCKED, LOCK_REFUSED, LEVEL, TURNED */
	uint64_t generation;
	uint64_t number;           /* HELD */
	const void *data;          /* PACKET: one whole message */
	size_t bytes;
	const char *from_ip, *own_ip; /* PACKET: of its socket */
};

/* One whole step. */
void cluster_step(struct view *v, const struct cluster_event *e,
    int64_t now_ms, struct acts *out);

/* The beginning and the end of a step around an order. */
void cluster_begin(struct view *v, int64_t now_ms, struct acts *out);
void cluster_settle(struct view *v, struct acts *out);

#endif
