#include "shm/heap.h"

#include "shm/fault.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 4096ull
#define LOOK 32                /* own spans looked at for remote frees */

static struct {
	uint32_t bytes;
	uint32_t blocks;       /* in a span */
	uint32_t inverse;      /* 2^32 / bytes, rounded up */
} class[HEAP_CLASSES];
static unsigned classes;

/* Steps of 8 up to 128, then eight classes for each doubling. */
__attribute__((constructor)) static void
make_classes(void)
{
	uint32_t bytes = 16, step = 8;

	while (bytes <= HEAP_SMALL_MAX) {
		must(classes < HEAP_CLASSES,
		    "the size classes fit their table");
		class[classes].bytes = bytes;
		class[classes].blocks = HEAP_SPAN / bytes < HEAP_BLOCKS_MAX ?
		    (uint32_t)(HEAP_SPAN / bytes) : HEAP_BLOCKS_MAX;
		class[classes].inverse = UINT32_MAX / bytes + 1;
		classes++;
		if (bytes >= 128 && (bytes & (bytes - 1)) == 0)
			step = bytes / 8;
		bytes += step;
	}
}

static inline unsigned
class_of(size_t bytes)
{
	unsigned top;

	if (bytes <= 128)
		return bytes <= 16 ? 0 : (unsigned)(bytes + 7) / 8 - 2;
	top = 63 - (unsigned)__builtin_clzll(bytes - 1);
	return 15 + (top - 7) * 8 +
	    (unsigned)((bytes - 1 - (1ull << top)) >> (top - 3));
}

static inline size_t
round_up(size_t bytes, size_t to)
{
	return (bytes + to - 1) & ~(to - 1);
}

size_t
heap_good_bytes(size_t bytes)
{
	return bytes <= HEAP_SMALL_MAX ? class[class_of(bytes)].bytes :
	    round_up(bytes, PAGE);
}

size_t
heap_table_bytes(uint32_t spans)
{
	return round_up(spans * sizeof(struct span), PAGE) +
	    round_up((spans + 63) / 64 * 8, PAGE);
}

void
heap_init(struct heap *h, char *base, uint32_t spans, void *table)
{
	must(((uintptr_t)base & (HEAP_SPAN - 1)) == 0,
	    "the heap begins at a whole span");
	h->base = base;
	h->span = table;
	h->used = (uint64_t *)(void *)((char *)table +
	    round_up(spans * sizeof(struct span), PAGE));
	h->spans = spans;
	h->magic = HEAP_MAGIC;
}

static inline uint32_t
number_of(const struct heap *h, const void *p)
{
	uint64_t n = (uint64_t)((const char *)p - h->base) >> HEAP_SPAN_BITS;

	must(n < h->spans, "a block lies in the heap");
	return (uint32_t)n;
}

static inline char *
address_of(const struct heap *h, const struct span *s)
{
	return h->base + ((uint64_t)(s - h->span) << HEAP_SPAN_BITS);
}

/* Which block of its span p is. */
static inline uint32_t
block_of(const struct heap *h, const struct span *s, const void *p)
{
	uint64_t offset = (uint64_t)((const char *)p - address_of(h, s));
	uint32_t n = (uint32_t)(offset * class[s->class].inverse >> 32);

	must(n < s->blocks && n * class[s->class].bytes == offset,
	    "a block begins where its size class says");
	return n;
}

size_t
heap_block_bytes(const struct heap *h, const void *block)
{
	const struct span *s = &h->span[number_of(h, block)];

	return s->use == SPAN_SMALL ? class[s->class].bytes : s->bytes;
}

/* --- the pool of spans ------------------------------------------------- */

static void
mark(struct heap *h, uint32_t first, uint32_t count, bool is_used)
{
	uint32_t i;

	for (i = first; i < first + count; i++)
		if (is_used)
			h->used[i / 64] |= 1ull << i % 64;
		else
			h->used[i / 64] &= ~(1ull << i % 64);
}

