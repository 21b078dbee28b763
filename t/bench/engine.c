/*
 * engine - slots, dicts, journal and log alone: no sockets, no commands
 *
 * One or two processes, each on a core of its own, run batches as a worker
 * does: make the keys, prefetch slots, then buckets, then records, then
 * execute each under its slot's lock in a transaction of its own.  What is
 * printed, as name=value, is what the shared memory costs, and so what a
 * second worker can gain at most.  Times are of the process's own processor
 * time, so neighbours count only by what they do to the caches.
 *
 *   get, set        ns an operation, one process; get2, set2: each of two
 *   _nolog          the same without the log
 *   journal         noting and forgetting what one such SET notes
 *   grow_max        "grow KEYS", by itself: ns of the longest SET while one
 *                   slot grows from nothing to so many keys; grow_mean: of all
 *
 * Not here: parsing, replies, the network (load.c measures all of it).
 */
#include "t/bench/keys.h"
#include "t/bench/request.h"
#include "t/ground.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define KEY_BYTES 16
#define VALUE_BYTES 64
#define CHECK_EVERY 256 /* batches between two looks at the clock */

const struct value_ops *const value_ops[VALUE_TYPES] __attribute__((weak));

struct test {
	const char *name;
	bool writes, logs;
	double zipf;
};

static const struct test tests[] = {
	{ "get", false, false, 0 },
	{ "set", true, true, 0 },
	{ "set_nolog", true, false, 0 },
	{ "get_zipf", false, false, 0.99 },
	{ "set_zipf", true, true, 0.99 },
	{ "set_zipf_nolog", true, false, 0.99 },
};

struct request {
	uint32_t number;
	struct key key;
	struct slice text;
};

struct engine {
	struct ground *ground;
	struct txn txn;
	struct heap_own own;
	struct shape shape; /* of the SET that the log gets */
	struct keys keys;
	struct request batch[BATCH];
	char *texts;        /* BATCH requests */
	uint32_t key_count;
	double seconds;
	uint64_t sum;       /* of what was read, so that it is read */
};

