#include "cluster/hand.h"

#include "cluster/consent.h"
#include "cluster/fail.h"
#include "cluster/hand_do.h"
#include "cluster/lease.h"
#include "cluster/promise.h"

#define FAILOVER_MS 5000       /* when the option is not set */
#define UNLINKED_MS 500        /* a stream comes back in that time, or not */
#define LOOKS 8                /* of one step; each follows an event */

/* Sets of states. */
#define IN(state) (1u << FAILOVER_##state)
#define IS_ASKED_OF (IN(OFFERING) | IN(STOPPING) | IN(STOPPED))
#define IS_PLANNED (IN(PAUSING) | IN(SYNCING) | IN(PREPARING))
#define IS_FORCED (IN(FENCING) | IN(CATCHING))
#define MAY_TAKE \
	(IN(LOCKING) | IS_PLANNED | IN(CLAIMING) | IS_FORCED | IN(ELECTING))
#define TAKES (IN(TAKING) | IN(TURNING) | IN(TELLING))

static int64_t
between(int64_t low, int64_t n, int64_t high)
{
	return n < low ? low : n > high ? high : n;
}

/* Whether the failover is in one of these states. */
static bool
is_in(const struct view *v, unsigned states)
{
	return (states & 1u << v->failover.state) != 0;
}

static void
happen(struct view *v, enum failover_event event, uint64_t number,
    struct acts *out)
{
	struct failover_steps steps = { 0 };

	failover_happen(&v->failover, event, number, v->now_ms, &steps);
	hand_do(v, &steps, out);
}

/* --- the beginning ------------------------------------------------------ */

static void
configure(struct view *v)
{
	struct failover_config *c = &v->failover.config;
	int64_t t = v->config.node_timeout_ms;

	c->timeout_ms = v->config.failover_ms > 0 ? v->config.failover_ms :
	    FAILOVER_MS;
	c->fence_ms = between(50, t / 4, 500);
	c->again_ms = between(10, t / 100, 25);
	c->save_ms = between(200, t / 2, 2000);
	c->tell_ms = between(100, t / 4, 500);
	c->stand_ms = between(2 * lease_length_ms(v), c->timeout_ms,
	    INT64_MAX);
	v->failover.self = v->node[VIEW_SELF].id;
}

void
hand_go_on(struct view *v, const struct failover *before)
{
	struct hand_given *g = &v->hand.given;

	v->failover = *before;
	v->failover.taken = v->hand.taken > 0 ? v->hand.taken :
	    before->taken;
	/*
	 * What is durable has not ended before that is durable, too: who takes
	 * back already, or goes on as a giver, knew that it had.
	 */
	if (g->token != 0 && !failover_is_giver(before) && !is_in(v, TAKES))
		failover_revive(&v->failover, &g->to, g->token, g->offset,
		    g->epoch, v->now_ms);
}

/* --- orders ------------------------------------------------------------- */

/*
 * How long an order leaves for what its primary has and we have not: its own
 * time, 0: the option's; and the primary pauses its writes no longer than that.
 */
static int64_t
replay_ms(const struct view *v, int64_t timeout_ms)
{
	int64_t most = v->failover.config.timeout_ms;

	return timeout_ms > 0 && timeout_ms < most ? timeout_ms : most;
}

void
hand_order(struct view *v, enum failover_event order, uint16_t to,
    int64_t timeout_ms, uint64_t token, struct acts *out)
{
	struct failover_steps steps = { 0 };
	struct bus_id nobody = { 0 };
	const char *why = NULL;

	configure(v);
	if (order == FAILOVER_ON_OFFER || order == FAILOVER_ON_OFFER_FORCE) {
		to = to == VIEW_NOBODY ? consent_best_heir(v) : to;
		why = consent_why_not_give(v, to);
	} else if (order != FAILOVER_ON_ABORT) {
		to = v->node[VIEW_SELF].primary;
		/* Who has the lock for a failover may change its kind. */
		if (!failover_is_active(&v->failover)) {
			why = consent_why_not_take(v, order == FAILOVER_ON_ASK,
			    replay_ms(v, timeout_ms));
			v->hand.is_force_due = false;
		}
	}
	if (why != NULL) {
		act_add(out, ACT_ANSWER, VIEW_SELF)->words = why;
		return;
	}
	failover_order(&v->failover, order, to == VIEW_NOBODY ? &nobody :
	    &v->node[to].id, to != VIEW_NOBODY && v->node[to].own == 0,
	    timeout_ms, token, v->now_ms, &steps);
	hand_do(v, &steps, out);
}

