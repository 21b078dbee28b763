#include "shm/value.h"

#define EMBSTR_MAX 44 /* what Redis still calls "embstr" */

size_t
value_need(size_t key_bytes, size_t value_bytes, bool expires)
{
	bool is_big = key_bytes > UINT8_MAX || value_bytes > UINT16_MAX;

	return sizeof(struct value) + (expires ? 8 : 0) + (is_big ? 8 : 0) +
	    key_bytes + value_bytes;
}

static uint64_t
hash(const void *block)
{
	const struct value *v = block;

	return place_hash(value_key(v), value_db(v));
}

static bool
is(const void *block, const void *wanted)
{
	const struct value *v = block;
	const struct key *k = wanted;

	return slice_equal(value_key(v), k->name) && value_db(v) == k->db;
}

const struct dict_kind value_dict = { hash, is };

const struct bucket *
value_hint_bucket(const struct value *v, uint64_t hash)
{
	uint64_t bytes = PLACE->bytes, at;
	const struct value_ops *ops;
	const char *data;

	if (value_type(v) >= VALUE_TYPES || !value_is_large(v))
		return NULL;
	ops = value_ops[value_type(v)];
	data = value_data(v);
	if (ops == NULL || ops->dict_at == 0 ||
	    (uint64_t)(uintptr_t)data - PLACE_BASE > bytes - sizeof(at))
		return NULL;
	memcpy(&at, data, sizeof(at));
	at += ops->dict_at - 1u;
	if (at % HEAP_UNIT != 0 ||
	    at - PLACE_BASE > bytes - sizeof(struct dict))
		return NULL;
	return dict_hint_bucket((const struct dict *)(uintptr_t)at, hash);
}

const char *
value_encoding_name(const struct value *v)
{
	static const char *const large[VALUE_TYPES] = {
		"raw", "quicklist", "hashtable", "skiplist", "hashtable",
		"stream"
	};
	int encoding = value_encoding(v);

	if (value_type(v) == VALUE_STRING)
		return encoding == STRING_INT ? "int" :
		    encoding == STRING_EMBSTR && value_bytes(v) <= EMBSTR_MAX ?
		    "embstr" : "raw";
	if (value_type(v) == VALUE_STREAM)
		return large[VALUE_STREAM];
	return encoding == SMALL_LISTPACK ? "listpack" :
	    encoding == SMALL_INTSET ? "intset" : large[value_type(v)];
}
