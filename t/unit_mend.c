/*
 * unit_mend - processes killed at any instruction, thousands of times
 *
 * Two writers in processes of their own change keys of a real region under the
 * locks of one to six slots, with everything a transaction can do.  Again and
 * again one of them (or both) is killed: after some nanoseconds, or stopped
 * (anywhere, or at the end of a transaction) and then stepped on by some
 * instructions, or at a fault point.  What it left is mended by
 * daemon/ctl_mend.c, in another process that is often killed too, while
 * the other writer goes on.  Then all stand still and
 *
 *   - the region check finds nothing wrong,
 *   - the log has what was acknowledged, and at most the one change that
 *     was under way,
 *   - a second database that gets the log's changes has the same content.
 *
 * MEND_SECONDS is how long (4), MEND_SEED where chance begins.
 *
 * Not here: a whole node under load (t/py/k*.py).
 */
#include "daemon/ctl_mend.h"
#include "proto/number.h"
#include "shm/check.h"
#include "t/change.h"
#include "t/unit.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WRITERS 2
#define KEEPER WRITERS          /* the test itself, as a third process */
#define PARTS 3                 /* changes in a transaction */
#define HEAP_BYTES (128ull << 20)
#define LOG_BYTES (64ull << 20)
#define PATIENCE_S 20
#define STEPS_TO_GOAL 1500
#define STEPS_FROM_GOAL 300
#define NOW_MS 1000000

/* Beside the region: what writers and the test tell each other. */
struct board {
	struct {
		uint64_t acked;     /* transactions that returned */
		uint64_t stands;    /* `pause` as last obeyed */
	} writer[WRITERS];
	uint64_t pause;             /* another number: stand still; 0: go */
	uint64_t trap;              /* 1 + who stops before its next end */
};

static struct board *board;
static struct txn keeper;
static struct heap_own keeper_own;
static uint64_t logged[WRITERS];    /* transactions found in the log */
static uint64_t log_at;
static int log_in;
static pid_t child[WRITERS];
static uint64_t pauses, kills, faults, mender_kills, steps_made, mend_ns_max;
static bool can_trace = true;
static uint64_t chance;

