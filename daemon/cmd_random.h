/*
 * cmd_random - what HRANDFIELD, SRANDMEMBER and ZRANDMEMBER have in common
 *
 * A count above zero wants different elements, one below zero as many as it
 * says, the same several times perhaps.
 *
 * Not here: where chance comes from (call_random() in daemon/call.h).
 */
#ifndef DAEMON_CMD_RANDOM_H
#define DAEMON_CMD_RANDOM_H

#include "daemon/call.h"

/* More than this would not fit into a reply anyway. */
#define CMD_RANDOM_REPEATS (1ll << 27)

/* The count in argument i; false when the error has been replied. */
static inline bool
cmd_random_read_count(struct call *c, int i, int64_t *count)
{
	return call_int_between(c, i, -INT64_MAX, INT64_MAX, count);
}

/*
 * Whether a count below zero is one that can be answered; false when the error
 * has been replied.  redis-server has no such limit and dies of it.
 */
bool cmd_random_may_repeat(struct call *c, int64_t count);

/*
 * Chooses `count` of the numbers 0 .. n - 1, each at most once: at[0 .. count).
 * at[] has room for n.
 */
void cmd_random_choose(struct call *c, uint64_t n, uint64_t count,
    uint64_t *at);

#endif
