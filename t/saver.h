/*
 * saver - the work of a saver, one step a call
 *
 * What daemon/save_walk.c does with its slots, its ring and what was left, in
 * steps small enough that a test can change keys between any two of them.  The
 * snapshot comes into a bag, saver.got; saver.was is what the slots held at
 * the cut.
 *
 *	saver_open(g, ring_bytes);    once per process
 *	saver_cut();                  a snapshot begins, and the last one is
 *	                              forgotten; workers get saver.serial
 *	saver_step(); ... saver_finish();
 *	saver_close();
 *
 * Not here: who changes keys (unit_snap.c), savers that are processes
 * (t/py/i0010, k0020, k0022).
 */
#ifndef T_SAVER_H
#define T_SAVER_H

#include "shm/snap_parts.h"
#include "t/bag.h"
#include "t/ground.h"

/* Where one snapshot is: saver_cut() begins with nothing. */
struct saver_walk {
	struct snap_out out;
	uint32_t slot, wished;
	uint64_t cursor;
	struct snap_parts parts;
	struct snap_owner *owner;   /* of what is pinned and large */
	struct value *value;        /* that is pinned, else */
	struct rdb_writer list;     /* of which there is so much */
	const struct node *node, *next;
	uint64_t pinned, parted, lefts; /* how often */
	bool is_over;
};

struct saver {
	struct ground *ground;
	struct snap snap;               /* what workers need to know of it */
	struct snap_reader reader;
	struct snap_wish wish;          /* of the one worker */
	struct snap_left *left[SLOT_COUNT];
	uint32_t serial;
	struct bag was, got;
	struct saver_walk walk;
	struct txn txn;                 /* only frees */
	struct heap_own own;
};
extern struct saver saver;

/* As process 1 of that ground; no snapshot is being taken. */
void saver_open(struct ground *g, uint64_t ring_bytes);

/* A snapshot begins now; what there was of the last one is forgotten. */
void saver_cut(void);

/* A part, or a bit of a large value, whichever a saver would take next. */
void saver_step(void);

/* All that lies in the ring. */
void saver_drain(void);

/* A bit of what is pinned, or the end of it. */
void saver_write_pinned(void);

/* Something that was left in a slot: it is pinned, or freed. */
void saver_take_left(uint32_t number);

/* All steps that are left, and what was left meanwhile. */
void saver_finish(void);

/* Frees what saver_open() and the snapshots took. */
void saver_close(void);

#endif
