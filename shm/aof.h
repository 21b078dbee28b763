/*
 * aof - the log on its way into the append-only file
 *
 * The order is published by control (shm/state.h), the report is the logger's,
 * in its area.  Offsets are those of the log (shm/log.h).  An INCR file holds
 * the log's bytes as they are: the byte of offset o lies at start + (o - from).
 *
 * A rewrite, step by step; each is published before the next begins:
 *
 *   listed   the logger makes an empty INCR file and lists it in the manifest
 *   place    at the cut of the snapshot for the new BASE: this file begins
 *            there; the logger ends the old one at that byte
 *   based    the snapshot is whole: the logger lists it in the place of all
 *            that is older, which is removed then
 *
 * is_fresh: what was before this BASE is not the log's data, so nothing is
 * listed, and nothing counts as durable, until it is there.
 *
 * Whoever finds bytes beyond place.from in the log finds the order too: it is
 * published while all stand still.  The log keeps everything from `durable` on
 * (log_pin), also while there is no logger.
 *
 * Not here: the files (daemon/aof.c), what is decided (daemon/ctl_aof.c).
 */
#ifndef SHM_AOF_H
#define SHM_AOF_H

#include "shm/word.h"

/* Where an INCR file has the bytes of the log. */
struct aof_place {
	uint64_t incr;   /* the file's number; 0: none */
	uint64_t from;   /* offset at which it begins, */
	uint64_t start;  /* at this byte of the file; what is before */
	int32_t db;      /* selects this database */
};

/*
 * Bytes that select a database, before the log's in a file that begins in the
 * midst of a stream.
 */
static inline uint64_t
aof_head_bytes(int db)
{
	return db <= 0 ? 0 : db < 10 ? 23 : 24;
}

enum aof_step { AOF_REST, AOF_LIST, AOF_SNAP, AOF_BASE_LIST };

struct aof_order {
	bool is_on;
	bool is_fresh;
	/* of a rewrite; control's own from here on */
	uint32_t step;           /* enum aof_step: what is waited for */
	uint64_t asked, begun;   /* how many were */
	uint64_t job;            /* number of its snapshot */
	bool has_failed;         /* the last one */
	uint32_t failures;       /* since the last that succeeded */
	int64_t begun_ms;        /* UNIX time; of this one, or the last */
	int64_t took_ms;         /* the last one; 0: there was none */
	int64_t retry_ms;        /* not before */
	int64_t rest_ms;         /* same, because it has grown */
	/* the logger's */
	uint64_t listed; /* the newest INCR that is to be in the manifest */
	uint64_t based;  /* the newest BASE; what is older is to be gone */
	struct aof_place place;
};

/* Writer: the logger.  What outlives it is its successor's. */
struct aof_report {
	/* offset up to which the disk has it; waiting replies look at this */
	uint64_t durable __attribute__((aligned(64)));
	uint64_t written;        /* same, the kernel */
	struct aof_place place;  /* written to now */
	/* seldom changed */
	uint64_t listed __attribute__((aligned(64))); /* done */
	uint64_t based;          /* done */
	uint64_t bytes;          /* of all files in the manifest */
	uint64_t base_bytes;     /* same, when the last rewrite had ended */
	uint64_t delayed;        /* syncs that took longer than a second */
	uint64_t lost;           /* INCR whose bytes the log does not have */
	uint32_t error;          /* errno of what fails now, 0: nothing */
};

#endif
