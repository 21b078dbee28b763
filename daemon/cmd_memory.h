/*
 * cmd_memory - what memory the node uses, and for what
 *
 * Not here: where the memory comes from (shm/heap.h).
 */
#ifndef DAEMON_CMD_MEMORY_H
#define DAEMON_CMD_MEMORY_H

#include "daemon/net.h"

/* All in bytes, for the whole node. */
struct memory_sums {
	uint64_t used_bytes;    /* fixed, values, connections */
	uint64_t peak_bytes;
	uint64_t rss_bytes;     /* resident, of all processes */
	uint64_t fixed_bytes;   /* slots */
	uint64_t heap_bytes;    /* blocks of values and indexes */
	uint64_t span_bytes;    /* spans that hold them */
	uint64_t log_bytes;     /* written part of the log's ring */
	uint64_t client_bytes;  /* buffers of connections */
	uint64_t private_bytes; /* of this worker, as its allocator counts */
	const char *private_allocator;
};

/* Adds up what all processes use; w is the worker that asks. */
void memory_sum(struct worker *w, struct memory_sums *m);

#endif
