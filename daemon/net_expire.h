/*
 * net_expire - finding keys whose time is over and that nobody touches
 *
 * Each worker walks its share of the slots (number modulo workers) hz times a
 * second and looks only into those where something may have expired.  What
 * takes longer than EXPIRE_BUDGET_US goes on after a pause, so that it takes a
 * share of the worker's time and no client waits long.
 *
 * A slot that was looked through at once knows afterwards when its next key
 * expires.  One that took several turns is looked through again after as long a
 * time as that took, at the latest.
 *
 * Not here: keys that are found expired by commands (shm/slot.c).
 */
#ifndef DAEMON_NET_EXPIRE_H
#define DAEMON_NET_EXPIRE_H

#include <stdbool.h>
#include <stdint.h>

struct worker;

/* Where a worker is in its walk; all zero at first. */
struct net_expire {
	int64_t next_us;    /* steady time of the next turn */
	uint32_t step;      /* how many of its slots it has done */
	bool is_inside;     /* the slot at step goes on at cursor */
	uint64_t cursor;
	int64_t least_ms;   /* earliest expiry met in it so far */
	int64_t began_ms;
};

/*
 * Does some of it if it is time to (now: clock_steady_us()), and counts the
 * keys that have expired since the last turn.
 */
void net_expire_turn(struct worker *w, int64_t now);

#endif
