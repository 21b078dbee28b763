#include "t/sim/data.h"

#include <stdlib.h>

#include "cluster/lease.h"
#include "cluster/shift.h"
#include "t/sim/world.h"

#define STEP_WRITES 3          /* a replica gets so many at once */
#define READ_MS 100            /* a worker reads what is published */

/* Whether its workers run. */
static bool
is_running(const struct world *w, int i)
{
	return w->host[i].has_region &&
	    w->host[i].stopped_until_ms <= w->now_ms;
}

/* --- what is published -------------------------------------------------- */

static void
publish(struct world *w, int i)
{
	struct data *d = &w->host[i].data;
	int k;

	d->version++;
	for (k = 0; k < DATA_WORKERS; k++)
		world_read(w, i, k, world_chance(w, 20000) ?
		    world_random(w, 100) : world_random(w, 3));
}

/* Whether writes to a slot wait because it is being given away. */
static bool
is_stopped(const struct view *v, unsigned slot)
{
	enum shift_tells tells = shift_tells(v->shift.state);

	return (tells == SHIFT_STOP || tells == SHIFT_DRAIN ||
	    tells == SHIFT_HOLD || tells == SHIFT_PROVE) &&
	    bus_has_slot(v->shift.job.slots, slot);
}

static void
set_places(struct world *w, int i)
{
	struct gate *g = &w->host[i].data.next;
	const struct view *v = w->host[i].view;
	unsigned k;

	g->is_primary = v->node[VIEW_SELF].primary == VIEW_NOBODY;
	g->serves = 0;
	for (k = 0; k < DATA_SAMPLES; k++)
		if (g->is_primary && v->is_ok &&
		    view_may_serve(v, k * DATA_EVERY) &&
		    !is_stopped(v, k * DATA_EVERY))
			g->serves |= 1ull << k;
	publish(w, i);
}

/* The answer comes when the version at hand was read by all. */
static void
want(struct world *w, int i, enum cluster_kind kind, uint64_t generation)
{
	struct data *d = &w->host[i].data;
	int k;

	for (k = 0; k < DATA_WANTED - 1 && d->wanted[k].version != 0; k++)
		;
	d->wanted[k] = (struct data_wanted){ kind, generation, d->version };
}

static void
follow(struct world *w, int i)
{
	struct host *host = &w->host[i];
	uint16_t p = host->view->node[VIEW_SELF].primary;
	int from = p == VIEW_NOBODY ? -1 :
	    world_find(w, &host->view->node[p].id);

	if (from == host->data.from)
		return;
	host->data.from = from;
	host->data.is_link_up = false;
	host->data.link_ms = 0;
	host->data.link_down_ms = world_clock(w, i);
}

static void
lock(struct world *w, int i, uint64_t generation)
{
	struct data *d = &w->host[i].data;
	bool is_free = !d->is_syncing;

	d->is_locked = is_free;
	world_answer(w, i, world_random(w, 5), is_free ? CLUSTER_LOCKED :
	    CLUSTER_LOCK_REFUSED, generation, 0);
}

static void
look_at_level(struct world *w, int i)
{
	struct data *d = &w->host[i].data;

	if (d->await_generation == 0 || d->length < d->await)
		return;
	world_answer(w, i, world_random(w, 3), CLUSTER_LEVEL,
	    d->await_generation, 0);
	d->await_generation = 0;
}

static void
grant(struct world *w, int i, const struct act *a)
{
	int to = world_find(w, &w->host[i].view->node[a->node].id);

	if (to >= 0)
		w->host[i].data.granted_ms[to] = a->until_ms;
}

bool
data_carry_out(struct world *w, int i, const struct act *a)
{
	struct data *d = &w->host[i].data;

	switch (a->kind) {
	case ACT_PUBLISH:
		set_places(w, i);
		break;
	case ACT_FOLLOW:
		follow(w, i);
		break;
	case ACT_HOLD:
		d->next.held_until_ms = a->until_ms;
		publish(w, i);
		want(w, i, CLUSTER_HELD, a->generation);
		break;
	case ACT_RESUME:
		d->next.held_until_ms = 0;
		publish(w, i);
		break;
	case ACT_LEASE:
		d->lease_ms = a->until_ms;
		break;
	case ACT_GRANT:
		grant(w, i, a);
		break;
	case ACT_LOCK:
		lock(w, i, a->generation);
		break;
	case ACT_UNLOCK:
		d->is_locked = false;
		break;
	case ACT_AWAIT:
		d->await = a->offset;
		d->await_generation = a->generation;
		look_at_level(w, i);
		break;
	case ACT_TURN:
		follow(w, i);
		set_places(w, i);
		want(w, i, CLUSTER_TURNED, a->generation);
		break;
	case ACT_ANSWER:
		world_say(w, i, "answers: %s", a->words == NULL ? "OK" :
		    a->words);
		break;
	case ACT_DONE:
		w->failovers++;
		break;
	default:
		return false;
	}
	return true;
}

