#include "shm/dict.h"

#include "shm/fault.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define WAYS_MASK ((1u << DICT_WAYS) - 1)
#define DEPTH_MAX 30
#define RESERVE_WAYS 7 /* of a bucket, used when all that was expected is in */
#define SHRINK_BELOW 4 /* a segment with a way used in this many is too large */

/*
 * A segment word: bits 0-39 the array's offset from PLACE_BASE / 8, bits
 * 40-46 its buckets, bits 48-53 its own depth.  0: no segment (empty dict).
 */
struct segment {
	struct bucket *bucket;
	uint32_t buckets;
	uint32_t depth;
};

static inline struct segment
unpack(uint64_t word)
{
	return (struct segment){
	    (struct bucket *)(PLACE_BASE + ((word & 0xffffffffffull) << 3)),
	    (uint32_t)(word >> 40 & 0x7f), (uint32_t)(word >> 48 & 0x3f) };
}

static inline uint64_t
pack(const struct bucket *bucket, uint32_t buckets, uint32_t depth)
{
	return ((uint64_t)(uintptr_t)bucket - PLACE_BASE) >> 3 |
	    (uint64_t)buckets << 40 | (uint64_t)depth << 48;
}

/* The place of the segment word for a hash. */
static inline uint64_t *
word_of(const struct dict *d, uint64_t hash)
{
	if (likely(d->depth == 0))
		return (uint64_t *)(uintptr_t)&d->root;
	return (uint64_t *)(uintptr_t)d->root + (hash >> (64 - d->depth));
}

/* The bucket an entry belongs to: the 32 hash bits behind the segment's. */
static inline uint32_t
home_of(struct segment s, uint64_t hash)
{
	return (uint32_t)((hash << s.depth >> 32) * s.buckets >> 32);
}

/*
 * Eight bytes are read at once, of which the last five are the entry's: put
 * together of a word and a byte, it would wait for all that came before.
 */
static inline void *
entry_at(const struct bucket *b, unsigned way)
{
	const char *end = (const char *)b->ref + (way + 1) * sizeof(b->ref[0]);
	uint64_t ref;

	memcpy(&ref, end - sizeof(ref), sizeof(ref));
	return (void *)(PLACE_BASE + (ref >> 24 << 3));
}

static inline void
entry_put(struct bucket *b, unsigned way, uint64_t hash, const void *block)
{
	uint64_t ref = ((uint64_t)(uintptr_t)block - PLACE_BASE) >> 3;

	memcpy(b->ref[way], &ref, 5);
	b->tag[way] = (uint8_t)hash;
	b->used |= (uint16_t)(1u << way);
}

/* One bit for each used way whose tag is the hash's. */
static inline unsigned
matches(const struct bucket *b, uint64_t hash)
{
#if defined(__SSE2__)
	__m128i tags = _mm_loadu_si128((const __m128i *)(const void *)b);

	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(tags,
	    _mm_set1_epi8((char)hash))) & b->used;
#else
	unsigned bits = 0, i;

	for (i = 0; i < DICT_WAYS; i++)
		bits |= (unsigned)(b->tag[i] == (uint8_t)hash) << i;
	return bits & b->used;
#endif
}

/* How many buckets from home on must be looked at. */
static inline uint32_t
probes(struct segment s, uint32_t home)
{
	if (likely(s.bucket[home].spilled == 0))
		return 1;
	return s.buckets < DICT_PROBES ? s.buckets : DICT_PROBES;
}

static inline uint32_t
after(struct segment s, uint32_t i)
{
	return i + 1 < s.buckets ? i + 1 : 0;
}

void *
dict_find(const struct dict *d, const struct dict_kind *kind, uint64_t hash,
    const void *wanted)
{
	struct segment s;
	uint32_t i, left;

	if (d->root == 0)
		return NULL;
	s = unpack(*word_of(d, hash));
	i = home_of(s, hash);
	for (left = probes(s, i); left > 0; left--, i = after(s, i)) {
		unsigned bits = matches(&s.bucket[i], hash);

		for (; bits != 0; bits &= bits - 1) {
			void *block = entry_at(&s.bucket[i],
			    (unsigned)__builtin_ctz(bits));

			if (likely(kind->is(block, wanted)))
				return block;
		}
	}
	return NULL;
}

/* Where an entry is: its bucket and way; it must be there. */
static struct bucket *
locate(const struct dict *d, uint64_t hash, const void *block, unsigned *way,
    struct bucket **home)
{
	struct segment s = unpack(*word_of(d, hash));
	uint32_t i = home_of(s, hash), left = probes(s, i);

