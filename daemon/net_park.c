#include "daemon/net_park.h"

#include "daemon/doorbell.h"
#include "daemon/net_ack.h"
#include "daemon/net_batch.h"
#include "daemon/net_due.h"
#include "daemon/net_say.h"
#include "daemon/net_wait.h"

#include <stdlib.h>

#define CROWDED_MS 100 /* a saver that is gone grants nothing */
#define WATCH_LOOKS 64 /* how many watched keys a new one is compared with */

/* --- the list of those that wait --------------------------------------- */

/* What clients see as blocked. */
static bool
is_blocking(enum conn_park why)
{
	return why == CONN_BLOCKED || why == CONN_ACKED;
}

void
park_stop(struct conn *c, enum conn_park why, int64_t deadline_ms)
{
	struct worker *w = c->worker;
	struct conn *last = w->parked[why].last;

	must(c->park.why == CONN_SERVES, "a connection waits for one thing");
	c->park.why = why;
	c->park.deadline_ms = deadline_ms;
	c->park.next = NULL;
	c->park.prev = last;
	*(last != NULL ? &last->park.next : &w->parked[why].first) = c;
	w->parked[why].last = c;
	if (deadline_ms != 0)
		due_add(w, c);
	if (is_blocking(why)) {
		stat_add(w->stats, blocked, 1);
		conn_show(c);
		conn_show_use(c);
	}
}

static void
unlink_parked(struct conn *c)
{
	struct worker *w = c->worker;
	enum conn_park why = c->park.why;

	if (why == CONN_SERVES)
		return;
	*(c->park.prev != NULL ? &c->park.prev->park.next :
	    &w->parked[why].first) = c->park.next;
	*(c->park.next != NULL ? &c->park.next->park.prev :
	    &w->parked[why].last) = c->park.prev;
	due_remove(w, c);
	if (is_blocking(why))
		stat_add(w->stats, blocked, -1);
	c->park.why = CONN_SERVES;
	conn_show(c);
}

/* --- blocking ---------------------------------------------------------- */

static void
stop_waiting(struct conn *c)
{
	unlink_parked(c);
	wait_end(c);
	c->park.ticket = 0;
}

void
park_end(struct conn *c)
{
	stop_waiting(c);
	wait_forget(c);
}

static void
tell(struct worker *w, uint64_t interest, uint64_t floor)
{
	cast_put(&REGION->common.cast, w->birth->name, CAST_TOUCHED, interest,
	    &(struct slice){ (const char *)&floor, sizeof(floor) }, 1);
	park_ring(w);
}

void
park_leave(struct conn *c)
{
	struct worker *w = c->worker;
	int i;

	stop_waiting(c);
	word_fence();
	for (i = 0; i < c->park.keys; i++) {
		uint64_t interest = c->park.key[i].hash;

		if (cast_end(&REGION->common.cast) != w->cast_place &&
		    wait_elsewhere(w, interest, 0, UINT64_MAX))
			tell(w, interest, 0);
	}
	wait_forget(c);
}

bool
call_park(struct call *call, int first_key, int keys, int64_t timeout_ms,
    enum call_timeout answer)
{
	struct conn *c = call->conn;
	bool is_again = c->park.ticket != 0;

	if (!call->may_block)
		return false;
	if (!is_again) {
		c->park.ticket = word_add(&REGION->common.next_ticket, 1) + 1;
		c->park.answer = answer;
		c->park.until_ms = timeout_ms > 0 ?
		    call->worker->now_ms + timeout_ms : 0;
	} else if (wait_is_for(call, first_key)) {
		park_stop(c, CONN_BLOCKED, c->park.until_ms);
		return true;
	}
	wait_end(c);
	wait_forget(c);
	if (wait_begin(call, first_key, keys))
		park_stop(c, CONN_BLOCKED, c->park.until_ms);
	else
		reply_error(call->reply, error_text[ERROR_TOO_MANY_WAIT]);
	return true;
}

bool
call_has_waited(const struct call *call)
{
	return call->conn->park.ticket != 0;
}

/* --- waking ------------------------------------------------------------ */

