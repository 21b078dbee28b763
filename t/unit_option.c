/*
 * unit_option - the table of options: defaults, texts, bounds, aliases
 */
#include "proto/bus.h"
#include "shm/option.h"
#include "t/unit.h"

#include <stdio.h>

static struct options o;
static char why[OPTION_WHY], text[OPTION_LONG];

static bool
set(const char *name, const char *value)
{
	const struct option *row = option_find(slice_of(name));

	ck_assert_ptr_nonnull(row);
	why[0] = 0;
	return option_set(&o, row, slice_of(value), why);
}

static const char *
get(const char *name)
{
	option_print(&o, option_find(slice_of(name)), text);
	return text;
}

static void
begin(void)
{
	option_set_defaults(&o);
}

START_TEST(every_default_prints_and_reads_back)
{
	struct options again = o;
	size_t i;

	for (i = 0; i < OPTION_COUNT; i++) {
		const struct option *row = &option_table[i];

		option_print(&o, row, text);
		ck_assert_msg(option_set(&again, row, slice_of(text), why),
		    "%s = %s: %s", row->name, text, why);
		ck_assert_msg(option_is_same(&o, &again, row), "%s", row->name);
		ck_assert_msg(option_is_default(&o, row), "%s", row->name);
		ck_assert_ptr_eq(option_find(slice_of(row->name)), row);
	}
	ck_assert(option_check(&o, why));
}
END_TEST

START_TEST(bounds_are_accepted_and_what_lies_beyond_is_not)
{
	size_t i;

	for (i = 0; i < OPTION_COUNT; i++) {
		const struct option *row = &option_table[i];

		if (row->type != OPTION_INT || row->min == INT64_MIN ||
		    row->max == INT64_MAX)
			continue;
		snprintf(text, sizeof(text), "%lld", (long long)row->max);
		ck_assert_msg(set(row->name, text), "%s: %s", row->name, why);
		snprintf(text, sizeof(text), "%lld", (long long)row->max + 1);
		ck_assert(!set(row->name, text));
		snprintf(text, sizeof(text), "%lld", (long long)row->min);
		ck_assert_msg(set(row->name, text), "%s: %s", row->name, why);
		snprintf(text, sizeof(text), "%lld", (long long)row->min - 1);
		ck_assert(!set(row->name, text));
	}
}
END_TEST

START_TEST(wrong_values_say_what_redis_says)
{
	static const struct { const char *name, *value, *why; } row[] = {
		{ "hz", "abc", "argument couldn't be parsed into an integer" },
		{ "hz", "", "argument couldn't be parsed into an integer" },
		{ "port", "99999",
		    "argument must be between 0 and 65535 inclusive" },
		{ "maxmemory", "-5", "argument must be a memory value" },
		{ "maxmemory", "5%", "argument must be a memory value" },
		{ "loglevel", "loud", "argument(s) must be one of the "
		    "following: debug, verbose, notice, warning" },
		{ "protected-mode", "maybe",
		    "argument must be 'yes' or 'no'" },
		{ "unixsocketperm", "799",
		    "argument couldn't be parsed as an octal number" },
		{ "unixsocketperm", "1000",
		    "argument must be between 0 and 777 inclusive" },
		{ "notify-keyspace-events", "KEx?",
		    "Invalid event class character. Use 'Ag$lshzxeKEtmdn'." },
		{ "client-output-buffer-limit", "other 1 2 3", "Invalid "
		    "client class specified in buffer limit configuration." },
		{ "client-output-buffer-limit", "normal 1 2", "Wrong number "
		    "of arguments in buffer limit configuration." },
		{ "client-output-buffer-limit", "normal a 2 3", "Error in "
		    "hard, soft or soft_seconds setting in buffer limit "
		    "configuration." },
		{ "requirepass", "a\nb",
		    "argument must not hold control characters" },
	};
	struct options before = o;
	size_t i;

	for (i = 0; i < COUNT(row); i++) {
		ck_assert_msg(!set(row[i].name, row[i].value), "%s",
		    row[i].value);
		ck_assert_str_eq(why, row[i].why);
	}
	ck_assert_mem_eq(&before, &o, sizeof(o));
}
END_TEST

