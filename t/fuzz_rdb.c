/*
 * fuzz_rdb - foreign bytes as an RDB file and as a value of each type
 *
 * The first byte chooses the type of one value, or that all is a file.  All
 * elements are read, in both ways of keeping strings; skipping must come to
 * the same end.  What is made gets memory up to a limit, so that a bomb shows.
 *
 * Not here: what becomes of values in slots (fuzz_dump.c).
 */
#include <stdlib.h>

#include "proto/rdb_value.h"

#define ROOM_MAX (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static struct block { struct block *next; char data[]; } *blocks;
static size_t room_used;

static void *
room(void *arg, size_t bytes)
{
	struct block *b;

	(void)arg;
	if (bytes > ROOM_MAX - room_used)
		return NULL;
	room_used += bytes;
	b = malloc(16 + bytes);
	b->next = blocks;
	blocks = b;
	return (char *)b + 16;
}

static void
give_back(void)
{
	struct block *b;

	while ((b = blocks) != NULL) {
		blocks = b->next;
		free(b);
	}
	room_used = 0;
}

/* Looks at every byte of a string. */
static void
look(struct slice s)
{
	unsigned char sum = 0;
	size_t i;

	for (i = 0; i < s.bytes; i++)
		sum ^= (unsigned char)s.data[i];
	/* It is used, says this to the compiler. */
	__asm__ volatile ("" : : "r" (sum));
}

static void
walk(struct rdb_reader *r, int type, bool keeps)
{
	struct rdb_element e;
	struct rdb_value v;
	uint64_t n = 0;

	if (!rdb_value_begin(&v, r, type, keeps))
		return;
	while (rdb_value_next(&v, &e)) {
		n++;
		look(e.text);
		if (v.row->kind == RDB_HASH)
			look(e.value);
		if (v.row->kind == RDB_ZSET)
			must(e.score == e.score, "a score is a number");
	}
	must(r->why[0] != 0 || v.row->pack != RDB_PACK_NONE || n == v.count,
	    "as many elements as were told");
}

static void
try_value(const uint8_t *data, size_t bytes, int type)
{
	struct slice s = { (const char *)data, bytes };
	struct rdb_reader r, skipper;
	int keeps;

	rdb_open(&skipper, s, NULL, NULL);
	if (!rdb_skip_value(&skipper, type))
		must(skipper.why[0] != 0, "a refusal has a reason");
	for (keeps = 0; keeps < 2 &&
	    rdb_type_table[type].body != RDB_BODY_STREAM; keeps++) {
		rdb_open(&r, s, room, NULL);
		walk(&r, type, keeps);
		must(r.at <= r.bytes, "a reader stays inside");
		must(r.why[0] != 0 || (skipper.why[0] == 0 &&
		    skipper.at == r.at), "skipping comes to the same end");
	}
}

static void
try_file(const uint8_t *data, size_t bytes)
{
	struct rdb_item item = { .freq = 0 };
	struct rdb_reader r;

	rdb_open(&r, (struct slice){ (const char *)data, bytes }, room, NULL);
	if (!rdb_read_header(&r))
		return;
	while (rdb_next(&r, &item) && item.what != RDB_IS_END) {
		if (item.what == RDB_IS_AUX || item.what == RDB_IS_KEY)
			look(item.name);
		if (item.what == RDB_IS_AUX || item.what == RDB_IS_FUNCTION)
			look(item.text);
		if (item.what == RDB_IS_KEY && !rdb_skip_value(&r, item.type))
			break;
	}
	must(r.at <= r.bytes, "a reader stays inside");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	if (bytes == 0)
		return 0;
	if (data[0] >= RDB_TYPES)
		try_file(data + 1, bytes - 1);
	else if (rdb_type_table[data[0]].since > 0 &&
	    rdb_type_table[data[0]].body != RDB_BODY_FOREIGN)
		try_value(data + 1, bytes - 1, data[0]);
	give_back();
	return 0;
}
