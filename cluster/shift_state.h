/*
 * shift_state - what a node knows of slots on their way (cluster/shift.h)
 *
 * Not here: what happens to them (cluster/shift.c).
 */
#ifndef CLUSTER_SHIFT_STATE_H
#define CLUSTER_SHIFT_STATE_H

#include "proto/bus.h"

#define SHIFT_WANTS 4          /* moves that wait for their turn */
#define SHIFT_PAST 6           /* ended moves that are told */
#define SHIFT_WHY 128

enum shift_state {
#define STATE(name, side, tells, limit_ms, word, words) SHIFT_##name,
#include "cluster/shift.def"
	SHIFT_STATES
};

/* What a source says of slots that we claimed (cluster/proof.h). */
enum proof_word { PROOF_NONE, PROOF_SAID, PROOF_SURE };

/* One move of slots, as it is told. */
struct shift_job {
	uint64_t token;            /* 0: none */
	struct bus_id peer;
	bool is_import;
	uint8_t slots[BUS_SLOT_BYTES];
	int64_t begun_s, changed_s, heard_s; /* UNIX time */
	const char *word;          /* how it ended */
	char why[SHIFT_WHY];
};

struct shift {
	enum shift_state state;
	struct shift_job job;
	uint64_t epoch;            /* under which they are given */
	uint64_t pass;             /* who shows it may bring keys; 0: none */
	uint64_t end;              /* of our log, when writes had stopped */
	int64_t since_ms;          /* in this state */
	int64_t heard_ms;          /* from the peer, or moved on */
	int64_t said_ms;
	int64_t near_ms;           /* writes are not stopped before */
	unsigned rounds;           /* in which writes were stopped */
	uint64_t save_from;        /* the file that has what was changed */
	uint64_t entries;          /* states entered, of all moves */
	int64_t proof_ms;          /* since when enough lease to us, or 0 */
	enum proof_word word;      /* the source's, about our claim */
	/* durable: what is given and not claimed yet, what is taken and not
	 * shown to be ours yet; tokens, 0: nothing */
	uint64_t given, taken;
	struct shift_job want[SHIFT_WANTS];
	unsigned wants;
	struct shift_job past[SHIFT_PAST];   /* the newest first */
};

#endif
