#include "cluster/cluster.h"

#include "cluster/fail.h"
#include "cluster/hand.h"
#include "cluster/health.h"
#include "cluster/hear.h"
#include "cluster/lease.h"
#include "cluster/loss.h"
#include "cluster/meet.h"
#include "cluster/migrate.h"
#include "cluster/moves.h"
#include "cluster/shift.h"
#include "cluster/speak.h"
#include "cluster/vote.h"

#define NEVER INT64_MAX
#define NEWS_MS 3000           /* so long a node is new */
#define NEWS_EVERY_MS 500
#define RETRY_MS 50            /* a link that was refused */
#define EVIDENCE_MS 20         /* same, as long as that may be a death */
#define RETRY_MAX_MS 1000
#define SAVE_AGAIN_MS 500
#define SYNC_MS 1000           /* a light save is one for good after that */

static void
open_link(struct view *v, uint16_t i, struct acts *out)
{
	struct view_node *n = &v->node[i];

	if (n->flags & BUS_IS_NOADDR || n->ip[0] == 0 || n->cport == 0)
		return;
	if (v->now_ms < n->link_try_ms) {
		view_due(v, n->link_try_ms);
		return;
	}
	n->link = ++v->links << VIEW_LINK_BITS | i;
	n->link_state = VIEW_LINK_OPENING;
	n->link_ms = v->now_ms;
	act_add(out, ACT_OPEN, i)->wire = n->link;
	view_due(v, v->now_ms + v->config.node_timeout_ms / 2 + 1);
	/* That it can not even be connected to is silence as well. */
	if (n->ping_ms == 0)
		n->ping_ms = v->now_ms;
}

static int64_t
retry_ms(const struct view *v, const struct view_node *n)
{
	int64_t ms = RETRY_MS, most = v->config.node_timeout_ms / 2;
	uint32_t k;

	if (most > RETRY_MAX_MS)
		most = RETRY_MAX_MS;
	/* Evidence of a death is wanted soon (fail.h). */
	if (n->refused_ms > 0 && !(n->flags & (BUS_IS_PFAIL | BUS_IS_FAIL)))
		return EVIDENCE_MS;
	for (k = 0; k < n->link_fails && ms < most; k++)
		ms *= 2;
	return ms < most ? ms : most;
}

static void
lose_link(struct view *v, uint16_t i)
{
	struct view_node *n = &v->node[i];

	n->link_try_ms = v->now_ms;
	if (n->link_state == VIEW_LINK_OPENING) {
		n->link_try_ms += retry_ms(v, n);
		n->link_fails++;
	}
	n->link_state = VIEW_LINK_NONE;
	n->has_nothing = false;
	if (n->ping_ms == 0)
		n->ping_ms = v->now_ms > 0 ? v->now_ms : 1;
	view_due(v, n->link_try_ms);
	v->is_changed = true;
}

/* A connection that a peer made is gone. */
static void
lose_inbound(struct view *v, uint64_t wire)
{
	uint16_t i;

	for (i = 1; i < v->nodes; i++)
		if (v->node[i].from == wire) {
			v->node[i].from = 0;
			v->node[i].from_ms = 0;
			v->is_changed = true;
		}
}

/* A link that says nothing while we wait for an answer is made anew. */
static void
look_at_silence(struct view *v, uint16_t i, struct acts *out)
{
	struct view_node *n = &v->node[i];
	int64_t half = v->config.node_timeout_ms / 2, end = n->link_ms + half;

	if (n->link_state == VIEW_LINK_UP) {
		if (n->ping_ms == 0)
			return;
		if (n->ping_ms + half > end)
			end = n->ping_ms + half;
		/* What the peer says on its own link proves nothing of ours. */
		if (n->link_heard_ms + half > end)
			end = n->link_heard_ms + half;
	}
	if (v->now_ms <= end) {
		view_due(v, end + 1);
		return;
	}
	act_add(out, ACT_CLOSE, i)->wire = n->link;
	lose_link(v, i);
}

/*
 * Spread a little, so that not all are greeted at once.  While nodes come in,
 * there is more to tell.
 */
static int64_t
ping_every_ms(const struct view *v, uint16_t i)
{
	int64_t half = v->config.node_timeout_ms / 2;

	if (half > NEWS_EVERY_MS && v->now_ms - v->added_ms < NEWS_MS)
		half = NEWS_EVERY_MS;
	return half - half / 64 * (i * 7 % 16);
}

