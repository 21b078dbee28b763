#include "cluster/lease.h"

#define LENGTH_MAX_MS 1000
#define MARGIN(ms) ((ms) / 32 + 2) /* clocks differ by less than this */
#define AGAIN_MS 25            /* asked so often while it is not held */
#define PROVE_MS 5             /* same, for slots that wait for it, */
#define PROVE_FOR_MS 200       /* for so long */
#define ASK_BYTES 20
#define GRANT_BYTES 20

const char *const lease_state_names[LEASE_STATES] = {
#define LEASE(id, word, words) word,
#include "cluster/lease.def"
};

const char *const lease_state_words[LEASE_STATES] = {
#define LEASE(id, word, words) words,
#include "cluster/lease.def"
};

int64_t
lease_length_ms(const struct view *v)
{
	int64_t half = v->config.node_timeout_ms / 2;
	int64_t wanted = v->config.lease_ms;

	if (wanted == 0)
		wanted = LENGTH_MAX_MS;
	return wanted < half ? wanted : half;
}

int64_t
lease_longest_ms(const struct view *v)
{
	int64_t now = lease_length_ms(v), before = v->lease.longest_ms;
	int64_t most = now > before ? now : before;

	return most + MARGIN(most);
}

/* One that has never been heard is taken for one of ours: that is safe. */
static bool
is_own(const struct view *v, uint16_t i)
{
	return v->node[i].own > 0 || v->node[i].heard_ms == 0;
}

/* Whether it may grant us something; we are none of them. */
static bool
is_granter(const struct view *v, uint16_t i)
{
	return i != VIEW_SELF && view_is_voter(v, i) && is_own(v, i);
}

/* --- as who asks ------------------------------------------------------- */

/*
 * How many grants are wanted, ourselves counted: with all but these there is
 * no majority, and two nodes can not both have so many.
 */
static enum lease_state
need_of(unsigned voters, unsigned own, unsigned *need)
{
	*need = voters - voters / 2;
	if (own / 2 + 1 > *need)
		*need = own / 2 + 1;
	if (voters < 3)
		return LEASE_UNNEEDED;
	return own < *need ? LEASE_IMPOSSIBLE : LEASE_LOST;
}

static unsigned
granters(const struct view *v)
{
	unsigned n = 0;
	uint16_t i;

	for (i = 1; i < v->nodes; i++)
		n += is_granter(v, i);
	return n;
}

static enum lease_state
reckon_need(const struct view *v, unsigned *own, unsigned *need)
{
	*own = 1 + granters(v);
	return need_of(view_voters(v), *own, need);
}

/*
 * The end of the lease of which so many others are needed, who know what we
 * claim under this epoch.
 */
static int64_t
nth_end(const struct view *v, unsigned n, uint64_t epoch)
{
	int64_t end = INT64_MAX;
	unsigned have = 0;
	uint16_t i;

	/* Down from the latest: each round finds the next lower end. */
	while (have < n) {
		int64_t next = 0;
		unsigned same = 0;

		for (i = 1; i < v->nodes; i++) {
			int64_t ms = v->node[i].leased_ms;

			if (!is_granter(v, i) || view_is_vote_open(v, i) ||
			    ms >= end ||
			    v->node[i].leased_epoch < epoch)
				continue;
			if (ms > next)
				same = 0;
			if (ms >= next) {
				next = ms;
				same++;
			}
		}
		if (next == 0)
			return LEASE_NEVER;
		end = next;
		have += same;
	}
	return end;
}

/* Whether so many know our claim that nobody before us can have enough. */
static bool
is_seat_ours(const struct view *v, unsigned own, unsigned need)
{
	unsigned n = 0;
	uint16_t i;

	for (i = 1; i < v->nodes; i++)
		n += is_granter(v, i) && v->node[i].seated_epoch > 0 &&
		    v->node[i].seated_epoch >= v->lease.since_epoch;
	return n + need > own;
}

