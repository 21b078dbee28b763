/*
 * view - what one node knows of its cluster
 *
 * A struct view is all that the deciding code has: it lies in memory of its
 * caller, holds no address but within itself, and changes only in a step
 * (cluster.h) or by an order (order.h).  Node 0 is the node itself.
 *
 *   epoch         the greatest that was seen
 *   vote_epoch    the last in which we voted
 *   told          what is durable of ourselves; our messages say this and
 *                 never more, so nobody knows what we could forget
 *   owner[slot]   whose the slot is; node[].slots say the same as bits
 *   doubt         slots whose owner no longer claims them: the first who does
 *                 gets them
 *   report        when a voter last told us that a node is silent, 0: it did
 *                 not; report[of * nodes_max + by]
 *
 * A voter is a primary with slots.  Times are milliseconds of the caller's
 * clock, which never goes back.
 *
 * Not here: what happens (cluster.h), what comes of messages (hear.h), of
 * silence (fail.h), of claims (claim.h), elections (vote.h).
 */
#ifndef CLUSTER_VIEW_H
#define CLUSTER_VIEW_H

#include "cluster/act.h"
#include "cluster/hand_state.h"
#include "cluster/lease_state.h"
#include "cluster/shift_state.h"
#include "cluster/vote_state.h"

#define VIEW_SELF 0
#define VIEW_NOBODY UINT16_MAX
#define VIEW_NODES_MAX 4096
#define VIEW_BANNED 64
/*
 * A link's number holds the node's index; the caller's numbers, of connections
 * that peers made, have this bit.
 */
#define VIEW_INBOUND (1ull << 63)
#define VIEW_LINK_BITS 12

enum view_link { VIEW_LINK_NONE, VIEW_LINK_OPENING, VIEW_LINK_UP };

struct view_node {
	struct bus_id id;          /* nobody's: this entry is free */
	struct bus_id shard;
	/* enum bus_flag; PRIMARY or REPLICA, or neither: not known yet */
	uint16_t flags;
	uint16_t primary;          /* a replica's, or VIEW_NOBODY */
	uint16_t slot_count;
	uint16_t port, pport, cport;
	uint8_t own;               /* version of our kind, 0: another kind */
	bool knows_extensions;     /* host names at least */
	bool knows_shards;         /* and the others; Redis 7.0 does not */
	bool wants_hello;          /* a broadcast that goes one by one */
	bool is_voted;             /* its config epoch was voted for */
	bool is_fail_untold;       /* its FAIL has to be broadcast */
	bool had_replicas;         /* may be given one */
	bool is_unmet;             /* we were to meet it, it never knocked */
	/* a replica that had all, which was nothing, when it said so last */
	bool has_nothing;
	uint64_t config_epoch, offset;
	uint64_t epoch;            /* that its last message said */
	int64_t born_ms;
	int64_t ping_ms;           /* of the oldest without an answer, or 0 */
	int64_t pinged_ms;         /* of the last one */
	int64_t pong_ms;           /* of the last answer, or 0 */
	int64_t heard_ms;          /* of the last message on any wire */
	int64_t fail_ms;           /* since when it is FAIL */
	int64_t role_ms;           /* when its role changed, or 0 */
	int64_t paused_ms;         /* when it said that it holds writes, or 0 */
	int64_t orphan_ms;         /* since when it lacks replicas, or 0 */
	/* when we voted last for a replica of it, and for which */
	int64_t voted_ms;
	struct bus_id voted_for;
	uint64_t voted_epoch;      /* in which */
	uint64_t promised_epoch;   /* no votes for others in it (promise.h) */
	/* leases (lease.h), by our clock: the one that it has from us, */
	int64_t granted_ms;
	int64_t wait_ms;           /* no new one, no vote against it, before */
	uint64_t added_generation; /* from that on our file has it */
	uint64_t known_generation; /* what it owns is durable here with that */
	uint64_t word_epoch;       /* under it, it has its primary's word */
	/* and the one that we have from it, for claims under that epoch */
	int64_t leased_ms;
	uint64_t leased_epoch;
	uint64_t seated_epoch;     /* the last when it knew our claim */
	/* our connection to it */
	enum view_link link_state;
	uint64_t link;
	int64_t link_ms;           /* when it came into this state */
	int64_t link_heard_ms;     /* of the last message on it */
	int64_t link_try_ms;       /* not before: open the next one */
	uint32_t link_fails;       /* in a row */
	int64_t refused_ms;        /* since when its host refuses, or 0 */
	/* the wire on which it talked last of those that it made, and since */
	uint64_t from;
	int64_t from_ms;
	bool is_closed;            /* its process ended a link; none answered */
	/* our replica: the version of our moves that it has, that we told it */
	uint64_t moves_known, moves_told;
	int64_t moves_told_ms;
	char ip[BUS_IP], hostname[BUS_NAME], nodename[BUS_NAME];
	uint8_t slots[BUS_SLOT_BYTES];
};

