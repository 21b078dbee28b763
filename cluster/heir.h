/*
 * heir - who has just taken over is not alone with what it acknowledges
 *
 * Who gave its role away by its own word follows in milliseconds, and would be
 * the primary again if the new one died.  Until then the new one is the only
 * node that has what it wrote.  So for HEIR_MS the reply of a write waits until
 * a replica has acknowledged it, as by min-replicas-to-ack 1:
 *
 *   From a takeover by the old primary's word until HEIR_MS after it, a write
 *   is acknowledged when a second node has it; so that whoever dies alone, and
 *   whenever, takes no acknowledged write along (I3, and one more death).
 *
 * That gives way to going on.  Replies go as they would without this, and not
 * as errors, when HEIR_MS are over, whatever the old primary does; and at once
 * when it is suspected or its host refuses connections.
 *
 * After an election or TAKEOVER nobody is waited for, nor for a Redis, which
 * acknowledges once a second.
 *
 * Not here: how replies wait (daemon/net_commit.h).
 */
#ifndef CLUSTER_HEIR_H
#define CLUSTER_HEIR_H

#include "cluster/view.h"

/*
 * It follows in a few; this is for a busy machine.  And a node that was wanted
 * to take over may die 200 ms after that was accepted (README.md), which was
 * before it took over.  A reply waits no longer than that, either.
 */
#define HEIR_MS 300

/* The node that follows, by its word, this one that takes over; or nobody. */
uint16_t heir_find(const struct view *v);

/* Whether node i, which was found, may still come. */
bool heir_may_come(const struct view *v, uint16_t i);

#endif
