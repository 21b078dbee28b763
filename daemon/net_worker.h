/*
 * net_worker - what a worker process has
 *
 * One of it, passed down.  Everything here is private; what others see is in
 * the worker's area of the region.
 */
#ifndef DAEMON_NET_WORKER_H
#define DAEMON_NET_WORKER_H

#include "daemon/birth.h"
#include "daemon/call.h"
#include "daemon/net_conn.h"
#include "daemon/net_expire.h"
#include "daemon/ring.h"
#include "shm/region.h"

#define PACES 3
#define WORKER_BATCH 24
#define WORKER_ARGS 4096
#define WORKER_TOUCHED 64
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

struct net_load;

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
	/* clock_ticks() after the last command */
	uint64_t ticks, ticks_per_us;
	uint64_t us_per_tick;           /* of 2^64 */
	uint64_t slow_us;               /* what takes so long is written down */
	uint64_t commands;              /* served in this turn */
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

	/* replicas fed here: the stream's id, its end when last looked at */
	struct feed *feeds;
	char fed_id[41];
	uint64_t fed_end;
	int64_t pinged_ms;
	/* WAIT: to ask replicas, what they had acknowledged when last seen */
	bool wants_acks;
	uint64_t acks_seen;
	/* replicas that are well, as of the turn with that beat */
	int good;
	uint64_t good_turn;

	uint64_t cast_place, cast_told; /* read up to; how often we told */
	struct cast_entry *cast;        /* room for the largest */
	uint64_t bell;                  /* what the doorbell's read filled in */
	int64_t cron_us;                /* next time */
	struct net_expire expire;
	struct net_load *load;          /* NULL: nothing is being loaded */
	/* counters when their pace was measured */
	uint64_t paced[PACES];
	uint64_t resets;                /* state.stat_resets seen */
	uint32_t pause;                 /* state.pause acted upon */
	uint64_t swaps;                 /* state.swaps acted upon */
	uint32_t load_phase;            /* state.load.phase acted upon */
	uint64_t mends;                 /* of the node's dead, seen */
	uint16_t slots[SLOT_COUNT];     /* of the request being served */
	bool is_stopping;
};

#endif
