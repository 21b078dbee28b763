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

/*
 * Sends what was just written on its way to the disk, and waits for what lies
 * `behind` bytes before it: when such a file is forced to the disk in the end
 * there is little to wait for.  What it reports file_sync may not say again.
 */
int file_push(int fd, uint64_t at, size_t bytes, uint64_t behind);

/* Returns when what was written is on the disk. */
int file_sync(int fd);

/* Gives the file at `from` the name `to`, for good. */
int file_rename(const char *from, const char *to);

/* Writes a small file whole; it keeps the permissions of the old one. */
int file_replace(const char *file, struct slice text);
/* Same, but a power failure may undo it. */
int file_replace_lightly(const char *file, struct slice text);

/* A second name for a file, which another one may have had; or not. */
void file_name_again(const char *file, const char *name);

/* Gives the file at `from` a second name, for good. */
int file_link(const char *from, const char *to);

/* Makes a directory, for good; fine when there is one. */
int file_make_directory(const char *name);

/*
 * Opens a file that grows, to be written at any place; makes it when there is
 * none, for good.  Its descriptor.
 */
int file_open(const char *name);

/*
 * The same file again, written past the kernel's cache: memory, place and
 * length are multiples of FILE_BLOCK.  -errno, also where that is not done.
 */
#define FILE_BLOCK 4096u
int file_open_direct(const char *name);

/* Makes it so long. */
int file_cut(int fd, uint64_t bytes);

/* Writes all bytes at a place. */
int file_write_at(int fd, const char *data, size_t bytes, uint64_t at);

/* Takes it away, if it is there. */
void file_remove(const char *name);

/* --- files of use only for a while -------------------------------------- */

#define FILE_NAME 64

/*
 * The name of such a file, which says whose it is: `node` is the supervisor's
 * process number, `what` a word in small letters.
 */
void file_name_temporary(char name[FILE_NAME], uint32_t node, const char *what,
    uint64_t number);

/*
 * Removes those that nodes left which are no more, or an earlier one with this
 * node's process number; how many.
 */
int file_remove_left(uint32_t node);

#endif
