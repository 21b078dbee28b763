#include "daemon/ctl_mend.h"

/* Whether a lock word names a process that is dead. */
static bool
is_dead(uint32_t name)
{
	int index = proc_name_index(name);

	return index >= 0 && index < PROC_MAX &&
	    name >> 8 <= (word_load_acquire(&REGION->sup.dead[index]) &
	    0xffffff);
}

void
ctl_mend_begin(void)
{
	heap_mend(&REGION->common.heap, &REGION->area[PROC_CONTROL].journal);
}

int
ctl_mend_next(void)
{
	int i;

	for (i = 0; i < PROC_MAX; i++)
		if (i != PROC_CONTROL && REGION->ctl.mended[i] !=
		    word_load_acquire(&REGION->sup.dead[i]))
			return i;
	return -1;
}

static void
forget_interest(int index)
{
	uint64_t others = ~(1ull << index);
	struct slot *s;
	int i;

	for (i = 0; i < SLOT_COUNT; i++) {
		s = &REGION->common.slot[i];
		/*
		 * Without the slot's lock: a worker that changes its own bit at
		 * the same time may bring ours back, which costs a superfluous
		 * message and no more.
		 */
		if ((word_load(&s->waiting) & ~others) != 0)
			word_and(&s->waiting, others);
		if ((word_load(&s->watching) & ~others) != 0)
			word_and(&s->watching, others);
	}
}

static void
forget_clients(struct area *area, int index)
{
	uint32_t i;

	for (i = 0; i < AREA_WAITS; i++)
		if (area->wait[i].hash != 0) {
			word_store_release(&area->wait[i].ticket, 0);
			word_store(&area->wait[i].hash, 0);
		}
	conns_clear(&area->conns);
	feeds_clear(&area->feeds);
	REGION->ctl.asks_begun[index] = area->asks.put;
	REGION->ctl.asks_got[index] = area->asks.put;
}

/* Its subscribers are gone: nobody counts them or waits for it. */
static void
forget_subscribers(int index)
{
	struct region_common *c = &REGION->common;

	word_and(&c->subs.heard, ~(1ull << index));
	word_and(&c->subs.matching, ~(1ull << index));
	word_add(&c->subs.version, 1);
	word_add(&c->subs.patterns_version, 1);
	news_heard(&c->news, index, NEWS_NOWHERE);
}

static void
release(uint32_t *lock, uint32_t name)
{
	if (word_load(lock) == name)
		word_unlock(lock);
}

/* The slots that a dead one was in are whole: others may go on. */
static void
let_go(const struct journal *j, uint32_t name)
{
	struct region_common *c = &REGION->common;
	uint32_t i;

	for (i = 0; i < j->helds; i++)
		release(&c->slot[j->held[i]].lock, name);
	release(&c->log.lock, name);
	release(&c->cast.lock, name);
	log_reader_mend(&c->log, name);
	release(&c->snap.lock, name);
	release(&c->subs.lock, name);
	release(&c->news.lock, name);
}

void
ctl_mend_process(int index, uint32_t name)
{
	const struct heap_mender mender = {
		&REGION->area[PROC_CONTROL].journal, name, is_dead
	};
	struct area *area = &REGION->area[index];
	struct journal *j = &area->journal;
	uint32_t birth = word_load_acquire(&REGION->sup.dead[index]);
	uint32_t dead = proc_name(index, birth);

	FAULT(MEND_BEGUN);
	txn_judge(j, &REGION->common.log);
	snap_mend(j, &REGION->common.snap);
	if (index == PROC_SAVER) {
		word_store_release(&area->save.reader.pin, NULL);
		word_store(&area->save.reader.is_tight, 0);
	}
	area->wish.is_waiting = 0;
	FAULT(MEND_JUDGED);
	let_go(j, dead);
	FAULT(MEND_LET_GO);
	txn_mend(j, &REGION->common.heap, (uint16_t)index, &mender);
	FAULT(MEND_DONE);
	heap_release(&REGION->common.heap, j, dead);
	if (index < PROC_WORKERS) {
		hold_forget(index);
		forget_interest(index);
		forget_clients(area, index);
		forget_subscribers(index);
	}
	word_store(&area->proc.is_ready, 0);
	word_store(&area->proc.is_asleep, 0);
	word_store(&j->helds, 0);
	word_store_release(&REGION->ctl.mends, REGION->ctl.mends + 1);
	FAULT(MEND_FREED);
	word_store_release(&REGION->ctl.mended[index], birth);
}

void
ctl_mend_predecessors(void)
{
	struct region_common *c = &REGION->common;
	uint32_t dead = word_load_acquire(&REGION->sup.dead[PROC_CONTROL]);
	uint32_t birth = REGION->ctl.mended[PROC_CONTROL];

	while (birth < dead) {
		uint32_t name = proc_name(PROC_CONTROL, ++birth);

		release(&c->log.lock, name);
		release(&c->cast.lock, name);
		heap_release_all(&c->heap, name);
	}
	REGION->area[PROC_CONTROL].journal.log_at = JOURNAL_NOWHERE;
	word_store_release(&REGION->ctl.mended[PROC_CONTROL], dead);
}
