/*
 * state - what control publishes and everybody acts upon
 *
 * Writer:   control (state_pen.h); the supervisor before the first fork
 * Readers:  every process, once per turn of its loop
 * Life:     as long as the region; a new control goes on with what is there
 *
 * Two copies and a version: version v lies in copy v & 1.  Control writes the
 * other copy and then stores the version; so a reader that finds the version
 * unchanged after its copy has a whole one, and a control that dies half way
 * has published nothing.
 *
 * A worker reads the version at the beginning of its turn, after it has
 * received and before it serves: then it acts upon it, and says so by storing
 * it in its proc entry.  What decides who may do what has happened only when
 * every living process has acknowledged the version.
 *
 * is_frozen: acknowledge, then touch nothing shared until it is over; keep
 * beating.  is_stopping: accept nothing more, answer what is done, end with 0.
 *
 * Not here: options' meaning (shm/option.def), who decides (daemon/ctl.c).
 */
#ifndef SHM_STATE_H
#define SHM_STATE_H

#include "shm/aof.h"
#include "shm/load.h"
#include "shm/option.h"
#include "shm/ship.h"
#include "shm/word.h"

#define STATE_MAGIC 0x73746174652d6f6eull
#define STATE_DATABASES 16
#define STATE_SLOT_WORDS (16384 / 64)
#define STATE_FILE 256

enum state_role { STATE_PRIMARY, STATE_REPLICA };
enum state_pause { STATE_PAUSE_NONE, STATE_PAUSE_WRITE, STATE_PAUSE_ALL };

/*
 * What snapshots are for: a file of BGSAVE, SAVE and the save rules; one for
 * replicas; the beginning of an append-only file.  One is taken at a time.
 */
enum state_job { STATE_JOB_SAVE, STATE_JOB_SYNC, STATE_JOB_AOF, STATE_JOBS };

/*
 * Requests for one job are numbered.  Those up to `begun` have begun with the
 * same snapshot, those up to `done` have ended, as the rest of the row says.
 */
struct state_job_row {
	uint64_t asked, begun, done;
	char file[STATE_FILE];     /* where to, for the next that begins */
	bool was_ok;
	char done_file[STATE_FILE];
	uint64_t offset;           /* of the log at its cut */
	uint64_t keys, bytes;
	int64_t took_ms;
};

enum state_step { STATE_REST, STATE_SWEEP, STATE_FREEZE, STATE_TAKE };

/*
 * The snapshot at hand (shm/snap.h).  STATE_SWEEP: its saver clears old stamps
 * first; STATE_FREEZE: all are to stand still for the cut; STATE_TAKE: from the
 * cut until its saver has ended.
 */
struct state_snap {
	uint32_t step, job;
	uint32_t serial;           /* of this one, or the last */
	uint32_t given_up;         /* since the last that came to its end */
	uint32_t birth;            /* of its saver */
	bool is_put_off;           /* a failover goes before: begins anew */
	int64_t begun_ms;          /* UNIX time of the cut */
	/* at the cut: of the log, of the ring for what is handed over, */
	uint64_t offset, ring_at;
	uint64_t ring_max;         /* bytes in it: more make writers wait */
	int32_t stream_db;         /* the log was in, -1: none */
	uint64_t changes;          /* of all areas, */
	/* and of the databases as clients number them */
	uint8_t db[STATE_DATABASES];
	uint64_t keys[STATE_DATABASES], expires[STATE_DATABASES];
	char replid[41];
	char file[STATE_FILE];
};

#define STATE_EARLIER 8

/* A stream that ours was once, up to there; no id: none. */
struct state_stream {
	char replid[41];
	int64_t second_offset;
};

enum state_handover_step { HANDOVER_NONE, HANDOVER_WAITS, HANDOVER_GOES };

/* FAILOVER outside a cluster (daemon/ctl_handover.h). */
struct state_handover {
	uint32_t step;
	bool is_forced;            /* when it is late */
	uint16_t port;             /* of the replica that is meant, 0: any */
	char host[OPTION_HOST];
	int64_t until_ms;          /* steady time; INT64_MAX: no limit */
	uint64_t offset;           /* that it needs; UINT64_MAX: not known */
};

/* DEBUG RELOAD and LOADAOF (daemon/ctl_reload.h), and who waits for it. */
enum state_reload_step { STATE_RELOAD_NONE, STATE_RELOAD_STOPS,
	STATE_RELOAD_SAVES, STATE_RELOAD_KEEPS, STATE_RELOAD_LOADS };

struct state_reload {
	uint32_t step;
	bool is_aof, is_old;       /* LOADAOF; NOSAVE */
	bool merges;               /* NOFLUSH */
	uint32_t worker, birth;
	uint64_t ticket;
	uint64_t save;             /* number of the snapshot, 0: none */
};

/* What of its data a node started without (daemon/ctl_held.h). */
enum state_loss { LOSS_NONE, LOSS_TAIL, LOSS_ALL };

