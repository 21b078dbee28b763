/*
 * unit_dump - values out of slots and into others, in all forms
 *
 * Values of each type and size are written, with and without compression, into
 * buffers of several sizes, in both versions, and read back at another key
 * under other limits; both must have the same elements, and nothing must leak.
 * What is damaged must leave everything as it was.
 *
 * Not here: the bytes (unit_rdb.c), redis-server's own (t/py/i0006_dump.py).
 */
#include <stdio.h>
#include <stdlib.h>

#include "shm/dump.h"
#include "shm/list.h"
#include "shm/stream.h"
#include "shm/string.h"
#include "t/ground.h"
#include "t/sink.h"
#include "t/unit.h"

#define ELEMENTS 3000

static const struct dump_limits usual = { { 512, 64 }, { 512, 128, 64 },
	{ 128, 64 }, -2 };
/* Nearly nothing is small; everything is. */
static const struct dump_limits narrow = { { 3, 10 }, { 3, 3, 10 }, { 3, 10 },
	3 };
static const struct dump_limits wide = { { 5000, 1000000 },
	{ 5000, 5000, 1000000 }, { 5000, 1000000 }, -5 };

static struct txn t;
static struct heap_own own;
static struct ground *g;

static char text[ELEMENTS * 2][300];
static struct slice element[ELEMENTS * 2];
static struct zset_item item[ELEMENTS];

static struct key
key_of(const char *name)
{
	return slot_key(g->slots, 0, slice_of(name));
}

static struct value *
value_of(const char *name)
{
	struct key k = key_of(name);

	return slot_peek(&t, &k);
}

/* All different: short and long, numbers and not, kind of content by style. */
static void
make_elements(int style)
{
	int i;

	for (i = 0; i < ELEMENTS * 2; i++) {
		char *s = text[i];
		int n;

		if (style == 0 || (style == 2 && i % 3 == 0))
			n = sprintf(s, "%lld", (i % 2 ? 1 : -1) *
			    ((long long)i << (style == 0 ? 0 : i % 40)));
		else if (style == 3 && i % 50 == 7)
			n = sprintf(s, "%0250d", i);
		else
			n = sprintf(s, "element %d", i);
		if (style == 2 && i % 3 == 0)
			n += sprintf(s + n, "%s%d", i % 2 ? "" : "x", i);
		element[i] = (struct slice){ s, (size_t)n };
	}
}

static struct value *
make_value(enum value_type type, const char *name, int count,
    const struct dump_limits *limits)
{
	struct key k = key_of(name);
	struct list_pen pen = { &t, &k, value_of(name), limits->list_fill };
	int i, added;

	if (pen.value != NULL)
		slot_remove(&t, &k, pen.value);
	pen.value = NULL;
	switch (type) {
	case VALUE_STRING:
		return slot_put_string(&t, &k, NULL, element[count], -1);
	case VALUE_LIST:
		list_push(&pen, LIST_RIGHT, element, count);
		return pen.value;
	case VALUE_SET:
		return set_add(&t, &k, NULL, element, count, &limits->set,
		    &added);
	case VALUE_HASH:
		return hash_set(&t, &k, NULL, element, count, &limits->hash,
		    &added);
	default:
		for (i = 0; i < count; i++)
			item[i] = (struct zset_item){ i % 7 == 0 ? -1e300 :
			    i % 5 == 0 ? i : i * 0.1, element[i] };
		return zset_store(&t, &k, NULL, item, (uint64_t)count,
		    &limits->zset);
	}
}

/* --- the same ---------------------------------------------------------- */

static const struct value *other;

static void
has_field(void *arg, struct slice field, struct slice value)
{
	char scratch[NUMBER_TEXT];
	struct slice there;

	(void)arg;
	ck_assert(hash_get(other, field, &there, scratch));
	ck_assert(slice_equal(value, there));
}

static void
has_member(void *arg, struct slice member)
{
	(void)arg;
	ck_assert(set_has(other, member));
}

