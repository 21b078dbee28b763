#include "shm/snap.h"

#include "shm/dump.h"
#include "shm/fault.h"
#include "shm/slot.h"

#include <stdlib.h>

#define SAVED_ALL 1u
#define OUT_BYTES (1u << 20)
#define HEAD sizeof(struct snap_entry)

static inline uint64_t
padded(uint64_t bytes)
{
	return (bytes + 7) & ~7ull;
}

/* Bytes of a record that is whole in its block, up to its last. */
static inline size_t
record_bytes(const struct value *v)
{
	return (size_t)(value_data(v) - (const char *)v) + value_bytes(v);
}

static inline bool
has_passed(const struct slot *slot, uint32_t serial, uint64_t hash)
{
	uint64_t saved = slot->saved;

	return (uint32_t)saved >> 1 == serial &&
	    ((saved & SAVED_ALL) != 0 || hash >> 32 < saved >> 32);
}

void
snap_init(struct snap *s, char *ring, uint64_t bytes, const uint64_t *got)
{
	s->ring = ring;
	s->bytes = bytes;
	s->got = got;
	s->magic = SNAP_MAGIC;
}

/* --- workers ----------------------------------------------------------- */

static void
give_up(struct txn *t)
{
	word_store_release(&t->snap->broken, t->snap_serial);
}

static bool
is_given_up(const struct txn *t)
{
	return word_load_acquire(&t->snap->broken) == t->snap_serial;
}

/* Waits until the saver has read enough of what is there. */
static bool
wait_for_room(struct txn *t)
{
	const struct snap *s = t->snap;
	int naps;

	for (naps = 0; word_load(&s->end) - word_load_acquire(s->got) >
	    SNAP_WAITING_MAX; naps++) {
		if (is_given_up(t))
			return false;
		if (naps == SNAP_NAPS || t->nap == NULL) {
			give_up(t);
			return false;
		}
		t->nap(t);
	}
	return true;
}

static bool
has_no_more_room(struct rdb_writer *w)
{
	(void)w;
	return false;
}

/* A record as RDB at `to`; the bytes it has, 0: more than `room`. */
static size_t
dump(const struct value *v, char *to, size_t room)
{
	struct rdb_writer w;

	rdb_write_open(&w, SNAP_VERSION, to, room, has_no_more_room, NULL);
	w.compress_from = 0;
	w.has_no_crc = true;
	dump_write_key(&w, v);
	return w.is_broken ? 0 : w.used;
}

/*
 * Where the next entry may lie, in one piece of *room bytes; what is left
 * before the ring's end is given up when it is too small.
 */
static struct snap_entry *
entry_at_end(struct snap *s, size_t need, size_t *room)
{
	uint64_t end = s->end, in = end % s->bytes, left = s->bytes - in;
	uint64_t empty = s->bytes - (end - word_load_acquire(s->got));
	struct snap_entry *e;

	if (left < need + HEAD && left <= empty) {
		e = (struct snap_entry *)(void *)(s->ring + in);
		e->bytes = left;
		e->form = SNAP_FILL;
		word_store_release(&s->end, end + left);
		empty -= left;
		in = 0;
		left = s->bytes;
	}
	*room = left < empty ? left : empty;
	*room -= *room > 2 * HEAD ? 2 * HEAD : *room;
	return (struct snap_entry *)(void *)(s->ring + in);
}

static bool
fill_entry(struct snap *s, const struct value *v, struct snap_entry **at)
{
	bool is_large = value_is_large(v) || value_type(v) == VALUE_STREAM;
	size_t bytes = is_large ? 0 : record_bytes(v), room;
	struct snap_entry *e = entry_at_end(s, is_large ? s->bytes / 2 : bytes,
	    &room);

	if (is_large && room >= RDB_ROOM_MIN)
		bytes = dump(v, e->text, room);
	if (bytes == 0 || bytes > room)
		return false;
	if (!is_large)
		memcpy(e->text, v, bytes);
	e->form = is_large ? SNAP_DUMP : SNAP_RECORD;
	e->db = value_db(v);
	e->text_bytes = bytes;
	e->bytes = HEAD + padded(bytes);
	*at = e;
	return true;
}

static void
hand_over(struct txn *t, struct value *v)
{
	struct journal *j = t->journal;
	struct snap *s = t->snap;
	struct snap_entry *e;

	must(s->magic == SNAP_MAGIC,
	    "the ring for snapshots has its magic number");
	word_lock(&s->lock, t->holder);
	if (!fill_entry(s, v, &e)) {
		give_up(t);
		word_unlock(&s->lock);
		return;
	}
	FAULT(HAND_COPIED);
	j->hand_stamp = snap_epoch(t->snap_serial);
	j->hand_at = s->end;
	word_order();
	word_store(&j->hand, v);
	word_order();
	word_store_release(&s->end, s->end + e->bytes);
	word_order();
	FAULT(HAND_SEEN);
	value_set_stamp(v, snap_epoch(t->snap_serial));
	word_order();
	word_store(&j->hand, NULL);
	FAULT(HAND_STAMPED);
	s->handed++;
	word_unlock(&s->lock);
}

