#include "proto/rdb_pack.h"

#include "proto/intset.h"

#define ZIPLIST_HEAD 10
#define ZIPLIST_UNKNOWN 65535
#define END 0xff
#define LONG 0xfe           /* a length of four bytes follows */

static inline const unsigned char *
byte_at(const struct rdb_pack *p, size_t at)
{
	return (const unsigned char *)p->bytes.data + at;
}

static uint32_t
load_u32(const unsigned char *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

/* --- ziplist ----------------------------------------------------------- */

/* Bytes of the field that tells how long the entry before is. */
static size_t
ziplist_before_bytes(const unsigned char *p)
{
	return p[0] == LONG ? 5 : 1;
}

/* How an entry's content begins: bytes of its head, and of what follows. */
struct zip_head {
	size_t head, data;
	bool is_text;
};

/* `room` bytes may be read; false: too few, or a head that there is none of. */
static bool
ziplist_head(const unsigned char *p, size_t room, struct zip_head *h)
{
	unsigned first;

	if (room < 1)
		return false;
	first = p[0];
	*h = (struct zip_head){ 1, 0, first < 0xc0 };
	if (first < 0x40) {
		h->data = first;
	} else if (first < 0x80) {
		h->head = 2;
		if (room < 2)
			return false;
		h->data = (first & 63) << 8 | p[1];
	} else if (first == 0x80) {
		h->head = 5;
		if (room < 5)
			return false;
		h->data = __builtin_bswap32(load_u32(p + 1));
	} else if (first < 0xf1 || first == 0xfe) {
		switch (first) {
		case 0xc0: h->data = 2; break;
		case 0xd0: h->data = 4; break;
		case 0xe0: h->data = 8; break;
		case 0xf0: h->data = 3; break;
		case 0xfe: h->data = 1; break;
		default: return false;
		}
	} else if (first == END) {
		return false;
	}
	return room - h->head >= h->data;
}

static int64_t
ziplist_number(const unsigned char *p, size_t bytes)
{
	int empty = 64 - 8 * (int)bytes;
	uint64_t n = 0;

	if (bytes == 0)
		return (*p & 15) - 1;
	memcpy(&n, p + 1, bytes);
	return (int64_t)(n << empty) >> empty;
}

static const char *
ziplist_open(struct rdb_pack *p)
{
	size_t at = ZIPLIST_HEAD, end = p->bytes.bytes - 1, last = at, field;
	size_t before = 0;
	struct zip_head h;
	uint16_t count;

	if (p->bytes.bytes < ZIPLIST_HEAD + 1 ||
	    load_u32(byte_at(p, 0)) != p->bytes.bytes ||
	    *byte_at(p, end) != END)
		return "a ziplist has another length than it says";
	for (; at < end; p->count++) {
		field = ziplist_before_bytes(byte_at(p, at));
		if (end - at < field || before != (field == 1 ?
		    *byte_at(p, at) : load_u32(byte_at(p, at + 1))))
			return "an entry of a ziplist is wrong about its "
			    "neighbour";
		if (!ziplist_head(byte_at(p, at + field), end - at - field, &h))
			return "an entry of a ziplist is damaged";
		last = at;
		before = field + h.head + h.data;
		at += before;
	}
	memcpy(&count, byte_at(p, 8), sizeof(count));
	if (load_u32(byte_at(p, 4)) != last ||
	    (count != ZIPLIST_UNKNOWN && count != p->count))
		return "a ziplist has another count or end than it says";
	p->at = ZIPLIST_HEAD;
	return NULL;
}

static struct listpack_value
ziplist_next(struct rdb_pack *p)
{
	const unsigned char *entry = byte_at(p, p->at);
	struct zip_head h;

	entry += ziplist_before_bytes(entry);
	must(ziplist_head(entry, SIZE_MAX, &h),
	    "an opened ziplist has sound entries");
	p->at = (size_t)(entry - byte_at(p, 0)) + h.head + h.data;
	if (!h.is_text)
		return (struct listpack_value){ { NULL, 0 },
			ziplist_number(entry, h.data) };
	return (struct listpack_value){
		{ (const char *)entry + h.head, h.data }, 0 };
}

/* --- zipmap ------------------------------------------------------------ */

/* The length at `at`, and where what it is about begins. */
static size_t
zipmap_length(const struct rdb_pack *p, size_t *at)
{
	const unsigned char *length = byte_at(p, *at);

	*at += *length == LONG ? 5 : 1;
	return *length == LONG ? load_u32(length + 1) : *length;
}

/* Where a field or value behind the one at `at` begins; 0: it is damaged. */
static size_t
zipmap_after(const struct rdb_pack *p, size_t at, bool is_value)
{
	size_t end = p->bytes.bytes - 1, bytes;

	if (*byte_at(p, at) == LONG && end - at < 5)
		return 0;
	bytes = zipmap_length(p, &at);
	if (end < at + is_value)
		return 0;
	if (is_value)
		bytes += 1u + *byte_at(p, at);
	return bytes <= end - at ? at + bytes : 0;
}

static const char *
zipmap_open(struct rdb_pack *p)
{
	size_t end = p->bytes.bytes - 1, at = 1;

	if (p->bytes.bytes < 2 || *byte_at(p, end) != END)
		return "a zipmap has no end";
	while (at < end) {
		if (*byte_at(p, at) == END)
			return "a zipmap ends early";
		at = zipmap_after(p, at, p->count++ % 2 == 1);
		if (at == 0)
			return "an entry of a zipmap is damaged";
	}
	p->at = 1;
	return NULL;
}

static struct listpack_value
zipmap_next(struct rdb_pack *p)
{
	size_t at = p->at, bytes;

	p->at = zipmap_after(p, at, p->is_value);
	bytes = zipmap_length(p, &at);
	at += p->is_value;
	p->is_value = !p->is_value;
	return (struct listpack_value){ { p->bytes.data + at, bytes }, 0 };
}

/* --- all of them ------------------------------------------------------- */

static const char *
listpack_open(struct rdb_pack *p)
{
	if (!listpack_look(p->bytes.data, p->bytes.bytes, &p->look))
		return "a listpack is damaged";
	p->count = p->look.count;
	p->is_ours = p->look.is_shortest;
	p->at = listpack_first(p->bytes.data);
	return NULL;
}

static const char *
intset_open(struct rdb_pack *p)
{
	if (!intset_check(p->bytes.data, p->bytes.bytes))
		return "a set of integers is damaged or not in order";
	p->count = intset_count(p->bytes.data);
	p->is_ours = true;
	return NULL;
}

bool
rdb_pack_open(struct rdb_pack *p, enum rdb_packing packing, struct slice bytes,
    const char **why)
{
	*p = (struct rdb_pack){ .bytes = bytes, .packing = packing };
	*why = NULL;
	switch (packing) {
	case RDB_PACK_LISTPACK:
		*why = listpack_open(p);
		break;
	case RDB_PACK_INTSET:
		*why = intset_open(p);
		break;
	case RDB_PACK_ZIPLIST:
		*why = ziplist_open(p);
		break;
	case RDB_PACK_ZIPMAP:
		*why = zipmap_open(p);
		break;
	case RDB_PACK_NONE:
		never("a pack is of a known kind");
	}
	return *why == NULL;
}

struct listpack_value
rdb_pack_next(struct rdb_pack *p)
{
	struct listpack_value v;

	switch (p->packing) {
	case RDB_PACK_LISTPACK:
		v = listpack_get(p->bytes.data, p->at);
		p->at = listpack_next(p->bytes.data, p->at);
		return v;
	case RDB_PACK_INTSET:
		return (struct listpack_value){ { NULL, 0 },
			intset_get(p->bytes.data, (uint32_t)p->at++) };
	case RDB_PACK_ZIPLIST:
		return ziplist_next(p);
	default:
		return zipmap_next(p);
	}
}
