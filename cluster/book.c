#include "cluster/book.h"

#include "cluster/lease.h"
#include "cluster/ranges.h"
#include "cluster/shift.h"

size_t
book_room(const struct view *v)
{
	return NODES_CONF_ROOM(v->count);
}

static int64_t
unix_ms(const struct view *v, int64_t at_ms)
{
	return at_ms == 0 ? 0 : at_ms + v->fact.unix_offset_ms;
}

struct nodes_conf_node
book_node(const struct view *v, uint16_t i)
{
	const struct view_node *n = &v->node[i];
	struct nodes_conf_node line = { .id = n->id, .shard = n->shard,
	    .port = n->port, .cport = n->cport, .other_port = n->pport,
	    .flags = n->flags, .ping_ms = unix_ms(v, n->ping_ms),
	    .pong_ms = unix_ms(v, n->pong_ms),
	    .config_epoch = n->config_epoch,
	    .is_connected = n->link_state == VIEW_LINK_UP };
	const char *hostname = n->hostname, *nodename = n->nodename;
	uint16_t head = view_head(v, i);

	memcpy(line.ip, n->ip, BUS_IP);
	if (i == VIEW_SELF) {
		line.flags |= BUS_IS_MYSELF;
		line.is_connected = true;
		line.port = v->config.port;
		line.cport = v->config.cport;
		line.other_port = v->config.pport;
		if (v->config.ip[0] != 0)
			memcpy(line.ip, v->config.ip, BUS_IP);
		hostname = v->config.hostname;
		nodename = v->config.nodename;
	}
	memcpy(line.hostname, hostname, BUS_NAME);
	memcpy(line.nodename, nodename, BUS_NAME);
	if (head != i && head != VIEW_NOBODY) {
		line.primary = v->node[head].id;
		line.config_epoch = v->node[head].config_epoch;
	}
	return line;
}

static void
put_moves(const struct view *v, struct nodes_conf_writer *w)
{
	struct nodes_conf_range r;
	unsigned slot;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		uint16_t to = v->moves_to[slot], from = v->comes_from[slot];

		if (to == VIEW_NOBODY && from == VIEW_NOBODY)
			continue;
		r.first = r.last = (uint16_t)slot;
		r.what = to != VIEW_NOBODY ? NODES_CONF_MIGRATES :
		    NODES_CONF_IMPORTS;
		r.other = v->node[to != VIEW_NOBODY ? to : from].id;
		nodes_conf_put_move(w, &r);
	}
}

static void
put_shift(const struct view *v, struct nodes_conf_vars *vars)
{
	const struct shift *s = &v->shift;

	vars->shift = s->given;
	vars->shift_taken = s->taken;
	memset(vars->shift_to, 0, sizeof(vars->shift_to));
	memset(vars->shift_slots, 0, sizeof(vars->shift_slots));
	vars->shift_epoch = 0;
	if (s->given == 0 && s->taken == 0)
		return;
	vars->shift_epoch = s->epoch;
	memcpy(vars->shift_to, s->job.peer.text, BUS_ID);
	(void)ranges_print(s->job.slots, ',', vars->shift_slots,
	    sizeof(vars->shift_slots));
}

/* As many as there is room for; who is left out is told of us by the others. */
static void
put_unmet(const struct view *v, char to[NODES_CONF_VALUE])
{
	size_t used = 0;
	uint16_t i;

	memset(to, 0, NODES_CONF_VALUE);
	for (i = 1; i < v->nodes; i++)
		if (view_is_used(v, i) && v->node[i].is_unmet &&
		    used + 1 + BUS_ID < NODES_CONF_VALUE) {
			if (used > 0)
				to[used++] = ',';
			memcpy(to + used, v->node[i].id.text, BUS_ID);
			used += BUS_ID;
		}
}

/*
 * What a node has, and claims as far as we know: who started again would say
 * for it that it has what it has given away.
 */
static const uint8_t *
sure_slots(const struct view *v, uint16_t i, uint8_t sure[BUS_SLOT_BYTES])
{
	unsigned at;

	for (at = 0; at < BUS_SLOT_BYTES; at++)
		sure[at] = v->node[i].slots[at] & (uint8_t)~v->doubt[at];
	return i == VIEW_SELF ? v->node[i].slots : sure;
}

