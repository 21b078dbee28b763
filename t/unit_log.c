/*
 * unit_log - the log's chunks, its readers and its memory
 *
 * What stands at an offset is computed from the offset, so every byte that is
 * read can be checked without a copy of the stream.
 *
 * Not here: deaths between two stores (unit_mend), commands in the log
 * (unit_slot).
 */
#include "t/ground.h"
#include "t/unit.h"

#include <stdlib.h>
#include <sys/mman.h>

#define POOL (64 * LOG_CHUNK)
#define BACKLOG (4 * LOG_CHUNK)
#define REACH (20 * LOG_CHUNK)
#define TEXT (40 * LOG_CHUNK)
#define ME 1

static struct log *l;
static struct journal *j;
static char *text, *back;
static uint64_t punched;

static char
byte_at(uint64_t at)
{
	return (char)((at * 0x9e3779b97f4a7c15ull) >> 56);
}

static void *
memory(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	return p;
}

static void
open_log(void)
{
	l = memory(sizeof(*l));
	j = memory(sizeof(*j));
	text = memory(TEXT);
	back = memory(TEXT);
	journal_init(j);
	log_init(l, memory(POOL), POOL);
	log_set_limits(l, BACKLOG, REACH);
}

static void
append(size_t bytes)
{
	uint64_t at = l->end;
	size_t i;

	for (i = 0; i < bytes; i++)
		text[i] = byte_at(at + i);
	ck_assert_uint_eq(log_append_stream(l, j, ME, 0,
	    (struct slice){ text, bytes }), at + bytes);
	ck_assert(log_has(l, j));
}

static void
read_at(uint64_t at, size_t bytes)
{
	int64_t got = log_read(l, at, back, bytes);
	int64_t i;

	ck_assert_int_eq(got, bytes < l->end - at ? bytes : l->end - at);
	for (i = 0; i < got; i++)
		if (back[i] != byte_at(at + (uint64_t)i))
			ck_abort_msg("byte %llu is another",
			    (unsigned long long)at + (uint64_t)i);
}

static uint64_t
kept(void)
{
	return l->end - l->first;
}

START_TEST(random_records_are_read_as_written)
{
	int i;

	open_log();
	srandom(7);
	for (i = 0; i < 20000; i++) {
		append(1 + (size_t)random() % (i % 100 == 0 ?
		    3 * LOG_CHUNK : 300));
		ck_assert_uint_ge(kept(), l->end < BACKLOG ? l->end : BACKLOG);
		ck_assert_uint_le(kept(), BACKLOG + 5 * LOG_CHUNK);
		if (i % 50 == 0) {
			uint64_t at = l->first + (uint64_t)random() % kept();

			read_at(at, (size_t)random() % LOG_CHUNK * 2);
			if (l->first > 0)
				ck_assert_int_eq(log_read(l, l->first - 1,
				    back, 1), -1);
		}
	}
	ck_assert_int_eq(log_read(l, l->end, back, 9), 0);
	ck_assert_int_eq(log_read(l, l->end + 1, back, 9), -1);
	ck_assert_uint_le(l->made, BACKLOG / LOG_CHUNK + 6);
}
END_TEST

START_TEST(a_record_may_be_longer_than_the_backlog)
{
	uint64_t at;

	open_log();
	append(100);
	at = l->end;
	append(18 * LOG_CHUNK + 5);
	read_at(at, 18 * LOG_CHUNK + 5);
	ck_assert_uint_ge(log_record_max(l), 18 * LOG_CHUNK + 5);
	append(log_record_max(l));
	read_at(l->end - 1000, 1000);
}
END_TEST

static void
punch(void *at, size_t bytes)
{
	memset(at, 0x55, bytes);
	punched += bytes;
}

START_TEST(what_was_needed_for_a_while_is_given_back)
{
	int i;

	open_log();
	append(18 * LOG_CHUNK);
	ck_assert_uint_ge(log_bytes(l), 18 * LOG_CHUNK);
	for (i = 0; i < 40; i++) {
		append(LOG_CHUNK / 2);
		log_trim(l, ME, i * (LOG_SPARE_US / 4), punch);
	}
	ck_assert_uint_le(log_bytes(l), BACKLOG + 2 * LOG_CHUNK);
	ck_assert_uint_ge(punched, 12 * LOG_CHUNK);
	read_at(l->end - BACKLOG, BACKLOG);
	/* And is used again. */
	append(18 * LOG_CHUNK);
	read_at(l->end - 18 * LOG_CHUNK, 18 * LOG_CHUNK);
	ck_assert_uint_le(l->made, 30);
}
END_TEST

