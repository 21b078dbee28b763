/*
 * unit_twin - the last text that was forced is there, whatever is torn
 */
#include "daemon/twin.h"
#include "t/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char name[64];
static struct twin twin;

static void
begin(void)
{
	snprintf(name, sizeof(name), "/tmp/unit-twin-%d", (int)getpid());
	file_remove(name);
	ck_assert_int_eq(twin_open(&twin, name), 0);
}

static void
end(void)
{
	twin_close(&twin);
	file_remove(name);
}

static void
put(const char *text, uint64_t number, bool is_forced)
{
	ck_assert_int_eq(twin_write(&twin, slice_of(text), number, is_forced),
	    0);
}

/* The latest whole text; "": there is none. */
static const char *
latest(void)
{
	static char text[64];
	uint64_t number, most = 0;
	struct file_map m;
	struct slice s;
	unsigned i;

	text[0] = 0;
	ck_assert_int_eq(file_map(&m, name), 0);
	for (i = 0; i < TWIN_PLACES; i++)
		if (twin_read(&m, i, &s, &number) && number > most) {
			most = number;
			snprintf(text, sizeof(text), "%.*s",
			    (int)(s.bytes < 32 ? s.bytes : 32), s.data);
		}
	file_unmap(&m);
	return text;
}

/* What is left of a place when its writing was cut off. */
static void
tear(unsigned place)
{
	ck_assert_int_eq(file_write_at(twin.fd, "torn", 4,
	    place * twin.room + 69), 0);
}

START_TEST(the_last_one_counts)
{
	begin();
	ck_assert_str_eq(latest(), "");
	put("one", 1, true);
	ck_assert_str_eq(latest(), "one");
	put("two", 2, true);
	put("three", 9, false);
	ck_assert_str_eq(latest(), "three");
	twin_close(&twin);
	ck_assert_int_eq(twin_open(&twin, name), 0);
	put("four", 10, true);
	ck_assert_str_eq(latest(), "four");
	end();
}
END_TEST

START_TEST(what_was_forced_outlasts_the_other)
{
	begin();
	put("one one one", 1, true);
	put("two two two", 2, true);
	tear(twin.next);
	ck_assert_str_eq(latest(), "two two two");
	put("three three", 3, false);
	put("four four", 4, false);
	tear(twin.next);
	ck_assert_str_eq(latest(), "two two two");
	/* As for a process that begins anew with that. */
	twin_close(&twin);
	ck_assert_int_eq(twin_open(&twin, name), 0);
	put("five five five", 5, false);
	tear(twin.next);
	ck_assert_str_eq(latest(), "two two two");
	end();
}
END_TEST

START_TEST(grows_and_goes_on)
{
	size_t bytes, before;
	char *text;

	begin();
	before = twin.room;
	bytes = before * 3;
	text = calloc(1, bytes + 1);
	ck_assert_ptr_nonnull(text);
	memset(text, 'x', bytes);
	put("one", 1, true);
	put(text, 2, true);
	ck_assert_uint_gt(twin.room, bytes);
	ck_assert_str_eq(latest(), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	put("three", 3, true);
	tear(!twin.next);
	ck_assert_str_eq(latest(), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	free(text);
	end();
}
END_TEST

START_TEST(what_is_no_twin_is_replaced)
{
	begin();
	twin_close(&twin);
	ck_assert_int_eq(file_replace(name, SLICE("something else")), 0);
	ck_assert_str_eq(latest(), "");
	ck_assert_int_eq(twin_open(&twin, name), 0);
	put("one", 1, true);
	ck_assert_str_eq(latest(), "one");
	end();
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("twin");
	TCase *t = tcase_create("twin");

	tcase_add_test(t, the_last_one_counts);
	tcase_add_test(t, what_was_forced_outlasts_the_other);
	tcase_add_test(t, grows_and_goes_on);
	tcase_add_test(t, what_is_no_twin_is_replaced);
	suite_add_tcase(s, t);
	return s;
}
