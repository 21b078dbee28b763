/*
 * unit_hand - a failover as one view sees it, on each side, with each kind
 *
 * The scene is that of scene.h; the acts of each step are looked at.
 *
 * Not here: a word that was given, and ends (unit_word.c), whole clusters with
 * faults (t/sim), the table (unit_failover.c).
 */
#include "cluster/hand.h"
#include "cluster/order.h"
#include "t/scene.h"
#include "t/unit.h"

static void
fail_save(bool is_unwritten)
{
	now_ms += 500;
	while (v->saving.generation == 0)
		step((struct cluster_event){ .kind = CLUSTER_TICK });
	step((struct cluster_event){ .kind = CLUSTER_SAVE_FAILED,
	    .generation = v->saving.generation,
	    .is_unwritten = is_unwritten });
}

/* Its word, with the slots that it has by then. */
static void
give_word(char from, const uint8_t *slots)
{
	struct bus_header h = header(BUS_OWN, from);
	struct failover_say s = { .kind = FAILOVER_SAY_WORD, .token = TOKEN,
	    .offset = 1, .lease_ms = FAILOVER_NO_LEASE };
	uint8_t payload[FAILOVER_SAY_BYTES];

	h.slots = slots;
	failover_say_write(payload, &s);
	hear(&h, s.kind, (struct slice){ (char *)payload, sizeof(payload) });
}

/* A voter has promised what it was asked for. */
static void
promise(char from, struct slice asked)
{
	struct bus_header h = header(BUS_OWN, from);
	char payload[SPEAK_PREPARED_BYTES];

	memcpy(payload, asked.data, SPEAK_PREPARE_BYTES);
	payload[SPEAK_PREPARE_BYTES] = 1;
	h.epoch = v->epoch;
	hear(&h, SPEAK_PREPARED, (struct slice){ payload, sizeof(payload) });
}

static void
end_well(void)
{
	const struct act *turn = act_of(ACT_TURN);

	ck_assert(turn != NULL);
	ck_assert(view_may_serve(v, 0));
	step((struct cluster_event){ .kind = CLUSTER_TURNED,
	    .generation = turn->generation + 1 });
	ck_assert_int_eq(v->failover.state, FAILOVER_TURNING);
	now_ms += 499;
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	answer(CLUSTER_TURNED, ACT_TURN, 0);
	ck_assert_int_eq(v->failover.state, FAILOVER_TELLING);
	now_ms += 500;
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	ck_assert(act_of(ACT_DONE) != NULL && act_of(ACT_UNLOCK) != NULL);
	ck_assert_int_eq(v->failover.state, FAILOVER_IDLE);
}

START_TEST(takes_by_word)
{
	struct bus_packet p;
	uint64_t epoch;

	begin(true, BUS_OWN_VERSION);
	ck_assert(order(FAILOVER_ON_ASK, 0) == NULL);
	ck_assert(said('p', FAILOVER_SAY_STOP).token == 0);
	answer(CLUSTER_LOCKED, ACT_LOCK, 0);
	ck_assert(!sent('a', BUS_OWN, SPEAK_PREPARE, &p));
	save();
	ck_assert(sent('a', BUS_OWN, SPEAK_PREPARE, &p));
	/* Nobody waits for the disks of voters with writes held. */
	ck_assert(said('p', FAILOVER_SAY_STOP).token == 0);
	promise('a', p.payload);
	ck_assert_uint_eq(said('p', FAILOVER_SAY_STOP).token, TOKEN);
	say('p', &(struct failover_say){ .kind = FAILOVER_SAY_OFFSET,
	    .token = TOKEN, .offset = OFFSET });
	ck_assert_uint_eq(act_of(ACT_AWAIT)->offset, OFFSET);
	epoch = v->hand.prepare_epoch;
	answer(CLUSTER_LEVEL, ACT_AWAIT, 0);
	ck_assert_uint_eq(said('p', FAILOVER_SAY_CLAIM).epoch, epoch);
	ck_assert(view_has(v, VIEW_SELF, BUS_IS_REPLICA));
	/* As if we had not heard yet that it got the slot. */
	view_give_slot(v, 5, node('a'));
	give_word('p', part[0]);
	ck_assert(view_has(v, VIEW_SELF, BUS_IS_PRIMARY));
	ck_assert_int_eq(v->owner[5], VIEW_SELF);
	ck_assert(!view_may_serve(v, 0) && act_of(ACT_TURN) == NULL);
	while (v->failover.state == FAILOVER_TAKING)
		save();
	ck_assert_uint_eq(v->told.config_epoch, epoch);
	/* It sends its clients while our workers turn. */
	ck_assert(act_of(ACT_TURN) != NULL && sent('p', BUS_PING, 0, &p));
	ck_assert(p.header.flags & BUS_IS_PRIMARY);
	end_well();
}
END_TEST

