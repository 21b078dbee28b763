/*
 * list - elements in a row, cheap to push and to pop at both ends
 *
 * A small list is one row (shm/row.h) in its record; a large one is a chain
 * of nodes (shm/chain.h), each with a row of up to list-max-listpack-size.
 * An element larger than that has a node of its own.
 *
 * Invariants: no row and no list is empty (a list that loses its last element
 * goes with its key); writers hold the slot's lock; what lies between a row's
 * ends is noted before it changes.  Room that was free when the transaction
 * began needs no note: taking back the ends is enough.
 *
 * A change may move the record and everything else: a struct list_at is void
 * afterwards.
 *
 * Not here: commands (daemon/cmd_list.c).
 */
#ifndef SHM_LIST_H
#define SHM_LIST_H

#include "shm/chain.h"
#include "shm/slot.h"

extern const struct value_ops list_ops;

/* Number of elements. */
uint64_t list_count(const struct value *v);

/* One element of a list, for reading. */
struct list_at {
	struct node *node;       /* NULL: in the record */
	const char *data;             /* of the row */
	uint32_t at, start, end;
};

/*
 * Goes to the element at index (negative: from the end); false when there is
 * none.  Nodes are skipped whole, from the nearer end.
 */
bool list_seek(const struct value *v, int64_t index, struct list_at *at);

/* One on towards the right or the left end; false when there was none. */
bool list_next(struct list_at *at);
bool list_prev(struct list_at *at);

static inline bool
list_step(struct list_at *at, enum list_end towards)
{
	return towards == LIST_LEFT ? list_prev(at) : list_next(at);
}

/* The element; text points into the list. */
static inline struct listpack_value
list_get(const struct list_at *at)
{
	return listpack_get(at->data, at->at);
}

/* The element as text; an integer is printed into scratch (24 bytes). */
static inline struct slice
list_text(const struct list_at *at, char *scratch)
{
	return listpack_text(at->data, at->at, scratch);
}

/*
 * An element to look for, as its bytes lie in a list.  Lives as long as the
 * command.
 */
struct slice list_aim(struct txn *t, struct slice s);

/* Whether the element is the one aimed at. */
static inline bool
list_is(const struct list_at *at, struct slice aim)
{
	return row_is(at->data, at->at, aim);
}

/*
 * A list that is being changed: `value` is its record, NULL when the key is
 * missing; the functions below keep it right.  `fill` is the option
 * list-max-listpack-size: elements in a row, or -1 to -5 for 4 to 64 KB.
 */
struct list_pen {
	struct txn *txn;
	const struct key *key;
	struct value *value;
	int64_t fill;
};

/*
 * Pushes n elements (1 or more) one after the other at an end.  They must not
 * lie in this list.
 */
void list_push(struct list_pen *p, enum list_end end, const struct slice *s,
    int n);

/*
 * Puts an empty list, to be pushed to at once, in the place of the value that
 * there is, of whatever type, which stays readable until the commit.
 */
void list_replace(struct list_pen *p);

/* Takes n elements (0 or more) away from an end. */
void list_cut(struct list_pen *p, enum list_end end, uint64_t n);

/* Puts s in the place of the element. */
void list_set(struct list_pen *p, const struct list_at *at, struct slice s);

/* Inserts s beside the element: at its left or its right. */
void list_insert(struct list_pen *p, const struct list_at *at,
    enum list_end side, struct slice s);

/*
 * The elements of a list, row after row: visit() gets them as they lie in a
 * listpack.
 */
void list_each_row(const struct value *v, void (*visit)(void *arg,
    const char *elements, uint32_t bytes, uint32_t count), void *arg);

/*
 * Removes elements equal to s, at most `max`, beginning at an end; how many.
 */
uint64_t list_remove(struct list_pen *p, enum list_end from, uint64_t max,
    struct slice s);

#endif
