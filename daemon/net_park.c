#include "daemon/net_park.h"

#include "daemon/doorbell.h"
#include "daemon/net_batch.h"

#include <stdlib.h>

/* --- the list of those that wait --------------------------------------- */

void
park_stop(struct conn *c, enum conn_park why, int64_t deadline_ms)
{
	struct worker *w = c->worker;

	must(c->park.why == CONN_SERVES, "a connection waits for one thing");
	c->park.why = why;
	c->park.deadline_ms = deadline_ms;
	c->park.next = NULL;
	c->park.prev = w->parked_last;
	if (w->parked_last != NULL)
		w->parked_last->park.next = c;
	else
		w->parked = c;
	w->parked_last = c;
	if (why == CONN_BLOCKED) {
		stat_add(w->stats, blocked, 1);
		conn_show(c);
		conn_show_use(c);
	}
}

static void
unlink_parked(struct conn *c)
{
	struct worker *w = c->worker;

	if (c->park.why == CONN_SERVES)
		return;
	*(c->park.prev != NULL ? &c->park.prev->park.next : &w->parked) =
	    c->park.next;
	*(c->park.next != NULL ? &c->park.next->park.prev : &w->parked_last) =
	    c->park.prev;
	if (c->park.why == CONN_BLOCKED)
		stat_add(w->stats, blocked, -1);
	c->park.why = CONN_SERVES;
	conn_show(c);
}

/* --- keys that somebody waits for -------------------------------------- */

static struct conn_key **
chain_of(struct worker *w, uint64_t hash)
{
	return &w->keys[hash & (WORKER_KEYS - 1)];
}

static uint32_t
take_row(struct worker *w, uint64_t hash, uint64_t ticket)
{
	struct area *a = w->area;
	uint32_t i = 0;

	while (i < AREA_WAITS && a->wait[i].ticket != 0)
		i++;
	must(i < AREA_WAITS, "there are enough rows for blocked clients");
	a->wait[i].hash = hash;
	word_store_release(&a->wait[i].ticket, ticket);
	if (i >= a->wait_top)
		word_store_release(&a->wait_top, i + 1);
	return i;
}

static void
give_row(struct worker *w, uint32_t row)
{
	struct area *a = w->area;

	word_store_release(&a->wait[row].ticket, 0);
	while (a->wait_top > 0 && a->wait[a->wait_top - 1].ticket == 0)
		word_store_release(&a->wait_top, a->wait_top - 1);
}

static void
count_slot(uint64_t *word, uint16_t *counts, uint16_t slot, int index, int more)
{
	counts[slot] += (uint16_t)more;
	if (more > 0)
		word_or(word, 1ull << index);
	else if (counts[slot] == 0)
		word_and(word, ~(1ull << index));
}

static void
wait_for(struct conn *c, struct conn_key *k, const struct key *key)
{
	struct worker *w = c->worker;
	struct conn_key **at = chain_of(w, key->hash);

	k->conn = c;
	k->hash = key->hash;
	k->slot = (uint16_t)(key->slot - REGION->common.slot);
	k->row = take_row(w, key->hash, c->park.ticket);
	count_slot(&key->slot->waiting, w->waiters, k->slot,
	    w->birth->index, 1);
	/* Chains are in order of tickets: new ones are the youngest. */
	while (*at != NULL)
		at = &(*at)->next;
	k->next = NULL;
	*at = k;
}

static void
wait_no_more(struct conn *c, struct conn_key *k)
{
	struct worker *w = c->worker;
	struct conn_key **at = chain_of(w, k->hash);

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	give_row(w, k->row);
	count_slot(&REGION->common.slot[k->slot].waiting, w->waiters, k->slot,
	    w->birth->index, -1);
}

void
park_end(struct conn *c)
{
	int i;

	unlink_parked(c);
	for (i = 0; i < c->park.keys; i++)
		wait_no_more(c, &c->park.key[i]);
	free(c->park.key);
	c->park.key = NULL;
	c->park.keys = 0;
	c->park.ticket = 0;
}

bool
call_park(struct call *call, int first_key, int keys, int64_t timeout_ms,
    enum call_timeout answer)
{
	struct conn *c = call->conn;
	int i;

	if (!call->may_block)
		return false;
	if (c->park.ticket != 0) {
		/* It ran again and waits on: place, keys and deadline stay. */
		park_stop(c, CONN_BLOCKED, c->park.deadline_ms);
		return true;
	}
	c->park.ticket = word_add(&REGION->common.next_ticket, 1) + 1;
	c->park.answer = answer;
	c->park.key = calloc((size_t)keys, sizeof(*c->park.key));
	must(c->park.key != NULL,
	    "there is private memory for a blocked client");
	for (i = 0; i < keys; i++) {
		struct key k = call_key(call, first_key + i);

		wait_for(c, &c->park.key[i], &k);
		c->park.keys++;
	}
	park_stop(c, CONN_BLOCKED, timeout_ms > 0 ?
	    call->worker->now_ms + timeout_ms : 0);
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

	if (error != NULL)
		reply_error(r, error);
	else if (c->park.answer == CALL_NULL)
		reply_null(r);
	else if (c->park.answer == CALL_NULL_ARRAY)
		reply_null_array(r);
	else
		reply_int(r, 0);
	c->query.at += c->park.skip;
	park_end(c);
	conn_mark(c);
	batch_resume(c);
}

