/*
 * unit_bus - messages of the cluster bus, a redis-server's and our own
 *
 * What was caught from a redis-server must read as what it was; what we write
 * must read as it was written; and of each, every prefix, every length and
 * every changed byte must be refused or read to some end (the sanitizers look
 * on).
 *
 * Not here: what messages do (unit_view.c, t/sim).
 */
#include <stdlib.h>

#include "t/bus_seen.h"
#include "t/unit.h"

#define ROOM 8192

static const char id_a[] = "7d027d5b42a5e4c3a4760a548444052d243de840";
static const char id_b[] = "58884f1d0f812cff324d186592864fc7b7d1798c";
static const char id_c[] = "9dd75344b57136f32bca2ad055452beef6345e9b";

static uint8_t bytes[ROOM];

static bool
is_id(const struct bus_id *id, const char *text)
{
	return memcmp(id->text, text, BUS_ID) == 0;
}

static struct bus_packet
seen(const char *text)
{
	struct bus_packet p;
	size_t n = seen_bytes(text, bytes, ROOM), need;

	ck_assert_int_eq(bus_frame(bytes, n, &need), BUS_FRAME);
	ck_assert_uint_eq(need, n);
	ck_assert_int_eq(bus_read(&p, bytes, n), BUS_GOOD);
	return p;
}

START_TEST(reads_meet)
{
	struct bus_packet p = seen(seen_meet);
	struct bus_extension e;
	struct bus_gossip g;
	size_t at = 0;

	ck_assert_int_eq(p.header.type, BUS_MEET);
	ck_assert(is_id(&p.header.sender, id_a));
	ck_assert(bus_id_is_none(&p.header.primary));
	ck_assert_str_eq(p.header.ip, "127.0.0.1");
	ck_assert_int_eq(p.header.port, 26000);
	ck_assert_int_eq(p.header.cport, 26100);
	ck_assert_int_eq(p.header.flags, BUS_IS_PRIMARY | BUS_IS_MYSELF);
	ck_assert_int_eq(p.header.marks, BUS_MARK_EXTENSIONS);
	ck_assert_int_eq(p.header.own, 0);
	ck_assert_uint_eq(p.header.epoch, 3);
	ck_assert_uint_eq(p.header.config_epoch, 1);
	ck_assert(bus_has_slot(p.header.slots, 0));
	ck_assert(bus_has_slot(p.header.slots, 5000));
	ck_assert(!bus_has_slot(p.header.slots, 5001));
	ck_assert_int_eq(p.header.count, 1);
	bus_gossip_at(&p, 0, &g);
	ck_assert(is_id(&g.id, id_b));
	ck_assert_str_eq(g.ip, "127.0.0.1");
	ck_assert_int_eq(g.port, 26001);
	ck_assert_int_eq(g.cport, 26101);
	ck_assert_uint_eq(g.ping_s, 0);
	ck_assert_uint_eq(g.pong_s, 0x6b0427a4);
	ck_assert(bus_extension_next(&p, &at, &e));
	ck_assert_int_eq(e.type, BUS_EXT_HOSTNAME);
	ck_assert(slice_equal(e.text, SLICE("host0.example")));
	ck_assert(!bus_extension_next(&p, &at, &e));
}
END_TEST

