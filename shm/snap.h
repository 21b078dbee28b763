/*
 * snap - snapshots: all keys as they were at one instant, without a fork
 *
 * While all workers stand still, control publishes that a snapshot is being
 * taken: that instant is its cut.  A saver then walks through the slots, part
 * by part in the order of hashes (dict_scan_segment), and takes each record
 * that is still as it was.  A worker that is about to change a record in a part
 * that has not been passed yet hands the old one over first.  So each key that
 * there was at the cut comes to the saver exactly once, as it was.
 *
 *   slot.saved    bits 1-31 the snapshot's serial number, bits 32-63 the upper
 *                 half of the hash up to which it has passed; bit 0: all of the
 *                 slot.  Writer: the saver, under the slot's lock.
 *   stamp         of a record, in a part not passed: the snapshot's epoch when
 *                 it has been handed over, or is younger than the cut.
 *                 Writers: who holds the slot's lock.  The saver clears the
 *                 stamps of a part when it passes; those of snapshots that were
 *                 given up too, and it sweeps before an epoch comes again.
 *   the ring      entries handed over, for the saver.  Writers: workers under
 *                 `lock`; seen by the one store of `end`.  `got`, in the
 *                 saver's area, is how far it has read; both count bytes for
 *                 ever.  Most of the ring is never used at the same time and so
 *                 does not exist.
 *   broken        serial of a snapshot that has been given up: the saver ends,
 *                 nobody hands over any more.  Writers: anybody.
 *
 * A worker that dies between handing over and the stamp has named the record
 * in its journal: mending stamps it.  What a transaction that is taken back has
 * handed over remains right: it is the value that comes back.
 *
 * An entry is a copy of a small record, or a large one as RDB (version 10),
 * because what is large lies in blocks that change.
 *
 * Not here: who wants a snapshot (daemon/ctl_save.c), where it is written
 * (daemon/save.c).
 */
#ifndef SHM_SNAP_H
#define SHM_SNAP_H

#include "shm/value.h"

#define SNAP_MAGIC 0x736e61702d6f6e65ull
#define SNAP_BYTES (2ull << 30)       /* of the ring: address space */
#define SNAP_SLACK 64                 /* bytes behind the ring */
#define SNAP_WAITING_MAX (32ull << 20) /* more makes writers wait */
#define SNAP_EPOCHS 15
#define SNAP_VERSION 10               /* of RDB */
#define SNAP_NAPS 5000                /* of txn.nap: about a second */

enum snap_form { SNAP_RECORD, SNAP_DUMP, SNAP_FILL };

struct snap_entry {
	uint64_t bytes;      /* with this head, a multiple of 8 */
	uint32_t form;       /* enum snap_form; SNAP_FILL is nothing */
	uint32_t db;         /* internal number */
	uint64_t text_bytes; /* of what follows */
	char text[];         /* struct value, or a record of an RDB file */
};

struct snap {
	uint64_t magic;
	char *ring;
	uint64_t bytes;
	const uint64_t *got;
	uint32_t broken;
	uint32_t lock __attribute__((aligned(64)));
	uint64_t end;
	uint64_t handed;     /* entries, since the region was made */
};

/*
 * Makes an empty ring at `ring`, SNAP_SLACK bytes longer than it says; got is
 * the reader's position.
 */
void snap_init(struct snap *s, char *ring, uint64_t bytes,
    const uint64_t *got);

/* The stamp of a snapshot. */
static inline uint8_t
snap_epoch(uint32_t serial)
{
	return (uint8_t)(serial % SNAP_EPOCHS + 1);
}

/* --- workers, in a locked slot, while txn.snap_serial is not 0 --------- */

/* v is about to change. */
void snap_before(struct txn *t, const struct key *k, struct value *v);

/* The stamp of a record that is made at k. */
uint8_t snap_birth_stamp(const struct txn *t, const struct key *k);

/* The slot is about to lose all keys of a database: too much to hand over. */
void snap_flushed(struct txn *t, const struct slot *slot);

/* Control: what a dead worker was handing over; its slots are still locked. */
void snap_mend(struct journal *j, const struct snap *s);

/* --- the saver --------------------------------------------------------- */

/* Private memory for entries; zero at first, free(data) at the end. */
struct snap_out {
	char *data;
	size_t used, room;
};

/*
 * Passes one part of a locked slot, from *cursor (0 at first) on: appends
 * entries for the records that belong to the snapshot, and moves *cursor; 0
 * when all is passed.  False: no memory.
 */
bool snap_pass(struct slot *slot, uint32_t serial, uint64_t *cursor,
    struct snap_out *out);

/* The same without a snapshot: clears stamps. */
void snap_sweep(struct slot *slot, uint64_t *cursor);

/*
 * The next entry handed over, or NULL; it is valid until the reader moves its
 * position with snap_done().
 */
const struct snap_entry *snap_next(const struct snap *s, uint64_t *got);
void snap_done(const struct snap_entry *e, uint64_t *got);

#endif
