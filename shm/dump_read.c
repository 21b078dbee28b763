/*
 * dump_read - values on their way in (shm/dump.h)
 *
 * A value in one pack whose bytes are what we would have written is copied,
 * once it is known that no member is there twice and that it is within the
 * limits of small ones.  Any other is taken apart: few elements are gathered
 * first and then stored as a command would; many go one by one into a
 * structure that is linked nowhere yet.
 *
 * Not here: values on their way out (shm/dump_write.c).
 */
#include "shm/dump.h"

#include "proto/intset.h"
#include "proto/rdb_stream.h"
#include "shm/list_make.h"
#include "shm/small.h"
#include "shm/stream.h"
#include "shm/table.h"

#define FEW 4                 /* members compared one by one */
#define SOME 1024             /* as many may have a weak hash */
#define INTEGER_TEXT 20       /* bytes of the longest integer */
#define BEAT_EVERY 4096       /* elements */
#define RESERVE_MAX (1u << 24) /* same; dicts of more grow as they are filled */

struct load {
	struct txn *txn;
	struct rdb_reader *r;
	const struct key *key;
	struct value *old;
	int64_t expires_ms;
	const struct dump_limits *limits;
	int type;
	struct rdb_value v;
};

struct dump_limits
dump_limits(const struct options *o)
{
	return (struct dump_limits){
		{ (uint64_t)o->hash_max_listpack_entries,
		    (uint64_t)o->hash_max_listpack_value },
		{ (uint64_t)o->set_max_intset_entries,
		    (uint64_t)o->set_max_listpack_entries,
		    (uint64_t)o->set_max_listpack_value },
		{ (uint64_t)o->zset_max_listpack_entries,
		    (uint64_t)o->zset_max_listpack_value },
		o->list_max_listpack_size };
}

void *
dump_room(void *txn, size_t bytes)
{
	return txn_scratch(txn, bytes);
}

void
dump_set_idle(const struct txn *t, struct value *v, int64_t idle_s)
{
	uint32_t used = (uint32_t)(t->now_ms / 1000 - idle_s);

	v->lru[0] = (uint8_t)used;
	v->lru[1] = (uint8_t)(used >> 8);
	v->lru[2] = (uint8_t)(used >> 16);
}

/* --- what is refused --------------------------------------------------- */

static struct value *
refuse(struct load *l, const char *why)
{
	rdb_refuse(l->r, l->v.at, "%s", why);
	return NULL;
}

static bool
is_broken(const struct load *l)
{
	return l->r->why[0] != 0;
}

/* A hash of both ends; whoever wants can make collisions. */
static inline uint64_t
weak_hash(struct slice s)
{
	uint64_t first = 0, last = 0;

	if (s.bytes >= 8) {
		memcpy(&first, s.data, 8);
		memcpy(&last, s.data + s.bytes - 8, 8);
	} else if (s.bytes >= 4) {
		memcpy(&first, s.data, 4);
		memcpy(&last, s.data + s.bytes - 4, 4);
	} else if (s.bytes > 0) {
		first = (uint8_t)s.data[0];
		last = (uint8_t)s.data[s.bytes - 1];
	}
	first = (first ^ last * 0x9e3779b97f4a7c15ull ^ s.bytes) *
	    0xd6e8feb86659fd93ull;
	return first >> 32 ^ first >> 48;
}

/* Whether two of `count` strings are the same. */
static bool
repeats(struct txn *t, const struct slice *s, uint64_t count)
{
	uint64_t i, j, places = 16;
	uint32_t *place;

	if (count <= FEW) {
		for (i = 1; i < count; i++)
			for (j = 0; j < i; j++)
				if (slice_equal(s[i], s[j]))
					return true;
		return false;
	}
	while (places < count * 2)
		places *= 2;
	place = txn_scratch(t, places * sizeof(*place));
	memset(place, 0, places * sizeof(*place));
	for (i = 0; i < count; i++) {
		j = count <= SOME ? weak_hash(s[i]) : place_hash(s[i], 0);
		j &= places - 1;
		for (; place[j] != 0; j = (j + 1) & (places - 1))
			if (slice_equal(s[place[j] - 1], s[i]))
				return true;
		place[j] = (uint32_t)i + 1;
	}
	return false;
}