START_TEST(what_is_needed_by_turns_keeps_its_memory)
{
	uint64_t before;
	int64_t now = 0;
	int i, n;

	open_log();
	log_pin(l, 0);
	before = punched;
	for (n = 0; n < 20; n++) {
		for (i = 0; i < 12; i++) {
			append(LOG_CHUNK);
			now += LOG_SPARE_US / 24;
			log_trim(l, ME, now, punch);
		}
		log_pin(l, l->end);
	}
	ck_assert_uint_eq(punched, before);
	ck_assert_uint_le(l->made, 12 + BACKLOG / LOG_CHUNK + 2);
	/* And not any more when that is over. */
	log_pin(l, LOG_NOWHERE);
	for (i = 0; i < 30; i++) {
		append(LOG_CHUNK);
		now += LOG_SPARE_US / 4;
		log_trim(l, ME, now, punch);
	}
	ck_assert_uint_le(log_bytes(l), BACKLOG + 2 * LOG_CHUNK);
}
END_TEST

START_TEST(the_log_waits_for_readers_up_to_its_reach)
{
	uint64_t at;
	int reader, other, i;

	open_log();
	append(1000);
	at = l->end;
	reader = log_reader_open(l, ME, at);
	other = log_reader_open(l, ME + 1, at);
	ck_assert_int_ge(reader, 0);
	ck_assert_int_ge(other, 0);
	for (i = 0; i < 15; i++)
		append(LOG_CHUNK);
	read_at(at, 15 * LOG_CHUNK);
	log_reader_move(l, reader, l->end);
	for (i = 0; i < 3; i++)
		append(LOG_CHUNK);
	read_at(at, 15 * LOG_CHUNK);
	/* The other one is dead. */
	log_reader_mend(l, ME + 1);
	for (i = 0; i < 3; i++)
		append(LOG_CHUNK);
	ck_assert_int_eq(log_read(l, at, back, 1), -1);
	ck_assert_int_eq(log_reader_open(l, ME, at), -1);
	/* Too slow. */
	at = l->end;
	log_reader_move(l, reader, at);
	for (i = 0; i < 25; i++)
		append(LOG_CHUNK);
	ck_assert_int_eq(log_read(l, at, back, 1), -1);
	log_reader_close(l, reader);
	for (i = 0; i < LOG_READERS; i++)
		ck_assert_int_ge(log_reader_open(l, ME, l->end), 0);
	ck_assert_int_eq(log_reader_open(l, ME, l->end), -1);
}
END_TEST

START_TEST(what_is_pinned_stays_beyond_the_reach)
{
	uint64_t at;
	int i;

	open_log();
	append(1000);
	at = l->end;
	log_pin(l, at);
	for (i = 0; i < 29; i++)
		append(LOG_CHUNK);
	read_at(at, 29 * LOG_CHUNK);
	log_pin(l, l->end);
	for (i = 0; i < 6; i++)
		append(LOG_CHUNK);
	ck_assert_int_eq(log_read(l, at, back, 1), -1);
	/* Not beyond the pool. */
	at = l->end;
	for (i = 0; i < 90; i++)
		append(LOG_CHUNK);
	ck_assert_int_eq(log_read(l, at, back, 1), -1);
	log_restart(l, ME, 99, -1);
	ck_assert_uint_eq(l->pin, 99);
	log_pin(l, LOG_NOWHERE);
	log_restart(l, ME, 5, -1);
	ck_assert_uint_eq(l->pin, LOG_NOWHERE);
}
END_TEST

START_TEST(it_goes_on_at_another_offset)
{
	int i;

	open_log();
	append(10 * LOG_CHUNK);
	log_restart(l, ME, 123456789, -1);
	ck_assert_uint_eq(l->end, 123456789);
	ck_assert_uint_eq(l->first, 123456789);
	ck_assert_int_eq(l->db, -1);
	ck_assert_int_eq(log_read(l, 5, back, 1), -1);
	for (i = 0; i < 30; i++) {
		append(LOG_CHUNK - 7);
		read_at(l->first, 3 * LOG_CHUNK);
	}
	ck_assert_uint_le(l->made, 8);
}
END_TEST

START_TEST(the_backlog_changes_its_size)
{
	int i;

	open_log();
	log_set_limits(l, 12 * LOG_CHUNK, 0);
	for (i = 0; i < 40; i++)
		append(LOG_CHUNK / 2);
	ck_assert_uint_ge(kept(), 12 * LOG_CHUNK);
	log_set_limits(l, 2 * LOG_CHUNK, 0);
	for (i = 0; i < 60; i++)
		append(LOG_CHUNK / 2);
	ck_assert_uint_ge(kept(), 2 * LOG_CHUNK);
	ck_assert_uint_le(kept(), 4 * LOG_CHUNK);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("log");
	TCase *c = tcase_create("log");

	tcase_set_timeout(c, 120);
	tcase_add_test(c, random_records_are_read_as_written);
	tcase_add_test(c, a_record_may_be_longer_than_the_backlog);
	tcase_add_test(c, what_was_needed_for_a_while_is_given_back);
	tcase_add_test(c, what_is_needed_by_turns_keeps_its_memory);
	tcase_add_test(c, the_log_waits_for_readers_up_to_its_reach);
	tcase_add_test(c, what_is_pinned_stays_beyond_the_reach);
	tcase_add_test(c, it_goes_on_at_another_offset);
	tcase_add_test(c, the_backlog_changes_its_size);
	suite_add_tcase(s, c);
	return s;
}
