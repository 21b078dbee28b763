#include "t/ground.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static void
prepare(struct ground *g, struct txn *t, struct heap_own *own, int i)
{
	journal_init(&g->journal[i]);
	heap_adopt(own, &g->heap, &g->journal[i], (uint16_t)i,
	    (uint32_t)i + 1, &g->used_bytes[i]);
	txn_open(t, &g->journal[i], own, &g->log, (uint32_t)i + 1);
	t->keys = g->keys;
	t->expires = g->expires;
	t->now_ms = 1000000;
}

struct ground *
ground_open(struct txn *t, struct heap_own *own)
{
	uint64_t head = (sizeof(struct ground) + HEAP_SPAN) & ~(HEAP_SPAN - 1);
	uint32_t spans = GROUND_HEAP_BYTES / HEAP_SPAN;
	uint64_t tables = (heap_table_bytes(spans) + HEAP_SPAN) &
	    ~(HEAP_SPAN - 1);
	uint64_t bytes = head + tables + GROUND_LOG_BYTES + GROUND_HEAP_BYTES;
	struct ground *g = mmap((void *)PLACE_BASE, bytes,
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS |
	    MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	must(g == (void *)PLACE_BASE, "the test's region can be mapped");
	g->place.magic = PLACE_MAGIC;
	g->place.seed[0] = 1;
	g->place.seed[1] = 2;
	g->place.bytes = bytes;
	heap_init(&g->heap, (char *)g + head + tables + GROUND_LOG_BYTES,
	    spans, (char *)g + head);
	log_init(&g->log, (char *)g + head + tables, GROUND_LOG_BYTES);
	prepare(g, t, own, 0);
	return g;
}

void
ground_second(struct ground *g, struct txn *t, struct heap_own *own)
{
	prepare(g, t, own, 1);
}

static bool
is_dead(uint32_t holder)
{
	return holder == 1;
}

void
ground_mend(struct ground *g, struct txn *t, struct heap_own *own)
{
	const struct heap_mender mender = { &g->journal[1], 99, is_dead };

	txn_judge(&g->journal[0], &g->log);
	txn_mend(&g->journal[0], &g->heap, 0, &mender);
	heap_release(&g->heap, &g->journal[0], t->holder);
	heap_forget(own);
	txn_close(t);
	prepare(g, t, own, 0);
}

/* Addresses of blocks, sorted to be compared. */
struct bag {
	size_t count, room;
	const void **v;
};

static void
put(void *arg, const void *block)
{
	struct bag *b = arg;

	if (b->count == b->room) {
		b->room = b->room * 2 + 1024;
		b->v = realloc(b->v, b->room * sizeof(*b->v));
		must(b->v != NULL, "the test has memory");
	}
	b->v[b->count++] = block;
}

static void
put_sized(void *arg, const void *block, size_t bytes)
{
	(void)bytes;
	put(arg, block);
}

static void
put_record(void *arg, void *block)
{
	struct value *v = block;

	put(arg, block);
	if (value_type(v) != VALUE_STRING && value_encoding(v) == LARGE)
		value_ops[value_type(v)]->walk(v, put, arg);
}

static int
by_address(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	return (x > y) - (x < y);
}

void
ground_check(struct ground *g)
{
	struct bag taken = { 0 }, reached = { 0 };
	int i;

	put(&taken, NULL);
	put(&reached, NULL);
	heap_walk(&g->heap, put_sized, &taken);
	for (i = 0; i < SLOT_COUNT; i++) {
		dict_each_array(&g->slots[i].keys, put, &reached);
		dict_each(&g->slots[i].keys, put_record, &reached);
	}
	qsort(taken.v, taken.count, sizeof(*taken.v), by_address);
	qsort(reached.v, reached.count, sizeof(*reached.v), by_address);
	must(taken.count == reached.count,
	    "every block that is taken is reached, and once");
	must(memcmp(taken.v, reached.v, taken.count * sizeof(*taken.v)) == 0,
	    "every block that is reached is taken");
	free(taken.v);
	free(reached.v);
}

/* One transaction that begins with key i. */
static void
play_once(struct ground *g, struct txn *t, struct heap_own *own,
    const struct ground_play *play, int i)
{
	int how = rand() % 100, steps = 1 + rand() % 5;

	txn_begin(t);
	while (steps-- > 0)
		play->step(steps ? rand() % play->keys : i, how >= 30);
	if (how >= 30)
		txn_commit(t);
	else if (how > 0)
		txn_undo(t);
	else
		ground_mend(g, t, own);
}

static void
same_all(struct ground *g, const struct ground_play *play)
{
	int i;

	for (i = 0; i < play->keys; i++)
		play->same(i);
	ground_check(g);
}

void
ground_play(struct ground *g, struct txn *t, struct heap_own *own,
    const struct ground_play *play)
{
	int i, n;

	for (n = 0; n < play->transactions; n++) {
		i = rand() % play->keys;
		play_once(g, t, own, play, i);
		if (n % 12 == 0)
			play->same(i);
		if (n % 4000 == 0)
			same_all(g, play);
	}
	same_all(g, play);
	txn_begin(t);
	for (i = 0; i < SLOT_COUNT; i++)
		slot_flush(t, &g->slots[i], -1);
	txn_commit(t);
	must(g->used_bytes[0] == 0, "nothing is left");
	ground_check(g);
}

void
ground_copy(struct txn *t, const struct key *k, struct value *v)
{
	const struct value_ops *ops = value_ops[value_type(v)];
	struct value *to = slot_put(t, k, v, value_type(v), value_encoding(v),
	    value_bytes(v), value_expires(v), true);

	memcpy(value_data(to), value_data(v), value_bytes(v));
	ops->copy(t, v, to);
	ops->drop(t, v);
}

void
ground_region(uint32_t workers)
{
	static const uint64_t random_words[REGION_RANDOM] = { 1, 2, 3, 4, 5, 6,
	    7 };
	const struct region_plan plan = { .name = "unit", .heap_bytes =
	    256 << 20, .log_bytes = 600000, .workers = workers };
	char why[REGION_WHY] = "";

	must(region_create(&plan, random_words, 1000, why) == 0, why);
}

void
ground_worker(struct txn *t, struct heap_own *own)
{
	struct area *a = &REGION->area[0];

	proc_announce(&a->proc, 0, 1, 99, 1000);
	heap_adopt(own, &REGION->common.heap, &a->journal, 0, proc_name(0, 1),
	    &a->heap_bytes);
	txn_open(t, &a->journal, own, &REGION->common.log, proc_name(0, 1));
	t->keys = a->keys;
	t->expires = a->expires;
	t->now_ms = 1000;
}

void
ground_end(struct txn *t, struct heap_own *own)
{
	txn_close(t);
	heap_forget(own);
	region_discard();
}