static void
count(struct view *v, unsigned need)
{
	const struct lease *l = &v->lease;
	uint16_t i;

	v->lease.wanted = need;
	v->lease.granted = !l->is_seat_unsure;
	for (i = 1; i < v->nodes; i++)
		v->lease.granted += is_granter(v, i) &&
		    v->node[i].leased_ms > v->now_ms &&
		    v->node[i].leased_epoch >= l->since_epoch;
}

/* Until when writes may be acknowledged; *state says why. */
static int64_t
reckon(struct view *v, enum lease_state *state)
{
	struct lease *l = &v->lease;
	unsigned own, need, seat;
	int64_t end;

	*state = reckon_need(v, &own, &need);
	if (!view_is_voter(v, VIEW_SELF)) {
		end = *state == LEASE_LOST ? LEASE_NEVER : LEASE_ALWAYS;
		*state = LEASE_UNNEEDED;
		return end;
	}
	if (*state != LEASE_LOST)
		return LEASE_ALWAYS;
	if (l->is_seat_unsure && is_seat_ours(v, own, need)) {
		l->is_seat_unsure = false;
		view_dirty(v);
	}
	count(v, need);
	seat = l->is_seat_unsure ? 0 : 1;
	end = nth_end(v, need - seat, l->since_epoch);
	if (end < l->kept_ms)
		end = l->kept_ms;
	if (end > v->now_ms) {
		*state = LEASE_HELD;
		return end;
	}
	/* Since when: so long writes have waited already. */
	return l->end_ms > LEASE_NEVER && l->end_ms <= v->now_ms ?
	    l->end_ms : v->now_ms;
}

enum lease_state
lease_proof(const struct view *v, uint64_t epoch, uint16_t giver,
    bool has_voted, int64_t *end_ms)
{
	unsigned voters = view_voters(v), own = granters(v) + has_voted, need;
	enum lease_state state;

	voters -= !has_voted && view_is_voter(v, VIEW_SELF);
	if (giver != VIEW_NOBODY && !view_is_voter(v, giver)) {
		voters++;
		own += is_own(v, giver);
	}
	state = need_of(voters, own, &need);
	*end_ms = LEASE_ALWAYS;
	if (state != LEASE_LOST)
		return state;
	*end_ms = nth_end(v, need -
	    (has_voted && !v->lease.is_seat_unsure), epoch);
	return *end_ms > v->now_ms ? LEASE_HELD : LEASE_LOST;
}

int64_t
lease_left_ms(const struct view *v)
{
	int64_t end = v->lease.end_ms;

	return end == LEASE_ALWAYS ? LEASE_ALWAYS :
	    end > v->now_ms ? end - v->now_ms : 0;
}

/* To all who may grant; a header says what we claim. */
static void
ask(struct view *v, struct acts *out)
{
	char payload[ASK_BYTES];
	uint16_t i;

	bus_put(payload, 8, (uint64_t)v->now_ms);
	bus_put(payload + 8, 4, (uint64_t)lease_length_ms(v));
	bus_put(payload + 12, 8, v->told.config_epoch);
	for (i = 1; i < v->nodes && act_has_room(out); i++)
		if (is_granter(v, i) && v->node[i].own > 0 &&
		    v->node[i].link_state == VIEW_LINK_UP)
			speak_own(v, i, SPEAK_LEASE_ASK,
			    (struct slice){ payload, sizeof(payload) }, out);
}

/* Writes to slots wait until voters know what we claim (shift.h). */
static bool
wants_proof(const struct view *v)
{
	return v->shift.state == SHIFT_PROVING ||
	    v->shift.state == SHIFT_RECLAIMING;
}

/*
 * What we claim is durable, or being made so.  Who stands back writes nothing,
 * but a word that it gave before hands a lease over.
 */
static bool
may_ask(const struct view *v)
{
	return view_is_voter(v, VIEW_SELF) &&
	    (!v->stands_back || failover_is_given(&v->failover)) &&
	    v->told.generation > 0 &&
	    bus_id_is_none(&v->told.primary) &&
	    (v->lease.end_ms != LEASE_ALWAYS || wants_proof(v));
}

