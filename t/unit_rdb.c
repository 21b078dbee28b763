/*
 * unit_rdb - what the RDB reader makes of bytes, the writer's and others'
 *
 * Old forms, which no server here writes any more, are made by hand; for each,
 * every prefix and every byte changed must be refused or be read to some end,
 * never more (the sanitizers look on).
 *
 * Not here: values in slots (unit_dump.c), files of redis-server (t/py).
 */
#include <stdio.h>
#include <stdlib.h>

#include "proto/crc64.h"
#include "proto/rdb_value.h"
#include "proto/rdb_write.h"
#include "t/sink.h"
#include "t/unit.h"

/* What the last reader has taken. */
static void *taken[64];
static size_t takes;

static void
give_back(void)
{
	while (takes > 0)
		free(taken[--takes]);
}

static void *
room(void *arg, size_t bytes)
{
	(void)arg;
	ck_assert_uint_lt(takes, COUNT(taken));
	return taken[takes++] = malloc(bytes);
}

static struct rdb_reader
reader(struct slice bytes)
{
	struct rdb_reader r;

	give_back();
	rdb_open(&r, bytes, room, NULL);
	return r;
}

/* All elements as text: "a,b" "f=v" "m:1.5". */
static const char *
elements(struct rdb_reader *r, int type, bool keeps)
{
	static char text[4096];
	struct rdb_element e = { .score = 0 };
	struct rdb_value v;
	size_t used = 0;

	text[0] = 0;
	if (!rdb_value_begin(&v, r, type, keeps))
		return r->why;
	while (rdb_value_next(&v, &e)) {
		if (used + e.text.bytes + e.value.bytes > 4000)
			continue;
		used += (size_t)sprintf(text + used, "%s%.*s",
		    used > 0 ? "," : "", (int)e.text.bytes, e.text.data);
		if (v.row->kind == RDB_HASH)
			used += (size_t)sprintf(text + used, "=%.*s",
			    (int)e.value.bytes, e.value.data);
		if (v.row->kind == RDB_ZSET)
			used += (size_t)sprintf(text + used, ":%.17g",
			    e.score);
	}
	return r->why[0] != 0 ? r->why : text;
}

/* Reads a value of these bytes, whole, in each way. */
static void
gives(int type, struct slice bytes, const char *wanted)
{
	struct rdb_reader r = reader(bytes);

	ck_assert_str_eq(elements(&r, type, false), wanted);
	ck_assert_uint_eq(r.at, bytes.bytes);
	r = reader(bytes);
	ck_assert_str_eq(elements(&r, type, true), wanted);
	r = reader(bytes);
	ck_assert(rdb_skip_value(&r, type));
	ck_assert_uint_eq(r.at, bytes.bytes);
	give_back();
}

/* Nothing but a refusal or an end may come of broken bytes. */
static void
survives(int type, struct slice bytes)
{
	struct rdb_reader r;
	char *copy;
	size_t i;
	int j;

	for (i = 0; i < bytes.bytes; i++) {
		copy = malloc(i + 1);
		memcpy(copy, bytes.data, i);
		r = reader((struct slice){ copy, i });
		elements(&r, type, false);
		ck_assert_str_ne(r.why, "");
		r = reader((struct slice){ copy, i });
		ck_assert(!rdb_skip_value(&r, type));
		free(copy);
	}
	for (i = 0; i < bytes.bytes * 16; i++) {
		static const int mask[] = { 1, 2, 4, 8, 16, 32, 64, 128, 255,
			254, 127, 3, 0xc0, 0xf0, 0x0f, 0x80 };

		copy = malloc(bytes.bytes);
		memcpy(copy, bytes.data, bytes.bytes);
		copy[i / 16] = (char)(copy[i / 16] ^ mask[i % 16]);
		for (j = 0; j < 2; j++) {
			r = reader((struct slice){ copy, bytes.bytes });
			elements(&r, type, j);
		}
		r = reader((struct slice){ copy, bytes.bytes });
		rdb_skip_value(&r, type);
		free(copy);
	}
	give_back();
}

static void
is(int type, struct slice bytes, const char *wanted)
{
	gives(type, bytes, wanted);
	survives(type, bytes);
}

static void
refused(int type, struct slice bytes, const char *why)
{
	struct rdb_reader r = reader(bytes);

	ck_assert_str_eq(elements(&r, type, false), why);
	ck_assert_str_eq(r.why, why);
	give_back();
}

