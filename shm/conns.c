#include "shm/conns.h"

#include <string.h>

struct conns_row *
conns_take(struct conns *c, uint64_t id)
{
	uint32_t i = c->free != 0 ? c->free - 1 : c->top;
	struct conns_row *r = &c->row[i];

	must(i < CONNS_ROWS, "there are more rows than connections");
	if (c->free != 0)
		c->free = r->next_free;
	conns_change(r);
	memset(r->addr, 0, sizeof(*r) - offsetof(struct conns_row, addr));
	r->id = id;
	if (i == c->top)
		word_store_release(&c->top, i + 1);
	return r;
}

void
conns_give(struct conns *c, struct conns_row *r)
{
	conns_change(r);
	r->id = 0;
	r->next_free = c->free;
	c->free = (uint32_t)(r - c->row) + 1;
	conns_changed(r);
}

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
	c->free = 0;
}
