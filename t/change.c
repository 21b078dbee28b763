#include "t/change.h"

#include "shm/hash.h"
#include "shm/list.h"
#include "shm/set.h"
#include "shm/string.h"
#include "shm/zset.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 200000

struct dice {
	uint64_t state;
};

/* A key, and the type that all values of its name have. */
struct name {
	char text[64];
	struct key key;
	enum value_type type;
	int number;
};

static uint32_t
throw(struct dice *d, uint32_t sides)
{
	d->state = d->state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(d->state >> 33) % sides;
}

/* Names with several lengths; a few slots, so that they are fought for. */
static void
name_it(struct name *n, int number)
{
	static const enum value_type types[] = { VALUE_STRING, VALUE_STRING,
	    VALUE_HASH, VALUE_LIST, VALUE_SET, VALUE_ZSET };

	n->number = number;
	n->type = types[number / CHANGE_SLOTS % COUNT(types)];
	if (number >= 4 * CHANGE_SLOTS - CHANGE_SLOTS / 3)
		n->type = VALUE_ZSET;
	else if (number >= 4 * CHANGE_SLOTS - 2 * CHANGE_SLOTS / 3)
		n->type = VALUE_SET;
	snprintf(n->text, sizeof(n->text), "{%d}%d%.*s", number % CHANGE_SLOTS,
	    number, number % 40, "a name of some length, longer or shorter ..");
}

static void
name_key(struct name *n, struct slot *slots, uint8_t db, int number)
{
	name_it(n, number);
	n->key = slot_key(slots, db, slice_of(n->text));
}

/* The keys of a change: always these, whatever is there. */
static struct dice
choose(uint64_t change, int number[2])
{
	struct dice d = { change * 0x9e3779b97f4a7c15ull + 1 };

	number[0] = (int)throw(&d, CHANGE_KEYS);
	number[1] = (int)throw(&d, CHANGE_KEYS);
	return d;
}

int
change_slots(uint64_t change, uint16_t *slots)
{
	struct name n;
	int number[2], i;

	choose(change, number);
	for (i = 0; i < 2; i++) {
		name_it(&n, number[i]);
		slots[i] = keyslot_of(slice_of(n.text));
	}
	if (slots[0] == slots[1])
		return 1;
	if (slots[0] > slots[1]) {
		uint16_t first = slots[1];

		slots[1] = slots[0];
		slots[0] = first;
	}
	return 2;
}

/* Text of up to `most` bytes, from the dice. */
static struct slice
text(struct txn *t, struct dice *d, uint32_t most)
{
	uint32_t bytes = throw(d, most), n = throw(d, 26 * 26);
	char *s = txn_scratch(t, bytes + 16);

	memset(s, (int)('a' + n % 26), bytes);
	memset(s, (int)('a' + n / 26), bytes / 2);
	return (struct slice){ s, bytes };
}

static struct slice
member(struct txn *t, struct dice *d, uint32_t sides)
{
	char *s = txn_scratch(t, 128);
	uint32_t i = throw(d, sides);
	int bytes;

	if (throw(d, 3) == 0)
		bytes = snprintf(s, 128, "%u", i);
	else
		bytes = snprintf(s, 128, "m%u%.*s", i, (int)(i % 80),
		    "ooooooooooooooooooooooooooooooooooooooooooooooooooooooo"
		    "oooooooooooooooooooooooo");
	return (struct slice){ s, (size_t)bytes };
}

/* --- by type ----------------------------------------------------------- */

static void
change_string(struct txn *t, struct dice *d, const struct key *k)
{
	static const uint32_t sizes[] = { 10, 80, 400, 3000, 30000, 90000,
	    TEXT_MAX };
	struct value *v = slot_peek(t, k);
	uint32_t how = throw(d, 8), size = throw(d, 80);
	int64_t n = 0;
	bool is_new;
	struct slice s;

	s = text(t, d, sizes[size < COUNT(sizes) ? size : size % 3]);
	if (how < 4) {
		slot_put_string(t, k, v, s, throw(d, 4) ? -1 :
		    4000000000000 + throw(d, 100));
	} else if (how < 6) {
		if (v != NULL && !string_int(v, &n))
			n = 0;
		string_put_int(t, k, v, n + 1);
	} else if (v == NULL || value_bytes(v) < TEXT_MAX) {
		char digits[NUMBER_TEXT];
		size_t old = v == NULL ? 0 : string_text(v, digits).bytes;

		v = string_grow(t, k, v, old + s.bytes, &is_new);
		memcpy(value_data(v) + old, s.data, s.bytes);
	}
}