/* m waits for what its primary had when it stopped, without the stream. */
static void
wait_without_stream(void)
{
	struct bus_packet p;

	begin(true, BUS_OWN_VERSION);
	ck_assert(order(FAILOVER_ON_ASK, 0) == NULL);
	answer(CLUSTER_LOCKED, ACT_LOCK, 0);
	save();
	ck_assert(sent('a', BUS_OWN, SPEAK_PREPARE, &p));
	promise('a', p.payload);
	say('p', &(struct failover_say){ .kind = FAILOVER_SAY_OFFSET,
	    .token = TOKEN, .offset = OFFSET + 1 });
	v->fact.is_link_up = false;
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert_int_eq(v->failover.state, FAILOVER_SYNCING);
	now_ms += 400;
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	ck_assert_int_eq(v->failover.state, FAILOVER_SYNCING);
}

/* Another worker takes it up where one has died; else it is not waited for. */
START_TEST(the_stream_may_come_back)
{
	wait_without_stream();
	v->fact.is_link_up = true;
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	now_ms += 200;
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	ck_assert_int_eq(v->failover.state, FAILOVER_SYNCING);
	drop();
	wait_without_stream();
	now_ms += 100;
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	ck_assert_uint_eq(said('p', FAILOVER_SAY_UNSTOP).token, TOKEN);
}
END_TEST

/* As long as too few have promised, nothing is asked for, nor claimed. */
START_TEST(waits_for_promises)
{
	begin(true, BUS_OWN_VERSION);
	order(FAILOVER_ON_ASK, 0);
	answer(CLUSTER_LOCKED, ACT_LOCK, 0);
	save();
	now_ms += 100;
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	ck_assert_uint_eq(said('p', FAILOVER_SAY_STOP).token, 0);
	/* Be it stopped all the same, it is not claimed. */
	say('p', &(struct failover_say){ .kind = FAILOVER_SAY_OFFSET,
	    .token = TOKEN, .offset = OFFSET });
	answer(CLUSTER_LEVEL, ACT_AWAIT, 0);
	ck_assert_int_eq(v->failover.state, FAILOVER_PREPARING);
	ck_assert_uint_eq(said('p', FAILOVER_SAY_CLAIM).token, 0);
	now_ms += 1000;
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	ck_assert_uint_eq(said('p', FAILOVER_SAY_UNSTOP).token, TOKEN);
}
END_TEST

START_TEST(gives_its_word)
{
	struct failover_say claim = { .kind = FAILOVER_SAY_CLAIM,
	    .token = TOKEN, .offset = OFFSET, .epoch = EPOCH };
	const struct act *hold;

	begin(false, BUS_OWN_VERSION);
	say('r', &(struct failover_say){ .kind = FAILOVER_SAY_STOP,
	    .token = TOKEN });
	hold = act_of(ACT_HOLD);
	ck_assert(hold->token == TOKEN && hold->until_ms == now_ms + 1000);
	answer(CLUSTER_HELD, ACT_HOLD, OFFSET);
	ck_assert_uint_eq(said('r', FAILOVER_SAY_OFFSET).offset, OFFSET);
	say('r', &claim);
	ck_assert(act_of(ACT_HOLD)->until_ms == INT64_MAX);
	answer(CLUSTER_HELD, ACT_HOLD, OFFSET);
	ck_assert_uint_eq(said('r', FAILOVER_SAY_WORD).token, 0);
	while (v->failover.state == FAILOVER_YIELDING)
		save();
	ck_assert_uint_eq(said('r', FAILOVER_SAY_WORD).token, TOKEN);
	ck_assert_int_eq(v->failover.state, FAILOVER_GIVEN);
}
END_TEST

