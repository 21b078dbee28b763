/*
 * ctl_mend - makes whole what a dead process left half done
 *
 * In this order, each step harmless when done twice, because control may die
 * as well:
 *
 *   1. the bytes of its transaction are finished or taken back (txn_judge);
 *      its locks are still its own, so nobody sees anything of it
 *   2. its slots are let go: others go on
 *   3. blocks are freed that it took in vain or had given up (txn_mend), and
 *      the heap's locks are let go
 *   4. its interest in slots, its waiting clients and its connections are
 *      forgotten, its unread questions dropped
 *   5. mended[] says so: only then its successor is forked
 *
 * The whole region is writable for control meanwhile.
 *
 * Not here: who is dead (daemon/sup.c), what a journal says (shm/journal.h).
 */
#ifndef DAEMON_CTL_MEND_H
#define DAEMON_CTL_MEND_H

#include "shm/region.h"

/*
 * A new control's first act: finishes what its predecessors were mending,
 * except for their locks.
 */
void ctl_mend_begin(void);

/* Whether somebody is dead and not yet mended; his index, or -1. */
int ctl_mend_next(void);

/* Mends what the dead process at an index left; `name` is ours. */
void ctl_mend_process(int index, uint32_t name);

/* After all others are mended: lets go our predecessors' locks. */
void ctl_mend_predecessors(void);

#endif
