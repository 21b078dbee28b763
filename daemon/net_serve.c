#include "daemon/net_serve.h"

#include <stdlib.h>

#define HELD_MS 1 /* between two tries to write where writes are stopped */

#include "daemon/clock.h"
#include "daemon/net_ask.h"
#include "daemon/net_commit.h"
#include "daemon/net_event.h"
#include "daemon/net_feed.h"
#include "daemon/net_gate.h"
#include "daemon/net_park.h"
#include "daemon/net_pause.h"
#include "daemon/net_place.h"
#include "daemon/net_say.h"
#include "daemon/net_watch.h"

/* --- locks ------------------------------------------------------------- */

/* Slots chosen so far: one bit each, and how many for the short way. */
struct choice {
	uint64_t bits[SLOT_COUNT / 64];
	bool is_any;
};

static void
choose(struct choice *ch, uint16_t slot)
{
	ch->bits[slot / 64] |= 1ull << slot % 64;
	ch->is_any = true;
}

static int
list_chosen(const struct choice *ch, uint16_t *slots)
{
	int i, count = 0;

	for (i = 0; i < SLOT_COUNT / 64; i++) {
		uint64_t bits = ch->bits[i];

		for (; bits != 0; bits &= bits - 1)
			slots[count++] = (uint16_t)(i * 64 +
			    __builtin_ctzll(bits));
	}
	return count;
}

static int
list_all(uint16_t *slots)
{
	int i;

	for (i = 0; i < SLOT_COUNT; i++)
		slots[i] = (uint16_t)i;
	return SLOT_COUNT;
}

/*
 * Chooses the slots of a command's keys.  Arguments that make no sense choose
 * none: the command itself will say what is wrong.
 */
static void
choose_keys(struct txn *t, struct choice *ch, const struct command *command,
    const struct slice *argv, int argc)
{
	int *at = txn_scratch(t, (size_t)argc * sizeof(*at));
	int count = command_find_keys(command, argv, argc, at, argc), i;

	for (i = 0; i < count; i++)
		choose(ch, keyslot_of(argv[at[i]]));
}

/* The slots of one request, ascending, into w->slots; how many. */
static int
find_slots(struct worker *w, const struct request *q)
{
	struct choice *ch;

	if (unlikely(q->command->place == EVERY) &&
	    command_needs_every(q->command, q->argv, q->argc))
		return list_all(w->slots);
	ch = txn_scratch(&w->txn, sizeof(*ch));
	memset(ch, 0, sizeof(*ch));
	choose_keys(&w->txn, ch, q->command, q->argv, q->argc);
	return list_chosen(ch, w->slots);
}

static inline void
enter(struct worker *w, const struct request *q)
{
	const struct command_keys *k = &q->command->keys;

	if (likely(q->has_hash && k->last == k->first))
		slot_enter_next(&w->txn, REGION->common.slot,
		    (uint16_t)(q->slot - REGION->common.slot));
	else
		slot_enter(&w->txn, REGION->common.slot, w->slots,
		    find_slots(w, q));
}

/* --- one command ------------------------------------------------------- */

static void
log_request(struct call *c, const struct request *q)
{
	if (c->is_logged || !c->is_changed)
		return;
	if (q != NULL && !q->is_inline)
		txn_log_text(c->txn, c->db,
		    (struct slice){ q->raw, q->raw_bytes });
	else
		txn_log(c->txn, c->db, c->argc, c->argv);
}

/*
 * Runs c under locks and a transaction that are there (or are not needed); q
 * is NULL for a queued command.
 */
static void
run(struct call *c, const struct request *q)
{
	struct txn *t = c->txn;
	uint64_t errors = c->reply->errors, hits = t->hits,
	    misses = t->misses;
	struct stats *s = c->worker->stats;
	size_t mark = c->reply->used;

	c->is_changed = c->is_logged = false;
	t->snap_now = c->command->flags & COMMAND_READ ? 0 : t->snap_serial;
	if (unlikely(t->events != 0))
		event_begin(c);
	call_table[c->command->id](c);
	log_request(c, q);
	if (unlikely(t->events != 0))
		event_end(c);
	if (c->command->flags & COMMAND_READ) {
		stat_add(s, hits, t->hits - hits);
		stat_add(s, misses, t->misses - misses);
	}
	if (unlikely(c->reply->errors != errors))
		watch_error(c, mark);
	if (unlikely(c->worker->any_monitor))
		watch_monitor(c);
	watch_took(c, mark);
}

