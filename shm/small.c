#include "shm/small.h"

void
small_note(struct txn *t, const char *data, size_t head, size_t from,
    size_t end)
{
	txn_note(t, data, head);
	txn_note(t, data + from, end - from);
}

struct value *
small_append(struct txn *t, const struct key *k, struct value *v,
    const struct slice *elements, int count)
{
	size_t old = listpack_bytes(value_data(v)), bytes = old;
	char *lp;
	int i;

	for (i = 0; i < count; i++)
		bytes += listpack_put_bytes(elements[i]);
	v = slot_resize(t, k, v, bytes);
	lp = value_data(v);
	small_note(t, lp, LISTPACK_HEAD, old - 1, bytes);
	for (i = 0; i < count; i++)
		listpack_insert(lp, 0, elements[i]);
	return v;
}

struct value *
small_replace(struct txn *t, const struct key *k, struct value *v, size_t at,
    struct slice element)
{
	char *lp = value_data(v);
	size_t old = listpack_entry_bytes(lp, at);
	size_t fresh = listpack_put_bytes(element);
	size_t bytes = listpack_bytes(lp) - old + fresh;

	if (old == fresh) {
		txn_note(t, lp + at, old);
		listpack_replace(lp, at, element);
		return v;
	}
	if (fresh > old) {
		v = slot_resize(t, k, v, bytes);
		lp = value_data(v);
	}
	small_note(t, lp, LISTPACK_HEAD, at, bytes);
	listpack_replace(lp, at, element);
	return fresh < old ? slot_resize(t, k, v, bytes) : v;
}

struct value *
small_cut(struct txn *t, const struct key *k, struct value *v, size_t at,
    size_t count)
{
	char *lp = value_data(v);

	small_note(t, lp, LISTPACK_HEAD, at, listpack_bytes(lp));
	listpack_delete(lp, at, count);
	return slot_resize(t, k, v, listpack_bytes(lp));
}