static void
same_lists(const struct value *a, const struct value *b)
{
	char x[NUMBER_TEXT], y[NUMBER_TEXT];
	struct list_at at, to;
	bool more;

	ck_assert_uint_eq(list_count(a), list_count(b));
	more = list_seek(a, 0, &at) && list_seek(b, 0, &to);
	while (more) {
		ck_assert(slice_equal(list_text(&at, x), list_text(&to, y)));
		more = list_next(&at) && list_next(&to);
	}
}

static void
same_zsets(const struct value *a, const struct value *b)
{
	struct zset_cursor at, to;
	struct zset_item x, y;

	ck_assert_uint_eq(zset_count(a), zset_count(b));
	ck_assert(zset_check(b));
	zset_seek(a, 0, &at);
	zset_seek(b, 0, &to);
	while (zset_next(&at, &x)) {
		ck_assert(zset_next(&to, &y));
		ck_assert(x.score == y.score);
		ck_assert(slice_equal(x.member, y.member));
	}
}

static void
same(const struct value *a, const struct value *b)
{
	char x[NUMBER_TEXT], y[NUMBER_TEXT];

	ck_assert_int_eq(value_type(a), value_type(b));
	other = b;
	switch (value_type(a)) {
	case VALUE_STRING:
		ck_assert(slice_equal(string_text(a, x), string_text(b, y)));
		break;
	case VALUE_LIST:
		same_lists(a, b);
		break;
	case VALUE_SET:
		ck_assert_uint_eq(set_count(a), set_count(b));
		set_each(a, has_member, NULL);
		break;
	case VALUE_HASH:
		ck_assert_uint_eq(hash_count(a), hash_count(b));
		hash_each(a, has_field, NULL);
		break;
	default:
		same_zsets(a, b);
	}
}

/* --- out and in -------------------------------------------------------- */

static void
write_out(const struct value *v, int version, size_t room,
    uint32_t compress_from)
{
	static char buffer[1 << 20];
	struct rdb_writer w;

	sink.used = 0;
	rdb_write_open(&w, version, buffer, room, sink_take, NULL);
	w.compress_from = compress_from;
	rdb_write_byte(&w, dump_type(v, version));
	dump_write(&w, v);
	rdb_write_flush(&w);
	ck_assert(!w.is_broken);
}

static const char *why;

static struct value *
read_in(struct slice bytes, const char *name, int64_t expires_ms,
    const struct dump_limits *limits)
{
	static struct rdb_reader r;
	struct key k = key_of(name);
	struct value *v;
	uint8_t type;

	rdb_open(&r, bytes, dump_room, &t);
	ck_assert(rdb_read_type(&r, &type));
	v = dump_read(&t, &r, type, &k, slot_peek(&t, &k), expires_ms, limits);
	why = r.why;
	ck_assert_int_eq(v == NULL, r.why[0] != 0);
	if (v != NULL) {
		ck_assert_uint_eq(r.at, bytes.bytes);
		ck_assert_int_eq(value_expires(v), expires_ms);
	}
	return v;
}

static void
there_and_back(const char *name, int round)
{
	static const struct dump_limits *limits[] = { &usual, &narrow, &wide };
	static const size_t rooms[] = { 64, 1000, 30000, 1 << 20 };
	int64_t expires = round % 3 == 0 ? 5000000 : -1;
	size_t i, j;

	for (i = 0; i < COUNT(limits); i++) {
		j = (i + (size_t)round) % COUNT(rooms);
		txn_begin(&t);
		write_out(value_of(name), j % 2 ? 11 : 10, rooms[j],
		    j / 2 ? 21 : 0);
		same(value_of(name), read_in((struct slice){ sink.data,
		    sink.used }, "copy", expires, limits[i]));
		txn_commit(&t);
		same(value_of(name), value_of("copy"));
	}
}

START_TEST(all_forms)
{
	static const int counts[] = { 1, 3, 4, 20, 128, 129, 512, 513, 3000 };
	enum value_type type;
	int style, round = 0;
	size_t i;

	g = ground_open(&t, &own);
	for (style = 0; style < 4; style++) {
		make_elements(style);
		for (type = VALUE_STRING; type < VALUE_STREAM; type++)
			for (i = 0; i < COUNT(counts); i++) {
				if (type == VALUE_STRING && i > 3)
					continue;
				txn_begin(&t);
				make_value(type, "value", counts[i],
				    round % 2 ? &usual : &wide);
				txn_commit(&t);
				there_and_back("value", round++);
			}
		ground_check(g);
	}
}
END_TEST

