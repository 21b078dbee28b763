/*
 * pages - a process that makes huge pages for the heap, and steps aside
 *
 * Making one takes as long as clearing 2 MB, some milliseconds in a guest whose
 * host gives memory when it is touched; and the kernel keeps the maker from
 * changing its own mappings meanwhile, on a busy machine for seconds.  So that
 * is the only thing this process does: control changes what it may write all
 * the time.  It runs when nobody else wants the processor, so a worker on the
 * same core is not held up.  What it has begun is in the way of whoever comes
 * to use it: then control gives it an ordinary share.
 *
 * The first pages are made at an ordinary priority, before there is work.
 *
 * Not here: which pages (region_prepare_next), when (daemon/ctl_pages.h).
 */
#ifndef DAEMON_PAGES_H
#define DAEMON_PAGES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether a process of the node runs like any other, or only when nobody else
 * wants to.  Who may not change that (sched(7), RLIMIT_NICE) leaves it as it
 * is.
 */
void pages_set_share(uint32_t pid, bool is_ordinary);

#endif
