/*
 * unit_region - the region: who may write what, and the check that finds what
 * is wrong in it
 */
#include "shm/check.h"
#include "shm/region.h"
#include "shm/state_pen.h"
#include "t/ground.h"
#include "t/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct heap_own own;
static struct txn t;

static void
begin(void)
{
	struct options o;

	ground_region(2);
	option_set_defaults(&o);
	state_init(&REGION->state, &o, REGION->head.run_id, 1000);
}

static void
end(void)
{
	region_discard();
}

static void
begin_worker(void)
{
	begin();
	ground_worker(&t, &own);
}

static void
end_worker(void)
{
	ground_end(&t, &own);
}

START_TEST(a_region_is_made)
{
	char why[REGION_WHY] = "";
	const struct region_plan plan = { .name = "unit",
	    .heap_bytes = 1 << 20, .log_bytes = 1 << 20, .workers = 1 };
	const uint64_t random_words[REGION_RANDOM] = { 1 };

	ck_assert_uint_eq(REGION->head.place.magic, PLACE_MAGIC);
	ck_assert_uint_eq(REGION->common.log.pool, 10);
	ck_assert_uint_eq(strlen(REGION->head.run_id), 40);
	ck_assert_uint_eq((uintptr_t)REGION->common.heap.base % HEAP_SPAN, 0);
	/* A second one has no place. */
	ck_assert_int_lt(region_create(&plan, random_words, 1, why), 0);
	ck_assert_uint_gt(strlen(why), 10);
}
END_TEST

/* Whether a process of that kind survives writing there. */
static bool
may_write(enum region_owner owner, int index, void *at)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		if (region_protect(owner, index) != 0)
			_exit(1);
		*(volatile char *)at = *(volatile char *)at;
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

START_TEST(everybody_writes_only_what_is_his_own)
{
	struct region *r = REGION;
	const struct {
		void *at;
		bool supervisor, control, worker; /* worker 1 */
	} row[] = {
		{ &r->head, false, false, false },
		{ &r->sup, true, false, false },
		{ &r->state, false, true, false },
		{ &r->ctl, false, true, false },
		{ &r->area[0], false, false, false },
		{ &r->area[1], false, false, true },
		{ &r->area[1].journal, false, false, true },
		{ &r->area[2], false, false, false },
		{ &r->area[PROC_CONTROL], false, true, false },
		{ &r->common.slot[16383], false, false, true },
		{ &r->common.log, false, false, true },
		{ r->common.log.base, false, false, true },
		{ r->common.heap.span, false, false, true },
		{ r->common.heap.base, false, false, true },
		{ (char *)r + PLACE->bytes - 1, false, false, true },
	};
	size_t i;

	for (i = 0; i < COUNT(row); i++) {
		ck_assert_int_eq(may_write(REGION_SUPERVISOR, 0, row[i].at),
		    row[i].supervisor);
		ck_assert_int_eq(may_write(REGION_CONTROL, PROC_CONTROL,
		    row[i].at), row[i].control);
		ck_assert_int_eq(may_write(REGION_WORKER, 1, row[i].at),
		    row[i].worker);
	}
}
END_TEST

START_TEST(control_opens_all_and_closes_it_again)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		if (region_protect(REGION_CONTROL, PROC_CONTROL) != 0 ||
		    region_open_all() != 0)
			_exit(1);
		REGION->common.slot[0].expires = 0;
		REGION->area[0].proc.beat = 0;
		if (region_close_all() != 0)
			_exit(2);
		REGION->ctl.mends = 0;
		REGION->common.slot[0].expires = 0;
		_exit(3);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}
END_TEST

static void
put(const char *name, const char *value, int64_t expires_ms)
{
	struct key k = slot_key(REGION->common.slot, 0, slice_of(name));
	uint16_t n = (uint16_t)(k.slot - REGION->common.slot);

	slot_enter(&t, REGION->common.slot, &n, 1);
	txn_begin(&t);
	slot_put_string(&t, &k, slot_peek(&t, &k), slice_of(value),
	    expires_ms);
	txn_commit(&t);
	slot_leave(&t, REGION->common.slot);
}

static struct check_report
check(void)
{
	struct check_report r;

	ck_assert(check_region(&r, NULL));
	return r;
}

START_TEST(a_sound_region_is_found_sound)
{
	struct check_report r;
	char name[32], text[2048];
	int i;

	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		put(name, name, i % 3 == 0 ? 5000 : -1);
	}
	r = check();
	check_print(&r, text, sizeof(text));
	ck_assert_msg(check_is_sound(&r), "%s", text);
	ck_assert_uint_eq(r.keys, 1000);
	ck_assert_uint_eq(r.expires, 334);
	ck_assert_ptr_nonnull(strstr(text, "region:sound\r\nkeys:1000\r\n"));
}
END_TEST

START_TEST(what_is_wrong_is_found)
{
	struct key k;
	struct value *v;
	struct journal *j = &REGION->area[0].journal;
	uint64_t blocks;
	void *leak;

	put("a", "b", -1);
	k = slot_key(REGION->common.slot, 0, SLICE("a"));
	v = slot_peek(&t, &k);
	leak = heap_take(&own, 100);
	j->blocks = 0;
	ck_assert_uint_eq(check().leaks, 1);
	heap_give(&own, leak, &blocks, 0);
	ck_assert(check_is_sound(&(struct check_report[]){ check() }[0]));
	heap_give(&own, v, &blocks, 0);
	ck_assert_uint_ge(check().strays, 1);
	ck_assert_uint_eq(check().misplaced, 1);
	put("c", "d", -1);
	k.slot->keys.magic++;
	REGION->common.log.magic++;
	ck_assert_uint_eq(check().unmarked, 2);
	REGION->area[1].keys[0]++;
	ck_assert_uint_ge(check().miscounted, 1);
	REGION->common.slot[5].lock = 7;
	REGION->common.log.lock = 7;
	ck_assert_uint_eq(check().locks, 2);
	j->helds = 1;
	ck_assert_uint_eq(check().journals, 1);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("region");
	TCase *c = tcase_create("pages"), *k = tcase_create("check");

	tcase_add_checked_fixture(c, begin, end);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, a_region_is_made);
	tcase_add_test(c, everybody_writes_only_what_is_his_own);
	tcase_add_test(c, control_opens_all_and_closes_it_again);
	suite_add_tcase(s, c);
	tcase_add_checked_fixture(k, begin_worker, end_worker);
	tcase_add_test(k, a_sound_region_is_found_sound);
	tcase_add_test(k, what_is_wrong_is_found);
	suite_add_tcase(s, k);
	return s;
}
