/*
 * health - cluster_state: ok or fail
 *
 * It is ok while this node hears from a majority of the voters (itself among
 * them) and, with cluster-require-full-coverage, every slot has an owner that
 * is not FAIL, or has a replica that may take its place any moment: for one
 * node timeout clients of other shards need not know.  A primary that had lost
 * the majority, or has just started, waits a moment when it is there: what it
 * missed comes first.
 *
 * Not here: what CLUSTER INFO counts (daemon/cmd_cluster_info.c).
 */
#ifndef CLUSTER_HEALTH_H
#define CLUSTER_HEALTH_H

#include "cluster/view.h"

/* Looks again; the view is changed when the state is another one. */
void health_look(struct view *v, struct acts *out);

#endif
