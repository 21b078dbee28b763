/*
 * unit_listpack - every operation against an array, and foreign bytes
 *
 * A listpack lies in memory of exactly its size, so that with
 * AddressSanitizer a byte too many is seen.  The model is an array of texts.
 *
 * Not here: bytes from a fuzzer (fuzz_listpack.c).
 */
#include <stdio.h>
#include <stdlib.h>

#include "proto/listpack.h"
#include "proto/number.h"
#include "t/unit.h"

#define TEXT_MOST 20000
#define ELEMENTS_MOST 200

/* Check notes every assertion it passes; this only one that fails. */
#define HOLDS(cond) ((cond) ? (void)0 : ck_abort_msg("not so: %s", #cond))

struct model {
	char *texts[ELEMENTS_MOST];
	size_t bytes[ELEMENTS_MOST];
	size_t count;
	char *lp;
};

static uint64_t seed = 88172645463325252u;

static uint64_t
random_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 11) % n;
}

/* A text of the kinds that meet the bounds of every encoding. */
static struct slice
random_text(char *text)
{
	static const char *odd[] = { "", "-0", "007", "+1", " 1", "-", "1.0",
		"9223372036854775807", "9223372036854775808",
		"-9223372036854775808", "-9223372036854775809", "127", "128",
		"-1", "4095", "4096", "-4096", "-4097" };
	static const size_t sizes[] = { 1, 2, 6, 7, 8, 9, 62, 63, 64, 65, 123,
		124, 125, 126, 127, 128, 4095, 4096, 16377, 16378, 16379 };
	size_t bytes, i;
	int64_t n;

	switch (random_below(4)) {
	case 0:
		return slice_of(odd[random_below(COUNT(odd))]);
	case 1:
		n = (int64_t)1 << random_below(63);
		n += (int64_t)random_below(3) - 1;
		n = random_below(2) ? n : -n;
		return (struct slice){ text, number_put_int(text, n) };
	case 2:
		bytes = 1 + random_below(10);
		break;
	default:
		bytes = sizes[random_below(COUNT(sizes))];
		bytes = random_below(3) ? bytes % 130 : bytes;
	}
	for (i = 0; i < bytes; i++)
		text[i] = "ab0"[random_below(3)];
	return (struct slice){ text, bytes };
}

static struct slice
element(const struct model *m, size_t i)
{
	return (struct slice){ m->texts[i], m->bytes[i] };
}

static size_t
position(const struct model *m, size_t i)
{
	return i < m->count ? listpack_index(m->lp, i) : 0;
}

static void
resize(struct model *m, size_t bytes)
{
	char *lp = malloc(bytes);
	size_t had = listpack_bytes(m->lp);

	memcpy(lp, m->lp, had < bytes ? had : bytes);
	free(m->lp);
	m->lp = lp;
}

static void
do_insert(struct model *m, size_t i, struct slice s)
{
	size_t at = position(m, i), total = listpack_bytes(m->lp);
	size_t put = listpack_put_bytes(s), now;

	if (m->count == ELEMENTS_MOST)
		return;
	resize(m, total + put);
	now = listpack_insert(m->lp, at, s);
	HOLDS(now == (at != 0 ? at : total - 1));
	HOLDS(listpack_bytes(m->lp) == total + put);
	HOLDS(listpack_entry_bytes(m->lp, now) == put);
	memmove(m->texts + i + 1, m->texts + i,
	    (m->count - i) * sizeof(*m->texts));
	memmove(m->bytes + i + 1, m->bytes + i,
	    (m->count - i) * sizeof(*m->bytes));
	m->texts[i] = malloc(s.bytes + 1);
	memcpy(m->texts[i], s.data, s.bytes);
	m->bytes[i] = s.bytes;
	m->count++;
}

static void
do_replace(struct model *m, size_t i, struct slice s)
{
	size_t at = position(m, i), total = listpack_bytes(m->lp);

	if (i >= m->count)
		return;
	total += listpack_put_bytes(s);
	total -= listpack_entry_bytes(m->lp, at);
	if (total > listpack_bytes(m->lp))
		resize(m, total);
	listpack_replace(m->lp, at, s);
	HOLDS(listpack_bytes(m->lp) == total);
	resize(m, total);
	free(m->texts[i]);
	m->texts[i] = malloc(s.bytes + 1);
	memcpy(m->texts[i], s.data, s.bytes);
	m->bytes[i] = s.bytes;
}

