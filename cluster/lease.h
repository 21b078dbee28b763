/*
 * lease - a primary that is cut off stops before it is replaced
 *
 * In a cluster of three or more voters a primary acknowledges writes only while
 * so many of them granted it a lease, itself counted, that every majority has
 * one of these (and that two primaries can not both have so many).  A voter
 * votes for nobody in a primary's place before the lease that it granted has
 * ended.  So a vote and a write never overlap, whatever the network does.
 *
 *   Time      Who asks counts from when it sent the question, by its own clock
 *             and less a margin for clocks of another pace; who grants counts
 *             from its answer.  So the asker's end comes first.
 *   Claims    A voter grants to who claims nothing but what it has here, and
 *             only when what is known of that is durable here.
 *   Changes   Who takes over gets nothing before the leases of who was before
 *             it have ended; nor does it get votes for a replica.
 *   Word      What was granted to who gave its role away by word is, from then
 *             on, who took it's: it gets leases at once, and no vote against it
 *             is given before that has ended.  Who gave it asks for votes to go
 *             on only when what it handed over has ended, by its own clock or
 *             with the processes of who got it; so nobody waits for that again.
 *   Seat      A shard has one seat in the majority.  Who was elected counts
 *             itself only when so many leased to it, knowing its claim, that
 *             nobody before it can have enough again.
 *   Claims of others    A seat goes to who knows of as many replaced voters as
 *             who had it: a giver's word waits for that, and who votes tells
 *             the candidate first.  Or the heir would lease to one that was
 *             replaced, whose successor counts on that seat.
 *   Heirs     Who took over votes for nobody for as long as what was granted
 *             by whom it replaced may run; who gave its role away grants
 *             nothing; and who voted to replace a voter counts no lease of it
 *             before it hears what came of that.
 *   Starts    A voter that starts votes for nobody for the longest lease that
 *             it may have granted; and grants only to those who had their
 *             slots for so long before, by its file.
 *   Evidence  A connection that the peer's kernel closed, and a refusal to the
 *             next one, say that who held the lease is no more: it has ended.
 *
 * Voters of another kind grant nothing and vote at any time; so then more of
 * our own kind are wanted, and where there are not enough there is no lease.
 *
 * t/model/failover.pml shows that this is safe beside planned failovers.
 *
 * Not here: who stops writes at the end (daemon/), elections (vote.h).
 */
#ifndef CLUSTER_LEASE_H
#define CLUSTER_LEASE_H

#include "cluster/speak.h"

extern const char *const lease_state_names[LEASE_STATES];
extern const char *const lease_state_words[LEASE_STATES];

/* How long a lease is here: the option, or what follows from the timeout. */
int64_t lease_length_ms(const struct view *v);

/* Longer is no lease that this node had, or granted, before it started. */
int64_t lease_longest_ms(const struct view *v);

/*
 * How long writes may still be acknowledged, 0: no longer; LEASE_ALWAYS when
 * no lease is needed or none is possible.
 */
int64_t lease_left_ms(const struct view *v);

/*
 * Whether so many of those who voted before a move of slots lease to us,
 * knowing what we claim under this epoch, that nobody else can have as many:
 * HELD, and until when; LOST; or UNNEEDED, IMPOSSIBLE.  Node `giver` voted, if
 * not VIEW_NOBODY, also when it has no slot left; and we, if has_voted.
 */
enum lease_state lease_proof(const struct view *v, uint64_t epoch,
    uint16_t giver, bool has_voted, int64_t *end_ms);

/* Asks, when it is time, and says the end by ACT_LEASE when it is another. */
void lease_look(struct view *v, struct acts *out);

/* Node i asks for a lease: a message of its own, whose claims were heard. */
void lease_asked(struct view *v, uint16_t i, uint64_t wire,
    const struct bus_packet *p, struct acts *out);

/* Node i grants us one. */
void lease_granted(struct view *v, uint16_t i, struct slice payload);

/*
 * From when on we may vote for node `by`, who wants what p has, its primary or
 * itself; it is over when that is not later than now.  Who wants its own asks
 * only when nobody can use a lease that it handed over.
 */
int64_t lease_may_vote_ms(const struct view *v, uint16_t by, uint16_t p);

/* We vote for node i: until its lease has ended, nobody else gets one. */
void lease_promise(struct view *v, uint16_t i, struct acts *out);

/* Tells it, with the vote in this epoch. */
void lease_with_vote(struct view *v, uint16_t i, uint64_t epoch,
    struct acts *out);

/* We ask for votes, under this epoch; we are a primary by votes, or by word. */
void lease_stand(struct view *v, uint64_t epoch);
void lease_elected(struct view *v);

/* We asked for votes as a primary, and go on as the one that we were. */
void lease_stay(struct view *v);

/* Who held the leases that we granted node i is no more. */
void lease_gone(struct view *v, uint16_t i, struct acts *out);

/*
 * This node starts from its file: it may have granted leases so long before it
 * ended, may have been elected without its seat; and may have voted, or heard
 * of a failover, a moment before.
 */
void lease_start(struct view *v, int64_t longest_ms, bool is_seat_unsure,
    bool was_unsettled);

/*
 * Another process of this node granted node i a lease until then; it had one
 * for us until then.  Before the first step of a new control, which goes on
 * with what the region says: lease_keep() first.
 */
void lease_keep(struct view *v, int64_t until_ms);
void lease_recall(struct view *v, uint16_t i, int64_t until_ms);

/*
 * A planned failover, between its two sides and the voters.  A voter learns
 * that node i may claim under this epoch by the word of its primary, so that it
 * need not wait for the end of a lease.  The taker has what is left of the
 * giver's lease, and its seat.
 */
void lease_prepare(struct view *v, uint16_t i, uint64_t epoch);
void lease_take_over(struct view *v, int64_t until_ms, bool has_seat);

#endif
