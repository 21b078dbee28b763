/*
 * migrate - a replica goes to a primary that has lost all of its own
 *
 * With cluster-allow-replica-migration: when a primary that had replicas has
 * none that is well for some seconds, the replica with the smallest id of the
 * shard with the most goes there, if its own primary keeps
 * cluster-migration-barrier.
 *
 * Not here: CLUSTER REPLICATE (order.h).
 */
#ifndef CLUSTER_MIGRATE_H
#define CLUSTER_MIGRATE_H

#include "cluster/view.h"

/* Looks, at most once a second. */
void migrate_look(struct view *v, struct acts *out);

#endif
