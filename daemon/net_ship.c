#include "daemon/net_ship.h"

#include "daemon/doorbell.h"
#include "daemon/net_park.h"
#include "daemon/net_place.h"
#include "daemon/net_say.h"
#include "daemon/net_target.h"
#include "shm/dump.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define OWES_MAX 1024        /* answers that the target may owe */
#define OUT_MAX (1u << 20)   /* bytes on their way */
#define TEXT_BYTES (64u << 10)
#define NEAR_BYTES (16u << 10)
#define SCAN_KEYS 16         /* with a slot locked */
#define DROP_KEYS 64         /* of a turn */
#define SENT_KEYS 4096       /* a power of two */

struct ship {
	struct worker *worker;
	struct target *target;
	struct ship_order order;
	char host[SHIP_HOST], port[8];
	bool is_greeted, is_broken;
	int owes;
	int reader;              /* its row in the log */
	uint64_t at;             /* the log has been sent up to there */
	char *text;              /* of the log from there on */
	size_t used, room;
	struct slice *argv;
	int args;
	unsigned slot;           /* the walk; SLOT_COUNT: it is over */
	uint64_t cursor;
	/* hashes of keys sent since the log was last read; 0: free */
	uint64_t sent[SENT_KEYS];
	int sents;
};

/* --- reports ------------------------------------------------------------ */

static void
report(struct worker *w, enum ship_phase phase)
{
	struct ship_report *r = &w->area->ship;

	if (word_load(&r->phase) == phase)
		return;
	word_store_release(&r->phase, phase);
	doorbell_ring(w->birth->bell[PROC_CONTROL]);
}

static void
moved(struct ship *s)
{
	struct ship_report *r = &s->worker->area->ship;

	word_store(&r->moved, r->moved + 1);
}