START_TEST(sums)
{
	char text[1500];
	uint64_t whole, step;
	size_t i, j;

	ck_assert_uint_eq(crc64_add(0, "123456789", 9), 0xe9c6d914c4b8d9ca);
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7 + i / 64);
	for (i = 0; i < sizeof(text); i += 7) {
		step = i;
		for (j = 0; j < i; j++)
			step = crc64_add(step, text + j, 1);
		ck_assert_uint_eq(step, crc64_add(i, text, i));
	}
	whole = crc64_add(0, text, sizeof(text));
	for (i = 0; i <= sizeof(text); i++)
		ck_assert_uint_eq(crc64_add(crc64_add(0, text, i), text + i,
		    sizeof(text) - i), whole);
}
END_TEST

START_TEST(plain_forms)
{
	is(RDB_TYPE_STRING, SLICE("\x03" "abc"), "abc");
	is(RDB_TYPE_STRING, SLICE("\x40\x03" "abc"), "abc");
	is(RDB_TYPE_STRING, SLICE("\x80\0\0\0\x03" "abc"), "abc");
	is(RDB_TYPE_STRING, SLICE("\x81\0\0\0\0\0\0\0\x03" "abc"), "abc");
	is(RDB_TYPE_STRING, SLICE("\xc0\xff"), "-1");
	is(RDB_TYPE_STRING, SLICE("\xc1\x00\x80"), "-32768");
	is(RDB_TYPE_STRING, SLICE("\xc2\xff\xff\xff\x7f"), "2147483647");
	is(RDB_TYPE_STRING, SLICE("\xc3\x05\x0a\0" "a\xe0\0\0"),
	    "aaaaaaaaaa");
	is(RDB_TYPE_LIST, SLICE("\x02\x01" "a\xc0\x07"), "a,7");
	is(RDB_TYPE_SET, SLICE("\x02\x01" "a\x01" "b"), "a,b");
	is(RDB_TYPE_HASH, SLICE("\x01\x01" "f\xc1\x00\x01"), "f=256");
	is(RDB_TYPE_ZSET, SLICE("\x03\x01" "a\x03" "1.5\x01" "b\xfe\x01" "c"
	    "\xff"), "a:1.5,b:inf,c:-inf");
	is(RDB_TYPE_ZSET_2, SLICE("\x01\x01" "a\0\0\0\0\0\0\xf8\x3f"),
	    "a:1.5");
}
END_TEST

START_TEST(packed_forms)
{
	is(RDB_TYPE_HASH_LISTPACK, SLICE("\x0c\x0c\0\0\0\x02\0\x81" "f\x02"
	    "\x05\x01\xff"), "f=5");
	is(RDB_TYPE_ZSET_LISTPACK, SLICE("\x0f\x0f\0\0\0\x02\0\x81" "m\x02"
	    "\x83" "2.5\x04\xff"), "m:2.5");
	is(RDB_TYPE_SET_LISTPACK, SLICE("\x0c\x0c\0\0\0\x02\0\x81" "f\x02"
	    "\x05\x01\xff"), "f,5");
	/* elements longer than they need be */
	is(RDB_TYPE_SET_LISTPACK, SLICE("\x13\x13\0\0\0\x02\0\xf0\x01\0\0\0"
	    "f\x06" "\xf2\x05\0\0\x04\xff"), "f,5");
	is(RDB_TYPE_SET_INTSET, SLICE("\x0e\x02\0\0\0\x03\0\0\0\xff\xff\x01\0"
	    "\x02\0"), "-1,1,2");
	is(RDB_TYPE_LIST_QUICKLIST_2, SLICE("\x02\x02\x09\x09\0\0\0\x01\0"
	    "\x05\x01\xff" "\x01\x03" "big"), "5,big");
}
END_TEST

