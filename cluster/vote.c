#include "cluster/vote.h"

#include "cluster/lease.h"
#include "cluster/moves.h"

#define SHARD_MS 50            /* an election takes about so long */

const char *const vote_state_words[VOTE_STATES] = {
#define STATE(name, kind, words) words,
#include "cluster/vote.def"
};

static const char *const vote_hindrance_words[VOTE_HINDRANCES] = {
#define HINDRANCE(id, word, words) words,
#include "cluster/hindrance.def"
};

const char *const vote_verdict_words[VOTE_VERDICTS] = {
#define VERDICT(id, words) words,
#include "cluster/verdict.def"
};

static void
nothing(struct view *v, struct acts *out)
{
	(void)v;
	(void)out;
}

/* Whether all voters are of our kind, and so answer with a reason. */
static bool
are_all_own(const struct view *v)
{
	uint16_t i;

	for (i = 1; i < v->nodes; i++)
		if (view_is_voter(v, i) && v->node[i].own == 0)
			return false;
	return true;
}

/* Whose slots we want: our primary's, or back our own. */
static uint16_t
wanted(const struct view *v)
{
	return v->vote.is_confirming ? VIEW_SELF : v->node[VIEW_SELF].primary;
}

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Whether it is another replica of our primary, and may stand. */
static bool
is_sibling(const struct view *v, uint16_t i)
{
	const struct view_node *s = &v->node[i];

	return view_is_used(v, i) && (s->flags & BUS_IS_REPLICA) &&
	    s->primary == v->node[VIEW_SELF].primary &&
	    !(s->flags & (BUS_IS_PFAIL | BUS_IS_FAIL | BUS_IS_NOFAILOVER));
}

/* How many siblings have more of the data; equal ones go by their ids. */
static unsigned
rank(const struct view *v)
{
	const struct view_node *me = &v->node[VIEW_SELF];
	unsigned n = 0;
	uint16_t i;

	for (i = 1; i < v->nodes; i++) {
		const struct view_node *s = &v->node[i];

		if (!is_sibling(v, i))
			continue;
		if (s->offset > v->fact.offset ||
		    (s->offset == v->fact.offset &&
		    memcmp(&s->id, &me->id, BUS_ID) < 0))
			n++;
	}
	return n;
}

/*
 * Whether all siblings have told how much they have since the primary is
 * silent: who suspects it tells everybody, and with that its offset.
 */
static bool
are_ranks_known(const struct view *v)
{
	const struct view_node *p = &v->node[wanted(v)];
	int64_t since = p->refused_ms > 0 ? p->refused_ms : p->ping_ms;
	uint16_t i;

	for (i = 1; i < v->nodes; i++)
		if (is_sibling(v, i) && v->node[i].heard_ms < since)
			return false;
	return since > 0;
}

/* How many headless shards go before ours, so that votes do not split. */
static unsigned
shard_rank(const struct view *v)
{
	const struct view_node *p = &v->node[wanted(v)];
	unsigned n = 0;
	uint16_t i;

	for (i = 1; i < v->nodes; i++)
		n += view_is_voter(v, i) && view_has(v, i, BUS_IS_FAIL) &&
		    memcmp(&v->node[i].id, &p->id, BUS_ID) < 0;
	return n;
}

/*
 * When to stand: at first the others have to hear of the failure.  Where voters
 * can not deny with a reason, too early an election costs its whole timeout.
 */
static void
plan(struct view *v, struct acts *out)
{
	int64_t t = v->config.node_timeout_ms, step = smaller(1000, t / 4);
	int64_t delay = !are_all_own(v) ? smaller(500, t / 30) +
	    view_random(v, 100) : are_ranks_known(v) ? 0 : smaller(50, t / 60);

	(void)out;
	v->vote.failed = wanted(v);
	v->vote.due_ms = v->now_ms + delay + rank(v) * step +
	    shard_rank(v) * smaller(SHARD_MS, t / 30);
	/* So that the siblings know our rank. */
	view_broadcast(v);
}

static void
stand(struct view *v, struct acts *out)
{
	struct vote *e = &v->vote;

	(void)out;
	v->epoch++;
	e->epoch = v->epoch;
	/* Elected, it will be a voter: not for another one in this epoch. */
	v->vote_epoch = v->epoch;
	e->failed = wanted(v);
	memset(e->yes, 0, sizeof(e->yes));
	memset(e->no, 0, sizeof(e->no));
	e->is_denied = false;
	e->stood++;
	lease_stand(v, e->epoch);
	e->due_ms = v->now_ms + v->config.node_timeout_ms;
	view_dirty(v);
}

