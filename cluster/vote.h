/*
 * vote - elections: a replica asks, primaries with slots answer
 *
 * The candidate is a machine (vote.def).  Its epoch is durable before it asks,
 * and so is what it won before it tells.  The replica with the greatest offset
 * goes first; the others wait for longer, by rank.  A denial from our own kind
 * lets the loser try again at once.
 *
 * A voter votes once in an epoch and says so when that is durable; within
 * half the node timeout it votes for one replica of a primary only.
 *
 * The failover machine comes in by vote_force() and vote_confirm(), and learns
 * the end from v->vote.won; a denial's reason is in the note.
 *
 * Not here: failure detection (fail.h), planned failovers.
 */
#ifndef CLUSTER_VOTE_H
#define CLUSTER_VOTE_H

#include "cluster/speak.h"

/* Looks whether an election is needed, and goes on with one; often. */
void vote_look(struct view *v, struct acts *out);

/* What was being saved is durable (v->told). */
void vote_saved(struct view *v, struct acts *out);

/* A replica asks us: its message. */
void vote_asked(struct view *v, uint16_t by, const struct bus_packet *p,
    struct acts *out);

/* A voter answers us. */
void vote_granted(struct view *v, uint16_t by, uint64_t epoch,
    struct acts *out);
void vote_denied(struct view *v, uint16_t by, struct slice payload,
    struct acts *out);

/* Node `by` has no use for the vote that it may have from us. */
void vote_withdrawn(struct view *v, uint16_t by, struct slice payload);

/*
 * Stand now, although our primary may be alive; false: this node is no replica
 * of a primary with slots, or has just been elected.
 */
bool vote_force(struct view *v, struct acts *out);

/*
 * Ask a majority to confirm that our own slots are ours, although our word was
 * given; it ends like any election.  False: this can not be asked.
 */
bool vote_confirm(struct view *v, struct acts *out);

/* An election that was asked for is not wanted any more. */
void vote_off(struct view *v, struct acts *out);

/* All slots of node `from` become ours, under this epoch. */
void vote_take(struct view *v, uint16_t from, uint64_t epoch, bool is_voted,
    struct acts *out);

/*
 * As a voter: whether the replica `by`, whose header this is, may take over
 * under this epoch by its primary's word, as nobody else of its shard had our
 * vote since that primary's own epoch.
 */
bool vote_may_promise(const struct view *v, uint16_t by,
    const struct bus_header *h, uint64_t epoch);

/* Take our primary's slots without asking anybody (TAKEOVER). */
bool vote_take_over(struct view *v, struct acts *out);

extern const char *const vote_state_words[VOTE_STATES];
extern const char *const vote_verdict_words[VOTE_VERDICTS];

/* The row of a state and an event; to is a state, -1: there is none. */
struct vote_row {
	int to;
	const char *because;
};
struct vote_row vote_row(enum vote_state state, enum vote_event event);

#endif
