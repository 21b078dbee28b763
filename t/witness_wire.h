/*
 * witness_wire - connections of writers and probes, never waited for
 *
 * A peer has one connection at a time and asks once: a writer for a batch, a
 * probe for one write.  Redirections are followed, and what was refused is
 * repeated; a probe follows none, and keeps its place.  What is lost on the way
 * is given up in the ledger.
 *
 * The owner calls wire_happen() for what epoll says of a peer, and wire_drive()
 * for all peers once per turn; both act at wire.now_ns.
 *
 * Not here: what replies mean (witness_tally.h), who writes (witness.c).
 */
#ifndef T_WITNESS_WIRE_H
#define T_WITNESS_WIRE_H

#include <netinet/in.h>

#include "t/witness_tally.h"

#define PLACES_MAX 64
#define PIPELINE_MAX 64
#define BUFFER_BYTES 16384

enum wire_state { AWAY, CONNECTING, IDLE, WAITING };

/* What all peers share. */
struct wire {
	int epoll;
	int64_t now_ns;
	int64_t timeout_ns;     /* what waits for so long is given up */
	bool is_going;          /* something may be begun */
	bool is_holding;        /* nothing but what was refused */
	struct sockaddr_in place[PLACES_MAX];
	unsigned places;
};

/* A writer, or a probe (pipeline 1, and one place for ever). */
struct peer {
	struct wire *wire;
	struct ledger book;
	bool is_probe;
	unsigned turn;          /* which of the shard's places is next */
	uint16_t at;            /* the place it talks to */
	bool is_asking;
	int fd;
	int kept[PLACES_MAX];   /* connections to other places, -1: none */
	enum wire_state state;
	int64_t since_ns;       /* since when it waits */
	int64_t wake_ns;        /* nothing is done before */
	int64_t pace_ns;        /* of a probe, after an answer */
	uint32_t pipeline, batch[PIPELINE_MAX], count, got, left;
	char in[BUFFER_BYTES];
	size_t in_bytes;
	char out[BUFFER_BYTES];
	size_t out_bytes, out_sent;
};

/* The index of HOST:PORT; it is entered when it is new. */
uint16_t wire_place(struct wire *w, const char *text);

/*
 * A peer that lives until the end: a probe of the shard's place number `turn`
 * when it writes no keys, else a writer that begins there.
 */
struct peer *wire_peer(struct wire *w, struct shard *s, const char *tag,
    unsigned turn, uint32_t keys);

/* What epoll says of its connection. */
void wire_happen(struct peer *p, uint32_t events);

/* What is late is given up, and what may begin begins. */
void wire_drive(struct peer *p);

#endif
