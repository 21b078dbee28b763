/*
 * unit_settings - configuration files and command lines
 */
#include "daemon/settings.h"
#include "t/unit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct options o;
static char why[SETTINGS_WHY];

static void
begin(void)
{
	option_set_defaults(&o);
	why[0] = 0;
}

static bool
take(const char *text)
{
	return settings_read_text(&o, "f", slice_of(text), why);
}

START_TEST(a_file_has_names_comments_and_sections)
{
	ck_assert_msg(take("; first\n# second\n\n[network]\nport=7000\n"
	    "  bind = 127.0.0.1 ::1 ; both\r\n[other]\nHZ : 20\n"
	    "requirepass = \" a b \"\nunixsocket =\nworkers = 3"), "%s", why);
	ck_assert_int_eq(o.port, 7000);
	ck_assert_str_eq(o.bind, "127.0.0.1 ::1");
	ck_assert_int_eq(o.hz, 20);
	ck_assert_str_eq(o.requirepass, " a b ");
	ck_assert_int_eq(o.workers, 3);
}
END_TEST

START_TEST(what_is_wrong_is_named_by_file_and_line)
{
	static const struct { const char *text, *why; } row[] = {
		{ "port = 1\nfoo = 2\n", "f:2: there is no option foo" },
		{ "port 1\n",
		    "f:1: this is neither name = value nor a [section] "
		    "(almandinectl convert reads a redis.conf)" },
		{ "[a\n", "f:1: this is neither name = value nor a [section] "
		    "(almandinectl convert reads a redis.conf)" },
		{ "\n\nport = x\n", "f:3: port: argument couldn't be parsed "
		    "into an integer" },
	};
	static char text[OPTION_LONG + 400];
	size_t i;

	for (i = 0; i < COUNT(row); i++) {
		ck_assert(!take(row[i].text));
		ck_assert_str_eq(why, row[i].why);
	}
	snprintf(text, sizeof(text), "port = 1\nbind = %0*d\n",
	    OPTION_LONG + 200, 1);
	ck_assert(!take(text));
	ck_assert_str_eq(why, "f:2: the line is longer than 8320 bytes");
	snprintf(text, sizeof(text), "#%0*d\nport = 5\n",
	    OPTION_LONG + 200, 1);
	ck_assert_msg(take(text), "%s", why);
	ck_assert(!settings_read_text(&o, "f", SLICE("po\0rt = 1"), why));
	ck_assert_str_eq(why, "f:1: the line holds a zero byte");
}
END_TEST

static enum settings_end
line(struct settings *s, int argc, ...)
{
	char *argv[16] = { "almandined" };
	va_list args;
	int i;

	va_start(args, argc);
	for (i = 1; i <= argc; i++)
		argv[i] = va_arg(args, char *);
	va_end(args);
	return settings_read(s, argc + 1, argv, why);
}

START_TEST(a_command_line_goes_before_the_file)
{
	char file[] = "/tmp/unit_settings.XXXXXX";
	int fd = mkstemp(file);
	struct settings s;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "port = 1\nhz = 20\n", 17), 17);
	close(fd);
	ck_assert_int_eq(line(&s, 6, file, "--port", "7", "--bind",
	    "127.0.0.1", "-::1"), SETTINGS_RUN);
	ck_assert_int_eq(s.options.port, 7);
	ck_assert_int_eq(s.options.hz, 20);
	ck_assert_str_eq(s.options.bind, "127.0.0.1 -::1");
	ck_assert_str_eq(s.file, file);
	unlink(file);
}
END_TEST

START_TEST(a_command_line_is_refused_in_one_sentence)
{
	struct settings s;

	ck_assert_int_eq(line(&s, 2, "-p", "8"), SETTINGS_RUN);
	ck_assert_int_eq(s.options.port, 8);
	ck_assert_int_eq(line(&s, 2, "--requirepass", ""), SETTINGS_RUN);
	ck_assert_int_eq(line(&s, 1, "--port"), SETTINGS_WRONG);
	ck_assert_str_eq(why, "--port needs a value");
	ck_assert_int_eq(line(&s, 2, "--prot", "1"), SETTINGS_WRONG);
	ck_assert_str_eq(why, "there is no option --prot (--help lists all)");
	ck_assert_int_eq(line(&s, 3, "--port", "1", "2"), SETTINGS_WRONG);
	ck_assert_int_eq(line(&s, 1, "/nonexistent"), SETTINGS_WRONG);
	ck_assert_int_eq(line(&s, 4, "--port", "0", "--hz", "2"),
	    SETTINGS_WRONG);
}
END_TEST