static uint32_t
throw(uint32_t sides)
{
	chance = chance * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(chance >> 33) % sides;
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* --- a writer ---------------------------------------------------------- */

struct change {
	uint64_t number;
	uint8_t db;
};

static void
open_txn(struct txn *t, struct heap_own *own, int index, uint32_t name)
{
	struct area *area = &REGION->area[index];

	heap_adopt(own, &REGION->common.heap, &area->journal, (uint16_t)index,
	    name, &area->heap_bytes);
	own->discard = region_punch;
	txn_open(t, &area->journal, own, &REGION->common.log, name);
	t->keys = area->keys;
	t->expires = area->expires;
	t->now_ms = NOW_MS;
}

static int
by_number(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static int
find_slots(const struct change *c, int count, uint16_t *slots)
{
	int n = 0, i, kept = 0;

	for (i = 0; i < count; i++)
		n += change_slots(c[i].number, slots + n);
	qsort(slots, (size_t)n, sizeof(*slots), by_number);
	for (i = 0; i < n; i++)
		if (i == 0 || slots[i] != slots[kept - 1])
			slots[kept++] = slots[i];
	return kept;
}

static void
log_change(struct txn *t, int index, const struct change *c, bool is_last)
{
	char *text = txn_scratch(t, 64);
	int n = snprintf(text, 64, "%d %llu %d", index,
	    (unsigned long long)c->number, is_last);

	txn_log2(t, c->db, SLICE("DO"), ((struct slice){ text, (size_t)n }));
}

/* Where transactions end a tracer may want to have us. */
static void
meet_trap(int index)
{
	if (likely(word_load(&board->trap) != (uint64_t)index + 1))
		return;
	word_store(&board->trap, 0);
#if defined(__x86_64__)
	__asm__ volatile("int3");
#else
	raise(SIGTRAP);
#endif
}

static void
step(struct txn *t, int index)
{
	int count = throw(3) > 0 ? 1 : 1 + (int)throw(PARTS), i;
	bool lasts = throw(12) > 0;
	struct change c[PARTS];
	uint16_t slots[2 * PARTS];

	for (i = 0; i < count; i++) {
		c[i].number = (uint64_t)throw(1u << 31) << 31 |
		    throw(1u << 31);
		c[i].db = throw(count > 1 ? 2 : 12) == 0 ? 2 : 0;
	}
	slot_enter(t, REGION->common.slot, slots,
	    find_slots(c, count, slots));
	txn_begin(t);
	for (i = 0; i < count; i++) {
		change_do(t, REGION->common.slot, c[i].db, c[i].number);
		if (lasts)
			log_change(t, index, &c[i], i + 1 == count);
	}
	meet_trap(index);
	if (lasts) {
		txn_commit(t);
		word_store(&board->writer[index].acked,
		    board->writer[index].acked + 1);
	} else {
		txn_undo(t);
	}
	slot_leave(t, REGION->common.slot);
}

static void
obey(int index)
{
	uint64_t pause = word_load_acquire(&board->pause);

	if (likely(pause == 0))
		return;
	word_store_release(&board->writer[index].stands, pause);
	while (word_load(&board->pause) == pause)
		sched_yield();
}

static _Noreturn void
write_for_ever(int index, uint32_t name)
{
	static struct txn t;
	static struct heap_own own;

	chance ^= (uint64_t)name << 32 | (uint64_t)getpid();
	open_txn(&t, &own, index, name);
	if (setjmp(t.bail) != 0)
		_exit(3);
	for (;;) {
		obey(index);
		step(&t, index);
	}
}

static void
start_writer(int index)
{
	uint32_t birth = ++REGION->sup.birth[index];

	board->writer[index].acked = logged[index];
	child[index] = fork();
	must(child[index] >= 0, "the test can fork");
	if (child[index] == 0)
		write_for_ever(index, proc_name(index, birth));
}

/* --- killing ----------------------------------------------------------- */

static void
found(const char *what)
{
	printf("after %llu kills: %s\n", (unsigned long long)kills, what);
	fflush(stdout);
	ck_abort_msg("%s", what);
}

/* A writer is gone; anything but a kill of ours is a finding. */
static void
bury(int index, int status)
{
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		found("a writer ended by itself");
	child[index] = 0;
	kills++;
	word_store_release(&REGION->sup.dead[index], REGION->sup.birth[index]);
}

static void
linger(uint32_t ns)
{
	uint64_t end = now_ns() + ns;

	while (now_ns() < end)
		;
}

/* What a writer's journal shows when it is at a goal. */
enum goal { HERE, AT_END, LOGS, FREES, GOALS };

static bool
is_at(const struct journal *j, enum goal goal)
{
	if (goal == LOGS)
		return word_load(&j->log_at) != JOURNAL_NOWHERE;
	if (goal == FREES)
		return word_load(&j->undo) >= JOURNAL_UNDONE;
	return true;
}

/*
 * Stops a running child, here or where a transaction ends, and lets it go on by
 * single instructions: to the goal, and then by some steps.
 */
static void
step_on(int index, enum goal goal, uint32_t steps)
{
	const struct journal *j = &REGION->area[index].journal;
	pid_t pid = child[index];
	int status, patience = STEPS_TO_GOAL;
	bool reached = false;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) != 0) {
		can_trace = false;
		return;
	}
	if (goal != HERE)
		word_store_release(&board->trap, (uint64_t)index + 1);
	else
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		found("a writer ended by itself");
	while (steps > 0 && patience > 0) {
		reached |= is_at(j, goal);
		if (reached)
			steps--;
		else
			patience--;
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0 ||
		    waitpid(pid, &status, __WALL) != pid ||
		    !WIFSTOPPED(status))
			found("a writer ended by itself");
		steps_made++;
	}
}

/* Arms a fault point; whoever meets it within some time dies there. */
static void
meet_fault(void)
{
#ifdef ALMANDINE_FAULTS
	uint32_t *word = &fault_words[throw(FAULT_COUNT)];
	uint32_t armed = FAULT_DIE | FAULT_ONCE;
	uint64_t end = now_ns() + 3000000;
	int status, i;
	pid_t pid;

	word_store(word, armed);
	while (word_load(word) != 0 && now_ns() < end)
		;
	if (word_take(word, armed, FAULT_OFF))
		return;
	pid = waitpid(-1, &status, __WALL);
	for (i = 0; i < WRITERS; i++)
		if (child[i] == pid)
			bury(i, status);
	faults++;
#endif
}

