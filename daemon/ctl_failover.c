#include "daemon/ctl_failover.h"

#include "cluster/hand.h"
#include "cluster/heir.h"
#include "daemon/clock.h"
#include "daemon/ctl_held.h"
#include "daemon/ctl_hold.h"
#include "daemon/ctl_recover.h"
#include "daemon/ctl_save.h"
#include "daemon/log.h"
#include "shm/fault.h"

#define READY_MAX 8

static struct {
	struct view *view;
	void (*happen)(const struct cluster_event *e);
	/* generations of the acts that wait for their answer; 0: none */
	uint64_t hold, lock, await, turn;
	uint64_t offset;           /* AWAIT's */
	uint64_t locked;           /* LOCK's answer: when all have seen that */
	bool is_asked;
	/* as of the last step; whether it was another one before */
	enum failover_state state;
	bool has_moved;
	/* answers that were not given yet */
	struct cluster_event ready[READY_MAX];
	unsigned count;
} fo;

static void
answer(enum cluster_kind kind, uint64_t *generation, uint64_t number)
{
	if (*generation == 0)
		return;
	must(fo.count < READY_MAX, "an act has one answer");
	fo.ready[fo.count++] = (struct cluster_event){ .kind = kind,
	    .generation = *generation, .number = number };
	*generation = 0;
}

void
ctl_failover_begin(struct ctl *c, struct view *v,
    void (*happen)(const struct cluster_event *e))
{
	fo.view = v;
	fo.happen = happen;
	if (!bus_id_is_none(&c->kept.failover.self))
		hand_go_on(v, &c->kept.failover);
	fo.state = v->failover.state;
}