void
snap_before(struct txn *t, const struct key *k, struct value *v)
{
	if (value_stamp(v) == snap_epoch(t->snap_serial) ||
	    has_passed(k->slot, t->snap_serial, k->hash) || is_given_up(t) ||
	    !wait_for_room(t))
		return;
	hand_over(t, v);
}

uint8_t
snap_birth_stamp(const struct txn *t, const struct key *k)
{
	return has_passed(k->slot, t->snap_serial, k->hash) ? 0 :
	    snap_epoch(t->snap_serial);
}

void
snap_flushed(struct txn *t, const struct slot *slot)
{
	if ((uint32_t)slot->saved != (t->snap_serial << 1 | SAVED_ALL))
		give_up(t);
}

void
snap_mend(struct journal *j, const struct snap *s)
{
	if (j->hand == NULL)
		return;
	if (word_load_acquire(&s->end) > j->hand_at)
		value_set_stamp(j->hand, (uint8_t)j->hand_stamp);
	word_order();
	word_store(&j->hand, NULL);
}

/* --- the saver --------------------------------------------------------- */

struct pass {
	struct snap_out *out;
	uint8_t epoch;
	bool is_broken;
};

static bool
make_room(struct snap_out *out, size_t more)
{
	size_t room = out->room > 0 ? out->room : OUT_BYTES;
	char *data;

	while (room - out->used < more)
		room *= 2;
	if (room == out->room)
		return true;
	data = realloc(out->data, room);
	if (data == NULL)
		return false;
	out->data = data;
	out->room = room;
	return true;
}

static bool
grow(struct rdb_writer *w)
{
	struct snap_out *out = w->owner;
	size_t before = (size_t)(w->data - out->data);

	out->used = before + w->used;
	if (!make_room(out, out->room))
		return false;
	out->used = before;
	w->data = out->data + before;
	w->room = out->room - before;
	return true;
}

static bool
dump_out(struct snap_out *out, const struct value *v, size_t *bytes)
{
	size_t at = out->used + HEAD;
	struct rdb_writer w;

	rdb_write_open(&w, SNAP_VERSION, out->data + at, out->room - at, grow,
	    out);
	w.compress_from = 0;
	w.has_no_crc = true;
	dump_write_key(&w, v);
	*bytes = w.used;
	return !w.is_broken;
}

static void
take(void *arg, void *block)
{
	struct pass *p = arg;
	struct value *v = block;
	bool is_large = value_is_large(v) || value_type(v) == VALUE_STREAM;
	uint8_t stamp = value_stamp(v);
	size_t bytes = is_large ? RDB_ROOM_MIN : record_bytes(v);
	struct snap_entry *e;

	if (unlikely(stamp != 0))
		value_set_stamp(v, 0);
	if (stamp == p->epoch || p->is_broken)
		return;
	if (!make_room(p->out, HEAD + padded(bytes)) ||
	    (is_large && (!dump_out(p->out, v, &bytes) ||
	    !make_room(p->out, HEAD + padded(bytes))))) {
		p->is_broken = true;
		return;
	}
	e = (struct snap_entry *)(void *)(p->out->data + p->out->used);
	if (!is_large)
		memcpy(e->text, v, bytes);
	e->form = is_large ? SNAP_DUMP : SNAP_RECORD;
	e->db = value_db(v);
	e->text_bytes = bytes;
	e->bytes = HEAD + padded(bytes);
	p->out->used += e->bytes;
}

bool
snap_pass(struct slot *slot, uint32_t serial, uint64_t *cursor,
    struct snap_out *out)
{
	struct pass p = { out, snap_epoch(serial), false };
	uint64_t next = dict_scan_segment(&slot->keys, &value_dict, *cursor,
	    take, &p);

	must((next & UINT32_MAX) == 0, "a part ends at a multiple of 2^32");
	*cursor = next;
	slot->saved = next | serial << 1 | (next == 0 ? SAVED_ALL : 0);
	FAULT(SEGMENT_PASSED);
	return !p.is_broken;
}

static void
clear(void *arg, void *block)
{
	struct value *v = block;

	(void)arg;
	if (value_stamp(v) != 0)
		value_set_stamp(v, 0);
}

void
snap_sweep(struct slot *slot, uint64_t *cursor)
{
	*cursor = dict_scan_segment(&slot->keys, &value_dict, *cursor, clear,
	    NULL);
}

const struct snap_entry *
snap_next(const struct snap *s, uint64_t *got)
{
	const struct snap_entry *e;

	while (*got != word_load_acquire(&s->end)) {
		e = (const struct snap_entry *)(const void *)
		    (s->ring + *got % s->bytes);
		if (e->form != SNAP_FILL)
			return e;
		snap_done(e, got);
	}
	return NULL;
}

void
snap_done(const struct snap_entry *e, uint64_t *got)
{
	word_store_release(got, *got + e->bytes);
}
