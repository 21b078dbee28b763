/*
 * unit_health - who is suspected, who has failed, and whether the cluster is ok
 *
 * Others are silent, refuse, are reported by others, or are back.
 *
 * Not here: who takes a dead one's place (unit_vote.c).
 */
#include "cluster/fail.h"
#include "cluster/health.h"
#include "t/others.h"
#include "t/unit.h"

START_TEST(majority_makes_fail)
{
	struct bus_packet p;

	begin();
	own_slots();
	know('a', 5, upper);
	know('b', 6, no_slots);
	/* b does not vote: its word counts for nothing */
	know('x', 0, no_slots);
	v->node[node('x')].flags |= BUS_IS_PFAIL;
	gossip('b', 'x', BUS_IS_PFAIL);
	ck_assert_uint_eq(fail_reports(v, node('x')), 0);
	ck_assert(view_has(v, node('x'), BUS_IS_PFAIL));
	gossip('a', 'x', BUS_IS_PFAIL | BUS_IS_PRIMARY);
	ck_assert_uint_eq(fail_reports(v, node('x')), 1);
	ck_assert(view_has(v, node('x'), BUS_IS_FAIL));
	/* The step that learned it was a turn as well. */
	if (!find_message(BUS_FAIL, &p))
		pass(1);
	ck_assert(find_message(BUS_FAIL, &p));
	ck_assert_int_eq(p.id.text[0], 'x');
	gossip('a', 'x', BUS_IS_PRIMARY);
	ck_assert_uint_eq(fail_reports(v, node('x')), 0);
}
END_TEST

/* At once when nobody could take its slots, else after an election's time. */
START_TEST(who_is_back_is_well)
{
	struct bus_id r = id('r');
	struct bus_header h;
	uint16_t a, i;

	begin();
	v->config.node_timeout_ms = 15 * TIMEOUT_MS;
	own_slots();
	know('a', 5, upper);
	know('b', 6, no_slots);
	a = node('a');
	h = header(BUS_PONG, 'a');
	h.slots = upper;
	h.config_epoch = 5;
	v->node[a].flags |= BUS_IS_FAIL;
	v->node[a].fail_ms = now_ms;
	hear(&h, v->node[a].link);
	ck_assert(!view_has(v, a, BUS_IS_FAIL));
	i = view_add(v, &r, BUS_IS_REPLICA);
	view_set_replica(v, i, a);
	v->node[a].flags |= BUS_IS_FAIL;
	v->node[a].fail_ms = now_ms;
	hear(&h, v->node[a].link);
	ck_assert(view_has(v, a, BUS_IS_FAIL));
	now_ms += 2000;
	hear(&h, v->node[a].link);
	ck_assert(view_has(v, a, BUS_IS_FAIL));
	now_ms++;
	hear(&h, v->node[a].link);
	ck_assert(!view_has(v, a, BUS_IS_FAIL));
}
END_TEST

START_TEST(reports_expire)
{
	begin();
	own_slots();
	know('a', 5, upper);
	know('x', 0, no_slots);
	gossip('a', 'x', BUS_IS_PFAIL);
	ck_assert_uint_eq(fail_reports(v, node('x')), 1);
	v->now_ms += 2 * TIMEOUT_MS;
	ck_assert_uint_eq(fail_reports(v, node('x')), 1);
	v->now_ms++;
	ck_assert_uint_eq(fail_reports(v, node('x')), 0);
}
END_TEST

START_TEST(silence_and_refusal_are_suspect)
{
	uint16_t a, b;

	begin();
	own_slots();
	know('a', 5, upper);
	know('b', 6, no_slots);
	know('c', 7, no_slots);
	a = node('a');
	b = node('b');
	ck_assert(v->node[a].link_state == VIEW_LINK_UP);
	step(CLUSTER_LINK_DOWN, v->node[b].link);
	for (now_ms++; !view_has(v, b, BUS_IS_PFAIL); now_ms += 10) {
		ck_assert_int_lt(now_ms, 1500);
		step(CLUSTER_TICK, 0);
		if (v->node[b].link_state == VIEW_LINK_OPENING)
			step(CLUSTER_LINK_REFUSED, v->node[b].link);
	}
	ck_assert(!view_has(v, a, BUS_IS_PFAIL));
	for (; !view_has(v, a, BUS_IS_PFAIL); now_ms += 10) {
		ck_assert_int_lt(now_ms, 5000);
		step(CLUSTER_TICK, 0);
	}
	ck_assert_int_gt(now_ms, 1000 + TIMEOUT_MS);
}
END_TEST

