/*
 * unit_news - the ring of messages, and who subscribes to what
 */
#include "t/unit.h"

#include <stdlib.h>

#include "shm/news.h"
#include "shm/subs.h"

static struct news *ring;
static struct subs *subs;

static void
begin(void)
{
	ring = calloc(1, sizeof(*ring));
	subs = aligned_alloc(4096, sizeof(*subs));
	ck_assert(ring != NULL && subs != NULL);
	memset(subs, 0, sizeof(*subs));
	news_init(ring, NULL);
}

static void
end(void)
{
	free(ring);
	free(subs);
}

/* --- news -------------------------------------------------------------- */

static bool
say(uint64_t number, size_t bytes)
{
	static const char text[NEWS_PIECE];
	struct news_letter l = { .to = 1, .text_bytes = bytes,
	    .number = number };

	return news_put(ring, 1, &l, 0, (struct slice){ text, bytes });
}

START_TEST(who_joins_hears_what_comes_after)
{
	uint64_t place;
	const struct news_entry *e;

	ck_assert(say(1, 10));
	place = news_join(ring, 1, 0);
	ck_assert_ptr_null(news_next(ring, &place));
	ck_assert(say(2, 11));
	e = news_next(ring, &place);
	ck_assert(e != NULL && e->letter.number == 2 && e->piece_bytes == 11);
	ck_assert_ptr_null(news_next(ring, &place));
	ck_assert_uint_eq(ring->lock, 0);
}
END_TEST

START_TEST(what_is_not_heard_is_never_overwritten)
{
	uint64_t slow = news_join(ring, 1, 3), fast = news_join(ring, 1, 4);
	uint64_t n = 0, heard = 0;
	const struct news_entry *e;
	int round;

	for (round = 0; round < 50; round++) {
		while (say(n, (size_t)(n * 7919 % NEWS_PIECE)))
			n++;
		ck_assert(news_is_crowded(ring, 1));
		while (news_next(ring, &fast) != NULL)
			;
		news_heard(ring, 4, fast);
		ck_assert_uint_eq(news_laggards(ring), 1 << 3);
		ck_assert(!say(n, NEWS_PIECE));
		while ((e = news_next(ring, &slow)) != NULL)
			ck_assert_uint_eq(e->letter.number, heard++);
		ck_assert_uint_eq(heard, n);
		news_heard(ring, 3, slow);
		ck_assert(!news_is_crowded(ring, 1));
	}
	ck_assert_uint_gt(ring->end, 10 * NEWS_BYTES);
}
END_TEST

START_TEST(who_is_gone_holds_nobody_up)
{
	uint64_t n = 0;

	news_join(ring, 1, 63);
	while (say(n, 1000))
		n++;
	ck_assert_uint_lt(n, NEWS_BYTES / 1000);
	news_heard(ring, 63, NEWS_NOWHERE);
	ck_assert(!news_is_crowded(ring, 1));
	for (n = 0; n < 3 * NEWS_BYTES / 1000; n++)
		ck_assert(say(n, 1000));
	ck_assert_uint_eq(news_laggards(ring), 0);
}
END_TEST

/* --- subs -------------------------------------------------------------- */

static uint32_t
add(uint64_t hash, struct slice name)
{
	uint32_t u = subs_add(subs, SUBS_CHANNEL, hash, name);

	if (u != SUBS_NONE)
		subs_set_count(subs, u, (uint32_t)(hash % 5 + 1));
	return u;
}

START_TEST(names_are_found_and_counted)
{
	char text[500], copy[500];
	uint32_t unit[200], u;
	uint64_t i, seen = 0;

	memset(text, 'x', sizeof(text));
	/* They begin at the same row. */
	for (i = 0; i < 200; i++)
		unit[i] = add((i + 1) * SUBS_ROWS + 9,
		    (struct slice){ text, i * 2 });
	for (i = 0; i < 200; i += 2)
		subs_remove(subs, SUBS_CHANNEL, unit[i]);
	for (i = 0; i < 200; i++) {
		uint64_t hash = (i + 1) * SUBS_ROWS + 9;

		ck_assert_uint_eq(subs_count(subs, hash),
		    i % 2 == 0 ? 0 : hash % 5 + 1);
		ck_assert_uint_eq(subs_find(subs, hash),
		    i % 2 == 0 ? SUBS_NONE : unit[i]);
	}
	for (u = subs_first(subs, SUBS_CHANNEL); u != SUBS_NONE;
	    u = subs_next(subs, u)) {
		subs_copy(subs, u, copy);
		ck_assert_mem_eq(copy, text, subs_bytes(subs, u));
		seen += subs_bytes(subs, u);
	}
	ck_assert_uint_eq(subs->count[SUBS_CHANNEL], 100);
	ck_assert_uint_eq(seen, subs->text_bytes[SUBS_CHANNEL]);
	for (i = 1; i < 200; i += 2)
		subs_remove(subs, SUBS_CHANNEL, unit[i]);
	for (i = 0; i < SUBS_ROWS; i++)
		ck_assert_uint_eq(subs->row[i].hash, 0);
	ck_assert_uint_eq(subs->units_free, subs->top);
}
END_TEST

START_TEST(it_may_be_full)
{
	uint64_t i;

	for (i = 1; i <= SUBS_ROWS / 2; i++)
		ck_assert_uint_ne(add(i * 0x9e3779b97f4a7c15ull, SLICE("c")),
		    SUBS_NONE);
	ck_assert_uint_eq(add(7, SLICE("c")), SUBS_NONE);
	subs_remove(subs, SUBS_CHANNEL,
	    subs_find(subs, 0x9e3779b97f4a7c15ull));
	ck_assert_uint_ne(add(7, SLICE("c")), SUBS_NONE);
	ck_assert_uint_eq(subs_count(subs, 7), 3);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("news");
	TCase *c = tcase_create("news");

	tcase_add_checked_fixture(c, begin, end);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, who_joins_hears_what_comes_after);
	tcase_add_test(c, what_is_not_heard_is_never_overwritten);
	tcase_add_test(c, who_is_gone_holds_nobody_up);
	tcase_add_test(c, names_are_found_and_counted);
	tcase_add_test(c, it_may_be_full);
	suite_add_tcase(s, c);
	return s;
}