START_TEST(reads_others)
{
	struct bus_packet p = seen(seen_ping);
	struct bus_gossip g;

	ck_assert_int_eq(p.header.type, BUS_PING);
	ck_assert_int_eq(p.header.count, 2);
	bus_gossip_at(&p, 0, &g);
	ck_assert_int_eq(g.id.text[0], 'f');
	p = seen(seen_pong);
	ck_assert_int_eq(p.header.flags,
	    BUS_IS_PRIMARY | BUS_IS_MYSELF | BUS_IS_MIGRATE_TO);
	p = seen(seen_fail);
	ck_assert_int_eq(p.header.type, BUS_FAIL);
	ck_assert(is_id(&p.id, id_a));
	ck_assert(is_id(&p.header.sender, id_b));
	p = seen(seen_publish);
	ck_assert(slice_equal(p.channel, SLICE("chan")));
	ck_assert(slice_equal(p.message, SLICE("hello bus")));
	p = seen(seen_auth_request);
	ck_assert_int_eq(p.header.type, BUS_AUTH_REQUEST);
	ck_assert(is_id(&p.header.sender, id_c));
	ck_assert(is_id(&p.header.primary, id_a));
	ck_assert_int_eq(p.header.flags, BUS_IS_REPLICA | BUS_IS_MYSELF);
	ck_assert_int_eq(p.header.marks, BUS_MARK_FORCE_ACK);
	ck_assert(bus_has_slot(p.header.slots, 5000));
	p = seen(seen_update);
	ck_assert(is_id(&p.id, id_a));
	ck_assert_uint_eq(p.config_epoch, 1);
	ck_assert(bus_has_slot(p.slots, 5000));
	ck_assert(!bus_has_slot(p.slots, 5001));
}
END_TEST

static struct bus_header
header(uint16_t type)
{
	static uint8_t slots[BUS_SLOT_BYTES];
	struct bus_header h = { .type = type, .port = 7000, .pport = 7001,
	    .cport = 17000, .flags = BUS_IS_REPLICA | BUS_IS_MYSELF,
	    .marks = BUS_MARK_PAUSED | BUS_MARK_EXTENSIONS,
	    .own = BUS_OWN_VERSION, .is_voted = true, .is_holding = true,
	    .is_down = true, .known = 0xfedcba98, .epoch = 1ull << 40,
	    .config_epoch = 77, .offset = 0x0123456789abcdefull,
	    .ip = "2001:db8::1", .slots = slots };

	slots[0] = 1;
	slots[BUS_SLOT_BYTES - 1] = 0x80;
	bus_id_get(slice_of(id_a), &h.sender);
	bus_id_get(slice_of(id_b), &h.primary);
	return h;
}

static size_t
ping(void)
{
	struct bus_header h = header(BUS_PING);
	struct bus_gossip g = { .ping_s = 1, .pong_s = 0xfffffff0,
	    .ip = "10.0.0.1", .port = 1, .cport = 2, .pport = 3,
	    .flags = BUS_IS_PFAIL | BUS_IS_PRIMARY };
	struct bus_extension e = { .type = BUS_EXT_HOSTNAME,
	    .text = SLICE("a.b") };
	struct bus_writer w;

	bus_begin(&w, bytes, sizeof(bytes), &h);
	bus_id_get(slice_of(id_c), &g.id);
	bus_put_gossip(&w, &g);
	bus_put_gossip(&w, &g);
	bus_put_extension(&w, &e);
	e.type = BUS_EXT_NODENAME;
	e.text = SLICE("12345678");
	bus_put_extension(&w, &e);
	e = (struct bus_extension){ .type = BUS_EXT_FORGOTTEN, .ttl_s = 60 };
	bus_id_get(slice_of(id_b), &e.id);
	bus_put_extension(&w, &e);
	e.type = BUS_EXT_SHARD;
	bus_put_extension(&w, &e);
	return bus_end(&w);
}