static bool
is_ok_at(int64_t at_ms)
{
	v->now_ms = at_ms;
	health_look(v, &acts);
	return v->is_ok;
}

START_TEST(who_is_to_follow_is_waited_for)
{
	int64_t at_ms;
	struct view_node *x;

	know_shard();
	know('y', 6, no_slots);
	view_give_slot(v, 0, node('y'));
	at_ms = v->now_ms + TIMEOUT_MS;
	ck_assert(is_ok_at(at_ms));
	x = &v->node[node('x')];
	x->flags |= BUS_IS_FAIL;
	x->fail_ms = at_ms;
	ck_assert(is_ok_at(at_ms));
	ck_assert(is_ok_at(at_ms + TIMEOUT_MS - 1));
	v->node[node('r')].flags |= BUS_IS_PFAIL;
	ck_assert(!is_ok_at(at_ms + TIMEOUT_MS - 1));
	v->node[node('r')].flags &= (uint16_t)~BUS_IS_PFAIL;
	ck_assert(is_ok_at(at_ms + TIMEOUT_MS - 1));
	ck_assert(!is_ok_at(at_ms + TIMEOUT_MS));
}
END_TEST

START_TEST(who_was_well_is_not_waited_for_again)
{
	uint16_t own;
	int64_t at_ms;

	begin();
	own_slots();
	know('a', 5, upper);
	at_ms = v->now_ms;
	own = v->node[VIEW_SELF].flags;
	v->node[VIEW_SELF].flags = BUS_IS_REPLICA;
	ck_assert(is_ok_at(at_ms));
	v->node[VIEW_SELF].flags = own;
	/* For a moment it has no owner: redis-cli fixes that way. */
	view_give_slot(v, 0, VIEW_NOBODY);
	ck_assert(!is_ok_at(at_ms));
	view_give_slot(v, 0, VIEW_SELF);
	ck_assert(is_ok_at(at_ms));
	v->node[node('a')].flags |= BUS_IS_FAIL;
	ck_assert(!is_ok_at(at_ms));
	v->node[node('a')].flags &= (uint16_t)~BUS_IS_FAIL;
	ck_assert(!is_ok_at(at_ms));
	ck_assert(!is_ok_at(at_ms + TIMEOUT_MS - 1));
	ck_assert(is_ok_at(at_ms + TIMEOUT_MS));
}
END_TEST

START_TEST(who_has_a_lease_begins_at_once)
{
	int64_t at_ms;

	begin();
	own_slots();
	know('a', 5, upper);
	know('b', 6, no_slots);
	view_give_slot(v, KEYSLOT_COUNT - 1, node('b'));
	at_ms = v->now_ms;
	v->is_ok = v->was_ok = v->had_majority = v->lost_majority = false;
	ck_assert(!is_ok_at(at_ms));
	/* Another one that has not spoken since may know what we missed. */
	v->lease.state = LEASE_HELD;
	v->node[node('b')].heard_ms = 0;
	ck_assert(!is_ok_at(at_ms + 400));
	v->node[node('b')].heard_ms = at_ms;
	ck_assert(is_ok_at(at_ms + 400));
}
END_TEST

Suite *
unit_suite(void)
{
	TCase *t;
	Suite *s = unit_case("health", 30, &t);

	tcase_add_checked_fixture(t, NULL, drop);
	tcase_add_test(t, majority_makes_fail);
	tcase_add_test(t, who_is_back_is_well);
	tcase_add_test(t, reports_expire);
	tcase_add_test(t, silence_and_refusal_are_suspect);
	tcase_add_test(t, who_is_to_follow_is_waited_for);
	tcase_add_test(t, who_was_well_is_not_waited_for_again);
	tcase_add_test(t, who_has_a_lease_begins_at_once);
	return s;
}