/* The replica is gone for good, and with two primaries nobody can vote. */
START_TEST(an_operator_takes_the_word_back)
{
	begin(false, BUS_OWN_VERSION);
	be_given(EPOCH + 20);
	ck_assert_int_eq(v->failover.state, FAILOVER_GIVEN);
	ck_assert(order(FAILOVER_ON_FORCE, 0) != NULL);
	ck_assert(order(FAILOVER_ON_TAKEOVER, 0) == NULL);
	while (v->failover.state == FAILOVER_RETURNING)
		save();
	ck_assert_int_eq(v->failover.state, FAILOVER_IDLE);
	ck_assert(act_of(ACT_RESUME) != NULL && view_may_serve(v, 0));
	ck_assert_uint_gt(v->told.config_epoch, EPOCH + 20);
}
END_TEST

/* Who stopped for a replica of ours gives its word, not its vote. */
START_TEST(few_are_forced_by_word)
{
	struct bus_header h;
	struct bus_packet p;

	begin(true, BUS_OWN_VERSION);
	v->node[node('b')].flags |= BUS_IS_FAIL;
	ck_assert(order(FAILOVER_ON_FORCE, 0) == NULL);
	answer(CLUSTER_LOCKED, ACT_LOCK, 0);
	say('p', &(struct failover_say){ .kind = FAILOVER_SAY_OFFSET,
	    .token = TOKEN, .offset = OFFSET });
	answer(CLUSTER_LEVEL, ACT_AWAIT, 0);
	ck_assert_int_eq(v->failover.state, FAILOVER_PREPARING);
	drop();
	begin(false, BUS_OWN_VERSION);
	v->lease.end_ms = LEASE_ALWAYS;
	h = header(BUS_AUTH_REQUEST, 'r');
	h.epoch = 30;
	h.marks |= BUS_MARK_FORCE_ACK;
	hear(&h, 0, SLICE(""));
	ck_assert(sent('r', BUS_OWN, SPEAK_DENIED, &p));
}
END_TEST

/* Votes are the second choice of who is forced: they wait for leases. */
START_TEST(force_takes_the_word_of_who_answers)
{
	struct bus_packet p;

	begin(true, BUS_OWN_VERSION);
	ck_assert(order(FAILOVER_ON_FORCE, 0) == NULL);
	answer(CLUSTER_LOCKED, ACT_LOCK, 0);
	ck_assert_uint_eq(said('p', FAILOVER_SAY_STOP).token, TOKEN);
	save();
	ck_assert(sent('a', BUS_OWN, SPEAK_PREPARE, &p));
	promise('a', p.payload);
	say('p', &(struct failover_say){ .kind = FAILOVER_SAY_OFFSET,
	    .token = TOKEN, .offset = OFFSET });
	answer(CLUSTER_LEVEL, ACT_AWAIT, 0);
	ck_assert_int_eq(v->failover.state, FAILOVER_CLAIMING);
	ck_assert_uint_eq(said('p', FAILOVER_SAY_CLAIM).offset, OFFSET);
	ck_assert(!v->vote.is_forced);
	now_ms += v->failover.config.fence_ms / 2;
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	ck_assert_int_eq(v->failover.state, FAILOVER_CLAIMING);
	now_ms += v->failover.config.fence_ms / 2;
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	ck_assert_int_eq(v->failover.state, FAILOVER_ELECTING);
	ck_assert(v->vote.is_forced);
}
END_TEST

