#include "shm/string.h"

bool
string_int(const struct value *v, int64_t *n)
{
	if (value_encoding(v) != STRING_INT)
		return number_get_int((struct slice){ value_data(v),
		    value_bytes(v) }, n);
	memcpy(n, value_data(v), sizeof(*n));
	return true;
}

struct value *
string_put_int(struct txn *t, const struct key *k, struct value *v, int64_t n)
{
	if (v != NULL && value_encoding(v) == STRING_INT &&
	    slot_may_edit(t, k, v)) {
		txn_write(t, value_data(v), &n, sizeof(n));
		slot_touch(t, k);
		return v;
	}
	v = slot_put(t, k, v, VALUE_STRING, STRING_INT, sizeof(n),
	    v != NULL ? value_expires(v) : -1, false);
	memcpy(value_data(v), &n, sizeof(n));
	return v;
}

struct value *
string_grow(struct txn *t, const struct key *k, struct value *v, size_t bytes,
    bool *is_new)
{
	char digits[NUMBER_TEXT];
	struct slice old;
	struct value *to;
	size_t same;

	*is_new = true;
	if (v == NULL) {
		to = slot_put(t, k, NULL, VALUE_STRING, STRING_RAW, bytes, -1,
		    false);
		txn_zero(t, value_data(to), bytes);
		return to;
	}
	old = string_text(v, digits);
	same = value_encoding(v) == STRING_INT ? 0 : old.bytes;
	if (bytes < old.bytes)
		bytes = old.bytes;
	to = bytes == value_bytes(v) && slot_may_edit(t, k, v) ? v :
	    slot_resize(t, k, v, bytes);
	*is_new = to != v;
	/* It may have been longer before this transaction. */
	if (!*is_new && bytes > same)
		txn_note(t, value_data(to) + same, bytes - same);
	if (same == 0)
		memcpy(value_data(to), old.data, old.bytes);
	if (value_encoding(to) != STRING_RAW)
		slot_set_encoding(t, to, STRING_RAW);
	txn_zero(t, value_data(to) + old.bytes, bytes - old.bytes);
	return to;
}
