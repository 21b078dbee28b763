/*
 * zset_small - a small sorted set: pairs of member and score in a listpack
 *
 * The pairs stand in ascending order of score, then of member's bytes.  A
 * score is kept as redis-server keeps it: a whole number as an integer (so that
 * -0 becomes 0), any other as the text that replies show, which is read back
 * exactly.
 *
 * Nothing here notes or allocates: room and journal are the caller's.
 *
 * Not here: records (shm/zset.c), the listpack itself (proto/listpack.h).
 */
#ifndef SHM_ZSET_SMALL_H
#define SHM_ZSET_SMALL_H

#include "proto/listpack.h"
#include "shm/zset_tree.h"

/* The position of a member, 0 when it is not there. */
size_t zset_small_find(const char *lp, struct slice member);

/* The score of the pair whose member is at `at`. */
double zset_small_score(const char *lp, size_t at);

/* The position of the pair behind or before that at `at`; 0: none. */
size_t zset_small_next(const char *lp, size_t at);
size_t zset_small_prev(const char *lp, size_t at);

/* Whether the pair at `at` lies before the bound. */
bool zset_small_is_before(const char *lp, size_t at,
    const struct zset_bound *bound);

/* Where a pair is to be inserted: the first one behind it, 0: at the end. */
size_t zset_small_place(const char *lp, struct slice member, double score);

/* Inserts a pair before `at`; there is room. */
void zset_small_insert(char *lp, size_t at, struct slice member,
    struct slice score);

#endif
