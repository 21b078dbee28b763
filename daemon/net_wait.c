#include "daemon/net_wait.h"

#include <stdlib.h>

#define ROW(i) ((uint32_t)(i) & (AREA_WAITS - 1))

uint64_t
wait_interest(uint64_t hash, enum value_type type)
{
	uint64_t interest = hash ^ (0x9e3779b97f4a7c15ull * (type + 1));

	return interest != 0 ? interest : 1;
}

static enum value_type
type_of(const struct call *call)
{
	return strcmp(call->command->family, "list") == 0 ? VALUE_LIST :
	    strcmp(call->command->family, "sorted-set") == 0 ? VALUE_ZSET :
	    VALUE_STREAM;
}

/* --- the table that other workers read --------------------------------- */

static uint32_t
take_row(struct worker *w, uint64_t interest, uint64_t ticket)
{
	struct wait *row = w->area->wait;
	uint32_t i = ROW(interest);

	while (row[i].ticket != 0)
		i = ROW(i + 1);
	word_store(&row[i].hash, interest);
	word_store_release(&row[i].ticket, ticket);
	w->waits++;
	return i;
}

/* Used rows before one that never was end nobody's search: they forget it. */
static void
give_row(struct worker *w, uint32_t i)
{
	struct wait *row = w->area->wait;

	word_store_release(&row[i].ticket, 0);
	w->waits--;
	while (row[i].ticket == 0 && row[i].hash != 0 &&
	    row[ROW(i + 1)].hash == 0) {
		word_store_release(&row[i].hash, 0);
		i = ROW(i - 1);
	}
}

static bool
has_between(const struct area *a, uint64_t interest, uint64_t floor,
    uint64_t ticket)
{
	const struct wait *row = a->wait;
	uint32_t i = ROW(interest), n;

	for (n = 0; n < AREA_WAITS; n++, i = ROW(i + 1)) {
		uint64_t theirs = word_load_acquire(&row[i].ticket);
		uint64_t hash = word_load_acquire(&row[i].hash);

		if (theirs == 0 && hash == 0)
			return false;
		/* A row that was used anew meanwhile has another ticket. */
		if (hash == interest && theirs > floor && theirs < ticket &&
		    word_load(&row[i].ticket) == theirs)
			return true;
	}
	return false;
}

bool
wait_elsewhere(const struct worker *w, uint64_t interest, uint64_t floor,
    uint64_t ticket)
{
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		if (&REGION->area[i] != w->area &&
		    has_between(&REGION->area[i], interest, floor, ticket))
			return true;
	return false;
}

/* --- our own ----------------------------------------------------------- */

void
wait_count(struct worker *w, uint64_t *word, uint32_t *count, int more)
{
	*count += (uint32_t)more;
	if (more > 0)
		word_or(word, 1ull << w->birth->index);
	else if (*count == 0)
		word_and(word, ~(1ull << w->birth->index));
}

/* One more or less of ours that waits for a key in a slot. */
static void
count_waiter(struct worker *w, uint16_t slot, int more)
{
	wait_count(w, &REGION->common.slot[slot].waiting, &w->waiters[slot],
	    more);
}

/* Puts k into its chain behind all with older tickets. */
static void
link_key(struct worker *w, struct conn_key *k)
{
	struct conn_key **first = &w->keys[k->hash & (WORKER_KEYS - 1)].first;
	struct conn_key **last = &w->keys[k->hash & (WORKER_KEYS - 1)].last;
	struct conn_key *prev = *last;

	while (prev != NULL && prev->conn->park.ticket > k->conn->park.ticket)
		prev = prev->prev;
	k->prev = prev;
	k->next = prev != NULL ? prev->next : *first;
	*(prev != NULL ? &prev->next : first) = k;
	*(k->next != NULL ? &k->next->prev : last) = k;
}

static void
unlink_key(struct worker *w, struct conn_key *k)
{
	size_t chain = k->hash & (WORKER_KEYS - 1);

	*(k->prev != NULL ? &k->prev->next : &w->keys[chain].first) = k->next;
	*(k->next != NULL ? &k->next->prev : &w->keys[chain].last) = k->prev;
}

bool
wait_begin(struct call *call, int first_key, int keys)
{
	struct conn *c = call->conn;
	struct worker *w = call->worker;
	enum value_type type = type_of(call);
	int i;

	if (w->waits + (uint32_t)keys > AREA_WAITS / 2)
		return false;
	c->park.key = calloc((size_t)keys, sizeof(*c->park.key));
	must(c->park.key != NULL,
	    "there is private memory for a blocked client");
	c->park.keys = keys;
	for (i = 0; i < keys; i++) {
		struct key key = call_key(call, first_key + i);
		struct conn_key *k = &c->park.key[i];

		k->conn = c;
		k->hash = wait_interest(key.hash, type);
		k->slot = (uint16_t)(key.slot - REGION->common.slot);
		k->row = take_row(w, k->hash, c->park.ticket);
		count_waiter(w, k->slot, 1);
		link_key(w, k);
	}
	return true;
}

bool
wait_is_for(struct call *call, int first_key)
{
	const struct conn *c = call->conn;

	return c->park.key[0].hash == wait_interest(
	    call_key(call, first_key).hash, type_of(call));
}

void
wait_end(struct conn *c)
{
	struct worker *w = c->worker;
	int i;

	for (i = 0; i < c->park.keys; i++) {
		struct conn_key *k = &c->park.key[i];

		unlink_key(w, k);
		give_row(w, k->row);
		count_waiter(w, k->slot, -1);
	}
}

void
wait_forget(struct conn *c)
{
	free(c->park.key);
	c->park.key = NULL;
	c->park.keys = 0;
}

struct conn *
wait_oldest(struct worker *w, uint64_t interest, uint64_t floor)
{
	struct conn_key *k = w->keys[interest & (WORKER_KEYS - 1)].first;

	for (; k != NULL; k = k->next)
		if (k->hash == interest && k->conn->park.ticket > floor &&
		    k->conn->park.why == CONN_BLOCKED)
			return k->conn;
	return NULL;
}
