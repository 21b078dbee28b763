/*
 * stream - a value that is kept as it came: a stream's bytes in an RDB file
 *
 * There are no commands for streams; what replicas and files bring of them is
 * kept in the record, byte by byte: the type byte of that form, then its body.
 * So it can be renamed, copied, deleted, expire, and go out again.
 *
 * Not here: how it comes and goes (shm/dump.h).
 */
#ifndef SHM_STREAM_H
#define SHM_STREAM_H

#include "shm/value.h"

extern const struct value_ops stream_ops;

/* The type byte, and the bytes behind it. */
static inline uint8_t
stream_type(const struct value *v)
{
	return (uint8_t)*value_data(v);
}

static inline struct slice
stream_body(const struct value *v)
{
	return (struct slice){ value_data(v) + 1, value_bytes(v) - 1 };
}

#endif
