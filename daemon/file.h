/*
 * file - the only door to files of data
 *
 * Names are relative to the directory the node works in (`dir`).
 *
 * Not here: the log (daemon/log.h), the configuration (daemon/settings.h).
 */
#ifndef DAEMON_FILE_H
#define DAEMON_FILE_H

#include "proto/slice.h"

/* A file as memory, to be read. */
struct file_map {
	const char *data;
	size_t bytes;
};

/*
 * Maps a whole file that nobody will make shorter; -errno.  It is expected to
 * be read once, from its beginning.
 */
int file_map(struct file_map *m, const char *name);
void file_unmap(struct file_map *m);

/* How long a file is; -errno (-ENOENT: there is none). */
int64_t file_bytes(const char *name);

/* --- writing ----------------------------------------------------------- */

/*
 * A file that must be whole or not there is written under a temporary name,
 * forced to the disk and renamed.  All return -errno when they fail.
 */

/* Makes an empty file; its descriptor. */
int file_create(const char *name);

/* Appends all bytes. */
int file_write(int fd, const char *data, size_t bytes);

/* Returns when what was written is on the disk. */
int file_sync(int fd);

/* Gives the file at `from` the name `to`, for good. */
int file_rename(const char *from, const char *to);

/* Takes it away, if it is there. */
void file_remove(const char *name);

#endif
