#include "cluster/failover_row.h"

enum side { NONE, GIVER, TAKER };
enum writes { GO, HOLD, GIVEN };

static const struct {
	const char *info;
	enum writes writes;
	enum side side;
} states[FAILOVER_STATES] = {
#define STATE(name, kind, writes, side, info, words) \
	[FAILOVER_##name] = { info, writes, side },
#include "cluster/failover.def"
};

const char *const failover_state_words[FAILOVER_STATES] = {
#define STATE(name, kind, writes, side, info, words) words,
#include "cluster/failover.def"
};

const char *const failover_do_words[FAILOVER_DOS] = {
#define DO(id, words) words,
#include "cluster/failover_do.def"
};

void
failover_begin(struct failover *f, const struct bus_id *self,
    const struct failover_config *c)
{
	f->self = *self;
	f->config = *c;
	f->due_ms = INT64_MAX;
}

void
failover_revive(struct failover *f, const struct bus_id *to, uint64_t token,
    uint64_t offset, uint64_t epoch, int64_t now_ms)
{
	f->peer = *to;
	f->kind = FAILOVER_PLANNED;
	f->is_foreign = false;
	failover_row_open(f, true, now_ms);
	f->token = token;
	f->offset = offset;
	f->epoch = epoch;
	f->state = FAILOVER_GIVEN;
	f->since_ms = f->due_ms = now_ms;
}

void
failover_order(struct failover *f, enum failover_event order,
    const struct bus_id *peer, bool is_foreign, int64_t timeout_ms,
    uint64_t token, int64_t now_ms, struct failover_steps *out)
{
	struct failover_happened h = { .event = order, .token = token,
	    .by = *peer };

	must(failover_row_is_order(order), "an operator gives orders");
	if (f->state == FAILOVER_IDLE) {
		if (order == FAILOVER_ON_ABORT) {
			failover_row_add(f, out, FAILOVER_ANSWER)->words =
			    "ERR No failover in progress.";
			return;
		}
		f->is_foreign = is_foreign;
		f->timeout_ms = timeout_ms > 0 ? timeout_ms :
		    f->config.timeout_ms;
	}
	failover_row_happen(f, &h, now_ms, out);
}

void
failover_remember(struct failover *f, uint64_t token)
{
	f->taken = token;
}

static bool
is_dead(const struct failover *f, uint64_t token)
{
	int i;

	for (i = 0; i < FAILOVER_DEAD; i++)
		if (f->dead[i] == token)
			return true;
	return false;
}

/* Whether the one we deal with speaks of what we do. */
static bool
is_ours(const struct failover *f, const struct bus_id *by, uint64_t token)
{
	return token != 0 && f->token == token &&
	    memcmp(&f->peer, by, BUS_ID) == 0;
}

/* A stop or a claim, with the token and offset that it needs; or refused. */
static void
asked(struct failover *f, struct failover_happened *h,
    const struct failover_say *s, bool is_own, int64_t now_ms,
    struct failover_steps *out)
{

	if (s->kind == FAILOVER_SAY_STOP && is_own &&
	    states[f->state].side == GIVER) {
		h->event = FAILOVER_ON_STOP_AGAIN;
	} else if (s->token == 0 || is_dead(f, s->token) ||
	    (s->kind == FAILOVER_SAY_CLAIM &&
	    (!is_own || s->offset != f->offset)) ||
	    (s->kind == FAILOVER_SAY_STOP && f->state == FAILOVER_OFFERING &&
	    memcmp(&f->peer, &h->by, BUS_ID) != 0)) {
		failover_row_refuse(f, h, out);
		return;
	} else {
		h->event = s->kind == FAILOVER_SAY_STOP ? FAILOVER_ON_STOP :
		    FAILOVER_ON_CLAIM;
		h->number = s->epoch;
		if (s->kind == FAILOVER_SAY_CLAIM)
			f->claimed_ms = s->claimed_ms;
	}
	if (f->state == FAILOVER_IDLE)
		f->is_foreign = false;
	failover_row_happen(f, h, now_ms, out);
}

/* By this token we took, or may yet take, or never will. */
static void
asked_taken(struct failover *f, struct failover_happened *h, bool is_own,
    struct failover_steps *out)
{
	struct failover_step *s;

	if (h->token == f->taken ||
	    (is_own && (f->state == FAILOVER_CLAIMING ||
	    f->state == FAILOVER_TAKING)))
		return;
	s = failover_row_add(f, out, FAILOVER_SAY);
	s->to = h->by;
	s->say = (struct failover_say){ .kind = FAILOVER_SAY_NOT_TAKEN,
	    .token = h->token };
}

/*
 * What is left of the lease that a word hands over: it began to end when the
 * claim was sent that the word answers, at the latest.
 */
static uint32_t
lease_left(const struct failover_say *s, int64_t now_ms)
{
	uint32_t age = (uint32_t)now_ms - s->claimed_ms;

	if (s->lease_ms == FAILOVER_NO_LEASE)
		return FAILOVER_NO_LEASE;
	return age < s->lease_ms ? s->lease_ms - age : 0;
}

static enum failover_event
meaning(const struct failover_say *s, int64_t now_ms)
{
	switch (s->kind) {
	case FAILOVER_SAY_OFFSET:
		return FAILOVER_ON_OFFSET;
	case FAILOVER_SAY_UNSTOP:
		return FAILOVER_ON_UNSTOP;
	case FAILOVER_SAY_NOT_TAKEN:
		return FAILOVER_ON_NOT_TAKEN;
	case FAILOVER_SAY_REFUSED:
		return FAILOVER_ON_REFUSED;
	case FAILOVER_SAY_WORD:
		return lease_left(s, now_ms) > 0 ? FAILOVER_ON_WORD :
		    FAILOVER_EVENTS;
	default:
		return FAILOVER_EVENTS;
	}
}

void
failover_said(struct failover *f, const struct bus_id *by,
    const struct failover_say *s, uint32_t lease_ms, int64_t now_ms,
    struct failover_steps *out)
{
	struct failover_happened h = { .token = s->token, .by = *by,
	    .lease_ms = lease_ms, .number = s->offset };
	bool is_own = is_ours(f, by, s->token);

	if (s->kind == FAILOVER_SAY_STOP || s->kind == FAILOVER_SAY_CLAIM) {
		asked(f, &h, s, is_own, now_ms, out);
		return;
	}
	if (s->kind == FAILOVER_SAY_ASK_TAKEN) {
		asked_taken(f, &h, is_own, out);
		return;
	}
	h.event = meaning(s, now_ms);
	if (s->kind == FAILOVER_SAY_WORD)
		h.lease_ms = lease_left(s, now_ms);
	if (is_own && h.event != FAILOVER_EVENTS) {
		failover_row_happen(f, &h, now_ms, out);
		return;
	}
	/* Its stop may come yet, and nobody would use that pause. */
	if (h.event == FAILOVER_ON_UNSTOP && !is_dead(f, s->token))
		failover_row_bury(f, s->token);
	f->ignored++;
}

void
failover_foreign(struct failover *f, const struct bus_id *by, bool is_paused,
    uint64_t offset, uint64_t token, int64_t now_ms,
    struct failover_steps *out)
{
	struct failover_happened h = { .token = token, .by = *by,
	    .number = offset };
	bool is_peer = f->is_foreign && memcmp(&f->peer, by, BUS_ID) == 0;

	if (is_paused ? !is_peer : f->state != FAILOVER_IDLE && !is_peer) {
		f->ignored++;
		return;
	}
	h.event = is_paused ? FAILOVER_ON_OFFSET : FAILOVER_ON_STOP;
	if (f->state == FAILOVER_IDLE)
		f->is_foreign = true;
	else if (!is_paused)
		h.event = FAILOVER_ON_STOP_AGAIN;
	failover_row_happen(f, &h, now_ms, out);
}

void
failover_happen(struct failover *f, enum failover_event event,
    uint64_t number, int64_t now_ms, struct failover_steps *out)
{
	struct failover_happened h = { .event = event, .number = number,
	    .by = f->peer };

	/* What was handed over has to have ended before others are asked. */
	if (event == FAILOVER_ON_DEAD && f->state == FAILOVER_GIVEN &&
	    now_ms < f->lease_ms) {
		f->ignored++;
		return;
	}
	failover_row_happen(f, &h, now_ms, out);
}

void
failover_given(struct failover *f, uint32_t lease_ms, int64_t now_ms,
    struct failover_steps *out)
{
	struct failover_happened h = { .event = FAILOVER_ON_SAVED,
	    .by = f->peer, .lease_ms = lease_ms };

	failover_row_happen(f, &h, now_ms, out);
}

void
failover_outbid(struct failover *f, const struct bus_id *owner,
    int64_t now_ms, struct failover_steps *out)
{
	struct failover_happened h = { .event = FAILOVER_ON_OUTBID,
	    .by = *owner };

	failover_row_happen(f, &h, now_ms, out);
}

void
failover_locked(struct failover *f, int64_t now_ms,
    struct failover_steps *out)
{
	failover_happen(f, f->kind == FAILOVER_PLANNED ?
	    FAILOVER_ON_LOCKED : f->kind == FAILOVER_FORCED ?
	    FAILOVER_ON_LOCKED_FORCE : FAILOVER_ON_LOCKED_TAKEOVER, 0,
	    now_ms, out);
}

void
failover_level(struct failover *f, int64_t now_ms,
    struct failover_steps *out)
{
	failover_happen(f, f->is_foreign ? FAILOVER_ON_LEVEL_VOTE :
	    FAILOVER_ON_LEVEL, 0, now_ms, out);
}

int64_t
failover_word_ms(const struct failover *f)
{
	return f->kind == FAILOVER_FORCED && (f->state == FAILOVER_PREPARING ||
	    f->state == FAILOVER_CLAIMING) ?
	    f->since_ms + f->config.fence_ms : INT64_MAX;
}

void
failover_elected(struct failover *f, const struct bus_id *instead_of,
    uint64_t epoch, int64_t now_ms, struct failover_steps *out)
{
	struct failover_happened h = { .event = FAILOVER_ON_ELECTED,
	    .number = epoch, .by = *instead_of };

	failover_row_happen(f, &h, now_ms, out);
}

bool
failover_is_given(const struct failover *f)
{
	return states[f->state].writes == GIVEN;
}

bool
failover_has_word(const struct failover *f)
{
	return f->kind != FAILOVER_TAKEN_OVER && f->token != 0 &&
	    f->token == f->taken;
}

bool
failover_is_giver(const struct failover *f)
{
	return states[f->state].side == GIVER;
}

bool
failover_is_giving(const struct failover *f)
{
	return states[f->state].writes != GO;
}

const char *
failover_word(const struct failover *f)
{
	return states[f->state].info;
}

const char *
failover_last_word(const struct failover *f)
{
	uint64_t i = f->entries;

	if (i == 0)
		return states[FAILOVER_IDLE].info;
	switch (f->entry[(i - 1) % FAILOVER_HISTORY].result) {
	case FAILOVER_COMPLETED:
		return "failover-completed";
	case FAILOVER_ABORTED:
		return "failover-aborted";
	default:
		return "begin-failover";
	}
}