static void
ask(struct view *v, struct acts *out)
{
	int64_t t = v->config.node_timeout_ms;

	/* Voters wait for leases to end. */
	v->vote.due_ms = v->now_ms + (are_all_own(v) ? t / 2 +
	    lease_length_ms(v) : 2 * t > 2000 ? 2 * t : 2000);
	v->vote.asked_ms = v->now_ms;
	speak_request(v, v->vote.epoch, v->vote.is_forced, out);
	act_note(out, v->vote.failed, "we ask for votes to replace it");
}

static void
plan_again(struct view *v, struct acts *out)
{
	int64_t t = v->config.node_timeout_ms;

	act_note(out, v->vote.failed, "we were not elected in time");
	v->vote.due_ms = v->now_ms + (are_all_own(v) ?
	    view_random(v, (uint32_t)t / 4) : 2 * t > 2000 ? 2 * t : 2000);
}

static void
plan_soon(struct view *v, struct acts *out)
{
	(void)out;
	v->vote.due_ms = v->now_ms + 20 + view_random(v,
	    (uint32_t)smaller(200, v->config.node_timeout_ms / 10));
}

void
vote_take(struct view *v, uint16_t from, uint64_t epoch, bool is_voted,
    struct acts *out)
{
	unsigned slot;

	v->node[VIEW_SELF].config_epoch = epoch;
	v->node[VIEW_SELF].is_voted = is_voted;
	/* Whose place we take may have voted in any that we know. */
	if (v->vote_epoch < v->epoch)
		v->vote_epoch = v->epoch;
	if (from != VIEW_SELF)
		view_follow(v, VIEW_NOBODY, out);
	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		if (v->owner[slot] == from)
			view_give_slot(v, slot, VIEW_SELF);
	moves_inherit(v);
	v->node[VIEW_SELF].had_replicas = true;
	if (!is_voted)
		lease_stand(v, epoch);
	lease_elected(v);
	view_dirty(v);
}

static void
take(struct view *v, struct acts *out)
{
	v->vote.won++;
	v->vote.due_ms = v->now_ms + v->config.node_timeout_ms;
	act_note(out, v->vote.failed, "we were elected to replace it");
	vote_take(v, v->vote.failed, v->vote.epoch, true, out);
}

static void
linger(struct view *v, struct acts *out)
{
	v->vote.due_ms = v->now_ms + v->config.node_timeout_ms;
	act_note(out, VIEW_SELF, "that we were elected is not durable yet");
}

static void
tell(struct view *v, struct acts *out)
{
	(void)out;
	v->vote.is_forced = false;
	view_broadcast(v);
}

