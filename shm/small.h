/*
 * small - a listpack in a record, changed where it lies
 *
 * What hashes, sets and sorted sets share as long as they are small.  A small
 * value is searched from end to end, and what a change moves in it is noted;
 * so there is a size that none exceeds, whatever the options allow.
 *
 * Functions note what they overwrite and return the record, which may have
 * moved.
 *
 * Not here: what the elements mean (shm/hash.c, set.c, zset_edit.c), lists
 * (shm/row.h).
 */
#ifndef SHM_SMALL_H
#define SHM_SMALL_H

#include "proto/listpack.h"
#include "shm/slot.h"

/* What would have more bytes than this becomes large. */
#define SMALL_BYTES_MAX (16u << 20)

/*
 * Notes the first `head` bytes of a value and those from `from` to `end`, where
 * it ends now or after the change.  Also bytes behind its present end: the
 * transaction may have made it shorter before.
 */
void small_note(struct txn *t, const char *data, size_t head, size_t from,
    size_t end);

/* Appends elements to a listpack. */
struct value *small_append(struct txn *t, const struct key *k,
    struct value *v, const struct slice *elements, int count);

/* Puts another element in the place of the one at `at`. */
struct value *small_replace(struct txn *t, const struct key *k,
    struct value *v, size_t at, struct slice element);

/* Deletes `count` elements from the one at `at` on. */
struct value *small_cut(struct txn *t, const struct key *k, struct value *v,
    size_t at, size_t count);

#endif