void
data_read(struct world *w, int i, int k)
{
	struct data *d = &w->host[i].data;
	uint64_t least = UINT64_MAX;
	int j;

	d->worker[k] = d->next;
	d->seen[k] = d->version;
	for (j = 0; j < DATA_WORKERS; j++)
		if (d->seen[j] < least)
			least = d->seen[j];
	for (j = 0; j < DATA_WANTED; j++) {
		struct data_wanted *a = &d->wanted[j];

		if (a->version == 0 || a->version > least)
			continue;
		world_answer(w, i, world_random(w, 3), a->kind,
		    a->generation, d->length);
		a->version = 0;
	}
}

/* --- slots on their way ------------------------------------------------- */

/* Who brings keys shows the pass of that move; another one for each. */
static uint64_t
pass_of(const struct shift *s)
{
	return ~s->job.token | 1;
}

static void
look_at_pass(struct world *w, int i)
{
	const struct shift *s = &w->host[i].view->shift;

	enum shift_tells tells = shift_tells(s->state);

	if ((tells == SHIFT_CARRY || tells == SHIFT_STOP ||
	    tells == SHIFT_DRAIN) && s->pass != pass_of(s))
		world_break(w, i, "brings keys under the pass of another "
		    "move");
}

/* What workers have done about them. */
static enum shift_event
shift_done(struct world *w, int i)
{
	struct data *d = &w->host[i].data;
	const struct shift *s = &w->host[i].view->shift;
	bool is_seen = true;
	int k;

	if (d->shift_entries != s->entries) {
		d->shift_entries = s->entries;
		d->shift_version = d->version;
		d->is_shift_seen = false;
	}
	for (k = 0; k < DATA_WORKERS; k++)
		is_seen &= d->seen[k] >= d->shift_version;
	if (is_seen && !d->is_shift_seen) {
		d->is_shift_seen = true;
		return SHIFT_ON_SEEN;
	}
	if (shift_tells(s->state) == SHIFT_DROP)
		return is_seen ? SHIFT_ON_EMPTY : SHIFT_EVENTS;
	if (world_chance(w, 20000))
		return SHIFT_ON_BROKEN;
	look_at_pass(w, i);
	return s->state == SHIFT_COPYING ? SHIFT_ON_NEAR :
	    s->state == SHIFT_DRAINING ? SHIFT_ON_DRAINED : SHIFT_EVENTS;
}

void
data_shift(struct world *w, int i)
{
	enum shift_event event;
	struct view *v;

	if (!world_is_awake(w, i) ||
	    w->host[i].view->shift.state == SHIFT_IDLE)
		return;
	event = shift_done(w, i);
	if (event == SHIFT_EVENTS || world_chance(w, 300000))
		return;
	v = world_order(w, i);
	shift_event(v, event, v->shift.state == SHIFT_IMPORTING ?
	    pass_of(&v->shift) : w->host[i].data.length, NULL, &w->acts);
	if (v->shift.past[0].token != 0 &&
	    v->shift.past[0].token != w->host[i].data.shift_past &&
	    v->shift.past[0].word[0] == 's')
		w->shifts++;
	w->host[i].data.shift_past = v->shift.past[0].token;
	world_ordered(w, i);
}

/* --- the view's side ---------------------------------------------------- */

void
data_gather(struct world *w, int i)
{
	struct host *host = &w->host[i];
	struct view_fact *f = &host->view->fact;
	const struct data *d = &host->data;

	f->offset = d->length;
	f->is_link_up = d->is_link_up;
	f->link_down_ms = d->link_down_ms;
	f->is_syncing = d->is_syncing;
	f->has_lost_data = d->has_lost;
	f->lock_words = d->is_syncing ?
	    "ERR Recovery in progress (ClusterReplicate)" : NULL;
}

