/*
 * fuzz_bus - foreign bytes as messages of the cluster bus
 *
 * An even first byte: the rest is a stream as it is.  An odd one: the rest is
 * laid over a header that would be good - type, count, extensions, length of
 * what comes behind - so that bodies are reached.  All that is read is looked
 * at and, where we could have said it, said again.
 *
 * Not here: what messages do to a node (t/sim).
 */
#include <stdlib.h>

#include "proto/bus.h"

#define ROOM 65536
#define HEAD 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Looks at every byte. */
static void
look(const void *data, size_t bytes)
{
	const unsigned char *p = data;
	unsigned char sum = 0;
	size_t i;

	for (i = 0; i < bytes; i++)
		sum ^= p[i];
	/* It is used, says this to the compiler. */
	__asm__ volatile ("" : : "r" (sum));
}

/* Gossip and extensions of one message, written again, read the same. */
static void
say_again(const struct bus_packet *p)
{
	static uint8_t room[ROOM * 2];
	struct bus_extension e;
	struct bus_packet again;
	struct bus_writer w;
	struct bus_gossip g;
	size_t i, n, at = 0;

	bus_begin(&w, room, sizeof(room), &p->header);
	for (i = 0; i < p->header.count; i++) {
		bus_gossip_at(p, i, &g);
		bus_put_gossip(&w, &g);
	}
	while (bus_extension_next(p, &at, &e)) {
		look(e.text.data, e.text.bytes);
		bus_put_extension(&w, &e);
	}
	n = bus_end(&w);
	if (n == 0)
		return;
	must(bus_read(&again, room, n) == BUS_GOOD, "what we say is good");
	must(again.header.count == p->header.count &&
	    again.header.epoch == p->header.epoch &&
	    again.header.flags == p->header.flags &&
	    bus_id_is_equal(&again.header.sender, &p->header.sender) &&
	    strcmp(again.header.ip, p->header.ip) == 0,
	    "what is said again says the same");
}

static void
try_message(const uint8_t *data, size_t bytes)
{
	struct bus_packet p;

	if (bus_read(&p, data, bytes) != BUS_GOOD)
		return;
	look(p.channel.data, p.channel.bytes);
	look(p.message.data, p.message.bytes);
	look(p.payload.data, p.payload.bytes);
	if (p.slots != NULL)
		look(p.slots, BUS_SLOT_BYTES);
	look(p.header.slots, BUS_SLOT_BYTES);
	if (p.header.type <= BUS_MEET)
		say_again(&p);
}

static void
try_stream(const uint8_t *data, size_t bytes)
{
	size_t need;

	while (bus_frame(data, bytes, &need) == BUS_FRAME) {
		try_message(data, need);
		data += need;
		bytes -= need;
	}
}

static void
try_body(const uint8_t *data, size_t bytes)
{
	static const uint8_t slots[BUS_SLOT_BYTES];
	struct bus_header h = { .slots = slots, .own = BUS_OWN_VERSION };
	struct bus_writer w;
	uint8_t *message;
	size_t n;

	if (bytes < HEAD || bytes > ROOM)
		return;
	memset(h.sender.text, 'a', BUS_ID);
	n = BUS_HEADER + bytes - HEAD;
	message = malloc(n);
	h.type = data[0] % 13;
	if (h.type == 12)
		h.type = BUS_OWN;
	bus_begin(&w, message, n, &h);
	memcpy(message + BUS_HEADER, data + HEAD, bytes - HEAD);
	w.bytes = n;
	w.count = data[1];
	w.extensions = data[2];
	try_message(message, bus_end(&w));
	free(message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	if (bytes == 0)
		return 0;
	if (data[0] & 1)
		try_body(data + 1, bytes - 1);
	else
		try_stream(data + 1, bytes - 1);
	return 0;
}
