#include "shm/snap.h"

#include "shm/fault.h"
#include "shm/slot.h"
#include "shm/snap_parts.h"

#include <stdlib.h>

const char snap_wait[] = "ERR a snapshot is being taken";

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

/* Whether it goes over the ring. */
static inline bool
is_small(const struct value *v)
{
	return !value_is_large(v) && value_type(v) != VALUE_STREAM &&
	    record_bytes(v) <= SNAP_COPY_MAX;
}

static void
fill_entry(struct snap_entry *e, const struct value *v, size_t bytes)
{
	e->bytes = HEAD + padded(bytes);
	e->form = SNAP_RECORD;
	e->db = value_db(v);
	memcpy(e->text, v, bytes);
}

static inline bool
has_passed(const struct slot *slot, uint32_t serial, uint64_t hash)
{
	uint64_t saved = slot->saved;

	return (uint32_t)saved >> 1 == serial &&
	    ((saved & SAVED_ALL) != 0 || hash >> 32 < saved >> 32);
}

void
snap_init(struct snap *s, char *ring, uint64_t bytes,
    const struct snap_reader *reader, struct snap_left **left)
{
	s->ring = ring;
	s->bytes = bytes;
	s->reader = reader;
	s->left = left;
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

/*
 * Where the next entry may lie, NULL when the ring is full; what is left before
 * its end is given up when it is too small.
 */
static struct snap_entry *
entry_at_end(struct snap *s, uint64_t need)
{
	uint64_t end = s->end, in = end % s->bytes, left = s->bytes - in;
	uint64_t empty = s->bytes -
	    (end - word_load_acquire(&s->reader->got));
	struct snap_entry *e = (struct snap_entry *)(void *)(s->ring + in);

	if (left < need) {
		if (empty < left + need)
			return NULL;
		e->bytes = left;
		e->form = SNAP_FILL;
		word_store_release(&s->end, end + left);
		return (struct snap_entry *)(void *)s->ring;
	}
	return empty < need ? NULL : e;
}

static void
hand_over(struct txn *t, struct value *v)
{
	struct journal *j = t->journal;
	struct snap *s = t->snap;
	size_t bytes = record_bytes(v);
	struct snap_entry *e;

	must(s->magic == SNAP_MAGIC,
	    "the ring for snapshots has its magic number");
	word_lock(&s->lock, t->holder);
	e = entry_at_end(s, HEAD + padded(bytes));
	if (e == NULL) {
		give_up(t);
		word_unlock(&s->lock);
		return;
	}
	fill_entry(e, v, bytes);
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

static _Noreturn void
wait_for_saver(struct txn *t, const struct key *k)
{
	struct snap_wish *w = t->wish;

	w->hash = k->hash;
	w->slot = keyslot_of(k->name);
	word_store_release(&w->number, w->number + 1);
	txn_abort(t, snap_wait);
}

/* What is pinned: a large value's record may move meanwhile. */
static inline const void *
root_of(const struct value *v)
{
	return value_is_large(v) ? value_large(v) : v;
}

/* Nobody wants anything any more, but for what the saver is reading. */
static bool
is_let_go(const struct txn *t, const void *root)
{
	return is_given_up(t) &&
	    word_load_acquire(&t->snap->reader->pin) != root;
}

bool
snap_wants_root(const struct txn *t, const void *root, uint32_t taken)
{
	return taken != t->snap_serial && !is_let_go(t, root);
}

static bool
wants(const struct txn *t, const struct key *k, const struct value *v)
{
	if (value_is_large(v))
		return snap_wants_root(t, value_large(v), *value_taken(v));
	return value_stamp(v) != snap_epoch(t->snap_serial) &&
	    !has_passed(k->slot, t->snap_serial, k->hash) &&
	    !is_let_go(t, v);
}

void
snap_before(struct txn *t, const struct key *k, struct value *v)
{
	if (is_small(v) && wants(t, k, v))
		hand_over(t, v);
}

bool
snap_must_stay(const struct txn *t, const struct key *k, const struct value *v)
{
	return !is_small(v) && !value_is_large(v) && wants(t, k, v);
}

static struct snap_left *
new_left(struct txn *t, const struct key *k)
{
	struct snap_left *e = heap_take(t->heap, sizeof(*e));

	if (e != NULL)
		return e;
	wait_for_saver(t, k);
}

bool
snap_leave(struct txn *t, const struct key *k, struct value *v)
{
	struct snap_left *e, **list = &t->snap->left[keyslot_of(k->name)];

	if (!wants(t, k, v))
		return false;
	if (is_small(v)) {
		hand_over(t, v);
		return false;
	}
	e = new_left(t, k);
	*e = (struct snap_left){ .next = *list, .v = v,
		.serial = t->snap_serial };
	txn_write(t, list, &e, sizeof(e));
	FAULT(LEFT);
	return true;
}

/*
 * What is said of a large value: two pieces, one behind the other.  Without
 * data only the room is taken, so that it counts.  What there is no room for,
 * and is long, waits.
 */
static void
hand_over_pieces(struct txn *t, const struct key *k, enum snap_form form,
    const void *first, size_t first_bytes, const void *data, size_t bytes)
{
	struct snap *s = t->snap;
	uint64_t need = HEAD + padded(first_bytes + bytes);
	struct snap_entry *e;

	if (is_given_up(t))
		return;
	must(s->magic == SNAP_MAGIC,
	    "the ring for snapshots has its magic number");
	word_lock(&s->lock, t->holder);
	e = entry_at_end(s, need);
	if (e == NULL && bytes >= SNAP_PART_MAX) {
		word_unlock(&s->lock);
		wait_for_saver(t, k);
	}
	if (e == NULL) {
		give_up(t);
		word_unlock(&s->lock);
		return;
	}
	*e = (struct snap_entry){ .bytes = need, .form = form };
	memcpy(e->text, first, first_bytes);
	if (data != NULL)
		memcpy(e->text + first_bytes, data, bytes);
	FAULT(HAND_COPIED);
	word_store_release(&s->end, s->end + need);
	s->handed++;
	word_unlock(&s->lock);
}

static struct snap_about
about(const struct key *k, const struct value *v)
{
	return (struct snap_about){ .root = value_large(v),
		.count = value_has_parts(v) ? value_parts_dict(v)->count : 0,
		.hash = k->hash, .slot = keyslot_of(k->name) };
}

/* Whether a part of that name has been left before: its place was told then. */
static bool
was_left(const struct txn *t, const struct key *k, const struct value *v,
    uint64_t hash, struct slice name)
{
	const struct value_parts *p = value_ops[value_type(v)]->parts;
	const struct snap_left *e = t->snap->left[keyslot_of(k->name)];

	while (e != NULL && (e->v != NULL || e->serial != t->snap_serial ||
	    e->root != value_large(v) || e->hash != hash ||
	    !slice_equal(p->name(e->part), name)))
		e = e->next;
	return e != NULL;
}

static void
leave_part(struct txn *t, const struct key *k, struct snap_part *part)
{
	struct snap_left *e, **list = &t->snap->left[part->about.slot];

	e = new_left(t, k);
	*e = (struct snap_left){ .next = *list, .serial = t->snap_serial,
		.root = part->about.root, .hash = part->hash,
		.part = part->left };
	hand_over_pieces(t, k, SNAP_PART, part, sizeof(*part), NULL,
	    SNAP_PART_MAX);
	txn_write(t, list, &e, sizeof(e));
	FAULT(LEFT);
}

bool
snap_before_part(struct txn *t, const struct key *k, const struct value *v,
    uint64_t hash, const void *block, struct slice name)
{
	const struct value_parts *p = value_ops[value_type(v)]->parts;
	struct snap_part part = { .about = about(k, v), .hash = hash,
		.is_new = block == NULL, .name_bytes = (uint32_t)name.bytes,
		.bytes = name.bytes };

	if (!wants(t, k, v))
		return false;
	if (block != NULL) {
		part.bytes = p->bytes(block);
		part.name_at = (uint32_t)(p->name(block).data -
		    (const char *)block);
	}
	if (block == NULL || part.bytes <= SNAP_PART_MAX) {
		hand_over_pieces(t, k, SNAP_PART, &part, sizeof(part),
		    block != NULL ? block : name.data, part.bytes);
		return false;
	}
	if (txn_has_taken(t, block) || was_left(t, k, v, hash, name))
		return false;
	part.left = block;
	leave_part(t, k, &part);
	return true;
}

void
snap_before_head(struct txn *t, const struct key *k, const struct value *v,
    const struct key *to)
{
	struct snap_head head = { .about = about(k, v), .to_hash = to->hash,
		.to_slot = keyslot_of(to->name) };

	if (!value_is_large(v) || !wants(t, k, v))
		return;
	hand_over_pieces(t, k, SNAP_HEAD, &head, sizeof(head), v,
	    record_bytes(v));
}

bool
snap_is_crowded(const struct snap *s, uint32_t serial, uint64_t most)
{
	if (word_load(&s->reader->is_tight) != 0 && most > SNAP_TIGHT)
		most = SNAP_TIGHT;
	return word_load(&s->end) - word_load_acquire(&s->reader->got) > most &&
	    word_load_acquire(&s->broken) != serial;
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
	if ((uint32_t)slot->saved == (t->snap_serial << 1 | SAVED_ALL))
		return;
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
	uint32_t serial;
	uint8_t epoch;
	bool is_broken;
};

bool
snap_make_room(struct snap_out *out, size_t more, size_t first)
{
	size_t room = out->room > 0 ? out->room : first;
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

bool
snap_keep(struct snap_out *out, const struct snap_entry *e)
{
	if (!snap_make_room(out, e->bytes, OUT_BYTES))
		return false;
	memcpy(out->data + out->used, e, e->bytes);
	out->used += e->bytes;
	return true;
}

static void
take(void *arg, void *block)
{
	struct pass *p = arg;
	struct value *v = block;
	uint8_t stamp = value_stamp(v);
	size_t bytes = HEAD + padded(record_bytes(v));

	if (unlikely(stamp != 0))
		value_set_stamp(v, 0);
	if (stamp == p->epoch || p->is_broken)
		return;
	if (value_is_large(v)) {
		must(*value_taken(v) == p->serial,
		    "what is large was taken before its part is passed");
		return;
	}
	must(is_small(v), "what is long was taken before its part is passed");
	if (!snap_make_room(p->out, bytes, OUT_BYTES)) {
		p->is_broken = true;
		return;
	}
	fill_entry((struct snap_entry *)(void *)(p->out->data + p->out->used),
	    v, record_bytes(v));
	p->out->used += bytes;
}

bool
snap_pass(struct slot *slot, uint32_t serial, uint64_t *cursor,
    struct snap_out *out)
{
	struct pass p = { out, serial, snap_epoch(serial), false };
	uint64_t next = dict_scan_segment(&slot->keys, &value_dict, *cursor,
	    take, &p);

	must((next & UINT32_MAX) == 0, "a part ends at a multiple of 2^32");
	*cursor = next;
	slot->saved = next | serial << 1 | (next == 0 ? SAVED_ALL : 0);
	FAULT(SEGMENT_PASSED);
	return !p.is_broken;
}

/* --- what is not small ------------------------------------------------- */

struct search {
	uint32_t serial;
	bool is_any;
	uint64_t hash;       /* else */
	const void *root;    /* or NULL: what the snapshot has yet to get */
	const struct value *found;
};

/* Whether the snapshot has yet to get it, which is in no part passed. */
static bool
is_due(const struct value *v, uint32_t serial)
{
	return value_is_large(v) ? *value_taken(v) != serial :
	    value_stamp(v) != snap_epoch(serial);
}

static void
look(void *arg, void *block)
{
	struct search *x = arg;
	const struct value *v = block;

	if (is_small(v) || (!x->is_any && value_dict.hash(v) != x->hash))
		return;
	if (x->root != NULL ? root_of(v) == x->root : is_due(v, x->serial))
		x->found = v;
}

static const struct value *
search(const struct slot *slot, uint64_t cursor, struct search *x)
{
	dict_scan_segment(&slot->keys, &value_dict, cursor, look, x);
	return x->found;
}

const struct value *
snap_find(const struct slot *slot, uint32_t serial, uint64_t cursor)
{
	return search(slot, cursor, &(struct search){ .serial = serial,
		.is_any = true });
}

const struct value *
snap_find_at(const struct slot *slot, uint32_t serial, uint64_t hash)
{
	const struct value *v = search(slot, hash, &(struct search){
		.serial = serial, .hash = hash });

	return v != NULL && !value_is_large(v) &&
	    has_passed(slot, serial, hash) ? NULL : v;
}

const struct value *
snap_find_root(const struct slot *slot, uint64_t hash, const void *root)
{
	return search(slot, hash, &(struct search){ .hash = hash,
		.root = root });
}

const struct value *
snap_find_left(const struct snap_left *e, uint32_t serial, const void *root)
{
	while (e != NULL && (e->v == NULL || e->serial != serial ||
	    !is_due(e->v, serial) || (root != NULL && root_of(e->v) != root)))
		e = e->next;
	return e != NULL ? e->v : NULL;
}

void
snap_pin(const struct value *v, struct snap_reader *r)
{
	word_store_release(&r->pin, root_of(v));
}

void
snap_unpin(uint32_t serial, struct value *v, struct snap_reader *r)
{
	if (value_is_large(v))
		word_store(value_taken(v), serial);
	else
		value_set_stamp(v, snap_epoch(serial));
	word_store_release(&r->pin, NULL);
}

void
snap_free_left(struct txn *t, struct snap_left *e)
{
	if (e->v != NULL && value_is_large(e->v))
		value_ops[value_type(e->v)]->drop(t, e->v);
	txn_free(t, e->v != NULL ? (const void *)e->v : e->part);
	txn_free(t, e);
}

void
snap_unlink_left(struct txn *t, struct snap_left **list, struct snap_left *e)
{
	while (*list != NULL && *list != e)
		list = &(*list)->next;
	must(*list == e, "what is taken out of a list is in it");
	txn_write(t, list, &e->next, sizeof(e->next));
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
