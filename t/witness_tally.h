/*
 * witness_tally - what was acknowledged, and who accepted writes when
 *
 * A write is INCR.  Each key has one writer, so the reply says whether every
 * write before it is still there, and none is there twice.  Whether one that
 * got no reply was executed nobody knows, and it may be executed later: its key
 * is given up, and another takes its place.  At the end a key holds at least
 * what was acknowledged and at most what was sent.
 *
 * All probes of a shard write one key, so that
 *   switches   the longest chain of acceptances, each by another node than the
 *              one before and begun after that one's reply, less one: how often
 *              the right to write has changed hands at least
 *   regressed  acceptances whose number is not above those of all that had
 *              been answered before they were asked: a write was lost, or two
 *              nodes counted side by side
 *
 * Instants are numbers, in ns, that the caller gives.
 *
 * Not here: requests and connections (witness_wire.h), orders (witness.c).
 */
#ifndef T_WITNESS_TALLY_H
#define T_WITNESS_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHARD_NODES 8
#define ERROR_KINDS 16
#define WORD_BYTES 24
#define TAG_BYTES 40
#define NAME_BYTES (2 * TAG_BYTES)
#define RECENT 64
#define MS 1000000ll    /* in ns */

struct count {
	char word[WORD_BYTES];
	uint64_t times;
};

/* An acceptance of a probe: its end, and the highest number up to there. */
struct accepted {
	int64_t end_ns;
	uint64_t most;
};

struct shard {
	char name[TAG_BYTES];
	uint16_t place[SHARD_NODES];    /* of its nodes, as wire_place() says */
	unsigned places;

	uint64_t acks, lost, extra, moved, timeouts, breaks;
	int64_t last_ns;        /* of acknowledgements, 0: none yet */
	int64_t gap_ns, gap_at_ns;
	struct count error[ERROR_KINDS];

	uint64_t probes, switches, regressed;
	int holder;             /* the place that accepted, -1: none yet */
	int64_t holder_ns;      /* end of its first acceptance */
	int64_t switched_ns;
	struct accepted *accepted;
	size_t accepts, accepts_room;
	uint64_t recent[RECENT];
};

/* What a key of one writer must hold: acked at least, sent at most. */
struct key {
	uint32_t index, birth;
	uint64_t acked, sent;
};

/* A writer's keys, all with its tag; a probe has none. */
struct ledger {
	struct shard *shard;
	char tag[TAG_BYTES];
	struct key *keys;
	uint32_t count, next, births;
	struct key *given_up;
	size_t gone, gone_room;
};

/* Ends the witness: its orders make no sense, or it can not go on. */
void die(const char *format, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

/* So many keys, none of them written; a ledger lives until the end. */
void tally_open(struct ledger *l, struct shard *s, const char *tag,
    uint32_t keys);

/* The index of the key to be written next, which counts as sent. */
uint32_t tally_next(struct ledger *l);

/* The name of one of its keys, NULL: of the probes' key; how many bytes. */
size_t tally_name(char name[NAME_BYTES], const struct ledger *l,
    const struct key *k);

/* The write of that key was answered by that number. */
void tally_number(struct ledger *l, uint32_t index, uint64_t number,
    int64_t now_ns);

/* Nobody knows whether the key's last write was, or will be, executed. */
void tally_give_up(struct ledger *l, uint32_t index);

/* An error's first word is counted. */
void tally_error(struct shard *s, const char *text);

/* The node at that place accepted a probe that was asked at that instant. */
void tally_acceptance(struct shard *s, uint16_t place, uint64_t number,
    int64_t asked_ns, int64_t now_ns);

/* Prints one member of a JSON object: the shard's name and its counts. */
void tally_report(const struct shard *s, int64_t now_ns);

/*
 * Prints the keys that were written, as members of a JSON array: shard, name,
 * acknowledged, sent.  *is_first becomes false when there is one.
 */
void tally_keys(const struct ledger *l, bool *is_first);

#endif