/* Who lost its data serves nothing while a replica has it, and votes for it. */
START_TEST(without_data_it_stands_back)
{
	struct bus_header h;
	struct bus_packet p;

	begin(false, BUS_OWN_VERSION);
	v->node[node('r')].offset = OFFSET;
	ck_assert(view_may_serve(v, 0));
	v->fact.offset = 0;
	v->fact.has_lost_data = true;
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert(!view_may_serve(v, 0));
	ck_assert(act_of(ACT_PUBLISH) != NULL && act_of(ACT_ANSWER) == NULL);
	ck_assert_uint_eq(said('r', FAILOVER_SAY_INVITE).offset,
	    FAILOVER_AT_ONCE);
	h = header(BUS_AUTH_REQUEST, 'r');
	h.epoch = 30;
	h.marks |= BUS_MARK_FORCE_ACK;
	hear(&h, 0, SLICE(""));
	ck_assert(!sent('r', BUS_OWN, SPEAK_DENIED, &p));
	/* Whoever could have it is dead: it serves, and then for good. */
	drop();
	begin(false, BUS_OWN_VERSION);
	v->fact.offset = 0;
	v->fact.has_lost_data = true;
	v->node[node('r')].offset = OFFSET;
	v->node[node('r')].flags |= BUS_IS_FAIL;
	v->node[node('r')].fail_ms = now_ms;
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert(!view_may_serve(v, 0));
	now_ms += v->config.node_timeout_ms;
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert(view_may_serve(v, 0));
	/* It is back: for good only when something was written meanwhile. */
	v->node[node('r')].flags &= (uint16_t)~BUS_IS_FAIL;
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert(!view_may_serve(v, 0));
	v->fact.offset = 1;
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert(view_may_serve(v, 0));
	/* The replica does not ask what it can not get. */
	drop();
	begin(true, BUS_OWN_VERSION);
	v->fact.is_link_up = false;
	say('p', &(struct failover_say){ .kind = FAILOVER_SAY_INVITE,
	    .token = TOKEN, .offset = FAILOVER_AT_ONCE, .lease_ms = 1000 });
	answer(CLUSTER_LOCKED, ACT_LOCK, 0);
	ck_assert_int_eq(v->failover.state, FAILOVER_ELECTING);
}
END_TEST

/* Same without the last of it, which one may have and another has not. */
START_TEST(without_the_last_of_it_too)
{
	begin(false, BUS_OWN_VERSION);
	v->is_ok = true;
	v->fact.offset = v->fact.lost_end = OFFSET - 1;
	v->fact.has_lost_data = true;
	v->node[node('r')].offset = OFFSET;
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert(!view_may_serve(v, 0));
	ck_assert(!v->goes_without);
	/* Who was the primary may not know yet that it is a replica. */
	v->node[VIEW_SELF].shard = v->node[node('r')].shard =
	    v->node[VIEW_SELF].id;
	v->node[node('r')].primary = VIEW_NOBODY;
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert(!view_may_serve(v, 0));
	v->node[node('r')].primary = VIEW_SELF;
	v->node[node('r')].offset = OFFSET - 1;
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert(view_may_serve(v, 0));
	ck_assert(v->goes_without);
	v->fact.has_lost_data = false;
	step((struct cluster_event){ .kind = CLUSTER_FACTS });
	ck_assert(!v->goes_without);
}
END_TEST