void
serve_begin(struct worker *w, struct request *q)
{
	struct call *c = &w->call;

	c->txn = &w->txn;
	c->reply = &q->conn->out;
	c->command = q->command;
	c->argv = q->argv;
	c->argc = q->argc;
	c->db = w->state.db[q->conn->db];
	c->may_block = true;
	c->letter = NULL;
	c->hash = q->hash;
	c->slot = q->slot;
	/* A SELECT before it in the batch makes the hash another. */
	c->has_hash = q->has_hash && q->db == c->db;
	c->conn = q->conn;
	c->worker = w;
	w->txn.leaves_lru = q->conn->is_no_touch;
}

/* A request that was blocked has been served, unless it blocked again. */
static void
waits_no_more(struct conn *c)
{
	if (unlikely(c->park.ticket != 0) && c->park.why == CONN_SERVES)
		park_end(c);
}

static void
commit(struct worker *w)
{
	bool writes = w->txn.record.count > 0;

	txn_decide(&w->txn);
	say_commit(w);
	if (writes)
		w->call.conn->written = w->txn.log_end;
	slot_leave(&w->txn, REGION->common.slot);
	txn_settle(&w->txn);
}

static void
leave(struct worker *w)
{
	if (txn_is_empty(&w->txn)) {
		say_commit(w);
		slot_leave(&w->txn, REGION->common.slot);
		txn_rest(&w->txn);
	} else {
		commit(w);
	}
	/* Nobody may leave a key to one that has been served. */
	waits_no_more(w->call.conn);
	park_tell(w);
}

/*
 * Whether writes are stopped in a slot that was entered: it is left, and who
 * wants to write comes back.
 */
static bool
is_held(struct worker *w, bool writes)
{
	if (!writes || w->call.conn->duty != NULL ||
	    !hold_stops(w->txn.holder, w->now_ms))
		return false;
	slot_leave(&w->txn, REGION->common.slot);
	txn_rest(&w->txn);
	park_stop(w->call.conn, CONN_PAUSED, w->now_ms + HELD_MS);
	return true;
}

static bool
lacks(struct worker *w)
{
	struct call *c = &w->call;

	if (!place_lacks(c))
		return false;
	if (c->conn->park.why == CONN_SERVES)
		watch_error(c, w->reply_mark);
	return true;
}

static void
serve_in_slots(struct worker *w, const struct request *q)
{
	enter(w, q);
	if (region_is_held() &&
	    is_held(w, (q->command->flags & COMMAND_WRITE) != 0))
		return;
	txn_begin(&w->txn);
	/* A stream or a file is carried out here, wherever keys are to be. */
	if (likely(!w->state.is_moving) || w->call.conn->duty != NULL ||
	    !lacks(w))
		run(&w->call, q);
	leave(w);
}

/*
 * Whether what is to be queued would be sent elsewhere now: then the whole
 * transaction is.
 */
static bool
is_not_queued(struct worker *w, const struct request *q)
{
	bool is_lacking;

	if (likely(!w->state.is_moving) || q->command->place != SLOT)
		return false;
	enter(w, q);
	txn_begin(&w->txn);
	is_lacking = lacks(w);
	leave(w);
	if (is_lacking && q->conn->park.why == CONN_SERVES)
		q->conn->multi.is_broken = true;
	return is_lacking;
}

/* A value has to stay as it is until a snapshot has it. */
static void
run_again(struct worker *w)
{
	struct conn *c = w->call.conn;

	reply_cut(w->call.reply, w->reply_mark);
	if (c->multi.is_open)
		c->db = c->multi.db;
	if (c->duty != NULL)
		c->duty->aborted(c);
	park_crowd(c);
}

void
serve_aborted(struct worker *w)
{
	struct call *c = &w->call;

	park_take_back(w);
	if (w->txn.why == snap_wait) {
		run_again(w);
		return;
	}
	park_end(c->conn);
	reply_cut(c->reply, w->reply_mark);
	if (unlikely(c->conn->duty != NULL)) {
		c->conn->duty->aborted(c->conn);
		return;
	}
	reply_error(c->reply, w->txn.why);
	gate_refused(w, &w->batch.request[w->batch.at]);
	watch_error(c, w->reply_mark);
}

/* --- MULTI ------------------------------------------------------------- */

