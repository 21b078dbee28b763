#include "daemon/net_carry.h"

#include "daemon/net_park.h"
#include "daemon/net_place.h"
#include "daemon/net_say.h"
#include "daemon/net_wait.h"
#include "shm/dump.h"

#include <stdarg.h>
#include <stdio.h>

#define ROUNDS 12          /* before a key is given up */
#define STOP_MS 50         /* writes are held back the first time; doubled */
#define STOP_MS_MAX 5000
#define MARGIN_MS 1000     /* a claim outlives what is asked under it */

static const char ELSEWHERE[] = "ERR A copy of a key may still be at a node "
    "to which it was on its way before, and that one is asked first";

/* --- ends -------------------------------------------------------------- */

/* The first trouble is the one that is told. */
static void
note(struct move *m, const char *format, va_list list)
{
	if (m->why[0] == 0)
		vsnprintf(m->why, sizeof(m->why), format, list);
}

void
carry_drop_claims(struct move *m)
{
	while (m->claims > 0)
		hold_drop(m->worker->birth->index,
		    m->claim[--m->claims].hold);
}

void
carry_let_write(struct move *m)
{
	int i;

	for (i = 0; i < m->claims; i++)
		hold_let_write(m->worker->birth->index, m->claim[i].hold);
}

void
carry_finish(struct move *m, struct move_key *k)
{
	struct worker *w = m->worker;

	if (k->is_watched)
		wait_count(w, &REGION->common.slot[k->slot].watching,
		    &w->watchers[k->slot], -1);
	k->is_watched = false;
	k->state = KEY_DONE;
}

/* No more is sent; what was taken is still settled. */
void
carry_fail(struct move *m, const char *format, ...)
{
	va_list list;
	int i;

	va_start(list, format);
	note(m, format, list);
	va_end(list);
	m->is_over = true;
	for (i = 0; i < m->count; i++)
		if (m->key[i].state == KEY_SENT ||
		    m->key[i].state == KEY_HERE)
			carry_finish(m, &m->key[i]);
	if (m->target != NULL)
		target_drop(m->worker, m->target);
	m->target = NULL;
	m->phase = AT_SETTLE;
	m->again_ms = 0;
}

/* --- one key, with its slot locked ------------------------------------- */

static struct key
key_of(const struct move *m, const struct move_key *k)
{
	return (struct key){ k->name, k->hash, &REGION->common.slot[k->slot],
		m->db };
}

/*
 * Does something with a key's slot locked; false: it could not be done now, or
 * the move has failed.
 */
bool
carry_visit(struct move *m, struct move_key *k,
    bool (*act)(struct move *m, struct move_key *k, const struct key *key))
{
	struct worker *w = m->worker;
	struct txn *t = &w->txn;
	struct slot *slots = REGION->common.slot;
	struct key key = key_of(m, k);
	bool is_done;

	m->trouble = NULL;
	if (setjmp(t->bail) != 0) {
		park_take_back(w);
		if (t->why != snap_wait)
			carry_fail(m, "%s", t->why);
		return false;
	}
	slot_enter(t, slots, &k->slot, 1);
	txn_begin(t);
	t->snap_now = t->snap_serial;
	is_done = act(m, k, &key);
	txn_decide(t);
	say_commit(w);
	slot_leave(t, slots);
	txn_settle(t);
	park_tell(w);
	if (m->trouble != NULL)
		carry_fail(m, "%s", m->trouble);
	return is_done;
}

/* The claim of the key's slot, taken if need be; NULL: another has it. */
static struct hold *
claim(struct move *m, const struct move_key *k)
{
	struct worker *w = m->worker;
	struct hold *h;
	int i;

	for (i = 0; i < m->claims; i++)
		if (m->claim[i].slot == k->slot)
			return m->claim[i].hold;
	if (m->claims == CARRY_KEYS)
		return NULL;
	h = hold_take(w->birth->index, k->slot, w->now_ms,
	    w->now_ms + m->silence_ms + MARGIN_MS);
	if (h != NULL)
		m->claim[m->claims++] = (struct claim){ h, k->slot };
	return h;
}

void
carry_prolong(struct move *m)
{
	int64_t now = m->worker->now_ms;
	int i;

	m->deadline_ms = now + m->silence_ms;
	for (i = 0; i < m->claims; i++)
		hold_prolong(m->claim[i].hold, now, m->deadline_ms +
		    MARGIN_MS);
}

/* --- sending ----------------------------------------------------------- */

struct reply *
carry_out(const struct move *m)
{
	return &m->target->conn->out;
}