/* Nothing of it is in the file: the other side need not wait for the disk. */
START_TEST(a_full_disk_ends_it)
{
	begin(false, BUS_OWN_VERSION);
	be_claimed(EPOCH);
	ck_assert_int_eq(v->failover.state, FAILOVER_YIELDING);
	fail_save(true);
	ck_assert_int_eq(v->failover.state, FAILOVER_IDLE);
	ck_assert_uint_eq(said('r', FAILOVER_SAY_REFUSED).token, TOKEN);
	ck_assert(act_of(ACT_RESUME) != NULL);
	/* Who can not say whether it is there has to write once more. */
	drop();
	begin(false, BUS_OWN_VERSION);
	be_claimed(EPOCH);
	fail_save(false);
	ck_assert_int_eq(v->failover.state, FAILOVER_RETURNING);
	fail_save(true);
	ck_assert_int_eq(v->failover.state, FAILOVER_RETURNING);
	/* The taker gives the word back. */
	drop();
	begin(true, BUS_OWN_VERSION);
	order(FAILOVER_ON_TAKEOVER, 0);
	answer(CLUSTER_LOCKED, ACT_LOCK, 0);
	ck_assert_int_eq(v->failover.state, FAILOVER_TAKING);
	ck_assert_int_eq(v->owner[0], VIEW_SELF);
	fail_save(true);
	ck_assert_int_eq(v->failover.state, FAILOVER_IDLE);
	ck_assert_uint_eq(said('p', FAILOVER_SAY_NOT_TAKEN).token, TOKEN);
	ck_assert_int_eq(v->owner[0], node('p'));
	ck_assert_int_eq(v->node[VIEW_SELF].primary, node('p'));
	ck_assert(act_of(ACT_UNLOCK) != NULL);
	save();
	say('p', &(struct failover_say){ .kind = FAILOVER_SAY_ASK_TAKEN,
	    .token = TOKEN });
	ck_assert_uint_eq(said('p', FAILOVER_SAY_NOT_TAKEN).token, TOKEN);
}
END_TEST

/* That an epoch was heard of, and is in a file, is no promise yet. */
START_TEST(promises_what_power_can_not_undo)
{
	char payload[SPEAK_PREPARE_BYTES] = { [7] = 1, [15] = 50 };
	struct bus_header h;
	struct bus_packet p;

	begin(false, BUS_OWN_VERSION);
	know('s', no_slots, 0, BUS_OWN_VERSION, 'a');
	while (v->is_dirty || v->saving.generation != 0)
		save();
	h = header(BUS_OWN, 's');
	h.epoch = 50;
	hear(&h, 0, SLICE(""));
	ck_assert(act_of(ACT_SAVE)->is_light);
	hear(&h, SPEAK_PREPARE, (struct slice){ payload, sizeof(payload) });
	save();
	ck_assert_uint_eq(v->told.epoch, 50);
	ck_assert(!sent('s', BUS_OWN, SPEAK_PREPARED, &p));
	ck_assert(!act_of(ACT_SAVE)->is_light);
	/* Asked again meanwhile, it needs no second file. */
	hear(&h, SPEAK_PREPARE, (struct slice){ payload, sizeof(payload) });
	save();
	ck_assert(sent('s', BUS_OWN, SPEAK_PREPARED, &p));
	ck_assert(act_of(ACT_SAVE) == NULL);
}
END_TEST

/* A slot that came late stays with the giver, which goes on with it. */
START_TEST(a_slot_is_left_behind)
{
	uint8_t most[BUS_SLOT_BYTES];
	struct bus_header h;

	begin(false, BUS_OWN_VERSION);
	be_given(EPOCH);
	memcpy(most, part[0], sizeof(most));
	most[0] &= 0xfe;
	h = header(BUS_PONG, 'r');
	memset(&h.primary, 0, sizeof(h.primary));
	h.flags = BUS_IS_PRIMARY;
	h.config_epoch = EPOCH;
	h.slots = most;
	hear(&h, 0, SLICE(""));
	ck_assert_int_eq(v->node[VIEW_SELF].slot_count, 1);
	ck_assert_int_eq(v->failover.state, FAILOVER_IDLE);
	ck_assert(act_of(ACT_RESUME) != NULL);
}
END_TEST

/* A write after the offset that was told: the token is dead. */
START_TEST(slips)
{
	begin(false, BUS_OWN_VERSION);
	be_claimed(EPOCH);
	answer(CLUSTER_HELD, ACT_HOLD, OFFSET + 1);
	ck_assert_int_eq(v->failover.state, FAILOVER_RETURNING);
	while (v->saving.generation != 0)
		save();
	ck_assert_int_eq(v->failover.state, FAILOVER_IDLE);
	ck_assert_uint_eq(v->hand.given.token, 0);
}
END_TEST

