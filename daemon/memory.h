/*
 * memory - how much there is for values
 *
 * Not here: the heap (shm/heap.h), who is refused when it is full
 * (daemon/net_gate.h).
 */
#ifndef DAEMON_MEMORY_H
#define DAEMON_MEMORY_H

#include "shm/option.h"

#define MEMORY_DOUBT 240

/* Bytes of the machine's memory. */
uint64_t memory_machine(bool with_swap);

/* Bytes of the heap that shm-size asks for. */
uint64_t memory_heap(const struct options *o);

/* What is strange about maxmemory beside such a heap; false: nothing. */
bool memory_is_doubtful(const struct options *o, uint64_t heap_bytes,
    char doubt[MEMORY_DOUBT]);

#endif