static void
say(struct view *v, enum lease_state state, int64_t end, struct acts *out)
{
	struct lease *l = &v->lease;

	if (state != l->state) {
		if (state == LEASE_LOST && l->state == LEASE_HELD) {
			l->lost++;
			l->lost_ms = l->ask_ms = v->now_ms;
			act_note(out, VIEW_SELF, "the lease for writes is "
			    "lost: too few primaries answer");
		} else if (state == LEASE_HELD && l->lost_ms > 0) {
			l->lost_ms = 0;
			act_note(out, VIEW_SELF, "the lease for writes is "
			    "held again");
		} else if (state == LEASE_IMPOSSIBLE) {
			act_note(out, VIEW_SELF, "no lease for writes: too "
			    "many primaries are of another kind");
		}
		l->state = state;
		v->is_changed = true;
		/* Who has begun may serve now (health.h). */
		view_due(v, v->now_ms);
	}
	if (end == l->end_ms)
		return;
	l->end_ms = end;
	act_add(out, ACT_LEASE, VIEW_SELF)->until_ms = end;
}

/* A change of roles is durable with its mark, and later the mark's end. */
static void
look_at_settling(struct view *v)
{
	if (!v->told.is_unsettled)
		return;
	if (v->now_ms >= v->lease.settled_ms)
		v->is_dirty = true;
	else
		view_due(v, v->lease.settled_ms);
}

/* That it comes soon is waited for. */
static bool
is_proof_due(const struct view *v)
{
	return wants_proof(v) && v->shift.proof_ms == 0 &&
	    v->now_ms < v->shift.since_ms + PROVE_FOR_MS;
}

void
lease_look(struct view *v, struct acts *out)
{
	struct lease *l = &v->lease;
	enum lease_state state = l->state;
	int64_t end = l->end_ms, every;
	bool is_fresh;

	look_at_settling(v);
	if (!view_is_voter(v, VIEW_SELF))
		l->kept_ms = 0;
	if (l->is_stale || v->is_changed || end == 0 || (state == LEASE_HELD &&
	    v->now_ms >= end)) {
		end = reckon(v, &state);
		l->is_stale = false;
		say(v, state, end, out);
	}
	if (state == LEASE_HELD)
		view_due(v, end);
	if (!may_ask(v))
		return;
	if (v->now_ms >= l->ask_ms) {
		every = lease_length_ms(v) / 3;
		if (is_proof_due(v))
			every = PROVE_MS;
		/* What the word handed over is followed by a lease of ours. */
		is_fresh = state == LEASE_HELD && end > l->kept_ms;
		l->ask_ms = v->now_ms + (is_fresh || every < AGAIN_MS ? every :
		    AGAIN_MS);
		ask(v, out);
	}
	view_due(v, l->ask_ms);
}

void
lease_granted(struct view *v, uint16_t i, struct slice payload)
{
	struct view_node *n = &v->node[i];
	int64_t sent, ms, end;
	uint64_t epoch;

	if (payload.bytes != GRANT_BYTES)
		return;
	sent = (int64_t)bus_get(payload.data, 8);
	ms = (int64_t)bus_get(payload.data + 8, 4);
	epoch = bus_get(payload.data + 12, 8);
	/* With a vote: it answers what we asked then. */
	if (sent == 0 && epoch == v->vote.epoch)
		sent = v->vote.asked_ms;
	else if (sent != 0 && epoch >= v->lease.since_epoch &&
	    view_has(v, VIEW_SELF, BUS_IS_PRIMARY))
		n->seated_epoch = epoch;
	else
		return;
	if (sent > v->now_ms || ms > lease_length_ms(v))
		return;
	end = sent + ms - MARGIN(ms);
	if (end > n->leased_ms || epoch > n->leased_epoch)
		n->leased_ms = end;
	n->leased_epoch = epoch;
	v->lease.is_stale = true;
}

void
lease_stand(struct view *v, uint64_t epoch)
{
	uint16_t i;

	for (i = 1; i < v->nodes; i++)
		v->node[i].leased_ms = 0;
	v->lease.since_epoch = epoch;
	v->lease.kept_ms = 0;
	v->lease.is_stale = true;
}