START_TEST(old_forms)
{
	/* "ab", 5, -3 (8 bits), 300, 24 and 32 and 64 bits */
	static const char zip[] = "\x2d" "\x2d\0\0\0" "\x22\0\0\0" "\x07\0"
	    "\0\x02" "ab" "\x04\xf6" "\x02\xfe\xfd" "\x03\xc0\x2c\x01"
	    "\x04\xf0\x00\x00\x80" "\x05\xd0\xff\xff\xff\x7f"
	    "\x06\xe0\0\0\0\0\0\0\0\x80" "\xff";
	char bytes[322], text[303];

	is(RDB_TYPE_LIST_ZIPLIST, (struct slice){ zip, sizeof(zip) - 1 },
	    "ab,5,-3,300,-8388608,2147483647,-9223372036854775808");
	is(RDB_TYPE_HASH_ZIPLIST, SLICE("\x10\x10\0\0\0\x0d\0\0\0\x02\0"
	    "\0\x01" "f\x03\xf2\xff"), "f=1");
	is(RDB_TYPE_ZSET_ZIPLIST, SLICE("\x13\x13\0\0\0\x0d\0\0\0\x02\0"
	    "\0\x01" "m\x03\x03" "1.5\xff"), "m:1.5");
	is(RDB_TYPE_LIST_QUICKLIST, SLICE("\x02\x0e\x0e\0\0\0\x0a\0\0\0\x01\0"
	    "\0\x01" "a\xff\x0d\x0d\0\0\0\x0a\0\0\0\x01\0\0\xf2\xff"), "a,1");
	is(RDB_TYPE_HASH_ZIPMAP, SLICE("\x13\x02\x01" "a\x02\0bc\x03" "foo\x01"
	    "\x04" "x....\xff"), "a=bc,foo=x");
	/* a string of 300 bytes, so that the next one tells it in 5 bytes */
	memcpy(bytes, "\x41\x40\x40\x01\0\0\x39\x01\0\0\x02\0\0\x41\x2c",
	    15);
	memset(bytes + 15, 'x', 300);
	memcpy(bytes + 315, "\xfe\x2f\x01\0\0\xf1\xff", 7);
	memset(text, 'x', 300);
	memcpy(text + 300, ",0", 3);
	is(RDB_TYPE_LIST_ZIPLIST, (struct slice){ bytes, sizeof(bytes) },
	    text);
}
END_TEST

START_TEST(refusals)
{
	refused(RDB_TYPE_SET, SLICE("\0"), "a value has no elements");
	refused(RDB_TYPE_SET, SLICE("\x81\xff\0\0\0\0\0\0\0\0"),
	    "18374686479671623680 elements are said to follow, "
	    "which do not fit");
	refused(RDB_TYPE_STRING, SLICE("\xc4"),
	    "a string has the unknown form 4");
	refused(RDB_TYPE_STRING, SLICE("\xa0\0\0\0\0"),
	    "a length begins with byte 160");
	refused(RDB_TYPE_STRING, SLICE("\xc3\x01\x81\0\0\0\0\0\xff\xff\xff"
	    "a"),
	    "16777215 bytes are said to be compressed to 1");
	refused(RDB_TYPE_STRING, SLICE("\xc3\0\x02"),
	    "2 bytes are said to be compressed to 0");
	refused(RDB_TYPE_STRING, SLICE("\xc3\x03\x05\xe0\x10\x05"),
	    "compressed bytes are damaged");
	refused(RDB_TYPE_ZSET_2, SLICE("\x01\x01" "a\0\0\0\0\0\0\xf8\x7f"),
	    "a score is not a number");
	refused(RDB_TYPE_ZSET, SLICE("\x01\x01" "a\xfd......."),
	    "a score is not a number");
	refused(RDB_TYPE_HASH_LISTPACK, SLICE("\x0a\x0a\0\0\0\x01\0\x81" "f"
	    "\x02\xff"), "a field has no value");
	refused(RDB_TYPE_HASH_LISTPACK, SLICE("\x07\x07\0\0\0\0\0\xff"),
	    "a value has no elements");
	refused(RDB_TYPE_ZSET_LISTPACK, SLICE("\x0d\x0d\0\0\0\x02\0\x81" "m"
	    "\x02\x81" "x\x02\xff"), "a score is not a number");
	refused(RDB_TYPE_SET_INTSET, SLICE("\x0c\x02\0\0\0\x02\0\0\0\x02\0"
	    "\x01\0"), "a set of integers is damaged or not in order");
	refused(RDB_TYPE_LIST_QUICKLIST_2, SLICE("\x01\x03\x01" "a"),
	    "a list has a node of unknown form");
}
END_TEST

START_TEST(too_long)
{
	static char bytes[26 << 20] = "\xc3\x80\x01\x80\0\0\x80\x80\0\0\0";

	refused(RDB_TYPE_STRING, (struct slice){ bytes, sizeof(bytes) },
	    "a string of 2147483648 bytes is longer than this server keeps");
}
END_TEST