START_TEST(writes_ping)
{
	size_t n = ping(), at = 0;
	struct bus_extension e;
	struct bus_packet p;
	struct bus_gossip g;

	ck_assert_uint_eq(n,
	    BUS_HEADER + 2 * BUS_GOSSIP + 16 + 24 + 56 + 48);
	ck_assert_int_eq(bus_read(&p, bytes, n), BUS_GOOD);
	ck_assert_int_eq(p.header.port, 7000);
	ck_assert_int_eq(p.header.pport, 7001);
	ck_assert_int_eq(p.header.cport, 17000);
	ck_assert_int_eq(p.header.own, BUS_OWN_VERSION);
	ck_assert(p.header.is_down);
	ck_assert(p.header.is_voted);
	ck_assert(p.header.is_holding);
	ck_assert_uint_eq(p.header.known, 0xfedcba98);
	ck_assert_uint_eq(p.header.epoch, 1ull << 40);
	ck_assert_uint_eq(p.header.config_epoch, 77);
	ck_assert_uint_eq(p.header.offset, 0x0123456789abcdefull);
	ck_assert(is_id(&p.header.primary, id_b));
	ck_assert_str_eq(p.header.ip, "2001:db8::1");
	ck_assert(bus_has_slot(p.header.slots, 16383));
	ck_assert(!bus_has_slot(p.header.slots, 16382));
	bus_gossip_at(&p, 1, &g);
	ck_assert_uint_eq(g.pong_s, 0xfffffff0);
	ck_assert_int_eq(g.pport, 3);
	ck_assert_int_eq(g.flags, BUS_IS_PFAIL | BUS_IS_PRIMARY);
	ck_assert(bus_extension_next(&p, &at, &e));
	ck_assert(slice_equal(e.text, SLICE("a.b")));
	ck_assert(bus_extension_next(&p, &at, &e));
	ck_assert(slice_equal(e.text, SLICE("12345678")));
	ck_assert(bus_extension_next(&p, &at, &e));
	ck_assert_int_eq(e.type, BUS_EXT_FORGOTTEN);
	ck_assert_uint_eq(e.ttl_s, 60);
	ck_assert(bus_extension_next(&p, &at, &e));
	ck_assert_int_eq(e.type, BUS_EXT_SHARD);
	ck_assert(is_id(&e.id, id_b));
	ck_assert(!bus_extension_next(&p, &at, &e));
}
END_TEST

/* One body of each kind behind the same header; its length. */
static size_t
body(uint16_t type)
{
	struct bus_header h = header(type);
	struct bus_writer w;

	bus_begin(&w, bytes, sizeof(bytes), &h);
	switch (type) {
	case BUS_FAIL:
		bus_put_node(&w, &h.primary);
		break;
	case BUS_UPDATE:
		bus_put_update(&w, 9, &h.primary, h.slots);
		break;
	case BUS_PUBLISH:
	case BUS_PUBLISHSHARD:
		bus_put_publish(&w, SLICE("c"), SLICE("message"));
		break;
	case BUS_OWN:
		bus_put_own(&w, 513, SLICE("payload"));
		break;
	default:
		break;
	}
	return bus_end(&w);
}

START_TEST(writes_bodies)
{
	struct bus_packet p;

	ck_assert_int_eq(bus_read(&p, bytes, body(BUS_FAIL)), BUS_GOOD);
	ck_assert(is_id(&p.id, id_b));
	ck_assert_int_eq(bus_read(&p, bytes, body(BUS_UPDATE)), BUS_GOOD);
	ck_assert_uint_eq(p.config_epoch, 9);
	ck_assert(bus_has_slot(p.slots, 16383));
	ck_assert_int_eq(bus_read(&p, bytes, body(BUS_PUBLISH)), BUS_GOOD);
	ck_assert(slice_equal(p.channel, SLICE("c")));
	ck_assert(slice_equal(p.message, SLICE("message")));
	ck_assert_int_eq(bus_read(&p, bytes, body(BUS_OWN)), BUS_GOOD);
	ck_assert_int_eq(p.kind, 513);
	ck_assert(slice_equal(p.payload, SLICE("payload")));
	ck_assert_int_eq(bus_read(&p, bytes, body(BUS_AUTH_ACK)), BUS_GOOD);
	ck_assert_int_eq(bus_read(&p, bytes, body(BUS_MODULE)), BUS_UNKNOWN);
	ck_assert_int_eq(bus_read(&p, bytes, body(999)), BUS_UNKNOWN);
}
END_TEST

/* Looks at all that a message says. */
static void
look(const struct bus_packet *p)
{
	struct bus_extension e;
	struct bus_gossip g;
	size_t i, at = 0;

	for (i = 0; i < p->header.count; i++)
		bus_gossip_at(p, i, &g);
	while (bus_extension_next(p, &at, &e))
		ck_assert(e.text.bytes < BUS_NAME);
}

