#include "cluster/meet.h"

#define ASKED_TIMES 4          /* so much longer we try what was ordered */

static bool
is_at(const struct view_node *n, const char *ip, uint16_t cport)
{
	return n->cport == cport && strcmp(n->ip, ip) == 0;
}

static void
set_address(struct view_node *n, const char *ip, uint16_t port,
    uint16_t pport, uint16_t cport)
{
	memset(n->ip, 0, sizeof(n->ip));
	memcpy(n->ip, ip, strnlen(ip, BUS_IP - 1));
	n->port = port;
	n->pport = pport;
	n->cport = cport;
}

bool
meet_begin(struct view *v, const char *ip, uint16_t port, uint16_t cport,
    bool is_asked)
{
	struct bus_id id = view_random_id(v);
	uint16_t i;

	for (i = 1; i < v->nodes; i++)
		if (view_is_used(v, i) && view_has(v, i, BUS_IS_HANDSHAKE) &&
		    is_at(&v->node[i], ip, cport))
			return false;
	i = view_add(v, &id, (uint16_t)(BUS_IS_HANDSHAKE |
	    (is_asked ? BUS_IS_MEET : 0)));
	if (i == VIEW_NOBODY)
		return false;
	set_address(&v->node[i], ip, port, 0, cport);
	return true;
}

uint16_t
meet_learn(struct view *v, uint16_t i, const struct bus_header *h,
    struct acts *out)
{
	uint16_t known = view_find(v, &h->sender);
	struct view_node *n = &v->node[i];

	if (known != VIEW_NOBODY) {
		if (known != VIEW_SELF && view_has(v, known, BUS_IS_NOADDR |
		    BUS_IS_PFAIL | BUS_IS_FAIL) &&
		    !is_at(&v->node[known], n->ip, n->cport))
			meet_move(v, known, n->ip, n->port, n->pport,
			    n->cport, out);
		view_remove(v, i, out);
		return known;
	}
	n->is_unmet = (n->flags & BUS_IS_MEET) != 0;
	n->flags &= (uint16_t)~(BUS_IS_HANDSHAKE | BUS_IS_MEET);
	n->flags |= BUS_IS_PRIMARY;
	view_rename(v, i, &h->sender);
	act_note(out, i, "it is a node of our cluster now");
	return i;
}

void
meet_hear_of(struct view *v, const struct bus_gossip *g)
{
	uint16_t i;

	if (g->ip[0] == 0 || g->cport == 0 ||
	    (g->flags & (BUS_IS_NOADDR | BUS_IS_HANDSHAKE)) ||
	    meet_is_banned(v, &g->id))
		return;
	i = view_add(v, &g->id, g->flags & BUS_IS_REPLICA ? BUS_IS_REPLICA :
	    BUS_IS_PRIMARY);
	if (i != VIEW_NOBODY)
		set_address(&v->node[i], g->ip, g->port, g->pport, g->cport);
}

void
meet_move(struct view *v, uint16_t i, const char *ip, uint16_t port,
    uint16_t pport, uint16_t cport, struct acts *out)
{
	struct view_node *n = &v->node[i];

	if (is_at(n, ip, cport) && n->port == port && n->pport == pport &&
	    !(n->flags & BUS_IS_NOADDR))
		return;
	if (n->link_state != VIEW_LINK_NONE && !is_at(n, ip, cport)) {
		act_add(out, ACT_CLOSE, i)->wire = n->link;
		n->link_state = VIEW_LINK_NONE;
		n->link_try_ms = v->now_ms;
		view_due(v, v->now_ms);
	}
	set_address(n, ip, port, pport, cport);
	n->flags &= (uint16_t)~BUS_IS_NOADDR;
	/* Who follows it has to know. */
	if (v->node[VIEW_SELF].primary == i)
		act_add(out, ACT_FOLLOW, i);
	view_dirty(v);
}

void
meet_ban(struct view *v, const struct bus_id *id, int64_t for_ms)
{
	unsigned i, at = 0;

	for (i = 0; i < VIEW_BANNED; i++) {
		if (bus_id_is_equal(&v->ban[i].id, id)) {
			at = i;
			break;
		}
		if (v->ban[i].until_ms < v->ban[at].until_ms)
			at = i;
	}
	v->ban[at].id = *id;
	v->ban[at].until_ms = v->now_ms + for_ms;
}

bool
meet_is_banned(const struct view *v, const struct bus_id *id)
{
	unsigned i;

	for (i = 0; i < VIEW_BANNED; i++)
		if (v->ban[i].until_ms > v->now_ms &&
		    bus_id_is_equal(&v->ban[i].id, id))
			return true;
	return false;
}

int64_t
meet_lasts_ms(const struct view *v)
{
	return v->config.node_timeout_ms > 1000 ? v->config.node_timeout_ms :
	    1000;
}

void
meet_look(struct view *v, uint16_t i, struct acts *out)
{
	int64_t end;

	if (!view_has(v, i, BUS_IS_HANDSHAKE))
		return;
	end = v->node[i].born_ms + meet_lasts_ms(v) *
	    (view_has(v, i, BUS_IS_MEET) ? ASKED_TIMES : 1);
	if (v->now_ms < end) {
		view_due(v, end);
		return;
	}
	act_note(out, i, "it did not answer our MEET");
	view_remove(v, i, out);
}
