/*
 * unit_resp - requests, whole and cut anywhere
 *
 * The error texts are those of redis-server 7.0.15.
 *
 * Not here: how the reader is given its bytes (hear.c), what becomes of a
 * broken connection (t/tr).
 */
#include <stdlib.h>

#include "t/hear.h"
#include "t/unit.h"

/* Uncut, byte by byte, and cut in two at every place: the same is heard. */
static struct heard
listen_cut(struct slice in, bool is_stranger)
{
	struct heard whole = hear_stream(in, in.bytes, 1, is_stranger), other;
	size_t cut;

	for (cut = 0; cut < in.bytes; cut++) {
		other = hear_stream(in, cut, cut == 0 ? 1 : in.bytes,
		    is_stranger);
		if (!hear_same(&whole, &other))
			ck_abort_msg("%.*s cut at %zu: heard %s %s, not %s %s",
			    (int)in.bytes, in.data, cut, other.text,
			    other.error, whole.text, whole.error);
		free(other.text);
	}
	return whole;
}

START_TEST(requests)
{
	static const struct { struct slice in; const char *heard; } rows[] = {
		{ SLICE("*1\r\n$4\r\nPING\r\n"), "PING;" },
		{ SLICE("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n"),
		    "SET|k|;" },
		{ SLICE("*2\r\n$3\r\nGET\r\n$12\r\n\r\n*1\r\n$4\r\nab\r\n"),
		    "GET|\r\n*1\r\n$4\r\nab;" },
		{ SLICE("*12\r\n$1\r\na\r\n$1\r\na\r\n$1\r\na\r\n$1\r\na\r\n"
		    "$1\r\na\r\n$1\r\na\r\n$1\r\na\r\n$1\r\na\r\n$1\r\na\r\n"
		    "$1\r\na\r\n$1\r\na\r\n$11\r\nabcdefghijk\r\n"),
		    "a|a|a|a|a|a|a|a|a|a|a|abcdefghijk;" },
		{ SLICE("PING\r\n"), "PING;" },
		{ SLICE("PING\n"), "PING;" },
		{ SLICE("\r\n\n  \r\nPING\r\n"), "PING;" },
		{ SLICE("*0\r\n*-1\r\n*1\r\n$1\r\na\r\n"
		    "b c\r\n*1\r\n$1\r\nd\r\n"),
		    "a;b|c;d;" },
		{ SLICE(" set\tk  'a b' \r\n"), "set|k|a b;" },
		{ SLICE("x \"\" ''\r\n"), "x||;" },
		{ SLICE("x \"a\\\"b\\\\\" 'it\\'s\\n'\r\n"),
		    "x|a\"b\\|it's\\n;" },
		{ SLICE("x \"\\n\\r\\t\\b\\a\\q\\x41\\x7a\\xg1\\x4g\"\r\n"),
		    "x|\n\r\t\b\aqAzxg1x4g;" },
		{ SLICE("a\"b c\" d\r\n"), "ab c|d;" },
		{ SLICE("a\vb\fc \vd\r\n"), "a\vb\fc|d;" },
		{ SLICE("a 'b\\\\ ' c\\d\r\n"), "a|b\\\\ |c\\d;" },
		{ SLICE("-1 +OK $3 :7\r\n"), "-1|+OK|$3|:7;" },
		/* what stands where line ends belong is not looked at */
		{ SLICE("*1\rx$1\rxayy*1\r\n$1\r\nb\r\n"), "a;b;" },
	};
	struct heard h;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		h = listen_cut(rows[i].in, false);
		ck_assert_str_eq(h.text, rows[i].heard);
		ck_assert_int_eq(h.last, RESP_MORE);
		free(h.text);
	}
}
END_TEST

START_TEST(zero_bytes)
{
	struct heard h = listen_cut(SLICE("*2\r\n$3\r\na\0b\r\n$1\r\n\0\r\n"
	    "x \"\\x00\"\r\n"), false);

	ck_assert_uint_eq(h.bytes, 10);
	ck_assert_mem_eq(h.text, "a\0b|\0;x|\0;", 10);
	free(h.text);
}
END_TEST

struct broken_row {
	struct slice in;
	const char *error;
};

static void
expect_broken(const struct broken_row *rows, size_t count, bool is_stranger)
{
	struct heard h;
	size_t i;

	for (i = 0; i < count; i++) {
		h = listen_cut(rows[i].in, is_stranger);
		ck_assert_msg(h.last == RESP_ERROR, "%.*s is not broken",
		    (int)rows[i].in.bytes, rows[i].in.data);
		ck_assert_str_eq(h.error, rows[i].error);
		ck_assert_str_eq(h.text, "");
		free(h.text);
	}
}

#define COUNT_ERROR "invalid multibulk length"
#define BULK_ERROR "invalid bulk length"