static const struct {
	bool is_there;
	enum vote_state to;
	void (*act)(struct view *v, struct acts *out);
	const char *because;
} rows[VOTE_STATES][VOTE_EVENTS] = {
#define ROW(from, event, to, act, why) \
	[VOTE_##from][VOTE_ON_##event] = { true, VOTE_##to, act, why },
#include "cluster/vote.def"
};

struct vote_row
vote_row(enum vote_state state, enum vote_event event)
{
	return (struct vote_row){ rows[state][event].is_there ?
	    (int)rows[state][event].to : -1, rows[state][event].because };
}

/* Who voted for us need not wait for what comes of it. */
static void
withdraw(struct view *v, struct acts *out)
{
	char payload[SPEAK_WITHDRAWN_BYTES];
	uint16_t i;

	bus_put(payload, SPEAK_WITHDRAWN_BYTES, v->vote.epoch);
	for (i = 1; i < v->nodes && act_has_room(out); i++)
		if (view_is_voter(v, i))
			speak_own(v, i, SPEAK_WITHDRAWN, (struct slice){
			    payload, sizeof(payload) }, out);
}

/* False: nobody awaits this event in this state. */
static bool
happen(struct view *v, enum vote_event event, struct acts *out)
{
	enum vote_state from = v->vote.state;

	if (!rows[from][event].is_there)
		return false;
	v->vote.state = rows[from][event].to;
	if (from == VOTE_ASK && v->vote.state != VOTE_TAKE)
		withdraw(v, out);
	rows[from][event].act(v, out);
	if (v->vote.state == VOTE_REST) {
		if (v->vote.is_confirming)
			lease_stay(v);
		v->vote.is_forced = v->vote.is_confirming = false;
	}
	else
		view_due(v, v->vote.due_ms);
	return true;
}

/* Whether our data are too old for an election that nobody asked for. */
static bool
is_too_old(const struct view *v)
{
	int64_t limit = v->config.node_timeout_ms + v->config.ping_replica_ms +
	    v->config.node_timeout_ms * v->config.validity_factor;

	return v->config.validity_factor > 0 && !v->fact.is_link_up &&
	    v->now_ms - v->fact.link_down_ms > limit;
}

/* What the failover machine does now may not be crossed by an election. */
static bool
is_in_failover(const struct view *v)
{
	enum failover_state s = v->failover.state;

	return s != FAILOVER_IDLE && s != FAILOVER_LOCKING &&
	    s != FAILOVER_ELECTING && s != FAILOVER_UNDOING;
}

static enum vote_hindrance
hindrance(const struct view *v)
{
	uint16_t p = v->node[VIEW_SELF].primary;

	if (v->vote.is_confirming)
		return v->failover.state == FAILOVER_STANDING &&
		    view_is_voter(v, VIEW_SELF) ? VOTE_MAY_STAND :
		    VOTE_NOT_NEEDED;
	if (!view_has(v, VIEW_SELF, BUS_IS_REPLICA) || p == VIEW_NOBODY ||
	    (!view_has(v, p, BUS_IS_FAIL) && !v->vote.is_forced))
		return VOTE_NOT_NEEDED;
	/* What took it for dead was wrong, or is over: FAIL ends soon. */
	if (!v->vote.is_forced && v->fact.is_link_up &&
	    v->node[p].pong_ms > v->node[p].fail_ms)
		return VOTE_NOT_NEEDED;
	if (v->node[p].slot_count == 0)
		return VOTE_NO_SLOTS;
	if (v->fact.is_ending)
		return VOTE_ENDING;
	if (v->fact.is_syncing)
		return VOTE_SYNCING;
	if (is_in_failover(v))
		return VOTE_FAILOVER;
	if (v->vote.is_forced)
		return VOTE_MAY_STAND;
	if (v->config.is_no_failover)
		return VOTE_NO_FAILOVER;
	return is_too_old(v) ? VOTE_TOO_OLD : VOTE_MAY_STAND;
}

/* Who is for us, and who may still be, are no majority; the dead are not. */
static bool
is_hopeless(const struct view *v)
{
	unsigned n = 0;
	uint16_t i;

	for (i = 0; i < v->nodes; i++)
		n += view_is_voter(v, i) &&
		    !(v->vote.no[i / 64] >> i % 64 & 1) &&
		    ((v->vote.yes[i / 64] >> i % 64 & 1) ||
		    !view_has(v, i, BUS_IS_FAIL | BUS_IS_PFAIL));
	return n < view_majority(v);
}

static bool
is_elected(const struct view *v)
{
	unsigned n = 0;
	uint16_t i;

	for (i = 0; i < v->nodes; i++)
		n += view_is_voter(v, i) &&
		    (v->vote.yes[i / 64] >> i % 64 & 1);
	return n >= view_majority(v);
}

void
vote_saved(struct view *v, struct acts *out)
{
	struct vote *e = &v->vote;
	uint16_t to;

	if (e->given_epoch > 0 && v->told.vote_epoch >= e->given_epoch) {
		to = view_find(v, &e->given_to);
		if (to != VIEW_NOBODY) {
			lease_with_vote(v, to, e->given_epoch, out);
			speak_vote(v, to, e->given_epoch, out);
		}
		e->given_epoch = 0;
	}
	if ((e->state == VOTE_MARK && v->told.epoch >= e->epoch) ||
	    (e->state == VOTE_TAKE && v->told.config_epoch >= e->epoch &&
	    bus_id_is_none(&v->told.primary)))
		happen(v, VOTE_ON_DURABLE, out);
}

/*
 * Who owns a slot that is asked for under a later epoch, or VIEW_NOBODY.  What
 * an owner does not claim itself is no reason: it went to the dead primary,
 * which could tell only some, and nobody else will ever claim it.
 */
static uint16_t
outbidder(const struct view *v, uint16_t primary, const struct bus_header *h)
{
	unsigned slot;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		uint16_t owner = v->owner[slot];

		if (owner != VIEW_NOBODY && owner != primary &&
		    bus_has_slot(h->slots, slot) &&
		    !bus_has_slot(v->doubt, slot) &&
		    v->node[owner].config_epoch > h->config_epoch)
			return owner;
	}
	return v->node[primary].config_epoch > h->config_epoch ? primary :
	    VIEW_NOBODY;
}

