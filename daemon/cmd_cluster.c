/*
 * cmd_cluster - what CLUSTER tells, and a connection's part in redirections
 *
 * All of it comes from the worker's copy of the map (shm/map.h).  NODES, SLOTS
 * and SHARDS are kept until the map is another one (daemon/ready.h).
 *
 * Source of the forms: redis-server 7 and Redis 7.2.
 *
 * Not here: CLUSTER INFO (cmd_cluster_info.c), what changes the cluster
 * (daemon/ctl_cluster.c), redirections (daemon/net_place.c).
 */
#include "daemon/call.h"
#include "daemon/clock.h"
#include "daemon/net_ask.h"
#include "daemon/net_let.h"
#include "daemon/net_place.h"
#include "daemon/ready.h"
#include "proto/error.h"
#include "proto/nodes_conf.h"
#include "proto/number.h"

#include <stdio.h>
#include <stdlib.h>

static void
reply_id(struct reply *r, const struct bus_id *id)
{
	reply_bulk(r, (struct slice){ id->text, BUS_ID });
}

/* --- a connection's part ----------------------------------------------- */

void
cmd_asking(struct call *c)
{
	if (!place_has_cluster(c))
		return;
	c->conn->is_asking = true;
	reply_ok(c->reply);
}

static void
set_reads_replica(struct call *c, bool reads_replica)
{
	if (!place_has_cluster(c))
		return;
	c->conn->reads_replica = reads_replica;
	conn_show(c->conn);
	reply_ok(c->reply);
}

void
cmd_readonly(struct call *c)
{
	set_reads_replica(c, true);
}

void
cmd_readwrite(struct call *c)
{
	set_reads_replica(c, false);
}

void
cmd_cluster_syncslots(struct call *c)
{
	const char *why;

	if (!place_has_cluster(c))
		return;
	why = let_begin(c->conn, c->argv[2], c->argv[3], c->argv[4]);
	if (why == NULL) {
		reply_ok(c->reply);
		return;
	}
	reply_errorf(c->reply, "ERR %s", why);
	conn_finish(c->conn);
}

/* --- slots of this node ------------------------------------------------ */

void
cmd_cluster_keyslot(struct call *c)
{
	if (place_has_cluster(c))
		reply_int(c->reply, keyslot_of(c->argv[2]));
}

static bool
read_slot(struct call *c, int i, const char *why, int64_t *slot)
{
	if (!call_int(c, i, slot))
		return false;
	if (*slot >= 0 && *slot < SLOT_COUNT)
		return true;
	reply_error(c->reply, why);
	return false;
}

/* The next one behind d, from d on, that is a name without a key here. */
static const struct moving *
find_deleted(const struct moving *d, int64_t slot)
{
	for (; d != NULL; d = d->next) {
		struct key k = { d->name, d->hash,
			&REGION->common.slot[slot], (uint8_t)d->db };

		if (slot_lying(&k) == NULL)
			break;
	}
	return d;
}

/*
 * What was deleted here, and perhaps not yet on the other side, is one of the
 * slot's keys until it is: tools give a slot away when it has none.
 */
static int64_t
count_deleted(struct call *c, int64_t slot)
{
	struct moving **first = &REGION->common.movings.first[slot];
	const struct moving *d;
	int64_t count = 0;
	bool visited;

	if (word_load(first) == NULL)
		return 0;
	visited = call_visit(c, (int)slot);
	for (d = *first; (d = find_deleted(d, slot)) != NULL; d = d->next)
		count++;
	call_unvisit(c, (int)slot, visited);
	return count;
}

void
cmd_cluster_countkeysinslot(struct call *c)
{
	int64_t slot;

	if (place_has_cluster(c) && read_slot(c, 2, "ERR Invalid slot", &slot))
		reply_int(c->reply, (int64_t)word_load(
		    &REGION->common.slot[slot].keys.count) +
		    count_deleted(c, slot));
}

struct names {
	struct call *call;
	int64_t left, put;
};

static void
put_name(void *arg, void *block)
{
	struct names *n = arg;
	const struct value *v = block;

	if (n->left == 0)
		return;
	n->left--;
	n->put++;
	reply_bulk(n->call->reply, value_key(v));
}

