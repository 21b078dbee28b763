/*
 * zset_edit - changing a small sorted set where it lies, in its record
 *
 * These functions note what they overwrite and return the record, which may
 * have moved; the set keeps at least one member.
 *
 * Not here: when a set stops being small (shm/zset.c), the order of pairs
 * (shm/zset_small.h).
 */
#ifndef SHM_ZSET_EDIT_H
#define SHM_ZSET_EDIT_H

#include "shm/zset.h"

/* Adds a member that is not there. */
struct value *zset_edit_insert(struct txn *t, const struct key *k,
    struct value *v, struct slice member, double score);

/* Gives the member at `at` another score and its place. */
struct value *zset_edit_update(struct txn *t, const struct key *k,
    struct value *v, size_t at, struct slice member, double score);

/* Bytes of items as a listpack, 0 when they must not be one. */
size_t zset_edit_bytes(const struct zset_item *items, uint64_t count,
    const struct zset_limits *limits);

/*
 * A record for items in order, which take `bytes` as a listpack, in the place
 * of old, without expiry.
 */
struct value *zset_edit_put(struct txn *t, const struct key *k,
    struct value *old, const struct zset_item *items, uint64_t count,
    size_t bytes);

#endif
