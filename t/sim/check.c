#include "t/sim/check.h"

#include "cluster/shift.h"

#include <stdio.h>

/* How often a view's tables are compared with each other. */
#define TABLES_EVERY 256

/* What is left when its power fails now. */
static const struct view_told *
sure(const struct host *host)
{
	return host->safe_bytes > 0 ? &host->safe_told : &host->durable;
}

static void
check_vote(struct world *w, int i, const struct act *a, uint64_t epoch)
{
	int to = world_find(w, &w->host[i].view->node[a->node].id);

	if (epoch > sure(&w->host[i])->vote_epoch)
		world_break(w, i, "it tells a vote in epoch %llu that is not "
		    "durable", (unsigned long long)epoch);
	if (epoch >= WORLD_EPOCHS)
		return;
	if (w->voted[i][epoch] >= 0 && w->voted[i][epoch] != to)
		world_break(w, i, "it votes for node %d and for node %d in "
		    "epoch %llu", w->voted[i][epoch], to,
		    (unsigned long long)epoch);
	w->voted[i][epoch] = (int8_t)to;
}

static void
check_owned(struct world *w, int i)
{
	struct host *host = &w->host[i];
	uint64_t epoch = host->durable.config_epoch;
	unsigned k;

	if (host->is_checked || epoch >= WORLD_EPOCHS ||
	    !host->durable.is_voted)
		return;
	host->is_checked = true;
	for (k = 0; k < CHECK_SAMPLES; k++) {
		int8_t *owner = &w->owned[k][epoch];

		if (!bus_has_slot(host->durable.slots, k * CHECK_EVERY))
			continue;
		if (*owner >= 0 && *owner != i)
			world_break(w, i, "slot %u has two owners in epoch "
			    "%llu, the other is node %d", k * CHECK_EVERY,
			    (unsigned long long)epoch, *owner);
		*owner = (int8_t)i;
	}
}

static void
check_claims(struct world *w, int i, const struct bus_header *h)
{
	const struct view_told *d = sure(&w->host[i]);
	unsigned at;

	if (h->config_epoch > d->config_epoch)
		world_break(w, i, "it tells config epoch %llu, which is not "
		    "durable", (unsigned long long)h->config_epoch);
	for (at = 0; at < BUS_SLOT_BYTES; at++)
		if (h->slots[at] & ~d->slots[at]) {
			world_break(w, i, "it claims slots that are not "
			    "durably its own");
			return;
		}
	check_owned(w, i);
}

/*
 * Whether host i, with what is left when its power fails, would grant a lease
 * to who was before node n.
 */
static bool
is_predecessor_kept(const struct host *host, uint16_t n)
{
	const struct view *v = host->view;
	struct nodes_conf_node other;
	struct nodes_conf_range r;
	struct nodes_conf f;

	if (host->safe_bytes == 0 || nodes_conf_read(&f, (struct slice){
	    host->safe, host->safe_bytes }) != NODES_CONF_GOOD)
		return false;
	while (nodes_conf_next(&f, &other)) {
		uint16_t o = view_find(v, &other.id);

		if (o == VIEW_NOBODY || o == n || !bus_id_is_equal(
		    &v->node[o].shard, &v->node[n].shard))
			continue;
		while (nodes_conf_slots(&other.slots, &r))
			if (r.what == NODES_CONF_OWNS &&
			    v->owner[r.first] == n)
				return true;
	}
	return false;
}

/* Promises of a voter that its power's failure must not undo. */
static void
check_promise(struct world *w, int i, uint16_t to,
    const struct bus_packet *p)
{
	const struct view_told *d = sure(&w->host[i]);
	const char *at = p->payload.data;

	if (p->kind == SPEAK_PREPARED && at[SPEAK_PREPARE_BYTES] != 0 &&
	    bus_get(at + 8, 8) > d->epoch)
		world_break(w, i, "it promises epoch %llu, and knows %llu "
		    "durably", (unsigned long long)bus_get(at + 8, 8),
		    (unsigned long long)d->epoch);
	if (p->kind == SPEAK_LEASE_GRANT &&
	    (int64_t)bus_get(at + 8, 4) > d->lease_ms)
		world_break(w, i, "it grants a lease that is longer than it "
		    "would remember");
	if (p->kind == SPEAK_LEASE_GRANT && bus_get(at, 8) != 0 &&
	    is_predecessor_kept(&w->host[i], to))
		world_break(w, i, "it grants a lease, and would grant it to "
		    "who was before");
}

