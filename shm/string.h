/*
 * string - a string's bytes, read and changed in place
 *
 * A string is whole in its record: bytes, or an int64_t (STRING_INT).  What
 * is changed in place becomes STRING_RAW.
 *
 * Not here: storing a new string (slot_put_string), the commands
 * (daemon/cmd_string.c, daemon/cmd_bitmap.c).
 */
#ifndef SHM_STRING_H
#define SHM_STRING_H

#include "proto/number.h"
#include "shm/slot.h"

/* Its bytes; an integer is printed into scratch (NUMBER_TEXT bytes). */
static inline struct slice
string_text(const struct value *v, char *scratch)
{
	int64_t n;

	if (value_encoding(v) != STRING_INT)
		return (struct slice){ value_data(v), value_bytes(v) };
	memcpy(&n, value_data(v), sizeof(n));
	return (struct slice){ scratch, number_put_int(scratch, n) };
}

/* Its number, if it is a strict decimal integer. */
bool string_int(const struct value *v, int64_t *n);

/* Stores a number; v is the present record of k, or NULL; its expiry stays. */
struct value *string_put_int(struct txn *t, const struct key *k,
    struct value *v, int64_t n);

/*
 * Makes v (or a new string when it is NULL) raw bytes, `bytes` of them or what
 * it has when that is more; new ones are zero.  Returns the record; the bytes
 * it had before must be noted by who changes them, unless *is_new.  Whether the
 * key has changed (slot_touch) the caller says, except when v is NULL.
 */
struct value *string_grow(struct txn *t, const struct key *k, struct value *v,
    size_t bytes, bool *is_new);

#endif
