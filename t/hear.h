/*
 * hear - what the reader of requests makes of a stream, however it is cut
 */
#ifndef T_HEAR_H
#define T_HEAR_H

#include "proto/resp.h"

/* The longest bulk string that is taken, in bytes. */
#define HEAR_BULK_MAX 1000000

/* The requests, written down as "GET|k;" each; free text. */
struct heard {
	char *text;
	size_t bytes, room;
	enum resp_result last;
	char error[80];    /* when last is RESP_ERROR */
};

/* The stream in a first piece, then in pieces of `step` bytes. */
struct heard hear_stream(struct slice in, size_t first, size_t step,
    bool is_stranger);

/* Whether the same was heard, to the same end. */
bool hear_same(const struct heard *a, const struct heard *b);

#endif
