/*
 * unit_nodes_conf - a redis-server's nodes.conf and our own
 *
 * A file of a redis-server 7.0.15 must read as what it was; what we write must
 * read as it was written.  Of ours no changed bit and no cut may pass; of a
 * redis-server's no cut.
 *
 * Not here: which of two files a node starts from (daemon/).
 */
#include <stdlib.h>

#include "proto/nodes_conf.h"
#include "t/unit.h"

#define ID_A "7d027d5b42a5e4c3a4760a548444052d243de840"
#define ID_B "58884f1d0f812cff324d186592864fc7b7d1798c"
#define ID_C "9dd75344b57136f32bca2ad055452beef6345e9b"
#define ID_F "ffffffffffffffffffffffffffffffffffffffff"

/* As a redis-server left it, after a failover and CLUSTER SETSLOT MIGRATING. */
static const char seen[] =
    ID_B " 127.0.0.1:26001@26101,host1.example master - 0 1795434409178 2 "
    "connected 5001-16382\n"
    ID_A " 127.0.0.1:26000@26100,host0.example slave " ID_C
    " 0 1795434409076 4 connected\n"
    ID_F " 127.0.0.1:26009@26109 master - 0 1795434409178 20 connected "
    "16383\n"
    ID_C " 127.0.0.1:26002@26102,host2.example myself,master - 0 "
    "1795434409000 4 connected 0-5000 [3->-" ID_B "]\n"
    "vars currentEpoch 4 lastVoteEpoch 0\n";

static char text[NODES_CONF_ROOM(4)];

static bool
is_id(const struct bus_id *id, const char *words)
{
	return memcmp(id->text, words, BUS_ID) == 0;
}

START_TEST(reads_seen)
{
	struct nodes_conf_range r;
	struct nodes_conf_node n;
	struct nodes_conf f;

	ck_assert_int_eq(nodes_conf_read(&f, slice_of(seen)),
	    NODES_CONF_GOOD);
	ck_assert_ptr_null(f.why);
	ck_assert(!f.is_ours);
	ck_assert(is_id(&f.myself, ID_C));
	ck_assert_uint_eq(f.vars.epoch, 4);
	ck_assert(nodes_conf_next(&f, &n));
	ck_assert(is_id(&n.id, ID_B));
	ck_assert_str_eq(n.ip, "127.0.0.1");
	ck_assert_int_eq(n.port, 26001);
	ck_assert_int_eq(n.cport, 26101);
	ck_assert_str_eq(n.hostname, "host1.example");
	ck_assert_int_eq(n.flags, BUS_IS_PRIMARY);
	ck_assert(bus_id_is_none(&n.primary));
	ck_assert_int_eq(n.pong_ms, 1795434409178);
	ck_assert_uint_eq(n.config_epoch, 2);
	ck_assert(n.is_connected);
	ck_assert(nodes_conf_slots(&n.slots, &r));
	ck_assert_int_eq(r.what, NODES_CONF_OWNS);
	ck_assert_int_eq(r.first, 5001);
	ck_assert_int_eq(r.last, 16382);
	ck_assert(!nodes_conf_slots(&n.slots, &r));
	ck_assert(nodes_conf_next(&f, &n));
	ck_assert_int_eq(n.flags, BUS_IS_REPLICA);
	ck_assert(is_id(&n.primary, ID_C));
	ck_assert(nodes_conf_next(&f, &n));
	ck_assert_str_eq(n.hostname, "");
	ck_assert(nodes_conf_slots(&n.slots, &r));
	ck_assert_int_eq(r.first, 16383);
	ck_assert_int_eq(r.last, 16383);
	ck_assert(nodes_conf_next(&f, &n));
	ck_assert_int_eq(n.flags, BUS_IS_PRIMARY | BUS_IS_MYSELF);
	ck_assert(nodes_conf_slots(&n.slots, &r));
	ck_assert(nodes_conf_slots(&n.slots, &r));
	ck_assert_int_eq(r.what, NODES_CONF_MIGRATES);
	ck_assert_int_eq(r.first, 3);
	ck_assert(is_id(&r.other, ID_B));
	ck_assert(!nodes_conf_next(&f, &n));
}
END_TEST

