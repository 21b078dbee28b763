/*
 * rdb_value - the elements of a value in an RDB file, in whatever form it lies
 *
 * One walk for all forms:
 *
 *	rdb_value_begin(&v, r, type, keeps);
 *	while (rdb_value_next(&v, &e))
 *		...
 *
 * When next says false, either all elements were met and the reader stands
 * behind the value, or r->why says what is broken.  What is checked here: that
 * everything is sound, that there are elements, that fields have values, that
 * scores are numbers.  Not checked: whether a member or field is there twice.
 *
 * A list of nodes may also be taken node by node (rdb_value_enter), and a value
 * in one pack whole (v.pack): whoever keeps the same form copies the bytes.
 *
 * Not here: streams, which are never taken apart (rdb_skip_stream).
 */
#ifndef PROTO_RDB_VALUE_H
#define PROTO_RDB_VALUE_H

#include "proto/rdb_pack.h"
#include "proto/rdb_read.h"

struct rdb_element {
	struct slice text;    /* the element, member or field */
	struct slice value;   /* of a field */
	double score;         /* of a member of a sorted set */
};

struct rdb_value {
	struct rdb_reader *r;
	const struct rdb_type_row *row;
	/*
	 * Strings that must be made stay valid as long as room()'s memory does;
	 * otherwise until the next call.
	 */
	bool keeps;
	/* of one pack, or without packs: elements; else nodes */
	uint64_t count;
	uint64_t left;         /* of that, behind this one */
	size_t at;             /* where the value begins */
	/* the pack that we are in, or were */
	struct rdb_pack pack;
	uint64_t pack_left;    /* elements of it still to come */
	bool is_plain;         /* the node is one element, still to come: */
	struct slice plain;
	struct rdb_hold hold_pack, hold_text, hold_value;
};

/* Stands before the first element of a value, whose type can be read. */
bool rdb_value_begin(struct rdb_value *v, struct rdb_reader *r, int type,
    bool keeps);

/* The next element; false: see above. */
bool rdb_value_next(struct rdb_value *v, struct rdb_element *e);

/*
 * Stands before the next element: enters the next node if need be (the whole
 * of v.pack may be taken then, with v.pack_left set to 0).  False: no more, or
 * broken.
 */
bool rdb_value_enter(struct rdb_value *v);

#endif
