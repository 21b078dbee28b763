/*
 * fail - who is silent, who says so, and who is dead
 *
 * PFAIL is this node's own opinion: a ping has been without an answer, and the
 * node silent on all wires, for longer than the node timeout; or its host has
 * refused connections for a while, which a host does only when nobody listens.
 * FAIL is a majority's: voters report whom they suspect, each report is good
 * for twice the timeout.  Who counts enough of them tells everybody.
 *
 * FAIL ends when the node answers; for a primary that still has slots and has a
 * replica that may be taking them only after the time of an election.
 *
 * Not here: what a replica does about it (vote.h).
 */
#ifndef CLUSTER_FAIL_H
#define CLUSTER_FAIL_H

#include "cluster/view.h"

/* A voter says, or no longer says, that node `of` is silent. */
void fail_report(struct view *v, uint16_t of, uint16_t by, bool is_silent,
    struct acts *out);

/* Whether a primary has a replica that is there and may take its place. */
bool fail_has_heir(const struct view *v, uint16_t primary);

/* How many voters say so now, without ourselves. */
unsigned fail_reports(const struct view *v, uint16_t of);

/* Somebody found a majority for it. */
void fail_mark(struct view *v, uint16_t i, struct acts *out);

/* Node i has answered. */
void fail_answered(struct view *v, uint16_t i, struct acts *out);

/* Its host refused a connection. */
void fail_refused(struct view *v, uint16_t i, struct acts *out);

/*
 * Whether the processes that ran there are no more: their kernel closed our
 * link, and then nobody listened.
 */
bool fail_is_gone(const struct view *v, uint16_t i);

/* Looks at node i's times. */
void fail_look(struct view *v, uint16_t i, struct acts *out);

#endif