/* The first of `count` free spans from `from` on below `end`; end: none. */
static uint32_t
find_run(const struct heap *h, uint32_t from, uint32_t end, uint32_t count)
{
	uint32_t i = from, run = 0;

	while (i < end) {
		uint64_t word = h->used[i / 64];

		if (run == 0 && i % 64 == 0 && word == UINT64_MAX) {
			i += 64;
			continue;
		}
		run = word >> i % 64 & 1 ? 0 : run + 1;
		i++;
		if (run == count)
			return i - count;
	}
	return end;
}

/*
 * Says in the journal that a run is on its way, and how much the heap has in
 * use when the run is in the pool.
 */
static void
announce_run(struct journal *j, uint32_t first, uint32_t count,
    uint64_t spans_used, uint64_t run_bytes)
{
	j->run_spans = count;
	j->spans_used = spans_used;
	j->run_bytes = run_bytes;
	word_order();
	word_store(&j->run, (uint64_t)first + 1);
	word_order();
}

/*
 * Takes `count` spans under the heap's lock; run in the journal tells mending
 * that they are on their way.  NULL when there are none.
 */
static struct span *
pool_take(struct heap_own *own, uint32_t count)
{
	struct heap *h = own->heap;
	uint32_t first;

	word_lock(&h->lock, own->holder);
	first = find_run(h, h->next, h->spans, count);
	if (first == h->spans)
		first = find_run(h, 0, h->spans, count);
	if (first == h->spans) {
		word_unlock(&h->lock);
		return NULL;
	}
	announce_run(own->journal, first, count, h->spans_used, h->run_bytes);
	FAULT(RUN_NOTED);
	mark(h, first, count, true);
	h->next = first + count < h->spans ? first + count : 0;
	if (h->top < first + count)
		h->top = first + count;
	h->spans_used += count;
	FAULT(RUN_MARKED);
	return &h->span[first];
}

static void
pool_taken(struct heap_own *own)
{
	word_order();
	FAULT(RUN_MADE);
	word_store(&own->journal->run, 0);
	word_unlock(&own->heap->lock);
}

/* Says that a run is going back to the pool; the heap's lock is held. */
static void
announce_return(struct heap *h, struct journal *j, const struct span *s,
    uint32_t count)
{
	announce_run(j, (uint32_t)(s - h->span), count, h->spans_used - count,
	    h->run_bytes - (s->use == SPAN_RUN ? s->bytes : 0));
}

/* Puts the run that is announced into the pool; may be done again. */
static void
finish_return(struct heap *h, struct journal *j)
{
	uint32_t first = (uint32_t)j->run - 1, i;

	for (i = 0; i < j->run_spans; i++)
		h->span[first + i].use = SPAN_FREE;
	word_order();
	mark(h, first, (uint32_t)j->run_spans, false);
	h->spans_used = j->spans_used;
	h->run_bytes = j->run_bytes;
	if (first < h->next)
		h->next = first;
	word_order();
	FAULT(RUN_FREE);
	word_store(&j->run, 0);
}

/* --- a process's own spans --------------------------------------------- */

static void
push(struct span_list *l, struct span *s)
{
	if (l->count == l->room) {
		uint32_t room = l->room > 0 ? l->room * 2 : 16;
		struct span **v = realloc(l->v, room * sizeof(*v));

		must(v != NULL, "there is private memory for a list of spans");
		l->v = v;
		l->room = room;
	}
	l->v[l->count++] = s;
}

static void
remember(struct heap_own *own, struct span *s)
{
	s->place = own->all[s->class].count;
	push(&own->all[s->class], s);
}

static void
list_free(struct heap_own *own, struct span *s)
{
	if (!s->is_listed) {
		s->is_listed = 1;
		push(&own->some[s->class], s);
	}
}

/* Takes a span's lock; the journal knows which. */
static inline void
lock_span(const struct heap *h, struct journal *j, struct span *s,
    uint32_t holder)
{
	word_store(&j->span, (uint64_t)(s - h->span) + 1);
	word_order();
	word_lock(&s->lock, holder);
}

