/*
 * sink - where units let an RDB writer write to
 *
 * Not here: the writer (proto/rdb_write.h).
 */
#ifndef T_SINK_H
#define T_SINK_H

#include "proto/rdb_write.h"

#define SINK_BYTES (8u << 20)

/* What came since `used` was last set to 0. */
struct sink {
	char data[SINK_BYTES];
	size_t used;
};
extern struct sink sink;

/* For rdb_write_open(). */
bool sink_take(struct rdb_writer *w);

#endif