/* Options; the caller's, see EVENT_FACTS. */
struct view_config {
	int64_t node_timeout_ms;
	int64_t ban_ms;            /* cluster-blacklist-ttl */
	int64_t ping_replica_ms;   /* repl-ping-replica-period */
	int64_t failover_ms;       /* cluster-manual-failover-timeout */
	int64_t lease_ms;          /* cluster-write-lease, 0: by the timeout */
	uint32_t validity_factor, migration_barrier;
	bool needs_full_coverage, may_migrate, is_no_failover;
	char ip[BUS_IP], hostname[BUS_NAME], nodename[BUS_NAME];
	uint16_t port, pport, cport;
};

/* What the data plane knows; the caller's. */
struct view_fact {
	int64_t unix_offset_ms;    /* UNIX time minus the caller's clock */
	uint64_t offset;           /* of the stream */
	bool is_link_up;           /* to our primary */
	int64_t link_down_ms;      /* since when it is not */
	bool is_syncing;           /* a full synchronisation is unfinished */
	bool is_ending;            /* the node was told to end */
	const char *lock_words;    /* who has the recovery lock, or NULL */
	bool has_lost_data;        /* it had more, and started without */
	uint64_t lost_end;         /* the offset that it started with then */
	/* what nodes.conf keeps for the data plane; the rest is filled in */
	struct nodes_conf_vars vars;
};

/* What is durable of ourselves, or being made so. */
struct view_told {
	uint64_t generation;       /* 0: none */
	uint64_t epoch, vote_epoch, config_epoch;
	int64_t lease_ms;          /* we granted none that is longer */
	bool is_unsettled;         /* a failover is not long over (lease.h) */
	bool is_voted;
	bool is_light;             /* a power failure may undo it */
	bool is_given;             /* our word was (hand.h) */
	struct bus_id primary;
	uint8_t slots[BUS_SLOT_BYTES];
};

struct view_ban {
	struct bus_id id;
	int64_t until_ms;
};

