/*
 * unit_glob - patterns, the malformed and the hostile ones too
 *
 * Not here: commands that take patterns.
 */
#include <stdlib.h>

#include "proto/glob.h"
#include "t/unit.h"

struct row {
	const char *pattern, *text;
	bool matches;
};

static void
expect_rows(const struct row *rows, size_t count, bool fold_case)
{
	size_t i;

	for (i = 0; i < count; i++)
		ck_assert_msg(glob_match(slice_of(rows[i].pattern),
		    slice_of(rows[i].text), fold_case) == rows[i].matches,
		    "%s on %s", rows[i].pattern, rows[i].text);
}

START_TEST(ordinary)
{
	static const struct row rows[] = {
		{ "", "", true }, { "", "a", false }, { "*", "", true },
		{ "*", "anything", true }, { "a", "", false },
		{ "abc", "abc", true }, { "abc", "ABC", false },
		{ "abc", "abcd", false }, { "abcd", "abc", false },
		{ "h?llo", "hello", true }, { "h?llo", "hllo", false },
		{ "h*llo", "hllo", true }, { "h*llo", "heeeello", true },
		{ "*lo", "hello", true }, { "he*", "hello", true },
		{ "he*", "he", true }, { "he**", "he", true },
		{ "*l*o*", "hello", true }, { "*x*", "hello", false },
		{ "a*b*c", "a-b-b-c", true }, { "a*b*c", "a-b-b-d", false },
		{ "h[ae]llo", "hallo", true }, { "h[ae]llo", "hillo", false },
		{ "h[^e]llo", "hallo", true }, { "h[^e]llo", "hello", false },
		{ "h[a-c]llo", "hbllo", true }, { "h[c-a]llo", "hbllo", true },
		{ "h[a-c]llo", "hdllo", false }, { "[0-9a]", "a", true },
		{ "\\*", "*", true }, { "\\*", "a", false },
		{ "a\\?b", "a?b", true }, { "\\[a]", "[a]", true },
		{ "news.*", "news.art", true },
	};

	expect_rows(rows, COUNT(rows), false);
}
END_TEST

/* As redis-server 7.0.15 answered SCAN MATCH. */
START_TEST(malformed)
{
	static const struct row rows[] = {
		{ "**", "", false }, { "[", "[", false }, { "[", "a", false },
		{ "[^", "a", true }, { "[abc", "b", true },
		{ "[abc", "d", false }, { "[a-", "-", true },
		{ "[a-", "a", true }, { "[a-", "b", false },
		{ "[]", "a", false }, { "[]", "]", false },
		{ "[^]", "a", true }, { "[]a", "a", false },
		{ "[a-]", "^", true }, { "[a-]", "b", false },
		{ "[a-]b", "ab", false }, { "[a\\]", "]", true },
		{ "[a\\]", "a", true }, { "[\\", "\\", true },
		{ "\\", "\\", true },
		{ "a\\", "a\\", true }, { "[\\-]", "-", true },
		{ "[a-\\z]", "z", true }, { "[a-\\z]", "^", true },
		{ "[a-\\z]", "b", false }, { "[-a]", "-", true },
	};

	expect_rows(rows, COUNT(rows), false);
}
END_TEST

START_TEST(any_bytes)
{
	ck_assert(glob_match(SLICE("a\0?"), SLICE("a\0\0"), false));
	ck_assert(!glob_match(SLICE("a\0b"), SLICE("a\0c"), false));
	ck_assert(glob_match(SLICE("[\xff-a]"), SLICE("\x01"), false));
	ck_assert(!glob_match(SLICE("[a-\xff]"), SLICE("b"), false));
	ck_assert(glob_match(SLICE("[\x80-\xff]"), SLICE("\xc0"), false));
}
END_TEST

START_TEST(folded)
{
	static const struct row rows[] = {
		{ "ABC", "abc", true }, { "abc", "ABC", true },
		{ "[A-C]", "b", true }, { "[a-c]", "B", true },
		{ "[^A-C]", "b", false }, { "[XYZ]", "y", true },
		{ "\\A", "a", true }, { "[\\A]", "a", false },
		{ "[\\a]", "a", true }, { "MAX*", "maxmemory", true },
		{ "@", "`", false }, { "[", "{", false },
	};

	expect_rows(rows, COUNT(rows), true);
}
END_TEST

/* Recursion would need longer than the world has; the bound is seconds. */
START_TEST(hostile)
{
	enum { STARS = 5000, TEXT = 10000 };
	char *pattern = malloc(STARS * 2 + 1), *text = malloc(TEXT);
	int i;

	for (i = 0; i < STARS; i++)
		memcpy(pattern + i * 2, "a*", 2);
	pattern[STARS * 2] = 'b';
	memset(text, 'a', TEXT);
	ck_assert(!glob_match((struct slice){ pattern, STARS * 2 + 1 },
	    (struct slice){ text, TEXT }, false));
	text[TEXT - 1] = 'b';
	ck_assert(glob_match((struct slice){ pattern, STARS * 2 + 1 },
	    (struct slice){ text, TEXT }, false));
	for (i = 0; i < STARS; i++)
		memcpy(pattern + i * 2, "*?", 2);
	ck_assert(!glob_match((struct slice){ pattern, STARS * 2 + 1 },
	    (struct slice){ text, 2000 }, false));
	memset(pattern, '[', STARS * 2);
	ck_assert(!glob_match((struct slice){ pattern, STARS * 2 },
	    (struct slice){ text, TEXT }, false));
	memset(pattern, '*', STARS * 2);
	ck_assert(glob_match((struct slice){ pattern, STARS * 2 },
	    (struct slice){ text, TEXT }, false));
	free(pattern);
	free(text);
}
END_TEST

/* Every short pattern of awkward bytes, in memory that ends with it. */
START_TEST(no_byte_too_many)
{
	static const char alphabet[] = "a-[]^\\*?";
	static const struct slice texts[] = {
		{ "", 0 }, { "a", 1 }, { "a]", 2 }, { "-a", 2 }, { "^\\a", 3 },
	};
	enum { MOST = 4 };
	int code, rest, bytes, codes = 1, matches = 0;
	size_t i;

	for (bytes = 0; bytes <= MOST; bytes++, codes *= 8)
		for (code = 0; code < codes; code++) {
			char *pattern = malloc(bytes > 0 ? bytes : 1);

			for (rest = code, i = 0; (int)i < bytes; i++) {
				pattern[i] = alphabet[rest % 8];
				rest /= 8;
			}
			for (i = 0; i < COUNT(texts); i++)
				matches += glob_match((struct slice){ pattern,
				    bytes }, texts[i], code % 2);
			free(pattern);
		}
	ck_assert_int_gt(matches, 0);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("glob");
	TCase *patterns = tcase_create("patterns");

	tcase_add_test(patterns, ordinary);
	tcase_add_test(patterns, malformed);
	tcase_add_test(patterns, any_bytes);
	tcase_add_test(patterns, folded);
	tcase_add_test(patterns, hostile);
	tcase_add_test(patterns, no_byte_too_many);
	suite_add_tcase(suite, patterns);
	return suite;
}