void
lease_elected(struct view *v)
{
	v->lease.since_epoch = v->node[VIEW_SELF].config_epoch;
	v->lease.is_seat_unsure = true;
	v->lease.mute_ms = v->now_ms + lease_length_ms(v) +
	    MARGIN(lease_length_ms(v));
	/* So it is for who starts in between, too. */
	v->lease.settled_ms = v->lease.mute_ms;
	if (v->lease.longest_ms < lease_length_ms(v))
		v->lease.longest_ms = lease_length_ms(v);
	v->lease.ask_ms = v->now_ms;
	v->lease.is_stale = true;
}

void
lease_stay(struct view *v)
{
	v->lease.since_epoch = v->node[VIEW_SELF].config_epoch;
	v->lease.is_stale = true;
}

void
lease_start(struct view *v, int64_t longest_ms, bool is_seat_unsure,
    bool was_unsettled)
{
	uint16_t i;

	for (i = 0; i < v->nodes; i++)
		v->node[i].known_generation = 0;
	v->lease.was_unsettled = was_unsettled;
	v->lease.longest_ms = longest_ms;
	v->lease.quiet_ms = longest_ms == 0 ? 0 :
	    v->now_ms + longest_ms + MARGIN(longest_ms);
	v->lease.is_seat_unsure = is_seat_unsure;
	v->lease.since_epoch = v->node[VIEW_SELF].config_epoch;
}

void
lease_keep(struct view *v, int64_t until_ms)
{
	/* Who was granted what is known, and is recalled. */
	v->lease.quiet_ms = 0;
	/* What needs no lease now may have needed one then. */
	if (until_ms != LEASE_ALWAYS)
		v->lease.kept_ms = until_ms;
}

void
lease_take_over(struct view *v, int64_t until_ms, bool has_seat)
{
	lease_stand(v, v->node[VIEW_SELF].config_epoch);
	lease_elected(v);
	if (until_ms != LEASE_ALWAYS)
		v->lease.kept_ms = until_ms - MARGIN(LENGTH_MAX_MS);
	v->lease.is_seat_unsure = !has_seat;
}

/* --- as who grants ----------------------------------------------------- */

/* Whether what runs for node i may be used by node p, or instead of it. */
static bool
is_of_shard(const struct view *v, uint16_t i, uint16_t p)
{
	return i == p || v->node[i].primary == p ||
	    view_is_one_shard(v, i, p);
}

int64_t
lease_may_vote_ms(const struct view *v, uint16_t by, uint16_t p)
{
	int64_t end = v->lease.quiet_ms > v->lease.mute_ms ?
	    v->lease.quiet_ms : v->lease.mute_ms;
	uint16_t i;

	for (i = 1; i < v->nodes; i++) {
		const struct view_node *n = &v->node[i];

		if (!view_is_used(v, i) || !is_of_shard(v, i, p))
			continue;
		if (n->wait_ms > end)
			end = n->wait_ms;
		/*
		 * The vote that it had from us is for this, too.  Who asks for
		 * its own gave its word, and nobody has the lease that it
		 * handed over any more.
		 */
		if (i != by && n->granted_ms > end)
			end = n->granted_ms;
	}
	return end;
}

/* Node i wants nothing but what it has here, and that is durable. */
static bool
is_claim_known(const struct view *v, uint16_t i, const struct bus_packet *p)
{
	const struct view_node *n = &v->node[i];
	unsigned at;

	if (!view_is_voter(v, i) || !bus_id_is_none(&p->header.primary) ||
	    p->header.config_epoch != n->config_epoch ||
	    n->known_generation > v->told.generation)
		return false;
	for (at = 0; at < BUS_SLOT_BYTES; at++)
		if (p->header.slots[at] & (uint8_t)~n->slots[at])
			return false;
	return true;
}

