/*
 * rdb_stream - the entries of a stream in an RDB file
 *
 * A stream's body begins with a count of nodes, each an id (16 bytes, high byte
 * first: milliseconds, sequence) and a listpack:
 *
 *   entries, deleted ones, n, n fields, 0            of the node
 *   flags, milliseconds, sequence,                   of an entry: both
 *     [n, fields and values | values], elements      above the node's id
 *
 * Flag 1: deleted; flag 2: it has the node's fields, so only values stand here.
 *
 *	rdb_stream_begin(&s, r);
 *	while (rdb_stream_next(&s))
 *		while (rdb_stream_pair(&s, &field, &value))
 *			...
 *
 * When next says false, the reader stands behind the last node, or r->why says
 * what is broken.
 *
 * Not here: what follows the nodes (rdb_skip_stream).
 */
#ifndef PROTO_RDB_STREAM_H
#define PROTO_RDB_STREAM_H

#include "proto/listpack.h"
#include "proto/rdb_read.h"

struct rdb_stream {
	struct rdb_reader *r;
	uint64_t ms, seq;          /* id of the entry */
	uint64_t pairs;            /* of it, still to come */
	/* of the node: */
	uint64_t nodes;            /* behind this one */
	size_t node_at;            /* where it begins */
	uint64_t base_ms, base_seq;
	const char *lp;
	size_t at;                 /* next element, 0: none */
	size_t fields_at;          /* the node's fields */
	uint64_t fields;
	uint64_t entries, deleted; /* still to come */
	size_t same_at;            /* the entry's next field there, or 0 */
	struct rdb_hold hold_id, hold_node;
	char scratch[2][NUMBER_TEXT];
};

/* Begins before the first entry of a stream's body. */
bool rdb_stream_begin(struct rdb_stream *s, struct rdb_reader *r);

/* The next entry that was not deleted; false: see above. */
bool rdb_stream_next(struct rdb_stream *s);

/* The entry's next field and value, valid until the next call. */
bool rdb_stream_pair(struct rdb_stream *s, struct slice *field,
    struct slice *value);

#endif
