/*
 * conns - the connections of a worker, for CLIENT LIST, KILL and UNBLOCK
 *
 * Writer:   the worker, row by row; control empties the rows of the dead
 * Readers:  everybody; a reader copies a row and drops the copy when `sequence`
 *           was odd or has changed meanwhile (conns_read)
 * Life:     a row lives from accept to close
 *
 * A row's id is 0 when it is free.  Free rows below `top` are a chain that
 * begins with `free`: 1 + the number of a row, 0 at the end.
 *
 * Numbers that change with every command (last use, buffers) are written
 * without a new sequence: each is one word and right in itself.
 *
 * Not here: the connections themselves (daemon/net_conn.h).
 */
#ifndef SHM_CONNS_H
#define SHM_CONNS_H

#include "proto/slice.h"
#include "shm/word.h"

#define CONNS_ROWS 65536
/* Room of names with their zero: longer ones are refused. */
#define CONNS_NAME 256
#define CONNS_LIB 128

struct conns_row {
	uint32_t sequence;     /* odd while being written */
	uint8_t db;            /* as the client selected it */
	uint8_t resp;
	uint8_t is_noevict, is_notouch;
	uint64_t id;           /* of the client, 0: the row is free */
	int64_t since_ms;      /* UNIX time of the accept */
	char addr[64], laddr[64];
	char name[CONNS_NAME], user[64];
	char lib_name[CONNS_LIB], lib_ver[CONNS_LIB];
	char flags[16];        /* as CLIENT LIST prints them: "N", "b", "xM" */
	int32_t fd, multi;     /* multi: commands queued, -1 outside MULTI */
	int32_t sub, psub, ssub, watch;
	uint32_t next_free;
	/* changed with every turn that serves the connection */
	uint64_t used_ms __attribute__((aligned(64)));
	uint32_t command;      /* enum command_id of the last one */
	uint32_t argv_bytes;
	uint64_t query_bytes, query_room, output_bytes, output_room;
	uint64_t total_bytes;
};

struct conns {
	uint32_t top;          /* rows at and above this are free */
	uint32_t free;
	uint32_t spare[14];
	struct conns_row row[CONNS_ROWS];
};

/* The worker changes a row between these two. */
static inline void
conns_change(struct conns_row *r)
{
	word_store(&r->sequence, r->sequence + 1);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void
conns_changed(struct conns_row *r)
{
	word_store_release(&r->sequence, r->sequence + 1);
}

/*
 * A free row, being changed: with an id, and nothing else in it.  The next
 * gives it back.
 */
struct conns_row *conns_take(struct conns *c, uint64_t id);
void conns_give(struct conns *c, struct conns_row *r);

/* Copies a row; false when it is free or was being changed. */
bool conns_read(const struct conns_row *r, struct conns_row *copy);

/* Frees all rows: the worker died or is newborn. */
void conns_clear(struct conns *c);

#endif