/*
 * Whether we have just voted for a replica of node n.  It gets time to tell
 * that it was elected; not more, or voters who are of two minds would stay so.
 */
static bool
has_just_voted(const struct view *v, const struct view_node *n)
{
	return n->voted_ms > 0 &&
	    v->now_ms - n->voted_ms < v->config.node_timeout_ms / 2;
}

/*
 * Whether we gave a token, or our word, and so vote for nobody who wants our
 * slots.  A replica of another kind has no other way than our vote.
 */
static bool
is_giving(const struct view *v, uint16_t by)
{
	const struct failover *f = &v->failover;

	return failover_is_giving(f) && !(f->is_foreign &&
	    f->state == FAILOVER_STOPPED &&
	    bus_id_is_equal(&f->peer, &v->node[by].id));
}

/* Whose slots it wants: its primary's, or its own when it asks for those. */
static uint16_t
asked_for(const struct view *v, uint16_t by, const struct bus_header *h)
{
	if (bus_id_is_none(&h->primary) && h->own > 0 &&
	    h->marks & BUS_MARK_FORCE_ACK && view_is_voter(v, by))
		return by;
	return view_has(v, by, BUS_IS_REPLICA) ?
	    view_find(v, &h->primary) : VIEW_NOBODY;
}

/* What a majority is about to find out we have seen. */
static bool
is_gone(const struct view_node *n)
{
	return (n->flags & BUS_IS_PFAIL) && n->refused_ms > 0;
}

/* Who asks us for a vote may count on the one that was replaced. */
static bool
is_in_doubt(const struct view *v, uint16_t p)
{
	uint16_t i;

	for (i = 1; i < v->nodes; i++)
		if (i != p && view_is_voter(v, i) && view_is_vote_open(v, i))
			return true;
	return false;
}

static enum vote_verdict
judge(const struct view *v, uint16_t by, const struct bus_header *h)
{
	uint16_t p = asked_for(v, by, h);
	const struct view_node *n;

	if (!view_is_voter(v, VIEW_SELF))
		return VOTE_NO_VOTER;
	/* A shard has one voice, and ours may be another's by now. */
	if (failover_is_given(&v->failover))
		return VOTE_GIVING;
	if (h->epoch < v->epoch)
		return VOTE_OLD_EPOCH;
	if (v->vote_epoch >= h->epoch)
		return VOTE_VOTED;
	if (p == VIEW_NOBODY || (p != by && v->node[by].primary != p))
		return VOTE_NO_REPLICA;
	n = &v->node[p];
	if (n->promised_epoch >= h->epoch)
		return VOTE_VOTED;
	if (p == VIEW_SELF && !v->stands_back && is_giving(v, by))
		return VOTE_GIVING;
	/*
	 * Who may write does not vote against itself, but for a replica of
	 * another kind for which it stopped; of ours our word is wanted.
	 */
	if (p == VIEW_SELF && !v->stands_back &&
	    (v->lease.end_ms != LEASE_ALWAYS || h->own > 0))
		return VOTE_ALIVE;
	if (!(n->flags & BUS_IS_FAIL) && !is_gone(n) &&
	    !(h->marks & BUS_MARK_FORCE_ACK))
		return VOTE_ALIVE;
	if (has_just_voted(v, n) && !(h->marks & BUS_MARK_FORCE_ACK) &&
	    !bus_id_is_equal(&n->voted_for, &v->node[by].id))
		return VOTE_RECENT;
	if (outbidder(v, p, h) != VIEW_NOBODY)
		return VOTE_OUTBID;
	return is_in_doubt(v, p) ? VOTE_DOUBT : VOTE_YES;
}

