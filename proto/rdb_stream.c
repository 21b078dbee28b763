#include "proto/rdb_stream.h"

#define ID_BYTES 16

enum { ENTRY_DELETED = 1, ENTRY_SAME = 2 };

static bool
damaged(struct rdb_stream *s)
{
	return rdb_refuse(s->r, s->node_at, "a stream has a damaged node");
}

bool
rdb_stream_begin(struct rdb_stream *s, struct rdb_reader *r)
{
	memset(s, 0, sizeof(*s));
	s->r = r;
	return rdb_read_length(r, &s->nodes);
}

/* --- elements ---------------------------------------------------------- */

static bool
read_number(struct rdb_stream *s, int64_t *n)
{
	struct listpack_value v;

	if (s->at == 0)
		return damaged(s);
	v = listpack_get(s->lp, s->at);
	if (v.text.data != NULL && !number_get_int(v.text, &v.number))
		return damaged(s);
	*n = v.number;
	s->at = listpack_next(s->lp, s->at);
	return true;
}

static bool
read_count(struct rdb_stream *s, uint64_t *n)
{
	int64_t number;

	if (!read_number(s, &number))
		return false;
	*n = (uint64_t)number;
	return number >= 0 || damaged(s);
}

static bool
skip_elements(struct rdb_stream *s, uint64_t n)
{
	for (; n > 0; n--) {
		if (s->at == 0)
			return damaged(s);
		s->at = listpack_next(s->lp, s->at);
	}
	return true;
}

/* --- nodes and entries ------------------------------------------------- */

static uint64_t
read_id(const char *id)
{
	uint64_t n;

	memcpy(&n, id, sizeof(n));
	return __builtin_bswap64(n);
}

static bool
enter_node(struct rdb_stream *s)
{
	struct listpack_look look;
	struct slice id, pack;
	uint64_t zero;

	s->nodes--;
	s->node_at = s->r->at;
	if (!rdb_read_string(s->r, &s->hold_id, &id) ||
	    !rdb_read_string(s->r, &s->hold_node, &pack))
		return false;
	if (id.bytes != ID_BYTES ||
	    !listpack_look(pack.data, pack.bytes, &look))
		return damaged(s);
	s->base_ms = read_id(id.data);
	s->base_seq = read_id(id.data + 8);
	s->lp = pack.data;
	s->at = listpack_first(s->lp);
	if (!read_count(s, &s->entries) || !read_count(s, &s->deleted) ||
	    !read_count(s, &s->fields))
		return false;
	s->fields_at = s->at;
	return skip_elements(s, s->fields) && read_count(s, &zero) &&
	    (zero == 0 || damaged(s));
}

/* What is left of an entry: pairs that were not asked for, and its length. */
static bool
leave_entry(struct rdb_stream *s)
{
	uint64_t elements;

	return skip_elements(s, s->pairs) &&
	    (s->same_at != 0 || skip_elements(s, s->pairs)) &&
	    read_count(s, &elements);
}

static bool
enter_entry(struct rdb_stream *s, bool *is_deleted)
{
	int64_t flags, ms, seq;

	if (!read_number(s, &flags) || !read_number(s, &ms) ||
	    !read_number(s, &seq))
		return false;
	s->ms = s->base_ms + (uint64_t)ms;
	s->seq = s->base_seq + (uint64_t)seq;
	s->pairs = s->fields;
	s->same_at = flags & ENTRY_SAME ? s->fields_at : 0;
	if (s->same_at == 0 && !read_count(s, &s->pairs))
		return false;
	*is_deleted = flags & ENTRY_DELETED;
	if (*is_deleted ? s->deleted-- == 0 : s->entries-- == 0)
		return damaged(s);
	return true;
}

bool
rdb_stream_next(struct rdb_stream *s)
{
	bool is_deleted = true;

	if (s->lp != NULL && !leave_entry(s))
		return false;
	while (is_deleted) {
		while (s->at == 0) {
			if (s->lp != NULL && (s->entries | s->deleted) != 0)
				return damaged(s);
			s->lp = NULL;
			if (s->nodes == 0 || !enter_node(s))
				return false;
		}
		if (!enter_entry(s, &is_deleted) ||
		    (is_deleted && !leave_entry(s)))
			return false;
	}
	return true;
}

bool
rdb_stream_pair(struct rdb_stream *s, struct slice *field,
    struct slice *value)
{
	size_t *from = s->same_at != 0 ? &s->same_at : &s->at;

	if (s->pairs == 0 || s->r->why[0] != 0)
		return false;
	s->pairs--;
	if (*from == 0)
		return damaged(s);
	*field = listpack_text(s->lp, *from, s->scratch[0]);
	*from = listpack_next(s->lp, *from);
	if (s->at == 0)
		return damaged(s);
	*value = listpack_text(s->lp, s->at, s->scratch[1]);
	s->at = listpack_next(s->lp, s->at);
	return true;
}
