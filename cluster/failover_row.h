/*
 * failover_row - the rows of failover.def, and what they do
 *
 * The inside of failover.h, for failover.c alone.
 *
 * Not here: what an event means, which goes by its token (failover.c).
 */
#ifndef CLUSTER_FAILOVER_ROW_H
#define CLUSTER_FAILOVER_ROW_H

#include "cluster/failover.h"

/* What an event brought along. */
struct failover_happened {
	enum failover_event event;
	uint64_t number, token;
	struct bus_id by;
	uint32_t lease_ms;         /* of our own, for WORD */
};

/* What the row says; without a row it is refused, or counted. */
void failover_row_happen(struct failover *f,
    const struct failover_happened *h, int64_t now_ms,
    struct failover_steps *out);

/* Whether an operator may give it. */
bool failover_row_is_order(enum failover_event event);

/* A peer is refused, whatever we are doing for another one. */
void failover_row_refuse(struct failover *f,
    const struct failover_happened *h, struct failover_steps *out);

/* Begins an entry of the history. */
void failover_row_open(struct failover *f, bool is_giver, int64_t now_ms);

/* A token that died is never listened to again. */
void failover_row_bury(struct failover *f, uint64_t token);

/* Appends one thing to do. */
struct failover_step *failover_row_add(struct failover *f,
    struct failover_steps *out, enum failover_do what);

#endif