void
hand_invite(struct view *v, uint16_t i, struct acts *out)
{
	struct failover_steps steps = { 0 };

	configure(v);
	v->hand.is_invited = true;
	failover_order(&v->failover, FAILOVER_ON_OFFER, &v->node[i].id, false,
	    0, view_token(v), v->now_ms, &steps);
	hand_do(v, &steps, out);
	v->hand.is_invited = false;
}

/* --- what others say ---------------------------------------------------- */

/* What is left of our own lease. */
static uint32_t
lease_to_hand_over(const struct view *v)
{
	int64_t ms = lease_left_ms(v);

	return ms == LEASE_ALWAYS ? FAILOVER_NO_LEASE : (uint32_t)ms;
}

static void
say_no(struct view *v, uint16_t i, uint64_t token, struct acts *out)
{
	struct failover_step s = { .to = v->node[i].id, .say = {
	    .kind = FAILOVER_SAY_REFUSED, .token = token } };

	hand_do_say(v, &s, out);
}

/* Our primary would give its role to us: so we ask for it. */
static void
invited(struct view *v, uint16_t i, const struct failover_say *s,
    struct acts *out)
{
	struct failover_steps steps = { 0 };
	bool is_forced = s->offset == FAILOVER_AT_ONCE;
	/* Late, it goes on by force: there is nothing to be too late for. */
	const char *why = consent_why_not_take(v, !is_forced, s->offset == 1 ?
	    INT64_MAX : replay_ms(v, s->lease_ms));

	if (failover_is_active(&v->failover))
		return;
	if (v->node[VIEW_SELF].primary != i || v->config.is_no_failover ||
	    why != NULL) {
		act_note(out, i, why != NULL ? why : "we do not take over");
		say_no(v, i, s->token, out);
		return;
	}
	failover_order(&v->failover, is_forced ? FAILOVER_ON_FORCE :
	    FAILOVER_ON_ASK, &v->node[i].id, false, s->lease_ms,
	    view_token(v), v->now_ms, &steps);
	v->hand.is_force_due = s->offset == 1;
	v->hand.is_invited = true;
	hand_do(v, &steps, out);
	v->hand.is_invited = false;
}

/*
 * Whether it wants our role without knowing what we know: in our place it would
 * lease to who was replaced, and whose heir counts on us (lease.h).
 */
static bool
lacks_claims(const struct view *v, const struct failover_say *s,
    uint32_t known)
{
	bool wants = s->kind == FAILOVER_SAY_STOP ?
	    is_in(v, IN(IDLE) | IN(OFFERING)) :
	    s->kind == FAILOVER_SAY_CLAIM && is_in(v, IN(STOPPED));

	return wants && known != 0 && known != view_known(v, VIEW_SELF);
}