/* A writer that may wait for a dead one's locks comes to no end. */
static void
kill_writer(int index, bool is_first)
{
	uint32_t how = throw(6);
	int status = 0;

	if (how == 0)
		meet_fault();
	else if (how > 1 && can_trace)
		step_on(index, is_first ? (enum goal)throw(GOALS) : HERE,
		    throw(STEPS_FROM_GOAL));
	if (child[index] == 0)
		return;
	kill(child[index], SIGKILL);
	do {
		must(waitpid(child[index], &status, __WALL) == child[index],
		    "the test's child ends");
	} while (WIFSTOPPED(status));
	bury(index, status);
}

/* --- mending ----------------------------------------------------------- */

static _Noreturn void
mend_all(uint32_t name)
{
	int index;

	ctl_mend_begin();
	while ((index = ctl_mend_next()) >= 0)
		ctl_mend_process(index, name);
	ctl_mend_predecessors();
	_exit(0);
}

/* Arms one of the points of mending; which, or 0 when there are none. */
static int
arm_mending(void)
{
#ifdef ALMANDINE_FAULTS
	int id = FAULT_MEND_BEGUN +
	    (int)throw(FAULT_MEND_FREED - FAULT_MEND_BEGUN + 1);

	word_store(&fault_words[id], FAULT_DIE | FAULT_ONCE);
	return id;
#else
	return 0;
#endif
}

static void
disarm(int fault)
{
#ifdef ALMANDINE_FAULTS
	if (fault > 0)
		word_store(&fault_words[fault], FAULT_OFF);
#else
	(void)fault;
#endif
}

/* Control mends; it may be killed, then another one does. */
static bool
mend_once(bool may_die)
{
	uint32_t birth = ++REGION->sup.birth[PROC_CONTROL];
	uint64_t begin = now_ns(), took;
	int fault = may_die && throw(2) ? arm_mending() : 0, status;
	pid_t pid;

	pid = fork();
	must(pid >= 0, "the test can fork");
	if (pid == 0)
		mend_all(proc_name(PROC_CONTROL, birth));
	if (may_die && fault == 0) {
		linger(throw(2) ? throw(400000) : 100000 + throw(60000));
		kill(pid, SIGKILL);
	}
	must(waitpid(pid, &status, 0) == pid, "the test's child ends");
	disarm(fault);
	word_store_release(&REGION->sup.dead[PROC_CONTROL], birth);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		took = now_ns() - begin;
		if (!may_die && took > mend_ns_max)
			mend_ns_max = took;
		return true;
	}
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		found("who mends ended by itself");
	mender_kills++;
	return false;
}

/* --- looking ----------------------------------------------------------- */

static void
stand_still(void)
{
	uint64_t end = now_ns() + PATIENCE_S * 1000000000ull;
	int i;

	word_store_release(&board->pause, ++pauses);
	for (i = 0; i < WRITERS; i++)
		while (child[i] > 0 &&
		    word_load_acquire(&board->writer[i].stands) != pauses) {
			if (now_ns() > end)
				found("a writer waits for ever");
			sched_yield();
		}
}

static struct slice
read_bulk(const char **at, const char *end)
{
	char *p;
	size_t bytes;

	must(*at < end && **at == '$', "a record has arguments");
	bytes = strtoul(*at + 1, &p, 10);
	*at = p + 2 + bytes + 2;
	return (struct slice){ p + 2, bytes };
}

static void
do_again(struct slice text)
{
	uint16_t slots[2];
	uint64_t number;
	char *p;
	int index;

	index = (int)strtol(text.data, &p, 10);
	number = strtoull(p, &p, 10);
	slot_enter(&keeper, REGION->common.slot, slots,
	    change_slots(number, slots));
	txn_begin(&keeper);
	change_do(&keeper, REGION->common.slot, (uint8_t)(log_in + 1), number);
	txn_commit(&keeper);
	slot_leave(&keeper, REGION->common.slot);
	if (strtol(p, NULL, 10) == 1)
		logged[index]++;
}