void
park_wake(struct conn *c)
{
	unlink_parked(c);
	batch_resume(c);
}

void
park_answer(struct conn *c, const char *error)
{
	struct reply *r = &c->out;
	size_t mark = r->used;

	if (error != NULL)
		reply_error(r, error);
	else if (c->park.answer == CALL_NULL)
		reply_null(r);
	else
		reply_null_array(r);
	conn_silence(c, mark);
	c->query.at += c->park.skip;
	park_leave(c);
	conn_mark(c);
	batch_resume(c);
}

void
park_end_all(struct worker *w, const char *error)
{
	struct conn *c;

	while ((c = w->parked[CONN_BLOCKED].first) != NULL) {
		conn_finish(c);
		park_answer(c, error);
	}
	while ((c = w->parked[CONN_ACKED].first) != NULL) {
		conn_finish(c);
		ack_answer(c, error);
	}
}

void
park_touched(struct worker *w, uint64_t interest, uint64_t floor)
{
	uint64_t first_floor = floor;
	struct conn *c;

	w->serving = interest;
	while ((c = wait_oldest(w, interest, floor)) != NULL) {
		uint64_t ticket = c->park.ticket;
		uint64_t told = w->serving_told;

		if (wait_elsewhere(w, interest, floor, ticket))
			return;
		park_wake(c);
		batch_run(w);
		/* It changed the key: another broadcast follows. */
		if (w->serving_told != told)
			return;
		/* There is nothing left for anybody. */
		if (c->park.why == CONN_BLOCKED && c->park.ticket == ticket)
			return;
		floor = ticket;
	}
	if (floor != first_floor &&
	    wait_elsewhere(w, interest, floor, UINT64_MAX))
		tell(w, interest, floor);
}

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void
park_touched_all(struct worker *w)
{
	uint64_t *interest = malloc((w->waits + 1) * sizeof(*interest));
	size_t count = 0, i;
	struct conn *c;
	int k;

	must(interest != NULL, "there is private memory for what is wanted");
	for (c = w->parked[CONN_BLOCKED].first; c != NULL; c = c->park.next)
		for (k = 0; k < c->park.keys; k++)
			interest[count++] = c->park.key[k].hash;
	qsort(interest, count, sizeof(*interest), by_number);
	for (i = 0; i < count; i++)
		if (i == 0 || interest[i] != interest[i - 1])
			park_touched(w, interest[i], 0);
	free(interest);
}

void
park_rerun_all(struct worker *w)
{
	struct conn *c;
	int left = 0;

	/* Those that go on waiting join the end of the list again. */
	for (c = w->parked[CONN_BLOCKED].first; c != NULL; c = c->park.next)
		left++;
	while (left-- > 0 && (c = w->parked[CONN_BLOCKED].first) != NULL) {
		park_wake(c);
		batch_run(w);
	}
}

void
park_note(struct txn *t, struct slot *slot, uint64_t hash, int type)
{
	struct worker *w = t->owner;
	uint64_t interest;
	int i;

	if (slot->watching != 0)
		word_add(region_watch(hash), 1);
	if (slot->waiting != 0 && type >= 0 && w->touches <= WORKER_TOUCHED) {
		interest = wait_interest(hash, (enum value_type)type);
		for (i = 0; i < w->touches && i < WORKER_TOUCHED; i++)
			if (w->touched[i] == interest)
				return;
		if (w->touches < WORKER_TOUCHED)
			w->touched[w->touches] = interest;
		w->touches++;
	}
}

void
park_tell(struct worker *w)
{
	int i;

	if (likely(w->touches == 0))
		return;
	if (w->touches > WORKER_TOUCHED) {
		w->serving_told++;
		cast_put(&REGION->common.cast, w->birth->name, CAST_FLUSHED,
		    STATE_DATABASES, NULL, 0);
	}
	for (i = 0; i < w->touches && w->touches <= WORKER_TOUCHED; i++) {
		w->serving_told += w->touched[i] == w->serving;
		tell(w, w->touched[i], 0);
	}
	park_ring(w);
	w->touches = 0;
}

