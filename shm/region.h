/*
 * region - the one struct that holds everything shared
 *
 * Made by the supervisor before it forks, mapped at PLACE_BASE in every
 * process, gone with the last of them.  Parts, each on pages of its own:
 *
 *   head       supervisor, before the first fork; then nobody
 *   sup        supervisor
 *   state      control
 *   ctl        control
 *   fault      everybody, in builds with fault points; else nobody
 *   area[i]    process i
 *   common     workers: slots, watched keys, broadcasts, the log's head
 *   (behind)   workers: the log's ring, the ring for snapshots, the heap's
 *              tables, the heap
 *
 * Workers' are the saver's as well.
 *
 * After region_protect() a process can write only what is its own.
 *
 * Not here: what the parts mean; each has its own header.
 */
#ifndef SHM_REGION_H
#define SHM_REGION_H

#include "shm/area.h"
#include "shm/cast.h"
#include "shm/moving.h"
#include "shm/fault.h"
#include "shm/heap.h"
#include "shm/hold.h"
#include "shm/log.h"
#include "shm/map.h"
#include "shm/news.h"
#include "shm/place.h"
#include "shm/snap.h"
#include "shm/slot.h"
#include "shm/state.h"

#define REGION_PAGE 4096
#define REGION_ALIGNED __attribute__((aligned(REGION_PAGE)))
#define REGION_WATCHES 65536
#define REGION_WAITS 16
#define REGION_WHY 320
#define REGION_RANDOM 7

struct region_head {
	struct place place;
	int64_t born_ms;            /* UNIX time of the node's start */
	uint32_t workers;           /* how many there are */
	uint32_t supervisor_pid;
	char run_id[41];
	char config_file[4096];     /* absolute; empty: none */
	char exec_file[4096];
};

/*
 * The supervisor's page: births and deaths.  birth[i] is the newest process at
 * index i; dead[i] the newest that is dead.  It forks the next one only
 * when control's mended[i] says that it has buried dead[i]; and one of a kind
 * that is there on demand when control's wanted[i] is a later birth number,
 * too.
 */
struct region_sup {
	uint32_t birth[PROC_MAX];
	uint32_t dead[PROC_MAX];
	uint32_t stop_wanted;       /* goes up when a signal asks for the end */
	uint32_t stop_at_once;      /* nothing may be saved any more */
	uint64_t deaths;            /* in all, since the start */
};

#define REGION_KEPT_BYTES 12288

/* Version v lies in copy v & 1 (daemon/kept.h). */
struct region_kept {
	uint64_t version;
	uint8_t copy[2][REGION_KEPT_BYTES] __attribute__((aligned(8)));
};

/*
 * Of leases (cluster/lease.h), for CLUSTER INFO; and for the next control: whom
 * this node granted one, until when by the steady clock.  Until when its own
 * writes may be acknowledged is a word of the state page.
 */
struct region_lease {
	uint32_t is_begun;          /* a control has been here */
	uint32_t state, hindrance;  /* cluster/lease.def, hindrance.def */
	uint32_t wanted, granted;   /* of voters, this node counted */
	uint64_t lost;              /* how often */
	struct region_grant {
		struct bus_id to;
		int64_t until_ms;
	} grant[MAP_NODES];
};

/* Control's own: what outlives it and nobody else has to act upon. */
struct region_ctl {
	uint32_t mended[PROC_MAX];
	uint32_t wanted[PROC_MAX];
	uint64_t asks_got[PROC_WORKERS];
	uint64_t asks_begun[PROC_WORKERS];
	uint64_t mends;             /* how often something had to be mended */
	uint64_t mend_us_max;       /* the longest time that took */
	/* its place in the ring of messages (shm/news.h); letters given */
	uint64_t news_place, news_number;
	/* the stop_wanted that was refused: what there is could not be saved */
	uint32_t stop_refused;
	/* those that wait for the end of a request for a snapshot */
	struct region_wait {
		uint64_t number;    /* of the request; 0: the row is free */
		uint32_t job, worker, birth, is_shutdown;
		uint64_t ticket;
	} wait[REGION_WAITS];
	/* control is rung when so much is applied of a stream; 0: no need */
	uint64_t await;
	/* all workers have to agree to a new role, and nobody may write */
	uint32_t is_turning;
	struct region_kept kept;
	struct region_lease lease;
	/* a SHUTDOWN that waits for a failover, and its words as bits */
	struct region_end {
		uint32_t is_waiting, words, worker, birth;
		uint64_t ticket;
	} end;
	struct mailbox answers[PROC_WORKERS];
};

