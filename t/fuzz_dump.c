/*
 * fuzz_dump - foreign bytes on their way into a slot, as RESTORE takes them
 *
 * What is refused leaves the old value and no block behind.  What is taken is
 * written again, in both versions, and must be taken then, and be the same.
 * The first byte chooses the limits, the second is the type.
 *
 * Not here: the reader alone (fuzz_rdb.c).
 */
#include <stdlib.h>

#include "shm/dump.h"
#include "shm/list.h"
#include "shm/string.h"
#include "t/ground.h"

#define FILE_BYTES (64u << 20)
#define PAYLOAD_MAX 4096
#define CHECK_EVERY 256   /* refusals: it walks all slots */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const struct dump_limits limits[] = {
	{ { 512, 64 }, { 512, 128, 64 }, { 128, 64 }, -2 },
	{ { 1, 10 }, { 1, 1, 10 }, { 1, 10 }, 1 },
};

static struct txn t;
static struct heap_own own;
static struct ground *g;
static struct key key;
static char *file;
static unsigned refusals;

static bool
is_full(struct rdb_writer *w)
{
	(void)w;
	return false;
}

static uint64_t
elements(const struct value *v)
{
	switch (value_type(v)) {
	case VALUE_LIST:
		return list_count(v);
	case VALUE_SET:
		return set_count(v);
	case VALUE_ZSET:
		must(zset_check(v), "a sorted set that was taken is sound");
		return zset_count(v);
	case VALUE_HASH:
		return hash_count(v);
	default:
		return value_bytes(v);
	}
}

static struct value *
read_in(struct slice bytes, int type, const struct dump_limits *l)
{
	struct rdb_reader r;
	struct value *v;

	rdb_open(&r, bytes, dump_room, &t);
	v = dump_read(&t, &r, type, &key, slot_peek(&t, &key), -1, l);
	must((v == NULL) == (r.why[0] != 0), "a refusal has a reason");
	must(r.at <= r.bytes, "a reader stays inside");
	return v;
}

static void
write_and_read(struct value *v, int version, const struct dump_limits *l)
{
	uint64_t count = elements(v);
	enum value_type type = value_type(v);
	struct rdb_writer w;

	rdb_write_open(&w, version, file, FILE_BYTES, is_full, NULL);
	w.compress_from = version == 11 ? 21 : 0;
	dump_write(&w, v);
	if (w.is_broken)
		return;
	v = read_in((struct slice){ file, w.used }, dump_type(v, version), l);
	must(v != NULL, "what was written is sound");
	must(value_type(v) == type && (type == VALUE_STREAM ||
	    elements(v) == count), "what was written is the same");
}

static void
begin(void)
{
	g = ground_open(&t, &own);
	t.log = NULL;
	key = slot_key(g->slots, 0, SLICE("key"));
	file = malloc(FILE_BYTES);
	txn_begin(&t);
	slot_put_string(&t, &key, NULL, SLICE("old"), -1);
	txn_commit(&t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const struct dump_limits *l;
	struct slice payload;
	struct rdb_reader r;
	struct value *v;
	uint8_t type;

	if (g == NULL)
		begin();
	if (bytes < 2 || bytes > PAYLOAD_MAX)
		return 0;
	l = &limits[data[0] % COUNT(limits)];
	payload = (struct slice){ (const char *)data + 1, bytes - 1 };
	rdb_open(&r, payload, NULL, NULL);
	if (!rdb_read_type(&r, &type))
		return 0;
	txn_begin(&t);
	if (setjmp(t.bail) == 0) {
		payload.data++;
		payload.bytes--;
		v = read_in(payload, type, l);
		if (v != NULL) {
			write_and_read(v, 11, l);
			v = slot_peek(&t, &key);
			write_and_read(v, 10, &limits[0]);
		} else {
			v = slot_peek(&t, &key);
			must(value_type(v) == VALUE_STRING && slice_equal(
			    SLICE("old"), (struct slice){ value_data(v),
			    value_bytes(v) }), "the old value stays");
			txn_commit(&t);
			if (++refusals % CHECK_EVERY == 0)
				ground_check(g);
			return 0;
		}
	}
	txn_undo(&t);
	return 0;
}
