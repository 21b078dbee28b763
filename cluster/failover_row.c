#include "cluster/failover_row.h"

struct at {
	int64_t now_ms;
	const struct failover_happened *h;
	struct failover_steps *out;
};

static const char *const refusals[FAILOVER_STATES] = {
#define STATE(name, kind, writes, side, info, words) "ERR " words,
#include "cluster/failover.def"
};

enum kind { ORDER, REQUEST, OUTSIDE, INSIDE, SURE, ALWAYS };

static const enum kind kinds[FAILOVER_EVENTS] = {
#define EVENT(name, kind, words) [FAILOVER_ON_##name] = kind,
#include "cluster/failover.def"
};

bool
failover_row_is_order(enum failover_event event)
{
	return kinds[event] == ORDER;
}

struct failover_step *
failover_row_add(struct failover *f, struct failover_steps *out,
    enum failover_do what)
{
	struct failover_step *s = &out->list[out->count++];

	must(out->count <= FAILOVER_DO_ROOM, "a step does a few things");
	*s = (struct failover_step){ .what = what, .to = f->peer,
	    .token = f->token, .offset = f->offset, .epoch = f->epoch,
	    .until_ms = f->until_ms };
	return s;
}

static struct failover_step *
add(struct failover *f, struct at *at, enum failover_do what)
{
	return failover_row_add(f, at->out, what);
}

static void
say(struct failover *f, struct at *at, enum failover_say_kind kind)
{
	add(f, at, FAILOVER_SAY)->say = (struct failover_say){
	    .kind = (uint8_t)kind, .token = f->token, .offset = f->offset,
	    .epoch = f->epoch };
}

void
failover_row_refuse(struct failover *f, const struct failover_happened *h,
    struct failover_steps *out)
{
	struct failover_step *s = failover_row_add(f, out, FAILOVER_SAY);

	s->to = h->by;
	s->say = (struct failover_say){ .kind = FAILOVER_SAY_REFUSED,
	    .token = h->token };
	f->refused++;
}

static void
answer(struct failover *f, struct at *at, const char *words)
{
	add(f, at, FAILOVER_ANSWER)->words = words;
}

static void
due_in(struct failover *f, struct at *at, int64_t ms)
{
	f->due_ms = at->now_ms + ms;
}

static struct failover_entry *
newest(struct failover *f)
{
	return &f->entry[(f->entries - 1) % FAILOVER_HISTORY];
}

void
failover_row_open(struct failover *f, bool is_giver, int64_t now_ms)
{
	struct failover_entry *e;

	/* A new control may know that another one has to end first. */
	if (f->entries > 0 && newest(f)->result == FAILOVER_RUNNING) {
		e = newest(f);
		e->result = FAILOVER_ABORTED;
		e->end_ms = now_ms;
		e->last_state = (uint8_t)f->state;
		e->last_event = FAILOVER_ON_BORN;
	}
	f->entries++;
	e = newest(f);
	*e = (struct failover_entry){ .id = f->entries, .kind = f->kind,
	    .is_giver = is_giver, .from = is_giver ? f->self : f->peer,
	    .to = is_giver ? f->peer : f->self, .start_ms = now_ms };
	f->offset = 0;
	f->epoch = 0;
	/* One that was handed over to us says nothing of what we hand over. */
	f->lease_ms = 0;
}

static void
open_entry(struct failover *f, struct at *at, bool is_giver)
{
	failover_row_open(f, is_giver, at->now_ms);
}

/* Back to rest; what it held is given back. */
static void
end(struct failover *f, struct at *at, enum failover_result result)
{
	struct failover_entry *e = newest(f);

	e->result = result;
	e->end_ms = at->now_ms;
	e->offset = f->offset;
	e->kind = f->kind;
	if (f->is_locked)
		add(f, at, FAILOVER_UNLOCK);
	f->is_locked = false;
	f->token = 0;
	f->due_ms = INT64_MAX;
	add(f, at, FAILOVER_DONE);
}

static void
nothing(struct failover *f, struct at *at)
{
	(void)f;
	(void)at;
}

static void
settle(struct failover *f, struct at *at)
{
	add(f, at, FAILOVER_RESUME);
	add(f, at, FAILOVER_UNLOCK);
}

static void
linger(struct failover *f, struct at *at)
{
	due_in(f, at, f->config.save_ms);
}

/* The giver. */