/* Same as say(), of one that knows this of others' claims. */
static void
say_knowing(char from, const struct failover_say *s, uint32_t known)
{
	struct bus_header h = header(BUS_OWN, from);
	uint8_t payload[FAILOVER_SAY_BYTES];

	h.known = known;
	failover_say_write(payload, s);
	hear(&h, s->kind, (struct slice){ (char *)payload,
	    sizeof(payload) });
}

/* Else it would lease in our place to one that was replaced. */
START_TEST(a_role_goes_to_who_knows_as_much)
{
	struct failover_say stop = { .kind = FAILOVER_SAY_STOP,
	    .token = TOKEN }, claim = { .kind = FAILOVER_SAY_CLAIM,
	    .token = TOKEN, .offset = OFFSET, .epoch = EPOCH };
	uint32_t known;
	struct bus_packet p;

	begin(false, BUS_OWN_VERSION);
	known = view_known(v, VIEW_SELF);
	say_knowing('r', &stop, known ^ 2);
	ck_assert_int_eq(v->failover.state, FAILOVER_IDLE);
	ck_assert(act_of(ACT_HOLD) == NULL);
	ck_assert(sent('r', BUS_UPDATE, 0, &p));
	ck_assert(bus_id_is_equal(&p.id, &v->node[node('a')].id) ||
	    bus_id_is_equal(&p.id, &v->node[node('b')].id));
	say_knowing('r', &stop, known);
	answer(CLUSTER_HELD, ACT_HOLD, OFFSET);
	/* What we learn meanwhile it has to know, too. */
	v->node[node('a')].config_epoch = 7;
	say_knowing('r', &claim, known);
	ck_assert_int_eq(v->failover.state, FAILOVER_STOPPED);
	ck_assert(sent('r', BUS_UPDATE, 0, &p));
	known = view_known(v, VIEW_SELF);
	say_knowing('r', &claim, known);
	ck_assert_int_eq(v->failover.state, FAILOVER_YIELDING);
	/* What its owner does not claim any more who is new never heard of. */
	memset(v->doubt + BUS_SLOT_BYTES / 2, 0xff, BUS_SLOT_BYTES / 2);
	ck_assert_uint_ne(view_known(v, VIEW_SELF), known);
}
END_TEST

/* Its primary may know less, and is told when it does not answer. */
START_TEST(tells_what_it_knows)
{
	struct bus_packet p;

	begin(true, BUS_OWN_VERSION);
	order(FAILOVER_ON_ASK, 0);
	answer(CLUSTER_LOCKED, ACT_LOCK, 0);
	save();
	ck_assert(sent('a', BUS_OWN, SPEAK_PREPARE, &p));
	promise('a', p.payload);
	ck_assert(sent('p', BUS_OWN, FAILOVER_SAY_STOP, &p));
	ck_assert_uint_eq(p.header.known, view_known(v, node('p')));
	ck_assert(!sent('p', BUS_UPDATE, 0, &p));
	now_ms += 100;
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	ck_assert(sent('p', BUS_OWN, FAILOVER_SAY_STOP, &p));
	ck_assert(sent('p', BUS_UPDATE, 0, &p));
}
END_TEST

/* It prepared an epoch that does not beat ours: it begins anew. */
START_TEST(old_claims_are_refused)
{
	begin(false, BUS_OWN_VERSION);
	be_claimed(4);
	ck_assert_uint_eq(said('r', FAILOVER_SAY_REFUSED).token, TOKEN);
	ck_assert_int_eq(acts.list[acts.count - 1].kind, ACT_RESUME);
}
END_TEST

START_TEST(takes_from_redis)
{
	struct bus_header h;
	struct bus_packet p;
	int rounds = 0;

	begin(true, 0);
	ck_assert(order(FAILOVER_ON_ASK, 0) == NULL);
	answer(CLUSTER_LOCKED, ACT_LOCK, 0);
	ck_assert(sent('p', BUS_MFSTART, 0, &p));
	h = header(BUS_PING, 'p');
	h.marks |= BUS_MARK_PAUSED;
	h.offset = OFFSET + 5;
	hear(&h, 0, SLICE(""));
	ck_assert_uint_eq(act_of(ACT_AWAIT)->offset, OFFSET + 5);
	answer(CLUSTER_LEVEL, ACT_AWAIT, 0);
	ck_assert_int_eq(v->failover.state, FAILOVER_ELECTING);
	while (v->vote.state != VOTE_ASK && rounds++ < 9)
		save();
	ck_assert(v->vote.is_forced);
	for (rounds = 0; rounds < 2; rounds++) {
		h = header(BUS_AUTH_ACK, "ab"[rounds]);
		h.epoch = v->vote.epoch;
		hear(&h, 0, SLICE(""));
	}
	ck_assert_uint_eq(v->vote.won, 1);
	save();
	end_well();
}
END_TEST

