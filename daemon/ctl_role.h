/*
 * ctl_role - whom this node follows, and which worker has the link
 *
 * A role changes in steps, each published and acknowledged by every living
 * worker before the next:
 *
 *	primary -> replica   nobody writes any more; then the link begins, or at
 *	                     once when nothing is logged until it does
 *	replica -> primary   the link has ended; then the log's end is where the
 *	                     new replication id begins
 *	replica -> replica   the link has ended; then another begins
 *
 * What is intended is published before it is done, so a new control goes on
 * with it.
 *
 * A full synchronisation makes the published replid empty before anything of
 * the old data goes, and sets it when the new data is there: who finds an empty
 * one asks for a full one again.
 *
 * Not here: the link (daemon/net_link.c), loading (daemon/ctl_load.c).
 */
#ifndef DAEMON_CTL_ROLE_H
#define DAEMON_CTL_ROLE_H

#include "daemon/ctl.h"

/* Questions (shm/mail.def). */
void ctl_role_ask(struct ctl *c, const struct slice *argv, int argc);
void ctl_role_ask_continue(struct ctl *c, const struct slice *argv, int argc);
void ctl_role_ask_load(struct ctl *c, const struct slice *argv, int argc);

/*
 * The question that is being worked on makes the node follow a primary; or be
 * one.  `then` ends it when every living worker has acknowledged that.  Not
 * while a load is on (ctl_load_is_on).  is_own: it is known to be an Almandine.
 * is_still: all hold their writes until they hear of this, so that the stream
 * is asked for at once.
 */
void ctl_role_follow(struct ctl *c, const char *host, uint16_t port,
    bool is_own, bool is_still, void (*then)(struct ctl *c));
void ctl_role_promote(struct ctl *c, void (*then)(struct ctl *c));

/*
 * The first half of it, when that it will be a primary is about to be made
 * durable: the link ends, and state.next_replid is what the id will be.  Or it
 * does not come to that.
 */
void ctl_role_detach(struct ctl *c);
void ctl_role_stay(struct ctl *c);

/* The link begins anew, in another worker. */
void ctl_role_begin_anew(struct ctl *c);

/* Whether the worker that asks has the link, and under this serial. */
bool ctl_role_has_link(const struct ctl *c, struct slice serial);

/* Each turn of control's loop: somebody has the link, if there is to be one. */
void ctl_role_turn(struct ctl *c);

/* Whether that waits for nothing but workers. */
bool ctl_role_is_due(const struct ctl *c);

/* A process died. */
void ctl_role_lost(struct ctl *c, int index);

/* A new control's: goes on with what its predecessor intended. */
void ctl_role_recover(struct ctl *c);

#endif
