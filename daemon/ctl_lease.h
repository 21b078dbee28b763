/*
 * ctl_lease - leases, kept where control's death does not end them
 *
 * What the deciding code (cluster/lease.h) says is written into the region:
 * until when workers may acknowledge writes, whom this node granted leases, and
 * what CLUSTER INFO shows of it.  A new control goes on with that.
 *
 * Not here: who may have one (cluster/lease.c), what workers do at its end
 * (daemon/net_pause.c).
 */
#ifndef DAEMON_CTL_LEASE_H
#define DAEMON_CTL_LEASE_H

#include "cluster/view.h"
#include "daemon/ctl.h"

/*
 * Before the view's first step; nothing may be written until that says so, or
 * a predecessor's word still holds.
 */
void ctl_lease_begin(struct ctl *c, struct view *v);

/* The act GRANT; LEASE is ctl_hold_set_lease(). */
void ctl_lease_grant_is(const struct bus_id *to, int64_t until_ms);

/* What is shown. */
void ctl_lease_show(const struct view *v);

#endif