/* The first of the points of each state. */
static const enum fault_id points[FAILOVER_STATES] = {
#define STATE(name, kind, writes, side, info, words) \
	[FAILOVER_##name] = FAULT_FAILOVER_##name##_DECIDED,
#include "cluster/failover.def"
};

enum { DECIDED, KEPT, DID };

/* Where the last step has led into another state; whether that fails. */
static bool
fails_at(unsigned place)
{
	return fo.has_moved && FAULT_FAILS_AT(points[fo.state] + place);
}

bool
ctl_failover_keep(struct ctl *c)
{
	fo.has_moved = fo.view->failover.state != fo.state;
	fo.state = fo.view->failover.state;
	(void)fails_at(DECIDED);
	word_store(&REGION->ctl.is_turning, fo.state == FAILOVER_TURNING);
	c->kept.failover = fo.view->failover;
	kept_write(&c->kept);
	return !fails_at(KEPT);
}

void
ctl_failover_done(void)
{
	(void)fails_at(DID);
}

/* --- acts -------------------------------------------------------------- */

static void
held(struct ctl *c, uint64_t token, uint64_t end)
{
	(void)c;
	(void)token;
	FAULT(FAILOVER_HELD);
	answer(CLUSTER_HELD, &fo.hold, end);
}

static void
do_hold(struct ctl *c, const struct act *a)
{
	FAULT(FAILOVER_HOLD);
	fo.hold = a->generation;
	ctl_hold_begin(c, a->token, a->until_ms, held);
}

static void
do_resume(struct ctl *c, const struct act *a)
{
	(void)c;
	(void)a;
	fo.hold = 0;
}

/*
 * A worker that stands still would hold the role up when the primary has given
 * it away: all have to answer before the primary is asked for anything.  Who is
 * forced is not waited for.
 */
static void
locked(struct ctl *c)
{
	fo.locked = ctl_tell(c);
}

static void
look_at_locked(void)
{
	if (fo.locked == 0 || (!ctl_is_acknowledged(fo.locked) &&
	    fo.view->failover.kind == FAILOVER_PLANNED))
		return;
	fo.locked = 0;
	answer(CLUSTER_LOCKED, &fo.lock, 0);
}

static void
do_lock(struct ctl *c, const struct act *a)
{
	int64_t left = a->until_ms - clock_steady_ms();

	FAULT(FAILOVER_LOCK);
	ctl_save_put_off(c);
	/* Else it is noted while writes are held (ctl_role.c). */
	if (!ctl_held_is_noted(c))
		ctl_held_note(c);
	fo.lock = a->generation;
	switch (ctl_recover_await(c, left)) {
	case LOCK_TAKEN:
		locked(c);
		break;
	case LOCK_REFUSED:
		answer(CLUSTER_LOCK_REFUSED, &fo.lock, 0);
		break;
	case LOCK_WAITS:
		break;
	}
}

static void
do_unlock(struct ctl *c, const struct act *a)
{
	(void)a;
	fo.lock = fo.locked = fo.await = fo.turn = 0;
	word_store(&REGION->ctl.await, 0);
	ctl_recover_drop(c, RECOVER_FAILOVER);
}

static void
do_await(struct ctl *c, const struct act *a)
{
	(void)c;
	FAULT(FAILOVER_AWAIT);
	fo.await = a->generation;
	fo.offset = a->offset;
	word_store(&REGION->ctl.await, a->offset);
	/* We store, then look; who applies appends, then looks. */
	word_fence();
}

static void
do_turn(struct ctl *c, const struct act *a)
{
	(void)c;
	FAULT(FAILOVER_TURN);
	fo.turn = a->generation;
}

static void
do_answer(struct ctl *c, const struct act *a)
{
	if (!fo.is_asked)
		return;
	if (a->words == NULL)
		ctl_answer_ok(c);
	else
		ctl_answer_error(c, "%s%s", strncmp(a->words, "ERR ", 4) == 0 ?
		    "" : "ERR ", a->words);
}

static void
do_done(struct ctl *c, const struct act *a)
{
	static const char *const kind[] = { "planned", "forced", "takeover",
	    "automatic" };
	const struct failover *f = &fo.view->failover;
	const struct failover_entry *e =
	    &f->entry[(f->entries - 1) % FAILOVER_HISTORY];

	(void)c;
	(void)a;
	if (f->entries > 0)
		log_notice("failover %llu (%s) from %.40s to %.40s was %s "
		    "after %lld ms: %s", (unsigned long long)e->id,
		    kind[e->kind], e->from.text, e->to.text,
		    e->result == FAILOVER_COMPLETED ? "completed" : "aborted",
		    (long long)(e->end_ms - e->start_ms), failover_reason(e));
}

static void (*const doing[ACTS])(struct ctl *c, const struct act *a) = {
	[ACT_HOLD] = do_hold,
	[ACT_RESUME] = do_resume,
	[ACT_LOCK] = do_lock,
	[ACT_UNLOCK] = do_unlock,
	[ACT_AWAIT] = do_await,
	[ACT_TURN] = do_turn,
	[ACT_ANSWER] = do_answer,
	[ACT_DONE] = do_done,
};

bool
ctl_failover_carry_out(struct ctl *c, const struct act *a)
{
	if (doing[a->kind] == NULL)
		return false;
	doing[a->kind](c, a);
	return true;
}

void
ctl_failover_asked(bool is_asked)
{
	fo.is_asked = is_asked;
}

/* --- answers ----------------------------------------------------------- */

void
ctl_failover_lock_news(struct ctl *c, enum lock_news news)
{
	if (news == LOCK_GRANTED)
		locked(c);
	else if (news != LOCK_NOTHING)
		answer(CLUSTER_LOCK_REFUSED, &fo.lock, 0);
}

const char *
ctl_failover_lock_words(const struct ctl *c)
{
	enum lock_state state = c->kept.lock.state;

	if (state == LOCK_FREE || ctl_recover_has(c, RECOVER_FAILOVER))
		return NULL;
	/* An attachment that has no data yet is given up. */
	if ((state == LOCK_START || state == LOCK_ATTACH ||
	    state == LOCK_SHARED) && ctl_recover_link(c) != RECOVER_SYNCS)
		return NULL;
	return ctl_recover_words(c);
}

/* --- who is not to be alone with its writes ------------------------------ */

void
ctl_failover_took(struct ctl *c)
{
	uint16_t i = heir_find(fo.view);

	c->next.heir_until_ms = 0;
	if (i == VIEW_NOBODY)
		return;
	c->next.heir_until_ms = clock_steady_ms() + HEIR_MS;
	memcpy(c->next.heir, fo.view->node[i].id.text, BUS_ID);
}

/* Workers know how long it is waited for, but not that it will not come. */
static void
look_at_heir(struct ctl *c)
{
	struct bus_id id;

	if (likely(c->next.heir_until_ms == 0))
		return;
	memcpy(id.text, c->next.heir, BUS_ID);
	if (clock_steady_ms() < c->next.heir_until_ms &&
	    heir_may_come(fo.view, view_find(fo.view, &id)))
		return;
	c->next.heir_until_ms = 0;
	(void)ctl_tell(c);
}

bool
ctl_failover_turn(struct ctl *c, bool is_turned)
{
	unsigned i, n;
	struct cluster_event e[READY_MAX];

	look_at_locked();
	look_at_heir(c);
	if (fo.await != 0 &&
	    word_load_acquire(&REGION->common.log.end) >= fo.offset) {
		FAULT(FAILOVER_LEVEL);
		word_store(&REGION->ctl.await, 0);
		answer(CLUSTER_LEVEL, &fo.await, 0);
	}
	if (fo.turn != 0 && is_turned) {
		FAULT(FAILOVER_TURNED);
		answer(CLUSTER_TURNED, &fo.turn, 0);
	}
	n = fo.count;
	memcpy(e, fo.ready, sizeof(e));
	fo.count = 0;
	for (i = 0; i < n; i++)
		fo.happen(&e[i]);
	return n > 0;
}