	*home = &s.bucket[i];
	for (; left > 0; left--, i = after(s, i)) {
		unsigned bits = matches(&s.bucket[i], hash);

		for (; bits != 0; bits &= bits - 1) {
			*way = (unsigned)__builtin_ctz(bits);
			if (entry_at(&s.bucket[i], *way) == block)
				return &s.bucket[i];
		}
	}
	never("an entry that is to be changed is in its dict");
}

void
dict_swap(struct txn *t, struct dict *d, uint64_t hash, const void *from,
    void *to)
{
	struct bucket *home, *b;
	unsigned way;
	uint64_t ref = ((uint64_t)(uintptr_t)to - PLACE_BASE) >> 3;

	b = locate(d, hash, from, &way, &home);
	txn_note(t, b->ref[way], 5);
	memcpy(b->ref[way], &ref, 5);
	FAULT(SWAPPED);
}

/* Puts an entry into a segment; false when its three buckets are full. */
static bool
place(struct txn *t, struct segment s, uint64_t hash, const void *block,
    bool is_new)
{
	uint32_t home = home_of(s, hash), i = home, left;

	left = s.buckets < DICT_PROBES ? s.buckets : DICT_PROBES;
	for (; left > 0; left--, i = after(s, i)) {
		struct bucket *b = &s.bucket[i];

		if (b->used == WAYS_MASK)
			continue;
		if (!is_new)
			txn_note(t, b, sizeof(*b));
		entry_put(b, (unsigned)__builtin_ctz(~(unsigned)b->used), hash,
		    block);
		if (i != home) {
			if (!is_new)
				txn_note(t, &s.bucket[home].spilled, 2);
			s.bucket[home].spilled++;
		}
		return true;
	}
	return false;
}

static struct segment
new_segment(struct txn *t, uint32_t buckets, uint32_t depth)
{
	struct segment s = { txn_alloc(t, buckets * sizeof(struct bucket)),
	    buckets, depth };

	memset(s.bucket, 0, buckets * sizeof(struct bucket));
	return s;
}

static uint32_t
larger(uint32_t buckets)
{
	uint32_t step = buckets / 8 > 0 ? buckets / 8 : 1;

	return buckets + step < DICT_BUCKETS_MAX ?
	    buckets + step : DICT_BUCKETS_MAX;
}

/*
 * Moves the entries of `from` into to[hash bit]: one segment for a rebuild
 * (to[0] twice), two for a split.  False when some bucket is too full.
 */
static bool
refill(struct txn *t, const struct dict_kind *kind, struct segment from,
    const struct segment to[2])
{
	uint32_t i;

	for (i = 0; i < from.buckets; i++) {
		unsigned bits = from.bucket[i].used;

		for (; bits != 0; bits &= bits - 1)
			__builtin_prefetch(entry_at(&from.bucket[i],
			    (unsigned)__builtin_ctz(bits)));
	}
	for (i = 0; i < from.buckets; i++) {
		unsigned bits = from.bucket[i].used;

		for (; bits != 0; bits &= bits - 1) {
			void *block = entry_at(&from.bucket[i],
			    (unsigned)__builtin_ctz(bits));
			uint64_t hash = kind->hash(block);
			unsigned side = to[0].depth > from.depth ?
			    hash >> (63 - from.depth) & 1 : 0;

			if (!place(t, to[side], hash, block, true))
				return false;
		}
	}
	return true;
}

/* Links a segment in all directory words it covers. */
static void
link_segment(struct txn *t, struct dict *d, uint64_t hash, struct segment s)
{
	uint64_t span = 1ull << (d->depth - s.depth), i;
	uint64_t *word = word_of(d, s.depth == 0 ? 0 :
	    hash >> (64 - s.depth) << (64 - s.depth));

	txn_note(t, word, span * 8);
	for (i = 0; i < span; i++)
		word[i] = pack(s.bucket, s.buckets, s.depth);
}

static bool
rebuild(struct txn *t, struct dict *d, const struct dict_kind *kind,
    uint64_t hash, struct segment old, uint32_t buckets)
{
	struct segment s[2];

	s[0] = new_segment(t, buckets, old.depth);
	s[1] = s[0];
	if (!refill(t, kind, old, s)) {
		txn_free(t, s[0].bucket);
		return false;
	}
	link_segment(t, d, hash, s[0]);
	txn_free(t, old.bucket);
	return true;
}