/* Whether another worker has a waiter for hash between the two tickets. */
static bool
others_wait(const struct worker *w, uint64_t hash, uint64_t floor,
    uint64_t ticket)
{
	uint32_t i, j;

	for (i = 0; i < REGION->head.workers; i++) {
		const struct area *a = &REGION->area[i];
		uint32_t top = word_load_acquire(&a->wait_top);

		for (j = 0; a != w->area && j < top; j++) {
			uint64_t theirs = word_load_acquire(&a->wait[j].ticket);

			if (theirs > floor && theirs < ticket &&
			    word_load(&a->wait[j].hash) == hash)
				return true;
		}
	}
	return false;
}

static struct conn *
oldest(struct worker *w, uint64_t hash, uint64_t floor)
{
	struct conn_key *k;

	for (k = *chain_of(w, hash); k != NULL; k = k->next)
		if (k->hash == hash && k->conn->park.ticket > floor &&
		    k->conn->park.why == CONN_BLOCKED)
			return k->conn;
	return NULL;
}

static void
tell(struct worker *w, uint64_t hash, uint64_t floor)
{
	cast_put(&REGION->common.cast, w->birth->name, CAST_TOUCHED, hash,
	    &(struct slice){ (const char *)&floor, sizeof(floor) }, 1);
	park_ring(w);
}

void
park_touched(struct worker *w, uint64_t hash, uint64_t floor)
{
	struct conn *c;

	while ((c = oldest(w, hash, floor)) != NULL) {
		uint64_t ticket = c->park.ticket;
		uint64_t told = w->cast_told;

		if (others_wait(w, hash, floor, ticket))
			return;
		park_wake(c);
		batch_run(w);
		if (w->cast_told != told)
			/* It changed keys: another broadcast follows. */
			return;
		floor = ticket;
	}
	if (floor > 0 && others_wait(w, hash, floor, UINT64_MAX))
		tell(w, hash, floor);
}

void
park_touched_all(struct worker *w)
{
	uint64_t left = w->stats->v[STAT_blocked];
	struct conn *c;

	/* Those that go on waiting join the end of the list again. */
	for (; left > 0; left--) {
		for (c = w->parked; c != NULL; c = c->park.next)
			if (c->park.why == CONN_BLOCKED)
				break;
		if (c == NULL)
			return;
		park_wake(c);
		batch_run(w);
	}
}

void
park_note(struct txn *t, struct slot *slot, uint64_t hash)
{
	struct worker *w = t->owner;

	if (slot->watching != 0)
		word_add(region_watch(hash), 1);
	if (slot->waiting != 0 && w->touches <= WORKER_TOUCHED) {
		if (w->touches < WORKER_TOUCHED)
			w->touched[w->touches] = hash;
		w->touches++;
	}
}

void
park_tell(struct worker *w)
{
	int i;

	if (likely(w->touches == 0))
		return;
	w->cast_told++;
	if (w->touches > WORKER_TOUCHED)
		cast_put(&REGION->common.cast, w->birth->name, CAST_FLUSHED,
		    STATE_DATABASES, NULL, 0);
	for (i = 0; i < w->touches && w->touches <= WORKER_TOUCHED; i++)
		tell(w, w->touched[i], 0);
	park_ring(w);
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

static bool
is_due(const struct conn *c, int64_t now_ms)
{
	return c->park.deadline_ms != 0 && c->park.deadline_ms <= now_ms;
}

static void
come_due(struct conn *c)
{
	switch (c->park.why) {
	case CONN_BLOCKED:
		park_answer(c, NULL);
		break;
	case CONN_SLEEPS:
		reply_ok(&c->out);
		conn_mark(c);
		park_wake(c);
		break;
	case CONN_PAUSED:
		park_wake(c);
		break;
	default:
		break;
	}
}

int64_t
park_turn(struct worker *w)
{
	int64_t next = 0;
	struct conn *c;

again:
	for (c = w->parked; c != NULL; c = c->park.next)
		if (is_due(c, w->now_ms) && c->park.why != CONN_ASKING) {
			come_due(c);
			goto again;
		}
	for (c = w->parked; c != NULL; c = c->park.next)
		if (c->park.deadline_ms != 0 &&
		    (next == 0 || c->park.deadline_ms < next))
			next = c->park.deadline_ms;
	return next;
}

void
park_unpause(struct worker *w)
{
	struct conn *c;

again:
	for (c = w->parked; c != NULL; c = c->park.next)
		if (c->park.why == CONN_PAUSED) {
			park_wake(c);
			goto again;
		}
}

struct conn *
park_asker(struct worker *w, uint64_t ticket)
{
	struct conn *c;

	for (c = w->parked; c != NULL; c = c->park.next)
		if (c->park.why == CONN_ASKING && c->park.ticket == ticket)
			return c;
	return NULL;
}

/* --- WATCH ------------------------------------------------------------- */

void
park_watch(struct conn *c, const struct key *k)
{
	struct worker *w = c->worker;
	struct conn_watch *x;

	for (x = c->watch; x != NULL; x = x->next)
		if (x->hash == k->hash && x->db == k->db &&
		    slice_equal(k->name, (struct slice){ x->name,
		    x->name_bytes }))
			return;
	x = malloc(sizeof(*x) + k->name.bytes);
	must(x != NULL, "there is private memory for a watched key");
	x->hash = k->hash;
	x->db = k->db;
	x->slot = (uint16_t)(k->slot - REGION->common.slot);
	x->name_bytes = k->name.bytes;
	memcpy(x->name, k->name.data, k->name.bytes);
	count_slot(&k->slot->watching, w->watchers, x->slot, w->birth->index,
	    1);
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
		count_slot(&REGION->common.slot[x->slot].watching, w->watchers,
		    x->slot, w->birth->index, -1);
		free(x);
	}
}
