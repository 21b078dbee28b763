/*
 * log - one stream of bytes that orders all writes
 *
 * Writers:  workers, each under the lock word, after all its slots are locked
 * Readers:  replica streams, logger, INFO; they read `end` with acquire and
 *           check after a copy that `first` has not passed what they copied
 * Life:     as long as the region
 *
 * Offsets count bytes since the beginning of the replication id, as Redis
 * counts them.  A record is copied under the lock and becomes visible by the
 * one store of `end`: there are no holes, and a writer that dies before that
 * store has written nothing.
 *
 * The bytes lie in chunks.  Chunk n of the stream is at table[n % LOG_TABLE];
 * [bottom, top) have memory.  Writers go round in as many chunks as
 * repl-backlog-size asks for; a record that is longer, or a reader that is
 * slower, gets more of them, up to `reach` bytes, and they are given back
 * afterwards.  So the backlog changes its size while the node runs, and no
 * record is too long for it.
 *
 * A writer may die at any store here.  The order makes that harmless: `first`
 * moves on before the bytes it gives up are overwritten; a chunk that was half
 * moved is found twice, and counts once; one that was on its way from the pool
 * is lost to it, which costs addresses and no memory.
 *
 * Not here: what records are (shm/txn.h), who reads (daemon/).
 */
#ifndef SHM_LOG_H
#define SHM_LOG_H

#include "proto/slice.h"
#include "shm/journal.h"

#define LOG_MAGIC 0x6c6f672d6f6e6531ull
#define LOG_CHUNK_BITS 16
#define LOG_CHUNK (1ull << LOG_CHUNK_BITS)
#define LOG_TABLE 65536        /* chunks of the stream that may be here */
#define LOG_READERS 256
#define LOG_SPARE_US 2000000
#define LOG_NOWHERE UINT64_MAX /* a reader's place before it has one */

/* Who needs the bytes from `at` on; `name` (0: free) as in lock words. */
struct log_reader {
	uint32_t name;
	uint32_t spare;
	uint64_t at;
};

struct log {
	uint64_t magic;
	char *base;         /* of the pool of chunks */
	uint32_t pool;      /* how many there are */
	uint32_t lock __attribute__((aligned(64)));
	int32_t db;         /* database the stream is in, -1: none selected */
	/* and when the log ends at db_end: this one */
	int32_t db_next;
	uint64_t db_end;
	uint64_t end;       /* offset after the last record */
	uint64_t first;     /* offset of the oldest byte still here */
	uint64_t bottom, top;
	uint64_t backlog;   /* bytes to keep */
	uint64_t reach;     /* bytes to keep for readers, at most */
	uint64_t pin;       /* kept from here on in any case, or NOWHERE */
	uint32_t made;      /* chunks of the pool that were ever used */
	/* given up: that still have memory, that have none any more */
	uint32_t frees, cleans;
	/* log_trim(): the fewest `frees` since, and how many of them may go */
	int64_t since_us;
	uint32_t fewest, spare;
	struct log_reader reader[LOG_READERS];
	uint32_t free[LOG_TABLE], clean[LOG_TABLE];
	uint32_t table[LOG_TABLE];
};

/* Makes an empty log whose chunks lie in `bytes` of sparse memory at base. */
void log_init(struct log *log, char *base, uint64_t bytes);

/*
 * What is kept for a partial resynchronisation, and for readers at most (0: all
 * that the pool can hold).
 */
void log_set_limits(struct log *log, uint64_t backlog, uint64_t reach);

/* The longest record that log_append() takes. */
uint64_t log_record_max(const struct log *log);

/*
 * Appends records as one, behind a SELECT when the stream is not in their
 * first_db, and returns the offset after them; they leave the stream in db.  j
 * is the writer's journal: the place is noted there, so that mending can tell
 * whether it happened.
 */
uint64_t log_append(struct log *log, struct journal *j, uint32_t holder,
    int first_db, int db, const struct slice *parts, int count);

/*
 * Appends bytes of somebody else's stream as they are: they leave it in db (or
 * -1).  Returns the offset after them.  Bytes and database are published as
 * one: who goes on after a writer's death finds both.
 */
uint64_t log_append_stream(struct log *log, struct journal *j, uint32_t holder,
    int db, struct slice text);

/* The database that the stream is in, -1: none selected. */
int log_db(const struct log *log);
/*
 * Appends a command that belongs to no database and leaves the stream in the
 * one it is in (PING, REPLCONF).  Returns the offset after it.
 */
uint64_t log_append_aside(struct log *log, struct journal *j, uint32_t holder,
    struct slice text);

/* Whether what j was appending has been published. */
bool log_has(const struct log *log, const struct journal *j);

/*
 * Forgets everything and goes on at an offset (of another node's stream, or of
 * a file), in database db (-1: in none).  Nobody else may append meanwhile;
 * readers find themselves out of reach.
 */
void log_restart(struct log *log, uint32_t holder, uint64_t offset,
    int db);

/* The next record begins with a SELECT. */
void log_leave_db(struct log *log, uint32_t holder);

/*
 * Copies up to `room` bytes from an offset on that are published; how many, or
 * -1 when they are not here (any more).
 */
int64_t log_read(const struct log *log, uint64_t at, char *to, size_t room);

/*
 * A reader's row, by which chunks are kept for it: -1 when all are taken, or
 * `at` is not here any more.  Its owner moves it on, and closes it.
 */
int log_reader_open(struct log *log, uint32_t name, uint64_t at);
void log_reader_move(struct log *log, int reader, uint64_t at);
void log_reader_close(struct log *log, int reader);
/* Closes those of a dead process. */
void log_reader_mend(struct log *log, uint32_t name);

/*
 * Everything from `at` on is kept as long as the pool lasts, whoever reads it,
 * until another `at` is said, or LOG_NOWHERE.  Who says it must know that `at`
 * is still here: it was pinned before, or nobody appends now.  log_restart()
 * moves it to the new offset.
 */
void log_pin(struct log *log, uint64_t at);

/*
 * Gives the memory of chunks that have not been needed for LOG_SPARE_US back
 * through punch, a few a call; now and then, by any writer.
 */
void log_trim(struct log *log, uint32_t holder, int64_t now_us,
    void (*punch)(void *at, size_t bytes));

/* Bytes of memory its chunks have. */
uint64_t log_bytes(const struct log *log);

#endif
