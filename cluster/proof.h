/*
 * proof - that nobody else may write to slots on their way
 *
 * The target of a move claims slots under the epoch that it was given; a source
 * that takes the target for dead claims them back under a later one.  Either
 * may stand still for any time between two of its steps, so that it claims a
 * thing means nothing yet.  What counts:
 *
 *   One side writes there only when so many of those who voted before the move
 *   lease to it, knowing what it claims under its epoch, that nobody else can
 *   have as many (lease_proof()); and when that has been so for longer than a
 *   lease lasts, or it has the other one's word that it does not write.
 *
 * A voter that knows the later claim leases no more to who makes the older one,
 * and two such sets have a voter in common.  So from when one side has its own,
 * the other gets no new lease for a claim with the slots, and its last one ends
 * within a lease's length.  Nobody has to be awake, or to have been told.
 *
 *   Word      The target's: GONE.  The source's: YOURS, when it knows the
 *             claim; with that a move waits for one more round trip, without
 *             it for the majority.  It is sure when it is durable there.
 *   Epoch     Until then the target takes no other epoch, and believes a later
 *             claim of its source: that may claim them back.  With
 *             a sure word, or after two node timeouts, it may need another one,
 *             as somebody has the same; then the word alone is not enough.
 *   Source    Before it claims back, leases that it asked for after the target
 *             was dead have to show that who granted them knows of no claim.
 *             What was acknowledged there would be lost.
 *   Votes     A voter that voted to replace either, and has not heard what came
 *             of that, believes no claim of another shard's node (claim.h).
 *   Starts    Who claimed is durable with the claim: another control asks anew.
 *
 * Where fewer than three voted there is no majority without both: the target
 * needs a sure word, or that its operator forgets the source.  Where leases are
 * impossible (lease.h) that the source is taken for dead stands for its word.
 *
 * Not here: states and messages (shift.h), who leases to whom (lease.h).
 */
#ifndef CLUSTER_PROOF_H
#define CLUSTER_PROOF_H

#include "cluster/lease.h"

/* What we claim is new: nothing is shown, and it is asked for. */
void proof_begin(struct view *v);

/* The source's word; whether it is durable there. */
void proof_word(struct view *v, bool is_sure);

/* Whether it is shown to us, who claimed the job's slots; each step. */
bool proof_is_there(struct view *v);

/* Whether we may claim back what we gave to node `peer`, which is dead. */
bool proof_may_claim_back(struct view *v, uint16_t peer);

#endif