static void
heard_say(struct view *v, uint16_t i, const struct failover_say *s,
    uint32_t known, struct acts *out)
{
	struct failover_steps steps = { 0 };
	struct failover_say said = *s;

	configure(v);
	if (s->kind == FAILOVER_SAY_INVITE) {
		invited(v, i, s, out);
		return;
	}
	if (s->kind == FAILOVER_SAY_STOP &&
	    v->failover.state == FAILOVER_IDLE) {
		/* Of a replica that has only begun to be ours we hear soon. */
		if (v->node[i].primary != VIEW_SELF)
			return;
		if (!view_is_voter(v, VIEW_SELF) || view_is_shifting(v) ||
		    v->fact.lock_words != NULL) {
			say_no(v, i, s->token, out);
			return;
		}
	}
	if (s->kind == FAILOVER_SAY_WORD)
		v->hand.has_seat = s->offset != 0;
	/* It asks again. */
	if (lacks_claims(v, s, known)) {
		speak_claims(v, i, VIEW_SELF, out);
		return;
	}
	/* Our claim would beat its: it has to begin anew. */
	if (s->kind == FAILOVER_SAY_CLAIM &&
	    v->failover.state == FAILOVER_STOPPED &&
	    s->epoch <= v->node[VIEW_SELF].config_epoch)
		said.kind = FAILOVER_SAY_UNSTOP;
	failover_said(&v->failover, &v->node[i].id, &said,
	    lease_to_hand_over(v), v->now_ms, &steps);
	hand_do(v, &steps, out);
}

void
hand_heard(struct view *v, uint16_t i, const struct bus_packet *p,
    struct acts *out)
{
	struct failover_say s;

	if (promise_heard(v, i, p, out))
		return;
	if (p->kind <= UINT8_MAX &&
	    failover_say_read(&s, (uint8_t)p->kind, p->payload))
		heard_say(v, i, &s, p->header.known, out);
}

void
hand_heard_foreign(struct view *v, uint16_t i, const struct bus_header *h,
    struct acts *out)
{
	struct failover_steps steps = { 0 };
	bool is_paused = h->type != BUS_MFSTART;

	configure(v);
	if (is_paused ? v->node[VIEW_SELF].primary != i :
	    !view_is_voter(v, VIEW_SELF) || v->node[i].primary != VIEW_SELF ||
	    v->fact.lock_words != NULL)
		return;
	failover_foreign(&v->failover, &v->node[i].id, is_paused, h->offset,
	    view_token(v), v->now_ms, &steps);
	hand_do(v, &steps, out);
}

/* --- what processes answer ---------------------------------------------- */

static void
held(struct view *v, uint64_t end, struct acts *out)
{
	if (v->failover.state == FAILOVER_STOPPING)
		happen(v, FAILOVER_ON_SEEN, end, out);
	else if (v->failover.state != FAILOVER_YIELDING)
		return;
	else if (end == v->failover.offset)
		v->hand.is_held = true;
	else
		happen(v, FAILOVER_ON_SLIPPED, 0, out);
}

void
hand_answered(struct view *v, enum failover_event what, uint64_t generation,
    uint64_t number, struct acts *out)
{
	struct failover_steps steps = { 0 };
	struct hand *h = &v->hand;

	if (generation == 0)
		return;
	if (what == FAILOVER_ON_LOCKED && generation == h->lock) {
		failover_locked(&v->failover, v->now_ms, &steps);
		hand_do(v, &steps, out);
	} else if (what == FAILOVER_ON_LATE && generation == h->lock) {
		if (v->failover.state == FAILOVER_LOCKING)
			happen(v, FAILOVER_ON_LATE, 0, out);
	} else if (what == FAILOVER_ON_LEVEL && generation == h->await) {
		failover_level(&v->failover, v->now_ms, &steps);
		hand_do(v, &steps, out);
	} else if (generation == h->turn) {
		if (v->failover.state == FAILOVER_TURNING)
			happen(v, FAILOVER_ON_SEEN, 0, out);
	} else if (generation == h->hold) {
		held(v, number, out);
	}
}

/* The file says for sure that we are our peer's replica. */
static bool
may_untake(const struct view *v)
{
	uint16_t p = view_find(v, &v->failover.peer);

	return v->failover.state == FAILOVER_TAKING && !v->is_unsure &&
	    p != VIEW_NOBODY && view_has(v, p, BUS_IS_PRIMARY) &&
	    bus_id_is_equal(&v->told.primary, &v->failover.peer);
}