void
carry_owe(struct move *m, int what)
{
	must(m->owes < (int)COUNT(m->owed), "there is room for what is owed");
	m->owed[m->owes++] = what;
}

static bool
is_cluster(const struct move *m)
{
	return m->worker->state.options.cluster_enabled;
}

static void
put_restore(struct move *m, const struct move_key *k, const struct value *v)
{
	struct reply *r = carry_out(m);
	bool replaces = m->may_replace || k->is_there;
	int64_t now = m->worker->now_ms, ttl = 0;
	struct slice payload = dump_payload(&m->worker->txn, v,
	    (int)m->worker->state.options.rdb_version);

	if (v->kind & VALUE_EXPIRES)
		ttl = value_expires(v) > now ? value_expires(v) - now : 1;
	reply_array(r, 4 + replaces);
	reply_text(r, is_cluster(m) ? "RESTORE-ASKING" : "RESTORE");
	reply_bulk(r, k->name);
	reply_bulk_int(r, ttl);
	reply_bulk(r, payload);
	if (replaces)
		reply_text(r, "REPLACE");
}

/* It was deleted here after a copy had been sent. */
static void
put_delete(struct move *m, const struct move_key *k)
{
	struct reply *r = carry_out(m);

	if (is_cluster(m)) {
		reply_array(r, 1);
		reply_text(r, "ASKING");
		carry_owe(m, HELPS);
	}
	reply_array(r, 2);
	reply_text(r, "DEL");
	reply_bulk(r, k->name);
}

/* Whether the node may still do something about what is in a slot. */
static bool
is_ours(const struct move *m, const struct move_key *k)
{
	const struct state *s = &m->worker->state;

	return !is_cluster(m) || state_owns(s, k->slot) ||
	    state_arrives(s, k->slot);
}

/* The node that a slot is to go to, or NULL. */
static const struct map_node *
goes_to(const struct move *m, unsigned slot)
{
	const struct map *map = place_map(m->worker);
	uint16_t to = map->goes[slot];

	return to != MAP_NOBODY ? &map->node[to] : NULL;
}

/* Whether what an entry tells of is what this move deals with. */
static bool
is_place_of(const struct move *m, unsigned slot, const struct moving *d)
{
	const struct moving_place *p = &d->place;
	const struct map_node *now, *then;

	if (m->is_tidy)
		return true;
	if (p->db != m->to_db)
		return false;
	if (slice_equal(p->host, slice_of(m->host)) &&
	    slice_equal(p->port, slice_of(m->port)))
		return true;
	/* Another one has its role, and its copies. */
	now = goes_to(m, slot);
	then = map_find(place_map(m->worker), &p->node);
	return now != NULL && then != NULL &&
	    bus_id_is_equal(&now->shard, &then->shard);
}

/*
 * Before a key of a slot that leaves is sent: from here on it may be on both
 * sides.  False: there is no room for that.
 */
static bool
enter_moving(struct move *m, struct move_key *k, const struct key *key,
    struct moving *d)
{
	struct moving_place to = { .host = slice_of(m->host),
		.port = slice_of(m->port), .db = m->to_db,
		.needs_auth = m->password != NULL };
	const struct map_node *n;
	const struct state *s = &m->worker->state;
	struct txn *t = &m->worker->txn;

	if (m->is_copy || (d == NULL && (!is_cluster(m) ||
	    !state_owns(s, k->slot) || !state_leaves(s, k->slot))))
		return true;
	if (d == NULL && moving_count(k->slot) >= MOVING_MAX) {
		m->trouble = "ERR Too many keys of the slot may be on both "
		    "nodes";
		return false;
	}
	k->is_entered = true;
	if (d != NULL && d->mover == m->ticket)
		return true;
	if (d != NULL)
		moving_remove(t, k->slot, d);
	n = goes_to(m, k->slot);
	if (n != NULL)
		to.node = n->id;
	moving_add(t, key, &to, m->ticket);
	return true;
}

static bool
stop_writes(struct move *m, const struct move_key *k, struct hold *h)
{
	struct worker *w = m->worker;
	int64_t ms = STOP_MS << (k->rounds - CARRY_FREE_ROUNDS);

	if (k->rounds == ROUNDS) {
		m->trouble = "ERR A key changes faster than it can be moved";
		return false;
	}
	hold_stop_writes(w->birth->index, h, w->now_ms +
	    (ms < STOP_MS_MAX ? ms : STOP_MS_MAX));
	return true;
}