void
cmd_cluster_getkeysinslot(struct call *c)
{
	static const char why[] = "ERR Invalid slot or number of keys";
	struct names n = { .call = c };
	uint64_t cursor = 0;
	const struct moving *d;
	const struct dict *keys;
	int64_t slot;
	size_t place;
	bool visited;

	if (!place_has_cluster(c) || !read_slot(c, 2, why, &slot) ||
	    !call_int(c, 3, &n.left))
		return;
	if (n.left < 0) {
		reply_error(c->reply, why);
		return;
	}
	place = reply_later(c->reply);
	keys = &REGION->common.slot[slot].keys;
	visited = call_visit(c, (int)slot);
	do
		cursor = dict_scan(keys, &value_dict, cursor, put_name, &n);
	while (cursor != 0 && n.left > 0);
	d = REGION->common.movings.first[slot];
	for (; n.left > 0 && (d = find_deleted(d, slot)) != NULL; d = d->next) {
		n.left--;
		n.put++;
		reply_bulk(c->reply, d->name);
	}
	call_unvisit(c, (int)slot, visited);
	reply_later_set(c->reply, place, '*', n.put);
}

/* --- about nodes ------------------------------------------------------- */

void
cmd_cluster_myid(struct call *c)
{
	if (place_has_cluster(c))
		reply_id(c->reply, &place_map(c->worker)->node[MAP_SELF].id);
}

void
cmd_cluster_myshardid(struct call *c)
{
	if (place_has_cluster(c))
		reply_id(c->reply, &place_map(c->worker)->node[MAP_SELF].shard);
}

/* The node in argument i, or MAP_NOBODY with an error replied. */
static uint16_t
read_node(struct call *c, int i, const struct map *m)
{
	uint32_t n;

	for (n = 0; n < m->count; n++)
		if (map_has_node(m, n) && slice_equal(c->argv[i],
		    (struct slice){ m->node[n].id.text, BUS_ID }))
			return (uint16_t)n;
	reply_errorf(c->reply, "ERR Unknown node %.*s", (int)(c->argv[i].bytes <
	    BUS_ID ? c->argv[i].bytes : BUS_ID), c->argv[i].data);
	return MAP_NOBODY;
}

static void
list_slots(const struct map *m, uint16_t owner, uint8_t *bits)
{
	unsigned slot;

	memset(bits, 0, BUS_SLOT_BYTES);
	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		if (m->owner[slot] == owner)
			bus_add_slot(bits, slot);
}

static void
put_moves(struct nodes_conf_writer *w, const struct map *m)
{
	struct nodes_conf_range move;
	unsigned slot;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		bool goes = m->goes[slot] != MAP_NOBODY;

		if (!goes && m->comes[slot] == MAP_NOBODY)
			continue;
		move.what = goes ? NODES_CONF_MIGRATES : NODES_CONF_IMPORTS;
		move.first = move.last = (uint16_t)slot;
		move.other = m->node[goes ? m->goes[slot] :
		    m->comes[slot]].id;
		nodes_conf_put_move(w, &move);
	}
}

/* The line of a node, without its end. */
static void
put_line(struct nodes_conf_writer *w, const struct map *m, uint16_t i)
{
	const struct map_node *n = &m->node[i];
	struct nodes_conf_node line = { .id = n->id, .shard = n->shard,
		.port = n->port, .cport = n->cport, .flags = n->flags,
		.ping_ms = n->ping_ms, .pong_ms = n->pong_ms,
		.config_epoch = n->config_epoch,
		.is_connected = n->to_ms != 0 || i == MAP_SELF };
	uint8_t slots[BUS_SLOT_BYTES];

	if (n->primary != MAP_NOBODY)
		line.primary = m->node[n->primary].id;
	memcpy(line.ip, n->ip, sizeof(line.ip));
	memcpy(line.hostname, n->hostname, sizeof(line.hostname));
	memcpy(line.nodename, n->nodename, sizeof(line.nodename));
	list_slots(m, i, slots);
	nodes_conf_put_node(w, &line, slots, false);
	if (i == MAP_SELF)
		put_moves(w, m);
}