static void
give(struct view *v, uint16_t by, uint16_t p, uint64_t epoch,
    uint32_t known, struct acts *out)
{
	struct view_node *primary = &v->node[p];

	v->vote_epoch = epoch;
	v->vote.given_epoch = epoch;
	v->vote.given_to = v->node[by].id;
	/* The same one again does not get more time. */
	if (!has_just_voted(v, primary))
		primary->voted_ms = v->now_ms > 0 ? v->now_ms : 1;
	primary->voted_for = v->node[by].id;
	primary->voted_epoch = epoch;
	/* Elected, it leases in the place of who knew: it hears that first. */
	if (known != 0 && known != view_known(v, p))
		speak_claims(v, by, p, out);
	lease_promise(v, by, out);
	view_dirty(v);
	act_note(out, by, vote_verdict_words[VOTE_YES]);
}

/* A vote that has to wait for the end of a lease. */
static void
wait_for_lease(struct view *v, uint16_t by, uint16_t p,
    const struct bus_header *h, struct acts *out)
{
	struct vote_waits *w = &v->vote.waits;

	if (!bus_id_is_equal(&w->by, &v->node[by].id))
		act_note(out, by, "it has our vote when a lease has ended");
	w->by = v->node[by].id;
	w->wanted = v->node[p].id;
	w->primary = h->primary;
	w->own = h->own;
	w->epoch = h->epoch;
	w->config_epoch = h->config_epoch;
	w->marks = h->marks;
	w->known = h->known;
	memcpy(w->slots, h->slots, BUS_SLOT_BYTES);
	view_due(v, lease_may_vote_ms(v, by, p));
}

static void
answer(struct view *v, uint16_t by, const struct bus_header *h,
    struct acts *out)
{
	enum vote_verdict verdict = judge(v, by, h);
	uint16_t p = asked_for(v, by, h);

	if (verdict == VOTE_YES) {
		if (lease_may_vote_ms(v, by, p) > v->now_ms)
			wait_for_lease(v, by, p, h, out);
		else
			give(v, by, p, h->epoch, h->known, out);
		return;
	}
	if (verdict != VOTE_NO_VOTER)
		act_note(out, by, vote_verdict_words[verdict]);
	speak_denial(v, by, h->epoch, verdict, out);
	/* What it missed; or it would ask in vain for ever. */
	if (verdict == VOTE_OUTBID)
		speak_update(v, outbidder(v, p, h), by, out);
}

/* Whether it is time for the vote that waits. */
static void
look_at_waiting(struct view *v, struct acts *out)
{
	struct vote_waits w = v->vote.waits;
	struct bus_header h = { .epoch = w.epoch, .marks = w.marks,
	    .config_epoch = w.config_epoch, .primary = w.primary,
	    .own = w.own, .known = w.known, .slots = w.slots };
	uint16_t by = view_find(v, &w.by), p = view_find(v, &w.wanted);

	if (by != VIEW_NOBODY && p != VIEW_NOBODY &&
	    lease_may_vote_ms(v, by, p) > v->now_ms) {
		view_due(v, lease_may_vote_ms(v, by, p));
		return;
	}
	memset(&v->vote.waits.by, 0, sizeof(w.by));
	if (by != VIEW_NOBODY)
		answer(v, by, &h, out);
}

void
vote_asked(struct view *v, uint16_t by, const struct bus_packet *p,
    struct acts *out)
{
	answer(v, by, &p->header, out);
}

/* A reason that is another one is told once. */
static void
look_at_hindrance(struct view *v, struct acts *out)
{
	enum vote_hindrance now = hindrance(v);

	if (now == v->vote.hindrance)
		return;
	v->vote.hindrance = now;
	v->is_changed = true;
	if (now == VOTE_NO_FAILOVER || now == VOTE_SYNCING ||
	    now == VOTE_TOO_OLD)
		act_note(out, VIEW_SELF, vote_hindrance_words[now]);
}

void
vote_look(struct view *v, struct acts *out)
{
	struct vote *e = &v->vote;

	if (!bus_id_is_none(&e->waits.by))
		look_at_waiting(v, out);
	if (e->state == VOTE_TAKE) {
		/* We are no replica any more, unless somebody was faster. */
		if (view_has(v, VIEW_SELF, BUS_IS_REPLICA))
			happen(v, VOTE_ON_OFF, out);
	} else {
		look_at_hindrance(v, out);
		if (e->hindrance != VOTE_MAY_STAND ||
		    (e->state != VOTE_REST &&
		    e->failed != wanted(v)))
			happen(v, VOTE_ON_OFF, out);
		else if (e->state == VOTE_REST)
			happen(v, VOTE_ON_NEEDED, out);
	}
	if (e->state == VOTE_REST)
		return;
	if (v->now_ms >= e->due_ms)
		happen(v, VOTE_ON_DUE, out);
	else
		view_due(v, e->due_ms);
}

