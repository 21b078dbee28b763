/*
 * vote_state - where an election stands, on both sides of it
 *
 * Part of struct view.
 *
 * Not here: the rules (vote.def, vote.c).
 */
#ifndef CLUSTER_VOTE_STATE_H
#define CLUSTER_VOTE_STATE_H

#include "proto/nodes_conf.h"

#define VOTE_WORDS 64          /* of 64 nodes each */

enum vote_state {
#define STATE(name, kind, words) VOTE_##name,
#include "cluster/vote.def"
	VOTE_STATES
};

enum vote_event {
#define EVENT(name, kind, words) VOTE_ON_##name,
#include "cluster/vote.def"
	VOTE_EVENTS
};

enum vote_verdict {
#define VERDICT(id, words) VOTE_##id,
#include "cluster/verdict.def"
	VOTE_VERDICTS
};

/* Why a replica of a failed primary does not stand. */
enum vote_hindrance {
#define HINDRANCE(id, word, words) VOTE_##id,
#include "cluster/hindrance.def"
	VOTE_HINDRANCES
};

struct vote {
	/* as a candidate */
	enum vote_state state;
	int64_t due_ms;        /* of the state */
	uint64_t epoch;        /* we stand in */
	int64_t asked_ms;      /* when we asked for votes in it */
	bool is_forced;        /* the primary may be alive */
	bool is_confirming;    /* our own slots: our word was given in vain */
	bool is_denied;        /* the last time somebody was against us */
	uint16_t failed;       /* whose slots we want */
	uint64_t yes[VOTE_WORDS], no[VOTE_WORDS]; /* by index */
	enum vote_hindrance hindrance;
	uint64_t stood, won;   /* how often */
	/* as a voter: the last before we started, and what is not durable */
	uint64_t born_epoch;
	uint64_t given_epoch;  /* 0: none */
	struct bus_id given_to;
	/* whom we vote for when a lease has ended: what it asked */
	struct vote_waits {
		struct bus_id by;  /* nobody: none waits */
		struct bus_id wanted, primary;
		uint8_t own;
		uint64_t epoch, config_epoch;
		uint16_t marks;
		uint32_t known;
		uint8_t slots[BUS_SLOT_BYTES];
	} waits;
};

#endif
