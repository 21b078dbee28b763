/*
 * failover - gives a primary's role away, or takes it, step by step
 *
 * Life:    struct failover lies in the region; control keeps it there and
 *          gives BORN when it starts.  What a death of the whole node must not
 *          forget is durable by SAVE_GIVEN and SAVE_PRIMARY alone; a node that
 *          starts with a given word in its file calls failover_revive().
 * Writer:  control.  Readers: control; it answers INFO and the history.
 *
 * The machine (failover.def) decides: (failover, event, now) -> (failover,
 * what is to be done).  What an event means depends on its token, so
 * failover_said() and the other doors below choose it; the table has no other
 * conditions.
 *
 * Safe beside elections, as t/model/failover.pml shows, because
 *   - a claim names token and offset, and both must be those of the pause;
 *   - the word is durable before it is given, and hands over what is left of
 *     the primary's lease, counted from when the claim was sent;
 *   - the new epoch is known to a majority before the claim (PREPARE);
 *   - who gave its word votes for nobody and tells nobody else of it, and goes
 *     on only when the taker says that it did not take, or by votes.
 *
 * What control has to feed: operators' orders by failover_order(), messages by
 * failover_said(), MFSTART and PAUSED by failover_foreign(), the lock by
 * failover_locked(), LEVEL by failover_level(), SAVED of SAVE_GIVEN by
 * failover_given(), OUTBID by failover_outbid(), ELECTED by
 * failover_elected(), and by failover_happen(): UNLINKED, DEAD, PREPARED,
 * SLIPPED, SAVED, UNSAVED, UNWRITTEN, TOLD, SEEN, LATE at due_ms,
 * BORN (all by hand.h).
 *
 * Not here: sockets, files, publishing (control), elections (vote.h), who may
 * hold the lock (lock.h).
 */
#ifndef CLUSTER_FAILOVER_H
#define CLUSTER_FAILOVER_H

#include "cluster/failover_say.h"

#define FAILOVER_HISTORY 16
#define FAILOVER_STEPS 16      /* of one entry; later ones are not kept */
#define FAILOVER_DEAD 8        /* tokens that are remembered as dead */
#define FAILOVER_DO_ROOM 12

enum failover_state {
#define STATE(name, kind, writes, side, info, words) FAILOVER_##name,
#include "cluster/failover.def"
	FAILOVER_STATES
};

enum failover_event {
#define EVENT(name, kind, words) FAILOVER_ON_##name,
#include "cluster/failover.def"
	FAILOVER_EVENTS
};

enum failover_do {
#define DO(id, words) FAILOVER_##id,
#include "cluster/failover_do.def"
	FAILOVER_DOS
};

enum failover_kind {
	FAILOVER_PLANNED,
	FAILOVER_FORCED,
	FAILOVER_TAKEN_OVER,
	FAILOVER_AUTOMATIC
};

enum failover_result {
	FAILOVER_RUNNING,
	FAILOVER_COMPLETED,
	FAILOVER_ABORTED
};

/* Milliseconds of each part. */
struct failover_config {
	int64_t timeout_ms;        /* cluster-manual-failover-timeout */
	int64_t fence_ms;          /* FORCE waits for the primary so long */
	int64_t again_ms;          /* a claim or a question is repeated */
	int64_t save_ms;           /* a disk that needs longer is slow */
	int64_t tell_ms;           /* others are waited for so long */
	int64_t stand_ms;          /* votes are: voters wait for leases */
};

/* One failover, for INFO and the history; times are of the caller's clock. */
struct failover_entry {
	uint64_t id;               /* counts from 1, 0: none */
	enum failover_kind kind;
	enum failover_result result;
	bool is_giver;
	struct bus_id from, to;
	int64_t start_ms, end_ms;
	uint64_t offset;           /* agreed upon, 0: none was */
	uint8_t steps;
	struct {
		uint8_t state;     /* enum failover_state */
		int64_t ms;        /* how long it lasted */
	} step[FAILOVER_STEPS];
	uint8_t last_state, last_event; /* the row that ended it: the reason */
};

struct failover {
	enum failover_state state;
	enum failover_kind kind;
	bool is_foreign;           /* the peer is a Redis or a Valkey */
	bool is_locked;            /* we hold, or wait for, the recovery lock */
	struct bus_id self, peer;
	uint64_t token, offset, epoch;
	int64_t since_ms;          /* in this state */
	int64_t due_ms;            /* LATE then; INT64_MAX: never */
	int64_t until_ms;          /* of the whole: the pause, the order */
	uint32_t claimed_ms;       /* of the last claim of the peer */
	int64_t lease_ms;          /* end of the lease that was handed over */
	int64_t timeout_ms;        /* the order's, or the option's */
	uint64_t dead[FAILOVER_DEAD];
	unsigned deads;
	uint64_t taken;            /* the last token by which we took */
	uint64_t taken_before;     /* the one before, while that is undone */
	uint64_t entries;          /* ever; the newest is entries - 1 */
	struct failover_entry entry[FAILOVER_HISTORY];
	uint64_t ignored, refused; /* events without a row */
	struct failover_config config;
};

