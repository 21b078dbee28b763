/*
 * slow - commands that took long, and spikes of latency
 *
 * Writer:   each worker its own rings, in its area
 * Readers:  SLOWLOG and LATENCY of any worker; a row whose sequence changes
 *           while it is copied is skipped
 * Life:     as long as the region
 *
 * Ids go up over all workers, so that forgetting is one word: everything
 * below it is gone (region_common.slow_from).
 *
 * An entry keeps what Redis keeps: at most 32 arguments of 128 bytes.
 *
 * Not here: what counts as long (daemon/net_watch.c).
 */
#ifndef SHM_SLOW_H
#define SHM_SLOW_H

#include "proto/slice.h"
#include "shm/word.h"

#define SLOW_ROWS 1024       /* per worker; slowlog-max-len is what is shown */
#define SLOW_ARGS 32
#define SLOW_ARG_BYTES 128
#define SLOW_TEXT 2048       /* of all arguments of an entry */

struct slow_row {
	uint32_t sequence;   /* odd while being written */
	uint32_t args;
	uint64_t id;         /* 0: empty; else goes up over all workers */
	int64_t when_s;      /* UNIX time */
	int64_t took_us;
	char peer[64];
	char name[64];
	uint16_t bytes[SLOW_ARGS];
	char text[SLOW_TEXT];
};

#define SLOW_SAMPLES 160     /* per event */
enum slow_event { SLOW_COMMAND, SLOW_FAST_COMMAND, SLOW_EXPIRE, SLOW_EVENTS };
struct slow_sample {
	uint64_t id;         /* 0: empty */
	int64_t when_s;
	int64_t ms;
};

struct slow {
	uint64_t next;       /* rows written so far */
	struct slow_row row[SLOW_ROWS];
	struct slow_history {
		uint64_t next;
		struct slow_sample sample[SLOW_SAMPLES];
	} event[SLOW_EVENTS];
};

/* Writes an entry down; arguments are shortened as Redis shortens them. */
void slow_add(struct slow *s, uint64_t id, int64_t when_s, int64_t took_us,
    const struct slice *argv, int argc, struct slice peer, struct slice name);

/* Copies row i; false when it is empty or being written. */
bool slow_read(const struct slow *s, int i, struct slow_row *copy);

/* A spike of an event: one sample a second, the worst of it. */
void slow_spike(struct slow *s, enum slow_event event, uint64_t id,
    int64_t when_s, int64_t ms);

#endif
