#include "shm/map.h"

#include <stddef.h>

/* What of a map is used. */
static size_t
map_bytes(const struct map *m)
{
	must(m->count >= 1 && m->count <= MAP_NODES,
	    "a map has room for its nodes");
	return offsetof(struct map, node) + m->count * sizeof(m->node[0]);
}

void
map_init(struct map_page *page)
{
	struct map *first = &page->copy[1];

	first->count = 1;
	first->node[MAP_SELF].flags = BUS_IS_MYSELF | BUS_IS_PRIMARY;
	first->node[MAP_SELF].primary = MAP_NOBODY;
	memset(first->owner, 0xff, sizeof(first->owner));
	memset(first->goes, 0xff, sizeof(first->goes));
	memset(first->comes, 0xff, sizeof(first->comes));
	first->version = MAP_FIRST;
	page->magic = MAP_MAGIC;
	word_store_release(&page->version, MAP_FIRST);
}

struct map *
map_next(struct map_page *page)
{
	const struct map *last = &page->copy[page->version & 1];
	struct map *next = &page->copy[(page->version + 1) & 1];

	must(page->magic == MAP_MAGIC, "the map has its magic number");
	memcpy(next, last, map_bytes(last));
	next->version = page->version + 1;
	return next;
}

void
map_publish(struct map_page *page)
{
	const struct map *next = &page->copy[(page->version + 1) & 1];

	must(next->version == page->version + 1 && map_bytes(next) > 0,
	    "what is published was begun with map_next()");
	word_store_release(&page->version, next->version);
}

void
map_read(const struct map_page *page, struct map *mine)
{
	uint64_t version;
	uint32_t count;

	must(page->magic == MAP_MAGIC, "the map has its magic number");
	while ((version = word_load_acquire(&page->version)) !=
	    mine->version) {
		const struct map *m = &page->copy[version & 1];

		count = word_load(&m->count);
		if (count > MAP_NODES)
			count = MAP_NODES;
		memcpy(mine, m, offsetof(struct map, node) +
		    count * sizeof(m->node[0]));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		/* A copy that was written meanwhile is read once more. */
		if (word_load(&page->version) != version)
			mine->version = 0;
	}
}
