#include "shm/zset_edit.h"

#include "shm/small.h"
#include "shm/zset_small.h"

#define PAIR_BYTES 128  /* longer pairs are not moved in one piece */

struct value *
zset_edit_insert(struct txn *t, const struct key *k, struct value *v,
    struct slice member, double score)
{
	char text[NUMBER_TEXT];
	struct slice digits = { text, number_put_score(text, score) };
	size_t at = zset_small_place(value_data(v), member, score);
	size_t has = listpack_bytes(value_data(v)), need = has +
	    listpack_put_bytes(member) + listpack_put_bytes(digits);
	struct value *to = slot_resize(t, k, v, need);

	if (to == v)
		small_note(t, value_data(v), LISTPACK_HEAD,
		    at != 0 ? at : has - 1, need);
	zset_small_insert(value_data(to), at, member, digits);
	return to;
}

/*
 * Moves the pair at `at` to where its score belongs when the score takes as
 * many bytes as before: then all pairs outside stay where they are.
 */
static bool
small_move(struct txn *t, char *lp, size_t at, struct slice member,
    double score, struct slice digits)
{
	size_t score_at = listpack_next(lp, at), to, bytes, low, high;
	char pair[PAIR_BYTES];

	bytes = score_at - at + listpack_entry_bytes(lp, score_at);
	if (bytes > sizeof(pair))
		return false;
	to = zset_small_place(lp, member, score);
	if (to == 0)
		to = listpack_bytes(lp) - 1;
	low = to < at ? to : at;
	high = to > at + bytes ? to : at + bytes;
	txn_note(t, lp + low, high - low);
	memcpy(pair, lp + at, bytes);
	if (to < at) {
		memmove(lp + to + bytes, lp + to, at - to);
		at = to;
	} else if (to > at + bytes) {
		memmove(lp + at, lp + at + bytes, to - at - bytes);
		at = to - bytes;
	}
	memcpy(lp + at, pair, bytes);
	listpack_replace(lp, listpack_next(lp, at), digits);
	return true;
}

struct value *
zset_edit_update(struct txn *t, const struct key *k, struct value *v, size_t at,
    struct slice member, double score)
{
	char text[NUMBER_TEXT], *lp = value_data(v);
	struct slice digits = { text, number_put_score(text, score) };
	size_t has = listpack_bytes(lp), need = has +
	    listpack_put_bytes(digits) -
	    listpack_entry_bytes(lp, listpack_next(lp, at));
	struct value *to;

	if (need == has && small_move(t, lp, at, member, score, digits))
		return v;
	to = need > has ? slot_resize(t, k, v, need) : v;
	lp = value_data(to);
	if (to == v)
		txn_note(t, lp, need > has ? need : has);
	listpack_delete(lp, at, 2);
	zset_small_insert(lp, zset_small_place(lp, member, score), member,
	    digits);
	return need < has ? slot_resize(t, k, to, need) : to;
}

struct value *
zset_edit_put(struct txn *t, const struct key *k, struct value *old,
    const struct zset_item *items, uint64_t count, size_t bytes)
{
	struct value *v = slot_put(t, k, old, VALUE_ZSET, SMALL_LISTPACK, bytes,
	    -1, false);
	char text[NUMBER_TEXT], *lp = value_data(v);
	uint64_t i;

	listpack_init(lp);
	for (i = 0; i < count; i++)
		zset_small_insert(lp, 0, items[i].member, (struct slice){ text,
		    number_put_score(text, items[i].score) });
	must(listpack_bytes(lp) == bytes, "a listpack is as long as foreseen");
	return v;
}

size_t
zset_edit_bytes(const struct zset_item *items, uint64_t count,
    const struct zset_limits *limits)
{
	char text[NUMBER_TEXT];
	size_t bytes = LISTPACK_EMPTY_BYTES;
	uint64_t i;

	if (count > limits->entries)
		return 0;
	for (i = 0; i < count && bytes < SMALL_BYTES_MAX; i++) {
		if (items[i].member.bytes > limits->bytes)
			return 0;
		bytes += listpack_put_bytes(items[i].member) +
		    listpack_put_bytes((struct slice){ text,
			number_put_score(text, items[i].score) });
	}
	return bytes < SMALL_BYTES_MAX ? bytes : 0;
}