static void
invite(struct failover *f, struct at *at)
{
	f->peer = at->h->by;
	/* By which it says no; it comes with a token of its own. */
	f->token = at->h->token;
	f->kind = FAILOVER_PLANNED;
	f->until_ms = at->now_ms + f->timeout_ms;
	f->due_ms = f->until_ms;
	open_entry(f, at, true);
	say(f, at, FAILOVER_SAY_INVITE);
	at->out->list[at->out->count - 1].say.lease_ms =
	    (uint32_t)f->timeout_ms;
	at->out->list[at->out->count - 1].say.offset =
	    at->h->event == FAILOVER_ON_OFFER_FORCE;
	answer(f, at, NULL);
}

static void
hold_again(struct failover *f, struct at *at)
{
	f->due_ms = f->until_ms;
	add(f, at, FAILOVER_HOLD);
}

static void
hold_writes(struct failover *f, struct at *at)
{
	bool is_new = f->entries == 0 || newest(f)->result !=
	    FAILOVER_RUNNING;

	f->peer = at->h->by;
	f->kind = FAILOVER_PLANNED;
	if (is_new)
		open_entry(f, at, true);
	newest(f)->to = f->peer;
	f->token = at->h->token;
	f->until_ms = at->now_ms + f->config.timeout_ms;
	/* Votes that it asked for in time may still elect it. */
	if (f->is_foreign)
		f->until_ms += f->config.timeout_ms;
	hold_again(f, at);
}

static void
tell_offset(struct failover *f, struct at *at)
{
	if (at->h->event == FAILOVER_ON_SEEN)
		f->offset = at->h->number;
	if (f->is_foreign)
		add(f, at, FAILOVER_SAY_FOREIGN);
	else
		say(f, at, FAILOVER_SAY_OFFSET);
	f->due_ms = f->until_ms;
}

void
failover_row_bury(struct failover *f, uint64_t token)
{
	if (token != 0)
		f->dead[f->deads++ % FAILOVER_DEAD] = token;
}

static void
kill_token(struct failover *f, struct at *at)
{
	if (at->h->event == FAILOVER_ON_ABORT)
		answer(f, at, NULL);
	if (!f->is_foreign)
		say(f, at, FAILOVER_SAY_REFUSED);
	failover_row_bury(f, f->token);
	add(f, at, FAILOVER_RESUME);
	end(f, at, FAILOVER_ABORTED);
}

/* No clock lets writes go on under a word that may be used. */
static void
hold_for_good(struct failover *f, struct at *at)
{
	add(f, at, FAILOVER_HOLD)->until_ms = INT64_MAX;
}

static void
mark_given(struct failover *f, struct at *at)
{
	if (at->h->event == FAILOVER_ON_CLAIM)
		f->epoch = at->h->number;
	due_in(f, at, f->config.save_ms);
	hold_for_good(f, at);
	add(f, at, FAILOVER_SAVE_GIVEN);
}

static void
ask_taken(struct failover *f, struct at *at)
{
	if (at->h->event == FAILOVER_ON_BORN)
		hold_for_good(f, at);
	due_in(f, at, f->config.again_ms);
	say(f, at, FAILOVER_SAY_ASK_TAKEN);
}

/* Without a lease of our own there is nothing to hand over. */
static void
give_word(struct failover *f, struct at *at)
{
	due_in(f, at, f->config.again_ms);
	if (at->h->lease_ms == 0)
		return;
	say(f, at, FAILOVER_SAY_WORD);
	at->out->list[at->out->count - 1].say.lease_ms = at->h->lease_ms;
	at->out->list[at->out->count - 1].say.claimed_ms = f->claimed_ms;
	if (at->h->lease_ms != FAILOVER_NO_LEASE &&
	    f->lease_ms < at->now_ms + at->h->lease_ms)
		f->lease_ms = at->now_ms + at->h->lease_ms;
}

static void
stand(struct failover *f, struct at *at)
{
	if (at->h->event == FAILOVER_ON_GONE)
		f->lease_ms = 0;
	due_in(f, at, f->config.stand_ms);
	add(f, at, FAILOVER_STAND);
}

static void
unmark_given(struct failover *f, struct at *at)
{
	if (at->h->event == FAILOVER_ON_BORN)
		hold_for_good(f, at);
	if (at->h->event == FAILOVER_ON_TAKEOVER) {
		f->kind = FAILOVER_TAKEN_OVER;
		answer(f, at, NULL);
	}
	due_in(f, at, f->config.save_ms);
	add(f, at, FAILOVER_SAVE_NOT_GIVEN);
}