/* Moves remote frees into bits[]; the number of blocks it brought. */
static uint32_t
gather(struct heap_own *own, struct span *s)
{
	uint32_t i, count = 0, words = (s->blocks + 63u) / 64;

	lock_span(own->heap, own->journal, s, own->holder);
	for (i = 0; i < words; i++) {
		FAULT(GATHERS);
		count += (uint32_t)__builtin_popcountll(s->remote[i] &
		    ~s->bits[i]);
		s->bits[i] |= s->remote[i];
		word_order();
		s->remote[i] = 0;
	}
	word_store(&s->remotes, 0);
	word_unlock(&s->lock);
	s->free += (uint16_t)count;
	s->hint = 0;
	*own->used_bytes -= (uint64_t)count * class[s->class].bytes;
	return count;
}

/*
 * Gives spans back to the pool; run in the journal lets mending finish it.
 * `done` (may be NULL) becomes `value` when it is certain to happen.
 */
static void
pool_return(struct heap_own *own, struct span *s, uint32_t count,
    uint64_t *done, uint64_t value)
{
	struct heap *h = own->heap;

	word_lock(&h->lock, own->holder);
	announce_return(h, own->journal, s, count);
	FAULT(RUN_GIVEN);
	if (done != NULL)
		word_store(done, value);
	word_order();
	finish_return(h, own->journal);
	word_unlock(&h->lock);
}

static void
let_go(struct heap_own *own, struct span *s)
{
	struct span_list *all = &own->all[s->class];
	struct span *last = all->v[all->count - 1];

	must(all->v[s->place] == s,
	    "a span knows its place in its owner's list");
	all->v[s->place] = last;
	last->place = s->place;
	all->count--;
	pool_return(own, s, 1, NULL, 0);
}

static struct span *
new_span(struct heap_own *own, unsigned c)
{
	struct span *s = pool_take(own, 1);
	uint32_t i;

	if (s == NULL)
		return NULL;
	s->class = (uint8_t)c;
	s->owner = own->owner;
	s->blocks = (uint16_t)class[c].blocks;
	s->free = s->blocks;
	s->hint = 0;
	s->remotes = 0;
	s->is_listed = 0;
	for (i = 0; i < HEAP_WORDS; i++) {
		uint32_t left = s->blocks > i * 64 ? s->blocks - i * 64 : 0;

		s->remote[i] = 0;
		s->bits[i] = left >= 64 ? UINT64_MAX : (1ull << left) - 1;
	}
	word_order();
	s->use = SPAN_SMALL;
	pool_taken(own);
	remember(own, s);
	return s;
}

/* A span of class c with a free block: a known one, a remote one, a new one. */
static struct span *
refill(struct heap_own *own, unsigned c)
{
	struct span_list *some = &own->some[c], *all = &own->all[c];
	uint32_t looks;

	while (some->count > 0) {
		struct span *s = some->v[--some->count];

		if (s->use != SPAN_SMALL || s->owner != own->owner ||
		    s->class != c)
			continue;
		s->is_listed = 0;
		if (s->free > 0)
			return own->current[c] = s;
	}
	for (looks = 0; looks < LOOK && looks < all->count; looks++) {
		struct span *s;

		if (++all->cursor >= all->count)
			all->cursor = 0;
		s = all->v[all->cursor];
		if (word_load(&s->remotes) != 0)
			gather(own, s);
		if (s->free > 0)
			return own->current[c] = s;
	}
	return own->current[c] = new_span(own, c);
}

static void *
take_small(struct heap_own *own, unsigned c)
{
	struct span *s = own->current[c];
	uint32_t i, bit;
	char *block;

	if (unlikely(s == NULL || s->free == 0))
		if ((s = refill(own, c)) == NULL)
			return NULL;
	for (i = s->hint; s->bits[i] == 0;)
		i = i + 1 < HEAP_WORDS ? i + 1 : 0;
	s->hint = i;
	bit = (uint32_t)__builtin_ctzll(s->bits[i]);
	block = address_of(own->heap, s) +
	    (uint64_t)(i * 64 + bit) * class[c].bytes;
	if (unlikely(!journal_block(own->journal,
	    (uint64_t)(uintptr_t)block | JOURNAL_TAKEN)))
		return NULL;
	s->bits[i] &= s->bits[i] - 1;
	s->free--;
	*own->used_bytes += class[c].bytes;
	FAULT(BLOCK_TAKEN);
	return block;
}

