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
 * `first` moves on before the bytes it gives up are overwritten.
 */
#ifndef SHM_LOG_H
#define SHM_LOG_H

#include "proto/slice.h"
#include "shm/journal.h"

#define LOG_MAGIC 0x6c6f672d6f6e6531ull

struct log {
	uint64_t magic;
	uint64_t bytes;     /* size of the ring, a power of two */
	char *ring;
	uint32_t lock __attribute__((aligned(64)));
	int32_t db;         /* database the stream is in, -1: none selected */
	uint64_t end;       /* offset after the last record */
	uint64_t first;     /* offset of the oldest byte still here */
};

/* Makes an empty log over `bytes` (a power of two) at ring. */
void log_init(struct log *log, char *ring, uint64_t bytes);

/*
 * Appends records as one, behind a SELECT when the stream is not in their
 * first_db, and returns the offset after them; they leave the stream in db.  j
 * is the writer's journal: the place is noted there, so that mending can tell
 * whether it happened.
 */
uint64_t log_append(struct log *log, struct journal *j, uint32_t holder,
    int first_db, int db, const struct slice *parts, int count);

/* Whether what j was appending has been published. */
bool log_has(const struct log *log, const struct journal *j);

#endif