static void
change_hash(struct txn *t, struct dice *d, const struct key *k)
{
	static const struct hash_limits limits = { 16, 64 };
	struct value *v = slot_peek(t, k);
	struct slice pair[8];
	uint32_t i, count = 1 + throw(d, 4);
	bool is_deleted;
	int added;

	if (throw(d, 3) == 0) {
		for (i = 0; i < 6 && v != NULL; i++)
			v = hash_delete(t, k, v, member(t, d, 60),
			    &is_deleted);
		return;
	}
	for (i = 0; i < count; i++) {
		pair[2 * i] = member(t, d, 60);
		pair[2 * i + 1] = text(t, d, throw(d, 30) ? 40 : 5000);
	}
	hash_set(t, k, v, pair, (int)count, &limits, &added);
}

static void
change_list(struct txn *t, struct dice *d, const struct key *k)
{
	struct list_pen p = { t, k, slot_peek(t, k), 16 };
	enum list_end end = throw(d, 2) ? LIST_LEFT : LIST_RIGHT;
	struct slice s[4] = { text(t, d, 60), text(t, d, 60), text(t, d, 60),
	    text(t, d, throw(d, 30) ? 60 : 30000) };
	uint64_t count = p.value != NULL ? list_count(p.value) : 0;
	uint32_t how = throw(d, 8), where = throw(d, 1000);
	struct list_at at;

	if (count == 0 || how < 3) {
		list_push(&p, end, s, 1 + (int)throw(d, 4));
	} else if (how < 5 || count > 200) {
		list_cut(&p, end, throw(d, 10) == 0 || count < 3 ? count :
		    throw(d, 3));
	} else if (how == 5) {
		list_remove(&p, end, 1 + throw(d, 3), s[0]);
	} else if (list_seek(p.value, (int64_t)(where % count), &at)) {
		if (how == 6)
			list_insert(&p, &at, end, s[3]);
		else
			list_set(&p, &at, s[3]);
	}
}

static void
change_set(struct txn *t, struct dice *d, const struct key *k)
{
	static const struct set_limits limits = { 16, 24, 64 };
	struct value *v = slot_peek(t, k);
	uint32_t i, is_number = throw(d, 2);
	struct slice s[4];
	bool is_deleted;
	int added;

	if (throw(d, 3) == 0) {
		for (i = 0; i < 6 && v != NULL; i++)
			v = set_delete(t, k, v, member(t, d, 60), &is_deleted);
		return;
	}
	for (i = 0; i < COUNT(s); i++)
		s[i] = is_number ? (struct slice){
		    &"0123456789012345678"[throw(d, 10)], 1 + throw(d, 4) } :
		    member(t, d, 60);
	set_add(t, k, v, s, (int)COUNT(s), &limits, &added);
}

static void
change_zset(struct txn *t, struct dice *d, const struct key *k)
{
	static const struct zset_limits limits = { 16, 64 };
	struct value *v = slot_peek(t, k);
	uint32_t i, how = throw(d, 4), count = 1 + throw(d, 8);
	uint64_t all = v != NULL ? zset_count(v) : 0;
	bool is_deleted;
	double score;

	if (how == 0 && all > 0) {
		zset_cut(t, k, v, throw(d, 5) ? all / 3 : 0, all);
		return;
	}
	for (i = 0; i < count; i++) {
		struct slice s = member(t, d, 120);

		score = throw(d, 50) / 4.0;
		if (how > 1)
			zset_add(t, k, &v, s, &score, 0, &limits);
		else if (v != NULL)
			v = zset_delete(t, k, v, s, &is_deleted);
	}
}

/* --- keys -------------------------------------------------------------- */

static bool
is_large(const struct value *v)
{
	return value_type(v) != VALUE_STRING && value_encoding(v) == LARGE;
}

static struct value *
put_same(struct txn *t, const struct value *v, const struct key *to)
{
	struct value *same = slot_put(t, to, slot_peek(t, to), value_type(v),
	    value_encoding(v), value_bytes(v), value_expires(v), false);

	memcpy(value_data(same), value_data(v), value_bytes(v));
	return same;
}

static void
copy_or_rename(struct txn *t, struct name n[2], bool copies)
{
	struct value *v = slot_peek(t, &n[0].key), *same;

	if (v == NULL || n[0].type != n[1].type || n[0].number == n[1].number)
		return;
	if (!copies && is_large(v))
		slot_carry(t, &n[0].key, v, &n[1].key);
	same = put_same(t, v, &n[1].key);
	if (copies) {
		if (is_large(v))
			value_ops[value_type(v)]->copy(t, v, same);
		return;
	}
	if (is_large(v))
		v = slot_put(t, &n[0].key, v, VALUE_STRING, STRING_RAW, 0, -1,
		    true);
	slot_remove(t, &n[0].key, v);
}

