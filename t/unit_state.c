/*
 * unit_state - what is published is read whole, by many, while it changes
 */
#include "shm/state_pen.h"
#include "t/unit.h"

#include <pthread.h>
#include <stdlib.h>

#define ROUNDS 20000
#define READERS 3

static struct state_page *page;
static struct state next;
static const char replid[41] = "0123456789012345678901234567890123456789";

static void
begin(void)
{
	struct options o;

	page = aligned_alloc(64, sizeof(*page));
	ck_assert_ptr_nonnull(page);
	memset(page, 0, sizeof(*page));
	option_set_defaults(&o);
	state_init(page, &o, replid, 1000);
	memset(&next, 0, sizeof(next));
	state_read(page, &next);
}

static void
end(void)
{
	free(page);
}

START_TEST(a_new_region_has_version_one)
{
	struct state s = { 0 };
	int i;

	ck_assert_uint_eq(state_version(page), 1);
	ck_assert(state_read(page, &s));
	ck_assert(!state_read(page, &s));
	ck_assert_str_eq(s.replid, replid);
	ck_assert_int_eq(s.options.port, 6379);
	for (i = 0; i < STATE_DATABASES; i++)
		ck_assert_int_eq(s.db[i], i);
	ck_assert(!state_owns(&s, 0) && !state_owns(&s, 16383));
}
END_TEST

/* The id that consists of this digit. */
static struct slice
id_of(char digit)
{
	static char id[41];

	memset(id, digit, 40);
	return (struct slice){ id, 40 };
}

/* A sibling that slept through some changes of roles is no stranger. */
START_TEST(earlier_streams_are_known_up_to_their_ends)
{
	char digit;

	memset(&next, 0, sizeof(next));
	state_forget_streams(&next);
	memcpy(next.replid, id_of('a').data, 40);
	for (digit = 'b'; digit <= 'l'; digit++)
		state_name_stream(&next, id_of(digit).data,
		    (uint64_t)(digit - 'a') * 100);
	ck_assert(state_has_stream(&next, id_of('l'), 5000));
	ck_assert(state_has_stream(&next, id_of('k'), 1101));
	ck_assert(!state_has_stream(&next, id_of('k'), 1102));
	ck_assert(state_has_stream(&next, id_of('c'), 301));
	ck_assert(!state_has_stream(&next, id_of('c'), 302));
	ck_assert(!state_has_stream(&next, id_of('b'), 1));
	ck_assert(!state_has_stream(&next, id_of('x'), 1));
	ck_assert(!state_has_stream(&next, SLICE(""), 1));
	/* Data of no stream, or of another one. */
	next.replid[0] = 0;
	state_name_stream(&next, id_of('m').data, 2000);
	ck_assert(!state_has_stream(&next, id_of('l'), 1));
	ck_assert(!state_has_stream(&next, id_of('k'), 1));
}
END_TEST

START_TEST(what_is_published_is_read)
{
	struct state s = { 0 };

	state_read(page, &s);
	next.pause = STATE_PAUSE_WRITE;
	next.owned[1] = 2;
	ck_assert_uint_eq(state_publish(page, &next, 2000), 2);
	ck_assert(state_read(page, &s));
	ck_assert_uint_eq(s.version, 2);
	ck_assert_int_eq(s.since_ms, 2000);
	ck_assert_int_eq(s.pause, STATE_PAUSE_WRITE);
	ck_assert(state_owns(&s, 65) && !state_owns(&s, 64));
}
END_TEST

START_TEST(a_writer_that_dies_before_the_version_published_nothing)
{
	struct state s = { 0 };

	state_read(page, &s);
	/* What state_publish() does before its one store. */
	next.pause = STATE_PAUSE_ALL;
	next.version = 2;
	memset(&page->copy[0], 0xff, sizeof(page->copy[0]) / 2);
	ck_assert(!state_read(page, &s));
	ck_assert_int_eq(s.pause, STATE_PAUSE_NONE);
	/* Its successor begins with what is published. */
	memset(&next, 0, sizeof(next));
	state_read(page, &next);
	ck_assert_uint_eq(state_publish(page, &next, 3000), 2);
	ck_assert(state_read(page, &s));
	ck_assert_int_eq(s.pause, STATE_PAUSE_NONE);
}
END_TEST

#ifndef ALMANDINE_TSAN
/* A copy that is dropped when it was written meanwhile is a race to TSan. */
static void *
read_all(void *arg)
{
	struct state s = { 0 };
	uint64_t last = 0;

	(void)arg;
	while (s.version < ROUNDS) {
		if (!state_read(page, &s))
			continue;
		/* All words of one publication have its number. */
		if (s.version > 1 && (s.owned[0] != s.version ||
		    s.owned[STATE_SLOT_WORDS - 1] != s.version ||
		    s.pause_until_ms != (int64_t)s.version ||
		    s.version <= last))
			return "torn";
		last = s.version;
	}
	return NULL;
}

START_TEST(readers_see_whole_states)
{
	pthread_t reader[READERS];
	uint64_t v;
	void *bad;
	int i;

	for (i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_create(&reader[i], NULL, read_all,
		    NULL), 0);
	for (v = 2; v <= ROUNDS; v++) {
		next.owned[0] = next.owned[STATE_SLOT_WORDS - 1] = v;
		next.pause_until_ms = (int64_t)v;
		state_publish(page, &next, 1);
	}
	for (i = 0; i < READERS; i++) {
		pthread_join(reader[i], &bad);
		ck_assert_ptr_null(bad);
	}
}
END_TEST
#endif

Suite *
unit_suite(void)
{
	Suite *s = suite_create("state");
	TCase *c = tcase_create("state");

	tcase_add_checked_fixture(c, begin, end);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, earlier_streams_are_known_up_to_their_ends);
	tcase_add_test(c, a_new_region_has_version_one);
	tcase_add_test(c, what_is_published_is_read);
	tcase_add_test(c,
	    a_writer_that_dies_before_the_version_published_nothing);
#ifndef ALMANDINE_TSAN
	tcase_add_test(c, readers_see_whole_states);
#endif
	suite_add_tcase(s, c);
	return s;
}
