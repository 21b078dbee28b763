/*
 * unit_shift - the machine that moves whole slots is complete
 *
 * Every state can be reached from rest and left for it, by an event that is
 * sure to come.  What is given is claimed by the epoch that it was given under.
 *
 * Not here: two nodes with a network between them (t/py/c0014_shift.py).
 */
#include <stdlib.h>

#include "cluster/cluster.h"
#include "cluster/ranges.h"
#include "cluster/shift.h"
#include "cluster/speak.h"
#include "t/unit.h"

static const int limits[SHIFT_STATES] = {
#define STATE(name, side, tells, limit_ms, word, words) \
	[SHIFT_##name] = limit_ms,
#include "cluster/shift.def"
};

/* Whether `to` can be reached, by any events. */
static bool
reaches(enum shift_state from, enum shift_state to)
{
	bool seen[SHIFT_STATES] = { false };
	bool grows = true;
	int s, e;

	seen[from] = true;
	while (grows) {
		grows = false;
		for (s = 0; s < SHIFT_STATES; s++)
			for (e = 0; seen[s] && e < SHIFT_EVENTS; e++) {
				int next = shift_row(s, e).to;

				if (next >= 0 && !seen[next])
					seen[next] = grows = true;
			}
	}
	return seen[to];
}

START_TEST(complete)
{
	/* What comes by a clock, or by somebody of us who is made to do it. */
	static const enum shift_event sure[] = { SHIFT_ON_LATE,
		SHIFT_ON_SILENT, SHIFT_ON_EMPTY, SHIFT_ON_SAVED,
		SHIFT_ON_PROVEN };
	int s;
	size_t i;

	for (s = 0; s < SHIFT_STATES; s++) {
		bool has_way = s == SHIFT_IDLE || s == SHIFT_GIVEN;

		ck_assert(reaches(SHIFT_IDLE, s));
		ck_assert(reaches(s, SHIFT_IDLE));
		for (i = 0; i < COUNT(sure); i++)
			has_way |= shift_row(s, sure[i]).to >= 0;
		ck_assert_msg(has_way, "%s", shift_word(s));
		ck_assert((limits[s] > 0) ==
		    (shift_row(s, SHIFT_ON_LATE).to >= 0));
		if (shift_is_source(s) && s != SHIFT_GIVEN &&
		    s != SHIFT_RECLAIMING && s != SHIFT_RETURNING &&
		    s != SHIFT_CLEARING)
			ck_assert_int_eq(shift_row(s, SHIFT_ON_CANCEL).to,
			    s == SHIFT_SAVING ? SHIFT_RETURNING : SHIFT_IDLE);
		if (s != SHIFT_IDLE)
			ck_assert_int_ge(shift_row(s, SHIFT_ON_LOST).to, 0);
	}
}
END_TEST

/* From where it is given only these two may say that it was not taken. */
START_TEST(given_is_given)
{
	int e;

	for (e = 0; e < SHIFT_EVENTS; e++) {
		if (shift_row(SHIFT_GIVEN, e).to == SHIFT_IDLE)
			ck_assert_int_eq(e, SHIFT_ON_LOST);
		if (shift_row(SHIFT_GIVEN, e).to == SHIFT_RETURNING)
			ck_assert_int_eq(e, SHIFT_ON_GONE);
		if (shift_row(SHIFT_RECLAIMING, e).to == SHIFT_RETURNING)
			ck_assert(e == SHIFT_ON_GONE || e == SHIFT_ON_PROVEN);
		if (shift_row(SHIFT_RECLAIMING, e).to == SHIFT_IDLE)
			ck_assert_int_eq(e, SHIFT_ON_LOST);
		/* Nobody writes before a file says that nothing is given. */
		if (shift_row(SHIFT_SAVING, e).to == SHIFT_IDLE)
			ck_assert_int_eq(e, SHIFT_ON_LOST);
		if (shift_row(SHIFT_RETURNING, e).to == SHIFT_IDLE)
			ck_assert(e == SHIFT_ON_SAVED || e == SHIFT_ON_LOST);
	}
	for (e = 0; e < SHIFT_EVENTS; e++)
		if (shift_row(SHIFT_TAKING, e).to >= 0)
			ck_assert(e == SHIFT_ON_SAVED || e == SHIFT_ON_LOST);
	for (e = 0; e < SHIFT_EVENTS; e++)
		if (shift_row(SHIFT_PROVING, e).to >= 0)
			ck_assert(e == SHIFT_ON_PROVEN || e == SHIFT_ON_LOST);
}
END_TEST

/* What came and is not ours goes, and the source hears that. */
START_TEST(what_came_goes)
{
	int s, e;

	for (s = 0; s < SHIFT_STATES; s++)
		for (e = 0; (shift_tells(s) == SHIFT_TAKE ||
		    shift_tells(s) == SHIFT_PROVE) && e < SHIFT_EVENTS; e++)
			if (shift_row(s, e).to == SHIFT_IDLE)
				ck_assert_int_eq(e, SHIFT_ON_PROVEN);
	ck_assert_int_eq(shift_row(SHIFT_TAKING, SHIFT_ON_LOST).to,
	    SHIFT_DROPPING);
	ck_assert_int_eq(shift_row(SHIFT_PROVING, SHIFT_ON_LOST).to,
	    SHIFT_DROPPING);
}
END_TEST

START_TEST(ranges)
{
	uint8_t slots[BUS_SLOT_BYTES] = { 0x83, 1 }, again[BUS_SLOT_BYTES];
	char text[256];
	unsigned i;

	slots[BUS_SLOT_BYTES - 1] = 0x80;
	ck_assert(ranges_print(slots, ',', text, sizeof(text)));
	ck_assert_str_eq(text, "0-1,7-8,16383-16383");
	ck_assert(ranges_scan(text, again));
	ck_assert_mem_eq(slots, again, sizeof(slots));
	ck_assert(!ranges_scan("5-3", again));
	ck_assert(!ranges_scan("1-16384", again));
	ck_assert(!ranges_scan("x", again));
	for (i = 0; i < RANGES_MAX; i++)
		slots[100 + i] = 1;
	ck_assert(!ranges_print(slots, ',', text, sizeof(text)));
}
END_TEST

/* --- one view, told what others say -------------------------------------- */

enum { SAY_BEGIN = 1, SAY_GIVE = 4 };

static struct view *v;
static struct acts acts;
static uint8_t slots_of_a[BUS_SLOT_BYTES] = { 1 };

static struct bus_id
id(char c)
{
	struct bus_id i;

	memset(i.text, c, BUS_ID);
	return i;
}

static void
hear(char verb, uint8_t epoch)
{
	static uint8_t bytes[BUS_HEADER + 8192];
	uint8_t text[17 + BUS_SLOT_BYTES] = { (uint8_t)verb, [8] = 7,
		[16] = epoch };
	struct bus_header h = { .type = BUS_OWN, .flags = BUS_IS_PRIMARY,
	    .own = BUS_OWN_VERSION, .epoch = 5, .config_epoch = 5,
	    .sender = id('a'), .slots = slots_of_a };
	struct cluster_event e = { .kind = CLUSTER_PACKET, .wire = VIEW_INBOUND,
	    .data = bytes, .from_ip = "10.0.0.9", .own_ip = "10.0.0.1" };
	struct bus_writer w;

	memcpy(text + 17, slots_of_a, BUS_SLOT_BYTES);
	bus_begin(&w, bytes, sizeof(bytes), &h);
	bus_put_own(&w, SPEAK_SHIFT, (struct slice){ (char *)text,
	    sizeof(text) });
	e.bytes = bus_end(&w);
	cluster_step(v, &e, 1000, &acts);
}

/* Slot 0 is a's, and on its way to us. */
static void
import(void)
{
	struct bus_id me = id('m'), a = id('a');

	v = view_begin(calloc(1, view_bytes(8)), 8, &me, 7, 1000);
	v->config.node_timeout_ms = 1000;
	(void)view_add(v, &a, BUS_IS_PRIMARY);
	view_give_slot(v, 0, view_find(v, &a));
	hear(SAY_BEGIN, 0);
	ck_assert_int_eq(v->shift.state, SHIFT_PURGING);
	cluster_begin(v, 1000, &acts);
	shift_event(v, SHIFT_ON_EMPTY, 0, NULL, &acts);
	cluster_settle(v, &acts);
	ck_assert_int_eq(v->shift.state, SHIFT_IMPORTING);
}

/* Whatever epochs there are by now: a giver that took back has a later one. */
START_TEST(claims_by_the_given_epoch)
{
	import();
	v->epoch = 30;
	v->node[VIEW_SELF].config_epoch = 19;
	hear(SAY_GIVE, 20);
	ck_assert_int_eq(v->shift.state, SHIFT_TAKING);
	ck_assert_uint_eq(v->node[VIEW_SELF].config_epoch, 20);
	ck_assert_uint_eq(v->epoch, 30);
	free(v);
	import();
	v->epoch = v->node[VIEW_SELF].config_epoch = 20;
	hear(SAY_GIVE, 20);
	ck_assert_int_eq(v->shift.state, SHIFT_DROPPING);
	ck_assert_uint_eq(v->node[VIEW_SELF].config_epoch, 20);
	free(v);
}
END_TEST

/* Writes wait, and the target hears it again, until it lasts. */
START_TEST(nothing_given_is_made_durable)
{
	struct bus_id me = id('m'), a = id('a');
	struct cluster_event saved = { .kind = CLUSTER_SAVED };

	v = view_begin(calloc(1, view_bytes(8)), 8, &me, 7, 1000);
	v->config.node_timeout_ms = 1000;
	(void)view_add(v, &a, BUS_IS_PRIMARY);
	view_give_slot(v, 0, VIEW_SELF);
	v->shift.job = (struct shift_job){ .token = 7, .peer = a,
	    .slots = { 1 } };
	v->shift.state = SHIFT_DRAINING;
	v->shift.since_ms = v->shift.heard_ms = 1000;
	cluster_begin(v, 1000, &acts);
	shift_event(v, SHIFT_ON_DRAINED, 0, NULL, &acts);
	ck_assert(shift_cancel(v, &acts));
	ck_assert_int_eq(v->shift.state, SHIFT_RETURNING);
	ck_assert_int_eq(shift_tells(v->shift.state), SHIFT_HOLD);
	cluster_settle(v, &acts);
	saved.generation = v->saving.generation;
	ck_assert_uint_ne(saved.generation, 0);
	cluster_step(v, &saved, 1000, &acts);
	ck_assert_int_eq(v->shift.state, SHIFT_IDLE);
	ck_assert_str_eq(v->shift.past[0].word, "cancelled");
	free(v);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("shift");
	TCase *c = tcase_create("shift");

	tcase_add_test(c, complete);
	tcase_add_test(c, given_is_given);
	tcase_add_test(c, what_came_goes);
	tcase_add_test(c, ranges);
	tcase_add_test(c, claims_by_the_given_epoch);
	tcase_add_test(c, nothing_given_is_made_durable);
	suite_add_tcase(s, c);
	return s;
}
