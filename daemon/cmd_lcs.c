/*
 * cmd_lcs - the longest common subsequence of two strings
 *
 * A table of lengths of all pairs of prefixes, walked back from its end; where
 * both ways are as long the second string is shortened, as in redis-server, so
 * that the same one of several longest sequences is found.
 *
 * Not here: other commands on strings (cmd_string.c).
 */
#include "daemon/call.h"
#include "shm/string.h"

struct lcs {
	struct slice a, b;
	const uint32_t *length;  /* (a.bytes + 1) rows of (b.bytes + 1) */
	bool wants_length, wants_ranges, wants_range_length;
	int64_t range_min;
};

static uint32_t
length_at(const struct lcs *l, size_t i, size_t j)
{
	return l->length[i * (l->b.bytes + 1) + j];
}

static bool
read_options(struct call *c, struct lcs *l)
{
	int i;

	for (i = 3; i < c->argc; i++) {
		if (slice_is(c->argv[i], "len")) {
			l->wants_length = true;
		} else if (slice_is(c->argv[i], "idx")) {
			l->wants_ranges = true;
		} else if (slice_is(c->argv[i], "withmatchlen")) {
			l->wants_range_length = true;
		} else if (slice_is(c->argv[i], "minmatchlen") &&
		    i + 1 < c->argc) {
			if (!call_int(c, ++i, &l->range_min))
				return false;
		} else {
			call_syntax(c);
			return false;
		}
	}
	if (l->wants_length && l->wants_ranges) {
		reply_error(c->reply, error_text[ERROR_LCS_BOTH]);
		return false;
	}
	return true;
}

/* Fills the table; false when it would need too much memory. */
static bool
measure(struct call *c, struct lcs *l)
{
	uint64_t rows = l->a.bytes + 1, columns = l->b.bytes + 1;
	uint32_t *to;
	size_t i, j;

	if (rows * columns * sizeof(*to) >
	    (uint64_t)call_options(c)->proto_max_bulk_len) {
		reply_error(c->reply, error_text[ERROR_LCS_MEMORY]);
		return false;
	}
	to = txn_scratch(c->txn, rows * columns * sizeof(*to));
	l->length = to;
	memset(to, 0, columns * sizeof(*to));
	for (i = 1; i < rows; i++) {
		const uint32_t *above = to;

		txn_beat(c->txn);
		to += columns;
		to[0] = 0;
		for (j = 1; j < columns; j++)
			to[j] = l->a.data[i - 1] == l->b.data[j - 1] ?
			    above[j - 1] + 1 :
			    above[j] > to[j - 1] ? above[j] : to[j - 1];
	}
	return true;
}

/*
 * Walks back from the end, one byte of a or b or a common one of both; false
 * when one of them is used up.
 */
static bool
step_back(const struct lcs *l, size_t *i, size_t *j, bool *is_common)
{
	if (*i == 0 || *j == 0)
		return false;
	*is_common = l->a.data[*i - 1] == l->b.data[*j - 1];
	if (*is_common) {
		(*i)--;
		(*j)--;
	} else if (length_at(l, *i - 1, *j) > length_at(l, *i, *j - 1)) {
		(*i)--;
	} else {
		(*j)--;
	}
	return true;
}

static void
reply_sequence(struct call *c, const struct lcs *l, uint32_t length)
{
	char *text = txn_scratch(c->txn, length + 1);
	size_t i = l->a.bytes, j = l->b.bytes, left = length;
	bool is_common;

	while (step_back(l, &i, &j, &is_common))
		if (is_common)
			text[--left] = l->a.data[i];
	reply_bulk(c->reply, (struct slice){ text, length });
}

/* A run of common bytes from i in a and from j in b; whether it is told. */
static bool
reply_range(struct call *c, const struct lcs *l, size_t i, size_t j,
    size_t bytes)
{
	if ((int64_t)bytes < l->range_min || bytes == 0)
		return false;
	reply_array(c->reply, l->wants_range_length ? 3 : 2);
	reply_array(c->reply, 2);
	reply_int(c->reply, (int64_t)i);
	reply_int(c->reply, (int64_t)(i + bytes - 1));
	reply_array(c->reply, 2);
	reply_int(c->reply, (int64_t)j);
	reply_int(c->reply, (int64_t)(j + bytes - 1));
	if (l->wants_range_length)
		reply_int(c->reply, (int64_t)bytes);
	return true;
}

static void
reply_ranges(struct call *c, const struct lcs *l, uint32_t length)
{
	size_t i = l->a.bytes, j = l->b.bytes, bytes = 0, place;
	int64_t ranges = 0;
	bool is_common;

	reply_map(c->reply, 2);
	reply_text(c->reply, "matches");
	place = reply_later(c->reply);
	for (;;) {
		size_t at_i = i, at_j = j;
		bool more = step_back(l, &i, &j, &is_common);

		if (more && is_common) {
			bytes++;
			continue;
		}
		ranges += reply_range(c, l, at_i, at_j, bytes);
		bytes = 0;
		if (!more)
			break;
	}
	reply_later_set(c->reply, place, '*', ranges);
	reply_text(c->reply, "len");
	reply_int(c->reply, length);
}

void
cmd_lcs(struct call *c)
{
	struct lcs l = { .a = { "", 0 }, .b = { "", 0 } };
	char digits[2][NUMBER_TEXT];
	uint32_t length;
	int i;

	for (i = 0; i < 2; i++) {
		struct key k = call_key(c, 1 + i);
		struct value *v = slot_find(c->txn, &k);

		if (v == NULL)
			continue;
		if (value_type(v) != VALUE_STRING) {
			reply_error(c->reply, error_text[ERROR_LCS_TYPE]);
			return;
		}
		*(i == 0 ? &l.a : &l.b) = string_text(v, digits[i]);
	}
	if (!read_options(c, &l) || !measure(c, &l))
		return;
	length = length_at(&l, l.a.bytes, l.b.bytes);
	if (l.wants_ranges)
		reply_ranges(c, &l, length);
	else if (l.wants_length)
		reply_int(c->reply, length);
	else
		reply_sequence(c, &l, length);
}
