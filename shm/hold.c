#include "shm/hold.h"

#include "shm/region.h"

static struct holds *
holds_of(int index)
{
	return &REGION->area[index].holds;
}

bool
hold_is_valid(const struct hold *h, int64_t now_ms)
{
	return word_load_acquire(&h->kind) != HOLD_NOTHING &&
	    word_load(&h->until_ms) > now_ms;
}

/* A row among those of the processes in `who` for which `is` holds. */
#define FOR_ROWS(h, who) \
	for (uint64_t left_ = (who); left_ != 0; left_ &= left_ - 1) \
		for (struct hold *first_ = \
		    holds_of(__builtin_ctzll(left_))->row, *h = first_; \
		    h < first_ + holds_of(__builtin_ctzll(left_))->used; h++)

bool
hold_is_claimed(unsigned slot, int64_t now_ms)
{
	uint64_t who = word_load(&REGION->common.holds.claims);

	if (likely(who == 0))
		return false;
	FOR_ROWS(h, who)
		if (hold_is_valid(h, now_ms) && word_load(&h->slot) == slot)
			return true;
	return false;
}

bool
hold_stops(uint32_t holder, int64_t now_ms)
{
	const struct slot *slots = REGION->common.slot;

	FOR_ROWS(h, word_load(&REGION->common.holds.writes))
		if (word_load_acquire(&h->kind) == HOLD_WRITES &&
		    word_load(&h->stop_ms) > now_ms &&
		    word_load(&slots[word_load(&h->slot)].lock) == holder)
			return true;
	return false;
}

struct hold *
hold_take(int index, unsigned slot, int64_t now_ms, int64_t until_ms)
{
	struct holds *all = holds_of(index);
	uint32_t i = 0;

	must(slot < SLOT_COUNT && index < PROC_WORKERS,
	    "a worker claims a slot");
	if (hold_is_claimed(slot, now_ms))
		return NULL;
	while (i < all->used && all->row[i].kind != HOLD_NOTHING)
		i++;
	if (i == HOLD_ROWS)
		return NULL;
	word_store(&all->row[i].slot, slot);
	word_store(&all->row[i].until_ms, until_ms);
	word_store_release(&all->row[i].kind, HOLD_CLAIM);
	if (i == all->used)
		word_store_release(&all->used, i + 1);
	if (all->taken++ == 0)
		word_or(&REGION->common.holds.claims, 1ull << index);
	return &all->row[i];
}

void
hold_stop_writes(int index, struct hold *h, int64_t until_ms)
{
	word_store(&h->stop_ms, until_ms);
	word_store_release(&h->kind, HOLD_WRITES);
	word_or(&REGION->common.holds.writes, 1ull << index);
}

/* The process's bit is cleared with its last row that stops writes. */
static void
clear_bit(int index)
{
	const struct holds *all = holds_of(index);
	uint32_t i;

	for (i = 0; i < all->used; i++)
		if (all->row[i].kind == HOLD_WRITES)
			return;
	word_and(&REGION->common.holds.writes, ~(1ull << index));
}

void
hold_let_write(int index, struct hold *h)
{
	if (h->kind != HOLD_WRITES)
		return;
	word_store_release(&h->kind, HOLD_CLAIM);
	clear_bit(index);
}

void
hold_prolong(struct hold *h, int64_t now_ms, int64_t until_ms)
{
	if (hold_is_valid(h, now_ms) && h->until_ms < until_ms)
		word_store(&h->until_ms, until_ms);
}

void
hold_drop(int index, struct hold *h)
{
	struct holds *all = holds_of(index);
	bool stopped = h->kind == HOLD_WRITES;

	must(h->kind != HOLD_NOTHING && all->taken > 0,
	    "what is given up was taken");
	word_store_release(&h->kind, HOLD_NOTHING);
	if (stopped)
		clear_bit(index);
	if (--all->taken == 0)
		word_and(&REGION->common.holds.claims, ~(1ull << index));
}

void
hold_forget(int index)
{
	struct holds *all = holds_of(index);
	uint32_t i;

	for (i = 0; i < HOLD_ROWS; i++)
		word_store(&all->row[i].kind, HOLD_NOTHING);
	word_and(&REGION->common.holds.writes, ~(1ull << index));
	word_and(&REGION->common.holds.claims, ~(1ull << index));
	all->used = all->taken = 0;
}
