/*
 * unit_number - numbers accepted and printed as redis-server 7.0.15 does
 *
 * The tables hold what that server answered: ZADD and ZSCORE for doubles,
 * ZSCAN for scores, INCRBYFLOAT for the human form.
 *
 * Not here: their framing in replies (unit_reply.c).
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/number.h"
#include "t/unit.h"

#define ROUNDS 20000

static uint64_t seed = 88172645463325252u;

static uint64_t
random_word(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

static void
expect_text(const char *text, size_t bytes, const char *expected)
{
	ck_assert_msg(bytes == strlen(expected) &&
	    memcmp(text, expected, bytes) == 0, "%.*s is not %s",
	    (int)bytes, text, expected);
}

START_TEST(integers_there_and_back)
{
	char text[NUMBER_TEXT], expected[NUMBER_TEXT];
	int64_t back;
	size_t bytes;
	uint64_t n;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		n = random_word() >> i % 64;
		n += i % 3 - 1;
		bytes = number_put_int(text, (int64_t)n);
		snprintf(expected, sizeof(expected), "%" PRId64, (int64_t)n);
		expect_text(text, bytes, expected);
		ck_assert(number_get_int((struct slice){ text, bytes }, &back));
		ck_assert_int_eq(back, (int64_t)n);

		bytes = number_put_uint(text, n);
		snprintf(expected, sizeof(expected), "%" PRIu64, n);
		expect_text(text, bytes, expected);
	}
}
END_TEST

/* Where the count of digits or of bits changes. */
START_TEST(integers_at_the_edges)
{
	char text[NUMBER_TEXT], expected[NUMBER_TEXT];
	uint64_t ten = 1, n;
	int i, d;

	for (i = 0; i < 20; i++, ten *= 10)
		for (d = -1; d <= 1; d++) {
			n = ten + d;
			snprintf(expected, sizeof(expected), "%" PRIu64, n);
			expect_text(text, number_put_uint(text, n), expected);
			n = ((uint64_t)1 << (i * 3)) + d;
			snprintf(expected, sizeof(expected), "%" PRIu64, n);
			expect_text(text, number_put_uint(text, n), expected);
		}
	expect_text(text, number_put_uint(text, UINT64_MAX),
	    "18446744073709551615");
	expect_text(text, number_put_int(text, INT64_MIN),
	    "-9223372036854775808");
}
END_TEST

START_TEST(integers_refused)
{
	static const char *bad[] = {
		"", "-", "+1", "-0", "00", "01", "-01", " 1", "1 ", "1.0", "1e3",
		"0x1", "--1", "a", "1a", "9223372036854775808",
		"-9223372036854775809", "99999999999999999999",
		"18446744073709551616", "184467440737095516150",
	};
	int64_t n = 42;
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!number_get_int(slice_of(bad[i]), &n), "%s",
		    bad[i]);
	ck_assert(!number_get_int(SLICE("1\0"), &n));
	ck_assert_int_eq(n, 42);
}
END_TEST

START_TEST(doubles_printed)
{
	static const struct { const char *in, *reply, *score; } rows[] = {
		{ "0", "0", "0" },
		{ "-0", "-0", "0" },
		{ "0.1", "0.10000000000000001", "0.10000000000000001" },
		{ "1.5", "1.5", "1.5" },
		{ "3.14", "3.1400000000000001", "3.1400000000000001" },
		{ "0x10", "16", "16" },
		{ "1e16", "10000000000000000", "10000000000000000" },
		{ "99999999999999984", "99999999999999984",
		    "99999999999999984" },
		{ "1e17", "1e+17", "100000000000000000" },
		{ "-1e17", "-1e+17", "-100000000000000000" },
		{ "123456789012345678", "1.2345678901234568e+17",
		    "123456789012345680" },
		{ "4611686018427387904", "4.6116860184273879e+18",
		    "4611686018427387904" },
		{ "-4611686018427387904", "-4.6116860184273879e+18",
		    "-4611686018427387904" },
		{ "4611686018427388928", "4.6116860184273889e+18",
		    "4.6116860184273889e+18" },
		{ "1e20", "1e+20", "1e+20" },
		{ "1e-5", "1.0000000000000001e-05", "1.0000000000000001e-05" },
		{ "4e-324", "4.9406564584124654e-324",
		    "4.9406564584124654e-324" },
		{ "1e-320", "9.9998886718268301e-321",
		    "9.9998886718268301e-321" },
		{ "Inf", "inf", "inf" },
		{ "-infinity", "-inf", "-inf" },
	};
	char text[NUMBER_TEXT];
	double d;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		ck_assert(number_get_double(slice_of(rows[i].in), &d));
		expect_text(text, number_put_double(text, d), rows[i].reply);
		expect_text(text, number_put_score(text, d), rows[i].score);
	}
	expect_text(text, number_put_double(text, NAN), "nan");
}
END_TEST

