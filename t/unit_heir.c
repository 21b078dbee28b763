/*
 * unit_heir - for whom waits who has just taken over
 */
#include "cluster/heir.h"
#include "t/scene.h"
#include "t/unit.h"

/* m takes over from p, by its word. */
static void
take_by_word(uint8_t own)
{
	begin(true, own);
	v->failover.state = FAILOVER_TURNING;
	v->failover.kind = FAILOVER_PLANNED;
	v->failover.peer = id('p');
	v->failover.token = v->failover.taken = TOKEN;
}

START_TEST(who_gave_its_word)
{
	take_by_word(BUS_OWN_VERSION);
	ck_assert_int_eq(heir_find(v), node('p'));
	v->failover.kind = FAILOVER_FORCED;
	ck_assert_int_eq(heir_find(v), node('p'));
	/* It knows of nothing, and may have more than we. */
	v->failover.kind = FAILOVER_TAKEN_OVER;
	ck_assert_int_eq(heir_find(v), VIEW_NOBODY);
	/* Votes came before its word, or nobody was asked. */
	v->failover.kind = FAILOVER_PLANNED;
	v->failover.taken = TOKEN - 1;
	ck_assert_int_eq(heir_find(v), VIEW_NOBODY);
	v->failover.token = v->failover.taken = 0;
	ck_assert_int_eq(heir_find(v), VIEW_NOBODY);
	drop();
}
END_TEST

START_TEST(who_will_not_come)
{
	struct view_node *p;

	take_by_word(BUS_OWN_VERSION);
	p = &v->node[node('p')];
	p->refused_ms = now_ms;
	ck_assert_int_eq(heir_find(v), VIEW_NOBODY);
	p->refused_ms = 0;
	p->flags |= BUS_IS_PFAIL;
	ck_assert(!heir_may_come(v, node('p')));
	p->flags &= (uint16_t)~BUS_IS_PFAIL;
	p->flags |= BUS_IS_NOFAILOVER;
	ck_assert(!heir_may_come(v, node('p')));
	ck_assert(!heir_may_come(v, VIEW_NOBODY));
	drop();
	/* A Redis acknowledges once a second. */
	take_by_word(0);
	ck_assert_int_eq(heir_find(v), VIEW_NOBODY);
	drop();
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("heir");
	TCase *c = tcase_create("heir");

	tcase_add_test(c, who_gave_its_word);
	tcase_add_test(c, who_will_not_come);
	suite_add_tcase(s, c);
	return s;
}