static void
id(struct bus_id *to, const char *words)
{
	ck_assert(bus_id_get(slice_of(words), to));
}

/* A file of two nodes and all that may stand in one; its length. */
static size_t
write_file(uint64_t generation)
{
	struct nodes_conf_range move = { NODES_CONF_IMPORTS, 9, 9,
	    { { 0 } } };
	struct nodes_conf_node n = { .ip = "2001:db8::7", .port = 7000,
	    .cport = 17000, .hostname = "h", .nodename = "for-people",
	    .other_port = 7001, .is_other_tls = true, .pong_ms = 5,
	    .flags = BUS_IS_PRIMARY | BUS_IS_MYSELF | BUS_IS_MIGRATE_TO,
	    .config_epoch = UINT64_MAX, .is_connected = true };
	struct nodes_conf_vars v = { .epoch = 7, .vote_epoch = 6,
	    .generation = generation, .replid = ID_F, .offset = -1,
	    .given_to = "somebody" };
	uint8_t slots[BUS_SLOT_BYTES] = { 0x0d };
	struct nodes_conf_writer w;

	slots[BUS_SLOT_BYTES - 1] = 0x80;
	id(&n.id, ID_A);
	id(&n.shard, ID_B);
	id(&move.other, ID_C);
	nodes_conf_begin(&w, text, sizeof(text));
	nodes_conf_put_node(&w, &n, slots, true);
	nodes_conf_put_move(&w, &move);
	nodes_conf_put_end(&w);
	n = (struct nodes_conf_node){ .flags = BUS_IS_REPLICA | BUS_IS_FAIL |
	    BUS_IS_NOADDR };
	id(&n.id, ID_C);
	id(&n.primary, ID_A);
	nodes_conf_put_node(&w, &n, NULL, true);
	nodes_conf_put_end(&w);
	return nodes_conf_end(&w, &v);
}

START_TEST(writes_file)
{
	static const char wanted[] =
	    ID_A " 2001:db8::7:7000@17000,h,shard-id=" ID_B
	    ",nodename=for-people,tls-port=7001 myself,master - 0 5 "
	    "18446744073709551615 connected 0 2-3 16383 [9-<-" ID_C "]\n"
	    ID_C " :0@0, slave,fail,noaddr " ID_A " 0 0 0 disconnected\n"
	    "vars currentEpoch 7 lastVoteEpoch 6 configEpochVoted 0 "
	    "generation 2 replid " ID_F
	    " replOffset -1 secondReplOffset 0 dataEpoch 0 heldKeys 0"
	    " longestLease 0 seatUnsure 0 leaseUnsettled 0"
	    " failoverTaken 0 failoverGiven 0 failoverGivenOffset 0"
	    " failoverGivenEpoch 0 failoverGivenTo somebody"
	    " shiftGiven 0 shiftTaken 0 shiftEpoch 0 crc64 ";
	size_t bytes = write_file(2);
	struct nodes_conf_range r;
	struct nodes_conf_node n;
	struct nodes_conf f;

	ck_assert_uint_eq(bytes, strlen(wanted) + 17);
	ck_assert_mem_eq(text, wanted, strlen(wanted));
	ck_assert_int_eq(nodes_conf_read(&f, (struct slice){ text, bytes }),
	    NODES_CONF_GOOD);
	ck_assert(f.is_ours);
	ck_assert_uint_eq(f.vars.generation, 2);
	ck_assert_int_eq(f.vars.offset, -1);
	ck_assert_str_eq(f.vars.given_to, "somebody");
	ck_assert_str_eq(f.vars.replid2, "");
	ck_assert(nodes_conf_next(&f, &n));
	ck_assert_str_eq(n.ip, "2001:db8::7");
	ck_assert_str_eq(n.nodename, "for-people");
	ck_assert_int_eq(n.other_port, 7001);
	ck_assert(n.is_other_tls);
	ck_assert(is_id(&n.shard, ID_B));
	ck_assert_uint_eq(n.config_epoch, UINT64_MAX);
	while (nodes_conf_slots(&n.slots, &r))
		;
	ck_assert_int_eq(r.what, NODES_CONF_IMPORTS);
	ck_assert(nodes_conf_next(&f, &n));
	ck_assert_str_eq(n.ip, "");
	ck_assert_int_eq(n.flags,
	    BUS_IS_REPLICA | BUS_IS_FAIL | BUS_IS_NOADDR);
}
END_TEST

