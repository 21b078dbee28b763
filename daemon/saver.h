/*
 * saver - what each step of a snapshot's way is made of
 *
 * A saver locks one slot at a time, and for as long as it copies a part of it;
 * it writes, waits and steps aside without.  What is handed over to it lies in
 * the ring (shm/snap.h), and whoever waits for it is told as soon as that was
 * taken.
 *
 * The saver's own transactions do no more than free what it alone still knows:
 * values that were left to it, nodes of lists that were kept for it.
 *
 * Not here: the order of the way (daemon/save_walk.c), values that are written
 * in several steps (save_large.h).
 */
#ifndef DAEMON_SAVER_H
#define DAEMON_SAVER_H

#include "daemon/save.h"
#include "shm/snap_parts.h"

struct saver {
	const struct birth *birth;
	struct state state;
	struct save *save;
	struct heap_own heap;      /* adopted when there is something to free */
	struct txn txn;
	struct rdb_writer *writer;
	struct snap_out out;
	struct snap_out aside;     /* handed over while a value is written */
	struct snap_parts parts;
	int db;                    /* the file is in, -1: none */
	uint16_t announced;        /* databases whose sizes are told */
	uint8_t logical[STATE_DATABASES];
	uint64_t punched;
	uint64_t granted;          /* read of the ring, as told to writers */
	uint32_t wishes[PROC_WORKERS]; /* numbers of those granted */
	int64_t said_us;
	uint64_t turned;           /* when it last made a break, and */
	uint64_t turn_ticks;       /* so often it does */
};

/*
 * Begins, by what is published.  saver_close(): its memory goes, and no slot is
 * locked.
 */
void saver_open(struct saver *s, const struct birth *b,
    const struct state *state, struct save *save);
void saver_close(struct saver *s);

/* Notes why it failed, unless that is known; false. */
bool saver_fail(struct save *save, const char *why);

/* Alive, and still wanted. */
bool saver_goes_on(struct saver *s);

/* What is written next belongs to an internal database. */
void saver_select_db(struct saver *s, uint32_t internal);

/*
 * Requests that wait for this processor go first: the kernel may see only at a
 * tick, 4 ms apart, that our time is over.  Never with a slot locked.
 */
void saver_step_aside(struct saver *s);

/* Writes a record, whole. */
void saver_write_key(struct saver *s, const struct value *v);

/* Writes what was copied out, and forgets it. */
void saver_write_out(struct saver *s, struct snap_out *out);

/* Something that commands wait for has happened. */
void saver_grant(struct saver *s);

/* Gives back the ring's memory behind us. */
void saver_punch(struct saver *s);

/* Writes what has been handed over; false: it failed. */
bool saver_drain(struct saver *s);

/* Locks a slot; false: the snapshot is not wanted any more. */
bool saver_enter(struct saver *s, uint16_t number);
void saver_leave(struct saver *s);

/* Begins a transaction that frees; no slot is locked. */
void saver_begin_freeing(struct saver *s);

#endif