START_TEST(long_elements)
{
	static char big[100000];
	struct list_pen pen;
	struct key k;
	int i;

	g = ground_open(&t, &own);
	k = key_of("list");
	pen = (struct list_pen){ &t, &k, NULL, -2 };
	for (i = 0; i < (int)sizeof(big); i++)
		big[i] = (char)(rand() % 3);
	txn_begin(&t);
	for (i = 0; i < 40; i++)
		list_push(&pen, LIST_RIGHT, (struct slice[]){
		    { big, (size_t)(i * 2500) }, SLICE("x"),
		    { big, 8140u + (size_t)i } }, 3);
	txn_commit(&t);
	there_and_back("list", 0);
	ground_check(g);
}
END_TEST

/* The same bytes must come in as what they are. */
static void
comes_in(struct slice bytes, enum value_type type, int encoding)
{
	struct value *v;

	txn_begin(&t);
	v = read_in(bytes, "in", -1, &usual);
	ck_assert_ptr_nonnull(v);
	ck_assert_int_eq(value_type(v), type);
	ck_assert_int_eq(value_encoding(v), encoding);
	write_out(v, 11, 1 << 20, 0);
	txn_commit(&t);
}

/* What a damaged value would have replaced is still there. */
static void
stays_out(struct slice bytes, const char *sentence,
    const struct dump_limits *limits)
{
	char scratch[NUMBER_TEXT];

	txn_begin(&t);
	ck_assert_ptr_null(read_in(bytes, "in", -1, limits));
	ck_assert_str_eq(why, sentence);
	txn_commit(&t);
	ck_assert_ptr_nonnull(value_of("in"));
	ck_assert(slice_equal(string_text(value_of("in"), scratch),
	    SLICE("old")));
}

START_TEST(packs_as_they_lie)
{
	static const struct {
		struct slice bytes;
		int type, encoding;
	} row[] = {
		{ SLICE("\x10\x0c\x0c\0\0\0\x02\0\x81" "f\x02\x05\x01\xff"),
		    VALUE_HASH, SMALL_LISTPACK },
		{ SLICE("\x11\x0c\x0c\0\0\0\x02\0\x81" "m\x02\x05\x01\xff"),
		    VALUE_ZSET, SMALL_LISTPACK },
		{ SLICE("\x14\x0c\x0c\0\0\0\x02\0\x81" "m\x02\x05\x01\xff"),
		    VALUE_SET, SMALL_LISTPACK },
		{ SLICE("\x0b\x0c\x02\0\0\0\x02\0\0\0\x01\0\x02\0"), VALUE_SET,
		    SMALL_INTSET },
		{ SLICE("\x12\x01\x02\x0c\x0c\0\0\0\x02\0\x81" "m\x02\x05\x01"
		    "\xff"), VALUE_LIST, SMALL_LISTPACK },
	};
	size_t i;

	g = ground_open(&t, &own);
	for (i = 0; i < COUNT(row); i++) {
		comes_in(row[i].bytes, (enum value_type)row[i].type,
		    row[i].encoding);
		ck_assert_uint_eq(sink.used, row[i].bytes.bytes);
		ck_assert_int_eq(memcmp(sink.data, row[i].bytes.data,
		    sink.used), 0);
	}
	/* longer forms than need be are made short */
	comes_in(SLICE("\x14\x13\x13\0\0\0\x02\0\xf0\x01\0\0\0f\x06\xf2\x05\0"
	    "\0\x04\xff"), VALUE_SET, SMALL_LISTPACK);
	ck_assert_uint_eq(sink.used, 14);
	/* not in the order of scores */
	comes_in(SLICE("\x11\x11\x11\0\0\0\x04\0\x81" "m\x02\x05\x01\x81" "a"
	    "\x02\x04\x01\xff"), VALUE_ZSET, SMALL_LISTPACK);
	ck_assert_int_eq(sink.data[9], 'a');
	ground_check(g);
}
END_TEST

