/*
 * area - the part of the region that one process writes
 *
 * Writer:   its process; control, when that one is dead, while it mends
 * Readers:  everybody
 * Life:     as long as the region: the next process at this index goes on with
 *           it after control has mended
 *
 * Nearly all of it is never used and so does not exist.
 *
 * Not here: making it read-only for others (shm/region.c).
 */
#ifndef SHM_AREA_H
#define SHM_AREA_H

#include "shm/aof.h"
#include "shm/conns.h"
#include "shm/feeds.h"
#include "shm/hold.h"
#include "shm/journal.h"
#include "shm/link.h"
#include "shm/load.h"
#include "shm/mail.h"
#include "shm/proc.h"
#include "shm/stat.h"
#include "shm/slow.h"
#include "shm/snap.h"
#include "shm/state.h"
#include "shm/subs.h"

#define AREA_WAITS 65536     /* a power of two; at most half are used */

/*
 * A client that waits for a key to have a value of some type: a row of a table
 * in which it is looked for from hash % AREA_WAITS on, up to a row that was
 * never used (hash 0).  `hash` tells key and type; it is written before
 * `ticket`, and ticket 0 means that the row is free.  Tickets come from
 * region's next_ticket, no two are the same: who waits longest has the
 * smallest.
 */
struct wait {
	uint64_t hash;
	uint64_t ticket;
};

/* What a saver has done (daemon/save.c); written anew by the next one. */
struct save {
	struct snap_reader reader;
	uint32_t birth;             /* whose work this is */
	uint32_t is_done;           /* all is written */
	uint64_t keys, bytes;       /* written so far */
	uint64_t slots;             /* passed */
	uint64_t handed;            /* keys that writers handed over */
	char why[128];              /* it failed */
};

/* Of the process that makes huge pages (daemon/pages.h). */
struct pages_report {
	uint64_t at;                /* the one being made, or the next */
	uint32_t is_at_work;
	uint32_t is_without;        /* the kernel has none */
};

struct area {
	struct proc proc;
	char last_words[320];       /* why it ended, if it could say so */
	/* This process's shares; the sums over all are what counts. */
	int64_t keys[STATE_DATABASES];
	int64_t expires[STATE_DATABASES];
	uint64_t heap_bytes;        /* of blocks taken in own spans */
	uint64_t changes;           /* records logged */
	struct save save;
	struct snap_wish wish;      /* a worker's */
	uint64_t answers_got;       /* position in control's answers to us */
	struct stats stats;
	struct link link;           /* a worker's, to our primary */
	struct load_report load;
	struct feeds feeds;         /* a worker's, of replicas */
	struct holds holds;         /* a worker's */
	struct ship_report ship;    /* same */
	struct aof_report aof;      /* the logger's */
	struct pages_report pages;
	struct mailbox asks;        /* to control */
	struct slow slow;
	struct wait wait[AREA_WAITS];
	struct conns conns;
	struct subs subs;           /* a worker's, of its clients */
	uint32_t counts_slots;      /* a worker's: something was counted */
	struct stat_slot slot[KEYSLOT_COUNT] __attribute__((aligned(4096)));
	struct journal journal __attribute__((aligned(4096)));
};

#endif