/*
 * Changes every byte but those of the slots, and cuts at every length, each in
 * memory of its own, so that a step beyond it shows.
 */
static void
spoil(size_t n)
{
	static const uint8_t value[] = { 0, 1, 0x41, 0x7f, 0x80, 0xff };
	struct bus_packet p;
	size_t i, v;

	for (i = 0; i < n; i++) {
		uint8_t *cut = malloc(i + 1);

		memcpy(cut, bytes, i);
		ck_assert_int_eq(bus_read(&p, cut, i), BUS_ODD);
		ck_assert_ptr_nonnull(p.why);
		free(cut);
	}
	for (i = 0; i < n; i += i == 79 ? BUS_SLOT_BYTES + 1 : 1)
		for (v = 0; v < COUNT(value); v++) {
			uint8_t *odd = malloc(n);

			memcpy(odd, bytes, n);
			odd[i] = value[v];
			if (bus_read(&p, odd, n) == BUS_GOOD)
				look(&p);
			free(odd);
		}
}

START_TEST(refuses_spoilt)
{
	spoil(ping());
	spoil(body(BUS_FAIL));
	spoil(body(BUS_PUBLISH));
	spoil(body(BUS_OWN));
	spoil(body(BUS_AUTH_REQUEST));
	spoil(body(BUS_UPDATE));
}
END_TEST

static void
refused_with(size_t n, size_t at, uint8_t value)
{
	struct bus_packet p;

	bytes[at] = value;
	ck_assert_int_eq(bus_read(&p, bytes, n), BUS_ODD);
}

START_TEST(refuses_fields)
{
	struct bus_packet p;
	size_t n;

	refused_with(ping(), 0, 'r');
	refused_with(ping(), 7, 0);
	refused_with(ping(), 9, 2);
	refused_with(ping(), 15, 3);            /* one entry more */
	refused_with(ping(), 15, 1);            /* one less */
	refused_with(ping(), 14, 0x80);
	refused_with(ping(), 2215, 3);
	refused_with(ping(), 2215, 5);
	refused_with(ping(), 40, 'A');          /* the sender's id */
	refused_with(ping(), 2129, 0);          /* the primary's */
	refused_with(ping(), 2168, ' ');        /* the address */
	refused_with(ping(), 2168, ',');
	refused_with(ping(), BUS_HEADER, '-');  /* an id in gossip */
	refused_with(ping(), BUS_HEADER + 48, '\n');
	refused_with(ping(), BUS_HEADER + 208 + 3, 8 + 1); /* odd length */
	refused_with(ping(), BUS_HEADER + 208 + 3, 0);
	refused_with(ping(), BUS_HEADER + 208, 0xff);
	refused_with(body(BUS_FAIL), BUS_HEADER, 0);
	refused_with(body(BUS_PUBLISH), BUS_HEADER + 3, 2);
	refused_with(body(BUS_PUBLISH), BUS_HEADER, 0xff);
	refused_with(body(BUS_OWN), BUS_HEADER + 1, 2);
	refused_with(body(BUS_OWN), BUS_HEADER + 7, 8);
	refused_with(body(BUS_OWN), 2216, 0);   /* from no node of ours */
	/* a type that carries no gossip may say any count */
	n = body(BUS_AUTH_ACK);
	bytes[15] = 9;
	ck_assert_int_eq(bus_read(&p, bytes, n), BUS_GOOD);
	ck_assert_int_eq(p.header.count, 0);
}
END_TEST

START_TEST(frames_stream)
{
	size_t n = ping(), need, i;

	for (i = 0; i < 8; i++) {
		ck_assert_int_eq(bus_frame(bytes, i, &need), BUS_MORE);
		ck_assert_uint_eq(need, 8);
	}
	for (i = 8; i < n; i++) {
		ck_assert_int_eq(bus_frame(bytes, i, &need), BUS_MORE);
		ck_assert_uint_eq(need, n);
	}
	ck_assert_int_eq(bus_frame(bytes, sizeof(bytes), &need), BUS_FRAME);
	ck_assert_int_eq(bus_frame("GET /", 5, &need), BUS_BROKEN);
	ck_assert_int_eq(bus_frame("RX", 2, &need), BUS_BROKEN);
	ck_assert_int_eq(bus_frame("RCmb\0\0\0\x10", 8, &need), BUS_BROKEN);
	ck_assert_int_eq(bus_frame("RCmb\xff\xff\xff\xff", 8, &need),
	    BUS_BROKEN);
}
END_TEST