static uint64_t
own_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void
pin(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void
make_batch(struct engine *e)
{
	struct request *r;
	char *text = e->texts;

	for (int i = 0; i < BATCH; i++, text += e->shape.bytes) {
		r = &e->batch[i];
		r->number = keys_next(&e->keys);
		request_patch(&e->shape, text, r->number, 0, 0);
		r->text = (struct slice){ text, e->shape.bytes };
		r->key = slot_key(e->ground->slots, 0, (struct slice){
		    text + e->shape.key_at, KEY_BYTES });
		__builtin_prefetch(r->key.slot);
	}
}

static void
prefetch_batch(struct engine *e)
{
	const struct bucket *b[BATCH];
	const char *v;
	struct key *k;

	for (int i = 0; i < BATCH; i++) {
		k = &e->batch[i].key;
		b[i] = dict_hint_bucket(&k->slot->keys, k->hash);
		__builtin_prefetch(b[i]);
	}
	for (int i = 0; i < BATCH; i++) {
		v = b[i] == NULL ? NULL :
		    dict_hint_entry(b[i], e->batch[i].key.hash);
		__builtin_prefetch(v);
		__builtin_prefetch(v + 64);
	}
}

static void
execute(struct engine *e, struct request *r, bool writes)
{
	struct txn *t = &e->txn;
	uint16_t number = (uint16_t)(r->key.slot - e->ground->slots);
	struct value *v;
	uint64_t word;

	slot_enter(t, e->ground->slots, &number, 1);
	txn_begin(t);
	v = slot_find(t, &r->key);
	if (writes) {
		slot_put_string(t, &r->key, v, (struct slice){
		    r->text.data + e->shape.value_at, VALUE_BYTES }, -1);
		txn_log_text(t, 0, r->text);
	} else {
		must(v != NULL, "every key is there");
		memcpy(&word, value_data(v), sizeof(word));
		e->sum += word;
	}
	txn_commit(t);
	slot_leave(t, e->ground->slots);
}

static void
set_one(struct engine *e, uint32_t number)
{
	struct request *r = &e->batch[0];

	request_patch(&e->shape, e->texts, number, 0, 0);
	r->text = (struct slice){ e->texts, e->shape.bytes };
	r->key = slot_key(e->ground->slots, 0, (struct slice){
	    e->texts + e->shape.key_at, KEY_BYTES });
	execute(e, r, true);
}

static void
fill(struct engine *e)
{
	for (uint32_t i = 0; i < e->key_count; i++)
		set_one(e, i);
}

static void
run_grow(struct engine *e)
{
	uint64_t first = own_ns(), last = first, now, longest = 0;

	for (uint32_t i = 0; i < e->key_count; i++, last = now) {
		set_one(e, i);
		now = own_ns();
		if (now - last > longest)
			longest = now - last;
	}
	printf("grow_max=%llu grow_mean=%.1f\n", (unsigned long long)longest,
	    (double)(last - first) / e->key_count);
}

/* Runs a test for its time; ns an operation. */
static double
run_one(struct engine *e, const struct test *test, uint64_t seed)
{
	uint64_t begin, end, ops = 0, limit = (uint64_t)(e->seconds * 1e9);

	keys_init(&e->keys, e->key_count, test->zipf, seed);
	e->txn.log = test->logs ? &e->ground->log : NULL;
	begin = end = own_ns();
	while (end - begin < limit) {
		for (int i = 0; i < CHECK_EVERY; i++, ops += BATCH) {
			make_batch(e);
			prefetch_batch(e);
			for (int j = 0; j < BATCH; j++)
				execute(e, &e->batch[j], test->writes);
		}
		end = own_ns();
	}
	free(e->keys.pool);
	return (double)(end - begin) / (double)ops;
}

/* Two processes at once; the mean of their ns an operation. */
static double
run_two(struct engine *e, const struct test *test)
{
	double *other = mmap(NULL, sizeof(*other), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0), mine;
	pid_t child;
	int status;

	must(other != MAP_FAILED, "a page for a number can be had");
	child = fork();
	must(child >= 0, "a second process can be had");
	if (child == 0) {
		pin(1);
		ground_second(e->ground, &e->txn, &e->own);
		*other = run_one(e, test, 2);
		_exit(0);
	}
	mine = run_one(e, test, 1);
	must(waitpid(child, &status, 0) == child && status == 0,
	    "the second process ends well");
	mine = (mine + *other) / 2;
	munmap(other, sizeof(*other));
	return mine;
}

/* What the overwriting of a value of VALUE_BYTES notes, and forgets. */
static double
run_journal(struct engine *e)
{
	struct journal *j = e->txn.journal;
	static char record[sizeof(struct value) + KEY_BYTES + VALUE_BYTES];
	uint64_t begin = own_ns(), count = 20000000;

	for (uint64_t i = 0; i < count; i++) {
		journal_note(j, record, sizeof(struct value));
		journal_note(j, record + sizeof(struct value) + KEY_BYTES,
		    VALUE_BYTES);
		word_order();
		word_store(&j->undo, 0);
		word_order();
	}
	return (double)(own_ns() - begin) / (double)count;
}

int
main(int argc, char **argv)
{
	static struct engine e = { .key_count = 1000000, .seconds = 1 };
	bool grows = argc > 2 && strcmp(argv[1], "grow") == 0;
	double one, two;

	if (argc > 1 && !grows)
		e.seconds = atof(argv[1]);
	if (argc > 2)
		e.key_count = (uint32_t)strtoul(argv[2], NULL, 10);
	if (argc > 4 || e.seconds <= 0 || e.key_count == 0) {
		fputs("usage: engine [SECONDS [KEYS [TEST]]]\n"
		    "       engine grow KEYS\n", stderr);
		return 2;
	}
	pin(0);
	e.ground = ground_open(&e.txn, &e.own);
	request_shape(&e.shape, REQUEST_SET, grows ? "{t}:" : "key:",
	    VALUE_BYTES);
	e.texts = malloc((size_t)BATCH * e.shape.bytes);
	must(e.texts != NULL, "there is memory for a batch");
	for (int i = 0; i < BATCH; i++)
		memcpy(e.texts + (size_t)i * e.shape.bytes, e.shape.text,
		    e.shape.bytes);
	if (grows) {
		run_grow(&e);
		return 0;
	}
	fill(&e);
	for (size_t i = 0; i < COUNT(tests); i++) {
		if (argc > 3 && strcmp(argv[3], tests[i].name) != 0)
			continue;
		one = run_one(&e, &tests[i], 1);
		two = run_two(&e, &tests[i]);
		printf("%s=%.1f %s2=%.1f\n", tests[i].name, one,
		    tests[i].name, two);
		fflush(stdout);
	}
	printf("journal=%.1f\n", run_journal(&e));
	return 0;
}
