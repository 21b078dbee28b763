/*
 * cmd_cluster_info - CLUSTER INFO
 *
 * Sums are of the worker's copy of the map, counters are control's.
 *
 * Source of the form: redis-server 7.
 *
 * Not here: the other words of CLUSTER (cmd_cluster.c).
 */
#include "daemon/call.h"
#include "daemon/clock.h"
#include "daemon/net_place.h"

#include <stdio.h>

static const struct {
	const char *name;
	unsigned type;
} messages[] = {
	{ "ping", BUS_PING }, { "pong", BUS_PONG }, { "meet", BUS_MEET },
	{ "fail", BUS_FAIL }, { "publish", BUS_PUBLISH },
	{ "auth-req", BUS_AUTH_REQUEST }, { "auth-ack", BUS_AUTH_ACK },
	{ "update", BUS_UPDATE }, { "mfstart", BUS_MFSTART },
	{ "module", BUS_MODULE }, { "publishshard", BUS_PUBLISHSHARD },
	{ "own", MAP_OWN },
};

#define INFO_ROOM 8192

struct info {
	char text[INFO_ROOM];
	size_t used;
};

static void put(struct info *p, const char *format, unsigned long long n)
    __attribute__((format(printf, 2, 0)));
static void
put(struct info *p, const char *format, unsigned long long n)
{
	p->used += (size_t)snprintf(p->text + p->used,
	    sizeof(p->text) - p->used, format, n);
	must(p->used < sizeof(p->text), "CLUSTER INFO fits its room");
}

static void
put_messages(struct info *p, const uint64_t *counts, const char *way)
{
	uint64_t all = 0;
	char format[64];
	size_t i;

	for (i = 0; i < COUNT(messages); i++) {
		uint64_t n = word_load(&counts[messages[i].type]);

		all += n;
		snprintf(format, sizeof(format),
		    "cluster_stats_messages_%s_%s:%%llu\r\n",
		    messages[i].name, way);
		if (n > 0)
			put(p, format, n);
	}
	snprintf(format, sizeof(format),
	    "cluster_stats_messages_%s:%%llu\r\n", way);
	put(p, format, all);
}

struct sums {
	unsigned assigned, ok, pfail, fail, known, size;
};

static void
sum_up(const struct map *m, struct sums *s)
{
	bool has_slots[MAP_NODES] = { false };
	unsigned slot;
	uint32_t i;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		uint16_t owner = m->owner[slot];

		if (owner == MAP_NOBODY)
			continue;
		has_slots[owner] = true;
		s->assigned++;
		if (m->node[owner].flags & BUS_IS_FAIL)
			s->fail++;
		else if (m->node[owner].flags & BUS_IS_PFAIL)
			s->pfail++;
		else
			s->ok++;
	}
	for (i = 0; i < m->count; i++) {
		s->known += map_has_node(m, i);
		s->size += has_slots[i];
	}
}

/* The epoch under which this node, or its primary, has its slots. */
static uint64_t
my_epoch(const struct map *m)
{
	uint16_t primary = m->node[MAP_SELF].primary;

	return m->node[primary != MAP_NOBODY ? primary :
	    MAP_SELF].config_epoch;
}

/* Keys that a primary has in slots which are others'. */
static uint64_t
keys_aside(const struct map *m)
{
	uint64_t keys = 0;
	unsigned slot;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		if (m->owner[slot] != MAP_SELF && m->comes[slot] == MAP_NOBODY)
			keys += word_load(
			    &REGION->common.slot[slot].keys.count);
	return keys;
}

/* Fields of ours: what Redis has not. */
static void
put_lease(struct info *p)
{
	static const char *const states[] = {
#define LEASE(id, word, words) "cluster_write_lease:" word "\r\n",
#include "cluster/lease.def"
	}, *const hindrances[] = {
#define HINDRANCE(id, word, words) \
		"cluster_failover_hindrance:" word "\r\n",
#include "cluster/hindrance.def"
	};
	const struct region_lease *l = &REGION->ctl.lease;
	int64_t end = word_load(&REGION->state.lease_ms);
	int64_t now = clock_steady_ms();

	put(p, states[word_load(&l->state)], 0);
	put(p, "cluster_write_lease_left_ms:%llu\r\n",
	    end == INT64_MAX || end < now ? 0 :
	    (unsigned long long)(end - now));
	put(p, "cluster_write_lease_grants:%llu\r\n",
	    word_load(&l->granted));
	put(p, "cluster_write_lease_wanted:%llu\r\n", word_load(&l->wanted));
	put(p, "cluster_write_lease_lost:%llu\r\n", word_load(&l->lost));
	put(p, hindrances[word_load(&l->hindrance)], 0);
}

void
cmd_cluster_info(struct call *c)
{
	struct info p = { .used = 0 };
	struct sums s = { 0 };
	const struct map *m;

	if (!place_has_cluster(c))
		return;
	m = place_map(c->worker);
	sum_up(m, &s);
	put(&p, m->is_ok ? "cluster_state:ok\r\n" : "cluster_state:fail\r\n",
	    0);
	put(&p, "cluster_slots_assigned:%llu\r\n", s.assigned);
	put(&p, "cluster_slots_ok:%llu\r\n", s.ok);
	put(&p, "cluster_slots_pfail:%llu\r\n", s.pfail);
	put(&p, "cluster_slots_fail:%llu\r\n", s.fail);
	put(&p, "cluster_known_nodes:%llu\r\n", s.known);
	put(&p, "cluster_size:%llu\r\n", s.size);
	put(&p, "cluster_current_epoch:%llu\r\n", m->epoch);
	put(&p, "cluster_my_epoch:%llu\r\n", my_epoch(m));
	put_messages(&p, REGION->map.sent, "sent");
	put_messages(&p, REGION->map.received, "received");
	if (m->node[MAP_SELF].flags & BUS_IS_PRIMARY)
		put(&p, "cluster_keys_set_aside:%llu\r\n", keys_aside(m));
	put(&p, "cluster_stats_messages_odd:%llu\r\n",
	    word_load(&REGION->map.odd));
	put(&p, "total_cluster_links_turned_away:%llu\r\n",
	    word_load(&REGION->map.turned_away));
	put(&p, "total_cluster_links_buffer_limit_exceeded:%llu\r\n",
	    word_load(&REGION->map.overfull));
	put_lease(&p);
	reply_verbatim(c->reply, "txt", (struct slice){ p.text, p.used });
}
