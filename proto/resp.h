/*
 * resp - requests as clients send them
 *
 * A request is an array of bulk strings ("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n") or
 * an inline line ("GET k\n").  The reader works on bytes that the caller
 * holds; a request that is cut is continued where the reader stopped when more
 * bytes are there.  Arguments are slices into the caller's bytes.
 *
 * Source of limits and error texts: redis-server 7.
 *
 * Not here: what a request means (proto/command.h), replies (proto/reply.h).
 */
#ifndef PROTO_RESP_H
#define PROTO_RESP_H

#include "proto/slice.h"

#define RESP_INLINE_MAX 65536       /* longest inline request and count line */
#define RESP_ARGS_MAX INT32_MAX     /* arguments of a request */
#define RESP_ARGS_STRANGER 10       /* before authentication */
#define RESP_BULK_STRANGER 16384

struct resp_limits {
	int64_t bulk_max;           /* proto-max-bulk-len */
	bool is_stranger;           /* not authenticated */
};

/* Where the reader is within a request; all zero at its first byte. */
struct resp {
	int64_t left;      /* arguments still to come, 0: count not read yet */
	int64_t bulk;      /* bytes of the argument, plus 1; 0: unknown */
	size_t used;       /* bytes of the request read so far */
	bool is_inline;    /* of a request that was read: it came as a line */
	char error[64];    /* RESP_ERROR: text behind "Protocol error: " */
};

enum resp_result {
	RESP_MORE,     /* the request is cut: call again with more bytes */
	RESP_REQUEST,  /* one request read, resp.used bytes long */
	RESP_EMPTY,    /* an empty line or array: resp.used bytes to skip */
	RESP_ROOM,     /* argv is full: call again with more room */
	RESP_ERROR     /* the stream is broken */
};

/*
 * Reads on in a request that begins at data.  Its arguments are added at
 * argv[*argc], of which there is `room`.  When the caller's bytes have moved
 * since the last call, the slices are the caller's to mend.  An inline
 * request's quotes are resolved in place: data is changed.  resp_begin() before
 * the next request.
 */
enum resp_result resp_read(struct resp *r, const struct resp_limits *limits,
    char *data, size_t bytes, struct slice *argv, int room, int *argc);

static inline void
resp_begin(struct resp *r)
{
	r->left = 0;
	r->bulk = 0;
	r->used = 0;
}

/* Bytes that the request being read needs at least in all, as far as known. */
static inline size_t
resp_need(const struct resp *r)
{
	return r->used + (r->bulk > 0 ? (size_t)r->bulk + 1 : 0);
}

#endif