struct failover_step {
	enum failover_do what;
	struct bus_id to;          /* the peer */
	struct failover_say say;
	uint64_t token, offset, epoch;
	int64_t until_ms;
	const char *words;         /* ANSWER */
};

struct failover_steps {
	unsigned count;
	struct failover_step list[FAILOVER_DO_ROOM];
};

/* Makes one in zeroed memory. */
void failover_begin(struct failover *f, const struct bus_id *self,
    const struct failover_config *c);

/* The node's file says that its word was given; before any event. */
void failover_revive(struct failover *f, const struct bus_id *to,
    uint64_t token, uint64_t offset, uint64_t epoch, int64_t now_ms);

/* The node's file says that it took over by this token; before any event. */
void failover_remember(struct failover *f, uint64_t token);

/*
 * An order: ASK, FORCE, TAKEOVER (peer: our primary), OFFER, OFFER_FORCE (peer:
 * the replica) or ABORT.  timeout_ms 0: the option's.  token: random, never 0.
 * There is an ANSWER among the steps.
 */
void failover_order(struct failover *f, enum failover_event order,
    const struct bus_id *peer, bool is_foreign, int64_t timeout_ms,
    uint64_t token, int64_t now_ms, struct failover_steps *out);

/*
 * A message of a peer that is our replica or our primary; lease_ms is what is
 * left of our own lease by our clock (FAILOVER_NO_LEASE: there are none).
 */
void failover_said(struct failover *f, const struct bus_id *by,
    const struct failover_say *say, uint32_t lease_ms, int64_t now_ms,
    struct failover_steps *out);

/* MFSTART of a replica of another kind; or, with an offset, a PAUSED ping. */
void failover_foreign(struct failover *f, const struct bus_id *by,
    bool is_paused, uint64_t offset, uint64_t token, int64_t now_ms,
    struct failover_steps *out);

/* The recovery lock is ours, as we asked. */
void failover_locked(struct failover *f, int64_t now_ms,
    struct failover_steps *out);

/* AWAIT's answer. */
void failover_level(struct failover *f, int64_t now_ms,
    struct failover_steps *out);

/*
 * When the primary's word is late, who is forced asks for votes (LATE_WORD);
 * INT64_MAX: nobody is forced to, or waits for a word.
 */
int64_t failover_word_ms(const struct failover *f);

/*
 * Any other event.  number: the epoch of PREPARED and ELECTED; the end of the
 * log, read when every worker had acknowledged, of SEEN.
 */
void failover_happen(struct failover *f, enum failover_event event,
    uint64_t number, int64_t now_ms, struct failover_steps *out);

/*
 * SAVE_GIVEN is durable: the word, with what is left of our lease by our clock
 * (FAILOVER_NO_LEASE: there are none; 0: it ended, and so no word yet).
 */
void failover_given(struct failover *f, uint32_t lease_ms, int64_t now_ms,
    struct failover_steps *out);

/* The slots, ours or our primary's, have this owner under a later epoch. */
void failover_outbid(struct failover *f, const struct bus_id *owner,
    int64_t now_ms, struct failover_steps *out);

/*
 * An election that this node stood for, for its primary's slots or, when it
 * gave its word, for its own, has ended well, and that is durable.
 */
void failover_elected(struct failover *f, const struct bus_id *instead_of,
    uint64_t epoch, int64_t now_ms, struct failover_steps *out);

/* Whether another one may use our word, or soon may. */
bool failover_is_given(const struct failover *f);

/* Whether what we take, or have just taken, is by the primary's word. */
bool failover_has_word(const struct failover *f);

/* Whether the side at hand is the giver's: it is, or was, a primary. */
bool failover_is_giver(const struct failover *f);

/*
 * Whether this node holds a token, or gave its word: then it votes for nobody
 * who wants its slots.
 */
bool failover_is_giving(const struct failover *f);

/* Whether EnsureReplication has to keep still. */
static inline bool
failover_is_active(const struct failover *f)
{
	return f->state != FAILOVER_IDLE;
}

/* Words of INFO: master_failover_state, last_failover_state. */
const char *failover_word(const struct failover *f);
const char *failover_last_word(const struct failover *f);

/* Why an entry ended as it did. */
const char *failover_reason(const struct failover_entry *e);

/* The row of a state and an event; to is a state, -1: there is none. */
struct failover_row {
	int to;
	const char *because;
};
struct failover_row failover_row(enum failover_state state,
    enum failover_event event);

extern const char *const failover_state_words[FAILOVER_STATES];
extern const char *const failover_do_words[FAILOVER_DOS];

#endif
