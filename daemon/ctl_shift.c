#include "daemon/ctl_shift.h"

#include "cluster/ranges.h"
#include "cluster/shift.h"
#include "cluster/shift_refusal.h"
#include "daemon/clock.h"
#include "daemon/ctl_cluster.h"
#include "proto/number.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>

#define MOVED_US 100000

static struct {
	bool is_begun;
	uint64_t entries;          /* the machine's, last acted upon */
	uint64_t version;          /* of what was told then */
	bool is_seen;              /* every worker acts upon it */
	uint32_t birth;            /* of the worker that copies */
	uint64_t moved;            /* its report's, */
	uint64_t pass, pass_of;    /* drawn, for the move with that token */
	int64_t moved_us;          /* when that was told */
} sh;

/* --- what is told ------------------------------------------------------- */

static void
set_slots(uint64_t *to, const uint8_t *slots)
{
	unsigned slot;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		if (bus_has_slot(slots, slot))
			to[slot / 64] |= 1ull << slot % 64;
}

/* Nobody may read them here any more. */
static bool
may_drop(const struct ctl *c, const struct ship_order *o)
{
	unsigned i;

	for (i = 0; i < COUNT(o->slots); i++)
		if (o->slots[i] & c->next.owned[i])
			return false;
	return sh.is_seen || c->next.ship.drops;
}

static int
pick_worker(uint64_t token)
{
	uint32_t workers = REGION->head.workers, i, w;

	for (i = 0; i < workers; i++) {
		w = (uint32_t)((token + i) % workers);
		if (word_load_acquire(&REGION->sup.birth[w]) !=
		    word_load_acquire(&REGION->sup.dead[w]))
			break;
	}
	w = (uint32_t)((token + i) % workers);
	sh.birth = word_load_acquire(&REGION->sup.birth[w]);
	sh.moved = 0;
	return (int)w;
}

static void
set_carrier(const struct ctl *c, const struct view *v, struct ship_order *o)
{
	const struct shift *s = &v->shift;
	uint16_t i = view_find(v, &s->job.peer);

	if (i == VIEW_NOBODY)
		return;
	o->token = s->job.token;
	o->worker = c->next.ship.token == o->token ? c->next.ship.worker :
	    pick_worker(o->token);
	o->pass = s->pass;
	o->port = v->node[i].port;
	snprintf(o->host, sizeof(o->host), "%s", v->node[i].ip);
}

/* Whoever has the slots' keys shows a pass; another one for each move. */
static uint64_t
draw_pass(uint64_t token)
{
	if (sh.pass_of != token &&
	    getrandom(&sh.pass, sizeof(sh.pass), 0) != sizeof(sh.pass))
		never("the kernel gives random bytes");
	sh.pass |= sh.pass == 0;
	sh.pass_of = token;
	return sh.pass;
}

static void
tell(struct ctl *c, const struct view *v)
{
	const struct shift *s = &v->shift;
	enum shift_tells tells = shift_tells(s->state);
	static struct ship_order o;

	memset(&o, 0, sizeof(o));
	if (sh.entries != s->entries) {
		sh.entries = s->entries;
		sh.is_seen = false;
		sh.version = c->next.version;
	}
	if (tells != SHIFT_NOTHING) {
		set_slots(o.slots, s->job.slots);
		memcpy(o.peer, s->job.peer.text, BUS_ID);
	}
	if (tells == SHIFT_CARRY || tells == SHIFT_STOP ||
	    tells == SHIFT_DRAIN)
		set_carrier(c, v, &o);
	o.stops = tells == SHIFT_STOP || tells == SHIFT_DRAIN ||
	    tells == SHIFT_HOLD || tells == SHIFT_PROVE;
	o.drains = tells == SHIFT_DRAIN;
	o.until = o.drains ? s->end : 0;
	o.takes = tells == SHIFT_TAKE || tells == SHIFT_PROVE;
	if (o.takes)
		o.pass = draw_pass(s->job.token);
	o.drops = tells == SHIFT_DROP && may_drop(c, &o);
	if (memcmp(&o, &c->next.ship, sizeof(o)) == 0)
		return;
	FAULT(SHIFT_STATE);
	memcpy(&c->next.ship, &o, sizeof(o));
	sh.version = ctl_tell(c);
	sh.is_seen = false;
}

/* --- what is heard ------------------------------------------------------ */

static void
happen(enum shift_event event, uint64_t number, const char *why)
{
	struct acts *out;
	struct view *v = ctl_cluster_begin_step(&out);

	shift_event(v, event, number, why, out);
	ctl_cluster_end_step();
}

static bool
is_empty(const struct ship_order *o)
{
	unsigned slot;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		if (ship_has(o, slot) &&
		    word_load(&REGION->common.slot[slot].keys.count) > 0)
			return false;
	return true;
}