/*
 * Whether two members of a listpack, every (skip + 1)th element, are the same.
 * In shortest form, elements are the same when their bytes are.
 */
static bool
pack_repeats(struct load *l, int skip)
{
	const char *lp = l->v.pack.bytes.data;
	uint64_t n = 0;
	struct slice *s = txn_scratch(l->txn, l->v.count * sizeof(*s));
	size_t at = listpack_first(lp);

	while (at != 0) {
		s[n++] = (struct slice){ lp + at,
			listpack_entry_bytes(lp, at) };
		at = listpack_next(lp, at);
		if (skip)
			at = listpack_next(lp, at);
	}
	return repeats(l->txn, s, n);
}

/* --- packs as they lie ------------------------------------------------- */

/* Whether the pack may be a small value's listpack, its elements aside. */
static bool
is_small_pack(const struct load *l, uint64_t entries, uint64_t bytes)
{
	const struct rdb_pack *p = &l->v.pack;

	return p->packing == RDB_PACK_LISTPACK && p->is_ours &&
	    l->v.count <= entries && p->look.longest <= bytes &&
	    bytes >= INTEGER_TEXT && p->bytes.bytes <= SMALL_BYTES_MAX;
}

static struct value *
put_pack(struct load *l, enum value_type type, int encoding)
{
	struct slice bytes = l->v.pack.bytes;
	struct value *v = slot_put(l->txn, l->key, l->old, type, encoding,
	    bytes.bytes, l->expires_ms, false);

	memcpy(value_data(v), bytes.data, bytes.bytes);
	return v;
}

/* Gives what was stored without an expiry the one it shall have. */
static struct value *
with_expiry(struct load *l, struct value *v)
{
	return l->expires_ms < 0 ? v :
	    slot_expire(l->txn, l->key, v, l->expires_ms);
}

/* A dict for as many as are said to come; a lie shall not cost much. */
static struct dict *
new_table(struct load *l)
{
	return table_new(l->txn, l->v.count < RESERVE_MAX ? l->v.count :
	    RESERVE_MAX);
}

/* --- strings and lists ------------------------------------------------- */

static struct value *
read_string(struct load *l)
{
	struct slice s;

	if (!rdb_read_string(l->r, NULL, &s))
		return NULL;
	return slot_put_string(l->txn, l->key, l->old, s, l->expires_ms);
}

/* Takes what is in a pack like ours; false: there is no such. */
static bool
take_pack(struct load *l, struct list_maker *m)
{
	const struct rdb_pack *p = &l->v.pack;

	if (l->v.pack_left == 0 || p->packing != RDB_PACK_LISTPACK ||
	    !p->is_ours)
		return false;
	list_make_add(m, p->bytes.data + LISTPACK_HEAD,
	    (uint32_t)(p->bytes.bytes - LISTPACK_EMPTY_BYTES),
	    (uint32_t)l->v.pack_left);
	l->v.pack_left = 0;
	return true;
}

/* All elements, those of packs like ours together. */
static void
make_list(struct load *l, struct list_maker *m)
{
	struct rdb_element e;

	for (;;) {
		txn_beat(l->txn);
		if (rdb_value_enter(&l->v) && take_pack(l, m))
			continue;
		if (!rdb_value_next(&l->v, &e))
			return;
		list_make_push(m, e.text);
	}
}

static struct value *
read_list(struct load *l)
{
	struct list_maker m;

	list_make(&m, l->txn, l->limits->list_fill);
	if (rdb_value_begin(&l->v, l->r, l->type, false))
		make_list(l, &m);
	if (!is_broken(l))
		return list_made(&m, l->key, l->old, l->expires_ms);
	list_make_abandon(&m);
	return NULL;
}

/* --- sets -------------------------------------------------------------- */

