/*
 * ctl_disk - nodes.conf is written beside control's loop
 *
 * One version at a time, by a thread: a slow disk delays votes, never
 * heartbeats.  A version is made to last in FILE.sure (twin.h), where that
 * takes a tenth of the time; when nothing more comes for a moment, or at once
 * for who has ordered it, it becomes FILE, and the one before it FILE.old.  One
 * that is not so grave is not forced to the disk.  In good order FILE is all
 * that is left: who edits it while the node is down is obeyed.
 *
 * Not here: what stands in it (cluster/book.h), when (cluster/cluster.h).
 */
#ifndef DAEMON_CTL_DISK_H
#define DAEMON_CTL_DISK_H

#include "daemon/twin.h"

#define CTL_DISK_FILES 4

/* What a predecessor left: maps, which last until ctl_disk_forget(). */
struct ctl_disk_left {
	struct file_map map[CTL_DISK_FILES - TWIN_PLACES + 1];
	/* FILE, FILE.old, both of FILE.sure; data NULL: not there */
	struct slice text[CTL_DISK_FILES];
};

/* Only before ctl_disk_begin(); -errno: FILE can not be read. */
int ctl_disk_read(const char *name, struct ctl_disk_left *left);
void ctl_disk_forget(struct ctl_disk_left *left);

/*
 * Rings this bell when a version is done.  name must stay for good.  -errno:
 * there is no thread.
 */
int ctl_disk_begin(const char *name, int bell);

/* How a version is written. */
enum ctl_disk_how {
	CTL_DISK_LIGHT,            /* it outlasts processes */
	CTL_DISK_SURE,             /* and power failures */
	CTL_DISK_WHOLE             /* and FILE has it when it is done */
};

/* The text must stay until it is done; none may be under way. */
void ctl_disk_write(struct slice text, uint64_t generation,
    enum ctl_disk_how how);

/*
 * Whether one has been done since: its generation, and 0 or -errno; and whether
 * a start would find it, also when it failed.
 */
bool ctl_disk_is_done(uint64_t *generation, int *bad, bool *is_there);

/* Waits for the version under way, ends the thread; FILE is what is left. */
void ctl_disk_end(void);

/* --- something else ---------------------------------------------------- */

#define CTL_DISK_ASIDE 256

/*
 * Replaces another small file for good, after what is in a hurry; one at a
 * time.  name must stay.  False: there is no thread.
 */
bool ctl_disk_aside(const char *name, struct slice text);

/* Whether that has been done since: 0 or -errno. */
bool ctl_disk_aside_is_done(int *bad);

#endif
