/*
 * unit_command - every row of the table is found, and what is no row is not
 */
#include "proto/command.h"
#include "t/unit.h"

#include <ctype.h>

/* The name in upper case as a request would bring it: one or two words. */
static int
split_name(const char *name, char *text, struct slice word[2])
{
	size_t i, bytes = strlen(name), bar = bytes;

	for (i = 0; i < bytes; i++) {
		text[i] = (char)toupper((unsigned char)name[i]);
		if (name[i] == '|')
			bar = i;
	}
	word[0] = (struct slice){ text, bar };
	if (bar == bytes)
		return 1;
	word[1] = (struct slice){ text + bar + 1, bytes - bar - 1 };
	return 2;
}

START_TEST(every_row_is_found)
{
	const struct command *c = &command_table[_i];
	struct slice word[2];
	bool is_container;
	char text[64];
	int words = split_name(c->name, text, word);

	ck_assert_ptr_eq(command_find(word, words, &is_container), c);
	text[0] ^= 1;
	ck_assert_ptr_ne(command_find(word, words, &is_container), c);
	text[0] ^= 1;
	word[words - 1].bytes--;
	ck_assert_ptr_ne(command_find(word, words, &is_container), c);
}
END_TEST

START_TEST(every_row_is_sound)
{
	const struct command *c = &command_table[_i];

	ck_assert_int_eq(c->id, _i);
	ck_assert_int_ne(c->arity, 0);
	ck_assert(!((c->flags & COMMAND_WRITE) && (c->flags & COMMAND_READ)));
	if (c->place == SLOT)
		ck_assert_int_ne(c->keys.kind, COMMAND_NOKEYS);
	if (c->flags & COMMAND_DENYOOM)
		ck_assert(c->flags & COMMAND_WRITE ||
		    c->flags & (COMMAND_MAY_REPLICATE | COMMAND_NOSCRIPT));
	ck_assert(strchr(c->words, '.') != NULL);
}
END_TEST

static int
keys_of(const char *line, int *at)
{
	struct slice argv[16];
	char text[256];
	char *word, *rest = text;
	bool is_container;
	int argc = 0;

	strcpy(text, line);
	while ((word = strtok_r(rest, " ", &rest)) != NULL)
		argv[argc++] = slice_of(word);
	return command_find_keys(command_find(argv, argc, &is_container),
	    argv, argc, at, 4);
}

START_TEST(keys_are_found)
{
	int at[4];

	ck_assert_int_eq(keys_of("get a", at), 1);
	ck_assert_int_eq(at[0], 1);
	ck_assert_int_eq(keys_of("mget a b c d e f", at), 6);
	ck_assert_int_eq(at[3], 4);
	ck_assert_int_eq(keys_of("mset a b c d", at), 2);
	ck_assert_int_eq(at[1], 3);
	ck_assert_int_eq(keys_of("sort a limit store b get # store c", at), 2);
	ck_assert_int_eq(at[1], 8);
	ck_assert_int_eq(keys_of("sort a by store alpha", at), 1);
	ck_assert_int_eq(keys_of("object encoding a", at), 1);
	ck_assert_int_eq(at[0], 2);
}
END_TEST

START_TEST(strangers_are_not_found)
{
	struct slice s = SLICE("no-such-command-with-a-long-name");
	bool is_container;
	size_t bytes;

	for (bytes = 0; bytes <= s.bytes; bytes++) {
		struct slice part = { s.data, bytes };

		ck_assert_ptr_null(command_find(&part, 1, &is_container));
		ck_assert(!is_container);
	}
	s = SLICE("BITFIELD\x7fRO");
	ck_assert_ptr_null(command_find(&s, 1, &is_container));
	s = SLICE("BITFIELD_RO");
	ck_assert_ptr_nonnull(command_find(&s, 1, &is_container));
}
END_TEST

START_TEST(containers_say_so)
{
	struct slice word[2] = { SLICE("OBJECT"), SLICE("nonsense") };
	bool is_container;

	ck_assert_str_eq(command_find(word, 1, &is_container)->name, "object");
	ck_assert(is_container);
	ck_assert_ptr_null(command_find(word, 2, &is_container));
	ck_assert(is_container);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("command");
	TCase *c = tcase_create("command");

	tcase_add_loop_test(c, every_row_is_found, 0, CMD_COUNT);
	tcase_add_loop_test(c, every_row_is_sound, 0, CMD_COUNT);
	tcase_add_test(c, keys_are_found);
	tcase_add_test(c, strangers_are_not_found);
	tcase_add_test(c, containers_say_so);
	suite_add_tcase(suite, c);
	return suite;
}
