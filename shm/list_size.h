/*
 * list_size - rows in records and nodes, and how much goes into them
 *
 * `fill` is the option list-max-listpack-size: elements in a row, or -1 to -5
 * for 4 to 64 KB.
 *
 * Not here: the lists themselves (shm/list.h).
 */
#ifndef SHM_LIST_SIZE_H
#define SHM_LIST_SIZE_H

#include "shm/list.h"

/* The row of a small list. */
static inline struct row
list_record_row(const struct value *v)
{
	struct row r = { value_data(v), value_data(v) + sizeof(r.ends),
	    (uint32_t)(value_bytes(v) - sizeof(r.ends)), { 0, 0, 0 }, false };

	memcpy(&r.ends, r.head, sizeof(r.ends));
	return r;
}

/* The most a row may have: bytes with the frame, elements. */
static inline size_t
list_most_bytes(int64_t fill)
{
	return fill >= 0 ? 8192 : (size_t)4096 << (fill < -5 ? 4 : -1 - fill);
}

static inline uint64_t
list_most_count(int64_t fill)
{
	return fill < 0 ? UINT32_MAX : fill == 0 ? 1 : (uint64_t)fill;
}

/* Bytes of elements in a node, whose block then has list_most_bytes(). */
static inline size_t
list_node_most(int64_t fill)
{
	return list_most_bytes(fill) - sizeof(struct node);
}

/* Whether elements of so many bytes go into the record. */
static inline bool
list_is_small(int64_t fill, size_t bytes, uint64_t count)
{
	return bytes + LISTPACK_EMPTY_BYTES <= list_most_bytes(fill) &&
	    count <= list_most_count(fill);
}

#endif
