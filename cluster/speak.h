/*
 * speak - our messages, built from what is durable
 *
 * Every header says what view.told says (view.h), so whatever is sent, and
 * whenever, tells nothing that we could forget.
 *
 * Not here: when something is said.
 */
#ifndef CLUSTER_SPEAK_H
#define CLUSTER_SPEAK_H

#include "cluster/view.h"

/* What OWN messages say; 16 and more are failover_say.def's. */
enum speak_kind {
	SPEAK_DENIED = 1,      /* u64 epoch, u8 enum vote_verdict */
	SPEAK_PREPARE = 2,     /* u64 token, u64 epoch: will you know it? */
	SPEAK_PREPARED = 3,    /* same, u8: 1 when it does, and durably so */
	SPEAK_WITHDRAWN = 4,   /* u64 epoch: votes in it will not be used */
	/* u64 when it was sent, u32 how long, u64 config epoch (lease.h) */
	SPEAK_LEASE_ASK = 8,
	/* u64 when that was sent, 0: with a vote; u32 how long, u64 epoch */
	SPEAK_LEASE_GRANT = 9,
	/* u8 what, u64 token, u64 epoch, slots, why (shift.c) */
	SPEAK_SHIFT = 10,
	/* u64 version, parts (moves.c): a primary's open slots */
	SPEAK_MOVES = 11,
	SPEAK_MOVES_KNOWN = 12 /* u64 version that a replica has, 0: none */
};

#define SPEAK_DENIED_BYTES 9
#define SPEAK_WITHDRAWN_BYTES 8
#define SPEAK_PREPARE_BYTES 16
#define SPEAK_PREPARED_BYTES 17

/* The header of a message of ours. */
struct bus_header speak_header(struct view *v, uint16_t type);

/*
 * PING, PONG or MEET with gossip for node i, on this wire.  A PING is noted as
 * one that wants an answer.
 */
void speak_hello(struct view *v, uint16_t type, uint16_t i, uint64_t wire,
    struct acts *out);

/*
 * A PONG for everybody; false when they do not all understand the same, and
 * have to be told one by one.
 */
bool speak_to_all(struct view *v, struct acts *out);

/* Node i is FAIL: to all, or to one that has started since that was told. */
void speak_fail(struct view *v, uint16_t i, struct acts *out);
void speak_fail_to(struct view *v, uint16_t i, uint16_t to,
    struct acts *out);

/* To node `to`: the slots of node i. */
void speak_update(struct view *v, uint16_t i, uint16_t to,
    struct acts *out);

/*
 * To node `to`: the slots of some of the others but one, which it may not know;
 * who does not know enough then is told of more the next time.
 */
void speak_claims(struct view *v, uint16_t to, uint16_t but,
    struct acts *out);

/* We ask everybody for a vote in this epoch. */
void speak_request(struct view *v, uint64_t epoch, bool is_forced,
    struct acts *out);

/* An OWN message for node i on the wire on which it asked. */
void speak_own_on(struct view *v, uint16_t i, uint64_t wire, uint16_t kind,
    struct slice payload, struct acts *out);

/* Node i has our vote in this epoch; or has not, and why. */
void speak_vote(struct view *v, uint16_t i, uint64_t epoch,
    struct acts *out);
void speak_denial(struct view *v, uint16_t i, uint64_t epoch,
    enum vote_verdict why, struct acts *out);

/* OWN to node i, on our link to it; it is lost when there is none. */
void speak_own(struct view *v, uint16_t i, uint16_t kind,
    struct slice payload, struct acts *out);

/* MFSTART to node i. */
void speak_mfstart(struct view *v, uint16_t i, struct acts *out);

#endif