/* I3, for a host that takes over by the word of its primary. */
static void
check_taken(struct world *w, int i)
{
	const struct failover *f = &w->host[i].view->failover;
	const struct data *d = &w->host[i].data, *of;
	int from = world_find(w, &f->peer);

	if (from < 0)
		return;
	of = &w->host[from].data;
	world_say(w, i, "takes over by the word of node %d", from);
	w->words++;
	if (of->length > d->length || (of->length > 0 &&
	    of->log[of->length - 1] != d->log[of->length - 1]))
		world_break(w, i, "it has %u writes, and takes over by the "
		    "word of node %d, which acknowledged %u", d->length, from,
		    of->length);
}

void
data_keep(struct world *w, int i)
{
	struct host *host = &w->host[i];
	const struct failover *f = &host->view->failover;

	if (f->state != host->data.was)
		world_say(w, i, "failover: %s", failover_state_words[f->state]);
	if (f->state == FAILOVER_TAKING && f->kind == FAILOVER_PLANNED &&
	    host->data.was == FAILOVER_CLAIMING)
		check_taken(w, i);
	if ((f->state == FAILOVER_TAKING || f->state == FAILOVER_RETURNING) &&
	    f->kind == FAILOVER_TAKEN_OVER) {
		w->let_off = UINT64_MAX;
		w->is_taken_over = true;
	}
	if (!host->view->stands_back)
		host->data.served_ms = w->now_ms;
	host->data.was = f->state;
	host->data.kept = *f;
}

static void
recall_leases(struct world *w, int i)
{
	struct view *v = w->host[i].view;
	const struct data *d = &w->host[i].data;
	int k;

	lease_keep(v, d->lease_ms);
	for (k = 0; k < w->hosts; k++)
		if (d->granted_ms[k] > 0)
			lease_recall(v, view_find(v, &w->host[k].id),
			    d->granted_ms[k]);
}

/* A new control finds out what its host is. */
void
data_boot(struct world *w, int i)
{
	struct data *d = &w->host[i].data;

	d->was = w->host[i].view->failover.state;
	d->await_generation = 0;
	memset(d->wanted, 0, sizeof(d->wanted));
	if (w->host[i].has_region)
		recall_leases(w, i);
	follow(w, i);
}

void
data_die(struct world *w, int i)
{
	struct data *d = &w->host[i].data;
	struct data dead = { .log = d->log, .length = d->length,
	    .room = d->room, .is_syncing = d->is_syncing, .from = -1,
	    .has_lost = d->has_lost };

	*d = dead;
}

void
data_lose(struct world *w, int i)
{
	struct data *d = &w->host[i].data;

	if (d->length == 0)
		return;
	d->length = 0;
	d->has_lost = true;
	d->is_syncing = false;
	world_say(w, i, "has lost its data");
}

void
data_allow(struct world *w, int i)
{
	const struct host *host = &w->host[i];

	if (host->is_up && view_is_voter(host->view, VIEW_SELF) &&
	    !host->view->stands_back)
		w->host[i].data.has_lost = false;
}

/* --- traffic ------------------------------------------------------------ */

uint64_t
data_open(const struct world *w, int i)
{
	const struct data *d = &w->host[i].data;
	uint64_t open = 0;
	int k;

	if (!is_running(w, i) || world_clock(w, i) >= d->lease_ms)
		return 0;
	for (k = 0; k < DATA_WORKERS; k++)
		if (d->worker[k].is_primary &&
		    world_clock(w, i) >= d->worker[k].held_until_ms)
			open |= d->worker[k].serves;
	return open;
}

static void
append(struct data *d, uint64_t hash)
{
	if (d->length == d->room) {
		d->room = d->room * 2 + 256;
		d->log = realloc(d->log, d->room * sizeof(*d->log));
	}
	d->log[d->length++] = hash;
}

static void
write_one(struct world *w, int i)
{
	struct data *d = &w->host[i].data;
	uint64_t before = d->length > 0 ? d->log[d->length - 1] : 0;

	append(d, (before ^ ++w->writes) * 0x9e3779b97f4a7c15ull + 1);
}

/* Whether a's log is the beginning of b's. */
static bool
is_beginning(const struct data *a, const struct data *b)
{
	return a->length == 0 || (a->length <= b->length &&
	    a->log[a->length - 1] == b->log[a->length - 1]);
}

static bool
can_stream(const struct world *w, int i, int from)
{
	return is_running(w, i) && is_running(w, from) &&
	    !(w->cut[i] >> from & 1) && !(w->cut[from] >> i & 1);
}

