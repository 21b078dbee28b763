#include "daemon/saver.h"

#include "daemon/clock.h"
#include "daemon/doorbell.h"
#include "shm/dump.h"

#include <stdio.h>
#include <stdlib.h>

#define PUNCH_BYTES (4ull << 20)   /* the ring's memory goes back in such */
#define GRANT_BYTES (256u << 10)   /* of the ring, as one grant of room */
#define TURN_US 200                /* without a break for others */
#define WAIT_US 20                 /* between two looks at a locked slot */

/* --- what is to be written --------------------------------------------- */

bool
saver_fail(struct save *save, const char *why)
{
	if (save->why[0] == 0)
		snprintf(save->why, sizeof(save->why), "%s", why);
	return false;
}

bool
saver_goes_on(struct saver *s)
{
	proc_beat(&REGION->area[s->birth->index].proc);
	if (state_version(&REGION->state) != s->state.version)
		state_read(&REGION->state, &s->state);
	if (s->state.is_stopping)
		return saver_fail(s->save, "the node ends");
	if (s->state.snap.is_put_off)
		return saver_fail(s->save, "a failover goes before");
	if (word_load_acquire(&REGION->common.snap.broken) ==
	    s->state.snap.serial && s->state.snap.step == STATE_TAKE)
		return saver_fail(s->save, "it was given up: a database was "
		    "emptied, or more changed than could be handed over");
	if (s->state.snap.birth != s->birth->birth ||
	    s->state.snap.step == STATE_REST)
		return saver_fail(s->save, "nobody wants it any more");
	return true;
}

void
saver_select_db(struct saver *s, uint32_t internal)
{
	int db = s->logical[internal];
	const struct state_snap *snap = &s->state.snap;

	if (s->db == db)
		return;
	rdb_write_select(s->writer, db);
	if ((s->announced >> db & 1) == 0)
		rdb_write_resize(s->writer, snap->keys[db], snap->expires[db]);
	s->announced |= (uint16_t)(1u << db);
	s->db = db;
}

void
saver_step_aside(struct saver *s)
{
	if (clock_ticks() - s->turned < s->turn_ticks)
		return;
	clock_yield();
	s->turned = clock_ticks();
}

void
saver_write_key(struct saver *s, const struct value *v)
{
	saver_step_aside(s);
	saver_select_db(s, value_db(v));
	dump_write_key(s->writer, v);
	word_store(&s->save->keys, s->save->keys + 1);
	word_store(&s->save->bytes, rdb_written(s->writer));
}

static void
write_entry(struct saver *s, const struct snap_entry *e)
{
	saver_write_key(s, (const struct value *)(const void *)e->text);
}

/* --- those that write meanwhile ---------------------------------------- */

void
saver_grant(struct saver *s)
{
	struct snap_reader *r = &s->save->reader;
	uint32_t i;

	word_store_release(&r->grants, r->grants + 1);
	s->granted = r->got;
	word_fence();
	for (i = 0; i < REGION->head.workers; i++)
		if (word_load(&REGION->area[i].wish.is_waiting) != 0 &&
		    word_load(&REGION->area[i].proc.is_asleep))
			doorbell_ring(s->birth->bell[i]);
}

void
saver_punch(struct saver *s)
{
	const struct snap *snap = &REGION->common.snap;

	for (; s->save->reader.got - s->punched >= PUNCH_BYTES;
	     s->punched += PUNCH_BYTES)
		region_punch(snap->ring + s->punched % snap->bytes,
		    PUNCH_BYTES);
}

/* Writes an entry, or keeps what is said of a large value until it is. */
static bool
take_entry(struct saver *s, const struct snap_entry *e)
{
	if (e->form != SNAP_RECORD)
		return snap_parts_add(&s->parts, e) ||
		    saver_fail(s->save, "no memory");
	write_entry(s, e);
	return true;
}

bool
saver_drain(struct saver *s)
{
	const struct snap *snap = &REGION->common.snap;
	const struct snap_entry *e;

	while ((e = snap_next(snap, &s->save->reader.got)) != NULL) {
		if (!take_entry(s, e))
			return false;
		word_store(&s->save->handed, s->save->handed + 1);
		snap_done(e, &s->save->reader.got);
		if (s->save->reader.got - s->granted >= GRANT_BYTES)
			saver_grant(s);
		if (s->save->reader.got - s->punched < PUNCH_BYTES)
			continue;
		saver_punch(s);
		if (!saver_goes_on(s))
			return false;
	}
	if (s->save->reader.got != s->granted)
		saver_grant(s);
	return true;
}

/* --- slots -------------------------------------------------------------- */

bool
saver_enter(struct saver *s, uint16_t number)
{
	struct journal *j = s->txn.journal;
	uint32_t *lock = &REGION->common.slot[number].lock;

	j->held[0] = number;
	word_order();
	word_store(&j->helds, 1);
	word_order();
	while (!word_take(lock, 0, s->txn.holder)) {
		if (!saver_goes_on(s))
			return false;
		clock_nap(WAIT_US);
	}
	FAULT(SEGMENT_LOCKED);
	return true;
}

void
saver_leave(struct saver *s)
{
	slot_leave(&s->txn, REGION->common.slot);
}

void
saver_write_out(struct saver *s, struct snap_out *out)
{
	size_t at = 0;

	while (at < out->used) {
		const struct snap_entry *e = (const struct snap_entry *)
		    (const void *)(out->data + at);

		write_entry(s, e);
		at += e->bytes;
	}
	out->used = 0;
}

void
saver_begin_freeing(struct saver *s)
{
	if (s->heap.heap == NULL) {
		struct area *area = &REGION->area[s->birth->index];

		heap_adopt(&s->heap, &REGION->common.heap, &area->journal,
		    (uint16_t)s->birth->index, s->birth->name,
		    &area->heap_bytes);
		s->heap.discard = region_punch;
	}
	txn_begin(&s->txn);
}

/* --- its beginning and end ---------------------------------------------- */

void
saver_open(struct saver *s, const struct birth *b, const struct state *state,
    struct save *save)
{
	struct area *area = &REGION->area[b->index];

	s->birth = b;
	s->state = *state;
	s->save = save;
	s->db = -1;
	s->said_us = clock_steady_us();
	s->turn_ticks = TURN_US * clock_ticks_per_us();
	s->punched = save->reader.got / PUNCH_BYTES * PUNCH_BYTES;
	txn_open(&s->txn, &area->journal, &s->heap, NULL, b->name);
	s->txn.beat = &area->proc.beat;
}

void
saver_close(struct saver *s)
{
	heap_forget(&s->heap);
	txn_close(&s->txn);
	free(s->out.data);
	free(s->aside.data);
}
