/*
 * ctl_cluster - control's part of the cluster: the deciding code, carried out
 *
 * Holds the view (cluster/view.h), gives it what happens - messages, time,
 * files done, CLUSTER's orders - and does what it wants done: sockets
 * (ctl_bus.h), nodes.conf (ctl_disk.h), the role (ctl_role.h), and what is
 * published: slots in the state, everything else in the map (shm/map.h).
 *
 * A slot is published as served only when that is durable, this node is a
 * primary by the published role, and nothing of a change of role is left to do.
 *
 * A new control begins anew from nodes.conf: nothing that was told is lost.
 *
 * An order is answered when what it changed is durable and every living worker
 * has acknowledged it.
 *
 * Not here: deciding (cluster/), orders (ctl_order.h).
 */
#ifndef DAEMON_CTL_CLUSTER_H
#define DAEMON_CTL_CLUSTER_H

#include "cluster/view.h"
#include "daemon/ctl.h"

/*
 * Begins, where cluster-enabled says so; a descriptor that is readable when
 * there is something to do, or -1.
 */
int ctl_cluster_begin(struct ctl *c);
void ctl_cluster_end(void);

/* Each turn of control's loop. */
void ctl_cluster_turn(struct ctl *c);

/* When the next turn has to be, in ms from now; `most` at the latest. */
int ctl_cluster_wait_ms(int most);

/*
 * Around what changes the view: a step, whose acts are then carried out.  Parts
 * of a letter (daemon/ctl_together.h) are settled with the last of them.
 */
struct view *ctl_cluster_begin_step(struct acts **out);
void ctl_cluster_end_step(void);

/* Whether the nodes take our primary for dead. */
bool ctl_cluster_has_failed_primary(void);

/* Whether our primary holds its writes for a failover, as far as we heard. */
bool ctl_cluster_is_paused(void);

/* The view, or NULL: this is no cluster node. */
const struct view *ctl_cluster_view(void);

/*
 * An order to the failover machine (hand_order()).  is_asked: the question at
 * hand is that order, and is answered.
 */
void ctl_cluster_failover(bool is_asked, enum failover_event order,
    uint16_t to, int64_t timeout_ms);

/* Whether a change of roles waits for the question that is worked on. */
bool ctl_cluster_is_urgent(void);

/* Whether all that the view decided of role and slots is published. */
bool ctl_cluster_is_settled(const struct ctl *c);

/*
 * Instead of ctl_cluster_end_step(), of an order: the question at hand is
 * answered when what was changed is durable and every living worker has
 * acknowledged it.  _empties(): and the data of a replica is gone.
 * _awaits_replicas(): and our replicas know it (cluster/moves.h), or so much
 * time has passed: then the answer is an error, and the order stands.
 */
void ctl_cluster_settle_order(struct ctl *c);
void ctl_cluster_empties(bool empties);
void ctl_cluster_awaits_replicas(int64_t ms);

#endif
