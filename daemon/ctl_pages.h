/*
 * ctl_pages - when huge pages are made (daemon/pages.h)
 *
 * There is a process for it as long as `huge-pages` is on and the kernel has
 * some; control wakes it when the heap's use has come closer to where the
 * prepared pages end, and hurries it when the use comes too close.
 *
 * Not here: how they are made (daemon/pages.c).
 */
#ifndef DAEMON_CTL_PAGES_H
#define DAEMON_CTL_PAGES_H

#include "daemon/ctl.h"

#define CTL_PAGES_MS 10

/* Called again within CTL_PAGES_MS while it returns true: work is under way. */
bool ctl_pages_turn(const struct ctl *c);

#endif