START_TEST(gives_to_redis)
{
	struct bus_header h;
	struct bus_packet p;

	begin(false, 0);
	h = header(BUS_MFSTART, 'r');
	hear(&h, 0, SLICE(""));
	answer(CLUSTER_HELD, ACT_HOLD, OFFSET + 7);
	ck_assert(sent('r', BUS_PING, 0, &p));
	ck_assert(p.header.marks & BUS_MARK_PAUSED);
	ck_assert_uint_eq(p.header.offset, OFFSET + 7);
	/* It is twice as long: what it asked for in time may still elect it. */
	ck_assert_int_gt(v->failover.until_ms, now_ms + 1900);
	now_ms += 2000;
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	ck_assert_int_eq(v->failover.state, FAILOVER_IDLE);
	ck_assert(act_of(ACT_RESUME) != NULL);
}
END_TEST

START_TEST(refuses_with_reasons)
{
	begin(false, 0);
	ck_assert_str_eq(order(FAILOVER_ON_ASK, 0),
	    "ERR You should send CLUSTER FAILOVER to a replica");
	ck_assert_str_eq(order(FAILOVER_ON_ABORT, 0),
	    "ERR No failover in progress.");
	ck_assert_str_eq(order(FAILOVER_ON_OFFER, 0),
	    "ERR FAILOVER requires connected replicas.");
	ck_assert_str_eq(order(FAILOVER_ON_OFFER, 'a'),
	    "ERR FAILOVER target HOST and PORT is not a replica.");
	drop();
	begin(true, BUS_OWN_VERSION);
	v->fact.lock_words = "ERR held";
	ck_assert_str_eq(order(FAILOVER_ON_TAKEOVER, 0), "ERR held");
	v->fact.lock_words = NULL;
	v->fact.is_ending = true;
	ck_assert_str_eq(order(FAILOVER_ON_ASK, 0), "ERR the node is ending");
	say('p', &(struct failover_say){ .kind = FAILOVER_SAY_INVITE,
	    .token = 7 });
	ck_assert_uint_eq(said('p', FAILOVER_SAY_REFUSED).token, 7);
	v->fact.is_ending = false;
	v->fact.is_link_up = false;
	ck_assert_str_eq(order(FAILOVER_ON_ASK, 0), "ERR Master is down or "
	    "failed, please use CLUSTER FAILOVER FORCE");
	ck_assert(order(FAILOVER_ON_FORCE, 0) == NULL);
	ck_assert_str_eq(order(FAILOVER_ON_ASK, 0),
	    "ERR the recovery lock is waited for");
	ck_assert(order(FAILOVER_ON_ABORT, 0) == NULL);
}
END_TEST

static const char *
order_within(int64_t timeout_ms)
{
	now_ms++;
	cluster_begin(v, now_ms, &acts);
	hand_order(v, FAILOVER_ON_ASK, VIEW_NOBODY, timeout_ms, TOKEN, &acts);
	cluster_settle(v, &acts);
	return act_of(ACT_ANSWER)->words;
}

static void
be_invited(uint32_t timeout_ms, uint64_t how)
{
	say('p', &(struct failover_say){ .kind = FAILOVER_SAY_INVITE,
	    .token = 7, .lease_ms = timeout_ms, .offset = how });
}