void
check_message(struct world *w, int i, const struct act *a)
{
	struct bus_packet p;

	if (bus_read(&p, a->data, a->bytes) != BUS_GOOD) {
		world_break(w, i, "it sends what can not be read: %s", p.why);
		return;
	}
	if (p.header.epoch > w->host[i].durable.epoch)
		world_break(w, i, "it tells epoch %llu, which is not durable",
		    (unsigned long long)p.header.epoch);
	if (p.header.type == BUS_OWN && p.kind == FAILOVER_SAY_WORD &&
	    w->host[i].given == 0)
		world_break(w, i, "it gives a word that is not durable");
	if (p.header.type == BUS_OWN)
		check_promise(w, i, a->node, &p);
	if (p.header.type == BUS_AUTH_ACK)
		check_vote(w, i, a, p.header.epoch);
	if (bus_id_is_none(&p.header.primary))
		check_claims(w, i, &p.header);
}

static void
check_tables(struct world *w, int i)
{
	const struct view *v = w->host[i].view;
	unsigned count[VIEW_NODES_MAX] = { 0 }, slot;
	uint16_t n;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		uint16_t owner = v->owner[slot];

		if (owner == VIEW_NOBODY)
			continue;
		count[owner]++;
		if (!bus_has_slot(v->node[owner].slots, slot))
			world_break(w, i, "slot %u has an owner who has it "
			    "not", slot);
	}
	for (n = 0; n < v->nodes; n++)
		if (count[n] != v->node[n].slot_count)
			world_break(w, i, "slots are miscounted");
}

/* A planned failover is none of its clients' business. */
static void
check_calm(struct world *w, int i)
{
	const struct view *v = w->host[i].view;
	unsigned slot;

	if (!v->is_ok)
		world_break(w, i, "its state is fail, and nothing went wrong");
	for (slot = 0; slot < KEYSLOT_COUNT; slot += CHECK_EVERY)
		if (v->owner[slot] == VIEW_NOBODY)
			world_break(w, i, "slot %u has no owner, and nothing "
			    "went wrong", slot);
}

void
check_step(struct world *w, int i)
{
	struct host *host = &w->host[i];
	const struct vote *e = &host->view->vote;

	if (e->won > host->won && e->epoch < WORLD_EPOCHS) {
		world_say(w, i, "wins epoch %llu",
		    (unsigned long long)e->epoch);
		/* After a TAKEOVER a shard may have two voices. */
		if (w->elected[e->epoch] >= 0 && !w->is_taken_over &&
		    w->elected[e->epoch] != i)
			world_break(w, i, "epoch %llu elects it, and node %d",
			    (unsigned long long)e->epoch,
			    w->elected[e->epoch]);
		w->elected[e->epoch] = (int8_t)i;
	}
	host->won = e->won;
	if (w->is_calm)
		check_calm(w, i);
	if (w->steps % TABLES_EVERY == 0)
		check_tables(w, i);
}

/* What host i says of itself, and others of it. */
static const char *
compare(const struct world *w, const struct view *v, const struct view *of)
{
	const struct view_node *self = &of->node[VIEW_SELF];
	uint16_t i = view_find(v, &self->id), head, own;
	const struct view_node *n;

	(void)w;
	if (i == VIEW_NOBODY)
		return "a node is not known to all";
	n = &v->node[i];
	if (n->flags & (BUS_IS_PFAIL | BUS_IS_FAIL | BUS_IS_NOADDR))
		return "a node that is there is not seen";
	if ((n->flags ^ self->flags) & (BUS_IS_PRIMARY | BUS_IS_REPLICA))
		return "a role is not the same for all";
	head = view_head(v, i);
	own = view_head(of, VIEW_SELF);
	if (head == VIEW_NOBODY || own == VIEW_NOBODY ||
	    !bus_id_is_equal(&v->node[head].id, &of->node[own].id))
		return "a primary is not the same for all";
	if (memcmp(n->slots, self->slots, BUS_SLOT_BYTES) != 0)
		return "slots are not the same for all";
	if (view_has(of, VIEW_SELF, BUS_IS_REPLICA) &&
	    !view_has(of, own, BUS_IS_PRIMARY))
		return "a replica follows a replica";
	return NULL;
}

