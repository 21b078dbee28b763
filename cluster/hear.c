#include "cluster/hear.h"

#include "cluster/claim.h"
#include "cluster/fail.h"
#include "cluster/hand.h"
#include "cluster/lease.h"
#include "cluster/meet.h"
#include "cluster/moves.h"
#include "cluster/shift.h"
#include "cluster/speak.h"
#include "cluster/vote.h"

#define LATE_MS 1000           /* after a change of roles; then all counts */

/* It talks on a connection of its own. */
static void
hear_from(struct view *v, uint16_t i, uint64_t wire)
{
	if (!(wire & VIEW_INBOUND))
		return;
	/* A handshake of its side would have ended, and this wire with it. */
	if (v->node[i].is_unmet && v->node[i].from == wire &&
	    v->now_ms - v->node[i].from_ms > meet_lasts_ms(v)) {
		v->node[i].is_unmet = false;
		view_dirty_lightly(v);
	}
	if (v->node[i].from == wire)
		return;
	v->node[i].from = wire;
	v->node[i].from_ms = v->now_ms;
	v->is_changed = true;
}

/* What every header of a known node says. */
static void
hear_epochs(struct view *v, uint16_t i, const struct bus_header *h)
{
	struct view_node *n = &v->node[i];
	uint64_t most = h->epoch > h->config_epoch ? h->epoch :
	    h->config_epoch;

	if (n->heard_ms == 0 || (n->offset > 0) != (h->offset > 0))
		v->is_changed = true;
	n->heard_ms = v->now_ms;
	if (h->epoch > n->epoch)
		n->epoch = h->epoch;
	n->offset = h->offset;
	n->own = h->own;
	n->paused_ms = h->is_holding || (h->marks & BUS_MARK_PAUSED) ?
	    v->now_ms : 0;
	if (h->marks & BUS_MARK_EXTENSIONS)
		n->knows_extensions = true;
	if (n->own > 0)
		n->knows_shards = true;
	if (most > v->epoch) {
		v->epoch = most;
		v->is_dirty = true;
	}
}

/* A node says that it follows `of`, which may be VIEW_NOBODY. */
static void
hear_replica(struct view *v, uint16_t i, uint16_t of,
    const struct bus_header *h, struct acts *out)
{
	unsigned slot;

	if ((v->node[i].flags & BUS_IS_REPLICA) && v->node[i].primary == of)
		return;

	if (view_has(v, i, BUS_IS_PRIMARY) && v->node[i].slot_count > 0) {
		/* Who replaced it has said so to it, if not yet to us. */
		if (of != VIEW_SELF && of != VIEW_NOBODY &&
		    h->config_epoch >= v->node[of].config_epoch) {
			v->node[of].config_epoch = h->config_epoch;
			view_set_primary(v, of);
			claim_slots(v, of, h->config_epoch, h->slots, false,
			    out);
		}
		for (slot = 0; slot < KEYSLOT_COUNT; slot++)
			if (v->owner[slot] == i)
				view_give_slot(v, slot, VIEW_NOBODY);
	}
	view_set_replica(v, i, of);
}

static void
hear_role(struct view *v, uint16_t i, const struct bus_header *h,
    struct acts *out)
{
	struct view_node *n = &v->node[i];
	uint16_t of;

	if ((n->flags ^ h->flags) & BUS_IS_NOFAILOVER) {
		n->flags ^= BUS_IS_NOFAILOVER;
		v->is_changed = true;
	}
	if (bus_id_is_none(&h->primary)) {
		view_set_primary(v, i);
		if (h->flags & BUS_IS_MIGRATE_TO)
			n->had_replicas = true;
		if (h->config_epoch > n->config_epoch) {
			n->config_epoch = h->config_epoch;
			view_dirty_lightly(v);
		}
		n->is_voted = h->is_voted;
		return;
	}
	of = view_find(v, &h->primary);
	/* One that we do not know yet: what counts is that it owns nothing. */
	hear_replica(v, i, of == i ? VIEW_NOBODY : of, h, out);
}

/*
 * What a primary said may be newer than what its replica said: one that had all
 * of nothing is not without data for that.
 */
static void
hear_data(struct view *v, uint16_t i)
{
	struct view_node *n = &v->node[i];
	uint16_t p = n->primary;
	bool before = view_is_filled(v, i), has = n->has_nothing;

	if (p == VIEW_NOBODY || n->offset > 0)
		has = false;
	else if ((p == VIEW_SELF ? v->fact.offset : v->node[p].offset) == 0)
		has = true;
	n->has_nothing = has;
	if (view_is_filled(v, i) != before)
		v->is_changed = true;
}