struct state {
	uint64_t version;
	int64_t since_ms;          /* UNIX time of the publication */
	uint32_t role;             /* enum state_role */
	uint32_t pause;            /* enum state_pause; CLIENT PAUSE */
	int64_t pause_until_ms;    /* UNIX time; the pause ends by itself */
	/*
	 * A failover holds writes, and all else that is logged, for this token
	 * (0: none does) until then, steady time: daemon/ctl_hold.h.
	 */
	uint64_t hold_token;
	int64_t hold_until_ms;
	bool is_frozen;
	bool is_stopping;
	bool may_expire_actively;  /* DEBUG SET-ACTIVE-EXPIRE */
	uint8_t db[STATE_DATABASES]; /* as selected -> internal */
	uint64_t stat_resets;      /* another number: zero your counters */
	int64_t reset_ms;          /* when that was */
	int64_t last_save_s;       /* LASTSAVE; the start as long as none was */
	bool has_save_failed;      /* the last one */
	int64_t tried_save_s;      /* when the last one ended */
	uint64_t saves;            /* how many succeeded */
	uint64_t saved_changes;    /* of all areas at the cut of the last one */
	/* the end waits for this request of STATE_JOB_SAVE; 0: it does not */
	uint64_t last_words;
	struct state_snap snap;
	struct state_job_row job[STATE_JOBS];
	/*
	 * SWAPDB: another number in `swaps` says that db[] has changed (blocked
	 * clients look again); swapped[internal] is that number when the
	 * database last moved (WATCH fails).  is_swapping, only while frozen:
	 * swap[] are to be exchanged, which has been logged when the log
	 * reaches beyond swap_log_end.
	 */
	uint64_t swaps;
	uint64_t swapped[STATE_DATABASES];
	bool is_swapping;
	uint8_t swap[2];
	uint64_t swap_log_end;
	/*
	 * The stream (shm/log.h).  Up to second_offset it is the same as that
	 * of replid2 (-1: of none).  A node whose data is not what replid and
	 * the log's end say, because a full synchronisation has begun to
	 * replace it, has an empty replid.  next_replid: what it will be when
	 * the node is a primary (is_promoted).
	 */
	char replid[41], replid2[41], next_replid[41];
	int64_t second_offset;
	/* those before replid2, the newest first; a sibling may miss some */
	struct state_stream earlier[STATE_EARLIER];
	/*
	 * A replica's: whom it follows.  The worker link_worker (-1: nobody)
	 * does so; link_serial is another one whenever the link has to begin
	 * anew, and is the newest that was given.  `follows` goes up with each
	 * new primary.  is_promoted: the link has ended for good, and as soon
	 * as everybody has acknowledged that the node is a primary.
	 */
	char primary_host[OPTION_HOST];
	uint16_t primary_port;
	bool is_primary_own;       /* known to be an Almandine */
	int32_t link_worker;
	uint64_t link_serial, follows;
	bool is_promoted;
	/*
	 * Steady time until which replies of writes wait for a replica, which
	 * that node, who gave us its role, is about to be: cluster/heir.h.
	 */
	int64_t heir_until_ms;
	char heir[41];
	uint32_t loss;             /* enum state_loss */
	uint64_t lost_end;         /* the log's end when that was found */
	uint64_t data_epoch;       /* same; 0: it never had data */
	struct load_order load;
	struct state_reload reload;
	struct state_handover handover;
	struct aof_order aof;
	/*
	 * In cluster mode: slots this node serves, and those of them (and of
	 * others) that are on their way from here (to here).  `places` is
	 * another number when any of this, or the role, has changed.
	 */
	uint64_t owned[STATE_SLOT_WORDS];
	uint64_t leaving[STATE_SLOT_WORDS], arriving[STATE_SLOT_WORDS];
	bool is_moving;            /* some slot is on its way */
	bool is_cluster_ok;        /* cluster_state */
	uint64_t places;
	struct ship_order ship;
	struct options options;
};

struct state_page {
	uint64_t magic;
	uint64_t version __attribute__((aligned(64)));
	/*
	 * Steady time until which a primary acknowledges writes; 0: for ever.
	 * It changes often, and beside the versions.
	 */
	int64_t lease_ms __attribute__((aligned(64)));
	struct state copy[2] __attribute__((aligned(64)));
};

/* The version published now; cheap. */
static inline uint64_t
state_version(const struct state_page *page)
{
	return word_load_acquire(&page->version);
}

/*
 * Brings *mine up to date.  Returns whether it was not; mine->version is 0 in
 * one that was never read.
 */
bool state_read(const struct state_page *page, struct state *mine);

/* Whether the node serves keys of a slot. */
/*
 * Whether the stream of `id` is ours up to where `wanted`, the first byte that
 * is not had yet, begins: under the id of now, or one of those before.
 */
bool state_has_stream(const struct state *s, struct slice id, int64_t wanted);

/*
 * From the log's end on the stream has this id; data without an id belong to
 * none.  state_forget_streams(): other data come, and with them an id.
 */
void state_name_stream(struct state *s, const char replid[41], uint64_t end);
void state_forget_streams(struct state *s);

static inline bool
state_owns(const struct state *s, unsigned slot)
{
	return s->owned[slot / 64] >> slot % 64 & 1;
}

/* Whether a slot is on its way from here, to here, by SETSLOT. */
static inline bool
state_leaves(const struct state *s, unsigned slot)
{
	return s->leaving[slot / 64] >> slot % 64 & 1;
}

static inline bool
state_arrives(const struct state *s, unsigned slot)
{
	return s->arriving[slot / 64] >> slot % 64 & 1;
}

#endif
