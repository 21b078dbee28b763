/*
 * list_make - a list made at once, of elements from left to right
 *
 * What there is of the list is linked nowhere until it is made, so nothing is
 * noted and it can be given up.
 *
 * Not here: changing a list (shm/list.h).
 */
#ifndef SHM_LIST_MAKE_H
#define SHM_LIST_MAKE_H

#include "shm/list.h"

struct list_maker {
	struct txn *txn;
	int64_t fill;          /* as in struct list_pen */
	struct chain *chain;   /* full nodes, NULL: none yet */
	char *elements;        /* private memory: what comes behind those */
	uint32_t used, count;
};

/* Begins with an empty list. */
void list_make(struct list_maker *m, struct txn *t, int64_t fill);

/* Adds an element; or some that lie as in a listpack, in shortest form. */
void list_make_push(struct list_maker *m, struct slice s);
void list_make_add(struct list_maker *m, const char *from, uint32_t bytes,
    uint32_t count);

/* Puts the list, which is not empty, in the place of `old` (or NULL). */
struct value *list_made(struct list_maker *m, const struct key *k,
    struct value *old, int64_t expires_ms);

/* Frees what there is. */
void list_make_abandon(struct list_maker *m);

#endif