static void
double_directory(struct txn *t, struct dict *d)
{
	uint64_t count = 1ull << d->depth, i;
	const uint64_t *from = word_of(d, 0);
	uint64_t *to = txn_alloc(t, count * 16);

	must(d->depth < DEPTH_MAX, "a directory has at most 2^30 words");
	for (i = 0; i < count; i++)
		to[2 * i] = to[2 * i + 1] = from[i];
	if (d->depth > 0)
		txn_free(t, from);
	txn_note(t, d, sizeof(*d));
	d->root = (uint64_t)(uintptr_t)to;
	d->depth++;
}

/* Splits a full segment; a half may turn out too full at first: it grows. */
static void
split(struct txn *t, struct dict *d, const struct dict_kind *kind,
    uint64_t hash, struct segment old)
{
	uint32_t buckets = DICT_BUCKETS_MAX / 2 + DICT_BUCKETS_MAX / 8;
	struct segment s[2];

	must(old.depth < 31, "hashes are spread well enough to split");
	if (old.depth == d->depth)
		double_directory(t, d);
	for (;; buckets = larger(buckets)) {
		s[0] = new_segment(t, buckets, old.depth + 1);
		s[1] = new_segment(t, buckets, old.depth + 1);
		if (refill(t, kind, old, s))
			break;
		txn_free(t, s[0].bucket);
		txn_free(t, s[1].bucket);
		must(buckets < DICT_BUCKETS_MAX,
		    "half of a full segment fits a new one");
	}
	link_segment(t, d, hash & ~(1ull << (63 - old.depth)), s[0]);
	link_segment(t, d, hash | 1ull << (63 - old.depth), s[1]);
	txn_free(t, old.bucket);
}

static void
grow(struct txn *t, struct dict *d, const struct dict_kind *kind, uint64_t hash)
{
	struct segment s;
	uint32_t buckets;

	if (d->root == 0) {
		s = new_segment(t, 1, 0);
		txn_note(t, d, sizeof(*d));
		d->magic = DICT_MAGIC;
		d->depth = 0;
		d->root = pack(s.bucket, 1, 0);
		return;
	}
	s = unpack(*word_of(d, hash));
	for (buckets = s.buckets; buckets < DICT_BUCKETS_MAX;) {
		buckets = larger(buckets);
		if (rebuild(t, d, kind, hash, s, buckets))
			return;
	}
	split(t, d, kind, hash, s);
}

void
dict_reserve(struct txn *t, struct dict *d, uint64_t count)
{
	const uint64_t full = DICT_BUCKETS_MAX * RESERVE_WAYS;
	struct segment s = { NULL, 0, 0 };
	uint64_t *word = &d->root, i;

	must(d->root == 0, "an empty dict is given room");
	while (count >> s.depth > full)
		s.depth++;
	s.buckets = (uint32_t)((count >> s.depth) / RESERVE_WAYS + 1);
	if (s.buckets > DICT_BUCKETS_MAX)
		s.buckets = DICT_BUCKETS_MAX;
	if (s.depth > 0) {
		word = txn_alloc(t, sizeof(*word) << s.depth);
		d->root = (uint64_t)(uintptr_t)word;
	}
	for (i = 0; i < 1ull << s.depth; i++) {
		s = new_segment(t, s.buckets, s.depth);
		word[i] = pack(s.bucket, s.buckets, s.depth);
	}
	d->depth = s.depth;
	d->magic = DICT_MAGIC;
}

static inline void
enter(struct txn *t, struct dict *d, const struct dict_kind *kind,
    uint64_t hash, void *block, bool is_new)
{
	must(((uintptr_t)block & 7) == 0,
	    "an entry's address is a multiple of 8");
	while (d->root == 0 ||
	    !place(t, unpack(*word_of(d, hash)), hash, block, is_new)) {
		FAULT(GROWS);
		grow(t, d, kind, hash);
	}
	FAULT(ADDED);
}

void
dict_add(struct txn *t, struct dict *d, const struct dict_kind *kind,
    uint64_t hash, void *block)
{
	enter(t, d, kind, hash, block, false);
	txn_set64(t, &d->count, d->count + 1);
}

void
dict_fill(struct txn *t, struct dict *d, const struct dict_kind *kind,
    uint64_t hash, void *block)
{
	enter(t, d, kind, hash, block, true);
	d->count++;
}