START_TEST(versions)
{
	struct rdb_reader r = reader(SLICE("REDIS0011"));

	ck_assert(rdb_read_header(&r));
	ck_assert_int_eq(r.version, 11);
	r = reader(SLICE("REDIS0012"));
	ck_assert(!rdb_read_header(&r));
	ck_assert_str_eq(r.why, "it has version 12 of Redis's format; what can "
	    "be read are versions 1 to 11 of Redis's");
	r = reader(SLICE("VALKEY080"));
	ck_assert(!rdb_read_header(&r));
	ck_assert_str_eq(r.why, "it has version 80 of Valkey's format; what "
	    "can be read are versions 1 to 11 of Redis's");
	r = reader(SLICE("PK"));
	ck_assert(!rdb_read_header(&r));
	ck_assert_str_eq(r.why, "this is not an RDB file");
}
END_TEST

/* --- what the writer writes -------------------------------------------- */

static void
write_file(size_t buffer_bytes, uint32_t compress_from, const char *noise)
{
	static char buffer[70000];
	struct rdb_writer w;
	int i;

	sink.used = 0;
	rdb_write_open(&w, 11, buffer, buffer_bytes, sink_take, NULL);
	w.compress_from = compress_from;
	rdb_write_header(&w);
	rdb_write_aux(&w, SLICE("redis-ver"), SLICE("7.2.0"));
	rdb_write_aux_int(&w, SLICE("ctime"), 1700000000000);
	rdb_write_select(&w, 3);
	rdb_write_resize(&w, 20000, 70);
	rdb_write_expiry(&w, 1700000000123);
	for (i = 0; i < 3; i++) {
		rdb_write_byte(&w, RDB_TYPE_STRING);
		rdb_write_string(&w, SLICE("key"));
		rdb_write_string(&w, (struct slice){ noise,
		    i == 0 ? 20000 : i == 1 ? 90 : 0 });
	}
	rdb_write_byte(&w, RDB_TYPE_STRING);
	rdb_write_string(&w, SLICE("-2147483648"));
	rdb_write_pieces(&w, (struct slice[]){ { noise, 70 }, { noise, 10 },
	    SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") }, 3);
	rdb_write_end(&w);
	rdb_write_flush(&w);
	ck_assert(!w.is_broken);
	ck_assert_uint_eq(rdb_written(&w), sink.used);
}

static void
read_key(struct rdb_reader *r, struct rdb_item *item, const char *name,
    const char *noise, size_t bytes)
{
	struct slice s;

	ck_assert(rdb_next(r, item));
	ck_assert_int_eq(item->what, RDB_IS_KEY);
	ck_assert(slice_is(item->name, name));
	ck_assert(rdb_read_string(r, NULL, &s));
	ck_assert(slice_equal(s, (struct slice){ noise, bytes }));
}

static void
read_file(const char *noise)
{
	struct rdb_reader r = reader((struct slice){ sink.data, sink.used });
	struct rdb_item item = { .freq = 0 };
	char tail[128];

	ck_assert(rdb_read_header(&r));
	ck_assert(rdb_next(&r, &item) && item.what == RDB_IS_AUX);
	ck_assert(slice_is(item.name, "redis-ver"));
	ck_assert(slice_is(item.text, "7.2.0"));
	ck_assert(rdb_next(&r, &item) && item.what == RDB_IS_AUX);
	ck_assert(slice_is(item.text, "1700000000000"));
	ck_assert(rdb_next(&r, &item) && item.what == RDB_IS_SELECT);
	ck_assert_uint_eq(item.n[0], 3);
	ck_assert(rdb_next(&r, &item) && item.what == RDB_IS_RESIZE);
	ck_assert_uint_eq(item.n[0], 20000);
	ck_assert_uint_eq(item.n[1], 70);
	read_key(&r, &item, "key", noise, 20000);
	ck_assert_int_eq(item.expires_ms, 1700000000123);
	read_key(&r, &item, "key", noise, 90);
	ck_assert_int_eq(item.expires_ms, -1);
	read_key(&r, &item, "key", noise, 0);
	memcpy(tail, noise, 70);
	memcpy(tail + 70, noise, 10);
	memset(tail + 80, 'a', 48);
	read_key(&r, &item, "-2147483648", tail, 128);
	ck_assert(rdb_next(&r, &item) && item.what == RDB_IS_END);
	ck_assert_uint_eq(r.at + RDB_CRC_BYTES, r.bytes);
	ck_assert_uint_eq(rdb_crc(&r), crc64_add(0, sink.data, r.at));
}

START_TEST(written)
{
	static const size_t buffers[] = { 64, 65, 200, 1000, 70000 };
	static const uint32_t from[] = { 0, 5, 21, 1000 };
	static char noise[20000];
	size_t i, j, k;

	for (k = 0; k < 2; k++) {
		for (i = 0; i < sizeof(noise); i++)
			noise[i] = (char)(k == 0 ? rand() : 'a' + rand() % 2);
		for (i = 0; i < COUNT(buffers); i++)
			for (j = 0; j < COUNT(from); j++) {
				write_file(buffers[i], from[j], noise);
				read_file(noise);
			}
	}
	give_back();
}
END_TEST

/* Bytes that a string of 1000 takes. */
static size_t
bytes_of(struct rdb_writer *w, const char *data)
{
	uint64_t before = rdb_written(w);

	rdb_write_string(w, (struct slice){ data, 1000 });
	return (size_t)(rdb_written(w) - before);
}

START_TEST(tried_in_vain)
{
	static char buffer[70000], noise[1000], plain[1000];
	struct rdb_writer w;
	int i, long_ones = 0;

	for (i = 0; i < 1000; i++) {
		noise[i] = (char)rand();
		plain[i] = 'a';
	}
	sink.used = 0;
	rdb_write_open(&w, 11, buffer, sizeof(buffer), sink_take, NULL);
	for (i = 0; i < 10; i++) {
		ck_assert_uint_eq(bytes_of(&w, noise), 1002);
		ck_assert_uint_lt(bytes_of(&w, plain), 100);
	}
	for (i = 0; i < 100; i++)
		ck_assert_uint_eq(bytes_of(&w, noise), 1002);
	while (bytes_of(&w, plain) == 1002)
		long_ones++;
	/* Not tried at once, but soon; from then on all are. */
	ck_assert_int_gt(long_ones, 0);
	ck_assert_int_le(long_ones, 15);
	for (i = 0; i < 20; i++)
		ck_assert_uint_lt(bytes_of(&w, plain), 100);
	give_back();
}
END_TEST

START_TEST(broken_files)
{
	static char copy[1 << 20];
	static char noise[20000];
	struct rdb_reader r;
	struct rdb_item item;
	size_t i;

	write_file(1000, 0, noise);
	for (i = 0; i < sink.used; i++) {
		size_t at = i < 200 ? i : sink.used - 200 + i % 200;

		memcpy(copy, sink.data, sink.used);
		copy[at] = (char)rand();
		r = reader((struct slice){ copy, sink.used });
		memset(&item, 0, sizeof(item));
		if (!rdb_read_header(&r))
			continue;
		do {
			if (!rdb_next(&r, &item))
				break;
			if (item.what == RDB_IS_KEY &&
			    !rdb_skip_value(&r, item.type))
				break;
		} while (item.what != RDB_IS_END);
		ck_assert_uint_le(r.at, r.bytes);
	}
	give_back();
}
END_TEST

START_TEST(foreign_types)
{
	struct rdb_reader r = reader(SLICE("\x07"));
	uint8_t type;

	ck_assert(!rdb_read_type(&r, &type));
	ck_assert_str_eq(r.why, "a value belongs to a module, which this "
	    "server has none of (type 7)");
	r = reader(SLICE("\x16"));
	ck_assert(!rdb_read_type(&r, &type));
	ck_assert_str_eq(r.why, "a hash has fields that expire (type 22), "
	    "which this version does not know");
	r = reader(SLICE("\x08"));
	ck_assert(!rdb_read_type(&r, &type));
	ck_assert_str_eq(r.why, "a value has the unknown type 8");
}
END_TEST

START_TEST(payloads)
{
	/* of redis-server 7.0: SET k 5, DUMP k */
	struct slice good = SLICE("\0\xc0\x05\x0a\0" "c/_f\x83/\xb3Q");
	char bad[13];
	size_t i;

	for (i = 0; i < sizeof(bad); i++) {
		memcpy(bad, good.data, sizeof(bad));
		ck_assert(!rdb_payload_is_sound((struct slice){ bad, i }));
		bad[i] ^= 1;
		ck_assert(!rdb_payload_is_sound((struct slice){ bad, 13 }));
	}
	ck_assert(rdb_payload_is_sound(good));
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("rdb");
	TCase *c = tcase_create("rdb");

	tcase_add_test(c, sums);
	tcase_add_test(c, plain_forms);
	tcase_add_test(c, packed_forms);
	tcase_add_test(c, old_forms);
	tcase_add_test(c, refusals);
	tcase_add_test(c, too_long);
	tcase_add_test(c, versions);
	tcase_add_test(c, foreign_types);
	tcase_add_test(c, payloads);
	tcase_add_test(c, written);
	tcase_add_test(c, tried_in_vain);
	tcase_add_test(c, broken_files);
	suite_add_tcase(s, c);
	return s;
}