/* The short way of reading and the whole numbers against the C library. */
START_TEST(doubles_there_and_back)
{
	static const double divisors[] = { 1, 2, 3, 10, 100, 1e3, 1e9, 1e15 };
	char text[400], expected[NUMBER_TEXT];
	double d, back;
	size_t bytes;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		d = (double)((int64_t)random_word() >> i % 64);
		d /= divisors[i % COUNT(divisors)];
		bytes = number_put_double(text, d);
		snprintf(expected, sizeof(expected), "%.17g", d);
		expect_text(text, bytes, expected);
		ck_assert(number_get_double((struct slice){ text, bytes },
		    &back));
		ck_assert(back == d);
		bytes = snprintf(text, sizeof(text), "%.*f", i % 18, d);
		ck_assert(number_get_double((struct slice){ text, bytes },
		    &back));
		ck_assert(back == strtod(text, NULL));
	}
}
END_TEST

/* Every magnitude, ties and what rounds up to one digit more. */
START_TEST(doubles_as_the_library_prints_them)
{
	static const double odd[] = { 1e-4, 0.00010000000000000002, 9.9999e-5,
		0.5, 0.25, 0.1, 0.3, 0.99999999999999989, 9.9999999999999982,
		99999.999999999985, 2251799813685248.25, 2251799813685248.75,
		4503599627370495.5, 1125899906842624.125,
		1125899906842624.375, 0.001, 1e-3 / 3, 0x1p-13, 0x1p-14 };
	char text[NUMBER_TEXT], expected[NUMBER_TEXT];
	uint64_t bits;
	double d;
	int i;

	for (i = 0; i < ROUNDS * 2; i++) {
		bits = random_word() >> 12 | (uint64_t)(1000 + i % 80) << 52;
		if (i % 3 == 0)
			bits &= ~(uint64_t)0 << random_word() % 52;
		memcpy(&d, &bits, sizeof(d));
		if (i % 2 == 0)
			d = -d;
		if ((size_t)i < COUNT(odd))
			d = odd[i];
		snprintf(expected, sizeof(expected), "%.17g", d);
		expect_text(text, number_put_double(text, d), expected);
	}
}
END_TEST

START_TEST(doubles_refused)
{
	static const char *bad[] = {
		"", " 1", "\t1", "1 ", "nan", "-nan", "nan(1)", "1e309",
		"-1e309", "1e-400", "2e-324", "1e", "1e+", ".", "-", "+", "-.",
		"1_0", "1.2.3", "1,5", "0x", "inf ", "infinit", "one",
	};
	static const struct { const char *in; double d; } good[] = {
		{ "+1", 1 }, { "-.5", -0.5 }, { "5.", 5 }, { ".5", 0.5 },
		{ "0x1p3", 8 }, { "00012", 12 }, { "1e308", 1e308 },
		{ "1E2", 100 }, { "+inf", INFINITY },
		{ "-INFINITY", -INFINITY },
		{ "9007199254740993", 9007199254740992 },
		{ "0.000000000000000001", 1e-18 },
	};
	char digits[6000];
	double d = 42;
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!number_get_double(slice_of(bad[i]), &d), "%s",
		    bad[i]);
	ck_assert(!number_get_double(SLICE("1\0"), &d));
	memset(digits, '0', sizeof(digits));
	digits[5118] = '7';
	ck_assert(!number_get_double((struct slice){ digits, 5120 }, &d));
	ck_assert(d == 42);
	ck_assert(number_get_double((struct slice){ digits, 5119 }, &d));
	ck_assert(d == 7);
	for (i = 0; i < COUNT(good); i++) {
		ck_assert(number_get_double(slice_of(good[i].in), &d));
		ck_assert_msg(d == good[i].d, "%s", good[i].in);
	}
}
END_TEST

