#include "shm/slot.h"

#include "proto/number.h"
#include "shm/fault.h"
#include "shm/snap.h"

#define INT_TEXT_MAX 20 /* longest decimal form of an int64_t */

struct key
slot_key(struct slot *slots, uint8_t db, struct slice name)
{
	return (struct key){ name, place_hash(name, db),
	    &slots[keyslot_of(name)], db };
}

void
slot_enter(struct txn *t, struct slot *slots, const uint16_t *numbers,
    int count)
{
	int i;

	for (i = 0; i < count; i++)
		slot_enter_next(t, slots, numbers[i]);
}

void
slot_leave(struct txn *t, struct slot *slots)
{
	struct journal *j = t->journal;

	while (j->helds > 0) {
		word_unlock(&slots[j->held[j->helds - 1]].lock);
		word_order();
		FAULT(SLOT_LEFT);
		word_store(&j->helds, j->helds - 1);
	}
}

/* --- records ----------------------------------------------------------- */

static void
fill_head(const struct txn *t, struct value *v, const struct key *k,
    enum value_type type, int encoding, size_t bytes, int64_t expires_ms)
{
	bool is_big = k->name.bytes > UINT8_MAX || bytes > UINT16_MAX;

	v->kind = (uint8_t)(type | encoding << VALUE_ENCODING_SHIFT |
	    (expires_ms >= 0 ? VALUE_EXPIRES : 0) | (is_big ? VALUE_BIG : 0));
	v->marks = k->db;
	if (unlikely(t->snap_serial != 0))
		value_set_stamp(v, snap_birth_stamp(t, k));
	v->key_bytes = is_big ? 0 : (uint8_t)k->name.bytes;
	v->value_bytes = is_big ? 0 : (uint16_t)bytes;
	if (expires_ms >= 0)
		memcpy(v + 1, &expires_ms, 8);
	if (is_big) {
		value_big(v)[0] = (uint32_t)k->name.bytes;
		value_big(v)[1] = (uint32_t)bytes;
	}
}

static void
set_lru(const struct txn *t, struct value *v)
{
	uint32_t now = (uint32_t)(t->now_ms / 1000), low;

	/* The third byte changes only with the second. */
	low = (uint32_t)v->lru[0] | (uint32_t)v->lru[1] << 8;
	if (unlikely(low != (now & 0xffff))) {
		v->lru[0] = (uint8_t)now;
		v->lru[1] = (uint8_t)(now >> 8);
		v->lru[2] = (uint8_t)(now >> 16);
	}
}

static struct value *
new_value(struct txn *t, const struct key *k, enum value_type type,
    int encoding, size_t bytes, size_t room, int64_t expires_ms)
{
	struct value *v = txn_alloc(t,
	    value_need(k->name.bytes, room, expires_ms >= 0));

	v->lru[0] = (uint8_t)~(uint32_t)(t->now_ms / 1000);
	set_lru(t, v);
	fill_head(t, v, k, type, encoding, bytes, expires_ms);
	memcpy((char *)v + value_head(v), k->name.data, k->name.bytes);
	return v;
}

static void
count_key(struct txn *t, uint8_t db, int64_t more)
{
	txn_set64(t, (uint64_t *)&t->keys[db], (uint64_t)(t->keys[db] + more));
}

/* Keeps the slot's knowledge of expiries when one goes and another comes. */
static void
count_expiry(struct txn *t, const struct key *k, int64_t from, int64_t to)
{
	struct slot *s = k->slot;
	int more = (to >= 0) - (from >= 0);

	if (to >= 0 && (s->expires == 0 || to < s->first_expiry))
		txn_set64(t, (uint64_t *)&s->first_expiry, (uint64_t)to);
	if (more != 0) {
		txn_set32(t, &s->expires, s->expires + (uint32_t)more);
		txn_set64(t, (uint64_t *)&t->expires[k->db],
		    (uint64_t)(t->expires[k->db] + more));
	}
}

/*
 * A record is no more in its slot: it is freed, unless a snapshot is to have
 * it.  What it had outside goes with it, or has another owner.
 */
static void
part_with(struct txn *t, const struct key *k, struct value *v, bool keep_large)
{
	bool is_large = value_is_large(v);

	if (unlikely(t->snap_serial != 0) && !(is_large && keep_large) &&
	    snap_leave(t, k, v))
		return;
	if (is_large && !keep_large)
		value_ops[value_type(v)]->drop(t, v);
	txn_free(t, v);
}

/* A copy of v's record with other lengths or expiry, linked in its place. */
static struct value *
move(struct txn *t, const struct key *k, struct value *v, size_t bytes,
    size_t room, int64_t expires_ms)
{
	size_t keep = value_bytes(v) < bytes ? value_bytes(v) : bytes;
	/* Large bytes only when the lengths demand it, room or not. */
	struct value *to = new_value(t, k, value_type(v), value_encoding(v),
	    bytes, bytes > UINT16_MAX || room <= UINT16_MAX ? room :
	    UINT16_MAX, expires_ms);

	txn_fill(t, value_data(to), value_data(v), keep);
	part_with(t, k, v, true);
	dict_swap(t, &k->slot->keys, k->hash, v, to);
	return to;
}