START_TEST(refuses_spoilt)
{
	size_t bytes = write_file(2), i, bit;
	struct nodes_conf f;

	for (i = 0; i < bytes; i++) {
		char *cut = malloc(i + 1);

		memcpy(cut, text, i);
		ck_assert_int_ne(nodes_conf_read(&f,
		    (struct slice){ cut, i }), NODES_CONF_GOOD);
		ck_assert_ptr_nonnull(f.why);
		free(cut);
	}
	for (i = 0; i < bytes; i++)
		for (bit = 0; bit < 8; bit++) {
			text[i] = (char)(text[i] ^ 1 << bit);
			ck_assert_int_ne(nodes_conf_read(&f,
			    (struct slice){ text, bytes }), NODES_CONF_GOOD);
			text[i] = (char)(text[i] ^ 1 << bit);
		}
	for (i = 0; i < sizeof(seen) - 1; i++)
		ck_assert_int_ne(nodes_conf_read(&f,
		    (struct slice){ seen, i }), NODES_CONF_GOOD);
}
END_TEST

static void
judged(const char *file, enum nodes_conf_verdict verdict, unsigned line,
    const char *why)
{
	struct nodes_conf f;

	ck_assert_int_eq(nodes_conf_read(&f, slice_of(file)), verdict);
	ck_assert_str_eq(f.why, why);
	if (line > 0)
		ck_assert_uint_eq(f.line, line);
}

#define NODE " 1.2.3.4:1@2 myself,master - 0 0 1 connected"
#define VARS "vars currentEpoch 1 lastVoteEpoch 1\n"

START_TEST(says_what_is_wrong)
{
	judged("", NODES_CONF_EMPTY, 0, "it is empty");
	judged(ID_A NODE "\n" VARS "x\n", NODES_CONF_ODD, 3,
	    "something follows the vars");
	judged(ID_A NODE "\n\n" ID_B NODE "\n" VARS, NODES_CONF_ODD, 3,
	    "two nodes are this one");
	judged(ID_A NODE "\n", NODES_CONF_TORN, 0, "its vars are missing");
	judged(ID_A NODE, NODES_CONF_TORN, 0, "its last line has no end");
	judged(ID_A NODE " 3 3\n" VARS, NODES_CONF_ODD, 1,
	    "a slot has two owners");
	judged(ID_A NODE " 16384\n" VARS, NODES_CONF_ODD, 1, "a slot");
	judged(ID_A NODE " 7-5\n" VARS, NODES_CONF_ODD, 1, "a slot");
	judged(ID_A NODE " [\n" VARS, NODES_CONF_ODD, 1, "a slot");
	judged(ID_A NODE " [5-x]\n" VARS, NODES_CONF_ODD, 1, "a slot");
	judged(ID_A NODE " [5-<-x]\n" VARS, NODES_CONF_ODD, 1, "a slot");
	judged(ID_A NODE " [5-<-" ID_B "\n" VARS, NODES_CONF_ODD, 1,
	    "a slot");
	judged("abc" NODE "\n" VARS, NODES_CONF_ODD, 1, "the id");
	judged(ID_A " 1.2.3.4 master - 0 0 1 connected\n" VARS,
	    NODES_CONF_ODD, 1, "the address");
	judged(ID_A " a:1@70000 master - 0 0 1 connected\n" VARS,
	    NODES_CONF_ODD, 1, "the address");
	judged(ID_A " a:1@7 king - 0 0 1 connected\n" VARS,
	    NODES_CONF_ODD, 1, "the flags");
	judged(ID_A " a:1@7 master\n" VARS, NODES_CONF_ODD, 1,
	    "words are missing");
	judged(ID_A NODE "\nvars currentEpoch -1\n", NODES_CONF_ODD, 2,
	    "a value of the vars");
	judged(ID_A NODE "\nvars currentEpoch\n", NODES_CONF_ODD, 2,
	    "a value of the vars");
	judged(ID_A NODE "\nvars currentEpoch 1 generation 4\n",
	    NODES_CONF_DAMAGED, 0, "its sum is missing");
	judged(ID_A " a:1@7 master - 0 0 1 connected\n" VARS,
	    NODES_CONF_ODD, 0, "no node is this one");
}
END_TEST