static void
replaced(struct failover *f, struct at *at)
{
	bool is_peer = memcmp(&at->h->by, &f->peer, BUS_ID) == 0;

	failover_row_bury(f, f->token);
	add(f, at, FAILOVER_RESUME);
	end(f, at, is_peer ? FAILOVER_COMPLETED : FAILOVER_ABORTED);
}

static void
handed_over(struct failover *f, struct at *at)
{
	failover_row_bury(f, f->token);
	add(f, at, FAILOVER_RESUME);
	end(f, at, FAILOVER_COMPLETED);
}

/* The taker. */

static void
lock(struct failover *f, struct at *at)
{
	f->kind = at->h->event == FAILOVER_ON_ASK ? FAILOVER_PLANNED :
	    at->h->event == FAILOVER_ON_FORCE ? FAILOVER_FORCED :
	    FAILOVER_TAKEN_OVER;
	f->peer = at->h->by;
	f->token = at->h->token;
	f->until_ms = at->now_ms + f->timeout_ms;
	f->due_ms = f->until_ms;
	open_entry(f, at, false);
	f->is_locked = true;
	add(f, at, FAILOVER_LOCK);
	answer(f, at, NULL);
}

static void
supersede(struct failover *f, struct at *at)
{
	f->kind = at->h->event == FAILOVER_ON_FORCE ? FAILOVER_FORCED :
	    FAILOVER_TAKEN_OVER;
	if (f->state != FAILOVER_LOCKING)
		due_in(f, at, f->config.fence_ms);
	answer(f, at, NULL);
}

/* The epoch gets known first (hand.c), or while the primary stops. */
static void
send_stop(struct failover *f, struct at *at)
{
	f->due_ms = f->until_ms;
	if (f->is_foreign) {
		add(f, at, FAILOVER_SAY_FOREIGN);
		return;
	}
	add(f, at, FAILOVER_PREPARE);
	say(f, at, FAILOVER_SAY_STOP);
}

static void
fence(struct failover *f, struct at *at)
{
	due_in(f, at, f->config.fence_ms);
	if (f->is_foreign) {
		add(f, at, FAILOVER_SAY_FOREIGN);
		return;
	}
	/* Its word may be there before the votes. */
	add(f, at, FAILOVER_PREPARE);
	say(f, at, FAILOVER_SAY_STOP);
}

static void
await_level(struct failover *f, struct at *at)
{
	f->offset = at->h->number;
	if (f->kind == FAILOVER_PLANNED)
		f->due_ms = f->until_ms;
	else
		due_in(f, at, f->config.fence_ms);
	add(f, at, FAILOVER_AWAIT);
}

static void
look_prepared(struct failover *f, struct at *at)
{
	f->due_ms = f->until_ms;
	add(f, at, FAILOVER_PREPARE);
}

static void
send_claim(struct failover *f, struct at *at)
{
	if (at->h->event == FAILOVER_ON_PREPARED)
		f->epoch = at->h->number;
	due_in(f, at, f->config.again_ms);
	say(f, at, FAILOVER_SAY_CLAIM);
	at->out->list[at->out->count - 1].say.claimed_ms =
	    (uint32_t)at->now_ms;
}

static void
ask_votes(struct failover *f, struct at *at)
{
	if (at->h->event == FAILOVER_ON_FORCE) {
		f->kind = FAILOVER_FORCED;
		answer(f, at, NULL);
	}
	due_in(f, at, f->timeout_ms);
	add(f, at, FAILOVER_VOTE);
}

static void
take(struct failover *f, struct at *at)
{
	f->lease_ms = at->h->lease_ms == FAILOVER_NO_LEASE ? INT64_MAX :
	    at->now_ms + at->h->lease_ms;
	f->taken_before = f->taken;
	f->taken = f->token;
	due_in(f, at, f->config.save_ms);
	add(f, at, FAILOVER_SAVE_PRIMARY);
}

static void
take_over(struct failover *f, struct at *at)
{
	if (at->h->event == FAILOVER_ON_TAKEOVER) {
		f->kind = FAILOVER_TAKEN_OVER;
		answer(f, at, NULL);
	}
	f->lease_ms = 0;
	f->taken_before = f->taken;
	f->taken = f->token;
	due_in(f, at, f->config.save_ms);
	add(f, at, FAILOVER_TAKE_OVER);
}

static void
untake(struct failover *f, struct at *at)
{
	f->taken = f->taken_before;
	add(f, at, FAILOVER_UNTAKE);
	if (!f->is_foreign)
		say(f, at, FAILOVER_SAY_NOT_TAKEN);
	end(f, at, FAILOVER_ABORTED);
}