void
vote_granted(struct view *v, uint16_t by, uint64_t epoch, struct acts *out)
{
	/* Exactly: a vote of another epoch counts for nothing in this one. */
	if (v->vote.state != VOTE_ASK || epoch != v->vote.epoch ||
	    v->now_ms >= v->vote.due_ms || !view_is_voter(v, by) ||
	    wanted(v) != v->vote.failed)
		return;
	v->vote.yes[by / 64] |= 1ull << by % 64;
	if (is_elected(v))
		happen(v, VOTE_ON_MAJORITY, out);
}

void
vote_denied(struct view *v, uint16_t by, struct slice payload,
    struct acts *out)
{
	uint64_t epoch;
	uint8_t why;

	if (payload.bytes != SPEAK_DENIED_BYTES)
		return;
	epoch = bus_get(payload.data, 8);
	why = (uint8_t)payload.data[8];
	if (v->vote.state != VOTE_ASK || epoch != v->vote.epoch ||
	    why >= VOTE_VERDICTS)
		return;
	act_note(out, by, vote_verdict_words[why]);
	v->vote.is_denied = true;
	v->vote.no[by / 64] |= 1ull << by % 64;
	if (is_hopeless(v))
		happen(v, VOTE_ON_DENIED, out);
}

bool
vote_may_promise(const struct view *v, uint16_t by,
    const struct bus_header *h, uint64_t epoch)
{
	uint16_t p = view_find(v, &h->primary);
	const struct view_node *n;

	if (!view_is_voter(v, VIEW_SELF) || v->epoch > epoch ||
	    p == VIEW_NOBODY || p == VIEW_SELF || v->node[by].primary != p ||
	    outbidder(v, p, h) != VIEW_NOBODY)
		return false;
	n = &v->node[p];
	/* A vote before our start may have been for another one of them. */
	if (v->now_ms - v->born_ms < 2 * v->config.node_timeout_ms &&
	    v->vote.born_epoch > n->config_epoch)
		return false;
	return n->voted_epoch <= n->config_epoch ||
	    bus_id_is_equal(&n->voted_for, &v->node[by].id);
}

bool
vote_confirm(struct view *v, struct acts *out)
{
	if (v->vote.state == VOTE_TAKE)
		return false;
	happen(v, VOTE_ON_OFF, out);
	v->vote.is_forced = v->vote.is_confirming = true;
	if (hindrance(v) != VOTE_MAY_STAND) {
		v->vote.is_forced = v->vote.is_confirming = false;
		return false;
	}
	return happen(v, VOTE_ON_FORCED, out);
}

void
vote_off(struct view *v, struct acts *out)
{
	if (v->vote.is_forced && v->vote.state != VOTE_TAKE)
		happen(v, VOTE_ON_OFF, out);
}

void
vote_withdrawn(struct view *v, uint16_t by, struct slice payload)
{
	uint64_t epoch;
	uint16_t i;

	if (payload.bytes != SPEAK_WITHDRAWN_BYTES)
		return;
	epoch = bus_get(payload.data, SPEAK_WITHDRAWN_BYTES);
	for (i = 0; i < v->nodes; i++)
		if (v->node[i].voted_epoch == epoch && epoch > 0 &&
		    bus_id_is_equal(&v->node[i].voted_for, &v->node[by].id))
			v->node[i].voted_epoch = 0;
}

bool
vote_force(struct view *v, struct acts *out)
{
	v->vote.is_forced = true;
	if (v->vote.state == VOTE_TAKE || hindrance(v) != VOTE_MAY_STAND) {
		v->vote.is_forced = v->vote.state == VOTE_TAKE;
		return false;
	}
	return happen(v, VOTE_ON_FORCED, out);
}

bool
vote_take_over(struct view *v, struct acts *out)
{
	uint16_t p = v->node[VIEW_SELF].primary;
	uint64_t most = v->epoch;
	uint16_t i;

	if (!view_has(v, VIEW_SELF, BUS_IS_REPLICA) || p == VIEW_NOBODY ||
	    v->fact.is_syncing)
		return false;
	for (i = 0; i < v->nodes; i++)
		if (v->node[i].config_epoch > most)
			most = v->node[i].config_epoch;
	v->epoch = most + 1;
	vote_take(v, p, v->epoch, false, out);
	return true;
}
