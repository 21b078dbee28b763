/*
 * kept - what outlives control of what it decides, and INFO shows
 *
 * Writer:   control, after each step that changed it
 * Readers:  the next control, which goes on with it; INFO and CLUSTER INFO
 * Life:     as long as the region; all zero before the first
 *
 * Two copies and a version in control's page (shm/region.h): version v lies in
 * copy v & 1, so a control that dies half way has written nothing, and who
 * finds the version unchanged after its copy has a whole one.
 *
 * Times are of the steady clock, which goes on when control dies; starts of
 * failovers are told by unix_offset_ms.
 *
 * Not here: what it means (cluster/failover.h, lock.h, ensure.h).
 */
#ifndef DAEMON_KEPT_H
#define DAEMON_KEPT_H

#include "cluster/ensure.h"
#include "cluster/failover.h"
#include "cluster/lock.h"
#include "shm/region.h"

struct kept {
	int64_t unix_offset_ms;    /* UNIX time minus the steady clock's */
	struct failover failover;
	struct lock lock;
	struct ensure ensure;
};

_Static_assert(sizeof(struct kept) <= REGION_KEPT_BYTES,
    "what is kept has room in the region");

/* Control's: writes it, unless it is what stands there. */
void kept_write(const struct kept *k);

/* A whole copy. */
void kept_read(struct kept *to);

#endif