static void *
take_run(struct heap_own *own, size_t bytes)
{
	uint32_t count = (uint32_t)((bytes + HEAP_SPAN - 1) >> HEAP_SPAN_BITS);
	struct heap *h = own->heap;
	struct span *s;
	uint32_t i;
	void *block;

	if (bytes >> HEAP_SPAN_BITS >= h->spans ||
	    own->journal->blocks == JOURNAL_BLOCKS)
		return NULL;
	s = pool_take(own, count);
	if (s == NULL)
		return NULL;
	block = address_of(h, s);
	s->owner = own->owner;
	s->spans = count;
	s->bytes = round_up(bytes, PAGE);
	for (i = 1; i < count; i++)
		s[i].use = SPAN_TAIL;
	h->run_bytes += s->bytes;
	word_order();
	s->use = SPAN_RUN;
	journal_block(own->journal, (uint64_t)(uintptr_t)block | JOURNAL_TAKEN);
	pool_taken(own);
	return block;
}

void *
heap_take(struct heap_own *own, size_t bytes)
{
	return likely(bytes <= HEAP_SMALL_MAX) ?
	    take_small(own, class_of(bytes)) : take_run(own, bytes);
}

static void
give_own(struct heap_own *own, struct span *s, uint32_t n, uint64_t *done,
    uint64_t value)
{
	uint64_t bit = 1ull << n % 64;

	must((s->bits[n / 64] & bit) == 0, "a block is freed once");
	s->bits[n / 64] |= bit;
	word_order();
	FAULT(GIVEN);
	word_store(done, value);
	s->free++;
	*own->used_bytes -= class[s->class].bytes;
	if (s == own->current[s->class])
		return;
	if (s->free == s->blocks && own->all[s->class].count > 1)
		let_go(own, s);
	else
		list_free(own, s);
}

static void
give_remote(struct heap_own *own, struct span *s, uint32_t n, uint64_t *done,
    uint64_t value)
{
	lock_span(own->heap, own->journal, s, own->holder);
	s->remote[n / 64] |= 1ull << n % 64;
	word_store(&s->remotes, 1);
	word_order();
	FAULT(GIVEN_REMOTE);
	word_store(done, value);
	word_order();
	FAULT(REMOTE_DONE);
	word_unlock(&s->lock);
}

static void
give_run(struct heap_own *own, struct span *s, uint64_t *done, uint64_t value)
{
	if (own->discard != NULL && s->bytes >= 4 * HEAP_SPAN)
		own->discard(address_of(own->heap, s), s->bytes);
	pool_return(own, s, s->spans, done, value);
}

void
heap_give(struct heap_own *own, void *block, uint64_t *done, uint64_t value)
{
	struct heap *h = own->heap;
	struct span *s = &h->span[number_of(h, block)];

	if (unlikely(s->use == SPAN_RUN)) {
		must((char *)block == address_of(h, s),
		    "a large block begins where its spans begin");
		give_run(own, s, done, value);
		return;
	}
	must(s->use == SPAN_SMALL, "a block that is freed was taken");
	if (likely(s->owner == own->owner))
		give_own(own, s, block_of(h, s, block), done, value);
	else
		give_remote(own, s, block_of(h, s, block), done, value);
}

bool
heap_is_taken(const struct heap *h, const void *block)
{
	const struct span *s;
	uint32_t n;

	if (!heap_holds(h, block))
		return false;
	s = &h->span[number_of(h, block)];
	if (s->use == SPAN_RUN)
		return (const char *)block == address_of(h, s);
	if (s->use != SPAN_SMALL)
		return false;
	n = (uint32_t)((const char *)block - address_of(h, s)) /
	    class[s->class].bytes;
	return n < s->blocks && address_of(h, s) + n * class[s->class].bytes ==
	    (const char *)block &&
	    ((s->bits[n / 64] | s->remote[n / 64]) >> n % 64 & 1) == 0;
}

/* --- birth and death --------------------------------------------------- */

static uint32_t
count_free(const struct span *s)
{
	uint32_t i, count = 0;

	for (i = 0; i < HEAP_WORDS; i++)
		count += (uint32_t)__builtin_popcountll(s->bits[i]);
	return count;
}