/* Told now and then. */
static void
move_on(uint64_t moved)
{
	int64_t now_us = clock_steady_us();
	struct acts *out;

	if (moved == sh.moved || now_us - sh.moved_us < MOVED_US)
		return;
	sh.moved = moved;
	sh.moved_us = now_us;
	shift_moved(ctl_cluster_begin_step(&out));
	ctl_cluster_end_step();
}

static void
hear_carrier(const struct ctl *c, const struct view *v)
{
	const struct ship_order *o = &c->next.ship;
	const struct ship_report *r = &REGION->area[o->worker].ship;
	enum ship_phase phase;

	if (word_load_acquire(&REGION->sup.dead[o->worker]) >= sh.birth) {
		happen(SHIFT_ON_BROKEN, 0, "the worker that copied died");
		return;
	}
	if (word_load_acquire(&r->token) != o->token)
		return;
	phase = word_load_acquire(&r->phase);
	move_on(word_load(&r->moved));
	if (phase == SHIP_BROKEN)
		happen(SHIFT_ON_BROKEN, 0, r->why);
	else if (phase == SHIP_NEAR && v->shift.state == SHIFT_COPYING)
		happen(SHIFT_ON_NEAR, 0, NULL);
	else if (phase == SHIP_DRAINED && o->drains &&
	    word_load(&r->until) == o->until)
		happen(SHIFT_ON_DRAINED, 0, NULL);
}

static void
hear(struct ctl *c, const struct view *v)
{
	const struct ship_order *o = &c->next.ship;

	if (!sh.is_seen && ctl_is_acknowledged(sh.version)) {
		sh.is_seen = true;
		happen(SHIFT_ON_SEEN, o->takes ? o->pass :
		    word_load_acquire(&REGION->common.log.end), NULL);
	} else if (o->token != 0) {
		hear_carrier(c, v);
	}
	/* Keys may come back from a file. */
	if (shift_tells(v->shift.state) == SHIFT_DROP && sh.is_seen &&
	    c->next.load.phase == LOAD_NONE &&
	    sh.entries == v->shift.entries && is_empty(o))
		happen(SHIFT_ON_EMPTY, 0, NULL);
}

bool
ctl_shift_is_due(void)
{
	const struct view *v = ctl_cluster_view();

	return v != NULL && (!sh.is_seen ||
	    shift_tells(v->shift.state) == SHIFT_DROP);
}

/* What a predecessor let in, nobody waits for any more. */
static void
begin(const struct ctl *c)
{
	const struct ship_order *o = &c->next.ship;
	uint8_t slots[BUS_SLOT_BYTES] = { 0 };
	struct acts *out;
	unsigned slot;

	sh.is_begun = true;
	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		if (ship_has(o, slot))
			bus_add_slot(slots, slot);
	if (!o->takes && !o->drops)
		return;
	shift_recover(ctl_cluster_begin_step(&out), slots);
	ctl_cluster_end_step();
}

void
ctl_shift_begin(struct ctl *c)
{
	const struct view *v = ctl_cluster_view();

	if (v != NULL && v->shift.state != SHIFT_IDLE)
		tell(c, v);
}

void
ctl_shift_turn(struct ctl *c)
{
	const struct view *v = ctl_cluster_view();

	if (v == NULL)
		return;
	if (!sh.is_begun)
		begin(c);
	tell(c, v);
	hear(c, v);
	tell(c, v);
}

/* --- orders ------------------------------------------------------------- */

struct wanted {
	struct bus_id to;
	uint8_t slots[BUS_SLOT_BYTES];
};

/* Slots from argument *i on, up to NODE and its id; NULL: well. */
static const char *
read_one(const struct slice *argv, int argc, int *i, struct wanted *w)
{
	int64_t first, last;
	int pairs = 0;

	memset(w, 0, sizeof(*w));
	if (!slice_is(argv[*i], "slotsrange"))
		return "syntax error";
	for (++*i; *i + 1 < argc && !slice_is(argv[*i], "node"); *i += 2) {
		if (!number_get_int(argv[*i], &first) ||
		    !number_get_int(argv[*i + 1], &last) || first < 0 ||
		    last >= KEYSLOT_COUNT || last < 0 ||
		    first >= KEYSLOT_COUNT)
			return "Invalid or out of range slot";
		if (first > last)
			return "start slot number is greater than end slot "
			    "number";
		for (; first <= last; first++) {
			if (bus_has_slot(w->slots, (unsigned)first))
				return "a slot is named twice";
			bus_add_slot(w->slots, (unsigned)first);
		}
		pairs++;
	}
	if (pairs == 0 || *i + 1 >= argc)
		return "syntax error";
	if (!bus_id_get(argv[*i + 1], &w->to))
		return "Invalid node id";
	*i += 2;
	return NULL;
}

