#include "daemon/net_place.h"

#include "daemon/net_let.h"
#include "daemon/net_park.h"
#include "daemon/net_pause.h"

#include <stdlib.h>

#define HALF_WAY_MS 1 /* between two looks at a key that may be half way */

/* What the keys of a request, or of a transaction, come to. */
struct aim {
	struct worker *worker;
	uint16_t slot;
	bool crosses;          /* there are several slots */
	int keys;
	/* looked up: */
	struct txn *txn;       /* NULL: they are not */
	uint8_t db;
	int found;
	bool is_early;         /* the next state decides */
};

static void
look_at_key(struct aim *p, struct slice name)
{
	uint16_t slot = keyslot_of(name);

	if (p->keys++ == 0)
		p->slot = slot;
	p->crosses |= slot != p->slot;
	if (p->txn != NULL) {
		struct key k = slot_key(REGION->common.slot, p->db, name);

		/* One that may be on both sides is served here. */
		p->found += slot_peek(p->txn, &k) != NULL ||
		    moving_find(&k) != NULL;
	}
}

static void
look_at(struct aim *p, const struct command *command,
    const struct slice *argv, int argc)
{
	struct txn *t = &p->worker->txn;
	int *at = txn_scratch(t, (size_t)argc * sizeof(*at));
	int count = command_find_keys(command, argv, argc, at, argc), i;

	for (i = 0; i < count; i++)
		look_at_key(p, argv[at[i]]);
}

static void
look_at_queue(struct aim *p, const struct conn *c)
{
	const struct conn_queued *q;

	for (q = c->multi.first; q != NULL; q = q->next)
		look_at(p, q->command, q->argv, q->argc);
}

bool
place_has_cluster(struct call *c)
{
	if (!call_options(c)->cluster_enabled)
		reply_error(c->reply, error_text[ERROR_NO_CLUSTER]);
	return call_options(c)->cluster_enabled;
}

const struct map *
place_map(struct worker *w)
{
	if (w->map == NULL)
		w->map = calloc(1, sizeof(*w->map));
	must(w->map != NULL, "there is private memory for a worker");
	map_read(&REGION->map, w->map);
	return w->map;
}

const char *
place_endpoint(const struct worker *w, const struct map_node *n)
{
	switch (w->state.options.cluster_preferred_endpoint_type) {
	case ENDPOINT_HOSTNAME:
		return n->hostname[0] != 0 ? n->hostname : "?";
	case ENDPOINT_UNKNOWN:
		return "";
	default:
		return n->ip;
	}
}

static bool
redirect(const struct worker *w, struct reply *r, const char *word,
    unsigned slot, const struct map_node *n)
{
	reply_errorf(r, "%s %u %s:%u", word, slot, place_endpoint(w, n),
	    n->port);
	return true;
}

static bool
refuse(struct reply *r, enum error_id why)
{
	reply_error(r, error_text[why]);
	return true;
}

static bool
is_only_reading(const struct request *q)
{
	return q->command->id == CMD_EXEC ? !q->conn->multi.writes :
	    (q->command->flags & COMMAND_READ) != 0;
}

/* The cluster as a whole is down: what may be done all the same. */
static bool
is_refused_down(struct worker *w, const struct request *q)
{
	const struct options *o = &w->state.options;

	if (q->command->flags & COMMAND_PUBSUB)
		return !o->cluster_allow_pubsubshard_when_down &&
		    refuse(&q->conn->out, ERROR_CLUSTERDOWN);
	if (!o->cluster_allow_reads_when_down)
		return refuse(&q->conn->out, ERROR_CLUSTERDOWN);
	if (q->command->id == CMD_EXEC ? q->conn->multi.writes :
	    (q->command->flags & (COMMAND_WRITE | COMMAND_MAY_REPLICATE)) != 0)
		return refuse(&q->conn->out, ERROR_CLUSTERDOWN_READ);
	return false;
}

bool
place_hears(struct worker *w, unsigned slot)
{
	const struct map *m;

	if (state_owns(&w->state, slot))
		return true;
	if (w->state.role != STATE_REPLICA)
		return false;
	m = place_map(w);
	return m->owner[slot] == m->node[MAP_SELF].primary;
}

static bool
is_asked_for(const struct request *q)
{
	/* What is moved is moved from where it is. */
	return q->conn->is_asking || (q->command->flags & COMMAND_ASKING) ||
	    q->command->id == CMD_MIGRATE;
}

