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
 *   the ring      small records handed over, for the saver.  Writers: workers
 *                 under `lock`; seen by the one store of `end`.  `got`, in the
 *                 saver's area, is how far it has read; both count bytes for
 *                 ever.  Most of the ring is never used at the same time and so
 *                 does not exist.
 *   taken         of a large value, in its own structure, wherever its record
 *                 goes: the snapshot's serial number when it has been taken, or
 *                 is younger than the cut.  Writers: who makes it; the saver
 *                 under the lock of the slot that it is in.
 *   pin           what the saver is reading without the slot's lock: a record,
 *                 or a large value's structure.  Writer: the saver, set under
 *                 the slot's lock; control when it is dead.
 *   left          of each slot: values that have left it as a whole, and long
 *                 parts that have left a value in it, while the snapshot wanted
 *                 them.  Writers: who holds the slot's lock.  The saver writes
 *                 them and frees them; those of snapshots that were given up
 *                 too, in a sweep.
 *   broken        serial of a snapshot that has been given up: the saver ends,
 *                 nobody hands over any more.  Writers: anybody.
 *
 * Nobody waits with a slot locked, and hardly anybody waits:
 *
 *   - of a large hash, set or sorted set the parts that change are handed over,
 *     one by one (snap_parts.h); a long one is left, and another one takes its
 *     place;
 *   - a large list keeps the nodes of the cut beside its own (chain.h);
 *   - a long string that is to change is left, and a copy of it changes; so is
 *     a small value whose key is that long;
 *   - what goes as a whole (deleted, overwritten, its time is over), and is not
 *     small, is left to the saver with all that belongs to it;
 *   - when a large value gets another name or time to live, its record is
 *     handed over as it was: the head.
 *
 * So whoever writes copies no more than the size of its own command and what
 * SNAP_COPY_MAX and SNAP_PART_MAX say, but for a string that it changes in
 * place.  What remains is no memory for what has to be said: then a worker
 * takes its command back, wishes that the saver takes the value now, and runs
 * the command again when that is done; readers go on.  When too much lies in
 * the ring, commands that write wait before they enter a slot, so that it holds
 * at most a batch of each worker more.
 *
 * What is told of a long part is where it lies.  That is right also when the
 * command is taken back afterwards, and the part is in its place again: whoever
 * changes or frees it, while the snapshot wants its value, leaves it.  But a
 * part that was made by the same command is not there any more then: it is
 * never told of, and need not be, for it is younger than the cut.
 *
 * A worker that dies between handing over and the stamp has named the record
 * in its journal: mending stamps it.  What a transaction that is taken back has
 * handed over remains right: it is the value that comes back.
 *
 * Not here: who wants a snapshot (daemon/ctl_save.c), where it is written
 * (daemon/save.c), how commands wait (daemon/net_park.c).
 */
#ifndef SHM_SNAP_H
#define SHM_SNAP_H

#include "shm/value.h"

#define SNAP_MAGIC 0x736e61702d6f6e65ull
#define SNAP_BYTES (2ull << 30)       /* of the ring: address space */
#define SNAP_SLACK 64                 /* bytes behind the ring */
#define SNAP_COPY_MAX (128u << 10)    /* a record that is copied */
#define SNAP_TIGHT (64ull << 10)      /* in the ring while is_tight */
#define SNAP_PART_MAX (128u << 10)    /* a part that was there, same */
#define SNAP_EPOCHS 15

enum snap_form { SNAP_RECORD, SNAP_FILL, SNAP_PART, SNAP_HEAD };

struct snap_entry {
	uint64_t bytes;      /* with this head, a multiple of 8 */
	uint32_t form;       /* enum snap_form; SNAP_FILL is nothing */
	uint32_t db;         /* internal number */
	char text[];         /* struct value, or as snap_parts.h says */
};

/*
 * A value that has left its slot, or a part that has left its value; a block of
 * its own, as is the record, or the part.
 */
struct snap_left {
	struct snap_left *next;
	struct value *v;     /* NULL: a part */
	uint64_t serial;     /* of the snapshot that wants it */
	const void *root;    /* the structure that the part was in */
	uint64_t hash;       /* of its name */
	const void *part;
};

/* The saver's side, in its area. */
struct snap_reader {
	uint64_t got;        /* read of the ring */
	/* goes up when the ring has room again, or a wish was granted */
	uint64_t grants;
	const void *pin;
	/* the saver has kept a lot: less may lie in the ring */
	uint32_t is_tight;
};

/*
 * What a worker wishes that the saver takes next, in the worker's area: a
 * large record at `hash`.  `number` is another one for each wish, written last.
 */
struct snap_wish {
	uint64_t hash;
	uint32_t slot, number;
	/* the worker has commands that wait, and wants its bell rung */
	uint32_t is_waiting;
};

