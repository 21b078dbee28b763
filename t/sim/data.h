/*
 * data - what the workers of a host do: writes, streams, what is published
 *
 * A host has workers that each act upon what they have read of what control
 * published, some time ago; a write is acknowledged as soon as one of them may
 * write.  Its log is a chain of hashes, so one number says what all the writes
 * before it were.  Replicas copy it, a bit late, or wholly anew when theirs is
 * another one.  It outlives control, and even the host; so does a failover's
 * machine, in the region.
 *
 * What must hold: no two hosts acknowledge writes for one slot at one instant
 * (I1; let off are slots that an operator moves, and all after a TAKEOVER, as
 * a shard may have two voices then); who takes over by a word has each write
 * that the giver acknowledged (I3); who lost its data serves nobody while it
 * knows a replica that has them.
 *
 * Not here: control (world.h), when it goes wrong (sim.c).
 */
#ifndef T_SIM_DATA_H
#define T_SIM_DATA_H

#include "cluster/cluster.h"

#define DATA_HOSTS 30
#define DATA_WORKERS 2
#define DATA_WANTED 8
#define DATA_SAMPLES 64        /* slots that are looked at */
#define DATA_EVERY (KEYSLOT_COUNT / DATA_SAMPLES)

struct world;

/* What control publishes. */
struct gate {
	bool is_primary;
	uint64_t serves;           /* bits, by sample */
	int64_t held_until_ms;     /* by the host's clock */
};

/* An act that is answered when all workers have seen this version. */
struct data_wanted {
	enum cluster_kind kind;
	uint64_t generation, version; /* 0: none */
};

struct data {
	struct gate next, worker[DATA_WORKERS];
	uint64_t version, seen[DATA_WORKERS];
	struct data_wanted wanted[DATA_WANTED];
	uint64_t *log;
	unsigned length, room;
	/* the stream from host `from`, -1: none */
	int from;
	bool is_link_up, is_syncing;
	bool has_lost;             /* it has started without what it had */
	int64_t served_ms;         /* when it last said that it may */
	int64_t link_ms;           /* when it will be there, or 0 */
	int64_t link_down_ms;
	uint64_t await, await_generation;
	bool is_locked;
	/* in the region */
	struct failover kept;
	int64_t lease_ms, granted_ms[DATA_HOSTS];
	enum failover_state was;
	/* the move of slots, as acted upon */
	uint64_t shift_entries, shift_version, shift_past;
	bool is_shift_seen;
};

/* Acts that are about data; false: it is none of these. */
bool data_carry_out(struct world *w, int i, const struct act *a);

/* What the view has to know, before a step; what the region keeps, after. */
void data_gather(struct world *w, int i);
void data_keep(struct world *w, int i);

/* Worker k reads what was published. */
void data_read(struct world *w, int i, int k);

/* A control starts. */
void data_boot(struct world *w, int i);

/* The host dies, with all its workers; control alone is nothing to them. */
void data_die(struct world *w, int i);

/* Its files are gone. */
void data_lose(struct world *w, int i);

/* An operator lets it give what it has, if it serves without what it lost. */
void data_allow(struct world *w, int i);

/* Workers act upon slots that are on their way. */
void data_shift(struct world *w, int i);

/* I1, now. */
void data_check(struct world *w);

/* A moment of traffic everywhere. */
void data_flow(struct world *w);

/* What is wrong with a host in quiet; NULL: nothing. */
const char *data_quiet(const struct world *w, int i);

/* Who may write now, by sample. */
uint64_t data_open(const struct world *w, int i);

#endif
