/*
 * pages - huge pages for the heap, made by a thread that steps aside
 *
 * Making one takes as long as clearing 2 MB, some milliseconds in a guest whose
 * host gives memory when it is touched.  Control has a thread for it which
 * runs when nobody else wants the processor, so a worker on the same core is
 * not held up.  What the thread has begun is in the way of whoever comes to use
 * it: then it gets an ordinary share.
 *
 * The first pages are made at an ordinary priority, before there is work.
 *
 * Not here: which pages (region_prepare_next), when to look (daemon/ctl.c).
 */
#ifndef DAEMON_PAGES_H
#define DAEMON_PAGES_H

#include "shm/word.h"

#define PAGES_MS 10

/*
 * Looks whether there is something to make, and wakes the thread; the first
 * call begins it.  Called again within PAGES_MS while it returns true: there is
 * work under way.
 */
bool pages_turn(void);

/* Before the end of the process: waits for the page under way. */
void pages_end(void);

#endif
