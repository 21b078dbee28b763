#include "daemon/memory.h"

#include <stdio.h>
#include <sys/sysinfo.h>

uint64_t
memory_machine(bool with_swap)
{
	struct sysinfo info;

	if (sysinfo(&info) != 0)
		return 1ull << 30;
	return ((uint64_t)info.totalram + (with_swap ? info.totalswap : 0)) *
	    info.mem_unit;
}

uint64_t
memory_heap(const struct options *o)
{
	return o->shm_size > 0 ? (uint64_t)o->shm_size : memory_machine(false);
}

bool
memory_is_doubtful(const struct options *o, uint64_t heap_bytes,
    char doubt[MEMORY_DOUBT])
{
	if ((uint64_t)o->maxmemory <= heap_bytes)
		return false;
	snprintf(doubt, MEMORY_DOUBT, "maxmemory is %lld bytes, but there is "
	    "a heap of %llu only (shm-size): commands that need memory are "
	    "refused when that is full", (long long)o->maxmemory,
	    (unsigned long long)heap_bytes);
	return true;
}