/* Our primary follows somebody: so do we. */
static void
follow_further(struct view *v, struct acts *out)
{
	uint16_t p = v->node[VIEW_SELF].primary, top;

	if (!view_has(v, VIEW_SELF, BUS_IS_REPLICA) || p == VIEW_NOBODY ||
	    !view_has(v, p, BUS_IS_REPLICA))
		return;
	top = v->node[p].primary;
	if (top == VIEW_NOBODY || top == VIEW_SELF || top == p)
		return;
	act_note(out, top, "our primary follows it: so do we");
	view_follow(v, top, out);
}

/* Whether the second has slots that the first has not. */
static bool
lacks(const uint8_t *slots, const uint8_t *known)
{
	unsigned at;

	for (at = 0; at < BUS_SLOT_BYTES; at++)
		if (known[at] & ~slots[at])
			return true;
	return false;
}

static void
hear_claims(struct view *v, uint16_t i, const struct bus_header *h,
    struct acts *out)
{
	uint16_t head = view_head(v, i);

	if (head == VIEW_NOBODY)
		return;
	if (view_has(v, i, BUS_IS_PRIMARY)) {
		/* It has read an old file: we know more of it than it does. */
		if (h->config_epoch < v->node[i].config_epoch &&
		    lacks(h->slots, v->node[i].slots))
			speak_update(v, i, i, out);
		else if (memcmp(v->node[i].slots, h->slots,
		    BUS_SLOT_BYTES) != 0)
			claim_slots(v, i, h->config_epoch, h->slots, true,
			    out);
		claim_collide(v, i, out);
	}
	if (memcmp(v->node[head].slots, h->slots, BUS_SLOT_BYTES) != 0)
		claim_contradict(v, i, h->config_epoch, h->slots, out);
}

/*
 * Whether it was said before what we know.  The epoch of a planned failover is
 * known before it: there the one tells that the roles were claimed under.
 */
static bool
is_late(const struct view *v, uint16_t i, const struct bus_header *h)
{
	const struct view_node *n = &v->node[i];
	uint16_t head = view_head(v, i);
	bool is_primary = bus_id_is_none(&h->primary);

	return h->epoch < n->epoch || (head != VIEW_NOBODY &&
	    is_primary != view_has(v, i, BUS_IS_PRIMARY) &&
	    h->config_epoch < v->node[head].config_epoch &&
	    n->role_ms > 0 && v->now_ms - n->role_ms < LATE_MS);
}

/* Role and claims; a node's two connections are in no order. */
static void
hear_header(struct view *v, uint16_t i, const struct bus_header *h,
    struct acts *out)
{
	if (is_late(v, i, h))
		return;
	hear_role(v, i, h, out);
	hear_claims(v, i, h, out);
}

/* What one entry says of a node that we know. */
static void
hear_of(struct view *v, uint16_t by, uint16_t i, const struct bus_gossip *g,
    struct acts *out)
{
	bool is_failing = (g->flags & (BUS_IS_PFAIL | BUS_IS_FAIL)) != 0;

	if (i == VIEW_SELF || view_has(v, i, BUS_IS_HANDSHAKE))
		return;
	if (view_is_voter(v, by))
		fail_report(v, i, by, is_failing, out);
	/* It asks a majority for what was decided before it came. */
	if ((g->flags & BUS_IS_PFAIL) && view_has(v, i, BUS_IS_FAIL) &&
	    v->node[i].link_state != VIEW_LINK_UP && act_has_room(out))
		speak_fail_to(v, i, by, out);
	if (view_has(v, i, BUS_IS_PFAIL | BUS_IS_FAIL | BUS_IS_NOADDR) &&
	    !is_failing && !(g->flags & (BUS_IS_NOADDR | BUS_IS_HANDSHAKE)) &&
	    g->ip[0] != 0 && g->cport != 0)
		meet_move(v, i, g->ip, g->port, g->pport, g->cport, out);
}

static void
hear_gossip(struct view *v, uint16_t by, const struct bus_packet *p,
    struct acts *out)
{
	struct bus_gossip g;
	uint16_t i;
	size_t k;