static void
do_delete(struct model *m, size_t i, size_t count)
{
	size_t n = i + count < m->count ? count : m->count - i, k;

	if (i >= m->count)
		return;
	listpack_delete(m->lp, position(m, i), count);
	resize(m, listpack_bytes(m->lp));
	for (k = i; k < i + n; k++)
		free(m->texts[k]);
	memmove(m->texts + i, m->texts + i + n,
	    (m->count - i - n) * sizeof(*m->texts));
	memmove(m->bytes + i, m->bytes + i + n,
	    (m->count - i - n) * sizeof(*m->bytes));
	m->count -= n;
}

/* Both directions, every index, every content. */
static void
compare(const struct model *m)
{
	char scratch[24];
	struct listpack_value v;
	size_t at = listpack_first(m->lp), i, before = 0;
	int64_t n;

	HOLDS(listpack_check(m->lp, listpack_bytes(m->lp)));
	HOLDS(listpack_count(m->lp) == m->count);
	for (i = 0; i < m->count; i++) {
		HOLDS(at != 0);
		HOLDS(listpack_prev(m->lp, at) == before);
		HOLDS(listpack_index(m->lp, i) == at);
		HOLDS(listpack_index(m->lp, (int64_t)i - m->count) == at);
		HOLDS(slice_equal(listpack_text(m->lp, at, scratch),
		    element(m, i)));
		HOLDS(listpack_find(m->lp, at, element(m, i), 0) == at);
		v = listpack_get(m->lp, at);
		HOLDS(number_get_int(element(m, i), &n) ==
		    (v.text.data == NULL));
		HOLDS(v.text.data != NULL || v.number == n);
		before = at;
		at = listpack_next(m->lp, at);
	}
	HOLDS(at == 0);
	HOLDS(listpack_last(m->lp) == before);
	HOLDS(listpack_index(m->lp, m->count) == 0);
	HOLDS(listpack_index(m->lp, -(int64_t)m->count - 1) == 0);
}

/* Searches for what is there and for what may not be. */
static void
compare_find(const struct model *m, struct slice s)
{
	size_t from, i;
	int skip;

	if (m->count == 0)
		HOLDS(listpack_find(m->lp, listpack_first(m->lp), s, 0) == 0);
	else for (skip = 0; skip < 3; skip++) {
		from = random_below(m->count);
		for (i = from; i < m->count; i += 1 + skip)
			if (slice_equal(element(m, i), s))
				break;
		HOLDS(listpack_find(m->lp, position(m, from), s, skip) ==
		    position(m, i));
	}
}

static void
model_open(struct model *m)
{
	m->count = 0;
	m->lp = malloc(LISTPACK_EMPTY_BYTES);
	listpack_init(m->lp);
}

static void
model_close(struct model *m)
{
	while (m->count > 0)
		free(m->texts[--m->count]);
	free(m->lp);
}

START_TEST(like_an_array)
{
	struct model m;
	char text[TEXT_MOST];
	struct slice s;
	size_t i;
	int step, op;

	seed += _i;
	model_open(&m);
	for (step = 0; step < 1500; step++) {
		s = random_text(text);
		i = random_below(m.count + 1);
		op = random_below(20);
		if (op < (step / 300 % 2 ? 7 : 11))
			do_insert(&m, op % 2 ? i : m.count, s);
		else if (op < 15)
			do_replace(&m, i, s);
		else if (op < 19)
			do_delete(&m, i, 1);
		else
			do_delete(&m, i, random_below(8));
		compare_find(&m, random_text(text));
		if (m.count > 0)
			compare_find(&m, element(&m, random_below(m.count)));
		if (step % 8 == 0)
			compare(&m);
	}
	do_delete(&m, 0, SIZE_MAX);
	HOLDS(m.count == 0);
	HOLDS(listpack_bytes(m.lp) == LISTPACK_EMPTY_BYTES);
	model_close(&m);
}
END_TEST

