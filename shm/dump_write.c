/*
 * dump_write - values on their way out (shm/dump.h)
 *
 * Not here: values on their way in (shm/dump_read.c).
 */
#include "shm/dump.h"

#include "proto/intset.h"
#include "shm/list.h"
#include "shm/stream.h"
#include "shm/string.h"

#define LISTPACK_COUNT_MAX 65535
#define PLAIN_FROM 8192           /* as in Redis 7.2 */
#define PLAIN_FROM_10 (1u << 30)  /* before, only what no pack can hold */
#define FIRST_ROOM 4096

uint8_t
dump_type(const struct value *v, int version)
{
	bool is_large = value_is_large(v);

	switch (value_type(v)) {
	case VALUE_STRING:
		return RDB_TYPE_STRING;
	case VALUE_LIST:
		return RDB_TYPE_LIST_QUICKLIST_2;
	case VALUE_SET:
		if (!is_large && value_encoding(v) == SMALL_INTSET)
			return RDB_TYPE_SET_INTSET;
		return is_large || version < 11 ? RDB_TYPE_SET :
		    RDB_TYPE_SET_LISTPACK;
	case VALUE_ZSET:
		return is_large ? RDB_TYPE_ZSET_2 : RDB_TYPE_ZSET_LISTPACK;
	case VALUE_HASH:
		return is_large ? RDB_TYPE_HASH : RDB_TYPE_HASH_LISTPACK;
	case VALUE_STREAM:
		return version < 11 && stream_type(v) == RDB_TYPE_STREAM_3 ?
		    RDB_TYPE_STREAM_2 : stream_type(v);
	default:
		never("a value that is written has a known type");
	}
}

static void
write_bytes_as_string(struct rdb_writer *w, const char *data, size_t bytes)
{
	rdb_write_string(w, (struct slice){ data, bytes });
}

static void
write_text(struct rdb_writer *w, const struct value *v)
{
	int64_t n;

	if (value_encoding(v) == STRING_INT && string_int(v, &n))
		rdb_write_int(w, n);
	else
		rdb_write_string(w, (struct slice){ value_data(v),
		    value_bytes(v) });
}

/* --- lists ------------------------------------------------------------- */

static void
count_row(void *arg, const char *elements, uint32_t bytes, uint32_t count)
{
	(void)elements;
	(void)bytes;
	(void)count;
	++*(uint64_t *)arg;
}

/* A row's elements as they lie, in a listpack's frame. */
static void
write_row(void *arg, const char *elements, uint32_t bytes, uint32_t count)
{
	struct rdb_writer *w = arg;
	char head[LISTPACK_EMPTY_BYTES], end = (char)0xff, scratch[24];
	uint32_t total = bytes + LISTPACK_EMPTY_BYTES;
	uint16_t n = count < LISTPACK_COUNT_MAX ? (uint16_t)count :
	    LISTPACK_COUNT_MAX;

	if (count == 1 && bytes >= (w->version < 11 ? PLAIN_FROM_10 :
	    PLAIN_FROM)) {
		rdb_write_length(w, RDB_NODE_PLAIN);
		rdb_write_string(w, listpack_text(elements, 0, scratch));
		return;
	}
	memcpy(head, &total, sizeof(total));
	memcpy(head + 4, &n, sizeof(n));
	rdb_write_length(w, RDB_NODE_PACKED);
	rdb_write_pieces(w, (struct slice[]){ { head, LISTPACK_HEAD },
	    { elements, bytes }, { &end, 1 } }, 3);
}

void
dump_write_row(struct rdb_writer *w, const char *elements, uint32_t bytes,
    uint32_t count)
{
	write_row(w, elements, bytes, count);
}

static void
write_list(struct rdb_writer *w, const struct value *v)
{
	uint64_t rows = 0;

	list_each_row(v, count_row, &rows);
	rdb_write_length(w, rows);
	list_each_row(v, write_row, w);
}

/* --- hashes and sets --------------------------------------------------- */

static void
write_field(void *arg, struct slice field, struct slice value)
{
	rdb_write_string(arg, field);
	rdb_write_string(arg, value);
}

static void
write_hash(struct rdb_writer *w, const struct value *v)
{
	if (!value_is_large(v)) {
		write_bytes_as_string(w, value_data(v),
		    listpack_bytes(value_data(v)));
		return;
	}
	rdb_write_length(w, hash_count(v));
	hash_each(v, write_field, w);
}

static void
write_member(void *arg, struct slice member)
{
	rdb_write_string(arg, member);
}

