/*
 * ctl_load - a data set is loaded from a file (shm/load.h): when, and what
 * comes of it
 *
 *	phase NONE -> RUNS      ordered; the gate refuses what needs data
 *	RUNS -> RESTS           all workers are done; everybody stands still
 *	                        while the log is set to the file's offset
 *	RESTS -> NONE           clients are served
 *
 * When a worker reports that the file is damaged, what was loaded is dropped (a
 * second order that only flushes); at the start the node ends instead.
 *
 * The state of it all is what is published, so a new control goes on.
 *
 * Not here: reading (daemon/net_load.c).
 */
#ifndef DAEMON_CTL_LOAD_H
#define DAEMON_CTL_LOAD_H

#include "daemon/ctl.h"

/*
 * Who is told of the end, by cause: in c->loaded[cause], set by whoever loads
 * for that cause when control begins (also a new one).  why is NULL when the
 * data set is there, else a sentence; then there are no keys.
 */

/* An order with nothing in it yet; the caller fills in file, form, ... */
struct load_order ctl_load_order(enum load_cause cause);

/*
 * Flushes and loads as *order says; nothing else may be loading.  Returns
 * -errno when there is no such file: nothing happens then.
 */
int ctl_load_begin(struct ctl *c, const struct load_order *order);

/* Whether clients are refused because of a load. */
bool ctl_load_is_on(const struct ctl *c);

/* Whether nobody may be asked to stand still now: we do that. */
bool ctl_load_rests(const struct ctl *c);

/* Each turn of control's loop. */
void ctl_load_turn(struct ctl *c);

/* A new control's: goes on. */
void ctl_load_recover(struct ctl *c);

#endif