	for (k = 0; k < p->header.count; k++) {
		bus_gossip_at(p, k, &g);
		i = view_find(v, &g.id);
		if (i == VIEW_NOBODY)
			meet_hear_of(v, &g);
		else if (i != by)
			hear_of(v, by, i, &g, out);
	}
}

/* Sets a text that others show; true: it was another one. */
static bool
set_text(char *to, struct slice text)
{
	if (strlen(to) == text.bytes && memcmp(to, text.data, text.bytes) == 0)
		return false;
	memcpy(to, text.data, text.bytes);
	to[text.bytes] = 0;
	return true;
}

static void
hear_forgotten(struct view *v, uint16_t by, const struct bus_extension *e,
    struct acts *out)
{
	uint16_t i = view_find(v, &e->id);

	if (i == VIEW_SELF || i == by || e->ttl_s > 7 * 86400 ||
	    meet_is_banned(v, &e->id))
		return;
	meet_ban(v, &e->id, (int64_t)e->ttl_s * 1000);
	/* A replica can not do without its primary. */
	if (i == VIEW_NOBODY || v->node[VIEW_SELF].primary == i)
		return;
	act_note(out, i, "it was forgotten elsewhere, and so here");
	view_remove(v, i, out);
}

static void
hear_extensions(struct view *v, uint16_t i, const struct bus_packet *p,
    struct acts *out)
{
	struct slice host = SLICE(""), name = SLICE("");
	uint16_t head = view_head(v, i);
	struct bus_id shard = head != VIEW_NOBODY && head != i ?
	    v->node[head].shard : v->node[i].id;
	struct bus_extension e;
	size_t at = 0;

	while (bus_extension_next(p, &at, &e)) {
		if (e.type != BUS_EXT_HOSTNAME)
			v->node[i].knows_shards = true;
		if (e.type == BUS_EXT_HOSTNAME)
			host = e.text;
		else if (e.type == BUS_EXT_NODENAME)
			name = e.text;
		else if (e.type == BUS_EXT_SHARD)
			shard = e.id;
		else
			hear_forgotten(v, i, &e, out);
	}
	if (p->header.extensions == 0 && v->node[i].knows_shards)
		return;
	if (set_text(v->node[i].hostname, host))
		view_dirty(v);
	if (set_text(v->node[i].nodename, name) ||
	    !bus_id_is_equal(&v->node[i].shard, &shard))
		view_dirty(v);
	v->node[i].shard = shard;
	/* Who followed it before its shard had a name learns that now. */
	if (v->node[VIEW_SELF].primary == i && view_has(v, i, BUS_IS_PRIMARY) &&
	    !bus_id_is_equal(&v->node[VIEW_SELF].shard, &shard)) {
		v->node[VIEW_SELF].shard = shard;
		view_dirty(v);
	}
}

/*
 * Who sent it: a node that we know, or one of whom we learn now, else
 * VIEW_NOBODY.  On a link of ours the node at its end has to be the one that
 * we meant.
 */
static uint16_t
identify(struct view *v, uint16_t linked, const struct bus_header *h,
    struct acts *out)
{
	uint16_t i = view_find(v, &h->sender);

	if (linked == VIEW_NOBODY)
		return i == VIEW_SELF ? VIEW_NOBODY : i;
	if (view_has(v, linked, BUS_IS_HANDSHAKE)) {
		i = meet_learn(v, linked, h, out);
		return i == VIEW_SELF ? VIEW_NOBODY : i;
	}
	if (i == linked)
		return i;
	act_note(out, linked, "another node answers at its address");
	v->node[linked].flags |= BUS_IS_NOADDR;
	memset(v->node[linked].ip, 0, BUS_IP);
	act_add(out, ACT_CLOSE, linked)->wire = v->node[linked].link;
	v->node[linked].link_state = VIEW_LINK_NONE;
	view_dirty(v);
	return VIEW_NOBODY;
}

static void
hear_pong(struct view *v, uint16_t i, struct acts *out)
{
	v->node[i].pong_ms = v->now_ms;
	v->node[i].ping_ms = 0;
	fail_answered(v, i, out);
}

