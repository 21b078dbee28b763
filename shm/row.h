/*
 * row - elements one behind the other, with free room at both ends
 *
 * Elements are written as in a listpack (proto/listpack.h).  A row lies in
 * some bytes of shared memory: 12 bytes that say where the elements begin and
 * end (unaligned in records), and behind them the room.  Pushing and
 * cutting at either end change only those 12 bytes and free room.
 *
 * A struct row is a private view: row_save() writes its ends back, noted
 * unless the row was made in this transaction.
 *
 * Not here: where rows are, and how many elements a row may have (shm/list.c).
 */
#ifndef SHM_ROW_H
#define SHM_ROW_H

#include "proto/listpack.h"
#include "shm/txn.h"

enum list_end { LIST_LEFT, LIST_RIGHT };

struct row_ends {
	uint32_t start, end;   /* offsets of the first and behind the last */
	uint32_t count;        /* elements */
};

struct row {
	char *head;            /* its struct row_ends */
	char *data;
	uint32_t room;         /* bytes at data */
	struct row_ends ends;
	bool is_new;           /* made in this transaction: needs no notes */
};

/* What becomes of a row: `old` bytes at `at` are replaced by s. */
struct row_edit {
	uint32_t at, old;
	const struct slice *s; /* NULL: by nothing */
	uint32_t new;          /* bytes of s as an element, 0 without */
};

static inline uint32_t
row_used(const struct row *r)
{
	return r->ends.end - r->ends.start;
}

static inline uint32_t
row_free(const struct row *r, enum list_end end)
{
	return end == LIST_LEFT ? r->ends.start : r->room - r->ends.end;
}

/* Whether the element at data + at has exactly the bytes of `aim`. */
static inline bool
row_is(const char *data, uint32_t at, struct slice aim)
{
	return data[at] == *aim.data &&
	    listpack_entry_bytes(data, at) == aim.bytes &&
	    memcmp(data + at, aim.data, aim.bytes) == 0;
}

/* Writes the ends back. */
void row_save(struct txn *t, const struct row *r);

/* Makes a new row: empty, its free room all at one end. */
void row_begin(struct row *r, enum list_end end);

/* Adds bytes that already are `count` elements; there must be room. */
void row_add(struct row *r, enum list_end end, const char *from,
    uint32_t bytes, uint32_t count);

/* Adds all elements of another row. */
void row_add_row(struct row *r, enum list_end end, const struct row *from);

/* Adds an element of listpack_put_bytes() `bytes`; there must be room. */
void row_push(struct row *r, enum list_end end, struct slice s,
    uint32_t bytes);

/* Notes the free room that the next `bytes` pushed at an end will take. */
void row_note_room(struct txn *t, const struct row *r, enum list_end end,
    uint32_t bytes);

/* The offset of the element at index (count: the end), from the nearer end. */
uint32_t row_seek(const char *data, const struct row_ends *ends,
    uint32_t index);

/* Takes n elements from an end, fewer than there are. */
void row_cut(struct row *r, enum list_end end, uint32_t n);

/* How many elements are the one aimed at (its bytes as an element). */
uint32_t row_count(const struct row *r, struct slice aim);

/*
 * Fills the new row `to` with the elements of `from`, but without `take` of
 * those aimed at, the first `skip` of which stay.
 */
void row_sift(struct row *to, const struct row *from, struct slice aim,
    uint32_t skip, uint32_t take);

/* Takes out one of those aimed at, behind `skip` of them; where it lies. */
void row_take(struct txn *t, struct row *r, struct slice aim, uint32_t skip);

/*
 * Edits where the elements lie by moving the shorter side into or out of the
 * free room, noted; the count is the caller's.  False when the room is too
 * small: nothing has changed then.
 */
bool row_edit(struct txn *t, struct row *r, const struct row_edit *e);

#endif
