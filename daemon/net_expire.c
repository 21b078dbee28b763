#include "daemon/net_expire.h"

#include "daemon/clock.h"
#include "daemon/net_park.h"
#include "daemon/net_say.h"

#define EXPIRE_BUDGET_US 500
#define EXPIRE_PAUSE 4     /* pauses are so many times as long as a turn */
#define CHUNK_KEYS 512     /* keys looked at while a slot is locked */
#define CHUNK_DEATHS 128   /* keys deleted in one transaction */
#define BUCKET_KEYS 64     /* more than one step of a scan visits */

/* What is met in a slot while it is locked. */
struct met {
	struct net_expire *walk;
	int64_t now_ms;
	int keys, deaths;
	struct value *dead[CHUNK_DEATHS + BUCKET_KEYS];
};

static void
meet(void *arg, void *block)
{
	struct met *m = arg;
	struct value *v = block;
	int64_t expires = value_expires(v);

	m->keys++;
	if (expires < 0)
		return;
	if (expires <= m->now_ms && m->deaths < (int)COUNT(m->dead))
		m->dead[m->deaths++] = v;
	else if (expires < m->walk->least_ms)
		m->walk->least_ms = expires;
}

/* When the slot has to be looked through again at the earliest. */
static int64_t
next_look(const struct net_expire *e, bool was_at_once, int64_t now_ms)
{
	int64_t again = now_ms + (now_ms - e->began_ms);

	/* Between two turns keys may have got shorter times than those met. */
	return was_at_once || e->least_ms < again ? e->least_ms : again;
}

/* Looks through a part of a slot that is locked; whether it was the last. */
static bool
look_through(struct txn *t, struct slot *s, struct net_expire *e)
{
	struct met m = { .walk = e, .now_ms = t->now_ms };
	bool was_at_once = !e->is_inside;
	int i;

	if (was_at_once) {
		e->cursor = 0;
		e->least_ms = INT64_MAX;
		e->began_ms = t->now_ms;
	}
	do
		e->cursor = dict_scan(&s->keys, &value_dict, e->cursor, meet,
		    &m);
	while (e->cursor != 0 && m.keys < CHUNK_KEYS &&
	    m.deaths < CHUNK_DEATHS);
	for (i = 0; i < m.deaths; i++) {
		struct key k = { value_key(m.dead[i]),
		    value_dict.hash(m.dead[i]), s,
		    value_db(m.dead[i]) };

		slot_peek(t, &k);
	}
	e->is_inside = e->cursor != 0;
	if (!e->is_inside)
		txn_set64(t, (uint64_t *)&s->first_expiry,
		    (uint64_t)next_look(e, was_at_once, t->now_ms));
	return !e->is_inside;
}

/* One locked part of a slot; whether the slot is done. */
static bool
visit(struct worker *w, uint32_t number)
{
	struct txn *t = &w->txn;
	struct slot *slots = REGION->common.slot;
	uint16_t one = (uint16_t)number;
	bool is_done;

	/* No memory, or a snapshot has to have something first: later. */
	if (setjmp(t->bail) != 0) {
		park_take_back(w);
		w->expire.is_inside = false;
		return true;
	}
	slot_enter(t, slots, &one, 1);
	txn_begin(t);
	t->snap_now = t->snap_serial;
	is_done = look_through(t, &slots[number], &w->expire);
	txn_decide(t);
	say_commit(w);
	slot_leave(t, slots);
	txn_settle(t);
	park_tell(w);
	return is_done;
}

static bool
is_due(const struct slot *s, int64_t now_ms)
{
	return word_load(&s->expires) != 0 &&
	    word_load(&s->first_expiry) <= now_ms;
}

/* Whether the node has any keys with a time to live. */
static bool
has_any(void)
{
	int64_t count = 0;
	int db;

	for (db = 0; db < STATE_DATABASES; db++)
		count += region_expires(db);
	return count != 0;
}

/* Goes on with the walk; false when its time was over before its end. */
static bool
walk(struct worker *w, int64_t begin_us)
{
	struct net_expire *e = &w->expire;
	uint32_t workers = REGION->head.workers;
	uint32_t index = (uint32_t)w->birth->index % workers;
	uint32_t number;
	int64_t budget = EXPIRE_BUDGET_US *
	    w->state.options.active_expire_effort;

	for (; (number = index + e->step * workers) < SLOT_COUNT; e->step++) {
		if (!e->is_inside &&
		    !is_due(&REGION->common.slot[number], w->now_ms))
			continue;
		do
			if (clock_steady_us() - begin_us > budget)
				return false;
		while (!visit(w, number));
	}
	e->step = 0;
	return true;
}

void
net_expire_turn(struct worker *w, int64_t now)
{
	bool is_done;

	if (unlikely(w->txn.expired != 0)) {
		stat_add(w->stats, expired, w->txn.expired);
		w->txn.expired = 0;
	}
	if (likely(now < w->expire.next_us))
		return;
	w->expire.next_us = now + 1000000 / w->state.options.hz;
	if (!w->txn.may_expire || w->state.load.phase != LOAD_NONE ||
	    !w->state.may_expire_actively ||
	    w->state.role != STATE_PRIMARY || park_is_crowded(w) || !has_any())
		return;
	is_done = walk(w, now);
	stat_add(w->stats, expire_us, clock_steady_us() - now);
	if (is_done)
		return;
	stat_add(w->stats, expire_capped, 1);
	w->expire.next_us = now + (clock_steady_us() - now) *
	    (EXPIRE_PAUSE + 1);
}
