/*
 * net_worker - what a worker process has
 *
 * One of it, passed down.  Everything here is private; what others see is in
 * the worker's area of the region.
 *
 * Not here: what others see (shm/area.h).
 */
#ifndef DAEMON_NET_WORKER_H
#define DAEMON_NET_WORKER_H

#include "daemon/birth.h"
#include "daemon/call.h"
#include "daemon/net_conn.h"
#include "daemon/net_expire.h"
#include "daemon/ring.h"
#include "shm/region.h"

#define PACES 5
#define WORKER_MARKS 32
#define WORKER_BATCH 24
#define WORKER_ARGS 4096
#define WORKER_TOUCHED 64
#define REQUEST_UNSERVED SIZE_MAX
#define WORKER_KEYS 1024 /* chains of blocked keys, a power of two */

/* One request on its way. */
struct request {
	struct conn *conn;
	const struct command *command;  /* NULL: unknown, or `error` */
	const struct slice *argv;
	int argc;
	bool is_inline;
	bool is_container;              /* the first word has subcommands */
	bool has_hash;
	const char *raw;                /* as it came */
	size_t raw_bytes;
	/* in conn's out: where its reply begins */
	size_t reply_at;
	uint64_t hash;                  /* of the first key, in database db */
	uint8_t db;
	struct slot *slot;
	const struct bucket *bucket;    /* on its way, NULL: none */
	const void *entry;              /* same */
	const struct bucket *member_bucket; /* of a large value; same */
	uint64_t member_hash;
	const char *error;              /* the stream is broken: tell, close */
};

struct batch {
	int count;
	int at;                         /* being served */
	/* how many have had these fetched */
	int buckets, entries, members;
	int args;
	struct request request[WORKER_BATCH];
	struct slice arg[WORKER_ARGS];
};

struct net_link;
struct net_load;
struct net_channels;
struct net_letters;
struct move;
struct target;
struct ship;

struct worker {
	const struct birth *birth;
	struct area *area;
	struct stats *stats;
	struct state state;             /* as acknowledged */
	struct ring ring;
	struct heap_own heap;
	struct txn txn;
	struct call call;               /* the one being served */
	size_t reply_mark;              /* where its reply begins */
	int64_t now_ms;                 /* of this turn */
	int64_t steady_ms;              /* same, of the clock never set */
	int64_t lease_ms;               /* state's, this turn */
	uint64_t lease_ticks;           /* its end, as clock_ticks() */
	int64_t turning_ms;             /* about to be a primary since, or 0 */
	int64_t over_ms;                /* when it was first seen to be over */
	unsigned stops;                 /* why writes wait: net_pause.h */
	/* in this batch nothing here refuses a request, or makes it wait */
	bool is_open;
	/* clock_ticks() after the last command */
	uint64_t ticks, ticks_per_us;
	uint64_t us_per_tick;           /* of 2^64 */
	uint64_t slow_us;               /* what takes so long is looked at */
	bool counts_slots;              /* ... and what is done in each slot */
	uint64_t commands;              /* served in this turn */
	uint64_t turn_log;              /* txn.log_end at its beginning */
	bool any_monitor;               /* somebody on the node is in MONITOR */
	uint64_t random[2];

	struct conn *conns;
	int conn_count;
	struct conn *dirty;             /* have output */
	/* those that wait, by what for, in order of waiting */
	struct { struct conn *first, *last; } parked[CONN_PARKS];
	struct conn **due;              /* of those: a heap by deadline */
	int dues, due_room;
	struct { struct conn_key *first, *last; } keys[WORKER_KEYS];
	uint32_t waits;                 /* rows used in area->wait */
	uint32_t *waiters, *watchers;   /* of this worker, per slot */

	/* pooled output buffers */
	char *pool[256];
	int pooled;

	struct batch batch;
	/* keys changed by the transaction that others wait for */
	uint64_t touched[WORKER_TOUCHED];
	/* WORKER_TOUCHED + 1: too many to tell */
	int touches;

	/* of a snapshot: writers are to wait, grants seen */
	bool is_crowded;
	uint64_t grants;

	/* replicas fed here: the stream's id, its end when last looked at */
	struct feed *feeds;
	char fed_id[41];
	uint64_t fed_end;
	int64_t pinged_ms;
	bool wants_acks;                /* replicas are to be asked */
	/* WAIT: what was there when last looked for */
	struct ack_seen {
		uint64_t acks;          /* of all workers */
		int64_t kept;           /* on disk here */
		uint64_t version;       /* of the state */
	} acks_seen;
	/* replicas that are well, as of the turn with that beat */
	int good;
	uint64_t good_turn;

	/* replies that wait for the log (net_commit.h) */
	struct {
		unsigned levels;        /* demanded, one bit each */
		bool wants;             /* some mark is of this turn */
		uint64_t turn;
		struct commit_mark *first, *last;
		char replid[41];        /* the stream that they wait for */
		/* the node stops: what is waited for, and how long */
		uint64_t end;
		int64_t end_ms;
	} commit;

	/* subscriptions: net_channel.c; the ring of messages is read up to */
	struct net_channels *channels;
	uint64_t heard;                 /* NEWS_NOWHERE: not at all */
	struct net_letters *letters;    /* that come in pieces */
	/*
	 * Messages of ours that are not in the ring: from `at` on; those below
	 * `sure` have happened, those above are of this transaction.
	 */
	struct { char *data; size_t at, sure, used, room; } said;
	bool is_unheard;                /* who might say more has to wait */
	uint64_t to_ring;               /* bells of workers with subscribers */
	bool rings_control;             /* other nodes are to be told */

	uint64_t cast_place;            /* read up to */
	/* who waits for this is being served, and how often we told of it */
	uint64_t serving, serving_told;
	struct cast_entry *cast;        /* room for the largest */
	uint64_t bell;                  /* what the doorbell's read filled in */
	int64_t cron_us;                /* next time */
	struct net_expire expire;
	struct {
		uint32_t error;         /* errno of what fails, 0: nothing */
		bool is_late;           /* writes wait for it */
		char why[128];
		/* where the log ended, and when; `next` goes round */
		struct { uint64_t at; int64_t ms; } mark[WORKER_MARKS];
		uint32_t next;
	} aof;                          /* the append-only file, this turn */
	struct map *map;                /* its copy; NULL: not needed yet */
	struct net_load *load;          /* NULL: nothing is being loaded */
	struct net_link *link;          /* NULL: another has it, or nobody */
	struct move *moves;             /* keys on their way elsewhere */
	struct target *targets;         /* connections for that */
	int64_t tidy_ms;                /* next look at what is left behind */
	struct ship *ship;              /* slots on their way, or NULL */
	uint64_t let_told;              /* the pass of the last refusal */
	/* counters when their pace was measured */
	uint64_t paced[PACES];
	uint64_t resets;                /* state.stat_resets seen */
	/* state.pause, hold_token acted upon; whether the lease was over */
	uint32_t pause;
	uint64_t hold;
	bool was_over, was_turning;
	uint64_t swaps;                 /* state.swaps acted upon */
	uint64_t places;                /* state.places acted upon */
	uint32_t load_phase;            /* state.load.phase acted upon */
	uint64_t follows;               /* state.follows acted upon */
	uint64_t mends;                 /* of the node's dead, seen */
	uint16_t slots[SLOT_COUNT];     /* of the request being served */
	bool is_stopping;
};

#endif
