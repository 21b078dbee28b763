/*
 * subs - how many subscribers a worker has for what, as everybody sees it
 *
 * Writer:   the worker; rows come and go under the lock of subs_head
 * Readers:  every worker: counts without a lock, names under it
 * Life:     as long as the region; a newborn worker empties what its
 *           predecessor left (subs_clear)
 *
 * A row is looked for from hash % SUBS_ROWS on, up to one that was never used
 * (hash 0).  Hash is written before count, and count 0 means that the row is
 * free.  The hash is keyed and of 64 bits; who counts takes it for the name.
 *
 * subs_head tells which workers have any (control takes the bits of the dead
 * out: from then on nobody looks at their rows), and has numbers that change
 * with what was entered, so that sums can be remembered.
 *
 * PUBLISH adds up the counts of a channel over the workers in `heard`, and of
 * all patterns that match, of which each worker keeps a list by
 * `patterns_version`.
 *
 * Not here: which connections these are (daemon/net_channel.h).
 */
#ifndef SHM_SUBS_H
#define SHM_SUBS_H

#include "shm/place.h"
#include "shm/word.h"

#define SUBS_ROWS (1u << 20)     /* a power of two; at most half are used */
#define SUBS_UNITS (1u << 20)
#define SUBS_TEXT 60             /* bytes of a name in one unit */
#define SUBS_NONE UINT32_MAX

enum subs_kind { SUBS_CHANNEL, SUBS_SHARD, SUBS_PATTERN, SUBS_KINDS };

struct subs_row {
	uint64_t hash;
	uint32_t count;          /* subscribers; 0: the row is free */
	uint32_t unit;           /* the name begins there */
};

/* What a name has besides its text. */
struct subs_name {
	uint32_t row;
	uint32_t text;           /* unit of the text */
	uint32_t bytes;
	uint32_t next, prev;     /* of the names of this kind, by unit */
};

struct subs_unit {
	uint32_t more;           /* the next unit of the text, of free ones */
	union {
		struct subs_name name;
		char text[SUBS_TEXT];
	};
};

struct subs {
	uint32_t count[SUBS_KINDS];      /* names */
	uint32_t first[SUBS_KINDS];      /* 1 + unit, 0: none */
	uint64_t text_bytes[SUBS_KINDS]; /* of all names */
	uint32_t top;                    /* units at and above are free */
	uint32_t free;                   /* 1 + unit of a chain, 0: none */
	uint32_t units_free;             /* in that chain */
	struct subs_row row[SUBS_ROWS];
	struct subs_unit unit[SUBS_UNITS];
} __attribute__((aligned(4096))); /* whole pages: they are discarded */

struct subs_head {
	uint32_t lock;
	uint64_t heard;          /* workers with subscribers to anything */
	uint64_t matching;       /* workers with subscribers to patterns */
	uint64_t version;        /* of all names */
	uint64_t patterns_version; /* of patterns and their counts */
};

static inline uint64_t
subs_hash(enum subs_kind kind, struct slice name)
{
	uint64_t hash = place_hash(name, 0x100 + (uint64_t)kind);

	return hash != 0 ? hash : 1;
}

/* Subscribers of what has this hash; without a lock. */
uint32_t subs_count(const struct subs *s, uint64_t hash);

/*
 * The worker's own: the unit of a name, SUBS_NONE when it has none; a new name
 * with count 0, SUBS_NONE when there is no room; its count; its end.  Adding
 * and removing are done under the lock of subs_head.
 */
uint32_t subs_find(const struct subs *s, uint64_t hash);
uint32_t subs_add(struct subs *s, enum subs_kind kind, uint64_t hash,
    struct slice name);
void subs_set_count(struct subs *s, uint32_t unit, uint32_t count);
void subs_remove(struct subs *s, enum subs_kind kind, uint32_t unit);

/* Any worker's names of a kind, under the lock; SUBS_NONE is the end. */
uint32_t subs_first(const struct subs *s, enum subs_kind kind);
uint32_t subs_next(const struct subs *s, uint32_t unit);
/* Its hash and its count; copies its bytes (subs_bytes()) to `to`. */
const struct subs_row *subs_row(const struct subs *s, uint32_t unit);
uint32_t subs_bytes(const struct subs *s, uint32_t unit);
void subs_copy(const struct subs *s, uint32_t unit, char *to);

/* Empties it: discard gives pages back, which read as zero afterwards. */
void subs_clear(struct subs *s, void (*discard)(void *at, size_t bytes));

#endif