bool
serve_keep(const struct request *q)
{
	struct conn *c = q->conn;
	size_t bytes = sizeof(struct conn_queued) +
	    (size_t)q->argc * sizeof(struct slice);
	struct conn_queued *x;
	char *text;
	int i;

	for (i = 0; i < q->argc; i++)
		bytes += q->argv[i].bytes;
	x = malloc(bytes);
	if (x == NULL) {
		reply_error(&c->out, error_text[ERROR_HEAP_FULL]);
		c->multi.is_broken = true;
		return false;
	}
	x->next = NULL;
	x->command = q->command;
	x->argc = q->argc;
	text = (char *)&x->argv[q->argc];
	for (i = 0; i < q->argc; i++) {
		memcpy(text, q->argv[i].data, q->argv[i].bytes);
		x->argv[i] = (struct slice){ text, q->argv[i].bytes };
		text += q->argv[i].bytes;
	}
	*c->multi.last = x;
	c->multi.last = &x->next;
	c->multi.count++;
	c->multi.bytes += bytes;
	c->multi.changes |= !!(q->command->flags & COMMAND_WRITE);
	c->multi.writes |= !!(q->command->flags &
	    (COMMAND_WRITE | COMMAND_MAY_REPLICATE));
	c->multi.needs_data |= !(q->command->flags & COMMAND_LOADING);
	c->multi.needs_link |= !(q->command->flags & COMMAND_STALE);
	c->multi.publishes |= gate_is_publish(q->command);
	reply_simple(&c->out, "QUEUED");
	return true;
}

static void
queue(struct worker *w, const struct request *q)
{
	struct conn *c = q->conn;
	const char *why;

	/* It will not be executed, whatever it asks for. */
	if (c->multi.is_broken) {
		reply_simple(&c->out, "QUEUED");
		return;
	}
	why = ask_refuses(c, q);
	if (unlikely(why != NULL)) {
		reply_errorf(&c->out, why, q->command->name);
		watch_error(&w->call, w->reply_mark);
		c->multi.is_broken = true;
		return;
	}
	serve_keep(q);
	if (c->multi.bytes <=
	    (size_t)w->state.options.client_query_buffer_limit)
		return;
	conn_limit_query(c);
}

/* Whether a key that is watched has changed; its slot is locked. */
static bool
has_changed(struct call *c)
{
	const struct conn_watch *x;

	for (x = c->conn->watch; x != NULL; x = x->next) {
		struct key k = { { x->name, x->name_bytes }, x->hash,
		    &REGION->common.slot[x->slot], x->db };

		/* An expired key goes now, which changes its version. */
		slot_peek(c->txn, &k);
		if (word_load(region_watch(x->hash)) != x->version ||
		    c->worker->state.swapped[x->db] > x->swaps)
			return true;
	}
	return false;
}

static int
find_queue_slots(struct call *c)
{
	struct choice *ch = txn_scratch(c->txn, sizeof(*ch));
	const struct conn_queued *q;
	const struct conn_watch *x;

	memset(ch, 0, sizeof(*ch));
	for (q = c->conn->multi.first; q != NULL; q = q->next) {
		if (q->command->place == WALK ||
		    command_needs_every(q->command, q->argv, q->argc))
			return list_all(c->worker->slots);
		if (q->command->place == SLOT || q->command->place == EVERY)
			choose_keys(c->txn, ch, q->command, q->argv, q->argc);
	}
	for (x = c->conn->watch; x != NULL; x = x->next)
		choose(ch, x->slot);
	return list_chosen(ch, c->worker->slots);
}

static bool
are_questions(const struct conn *conn)
{
	const struct conn_queued *q;

	for (q = conn->multi.first; q != NULL; q = q->next)
		if (!ask_is_question(q->command))
			return false;
	return conn->multi.count > 0;
}

/* All of them go to control in one letter. */
static void
ask_queue(struct call *c)
{
	struct ask_letter letter = { .argc = 0 };
	const struct conn_queued *q;
	struct call inner = *c;
	size_t mark = c->reply->used;

	inner.letter = &letter;
	for (q = c->conn->multi.first; q != NULL; q = q->next) {
		inner.command = q->command;
		inner.argv = q->argv;
		inner.argc = q->argc;
		call_table[q->command->id](&inner);
		ask_add_reply(&inner, mark);
	}
	ask_control_together(c, &letter);
}

/*
 * Runs what was queued; what is asked last leaves a hole in the reply, which
 * begins at mark.
 */
