/*
 * save - the saver: takes one snapshot and ends
 *
 * What it is to do stands in the published state (struct state_snap), what it
 * has done in its area (struct save).  It holds a slot's lock only while it
 * copies a part of the slot; writing, compressing and waiting for the disk it
 * does without.
 *
 * The walk (save_walk) knows no file: where the bytes go is up to the flush()
 * of its writer.
 *
 * Not here: when snapshots are taken, what becomes of them (daemon/ctl_save.c);
 * how old values come to the saver (shm/snap.h).
 */
#ifndef DAEMON_SAVE_H
#define DAEMON_SAVE_H

#include "daemon/birth.h"
#include "daemon/file.h"
#include "proto/rdb_write.h"
#include "shm/region.h"

/* The temporary name under which the saver with a birth number writes. */
void save_name_temporary(uint32_t birth, char name[FILE_NAME]);

/*
 * Writes the snapshot of the published state through w, header and end
 * included.  False when it was given up, or w is broken; why in save->why.
 */
bool save_walk(const struct birth *b, const struct state *s,
    struct rdb_writer *w, struct save *save);

/*
 * Clears what snapshots have left behind that were given up: stamps of records,
 * and values that wait for a saver.  False when it was not all.
 */
bool save_sweep(const struct birth *b, const struct state *s,
    struct save *save);

#endif