/* Does what the log has since the last time to the second database. */
static void
follow(void)
{
	static char data[LOG_BYTES];
	const struct log *log = &REGION->common.log;
	uint64_t bytes = log->end - log_at;
	const char *p = data, *end = data + bytes;
	struct slice word, more;
	int args;

	if (bytes > LOG_BYTES || log_read(log, log_at, data, bytes) < 0)
		found("the test was too slow to read the log");
	log_at = log->end;
	while (p < end) {
		must(*p == '*', "a record is a command");
		args = (int)strtol(p + 1, (char **)(uintptr_t)&p, 10);
		p += 2;
		word = read_bulk(&p, end);
		if (args == 1)
			continue;   /* MULTI, EXEC */
		more = read_bulk(&p, end);
		if (slice_is(word, "select"))
			log_in = atoi(more.data);
		else
			do_again(more);
	}
	must(p == end, "records are whole");
}

static void
look(void)
{
	char text[1024];
	struct check_report r;
	const char *what;
	int i;

	must(check_region(&r, NULL), "the test has memory");
	if (!check_is_sound(&r)) {
		check_print(&r, text, sizeof(text));
		found(text);
	}
	follow();
	for (i = 0; i < WRITERS; i++) {
		uint64_t acked = word_load(&board->writer[i].acked);

		if (logged[i] != acked &&
		    (child[i] != 0 || logged[i] != acked + 1))
			found("the log is not what was acknowledged");
	}
	for (i = 0; i < 4; i += 2)
		if ((what = change_compare(&keeper, REGION->common.slot,
		    (uint8_t)i, (uint8_t)(i + 1))) != NULL)
			found(what);
}

/* --- the test ---------------------------------------------------------- */

#ifdef ALMANDINE_FAULTS
static bool
die(enum fault_id id, uint32_t word)
{
	(void)id;
	(void)word;
	kill(getpid(), SIGKILL);
	return true;
}
#endif

static void
make_region(void)
{
	struct region_plan plan = { .name = "unit-mend",
	    .heap_bytes = HEAP_BYTES, .log_bytes = LOG_BYTES,
	    .workers = WRITERS + 1 };
	uint64_t random[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	char why[REGION_WHY];

	ck_assert_msg(region_create(&plan, random, NOW_MS, why) == 0, "%s",
	    why);
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(board, MAP_FAILED);
#ifdef ALMANDINE_FAULTS
	fault_hook = die;
#endif
	REGION->sup.birth[KEEPER] = 1;
	open_txn(&keeper, &keeper_own, KEEPER, proc_name(KEEPER, 1));
	keeper.log = NULL;
}

static void
one_round(void)
{
	int victim = (int)throw(WRITERS), i;

	word_store_release(&board->pause, 0);
	linger(throw(8) == 0 ? throw(3000000) : throw(200000));
	kill_writer(victim, true);
	if (throw(5) == 0 && child[!victim] != 0)
		kill_writer(!victim, false);
	for (i = 0; !mend_once(i < 8 && throw(3) == 0); i++)
		;
	stand_still();
	look();
	for (i = 0; i < WRITERS; i++)
		if (child[i] == 0)
			start_writer(i);
}

START_TEST(killed_at_any_instruction)
{
	const char *seconds = getenv("MEND_SECONDS"), *seed =
	    getenv("MEND_SEED");
	uint64_t end = now_ns() + (uint64_t)(seconds != NULL ? atoi(seconds) :
	    4) * 1000000000ull;
	int i;

	chance = seed != NULL ? strtoull(seed, NULL, 10) : now_ns();
	printf("MEND_SEED=%llu\n", (unsigned long long)chance);
	fflush(stdout);
	make_region();
	for (i = 0; i < WRITERS; i++)
		start_writer(i);
	while (now_ns() < end)
		one_round();
	for (i = 0; i < WRITERS; i++) {
		kill(child[i], SIGKILL);
		waitpid(child[i], NULL, __WALL);
	}
	printf("%llu writers (%llu at fault points) and %llu menders killed, "
	    "%llu single steps, %llu + %llu transactions, %llu us to mend at "
	    "most\n", (unsigned long long)kills, (unsigned long long)faults,
	    (unsigned long long)mender_kills, (unsigned long long)steps_made,
	    (unsigned long long)logged[0], (unsigned long long)logged[1],
	    (unsigned long long)mend_ns_max / 1000);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("mend");
	TCase *c = tcase_create("mend");

	tcase_set_timeout(c, 0);
	tcase_add_test(c, killed_at_any_instruction);
	suite_add_tcase(s, c);
	return s;
}