struct view {
	uint16_t nodes_max, nodes; /* entries, and how many were ever used */
	unsigned count;            /* nodes, with ourselves */
	struct view_node *node;
	int64_t *report;
	uint16_t *place;           /* id -> index, open addressing */
	unsigned places;           /* a power of two */
	struct view_config config;
	struct view_fact fact;
	uint64_t epoch, vote_epoch;
	uint64_t sure_epoch;       /* the greatest that nothing undoes */
	struct view_told told, saving;
	bool is_unsure;            /* a file that failed may be there */
	bool is_dirty;             /* it has changed since `saving` was taken */
	bool is_grave;             /* ... which a power failure may not undo */
	int64_t sync_ms;           /* what is written lightly, then for good */
	bool is_changed;           /* since it was last published */
	int64_t save_again_ms;     /* after a failure */
	uint16_t owner[KEYSLOT_COUNT];
	/* a replica's are its primary's, as that told them (moves.h) */
	uint16_t moves_to[KEYSLOT_COUNT], comes_from[KEYSLOT_COUNT];
	struct {
		uint64_t version;  /* ours: the generation that has them all */
		/* a replica's: that it heard last, and on which wire; */
		uint64_t heard, wire;
		uint64_t generation; /* it is durable with that, */
		bool is_owed;      /* and to be said then */
	} moves;
	/* who gave us a slot by an order a moment ago: until that time */
	uint16_t given_by[KEYSLOT_COUNT];
	int64_t given_until_ms;
	uint8_t doubt[BUS_SLOT_BYTES];
	/* the cluster's state as CLUSTER INFO says it */
	bool is_ok;
	bool had_majority, lost_majority; /* now; once since the start */
	int64_t majority_ms;       /* since when, when had_majority */
	bool was_ok;               /* the state, since then */
	int64_t trust_ms;          /* until then who is silent is there */
	struct vote vote;
	struct failover failover;
	struct hand hand;
	struct lease lease;
	struct shift shift;
	struct view_ban ban[VIEW_BANNED];
	int64_t born_ms, now_ms;
	int64_t added_ms;          /* when we last learned of a node */
	int64_t due_ms;            /* give us a TICK then, at the latest */
	int64_t broadcast_ms;      /* when to tell all how things are, or 0 */
	int64_t told_all_ms;       /* when we did so last */
	int64_t migrate_ms;        /* look again for primaries in need */
	uint16_t ping_next;        /* where the next round of pings begins */
	uint8_t say[BUS_SLOT_BYTES]; /* the slots in the header at hand */
	struct bus_id forgotten;   /* to be told once to all, or nobody */
	/* a primary without its data, and nobody has it (loss.h) */
	bool stands_back, goes_without;
	int64_t invite_ms;         /* a replica that has it, not before */
	bool was_link_up;          /* fact.is_link_up in the last step */
	uint64_t links;            /* how many were opened */
	uint64_t generation;       /* of the last file that was wanted */
	uint64_t random;
	uint64_t heard[16], odd;   /* messages by type, and refused ones */
};

/* Whether a replica has its primary's data, as far as it is told. */
bool view_is_filled(const struct view *v, uint16_t i);

/* Whether a node would be known after our end; who asks hears of no others. */
bool view_is_kept(const struct view *v, uint16_t i);

/* Memory that a view of so many nodes needs. */
size_t view_bytes(unsigned nodes_max);

/*
 * Makes a view in zeroed memory: one node, a primary without slots.  The
 * caller then sets config and fact.  The seed must be another one each time.
 */
struct view *view_begin(void *memory, unsigned nodes_max,
    const struct bus_id *myself, uint64_t seed, int64_t now_ms);

/*
 * Another process of this node found the cluster well a moment ago: that holds
 * for so long, in which the others have the time to answer.
 */
void view_go_on(struct view *v, int64_t ms);

/* The index of a node, or VIEW_NOBODY. */
uint16_t view_find(const struct view *v, const struct bus_id *id);

/* The node at the other end of a link of ours, or VIEW_NOBODY. */
static inline uint16_t
view_linked(const struct view *v, uint64_t wire)
{
	uint16_t i = wire & (VIEW_NODES_MAX - 1);

	return !(wire & VIEW_INBOUND) && i > 0 && i < v->nodes &&
	    v->node[i].link_state != VIEW_LINK_NONE &&
	    v->node[i].link == wire ? i : VIEW_NOBODY;
}

/* A new node, or VIEW_NOBODY when there is no room; its link is wanted. */
uint16_t view_add(struct view *v, const struct bus_id *id, uint16_t flags);

/* Takes all of it away; its link, if any, is closed. */
void view_remove(struct view *v, uint16_t i, struct acts *out);

/* Another id for the same node (a handshake learns who it is). */
void view_rename(struct view *v, uint16_t i, const struct bus_id *id);

/* Gives a slot to a node, or to VIEW_NOBODY. */
void view_give_slot(struct view *v, unsigned slot, uint16_t to);

/* Where a slot of ours goes, or from where one comes to us; VIEW_NOBODY. */
void view_mark_slot(struct view *v, unsigned slot, uint16_t to, uint16_t from);

/* Makes a node a primary, or a replica of another one. */
void view_set_primary(struct view *v, uint16_t i);
void view_set_replica(struct view *v, uint16_t i, uint16_t of);