#define FIELD_TWICE "a field of a hash is there twice"
#define MEMBER_TWICE "a member of a set is there twice"
#define SCORE_TWICE "a member of a sorted set is there twice"

START_TEST(doubles)
{
	static const struct { struct slice bytes; const char *why; } row[] = {
		{ SLICE("\x10\x11\x11\0\0\0\x04\0\x81" "f\x02\x05\x01\x81" "f"
		    "\x02\x05\x01\xff"), FIELD_TWICE },
		{ SLICE("\x11\x11\x11\0\0\0\x04\0\x81" "f\x02\x05\x01\x81" "f"
		    "\x02\x06\x01\xff"), SCORE_TWICE },
		{ SLICE("\x14\x0b\x0b\0\0\0\x02\0\x05\x01\x05\x01\xff"),
		    MEMBER_TWICE },
		{ SLICE("\x02\x04\x01" "a\x01" "b\x01" "c\x01" "a"),
		    MEMBER_TWICE },
		{ SLICE("\x04\x04\x01" "a\x01" "b\x01" "c\x01" "d\x01" "e\x01"
		    "f\x01" "a\x01" "g"), FIELD_TWICE },
		{ SLICE("\x05\x04\x01" "a\0\0\0\0\0\0\0\0\x01" "b\0\0\0\0\0\0"
		    "\0\0\x01" "c\0\0\0\0\0\0\0\0\x01" "a\0\0\0\0\0\0\xf0\x3f"),
		    SCORE_TWICE },
	};
	size_t i;

	g = ground_open(&t, &own);
	txn_begin(&t);
	make_elements(1);
	slot_put_string(&t, &(struct key){ SLICE("in"), key_of("in").hash,
	    key_of("in").slot, 0 }, NULL, SLICE("old"), -1);
	txn_commit(&t);
	for (i = 0; i < COUNT(row); i++) {
		stays_out(row[i].bytes, row[i].why, &usual);
		stays_out(row[i].bytes, row[i].why, &narrow);
		ground_check(g);
	}
}
END_TEST

/* Large values cut short anywhere leave nothing behind. */
START_TEST(cut_short)
{
	enum value_type type;
	size_t bytes, at;

	g = ground_open(&t, &own);
	make_elements(2);
	for (type = VALUE_LIST; type < VALUE_STREAM; type++) {
		txn_begin(&t);
		make_value(type, "value", 900, &usual);
		write_out(value_of("value"), 11, 1 << 20, 0);
		txn_commit(&t);
		bytes = sink.used;
		for (at = 1; at < bytes; at += 1 + bytes / 60) {
			txn_begin(&t);
			ck_assert_ptr_null(read_in((struct slice){ sink.data,
			    at }, "value", -1, &usual));
			txn_commit(&t);
		}
		ground_check(g);
		ck_assert_int_eq(value_type(value_of("value")), type);
	}
}
END_TEST

START_TEST(taken_back)
{
	enum value_type type;

	g = ground_open(&t, &own);
	make_elements(3);
	for (type = VALUE_LIST; type < VALUE_STREAM; type++) {
		txn_begin(&t);
		make_value(type, "value", 900, &usual);
		write_out(value_of("value"), 11, 1 << 20, 21);
		make_value(type, "value", 5, &usual);
		txn_commit(&t);
		txn_begin(&t);
		ck_assert_ptr_nonnull(read_in((struct slice){ sink.data,
		    sink.used }, "value", 7000000, &usual));
		txn_undo(&t);
		ground_check(g);
		write_out(value_of("value"), 11, 1 << 20, 21);
		ck_assert_uint_lt(sink.used, 1000);
	}
}
END_TEST

/*
 * Type 21 with one node (an entry, a deleted one), one group, two consumers;
 * its second form.
 */
#define NODE "\x10" "0123456789abcdef" "\x28\x28\0\0\0\x0f\0" "\x01\x01" \
    "\x01\x01" "\x01\x01" "\x81" "f\x02" "\0\x01" \
    "\x02\x01\0\x01\0\x01" "\x81" "v\x02" "\x04\x01" \
    "\x03\x01\x01\x01\0\x01" "\x81" "w\x02" "\x04\x01" "\xff"
