/*
 * snap_parts - large values in a snapshot: what is said of them meanwhile
 *
 * As long as the snapshot does not have the whole value, who changes a part of
 * it (a field with its value, a member, a member with its score) hands over
 * what it was, or that there was none; who gives it another name or time to
 * live hands over its record, the head.  Nobody waits.  The saver reads a few
 * parts at a time in the order of their hashes, with the slot locked, and
 * writes them while it is not.
 *
 *	o = snap_parts_of(p, v, number)   the slot is locked from here ...
 *	snap_parts_add(p, entry)          all that is in the ring
 *	snap_parts_step(o, v, most, &is_last)
 *	                                  ... to here
 *	snap_parts_each(p, o, visit, arg) what is to be written now
 *
 * again and again until is_last.  What was handed over is private memory of
 * the saver: of each part only the first change counts, and it is forgotten
 * when the place of its hash has been passed.  So each part that there was at
 * the cut is written once, as it was, and o->count says how many those are.
 * p->bytes says how much is kept, and left to the saver.
 *
 * What was handed over for a value tells where its record may be: the saver
 * takes it next.  A part of more than SNAP_PART_MAX is not copied: it is left
 * (shm/snap.h), stays as long as anything is known of its value, and counts as
 * if it were kept.
 *
 * Not here: how a command hands over (shm/snap.h), the nodes of lists
 * (shm/chain.h), bytes of a file (shm/dump.h).
 */
#ifndef SHM_SNAP_PARTS_H
#define SHM_SNAP_PARTS_H

#include "shm/snap.h"

/* Of which large value something is said. */
struct snap_about {
	const void *root;     /* its structure: value_large() */
	uint64_t count;       /* parts, before the change; 0: a list */
	uint64_t hash;        /* of its key */
	uint32_t slot;        /* same */
	uint32_t spare;
};

/* What an entry of the form SNAP_PART has in `text`. */
struct snap_part {
	struct snap_about about;
	uint64_t hash;        /* of the part's name */
	uint32_t is_new;      /* there was none: data is a name */
	uint32_t name_at, name_bytes; /* in data */
	uint32_t spare;
	uint64_t bytes;       /* of data */
	const void *left;     /* it lies there; NULL: here */
	char data[];          /* the dict's block */
};

/* One of the form SNAP_HEAD: where it goes, and the record as it was. */
struct snap_head {
	struct snap_about about;
	uint64_t to_hash;
	uint32_t to_slot, spare;
	char record[];
};

struct snap_held;

/* What the saver knows of one large value. */
struct snap_owner {
	struct snap_owner *next;
	const void *root;
	struct snap_place {
		uint64_t hash;
		uint32_t slot;
	} *place;             /* where its record may be */
	uint32_t places;
	uint32_t now;         /* index of the one where it was seen last */
	uint32_t moves;       /* since then, perhaps */
	/* its record at the cut; NULL: nothing was said of it yet */
	struct value *head;
	uint64_t count;       /* parts at the cut */
	uint64_t written;
	uint64_t passed;      /* hash below which all is written */
	bool is_passed;       /* all is */
	struct snap_held **held, *due;
	uint64_t helds;
	unsigned bits;        /* of the hash that select in held */
	struct snap_out out;  /* of the last step */
};

/* Zero at first. */
struct snap_parts {
	struct snap_owner *first;
	uint64_t bytes;       /* of parts that are kept */
};

/*
 * Keeps what an entry says (SNAP_PART, SNAP_HEAD), unless it is known already.
 * False: no memory.
 */
bool snap_parts_add(struct snap_parts *p, const struct snap_entry *e);

/*
 * What is known of v, a large value in a locked slot; o->head is its record at
 * the cut from here on.  NULL: no memory.
 */
struct snap_owner *snap_parts_of(struct snap_parts *p, const struct value *v,
    uint32_t slot);

/*
 * Reads some more of a value with parts, a bit more than `most` bytes, whose
 * slot is locked, after all that lies in the ring was added.  False: no memory.
 */
bool snap_parts_step(struct snap_owner *o, size_t most, bool *is_last);

/*
 * Each block that is to be written now, once; the slot need not be locked, but
 * the value pinned.
 */
void snap_parts_each(struct snap_parts *p, struct snap_owner *o,
    void (*visit)(void *arg, const void *block), void *arg);

/* Whether something is known of the value with this structure. */
bool snap_parts_know(const struct snap_parts *p, const void *root);

/* Forgets one value. */
void snap_parts_drop(struct snap_parts *p, struct snap_owner *o);

#endif
