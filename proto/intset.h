/*
 * intset - sorted integers in one run of bytes
 *
 * The format is Redis's intset (also inside RDB files): u32 bytes of an
 * integer (2, 4 or 8), u32 count, then the integers in ascending order without
 * doubles; everything little-endian.  All integers are as wide as the widest
 * that was ever there.
 *
 * The bytes belong to the caller and may lie at any address.  Functions that
 * grow an intset want room for the result at the same address.
 *
 * All functions but intset_check() trust the bytes.
 *
 * Not here: sets (shm/set.h).
 */
#ifndef PROTO_INTSET_H
#define PROTO_INTSET_H

#include "proto/slice.h"

#define INTSET_EMPTY_BYTES 8

void intset_init(char *is);                  /* INTSET_EMPTY_BYTES at is */
size_t intset_bytes(const char *is);         /* total */
uint32_t intset_count(const char *is);
int64_t intset_get(const char *is, uint32_t index);

/*
 * Whether n is there; *index is its place, or the one that it would get.
 */
bool intset_find(const char *is, int64_t n, uint32_t *index);

/* Total bytes once n, which is not there, has been inserted. */
size_t intset_put_bytes(const char *is, int64_t n);

/*
 * The first byte behind the header that intset_insert() or intset_delete() at
 * this index changes; the header changes as well.
 */
size_t intset_changes_from(const char *is, uint32_t index);
/* Whether inserting n changes every byte: all integers become wider. */
bool intset_widens(const char *is, int64_t n);

/* Inserts n, which is not there, at the index that intset_find() told. */
void intset_insert(char *is, uint32_t index, int64_t n);
void intset_delete(char *is, uint32_t index);

/* Whether foreign bytes are one sound intset of exactly `bytes`. */
bool intset_check(const char *is, size_t bytes);

#endif
