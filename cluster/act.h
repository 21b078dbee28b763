/*
 * act - the list of what is to be done, made by deciding code
 *
 * Deciding code calls nothing: it appends acts, and bytes to be sent, to a
 * list in its caller's memory.  What can be many is not appended all at once:
 * act_has_room() is asked first, and what is left is due again at once.
 *
 * Not here: doing it (daemon/, t/sim).
 */
#ifndef CLUSTER_ACT_H
#define CLUSTER_ACT_H

#include "proto/bus.h"

/* Longest message but for PUBLISH, which control does not build here. */
#define ACT_PACKET_MAX (BUS_HEADER + 640 * BUS_GOSSIP + 1024)
#define ACT_ROOM 512
#define ACT_BYTES (8 * ACT_PACKET_MAX)

enum act_kind {
#define ACT(id, words) ACT_##id,
#include "cluster/act.def"
	ACTS
};

/* How much a line for the log matters. */
enum act_level {
	ACT_LINE,
	ACT_DETAIL,                /* who looks for something wants it */
	ACT_STEP                   /* one of many that say the same */
};

struct act {
	enum act_kind kind;
	uint16_t node;             /* index of whom it is about */
	uint16_t type;             /* DELIVER: the message's */
	bool is_light;             /* SAVE: a power failure may undo it */
	uint64_t wire;             /* SEND, OPEN, CLOSE */
	uint64_t generation;       /* SAVE; HOLD, LOCK, AWAIT, TURN */
	uint64_t token, offset;    /* HOLD; AWAIT */
	/* HOLD, LOCK, TURN, LEASE, GRANT; INT64_MAX: never; TURN 0: not yet */
	int64_t until_ms;
	const uint8_t *data;       /* SEND, SEND_ALL: in the list's bytes */
	size_t bytes;
	struct slice channel, message; /* DELIVER: in the event's bytes */
	const char *words;         /* NOTE, ANSWER */
	enum act_level level;      /* NOTE */
};

struct acts {
	unsigned count;
	struct act list[ACT_ROOM];
	size_t bytes;
	uint8_t data[ACT_BYTES];
};

extern const char *const act_words[ACTS];

/* Begins an empty list. */
static inline void
act_begin(struct acts *a)
{
	a->count = 0;
	a->bytes = 0;
}

/* Whether one more message and its acts may be appended in a loop. */
static inline bool
act_has_room(const struct acts *a)
{
	return a->count < ACT_ROOM / 2 &&
	    a->bytes < ACT_BYTES - 4 * ACT_PACKET_MAX;
}

/* Appends one; the caller fills in what its kind has. */
struct act *act_add(struct acts *a, enum act_kind kind, uint16_t node);

/* Begins a message behind the list's bytes; act_send() appends it. */
void act_write(struct acts *a, struct bus_writer *w,
    const struct bus_header *h);
void act_send(struct acts *a, struct bus_writer *w, uint16_t node,
    uint64_t wire);
void act_send_all(struct acts *a, struct bus_writer *w);

/* A line for the log about a node. */
void act_note(struct acts *a, uint16_t node, const char *words);
void act_note_as(struct acts *a, enum act_level level, uint16_t node,
    const char *words);

#endif
