#include "proto/rdb_write.h"

#include <liblzf/lzf.h>
#include <stdio.h>

#include "proto/crc64.h"
#include "proto/number.h"

#define INT_TEXT 11          /* longest number of 32 bits as text */
#define LENGTH_MAX 9
#define LZF_HEAD (1 + 5 + 5) /* form and both lengths at their longest */
#define LZF_GAIN 4           /* bytes that must be saved, as in Redis */
#define LZF_MAX (1u << 30)
#define VAIN_BYTES 16384     /* in a row, none of which became shorter: from */
#define VAIN_TIMES 15        /* then on so much less is tried, but at least */
#define UNTRIED_MAX 65536    /* once in so many bytes */

void
rdb_write_open(struct rdb_writer *w, int version, char *data, size_t room,
    bool (*flush)(struct rdb_writer *w), void *owner)
{
	must(room >= RDB_ROOM_MIN, "a writer's buffer is large enough");
	*w = (struct rdb_writer){ .data = data, .room = room, .flush = flush,
		.owner = owner, .version = version,
		.compress_from = RDB_COMPRESS_FROM };
}

/* --- room -------------------------------------------------------------- */

static void
sum(struct rdb_writer *w)
{
	if (!w->has_no_crc)
		w->crc = crc64_add(w->crc, w->data + w->summed,
		    w->used - w->summed);
	w->summed = w->used;
}

void
rdb_write_flush(struct rdb_writer *w)
{
	size_t used = w->used;

	sum(w);
	if (w->is_broken || !w->flush(w)) {
		w->is_broken = true;
		w->used = 0;
	}
	must(w->used == 0 || w->used == used,
	    "a writer's buffer is emptied or kept");
	w->written += used - w->used;
	w->summed = w->used;
}

static void
flush_for_room(struct rdb_writer *w)
{
	size_t room = w->room - w->used;

	rdb_write_flush(w);
	must(w->room - w->used > room, "a flush makes room");
}

/* Where `bytes`, RDB_ROOM_MIN at most, may be stored. */
static inline unsigned char *
small(struct rdb_writer *w, size_t bytes)
{
	while (unlikely(w->room - w->used < bytes))
		flush_for_room(w);
	return (unsigned char *)w->data + w->used;
}

void
rdb_write_byte(struct rdb_writer *w, unsigned byte)
{
	*small(w, 1) = (unsigned char)byte;
	w->used++;
}

void
rdb_write_bytes(struct rdb_writer *w, const void *data, size_t bytes)
{
	const char *from = data;
	size_t some;

	while (unlikely((some = w->room - w->used) < bytes)) {
		memcpy(w->data + w->used, from, some);
		w->used += some;
		from += some;
		bytes -= some;
		flush_for_room(w);
	}
	if (bytes > 0)
		memcpy(w->data + w->used, from, bytes);
	w->used += bytes;
}

/* --- lengths and numbers ----------------------------------------------- */

/* A length at `to`; its bytes. */
static inline size_t
put_length(unsigned char *to, uint64_t n)
{
	uint32_t n32;

	if (n < 64) {
		to[0] = (unsigned char)n;
		return 1;
	}
	if (n < 1 << 14) {
		to[0] = (unsigned char)(RDB_LENGTH_14 << 6 | n >> 8);
		to[1] = (unsigned char)n;
		return 2;
	}
	if (n <= UINT32_MAX) {
		to[0] = RDB_LENGTH_32;
		n32 = __builtin_bswap32((uint32_t)n);
		memcpy(to + 1, &n32, sizeof(n32));
		return 5;
	}
	to[0] = RDB_LENGTH_64;
	n = __builtin_bswap64(n);
	memcpy(to + 1, &n, sizeof(n));
	return 9;
}

void
rdb_write_length(struct rdb_writer *w, uint64_t n)
{
	w->used += put_length(small(w, LENGTH_MAX), n);
}

void
rdb_write_double(struct rdb_writer *w, double d)
{
	memcpy(small(w, sizeof(d)), &d, sizeof(d));
	w->used += sizeof(d);
}

/* A number of 32 bits as a string's other form; false: it has more. */
static bool
put_int(struct rdb_writer *w, int64_t n)
{
	enum rdb_form form = n == (int8_t)n ? RDB_INT8 :
	    n == (int16_t)n ? RDB_INT16 : RDB_INT32;
	unsigned char *to;

	if (n != (int32_t)n)
		return false;
	to = small(w, 5);
	to[0] = (unsigned char)(RDB_LENGTH_FORM << 6 | form);
	memcpy(to + 1, &n, (size_t)1 << form);
	w->used += 1 + ((size_t)1 << form);
	return true;
}

void
rdb_write_int(struct rdb_writer *w, int64_t n)
{
	char digits[NUMBER_TEXT];
	size_t bytes;

	if (put_int(w, n))
		return;
	bytes = number_put_int(digits, n);
	rdb_write_length(w, bytes);
	rdb_write_bytes(w, digits, bytes);
}

/* --- strings ----------------------------------------------------------- */

