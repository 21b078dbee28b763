/*
 * fuzz_nodes_conf - foreign bytes as nodes.conf
 *
 * What is good is read to its end and written again, which must be good too
 * and say the same.
 *
 * Not here: files of a redis-server (unit_nodes_conf.c).
 */
#include "proto/nodes_conf.h"

#define ROOM (1 << 18)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Writes a node that was read; its slots must lie in the table. */
static void
say_again(struct nodes_conf_writer *w, struct nodes_conf_node *n)
{
	uint8_t slots[BUS_SLOT_BYTES] = { 0 };
	struct nodes_conf_range r;
	struct slice left = n->slots;
	unsigned slot;

	while (nodes_conf_slots(&left, &r)) {
		must(r.first <= r.last && r.last < KEYSLOT_COUNT,
		    "a slot is one");
		if (r.what == NODES_CONF_OWNS)
			for (slot = r.first; slot <= r.last; slot++)
				bus_add_slot(slots, slot);
	}
	must(left.bytes == 0 || *left.data == ' ', "all slots are read");
	nodes_conf_put_node(w, n, slots, true);
	left = n->slots;
	while (nodes_conf_slots(&left, &r))
		if (r.what != NODES_CONF_OWNS)
			nodes_conf_put_move(w, &r);
	nodes_conf_put_end(w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static char room[ROOM];
	struct nodes_conf f, again;
	struct nodes_conf_writer w;
	struct nodes_conf_node n, m;
	size_t length;

	if (nodes_conf_read(&f, (struct slice){ (const char *)data, bytes }) !=
	    NODES_CONF_GOOD) {
		must(f.why != NULL, "a refusal has a reason");
		return 0;
	}
	nodes_conf_begin(&w, room, sizeof(room));
	while (nodes_conf_next(&f, &n))
		say_again(&w, &n);
	if (f.vars.generation == 0)
		f.vars.generation = 1;
	length = nodes_conf_end(&w, &f.vars);
	if (length == 0)
		return 0;
	must(nodes_conf_read(&again, (struct slice){ room, length }) ==
	    NODES_CONF_GOOD && again.is_ours, "what we write is good");
	f.at = 0;
	while (nodes_conf_next(&f, &n)) {
		must(nodes_conf_next(&again, &m), "no node is lost");
		must(bus_id_is_equal(&n.id, &m.id) && n.flags == m.flags &&
		    n.port == m.port && strcmp(n.ip, m.ip) == 0 &&
		    n.config_epoch == m.config_epoch,
		    "what is written again says the same");
	}
	return 0;
}
