/*
 * dump - values on their way out of a slot and into one, as RDB has them
 *
 * What goes out is in the most compact form that the version knows: where our
 * bytes are those of the format (listpacks, intsets), they are copied as they
 * lie.  What comes in is foreign: it is checked whole before anything in the
 * slot changes.
 *
 *	dump_write_key(w, v);               a record of a file
 *
 *	rdb_write_byte(w, dump_type(v, w->version));
 *	dump_write(w, v);                   a value alone
 *
 *	v = dump_read(t, &r, type, &key, old, expires_ms, &limits);
 *
 * Not here: the bytes (proto/rdb_read.h, rdb_write.h), files and sockets.
 */
#ifndef SHM_DUMP_H
#define SHM_DUMP_H

#include "proto/rdb_value.h"
#include "proto/rdb_write.h"
#include "shm/hash.h"
#include "shm/option.h"
#include "shm/set.h"
#include "shm/zset.h"

/* When values stop being small. */
struct dump_limits {
	struct hash_limits hash;
	struct set_limits set;
	struct zset_limits zset;
	int64_t list_fill;
};

/* As the options have it. */
struct dump_limits dump_limits(const struct options *o);

/* The type byte under which a value is written. */
uint8_t dump_type(const struct value *v, int version);

/* Writes the value, without its type byte. */
void dump_write(struct rdb_writer *w, const struct value *v);

/*
 * What DUMP answers: type, value and a footer with that version of the format,
 * in memory of txn_scratch().
 */
struct slice dump_payload(struct txn *t, const struct value *v, int version);

/* Writes when it expires, type, key and value. */
void dump_write_key(struct rdb_writer *w, const struct value *v);

/*
 * The same in pieces for one that has parts (value_has_parts()): so many of
 * them follow.
 */
void dump_write_head(struct rdb_writer *w, const struct value *v,
    uint64_t parts);
void dump_write_part(struct rdb_writer *w, enum value_type type,
    const void *block);

/* The same of a large list, of which so many rows follow. */
void dump_write_row(struct rdb_writer *w, const char *elements,
    uint32_t bytes, uint32_t count);

/*
 * Reads a value, whose type byte has been read, and puts it at k in the place
 * of `old` (or NULL); expires_ms: UNIX time or -1.  Returns its record; or
 * NULL when it is damaged: r->why says how, and nothing has changed.  Private
 * memory comes from txn_scratch(): it lives until the transaction ends.
 */
struct value *dump_read(struct txn *t, struct rdb_reader *r, int type,
    const struct key *k, struct value *old, int64_t expires_ms,
    const struct dump_limits *limits);

/* For rdb_open(): memory of txn_scratch(); txn is a struct txn. */
void *dump_room(void *txn, size_t bytes);

/* Says that the key was used so many seconds ago (see OBJECT IDLETIME). */
void dump_set_idle(const struct txn *t, struct value *v, int64_t idle_s);

#endif
