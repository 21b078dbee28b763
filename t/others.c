#include "t/others.h"

#include <check.h>

#include "cluster/order.h"

uint8_t no_slots[BUS_SLOT_BYTES], upper[BUS_SLOT_BYTES];
uint64_t others_epoch;

void
begin(void)
{
	others_epoch = 9;
	open_view(TIMEOUT_MS);
	v->config.needs_full_coverage = v->config.may_migrate = true;
	v->config.migration_barrier = 1;
	memset(upper + BUS_SLOT_BYTES / 2, 0xff, BUS_SLOT_BYTES / 2);
}

void
own_slots(void)
{
	uint8_t lower[BUS_SLOT_BYTES];
	unsigned slot, i;

	for (i = 0; i < BUS_SLOT_BYTES; i++)
		lower[i] = (uint8_t)~upper[i];
	cluster_begin(v, now_ms, &acts);
	ck_assert_int_eq(order_set_epoch(v, 3), ORDER_NONE);
	ck_assert_int_eq(order_add_slots(v, lower, &slot), ORDER_NONE);
	cluster_settle(v, &acts);
}

void
step(enum cluster_kind kind, uint64_t wire)
{
	happen((struct cluster_event){ .kind = kind, .wire = wire,
	    .generation = kind == CLUSTER_SAVED ? v->saving.generation : 0 });
}

bool
find_message(uint16_t type, struct bus_packet *p)
{
	unsigned i;

	for (i = 0; i < acts.count; i++)
		if (acts.list[i].data != NULL &&
		    bus_read(p, acts.list[i].data, acts.list[i].bytes) ==
		    BUS_GOOD && p->header.type == type)
			return true;
	return false;
}

struct bus_header
header(uint16_t type, char from)
{
	struct bus_header h = { .type = type, .port = 7001, .cport = 17001,
	    .flags = BUS_IS_PRIMARY, .marks = BUS_MARK_EXTENSIONS,
	    .own = BUS_OWN_VERSION, .epoch = others_epoch,
	    .sender = id(from), .slots = no_slots };

	return h;
}

void
hear(const struct bus_header *h, uint64_t wire)
{
	deliver(h, wire, 0, SLICE(""));
}

void
know(char c, uint64_t config_epoch, const uint8_t *slots)
{
	struct bus_header h = header(BUS_PONG, c);
	uint16_t n = meet(c);

	pass(1);
	ck_assert_int_eq(v->node[n].link_state, VIEW_LINK_OPENING);
	step(CLUSTER_LINK_UP, v->node[n].link);
	h.config_epoch = config_epoch;
	h.slots = slots;
	h.cport = (uint16_t)(17000 + c);
	memcpy(h.ip, "10.0.0.2", 9);
	hear(&h, v->node[n].link);
	ck_assert_int_eq(v->node[n].slot_count, slots == upper ? 8192 : 0);
	make_durable();
}

void
know_shard(void)
{
	begin();
	own_slots();
	know('x', 5, upper);
	know('r', 0, no_slots);
	view_set_replica(v, node('r'), node('x'));
	make_durable();
	step(CLUSTER_TICK, 0);
	make_durable();
}

void
gossip(char by, char about, uint16_t flags)
{
	const struct view_node *n = &v->node[node(by)];
	struct bus_header h = header(BUS_PONG, by);
	struct bus_gossip g = { .id = id(about), .ip = "10.0.0.2",
	    .port = 7001, .cport = (uint16_t)(17000 + about),
	    .flags = flags };
	static uint8_t bytes[BUS_HEADER + 1024];
	struct bus_writer w;

	h.config_epoch = n->config_epoch;
	h.slots = n->slots;
	bus_begin(&w, bytes, sizeof(bytes), &h);
	bus_put_gossip(&w, &g);
	happen((struct cluster_event){ .kind = CLUSTER_PACKET, .wire = n->link,
	    .data = bytes, .bytes = bus_end(&w) });
}