/* So many bytes did not become shorter. */
static void
note_vain(struct rdb_writer *w, size_t bytes)
{
	if (w->vain < VAIN_BYTES)
		w->vain += (uint32_t)bytes;
	if (w->vain < VAIN_BYTES)
		return;
	w->untried = bytes < UNTRIED_MAX / VAIN_TIMES ? VAIN_TIMES * bytes :
	    UNTRIED_MAX;
}

/*
 * Compresses into the buffer, where there is room for `bytes` behind what is
 * used.  False, and nothing is written: it would not become shorter.
 */
static bool
compress(struct rdb_writer *w, const char *data, size_t bytes)
{
	unsigned char *to = (unsigned char *)w->data + w->used;
	unsigned char *body = to + LZF_HEAD;
	size_t packed, head = 1;

	packed = lzf_compress(data, (unsigned)bytes, body,
	    (unsigned)(bytes - LZF_GAIN));
	if (packed == 0) {
		note_vain(w, bytes);
		return false;
	}
	w->vain = 0;
	to[0] = (unsigned char)(RDB_LENGTH_FORM << 6 | RDB_LZF);
	head += put_length(to + head, packed);
	head += put_length(to + head, bytes);
	memmove(to + head, body, packed);
	w->used += head + packed;
	return true;
}

static inline bool
may_compress(struct rdb_writer *w, size_t bytes)
{
	if (w->compress_from == 0 || bytes < w->compress_from ||
	    bytes <= LZF_GAIN || bytes >= LZF_MAX || w->is_broken)
		return false;
	if (bytes > w->untried)
		return true;
	w->untried -= bytes;
	return false;
}

/* Whether the buffer has, or has once it is empty, room for so much. */
static bool
makes_room(struct rdb_writer *w, size_t bytes)
{
	if (w->room - w->used < bytes && w->used > 0)
		rdb_write_flush(w);
	return w->room - w->used >= bytes;
}

void
rdb_write_string(struct rdb_writer *w, struct slice s)
{
	int64_t n;

	if (s.bytes <= INT_TEXT && number_get_int(s, &n) && put_int(w, n))
		return;
	if (may_compress(w, s.bytes) && makes_room(w, s.bytes + LZF_HEAD) &&
	    compress(w, s.data, s.bytes))
		return;
	rdb_write_length(w, s.bytes);
	rdb_write_bytes(w, s.data, s.bytes);
}

/* Gathers the pieces at the end of the buffer and compresses from there. */
static bool
compress_pieces(struct rdb_writer *w, const struct slice *pieces, int count,
    size_t bytes)
{
	char *at;
	int i;

	if (!may_compress(w, bytes) || !makes_room(w, 2 * bytes + LZF_HEAD))
		return false;
	at = w->data + w->room - bytes;
	for (i = 0; i < count; i++) {
		memcpy(at, pieces[i].data, pieces[i].bytes);
		at += pieces[i].bytes;
	}
	return compress(w, at - bytes, bytes);
}

void
rdb_write_pieces(struct rdb_writer *w, const struct slice *pieces, int count)
{
	size_t bytes = 0;
	int i;

	for (i = 0; i < count; i++)
		bytes += pieces[i].bytes;
	if (compress_pieces(w, pieces, count, bytes))
		return;
	rdb_write_length(w, bytes);
	for (i = 0; i < count; i++)
		rdb_write_bytes(w, pieces[i].data, pieces[i].bytes);
}

/* --- records ----------------------------------------------------------- */

void
rdb_write_header(struct rdb_writer *w)
{
	char text[RDB_HEADER_BYTES + 8];

	snprintf(text, sizeof(text), "REDIS%04d", w->version);
	rdb_write_bytes(w, text, RDB_HEADER_BYTES);
}

void
rdb_write_aux(struct rdb_writer *w, struct slice name, struct slice text)
{
	rdb_write_byte(w, RDB_AUX);
	rdb_write_string(w, name);
	rdb_write_string(w, text);
}

void
rdb_write_aux_int(struct rdb_writer *w, struct slice name, int64_t n)
{
	rdb_write_byte(w, RDB_AUX);
	rdb_write_string(w, name);
	rdb_write_int(w, n);
}

void
rdb_write_select(struct rdb_writer *w, int db)
{
	rdb_write_byte(w, RDB_SELECT);
	rdb_write_length(w, (uint64_t)db);
}

void
rdb_write_resize(struct rdb_writer *w, uint64_t keys, uint64_t expires)
{
	rdb_write_byte(w, RDB_RESIZE);
	rdb_write_length(w, keys);
	rdb_write_length(w, expires);
}

void
rdb_write_expiry(struct rdb_writer *w, int64_t expires_ms)
{
	rdb_write_byte(w, RDB_EXPIRE_MS);
	rdb_write_bytes(w, &expires_ms, sizeof(expires_ms));
}

static void
write_crc(struct rdb_writer *w)
{
	uint64_t crc;

	sum(w);
	crc = w->has_no_crc ? 0 : w->crc;
	rdb_write_bytes(w, &crc, sizeof(crc));
}

void
rdb_write_end(struct rdb_writer *w)
{
	rdb_write_byte(w, RDB_END);
	write_crc(w);
}

void
rdb_write_footer(struct rdb_writer *w)
{
	rdb_write_byte(w, (unsigned)w->version);
	rdb_write_byte(w, 0);
	write_crc(w);
}