/* Room for lines of so many nodes. */
static struct nodes_conf_writer
open_lines(struct call *c, uint32_t nodes)
{
	struct nodes_conf_writer w;
	size_t room = NODES_CONF_ROOM(nodes);

	nodes_conf_begin(&w, txn_scratch(c->txn, room), room);
	return w;
}

static void
put_nodes(struct call *c, const void *map)
{
	const struct map *m = map;
	struct nodes_conf_writer w = open_lines(c, m->count);
	uint32_t i;

	for (i = 0; i < m->count; i++)
		if (map_has_node(m, i)) {
			put_line(&w, m, (uint16_t)i);
			nodes_conf_put_end(&w);
		}
	reply_verbatim(c->reply, "txt", (struct slice){ w.data, w.bytes });
}

void
cmd_cluster_replicas(struct call *c)
{
	const struct map *m;
	uint16_t of;
	int64_t count = 0;
	size_t place;
	uint32_t i;

	if (!place_has_cluster(c))
		return;
	m = place_map(c->worker);
	of = read_node(c, 2, m);
	if (of == MAP_NOBODY)
		return;
	if (!(m->node[of].flags & BUS_IS_PRIMARY)) {
		reply_error(c->reply,
		    "ERR The specified node is not a master");
		return;
	}
	place = reply_later(c->reply);
	for (i = 0; i < m->count; i++)
		if (map_has_node(m, i) && m->node[i].primary == of) {
			struct nodes_conf_writer w = open_lines(c, 1);

			put_line(&w, m, (uint16_t)i);
			reply_bulk(c->reply,
			    (struct slice){ w.data, w.bytes });
			count++;
		}
	reply_later_set(c->reply, place, '*', count);
}

static void
put_link(struct reply *r, const struct map_node *n, bool is_to,
    int64_t since_ms, uint64_t waits)
{
	reply_map(r, 6);
	reply_text(r, "direction");
	reply_text(r, is_to ? "to" : "from");
	reply_text(r, "node");
	reply_id(r, &n->id);
	reply_text(r, "create-time");
	reply_int(r, since_ms);
	reply_text(r, "events");
	reply_text(r, waits > 0 ? "rw" : "r");
	reply_text(r, "send-buffer-allocated");
	reply_int(r, (int64_t)waits);
	reply_text(r, "send-buffer-used");
	reply_int(r, (int64_t)waits);
}

void
cmd_cluster_links(struct call *c)
{
	const struct map *m;
	int64_t count = 0;
	size_t place;
	uint32_t i;

	if (!place_has_cluster(c))
		return;
	m = place_map(c->worker);
	place = reply_later(c->reply);
	for (i = 0; i < m->count; i++) {
		const struct map_node *n = &m->node[i];

		if (n->to_ms != 0)
			put_link(c->reply, n, true, n->to_ms, n->to_bytes);
		if (n->from_ms != 0)
			put_link(c->reply, n, false, n->from_ms,
			    n->from_bytes);
		count += (n->to_ms != 0) + (n->from_ms != 0);
	}
	reply_later_set(c->reply, place, '*', count);
}

/* --- SLOTS and SHARDS -------------------------------------------------- */

/* Whether clients may be sent to a replica for reading. */
static bool
is_replica_of(const struct map *m, uint32_t i, uint16_t of)
{
	const struct map_node *n = &m->node[i];

	return map_has_node(m, i) && n->primary == of &&
	    !(n->flags & BUS_IS_FAIL) && n->is_filled;
}

static void
put_endpoint(struct call *c, const struct map_node *n)
{
	if (call_options(c)->cluster_preferred_endpoint_type ==
	    ENDPOINT_UNKNOWN)
		reply_null(c->reply);
	else
		reply_text(c->reply, place_endpoint(c->worker, n));
}

static void
put_slots_node(struct call *c, const struct map_node *n)
{
	int64_t type = call_options(c)->cluster_preferred_endpoint_type;
	bool has_ip = type != ENDPOINT_IP;
	bool has_name = type != ENDPOINT_HOSTNAME && n->hostname[0] != 0;

	reply_array(c->reply, 4);
	put_endpoint(c, n);
	reply_int(c->reply, n->port);
	reply_id(c->reply, &n->id);
	reply_map(c->reply, has_ip + has_name);
	if (has_ip) {
		reply_text(c->reply, "ip");
		reply_text(c->reply, n->ip);
	}
	if (has_name) {
		reply_text(c->reply, "hostname");
		reply_text(c->reply, n->hostname);
	}
}

