/*
 * map - the cluster as control sees it, for redirections and for CLUSTER
 *
 * Writer:   control
 * Readers:  workers, who copy it when its version is another one
 * Life:     as long as the region
 *
 * Two copies and a version, as the state page has them (shm/state.h).  This is
 * advice to clients: who may serve what is in the state, and what the map says
 * may be older or newer than that.
 *
 * Node 0 is the node itself.  A slot's owner, and where a slot of ours goes to
 * or comes from, are indexes of nodes or MAP_NOBODY.
 *
 * Not here: how control comes to know it (cluster/), redirections
 * (daemon/net_place.c).
 */
#ifndef SHM_MAP_H
#define SHM_MAP_H

#include "proto/bus.h"
#include "shm/word.h"

#define MAP_MAGIC 0x6d61702d6f662d74ull
#define MAP_NODES 1024
#define MAP_NOBODY UINT16_MAX
#define MAP_SELF 0
/* Types of messages: those below it as on the wire, and our own. */
#define MAP_OWN 15
#define MAP_TYPES 16

struct map_node {
	struct bus_id id, shard;
	char ip[BUS_IP], hostname[BUS_NAME], nodename[BUS_NAME];
	uint16_t port, pport, cport; /* pport: the other client port, or 0 */
	uint16_t flags;              /* enum bus_flag; MYSELF for node 0 */
	uint16_t primary;            /* a replica's, or MAP_NOBODY */
	uint64_t config_epoch, offset;
	bool is_filled;              /* a replica, with its primary's data */
	int64_t ping_ms, pong_ms;    /* UNIX time, 0: none */
	int64_t to_ms, from_ms;      /* since when there is a link, 0: none */
	uint64_t to_bytes, from_bytes; /* that wait for room in its socket */
};

struct map {
	uint64_t version;
	uint64_t epoch;              /* the greatest that was seen */
	uint32_t count;              /* entries of node[], at least 1 */
	bool is_ok;                  /* cluster_state */
	uint16_t owner[KEYSLOT_COUNT];
	uint16_t goes[KEYSLOT_COUNT], comes[KEYSLOT_COUNT];
	struct map_node node[MAP_NODES];
};

#define MAP_FIRST 1    /* the version of map_init() */

struct map_page {
	uint64_t magic;
	uint64_t version __attribute__((aligned(64)));
	/* messages of the bus by type; control counts, without a version */
	uint64_t sent[MAP_TYPES], received[MAP_TYPES];
	/* messages that are none; peers that were sent away; links that were
	 * closed since too much waited to be sent */
	uint64_t odd, turned_away, overfull;
	struct map copy[2] __attribute__((aligned(64)));
};

/* A map of one node without an id; nothing has an owner. */
void map_init(struct map_page *page);

/* Whether there is a node at that place. */
static inline bool
map_has_node(const struct map *m, uint32_t i)
{
	return !bus_id_is_none(&m->node[i].id);
}

/* The node of that id, or NULL. */
static inline const struct map_node *
map_find(const struct map *m, const struct bus_id *id)
{
	uint32_t i;

	for (i = 0; i < m->count; i++)
		if (map_has_node(m, i) && bus_id_is_equal(&m->node[i].id, id))
			return &m->node[i];
	return NULL;
}

/* Whether control has not told any yet. */
static inline bool
map_is_untold(const struct map_page *page)
{
	return word_load_acquire(&page->version) <= MAP_FIRST;
}

/* Control's next version, as the last one was; fill in and publish. */
struct map *map_next(struct map_page *page);
void map_publish(struct map_page *page);

/* Brings *mine up to date; mine->version is 0 in one that was never read. */
void map_read(const struct map_page *page, struct map *mine);

#endif
