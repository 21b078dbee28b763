#include "t/stage.h"

#include <stdlib.h>

struct view *v;
struct acts acts;
int64_t now_ms;

struct bus_id
id(char c)
{
	struct bus_id i;

	memset(i.text, c, BUS_ID);
	return i;
}

uint16_t
node(char c)
{
	struct bus_id i = id(c);

	return view_find(v, &i);
}

void
open_view(int64_t node_timeout_ms)
{
	struct bus_id me = id('m');

	now_ms = 1000;
	v = view_begin(calloc(1, view_bytes(NODES_MAX)), NODES_MAX, &me, 7,
	    now_ms);
	v->config = (struct view_config){ .node_timeout_ms = node_timeout_ms,
	    .ban_ms = 60000, .ip = "10.0.0.1", .port = 7000, .cport = 17000 };
	v->fact.is_link_up = true;
}

void
drop(void)
{
	free(v);
	v = NULL;
}

void
happen(struct cluster_event e)
{
	e.from_ip = "10.0.0.9";
	e.own_ip = "10.0.0.1";
	cluster_step(v, &e, now_ms, &acts);
}

void
pass(int64_t ms)
{
	now_ms += ms;
	happen((struct cluster_event){ .kind = CLUSTER_TICK });
}

void
make_durable(void)
{
	while (v->saving.generation != 0)
		happen((struct cluster_event){ .kind = CLUSTER_SAVED,
		    .generation = v->saving.generation });
}

void
deliver(const struct bus_header *h, uint64_t wire, uint16_t kind,
    struct slice payload)
{
	static uint8_t bytes[BUS_HEADER + 4096];
	struct bus_writer w;

	bus_begin(&w, bytes, sizeof(bytes), h);
	if (h->type == BUS_OWN)
		bus_put_own(&w, kind, payload);
	happen((struct cluster_event){ .kind = CLUSTER_PACKET, .wire = wire,
	    .data = bytes, .bytes = bus_end(&w) });
}

uint16_t
meet(char c)
{
	struct bus_id i = id(c);
	uint16_t n = view_add(v, &i, BUS_IS_PRIMARY);

	memcpy(v->node[n].ip, "10.0.0.2", 9);
	v->node[n].cport = (uint16_t)(17000 + c);
	return n;
}

const struct act *
act_of(enum act_kind kind)
{
	unsigned i;

	for (i = 0; i < acts.count; i++)
		if (acts.list[i].kind == kind)
			return &acts.list[i];
	return NULL;
}

bool
sent(char to, uint16_t type, uint16_t kind, struct bus_packet *p)
{
	unsigned i;

	for (i = 0; i < acts.count; i++)
		if (acts.list[i].kind == ACT_SEND &&
		    acts.list[i].node == node(to) &&
		    bus_read(p, acts.list[i].data, acts.list[i].bytes) ==
		    BUS_GOOD && p->header.type == type &&
		    (type != BUS_OWN || p->kind == kind))
			return true;
	return false;
}