START_TEST(values_have_units_and_names_have_aliases)
{
	ck_assert(set("maxmemory", "2gb"));
	ck_assert_str_eq(get("maxmemory"), "2147483648");
	ck_assert(set("HASH-max-ziplist-ENTRIES", "7"));
	ck_assert_int_eq(o.hash_max_listpack_entries, 7);
	ck_assert(set("unixsocketperm", "770"));
	ck_assert_int_eq(o.unixsocketperm, 0770);
	ck_assert_str_eq(get("unixsocketperm"), "770");
	ck_assert(set("client-output-buffer-limit", "replica 1kb 2 3"));
	ck_assert_str_eq(get("client-output-buffer-limit"),
	    "normal 0 0 0 slave 1024 2 3 pubsub 33554432 8388608 60");
	ck_assert_ptr_null(option_find(SLICE("no-such")));
	ck_assert_ptr_null(option_find(SLICE("")));
}
END_TEST

START_TEST(texts_have_their_limit)
{
	char long_text[OPTION_ROOM + 1];

	memset(long_text, 'x', sizeof(long_text));
	long_text[OPTION_ROOM] = 0;
	ck_assert(!set("requirepass", long_text));
	long_text[OPTION_ROOM - 1] = 0;
	ck_assert(set("requirepass", long_text));
	ck_assert_str_eq(get("requirepass"), long_text);
}
END_TEST

START_TEST(options_that_shut_everybody_out_are_refused)
{
	ck_assert(set("port", "0"));
	ck_assert(!option_check(&o, why));
	ck_assert(set("unixsocket", "/tmp/s"));
	ck_assert(option_check(&o, why));
	ck_assert(set("port", "1"));
	ck_assert(set("bind", ""));
	ck_assert(!option_check(&o, why));
}
END_TEST

START_TEST(what_the_bus_can_not_do_is_refused)
{
	static const struct { const char *name, *text; bool is_good; } row[] = {
		{ "cluster-bus-allow", "10.0.0.0/8 ::1", true },
		{ "cluster-bus-allow", "10.0.0.0/8 nonsense", false },
		{ "cluster-announce-hostname", "a-1.example", true },
		{ "cluster-announce-hostname", "a b", false },
		{ "cluster-announce-hostname", "a,b", false },
		{ "cluster-announce-human-nodename", "rack_1/a", true },
		{ "cluster-announce-human-nodename", "rack 1", false },
		{ "port", "55535", true }, { "port", "55536", false },
	};
	char name[BUS_NAME + 1];
	size_t i;

	for (i = 0; i < COUNT(row); i++) {
		option_set_defaults(&o);
		ck_assert(set("cluster-enabled", "yes"));
		ck_assert(set(row[i].name, row[i].text));
		ck_assert_msg(option_check(&o, why) == row[i].is_good,
		    "%s %s", row[i].name, row[i].text);
	}
	ck_assert(set("cluster-port", "1"));
	ck_assert(option_check(&o, why));
	memset(name, 'a', BUS_NAME);
	name[BUS_NAME] = 0;
	ck_assert(set("cluster-announce-hostname", name));
	ck_assert(!option_check(&o, why));
	name[BUS_NAME - 1] = 0;
	ck_assert(set("cluster-announce-hostname", name));
	ck_assert(option_check(&o, why));
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("option");
	TCase *c = tcase_create("option");

	tcase_add_checked_fixture(c, begin, NULL);
	tcase_add_test(c, every_default_prints_and_reads_back);
	tcase_add_test(c, bounds_are_accepted_and_what_lies_beyond_is_not);
	tcase_add_test(c, wrong_values_say_what_redis_says);
	tcase_add_test(c, values_have_units_and_names_have_aliases);
	tcase_add_test(c, texts_have_their_limit);
	tcase_add_test(c, options_that_shut_everybody_out_are_refused);
	tcase_add_test(c, what_the_bus_can_not_do_is_refused);
	suite_add_tcase(s, c);
	return s;
}
