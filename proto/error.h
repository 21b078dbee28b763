/*
 * error - what clients are told when something is wrong
 *
 * Not here: how it is sent (reply_error() in proto/reply.h).
 */
#ifndef PROTO_ERROR_H
#define PROTO_ERROR_H

enum error_id {
#define ERROR(id, text) ERROR_##id,
#include "proto/error.def"
	ERROR_COUNT
};

/* The text of each error, as given to reply_error() or reply_errorf(). */
extern const char *const error_text[ERROR_COUNT];

#endif
