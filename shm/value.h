/*
 * value - a key and what is stored at it: the record
 *
 * A record is one block: header, expiry if any, lengths if they are large,
 * key, value.  A string's value and every small hash, list, set and sorted set
 * lie in the record itself; a large one keeps the address of its own structure
 * there.  So a small value costs eight bytes beyond its key and content.
 *
 *   kind    type in bits 0-2, encoding in bits 3-5, VALUE_EXPIRES, VALUE_BIG
 *   marks   internal number of the database in bits 0-3 (see state.h: SWAPDB);
 *           in bits 4-7 the epoch of the snapshot that has this record already
 *           or does not want it (shm/snap.h), 0: none; not journaled
 *   lru     24 bits: minutes-or-counter as the policy wants them, not journaled
 *   key_bytes, value_bytes: up to 255 and 65535; else VALUE_BIG and two words
 *
 * The block may be larger than the record needs; value_room() tells how many
 * bytes of value fit.
 *
 * Not here: finding, adding, replacing records (shm/slot.h); what a type does
 * with its bytes (shm/string... hash list set zset).
 */
#ifndef SHM_VALUE_H
#define SHM_VALUE_H

#include "shm/dict.h"

enum value_type {
	VALUE_STRING, VALUE_LIST, VALUE_SET, VALUE_ZSET, VALUE_HASH,
	VALUE_STREAM, VALUE_TYPES
};

/* Encodings; what OBJECT ENCODING says of each is in value_encoding_name(). */
enum value_encoding {
	/* string */
	STRING_RAW = 0,   /* bytes that were changed in place */
	STRING_INT,       /* an int64_t in host order (8 bytes) */
	STRING_EMBSTR,    /* bytes as they were set; "raw" above 44 */
	/* others */
	SMALL_LISTPACK = 0, /* a listpack in the record */
	SMALL_INTSET,       /* sorted integers in the record (see set.h) */
	LARGE,              /* address of the type's own structure (8 bytes) */
};

#define VALUE_TYPE_MASK 0x07
#define VALUE_ENCODING_SHIFT 3
#define VALUE_ENCODING_MASK 0x38
#define VALUE_EXPIRES 0x40
#define VALUE_BIG 0x80
#define VALUE_DB_MASK 0x0f
#define VALUE_STAMP_SHIFT 4

struct value {
	uint8_t kind;
	uint8_t marks;
	uint8_t lru[3];
	uint8_t key_bytes;
	uint16_t value_bytes;
};

static inline enum value_type
value_type(const struct value *v)
{
	return (enum value_type)(v->kind & VALUE_TYPE_MASK);
}

static inline int
value_encoding(const struct value *v)
{
	return (v->kind & VALUE_ENCODING_MASK) >> VALUE_ENCODING_SHIFT;
}

/* Internal number of the record's database. */
static inline uint8_t
value_db(const struct value *v)
{
	return v->marks & VALUE_DB_MASK;
}

/* The epoch of a snapshot, or 0. */
static inline uint8_t
value_stamp(const struct value *v)
{
	return v->marks >> VALUE_STAMP_SHIFT;
}

static inline void
value_set_stamp(struct value *v, uint8_t epoch)
{
	v->marks = (uint8_t)(value_db(v) | epoch << VALUE_STAMP_SHIFT);
}

/* Bytes before the key. */
static inline size_t
value_head(const struct value *v)
{
	return sizeof(*v) + (v->kind & VALUE_EXPIRES ? 8 : 0) +
	    (v->kind & VALUE_BIG ? 8 : 0);
}

/* UNIX time in ms at which the key expires, or -1. */
static inline int64_t
value_expires(const struct value *v)
{
	return v->kind & VALUE_EXPIRES ?
	    *(const int64_t *)(const void *)(v + 1) : -1;
}

/* The two lengths of a VALUE_BIG record: key, value. */
static inline uint32_t *
value_big(const struct value *v)
{
	return (uint32_t *)(uintptr_t)((const char *)(v + 1) +
	    (v->kind & VALUE_EXPIRES ? 8 : 0));
}

static inline struct slice
value_key(const struct value *v)
{
	return (struct slice){ (const char *)v + value_head(v),
	    unlikely(v->kind & VALUE_BIG) ? value_big(v)[0] : v->key_bytes };
}

static inline size_t
value_bytes(const struct value *v)
{
	return unlikely(v->kind & VALUE_BIG) ? value_big(v)[1] : v->value_bytes;
}

/* The value's bytes, unaligned. */
static inline char *
value_data(const struct value *v)
{
	return (char *)(uintptr_t)value_key(v).data + value_key(v).bytes;
}

/* The address in a LARGE value. */
static inline void *
value_large(const struct value *v)
{
	void *p;

	memcpy(&p, value_data(v), sizeof(p));
	return p;
}

/* Bytes a record needs. */
size_t value_need(size_t key_bytes, size_t value_bytes, bool expires);

/* A key of a request: what a record is looked for by. */
struct key {
	struct slice name;
	uint64_t hash;
	struct slot *slot;
	uint8_t db;            /* internal number */
};

/* How the slot's dict knows its records; `wanted` is a struct key. */
extern const struct dict_kind value_dict;

/* What a large value of parts is made of: blocks in a dict. */
struct value_parts {
	const struct dict_kind *kind;
	size_t (*bytes)(const void *block);
	struct slice (*name)(const void *block);
};

/* What a type does with a value; one row a type in value.c. */
struct value_ops {
	const char *name;  /* what TYPE says */
	/* txn_free() of everything the value has outside its record. */
	void (*drop)(struct txn *t, const struct value *v);
	/*
	 * Fills `to`, a copy of v's record bytes (LARGE: still v's address),
	 * with a structure of its own.
	 */
	void (*copy)(struct txn *t, const struct value *v, struct value *to);
	/* visit() for each block the value has outside its record. */
	void (*walk)(const struct value *v,
	    void (*visit)(void *arg, const void *block), void *arg);
	/* 1 + where in a large one's block its dict of members is; 0: none. */
	uint16_t dict_at;
	/* NULL: a large one is no dict of parts. */
	const struct value_parts *parts;
	/*
	 * Where a large one's block has the serial of the last snapshot that
	 * has it or does not want it (shm/snap.h): uint32_t.
	 */
	uint16_t taken_at;
};
extern const struct value_ops *const value_ops[VALUE_TYPES];

/* Whether the value is outside the record. */
static inline bool
value_is_large(const struct value *v)
{
	return value_type(v) != VALUE_STRING && value_encoding(v) == LARGE;
}

/* Of a large one: see taken_at. */
static inline uint32_t *
value_taken(const struct value *v)
{
	return (uint32_t *)(void *)((char *)value_large(v) +
	    value_ops[value_type(v)]->taken_at);
}

/* Whether it is a dict of parts, which a snapshot takes one by one. */
static inline bool
value_has_parts(const struct value *v)
{
	return value_is_large(v) && value_ops[value_type(v)]->parts != NULL;
}

static inline const struct dict *
value_parts_dict(const struct value *v)
{
	return (const struct dict *)(const void *)((const char *)
	    value_large(v) + value_ops[value_type(v)]->dict_at - 1);
}

/*
 * A hint for the batch engine, without a lock: the bucket in which a large
 * value would have a member or field of this hash; NULL when it has no dict.
 * v has DICT_HINT readable bytes, whatever they are.
 */
const struct bucket *value_hint_bucket(const struct value *v, uint64_t hash);

/* "embstr", "listpack", "quicklist" ... as OBJECT ENCODING says it. */
const char *value_encoding_name(const struct value *v);

#endif