static void
save_again(struct failover *f, struct at *at)
{
	due_in(f, at, f->config.save_ms);
	add(f, at, f->kind == FAILOVER_TAKEN_OVER ? FAILOVER_TAKE_OVER :
	    FAILOVER_SAVE_PRIMARY);
}

/* A lease that the word did not hand over is asked of a majority. */
static void
turn(struct failover *f, struct at *at)
{
	if (at->h->event == FAILOVER_ON_ELECTED) {
		f->epoch = at->h->number;
		f->lease_ms = 0;
	}
	due_in(f, at, f->config.tell_ms);
	add(f, at, FAILOVER_TURN)->until_ms = f->lease_ms;
}

static void
turn_elected(struct failover *f, struct at *at)
{
	f->kind = FAILOVER_AUTOMATIC;
	f->peer = at->h->by;
	open_entry(f, at, false);
	turn(f, at);
}

static void
tell_all(struct failover *f, struct at *at)
{
	due_in(f, at, f->config.tell_ms);
	add(f, at, FAILOVER_TELL);
}

static void
complete(struct failover *f, struct at *at)
{
	end(f, at, FAILOVER_COMPLETED);
}

static void
send_unstop(struct failover *f, struct at *at)
{
	if (at->h->event == FAILOVER_ON_ABORT)
		answer(f, at, NULL);
	if (f->state == FAILOVER_ELECTING)
		add(f, at, FAILOVER_VOTE_OFF);
	due_in(f, at, f->config.tell_ms);
	if (!f->is_foreign)
		say(f, at, FAILOVER_SAY_UNSTOP);
}

static void
give_up(struct failover *f, struct at *at)
{
	if (at->h->event == FAILOVER_ON_ABORT)
		answer(f, at, NULL);
	if (f->state == FAILOVER_ELECTING)
		add(f, at, FAILOVER_VOTE_OFF);
	end(f, at, FAILOVER_ABORTED);
}

static const struct {
	bool is_there;
	enum failover_state to;
	void (*act)(struct failover *f, struct at *at);
	const char *because;
} rows[FAILOVER_STATES][FAILOVER_EVENTS] = {
#define ROW(from, event, to, act, why) \
	[FAILOVER_##from][FAILOVER_ON_##event] = \
	    { true, FAILOVER_##to, act, why },
#include "cluster/failover.def"
};

struct failover_row
failover_row(enum failover_state state, enum failover_event event)
{
	return (struct failover_row){ rows[state][event].is_there ?
	    (int)rows[state][event].to : -1, rows[state][event].because };
}

/* How long the state lasted, before it is left. */
static void
note_step(struct failover *f, int64_t now_ms)
{
	struct failover_entry *e = newest(f);

	if (e->steps == FAILOVER_STEPS)
		return;
	e->step[e->steps].state = (uint8_t)f->state;
	e->step[e->steps++].ms = now_ms - f->since_ms;
}

/* That it was undone, too, says less than why it had to be. */
static bool
has_its_reason(enum failover_state from, enum failover_state to,
    enum failover_event event)
{
	return to == FAILOVER_IDLE && event != FAILOVER_ON_OUTBID &&
	    (from == FAILOVER_UNDOING || from == FAILOVER_RETURNING);
}

static void
no_row(struct failover *f, struct at *at)
{
	enum kind kind = kinds[at->h->event];

	must(kind != ALWAYS, "every state has a row for what always comes");
	if (kind == ORDER)
		answer(f, at, refusals[f->state]);
	else if (kind == REQUEST)
		failover_row_refuse(f, at->h, at->out);
	else
		f->ignored++;
}

void
failover_row_happen(struct failover *f, const struct failover_happened *h,
    int64_t now_ms, struct failover_steps *out)
{
	struct at at = { .now_ms = now_ms, .h = h, .out = out };
	enum failover_state from = f->state, to;

	if (!rows[from][h->event].is_there) {
		no_row(f, &at);
		return;
	}
	to = rows[from][h->event].to;
	/* Actions see the state that is left, and may end the entry. */
	if (from != FAILOVER_IDLE && to != from)
		note_step(f, now_ms);
	if (from != FAILOVER_IDLE && to != from &&
	    !has_its_reason(from, to, h->event)) {
		newest(f)->last_state = (uint8_t)from;
		newest(f)->last_event = (uint8_t)h->event;
	}
	rows[from][h->event].act(f, &at);
	if (to != from)
		f->since_ms = now_ms;
	f->state = to;
}


const char *
failover_reason(const struct failover_entry *e)
{
	const char *why = rows[e->last_state][e->last_event].because;

	return why != NULL ? why : "";
}
