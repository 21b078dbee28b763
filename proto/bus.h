/*
 * bus - messages between the nodes of a cluster, as bytes
 *
 * A message is a header of 2256 bytes and what its type says; all integers
 * are big-endian.  bus_frame() finds its end in a stream, bus_read() checks
 * the whole of it, so that nothing behind it has to be doubted: lengths,
 * counts, ids, texts.  What is read points into the caller's bytes.
 *
 * A writer puts one message into the caller's buffer: bus_begin(), what the
 * type has, bus_end().
 *
 * Nodes of our own kind mark their headers (in bytes which others leave zero),
 * and only to them OWN is sent: u16 version 1, u16 kind, u32 length, payload.
 *
 * Source of numbers: Redis 7.0 and 7.2, Valkey 8; t/bus_seen.h holds messages
 * of a redis-server 7.0.15.
 *
 * Not here: what a message means (cluster/).
 */
#ifndef PROTO_BUS_H
#define PROTO_BUS_H

#include "proto/keyslot.h"

#define BUS_HEADER 2256
#define BUS_GOSSIP 104
#define BUS_ID 40
#define BUS_SLOT_BYTES (KEYSLOT_COUNT / 8)
#define BUS_IP 46              /* with its ending zero */
#define BUS_NAME 256           /* of a host or for people, with its zero */
#define BUS_PORT_OFFSET 10000  /* from the port for clients to the bus's */
#define BUS_BYTES_MAX (1u << 30)
/* More gossip than this is not believed; 16 bits would be 6 MB. */
#define BUS_COUNT_MAX 16384
/* A greeting: full of gossip, and all extensions. */
#define BUS_HELLO_MAX (BUS_HEADER + BUS_COUNT_MAX * BUS_GOSSIP + 65536)
#define BUS_OWN_VERSION 1
#define BUS_OWN_HEAD 8

enum bus_type {
#define BUS_MESSAGE(id, number, body, words) BUS_##id = number,
#define BUS_FLAG(id, bit, name, words)
#define BUS_MARK(id, bit, words)
#define BUS_EXTENSION(id, number, words)
#include "proto/bus.def"
};

enum bus_flag {
#define BUS_MESSAGE(id, number, body, words)
#define BUS_FLAG(id, bit, name, words) BUS_IS_##id = bit,
#define BUS_MARK(id, bit, words)
#define BUS_EXTENSION(id, number, words)
#include "proto/bus.def"
};

enum bus_mark {
#define BUS_MESSAGE(id, number, body, words)
#define BUS_FLAG(id, bit, name, words)
#define BUS_MARK(id, bit, words) BUS_MARK_##id = bit,
#define BUS_EXTENSION(id, number, words)
#include "proto/bus.def"
};

enum bus_extension_type {
#define BUS_MESSAGE(id, number, body, words)
#define BUS_FLAG(id, bit, name, words)
#define BUS_MARK(id, bit, words)
#define BUS_EXTENSION(id, number, words) BUS_EXT_##id = number,
#include "proto/bus.def"
};

/* 40 bytes of [a-z0-9] without an ending zero; all zero is nobody. */
struct bus_id {
	char text[BUS_ID];
};

struct bus_header {
	uint16_t type;             /* enum bus_type, or unknown */
	uint16_t port, pport, cport;
	uint16_t flags;            /* enum bus_flag */
	uint16_t count;            /* of gossip entries */
	uint16_t extensions;
	uint8_t marks;             /* enum bus_mark */
	uint8_t own;               /* version of our kind, 0: another kind */
	bool is_voted;             /* ours only: its config epoch was */
	bool is_holding;           /* ours only: its writes, for a failover */
	bool is_down;              /* its cluster state */
	/* ours only: what it knows of others' claims, 0: not said */
	uint32_t known;
	uint64_t epoch, config_epoch, offset;
	struct bus_id sender, primary;
	char ip[BUS_IP];           /* empty: as the socket says */
	const uint8_t *slots;      /* BUS_SLOT_BYTES */
};

struct bus_gossip {
	struct bus_id id;
	uint32_t ping_s, pong_s;   /* UNIX time */
	char ip[BUS_IP];
	uint16_t port, cport, pport, flags;
};

struct bus_packet {
	struct bus_header header;
	const uint8_t *data;       /* the whole message */
	size_t bytes;
	struct bus_id id;          /* FAIL, UPDATE: whom it is about */
	uint64_t config_epoch;     /* UPDATE */
	const uint8_t *slots;      /* UPDATE */
	struct slice channel, message; /* PUBLISH, PUBLISHSHARD */
	uint16_t kind;             /* OWN */
	struct slice payload;      /* OWN */
	const char *why;           /* when bus_read() refused */
};

