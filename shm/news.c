#include "shm/news.h"

#include "shm/fault.h"

#include <string.h>

void
news_init(struct news *n, const uint64_t *control)
{
	int i;

	n->magic = NEWS_MAGIC;
	n->control = control;
	for (i = 0; i < NEWS_READERS; i++)
		n->reader[i].place = NEWS_NOWHERE;
}

static struct news_entry *
entry_at(const struct news *n, uint64_t at)
{
	return (struct news_entry *)(uintptr_t)(n->ring + at % NEWS_BYTES);
}

/* The lowest place of a reader, under the lock: nobody can join below it. */
static uint64_t
find_kept(const struct news *n)
{
	uint64_t kept = n->end, control = n->control != NULL ?
	    word_load_acquire(n->control) : NEWS_NOWHERE;
	int i;

	if (control < kept)
		kept = control;

	for (i = 0; i < NEWS_READERS; i++) {
		uint64_t place = word_load_acquire(&n->reader[i].place);

		if (place < kept)
			kept = place;
	}
	return kept;
}

uint64_t
news_join(struct news *n, uint32_t holder, int i)
{
	uint64_t place;

	word_lock(&n->lock, holder);
	place = n->end;
	word_store_release(&n->reader[i].place, place);
	word_unlock(&n->lock);
	return place;
}

/*
 * Where an entry of `bytes` goes: it lies in one piece, so the rest of the ring
 * may be filled.  NEWS_NOWHERE when there is no room.
 */
static uint64_t
make_room(struct news *n, uint64_t bytes)
{
	uint64_t at = n->end, left = NEWS_BYTES - at % NEWS_BYTES;
	uint64_t skip = left < bytes ? left : 0;

	if (at + skip + bytes - n->kept > NEWS_BYTES) {
		word_store(&n->kept, find_kept(n));
		if (at + skip + bytes - n->kept > NEWS_BYTES)
			return NEWS_NOWHERE;
	}
	if (skip >= sizeof(struct news_entry))
		entry_at(n, at)->bytes = 0;
	return at + skip;
}

bool
news_put(struct news *n, uint32_t holder, const struct news_letter *letter,
    uint64_t piece_at, struct slice piece)
{
	uint64_t bytes = (sizeof(struct news_entry) + piece.bytes + 7) & ~7ull;
	struct news_entry *e;
	uint64_t at;

	must(n->magic == NEWS_MAGIC, "the ring of news has its magic number");
	must(piece.bytes <= NEWS_PIECE, "a letter is cut into pieces");
	word_lock(&n->lock, holder);
	FAULT(NEWS_LOCKED);
	at = make_room(n, bytes);
	if (at == NEWS_NOWHERE) {
		word_unlock(&n->lock);
		return false;
	}
	e = entry_at(n, at);
	e->bytes = (uint32_t)bytes;
	e->sender = holder;
	e->piece_at = piece_at;
	e->piece_bytes = piece.bytes;
	e->letter = *letter;
	memcpy(e->piece, piece.data, piece.bytes);
	FAULT(NEWS_COPIED);
	word_store_release(&n->end, at + bytes);
	word_unlock(&n->lock);
	return true;
}

bool
news_is_crowded(struct news *n, uint32_t holder)
{
	bool is_crowded;

	if (likely(news_end(n) - word_load(&n->kept) <= NEWS_BYTES / 2))
		return false;
	word_lock(&n->lock, holder);
	word_store(&n->kept, find_kept(n));
	is_crowded = n->end - n->kept > NEWS_BYTES / 2;
	word_unlock(&n->lock);
	return is_crowded;
}

uint64_t
news_laggards(const struct news *n)
{
	uint64_t end = news_end(n), late = 0;
	int i;

	for (i = 0; i < NEWS_READERS; i++)
		if (word_load(&n->reader[i].place) < end)
			late |= 1ull << i;
	return late;
}

const struct news_entry *
news_next(const struct news *n, uint64_t *place)
{
	while (*place != news_end(n)) {
		uint64_t left = NEWS_BYTES - *place % NEWS_BYTES;
		const struct news_entry *e = entry_at(n, *place);

		if (left < sizeof(*e) || e->bytes == 0) {
			*place += left;
			continue;
		}
		*place += e->bytes;
		return e;
	}
	return NULL;
}
