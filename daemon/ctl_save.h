/*
 * ctl_save - when snapshots are taken, and what becomes of them
 *
 * One at a time, for one job (state.h).  All stand still for the cut; then a
 * saver is wanted, and all go on; when it has ended, its result is published.
 * Every step is in the published state, so a new control goes on with it.
 *
 * A caller in control asks with ctl_save_ask() and looks at the row of its job
 * in the published state until `done` has reached the number it was given.
 *
 * Not here: taking it (daemon/save.c).
 */
#ifndef DAEMON_CTL_SAVE_H
#define DAEMON_CTL_SAVE_H

#include "daemon/ctl.h"

/*
 * Wants a snapshot in `file`, a name in the node's directory; returns the
 * number of the request.  One that has not begun yet serves all who ask: its
 * file stays what the first one wanted.
 */
uint64_t ctl_save_ask(struct ctl *c, enum state_job job, const char *file);

/*
 * A failover goes before: a snapshot that is being saved is given up, and
 * begins anew when that is over; until then none is begun.  Those for replicas
 * and for the append-only file go on.
 */
void ctl_save_put_off(struct ctl *c);

/* Goes on with what there is to do; once a turn. */
void ctl_save_turn(struct ctl *c);

/* What a dead saver leaves to the others; the region is writable. */
void ctl_save_mend(void);

/* A new control's: what its predecessor had begun. */
void ctl_save_recover(struct ctl *c);

/*
 * Whether the node may end now.  Not before a last snapshot, where there are
 * save rules; when that fails, the end is refused.
 */
bool ctl_save_before_end(struct ctl *c);

/* Questions: BGSAVE, SAVE; SHUTDOWN that is to save. */
void ctl_save_ask_background(struct ctl *c, bool may_schedule);
void ctl_save_ask_and_wait(struct ctl *c);
void ctl_save_ask_shutdown(struct ctl *c);

/* Whether there are save rules. */
bool ctl_save_has_rules(const struct options *o);

#endif