/* --- finding ----------------------------------------------------------- */

/* Flat: the search in the dictionary is a part of it. */
__attribute__((flatten)) struct value *
slot_lying(const struct key *k)
{
	return dict_find(&k->slot->keys, &value_dict, k->hash, k);
}

static struct value *
expire(struct txn *t, const struct key *k, struct value *v)
{
	if (t->may_expire) {
		txn_log2(t, k->db, SLICE("DEL"), k->name);
		slot_remove(t, k, v);
		slot_event(t, EVENT_EXPIRED, "expired", k);
		t->expired++;
	}
	return NULL;
}

/*
 * What a command may change goes to a snapshot first.  What is too long for
 * that leaves its place to a copy: strings and streams, once they do change;
 * others, which are small and have a long key, now.
 */
static struct value *
give_to_snap(struct txn *t, const struct key *k, struct value *v)
{
	snap_before(t, k, v);
	if (value_type(v) == VALUE_STRING || value_type(v) == VALUE_STREAM ||
	    !snap_must_stay(t, k, v))
		return v;
	return move(t, k, v, value_bytes(v), value_bytes(v), value_expires(v));
}

struct value *
slot_peek(struct txn *t, const struct key *k)
{
	struct value *v = slot_lying(k);

	/* Whatever a command changes, it has looked up before. */
	if (unlikely(t->snap_now != 0) && v != NULL)
		v = give_to_snap(t, k, v);
	if (v != NULL && unlikely(v->kind & VALUE_EXPIRES) &&
	    value_expires(v) <= t->now_ms && !t->sees_expired)
		return expire(t, k, v);
	return v;
}

struct value *
slot_find(struct txn *t, const struct key *k)
{
	struct value *v = slot_peek(t, k);

	if (v == NULL) {
		slot_miss(t, k);
		return NULL;
	}
	t->hits++;
	if (likely(!t->leaves_lru))
		set_lru(t, v);
	return v;
}

void
slot_tell(struct txn *t, const struct key *k)
{
	const struct value *v;

	if (t->touched == NULL)
		return;
	v = dict_find(&k->slot->keys, &value_dict, k->hash, k);
	t->touched(t, k->slot, k->hash, v != NULL ? (int)value_type(v) : -1);
}

/* --- changing ---------------------------------------------------------- */

struct value *
slot_put(struct txn *t, const struct key *k, struct value *old,
    enum value_type type, int encoding, size_t bytes, int64_t expires_ms,
    bool keep_large)
{
	struct value *v;
	int64_t from = old != NULL ? value_expires(old) : -1;

	v = new_value(t, k, type, encoding, bytes, bytes, expires_ms);
	if (old != NULL) {
		part_with(t, k, old, keep_large);
		dict_swap(t, &k->slot->keys, k->hash, old, v);
	} else {
		dict_add(t, &k->slot->keys, &value_dict, k->hash, v);
		count_key(t, k->db, 1);
		slot_event(t, EVENT_NEW, "new", k);
	}
	if (unlikely(from >= 0 || expires_ms >= 0))
		count_expiry(t, k, from, expires_ms);
	slot_touch(t, k);
	return v;
}

/* Whether a record of this size may lie in the block that v has. */
static bool
fits(const struct txn *t, const struct value *v, size_t need)
{
	size_t has = txn_block_bytes(t, v);

	/* A block with all its slack still counts as filled. */
	return need <= has && (has <= 64 || need * 2 + need / 4 > has);
}

/* Overwrites a string where it lies; false when the record must move. */
static bool
put_in_place(struct txn *t, const struct key *k, struct value *old,
    int encoding, struct slice s, int64_t expires_ms)
{
	bool is_big = k->name.bytes > UINT8_MAX || s.bytes > UINT16_MAX;
	size_t head;

	if (value_type(old) != VALUE_STRING ||
	    is_big != !!(old->kind & VALUE_BIG) ||
	    (expires_ms >= 0) != !!(old->kind & VALUE_EXPIRES) ||
	    s.bytes > UINT16_MAX || !slot_may_edit(t, k, old) ||
	    (s.bytes != value_bytes(old) &&
	    !fits(t, old, value_need(k->name.bytes, s.bytes, expires_ms >= 0))))
		return false;
	head = value_head(old);
	if (unlikely(expires_ms >= 0))
		count_expiry(t, k, value_expires(old), expires_ms);
	txn_note(t, old, head);
	txn_note(t, (char *)old + head + k->name.bytes, s.bytes);
	fill_head(t, old, k, VALUE_STRING, encoding, s.bytes, expires_ms);
	memcpy((char *)old + head + k->name.bytes, s.data, s.bytes);
	set_lru(t, old);
	slot_touch(t, k);
	return true;
}

