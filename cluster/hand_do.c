#include "cluster/hand_do.h"

#include "cluster/claim.h"
#include "cluster/lease.h"
#include "cluster/promise.h"

static struct act *
ask(struct view *v, enum act_kind kind, uint64_t *serial, struct acts *out)
{
	struct act *a = act_add(out, kind, VIEW_SELF);

	*serial = a->generation = ++v->hand.serial;
	return a;
}

/* The next file has what has just changed. */
static void
save(struct view *v)
{
	view_dirty(v);
	v->hand.save_from = v->generation + 1;
}

static void
do_hold(struct view *v, const struct failover_step *s, struct acts *out)
{
	struct act *a = ask(v, ACT_HOLD, &v->hand.hold, out);

	a->token = s->token;
	a->until_ms = s->until_ms;
	v->hand.is_held = false;
	v->hand.is_resume_due = false;
}

static void
do_resume(struct view *v, const struct failover_step *s, struct acts *out)
{
	(void)s;
	(void)out;
	v->hand.hold = 0;
	v->hand.is_resume_due = true;
}

void
hand_do_say(struct view *v, const struct failover_step *s, struct acts *out)
{
	uint8_t payload[FAILOVER_SAY_BYTES];
	uint16_t i = view_find(v, &s->to);
	struct failover_say say = s->say;

	if (i == VIEW_NOBODY || i == VIEW_SELF)
		return;
	/* Writes are not held while voters write down what they promise. */
	if (say.kind == FAILOVER_SAY_STOP && !v->hand.is_promised &&
	    v->failover.state == FAILOVER_PAUSING) {
		v->hand.stop_ms = v->now_ms;
		return;
	}
	/* It may know less of others than we, and so not agree. */
	if ((say.kind == FAILOVER_SAY_STOP || say.kind == FAILOVER_SAY_CLAIM) &&
	    v->now_ms - v->failover.since_ms > v->failover.config.again_ms)
		speak_claims(v, i, i, out);
	if (say.kind == FAILOVER_SAY_WORD)
		say.offset = !v->lease.is_seat_unsure;
	else if (say.kind == FAILOVER_SAY_INVITE && v->stands_back)
		say.offset = FAILOVER_AT_ONCE;
	failover_say_write(payload, &say);
	speak_own(v, i, s->say.kind, (struct slice){ (char *)payload,
	    sizeof(payload) }, out);
	v->hand.stop_ms = v->now_ms + v->failover.config.again_ms;
}

/* Its replicas learn of a pause by any header of the primary's. */
static void
do_say_foreign(struct view *v, const struct failover_step *s,
    struct acts *out)
{
	uint16_t i = view_find(v, &s->to);

	if (i == VIEW_NOBODY || i == VIEW_SELF)
		return;
	if (!failover_is_giver(&v->failover))
		speak_mfstart(v, i, out);
	else if (v->node[i].link_state == VIEW_LINK_UP)
		speak_hello(v, BUS_PING, i, v->node[i].link, out);
}

static void
do_lock(struct view *v, const struct failover_step *s, struct acts *out)
{
	ask(v, ACT_LOCK, &v->hand.lock, out)->until_ms = s->until_ms;
}

static void
do_unlock(struct view *v, const struct failover_step *s, struct acts *out)
{
	(void)s;
	v->hand.lock = 0;
	act_add(out, ACT_UNLOCK, VIEW_SELF);
}

/* Asked for early, and then looked for: the second time it is under way. */
static void
do_prepare(struct view *v, const struct failover_step *s, struct acts *out)
{
	(void)out;
	if (v->hand.prepare_token == s->token)
		return;
	v->hand.is_promised = false;
	promise_ask(v, s->token);
}

static void
do_await(struct view *v, const struct failover_step *s, struct acts *out)
{
	ask(v, ACT_AWAIT, &v->hand.await, out)->offset = s->offset;
}

static void
do_vote(struct view *v, const struct failover_step *s, struct acts *out)
{
	(void)s;
	(void)vote_force(v, out);
}

static void
do_vote_off(struct view *v, const struct failover_step *s, struct acts *out)
{
	(void)s;
	vote_off(v, out);
}

static void
do_stand(struct view *v, const struct failover_step *s, struct acts *out)
{
	(void)s;
	(void)vote_confirm(v, out);
}

static void
do_save_given(struct view *v, const struct failover_step *s,
    struct acts *out)
{
	(void)out;
	v->hand.given = (struct hand_given){ .to = s->to, .token = s->token,
	    .offset = s->offset, .epoch = s->epoch };
	save(v);
}

static void
do_save_not_given(struct view *v, const struct failover_step *s,
    struct acts *out)
{
	(void)out;
	memset(&v->hand.given, 0, sizeof(v->hand.given));
	/* If the replica did take over, it is to follow when it is back. */
	if (v->failover.kind == FAILOVER_TAKEN_OVER &&
	    v->node[VIEW_SELF].config_epoch <= s->epoch) {
		if (v->epoch < s->epoch)
			v->epoch = s->epoch;
		claim_bump(v);
	}
	save(v);
}

