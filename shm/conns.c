#include "shm/conns.h"

#include <string.h>

bool
conns_read(const struct conns_row *r, struct conns_row *copy)
{
	uint32_t sequence = word_load_acquire(&r->sequence);

	if ((sequence & 1) != 0 || word_load(&r->id) == 0)
		return false;
	memcpy(copy, r, sizeof(*copy));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return word_load(&r->sequence) == sequence && copy->id != 0;
}

void
conns_clear(struct conns *c)
{
	uint32_t i;

	/* The row at `top` may have been taken just now: lowest ones first. */
	for (i = 0; i <= c->top && i < CONNS_ROWS; i++) {
		/* Even, whatever its writer was doing when it died. */
		word_store(&c->row[i].sequence, (c->row[i].sequence | 1) + 1);
		word_store(&c->row[i].id, 0);
	}
	word_store(&c->top, 0);
}