void
hand_unsaved(struct view *v, struct acts *out)
{
	bool has_asked = is_in(v, IS_PLANNED) &&
	    v->told.generation < v->hand.prepare_from;

	if (v->hand.save_from != 0 || has_asked)
		happen(v, may_untake(v) ? FAILOVER_ON_UNWRITTEN :
		    FAILOVER_ON_UNSAVED, 0, out);
}

/* --- what is looked for ------------------------------------------------- */

static void
be_born(struct view *v, struct acts *out)
{
	v->hand.is_born = true;
	v->hand.won = v->vote.won;
	happen(v, FAILOVER_ON_BORN, 0, out);
	/* By the file alone nobody knows what the word handed over. */
	if (v->failover.state == FAILOVER_GIVEN &&
	    v->failover.lease_ms < v->now_ms + lease_longest_ms(v))
		v->failover.lease_ms = v->now_ms + lease_longest_ms(v);
}

/* Our peer has our role by our word; it may not know of a slot that we got. */
static bool
has_taken(const struct view *v, uint16_t i)
{
	return is_in(v, IN(GIVEN) | IN(STANDING)) &&
	    i != VIEW_NOBODY && view_is_voter(v, i) &&
	    v->node[i].config_epoch >= v->failover.epoch;
}

/* Who has the slots that this failover is about, if not who should. */
static bool
is_outbid(const struct view *v, struct bus_id *owner)
{
	const struct view_node *me = &v->node[VIEW_SELF];
	bool is_primary = me->flags & BUS_IS_PRIMARY;

	memset(owner, 0, sizeof(*owner));
	if (me->primary != VIEW_NOBODY)
		*owner = v->node[me->primary].id;
	if (has_taken(v, view_find(v, &v->failover.peer))) {
		*owner = v->failover.peer;
		return true;
	}
	if (failover_is_giver(&v->failover) ||
	    is_in(v, TAKES))
		return !is_primary || me->slot_count == 0;
	return is_primary || !bus_id_is_equal(owner, &v->failover.peer);
}

/*
 * A predecessor was elected, or took over, and has not told its data plane so:
 * what is durable counts.
 */
static bool
is_elected_already(const struct view *v)
{
	return is_in(v, MAY_TAKE | IN(UNDOING)) && view_is_voter(v, VIEW_SELF);
}

static void
elected(struct view *v, const struct bus_id *instead_of, uint64_t epoch,
    struct acts *out)
{
	struct failover_steps steps = { 0 };

	failover_elected(&v->failover, instead_of, epoch, v->now_ms, &steps);
	hand_do(v, &steps, out);
}

/*
 * Our file says that a majority wanted us to go on, after the word: whoever
 * asked for the votes has ended before it heard that this was durable.
 */
static bool
is_confirmed_already(const struct view *v)
{
	return v->failover.state == FAILOVER_GIVEN &&
	    view_is_voter(v, VIEW_SELF) && v->told.is_voted &&
	    v->told.config_epoch > v->failover.epoch;
}

/* What was won counts when it is durable, if it is still ours then. */
static void
look_at_votes(struct view *v, struct acts *out)
{
	struct vote *e = &v->vote;
	struct bus_id none = { 0 };

	if (is_confirmed_already(v))
		elected(v, &v->node[VIEW_SELF].id, v->told.config_epoch, out);
	if (v->hand.won == e->won || e->state == VOTE_TAKE)
		return;
	v->hand.won = e->won;
	if (view_is_voter(v, VIEW_SELF) && v->told.config_epoch >= e->epoch)
		elected(v, e->failed < v->nodes && view_is_used(v,
		    e->failed) ? &v->node[e->failed].id : &none, e->epoch,
		    out);
}

static void
look_at_owner(struct view *v, struct acts *out)
{
	struct failover_steps steps = { 0 };
	struct bus_id owner;

	/* What we won ourselves is being made durable. */
	if (!failover_is_active(&v->failover) || v->vote.state == VOTE_TAKE ||
	    !is_outbid(v, &owner))
		return;
	if (is_elected_already(v)) {
		elected(v, &v->failover.peer,
		    v->node[VIEW_SELF].config_epoch, out);
		if (!is_outbid(v, &owner))
			return;
	}
	failover_outbid(&v->failover, &owner, v->now_ms, &steps);
	hand_do(v, &steps, out);
}