static const char *
check_one(const struct world *w, int i)
{
	const struct view *v = w->host[i].view;
	const char *why;
	int k;

	if (v->count != (unsigned)w->hosts)
		return "somebody knows others than there are";
	if (!v->is_ok)
		return "the state is not ok everywhere";
	why = data_quiet(w, i);
	if (why != NULL)
		return why;
	if (v->is_dirty || v->saving.generation != 0 ||
	    v->told.epoch != v->epoch)
		return "something is not durable yet";
	for (k = 0; k < w->hosts; k++) {
		if (!w->host[k].is_up)
			continue;
		if (v->epoch != w->host[k].view->epoch)
			return "the epoch is not the same for all";
		why = compare(w, v, w->host[k].view);
		if (why != NULL)
			return why;
	}
	return NULL;
}

const char *
check_agreement(struct world *w)
{
	const char *why;
	unsigned slots = 0;
	uint64_t open = 0;
	int i;

	for (i = 0; i < w->hosts; i++) {
		if (!w->host[i].is_up && !w->host[i].is_gone)
			return "a node has not started yet";
		if (!w->host[i].is_up)
			continue;
		why = check_one(w, i);
		if (why != NULL)
			return why;
		slots += w->host[i].view->node[VIEW_SELF].slot_count;
		if (data_open(w, i) & open)
			return "two nodes may write";
		open |= data_open(w, i);
	}
	if (open != UINT64_MAX)
		return "some slots can not be written";
	return slots == KEYSLOT_COUNT ? NULL :
	    "slots are owned by nobody who is there";
}

/* What host i thinks of every slot whose owner is another than before it. */
static void
explain_slots(const struct world *w, int i)
{
	const struct view *v = w->host[i].view;
	unsigned slot, last = VIEW_NODES_MAX;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		uint16_t owner = v->owner[slot];

		if (owner == last)
			continue;
		last = owner;
		world_say(w, i, "from slot %u: %.8s epoch %llu%s%s", slot,
		    owner == VIEW_NOBODY ? "-" : v->node[owner].id.text,
		    owner == VIEW_NOBODY ? 0ull :
		    (unsigned long long)v->node[owner].config_epoch,
		    bus_has_slot(v->doubt, slot) ? " in doubt" : "",
		    v->comes_from[slot] != VIEW_NOBODY ? " coming" : "");
	}
}

void
check_explain(const struct world *w)
{
	int i;
	uint16_t n;

	for (i = 0; i < w->hosts; i++) {
		const struct view *v = w->host[i].view;

		if (!w->host[i].is_up)
			continue;
		world_say(w, i, "slots on their way: %s",
		    shift_word(v->shift.state));
		world_say(w, i, "%.8s epoch %llu, %s, now %lld, due %lld, %s",
		    w->host[i].id.text, (unsigned long long)v->epoch,
		    v->is_ok ? "ok" : "fail", (long long)v->now_ms,
		    (long long)v->due_ms,
		    failover_state_words[v->failover.state]);
		for (n = 0; n < v->nodes; n++)
			if (view_is_used(v, n))
				world_say(w, i, "  %.8s flags %x of %.8s "
				    "epoch %llu slots %u link %d ping %lld "
				    "pong %lld", v->node[n].id.text,
				    v->node[n].flags, v->node[n].primary ==
				    VIEW_NOBODY ? "-" :
				    v->node[v->node[n].primary].id.text,
				    (unsigned long long)
				    v->node[n].config_epoch,
				    v->node[n].slot_count,
				    v->node[n].link_state,
				    (long long)v->node[n].ping_ms,
				    (long long)v->node[n].pong_ms);
		explain_slots(w, i);
	}
}