START_TEST(takes_old_and_new)
{
	struct nodes_conf f, g, bad;
	struct nodes_conf_node n;
	size_t bytes;
	char *older;

	/* No bus port, and words of a later version. */
	ck_assert_int_eq(nodes_conf_read(&f, SLICE(ID_A
	    " 1.2.3.4:7,,new=1 myself,noflags - 0 0 1 connected\n"
	    "vars currentEpoch 1 lastVoteEpoch 1 brandNew x\n")),
	    NODES_CONF_GOOD);
	ck_assert(nodes_conf_next(&f, &n));
	ck_assert_int_eq(n.cport, 10007);
	ck_assert_int_eq(nodes_conf_read(&bad, SLICE("x")), NODES_CONF_TORN);
	bytes = write_file(4);
	older = malloc(bytes);
	memcpy(older, text, bytes);
	ck_assert_int_eq(nodes_conf_read(&f, (struct slice){ older, bytes }),
	    NODES_CONF_GOOD);
	bytes = write_file(5);
	ck_assert_int_eq(nodes_conf_read(&g, (struct slice){ text, bytes }),
	    NODES_CONF_GOOD);
	ck_assert_ptr_eq(nodes_conf_pick(&f, &g), &g);
	ck_assert_ptr_eq(nodes_conf_pick(&g, &f), &g);
	ck_assert_ptr_eq(nodes_conf_pick(&bad, &f), &f);
	ck_assert_ptr_eq(nodes_conf_pick(&f, &bad), &f);
	ck_assert_ptr_null(nodes_conf_pick(&bad, &bad));
	free(older);
}
END_TEST

START_TEST(fits_or_says_so)
{
	struct nodes_conf_node n = { .ip = "1.2.3.4", .port = 1 };
	struct nodes_conf_vars v = { .generation = 1 };
	uint8_t slots[BUS_SLOT_BYTES];
	struct nodes_conf_writer w;
	static char room[60000];

	memset(slots, 0x55, sizeof(slots));
	id(&n.id, ID_A);
	nodes_conf_begin(&w, text, sizeof(text));
	nodes_conf_put_node(&w, &n, slots, true);
	nodes_conf_put_end(&w);
	ck_assert_uint_gt(nodes_conf_end(&w, &v), 8192 * 5);
	nodes_conf_begin(&w, room, 100);
	nodes_conf_put_node(&w, &n, slots, true);
	ck_assert_uint_eq(nodes_conf_end(&w, &v), 0);
	nodes_conf_begin(&w, room, 120);
	ck_assert_uint_eq(nodes_conf_end(&w, &v), 0);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("nodes_conf");
	TCase *t = tcase_create("nodes_conf");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, reads_seen);
	tcase_add_test(t, writes_file);
	tcase_add_test(t, refuses_spoilt);
	tcase_add_test(t, says_what_is_wrong);
	tcase_add_test(t, takes_old_and_new);
	tcase_add_test(t, fits_or_says_so);
	suite_add_tcase(s, t);
	return s;
}