/*
 * Whether the stream broke.  Where somebody waits for its last bytes, it is
 * given time: another worker takes it up when the one that had it has died.
 */
static bool
is_unlinked(struct view *v)
{
	bool is_waited_for = is_in(v, IN(PAUSING) | IN(SYNCING));

	if (v->fact.is_link_up || !is_waited_for) {
		v->hand.unlinked_ms = 0;
		return !v->fact.is_link_up && is_in(v, IS_FORCED);
	}
	if (v->hand.unlinked_ms == 0)
		v->hand.unlinked_ms = v->now_ms;
	if (v->now_ms - v->hand.unlinked_ms >= UNLINKED_MS)
		return true;
	view_due(v, v->hand.unlinked_ms + UNLINKED_MS);
	return false;
}

static void
look_at_peer(struct view *v, struct acts *out)
{
	uint16_t i = view_find(v, &v->failover.peer);

	if (is_unlinked(v))
		happen(v, FAILOVER_ON_UNLINKED, 0, out);
	/* Nothing was promised to it yet, so our own suspicion is enough. */
	if (is_in(v, IS_ASKED_OF) &&
	    (i == VIEW_NOBODY ||
	    v->node[i].flags & (BUS_IS_PFAIL | BUS_IS_FAIL)))
		happen(v, FAILOVER_ON_LOST, 0, out);
	if (v->failover.state == FAILOVER_GIVEN && i != VIEW_NOBODY &&
	    fail_is_gone(v, i))
		happen(v, FAILOVER_ON_GONE, 0, out);
	if ((v->failover.state == FAILOVER_GIVEN ||
	    v->failover.state == FAILOVER_CLAIMING) &&
	    (i == VIEW_NOBODY || view_has(v, i, BUS_IS_FAIL)))
		happen(v, FAILOVER_ON_DEAD, 0, out);
}

/* That our word was given never got into the file: that needs no undoing. */
static bool
is_as_before(const struct view *v)
{
	return v->failover.state == FAILOVER_RETURNING && !v->is_unsure &&
	    v->saving.generation == 0 && !v->told.is_given &&
	    v->failover.kind != FAILOVER_TAKEN_OVER;
}

static void
look_at_disk(struct view *v, struct acts *out)
{
	struct failover_steps steps = { 0 };
	struct hand *h = &v->hand;

	if (h->save_from == 0 || (v->told.generation < h->save_from &&
	    !is_as_before(v)))
		return;
	if (v->failover.state != FAILOVER_YIELDING) {
		h->save_from = 0;
		happen(v, FAILOVER_ON_SAVED, 0, out);
	} else if (h->is_held) {
		h->save_from = 0;
		failover_given(&v->failover, lease_to_hand_over(v), v->now_ms,
		    &steps);
		hand_do(v, &steps, out);
	}
}

/*
 * A link may have broken under the first one, or not be there yet: control
 * started again.
 */
static void
look_at_stop(struct view *v, struct acts *out)
{
	struct failover *f = &v->failover;
	struct failover_step s = { .to = f->peer, .say = {
	    .kind = f->state == FAILOVER_UNDOING ? FAILOVER_SAY_UNSTOP :
	    FAILOVER_SAY_STOP, .token = f->token } };

	if (f->is_foreign || (f->state != FAILOVER_PAUSING &&
	    f->state != FAILOVER_FENCING && f->state != FAILOVER_UNDOING) ||
	    (f->state == FAILOVER_PAUSING && !v->hand.is_promised))
		return;
	if (v->now_ms >= v->hand.stop_ms)
		hand_do_say(v, &s, out);
	view_due(v, v->hand.stop_ms);
}

