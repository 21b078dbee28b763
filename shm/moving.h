/*
 * moving - keys of ours that another node may have as well
 *
 * Writer:   whoever has the slot locked, in a transaction
 * Readers:  whoever has the slot locked; moving_next() anybody, as a hint
 * Life:     an entry is a block in its slot's list.  It outlives the worker
 *           that made it, and is gone with the region
 *
 * A key of a slot that is on its way to another node is entered before it is
 * sent there, and taken out in the very transaction that removes it here, or
 * when the other node has said that it does not have it.  So
 *
 *   no entry         the key is here or there, not on both sides
 *   an entry         what is here holds.  Whether the key is here or was
 *                    deleted, clients are served here, and sent to nobody for
 *                    it; what the other node has of it is deleted there
 *
 * and whoever dies, the journal settles which of these it is.  A name with an
 * entry is one of those that tools must wait for before the slot is given away.
 *
 * A key has one entry: before it is sent to another node, what the first one
 * has is deleted there.
 *
 * `mover` says who acts upon an entry: the ticket of a move.  Another one to
 * the same place may take it over; then the first one, if it lives and has only
 * been slow, removes nothing here.
 *
 * Entries are in no file, and replicas do not have them.  When the whole node
 * ends, or a replica takes its role over, between the target's answer and the
 * end of the transaction here, the copy stays at the target, as it does with
 * redis-server.  It could be deleted there by nobody who knows less than the
 * dead one did: the removal may have been lost with it, and then what the
 * target has is the key, with writes that it has acknowledged since.
 *
 * Not here: who enters (daemon/net_carry.c), who sees to what the dead left
 * (daemon/net_tidy.c).
 */
#ifndef SHM_MOVING_H
#define SHM_MOVING_H

#include "proto/bus.h"
#include "shm/slot.h"

#define MOVING_MAGIC 0x6d6f76696e67206bull
#define MOVING_MAX 256  /* of one slot */

/*
 * Where a copy may be.  Nobody's password stays in the region: who asks there
 * later says his own.
 */
struct moving_place {
	struct slice host, port;
	struct bus_id node;  /* where the slot was to go; zeros: not known */
	int64_t db;          /* there */
	bool needs_auth;     /* the mover had to say a password */
};

struct moving {
	uint64_t magic;
	struct moving *next;
	uint64_t mover;
	uint64_t hash;       /* of the key */
	int64_t again_ms;    /* nobody asks there before, UNIX time */
	uint32_t tries;      /* how often it was asked there in vain */
	uint32_t db;         /* internal, here */
	struct slice name;   /* these are in `text` */
	struct moving_place place;
	char text[];
};

struct movings {
	/* bit i: one of the 256 slots from 256 * i on may have entries */
	uint64_t some;
	struct moving *first[SLOT_COUNT];
};

/* The entry of a key, or NULL. */
struct moving *moving_find(const struct key *k);

/* How many a slot has. */
int moving_count(unsigned slot);

/* Enters a key that has no entry; the slot has fewer than MOVING_MAX. */
void moving_add(struct txn *t, const struct key *k,
    const struct moving_place *to, uint64_t mover);

/* Takes an entry out. */
void moving_remove(struct txn *t, unsigned slot, struct moving *d);

/* A slot from `slot` on that has entries, or SLOT_COUNT: none has any. */
unsigned moving_next(unsigned slot);

#endif
