/*
 * rdb_write - an RDB file or a DUMP payload, written piece by piece
 *
 * A writer fills a buffer of its caller.  When it is full, flush() takes what
 * is in it (used becomes 0) or puts a larger buffer in its place.  The check
 * sum is made of what has been written, in the order of writing.
 *
 * Nothing here fails: when flush() says false, `is_broken` is set and whatever
 * is written from then on is dropped.
 *
 * Strings that are numbers of 32 bits are written as such, and others of
 * `compress_from` bytes and more are compressed if that makes them shorter and
 * the buffer has room for both forms; longer ones lie as they are.  Where
 * nothing becomes shorter, only a sample is tried: trying is most of the work.
 *
 * Not here: our values (shm/dump.h).
 */
#ifndef PROTO_RDB_WRITE_H
#define PROTO_RDB_WRITE_H

#include "proto/rdb.h"

#define RDB_ROOM_MIN 64          /* bytes a buffer has at least */
#define RDB_COMPRESS_FROM 21     /* as redis-server does */

struct rdb_writer {
	char *data;
	size_t used, room;
	/*
	 * Empties the buffer or makes it larger, so that there is more room
	 * than before; data[0 .. used) is what is to be kept.
	 */
	bool (*flush)(struct rdb_writer *w);
	void *owner;             /* flush()'s own */
	int version;             /* of the format: 10 or 11 */
	uint32_t compress_from;  /* 0: never */
	uint32_t vain;           /* bytes in a row that did not get shorter */
	size_t untried;          /* bytes that are not tried next */
	bool has_no_crc;         /* none is made */
	bool is_broken;
	size_t summed;           /* of used, what is in crc already */
	uint64_t crc;
	uint64_t written;        /* bytes that have left the buffer */
};

/* A writer with a buffer; everything else zero, compressing as Redis does. */
void rdb_write_open(struct rdb_writer *w, int version, char *data, size_t room,
    bool (*flush)(struct rdb_writer *w), void *owner);

/* Bytes written up to now. */
static inline uint64_t
rdb_written(const struct rdb_writer *w)
{
	return w->written + w->used;
}

/* "REDIS0011"; a name and a text; the end with its check sum. */
void rdb_write_header(struct rdb_writer *w);
void rdb_write_aux(struct rdb_writer *w, struct slice name, struct slice text);
void rdb_write_aux_int(struct rdb_writer *w, struct slice name, int64_t n);
void rdb_write_end(struct rdb_writer *w);

/* The keys that follow are of this database, about so many. */
void rdb_write_select(struct rdb_writer *w, int db);
void rdb_write_resize(struct rdb_writer *w, uint64_t keys, uint64_t expires);

/* The next key goes away then, in UNIX time. */
void rdb_write_expiry(struct rdb_writer *w, int64_t expires_ms);

/* The end of a DUMP payload: version and check sum. */
void rdb_write_footer(struct rdb_writer *w);

/* The pieces of a value. */
void rdb_write_byte(struct rdb_writer *w, unsigned byte);
void rdb_write_length(struct rdb_writer *w, uint64_t n);
void rdb_write_bytes(struct rdb_writer *w, const void *data, size_t bytes);
void rdb_write_string(struct rdb_writer *w, struct slice s);
void rdb_write_int(struct rdb_writer *w, int64_t n);  /* as a string */
void rdb_write_double(struct rdb_writer *w, double d); /* its eight bytes */

/* A string that lies in pieces; never written as a number. */
void rdb_write_pieces(struct rdb_writer *w, const struct slice *pieces,
    int count);

/*
 * Hands what is in the buffer to flush(), with its check sum made (before a
 * file is closed, say).
 */
void rdb_write_flush(struct rdb_writer *w);

#endif