static void
look_at_promises(struct view *v, struct acts *out)
{
	uint64_t epoch;

	if (!is_in(v, IS_PLANNED | IS_FORCED))
		return;
	epoch = promise_look(v, v->failover.token, out);
	v->hand.is_promised |= epoch > 0;
	if (epoch > 0 && v->failover.state == FAILOVER_PREPARING)
		happen(v, FAILOVER_ON_PREPARED, epoch, out);
}

static void
look_at_told(struct view *v, struct acts *out)
{
	uint16_t i;

	if (v->failover.state != FAILOVER_TELLING)
		return;
	for (i = 1; i < v->nodes; i++)
		if (hand_do_tells(v, i) && v->node[i].ping_ms != 0)
			return;
	happen(v, FAILOVER_ON_TOLD, 0, out);
}

/* What the primary's operator said is to be done then. */
static void
be_late(struct view *v, struct acts *out)
{
	/* Who won waits for its disk, and gives no word meanwhile. */
	if (v->failover.state == FAILOVER_STANDING &&
	    v->vote.state == VOTE_TAKE) {
		v->failover.due_ms = v->now_ms + v->failover.config.save_ms;
		return;
	}
	if (!v->hand.is_force_due ||
	    !is_in(v, IN(LOCKING) | IS_PLANNED)) {
		happen(v, FAILOVER_ON_LATE, 0, out);
		return;
	}
	/* The order's time was for the data; votes have the usual one. */
	v->failover.timeout_ms = v->failover.config.timeout_ms;
	v->hand.is_force_due = false;
	v->hand.is_invited = true;
	happen(v, FAILOVER_ON_FORCE, 0, out);
	v->hand.is_invited = false;
}

/* Who is forced wants votes then, if there may be a majority without it. */
static void
look_at_word(struct view *v, struct acts *out)
{
	int64_t at_ms = failover_word_ms(&v->failover);

	if (at_ms == INT64_MAX || !consent_may_be_elected(v))
		return;
	if (v->now_ms >= at_ms)
		happen(v, FAILOVER_ON_LATE_WORD, 0, out);
	else
		view_due(v, at_ms);
}

static void
look_once(struct view *v, struct acts *out)
{
	look_at_votes(v, out);
	look_at_owner(v, out);
	look_at_peer(v, out);
	look_at_disk(v, out);
	look_at_promises(v, out);
	look_at_told(v, out);
	look_at_word(v, out);
	if (v->now_ms >= v->failover.due_ms)
		be_late(v, out);
}

/* One that lasts: most are over before anybody could act upon it. */
static void
look_at_pause(struct view *v)
{
	int64_t at_ms = v->failover.since_ms + v->failover.config.again_ms;
	bool is_giving = failover_is_giving(&v->failover);

	if (is_giving == v->hand.is_pause_told)
		return;
	if (is_giving && v->now_ms < at_ms) {
		view_due(v, at_ms);
		return;
	}
	v->hand.is_pause_told = is_giving;
	view_broadcast(v);
}

bool
hand_is_paused(const struct view *v)
{
	uint16_t p = v->node[VIEW_SELF].primary;
	int64_t since = p == VIEW_NOBODY ? 0 : v->node[p].paused_ms;

	return since > 0 && v->now_ms - since <= (v->config.failover_ms > 0 ?
	    v->config.failover_ms : FAILOVER_MS);
}

void
hand_look(struct view *v, struct acts *out)
{
	enum failover_state before;
	int looks = 0;

	configure(v);
	if (!v->hand.is_born)
		be_born(v, out);
	promise_keep(v, out);
	do {
		before = v->failover.state;
		look_once(v, out);
	} while (v->failover.state != before && ++looks < LOOKS);
	look_at_pause(v);
	if (!failover_is_active(&v->failover))
		return;
	look_at_stop(v, out);
	view_due(v, v->failover.due_ms);
}

void
hand_end(struct view *v, struct acts *out)
{
	if (v->hand.is_resume_due)
		act_add(out, ACT_RESUME, VIEW_SELF);
	v->hand.is_resume_due = false;
}
