#include "shm/check.h"

#include <stdio.h>
#include <stdlib.h>

#define BEAT_EVERY 64 /* slots */

struct walk {
	struct check_report *report;
	const struct heap *heap;
	uint64_t *seen;         /* one bit for each unit of the heap in use */
	uint64_t units;
	struct slot *slot;
	uint64_t slot_keys, slot_expires;
	int64_t keys[STATE_DATABASES], expires[STATE_DATABASES];
};

static uint64_t
unit_of(const struct walk *w, const void *block)
{
	return (uint64_t)((const char *)block - w->heap->base) / HEAP_UNIT;
}

static void
reach(void *arg, const void *block)
{
	struct walk *w = arg;
	uint64_t unit;

	if (!heap_is_taken(w->heap, block) ||
	    (unit = unit_of(w, block)) >= w->units) {
		w->report->strays++;
		return;
	}
	if (w->seen[unit / 64] >> unit % 64 & 1)
		w->report->doubles++;
	w->seen[unit / 64] |= 1ull << unit % 64;
}

static void
visit_taken(void *arg, const void *block, size_t bytes)
{
	struct walk *w = arg;
	uint64_t unit = unit_of(w, block);

	w->report->blocks++;
	w->report->bytes += bytes;
	if (unit >= w->units || (w->seen[unit / 64] >> unit % 64 & 1) == 0) {
		w->report->leaks++;
		w->report->leak_bytes += bytes;
	}
}

static void
check_dict(struct walk *w, const struct dict *d)
{
	w->report->unmarked += d->root != 0 && d->magic != DICT_MAGIC;
}

/* What a large value has outside its record. */
static void
walk_large(struct walk *w, const struct value *v)
{
	const struct value_ops *ops = value_ops[value_type(v)];

	if (ops->dict_at != 0)
		check_dict(w, (const void *)((const char *)value_large(v) +
		    ops->dict_at - 1));
	ops->walk(v, reach, w);
}

static void
visit_record(void *arg, void *block)
{
	struct walk *w = arg;
	struct value *v = block;
	struct key k;

	reach(w, v);
	if (!heap_is_taken(w->heap, v) || value_type(v) >= VALUE_TYPES) {
		w->report->misplaced++;
		return;
	}
	k = slot_key(REGION->common.slot, value_db(v), value_key(v));
	if (k.slot != w->slot ||
	    dict_find(&w->slot->keys, &value_dict, k.hash, &k) != v)
		w->report->misplaced++;
	w->slot_keys++;
	w->keys[value_db(v)]++;
	if (v->kind & VALUE_EXPIRES) {
		w->slot_expires++;
		w->expires[value_db(v)]++;
	}
	if (value_is_large(v))
		walk_large(w, v);
}

/* What waits for a snapshot is in no dict, and no key; or a part of one. */
static void
walk_left(struct walk *w, const struct snap_left *e)
{
	for (; e != NULL; e = e->next) {
		reach(w, e);
		reach(w, e->v != NULL ? (const void *)e->v : e->part);
		if (e->v != NULL && value_is_large(e->v))
			walk_large(w, e->v);
	}
}

/* Nor is what tells of copies that another node may have. */
static void
walk_movings(struct walk *w, const struct moving *d)
{
	for (; d != NULL; d = d->next) {
		reach(w, d);
		w->report->unmarked += d->magic != MOVING_MAGIC;
	}
}

static void
walk_slot(struct walk *w, struct slot *s)
{
	struct check_report *r = w->report;

	w->slot = s;
	w->slot_keys = w->slot_expires = 0;
	check_dict(w, &s->keys);
	dict_each_array(&s->keys, reach, w);
	dict_each(&s->keys, visit_record, w);
	r->miscounted += w->slot_keys != s->keys.count;
	r->miscounted += w->slot_expires != s->expires;
	r->locks += word_load(&s->lock) != 0;
	r->keys += w->slot_keys;
	r->expires += w->slot_expires;
}

