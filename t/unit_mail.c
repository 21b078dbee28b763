/*
 * unit_mail - letters arrive in order and whole; broadcasts too, or are
 * known to be lost
 */
#include "shm/cast.h"
#include "shm/mail.h"
#include "t/unit.h"

#include <pthread.h>
#include <stdlib.h>

#define LETTERS 20000

static struct mailbox box;
static uint64_t got;
static struct cast *ring;
static struct cast_entry *entry;

static void
begin(void)
{
	memset(&box, 0, sizeof(box));
	mail_init(&box);
	got = 0;
	ring = aligned_alloc(64, sizeof(*ring));
	entry = malloc(CAST_ENTRY_MAX);
	ck_assert(ring != NULL && entry != NULL);
	memset(ring, 0, sizeof(*ring));
	cast_init(ring);
}

static void
end(void)
{
	free(ring);
	free(entry);
}

START_TEST(a_question_comes_as_it_was_put)
{
	const struct slice argv[] = { SLICE("config"), SLICE("set"),
	    SLICE(""), { "a\0b", 3 } };
	struct slice args[MAIL_ARGS_MAX];
	const struct mail *m;
	int i;

	ck_assert_ptr_null(mail_next(&box, &got));
	ck_assert(mail_ask(&box, got, MAIL_CONFIG_SET, 7, 42, argv, 4));
	m = mail_next(&box, &got);
	ck_assert_ptr_nonnull(m);
	ck_assert(m->kind == MAIL_CONFIG_SET && m->birth == 7 &&
	    m->ticket == 42);
	ck_assert_int_eq(mail_args(m, args), 4);
	for (i = 0; i < 4; i++)
		ck_assert(slice_equal(args[i], argv[i]));
	ck_assert_ptr_eq(mail_next(&box, &got), m);
	mail_done(&box, &got);
	ck_assert_ptr_null(mail_next(&box, &got));
}
END_TEST

START_TEST(what_does_not_fit_is_refused_and_harms_nothing)
{
	static char large[MAIL_LETTER_MAX];
	const struct slice big = { large, sizeof(large) };
	const struct slice half = { large, sizeof(large) / 2 };
	int put = 0;

	ck_assert(!mail_ask(&box, got, MAIL_SWAPDB, 1, 1, &big, 1));
	ck_assert(!mail_answer(&box, got, 1, 1, big));
	ck_assert_ptr_null(mail_next(&box, &got));
	while (mail_answer(&box, got, 1, 1, half))
		put++;
	ck_assert_int_ge(put, 15);
	while (mail_next(&box, &got) != NULL) {
		mail_done(&box, &got);
		put--;
	}
	ck_assert_int_eq(put, 0);
	ck_assert(mail_answer(&box, got, 1, 1, half));
}
END_TEST

static size_t
length_of(uint64_t i)
{
	return i % 7 == 0 ? i * 7919 % 60000 : i * 31 % 300;
}

static void *
put_all(void *arg)
{
	static char text[65536];
	const uint64_t *position = arg;
	uint64_t i;

	for (i = 0; i < LETTERS; i++) {
		memset(text, (int)(i & 0xff), length_of(i));
		while (!mail_answer(&box, word_load_acquire(position),
		    (uint32_t)i, i, (struct slice){ text, length_of(i) }))
			word_pause();
	}
	return NULL;
}

START_TEST(letters_come_in_order_and_whole)
{
	const struct mail *m;
	pthread_t writer;
	uint64_t i, k;

	ck_assert_int_eq(pthread_create(&writer, NULL, put_all, &got), 0);
	for (i = 0; i < LETTERS; i++) {
		while ((m = mail_next(&box, &got)) == NULL)
			word_pause();
		ck_assert_uint_eq(m->ticket, i);
		ck_assert_uint_eq(m->text_bytes, length_of(i));
		for (k = 0; k < m->text_bytes; k += 97)
			ck_assert_int_eq((uint8_t)m->text[k], i & 0xff);
		mail_done(&box, &got);
	}
	pthread_join(writer, NULL);
}
END_TEST

START_TEST(a_broadcast_is_heard_once_by_each)
{
	const struct slice parts[] = { SLICE("chan"), SLICE("nel") };
	uint64_t a = cast_end(ring), b = cast_end(ring);

	ck_assert(cast_put(ring, 3 + 1, CAST_MONITOR, 5, parts, 2));
	ck_assert(cast_put(ring, 3 + 1, CAST_KILL, 9, NULL, 0));
	ck_assert_int_eq(cast_get(ring, &a, entry), 1);
	ck_assert(entry->kind == CAST_MONITOR && entry->number == 5 &&
	    entry->sender == 3 && entry->text_bytes == 7);
	ck_assert_mem_eq(entry->text, "channel", 7);
	ck_assert_int_eq(cast_get(ring, &a, entry), 1);
	ck_assert(entry->kind == CAST_KILL && entry->number == 9);
	ck_assert_int_eq(cast_get(ring, &a, entry), 0);
	ck_assert_int_eq(cast_get(ring, &b, entry), 1);
	ck_assert(entry->kind == CAST_MONITOR);
	ck_assert_uint_eq(ring->lock, 0);
}
END_TEST

START_TEST(a_slow_listener_knows_that_it_lost_something)
{
	static char text[100001];
	struct slice s = { text, sizeof(text) };
	uint64_t place = cast_end(ring), n = 0, heard = 0;

	while (n < 2 * CAST_BYTES / sizeof(text))
		ck_assert(cast_put(ring, 1, CAST_MONITOR, n++, &s, 1));
	ck_assert_int_eq(cast_get(ring, &place, entry), -1);
	ck_assert_int_eq(cast_get(ring, &place, entry), 0);
	for (; heard < 1000; heard++) {
		ck_assert(cast_put(ring, 1, CAST_MONITOR, heard, &s, 1));
		ck_assert_int_eq(cast_get(ring, &place, entry), 1);
		ck_assert_uint_eq(entry->number, heard);
	}
	s.bytes = CAST_ENTRY_MAX + 1;
	ck_assert(!cast_put(ring, 1, CAST_MONITOR, 0, &s, 1));
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("mail");
	TCase *c = tcase_create("mail");

	tcase_add_checked_fixture(c, begin, end);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, a_question_comes_as_it_was_put);
	tcase_add_test(c, what_does_not_fit_is_refused_and_harms_nothing);
	tcase_add_test(c, letters_come_in_order_and_whole);
	tcase_add_test(c, a_broadcast_is_heard_once_by_each);
	tcase_add_test(c, a_slow_listener_knows_that_it_lost_something);
	suite_add_tcase(s, c);
	return s;
}
