/*
 * rdb_read - what stands in an RDB file or a DUMP payload, piece by piece
 *
 * A reader stands on foreign bytes: the whole file, or a payload.  It believes
 * nothing: every length is held against what is left.  A function that meets
 * something broken returns false; `why` is a sentence then and `why_at` the
 * byte it is about, and nothing more can be read.
 *
 * Strings that lie plainly in the bytes are returned as slices of them.
 * Others (integers, compressed ones) are made: in a struct rdb_hold, valid
 * until it is used again, or, where none is given, in memory of room(), valid
 * as long as the caller makes it.
 *
 * Not here: elements of values (rdb_value.h), writing (rdb_write.h).
 */
#ifndef PROTO_RDB_READ_H
#define PROTO_RDB_READ_H

#include "proto/number.h"
#include "proto/rdb.h"

#define RDB_WHY 128
#define RDB_STRING_MAX (1ull << 31)  /* longer ones are refused */

struct rdb_reader {
	const char *data;
	size_t bytes;
	size_t at;         /* where it stands */
	int version;       /* of the file */
	/*
	 * Memory for strings that must be made, at least 16-aligned; NULL:
	 * there is none, the string is refused.
	 */
	void *(*room)(void *arg, size_t bytes);
	void *room_arg;
	size_t why_at;
	char why[RDB_WHY]; /* empty: all was sound */
};

/* Memory that one string after the other is made in; zero at first. */
struct rdb_hold {
	char *data;
	size_t bytes;
	char digits[NUMBER_TEXT];
};

enum rdb_what {
	RDB_IS_KEY,       /* the reader stands at the value; see below */
	RDB_IS_AUX,       /* name and text */
	RDB_IS_SELECT,    /* n[0]: the database of the keys that follow */
	RDB_IS_RESIZE,    /* n: so many keys and times to live, about */
	RDB_IS_FUNCTION,  /* text: the source of a library */
	RDB_IS_END        /* the check sum is behind us */
};

/* One record of a file. */
struct rdb_item {
	enum rdb_what what;
	uint8_t type;        /* of RDB_IS_KEY: for rdb_value_begin() */
	int freq;            /* its LFU counter, -1: not told */
	int64_t expires_ms;  /* UNIX time, -1: never */
	int64_t idle_s;      /* since it was used, -1: not told */
	struct slice name;   /* the key */
	struct slice text;
	uint64_t n[2];
	struct rdb_hold hold; /* for name; zero before the first call */
};

/* A reader of these bytes. */
void rdb_open(struct rdb_reader *r, struct slice bytes,
    void *(*room)(void *arg, size_t bytes), void *room_arg);

/* Says what is broken at a place; always returns false. */
bool rdb_refuse(struct rdb_reader *r, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads the header; refuses versions we can not read, with their name. */
bool rdb_read_header(struct rdb_reader *r);

/*
 * Reads up to the next thing worth knowing.  After RDB_IS_KEY the caller reads
 * the value (rdb_value.h) or skips it.  At RDB_IS_END the reader stands behind
 * the file's last byte of that version; the CRC is the caller's.
 */
bool rdb_next(struct rdb_reader *r, struct rdb_item *item);

/* The check sum that stands before the reader, after RDB_IS_END; 0: none. */
uint64_t rdb_crc(const struct rdb_reader *r);

/*
 * Goes over a value of a type byte without looking into it.  A stream is n
 * times (string, string), then numbers, then groups with their consumers.
 */
bool rdb_skip_value(struct rdb_reader *r, int type);

/*
 * The same for a stream; visit() (may be NULL) is told where each consumer's
 * active time (8 bytes, type RDB_TYPE_STREAM_3 only) lies.
 */
bool rdb_skip_stream(struct rdb_reader *r, int type,
    void (*visit)(void *arg, size_t at), void *arg);

/* A length, which is not that of a string in another form. */
bool rdb_read_length(struct rdb_reader *r, uint64_t *n);

/* A count of things of at least `least` bytes each, of which there is one. */
bool rdb_read_count(struct rdb_reader *r, size_t least, uint64_t *n);

/* A string in whatever form; hold may be NULL. */
bool rdb_read_string(struct rdb_reader *r, struct rdb_hold *hold,
    struct slice *s);

/* `bytes` bytes as they are. */
bool rdb_read_bytes(struct rdb_reader *r, size_t bytes, const char **data);

/* A type byte of a payload: one that can be read. */
bool rdb_read_type(struct rdb_reader *r, uint8_t *type);

#endif