#define NUMBERS "\x01\x05\x06\x01\x02\0\0\x01"
#define PENDING "\x01" "0123456789abcdef" "12345678" "\x01"
#define OWNED "\x01" "0123456789abcdef"

static const char stream_3[] = "\x15\x01" NODE NUMBERS "\x01"
    "\x01" "g\x05\x06\x01" PENDING "\x02" "\x01" "c" "seentime" "activeti"
    OWNED "\x01" "d" "seentime" "ACTIVETI" "\0";
static const char stream_2[] = "\x13\x01" NODE NUMBERS "\x01"
    "\x01" "g\x05\x06\x01" PENDING "\x02" "\x01" "c" "seentime" OWNED
    "\x01" "d" "seentime" "\0";

START_TEST(streams)
{
	struct slice three = { stream_3, sizeof(stream_3) - 1 };
	struct slice two = { stream_2, sizeof(stream_2) - 1 };
	/* where lengths and counts are */
	static const char bad_at[] = { 20, 26, 28, 30, 35, 36, 47 };
	char bad[sizeof(stream_3)];
	size_t i;

	g = ground_open(&t, &own);
	comes_in(three, VALUE_STREAM, 0);
	ck_assert(slice_equal((struct slice){ sink.data, sink.used }, three));
	ck_assert_str_eq(value_encoding_name(value_of("in")), "stream");
	ck_assert_str_eq(value_ops[VALUE_STREAM]->name, "stream");
	write_out(value_of("in"), 10, 100, 0);
	ck_assert(slice_equal((struct slice){ sink.data, sink.used }, two));
	comes_in(two, VALUE_STREAM, 0);
	ck_assert(slice_equal((struct slice){ sink.data, sink.used }, two));
	for (i = 1; i < three.bytes; i++) {
		txn_begin(&t);
		ck_assert_ptr_null(read_in((struct slice){ stream_3, i }, "in",
		    -1, &usual));
		txn_commit(&t);
	}
	for (i = 0; i < COUNT(bad_at); i++) {
		memcpy(bad, stream_3, sizeof(bad));
		bad[(int)bad_at[i]] += 8;
		txn_begin(&t);
		ck_assert_ptr_null(read_in((struct slice){ bad, three.bytes },
		    "in", -1, &usual));
		txn_commit(&t);
		ck_assert_str_eq(why, "a stream has a damaged node");
	}
	ground_check(g);
}
END_TEST

START_TEST(whole_keys)
{
	static char buffer[1000];
	struct rdb_item found = { .freq = 0 };
	struct rdb_reader r;
	struct rdb_writer w;
	struct key k;

	g = ground_open(&t, &own);
	k = key_of("name");
	txn_begin(&t);
	slot_put_string(&t, &k, NULL, SLICE("text"), 1234567890123);
	txn_commit(&t);
	rdb_write_open(&w, 11, buffer, sizeof(buffer), sink_take, NULL);
	dump_write_key(&w, value_of("name"));
	rdb_open(&r, (struct slice){ buffer, w.used }, NULL, NULL);
	ck_assert(rdb_next(&r, &found));
	ck_assert_int_eq(found.what, RDB_IS_KEY);
	ck_assert(slice_is(found.name, "name"));
	ck_assert_int_eq(found.expires_ms, 1234567890123);
	ck_assert(rdb_skip_value(&r, found.type));
	ck_assert_uint_eq(r.at, w.used);
	dump_set_idle(&t, value_of("name"), 100);
	ck_assert_int_eq(value_of("name")->lru[0] | value_of("name")->lru[1] <<
	    8, (int)(t.now_ms / 1000 - 100));
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("dump");
	TCase *c = tcase_create("dump");

	tcase_set_timeout(c, 120);
	tcase_add_test(c, all_forms);
	tcase_add_test(c, long_elements);
	tcase_add_test(c, packs_as_they_lie);
	tcase_add_test(c, doubles);
	tcase_add_test(c, cut_short);
	tcase_add_test(c, taken_back);
	tcase_add_test(c, streams);
	tcase_add_test(c, whole_keys);
	suite_add_tcase(s, c);
	return s;
}