/*
 * Same for ourselves: the data plane is told; slots that we had stay with us
 * until somebody claims them.  Who becomes a primary keeps the marks of moves.
 */
void view_follow(struct view *v, uint16_t of, struct acts *out);

/*
 * Something to be saved has changed that the cluster would tell us again, or
 * an operator's tool would: slots of others, marks of moves.  It outlasts our
 * processes at once, and a power failure soon.
 */
static inline void
view_dirty_lightly(struct view *v)
{
	v->is_dirty = true;
	v->is_changed = true;
}

/* Something to be made durable has changed; something others act upon. */
static inline void
view_dirty(struct view *v)
{
	v->is_grave = true;
	view_dirty_lightly(v);
}

/* There is something to do at that time. */
static inline void
view_due(struct view *v, int64_t at_ms)
{
	if (at_ms < v->due_ms)
		v->due_ms = at_ms;
}

/* Tells all nodes how things are, soon. */
void view_broadcast(struct view *v);

static inline bool
view_is_used(const struct view *v, uint16_t i)
{
	return !bus_id_is_none(&v->node[i].id);
}

static inline bool
view_has(const struct view *v, uint16_t i, unsigned flags)
{
	return (v->node[i].flags & flags) != 0;
}

/* Whether it votes: a primary with slots. */
static inline bool
view_is_voter(const struct view *v, uint16_t i)
{
	return (v->node[i].flags & BUS_IS_PRIMARY) && v->node[i].slot_count > 0;
}

/*
 * Whether we voted for a replica of node i, and nobody has said what came of
 * that: its place may be another's.  Not for ever, as a candidate may die.
 */
static inline bool
view_is_vote_open(const struct view *v, uint16_t i)
{
	const struct view_node *n = &v->node[i];

	return n->voted_epoch > n->config_epoch &&
	    v->now_ms - n->voted_ms < 3 * v->config.node_timeout_ms;
}

/* Whose some slots are is being decided with another node (shift.h). */
static inline bool
view_is_shifting(const struct view *v)
{
	return v->shift.state == SHIFT_SAVING ||
	    v->shift.state == SHIFT_GIVEN ||
	    v->shift.state == SHIFT_RECLAIMING ||
	    v->shift.state == SHIFT_TAKING || v->shift.state == SHIFT_PROVING;
}

/* What we claim may still be taken back: under no other epoch (proof.h). */
static inline bool
view_is_unproven(const struct view *v)
{
	return v->shift.state == SHIFT_TAKING ||
	    (v->shift.state == SHIFT_PROVING &&
	    v->shift.word != PROOF_SURE && v->now_ms <
	    v->shift.since_ms + 2 * v->config.node_timeout_ms);
}

/* How many voters there are, and how many are a majority. */
unsigned view_voters(const struct view *v);
static inline unsigned
view_majority(const struct view *v)
{
	return view_voters(v) / 2 + 1;
}

/* The primary of a node's shard: itself, or its primary, or VIEW_NOBODY. */
static inline uint16_t
view_head(const struct view *v, uint16_t i)
{
	return v->node[i].flags & BUS_IS_REPLICA ? v->node[i].primary : i;
}

/* Whether they are known to be of one shard: two without a name are not. */
static inline bool
view_is_one_shard(const struct view *v, uint16_t i, uint16_t j)
{
	return !bus_id_is_none(&v->node[i].shard) &&
	    bus_id_is_equal(&v->node[i].shard, &v->node[j].shard);
}

/*
 * All that is known of who claims slots, and under which epochs, but for one
 * node's: who knows the same has the same number; never 0.
 */
uint32_t view_known(const struct view *v, uint16_t but);

/*
 * Whether our workers may serve a slot: it is ours now, and durably so, and we
 * do not stand back.  A caller publishes this, and where the others are.
 */
bool view_may_serve(const struct view *v, unsigned slot);

/* A number below n, for delays and choices. */
uint32_t view_random(struct view *v, uint32_t n);

/* A number that nobody else has, never 0. */
uint64_t view_token(struct view *v);

/* An id of 40 hexadecimal digits, for a handshake or a new shard. */
struct bus_id view_random_id(struct view *v);

#endif
