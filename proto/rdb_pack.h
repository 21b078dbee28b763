/*
 * rdb_pack - foreign bytes that hold several elements: listpack, intset, and
 * the forms of older servers, ziplist and zipmap
 *
 *   ziplist  u32 bytes in all, u32 place of the last entry, u16 entries
 *            (65535: to be counted), entries, 0xff.  An entry: the bytes of
 *            the one before (1 byte; from 254 on 0xfe and 4), then
 *            00 6 bits | 01 14 bits | 0x80 32 bits: so many bytes of string,
 *            high byte first; 0xc0, d0, e0, f0, fe: an integer of 16, 32, 64,
 *            24, 8 bits; 0xf1 to fd: 0 to 12
 *   zipmap   a byte, then: length, field, length, free (1 byte), value,
 *            `free` bytes of nothing; 0xff.  A length is one byte or, from
 *            254 on, 0xfe and 4 bytes
 *
 * rdb_pack_open() believes nothing and goes over all of it; what it has passed
 * is walked without another look.
 *
 * Not here: our own listpacks and intsets (listpack.h, intset.h).
 */
#ifndef PROTO_RDB_PACK_H
#define PROTO_RDB_PACK_H

#include "proto/listpack.h"
#include "proto/rdb.h"

struct rdb_pack {
	struct slice bytes;
	enum rdb_packing packing;
	size_t at;           /* of the next element; intset: its index */
	uint64_t count;      /* elements, where fields and values are two */
	bool is_ours;        /* the bytes are what we would have written */
	bool is_value;       /* zipmap: the next one is a value */
	struct listpack_look look; /* of a listpack */
};

/* Begins with the first of the elements; false: why it is not sound. */
bool rdb_pack_open(struct rdb_pack *p, enum rdb_packing packing,
    struct slice bytes, const char **why);

/*
 * The next element, which is there: a string in the pack, or a number (text
 * without data).
 */
struct listpack_value rdb_pack_next(struct rdb_pack *p);

#endif
