#include "shm/row.h"

void
row_save(struct txn *t, const struct row *r)
{
	if (!r->is_new)
		txn_note(t, r->head, sizeof(r->ends));
	memcpy(r->head, &r->ends, sizeof(r->ends));
}

void
row_begin(struct row *r, enum list_end end)
{
	r->ends.start = r->ends.end = end == LIST_LEFT ? r->room : 0;
	r->ends.count = 0;
	r->is_new = true;
}

/* Where the next `bytes` at an end go. */
static inline char *
extend(struct row *r, enum list_end end, uint32_t bytes)
{
	must(row_free(r, end) >= bytes, "a row has room for what is added");
	if (end == LIST_LEFT)
		return r->data + (r->ends.start -= bytes);
	r->ends.end += bytes;
	return r->data + r->ends.end - bytes;
}

void
row_add(struct row *r, enum list_end end, const char *from, uint32_t bytes,
    uint32_t count)
{
	memcpy(extend(r, end, bytes), from, bytes);
	r->ends.count += count;
}

void
row_add_row(struct row *r, enum list_end end, const struct row *from)
{
	row_add(r, end, from->data + from->ends.start, row_used(from),
	    from->ends.count);
}

void
row_push(struct row *r, enum list_end end, struct slice s, uint32_t bytes)
{
	listpack_put(extend(r, end, bytes), s);
	r->ends.count++;
}

void
row_note_room(struct txn *t, const struct row *r, enum list_end end,
    uint32_t bytes)
{
	if (!r->is_new)
		txn_note(t, r->data + (end == LIST_LEFT ?
		    r->ends.start - bytes : r->ends.end), bytes);
}

uint32_t
row_seek(const char *data, const struct row_ends *ends, uint32_t index)
{
	uint32_t at, i;

	if (index <= ends->count / 2) {
		at = ends->start;
		for (i = 0; i < index; i++)
			at += (uint32_t)listpack_entry_bytes(data, at);
	} else {
		at = ends->end;
		for (i = ends->count; i > index; i--)
			at -= (uint32_t)listpack_before_bytes(data + at);
	}
	return at;
}

void
row_cut(struct row *r, enum list_end end, uint32_t n)
{
	if (end == LIST_LEFT)
		r->ends.start = row_seek(r->data, &r->ends, n);
	else
		r->ends.end = row_seek(r->data, &r->ends, r->ends.count - n);
	r->ends.count -= n;
}

uint32_t
row_count(const struct row *r, struct slice aim)
{
	uint32_t at, count = 0;

	for (at = r->ends.start; at < r->ends.end;
	     at += (uint32_t)listpack_entry_bytes(r->data, at))
		count += row_is(r->data, at, aim);
	return count;
}

void
row_sift(struct row *to, const struct row *from, struct slice aim,
    uint32_t skip, uint32_t take)
{
	uint32_t at = from->ends.start, kept = at, bytes;
	uint32_t left = from->ends.count - take;

	for (; take > 0; at += bytes) {
		bytes = (uint32_t)listpack_entry_bytes(from->data, at);
		if (row_is(from->data, at, aim) && (skip == 0 || skip-- == 0)) {
			row_add(to, LIST_RIGHT, from->data + kept, at - kept,
			    0);
			kept = at + bytes;
			take--;
		}
	}
	row_add(to, LIST_RIGHT, from->data + kept, from->ends.end - kept, left);
}

void
row_take(struct txn *t, struct row *r, struct slice aim, uint32_t skip)
{
	struct row_edit e = { r->ends.start, (uint32_t)aim.bytes, NULL, 0 };

	while (!row_is(r->data, e.at, aim) || skip-- > 0)
		e.at += (uint32_t)listpack_entry_bytes(r->data, e.at);
	r->ends.count--;
	row_edit(t, r, &e);
}

bool
row_edit(struct txn *t, struct row *r, const struct row_edit *e)
{
	uint32_t left = e->at - r->ends.start;
	uint32_t right = r->ends.end - e->at - e->old;
	uint32_t touched = e->new > e->old ? e->new : e->old;
	int64_t more = (int64_t)e->new - e->old;
	bool fits_left = more <= row_free(r, LIST_LEFT);
	bool fits_right = more <= row_free(r, LIST_RIGHT);
	char *at = r->data + e->at, *first = r->data + r->ends.start;

	if (!fits_left && !fits_right)
		return false;
	if (more == 0) {
		txn_note(t, at, e->new);
	} else if (fits_left && (left < right || !fits_right)) {
		txn_note(t, more > 0 ? first - more : first, left + touched);
		memmove(first - more, first, left);
		r->ends.start = (uint32_t)(r->ends.start - more);
		at -= more;
	} else {
		txn_note(t, at, right + touched);
		memmove(at + e->new, at + e->old, right);
		r->ends.end = (uint32_t)(r->ends.end + more);
	}
	if (e->s != NULL)
		listpack_put(at, *e->s);
	return true;
}
