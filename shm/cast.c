#include "shm/cast.h"

#include <string.h>

void
cast_init(struct cast *c)
{
	c->magic = CAST_MAGIC;
}

static struct cast_entry *
entry_at(const struct cast *c, uint64_t at)
{
	return (struct cast_entry *)(uintptr_t)(c->ring + at % CAST_BYTES);
}

/*
 * Where an entry of `bytes` goes: it lies in one piece, so the rest of the ring
 * may be filled.  What is overwritten is given up first.
 */
static uint64_t
make_room(struct cast *c, uint64_t bytes)
{
	uint64_t at = c->end, left = CAST_BYTES - at % CAST_BYTES;
	uint64_t skip = left < bytes ? left : 0;

	if (at + skip + bytes - c->first > CAST_BYTES) {
		word_store(&c->first, at + skip + bytes - CAST_BYTES);
		__atomic_thread_fence(__ATOMIC_RELEASE);
	}
	if (skip >= sizeof(struct cast_entry)) {
		struct cast_entry *fill = entry_at(c, at);

		fill->bytes = (uint32_t)skip;
		fill->kind = CAST_FILL;
	}
	return at + skip;
}

bool
cast_put(struct cast *c, uint32_t holder, enum cast_kind kind,
    uint64_t number, const struct slice *parts, int count)
{
	struct cast_entry *e;
	uint64_t bytes = sizeof(*e), text_bytes, at;
	char *to;
	int i;

	must(c->magic == CAST_MAGIC, "the broadcast ring has its magic number");
	for (i = 0; i < count; i++) {
		if (parts[i].bytes > CAST_ENTRY_MAX)
			return false;
		bytes += parts[i].bytes;
	}
	text_bytes = bytes - sizeof(*e);
	bytes = (bytes + 7) & ~7ull;
	if (bytes > CAST_ENTRY_MAX)
		return false;
	word_lock(&c->lock, holder);
	at = make_room(c, bytes);
	e = entry_at(c, at);
	e->bytes = (uint32_t)bytes;
	e->kind = (uint16_t)kind;
	e->sender = (uint16_t)((holder & 0xff) - 1);
	e->text_bytes = (uint32_t)text_bytes;
	e->spare = 0;
	e->number = number;
	to = e->text;
	for (i = 0; i < count; i++) {
		memcpy(to, parts[i].data, parts[i].bytes);
		to += parts[i].bytes;
	}
	word_store_release(&c->end, at + bytes);
	word_unlock(&c->lock);
	return true;
}

/* Whether what lies at `place` has been given up meanwhile. */
static bool
is_lost(const struct cast *c, uint64_t place)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return word_load(&c->first) > place;
}

int
cast_get(const struct cast *c, uint64_t *place, struct cast_entry *entry)
{
	while (*place != cast_end(c)) {
		uint64_t left = CAST_BYTES - *place % CAST_BYTES;
		const struct cast_entry *e = entry_at(c, *place);
		uint32_t bytes = left < sizeof(*e) ? (uint32_t)left :
		    word_load(&e->bytes);
		bool is_fill = left < sizeof(*e) || e->kind == CAST_FILL;

		if (!is_fill && !is_lost(c, *place))
			memcpy(entry, e, bytes);
		if (is_lost(c, *place)) {
			*place = cast_end(c);
			return -1;
		}
		*place += bytes;
		if (!is_fill)
			return 1;
	}
	return 0;
}