static void
write_set(struct rdb_writer *w, const struct value *v)
{
	switch (dump_type(v, w->version)) {
	case RDB_TYPE_SET_INTSET:
		write_bytes_as_string(w, value_data(v),
		    intset_bytes(value_data(v)));
		break;
	case RDB_TYPE_SET_LISTPACK:
		write_bytes_as_string(w, value_data(v),
		    listpack_bytes(value_data(v)));
		break;
	default:
		rdb_write_length(w, set_count(v));
		set_each(v, write_member, w);
	}
}

/* --- sorted sets ------------------------------------------------------- */

/*
 * The highest score first: redis-server puts each in front of what it has
 * read, which costs it nothing.
 */
static void
write_zset(struct rdb_writer *w, const struct value *v)
{
	struct zset_cursor cursor;
	struct zset_item item;

	if (!value_is_large(v)) {
		write_bytes_as_string(w, value_data(v),
		    listpack_bytes(value_data(v)));
		return;
	}
	rdb_write_length(w, zset_count(v));
	zset_seek(v, zset_count(v) - 1, &cursor);
	while (zset_prev(&cursor, &item)) {
		rdb_write_string(w, item.member);
		rdb_write_double(w, item.score);
	}
}

/* --- streams ----------------------------------------------------------- */

/* What leaves out the active times of consumers. */
struct leave {
	struct rdb_writer *w;
	struct slice body;
	size_t done;
};

static void
leave_out(void *arg, size_t at)
{
	struct leave *l = arg;

	rdb_write_bytes(l->w, l->body.data + l->done, at - l->done);
	l->done = at + sizeof(int64_t);
}

static void
write_stream(struct rdb_writer *w, const struct value *v)
{
	struct leave l = { w, stream_body(v), 0 };
	struct rdb_reader r;

	if (dump_type(v, w->version) != stream_type(v)) {
		rdb_open(&r, l.body, NULL, NULL);
		must(rdb_skip_stream(&r, stream_type(v), leave_out, &l),
		    "a stream that was taken in is sound");
	}
	rdb_write_bytes(w, l.body.data + l.done, l.body.bytes - l.done);
}

/* --- all --------------------------------------------------------------- */

void
dump_write(struct rdb_writer *w, const struct value *v)
{
	switch (value_type(v)) {
	case VALUE_STRING:
		write_text(w, v);
		break;
	case VALUE_LIST:
		write_list(w, v);
		break;
	case VALUE_SET:
		write_set(w, v);
		break;
	case VALUE_ZSET:
		write_zset(w, v);
		break;
	case VALUE_HASH:
		write_hash(w, v);
		break;
	case VALUE_STREAM:
		write_stream(w, v);
		break;
	default:
		never("a value that is written has a known type");
	}
}

static void
write_name(struct rdb_writer *w, const struct value *v)
{
	if (v->kind & VALUE_EXPIRES)
		rdb_write_expiry(w, value_expires(v));
	rdb_write_byte(w, dump_type(v, w->version));
	rdb_write_string(w, value_key(v));
}

void
dump_write_key(struct rdb_writer *w, const struct value *v)
{
	write_name(w, v);
	dump_write(w, v);
}

void
dump_write_head(struct rdb_writer *w, const struct value *v, uint64_t parts)
{
	write_name(w, v);
	rdb_write_length(w, parts);
}

void
dump_write_part(struct rdb_writer *w, enum value_type type, const void *block)
{
	const struct hash_entry *e = block;
	const struct zset_member *m = block;

	rdb_write_string(w, value_ops[type]->parts->name(block));
	if (type == VALUE_HASH)
		rdb_write_string(w, (struct slice){
		    e->data + e->field_bytes, e->value_bytes });
	else if (type == VALUE_ZSET)
		rdb_write_double(w, m->score);
}

/* --- payloads ---------------------------------------------------------- */

/* A larger buffer in the transaction's memory. */
static bool
grow(struct rdb_writer *w)
{
	char *data = txn_scratch(w->owner, w->room * 2);

	memcpy(data, w->data, w->used);
	w->data = data;
	w->room *= 2;
	return true;
}

struct slice
dump_payload(struct txn *t, const struct value *v, int version)
{
	size_t room = value_bytes(v) * 2 + FIRST_ROOM;
	struct rdb_writer w;

	rdb_write_open(&w, version, txn_scratch(t, room), room, grow, t);
	rdb_write_byte(&w, dump_type(v, w.version));
	dump_write(&w, v);
	rdb_write_footer(&w);
	return (struct slice){ w.data, w.used };
}