void
heap_adopt(struct heap_own *own, struct heap *h, struct journal *j,
    uint16_t owner, uint32_t holder, uint64_t *used_bytes)
{
	uint32_t i;

	must(h->magic == HEAP_MAGIC, "the heap has its magic number");
	memset(own, 0, sizeof(*own));
	own->heap = h;
	own->journal = j;
	own->owner = owner;
	own->holder = holder;
	own->used_bytes = used_bytes;
	*used_bytes = 0;
	for (i = 0; i < word_load_acquire(&h->top); i++) {
		struct span *s = &h->span[i];

		if (s->use != SPAN_SMALL || s->owner != owner)
			continue;
		s->free = (uint16_t)count_free(s);
		s->hint = 0;
		s->is_listed = 0;
		*used_bytes += (uint64_t)(s->blocks - s->free) *
		    class[s->class].bytes;
		remember(own, s);
		if (s->remotes)
			gather(own, s);
		if (s->free > 0)
			list_free(own, s);
	}
}

void
heap_forget(struct heap_own *own)
{
	unsigned i;

	for (i = 0; i < HEAP_CLASSES; i++) {
		free(own->all[i].v);
		free(own->some[i].v);
	}
	memset(own, 0, sizeof(*own));
}

void
heap_mend(struct heap *h, struct journal *j)
{
	if (j->run != 0)
		finish_return(h, j);
}

/* Takes a lock for mending unless a dead one holds it; whether it did. */
static bool
mend_lock(uint32_t *lock, const struct heap_mender *mender)
{
	while (!word_take(lock, 0, mender->holder)) {
		if (mender->is_dead(word_load(lock)))
			return false;
		word_pause();
	}
	return true;
}

/*
 * Frees a run of spans; our journal knows of it before the dead one's forgets.
 */
static void
mend_block_run(struct heap *h, struct span *s,
    const struct heap_mender *mender, uint64_t *done, uint64_t value)
{
	bool is_ours = mend_lock(&h->lock, mender);

	announce_return(h, mender->journal, s, s->spans);
	word_store(done, value);
	word_order();
	finish_return(h, mender->journal);
	if (is_ours)
		word_unlock(&h->lock);
}

void
heap_mend_block(struct heap *h, const void *block, uint16_t dead_owner,
    const struct heap_mender *mender, uint64_t *done, uint64_t value)
{
	struct span *s = &h->span[number_of(h, block)];
	uint32_t n;

	if (s->use == SPAN_FREE) {
		*done = value;
	} else if (s->use == SPAN_RUN) {
		mend_block_run(h, s, mender, done, value);
	} else if (s->owner == dead_owner) {
		n = block_of(h, s, block);
		s->bits[n / 64] |= 1ull << n % 64;
		word_order();
		*done = value;
	} else {
		bool is_ours = mend_lock(&s->lock, mender);

		n = block_of(h, s, block);
		s->remote[n / 64] |= 1ull << n % 64;
		word_store(&s->remotes, 1);
		word_order();
		*done = value;
		if (is_ours)
			word_unlock(&s->lock);
	}
}

static void
release(uint32_t *lock, uint32_t dead)
{
	if (word_load(lock) == dead)
		word_unlock(lock);
}

void
heap_release(struct heap *h, const struct journal *j, uint32_t dead)
{
	if (j->span != 0)
		release(&h->span[j->span - 1].lock, dead);
	release(&h->lock, dead);
}

void
heap_release_all(struct heap *h, uint32_t dead)
{
	uint32_t i;

	for (i = 0; i < h->top; i++)
		release(&h->span[i].lock, dead);
	release(&h->lock, dead);
}

void
heap_walk(const struct heap *h,
    void (*visit)(void *arg, const void *block, size_t bytes), void *arg)
{
	uint32_t i, n;

	for (i = 0; i < h->top; i++) {
		const struct span *s = &h->span[i];

		if (s->use == SPAN_RUN)
			visit(arg, address_of(h, s), s->bytes);
		if (s->use != SPAN_SMALL)
			continue;
		for (n = 0; n < s->blocks; n++)
			if (((s->bits[n / 64] | s->remote[n / 64]) >> n % 64 &
			    1) == 0)
				visit(arg, address_of(h, s) +
				    (uint64_t)n * class[s->class].bytes,
				    class[s->class].bytes);
	}
}
