/*
 * reply - what goes back to a client, as RESP2 or RESP3
 *
 * A reply is appended to a buffer which the caller owns and which grows
 * through the caller's own function: this room allocates nothing.  Every
 * function below appends one element; `resp` (2 or 3) decides the form.  Where
 * RESP2 has no such form, Redis's own fallback is used: a map becomes an array
 * of twice the length, a set an array, a double a bulk, a boolean an integer, a
 * verbatim string a bulk, a push an array.
 *
 * When there is no memory for a reply, it has failed: what was in it is gone,
 * what is appended comes to nothing, places in it are no more, and whoever owns
 * it ends the connection.
 *
 * Source of the formats: the RESP3 specification and the replies of
 * redis-server 7.
 *
 * Not here: when it is sent (daemon/net_conn.h).
 */
#ifndef PROTO_REPLY_H
#define PROTO_REPLY_H

#include "proto/slice.h"

#define REPLY_LEAST 16384 /* room that there always is */

struct reply {
	char *data;
	size_t used;  /* bytes filled */
	size_t room;  /* bytes data has room for */
	/*
	 * Makes room for at least `more` bytes after used and keeps what is
	 * used; or, when that can not be, sets is_failed and used to 0 and
	 * leaves room for REPLY_LEAST bytes.
	 */
	void (*grow)(struct reply *r, size_t more);
	int resp;     /* 2 or 3 */
	bool is_failed;
	uint64_t errors; /* how many errors were appended, for statistics */
};

/*
 * At least `more` bytes, REPLY_LEAST at most, may be stored at the returned
 * place.
 */
static inline char *
reply_room(struct reply *r, size_t more)
{
	if (unlikely(r->room - r->used < more))
		r->grow(r, more);
	return r->data + r->used;
}

/* The same for any number of bytes; NULL when the reply has failed. */
static inline char *
reply_room_long(struct reply *r, size_t more)
{
	if (unlikely(r->room - r->used < more)) {
		r->grow(r, more);
		if (r->is_failed)
			return NULL;
	}
	return r->data + r->used;
}

/* Takes back what was appended since `used` was mark. */
static inline void
reply_cut(struct reply *r, size_t mark)
{
	if (mark < r->used)
		r->used = mark;
}

/* Bytes as they are. */
static inline void
reply_raw(struct reply *r, const void *data, size_t bytes)
{
	char *p = reply_room_long(r, bytes);

	if (likely(p != NULL)) {
		memcpy(p, data, bytes);
		r->used += bytes;
	}
}
#define reply_literal(r, s) reply_raw((r), (s), sizeof(s) - 1)

void reply_ok(struct reply *r);                       /* +OK */
void reply_simple(struct reply *r, const char *text); /* +text */
void reply_int(struct reply *r, int64_t n);           /* :n */
void reply_bulk(struct reply *r, struct slice s);     /* $n */
void reply_text(struct reply *r, const char *text);   /* $n of a C string */
void reply_bulk_int(struct reply *r, int64_t n);      /* $n of decimal digits */
void reply_null(struct reply *r);        /* $-1, RESP3 _ */
void reply_null_array(struct reply *r);  /* *-1, RESP3 _ */
void reply_array(struct reply *r, int64_t count);     /* *count */
void reply_map(struct reply *r, int64_t pairs);       /* %pairs or *2*pairs */
void reply_set(struct reply *r, int64_t count);       /* ~count or *count */
void reply_push(struct reply *r, int64_t count);      /* >count or *count */
void reply_attribute(struct reply *r, int64_t pairs); /* |pairs, RESP3 only */
void reply_bool(struct reply *r, bool b);             /* #t #f or :1 :0 */
/* ,d or $n, as number_put_double() prints it. */
void reply_double(struct reply *r, double d);
void reply_big(struct reply *r, struct slice digits); /* (digits or $n */
/* =n with the kind ("txt", "mkd") before the bytes, or $n without. */
void reply_verbatim(struct reply *r, const char *kind3, struct slice s);

/*
 * An error.  The text begins with its code: "ERR syntax error", "WRONGTYPE
 * ...".  Line breaks in it are sent as spaces.
 */
void reply_error(struct reply *r, const char *text);
void reply_errorf(struct reply *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * An aggregate whose length is known only later: remember the place, append
 * the elements, then set the count.  `kind` is '*', '%', '~' or '>'; count is
 * in pairs for '%' (doubled for RESP2).  The elements may have to be moved
 * by a few bytes: keep no pointers into them.
 */
size_t reply_later(struct reply *r);
void reply_later_set(struct reply *r, size_t place, char kind, int64_t count);

#endif
