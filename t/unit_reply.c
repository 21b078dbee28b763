/*
 * unit_reply - the forms of replies, in buffers that never have spare room
 *
 * The buffer of every test grows by exactly what is asked for and keeps only
 * what is used, so that with AddressSanitizer a byte too many is seen.
 *
 * Not here: the texts of numbers (unit_number.c).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/reply.h"
#include "t/unit.h"

static void
grow_exactly(struct reply *r, size_t more)
{
	char *data = malloc(r->used + more);

	if (r->used > 0)
		memcpy(data, r->data, r->used);
	free(r->data);
	r->data = data;
	r->room = r->used + more;
}

static struct reply
start(int resp)
{
	return (struct reply){ .grow = grow_exactly, .resp = resp };
}

/* Compares what is in the reply and empties it. */
static void
expect(struct reply *r, const char *bytes, size_t count)
{
	ck_assert_uint_eq(r->used, count);
	ck_assert_mem_eq(r->data, bytes, count);
	free(r->data);
	r->data = NULL;
	r->used = r->room = 0;
}
#define EXPECT(r, literal) expect((r), (literal), sizeof(literal) - 1)

START_TEST(plain_forms)
{
	struct reply r = start(2);

	reply_ok(&r);
	EXPECT(&r, "+OK\r\n");
	reply_simple(&r, "PONG");
	EXPECT(&r, "+PONG\r\n");
	reply_int(&r, 0);
	reply_int(&r, -1);
	reply_int(&r, INT64_MIN);
	reply_int(&r, INT64_MAX);
	EXPECT(&r, ":0\r\n:-1\r\n:-9223372036854775808\r\n"
	    ":9223372036854775807\r\n");
	reply_bulk(&r, SLICE("a\0b"));
	reply_bulk(&r, (struct slice){ NULL, 0 });
	reply_text(&r, "");
	EXPECT(&r, "$3\r\na\0b\r\n$0\r\n\r\n$0\r\n\r\n");
	reply_bulk_int(&r, 7);
	reply_bulk_int(&r, 123456789);
	reply_bulk_int(&r, 1234567890);
	reply_bulk_int(&r, INT64_MIN);
	EXPECT(&r, "$1\r\n7\r\n$9\r\n123456789\r\n$10\r\n1234567890\r\n"
	    "$20\r\n-9223372036854775808\r\n");
	reply_array(&r, 0);
	reply_array(&r, 1048576);
	EXPECT(&r, "*0\r\n*1048576\r\n");
}
END_TEST

/* Each form, and what a RESP2 client gets in its place. */
START_TEST(forms_by_version)
{
	struct reply r = start(2);

	reply_null(&r);
	reply_null_array(&r);
	reply_map(&r, 5);
	reply_set(&r, 3);
	reply_push(&r, 2);
	EXPECT(&r, "$-1\r\n*-1\r\n*10\r\n*3\r\n*2\r\n");
	reply_bool(&r, true);
	reply_bool(&r, false);
	reply_double(&r, 0.1);
	reply_double(&r, INFINITY);
	EXPECT(&r, ":1\r\n:0\r\n$19\r\n0.10000000000000001\r\n$3\r\ninf\r\n");
	reply_big(&r, SLICE("12345678901234567890"));
	reply_verbatim(&r, "txt", SLICE("some"));
	EXPECT(&r, "$20\r\n12345678901234567890\r\n$4\r\nsome\r\n");

	r.resp = 3;
	reply_null(&r);
	reply_null_array(&r);
	reply_map(&r, 5);
	reply_set(&r, 3);
	reply_push(&r, 2);
	reply_attribute(&r, 1);
	EXPECT(&r, "_\r\n_\r\n%5\r\n~3\r\n>2\r\n|1\r\n");
	reply_bool(&r, true);
	reply_bool(&r, false);
	reply_double(&r, 0.1);
	reply_double(&r, -INFINITY);
	EXPECT(&r, "#t\r\n#f\r\n,0.10000000000000001\r\n,-inf\r\n");
	reply_big(&r, SLICE("12345678901234567890"));
	reply_verbatim(&r, "txt", SLICE("some"));
	reply_verbatim(&r, "mkd", (struct slice){ NULL, 0 });
	EXPECT(&r, "(12345678901234567890\r\n=8\r\ntxt:some\r\n"
	    "=4\r\nmkd:\r\n");
}
END_TEST