bool
change_is_flush(uint64_t change)
{
	int number[2];
	struct dice d = choose(change, number);

	return throw(&d, 40) == 0;
}

void
change_do(struct txn *t, struct slot *slots, uint8_t db, uint64_t change)
{
	static void (*const by_type[VALUE_TYPES])(struct txn *t,
	    struct dice *d, const struct key *k) = {
		[VALUE_STRING] = change_string, [VALUE_LIST] = change_list,
		[VALUE_SET] = change_set, [VALUE_ZSET] = change_zset,
		[VALUE_HASH] = change_hash,
	};
	struct name n[2];
	int number[2], i;
	struct dice d = choose(change, number);
	uint32_t how = throw(&d, 40);
	struct value *v;

	for (i = 0; i < 2; i++)
		name_key(&n[i], slots, db, number[i]);
	v = slot_peek(t, &n[0].key);
	if (how == 0)
		slot_flush(t, n[0].key.slot, db);
	else if (how < 4 && v != NULL)
		slot_remove(t, &n[0].key, v);
	else if (how < 6 && v != NULL)
		slot_expire(t, &n[0].key, v, throw(&d, 2) ? -1 :
		    4000000000000 + throw(&d, 100));
	else if (how < 9)
		copy_or_rename(t, n, how == 8);
	else
		for (i = 0; i < (how < 15 ? 2 : 1); i++)
			by_type[n[i].type](t, &d, &n[i].key);
}

/* --- comparing --------------------------------------------------------- */

struct other {
	const struct value *v;
	bool is_same;
};

static void
see_field(void *arg, struct slice field, struct slice value)
{
	struct other *o = arg;
	char scratch[NUMBER_TEXT];
	struct slice s;

	o->is_same &= hash_get(o->v, field, &s, scratch) &&
	    slice_equal(s, value);
}

static void
see_member(void *arg, struct slice s)
{
	struct other *o = arg;

	o->is_same &= set_has(o->v, s);
}

static bool
same_list(const struct value *a, const struct value *b)
{
	char x[NUMBER_TEXT], y[NUMBER_TEXT];
	struct list_at i, j;
	bool more, also;

	if (list_count(a) != list_count(b))
		return false;
	more = list_seek(a, 0, &i);
	also = list_seek(b, 0, &j);
	for (; more && also; more = list_next(&i), also = list_next(&j))
		if (!slice_equal(list_text(&i, x), list_text(&j, y)))
			return false;
	return !more && !also;
}

static bool
same_zset(const struct value *a, const struct value *b)
{
	struct zset_cursor i, j;
	struct zset_item x, y;
	uint64_t left = zset_count(a);

	if (left != zset_count(b) || (is_large(a) && !zset_check(a)))
		return false;
	zset_seek(a, 0, &i);
	zset_seek(b, 0, &j);
	while (left-- > 0)
		if (!zset_next(&i, &x) || !zset_next(&j, &y) ||
		    x.score != y.score || !slice_equal(x.member, y.member))
			return false;
	return true;
}

static bool
is_same(const struct value *a, const struct value *b)
{
	struct other o = { b, true };
	char x[NUMBER_TEXT], y[NUMBER_TEXT];

	switch (value_type(a)) {
	case VALUE_STRING:
		return slice_equal(string_text(a, x), string_text(b, y));
	case VALUE_HASH:
		hash_each(a, see_field, &o);
		return o.is_same && hash_count(a) == hash_count(b);
	case VALUE_LIST:
		return same_list(a, b);
	case VALUE_SET:
		set_each(a, see_member, &o);
		return o.is_same && set_count(a) == set_count(b);
	default:
		return same_zset(a, b);
	}
}

const char *
change_compare(struct txn *t, struct slot *slots, uint8_t a, uint8_t b)
{
	static char what[128];
	const struct value *v, *w;
	struct name n;
	int i;

	for (i = 0; i < CHANGE_KEYS; i++) {
		name_key(&n, slots, a, i);
		v = slot_peek(t, &n.key);
		name_key(&n, slots, b, i);
		w = slot_peek(t, &n.key);
		if (v == NULL && w == NULL)
			continue;
		if (v == NULL || w == NULL || value_type(v) != n.type ||
		    value_type(w) != n.type ||
		    value_expires(v) != value_expires(w) || !is_same(v, w)) {
			snprintf(what, sizeof(what), "%s key %d in %u and %u "
			    "differ (%s, %s)", value_ops[n.type]->name, i, a,
			    b, v != NULL ? "there" : "missing",
			    w != NULL ? "there" : "missing");
			return what;
		}
	}
	return NULL;
}
