/*
 * txn - one change of slots: everything or nothing
 *
 * A process has one struct txn.  A command runs between txn_begin() and
 * txn_commit(); in between every store into shared memory that existed before
 * is noted first (txn_note, txn_write, txn_move, txn_set64), memory is taken
 * with txn_alloc() and given up with txn_free(), and what replicas have to do
 * is told with txn_log().  A block allocated in this transaction needs no
 * notes.
 *
 *   commit  appends the records to the log (the commit point), forgets the
 *           notes, frees what was to be freed
 *   abort   copies the old bytes back, frees what was taken; nothing is logged
 *
 * txn_alloc() never returns NULL: when memory or journal run out it leaves the
 * command by txn_abort(), which jumps to whoever set `bail`.  So a command
 * function keeps no private memory that it would have to free itself: it uses
 * txn_scratch().
 *
 * Not here: which slots are locked, and when (shm/slot.h).
 */
#ifndef SHM_TXN_H
#define SHM_TXN_H

#include "proto/error.h"
#include "shm/heap.h"
#include "shm/log.h"
#include "shm/place.h"

#include <setjmp.h>

struct key;
struct slot;
struct snap;
struct snap_wish;

struct txn {
	struct journal *journal;
	struct heap_own *heap;
	struct log *log;          /* NULL: nothing is logged (units) */
	/* the process's heartbeat, NULL: none; long commands keep it going */
	uint64_t *beat;
	uint32_t holder;          /* our name in lock words */
	int64_t now_ms;           /* UNIX time of this turn of the loop */
	bool is_held;             /* nothing may be logged now */
	bool may_expire;          /* expired keys may be deleted now */
	bool sees_expired;        /* they are there, time or not */
	bool leaves_lru;          /* CLIENT NO-TOUCH */
	uint64_t hits, misses;    /* of slot_find(), for statistics */
	uint64_t expired;         /* keys deleted because their time had come */
	uint8_t logical[16];      /* database numbers as clients know them */
	/* offset after our last record, 0: none yet */
	uint64_t log_end;
	/*
	 * A snapshot that is being taken (shm/snap.h; NULL: there never is
	 * one), its number, 0 when there is none now, and the same while a
	 * command runs that may change values.
	 */
	struct snap *snap;
	uint32_t snap_serial, snap_now;
	struct snap_wish *wish;   /* to its saver */
	jmp_buf bail;             /* where txn_abort() goes */
	/* set by txn_abort: an error for the client */
	const char *why;
	/* records of this transaction: text, first and last database in it */
	struct {
		char *data;
		size_t used, room;
		int first_db, db, count;
		int messages;     /* of those, that change no data */
	} record;
	/* the one record, when it is still somewhere else */
	struct slice verbatim;
	/* records come to nothing */
	bool is_mute;
	/*
	 * Bytes of another node's stream, to be logged as they are instead of
	 * records by the commit of the transaction that is, or the next;
	 * they leave it in stream_db.
	 */
	struct slice stream;
	int stream_db;
	/* private memory until the end of the command */
	struct scratch { struct scratch *next; size_t used, room; } *scratch;
	/* in our area: keys per database, this process's share */
	int64_t *keys;
	int64_t *expires;         /* same, keys with a time to live */
	uint64_t *changes;        /* same, records logged; NULL: in units */
	/*
	 * Told of each changed key, and of the type it has now (-1: the key is
	 * gone); NULL in units (see slot_touch).
	 */
	void (*touched)(struct txn *t, struct slot *slot, uint64_t hash,
	    int type);
	void *owner;              /* of the hook: the process's own struct */
	/*
	 * enum option_event: those of keys that are told, 0: none; who is told;
	 * whether keys that are looked for in vain count.
	 */
	uint32_t events;
	bool tells_misses;
	void (*event)(struct txn *t, uint32_t class, const char *name,
	    const struct key *k);
};

/* Prepares t over what the process has; everything else zero. */
void txn_open(struct txn *t, struct journal *j, struct heap_own *heap,
    struct log *log, uint32_t holder);
void txn_close(struct txn *t);

/* Leaves the command: everything is taken back, `why` is answered. */
_Noreturn void txn_abort(struct txn *t, const char *why);

/* Notes bytes that are about to change. */
static inline void
txn_note(struct txn *t, const void *at, size_t bytes)
{
	if (unlikely(!journal_note(t->journal, at, bytes)))
		txn_abort(t, error_text[ERROR_JOURNAL_FULL]);
}

/*
 * Fills bytes of a new block from somewhere else, or with zeros: what is large
 * in steps of TXN_STEP bytes with a heartbeat each, because new memory may come
 * slowly.
 */
#define TXN_STEP (4u << 20)
void txn_fill_long(struct txn *t, char *to, const char *from, size_t bytes);