static void break_off(struct ship *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
break_off(struct ship *s, const char *format, ...)
{
	struct ship_report *r = &s->worker->area->ship;
	va_list args;

	if (s->is_broken)
		return;
	s->is_broken = true;
	va_start(args, format);
	vsnprintf(r->why, sizeof(r->why), format, args);
	va_end(args);
	report(s->worker, SHIP_BROKEN);
}

/* --- the target --------------------------------------------------------- */

static struct reply *
out_of(const struct ship *s)
{
	return &s->target->conn->out;
}

static void
greet(struct ship *s)
{
	const struct options *o = &s->worker->state.options;
	const struct bus_id *me = &place_map(s->worker)->node[MAP_SELF].id;
	struct reply *r = out_of(s);
	char pass[SHIP_PASS + 1];

	snprintf(pass, sizeof(pass), "%016llx",
	    (unsigned long long)s->order.pass);
	if (o->masterauth[0] != 0) {
		reply_array(r, o->masteruser[0] != 0 ? 3 : 2);
		reply_text(r, "AUTH");
		if (o->masteruser[0] != 0)
			reply_text(r, o->masteruser);
		reply_text(r, o->masterauth);
		s->owes++;
	}
	reply_array(r, 5);
	reply_text(r, "CLUSTER");
	reply_text(r, "SYNCSLOTS");
	reply_text(r, pass);
	reply_bulk(r, (struct slice){ me->text, BUS_ID });
	reply_text(r, s->order.peer);
	s->owes++;
	s->is_greeted = true;
	conn_mark(s->target->conn);
}

static void
connected(void *arg)
{
	greet(arg);
}

static void
heard(void *arg, struct slice line)
{
	struct ship *s = arg;

	moved(s);
	if (line.bytes > 0 && line.data[0] == '-')
		break_off(s, "the target says: %.*s", (int)(line.bytes < 80 ?
		    line.bytes - 1 : 79), line.data + 1);
	s->owes--;
}

static void
ended(void *arg, enum target_end how)
{
	struct ship *s = arg;

	(void)how;
	s->target = NULL;
	break_off(s, "the connection to the target broke");
}

static const struct target_user user = {
	.connected = connected, .heard = heard, .ended = ended
};

/* --- keys, with their slot locked --------------------------------------- */

static void
put_key(struct ship *s, struct slice name, const struct value *v)
{
	struct reply *r = out_of(s);
	struct slice payload;

	if (v == NULL) {
		reply_array(r, 2);
		reply_text(r, "DEL");
		reply_bulk(r, name);
		s->owes++;
		return;
	}
	payload = dump_payload(&s->worker->txn, v,
	    (int)s->worker->state.options.rdb_version);
	reply_array(r, 6);
	reply_text(r, "RESTORE-ASKING");
	reply_bulk(r, name);
	reply_bulk_int(r, v->kind & VALUE_EXPIRES ? value_expires(v) : 0);
	reply_bulk(r, payload);
	reply_text(r, "REPLACE");
	reply_text(r, "ABSTTL");
	s->owes++;
}

/*
 * Runs act with a slot locked; false: it could not be done now, or the move is
 * broken off.
 */
static bool
visit(struct worker *w, unsigned number,
    void (*act)(struct worker *w, struct slot *slot, void *arg), void *arg,
    const char **why)
{
	struct txn *t = &w->txn;
	struct slot *slots = REGION->common.slot;
	uint16_t one = (uint16_t)number;

	*why = NULL;
	if (setjmp(t->bail) != 0) {
		park_take_back(w);
		if (t->why != snap_wait)
			*why = t->why;
		return false;
	}
	slot_enter(t, slots, &one, 1);
	txn_begin(t);
	t->snap_now = t->snap_serial;
	act(w, &slots[number], arg);
	txn_decide(t);
	say_commit(w);
	slot_leave(t, slots);
	txn_settle(t);
	park_tell(w);
	return true;
}

struct collected {
	struct value *v[1024];
	int count;
};

static void
collect(void *arg, void *block)
{
	struct collected *c = arg;

	if (c->count < (int)COUNT(c->v))
		c->v[c->count++] = block;
}

static void
send_some(struct worker *w, struct slot *slot, void *arg)
{
	struct ship *s = arg;
	struct collected c = { .count = 0 };
	uint64_t cursor = s->cursor;
	int i;

	do
		cursor = dict_scan(&slot->keys, &value_dict, cursor, collect,
		    &c);
	while (cursor != 0 && c.count < SCAN_KEYS);
	must(c.count < (int)COUNT(c.v), "a bucket has few keys");
	for (i = 0; i < c.count; i++)
		if (value_expires(c.v[i]) < 0 ||
		    value_expires(c.v[i]) > w->now_ms)
			put_key(s, value_key(c.v[i]), c.v[i]);
	s->cursor = cursor;
}

struct named {
	struct ship *ship;
	struct key key;
};

static void
send_named(struct worker *w, struct slot *slot, void *arg)
{
	struct named *n = arg;

	(void)slot;
	put_key(n->ship, n->key.name, slot_peek(&w->txn, &n->key));
}

/* --- the walk ----------------------------------------------------------- */

static void
walk(struct ship *s)
{
	const char *why;

	while (s->slot < SLOT_COUNT && (!ship_has(&s->order, s->slot) ||
	    word_load(&REGION->common.slot[s->slot].keys.count) == 0))
		s->slot++;
	if (s->slot == SLOT_COUNT)
		return;
	if (!visit(s->worker, s->slot, send_some, s, &why)) {
		if (why != NULL)
			break_off(s, "%s", why);
		return;
	}
	FAULT(SHIP_SENDS);
	if (s->cursor == 0)
		s->slot++;
}

/* --- the log ------------------------------------------------------------ */

/* Whether it was sent since the log was read; else it is noted. */
static bool
was_sent(struct ship *s, uint64_t hash)
{
	uint64_t i = hash % SENT_KEYS;

	hash += hash == 0;
	for (; s->sent[i] != 0; i = (i + 1) % SENT_KEYS)
		if (s->sent[i] == hash)
			return true;
	if (s->sents < SENT_KEYS / 2) {
		s->sent[i] = hash;
		s->sents++;
	}
	return false;
}

static bool
send_key(struct ship *s, struct slice name)
{
	struct worker *w = s->worker;
	struct named n = { .ship = s };
	const char *why;

	if (!ship_has(&s->order, keyslot_of(name)))
		return true;
	n.key = slot_key(REGION->common.slot, w->state.db[0], name);
	if (was_sent(s, n.key.hash))
		return true;
	if (visit(w, keyslot_of(name), send_named, &n, &why))
		return true;
	/* Once more, with the whole record. */
	memset(s->sent, 0, sizeof(s->sent));
	s->sents = 0;
	if (why != NULL)
		break_off(s, "%s", why);
	return false;
}

/* One record; false: it has to be looked at again. */
static bool
read_record(struct ship *s, const struct slice *argv, int argc)
{
	bool is_container;
	const struct command *c = command_find(argv, argc, &is_container);
	int *at, count, i;

	if (c == NULL || c->id == CMD_PING || c->id == CMD_SELECT)
		return true;
	if (c->id == CMD_FLUSHALL || c->id == CMD_FLUSHDB) {
		break_off(s, "the data set was flushed");
		return false;
	}
	at = malloc((size_t)argc * sizeof(*at));
	must(at != NULL, "there is private memory for a record's keys");
	count = command_find_keys(c, argv, argc, at, argc);
	for (i = 0; i < count; i++)
		if (!send_key(s, argv[at[i]]))
			break;
	free(at);
	return i >= count;
}

static bool
has_room(const struct ship *s)
{
	return s->owes < OWES_MAX && out_of(s)->used < OUT_MAX;
}

/* What is whole of the bytes that were read. */
static void
parse(struct ship *s)
{
	static const struct resp_limits limits = { .bulk_max = INT64_MAX };
	size_t done = 0;

	/* A record may name many keys, and long ones. */
	while (done < s->used && !s->is_broken && has_room(s)) {
		struct resp resp = { 0 };
		int argc = 0;
		enum resp_result got = resp_read(&resp, &limits,
		    s->text + done, s->used - done, s->argv, s->args, &argc);

		if (got == RESP_ROOM) {
			s->args *= 2;
			s->argv = realloc(s->argv, (size_t)s->args *
			    sizeof(*s->argv));
			must(s->argv != NULL, "there is private memory for "
			    "arguments");
			continue;
		}
		if (got == RESP_ERROR)
			break_off(s, "the log can not be read");
		if (got == RESP_MORE || got == RESP_ERROR)
			break;
		if (got == RESP_REQUEST && !read_record(s, s->argv, argc))
			break;
		done += resp.used;
	}
	if (done > 0)
		moved(s);
	memmove(s->text, s->text + done, s->used - done);
	s->used -= done;
	s->at += done;
}

static void
read_log(struct ship *s)
{
	struct log *log = &REGION->common.log;
	int64_t n;

	if (word_load_acquire(&log->end) > s->at + s->used) {
		if (s->used == s->room) {
			s->room *= 2;
			s->text = realloc(s->text, s->room);
			must(s->text != NULL,
			    "there is private memory for a record");
		}
		n = log_read(log, s->at + s->used, s->text + s->used,
		    s->room - s->used);
		if (n < 0) {
			break_off(s, "the log does not reach back so far any "
			    "more");
			return;
		}
		s->used += (size_t)n;
		memset(s->sent, 0, sizeof(s->sent));
		s->sents = 0;
	}
	if (s->used > 0)
		parse(s);
	log_reader_move(log, s->reader, s->at);
}

/* --- turns -------------------------------------------------------------- */

static void
end(struct worker *w)
{
	struct ship *s = w->ship;

	if (s->target != NULL)
		target_drop(w, s->target);
	if (s->reader >= 0)
		log_reader_close(&REGION->common.log, s->reader);
	free(s->text);
	free(s->argv);
	free(s);
	w->ship = NULL;
}

static void
begin(struct worker *w)
{
	const struct ship_order *o = &w->state.ship;
	struct ship_report *r = &w->area->ship;
	struct ship *s = calloc(1, sizeof(*s));

	must(s != NULL, "there is private memory for a move");
	w->ship = s;
	s->worker = w;
	s->order = *o;
	s->room = TEXT_BYTES;
	s->args = 64;
	s->text = malloc(s->room);
	s->argv = calloc((size_t)s->args, sizeof(*s->argv));
	must(s->text != NULL && s->argv != NULL,
	    "there is private memory for a move");
	snprintf(s->host, sizeof(s->host), "%s", o->host);
	snprintf(s->port, sizeof(s->port), "%u", o->port);
	word_store(&r->token, 0);
	word_store_release(&r->phase, SHIP_COPIES);
	word_store(&r->moved, 0);
	word_store(&r->until, 0);
	/* Whoever sees it sees nothing of an earlier move. */
	word_store_release(&r->token, o->token);
	s->at = word_load_acquire(&REGION->common.log.end);
	s->reader = log_reader_open(&REGION->common.log, w->birth->name,
	    s->at);
	if (s->reader < 0) {
		break_off(s, "too many readers of the log");
		return;
	}
	s->target = target_take(w, s->host, s->port, true, &user, s);
	if (s->target == NULL)
		break_off(s, "the target can not be connected to");
}

static void
send_more(struct ship *s)
{
	struct log *log = &REGION->common.log;
	struct ship_report *r = &s->worker->area->ship;
	const struct ship_order *o = &s->worker->state.ship;
	uint64_t end;
	int parts = 64;

	if (has_room(s))
		read_log(s);
	while (parts-- > 0 && s->slot < SLOT_COUNT && !s->is_broken &&
	    s->target != NULL && has_room(s))
		walk(s);
	if (s->is_broken)
		return;
	conn_mark(s->target->conn);
	end = word_load_acquire(&log->end);
	if (s->slot < SLOT_COUNT || end - s->at > NEAR_BYTES) {
		report(s->worker, SHIP_COPIES);
	} else if (o->drains && s->at >= o->until && s->owes == 0) {
		word_store(&r->until, o->until);
		report(s->worker, SHIP_DRAINED);
	} else if (s->owes < OWES_MAX / 2) {
		report(s->worker, SHIP_NEAR);
	}
}

/* --- deleting ----------------------------------------------------------- */

static void
drop_some(struct worker *w, struct slot *slot, void *arg)
{
	struct collected c = { .count = 0 };
	uint64_t cursor = 0;
	int i;

	(void)arg;
	do
		cursor = dict_scan(&slot->keys, &value_dict, cursor, collect,
		    &c);
	while (cursor != 0 && c.count < DROP_KEYS);
	for (i = 0; i < c.count; i++) {
		struct key k = { value_key(c.v[i]), value_dict.hash(c.v[i]),
			slot, value_db(c.v[i]) };

		txn_log2(&w->txn, k.db, SLICE("DEL"), k.name);
		slot_remove(&w->txn, &k, c.v[i]);
	}
}

/* Those of this worker; whether there was something to do. */
static bool
drop(struct worker *w)
{
	uint32_t workers = REGION->head.workers, i;
	const char *why;
	int slots = 16;

	for (i = (uint32_t)w->birth->index; i < SLOT_COUNT && slots > 0;
	    i += workers)
		if (ship_has(&w->state.ship, i) &&
		    !state_owns(&w->state, i) &&
		    word_load(&REGION->common.slot[i].keys.count) > 0) {
			(void)visit(w, i, drop_some, NULL, &why);
			slots--;
		}
	return slots < 16;
}

int64_t
ship_turn(struct worker *w)
{
	const struct ship_order *o = &w->state.ship;
	bool is_ours = o->token != 0 && o->worker == w->birth->index;

	if (unlikely(w->ship != NULL) &&
	    (!is_ours || w->ship->order.token != o->token))
		end(w);
	if (unlikely(o->drops) && w->state.role == STATE_PRIMARY &&
	    w->stops == 0 && !park_is_crowded(w) && drop(w))
		return w->now_ms + 1;
	if (likely(!is_ours))
		return 0;
	if (w->ship == NULL)
		begin(w);
	if (w->ship->target != NULL && w->ship->is_broken) {
		target_drop(w, w->ship->target);
		w->ship->target = NULL;
	}
	if (w->ship->target != NULL && w->ship->is_greeted)
		send_more(w->ship);
	return w->now_ms + 1;
}

/* --- what is shown ------------------------------------------------------- */

static bool
is_replica(const struct worker *w)
{
	return w->state.role == STATE_REPLICA &&
	    w->state.options.cluster_enabled;
}

/* Its primary has keys of it that are not its own, not yet or no more. */
static bool
is_others(const struct map *m, unsigned slot)
{
	uint16_t owner = m->owner[slot], primary = m->node[MAP_SELF].primary;

	return owner != MAP_NOBODY && owner != MAP_SELF &&
	    primary != MAP_NOBODY && owner != primary;
}

bool
ship_hides(struct worker *w, unsigned slot)
{
	const struct ship_order *o = &w->state.ship;

	if (unlikely(is_replica(w)))
		return is_others(place_map(w), slot);
	return unlikely(o->takes || o->drops) && ship_has(o, slot) &&
	    !state_owns(&w->state, slot);
}

int64_t
ship_hidden(struct worker *w)
{
	const struct map *m = is_replica(w) ? place_map(w) : NULL;
	int64_t keys = 0;
	unsigned slot;

	if (likely(!w->state.ship.takes && !w->state.ship.drops && m == NULL))
		return 0;
	/* Of all slots, one map will do. */
	for (slot = 0; slot < SLOT_COUNT; slot++)
		if (m != NULL ? is_others(m, slot) : ship_hides(w, slot))
			keys += (int64_t)word_load(
			    &REGION->common.slot[slot].keys.count);
	return keys;
}

/* --- the gate ----------------------------------------------------------- */

/* What names no keys may change any. */
static bool
is_stopped(const struct ship_order *o, const struct command *command,
    const struct slice *argv, int argc, struct txn *t)
{
	int *at, count, i;

	if (!(command->flags & COMMAND_WRITE))
		return false;
	at = txn_scratch(t, (size_t)argc * sizeof(*at));
	count = command_find_keys(command, argv, argc, at, argc);
	for (i = 0; i < count; i++)
		if (o->stops && ship_has(o, keyslot_of(argv[at[i]])))
			return true;
	return count == 0;
}

bool
ship_stops(struct worker *w, const struct request *q)
{
	const struct ship_order *o = &w->state.ship;
	const struct conn_queued *x;
	bool stops = false;

	if (q->command->id == CMD_EXEC)
		for (x = q->conn->multi.first; x != NULL && !stops;
		    x = x->next)
			stops = is_stopped(o, x->command, x->argv, x->argc,
			    &w->txn);
	else
		stops = is_stopped(o, q->command, q->argv, q->argc, &w->txn);
	txn_rest(&w->txn);
	return stops;
}