struct bus_extension {
	uint16_t type;
	struct slice text;         /* HOSTNAME, NODENAME; may be empty */
	struct bus_id id;          /* FORGOTTEN, SHARD */
	uint64_t ttl_s;            /* FORGOTTEN */
};

enum bus_frame { BUS_MORE, BUS_FRAME, BUS_BROKEN };
enum bus_verdict {
	BUS_GOOD,
	BUS_UNKNOWN,  /* well formed, but of no type that we know: leave it */
	BUS_ODD       /* refused, see `why`; the connection may go on */
};

/*
 * Looks for the end of the message that begins at data: BUS_FRAME and its
 * length in *need; BUS_MORE and how many bytes are needed to say more (or for
 * all of it); BUS_BROKEN when no message begins here: close the connection.
 */
enum bus_frame bus_frame(const void *data, size_t bytes, size_t *need);

/* Whether a type of message has gossip: PING, PONG, MEET. */
bool bus_is_hello(uint16_t type);

/* Who says it sent a message of which the header is there; false: nobody. */
bool bus_sender(const void *header, struct bus_id *id);

/* Reads one whole message. */
enum bus_verdict bus_read(struct bus_packet *p, const void *data,
    size_t bytes);

/* Entry i < header.count of a message that was read. */
void bus_gossip_at(const struct bus_packet *p, size_t i,
    struct bus_gossip *g);

/*
 * The extensions of a message that was read, one after the other; *at is 0 at
 * first.  Types that are not known, and texts that can not stand in a line of
 * nodes.conf, are passed over.
 */
bool bus_extension_next(const struct bus_packet *p, size_t *at,
    struct bus_extension *e);

struct bus_writer {
	uint8_t *data;
	size_t room, bytes;
	uint16_t count, extensions;
	bool is_full;              /* it did not fit; bus_end() says 0 */
};

/*
 * Begins a message; h->count and h->extensions are not looked at.  The marks
 * and the version are as h says.
 */
void bus_begin(struct bus_writer *w, void *data, size_t room,
    const struct bus_header *h);

/* Gossip comes before extensions. */
void bus_put_gossip(struct bus_writer *w, const struct bus_gossip *g);
void bus_put_extension(struct bus_writer *w, const struct bus_extension *e);

/* The bodies of FAIL, UPDATE, PUBLISH and PUBLISHSHARD, OWN. */
void bus_put_node(struct bus_writer *w, const struct bus_id *id);
void bus_put_update(struct bus_writer *w, uint64_t config_epoch,
    const struct bus_id *id, const uint8_t *slots);
void bus_put_publish(struct bus_writer *w, struct slice channel,
    struct slice message);
void bus_put_own(struct bus_writer *w, uint16_t kind, struct slice payload);

/* The message's length, or 0 when it did not fit. */
size_t bus_end(struct bus_writer *w);

/* An id from its text of exactly 40 of [a-z0-9]; false otherwise. */
bool bus_id_get(struct slice text, struct bus_id *id);

static inline bool
bus_id_is_equal(const struct bus_id *a, const struct bus_id *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Nobody's: all zero. */
static inline bool
bus_id_is_none(const struct bus_id *id)
{
	return id->text[0] == 0;
}

/* Whether text may be an address, or a name in a line of nodes.conf. */
bool bus_is_address(struct slice text);
bool bus_is_name(struct slice text);

/* Numbers as they are on the bus, also in messages of our own: big-endian. */
uint64_t bus_get(const void *from, int bytes);
void bus_put(void *to, int bytes, uint64_t n);

/* Sets of slots, a bit a slot; BUS_SLOT_BYTES. */
static inline bool
bus_has_slot(const uint8_t *slots, unsigned slot)
{
	return slots[slot >> 3] >> (slot & 7) & 1;
}

static inline void
bus_add_slot(uint8_t *slots, unsigned slot)
{
	slots[slot >> 3] |= (uint8_t)(1 << (slot & 7));
}

static inline void
bus_remove_slot(uint8_t *slots, unsigned slot)
{
	slots[slot >> 3] &= (uint8_t)~(1 << (slot & 7));
}

/* The first run of slots in it from *first on; false: there is none. */
bool bus_next_range(const uint8_t *slots, unsigned *first, unsigned *last);

#endif
