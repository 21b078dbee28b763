/*
 * feeds - the replicas that a worker feeds, as everybody sees them
 *
 * Writer:   the worker, row by row; control empties the rows of the dead
 * Readers:  INFO, ROLE, WAIT, min-replicas-*, in every worker
 * Life:     a row lives from PSYNC to the end of the connection
 *
 * A row's id is 0 when it is free; it is written last and cleared first.  What
 * changes afterwards is one word each, and right in itself.
 *
 *   hears    how many feeds have nothing on its way: the worker wants its bell
 *            rung when the log has grown
 *   awaits   somebody here waits until the log is committed (WAIT)
 *   held     the offset that the oldest reply held here waits for, 0: none is
 *   acks     goes up when some replica of ours has acknowledged more
 *   wants_role   1 + state.follows of the primary that gives us its role
 *
 * All wishes are set before is_asleep, so that whoever makes news after that
 * sees them.
 *
 * Not here: the feeding (daemon/net_feed.c).
 */
#ifndef SHM_FEEDS_H
#define SHM_FEEDS_H

#include "proto/slice.h"
#include "shm/word.h"

#define FEEDS_ROWS 64
#define FEEDS_IP 64

enum feeds_phase {
	FEEDS_WAITS,     /* for a snapshot to begin */
	FEEDS_LOADS,     /* the snapshot is made or on its way */
	FEEDS_ONLINE     /* gets the log */
};

struct feeds_row {
	uint64_t id;         /* of the client, 0: the row is free */
	uint32_t phase;      /* enum feeds_phase */
	uint32_t port;       /* it listens on */
	char ip[FEEDS_IP];
	uint64_t sent;       /* offset of the log's next byte for it */
	uint64_t got;        /* offset it has acknowledged */
	uint64_t kept;       /* offset it has on disk (FACK) */
	int64_t heard_ms;    /* UNIX time of the last acknowledgement */
	/* of its snapshot: sent, in all (0: not known yet) */
	uint64_t snap_sent, snap_bytes;
};

struct feeds {
	uint32_t count;      /* rows in use */
	uint32_t hears;
	uint32_t awaits;
	uint32_t rows;       /* that were ever used: the others are free */
	uint64_t held;
	uint64_t acks;
	uint64_t wants_role;
	struct feeds_row row[FEEDS_ROWS];
};

/* A free row, filled with zeros, or NULL; it is seen when its id is set. */
struct feeds_row *feeds_take(struct feeds *f);
void feeds_give(struct feeds *f, struct feeds_row *r);

/* Frees all rows: the worker died or is newborn. */
void feeds_clear(struct feeds *f);

#endif