static void
run_queue(struct call *c, size_t mark, struct ask_rest *rest)
{
	const struct conn_queued *q;
	struct call inner = *c;

	reply_array(c->reply, c->conn->multi.count);
	inner.may_block = false;
	inner.has_hash = false;
	for (q = c->conn->multi.first; q != NULL; q = q->next) {
		inner.command = q->command;
		inner.argv = q->argv;
		inner.argc = q->argc;
		inner.db = c->worker->state.db[c->conn->db];
		if (unlikely(q->command->place == CTL) && ask_is_last(&inner))
			rest->hole[rest->holes++] = c->reply->used - mark;
		else if (unlikely(q->command->place == CTL))
			ask_refuse(&inner);
		else
			run(&inner, NULL);
	}
}

void
serve_queue(struct call *c)
{
	struct worker *w = c->worker;
	struct conn *conn = c->conn;
	struct ask_rest rest = { .marked = conn->marked };
	size_t mark = c->reply->used;

	conn->multi.db = conn->db;
	slot_enter(c->txn, REGION->common.slot, w->slots, find_queue_slots(c));
	if (region_is_held() && is_held(w, conn->multi.changes))
		return;
	txn_begin(c->txn);
	if (unlikely(w->state.is_moving) && conn->duty == NULL &&
	    place_lacks(c)) {
		leave(w);
		return;
	}
	if (has_changed(c)) {
		reply_null_array(c->reply);
		leave(w);
		return;
	}
	if (are_questions(conn)) {
		ask_queue(c);
		leave(w);
		return;
	}
	run_queue(c, mark, &rest);
	leave(w);
	if (unlikely(rest.holes > 0))
		ask_last(c, mark, &rest);
}

/* --- the way of a request ---------------------------------------------- */

void
serve_run(struct worker *w, struct request *q)
{
	switch (q->command->place) {
	case SLOT:
	case EVERY:
		serve_in_slots(w, q);
		break;
	case LOG:
		txn_begin(&w->txn);
		run(&w->call, q);
		leave(w);
		break;
	case CTL:
		ask_control(&w->call);
		break;
	default:
		run(&w->call, q);
		txn_rest(&w->txn);
		break;
	}
}

void
serve_request(struct worker *w, struct request *q)
{
	struct conn *c = q->conn;
	bool is_replica = c->is_replica;

	w->reply_mark = q->reply_at = c->out.used;
	if (unlikely(c->duty != NULL)) {
		c->duty->serve(w, q);
		return;
	}
	c->used_ms = w->now_ms;
	c->last_command = q->command != NULL ? q->command->id : CMD_COUNT;
	if (unlikely(q->error != NULL)) {
		reply_errorf(&c->out, "ERR Protocol error: %s", q->error);
		conn_finish(c);
		return;
	}
	serve_begin(w, q);
	switch (gate_judge(w, q)) {
	case GATE_SERVE:
		w->commands++;
		serve_run(w, q);
		break;
	case GATE_QUEUE:
		if (likely(!is_not_queued(w, q)))
			queue(w, q);
		break;
	case GATE_PAUSE:
		park_stop(c, CONN_PAUSED, pause_deadline(w));
		return;
	case GATE_CROWDED:
		park_crowd(c);
		return;
	case GATE_STOPPED:
	case GATE_UNHEARD:
		park_stop(c, CONN_PAUSED, w->now_ms + 1);
		return;
	case GATE_LATE:
		park_stop(c, CONN_PAUSED, w->now_ms + GATE_LATE_MS);
		return;
	case GATE_REFUSE:
		watch_error(&w->call, w->reply_mark);
		break;
	}
	waits_no_more(c);
	if (unlikely(c->is_asking) && !c->multi.is_open &&
	    c->park.why == CONN_SERVES && c->last_command != CMD_ASKING)
		c->is_asking = false;
	if (unlikely(c->reply_mode != CONN_REPLY_ON) &&
	    c->park.why == CONN_SERVES)
		conn_silence(c, w->reply_mark);
	if (unlikely(w->commit.levels != 0))
		commit_served(c, q->command, w->reply_mark);
	if (unlikely(is_replica))
		feed_served(c, w->reply_mark);
}

/* --- calls that visit slots themselves --------------------------------- */

bool
call_visit(struct call *c, int slot)
{
	uint16_t number = (uint16_t)slot;

	if (REGION->common.slot[slot].lock == c->txn->holder)
		return false;
	slot_enter(c->txn, REGION->common.slot, &number, 1);
	txn_begin(c->txn);
	return true;
}

void
call_unvisit(struct call *c, int slot, bool visited)
{
	(void)slot;
	if (visited)
		leave(c->worker);
}

struct key
call_make_key(const struct call *c, int i)
{
	return slot_key(REGION->common.slot, c->db, c->argv[i]);
}
