/*
 * news - messages for subscribers, in one order for all workers
 *
 * Writers:  workers, under the lock word
 * Readers:  workers that have subscribers, each from a place of its own
 * Life:     as long as the region; who gets its first subscriber joins at the
 *           end, who loses the last one leaves, control takes the dead out
 *
 * A ring of entries.  An entry becomes visible by the one store of `end`, so a
 * writer that dies before has said nothing.  What a reader has not heard is
 * never overwritten: when there is no room, news_put() says so and the
 * writer keeps the entry for later.  Nobody waits inside this file.
 *
 * Messages are never lost and nobody is held up by a worker that is dead: a
 * slow reader (a long command) holds publishers up when it is half a ring
 * behind, a dead one until control has buried it.
 *
 * A letter is a message with its channel.  One that is larger than a piece
 * goes in several entries, the first of which has the head of all; entries of
 * other writers may lie between them.
 *
 * Not here: who subscribes to what (shm/subs.h), what workers tell each other
 * besides (shm/cast.h).
 */
#ifndef SHM_NEWS_H
#define SHM_NEWS_H

#include "proto/slice.h"
#include "shm/word.h"

#define NEWS_MAGIC 0x6e6577732d6f6e65ull
#define NEWS_BYTES (16ull << 20)
#define NEWS_PIECE (64u << 10)      /* largest text of an entry */
#define NEWS_READERS 64
#define NEWS_NOWHERE UINT64_MAX     /* the place of who does not read */

/*
 * What a letter is: text is the channel and the message as two RESP bulk
 * strings, just as subscribers get them.
 */
struct news_letter {
	uint64_t to;            /* bit i: worker i has subscribers for it */
	uint64_t hash;          /* of kind and channel: subs_hash() */
	uint64_t text_bytes;    /* of all pieces */
	uint16_t kind;          /* enum subs_kind: channel or shard channel */
	uint16_t is_for_bus;    /* control sends it to other nodes */
	uint32_t channel_at;    /* offset of the channel's bytes in the text */
	uint64_t channel_bytes;
	uint64_t message_at;    /* which ends 2 bytes before the text does */
	uint64_t number;        /* the sender's count of letters */
};

struct news_entry {
	uint32_t bytes;         /* of all, a multiple of 8; 0: to the end */
	uint32_t sender;        /* proc_name() */
	uint64_t piece_at;      /* offset in the text */
	uint64_t piece_bytes;
	struct news_letter letter; /* the same in all pieces */
	char piece[];
};

struct news {
	uint64_t magic;
	uint32_t lock __attribute__((aligned(64)));
	uint64_t end;           /* bytes ever put */
	uint64_t kept;          /* nobody reads below; may be too low */
	/* control's place, in its own page; or NULL */
	const uint64_t *control;
	/* readers' places, each written by its reader */
	struct { uint64_t place __attribute__((aligned(64))); }
	    reader[NEWS_READERS];
	char ring[NEWS_BYTES] __attribute__((aligned(64)));
};

/*
 * What control gives a worker to say: pieces of channel and message, one behind
 * the other.
 */
#define NEWS_FOR_PIECE (32u << 10)
struct news_for {
	uint64_t kind;          /* enum subs_kind */
	uint64_t number;        /* of the message */
	uint64_t channel_bytes, message_bytes;
	uint64_t piece_at, piece_bytes;
	char piece[];
};

/*
 * Makes an empty ring without readers of zeroed memory; control, which can not
 * take the lock, reads from *control on.
 */
void news_init(struct news *n, const uint64_t *control);

static inline uint64_t
news_end(const struct news *n)
{
	return word_load_acquire(&n->end);
}

/* Worker i reads from now on; the place. */
uint64_t news_join(struct news *n, uint32_t holder, int i);

/* Worker i has heard everything below place; NEWS_NOWHERE: it leaves. */
static inline void
news_heard(struct news *n, int i, uint64_t place)
{
	word_store_release(&n->reader[i].place, place);
}

/*
 * Puts a piece (of NEWS_PIECE bytes at most) of a letter's text; false when
 * there is no room now.
 */
bool news_put(struct news *n, uint32_t holder,
    const struct news_letter *letter, uint64_t piece_at, struct slice piece);

/*
 * Whether what lies at place has not been given up, for control: it has not
 * taken the lock when it joined, so the first that it reads may be gone.
 */
static inline bool
news_is_kept(const struct news *n, uint64_t place)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return word_load(&n->kept) <= place;
}

/* Whether some reader is half a ring behind. */
bool news_is_crowded(struct news *n, uint32_t holder);

/* Those that have not heard everything, one bit each. */
uint64_t news_laggards(const struct news *n);

/*
 * The next entry after *place, which moves on; NULL at the end.  It stays as it
 * is until its reader says that it has heard it.
 */
const struct news_entry *news_next(const struct news *n, uint64_t *place);

#endif
