/*
 * ctl_fact - what the deciding code has to know of its own node
 *
 * Options become view.config; what the processes here have published - the
 * log's end, the link to the primary, histories, the recovery lock - becomes
 * view.fact, before each step.  Nothing is done here, and nothing else of the
 * view changes.  view.fact.unix_offset_ms is control's, set once.
 *
 * data_shard is the shard whose data are here, or will be.
 *
 * Not here: what happens to the node (the events of ctl_cluster.c).
 */
#ifndef DAEMON_CTL_FACT_H
#define DAEMON_CTL_FACT_H

#include "cluster/view.h"
#include "daemon/ctl.h"

/* When options may have changed. */
void ctl_fact_configure(const struct ctl *c, struct view *view);

/*
 * Before a step.  While the role is the view's (is_settled) and the link is up,
 * the data are the primary's: *data_shard.
 */
void ctl_fact_gather(const struct ctl *c, struct view *v,
    struct bus_id *data_shard, bool is_settled);

/* The primary is of another shard than what is here. */
bool ctl_fact_is_strange(const struct view *v,
    const struct bus_id *data_shard);

#endif