/* What lacks is replayed within its own time, and while writes are held. */
START_TEST(has_no_time_to_catch_up)
{
	static const char late[] = "ERR this replica is too far behind to "
	    "catch up within the timeout";

	begin(true, BUS_OWN_VERSION);
	v->node[node('p')].offset = OFFSET + 4 * 1000 * 1000;
	ck_assert_str_eq(order_within(199), late);
	ck_assert_str_eq(order_within(1), late);
	be_invited(199, 0);
	ck_assert_uint_eq(said('p', FAILOVER_SAY_REFUSED).token, 7);
	/* The option's, of which the primary's pause is, bounds a longer. */
	v->config.failover_ms = 100;
	ck_assert_str_eq(order_within(0), late);
	ck_assert_str_eq(order_within(60000), late);
	ck_assert_int_eq(v->failover.state, FAILOVER_IDLE);
	/* By force, when it is late. */
	be_invited(100, 1);
	ck_assert_int_eq(v->failover.state, FAILOVER_LOCKING);
	drop();
	begin(true, BUS_OWN_VERSION);
	v->node[node('p')].offset = OFFSET + 4 * 1000 * 1000;
	ck_assert(order_within(201) == NULL);
}
END_TEST

/* A pause that lasts is told to all, and so is its end. */
START_TEST(tells_of_a_pause)
{
	struct bus_header h;

	begin(false, BUS_OWN_VERSION);
	say('r', &(struct failover_say){ .kind = FAILOVER_SAY_STOP,
	    .token = TOKEN });
	answer(CLUSTER_HELD, ACT_HOLD, OFFSET);
	v->broadcast_ms = 0;
	ck_assert(speak_header(v, BUS_PONG).is_holding);
	now_ms += v->failover.config.again_ms;
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	ck_assert_int_gt(v->broadcast_ms, 0);
	v->broadcast_ms = 0;
	say('r', &(struct failover_say){ .kind = FAILOVER_SAY_UNSTOP,
	    .token = TOKEN });
	ck_assert_int_gt(v->broadcast_ms, 0);
	ck_assert(!speak_header(v, BUS_PONG).is_holding);
	drop();
	begin(true, BUS_OWN_VERSION);
	ck_assert(!hand_is_paused(v));
	h = header(BUS_PONG, 'p');
	h.is_holding = true;
	hear(&h, 0, SLICE(""));
	ck_assert(hand_is_paused(v));
	/* Who is silent may have gone on since. */
	now_ms += v->config.failover_ms + 1;
	step((struct cluster_event){ .kind = CLUSTER_TICK });
	ck_assert(!hand_is_paused(v));
	hear(&h, 0, SLICE(""));
	ck_assert(hand_is_paused(v));
	h.is_holding = false;
	hear(&h, 0, SLICE(""));
	ck_assert(!hand_is_paused(v));
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *s = suite_create("hand");
	TCase *t = tcase_create("hand");

	tcase_add_checked_fixture(t, NULL, drop);
	tcase_add_test(t, takes_by_word);
	tcase_add_test(t, the_stream_may_come_back);
	tcase_add_test(t, waits_for_promises);
	tcase_add_test(t, gives_its_word);
	tcase_add_test(t, an_operator_takes_the_word_back);
	tcase_add_test(t, few_are_forced_by_word);
	tcase_add_test(t, force_takes_the_word_of_who_answers);
	tcase_add_test(t, without_data_it_stands_back);
	tcase_add_test(t, without_the_last_of_it_too);
	tcase_add_test(t, a_full_disk_ends_it);
	tcase_add_test(t, promises_what_power_can_not_undo);
	tcase_add_test(t, a_slot_is_left_behind);
	tcase_add_test(t, slips);
	tcase_add_test(t, a_role_goes_to_who_knows_as_much);
	tcase_add_test(t, tells_what_it_knows);
	tcase_add_test(t, old_claims_are_refused);
	tcase_add_test(t, takes_from_redis);
	tcase_add_test(t, gives_to_redis);
	tcase_add_test(t, refuses_with_reasons);
	tcase_add_test(t, has_no_time_to_catch_up);
	tcase_add_test(t, tells_of_a_pause);
	suite_add_tcase(s, t);
	return s;
}