START_TEST(human_form)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "3.0", "3" }, { "0.1", "0.1" }, { "10.50", "10.5" },
		{ "1e-17", "0.00000000000000001" }, { "1e-18", "0" },
		{ "-1e-18", "0" }, { "-0", "0" }, { "100", "100" },
		{ "5.0e3", "5000" }, { "1e-4950", "0" }, { "-2.5", "-2.5" },
		{ "0x1p3", "8" },
		{ "3.14159265358979324", "3.14159265358979324" },
	};
	static const char *bad[] = { "", " 1", "1 ", "nan", "1e5000",
		"1e-5000" };
	char text[NUMBER_LONG_TEXT];
	long double d;
	size_t i, bytes;

	for (i = 0; i < COUNT(rows); i++) {
		ck_assert(number_get_long_double(slice_of(rows[i].in), &d));
		expect_text(text, number_put_human(text, d), rows[i].out);
	}
	for (i = 0; i < COUNT(bad); i++)
		ck_assert(!number_get_long_double(slice_of(bad[i]), &d));
	ck_assert(number_get_long_double(SLICE("-1e4932"), &d));
	bytes = number_put_human(text, d);
	ck_assert_uint_eq(bytes, 4934);
	ck_assert_mem_eq(text, "-1000000000000000000006018949387963", 35);
	ck_assert(number_get_long_double(SLICE("inf"), &d));
	expect_text(text, number_put_human(text, d), "inf");
}
END_TEST

START_TEST(memory_sizes)
{
	static const struct { const char *in; int64_t out; } rows[] = {
		{ "0", 0 }, { "1b", 1 }, { "1k", 1000 }, { "1kb", 1024 },
		{ "1KB", 1024 }, { "3m", 3000000 }, { "3Mb", 3 << 20 },
		{ "2g", 2000000000 }, { "2gb", (int64_t)2 << 30 },
		{ "1t", 1000000000000 }, { "1tb", (int64_t)1 << 40 },
		{ "01k", 1000 }, { "9223372036854775807", INT64_MAX },
	};
	static const char *bad[] = { "", "kb", "-1", "+1", " 1", "1 ", "1.5k",
		"1kbb", "1kk", "9223372036854775808", "8388608tb", "1p" };
	int64_t n = 42;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		ck_assert(number_get_memory(slice_of(rows[i].in), &n));
		ck_assert_int_eq(n, rows[i].out);
	}
	n = 42;
	for (i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!number_get_memory(slice_of(bad[i]), &n), "%s",
		    bad[i]);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("number");
	TCase *integers = tcase_create("integers");
	TCase *floats = tcase_create("floats");

	tcase_add_test(integers, integers_there_and_back);
	tcase_add_test(integers, integers_at_the_edges);
	tcase_add_test(integers, integers_refused);
	tcase_add_test(integers, memory_sizes);
	suite_add_tcase(suite, integers);
	tcase_add_test(floats, doubles_printed);
	tcase_add_test(floats, doubles_there_and_back);
	tcase_add_test(floats, doubles_as_the_library_prints_them);
	tcase_add_test(floats, doubles_refused);
	tcase_add_test(floats, human_form);
	suite_add_tcase(suite, floats);
	return suite;
}
