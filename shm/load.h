/*
 * load - a data set on its way from a file into the slots
 *
 * The order is published by control (shm/state.h), one report a worker lies in
 * its area.  Every worker walks over the whole file and puts the keys of its
 * own slots (number modulo workers) in; so with commands of clients, which come
 * as a file of requests, where a worker's `at` also tells others that they may
 * go on.  Meanwhile the gate refuses what needs data.
 *
 * A worker that dies while it loads is followed by one that begins again: what
 * is put is put again.  One that finds that its predecessor was done is done.
 * Requests must not be executed twice: everything is flushed and loaded again
 * then.
 * The order has been obeyed when all reports bear its id and say so.
 *
 * LOAD_RESTS: nobody loads any more, all stand still (state.is_frozen), control
 * sets the log; requests are refused still.
 *
 * Not here: who orders what (daemon/ctl_load.c), who reads
 * (daemon/net_load.c).
 */
#ifndef SHM_LOAD_H
#define SHM_LOAD_H

#include "shm/word.h"

#define LOAD_FILE 512
#define LOAD_WHY 192

enum load_phase {
	LOAD_NONE,       /* clients are served */
	LOAD_UNDECIDED,  /* at the start: nobody is accepted yet */
	LOAD_RUNS,
	LOAD_RESTS
};

enum load_form { LOAD_NOTHING, LOAD_RDB, LOAD_REQUESTS };

/* What for; daemon/ctl_load.h says who is told of the end. */
enum load_cause { LOAD_FOR_START, LOAD_FOR_RELOAD, LOAD_FOR_SYNC,
	LOAD_FOR_RESET, LOAD_CAUSES };

enum load_result { LOAD_WORKS, LOAD_DONE, LOAD_FAILED,
	LOAD_LOST    /* who executed requests is dead: all begins again */
};

struct load_order {
	uint64_t id;         /* of this one; counted from 1 */
	uint32_t phase;      /* enum load_phase */
	uint32_t form;
	uint32_t cause;
	bool flushes;        /* everything that is there goes first */
	bool keeps_expired;  /* what follows will say that they are gone */
	bool has_rest;       /* behind the RDB's end something else begins */
	bool may_be_cut;     /* LOAD_REQUESTS: the last one may be incomplete */
	int64_t since_ms;    /* UNIX time */
	uint64_t from;       /* byte of the file where it begins */
	uint64_t bytes;      /* of the file */
	int64_t offset;      /* of the log afterwards; -1: as the file says */
	int32_t stream_db;   /* LOAD_REQUESTS: begins in; -1: in the first */
	/*
	 * One of several files (daemon/ctl_parts.h): which, and the log's
	 * offset where it begins, -1: not known.
	 */
	bool is_part;
	uint32_t part;
	int64_t part_offset;
	char replid[41];     /* to which that belongs; empty: same */
	char file[LOAD_FILE];
};

/* Writer: its worker.  id is written when the rest is about that order. */
struct load_report {
	uint64_t id;
	uint32_t result;     /* enum load_result */
	uint32_t beats;
	uint64_t at;         /* bytes of the file behind it */
	uint64_t end;        /* where what was read ends */
	uint64_t keys;       /* put */
	uint64_t expired;    /* left out because their time was over */
	uint64_t commands;   /* executed */
	int64_t why_at;      /* LOAD_FAILED: the byte, -1: no certain one */
	char why[LOAD_WHY];
	/* what the file says of itself; the first worker's */
	int64_t offset;      /* -1: nothing */
	int64_t stream_db;   /* that the stream is in there, -1: nothing */
	char replid[41];
};

#endif