struct snap {
	uint64_t magic;
	char *ring;
	uint64_t bytes;
	const struct snap_reader *reader;
	struct snap_left **left; /* of each slot */
	uint32_t broken;
	uint32_t lock __attribute__((aligned(64)));
	uint64_t end;
	uint64_t handed;     /* entries, since the region was made */
};

/*
 * Makes an empty ring at `ring`, SNAP_SLACK bytes longer than it says; `left`
 * has a row for each slot.
 */
void snap_init(struct snap *s, char *ring, uint64_t bytes,
    const struct snap_reader *reader, struct snap_left **left);

/* The stamp of a snapshot. */
static inline uint8_t
snap_epoch(uint32_t serial)
{
	return (uint8_t)(serial % SNAP_EPOCHS + 1);
}

/* --- workers, in a locked slot, while txn.snap_serial is not 0 --------- */

/* txn.why of a command that is to run again when the saver has granted. */
extern const char snap_wait[];

/*
 * A command that may change it has found v.  What is small is handed over now.
 */
void snap_before(struct txn *t, const struct key *k, struct value *v);

/* Whether v, which is neither large nor short, may not change where it lies. */
bool snap_must_stay(const struct txn *t, const struct key *k,
    const struct value *v);

/*
 * v goes from its slot, with all it has.  True: it is the snapshot's now, and
 * is not to be freed.
 */
bool snap_leave(struct txn *t, const struct key *k, struct value *v);

/*
 * The large value v gets another time to live, or goes to another key `to`,
 * both of which are locked.
 */
void snap_before_head(struct txn *t, const struct key *k,
    const struct value *v, const struct key *to);

/*
 * A part of v, which has parts, is about to change or to go: `block`; or NULL:
 * one of that name is added.  True: the block is the snapshot's now, neither to
 * be changed nor to be freed; it has to go from v, and another one may come.
 */
bool snap_before_part(struct txn *t, const struct key *k,
    const struct value *v, uint64_t hash, const void *block,
    struct slice name);

/*
 * Whether a large value's structure, of which the last snapshot that has taken
 * it is known, is wanted as it was.
 */
bool snap_wants_root(const struct txn *t, const void *root, uint32_t taken);

/* The stamp of a record that is made at k. */
uint8_t snap_birth_stamp(const struct txn *t, const struct key *k);

/* The slot is about to lose all keys of a database: too much to hand over. */
void snap_flushed(struct txn *t, const struct slot *slot);

/* Whether writers should wait: more lies in the ring than that. */
bool snap_is_crowded(const struct snap *s, uint32_t serial, uint64_t most);

/* Control: what a dead worker was handing over; its slots are still locked. */
void snap_mend(struct journal *j, const struct snap *s);

/* --- the saver --------------------------------------------------------- */

/* Private memory, zero at first, free(data) at the end. */
struct snap_out {
	char *data;
	size_t used, room;
};

/* Room for so much more; `first` bytes at least.  False: no memory. */
bool snap_make_room(struct snap_out *out, size_t more, size_t first);

/*
 * Passes one part of a locked slot, from *cursor (0 at first) on: appends
 * entries for the records that belong to the snapshot, and moves *cursor; 0
 * when all is passed.  False: no memory.  What is not small in it is to be
 * taken before.
 */
bool snap_pass(struct slot *slot, uint32_t serial, uint64_t *cursor,
    struct snap_out *out);

/*
 * Records of a locked slot that the snapshot has yet to get, and that are not
 * small: one of the part from `cursor` on, the one at a hash, the one that has
 * `root`, or one that was left, with `root` (or NULL).  NULL: there is none.
 */
const struct value *snap_find(const struct slot *slot, uint32_t serial,
    uint64_t cursor);
const struct value *snap_find_at(const struct slot *slot, uint32_t serial,
    uint64_t hash);
const struct value *snap_find_root(const struct slot *slot, uint64_t hash,
    const void *root);
const struct value *snap_find_left(const struct snap_left *left,
    uint32_t serial, const void *root);

/*
 * Pins such a one: it stays as it is until snap_unpin() says that the snapshot
 * has it, in the locked slot that it is in by then.
 */
void snap_pin(const struct value *v, struct snap_reader *r);
void snap_unpin(uint32_t serial, struct value *v, struct snap_reader *r);

/*
 * Frees what was left and is not wanted any more, in two steps: its blocks are
 * entered in the transaction; then, in the locked slot, it is taken out of the
 * list.
 */
void snap_free_left(struct txn *t, struct snap_left *e);
void snap_unlink_left(struct txn *t, struct snap_left **list,
    struct snap_left *e);

/* A copy of an entry at the end of out; false: no memory. */
bool snap_keep(struct snap_out *out, const struct snap_entry *e);

/* The same without a snapshot: clears stamps. */
void snap_sweep(struct slot *slot, uint64_t *cursor);

/*
 * The next entry handed over, or NULL; it is valid until the reader moves its
 * position with snap_done().
 */
const struct snap_entry *snap_next(const struct snap *s, uint64_t *got);
void snap_done(const struct snap_entry *e, uint64_t *got);

#endif