/* One slot that has an owner, and is not ours by the state. */
static bool
is_elsewhere(struct aim *p, const struct request *q)
{
	struct worker *w = p->worker;
	const struct map *m = place_map(w);
	unsigned slot = p->slot;
	uint16_t owner = m->owner[slot];

	/* Ours by the map, and not yet by the state. */
	if (owner == MAP_SELF) {
		p->is_early = state_version(&REGION->state) !=
		    w->state.version;
		return p->is_early || refuse(&q->conn->out, ERROR_UNSERVED);
	}
	/* Messages reach the subscribers of all nodes that have the slot. */
	if (q->command->flags & COMMAND_PUBSUB && place_hears(w, slot))
		return false;
	if (q->conn->reads_replica && w->state.role == STATE_REPLICA &&
	    owner == m->node[MAP_SELF].primary && is_only_reading(q))
		return false;
	/* It gave us its role, and sends its clients here already. */
	p->is_early = pause_turns(w) && owner == m->node[MAP_SELF].primary;
	return p->is_early ||
	    redirect(w, &q->conn->out, "MOVED", slot, &m->node[owner]);
}

static bool
judge(struct aim *p, const struct request *q)
{
	struct worker *w = p->worker;
	bool is_ours;

	if (q->command->id == CMD_EXEC)
		look_at_queue(p, q->conn);
	else if (q->has_hash && q->command->keys.last == q->command->keys.first)
		p->keys = 1,
		p->slot = (uint16_t)(q->slot - REGION->common.slot);
	else
		look_at(p, q->command, q->argv, q->argc);
	txn_rest(&w->txn);
	if (p->keys == 0)
		return false;
	is_ours = state_owns(&w->state, p->slot);
	if (likely(is_ours && !p->crosses && w->state.is_cluster_ok))
		return false;
	if (!is_ours && place_map(w)->owner[p->slot] == MAP_NOBODY)
		return refuse(&q->conn->out, ERROR_UNSERVED);
	if (p->crosses)
		return refuse(&q->conn->out, ERROR_CROSSSLOT);
	if (!w->state.is_cluster_ok && is_refused_down(w, q))
		return true;
	if (is_ours || let_in(w, q, p->slot) ||
	    (state_arrives(&w->state, p->slot) && is_asked_for(q)) ||
	    !is_elsewhere(p, q))
		return false;
	let_note(w, q, p->slot, is_asked_for(q));
	return true;
}

bool
place_refuses(struct worker *w, const struct request *q, bool *is_early)
{
	struct aim p = { .worker = w };
	struct conn *c = q->conn;

	if (likely(!judge(&p, q)))
		return false;
	*is_early = p.is_early;
	if (p.is_early)
		return true;
	if (q->command->id == CMD_EXEC) {
		conn_forget_multi(c);
		park_unwatch(c);
		conn_show(c);
	} else {
		c->multi.is_broken = c->multi.is_open;
	}
	return true;
}

bool
place_lacks(struct call *c)
{
	struct worker *w = c->worker;
	struct aim p = { .worker = w, .txn = c->txn, .db = c->db };

	if (c->command->id == CMD_EXEC)
		look_at_queue(&p, c->conn);
	else
		look_at(&p, c->command, c->argv, c->argc);
	if (p.found == p.keys)
		return false;
	if (state_leaves(&w->state, p.slot)) {
		const struct map *m = place_map(w);
		uint16_t to = m->goes[p.slot];

		if (p.found > 0)
			return refuse(c->reply, ERROR_TRYAGAIN);
		/*
		 * What has been deleted may still be there.  And a map that is
		 * newer than the state does not know any more where the slot
		 * goes: it may be the other one's already, and nothing new
		 * begins here.
		 */
		if (to == MAP_NOBODY || hold_is_claimed(p.slot, w->now_ms)) {
			park_stop(c->conn, CONN_PAUSED, w->now_ms +
			    HALF_WAY_MS);
			return true;
		}
		return redirect(w, c->reply, "ASK", p.slot, &m->node[to]);
	}
	return !state_owns(&w->state, p.slot) && p.keys > 1 &&
	    state_arrives(&w->state, p.slot) &&
	    refuse(c->reply, ERROR_TRYAGAIN);
}