static void
hear_hello(struct view *v, uint64_t wire, uint16_t linked,
    const char *from_ip, const struct bus_packet *p, struct acts *out)
{
	const struct bus_header *h = &p->header;
	const char *ip = h->ip[0] != 0 ? h->ip : from_ip;
	uint16_t i = identify(v, linked, h, out);

	if (h->type == BUS_MEET && i == VIEW_NOBODY &&
	    !bus_id_is_equal(&h->sender, &v->node[VIEW_SELF].id) &&
	    linked == VIEW_NOBODY)
		(void)meet_begin(v, ip, h->port, h->cport, false);
	if (h->type != BUS_PONG)
		speak_hello(v, BUS_PONG, i, wire, out);
	if (i == VIEW_NOBODY || view_has(v, i, BUS_IS_HANDSHAKE))
		return;
	hear_epochs(v, i, h);
	hear_from(v, i, wire);
	if (h->type == BUS_PING)
		meet_move(v, i, ip, h->port, h->pport, h->cport, out);
	if (h->type == BUS_PONG && linked != VIEW_NOBODY)
		hear_pong(v, i, out);
	hear_header(v, i, h, out);
	hear_data(v, i);
	hear_extensions(v, i, p, out);
	follow_further(v, out);
	hear_gossip(v, i, p, out);
	if (h->marks & BUS_MARK_PAUSED)
		hand_heard_foreign(v, i, h, out);
}

/* What only nodes of our own kind say. */
static void
hear_own(struct view *v, uint16_t i, uint64_t wire,
    const struct bus_packet *p, struct acts *out)
{
	switch (p->kind) {
	case SPEAK_DENIED:
		vote_denied(v, i, p->payload, out);
		break;
	case SPEAK_WITHDRAWN:
		vote_withdrawn(v, i, p->payload);
		break;
	case SPEAK_LEASE_ASK:
		hear_header(v, i, &p->header, out);
		lease_asked(v, i, wire, p, out);
		break;
	case SPEAK_LEASE_GRANT:
		lease_granted(v, i, p->payload);
		break;
	case SPEAK_SHIFT:
		hear_header(v, i, &p->header, out);
		shift_heard(v, i, p, out);
		break;
	case SPEAK_MOVES:
		/* Whose the slots are that came or went. */
		hear_header(v, i, &p->header, out);
		moves_heard(v, i, wire, p->payload);
		break;
	case SPEAK_MOVES_KNOWN:
		moves_are_known(v, i, p->payload);
		break;
	default:
		/* What is given is what the giver has now. */
		hear_header(v, i, &p->header, out);
		hand_heard(v, i, p, out);
		break;
	}
}

static void
hear_body(struct view *v, uint16_t i, uint64_t wire,
    const struct bus_packet *p, struct acts *out)
{
	uint16_t about = view_find(v, &p->id);
	struct act *a;

	switch (p->header.type) {
	case BUS_FAIL:
		if (about != VIEW_NOBODY)
			fail_mark(v, about, out);
		break;
	case BUS_UPDATE:
		if (about != VIEW_NOBODY)
			claim_update(v, about, p->config_epoch, p->slots, out);
		break;
	case BUS_PUBLISH:
	case BUS_PUBLISHSHARD:
		a = act_add(out, ACT_DELIVER, i);
		a->type = p->header.type;
		a->channel = p->channel;
		a->message = p->message;
		break;
	case BUS_AUTH_REQUEST:
		vote_asked(v, i, p, out);
		break;
	case BUS_AUTH_ACK:
		vote_granted(v, i, p->header.epoch, out);
		break;
	case BUS_OWN:
		hear_own(v, i, wire, p, out);
		break;
	case BUS_MFSTART:
		hand_heard_foreign(v, i, &p->header, out);
		break;
	default:
		break;
	}
}

void
hear_packet(struct view *v, uint64_t wire, const char *from_ip,
    const char *own_ip, const struct bus_packet *p, struct acts *out)
{
	uint16_t linked = view_linked(v, wire), i;

	/* The first who greets us says where we can be reached. */
	if (bus_is_hello(p->header.type) && v->node[VIEW_SELF].ip[0] == 0 &&
	    own_ip[0] != 0)
		memcpy(v->node[VIEW_SELF].ip, own_ip,
		    strnlen(own_ip, BUS_IP - 1));
	if (linked != VIEW_NOBODY)
		v->node[linked].heard_ms = v->node[linked].link_heard_ms =
		    v->now_ms;
	if (bus_is_hello(p->header.type)) {
		hear_hello(v, wire, linked, from_ip, p, out);
		return;
	}
	i = view_find(v, &p->header.sender);
	if (i == VIEW_NOBODY || i == VIEW_SELF ||
	    view_has(v, i, BUS_IS_HANDSHAKE))
		return;
	hear_epochs(v, i, &p->header);
	hear_body(v, i, wire, p, out);
}
