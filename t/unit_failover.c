/*
 * unit_failover - the failover machine, alone and with its other half
 *
 * The table is proved to be complete: every state can be reached, left, and
 * survives a control that starts again; every pair without a row is refused,
 * or counted.  Then two machines talk over a network that loses, repeats and
 * delays; controls and nodes die between any two steps; and after each step
 * not both may write, who took over has every write, and when faults end, one
 * of them serves.
 *
 * Not here: elections and leases beside it (t/model, t/sim).
 */
#include <stdlib.h>
#include <string.h>

#include "cluster/failover.h"
#include "t/unit.h"

enum kind { ORDER, REQUEST, OUTSIDE, INSIDE, SURE, ALWAYS };
enum { REST, BUSY };

static const enum kind event_kind[FAILOVER_EVENTS] = {
#define EVENT(name, kind, words) [FAILOVER_ON_##name] = kind,
#include "cluster/failover.def"
};
static const int state_kind[FAILOVER_STATES] = {
#define STATE(name, kind, writes, side, info, words) \
	[FAILOVER_##name] = kind,
#include "cluster/failover.def"
};

#define TOKEN 77
#define MAIL 64

static const struct failover_config config = { .timeout_ms = 500,
    .fence_ms = 20, .again_ms = 30, .save_ms = 50, .tell_ms = 40,
    .stand_ms = 200 };

static struct bus_id
id(int i)
{
	struct bus_id n;

	memset(n.text, 'a' + i, BUS_ID);
	return n;
}

static void
check_state(int s)
{
	bool in = state_kind[s] == REST, out = false, sure = false;
	int e, from;

	for (e = 0; e < FAILOVER_EVENTS; e++) {
		struct failover_row r = failover_row(s, e);

		if (event_kind[e] == ALWAYS)
			ck_assert_msg(r.to >= 0, "state %d, event %d", s, e);
		if (r.to < 0)
			continue;
		ck_assert(r.because != NULL && r.because[0] != 0);
		out |= r.to != s;
		sure |= event_kind[e] == SURE;
	}
	for (from = 0; from < FAILOVER_STATES; from++)
		for (e = 0; e < FAILOVER_EVENTS; e++)
			in |= from != s && failover_row(from, e).to == s;
	ck_assert_msg(in, "state %d can not be reached", s);
	ck_assert_msg(out, "state %d can not be left", s);
	ck_assert_msg(sure || state_kind[s] == REST,
	    "state %d may wait for ever", s);
}

START_TEST(complete)
{
	int s;

	for (s = 0; s < FAILOVER_STATES; s++)
		check_state(s);
}
END_TEST

/* A machine in that state, in the middle of a failover with node 1. */
static void
put_in(struct failover *f, enum failover_state s)
{
	struct bus_id me = id(0), peer = id(1);
	struct failover_steps out = { 0 };

	memset(f, 0, sizeof(*f));
	failover_begin(f, &me, &config);
	if (s == FAILOVER_IDLE)
		return;
	failover_order(f, FAILOVER_ON_ASK, &peer, false, 0, TOKEN, 1, &out);
	ck_assert_int_eq(f->state, FAILOVER_LOCKING);
	f->state = s;
}

static const struct failover_step *
find(const struct failover_steps *out, enum failover_do what)
{
	unsigned i;

	for (i = 0; i < out->count; i++)
		if (out->list[i].what == what)
			return &out->list[i];
	return NULL;
}

/* Every pair: as the table says; refused; or counted and nothing else. */
START_TEST(every_pair)
{
	struct bus_id peer = id(1), other = id(2);
	struct failover f;
	int s, e;

	for (s = 0; s < FAILOVER_STATES; s++)
		for (e = 0; e < FAILOVER_EVENTS; e++) {
			struct failover_steps out = { 0 };
			int to = failover_row(s, e).to;

			put_in(&f, s);
			if (event_kind[e] == ORDER)
				failover_order(&f, e, &peer, false, 0, 99, 2,
				    &out);
			else if (event_kind[e] == REQUEST)
				failover_said(&f, &other, &(struct
				    failover_say){ .kind = FAILOVER_SAY_CLAIM,
				    .token = 5 }, 9, 2, &out);
			else
				failover_happen(&f, e, 3, 2, &out);
			if (event_kind[e] == REQUEST) {
				ck_assert_int_eq(f.state, s);
				ck_assert(find(&out, FAILOVER_SAY)->say.kind ==
				    FAILOVER_SAY_REFUSED);
				continue;
			}
			ck_assert_int_eq(f.state, to < 0 ? s : to);
			if (event_kind[e] == ORDER)
				ck_assert(find(&out, FAILOVER_ANSWER) != NULL);
			if (event_kind[e] == ORDER && to < 0)
				ck_assert(find(&out, FAILOVER_ANSWER)->words !=
				    NULL);
			else if (to < 0)
				ck_assert_uint_eq(f.ignored, 1);
		}
}
END_TEST

START_TEST(said)
{
	struct failover_say s = { .kind = FAILOVER_SAY_WORD,
	    .token = 0x0102030405060708, .offset = UINT64_MAX, .epoch = 9,
	    .lease_ms = FAILOVER_NO_LEASE, .claimed_ms = 77 }, r;
	uint8_t bytes[FAILOVER_SAY_BYTES];
	struct slice payload = { (const char *)bytes, sizeof(bytes) };

	failover_say_write(bytes, &s);
	ck_assert(failover_say_read(&r, s.kind, payload));
	ck_assert(r.token == s.token && r.offset == s.offset &&
	    r.epoch == s.epoch && r.lease_ms == s.lease_ms &&
	    r.claimed_ms == s.claimed_ms);
	ck_assert(!failover_say_read(&r, 1, payload));
	payload.bytes--;
	ck_assert(!failover_say_read(&r, s.kind, payload));
}
END_TEST

/* Two nodes of one shard: 0 is the primary at first, 1 its replica. */
struct node {
	struct failover f;
	bool is_up, is_control_up;
	bool is_primary;           /* published */
	bool is_held;
	uint64_t applied, epoch;
	/* what a death of the node leaves */
	bool durable_primary;
	uint64_t durable_epoch, given, given_offset, given_epoch, taken;
	/* what comes soon */
	bool wants_seen, wants_told, wants_lock, wants_level, wants_prepared;
	enum failover_do saving;
	uint64_t saving_token, saving_offset, saving_epoch;
};

static struct node nodes[2];
static struct mail {
	bool is_there;
	int to;
	struct failover_say say;
} mails[MAIL];
static int64_t now_ms;
static uint64_t rnd, last_token;
static bool breaks_level, breaks_disk, is_quiet;
static uint64_t completed;

static uint32_t
below(uint32_t n)
{
	rnd ^= rnd >> 12;
	rnd ^= rnd << 25;
	rnd ^= rnd >> 27;
	return (uint32_t)((rnd * 0x2545f4914f6cdd1dull >> 33) % n);
}

static void
post(int to, const struct failover_say *say)
{
	struct mail *m = &mails[below(MAIL)];

	if (!is_quiet && below(5) == 0)
		return;
	*m = (struct mail){ true, to, *say };
	if (below(8) == 0)
		mails[below(MAIL)] = *m;
}

static bool
may_write(const struct node *n)
{
	return n->is_up && n->is_primary && !n->is_held;
}

static const char *wrong;

static void
look(void)
{
	if (may_write(&nodes[0]) && may_write(&nodes[1]))
		wrong = "both may write";
}

static void
start_save(struct node *n, const struct failover_step *s)
{
	n->saving = s->what;
	n->saving_token = s->token;
	n->saving_offset = s->offset;
	n->saving_epoch = s->epoch;
}

static void
carry_out_one(int i, const struct failover_step *s)
{
	struct node *n = &nodes[i];

	switch (s->what) {
	case FAILOVER_HOLD:
		n->is_held = true;
		n->wants_seen = true;
		break;
	case FAILOVER_RESUME:
		n->is_held = false;
		break;
	case FAILOVER_SAY:
		post(1 - i, &s->say);
		break;
	case FAILOVER_LOCK:
		n->wants_lock = true;
		break;
	case FAILOVER_PREPARE:
		n->wants_prepared = true;
		break;
	case FAILOVER_AWAIT:
		n->wants_level = true;
		break;
	case FAILOVER_SAVE_GIVEN:
	case FAILOVER_SAVE_NOT_GIVEN:
	case FAILOVER_SAVE_PRIMARY:
		start_save(n, s);
		break;
	case FAILOVER_TURN:
		if (nodes[1 - i].applied > n->applied)
			wrong = "an acknowledged write is lost";
		n->is_primary = true;
		n->wants_seen = true;
		break;
	case FAILOVER_TELL:
		completed++;
		n->wants_told = true;
		break;
	default:
		break;
	}
	look();
}

static void
start_control(int i);

static void
carry_out(int i, const struct failover_steps *out)
{
	unsigned k;

	for (k = 0; k < out->count; k++) {
		/* Control dies between any two. */
		if (!is_quiet && below(60) == 0) {
			nodes[i].is_control_up = false;
			return;
		}
		carry_out_one(i, &out->list[k]);
	}
}

static void
give(int i, enum failover_event e, uint64_t number)
{
	struct failover_steps out = { 0 };

	if (e == FAILOVER_ON_SAVED && nodes[i].f.state == FAILOVER_YIELDING)
		failover_given(&nodes[i].f, FAILOVER_NO_LEASE, now_ms, &out);
	else
		failover_happen(&nodes[i].f, e, number, now_ms, &out);
	carry_out(i, &out);
}

static void
start_control(int i)
{
	struct node *n = &nodes[i];

	n->is_control_up = true;
	n->wants_seen = n->wants_told = n->wants_lock = n->wants_level =
	    n->wants_prepared = false;
	n->saving = FAILOVER_DOS;
	give(i, FAILOVER_ON_BORN, 0);
}

static void
start_node(int i)
{
	struct node *n = &nodes[i];
	struct bus_id me = id(i), peer = id(1 - i);

	memset(&n->f, 0, sizeof(n->f));
	failover_begin(&n->f, &me, &config);
	failover_remember(&n->f, n->taken);
	n->is_up = true;
	n->is_primary = n->durable_primary;
	n->epoch = n->durable_epoch;
	n->is_held = n->given != 0;
	if (n->given != 0)
		failover_revive(&n->f, &peer, n->given, n->given_offset,
		    n->given_epoch, now_ms);
	start_control(i);
}

static void
make_durable(int i)
{
	struct node *n = &nodes[i];

	if (n->saving == FAILOVER_SAVE_GIVEN) {
		n->given = n->saving_token;
		n->given_offset = n->saving_offset;
		n->given_epoch = n->saving_epoch;
	} else if (n->saving == FAILOVER_SAVE_NOT_GIVEN) {
		n->given = 0;
	} else {
		n->durable_primary = true;
		n->taken = n->saving_token;
		n->epoch = n->durable_epoch = n->saving_epoch;
	}
	n->saving = FAILOVER_DOS;
}

/* The other one hears of a claim with a later epoch. */
static bool
hear_claim(int i)
{
	struct node *n = &nodes[i], *o = &nodes[1 - i];
	struct bus_id owner = id(1 - i);
	struct failover_steps out = { 0 };

	if (!o->is_up || !o->is_primary || o->f.state == FAILOVER_TURNING ||
	    !n->is_primary || o->epoch <= n->epoch)
		return false;
	n->durable_primary = n->is_primary = false;
	n->given = 0;
	n->durable_epoch = n->epoch = o->epoch;
	n->applied = o->applied;
	failover_outbid(&n->f, &owner, now_ms, &out);
	carry_out(i, &out);
	n->is_held = false;
	return true;
}

static bool
event_of(int i)
{
	struct node *n = &nodes[i];
	struct failover_steps out = { 0 };

	switch (below(8)) {
	case 0:
		if (!n->wants_seen)
			return false;
		n->wants_seen = false;
		give(i, FAILOVER_ON_SEEN, n->applied);
		return true;
	case 1:
		if (!n->wants_told)
			return false;
		n->wants_told = false;
		give(i, FAILOVER_ON_TOLD, 0);
		return true;
	case 2:
		if (!n->wants_lock)
			return false;
		n->wants_lock = false;
		failover_locked(&n->f, now_ms, &out);
		carry_out(i, &out);
		return true;
	case 3:
		if (!n->wants_level ||
		    (n->applied < n->f.offset && !breaks_level))
			return false;
		n->wants_level = false;
		failover_level(&n->f, now_ms, &out);
		carry_out(i, &out);
		return true;
	case 4:
		if (!n->wants_prepared)
			return false;
		give(i, FAILOVER_ON_PREPARED, nodes[0].epoch +
		    nodes[1].epoch + 1);
		return true;
	case 5:
		if (n->saving == FAILOVER_DOS)
			return false;
		if (breaks_disk)
			n->saving = FAILOVER_DOS;
		else
			make_durable(i);
		if (is_quiet || below(10) > 0)
			give(i, FAILOVER_ON_SAVED, 0);
		else
			give(i, FAILOVER_ON_UNSAVED, 0);
		return true;
	case 6:
		if (n->f.due_ms == INT64_MAX)
			return false;
		if (now_ms < n->f.due_ms)
			return false;
		give(i, FAILOVER_ON_LATE, 0);
		return true;
	default:
		return hear_claim(i);
	}
}

static void
deliver(void)
{
	struct mail *m = &mails[below(MAIL)], was = *m;
	struct failover_steps out = { 0 };
	struct bus_id by = id(1 - was.to);
	struct node *n = &nodes[was.to];

	if (!was.is_there || !n->is_up || !n->is_control_up)
		return;
	/* It may come again. */
	m->is_there = below(6) == 0;
	/* Only a primary stops its writes; control knows. */
	if (was.say.kind == FAILOVER_SAY_STOP && !n->is_primary)
		return;
	failover_said(&n->f, &by, &was.say, FAILOVER_NO_LEASE, now_ms, &out);
	carry_out(was.to, &out);
}

static void
fault(int i)
{
	struct node *n = &nodes[i];

	if (n->is_up && below(4) == 0) {
		/* What was being written is there, or is not. */
		if (n->saving != FAILOVER_DOS && below(2) == 0)
			make_durable(i);
		n->is_up = n->is_control_up = false;
	} else {
		n->is_control_up = false;
	}
}

static void
order(int i)
{
	static const enum failover_event orders[] = { FAILOVER_ON_ASK,
	    FAILOVER_ON_ASK, FAILOVER_ON_ASK, FAILOVER_ON_OFFER,
	    FAILOVER_ON_ABORT };
	enum failover_event e = orders[below(5)];
	struct bus_id peer = id(1 - i);
	struct failover_steps out = { 0 };

	if ((e == FAILOVER_ON_ASK && nodes[i].is_primary) ||
	    (e == FAILOVER_ON_OFFER && !nodes[i].is_primary))
		return;
	failover_order(&nodes[i].f, e, &peer, false, 0, ++last_token, now_ms,
	    &out);
	carry_out(i, &out);
}

static void
turn_of(int i)
{
	struct node *n = &nodes[i], *o = &nodes[1 - i];

	if (!n->is_up) {
		if (is_quiet || below(20) == 0)
			start_node(i);
	} else if (!n->is_control_up) {
		if (is_quiet || below(5) == 0)
			start_control(i);
	} else if (!is_quiet && below(400) == 0) {
		fault(i);
	} else if (!is_quiet && below(60) == 0) {
		order(i);
	} else if (may_write(n) && below(4) == 0) {
		n->applied++;
	} else if (!n->is_primary && o->is_up && o->is_primary &&
	    n->applied < o->applied && below(3) == 0) {
		n->applied++;
	} else {
		(void)event_of(i);
	}
}

/* What went wrong with this seed, or NULL. */
static const char *
run(uint64_t seed)
{
	int k;

	memset(nodes, 0, sizeof(nodes));
	memset(mails, 0, sizeof(mails));
	rnd = seed * 2654435761u * 2 + 1;
	now_ms = 1;
	wrong = NULL;
	is_quiet = false;
	nodes[0].durable_primary = true;
	nodes[0].durable_epoch = 1;
	start_node(0);
	start_node(1);
	for (k = 0; k < 12000 && wrong == NULL; k++) {
		is_quiet = k > 6000;
		now_ms += below(3) == 0;
		deliver();
		turn_of(below(2));
		look();
	}
	if (wrong != NULL)
		return wrong;
	if (may_write(&nodes[0]) + may_write(&nodes[1]) != 1)
		return "nobody may write";
	return nodes[0].f.state == FAILOVER_IDLE &&
	    nodes[1].f.state == FAILOVER_IDLE ? NULL : "it does not end";
}

START_TEST(two_machines)
{
	uint64_t seed;
	const char *why;

	for (seed = 1; seed <= 300; seed++) {
		why = run(seed);
		ck_assert_msg(why == NULL, "seed %d: %s, states %d %d",
		    (int)seed, why, nodes[0].f.state, nodes[1].f.state);
	}
	ck_assert_uint_gt(completed, 300);
}
END_TEST

static bool
finds_it(void)
{
	uint64_t seed;

	for (seed = 1; seed <= 3000; seed++)
		if (run(seed) != NULL)
			return true;
	return false;
}

/* What is broken on purpose is found. */
START_TEST(broken)
{
	breaks_level = true;
	ck_assert(finds_it());
	breaks_level = false;
	breaks_disk = true;
	ck_assert(finds_it());
}
END_TEST

/* Without faults: what INFO and the history say. */
START_TEST(history)
{
	struct failover *f = &nodes[1].f;
	struct bus_id peer = id(0);
	struct failover_steps out = { 0 };
	int k;

	(void)run(1);
	memset(mails, 0, sizeof(mails));
	memset(nodes, 0, sizeof(nodes));
	is_quiet = true;
	nodes[0].durable_primary = true;
	nodes[0].durable_epoch = 1;
	start_node(0);
	start_node(1);
	ck_assert_str_eq(failover_last_word(f), "no-failover");
	failover_order(f, FAILOVER_ON_ASK, &peer, false, 0, 12345, now_ms,
	    &out);
	ck_assert_str_eq(failover_word(f), "begin-failover");
	carry_out(1, &out);
	for (k = 0; k < 4000 && f->entry[0].result == FAILOVER_RUNNING; k++) {
		now_ms += below(3) == 0;
		deliver();
		turn_of(below(2));
	}
	ck_assert_str_eq(failover_last_word(f), "failover-completed");
	ck_assert_str_eq(failover_word(f), "no-failover");
	ck_assert_uint_eq(f->entry[0].id, 1);
	ck_assert_uint_ge(f->entry[0].steps, 6);
	ck_assert_str_eq(failover_reason(&f->entry[0]), "everybody knows");
}
END_TEST

/* What was handed over to this node is not what it hands over later. */
START_TEST(no_lease_is_not_kept)
{
	struct bus_id peer = id(1);
	struct failover_say stop = { .kind = FAILOVER_SAY_STOP,
	    .token = TOKEN + 1 };
	struct failover_steps out = { 0 };
	struct failover f;

	put_in(&f, FAILOVER_CLAIMING);
	f.token = TOKEN;
	failover_said(&f, &peer, &(struct failover_say){
	    .kind = FAILOVER_SAY_WORD, .token = TOKEN,
	    .lease_ms = FAILOVER_NO_LEASE }, FAILOVER_NO_LEASE, 2, &out);
	ck_assert_int_eq(f.state, FAILOVER_TAKING);
	ck_assert(f.lease_ms == INT64_MAX);
	failover_happen(&f, FAILOVER_ON_SAVED, 0, 3, &out);
	failover_happen(&f, FAILOVER_ON_SEEN, 0, 4, &out);
	failover_happen(&f, FAILOVER_ON_TOLD, 0, 5, &out);
	ck_assert_int_eq(f.state, FAILOVER_IDLE);

	out.count = 0;
	failover_said(&f, &peer, &stop, FAILOVER_NO_LEASE, 6, &out);
	ck_assert_int_eq(f.state, FAILOVER_STOPPING);
	f.state = FAILOVER_GIVEN;
	failover_happen(&f, FAILOVER_ON_DEAD, 0, 7, &out);
	ck_assert_int_eq(f.state, FAILOVER_STANDING);
}
END_TEST

/* A late word counts from the claim that it answers, not from the last one. */
START_TEST(late_word)
{
	struct bus_id peer = id(1);
	struct failover_say word = { .kind = FAILOVER_SAY_WORD,
	    .token = TOKEN, .claimed_ms = 10, .lease_ms = 50 };
	struct failover_steps out = { 0 };
	struct failover f;

	put_in(&f, FAILOVER_CLAIMING);
	f.token = TOKEN;
	failover_happen(&f, FAILOVER_ON_LATE, 0, 55, &out);
	ck_assert_uint_eq(out.list[0].say.kind, FAILOVER_SAY_CLAIM);
	ck_assert_uint_eq(out.list[0].say.claimed_ms, 55);
	failover_said(&f, &peer, &word, FAILOVER_NO_LEASE, 60, &out);
	ck_assert_int_eq(f.state, FAILOVER_CLAIMING);
	failover_said(&f, &peer, &word, FAILOVER_NO_LEASE, 59, &out);
	ck_assert_int_eq(f.state, FAILOVER_TAKING);
	ck_assert_int_eq(f.lease_ms, 60);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("failover");
	TCase *c = tcase_create("failover");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, complete);
	tcase_add_test(c, late_word);
	tcase_add_test(c, no_lease_is_not_kept);
	tcase_add_test(c, every_pair);
	tcase_add_test(c, said);
	tcase_add_test(c, two_machines);
	tcase_add_test(c, broken);
	tcase_add_test(c, history);
	suite_add_tcase(s, c);
	return s;
}