void
park_take_back(struct worker *w)
{
	txn_undo(&w->txn);
	slot_leave(&w->txn, REGION->common.slot);
	say_forget(w);
	w->touches = 0;
}

void
park_ring(struct worker *w)
{
	uint32_t i;

	word_fence();
	for (i = 0; i < REGION->head.workers; i++)
		if ((int)i != w->birth->index &&
		    word_load(&REGION->area[i].proc.is_asleep))
			doorbell_ring(w->birth->bell[i]);
}

/* --- time -------------------------------------------------------------- */

static void
come_due(struct conn *c)
{
	switch (c->park.why) {
	case CONN_BLOCKED:
		park_answer(c, NULL);
		break;
	case CONN_PAUSED:
	case CONN_CROWDED:
		park_wake(c);
		break;
	case CONN_ACKED:
		ack_answer(c, NULL);
		break;
	default:
		never("who waits for something else has no deadline");
	}
}

int64_t
park_turn(struct worker *w)
{
	struct conn *c;

	while ((c = due_first(w)) != NULL && c->park.deadline_ms <= w->now_ms)
		come_due(c);
	return c != NULL ? c->park.deadline_ms : 0;
}

/* Those who have to wait again join the end of the list again. */
static void
wake_all(struct worker *w, enum conn_park why)
{
	struct conn *c;
	int left = 0;

	for (c = w->parked[why].first; c != NULL; c = c->park.next)
		left++;
	while (left-- > 0 && (c = w->parked[why].first) != NULL)
		park_wake(c);
}

void
park_unpause(struct worker *w)
{
	wake_all(w, CONN_PAUSED);
}

/* --- snapshots --------------------------------------------------------- */

void
park_crowd(struct conn *c)
{
	struct worker *w = c->worker;

	park_stop(c, CONN_CROWDED, w->now_ms + CROWDED_MS);
	word_store(&w->area->wish.is_waiting, 1);
}

void
park_uncrowd(struct worker *w)
{
	if (!park_has_grants(w))
		return;
	w->grants = word_load_acquire(&w->txn.snap->reader->grants);
	wake_all(w, CONN_CROWDED);
	if (w->parked[CONN_CROWDED].first == NULL)
		word_store(&w->area->wish.is_waiting, 0);
}

struct conn *
park_asker(struct worker *w, uint64_t ticket)
{
	struct conn *c;

	for (c = w->parked[CONN_ASKING].first; c != NULL; c = c->park.next)
		if (c->park.ticket == ticket)
			return c;
	return NULL;
}

/* --- WATCH ------------------------------------------------------------- */

void
park_watch(struct conn *c, const struct key *k)
{
	struct worker *w = c->worker;
	struct conn_watch *x;
	int looks = 0;

	/* One watched long ago may be there twice: that does no harm. */
	for (x = c->watch; x != NULL && looks++ < WATCH_LOOKS; x = x->next)
		if (x->hash == k->hash && x->db == k->db &&
		    slice_equal(k->name, (struct slice){ x->name,
		    x->name_bytes }))
			return;
	x = malloc(sizeof(*x) + k->name.bytes);
	must(x != NULL, "there is private memory for a watched key");
	x->hash = k->hash;
	x->db = k->db;
	x->swaps = w->state.swaps;
	x->slot = (uint16_t)(k->slot - REGION->common.slot);
	x->name_bytes = k->name.bytes;
	memcpy(x->name, k->name.data, k->name.bytes);
	wait_count(w, &k->slot->watching, &w->watchers[x->slot], 1);
	x->version = word_load(region_watch(k->hash));
	if (c->watch == NULL)
		stat_add(w->stats, watching, 1);
	x->next = c->watch;
	c->watch = x;
}

void
park_unwatch(struct conn *c)
{
	struct worker *w = c->worker;
	struct conn_watch *x;

	if (c->watch != NULL)
		stat_add(w->stats, watching, -1);
	while ((x = c->watch) != NULL) {
		c->watch = x->next;
		wait_count(w, &REGION->common.slot[x->slot].watching,
		    &w->watchers[x->slot], -1);
		free(x);
	}
}
