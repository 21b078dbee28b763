/*
 * ctl_aof - the append-only file: on and off, and when it is rewritten
 *
 * A rewrite's steps are those of shm/aof.h: the logger lists a new INCR file,
 * a snapshot is taken (ctl_save.h, which says at its cut that this file begins
 * there), the logger lists the snapshot as BASE.  A rewrite that fails leaves
 * what there was, and one INCR file more.
 *
 * When the file is turned on, or a replica has got other data, nothing there is
 * true of the log: is_fresh, and a rewrite begins until one succeeds.
 *
 * A rewrite that is asked for while the file is off makes one of a BASE alone,
 * for whoever turns it on at a start; control lists it, there is no logger.
 *
 * Not here: the start (ctl_load.c, ctl_parts.c), the logger (aof.c).
 */
#ifndef DAEMON_CTL_AOF_H
#define DAEMON_CTL_AOF_H

#include "daemon/ctl.h"

/*
 * What is to be published follows the option appendonly, unless the node loads;
 * whether that changed something.
 */
bool ctl_aof_follow(struct ctl *c);

/* Once a turn. */
void ctl_aof_turn(struct ctl *c);

/*
 * Whether the node may end now: a file that was turned on needs its first BASE.
 */
bool ctl_aof_before_end(const struct ctl *c);

/* What a dead logger leaves; the region is writable. */
void ctl_aof_mend(void);

/* The question BGREWRITEAOF. */
void ctl_aof_ask_rewrite(struct ctl *c);

#endif
