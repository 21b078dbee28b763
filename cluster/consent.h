/*
 * consent - whether this node may take its primary's role, or give its own away
 *
 * Refusals are whole error texts, in Redis's words where it has some.
 *
 * Not here: what follows (failover.def), voters (vote.h).
 */
#ifndef CLUSTER_CONSENT_H
#define CLUSTER_CONSENT_H

#include "cluster/view.h"

/*
 * Why we do not take over; NULL: we may.  Planned, all has to be there, and
 * what is missing of the data has to come within so many milliseconds.
 */
const char *consent_why_not_take(const struct view *v, bool is_planned,
    int64_t ms);

/* Why we do not give our role to node `to`; VIEW_NOBODY: there is nobody. */
const char *consent_why_not_give(const struct view *v, uint16_t to);

/* Of our replicas that might get our role the one with the most data. */
uint16_t consent_best_heir(const struct view *v);

/* Whether there is a majority without our primary, whose word may be had. */
bool consent_may_be_elected(const struct view *v);

#endif