static inline void
txn_fill(struct txn *t, void *to, const void *from, size_t bytes)
{
	if (likely(bytes <= TXN_STEP))
		memcpy(to, from, bytes);
	else
		txn_fill_long(t, to, from, bytes);
}

static inline void
txn_zero(struct txn *t, void *to, size_t bytes)
{
	if (likely(bytes <= TXN_STEP))
		memset(to, 0, bytes);
	else
		txn_fill_long(t, to, NULL, bytes);
}

/* Notes the destination, then copies (regions of txn_move may overlap). */
static inline void
txn_write(struct txn *t, void *to, const void *from, size_t bytes)
{
	txn_note(t, to, bytes);
	memcpy(to, from, bytes);
}

static inline void
txn_move(struct txn *t, void *to, const void *from, size_t bytes)
{
	txn_note(t, to, bytes);
	memmove(to, from, bytes);
}

static inline void
txn_set64(struct txn *t, uint64_t *at, uint64_t value)
{
	txn_note(t, at, sizeof(*at));
	*at = value;
}

static inline void
txn_set32(struct txn *t, uint32_t *at, uint32_t value)
{
	txn_note(t, at, sizeof(*at));
	*at = value;
}

/*
 * What is noted from a mark on is forgotten again: for what changed nothing but
 * blocks of this transaction, through functions that can not know that.
 */
static inline uint64_t
txn_mark(const struct txn *t)
{
	return t->journal->undo;
}

static inline void
txn_forget(struct txn *t, uint64_t mark)
{
	must(mark <= t->journal->undo, "what is forgotten was noted");
	word_store(&t->journal->undo, mark);
}

/* Whether nothing was changed, taken, given up or told. */
static inline bool
txn_is_empty(const struct txn *t)
{
	return (t->journal->undo | t->journal->blocks | t->stream.bytes |
	    (uint64_t)t->record.count) == 0;
}

/* Says that this process is busy, not stuck; in loops over millions. */
static inline void
txn_beat(struct txn *t)
{
	if (t->beat != NULL)
		word_store(t->beat, *t->beat + 1);
}

/* A new block of at least `bytes`, 8-aligned, content undefined. */
void *txn_alloc(struct txn *t, size_t bytes);

/* Frees a block when (and only when) the transaction commits. */
void txn_free(struct txn *t, const void *block);

/* Whether this transaction has taken that block; looks through all it took. */
bool txn_has_taken(const struct txn *t, const void *block);

/* Bytes that fit into the block (its size class). */
static inline size_t
txn_block_bytes(const struct txn *t, const void *block)
{
	return heap_block_bytes(t->heap->heap, block);
}

/*
 * Private memory, 16-aligned, uninitialised, that lives until the end of the
 * command (also of an aborted one).
 */
void *txn_scratch(struct txn *t, size_t bytes);

/*
 * What replicas and the append-only file have to do: one command as RESP.
 * Several in one transaction become one MULTI ... EXEC.
 */
void txn_log(struct txn *t, int db, int argc, const struct slice *argv);

/* Same, arguments counted. */
#define txn_log2(t, db, a, b) txn_log((t), (db), 2, \
	(const struct slice[]){ (a), (b) })
#define txn_log3(t, db, a, b, c) txn_log((t), (db), 3, \
	(const struct slice[]){ (a), (b), (c) })
#define txn_log4(t, db, a, b, c, d) txn_log((t), (db), 4, \
	(const struct slice[]){ (a), (b), (c), (d) })

/*
 * Same as txn_log() for text that already is one RESP command and outlives the
 * commit.
 */
void txn_log_text(struct txn *t, int db, struct slice text);

/* Same as txn_log() for what changes no data: a message to subscribers. */
void txn_log_message(struct txn *t, int db, int argc,
    const struct slice *argv);

/* Gives up the scratch memory of a command that ran without a transaction. */
void txn_rest(struct txn *t);

/* The journal must be empty. */
void txn_begin(struct txn *t);
/*
 * Makes the change last: when it returns, it has happened and is in the log.
 * In two parts where slots are locked: once decided, the change has
 * happened and the slots can be let go; settling frees what was given up,
 * which may take long and ask the kernel.
 */
void txn_decide(struct txn *t);
void txn_settle(struct txn *t);
void txn_commit(struct txn *t);
/* Takes everything back, without jumping. */
void txn_undo(struct txn *t);
/*
 * Mending, by control, in two steps; each may be done again.  txn_judge()
 * decides whether what a dead process left in j has happened, and if not
 * copies the old bytes back; then the dead one's slots and the log's lock may
 * be let go.  txn_mend() sees to the blocks; then those of the heap.
 */
void txn_judge(struct journal *j, const struct log *log);
void txn_mend(struct journal *j, struct heap *heap, uint16_t dead_owner,
    const struct heap_mender *mender);

#endif