bool
carry_send(struct move *m, struct move_key *k, const struct key *key)
{
	struct worker *w = m->worker;
	struct hold *h = claim(m, k);
	struct moving *d = moving_find(key);
	const struct value *v;

	/* Who tidies has noted which it means; others may have had it since. */
	if (m->is_tidy && (h == NULL || d == NULL || d->mover != m->ticket ||
	    w->stops != 0)) {
		carry_finish(m, k);
		return true;
	}
	if (h == NULL)
		return false;
	if (!m->is_copy && d != NULL && !is_place_of(m, k->slot, d)) {
		m->trouble = ELSEWHERE;
		return false;
	}
	if (d != NULL && (m->is_tidy || d->mover != m->ticket))
		k->is_there = !m->is_copy;
	v = m->is_tidy ? NULL : slot_peek(&w->txn, key);
	if (v == NULL && !k->is_there) {
		carry_finish(m, k);
		return true;
	}
	if (k->is_there && (!hold_is_valid(h, w->now_ms) || !is_ours(m, k))) {
		m->trouble = "ERR The slot of a key that has changed is not "
		    "ours any more";
		return false;
	}
	if (v != NULL && k->rounds >= CARRY_FREE_ROUNDS &&
	    !stop_writes(m, k, h))
		return false;
	if (!enter_moving(m, k, key, d))
		return false;
	if (v == NULL)
		put_delete(m, k);
	else
		put_restore(m, k, v);
	if (!k->is_watched)
		wait_count(w, &key->slot->watching, &w->watchers[k->slot], 1);
	k->is_watched = true;
	k->version = word_load(region_watch(k->hash));
	k->state = KEY_SENT;
	m->has_sent = true;
	m->chunk[m->chunks++] = (int)(k - m->key);
	carry_owe(m, (int)(k - m->key));
	return true;
}

/* The key is on one side only. */
static void
end_moving(struct move *m, struct move_key *k, struct moving *d)
{
	if (d != NULL)
		moving_remove(&m->worker->txn, k->slot, d);
	k->is_entered = false;
}

/* What is refused was not taken now; it may have been before. */
static void
settle_refused(struct move *m, struct move_key *k, struct moving *d)
{
	bool was_taken = m->is_tidy ?
	    state_leaves(&m->worker->state, k->slot) :
	    k->is_there || m->was_retried;

	if (!was_taken)
		end_moving(m, k, d);
	carry_finish(m, k);
}

/* The target has it: it goes here, unless it is another one by now. */
bool
carry_settle(struct move *m, struct move_key *k, const struct key *key)
{
	struct txn *t = &m->worker->txn;
	bool is_same = word_load(region_watch(k->hash)) == k->version;
	struct moving *d = k->is_entered ? moving_find(key) : NULL;
	struct value *v;

	/* We were slow, and our claim was over: what it came to, others see. */
	if (k->is_entered && (d == NULL || d->mover != m->ticket)) {
		m->trouble = "ERR Another one has seen to a key meanwhile";
		carry_finish(m, k);
		return true;
	}
	v = slot_peek(t, key);
	if (k->state == KEY_REFUSED) {
		settle_refused(m, k, d);
	} else if (k->state == KEY_GONE) {
		end_moving(m, k, d);
		k->is_there = false;
		k->state = KEY_HERE;
		if (m->is_tidy)
			carry_finish(m, k);
	} else if (v != NULL && is_same) {
		end_moving(m, k, d);
		slot_remove(t, key, v);
		txn_log2(t, key->db, SLICE("DEL"), key->name);
		slot_event(t, EVENT_GENERIC, "del", key);
		FAULT(MOVE_REMOVES);
		carry_finish(m, k);
	} else {
		k->is_there = true;
		k->rounds++;
		k->state = KEY_HERE;
	}
	return true;
}

/* --- looking ----------------------------------------------------------- */

/*
 * A key has one entry.  Of one that was on its way to another node, the copy
 * there is deleted first: now, not when it would next be tried.
 */
static void
wait_for_tidying(struct move *m, struct moving *d)
{
	struct worker *w = m->worker;

	if (d->again_ms != 0)
		txn_set64(&w->txn, (uint64_t *)&d->again_ms, 0);
	if (w->now_ms >= m->deadline_ms)
		m->trouble = ELSEWHERE;
}

bool
carry_look(struct move *m, struct move_key *k, const struct key *key)
{
	struct moving *d = m->is_copy ? NULL : moving_find(key);

	if (d != NULL && !is_place_of(m, k->slot, d)) {
		wait_for_tidying(m, d);
		return false;
	}
	if (slot_find(&m->worker->txn, key) == NULL && d == NULL)
		carry_finish(m, k);
	m->looked++;
	return true;
}