/* The end of the range of slots that begins here and has one owner. */
static unsigned
end_of_range(const struct map *m, unsigned slot)
{
	unsigned end = slot;

	while (end < KEYSLOT_COUNT && m->owner[end] == m->owner[slot])
		end++;
	return end;
}

static void
put_slots(struct call *c, const void *map)
{
	const struct map *m = map;
	size_t all = reply_later(c->reply), one;
	int64_t ranges = 0, parts;
	unsigned slot, end;
	uint32_t i;

	for (slot = 0; slot < KEYSLOT_COUNT; slot = end) {
		uint16_t owner = m->owner[slot];

		end = end_of_range(m, slot);
		if (owner == MAP_NOBODY)
			continue;
		ranges++;
		one = reply_later(c->reply);
		reply_int(c->reply, slot);
		reply_int(c->reply, end - 1);
		put_slots_node(c, &m->node[owner]);
		for (i = 0, parts = 3; i < m->count; i++)
			if (is_replica_of(m, i, owner)) {
				put_slots_node(c, &m->node[i]);
				parts++;
			}
		reply_later_set(c->reply, one, '*', parts);
	}
	reply_later_set(c->reply, all, '*', ranges);
}

static const char *
health(const struct map_node *n)
{
	if (n->flags & (BUS_IS_FAIL | BUS_IS_PFAIL))
		return "fail";
	return (n->flags & BUS_IS_REPLICA) && !n->is_filled ? "loading" :
	    "online";
}

static void
put_shards_node(struct call *c, const struct map_node *n)
{
	struct reply *r = c->reply;

	reply_map(r, 7 + (n->hostname[0] != 0));
	reply_text(r, "id");
	reply_id(r, &n->id);
	reply_text(r, "port");
	reply_int(r, n->port);
	reply_text(r, "ip");
	reply_text(r, n->ip);
	reply_text(r, "endpoint");
	reply_text(r, place_endpoint(c->worker, n));
	if (n->hostname[0] != 0) {
		reply_text(r, "hostname");
		reply_text(r, n->hostname);
	}
	reply_text(r, "role");
	reply_text(r, n->flags & BUS_IS_REPLICA ? "replica" : "master");
	reply_text(r, "replication-offset");
	reply_int(r, (int64_t)n->offset);
	reply_text(r, "health");
	reply_text(r, health(n));
}

static void
put_shard(struct call *c, const struct map *m, uint32_t head)
{
	const struct bus_id *shard = &m->node[head].shard;
	size_t place;
	int64_t count = 0;
	unsigned slot, end;
	uint32_t i;

	reply_map(c->reply, 2);
	reply_text(c->reply, "slots");
	place = reply_later(c->reply);
	for (slot = 0; slot < KEYSLOT_COUNT; slot = end) {
		uint16_t owner = m->owner[slot];

		end = end_of_range(m, slot);
		if (owner == MAP_NOBODY ||
		    !bus_id_is_equal(&m->node[owner].shard, shard))
			continue;
		reply_int(c->reply, slot);
		reply_int(c->reply, end - 1);
		count += 2;
	}
	reply_later_set(c->reply, place, '*', count);
	reply_text(c->reply, "nodes");
	place = reply_later(c->reply);
	for (i = head, count = 0; i < m->count; i++)
		if (map_has_node(m, i) && bus_id_is_equal(&m->node[i].shard,
		    shard)) {
			put_shards_node(c, &m->node[i]);
			count++;
		}
	reply_later_set(c->reply, place, '*', count);
}

/* Whether no node before this one is of the same shard. */
static bool
is_first_of_shard(const struct map *m, uint32_t i)
{
	uint32_t j;

	for (j = 0; j < i; j++)
		if (map_has_node(m, j) && bus_id_is_equal(&m->node[j].shard,
		    &m->node[i].shard))
			return false;
	return map_has_node(m, i);
}