size_t
book_write(const struct view *v, char *data, size_t room)
{
	struct nodes_conf_vars vars = v->fact.vars;
	uint8_t sure[BUS_SLOT_BYTES];
	struct nodes_conf_writer w;
	struct nodes_conf_node n;
	uint16_t i;

	nodes_conf_begin(&w, data, room);
	for (i = 0; i < v->nodes; i++) {
		if (!view_is_used(v, i) || view_has(v, i, BUS_IS_HANDSHAKE))
			continue;
		n = book_node(v, i);
		/* A replica's own epoch is none; its line shows another's. */
		n.config_epoch = v->node[i].config_epoch;
		nodes_conf_put_node(&w, &n, sure_slots(v, i, sure), true);
		if (i == VIEW_SELF)
			put_moves(v, &w);
		nodes_conf_put_end(&w);
	}
	vars.epoch = v->saving.epoch;
	vars.vote_epoch = v->saving.vote_epoch;
	vars.is_voted = v->saving.is_voted;
	vars.lease_ms = v->saving.lease_ms;
	vars.seat_unsure = v->lease.is_seat_unsure;
	vars.unsettled = v->saving.is_unsettled;
	vars.generation = v->saving.generation;
	vars.taken = v->hand.taken;
	vars.given = v->hand.given.token;
	vars.given_offset = v->hand.given.offset;
	vars.given_epoch = v->hand.given.epoch;
	memset(vars.given_to, 0, sizeof(vars.given_to));
	if (vars.given != 0)
		memcpy(vars.given_to, v->hand.given.to.text, BUS_ID);
	put_shift(v, &vars);
	put_unmet(v, vars.unmet);
	return nodes_conf_end(&w, &vars);
}

static void
read_node(struct view *v, uint16_t i, const struct nodes_conf_node *n)
{
	struct view_node *to = &v->node[i];

	to->added_generation = 0;
	/* Who was silent then may answer now; FAIL was long ago. */
	to->flags = n->flags & (BUS_IS_PRIMARY | BUS_IS_REPLICA |
	    BUS_IS_FAIL | BUS_IS_NOADDR | BUS_IS_NOFAILOVER);
	if (!(to->flags & (BUS_IS_PRIMARY | BUS_IS_REPLICA)))
		to->flags |= BUS_IS_PRIMARY;
	if (i == VIEW_SELF)
		to->flags &= BUS_IS_PRIMARY | BUS_IS_REPLICA;
	memcpy(to->ip, n->ip, BUS_IP);
	memcpy(to->hostname, n->hostname, BUS_NAME);
	memcpy(to->nodename, n->nodename, BUS_NAME);
	if (!bus_id_is_none(&n->shard))
		to->shard = n->shard;
	to->port = n->port;
	to->cport = n->cport;
	to->pport = n->other_port;
	to->config_epoch = n->config_epoch;
}

/* Slots, and whom it follows: when all nodes are there. */
static void
read_slots(struct view *v, uint16_t i, const struct nodes_conf_node *n)
{
	struct nodes_conf_range r;
	struct slice left = n->slots;
	uint16_t other, primary = view_find(v, &n->primary);
	unsigned slot;

	if (!bus_id_is_none(&n->primary) && primary != VIEW_NOBODY &&
	    primary != i) {
		v->node[i].primary = primary;
		v->node[primary].had_replicas = true;
	}
	while (nodes_conf_slots(&left, &r)) {
		other = r.what == NODES_CONF_OWNS ? i :
		    view_find(v, &r.other);
		for (slot = r.first; slot <= r.last; slot++) {
			if (r.what == NODES_CONF_OWNS)
				view_give_slot(v, slot, i);
			else if (i == VIEW_SELF &&
			    r.what == NODES_CONF_MIGRATES)
				v->moves_to[slot] = other;
			else if (i == VIEW_SELF)
				v->comes_from[slot] = other;
		}
	}
}