START_TEST(errors)
{
	struct reply r = start(3);

	reply_error(&r, "ERR syntax error");
	EXPECT(&r, "-ERR syntax error\r\n");
	reply_error(&r, "ERR two\r\nlines\n\r\n");
	EXPECT(&r, "-ERR two  lines\r\n");
	reply_errorf(&r, "ERR unknown command '%s'", "a\nb");
	EXPECT(&r, "-ERR unknown command 'a b'\r\n");
	reply_error(&r, "");
	EXPECT(&r, "-\r\n");
	ck_assert_uint_eq(r.errors, 4);
}
END_TEST

/* Lengths around the bound up to which printf needs no second try. */
START_TEST(formatted)
{
	struct reply r = start(2);
	char text[700];
	int n;

	for (n = 0; n < 600; n += n < 240 || n > 260 ? 7 : 1) {
		memset(text, 'x', n);
		text[n] = 0;
		reply_ok(&r);
		reply_errorf(&r, "ERR %s", text);
		ck_assert_uint_eq(r.used, 10 + n + 2);
		ck_assert_mem_eq(r.data, "+OK\r\n-ERR ", 10);
		ck_assert_mem_eq(r.data + 10, text, n);
		ck_assert_mem_eq(r.data + r.used - 2, "\r\n", 2);
		free(r.data);
		r = start(2);
	}
}
END_TEST

/* Grows once, and has no more memory then. */
static void
grow_once(struct reply *r, size_t more)
{
	if (r->data == NULL && more <= REPLY_LEAST) {
		r->data = malloc(REPLY_LEAST);
		r->room = REPLY_LEAST;
	} else {
		r->is_failed = true;
		r->used = 0;
	}
}

/* What does not fit comes to nothing, and nothing is written beyond. */
START_TEST(failed)
{
	static char text[3 * REPLY_LEAST];
	struct reply r = start(2 + _i % 2);
	struct slice s = { text, sizeof(text) - 1 };
	size_t mark, place;
	int i;

	memset(text, 'x', sizeof(text) - 1);
	r.grow = grow_once;
	reply_ok(&r);
	place = reply_later(&r);
	reply_bulk(&r, (struct slice){ text, 10000 });
	mark = r.used;
	ck_assert(!r.is_failed);
	reply_bulk(&r, s);
	ck_assert(r.is_failed);
	for (i = 0; i < 2000; i++) {
		reply_later_set(&r, place, '%', i);
		reply_int(&r, i);
		reply_bulk_int(&r, i);
		reply_double(&r, i);
		reply_raw(&r, text, s.bytes);
		reply_simple(&r, text);
		reply_big(&r, s);
		reply_verbatim(&r, "txt", s);
		reply_error(&r, text);
		reply_errorf(&r, "ERR %s", text);
		reply_errorf(&r, "ERR short");
		ck_assert_uint_le(r.used, r.room);
	}
	reply_cut(&r, mark);
	ck_assert_uint_le(r.used, r.room);
	free(r.data);
}
END_TEST

START_TEST(later)
{
	struct reply r = start(2);
	size_t outer, inner;
	int i;

	reply_ok(&r);
	outer = reply_later(&r);
	inner = reply_later(&r);
	for (i = 0; i < 12; i++)
		reply_int(&r, i % 10);
	reply_later_set(&r, inner, '~', 12);
	reply_null(&r);
	reply_later_set(&r, outer, '%', 1);
	EXPECT(&r, "+OK\r\n*2\r\n*12\r\n:0\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n"
	    ":6\r\n:7\r\n:8\r\n:9\r\n:0\r\n:1\r\n$-1\r\n");

	r.resp = 3;
	outer = reply_later(&r);
	reply_later_set(&r, outer, '>', 0);
	outer = reply_later(&r);
	reply_later_set(&r, outer, '%', INT64_MAX);
	EXPECT(&r, ">0\r\n%9223372036854775807\r\n");
}
END_TEST

START_TEST(attribute_needs_resp3)
{
	struct reply r = start(2);

	reply_attribute(&r, 1);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("reply");
	TCase *forms = tcase_create("forms");

	tcase_add_test(forms, plain_forms);
	tcase_add_test(forms, forms_by_version);
	tcase_add_test(forms, errors);
	tcase_add_test(forms, formatted);
	tcase_add_test(forms, later);
	tcase_add_loop_test(forms, failed, 0, 2);
	tcase_add_test_raise_signal(forms, attribute_needs_resp3, 6);
	suite_add_tcase(suite, forms);
	return suite;
}
