/*
 * progress - how far a node's loads, snapshots and synchronisations are
 *
 * Not here: the same in INFO (daemon/cmd_info.c).
 */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include "ctl/peek.h"

/*
 * A line with a bar for each; on a terminal they are drawn again until nothing
 * goes on any more, elsewhere only when `waits`, once a second.
 */
int progress_show(pid_t pid, bool waits);

#endif
