/*
 * save_large - records that are written in several steps
 *
 * What is large is pinned and written in steps: some parts or nodes are read or
 * looked up in the locked slot, and written while it is not.  Before each step
 * the ring is emptied, in the locked slot, so that what was handed over is
 * known before it could be read as it is now.
 *
 * Not here: which record is next (daemon/save_walk.c).
 */
#ifndef DAEMON_SAVE_LARGE_H
#define DAEMON_SAVE_LARGE_H

#include "daemon/saver.h"

/*
 * Writes a record of a slot, which is locked at first and not afterwards.  Who
 * changes it meanwhile does not wait.
 */
bool save_large_write(struct saver *s, uint16_t number, const struct value *v);

/*
 * Empties the ring, into memory of ours: a value is in the middle of being
 * written.  May be called with a slot locked.  Who hands over a lot meanwhile
 * waits for our steps.
 */
bool save_large_set_aside(struct saver *s);

/* Writes that, when the value is written; no slot is locked. */
bool save_large_write_aside(struct saver *s);

/* Writers learn whether too much of it is kept. */
void save_large_tell(struct saver *s);

/*
 * Locks the slot that a large value is in by now, with the ring empty; its
 * record, or NULL: it failed.
 */
const struct value *save_large_find(struct saver *s, struct snap_owner *o);

#endif
