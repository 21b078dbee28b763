/*
 * net_due - those that wait for a time, the earliest first
 *
 * A heap of parked connections by park.deadline_ms; each knows its place.
 *
 * Not here: what happens when the time has come (net_park.c).
 */
#ifndef DAEMON_NET_DUE_H
#define DAEMON_NET_DUE_H

#include "daemon/net_worker.h"

/* Enters c, whose deadline is set and does not change meanwhile. */
void due_add(struct worker *w, struct conn *c);

/* Takes c out, if it is in. */
void due_remove(struct worker *w, struct conn *c);

/* The earliest, or NULL. */
static inline struct conn *
due_first(const struct worker *w)
{
	return w->dues > 0 ? w->due[0] : NULL;
}

#endif