/* Gives a segment with few entries a smaller array, when they fit. */
static void
shrink(struct txn *t, struct dict *d, const struct dict_kind *kind,
    uint64_t hash)
{
	struct segment s = unpack(*word_of(d, hash));
	uint32_t i, entries = 0, buckets;

	for (i = 0; i < s.buckets; i++)
		entries += (uint32_t)__builtin_popcount(s.bucket[i].used);
	if (entries * SHRINK_BELOW > s.buckets * DICT_WAYS)
		return;
	buckets = entries / (DICT_WAYS / 2) + 1;
	if (buckets < s.buckets)
		rebuild(t, d, kind, hash, s, buckets);
}

static void
free_array(void *arg, const void *block)
{
	txn_free(arg, block);
}

/* Frees the dict's own arrays and leaves it empty. */
static void
drop_arrays(struct txn *t, struct dict *d)
{
	dict_each_array(d, free_array, t);
	txn_note(t, d, sizeof(*d));
	d->root = 0;
	d->depth = 0;
	d->count = 0;
}

void
dict_remove(struct txn *t, struct dict *d, const struct dict_kind *kind,
    uint64_t hash, const void *block)
{
	struct bucket *home, *b;
	unsigned way;

	b = locate(d, hash, block, &way, &home);
	txn_note(t, &b->used, 4);
	b->used &= (uint16_t)~(1u << way);
	if (b != home) {
		txn_note(t, &home->spilled, 2);
		home->spilled--;
	}
	txn_set64(t, &d->count, d->count - 1);
	if (d->count == 0)
		drop_arrays(t, d);
	else if (b->used == 0)
		shrink(t, d, kind, hash);
}

/*
 * The segment of *hash; moves *hash to the next one's first.  False when it was
 * the last.
 */
static bool
next_segment(const struct dict *d, uint64_t *hash, struct segment *s)
{
	uint64_t width;

	*s = unpack(*word_of(d, *hash));
	if (s->depth == 0)
		return false;
	width = 1ull << (64 - s->depth);
	*hash = (*hash & ~(width - 1)) + width;
	return *hash != 0;
}

void
dict_each_array(const struct dict *d,
    void (*visit)(void *arg, const void *block), void *arg)
{
	uint64_t hash = 0;
	struct segment s;
	bool more = d->root != 0;

	while (more) {
		more = next_segment(d, &hash, &s);
		visit(arg, s.bucket);
	}
	if (d->depth > 0)
		visit(arg, (const void *)(uintptr_t)d->root);
}

struct walk {
	void (*visit)(void *arg, const void *block);
	void *arg;
};

static void
walk_entry(void *arg, void *block)
{
	const struct walk *w = arg;

	w->visit(w->arg, block);
}

void
dict_walk(const struct dict *d, void (*visit)(void *arg, const void *block),
    void *arg)
{
	struct walk w = { visit, arg };

	dict_each(d, walk_entry, &w);
	dict_each_array(d, visit, arg);
}

/* Entries lie anywhere: all of a bucket are fetched at once. */
static void
prefetch_entries(const struct bucket *b)
{
	unsigned bits = b->used;

	for (; bits != 0; bits &= bits - 1)
		__builtin_prefetch(entry_at(b, (unsigned)__builtin_ctz(bits)));
}

static void
visit_bucket(const struct bucket *b, void (*visit)(void *arg, void *block),
    void *arg)
{
	unsigned bits = b->used;

	for (; bits != 0; bits &= bits - 1)
		visit(arg, entry_at(b, (unsigned)__builtin_ctz(bits)));
}

void
dict_each(const struct dict *d, void (*visit)(void *arg, void *block),
    void *arg)
{
	uint64_t hash = 0;
	struct segment s;
	bool more = d->root != 0;
	uint32_t i;

	while (more) {
		more = next_segment(d, &hash, &s);
		prefetch_entries(&s.bucket[0]);
		for (i = 0; i < s.buckets; i++) {
			if (i + 1 < s.buckets)
				prefetch_entries(&s.bucket[i + 1]);
			visit_bucket(&s.bucket[i], visit, arg);
		}
	}
}

uint64_t
dict_scan_segment(const struct dict *d, const struct dict_kind *kind,
    uint64_t cursor, void (*visit)(void *arg, void *block), void *arg)
{
	uint64_t next = cursor;
	struct segment s;
	uint32_t i;
	bool is_whole;

	if (d->root == 0)
		return 0;
	if (!next_segment(d, &next, &s))
		next = 0;
	is_whole = s.depth == 0 ? cursor == 0 : cursor << s.depth == 0;
	prefetch_entries(&s.bucket[0]);
	for (i = 0; i < s.buckets; i++) {
		unsigned bits = s.bucket[i].used;

		if (i + 1 < s.buckets)
			prefetch_entries(&s.bucket[i + 1]);
		for (; bits != 0; bits &= bits - 1) {
			void *block = entry_at(&s.bucket[i],
			    (unsigned)__builtin_ctz(bits));

			if (is_whole || kind->hash(block) >= cursor)
				visit(arg, block);
		}
	}
	return next;
}