START_TEST(broken_streams)
{
	static const struct broken_row rows[] = {
		{ SLICE("*\r\n"), COUNT_ERROR },
		{ SLICE("*a\r\n"), COUNT_ERROR },
		{ SLICE("*1a\r\n"), COUNT_ERROR },
		{ SLICE("*+1\r\n"), COUNT_ERROR },
		{ SLICE("*01\r\n"), COUNT_ERROR },
		{ SLICE("* 1\r\n"), COUNT_ERROR },
		{ SLICE("*2147483648\r\n"), COUNT_ERROR },
		{ SLICE("*99999999999999999999\r\n"), COUNT_ERROR },
		{ SLICE("*1\r\n$\r\n"), BULK_ERROR },
		{ SLICE("*1\r\n$-1\r\n"), BULK_ERROR },
		{ SLICE("*1\r\n$1x\r\n"), BULK_ERROR },
		{ SLICE("*1\r\n$01\r\n"), BULK_ERROR },
		{ SLICE("*1\r\n$1000001\r\n"), BULK_ERROR },
		{ SLICE("*1\r\n$9223372036854775807\r\n"), BULK_ERROR },
		{ SLICE("*1\r\n$9223372036854775808\r\n"), BULK_ERROR },
		{ SLICE("*1\r\nPING\r\n"), "expected '$', got 'P'" },
		{ SLICE("*2\r\n$1\r\na\r\n:1\r\n"), "expected '$', got ':'" },
		{ SLICE("x \"a\r\n"), "unbalanced quotes in request" },
		{ SLICE("x 'a\\'\r\n"), "unbalanced quotes in request" },
		{ SLICE("x \"a\"b\r\n"), "unbalanced quotes in request" },
		{ SLICE("x 'a''b'\r\n"), "unbalanced quotes in request" },
		{ SLICE("x 'b\\\\'\r\n"), "unbalanced quotes in request" },
		{ SLICE("x \"a\\\r\n"), "unbalanced quotes in request" },
	};

	expect_broken(rows, COUNT(rows), false);
	expect_broken(rows, COUNT(rows), true);
}
END_TEST

START_TEST(strangers)
{
	static const struct broken_row rows[] = {
		{ SLICE("*11\r\n"), "unauthenticated multibulk length" },
		{ SLICE("*1\r\n$16385\r\n"), "unauthenticated bulk length" },
	};
	struct heard h;

	expect_broken(rows, COUNT(rows), true);
	h = hear_stream(SLICE("*10\r\n$16384\r\n"), 99, 99, true);
	ck_assert_int_eq(h.last, RESP_MORE);
	free(h.text);
	h = hear_stream(SLICE("*2147483647\r\n$1000000\r\n"), 99, 99, false);
	ck_assert_int_eq(h.last, RESP_MORE);
	free(h.text);
}
END_TEST

/* 64 KB may come before the end of a line is seen, more if they bring it. */
START_TEST(lines_without_end)
{
	static const struct { const char *begin, *error; } rows[] = {
		{ "a", "too big inline request" },
		{ "*1", "too big mbulk count string" },
		{ "*1\r\n$1", "too big bulk count string" },
	};
	char *line = malloc(70002);
	struct heard h;
	size_t i, begin;

	for (i = 0; i < COUNT(rows); i++) {
		begin = strlen(rows[i].begin);
		memset(line, '1', 70002);
		memcpy(line, rows[i].begin, begin);
		begin -= i == 2 ? 2 : begin;
		h = hear_stream((struct slice){ line, begin + 65536 }, 70000, 1,
		    false);
		ck_assert_int_eq(h.last, RESP_MORE);
		free(h.text);
		h = hear_stream((struct slice){ line, begin + 65537 }, 70000, 1,
		    false);
		ck_assert_int_eq(h.last, RESP_ERROR);
		ck_assert_str_eq(h.error, rows[i].error);
		free(h.text);
	}
	memset(line, 'a', 70002);
	memcpy(line + 70000, "\r\n", 2);
	h = hear_stream((struct slice){ line, 70002 }, 70002, 1, false);
	ck_assert_uint_eq(h.bytes, 70001);
	free(h.text);
	free(line);
}
END_TEST

/* Enough for the argument being read, so that a buffer can grow once. */
START_TEST(need)
{
	struct resp_limits limits = { 1000000, false };
	struct resp r = { 0 };
	struct slice argv[3];
	char in[] = "*2\r\n$4\r\nECHO\r\n$5000\r\nabc";
	int argc = 0;

	ck_assert_int_eq(resp_read(&r, &limits, in, sizeof(in) - 1, argv, 3,
	    &argc), RESP_MORE);
	ck_assert_int_eq(argc, 1);
	ck_assert_uint_eq(resp_need(&r), 21 + 5000 + 2);
}
END_TEST

/* Bytes that look like the protocol mean the same however they are cut. */
START_TEST(noise)
{
	static const char *parts[] = { "*1\r\n", "*2\r\n", "*", "$1\r\na\r\n",
		"$0\r\n\r\n", "$3\r\nGET\r\n", "$", "1", "0", "-", "\r\n", "\r",
		"\n", " ", "\"", "'", "\\", "\\x4", "k", "$2\r\n\r\n\r\n" };
	uint64_t seed = 88172645463325252u + (uint64_t)_i;
	size_t heard = 0, broken = 0;
	int round, n;

	for (round = 0; round < 2000; round++) {
		char in[200];
		struct slice s = { in, 0 };
		struct heard h;

		for (n = round % 16; n >= 0; n--) {
			const char *part;

			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			part = parts[(seed >> 20) % COUNT(parts)];
			memcpy(in + s.bytes, part, strlen(part));
			s.bytes += strlen(part);
		}
		h = listen_cut(s, round % 5 == 0);
		heard += h.bytes > 0;
		broken += h.last == RESP_ERROR;
		free(h.text);
	}
	ck_assert_uint_gt(heard, 100);
	ck_assert_uint_gt(broken, 100);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("resp");
	TCase *streams = tcase_create("streams");

	tcase_set_timeout(streams, 30);
	tcase_add_test(streams, requests);
	tcase_add_test(streams, zero_bytes);
	tcase_add_test(streams, broken_streams);
	tcase_add_test(streams, strangers);
	tcase_add_test(streams, lines_without_end);
	tcase_add_test(streams, need);
	tcase_add_loop_test(streams, noise, 0, 4);
	suite_add_tcase(suite, streams);
	return suite;
}