/* The bytes redis-server 7.0.15 had for the same elements (DUMP). */
START_TEST(bytes_of_elements)
{
	static const struct { const char *text; struct slice bytes; } rows[] = {
		{ "", SLICE("\x80\x01") },
		{ "0", SLICE("\x00\x01") },
		{ "127", SLICE("\x7f\x01") },
		{ "128", SLICE("\xc0\x80\x02") },
		{ "-1", SLICE("\xdf\xff\x02") },
		{ "4095", SLICE("\xcf\xff\x02") },
		{ "-4096", SLICE("\xd0\x00\x02") },
		{ "4096", SLICE("\xf1\x00\x10\x03") },
		{ "-32768", SLICE("\xf1\x00\x80\x03") },
		{ "32768", SLICE("\xf2\x00\x80\x00\x04") },
		{ "-8388608", SLICE("\xf2\x00\x00\x80\x04") },
		{ "8388608", SLICE("\xf3\x00\x00\x80\x00\x05") },
		{ "-2147483648", SLICE("\xf3\x00\x00\x00\x80\x05") },
		{ "2147483648",
		    SLICE("\xf4\x00\x00\x00\x80\x00\x00\x00\x00\x09") },
		{ "-0", SLICE("\x82-0\x03") },
		{ "hello", SLICE("\x85hello\x06") },
	};
	char lp[64];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		struct slice s = slice_of(rows[i].text), b = rows[i].bytes;

		listpack_init(lp);
		listpack_insert(lp, 0, s);
		ck_assert_uint_eq(listpack_put_bytes(s), b.bytes);
		ck_assert_uint_eq(listpack_bytes(lp), 7 + b.bytes);
		ck_assert_msg(memcmp(lp + 6, b.data, b.bytes) == 0, "%s",
		    rows[i].text);
		ck_assert_uint_eq((unsigned char)lp[6 + b.bytes], 0xff);
	}
}
END_TEST

/* Where strings get longer heads, and elements longer lengths. */
START_TEST(bytes_of_long_strings)
{
	static const struct { size_t bytes, takes; } rows[] = {
		{ 63, 63 + 1 + 1 }, { 64, 64 + 2 + 1 }, { 125, 125 + 2 + 1 },
		{ 126, 126 + 2 + 2 }, { 4095, 4095 + 2 + 2 },
		{ 4096, 4096 + 5 + 2 }, { 16377, 16377 + 5 + 2 },
		{ 16378, 16378 + 5 + 3 }, { 2097145, 2097145 + 5 + 3 },
		{ 2097146, 2097146 + 5 + 4 }, { 268435449, 268435449 + 5 + 4 },
		{ 268435450, 268435450 + 5 + 5 },
	};
	char *text = calloc(1, 268435450);
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		ck_assert_uint_eq(listpack_put_bytes((struct slice){ text,
		    rows[i].bytes }), rows[i].takes);
	free(text);
}
END_TEST

/* Neighbours that differ in one byte, in every place and of every length. */
START_TEST(near_misses)
{
	char lp[512], text[80];
	size_t bytes, i;

	memset(text, 'x', sizeof(text));
	for (bytes = 1; bytes <= sizeof(text); bytes++)
		for (i = 0; i < bytes; i++) {
			struct slice s = { text, bytes };

			listpack_init(lp);
			text[i] = 'y';
			listpack_insert(lp, 0, s);
			text[i] = 'x';
			listpack_insert(lp, 0, s);
			HOLDS(listpack_find(lp, listpack_first(lp), s, 0) ==
			    listpack_last(lp));
		}
}
END_TEST

/* From 65535 elements on the header does not know how many. */
START_TEST(many_elements)
{
	enum { MANY = 65540 };
	char *lp = malloc(LISTPACK_EMPTY_BYTES + MANY * 10);
	char text[24];
	size_t i, at;

	listpack_init(lp);
	for (i = 0; i < MANY; i++) {
		ck_assert(i % 1000 != 0 || listpack_count(lp) == i);
		listpack_insert(lp, 0, (struct slice){ text,
		    number_put_int(text, i) });
	}
	ck_assert_uint_eq(listpack_count(lp), MANY);
	ck_assert(listpack_check(lp, listpack_bytes(lp)));
	at = listpack_index(lp, 65537);
	ck_assert_int_eq(listpack_get(lp, at).number, 65537);
	ck_assert_uint_eq(listpack_index(lp, -3), at);
	ck_assert_uint_eq(listpack_find(lp, listpack_first(lp), SLICE("65537"),
	    0), at);
	listpack_delete(lp, listpack_first(lp), 10);
	ck_assert_uint_eq(listpack_count(lp), MANY - 10);
	ck_assert(listpack_check(lp, listpack_bytes(lp)));
	free(lp);
}
END_TEST

static bool
check_copy(const char *bytes, size_t count)
{
	char *copy = malloc(count > 0 ? count : 1);
	char scratch[24];
	bool is_sound;
	size_t at, n = 0;

	memcpy(copy, bytes, count);
	is_sound = listpack_check(copy, count);
	if (is_sound) {
		for (at = listpack_first(copy); at != 0; n++) {
			listpack_text(copy, at, scratch);
			at = listpack_next(copy, at);
		}
		HOLDS(n == listpack_count(copy));
		for (at = listpack_last(copy); at != 0; n--)
			at = listpack_prev(copy, at);
		HOLDS(n == 0);
	}
	free(copy);
	return is_sound;
}

