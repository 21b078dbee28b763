/*
 * hand_state - what joins the failover machine to the rest of the view
 *
 * Part of struct view.
 *
 * Not here: the machine itself (failover.h), what is done with this (hand.c).
 */
#ifndef CLUSTER_HAND_STATE_H
#define CLUSTER_HAND_STATE_H

#include "cluster/failover.h"

#define HAND_WORDS 64          /* of 64 nodes each */
#define HAND_PROMISES 8

/* A word that was given: a record of nodes.conf; token 0: none. */
struct hand_given {
	struct bus_id to;
	uint64_t token, offset, epoch;
};

/* A voter's answer to PREPARE that waits for the disk; epoch 0: none. */
struct hand_promise {
	struct bus_id to;
	uint64_t token, epoch;
};

struct hand {
	bool is_born;              /* the machine knows that we started */
	bool is_resume_due;        /* RESUME when this step has published */
	/* what the file has to say */
	struct hand_given given;
	uint64_t taken;
	uint64_t save_from;        /* SAVED at this generation, 0: not asked */
	/* the serials of the last acts that have answers */
	uint64_t serial, hold, lock, await, turn;
	bool is_invited;           /* no operator waits for an answer */
	bool is_force_due;         /* invited: late, it goes on by force */
	bool is_held;              /* for good, before the word is given */
	bool has_seat;             /* the word hands over a seat (lease.h) */
	bool is_pause_told;        /* all know that we hold writes */
	int64_t unlinked_ms;       /* since when the stream is awaited, or 0 */
	/* the epoch that a majority has to know */
	uint64_t prepare_token;    /* of the failover it is for, 0: none */
	uint64_t prepare_epoch, prepare_from; /* its generation */
	bool is_promised;          /* one does: the primary may be stopped */
	int64_t prepare_ms;        /* asked again then */
	uint64_t prepared[HAND_WORDS];        /* who knows it, by index */
	int64_t told_ms;           /* since when answers count as TOLD */
	int64_t stop_ms;           /* STOP is said again then */
	uint64_t won;              /* elections that the machine knows of */
	struct hand_promise promise[HAND_PROMISES];
};

#endif
