/*
 * listpack - a short list of strings and integers in one run of bytes
 *
 * The format is Redis's listpack (also inside RDB files since version 10):
 * u32 total bytes, u16 count (65535: unknown, must be counted), entries, one
 * 0xff.  An entry is its encoding and data, then its own length backwards.
 * Strings that are strict decimal integers are stored as integers, and
 * everything in its shortest form, so there is one way to write an element.
 *
 * The bytes belong to the caller.  Functions that grow a listpack want room
 * for the result at the same address: ask listpack_put_bytes() first.
 * Positions are byte offsets from the start; 0 means none.  A position stays
 * valid until something at or before it changes.
 *
 * All functions but listpack_check() and listpack_look() trust the bytes.
 *
 * Not here: which values are kept so (shm/small.h).
 */
#ifndef PROTO_LISTPACK_H
#define PROTO_LISTPACK_H

#include "proto/slice.h"

#define LISTPACK_HEAD 6          /* bytes before the first element */
#define LISTPACK_EMPTY_BYTES 7

/* One element: a string (text.data != NULL) or an integer. */
struct listpack_value {
	struct slice text;
	int64_t number;
};

/* An empty one, LISTPACK_EMPTY_BYTES at lp. */
void listpack_init(char *lp);
/* Bytes in all, as its header says. */
size_t listpack_bytes(const char *lp);
/* Number of elements; counted one by one from 65535 on. */
size_t listpack_count(const char *lp);

/* The position of the first and of the last element, 0 when there is none. */
size_t listpack_first(const char *lp);
size_t listpack_last(const char *lp);
/* The position after or before `at`, 0 when that was the last or first. */
size_t listpack_next(const char *lp, size_t at);
size_t listpack_prev(const char *lp, size_t at);
/* The position of the index-th element, negative from the end; else 0. */
size_t listpack_index(const char *lp, int64_t index);

/* The element at `at`; a string is a slice of the listpack itself. */
struct listpack_value listpack_get(const char *lp, size_t at);

/* The element as text; integers are printed into scratch (24 bytes or more). */
struct slice listpack_text(const char *lp, size_t at, char *scratch);

/*
 * The position of the first element equal to s, from `at` on, looking at
 * every (skip + 1)th: skip 1 compares only the fields of field-value pairs.
 */
size_t listpack_find(const char *lp, size_t at, struct slice s, int skip);

/* Bytes one element of this content takes inside a listpack. */
size_t listpack_put_bytes(struct slice s);
/* Bytes the element at `at` takes. */
size_t listpack_entry_bytes(const char *lp, size_t at);

/*
 * Insert before `at` (0: append).  Returns the new element's position.  Here
 * and below s must not point into the listpack itself.
 */
size_t listpack_insert(char *lp, size_t at, struct slice s);
/* Put s in place of the element at `at`, which keeps its position. */
void listpack_replace(char *lp, size_t at, struct slice s);
/* Delete `count` elements from `at` on (stops at the end). */
void listpack_delete(char *lp, size_t at, size_t count);

/*
 * Elements alone, for rows of them that are kept in another frame: writes
 * one and returns its bytes (listpack_put_bytes() of them); the bytes of the
 * element that ends before `end`.  Elements are equal exactly when their bytes
 * are.
 */
size_t listpack_put(char *to, struct slice s);
size_t listpack_before_bytes(const char *end);

/*
 * Whether foreign bytes are one whole, sound listpack of exactly `bytes`,
 * every element in its shortest form (Redis writes no others).
 */
bool listpack_check(const char *lp, size_t bytes);

/* What listpack_look() sees. */
struct listpack_look {
	size_t count;      /* elements */
	size_t longest;    /* bytes of the longest string, 0: only integers */
	bool is_shortest;  /* what listpack_check() wants */
};

/*
 * Whether foreign bytes are one whole, sound listpack, in whatever forms the
 * elements are: then it may be read, and (is_shortest) changed.
 */
bool listpack_look(const char *lp, size_t bytes, struct listpack_look *look);

#endif
