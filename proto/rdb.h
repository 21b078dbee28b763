/*
 * rdb - the words of the RDB format, for reader and writer
 *
 * A file is "REDIS" and four digits of its version; then records, each
 * beginning with a byte: an opcode, or the type of the key and value that
 * follow; then RDB_END and the CRC-64 of all before it (low byte first; 0:
 * none was made).  A DUMP payload is a type, a value, the version (2 bytes) and
 * the CRC-64 of all before.
 *
 * A length is 6, 14, 32 or 64 bits; the top two bits of its first byte say
 * which (00, 01, then 0x80 and 0x81), high byte first.  11 in the top bits is a
 * string of another form: an integer of 8, 16 or 32 bits, low byte first, or
 * (LZF) the lengths of compressed and plain bytes and the compressed ones.
 *
 * Source: the format of Redis 2.2 to 7.2 and Valkey 7.2 to 8.1.
 *
 * Not here: reading (rdb_read.h, rdb_value.h), writing (rdb_write.h).
 */
#ifndef PROTO_RDB_H
#define PROTO_RDB_H

#include "proto/slice.h"

#define RDB_VERSION_MAX 11   /* later ones are not read */
#define RDB_HEADER_BYTES 9
#define RDB_CRC_BYTES 8
#define RDB_FOOTER_BYTES 10  /* of a DUMP payload */

enum rdb_opcode {
	RDB_SLOT_INFO = 244, RDB_FUNCTION, RDB_FUNCTION_OLD, RDB_MODULE_AUX,
	RDB_IDLE, RDB_FREQ, RDB_AUX, RDB_RESIZE, RDB_EXPIRE_MS, RDB_EXPIRE_S,
	RDB_SELECT, RDB_END
};

enum rdb_length {
	RDB_LENGTH_6, RDB_LENGTH_14, RDB_LENGTH_LONG, RDB_LENGTH_FORM,
	RDB_LENGTH_32 = 0x80, RDB_LENGTH_64 = 0x81
};
enum rdb_form { RDB_INT8, RDB_INT16, RDB_INT32, RDB_LZF };

/* What a value is. */
enum rdb_kind {
	RDB_STRING, RDB_LIST, RDB_SET, RDB_ZSET, RDB_HASH, RDB_STREAM,
	RDB_MODULE
};
/* Explained in rdb.def. */
enum rdb_body {
	RDB_BODY_STRING, RDB_BODY_STRINGS, RDB_BODY_PAIRS, RDB_BODY_TEXTS,
	RDB_BODY_SCORES, RDB_BODY_PACK, RDB_BODY_PACKS, RDB_BODY_NODES,
	RDB_BODY_STREAM, RDB_BODY_FOREIGN
};
enum rdb_packing {
	RDB_PACK_NONE, RDB_PACK_LISTPACK, RDB_PACK_INTSET, RDB_PACK_ZIPLIST,
	RDB_PACK_ZIPMAP
};
enum rdb_node { RDB_NODE_PLAIN = 1, RDB_NODE_PACKED };

enum rdb_type {
#define RDB_TYPE(id, number, kind, body, pack, since) \
	RDB_TYPE_##id = number,
#include "proto/rdb.def"
	RDB_TYPES
};

struct rdb_type_row {
	uint8_t kind, body, pack;
	uint8_t since;  /* 0: there is no such type */
};
extern const struct rdb_type_row rdb_type_table[RDB_TYPES];

/* Whether a DUMP payload has a version we can read and is as it was made. */
bool rdb_payload_is_sound(struct slice payload);

#endif