static void
look_at_ping(struct view *v, uint16_t i, struct acts *out)
{
	struct view_node *n = &v->node[i];
	int64_t at = n->pinged_ms + ping_every_ms(v, i);

	if (n->link_state != VIEW_LINK_UP)
		return;
	if (v->now_ms < at) {
		view_due(v, at);
		return;
	}
	/* It may have taken its time, and forgotten us meanwhile. */
	speak_hello(v, n->is_unmet ? BUS_MEET : BUS_PING, i, n->link, out);
	view_due(v, v->now_ms + ping_every_ms(v, i));
}

static void
look_at_node(struct view *v, uint16_t i, struct acts *out)
{
	struct view_node *n = &v->node[i];

	meet_look(v, i, out);
	if (!view_is_used(v, i))
		return;
	if (n->link_state != VIEW_LINK_NONE)
		look_at_silence(v, i, out);
	if (n->link_state == VIEW_LINK_NONE)
		open_link(v, i, out);
	look_at_ping(v, i, out);
	fail_look(v, i, out);
	if (n->is_fail_untold) {
		n->is_fail_untold = false;
		speak_fail(v, i, out);
	}
	if (n->wants_hello && n->link_state == VIEW_LINK_UP)
		speak_hello(v, BUS_PONG, i, n->link, out);
	n->wants_hello = false;
}

static void
look_at_broadcast(struct view *v, struct acts *out)
{
	uint16_t i;

	if (v->broadcast_ms == 0)
		return;
	if (v->now_ms < v->broadcast_ms) {
		view_due(v, v->broadcast_ms);
		return;
	}
	v->broadcast_ms = 0;
	v->told_all_ms = v->now_ms;
	if (!speak_to_all(v, out)) {
		for (i = 1; i < v->nodes; i++)
			v->node[i].wants_hello = true;
		view_due(v, v->now_ms);
	}
	memset(&v->forgotten, 0, sizeof(v->forgotten));
}

/* All nodes, as far as there is room; the next tick begins where this ends. */
static void
tick(struct view *v, struct acts *out)
{
	unsigned k;

	v->due_ms = NEVER;
	look_at_broadcast(v, out);
	for (k = 0; k < v->nodes; k++) {
		uint16_t i = v->ping_next < v->nodes ? v->ping_next : 0;

		if (!act_has_room(out)) {
			view_due(v, v->now_ms);
			break;
		}
		v->ping_next = (uint16_t)(i + 1);
		if (i != VIEW_SELF && view_is_used(v, i))
			look_at_node(v, i, out);
	}
	migrate_look(v, out);
	health_look(v, out);
}

static void
link_up(struct view *v, uint16_t i, struct acts *out)
{
	struct view_node *n = &v->node[i];

	n->link_state = VIEW_LINK_UP;
	n->link_ms = v->now_ms;
	n->link_fails = 0;
	n->refused_ms = 0;
	n->moves_known = n->moves_told = 0;
	v->is_changed = true;
	speak_hello(v, n->flags & BUS_IS_MEET ? BUS_MEET : BUS_PING, i,
	    n->link, out);
	view_due(v, v->now_ms + ping_every_ms(v, i));
}

static void
saved(struct view *v, uint64_t generation, struct acts *out)
{
	struct view_told before = v->told;

	if (generation != v->saving.generation || generation == 0)
		return;
	v->told = v->saving;
	v->saving.generation = 0;
	v->is_changed = true;
	v->is_unsure = false;
	if (!v->told.is_light)
		v->sure_epoch = v->told.epoch;
	if (before.config_epoch != v->told.config_epoch ||
	    !bus_id_is_equal(&before.primary, &v->told.primary) ||
	    memcmp(before.slots, v->told.slots, BUS_SLOT_BYTES) != 0)
		view_broadcast(v);
	vote_saved(v, out);
}

static void
save_failed(struct view *v, uint64_t generation, bool is_unwritten,
    struct acts *out)
{
	unsigned at;

	if (generation != v->saving.generation || generation == 0)
		return;
	v->saving.generation = 0;
	v->is_unsure |= !is_unwritten;
	/* Either version may be the file's: what both say is durable. */
	for (at = 0; !is_unwritten && at < BUS_SLOT_BYTES; at++)
		v->told.slots[at] &= v->saving.slots[at];
	v->is_dirty = v->is_grave = true;
	v->save_again_ms = v->now_ms + SAVE_AGAIN_MS;
	hand_unsaved(v, out);
}

static void
packet(struct view *v, const struct cluster_event *e, struct acts *out)
{
	struct bus_packet p;

	switch (bus_read(&p, e->data, e->bytes)) {
	case BUS_ODD:
		v->odd++;
		return;
	case BUS_UNKNOWN:
		return;
	case BUS_GOOD:
		break;
	}
	v->heard[p.header.type < COUNT(v->heard) ? p.header.type :
	    COUNT(v->heard) - 1]++;
	hear_packet(v, e->wire, e->from_ip, e->own_ip, &p, out);
}

