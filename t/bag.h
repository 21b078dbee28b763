/*
 * bag - keys as an RDB file has them, in no order
 *
 * Two bags are the same when the same keys were put into them.  Fields and
 * members of a large value may come in any order: they are written down in the
 * order of their names.
 *
 * Not here: where they come from (saver.h, unit_snap.c).
 */
#ifndef T_BAG_H
#define T_BAG_H

#include "proto/rdb_write.h"
#include "shm/value.h"

struct bag_record {
	uint8_t db;
	size_t bytes;
	char *text;
};

/* Parts of one large value that is not whole yet, copies of their blocks. */
struct bag_pile {
	size_t count, room;
	char **block;
	const struct value_parts *kind;
};

struct bag {
	size_t count, room;
	struct bag_record *v;
	struct bag_pile pile;
};

/* A key and its value. */
void bag_put(struct bag *b, const struct value *v);

/* A writer whose text grows as it must, for bag_add(). */
void bag_open(struct rdb_writer *w);

/* What was written of that key; the bag owns the text from then on. */
void bag_add(struct bag *b, const struct value *v, const struct rdb_writer *w);

/* A part of that value: its block is copied. */
void bag_put_part(struct bag *b, const struct value *v, const void *block);

/* That value is whole: its parts are written down as one key. */
void bag_put_piled(struct bag *b, const struct value *v);

/* The parts of a value that does not become whole are forgotten. */
void bag_drop_parts(struct bag *b);

/* Fails the test unless both have the same keys; it sorts them. */
void bag_same(struct bag *a, struct bag *b);

/* Frees all that is in it. */
void bag_empty(struct bag *b);

#endif