/* The first hash that belongs to bucket i of the segment around `hash`. */
static uint64_t
border(struct segment s, uint64_t hash, uint32_t i)
{
	uint64_t base = s.depth == 0 ? 0 :
	    hash >> (64 - s.depth) << (64 - s.depth);
	uint64_t in = (((uint64_t)i << 32) + s.buckets - 1) / s.buckets;

	return base + (in << 32 >> s.depth);
}

uint64_t
dict_scan(const struct dict *d, const struct dict_kind *kind, uint64_t cursor,
    void (*visit)(void *arg, void *block), void *arg)
{
	struct segment s;
	uint32_t home, i, left;

	if (d->root == 0)
		return 0;
	s = unpack(*word_of(d, cursor));
	home = home_of(s, cursor);
	prefetch_entries(&s.bucket[home]);
	for (i = home, left = probes(s, home); left > 0;
	    left--, i = after(s, i)) {
		unsigned bits = s.bucket[i].used;

		for (; bits != 0; bits &= bits - 1) {
			void *block = entry_at(&s.bucket[i],
			    (unsigned)__builtin_ctz(bits));
			uint64_t hash = kind->hash(block);

			/*
			 * Others' entries lie here too, and they may have been
			 * seen.
			 */
			if (home_of(s, hash) == home && hash >= cursor)
				visit(arg, block);
		}
	}
	if (home + 1 < s.buckets)
		return border(s, cursor, home + 1);
	if (s.depth == 0)
		return 0;
	return (cursor >> (64 - s.depth) << (64 - s.depth)) +
	    (1ull << (64 - s.depth));
}

void *
dict_random(const struct dict *d, uint64_t random)
{
	struct segment s;
	uint32_t i;
	int tries;

	if (d->count == 0)
		return NULL;
	/*
	 * A random way of a random bucket: empty ways are thrown again, so
	 * that crowded buckets are not at a disadvantage.
	 */
	for (tries = 0; tries < 256; tries++) {
		unsigned way;

		random = random * 6364136223846793005ull +
		    1442695040888963407ull;
		s = unpack(*word_of(d, random));
		i = home_of(s, random);
		way = (unsigned)((random & 0xffff) * DICT_WAYS >> 16);
		if (s.bucket[i].used >> way & 1)
			return entry_at(&s.bucket[i], way);
	}
	/* Nearly empty: the first one behind a random place. */
	for (;;) {
		for (; i < s.buckets; i++)
			if (s.bucket[i].used != 0)
				return entry_at(&s.bucket[i], (unsigned)
				    __builtin_ctz(s.bucket[i].used));
		next_segment(d, &random, &s);
		s = unpack(*word_of(d, random));
		i = 0;
	}
}

const struct bucket *
dict_hint_bucket(const struct dict *d, uint64_t hash)
{
	uint64_t root = word_load(&d->root), bytes = PLACE->bytes, at;
	uint32_t depth = word_load(&d->depth);
	struct segment s;

	if (root == 0 || depth > DEPTH_MAX)
		return NULL;
	if (depth > 0) {
		at = root + (hash >> (64 - depth)) * 8;
		if (at - PLACE_BASE > bytes - 8)
			return NULL;
		root = *(const uint64_t *)(uintptr_t)at;
	}
	s = unpack(root);
	at = (uint64_t)(uintptr_t)(s.bucket + home_of(s, hash)) - PLACE_BASE;
	return at <= bytes - sizeof(struct bucket) ?
	    s.bucket + home_of(s, hash) : NULL;
}

const void *
dict_hint_entry(const struct bucket *b, uint64_t hash)
{
	uint64_t bytes = PLACE->bytes;
	/* The bucket may be something else by now. */
	unsigned bits = matches(b, hash) & WAYS_MASK;
	const char *entry;

	/* One in fifteen lies in the next bucket. */
	if (bits == 0 && b->spilled != 0 &&
	    (uint64_t)(uintptr_t)(b + 2) - PLACE_BASE <= bytes)
		bits = matches(++b, hash) & WAYS_MASK;
	if (bits == 0)
		return NULL;
	entry = entry_at(b, (unsigned)__builtin_ctz(bits));
	return (uint64_t)(uintptr_t)entry - PLACE_BASE <= bytes - DICT_HINT ?
	    entry : NULL;
}