static void
do_save_primary(struct view *v, const struct failover_step *s,
    struct acts *out)
{
	uint16_t from = view_find(v, &s->to);

	v->hand.taken = v->failover.taken;
	/* Once it is so, only the disk is left. */
	if (view_has(v, VIEW_SELF, BUS_IS_REPLICA) && from != VIEW_NOBODY) {
		vote_take(v, from, s->epoch, true, out);
		lease_take_over(v, v->failover.lease_ms, v->hand.has_seat);
	}
	save(v);
}

static void
do_take_over(struct view *v, const struct failover_step *s,
    struct acts *out)
{
	(void)s;
	v->hand.taken = v->failover.taken;
	(void)vote_take_over(v, out);
	save(v);
}

static void
do_untake(struct view *v, const struct failover_step *s, struct acts *out)
{
	uint16_t p = view_find(v, &s->to);
	unsigned slot;

	v->hand.taken = v->failover.taken;
	v->hand.save_from = 0;
	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		if (v->owner[slot] == VIEW_SELF)
			view_give_slot(v, slot, p);
	view_follow(v, p, out);
}

/*
 * Who sends clients hears of it while our workers turn: here those wait that
 * come early (net_place.c).
 */
static void
do_turn(struct view *v, const struct failover_step *s, struct acts *out)
{
	uint16_t i = view_find(v, &s->to);

	ask(v, ACT_TURN, &v->hand.turn, out)->until_ms = s->until_ms;
	if (i != VIEW_NOBODY && i != VIEW_SELF &&
	    v->node[i].link_state == VIEW_LINK_UP)
		speak_hello(v, BUS_PING, i, v->node[i].link, out);
}

bool
hand_do_tells(const struct view *v, uint16_t i)
{
	return i != VIEW_SELF && view_is_used(v, i) &&
	    (v->node[i].primary == VIEW_SELF || bus_id_is_equal(
	    &v->node[i].id, &v->failover.peer)) &&
	    v->node[i].link_state == VIEW_LINK_UP &&
	    !view_has(v, i, BUS_IS_PFAIL | BUS_IS_FAIL | BUS_IS_HANDSHAKE);
}

static void
do_tell(struct view *v, const struct failover_step *s, struct acts *out)
{
	uint16_t i;

	(void)s;
	view_broadcast(v);
	v->hand.told_ms = v->now_ms > 0 ? v->now_ms : 1;
	for (i = 1; i < v->nodes && act_has_room(out); i++)
		if (hand_do_tells(v, i))
			speak_hello(v, BUS_PING, i, v->node[i].link, out);
}

static void
do_answer(struct view *v, const struct failover_step *s, struct acts *out)
{
	if (!v->hand.is_invited)
		act_add(out, ACT_ANSWER, VIEW_SELF)->words = s->words;
}

static void
do_done(struct view *v, const struct failover_step *s, struct acts *out)
{
	(void)v;
	(void)s;
	act_add(out, ACT_DONE, VIEW_SELF);
}

static void (*const doing[FAILOVER_DOS])(struct view *v,
    const struct failover_step *s, struct acts *out) = {
	[FAILOVER_HOLD] = do_hold,
	[FAILOVER_RESUME] = do_resume,
	[FAILOVER_SAY] = hand_do_say,
	[FAILOVER_SAY_FOREIGN] = do_say_foreign,
	[FAILOVER_LOCK] = do_lock,
	[FAILOVER_UNLOCK] = do_unlock,
	[FAILOVER_PREPARE] = do_prepare,
	[FAILOVER_AWAIT] = do_await,
	[FAILOVER_VOTE] = do_vote,
	[FAILOVER_VOTE_OFF] = do_vote_off,
	[FAILOVER_STAND] = do_stand,
	[FAILOVER_SAVE_GIVEN] = do_save_given,
	[FAILOVER_SAVE_NOT_GIVEN] = do_save_not_given,
	[FAILOVER_SAVE_PRIMARY] = do_save_primary,
	[FAILOVER_TAKE_OVER] = do_take_over,
	[FAILOVER_UNTAKE] = do_untake,
	[FAILOVER_TURN] = do_turn,
	[FAILOVER_TELL] = do_tell,
	[FAILOVER_ANSWER] = do_answer,
	[FAILOVER_DONE] = do_done
};

void
hand_do(struct view *v, const struct failover_steps *steps, struct acts *out)
{
	unsigned i;

	for (i = 0; i < steps->count; i++)
		doing[steps->list[i].what](v, &steps->list[i], out);
	/* What ended otherwise is not to be revived. */
	if (v->failover.state == FAILOVER_IDLE && v->hand.given.token != 0) {
		memset(&v->hand.given, 0, sizeof(v->hand.given));
		view_dirty(v);
	}
}