static void
check_counters(struct walk *w)
{
	struct check_report *r = w->report;
	uint64_t used = 0, run_bytes = 0;
	uint32_t i;
	int db;

	for (db = 0; db < STATE_DATABASES; db++) {
		int64_t keys = 0, expires = 0;

		for (i = 0; i < PROC_MAX; i++) {
			keys += REGION->area[i].keys[db];
			expires += REGION->area[i].expires[db];
		}
		r->miscounted += keys != w->keys[db];
		r->miscounted += expires != w->expires[db];
	}
	for (i = 0; i < w->heap->spans; i += 64)
		used += (uint64_t)__builtin_popcountll(w->heap->used[i / 64]);
	for (i = 0; i < w->heap->top; i++)
		if (w->heap->span[i].use == SPAN_RUN)
			run_bytes += w->heap->span[i].bytes;
	r->miscounted += used != w->heap->spans_used;
	r->miscounted += run_bytes != w->heap->run_bytes;
}

static void
check_locks(struct check_report *r)
{
	const struct region_common *c = &REGION->common;
	uint32_t i;

	r->locks += word_load(&c->log.lock) != 0;
	r->locks += word_load(&c->cast.lock) != 0;
	r->locks += word_load(&c->news.lock) != 0;
	r->locks += word_load(&c->subs.lock) != 0;
	r->locks += word_load(&c->heap.lock) != 0;
	for (i = 0; i < c->heap.top; i++)
		r->locks += word_load(&c->heap.span[i].lock) != 0;
	for (i = 0; i < PROC_MAX; i++) {
		const struct journal *j = &REGION->area[i].journal;

		r->journals += j->undo != 0 || j->blocks != 0 ||
		    j->helds != 0 || j->run != 0;
	}
}

bool
check_region(struct check_report *r, void (*beat)(void))
{
	struct walk w = { .report = r, .heap = &REGION->common.heap };
	int i;

	memset(r, 0, sizeof(*r));
	w.units = w.heap->top * (HEAP_SPAN / HEAP_UNIT);
	w.seen = calloc(w.units / 64 + 1, sizeof(*w.seen));
	if (w.seen == NULL)
		return false;
	for (i = 0; i < SLOT_COUNT; i++) {
		if (beat != NULL && i % BEAT_EVERY == 0)
			beat();
		walk_slot(&w, &REGION->common.slot[i]);
		walk_left(&w, REGION->common.left[i]);
		walk_movings(&w, REGION->common.movings.first[i]);
	}
	heap_walk(w.heap, visit_taken, &w);
	r->unmarked += REGION->head.place.magic != PLACE_MAGIC;
	r->unmarked += REGION->common.log.magic != LOG_MAGIC;
	check_counters(&w);
	check_locks(r);
	free(w.seen);
	return true;
}

bool
check_is_sound(const struct check_report *r)
{
	return (r->strays | r->doubles | r->leaks | r->misplaced |
	    r->unmarked | r->miscounted | r->locks | r->journals) == 0;
}

size_t
check_print(const struct check_report *r, char *text, size_t room)
{
	const struct {
		const char *name;
		uint64_t n;
	} line[] = {
		{ "keys", r->keys }, { "expires", r->expires },
		{ "blocks", r->blocks }, { "bytes", r->bytes },
		{ "stray_blocks", r->strays }, { "double_blocks", r->doubles },
		{ "leaked_blocks", r->leaks },
		{ "leaked_bytes", r->leak_bytes },
		{ "misplaced_keys", r->misplaced },
		{ "unmarked_structs", r->unmarked },
		{ "wrong_counters", r->miscounted },
		{ "locks_taken", r->locks }, { "journals_open", r->journals },
	};
	size_t used, i;

	used = (size_t)snprintf(text, room, "region:%s\r\n",
	    check_is_sound(r) ? "sound" : "broken");
	for (i = 0; i < COUNT(line); i++)
		used += (size_t)snprintf(text + used, room - used,
		    "%s:%llu\r\n", line[i].name,
		    (unsigned long long)line[i].n);
	return used;
}