START_TEST(fits_or_says_so)
{
	static uint8_t room[BUS_HEADER + BUS_GOSSIP];
	struct bus_header h = header(BUS_PONG);
	struct bus_gossip g = { .ip = "" };
	struct bus_writer w;

	bus_id_get(slice_of(id_c), &g.id);
	bus_begin(&w, room, sizeof(room), &h);
	bus_put_gossip(&w, &g);
	ck_assert_uint_eq(bus_end(&w), sizeof(room));
	bus_put_gossip(&w, &g);
	ck_assert_uint_eq(bus_end(&w), 0);
	bus_begin(&w, room, BUS_HEADER - 1, &h);
	ck_assert_uint_eq(bus_end(&w), 0);
	bus_begin(&w, room, sizeof(room), &h);
	bus_put_publish(&w, SLICE(""), (struct slice){ (char *)bytes, 97 });
	ck_assert_uint_eq(bus_end(&w), 0);
}
END_TEST

START_TEST(knows_texts)
{
	struct bus_id id;

	ck_assert(bus_is_address(SLICE("::1")));
	ck_assert(bus_is_address(SLICE("fe80::1%eth0")));
	ck_assert(!bus_is_address(SLICE("")));
	ck_assert(!bus_is_address(SLICE("1.2.3.4,5")));
	ck_assert(!bus_is_address(SLICE("1\0" "2")));
	ck_assert(bus_is_name(SLICE("host-1.example")));
	ck_assert(!bus_is_name(SLICE("a b")));
	ck_assert(!bus_is_name(SLICE("shard-id=1")));
	ck_assert(!bus_is_name(SLICE("a\0")));
	ck_assert(!bus_id_get(SLICE("abc"), &id));
}
END_TEST

START_TEST(finds_ranges)
{
	uint8_t slots[BUS_SLOT_BYTES] = { 0 };
	unsigned first = 0, last = 0;

	ck_assert(!bus_next_range(slots, &first, &last));
	bus_add_slot(slots, 0);
	bus_add_slot(slots, 7);
	bus_add_slot(slots, 8);
	bus_add_slot(slots, KEYSLOT_COUNT - 1);
	bus_add_slot(slots, 3);
	bus_remove_slot(slots, 3);
	ck_assert(bus_next_range(slots, &first, &last));
	ck_assert(first == 0 && last == 0);
	first = last + 1;
	ck_assert(bus_next_range(slots, &first, &last));
	ck_assert(first == 7 && last == 8);
	first = last + 1;
	ck_assert(bus_next_range(slots, &first, &last));
	ck_assert(first == KEYSLOT_COUNT - 1 && last == KEYSLOT_COUNT - 1);
	first = last + 1;
	ck_assert(!bus_next_range(slots, &first, &last));
	memset(slots, 0xff, sizeof(slots));
	first = 0;
	ck_assert(bus_next_range(slots, &first, &last));
	ck_assert(first == 0 && last == KEYSLOT_COUNT - 1);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("bus");
	TCase *t = tcase_create("bus");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, reads_meet);
	tcase_add_test(t, reads_others);
	tcase_add_test(t, writes_ping);
	tcase_add_test(t, writes_bodies);
	tcase_add_test(t, refuses_spoilt);
	tcase_add_test(t, refuses_fields);
	tcase_add_test(t, frames_stream);
	tcase_add_test(t, fits_or_says_so);
	tcase_add_test(t, knows_texts);
	tcase_add_test(t, finds_ranges);
	suite_add_tcase(s, t);
	return s;
}
