#include "daemon/net_tidy.h"

#include "daemon/net_carry.h"
#include "daemon/net_place.h"

#include <stdio.h>

#define EVERY_MS 100         /* between two looks */
#define SILENCE_MS 1000      /* of the other node */
#define AGAIN_MS 100         /* after the first time in vain; doubled */
#define TRIES_MAX 7          /* which ends at 12.8 s */

/* Whether a connection for one will do for the other. */
static bool
is_one_place(const struct moving *a, const struct moving *b)
{
	const struct moving_place *x = &a->place, *y = &b->place;

	return a->db == b->db && x->db == y->db &&
	    slice_equal(x->host, y->host) && slice_equal(x->port, y->port) &&
	    memcmp(&x->node, &y->node, sizeof(x->node)) == 0 &&
	    x->needs_auth == y->needs_auth;
}

/* The node of an entry is none of the cluster any more. */
static bool
is_forgotten(struct worker *w, const struct moving *d)
{
	return !bus_id_is_none(&d->place.node) &&
	    map_find(place_map(w), &d->place.node) == NULL;
}

/* Who is asked: the node, or who has its role now.  `port` is kept there. */
static void
set_place(struct worker *w, struct move_order *o, const struct moving_place *p,
    char port[8])
{
	const struct options *mine = &w->state.options;
	const struct map *map = place_map(w);
	const struct map_node *n = map_find(map, &p->node);

	o->host = p->host;
	o->port = p->port;
	o->db = p->db;
	if (n != NULL && n->primary != MAP_NOBODY && n->primary != MAP_SELF) {
		n = &map->node[n->primary];
		snprintf(port, 8, "%u", n->port);
		o->host = slice_of(n->ip);
		o->port = slice_of(port);
	}
	if (!p->needs_auth || mine->masterauth[0] == 0)
		return;
	o->password = slice_of(mine->masterauth);
	if (mine->masteruser[0] != 0)
		o->user = slice_of(mine->masteruser);
}

/* Those of a slot that are due, and lie in one place. */
static void
begin(struct worker *w, unsigned slot)
{
	struct slice name[CARRY_KEYS];
	struct move_order o = { .ticket = move_ticket(),
		.silence_ms = SILENCE_MS, .keys = name };
	struct moving *d = REGION->common.movings.first[slot], *next;
	struct moving *first = NULL;
	char port[8];

	for (; d != NULL && o.count < CARRY_KEYS; d = next) {
		next = d->next;
		if (is_forgotten(w, d)) {
			moving_remove(&w->txn, slot, d);
			continue;
		}
		if (d->again_ms > w->now_ms ||
		    (first != NULL && !is_one_place(first, d)))
			continue;
		if (first == NULL)
			first = d;
		name[o.count++] = d->name;
		txn_set64(&w->txn, &d->mover, o.ticket);
		txn_set64(&w->txn, (uint64_t *)&d->again_ms,
		    (uint64_t)(w->now_ms + (AGAIN_MS << d->tries)));
		txn_set32(&w->txn, &d->tries,
		    d->tries + (d->tries < TRIES_MAX));
	}
	if (first == NULL)
		return;
	set_place(w, &o, &first->place, port);
	move_tidy(w, (uint8_t)first->db, &o);
}

static void
drop_all(struct txn *t, unsigned slot)
{
	while (REGION->common.movings.first[slot] != NULL)
		moving_remove(t, slot, REGION->common.movings.first[slot]);
}

static void
look_into(struct worker *w, unsigned slot)
{
	struct slot *slots = REGION->common.slot;
	uint16_t number = (uint16_t)slot;
	struct txn *t = &w->txn;

	if (setjmp(t->bail) != 0) {
		txn_undo(t);
		slot_leave(t, slots);
		return;
	}
	slot_enter(t, slots, &number, 1);
	txn_begin(t);
	if (w->state.role != STATE_PRIMARY || !state_owns(&w->state, slot))
		drop_all(t, slot);
	else if (w->state.is_cluster_ok && w->stops == 0 &&
	    !hold_is_claimed(slot, w->now_ms))
		begin(w, slot);
	txn_decide(t);
	slot_leave(t, slots);
	txn_settle(t);
}

static bool
is_busy(const struct worker *w)
{
	const struct move *m = w->moves;

	while (m != NULL && !m->is_tidy)
		m = m->next;
	return m != NULL;
}

int64_t
tidy_turn(struct worker *w)
{
	unsigned slot = 0;
	bool was_busy;

	if (likely(word_load(&REGION->common.movings.some) == 0))
		return 0;
	if (w->now_ms < w->tidy_ms || w->state.load.phase != LOAD_NONE)
		return w->now_ms + EVERY_MS;
	was_busy = is_busy(w);
	while (!is_busy(w) && (slot = moving_next(slot)) < SLOT_COUNT)
		look_into(w, slot++);
	if (slot == SLOT_COUNT)
		w->tidy_ms = w->now_ms + EVERY_MS;
	/* What has begun acts in the next turn. */
	return w->now_ms + (is_busy(w) && !was_busy ? 0 : EVERY_MS);
}