static bool
may_grant(const struct view *v, uint16_t i)
{
	uint16_t k;

	/* A shard has one voice, and ours may be another's by now. */
	if (!view_is_voter(v, VIEW_SELF) || failover_is_given(&v->failover) ||
	    !bus_id_is_none(&v->told.primary))
		return false;
	/* Whose the slots have been since long, nobody else has a lease. */
	if (v->now_ms < v->lease.quiet_ms && (v->lease.was_unsettled ||
	    v->node[i].known_generation > 0))
		return false;
	/* Our vote for a replica of it stands, or waits. */
	if (!bus_id_is_none(&v->vote.waits.by) &&
	    bus_id_is_equal(&v->vote.waits.wanted, &v->node[i].id))
		return false;
	for (k = 1; k < v->nodes; k++)
		if (v->node[k].primary == i &&
		    v->node[k].granted_ms > v->now_ms)
			return false;
	return v->node[i].granted_ms > v->now_ms ||
	    v->node[i].wait_ms <= v->now_ms;
}

static void
grant(struct view *v, uint16_t i, int64_t ms, struct acts *out)
{
	struct view_node *n = &v->node[i];

	if (v->now_ms + ms <= n->granted_ms)
		return;
	n->granted_ms = v->now_ms + ms;
	act_add(out, ACT_GRANT, i)->until_ms = n->granted_ms;
}

static void
tell_grant(struct view *v, uint16_t i, uint64_t wire, int64_t sent_ms,
    int64_t ms, uint64_t epoch, struct acts *out)
{
	char payload[GRANT_BYTES];

	bus_put(payload, 8, (uint64_t)sent_ms);
	bus_put(payload + 8, 4, (uint64_t)ms);
	bus_put(payload + 12, 8, epoch);
	speak_own_on(v, i, wire, SPEAK_LEASE_GRANT,
	    (struct slice){ payload, sizeof(payload) }, out);
}

void
lease_asked(struct view *v, uint16_t i, uint64_t wire,
    const struct bus_packet *p, struct acts *out)
{
	int64_t ms = lease_length_ms(v), wanted;

	if (p->payload.bytes != ASK_BYTES)
		return;
	wanted = (int64_t)bus_get(p->payload.data + 8, 4);
	if (wanted < ms)
		ms = wanted;
	/* A voter that starts again has to know how long to be quiet. */
	if (v->lease.longest_ms < ms) {
		v->lease.longest_ms = ms;
		v->is_dirty = v->is_grave = true;
	}
	if (v->told.lease_ms < ms)
		ms = v->told.lease_ms;
	if (ms <= 0 || !is_claim_known(v, i, p) || !may_grant(v, i))
		return;
	grant(v, i, ms, out);
	tell_grant(v, i, wire, (int64_t)bus_get(p->payload.data, 8), ms,
	    bus_get(p->payload.data + 12, 8), out);
}

void
lease_promise(struct view *v, uint16_t i, struct acts *out)
{
	int64_t ms = v->told.lease_ms;

	if (ms == 0)
		return;
	grant(v, i, ms, out);
	/* As long as that runs again, which is told with the vote. */
	v->lease.settled_ms = v->now_ms + 2 * ms + MARGIN(2 * ms);
}

void
lease_with_vote(struct view *v, uint16_t i, uint64_t epoch, struct acts *out)
{
	const struct view_node *n = &v->node[i];
	int64_t ms = lease_length_ms(v);

	if (v->told.lease_ms < ms)
		ms = v->told.lease_ms;
	if (ms <= 0 || n->own == 0 || n->link_state != VIEW_LINK_UP)
		return;
	grant(v, i, ms, out);
	v->lease.settled_ms = v->now_ms + 2 * ms + MARGIN(2 * ms);
	tell_grant(v, i, n->link, 0, ms, epoch, out);
}

void
lease_gone(struct view *v, uint16_t i, struct acts *out)
{
	struct view_node *n = &v->node[i];

	if (n->granted_ms == 0)
		return;
	n->granted_ms = 0;
	act_add(out, ACT_GRANT, i)->until_ms = 0;
	view_due(v, v->now_ms);
}

void
lease_recall(struct view *v, uint16_t i, int64_t until_ms)
{
	if (i != VIEW_NOBODY && view_is_voter(v, i))
		v->node[i].granted_ms = until_ms;
	else if (v->lease.quiet_ms < until_ms)
		v->lease.quiet_ms = until_ms;
}

void
lease_prepare(struct view *v, uint16_t i, uint64_t epoch)
{
	v->node[i].word_epoch = epoch;
}