static void
ask_migrate(struct ctl *c, const struct slice *argv, int argc)
{
	const struct view *v = ctl_cluster_view();
	struct wanted want[SHIFT_WANTS];
	const char *why = argc > 2 ? NULL : "syntax error";
	unsigned count = 0, k, n;
	struct acts *out;
	struct view *to;
	int i = 2;

	while (why == NULL && i < argc) {
		if (count == SHIFT_WANTS)
			why = "too many moves wait already";
		else
			why = read_one(argv, argc, &i, &want[count]);
		if (why == NULL)
			why = shift_refusal(v, &want[count].to,
			    want[count].slots, count);
		for (k = 0; why == NULL && k < count; k++)
			for (n = 0; n < BUS_SLOT_BYTES; n++)
				if (want[k].slots[n] & want[count].slots[n])
					why = "a slot is named twice";
		count++;
	}
	if (why != NULL) {
		ctl_answer_error(c, "ERR %s", why);
		return;
	}
	to = ctl_cluster_begin_step(&out);
	for (k = 0; k < count; k++)
		shift_want(to, &want[k].to, want[k].slots);
	ctl_cluster_end_step();
	ctl_answer_ok(c);
}

static void
ask_cancel(struct ctl *c)
{
	struct acts *out;
	struct view *v = ctl_cluster_begin_step(&out);
	bool was = shift_cancel(v, out);

	ctl_cluster_end_step();
	if (was || !shift_is_source(v->shift.state))
		ctl_answer_ok(c);
	else
		ctl_answer_error(c, "ERR the slots were given already");
}

struct text {
	char data[CTL_ANSWER];
	size_t used;
};

static void put(struct text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->used += (size_t)vsnprintf(t->data + t->used,
	    sizeof(t->data) - t->used, format, args);
	va_end(args);
	must(t->used < sizeof(t->data), "moves that are told are few");
}

static void
put_field(struct text *t, const char *name, const char *value, size_t bytes)
{
	put(t, "$%zu\r\n%s\r\n$%zu\r\n%.*s\r\n", strlen(name), name, bytes,
	    (int)bytes, value);
}

static void
put_number(struct text *t, const char *name, int64_t n)
{
	put(t, "$%zu\r\n%s\r\n:%lld\r\n", strlen(name), name, (long long)n);
}

static void
put_job(struct text *t, const struct shift_job *j, const char *word)
{
	const struct view *v = ctl_cluster_view();
	const struct bus_id *me = &v->node[VIEW_SELF].id;
	char slots[RANGES_MAX * 16] = "", name[48];

	(void)ranges_print(j->slots, ' ', slots, sizeof(slots));
	snprintf(name, sizeof(name), "%016llx%016llx%08x",
	    (unsigned long long)j->token,
	    (unsigned long long)(j->token * 0x9e3779b97f4a7c15ull),
	    (unsigned)(j->token >> 7));
	put(t, "*22\r\n");
	put_field(t, "name", name, 40);
	put_field(t, "operation", j->is_import ? "IMPORT" : "EXPORT", 6);
	put_field(t, "slot_ranges", slots, strlen(slots));
	put_field(t, "target_node", j->is_import ? me->text : j->peer.text,
	    BUS_ID);
	put_field(t, "source_node", j->is_import ? j->peer.text : me->text,
	    BUS_ID);
	put_number(t, "create_time", j->begun_s);
	put_number(t, "last_update_time", j->changed_s);
	put_number(t, "last_ack_time", j->heard_s);
	put_field(t, "state", word, strlen(word));
	put_field(t, "message", j->why, strlen(j->why));
	put_number(t, "cow_size", 0);
}

static void
ask_status(struct ctl *c)
{
	const struct shift *s = &ctl_cluster_view()->shift;
	bool is_active = s->state != SHIFT_IDLE;
	static struct text t;
	unsigned i, past = 0;

	t.used = 0;
	while (past < SHIFT_PAST && s->past[past].token != 0)
		past++;
	put(&t, "*%u\r\n", past + s->wants + is_active);
	for (i = s->wants; i > 0; i--)
		put_job(&t, &s->want[i - 1], "queued");
	if (is_active)
		put_job(&t, &s->job, shift_word(s->state));
	for (i = 0; i < past; i++)
		put_job(&t, &s->past[i], s->past[i].word);
	ctl_answer_resp(c, t.data, t.used);
}

void
ctl_shift_ask(struct ctl *c, const struct slice *argv, int argc)
{
	if (ctl_cluster_view() == NULL)
		ctl_answer_error(c, "ERR This instance has cluster support "
		    "disabled");
	else if (slice_is(argv[1], "migrateslots"))
		ask_migrate(c, argv, argc);
	else if (slice_is(argv[1], "cancelslotmigrations"))
		ask_cancel(c);
	else
		ask_status(c);
}