static struct value *
gather_set(struct load *l)
{
	struct slice *s = txn_scratch(l->txn, l->v.count * sizeof(*s));
	struct rdb_element e;
	uint64_t n = 0;

	while (rdb_value_next(&l->v, &e))
		s[n++] = e.text;
	if (is_broken(l))
		return NULL;
	if (repeats(l->txn, s, n))
		return refuse(l, "a member of a set is there twice");
	return with_expiry(l, set_store(l->txn, l->key, l->old, s, n,
	    &l->limits->set));
}

static struct value *
build_set(struct load *l)
{
	struct dict *d = new_table(l);
	struct rdb_element e;

	while (rdb_value_next(&l->v, &e))
		if (!set_build(l->txn, d, e.text)) {
			refuse(l, "a member of a set is there twice");
			break;
		}
	if (!is_broken(l))
		return table_put(l->txn, l->key, l->old, VALUE_SET, d,
		    l->expires_ms);
	table_abandon(l->txn, d);
	return NULL;
}

static struct value *
read_set(struct load *l)
{
	const struct set_limits *most = &l->limits->set;
	const struct rdb_pack *p = &l->v.pack;

	if (!rdb_value_begin(&l->v, l->r, l->type, true))
		return NULL;
	if (p->packing == RDB_PACK_INTSET && l->v.count <=
	    most->intset_entries && p->bytes.bytes <= SMALL_BYTES_MAX)
		return put_pack(l, VALUE_SET, SMALL_INTSET);
	if (is_small_pack(l, most->listpack_entries, most->listpack_bytes))
		return pack_repeats(l, 0) ?
		    refuse(l, "a member of a set is there twice") :
		    put_pack(l, VALUE_SET, SMALL_LISTPACK);
	if (l->v.count <= most->intset_entries ||
	    l->v.count <= most->listpack_entries)
		return gather_set(l);
	l->v.keeps = false;
	return build_set(l);
}

/* --- hashes ------------------------------------------------------------ */

static struct value *
gather_hash(struct load *l)
{
	uint64_t count = l->v.count, n;
	struct slice *pairs, *fields;
	struct rdb_element e;
	int added;

	pairs = txn_scratch(l->txn, 3 * count * sizeof(*pairs));
	fields = pairs + 2 * count;
	for (n = 0; rdb_value_next(&l->v, &e); n++) {
		pairs[2 * n] = fields[n] = e.text;
		pairs[2 * n + 1] = e.value;
	}
	if (is_broken(l))
		return NULL;
	if (repeats(l->txn, fields, n))
		return refuse(l, "a field of a hash is there twice");
	if (l->old != NULL)
		slot_remove(l->txn, l->key, l->old);
	return with_expiry(l, hash_set(l->txn, l->key, NULL, pairs, (int)n,
	    &l->limits->hash, &added));
}

static struct value *
build_hash(struct load *l)
{
	struct dict *d = new_table(l);
	struct rdb_element e;

	while (rdb_value_next(&l->v, &e))
		if (!hash_build(l->txn, d, e.text, e.value)) {
			refuse(l, "a field of a hash is there twice");
			break;
		}
	if (!is_broken(l))
		return table_put(l->txn, l->key, l->old, VALUE_HASH, d,
		    l->expires_ms);
	table_abandon(l->txn, d);
	return NULL;
}

static struct value *
read_hash(struct load *l)
{
	const struct hash_limits *most = &l->limits->hash;

	if (!rdb_value_begin(&l->v, l->r, l->type, true))
		return NULL;
	if (is_small_pack(l, most->entries, most->bytes))
		return pack_repeats(l, 1) ?
		    refuse(l, "a field of a hash is there twice") :
		    put_pack(l, VALUE_HASH, SMALL_LISTPACK);
	if (l->v.count <= most->entries)
		return gather_hash(l);
	l->v.keeps = false;
	return build_hash(l);
}

/* --- sorted sets ------------------------------------------------------- */

static bool
is_ascending(const struct zset_item *items, uint64_t count)
{
	uint64_t i;

	for (i = 1; i < count; i++)
		if (items[i - 1].score > items[i].score ||
		    (items[i - 1].score == items[i].score &&
		    slice_compare(items[i - 1].member, items[i].member) >= 0))
			return false;
	return true;
}