static void
happen(struct view *v, const struct cluster_event *e, struct acts *out)
{
	static const struct {
		enum cluster_kind kind;
		enum failover_event what;
	} answers[] = { { CLUSTER_HELD, FAILOVER_ON_SEEN },
		{ CLUSTER_TURNED, FAILOVER_ON_SEEN },
		{ CLUSTER_LOCKED, FAILOVER_ON_LOCKED },
		{ CLUSTER_LOCK_REFUSED, FAILOVER_ON_LATE },
		{ CLUSTER_LEVEL, FAILOVER_ON_LEVEL } };
	uint16_t i = view_linked(v, e->wire);
	size_t k;

	switch (e->kind) {
	case CLUSTER_LINK_UP:
		if (i != VIEW_NOBODY)
			link_up(v, i, out);
		break;
	case CLUSTER_LINK_REFUSED:
	case CLUSTER_LINK_DOWN:
		if (e->wire & VIEW_INBOUND)
			lose_inbound(v, e->wire);
		if (i == VIEW_NOBODY)
			break;
		if (e->kind == CLUSTER_LINK_REFUSED)
			fail_refused(v, i, out);
		else if (e->is_closed)
			v->node[i].is_closed = true;
		lose_link(v, i);
		break;
	case CLUSTER_PACKET:
		packet(v, e, out);
		break;
	case CLUSTER_SAVED:
		saved(v, e->generation, out);
		break;
	case CLUSTER_SAVE_FAILED:
		save_failed(v, e->generation, e->is_unwritten, out);
		break;
	default:
		for (k = 0; k < COUNT(answers); k++)
			if (answers[k].kind == e->kind)
				hand_answered(v, answers[k].what,
				    e->generation, e->number, out);
		break;
	}
}

void
cluster_begin(struct view *v, int64_t now_ms, struct acts *out)
{
	must(now_ms >= v->now_ms, "time does not go back");
	v->now_ms = now_ms;
	act_begin(out);
}

/* One file at a time; what changes meanwhile goes into the next. */
static void
save(struct view *v, struct acts *out)
{
	struct view_told *s = &v->saving;
	const struct view_node *me = &v->node[VIEW_SELF];

	struct act *a;

	if (v->sync_ms > 0 && v->now_ms >= v->sync_ms)
		v->is_dirty = v->is_grave = true;
	else if (v->sync_ms > 0)
		view_due(v, v->sync_ms);
	if (!v->is_dirty || s->generation != 0)
		return;
	if (v->now_ms < v->save_again_ms) {
		view_due(v, v->save_again_ms);
		return;
	}
	if (v->is_grave)
		v->sync_ms = 0;
	else if (v->sync_ms == 0)
		v->sync_ms = v->now_ms + SYNC_MS;
	memset(s, 0, sizeof(*s));
	s->generation = ++v->generation;
	s->epoch = v->epoch;
	s->vote_epoch = v->vote_epoch;
	s->config_epoch = me->config_epoch;
	s->is_voted = me->is_voted;
	s->lease_ms = v->lease.longest_ms;
	s->is_unsettled = v->now_ms < v->lease.settled_ms;
	s->is_given = v->hand.given.token != 0;
	if (me->primary != VIEW_NOBODY)
		s->primary = v->node[me->primary].id;
	memcpy(s->slots, me->slots, BUS_SLOT_BYTES);
	s->is_light = !v->is_grave;
	a = act_add(out, ACT_SAVE, VIEW_SELF);
	a->generation = s->generation;
	a->is_light = s->is_light;
	v->is_dirty = v->is_grave = false;
}

/* Who reads from replicas wants to know soon that this is one. */
static void
look_at_link(struct view *v)
{
	if (v->fact.is_link_up && !v->was_link_up)
		view_broadcast(v);
	v->was_link_up = v->fact.is_link_up;
}

void
cluster_settle(struct view *v, struct acts *out)
{
	look_at_link(v);
	hand_look(v, out);
	loss_look(v, out);
	shift_look(v, out);
	vote_look(v, out);
	if (v->is_changed)
		health_look(v, out);
	lease_look(v, out);
	moves_look(v, out);
	save(v, out);
	if (v->is_changed)
		act_add(out, ACT_PUBLISH, VIEW_SELF);
	v->is_changed = false;
	hand_end(v, out);
}

void
cluster_step(struct view *v, const struct cluster_event *e, int64_t now_ms,
    struct acts *out)
{
	cluster_begin(v, now_ms, out);
	happen(v, e, out);
	if (now_ms >= v->due_ms || e->kind == CLUSTER_TICK ||
	    e->kind == CLUSTER_FACTS)
		tick(v, out);
	cluster_settle(v, out);
}
