/*
 * twin - a text of which the last version is always whole on the disk
 *
 * One file has two places of the same length, made once and written in turn:
 * to overwrite a block that is there needs no change of the file system, so
 * one write and one flush make a text last.  Who renames a new file waits for
 * the file system's journal as well, which takes ten times as long.
 *
 *   place   a line - the text's number and length, and the crc64 of all that
 *           - and the text
 *
 * The place that is not written holds the last version that was forced to the
 * disk, whatever happens to the other one.  Of two whole ones the later number
 * counts.
 *
 * Not here: what the text says.
 */
#ifndef DAEMON_TWIN_H
#define DAEMON_TWIN_H

#include "daemon/file.h"

#define TWIN_PLACES 2

struct twin {
	const char *name;          /* the caller's, which stays */
	int fd;                    /* -1: not open */
	size_t room;               /* of a place */
	unsigned next;             /* the place that is written next */
};

/* Opens the file, or makes it.  -errno. */
int twin_open(struct twin *t, const char *name);

/*
 * Writes a version; is_forced: returns when it lasts.  Else it outlasts this
 * process, and the last one that was forced outlasts a power failure.  -errno,
 * and then the one before it is still there.
 */
int twin_write(struct twin *t, struct slice text, uint64_t number,
    bool is_forced);

/* Once more does no harm. */
void twin_close(struct twin *t);

/* The text in one place of a file that was mapped; false: none is whole. */
bool twin_read(const struct file_map *m, unsigned place, struct slice *text,
    uint64_t *number);

#endif