/* Turns round what servers write with the highest score first. */
static void
turn_round(struct zset_item *items, uint64_t count)
{
	struct zset_item one;
	uint64_t i;

	if (count < 2 || items[0].score < items[count - 1].score)
		return;
	for (i = 0; i < count / 2; i++) {
		one = items[i];
		items[i] = items[count - 1 - i];
		items[count - 1 - i] = one;
	}
}

/* All items, NULL: it is broken. */
static struct zset_item *
gather_items(struct load *l)
{
	struct zset_item *items = txn_scratch(l->txn,
	    l->v.count * sizeof(*items));
	struct rdb_element e;
	uint64_t n;

	for (n = 0; rdb_value_next(&l->v, &e); n++) {
		items[n] = (struct zset_item){ e.score, e.text };
		if (n % BEAT_EVERY == 0)
			txn_beat(l->txn);
	}
	return is_broken(l) ? NULL : items;
}

static bool
items_repeat(struct load *l, const struct zset_item *items)
{
	struct slice *s = txn_scratch(l->txn, l->v.count * sizeof(*s));
	uint64_t i;

	for (i = 0; i < l->v.count; i++)
		s[i] = items[i].member;
	return repeats(l->txn, s, l->v.count);
}

static struct value *
read_zset(struct load *l)
{
	const char *twice = "a member of a sorted set is there twice";
	const struct zset_limits *most = &l->limits->zset;
	struct zset_item *items;
	struct value *v;
	uint64_t count;

	if (!rdb_value_begin(&l->v, l->r, l->type, true))
		return NULL;
	count = l->v.count;
	items = gather_items(l);
	if (items == NULL)
		return NULL;
	if (count <= most->entries) {
		if (items_repeat(l, items))
			return refuse(l, twice);
		if (is_small_pack(l, most->entries, most->bytes) &&
		    is_ascending(items, count))
			return put_pack(l, VALUE_ZSET, SMALL_LISTPACK);
		return with_expiry(l, zset_store(l->txn, l->key, l->old, items,
		    count, most));
	}
	turn_round(items, count);
	v = zset_build(l->txn, l->key, l->old, items, count, l->expires_ms);
	return v != NULL ? v : refuse(l, twice);
}

/* --- streams ----------------------------------------------------------- */

/* Whether all entries can be read. */
static bool
check_entries(struct load *l)
{
	struct slice field, value;
	struct rdb_stream s;

	if (!rdb_stream_begin(&s, l->r))
		return false;
	while (rdb_stream_next(&s)) {
		txn_beat(l->txn);
		while (rdb_stream_pair(&s, &field, &value))
			;
	}
	return !is_broken(l);
}

static struct value *
read_stream(struct load *l)
{
	size_t at = l->r->at, bytes;
	struct value *v;

	if (!check_entries(l))
		return NULL;
	l->r->at = at;
	if (!rdb_skip_stream(l->r, l->type, NULL, NULL))
		return NULL;
	bytes = l->r->at - at;
	if (bytes >= RDB_STRING_MAX)
		return refuse(l, "a stream is longer than this server keeps");
	v = slot_put(l->txn, l->key, l->old, VALUE_STREAM, SMALL_LISTPACK,
	    1 + bytes, l->expires_ms, false);
	*value_data(v) = (char)l->type;
	txn_fill(l->txn, value_data(v) + 1, l->r->data + at, bytes);
	return v;
}

/* --- all --------------------------------------------------------------- */

struct value *
dump_read(struct txn *t, struct rdb_reader *r, int type, const struct key *k,
    struct value *old, int64_t expires_ms, const struct dump_limits *limits)
{
	static struct value *(*const read[])(struct load *l) = {
		[RDB_STRING] = read_string, [RDB_LIST] = read_list,
		[RDB_SET] = read_set, [RDB_ZSET] = read_zset,
		[RDB_HASH] = read_hash, [RDB_STREAM] = read_stream,
	};
	struct load l = { .txn = t, .r = r, .key = k, .old = old,
		.expires_ms = expires_ms, .limits = limits, .type = type };

	l.v.at = r->at;
	r->room = dump_room;
	r->room_arg = t;
	return read[rdb_type_table[type].kind](&l);
}