struct region_common {
	struct slot slot[SLOT_COUNT];
	uint32_t watch[REGION_WATCHES]; /* versions: region_watch() */
	/* read by every write, and hardly ever written */
	struct hold_words holds __attribute__((aligned(64)));
	struct movings movings __attribute__((aligned(64)));
	uint64_t next_client_id __attribute__((aligned(64)));
	uint64_t next_ticket __attribute__((aligned(64)));
	uint64_t next_slow_id;
	uint32_t let;               /* of the last pass shown (net_let.h) */
	/* ids below are forgotten: log, events */
	uint64_t slow_from[1 + SLOW_EVENTS];
	struct log log __attribute__((aligned(64)));
	struct heap heap __attribute__((aligned(64)));
	struct cast cast __attribute__((aligned(64)));
	struct snap snap __attribute__((aligned(64)));
	struct snap_left *left[SLOT_COUNT]; /* to a snapshot (shm/snap.h) */
	struct subs_head subs __attribute__((aligned(64)));
	struct news news __attribute__((aligned(64)));
};

struct region {
	struct region_head head REGION_ALIGNED;
	struct region_sup sup REGION_ALIGNED;
	struct state_page state REGION_ALIGNED;
	struct map_page map REGION_ALIGNED;
	struct region_ctl ctl REGION_ALIGNED;
	uint32_t fault[FAULT_COUNT] REGION_ALIGNED; /* armed points */
	struct area area[PROC_MAX] REGION_ALIGNED;
	struct region_common common REGION_ALIGNED;
};

#define REGION ((struct region *)PLACE_BASE)

/* Keys of an internal database, and those with a time to live. */
int64_t region_keys(int db);
int64_t region_expires(int db);

/* How many replicas the node feeds. */
uint32_t region_replicas(void);

/* The version counter that WATCH looks at for a key. */
static inline uint32_t *
region_watch(uint64_t hash)
{
	return &REGION->common.watch[hash % REGION_WATCHES];
}

/* Whether writes may be stopped somewhere: hold_stops() tells. */
static inline bool
region_is_held(void)
{
	return unlikely(word_load(&REGION->common.holds.writes) != 0);
}

/* How much a region is to hold. */
struct region_plan {
	const char *name;       /* in /proc/PID/maps */
	uint64_t heap_bytes;
	uint64_t log_bytes;     /* of addresses for the log's chunks */
	uint32_t workers;
	bool wants_huge_pages;
};

/* 40 hexadecimal digits. */
void region_print_id(const uint64_t random[3], char id[41]);

/*
 * Makes the region: mapped, all parts made, state not yet published
 * (state_init).  `random` seeds hashes and names.  -errno with a sentence
 * in `why`.
 */
int region_create(const struct region_plan *plan,
    const uint64_t random[REGION_RANDOM], int64_t now_ms, char why[REGION_WHY]);

/* Tells regions of one layout from those of another build. */
uint64_t region_layout(void);

/* Unmaps it (units). */
void region_discard(void);

enum region_owner { REGION_SUPERVISOR, REGION_CONTROL, REGION_WORKER };

/*
 * Makes everything read-only that is not the caller's own; index is the
 * process's.  -errno.
 */
int region_protect(enum region_owner owner, int index);

/* Control, while it mends: everything writable, and back. */
int region_open_all(void);
int region_close_all(void);

/* Same for a few words: only their pages, which takes no time. */
int region_open(const void *at, size_t bytes);
int region_close(const void *at, size_t bytes);

/* Gives whole pages between the two back to the kernel; they read as zero. */
void region_punch(void *at, size_t bytes);

#define REGION_BIG_PAGE (2ull << 20)

/*
 * REGION_BIG_PAGE bytes of private memory for as long as the process lives, in
 * one huge page where the kernel has one: a device needs one address for it and
 * not 512.  NULL: no memory.
 */
void *region_private_page(void);

/*
 * Huge pages for the heap are made ahead of use: without them every page of
 * 4 KB is faulted in by the command that needs it first, and random keys miss
 * the processor's address cache.
 *
 * Whether there is one to make now; *at is its place, bytes from the heap's
 * beginning, and at first 0.  What is used or nearly so is stepped over: who
 * touches a page that is being made has to wait for it.
 */
bool region_prepare_next(uint64_t *at);

/*
 * Makes it; takes as long as clearing 2 MB twice.  -errno when this kernel has
 * no huge pages for us (Linux 6.1 has).
 */
int region_prepare(uint64_t at);

/* Whether the use of the heap has come close to the one that is being made. */
bool region_prepare_is_late(uint64_t at);

#endif
