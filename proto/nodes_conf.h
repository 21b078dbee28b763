/*
 * nodes_conf - the file in which a node keeps what it knows of its cluster
 *
 * The form is that of Redis 7.2 and Valkey: a line for each node, as in CLUSTER
 * NODES (`id ip:port@cport,hostname,shard-id=... flags primary ping pong epoch
 * link slots...`), and at the end a line of vars.  Ours (nodes_conf.def) stand
 * among those, and last of all crc64 over everything before it; redis-server
 * skips them.  So either kind starts from the other's file.  Redis 7.0 takes
 * what follows the host name for a part of it until the node speaks.
 *
 * A file that one of us wrote has a generation and must have the right sum.  A
 * redis-server's has neither: every line must be readable, and the vars must
 * be there, since they are written last.  The reader says what is wrong;
 * the caller goes back to the generation before.
 *
 * Not here: writing it to disk, which generations there are (daemon/), what is
 * made of it (cluster/book.c).
 */
#ifndef PROTO_NODES_CONF_H
#define PROTO_NODES_CONF_H

#include "proto/bus.h"

#define NODES_CONF_VALUE 256   /* of a word among the vars, with its zero */
/* Room for a file of so many nodes, whatever their slots are. */
#define NODES_CONF_ROOM(nodes) \
	((size_t)(nodes) * 1024 + KEYSLOT_COUNT * 64 + 4096)

struct nodes_conf_vars {
#define VAR_UINT(field) uint64_t field;
#define VAR_INT(field) int64_t field;
#define VAR_WORD(field) char field[NODES_CONF_VALUE];
#define VAR(field, name, kind, words) VAR_##kind(field)
#include "proto/nodes_conf.def"
#undef VAR_UINT
#undef VAR_INT
#undef VAR_WORD
};

/* One node.  Texts are empty when they are not there. */
struct nodes_conf_node {
	struct bus_id id, primary, shard;
	char ip[BUS_IP], hostname[BUS_NAME], nodename[BUS_NAME];
	uint16_t port, cport;
	uint16_t other_port;       /* aux tls-port or tcp-port, 0: none */
	bool is_other_tls;
	uint16_t flags;            /* enum bus_flag */
	int64_t ping_ms, pong_ms;  /* UNIX time, 0: none */
	uint64_t config_epoch;
	bool is_connected;
	struct slice slots;        /* when read; see nodes_conf_slots() */
};

/* Some of a node's slots; or one slot that moves to or from another node. */
struct nodes_conf_range {
	enum { NODES_CONF_OWNS, NODES_CONF_MIGRATES, NODES_CONF_IMPORTS } what;
	uint16_t first, last;
	struct bus_id other;
};

enum nodes_conf_verdict {
	NODES_CONF_GOOD,
	NODES_CONF_EMPTY,    /* no byte: this node has not been in a cluster */
	NODES_CONF_TORN,     /* its end is missing */
	NODES_CONF_DAMAGED,  /* the sum is not that of what stands there */
	NODES_CONF_ODD       /* a line makes no sense */
};

struct nodes_conf {
	struct slice text;
	size_t at;                 /* of the next line */
	unsigned line;             /* the last that was read, from 1 */
	const char *why;           /* when it was refused, else NULL */
	bool is_ours;              /* it has a sum, which is right */
	struct nodes_conf_vars vars;
	struct bus_id myself;
};

/*
 * Reads the vars and looks at all of the file: afterwards nodes_conf_next()
 * fails only at the end.  The text must stay; nothing is written into it.
 * When it is refused, `line` and `why` say what about it.
 */
enum nodes_conf_verdict nodes_conf_read(struct nodes_conf *f,
    struct slice text);

/* The next node of a good file; false: there are no more. */
bool nodes_conf_next(struct nodes_conf *f, struct nodes_conf_node *n);

/* Cuts the next range off n->slots; false: there are no more. */
bool nodes_conf_slots(struct slice *left, struct nodes_conf_range *r);

/*
 * Which of two files that were read to start from: the good one; of two good
 * ones the later generation; NULL when neither is.
 */
const struct nodes_conf *nodes_conf_pick(const struct nodes_conf *a,
    const struct nodes_conf *b);

struct nodes_conf_writer {
	char *data;
	size_t room, bytes;
	bool is_full;              /* nodes_conf_end() will say 0 */
};

/* Begins a file, or lines for CLUSTER NODES, in the caller's room. */
void nodes_conf_begin(struct nodes_conf_writer *w, char *data, size_t room);

/*
 * One line, without its end: the node and its slots (may be NULL).  With
 * `is_file` also what CLUSTER NODES does not show.
 */
void nodes_conf_put_node(struct nodes_conf_writer *w,
    const struct nodes_conf_node *n, const uint8_t *slots, bool is_file);

/* Behind it, in the node's own line: a slot on its way; then the line's end. */
void nodes_conf_put_move(struct nodes_conf_writer *w,
    const struct nodes_conf_range *move);
void nodes_conf_put_end(struct nodes_conf_writer *w);

/* The vars and the sum.  The file's length, or 0 when it did not fit. */
size_t nodes_conf_end(struct nodes_conf_writer *w,
    const struct nodes_conf_vars *vars);

#endif
