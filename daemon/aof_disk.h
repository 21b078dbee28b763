/*
 * aof_disk - the logger's files: directory, manifest, the INCR file at hand
 *
 * Every step is a new manifest, written aside, forced to the disk and renamed;
 * whoever dies in between leaves files that no manifest names, which are
 * overwritten when their number comes again.  All return 0 or -errno; what
 * failed is asked for again.
 *
 * Not here: the bytes of the log (daemon/aof.c), what is to be done
 * (shm/aof.h).
 */
#ifndef DAEMON_AOF_DISK_H
#define DAEMON_AOF_DISK_H

#include "daemon/aof_list.h"
#include "shm/state.h"

struct aof_disk {
	struct aof_list list;      /* what the manifest on the disk says */
	bool is_open;
	int fd;                    /* the INCR file of place, -1: none */
	int direct;                /* same (file_open_direct()), or negative */
	struct aof_place place;
	uint64_t other_bytes;      /* of all other files that are listed */
};

/* Reads the manifest; makes directory. */
int aof_disk_open(struct aof_disk *d, const struct options *o);

/* The INCR file of a number is there, and in the manifest if is_listed. */
int aof_disk_make(struct aof_disk *d, const struct options *o, uint64_t seq,
    bool is_listed);

/*
 * Goes on in an INCR file from offset `durable` of the log on; what was behind
 * that is cut off.
 */
int aof_disk_take(struct aof_disk *d, const struct options *o,
    const struct aof_place *place, uint64_t durable, bool is_listed);

/*
 * The BASE of a number is listed in the place of all that is older than the
 * INCR file `incr` (is_fresh: of everything else), which goes.
 */
int aof_disk_base(struct aof_disk *d, const struct state *s, uint64_t seq,
    uint64_t incr, bool is_fresh);

/* The manifest says what stream this is. */
bool aof_disk_knows(const struct aof_disk *d, const struct state *s);
int aof_disk_name_stream(struct aof_disk *d, const struct state *s);

/* Where an offset lies in the file at hand. */
static inline uint64_t
aof_disk_at(const struct aof_disk *d, uint64_t offset)
{
	return d->place.start + (offset - d->place.from);
}

/* Writes past the kernel's cache are not done here after all. */
void aof_disk_close_direct(struct aof_disk *d);

/* Forgets everything; the next step is aof_disk_open(). */
void aof_disk_close(struct aof_disk *d);

#endif