static void
rewrites(const char *old, const char *expected)
{
	char *text = settings_rewrite_text(&o, slice_of(old), why);

	ck_assert_msg(text != NULL, "%s", why);
	ck_assert_str_eq(text, expected);
	free(text);
}

START_TEST(rewriting_keeps_what_did_not_change)
{
	static const char file[] = "# mine\n[network]\nPort = 7000 ; seven\n"
	    "\n  maxmemory: 1gb\nclient-output-buffer-limit = normal 0 0 0\n";

	ck_assert(take(file));
	rewrites(file, file);
	o.maxmemory = 5;
	o.hz = 50;
	strcpy(o.requirepass, " x ");
	rewrites(file, "# mine\n[network]\nPort = 7000 ; seven\n\n"
	    "maxmemory = 5\nclient-output-buffer-limit = normal 0 0 0\n"
	    "requirepass = \" x \"\nhz = 50\n");
	strcpy(o.requirepass, ";b");
	rewrites("", "port = 7000\nrequirepass=;b\nhz = 50\n"
	    "maxmemory = 5\n");
	strcpy(o.requirepass, "a ;b");
	ck_assert_ptr_null(settings_rewrite_text(&o, SLICE(""), why));
}
END_TEST

START_TEST(what_was_rewritten_reads_back)
{
	struct options before;
	char *text;
	size_t i;

	ck_assert(take("port = 1\nmaxmemory = 3mb\nrequirepass = \"q\"\n"
	    "client-output-buffer-limit = pubsub 1 2 3\nloglevel = debug\n"));
	before = o;
	text = settings_rewrite_text(&o, SLICE(""), why);
	ck_assert_ptr_nonnull(text);
	option_set_defaults(&o);
	ck_assert_msg(take(text), "%s", why);
	for (i = 0; i < OPTION_COUNT; i++)
		ck_assert(option_is_same(&before, &o, &option_table[i]));
	free(text);
}
END_TEST

START_TEST(long_values_survive)
{
	static char file[OPTION_LONG + 2048];
	char networks[OPTION_LONG] = "", pass[OPTION_ROOM];
	size_t used = 0;
	char *text;
	int i;

	for (i = 0; i < 250; i++)
		used += (size_t)snprintf(networks + used, sizeof(networks) -
		    used, "%sfd00:1:2:%x::/64", i > 0 ? " " : "", i);
	memset(pass, ';', sizeof(pass) - 1);
	pass[sizeof(pass) - 1] = 0;
	snprintf(file, sizeof(file), "cluster-bus-allow = %s ; all\n"
	    "requirepass=%s\n", networks, pass);
	ck_assert_msg(take(file), "%s", why);
	ck_assert(option_check(&o, why));
	ck_assert_str_eq(o.cluster_bus_allow, networks);
	ck_assert_str_eq(o.requirepass, pass);
	text = settings_rewrite_text(&o, SLICE("cluster-bus-allow = ::1"), why);
	ck_assert_msg(text != NULL, "%s", why);
	option_set_defaults(&o);
	ck_assert_msg(take(text), "%s", why);
	ck_assert_str_eq(o.cluster_bus_allow, networks);
	ck_assert_str_eq(o.requirepass, pass);
	free(text);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("settings");
	TCase *c = tcase_create("settings");

	tcase_add_checked_fixture(c, begin, NULL);
	tcase_add_test(c, a_file_has_names_comments_and_sections);
	tcase_add_test(c, what_is_wrong_is_named_by_file_and_line);
	tcase_add_test(c, a_command_line_goes_before_the_file);
	tcase_add_test(c, a_command_line_is_refused_in_one_sentence);
	tcase_add_test(c, rewriting_keeps_what_did_not_change);
	tcase_add_test(c, what_was_rewritten_reads_back);
	tcase_add_test(c, long_values_survive);
	suite_add_tcase(s, c);
	return s;
}
