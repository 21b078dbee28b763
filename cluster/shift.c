#include "cluster/shift.h"

#include "cluster/proof.h"
#include "cluster/shift_refusal.h"
#include "cluster/shift_slots.h"

#define SAY_HEAD 17            /* verb, token, number; then the slots */
#define SAY_BYTES (SAY_HEAD + BUS_SLOT_BYTES + SHIFT_WHY)
#define ALIVE_MS 300
#define GIVE_MS 50
#define STUCK_MS 5000          /* a source whose copying does not move on */
#define SILENT_MS 2000         /* a target that hears nothing */
#define NEAR_MS 200            /* after a round in vain, times rounds */
#define ROUNDS 8

enum verb { SAY_BEGIN = 1, SAY_ACCEPT, SAY_ALIVE, SAY_GIVE, SAY_GONE,
	SAY_CANCEL, SAY_TAKEN, SAY_YOURS };

enum side { NONE, SOURCE, TARGET };

static const struct {
	enum side side;
	enum shift_tells tells;
	int limit_ms;
	const char *word, *words;
} states[SHIFT_STATES] = {
#define STATE(name, side, tells, limit_ms, word, words) \
	[SHIFT_##name] = { side, SHIFT_##tells, limit_ms, word, words },
#include "cluster/shift.def"
};

enum shift_tells
shift_tells(enum shift_state state)
{
	return states[state].tells;
}

bool
shift_is_source(enum shift_state state)
{
	return states[state].side == SOURCE;
}

const char *
shift_word(enum shift_state state)
{
	return states[state].word;
}

/* --- words -------------------------------------------------------------- */

static void
say_of(struct view *v, uint16_t i, enum verb verb, uint64_t token,
    const uint8_t *slots, const char *why, struct acts *out)
{
	uint8_t text[SAY_BYTES] = { (uint8_t)verb };
	size_t bytes = strlen(why);

	bus_put(text + 1, 8, token);
	bus_put(text + 9, 8, verb == SAY_ACCEPT ? v->shift.pass :
	    verb == SAY_YOURS ? shift_slots_are_gone(v, slots) :
	    v->shift.epoch);
	memcpy(text + SAY_HEAD, slots, BUS_SLOT_BYTES);
	bytes = bytes < SHIFT_WHY ? bytes : SHIFT_WHY - 1;
	memcpy(text + SAY_HEAD + BUS_SLOT_BYTES, why, bytes);
	if (i != VIEW_NOBODY && i != VIEW_SELF)
		speak_own(v, i, SPEAK_SHIFT, (struct slice){ (char *)text,
		    SAY_HEAD + BUS_SLOT_BYTES + bytes }, out);
}

static void
say(struct view *v, enum verb verb, const char *why, struct acts *out)
{
	struct shift *s = &v->shift;

	s->said_ms = v->now_ms;
	say_of(v, view_find(v, &s->job.peer), verb, s->job.token,
	    s->job.slots, why, out);
}

/* --- what rows do ------------------------------------------------------- */

static int64_t
unix_s(const struct view *v)
{
	return (v->now_ms + v->fact.unix_offset_ms) / 1000;
}

/* As much as there is room for behind what is there. */
static void
add_text(char to[SHIFT_WHY], const char *more)
{
	size_t used = strlen(to), bytes = strlen(more);

	if (bytes > SHIFT_WHY - 1 - used)
		bytes = SHIFT_WHY - 1 - used;
	memcpy(to + used, more, bytes);
	to[used + bytes] = 0;
}

static void
end(struct view *v, const char *word, const char *why)
{
	struct shift *s = &v->shift;
	struct shift_job *to = s->past;

	memmove(to + 1, to, sizeof(*to) * (SHIFT_PAST - 1));
	*to = s->job;
	to->word = word;
	to->changed_s = unix_s(v);
	add_text(to->why, why);
}

static void
save(struct view *v)
{
	view_dirty(v);
	v->shift.save_from = v->generation + 1;
}

static void
nothing(struct view *v, const char *why, struct acts *out)
{
	(void)v;
	(void)why;
	(void)out;
}

static void
begin(struct view *v, const char *why, struct acts *out)
{
	v->shift.pass = 0;
	v->shift.rounds = 0;
	v->shift.near_ms = 0;
	say(v, SAY_BEGIN, why, out);
}

static void
cancel(struct view *v, const char *why, struct acts *out)
{
	say(v, SAY_CANCEL, why, out);
	end(v, "cancelled", why);
}

static void
fail(struct view *v, const char *why, struct acts *out)
{
	say(v, SAY_CANCEL, why, out);
	end(v, "failed", why);
}

static void
note_end(struct view *v, const char *why, struct acts *out)
{
	(void)why;
	(void)out;
	v->shift.rounds++;
}

static void
save_given(struct view *v, const char *why, struct acts *out)
{
	struct shift *s = &v->shift;
	unsigned slot;
	uint16_t i;

	(void)why;
	(void)out;
	for (i = 0; i < v->nodes; i++)
		if (view_is_used(v, i) && v->node[i].config_epoch > v->epoch)
			v->epoch = v->node[i].config_epoch;
	s->epoch = ++v->epoch;
	s->given = s->job.token;
	/* What was ours by its giver's word may go back to it. */
	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		if (bus_has_slot(s->job.slots, slot))
			v->given_by[slot] = VIEW_NOBODY;
	save(v);
}

/*
 * Writes wait until that is durable: who started again would give the slots,
 * and the target might take what it has.
 */
static void
undo(struct view *v, const char *word, const char *why, struct acts *out)
{
	v->shift.given = 0;
	v->shift.job.word = word;
	add_text(v->shift.job.why, why);
	say(v, SAY_CANCEL, why, out);
	save(v);
}

static void
unsave(struct view *v, const char *why, struct acts *out)
{
	undo(v, "failed", why, out);
}

static void
unsave_cancel(struct view *v, const char *why, struct acts *out)
{
	undo(v, "cancelled", why, out);
}

static void
returned(struct view *v, const char *why, struct acts *out)
{
	(void)why;
	(void)out;
	end(v, v->shift.job.word, "");
}

static void
lose(struct view *v, const char *why, struct acts *out)
{
	v->shift.given = 0;
	view_dirty(v);
	fail(v, why, out);
}

static void
say_give(struct view *v, const char *why, struct acts *out)
{
	say(v, SAY_GIVE, why, out);
}

/* An epoch after the one that was given: an old claim comes too late. */
static void
claim_back(struct view *v, const char *why, struct acts *out)
{
	struct view_node *me = &v->node[VIEW_SELF];

	(void)why;
	(void)out;
	if (v->epoch < v->shift.epoch)
		v->epoch = v->shift.epoch;
	me->config_epoch = ++v->epoch;
	me->is_voted = false;
	proof_begin(v);
	view_dirty(v);
	view_broadcast(v);
}

static void
take_back(struct view *v, const char *why, struct acts *out)
{
	claim_back(v, why, out);
	unsave(v, why, out);
}

/* That it is durable is told, too. */
static void
clear(struct view *v, const char *why, struct acts *out)
{
	(void)why;
	(void)out;
	save(v);
}

static void
say_yours(struct view *v, const char *why, struct acts *out)
{
	(void)why;
	say(v, SAY_YOURS, "", out);
}

static void
succeed(struct view *v, const char *why, struct acts *out)
{
	(void)why;
	(void)out;
	v->shift.given = 0;
	view_dirty(v);
	end(v, "success", "");
}

static void
end_import(struct view *v, const char *why, struct acts *out)
{
	(void)out;
	end(v, "failed", why);
}

static void
say_gone(struct view *v, const char *why, struct acts *out)
{
	say(v, SAY_GONE, why, out);
	end(v, "failed", why);
}

static void
say_accept(struct view *v, const char *why, struct acts *out)
{
	say(v, SAY_ACCEPT, why, out);
}

/*
 * Under the epoch that was given and no other: a giver that took them back has
 * a later one, however long its word lay in our socket.
 */
static void
claim(struct view *v, const char *why, struct acts *out)
{
	struct view_node *me = &v->node[VIEW_SELF];
	struct shift *s = &v->shift;

	(void)why;
	shift_slots_give(v, s->job.slots, VIEW_NOBODY, VIEW_SELF);
	if (v->epoch < s->epoch)
		v->epoch = s->epoch;
	me->config_epoch = s->epoch;
	me->is_voted = false;
	s->taken = s->job.token;
	act_note_as(out, ACT_DETAIL, view_find(v, &s->job.peer),
	    "slots have moved to this node");
	save(v);
}

/* To the source, and with what leases are asked for to all voters. */
static void
tell_claim(struct view *v, const char *why, struct acts *out)
{
	(void)why;
	proof_begin(v);
	say(v, SAY_TAKEN, "", out);
	view_broadcast(v);
}

/* What its source knows to be ours stays, if it has another epoch by now. */
static void
have(struct view *v, const char *why, struct acts *out)
{
	struct shift *s = &v->shift;
	uint16_t giver = view_find(v, &s->job.peer);
	unsigned slot;

	(void)why;
	(void)out;
	for (slot = 0; slot < KEYSLOT_COUNT && s->word != PROOF_NONE; slot++)
		if (bus_has_slot(s->job.slots, slot))
			v->given_by[slot] = giver;
	v->given_until_ms = v->now_ms + v->config.node_timeout_ms;
	s->taken = 0;
	view_dirty_lightly(v);
	end(v, "success", "");
}

/* All of them, or what is left would be written here and there. */
static void
give_up(struct view *v, const char *why, struct acts *out)
{
	shift_slots_give(v, v->shift.job.slots, VIEW_SELF,
	    view_find(v, &v->shift.job.peer));
	v->shift.taken = 0;
	view_dirty(v);
	if (view_has(v, VIEW_SELF, BUS_IS_PRIMARY))
		say_gone(v, why, out);
	else
		end_import(v, why, out);
}

/* --- the machine -------------------------------------------------------- */

static const struct cell {
	bool is_there;
	enum shift_state to;
	void (*act)(struct view *v, const char *why, struct acts *out);
	const char *because;
} table[SHIFT_STATES][SHIFT_EVENTS] = {
#define ROW(from, event, to, act, why) \
	[SHIFT_##from][SHIFT_ON_##event] = { true, SHIFT_##to, act, why },
#include "cluster/shift.def"
};

struct shift_row
shift_row(enum shift_state state, enum shift_event event)
{
	const struct cell *c = &table[state][event];

	return (struct shift_row){ c->is_there ? (int)c->to : -1,
	    c->because };
}

static uint16_t
noted(const struct view *v)
{
	uint16_t i = view_find(v, &v->shift.job.peer);

	return i != VIEW_NOBODY ? i : VIEW_SELF;
}

static void
happen(struct view *v, enum shift_event event, const char *why,
    struct acts *out)
{
	struct shift *s = &v->shift;
	const struct cell *c = &table[s->state][event];
	enum shift_state before = s->state;
	char text[SHIFT_WHY] = "";

	if (!c->is_there)
		return;
	add_text(text, c->because);
	if (why != NULL && why[0] != 0) {
		add_text(text, ": ");
		add_text(text, why);
	}
	if (c->to != s->state) {
		s->since_ms = s->heard_ms = v->now_ms;
		s->job.changed_s = unix_s(v);
		s->entries++;
		if (c->to == SHIFT_COPYING)
			s->near_ms = v->now_ms + NEAR_MS * s->rounds;
	}
	s->state = c->to;
	c->act(v, text, out);
	if (c->to != before)
		act_note_as(out, c->to == SHIFT_IDLE ? ACT_LINE : ACT_DETAIL,
		    noted(v), c->to == SHIFT_IDLE ? c->because :
		    states[c->to].words);
	v->is_changed = true;
	view_due(v, v->now_ms);
}

void
shift_event(struct view *v, enum shift_event event, uint64_t number,
    const char *why, struct acts *out)
{
	struct shift *s = &v->shift;

	if (event == SHIFT_ON_NEAR && v->now_ms < s->near_ms) {
		view_due(v, s->near_ms);
		return;
	}
	/* The next primary has to know whose the slots are. */
	if (event == SHIFT_ON_DRAINED && failover_is_active(&v->failover))
		return;
	if (event == SHIFT_ON_NEAR && s->rounds == ROUNDS) {
		happen(v, SHIFT_ON_BROKEN, "its keys change faster than they "
		    "can be copied", out);
		return;
	}
	if (event == SHIFT_ON_SEEN && s->state == SHIFT_STOPPING)
		s->end = number;
	if (event == SHIFT_ON_SEEN && s->state == SHIFT_IMPORTING)
		s->pass = number;
	happen(v, event, why, out);
}

void
shift_moved(struct view *v)
{
	v->shift.heard_ms = v->now_ms;
}

/* --- orders ------------------------------------------------------------- */

void
shift_want(struct view *v, const struct bus_id *to, const uint8_t *slots)
{
	struct shift_job *j;

	must(v->shift.wants < SHIFT_WANTS, "a move that waits has a place");
	j = &v->shift.want[v->shift.wants++];
	*j = (struct shift_job){ .token = view_token(v), .peer = *to,
	    .begun_s = unix_s(v), .changed_s = unix_s(v) };
	memcpy(j->slots, slots, BUS_SLOT_BYTES);
	view_due(v, v->now_ms);
}

bool
shift_cancel(struct view *v, struct acts *out)
{
	struct shift *s = &v->shift;
	bool had = s->wants > 0;
	enum shift_state before = s->state;
	struct shift_job now = s->job;

	while (s->wants > 0) {
		s->job = s->want[--s->wants];
		end(v, "cancelled", "it had not begun");
	}
	s->job = now;
	happen(v, SHIFT_ON_CANCEL, NULL, out);
	return had || s->state != before;
}

/* --- what others say ---------------------------------------------------- */

static void
hear_begin(struct view *v, uint16_t i, uint64_t token, const uint8_t *slots,
    struct acts *out)
{
	struct shift *s = &v->shift;
	const char *why = shift_refusal_import(v, i, slots);

	if (why != NULL) {
		say_of(v, i, SAY_GONE, token, slots, why, out);
		return;
	}
	s->job = (struct shift_job){ .token = token, .is_import = true,
	    .peer = v->node[i].id, .begun_s = unix_s(v) };
	memcpy(s->job.slots, slots, BUS_SLOT_BYTES);
	s->pass = 0;
	happen(v, SHIFT_ON_ASKED, NULL, out);
}

/* Whoever asks has them as far as we know, and we claim them no more. */
static void
hear_taken(struct view *v, uint16_t i, uint64_t token, const uint8_t *slots,
    struct acts *out)
{
	if (shift_slots_all(v, i, slots))
		say_of(v, i, SAY_YOURS, token, slots, "", out);
}

/* A move that we know nothing of: its source has to know that. */
static void
hear_stranger(struct view *v, uint16_t i, enum verb verb, uint64_t token,
    const uint8_t *slots, struct acts *out)
{
	if (verb == SAY_BEGIN)
		hear_begin(v, i, token, slots, out);
	else if (verb != SAY_ALIVE && verb != SAY_GIVE)
		return;
	else if (shift_slots_any(v, VIEW_SELF, slots) &&
	    v->node[i].link_state == VIEW_LINK_UP)
		speak_hello(v, BUS_PING, i, v->node[i].link, out);
	/* Who may have handed them on does not give them back. */
	else if (shift_slots_all(v, i, slots))
		say_of(v, i, SAY_GONE, token, slots, "it started again", out);
}

void
shift_heard(struct view *v, uint16_t i, const struct bus_packet *p,
    struct acts *out)
{
	struct shift *s = &v->shift;
	const char *text = p->payload.data;
	uint8_t slots[BUS_SLOT_BYTES];
	char why[SHIFT_WHY] = "";
	enum verb verb;
	uint64_t token;
	size_t more;

	if (p->payload.bytes < SAY_HEAD + BUS_SLOT_BYTES)
		return;
	verb = (enum verb)text[0];
	token = bus_get(text + 1, 8);
	memcpy(slots, text + SAY_HEAD, BUS_SLOT_BYTES);
	more = p->payload.bytes - SAY_HEAD - BUS_SLOT_BYTES;
	more = more < SHIFT_WHY ? more : SHIFT_WHY - 1;
	memcpy(why, text + SAY_HEAD + BUS_SLOT_BYTES, more);
	if (verb == SAY_TAKEN) {
		hear_taken(v, i, token, slots, out);
		return;
	}
	if (s->state == SHIFT_IDLE || token != s->job.token ||
	    !bus_id_is_equal(&s->job.peer, &v->node[i].id)) {
		hear_stranger(v, i, verb, token, slots, out);
		return;
	}
	s->job.heard_s = unix_s(v);
	if (!shift_is_source(s->state))
		s->heard_ms = v->now_ms;
	switch (verb) {
	case SAY_ACCEPT:
		if (s->state == SHIFT_OFFERED)
			s->pass = bus_get(text + 9, 8);
		happen(v, SHIFT_ON_ACCEPTED, NULL, out);
		break;
	case SAY_GONE:
		happen(v, SHIFT_ON_GONE, why, out);
		break;
	case SAY_CANCEL:
		happen(v, SHIFT_ON_CANCELLED, why, out);
		break;
	case SAY_GIVE:
		if (s->state == SHIFT_DROPPING)
			say(v, SAY_GONE, "it gave up", out);
		/* It is said again until a failover of ours is over. */
		if (failover_is_active(&v->failover))
			break;
		if (s->state == SHIFT_IMPORTING)
			s->epoch = bus_get(text + 9, 8);
		happen(v, s->epoch > v->node[VIEW_SELF].config_epoch ?
		    SHIFT_ON_GIVE : SHIFT_ON_STALE, NULL, out);
		break;
	case SAY_BEGIN:
		/* Our answer was lost. */
		if (s->state == SHIFT_IMPORTING && s->pass != 0)
			happen(v, SHIFT_ON_SEEN, NULL, out);
		break;
	case SAY_ALIVE:
		if (s->state == SHIFT_DROPPING)
			say(v, SAY_GONE, "it gave up", out);
		break;
	case SAY_YOURS:
		proof_word(v, bus_get(text + 9, 8) != 0);
		break;
	case SAY_TAKEN:
		break;
	}
}

/* --- what is looked for ------------------------------------------------- */

static bool
is_lost(const struct view *v)
{
	const struct shift *s = &v->shift;
	const uint8_t *slots = s->job.slots;
	uint16_t peer = view_find(v, &s->job.peer);

	if (!view_has(v, VIEW_SELF, BUS_IS_PRIMARY))
		return true;
	switch (s->state) {
	case SHIFT_GIVEN:
	case SHIFT_RECLAIMING:
		return false;
	case SHIFT_PURGING:
	case SHIFT_IMPORTING:
		return peer != VIEW_NOBODY && !shift_slots_all(v, peer, slots);
	case SHIFT_DROPPING:
	case SHIFT_CLEARING:
		return shift_slots_any(v, VIEW_SELF, slots);
	default:
		return !shift_slots_all(v, VIEW_SELF, slots);
	}
}

static void
look_at_others(struct view *v, struct acts *out)
{
	struct shift *s = &v->shift;
	uint16_t peer = view_find(v, &s->job.peer);

	if ((s->state == SHIFT_GIVEN || s->state == SHIFT_RECLAIMING) &&
	    !shift_slots_any(v, VIEW_SELF, s->job.slots) &&
	    !shift_slots_any(v, VIEW_NOBODY, s->job.slots))
		happen(v, SHIFT_ON_CLAIMED, NULL, out);
	else if (is_lost(v))
		happen(v, SHIFT_ON_LOST, NULL, out);
	else if ((peer == VIEW_NOBODY || view_has(v, peer, BUS_IS_FAIL)) &&
	    (s->state != SHIFT_GIVEN || proof_may_claim_back(v, peer)))
		happen(v, SHIFT_ON_DEAD, NULL, out);
}

static void
look_at_time(struct view *v, struct acts *out)
{
	struct shift *s = &v->shift;
	int64_t limit = states[s->state].limit_ms;
	int64_t silent = shift_is_source(s->state) ? STUCK_MS : SILENT_MS;

	if (limit > 0 && v->now_ms >= s->since_ms + limit) {
		happen(v, SHIFT_ON_LATE, NULL, out);
		return;
	}
	if (limit > 0)
		view_due(v, s->since_ms + limit);
	if (v->now_ms >= s->heard_ms + silent)
		happen(v, SHIFT_ON_SILENT, NULL, out);
	else
		view_due(v, s->heard_ms + silent);
}

/* What is said again, as the other one may not have heard it. */
static const struct {
	enum verb verb;
	int every_ms;              /* 0: nothing is */
} again[SHIFT_STATES] = {
	[SHIFT_OFFERED] = { SAY_BEGIN, ALIVE_MS },
	[SHIFT_COPYING] = { SAY_ALIVE, ALIVE_MS },
	[SHIFT_STOPPING] = { SAY_ALIVE, ALIVE_MS },
	[SHIFT_DRAINING] = { SAY_ALIVE, ALIVE_MS },
	[SHIFT_SAVING] = { SAY_ALIVE, ALIVE_MS },
	[SHIFT_GIVEN] = { SAY_GIVE, GIVE_MS },
	[SHIFT_RECLAIMING] = { SAY_ALIVE, ALIVE_MS },
	[SHIFT_RETURNING] = { SAY_CANCEL, ALIVE_MS },
	[SHIFT_PROVING] = { SAY_TAKEN, GIVE_MS },
};

static void
say_again(struct view *v, struct acts *out)
{
	struct shift *s = &v->shift;
	int64_t every = again[s->state].every_ms;

	if (every == 0)
		return;
	if (v->now_ms >= s->said_ms + every)
		say(v, again[s->state].verb, "", out);
	view_due(v, s->said_ms + every);
}

static void
begin_next(struct view *v, struct acts *out)
{
	struct shift *s = &v->shift;

	if (s->state != SHIFT_IDLE || s->wants == 0 ||
	    failover_is_active(&v->failover))
		return;
	s->job = s->want[0];
	memmove(s->want, s->want + 1, sizeof(s->want[0]) * --s->wants);
	happen(v, SHIFT_ON_ORDER, NULL, out);
}

void
shift_look(struct view *v, struct acts *out)
{
	struct shift *s = &v->shift;
	enum shift_state before;

	if (s->state != SHIFT_IDLE) {
		if (s->save_from != 0 &&
		    v->told.generation >= s->save_from) {
			s->save_from = 0;
			happen(v, SHIFT_ON_SAVED, NULL, out);
		}
		/* Nobody is told to drop what is another's already. */
		do {
			before = s->state;
			look_at_others(v, out);
		} while (s->state != before && s->state != SHIFT_IDLE);
		if (shift_row(s->state, SHIFT_ON_PROVEN).to >= 0 &&
		    proof_is_there(v))
			happen(v, SHIFT_ON_PROVEN, NULL, out);
		look_at_time(v, out);
		say_again(v, out);
	}
	begin_next(v, out);
}

void
shift_revive(struct view *v)
{
	struct shift *s = &v->shift;

	s->state = s->taken != 0 ? SHIFT_PROVING :
	    v->node[VIEW_SELF].config_epoch > s->epoch ? SHIFT_RECLAIMING :
	    SHIFT_GIVEN;
	s->job.token = s->taken != 0 ? s->taken : s->given;
	s->job.is_import = s->taken != 0;
	s->job.begun_s = s->job.changed_s = unix_s(v);
	s->since_ms = s->heard_ms = v->now_ms;
	s->entries++;
}

void
shift_recover(struct view *v, const uint8_t *slots)
{
	struct shift *s = &v->shift;

	if (s->state != SHIFT_IDLE || shift_slots_any(v, VIEW_SELF, slots))
		return;
	s->job = (struct shift_job){ .token = view_token(v),
	    .is_import = true };
	memcpy(s->job.slots, slots, BUS_SLOT_BYTES);
	s->state = SHIFT_DROPPING;
	s->since_ms = s->heard_ms = v->now_ms;
	s->entries++;
	end(v, "failed", "control started again");
}