static void
lose_stream(struct world *w, int i)
{
	struct data *d = &w->host[i].data;

	d->link_ms = 0;
	if (!d->is_link_up)
		return;
	d->is_link_up = false;
	d->link_down_ms = world_clock(w, i);
	world_nudge(w, i);
}

/* Partly when its log is the beginning of the other's, else wholly. */
static void
connect_stream(struct world *w, int i)
{
	struct data *d = &w->host[i].data;
	const struct data *of = &w->host[d->from].data;

	/* The same that EnsureReplication minds. */
	if (failover_is_active(&d->kept) && d->link_ms == 0)
		return;
	if (d->link_ms == 0) {
		bool is_whole = d->is_syncing || !is_beginning(d, of);

		if (is_whole && of->has_lost)
			return;
		d->link_ms = w->now_ms + 5 + world_random(w, 30) +
		    (is_whole ? 50 + world_random(w, 200) : 0);
		if (is_whole) {
			d->is_syncing = true;
			d->length = 0;
		}
		return;
	}
	if (w->now_ms < d->link_ms)
		return;
	if (d->is_syncing || !is_beginning(d, of)) {
		d->length = 0;
		while (d->length < of->length)
			append(d, of->log[d->length]);
	}
	d->is_syncing = false;
	d->has_lost = false;
	d->is_link_up = true;
	world_nudge(w, i);
}

static void
stream(struct world *w, int i)
{
	struct data *d = &w->host[i].data;
	const struct data *of;
	unsigned k;

	if (d->from < 0)
		return;
	if (!can_stream(w, i, d->from)) {
		lose_stream(w, i);
		return;
	}
	of = &w->host[d->from].data;
	if (!d->is_link_up) {
		connect_stream(w, i);
		return;
	}
	/* The other one began anew itself. */
	if (of->is_syncing || !is_beginning(d, of)) {
		lose_stream(w, i);
		return;
	}
	for (k = world_random(w, STEP_WRITES); k > 0 &&
	    d->length < of->length; k--)
		append(d, of->log[d->length]);
	look_at_level(w, i);
}

/* A replica that host i knows, and that has what it lost. */
static bool
is_heir_known(const struct view *v)
{
	uint16_t k;

	for (k = 1; k < v->nodes; k++)
		if (view_is_used(v, k) && v->node[k].primary == VIEW_SELF &&
		    v->node[k].heard_ms > 0 && v->node[k].offset > 0 &&
		    !view_has(v, k, BUS_IS_FAIL))
			return true;
	return false;
}

/*
 * It may write.  When the replica comes back only then, workers go on until
 * they have read that they must not.
 */
static void
check_loss(struct world *w, int i)
{
	struct data *d = &w->host[i].data;
	const struct view *v = w->host[i].view;

	if (d->has_lost && d->length == 0 && is_heir_known(v) &&
	    (!v->stands_back || w->now_ms > d->served_ms + READ_MS))
		world_break(w, i, "it serves nothing of what a replica has");
}

void
data_check(struct world *w)
{
	uint64_t all = 0, open;
	int i, k;

	for (i = 0; i < w->hosts; i++) {
		open = data_open(w, i) & ~w->let_off;
		for (k = 0; (open & all) && k < i; k++)
			if (data_open(w, k) & open)
				world_break(w, i, "it may write, and so may "
				    "node %d", k);
		all |= open;
		if (open != 0 && w->host[i].is_up)
			check_loss(w, i);
	}
}

void
data_flow(struct world *w)
{
	int i;

	for (i = 0; i < w->hosts; i++)
		if (world_chance(w, 300000) && data_open(w, i) != 0)
			write_one(w, i);
	for (i = 0; i < w->hosts; i++)
		stream(w, i);
}

const char *
data_quiet(const struct world *w, int i)
{
	const struct host *host = &w->host[i];
	const struct data *d = &host->data;
	int k;

	if (failover_is_active(&host->view->failover))
		return "a failover has not ended";
	if (d->is_locked)
		return "a recovery lock is held for ever";
	for (k = 0; k < DATA_WORKERS; k++)
		if (d->worker[k].held_until_ms > world_clock(w, i))
			return "writes are held for ever";
	/* Who never comes back had lost its slots, or it is missed there. */
	if (d->from >= 0 && !w->host[d->from].is_gone &&
	    (!d->is_link_up || d->is_syncing))
		return "a replica has no stream";
	return NULL;
}