static void
put_shards(struct call *c, const void *map)
{
	const struct map *m = map;
	size_t place = reply_later(c->reply);
	int64_t count = 0;
	uint32_t i;

	for (i = 0; i < m->count; i++)
		if (is_first_of_shard(m, i)) {
			put_shard(c, m, i);
			count++;
		}
	reply_later_set(c->reply, place, '*', count);
}

/* Replies what was made of this map before, or makes it now. */
static void
reply_ready(struct call *c, struct ready by_resp[2],
    void (*make)(struct call *c, const void *map))
{
	const struct map *m;

	if (!place_has_cluster(c))
		return;
	m = place_map(c->worker);
	ready_reply(c, by_resp, m->version,
	    call_options(c)->cluster_preferred_endpoint_type, make, m);
}

void
cmd_cluster_nodes(struct call *c)
{
	static struct ready ready[2];

	reply_ready(c, ready, put_nodes);
}

void
cmd_cluster_slots(struct call *c)
{
	static struct ready ready[2];

	reply_ready(c, ready, put_slots);
}

void
cmd_cluster_shards(struct call *c)
{
	static struct ready ready[2];

	reply_ready(c, ready, put_shards);
}

/* --- slots that come and go -------------------------------------------- */

/* A slot of ADDSLOTS and its kin, once; else an error is replied. */
static bool
add_slot(struct call *c, uint8_t *bits, unsigned slot)
{
	if (bus_has_slot(bits, slot)) {
		reply_errorf(c->reply, "ERR Slot %u specified multiple times",
		    slot);
		return false;
	}
	bus_add_slot(bits, slot);
	return true;
}

static bool
add_range(struct call *c, uint8_t *bits, int64_t first, int64_t last)
{
	if (first > last) {
		reply_errorf(c->reply, "ERR start slot number %d is greater "
		    "than end slot number %d", (int)first, (int)last);
		return false;
	}
	for (; first <= last; first++)
		if (!add_slot(c, bits, (unsigned)first))
			return false;
	return true;
}

static bool
read_slots(struct call *c, bool is_range, uint8_t *bits)
{
	static const char why[] = "ERR Invalid or out of range slot";
	int64_t first, last;
	int i;

	for (i = 2; i < c->argc; i++) {
		if (!number_get_int(c->argv[i], &first) || first < 0 ||
		    first >= KEYSLOT_COUNT) {
			reply_error(c->reply, why);
			return false;
		}
		last = first;
		if (is_range && (!number_get_int(c->argv[++i], &last) ||
		    last < 0 || last >= KEYSLOT_COUNT)) {
			reply_error(c->reply, why);
			return false;
		}
		if (!add_range(c, bits, first, last))
			return false;
	}
	return true;
}

/*
 * There may be thousands of arguments, which a letter has no room for: control
 * is asked with their bits.
 */
static void
ask_about_slots(struct call *c, enum mail_kind kind, const char *word,
    bool is_range)
{
	uint8_t bits[BUS_SLOT_BYTES] = { 0 };
	const struct slice argv[] = { SLICE("cluster"), slice_of(word),
		{ (const char *)bits, sizeof(bits) } };
	struct call letter = *c;

	if (!place_has_cluster(c))
		return;
	if (is_range && c->argc % 2 != 0) {
		reply_errorf(c->reply, error_text[ERROR_ARITY],
		    c->command->name);
		return;
	}
	if (!read_slots(c, is_range, bits))
		return;
	letter.argv = argv;
	letter.argc = (int)COUNT(argv);
	ask_control_about(&letter, kind);
}

void
cmd_cluster_addslots(struct call *c)
{
	ask_about_slots(c, MAIL_CLUSTER_ADDSLOTS, "addslots",
	    c->command->id == CMD_CLUSTER_ADDSLOTSRANGE);
}

void
cmd_cluster_delslots(struct call *c)
{
	ask_about_slots(c, MAIL_CLUSTER_DELSLOTS, "delslots",
	    c->command->id == CMD_CLUSTER_DELSLOTSRANGE);
}

void
cmd_cluster_help(struct call *c)
{
	if (place_has_cluster(c))
		call_help(c);
}
