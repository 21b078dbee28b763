/*
 * net_load - a worker's share of loading a file (shm/load.h)
 *
 * Done in slices of LOAD_SLICE_US between two rounds of requests, so that PING
 * and INFO are answered.  Nothing of it is logged.
 *
 * The whole file is walked: what belongs to other workers' slots is skipped.
 * So it is with requests (net_replay.h).  Of a snapshot several keys are looked
 * ahead, so that slots, buckets and old records are fetched for all of them at
 * once, and the first worker sums the file up for its check sum.
 *
 * Not here: when and what (daemon/ctl_load.c), values (shm/dump.h).
 */
#ifndef DAEMON_NET_LOAD_H
#define DAEMON_NET_LOAD_H

#include "daemon/net_worker.h"

#define LOAD_SLICE_US 1000

/* Does some of what the published order asks for, if it asks for anything. */
void load_turn(struct worker *w);

/* Whether there is more to do at once. */
bool load_is_busy(const struct worker *w);

/* How far all workers are. */
struct load_progress {
	bool is_loading;
	int64_t since_s;      /* UNIX time */
	uint64_t bytes, done; /* of the file */
	uint64_t keys;
	int64_t eta_s;        /* seconds still to go */
};
void load_progress(const struct worker *w, struct load_progress *p);

#endif
