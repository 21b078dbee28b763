/*
 * shift - whole slots go to another node, with writes held for milliseconds
 *
 * The source's control asks the target's, by the bus; a worker of the source
 * copies keys (daemon/net_ship.h); what the data plane has to do follows from
 * the state (shift_tells()), and what it has done is told by shift_event().
 *
 * Who may write: the source, until it has made durable that it gives the slots;
 * from then on nobody, until the target has made durable that it claims them
 * and it is shown that nobody else may (proof.h).  The source takes them back
 * only when the target says that it never will, or is dead, and then under an
 * epoch later than the one that it gave, and has to be shown the same.
 *
 * Between nodes of ours only; one move at a time, others wait for their turn.
 *
 * Not here: what shows it (proof.h), copying (daemon/net_ship.c), publishing
 * (daemon/ctl_shift.c).
 */
#ifndef CLUSTER_SHIFT_H
#define CLUSTER_SHIFT_H

#include "cluster/view.h"

enum shift_event {
#define EVENT(name, words) SHIFT_ON_##name,
#include "cluster/shift.def"
	SHIFT_EVENTS
};

/* What the workers are told. */
enum shift_tells { SHIFT_NOTHING, SHIFT_CARRY, SHIFT_STOP, SHIFT_DRAIN,
	SHIFT_HOLD, SHIFT_TAKE, SHIFT_PROVE, SHIFT_DROP };

/* The row of a state and an event; to is a state, -1: there is none. */
struct shift_row {
	int to;
	const char *because;
};
struct shift_row shift_row(enum shift_state state, enum shift_event event);

/* What a state tells the workers. */
enum shift_tells shift_tells(enum shift_state state);
/* Whether it is one of the source's. */
bool shift_is_source(enum shift_state state);
/* Its word in CLUSTER GETSLOTMIGRATIONS. */
const char *shift_word(enum shift_state state);

/* Enters it; shift_refusal() had nothing against it. */
void shift_want(struct view *v, const struct bus_id *to,
    const uint8_t *slots);

/* Ends all that may still be ended; false: there was none. */
bool shift_cancel(struct view *v, struct acts *out);

/*
 * What the data plane has done.  `number` of SEEN: the log's end; of a target,
 * the pass that who brings keys has to show.
 */
void shift_event(struct view *v, enum shift_event event, uint64_t number,
    const char *why, struct acts *out);

/* The worker that copies has moved on. */
void shift_moved(struct view *v);

/* An OWN message of node i about a move. */
void shift_heard(struct view *v, uint16_t i, const struct bus_packet *p,
    struct acts *out);

/* At the end of each step: what has changed by time or by claims. */
void shift_look(struct view *v, struct acts *out);

/* What came for a predecessor: it is deleted, unless it is ours. */
void shift_recover(struct view *v, const uint8_t *slots);

/*
 * Something was given, or taken and not shown to be ours, before this control
 * began; its slots are in the job.
 */
void shift_revive(struct view *v);

#endif
