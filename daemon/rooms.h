/*
 * rooms - private memory that is given back all at once
 *
 * What a reader of a snapshot needs for strings that do not lie in the file as
 * they are.
 *
 * Not here: memory of the region (shm/heap.h).
 */
#ifndef DAEMON_ROOMS_H
#define DAEMON_ROOMS_H

#include <stddef.h>

struct rooms {
	struct room *first; /* NULL: none; zeroed is well */
};

/* One more; `arg` is a struct rooms.  NULL: there is no memory. */
void *rooms_make(void *arg, size_t bytes);

/* Gives all of them back; it may be used again. */
void rooms_free(struct rooms *r);

#endif
