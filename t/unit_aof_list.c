/*
 * unit_aof_list - manifests are read as they were written, or refused
 */
#include "daemon/aof_list.h"
#include "t/unit.h"

#include <stdlib.h>

static struct aof_list list;

static int
read_text(const char *text)
{
	const char *why;

	aof_list_free(&list);
	return aof_list_read(&list, slice_of(text), &why);
}

static char *
sample(size_t *bytes)
{
	struct aof_list l = { .second_offset = 17 };
	struct aof_file *f;
	char *text;

	memset(l.replid, 'a', 40);
	memset(l.replid2, 'b', 40);
	aof_list_add(&l, AOF_BASE, 3, "x.3.base.rdb");
	aof_list_add(&l, AOF_HISTORY, 2, "x.2.base.rdb");
	f = aof_list_add(&l, AOF_INCR, 4, "x.4.incr.aof");
	f->is_placed = true;
	f->from = 123456789012;
	f->start = 23;
	aof_list_add(&l, AOF_INCR, 5, "x.5.incr.aof");
	text = aof_list_print(&l, bytes);
	aof_list_free(&l);
	return text;
}

START_TEST(what_is_written_is_read)
{
	const struct aof_file *f;
	const char *why;
	size_t bytes;
	char *text = sample(&bytes);

	aof_list_free(&list);
	ck_assert_int_eq(aof_list_read(&list, (struct slice){ text, bytes },
	    &why), 0);
	free(text);
	ck_assert_int_eq(list.count, 4);
	ck_assert_str_eq(aof_list_base(&list)->name, "x.3.base.rdb");
	f = aof_list_incr(&list, 4);
	ck_assert(f->is_placed);
	ck_assert_uint_eq(f->from, 123456789012);
	ck_assert_uint_eq(f->start, 23);
	f = aof_list_last(&list);
	ck_assert_uint_eq(f->seq, 5);
	ck_assert(!f->is_placed);
	ck_assert_int_eq(list.second_offset, 17);
	ck_assert_int_eq(list.replid[0], 'a');
	ck_assert_int_eq(list.replid2[39], 'b');
	aof_list_drop(&list, AOF_HISTORY);
	ck_assert_int_eq(list.count, 3);
	ck_assert_ptr_null(aof_list_incr(&list, 3));
}
END_TEST

START_TEST(each_flipped_bit_and_each_torn_end_is_found)
{
	size_t bytes, i;
	char *text = sample(&bytes);
	const char *why;

	for (i = 0; i < bytes * 8; i++) {
		text[i / 8] ^= (char)(1 << i % 8);
		aof_list_free(&list);
		ck_assert_msg(aof_list_read(&list, (struct slice){ text,
		    bytes }, &why) > 0, "bit %zu: %s", i, text);
		text[i / 8] ^= (char)(1 << i % 8);
	}
	for (i = 0; i < bytes; i++) {
		aof_list_free(&list);
		ck_assert_int_gt(aof_list_read(&list, (struct slice){ text,
		    i }, &why), 0);
	}
	free(text);
}
END_TEST

START_TEST(those_of_redis_are_read)
{
	ck_assert_int_eq(read_text("file a.1.base.rdb seq 1 type b\n"
	    "# whatever\n"
	    "file a.1.incr.aof seq 1 type i\n"
	    "seq 2 type i file a.2.incr.aof more 1\r\n"), 0);
	ck_assert_int_eq(list.count, 3);
	ck_assert_str_eq(list.file[2].name, "a.2.incr.aof");
	ck_assert_int_eq(list.replid[0], 0);
	ck_assert_int_eq(read_text("file appendonly.aof seq 1 type b\n"), 0);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
	ck_assert_int_eq(read_text(""), 1);
	ck_assert_int_eq(read_text("\n"), 1);
	ck_assert_int_eq(read_text("file a seq 1 type b"), 1);
	ck_assert_int_eq(read_text("file a seq 1 type x\n"), 1);
	ck_assert_int_eq(read_text("file a seq 0 type b\n"), 1);
	ck_assert_int_eq(read_text("file a seq -1 type b\n"), 1);
	ck_assert_int_eq(read_text("file a seq 1x type b\n"), 1);
	ck_assert_int_eq(read_text("file a seq 1\n"), 1);
	ck_assert_int_eq(read_text("file a seq 1 type\n"), 1);
	ck_assert_int_eq(read_text("file ../a seq 1 type b\n"), 1);
	ck_assert_int_eq(read_text("file .. seq 1 type b\n"), 1);
	ck_assert_int_eq(read_text("file \"a b\" seq 1 type b\n"), 1);
	ck_assert_int_eq(read_text("file a seq 1 type b\n"
	    "file b seq 2 type b\n"), 2);
	ck_assert_int_eq(read_text("file a seq 2 type i\n"
	    "file b seq 2 type i\n"), 2);
	ck_assert_int_eq(read_text("# almandine what\n"), 1);
	ck_assert_int_eq(read_text("# almandine from x at 1\n"), 1);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("aof_list");
	TCase *c = tcase_create("aof_list");

	tcase_add_test(c, what_is_written_is_read);
	tcase_add_test(c, each_flipped_bit_and_each_torn_end_is_found);
	tcase_add_test(c, those_of_redis_are_read);
	tcase_add_test(c, what_makes_no_sense_is_refused);
	suite_add_tcase(s, c);
	return s;
}
