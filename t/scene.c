#include "t/scene.h"

#include "cluster/hand.h"
#include "t/unit.h"

uint8_t part[3][BUS_SLOT_BYTES];
const uint8_t no_slots[BUS_SLOT_BYTES];

void
step(struct cluster_event e)
{
	now_ms++;
	happen(e);
}

void
save(void)
{
	step((struct cluster_event){ .kind = CLUSTER_SAVED,
	    .generation = v->saving.generation });
}

struct failover_say
said(char to, enum failover_say_kind kind)
{
	struct failover_say s = { 0 };
	struct bus_packet p;

	if (sent(to, BUS_OWN, (uint16_t)kind, &p))
		ck_assert(failover_say_read(&s, (uint8_t)kind, p.payload));
	return s;
}

void
hear(const struct bus_header *h, uint16_t kind, struct slice payload)
{
	now_ms++;
	deliver(h, VIEW_INBOUND | 1, kind, payload);
}

struct bus_header
header(uint16_t type, char from)
{
	const struct view_node *n = &v->node[node(from)];
	struct bus_header h = { .type = type, .port = 7001,
	    .cport = (uint16_t)(17000 + from), .marks = BUS_MARK_EXTENSIONS,
	    .own = n->own, .epoch = EPOCH, .sender = id(from),
	    .ip = "10.0.0.2", .config_epoch = n->config_epoch,
	    .slots = n->slots, .flags = n->flags, .offset = n->offset };

	if (n->primary != VIEW_NOBODY) {
		h.primary = v->node[n->primary].id;
		h.slots = v->node[n->primary].slots;
		h.config_epoch = v->node[n->primary].config_epoch;
	}
	return h;
}

void
say(char from, const struct failover_say *s)
{
	struct bus_header h = header(BUS_OWN, from);
	uint8_t payload[FAILOVER_SAY_BYTES];

	failover_say_write(payload, s);
	hear(&h, s->kind, (struct slice){ (char *)payload,
	    sizeof(payload) });
}

void
know(char c, const uint8_t *slots, uint64_t epoch, uint8_t own, char of)
{
	uint16_t n = meet(c);
	unsigned slot;

	v->node[n].port = 7001;
	v->node[n].own = own;
	v->node[n].config_epoch = epoch;
	v->node[n].link_state = VIEW_LINK_UP;
	v->node[n].link = (uint64_t)c << VIEW_LINK_BITS | n;
	v->node[n].heard_ms = v->node[n].pong_ms = now_ms;
	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		if (bus_has_slot(slots, slot))
			view_give_slot(v, slot, n);
	if (of != 0)
		view_set_replica(v, n, node(of));
}

void
begin(bool is_replica, uint8_t own)
{
	unsigned slot;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		bus_add_slot(part[slot * 3 / KEYSLOT_COUNT], slot);
	open_view(10000);
	v->config.failover_ms = 1000;
	v->fact.offset = OFFSET;
	v->epoch = EPOCH - 1;
	cluster_begin(v, now_ms, &acts);
	know('a', part[1], 2, BUS_OWN_VERSION, 0);
	know('b', part[2], 3, BUS_OWN_VERSION, 0);
	if (is_replica) {
		know('p', part[0], 4, own, 0);
		view_follow(v, node('p'), &acts);
	} else {
		for (slot = 0; slot < KEYSLOT_COUNT; slot++)
			if (bus_has_slot(part[0], slot))
				view_give_slot(v, slot, VIEW_SELF);
		v->node[VIEW_SELF].config_epoch = 4;
		know('r', no_slots, 0, own, 'm');
	}
	cluster_settle(v, &acts);
	while (v->saving.generation != 0)
		save();
	/* Without a lease a primary has nothing to hand over. */
	v->node[node('a')].leased_ms = now_ms + 100000;
	v->node[node('a')].leased_epoch = EPOCH;
	v->lease.is_stale = true;
}

const char *
order(enum failover_event what, char to)
{
	const struct act *a;

	now_ms++;
	cluster_begin(v, now_ms, &acts);
	hand_order(v, what, to == 0 ? VIEW_NOBODY : node(to), 0, TOKEN,
	    &acts);
	cluster_settle(v, &acts);
	a = act_of(ACT_ANSWER);
	ck_assert(a != NULL);
	return a->words;
}

void
answer(enum cluster_kind kind, enum act_kind act, uint64_t number)
{
	ck_assert(act_of(act) != NULL);
	step((struct cluster_event){ .kind = kind, .number = number,
	    .generation = act_of(act)->generation });
}

void
be_claimed(uint64_t epoch)
{
	say('r', &(struct failover_say){ .kind = FAILOVER_SAY_STOP,
	    .token = TOKEN });
	answer(CLUSTER_HELD, ACT_HOLD, OFFSET);
	say('r', &(struct failover_say){ .kind = FAILOVER_SAY_CLAIM,
	    .token = TOKEN, .offset = OFFSET, .epoch = epoch });
}

void
be_given(uint64_t epoch)
{
	be_claimed(epoch);
	answer(CLUSTER_HELD, ACT_HOLD, OFFSET);
	while (v->failover.state == FAILOVER_YIELDING)
		save();
}
