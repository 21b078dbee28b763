#include "proto/rdb_value.h"

#include <math.h>

/* A score as text begins with its length, or says that it is no number. */
enum { TEXT_NAN = 253, TEXT_INFINITE, TEXT_MINUS_INFINITE };

static inline bool
is_pairs(const struct rdb_value *v)
{
	return v->row->kind == RDB_HASH || v->row->kind == RDB_ZSET;
}

static inline bool
has_packs(const struct rdb_value *v)
{
	return v->row->pack != RDB_PACK_NONE;
}

/* --- packs ------------------------------------------------------------- */

static bool
open_pack(struct rdb_value *v)
{
	struct rdb_reader *r = v->r;
	size_t at = r->at;
	struct slice bytes;
	const char *why;

	if (!rdb_read_string(r, v->keeps ? NULL : &v->hold_pack, &bytes))
		return false;
	if (!rdb_pack_open(&v->pack, (enum rdb_packing)v->row->pack, bytes,
	    &why))
		return rdb_refuse(r, at, "%s", why);
	if (v->pack.count == 0)
		return rdb_refuse(r, at, "a value has no elements");
	if (is_pairs(v) && v->pack.count % 2 != 0)
		return rdb_refuse(r, at, v->row->kind == RDB_HASH ?
		    "a field has no value" : "a member has no score");
	v->pack_left = is_pairs(v) ? v->pack.count / 2 : v->pack.count;
	return true;
}

bool
rdb_value_enter(struct rdb_value *v)
{
	struct rdb_reader *r = v->r;
	uint64_t container = RDB_NODE_PACKED;
	size_t at = r->at;

	if (r->why[0] != 0)
		return false;
	if (!has_packs(v) || v->pack_left > 0 || v->is_plain || v->left == 0)
		return v->left > 0 || v->pack_left > 0 || v->is_plain;
	v->left--;
	if (v->row->body == RDB_BODY_NODES && !rdb_read_length(r, &container))
		return false;
	if (container == RDB_NODE_PLAIN) {
		v->is_plain = rdb_read_string(r,
		    v->keeps ? NULL : &v->hold_pack, &v->plain);
		return v->is_plain;
	}
	if (container != RDB_NODE_PACKED)
		return rdb_refuse(r, at, "a list has a node of unknown form");
	return open_pack(v);
}

/* What is there as a number is printed. */
static bool
print(struct rdb_value *v, const struct listpack_value *from,
    struct rdb_hold *hold, struct slice *s)
{
	struct rdb_reader *r = v->r;
	char *digits = hold->digits;

	*s = from->text;
	if (from->text.data != NULL)
		return true;
	if (v->keeps)
		digits = r->room != NULL ?
		    r->room(r->room_arg, NUMBER_TEXT) : NULL;
	if (digits == NULL)
		return rdb_refuse(r, r->at, "there is no memory for a number");
	*s = (struct slice){ digits, number_put_int(digits, from->number) };
	return true;
}

static bool
next_of_pack(struct rdb_value *v, struct rdb_element *e)
{
	struct listpack_value next = rdb_pack_next(&v->pack);

	v->pack_left--;
	if (!print(v, &next, &v->hold_text, &e->text))
		return false;
	if (!is_pairs(v))
		return true;
	next = rdb_pack_next(&v->pack);
	if (v->row->kind == RDB_HASH)
		return print(v, &next, &v->hold_value, &e->value);
	e->score = (double)next.number;
	return next.text.data == NULL ||
	    number_get_double(next.text, &e->score) ||
	    rdb_refuse(v->r, v->at, "a score is not a number");
}

/* --- one after the other ----------------------------------------------- */

static bool
read_text_score(struct rdb_reader *r, double *score)
{
	size_t at = r->at;
	struct slice text;
	const char *first;
	unsigned bytes;

	if (!rdb_read_bytes(r, 1, &first))
		return false;
	bytes = (unsigned char)*first;
	if (bytes == TEXT_INFINITE || bytes == TEXT_MINUS_INFINITE) {
		*score = bytes == TEXT_INFINITE ? INFINITY : -INFINITY;
		return true;
	}
	text.bytes = bytes;
	if (bytes == TEXT_NAN)
		return rdb_refuse(r, at, "a score is not a number");
	if (!rdb_read_bytes(r, bytes, &text.data))
		return false;
	return number_get_double(text, score) ||
	    rdb_refuse(r, at, "a score is not a number");
}

static bool
read_score(struct rdb_reader *r, double *score)
{
	size_t at = r->at;
	const char *data;

	if (!rdb_read_bytes(r, sizeof(*score), &data))
		return false;
	memcpy(score, data, sizeof(*score));
	return !isnan(*score) || rdb_refuse(r, at, "a score is not a number");
}

static bool
next_alone(struct rdb_value *v, struct rdb_element *e)
{
	struct rdb_reader *r = v->r;

	v->left--;
	if (!rdb_read_string(r, v->keeps ? NULL : &v->hold_text, &e->text))
		return false;
	switch (v->row->body) {
	case RDB_BODY_PAIRS:
		return rdb_read_string(r, v->keeps ? NULL : &v->hold_value,
		    &e->value);
	case RDB_BODY_TEXTS:
		return read_text_score(r, &e->score);
	case RDB_BODY_SCORES:
		return read_score(r, &e->score);
	}
	return true;
}

bool
rdb_value_next(struct rdb_value *v, struct rdb_element *e)
{
	if (unlikely(v->r->why[0] != 0))
		return false;
	if (!has_packs(v))
		return v->left > 0 && next_alone(v, e);
	if (v->pack_left == 0 && !rdb_value_enter(v))
		return false;
	if (v->is_plain) {
		e->text = v->plain;
		v->is_plain = false;
		return true;
	}
	return next_of_pack(v, e);
}

bool
rdb_value_begin(struct rdb_value *v, struct rdb_reader *r, int type,
    bool keeps)
{
	memset(v, 0, sizeof(*v));
	v->r = r;
	v->row = &rdb_type_table[type];
	v->keeps = keeps;
	v->at = r->at;
	switch (v->row->body) {
	case RDB_BODY_STRING:
		v->count = v->left = 1;
		return true;
	case RDB_BODY_PACK:
		if (!open_pack(v))
			return false;
		v->count = v->pack_left;
		return true;
	case RDB_BODY_STRINGS:
	case RDB_BODY_PACKS:
		if (!rdb_read_count(r, 1, &v->count))
			return false;
		break;
	case RDB_BODY_PAIRS:
	case RDB_BODY_TEXTS:
	case RDB_BODY_NODES:
		if (!rdb_read_count(r, 2, &v->count))
			return false;
		break;
	case RDB_BODY_SCORES:
		if (!rdb_read_count(r, 1 + sizeof(double), &v->count))
			return false;
		break;
	default:
		never("a value that is walked has elements");
	}
	v->left = v->count;
	return true;
}