START_TEST(unsound_bytes)
{
	static const struct slice bad[] = {
		SLICE(""), SLICE("\x07"), SLICE("\x06\0\0\0\0\0"),
		SLICE("\x07\0\0\0\0\0\0"),              /* no end */
		SLICE("\x08\0\0\0\0\0\xff"),            /* another size */
		SLICE("\x07\0\0\0\1\0\xff"),            /* another count */
		SLICE("\x08\0\0\0\0\0\xff\xff"),        /* two ends */
		SLICE("\x08\0\0\0\1\0\x01\xff"),        /* no length */
		SLICE("\x09\0\0\0\1\0\x01\x02\xff"),    /* wrong length */
		SLICE("\x09\0\0\0\1\0\x81\x01\xff"),    /* string too long */
		SLICE("\x09\0\0\0\1\0\xc0\x01\xff"),    /* integer cut off */
		SLICE("\x08\0\0\0\1\0\xe0\xff"),        /* head cut off */
		SLICE("\x08\0\0\0\1\0\xf0\xff"),
		SLICE("\x0c\0\0\0\1\0\xf0\xff\xff\xff\xff\xff"),
		SLICE("\x08\0\0\0\1\0\xf4\xff"),
		SLICE("\x09\0\0\0\1\0\xf5\x01\xff"),    /* unknown encodings */
		SLICE("\x09\0\0\0\1\0\xfe\x01\xff"),
		SLICE("\x0a\0\0\0\1\0\x81" "5\x02\xff"),   /* 5 as a string */
		SLICE("\x0a\0\0\0\1\0\xc0\x05\x02\xff"),   /* 5 in 13 bits */
		SLICE("\x0b\0\0\0\1\0\xf1\x05\0\x03\xff"), /* 5 in 16 bits */
		SLICE("\x0b\0\0\0\1\0\xe0\x01z\x03\xff"), /* z in a long form */
	};
	char long_one[264] = "\x07\x01\0\0\1\0\xe0\xfd";
	size_t i;

	/* a length of which the second byte is where the end should be */
	memset(long_one + 8, 'z', 253);
	memcpy(long_one + 8 + 253, "\x01\xff\xff", 3);
	ck_assert(!check_copy(long_one, 263));
	long_one[0] = 8;
	ck_assert(check_copy(long_one, 264));
	for (i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!check_copy(bad[i].data, bad[i].bytes), "row %zu",
		    i);
	ck_assert(check_copy("\x07\0\0\0\0\0\xff", 7));
	ck_assert(check_copy("\x07\0\0\0\xff\xff\xff", 7));
	ck_assert(check_copy("\x09\0\0\0\1\0\x05\x01\xff", 9));
}
END_TEST

/* Sound bytes with some of them changed, and pure noise behind a header. */
START_TEST(damaged_bytes)
{
	struct model m;
	char text[TEXT_MOST], noise[64];
	size_t i, bytes, sound = 0;
	int round;

	seed += _i;
	model_open(&m);
	for (i = 0; i < 12; i++)
		do_insert(&m, i, random_text(text));
	for (round = 0; round < 20000; round++) {
		bytes = listpack_bytes(m.lp);
		char *damaged = malloc(bytes);

		memcpy(damaged, m.lp, bytes);
		for (i = 0; i <= random_below(3); i++)
			damaged[random_below(2) ? random_below(bytes) :
			    bytes - 1 - random_below(bytes < 40 ? bytes : 40)] =
			    random_below(256);
		sound += check_copy(damaged, bytes);
		free(damaged);

		bytes = LISTPACK_EMPTY_BYTES + random_below(20);
		for (i = 0; i < bytes; i++)
			noise[i] = random_below(3) ? random_below(256) : 1;
		memcpy(noise, "\0\0\0\0\xff\xff", 6);
		noise[0] = bytes;
		noise[bytes - 1] = (char)0xff;
		sound += check_copy(noise, bytes);
	}
	ck_assert_uint_gt(sound, 0);
	model_close(&m);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("listpack");
	TCase *content = tcase_create("content");
	TCase *foreign = tcase_create("foreign");

	tcase_set_timeout(content, 60);
	tcase_add_loop_test(content, like_an_array, 0, 8);
	tcase_add_test(content, bytes_of_elements);
	tcase_add_test(content, bytes_of_long_strings);
	tcase_add_test(content, near_misses);
	tcase_add_test(content, many_elements);
	suite_add_tcase(suite, content);
	tcase_set_timeout(foreign, 60);
	tcase_add_test(foreign, unsound_bytes);
	tcase_add_loop_test(foreign, damaged_bytes, 0, 4);
	suite_add_tcase(suite, foreign);
	return suite;
}