/* A word that was given is given; a token that was used is used. */
static void
read_failover(struct view *v, const struct nodes_conf_vars *vars)
{
	struct hand_given *g = &v->hand.given;

	v->hand.taken = vars->taken;
	failover_remember(&v->failover, vars->taken);
	if (vars->given == 0 ||
	    !bus_id_get(slice_of(vars->given_to), &g->to))
		return;
	g->token = vars->given;
	g->offset = vars->given_offset;
	g->epoch = vars->given_epoch;
	failover_revive(&v->failover, &g->to, g->token, g->offset, g->epoch,
	    v->now_ms);
}

/* Slots that were given, and may be another's by now; or that were taken. */
static void
read_shift(struct view *v, const struct nodes_conf_vars *vars)
{
	struct shift *s = &v->shift;

	if ((vars->shift == 0 && vars->shift_taken == 0) ||
	    !bus_id_get(slice_of(vars->shift_to), &s->job.peer) ||
	    !ranges_scan(vars->shift_slots, s->job.slots))
		return;
	s->given = vars->shift;
	s->taken = vars->shift_taken;
	s->epoch = vars->shift_epoch;
	shift_revive(v);
}

static void
read_unmet(struct view *v, const char *text)
{
	struct bus_id id;
	uint16_t i;

	for (; strlen(text) >= BUS_ID; text += BUS_ID + (text[BUS_ID] == ','))
		if (bus_id_get((struct slice){ text, BUS_ID }, &id) &&
		    (i = view_find(v, &id)) != VIEW_NOBODY && i != VIEW_SELF)
			v->node[i].is_unmet = true;
}

/* A replica without a primary that we know is better off as a primary. */
static void
settle(struct view *v)
{
	struct view_node *me = &v->node[VIEW_SELF];

	if ((me->flags & BUS_IS_REPLICA) && me->primary == VIEW_NOBODY)
		view_set_primary(v, VIEW_SELF);
	v->told.generation = v->generation > 0 ? v->generation : 1;
	v->told.epoch = v->epoch;
	v->told.vote_epoch = v->vote_epoch;
	v->told.config_epoch = me->config_epoch;
	v->told.is_voted = me->is_voted;
	if (me->primary != VIEW_NOBODY)
		v->told.primary = v->node[me->primary].id;
	v->told.lease_ms = v->lease.longest_ms;
	v->told.is_unsettled = v->lease.was_unsettled;
	v->told.is_given = v->hand.given.token != 0;
	memcpy(v->told.slots, me->slots, BUS_SLOT_BYTES);
	v->moves.version = v->told.generation;
	v->is_dirty = false;
	v->is_changed = true;
}

bool
book_read(struct view *v, struct nodes_conf *f)
{
	struct nodes_conf again = *f;
	struct nodes_conf_node n;
	bool is_whole = true;
	uint16_t i;

	while (nodes_conf_next(f, &n)) {
		i = view_find(v, &n.id);
		if (i == VIEW_NOBODY)
			i = view_add(v, &n.id, 0);
		if (i == VIEW_NOBODY)
			is_whole = false;
		else
			read_node(v, i, &n);
	}
	while (nodes_conf_next(&again, &n)) {
		i = view_find(v, &n.id);
		if (i != VIEW_NOBODY)
			read_slots(v, i, &n);
	}
	v->fact.vars = f->vars;
	v->epoch = f->vars.epoch;
	v->vote.born_epoch = f->vars.vote_epoch;
	/* A promise may have been made in any that we knew (hand.h). */
	v->vote_epoch = f->vars.vote_epoch > v->epoch ? f->vars.vote_epoch :
	    v->epoch;
	v->generation = f->vars.generation;
	v->node[VIEW_SELF].is_voted = f->vars.is_voted != 0;
	lease_start(v, f->vars.lease_ms, f->vars.seat_unsure != 0,
	    f->vars.unsettled != 0);
	for (i = 0; i < v->nodes; i++)
		if (v->node[i].config_epoch > v->epoch)
			v->epoch = v->node[i].config_epoch;
	read_failover(v, &f->vars);
	read_shift(v, &f->vars);
	read_unmet(v, f->vars.unmet);
	settle(v);
	return is_whole;
}