struct value *
slot_put_string(struct txn *t, const struct key *k, struct value *old,
    struct slice s, int64_t expires_ms)
{
	int encoding = STRING_EMBSTR;
	int64_t number;
	struct value *v;

	if (s.bytes <= INT_TEXT_MAX && number_get_int(s, &number)) {
		encoding = STRING_INT;
		s = (struct slice){ (const char *)&number, sizeof(number) };
	}
	if (old != NULL && put_in_place(t, k, old, encoding, s, expires_ms))
		return old;
	v = slot_put(t, k, old, VALUE_STRING, encoding, s.bytes, expires_ms,
	    false);
	txn_fill(t, value_data(v), s.data, s.bytes);
	return v;
}

/*
 * More than asked for what grows again and again: always a share of it, for a
 * record that outgrows its block is copied whole.
 */
static size_t
slack(size_t bytes)
{
	size_t more = bytes < 256 ? 0 : bytes < 65536 ? bytes / 4 : bytes;

	if (more > 1u << 20)
		more = bytes / 8 > 1u << 20 ? bytes / 8 : 1u << 20;
	return bytes + more;
}

bool
slot_may_edit(const struct txn *t, const struct key *k, const struct value *v)
{
	return likely(t->snap_serial == 0) || !snap_must_stay(t, k, v);
}

struct value *
slot_resize(struct txn *t, const struct key *k, struct value *v, size_t bytes)
{
	size_t need = value_need(k->name.bytes, bytes, v->kind & VALUE_EXPIRES);
	bool is_big = k->name.bytes > UINT8_MAX || bytes > UINT16_MAX;

	if (is_big != !!(v->kind & VALUE_BIG) || !fits(t, v, need) ||
	    !slot_may_edit(t, k, v))
		return move(t, k, v, bytes, bytes > value_bytes(v) ?
		    slack(bytes) : bytes, value_expires(v));
	if (is_big) {
		txn_set32(t, &value_big(v)[1], (uint32_t)bytes);
	} else {
		txn_note(t, v, sizeof(*v));
		v->value_bytes = (uint16_t)bytes;
	}
	return v;
}

void
slot_set_encoding(struct txn *t, struct value *v, int encoding)
{
	txn_note(t, &v->kind, 1);
	v->kind = (uint8_t)((v->kind & ~VALUE_ENCODING_MASK) |
	    encoding << VALUE_ENCODING_SHIFT);
}

struct value *
slot_expire(struct txn *t, const struct key *k, struct value *v,
    int64_t expires_ms)
{
	int64_t from = value_expires(v);

	if (unlikely(t->snap_serial != 0)) {
		snap_before(t, k, v);
		snap_before_head(t, k, v, k);
	}
	count_expiry(t, k, from, expires_ms);
	if ((from >= 0) != (expires_ms >= 0) || !slot_may_edit(t, k, v))
		v = move(t, k, v, value_bytes(v), value_bytes(v), expires_ms);
	else if (expires_ms >= 0)
		txn_set64(t, (uint64_t *)(void *)(v + 1), (uint64_t)expires_ms);
	slot_touch(t, k);
	return v;
}

void
slot_carry(struct txn *t, const struct key *from, const struct value *v,
    const struct key *to)
{
	if (unlikely(t->snap_serial != 0))
		snap_before_head(t, from, v, to);
}

void
slot_remove(struct txn *t, const struct key *k, struct value *v)
{
	if (v->kind & VALUE_EXPIRES)
		count_expiry(t, k, value_expires(v), -1);
	dict_remove(t, &k->slot->keys, &value_dict, k->hash, v);
	part_with(t, k, v, false);
	count_key(t, k->db, -1);
	slot_touch(t, k);
}

/* --- flushing ---------------------------------------------------------- */

struct flush {
	struct txn *t;
	struct slot *slot;
	int db;
	uint64_t count;
	struct value **found;
};

static void
choose(void *arg, void *block)
{
	struct flush *f = arg;
	struct value *v = block;

	if (f->db < 0 || value_db(v) == f->db)
		f->found[f->count++] = v;
}

void
slot_flush(struct txn *t, struct slot *slot, int db)
{
	struct flush f = { t, slot, db, 0, NULL };
	uint64_t i;

	if (slot->keys.count == 0)
		return;
	if (t->snap_serial != 0)
		snap_flushed(t, slot);
	f.found = txn_scratch(t, slot->keys.count * sizeof(*f.found));
	dict_each(&slot->keys, choose, &f);
	for (i = 0; i < f.count; i++) {
		struct value *v = f.found[i];
		struct key k = { value_key(v), value_dict.hash(v), slot,
		    value_db(v) };

		slot_remove(t, &k, v);
	}
}
