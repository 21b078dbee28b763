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

#endif
