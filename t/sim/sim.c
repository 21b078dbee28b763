/*
 * sim - seeded runs of a whole cluster on a virtual clock
 *
 *	t/sim/sim [--seeds N] [--from SEED] [--lying] [--shift] [--few]
 *	    [--talk] [SEED]
 *
 * Each seed makes a cluster of 3 to 30 nodes, lets things go wrong for some
 * virtual seconds while operators move slots and order failovers of all
 * kinds, ends the faults, and then wants all to agree within a bound.  With one
 * SEED what happens is printed; it is the same each time.  --lying: disks say
 * that a file is durable before it is, which must break a rule: seeds that find
 * it are counted as passed.  --few: one or two primaries, among whom there are
 * no leases, and no majority without any of them.
 *
 * Last line: N passed, N failed, 0 skipped.
 *
 * Not here: hosts and network (world.c), their data (data.c), the rules
 * (check.c, data.c).
 */
#include <stdio.h>
#include <stdlib.h>

#include "cluster/order.h"
#include "cluster/shift.h"
#include "cluster/shift_refusal.h"
#include "t/sim/check.h"

#define CREATE_MS 20000
#define FAULTS_MS 7000
/* After the last fault: agreement at the latest. */
#define SETTLE_MS 30000
#define LOOK_MS 100
#define MEET_MS 12           /* so long it takes to be met */
#define CALM_MS 150          /* so long a planned failover takes */

struct wishes {
	bool is_lying, is_talking, may_shift, is_few;
};

struct run {
	struct world world;
	int shards, replicas;      /* of each shard */
	int64_t settled_ms;        /* how long agreement took */
	bool may_take_over;        /* TAKEOVER is among the orders */
	bool may_shift;            /* MIGRATESLOTS, too */
	bool is_few;               /* of primaries */
	bool forgets;              /* who has been met, while that goes on */
};

static uint32_t
between(struct world *w, uint32_t low, uint32_t high)
{
	return low + world_random(w, high - low + 1);
}

/* Each kind of fault is there in half of the seeds. */
static uint32_t
maybe(struct world *w, uint32_t most)
{
	return world_chance(w, 500000) ? world_random(w, most) : 0;
}

static void
draw_mishaps(struct world *w)
{
	w->mishaps.lost = maybe(w, 150000);
	w->mishaps.doubled = maybe(w, 100000);
	w->mishaps.late = maybe(w, 100000);
	w->mishaps.die_at_act = maybe(w, 1000);
	w->mishaps.slow_disk = maybe(w, 300000);
	w->mishaps.full_disk = maybe(w, 200000);
	w->mishaps.killed = maybe(w, 300000);
	w->mishaps.stopped = maybe(w, 200000);
	w->mishaps.cut = maybe(w, 600000);
	w->mishaps.emptied = maybe(w, 300000);
	w->mishaps.heir_killed = maybe(w, 200000);
}

static void
give_slots(struct run *r, struct view *v, int shard)
{
	uint8_t slots[BUS_SLOT_BYTES] = { 0 };
	unsigned first = (unsigned)(KEYSLOT_COUNT * shard / r->shards),
	    end = (unsigned)(KEYSLOT_COUNT * (shard + 1) / r->shards), slot;

	for (slot = first; slot < end; slot++)
		bus_add_slot(slots, slot);
	(void)order_add_slots(v, slots, &slot);
}

/* One that is being met stops for longer than a handshake lasts. */
static void
stop_one_met(struct world *w)
{
	int i = 1 + (int)world_random(w, (uint32_t)w->hosts - 1);

	world_run(w, w->now_ms + world_random(w, MEET_MS));
	w->host[i].stopped_until_ms = w->now_ms +
	    w->host[i].view->config.node_timeout_ms + 200;
	world_say(w, i, "stops while it is met");
}

/* Whether node i knows of node k. */
static bool
knows(const struct world *w, int i, int k)
{
	return w->host[i].is_up && view_find(w->host[i].view,
	    &w->host[k].id) != VIEW_NOBODY;
}

static void
meet_all(struct world *w)
{
	struct view *v;
	int i;

	for (i = 1; i < w->hosts; i++) {
		if (knows(w, 0, i) || (v = world_order(w, 0)) == NULL)
			continue;
		(void)order_meet(v, w->host[i].ip, w->host[i].view->config.port,
		    w->host[i].view->config.cport);
		world_ordered(w, 0);
	}
}

/*
 * One has been met, by its word, and does not know yet by whom: both controls
 * die.  Whom nobody knows is met by another order.
 */
static void
forget_one_met(struct world *w)
{
	int i = 1 + (int)world_random(w, (uint32_t)w->hosts - 1), ms;

	for (ms = 0; ms < 20 * MEET_MS && !knows(w, 0, i); ms++)
		world_run(w, w->now_ms + 1);
	world_run(w, w->now_ms + world_random(w, 3));
	if (!knows(w, i, 0)) {
		world_say(w, i, "is met half");
		world_kill_control(w, i);
		world_kill_control(w, 0);
	}
	for (ms = 0; ms < 200 && !w->host[0].is_up; ms++)
		world_run(w, w->now_ms + 1);
	meet_all(w);
}

/* What redis-cli --cluster create does. */
static void
create(struct run *r)
{
	struct world *w = &r->world;
	struct view *v;
	int i;

	for (i = 0; i < w->hosts; i++) {
		world_boot(w, i);
		v = world_order(w, i);
		(void)order_set_epoch(v, (uint64_t)i + 1);
		if (i < r->shards)
			give_slots(r, v, i);
		world_ordered(w, i);
	}
	world_run(w, w->now_ms + 100);
	meet_all(w);
	if (world_chance(w, 250000))
		stop_one_met(w);
	else if (r->forgets)
		forget_one_met(w);
}

/* Replicas follow their primaries as soon as they know them. */
static bool
attach(struct run *r)
{
	struct world *w = &r->world;
	bool are_all = true;
	int i;

	for (i = r->shards; i < w->hosts; i++) {
		struct view *v = world_order(w, i);

		are_all &= v != NULL;
		if (v == NULL)
			continue;
		if (view_has(v, VIEW_SELF, BUS_IS_PRIMARY)) {
			are_all = false;
			(void)order_replicate(v, &w->host[i % r->shards].id,
			    false, &w->acts);
		}
		world_ordered(w, i);
	}
	return are_all;
}

/* Until all agree, for that long; what they differ in otherwise. */
static const char *
settle(struct run *r, int64_t bound_ms)
{
	struct world *w = &r->world;
	int64_t begun_ms = w->now_ms;
	const char *why = "nothing was looked at";
	int i;

	while (w->broken[0] == 0 && w->now_ms < begun_ms + bound_ms) {
		world_run(w, w->now_ms + LOOK_MS);
		for (i = 0; i < w->hosts; i++) {
			data_shift(w, i);
			data_allow(w, i);
		}
		why = check_agreement(w);
		if (why == NULL)
			break;
	}
	r->settled_ms = w->now_ms - begun_ms;
	return why;
}

/* A random set can not send to the others, or not be sent to. */
static void
cut(struct world *w)
{
	uint32_t side = world_random(w, 1u << (w->hosts - 1)) * 2 +
	    world_random(w, 2), way = world_random(w, 4);
	int i;

	memset(w->cut, 0, sizeof(w->cut));
	for (i = 0; i < w->hosts; i++) {
		if (side >> i & 1 && way != 1)
			w->cut[i] |= ~side;
		if (!(side >> i & 1) && way != 2)
			w->cut[i] |= side;
	}
	world_say(w, -1, "cut: %x, way %u", side, way);
	w->cut_until_ms = w->now_ms + between(w, 100, 4000);
}

/* SETSLOT NODE at a host; false: it is dead. */
static bool
settle_slot(struct world *w, int at, int to, unsigned slot)
{
	struct view *v = world_order(w, at);

	if (v == NULL)
		return false;
	(void)order_slot_node(v, slot, &w->host[to].id, false, &w->acts);
	world_ordered(w, at);
	return true;
}

/* SETSLOT on both sides, as redis-cli does when it moves a slot. */
static void
move_slot(struct run *r)
{
	struct world *w = &r->world;
	unsigned slot = world_random(w, CHECK_SAMPLES) * CHECK_EVERY;
	int to = (int)world_random(w, (uint32_t)w->hosts), from = -1, i;
	struct view *v;

	for (i = 0; i < w->hosts; i++)
		if (world_is_awake(w, i) && i != to &&
		    view_may_serve(w->host[i].view, slot))
			from = i;
	if (from < 0 || !world_is_awake(w, to) || !w->host[to].view->is_ok ||
	    !w->host[from].view->is_ok)
		return;
	w->let_off |= 1ull << slot / CHECK_EVERY;
	world_say(w, to, "slot %u comes from node %d", slot, from);
	v = world_order(w, to);
	(void)order_slot_importing(v, slot, &w->host[from].id);
	world_ordered(w, to);
	if (w->host[from].is_up) {
		v = world_order(w, from);
		(void)order_slot_migrating(v, slot, &w->host[to].id);
		world_ordered(w, from);
	}
	world_run(w, w->now_ms + world_random(w, 50));
	if (!settle_slot(w, to, to, slot))
		return;
	/* Only when the new owner's answer has come, which is durable. */
	for (i = 0; i < 50 && !view_may_serve(w->host[to].view, slot); i++)
		world_run(w, w->now_ms + 10);
	if (w->host[to].is_up && view_may_serve(w->host[to].view, slot))
		(void)settle_slot(w, from, to, slot);
}

/* MIGRATESLOTS of one slot that somebody has, to anybody. */
static void
shift_slot(struct run *r)
{
	struct world *w = &r->world;
	unsigned slot = world_random(w, CHECK_SAMPLES) * CHECK_EVERY;
	int to = (int)world_random(w, (uint32_t)w->hosts), i;
	uint8_t slots[BUS_SLOT_BYTES] = { 0 };
	struct view *v;

	bus_add_slot(slots, slot);
	for (i = 0; i < w->hosts; i++) {
		v = world_order(w, i);
		if (v == NULL || shift_refusal(v, &w->host[to].id, slots,
		    0) != NULL)
			continue;
		world_say(w, i, "slot %u goes to node %d", slot, to);
		shift_want(v, &w->host[to].id, slots);
		world_ordered(w, i);
		return;
	}
}

/* An operator at a random node; most orders make sense there. */
static void
order_failover(struct run *r)
{
	static const struct {
		enum failover_event order;
		const char *words;
	} orders[] = { { FAILOVER_ON_ASK, "is to take over" },
		{ FAILOVER_ON_ASK, "is to take over" },
		{ FAILOVER_ON_ASK, "is to take over" },
		{ FAILOVER_ON_OFFER, "is to give its role away" },
		{ FAILOVER_ON_OFFER_FORCE,
		    "is to give its role away, late by force" },
		{ FAILOVER_ON_FORCE, "is to take over by force" },
		{ FAILOVER_ON_ABORT, "is to stop that" },
		{ FAILOVER_ON_TAKEOVER, "is to take over at once" } };
	struct world *w = &r->world;
	int i = (int)world_random(w, (uint32_t)w->hosts);
	uint32_t k = world_random(w, COUNT(orders) - !r->may_take_over);
	struct view *v = world_order(w, i);

	if (v == NULL)
		return;
	world_say(w, i, "%s", orders[k].words);
	hand_order(v, orders[k].order, VIEW_NOBODY, 0,
	    1 + ((uint64_t)world_random(w, UINT32_MAX) << 32 |
	    world_random(w, UINT32_MAX)), &w->acts);
	world_ordered(w, i);
}

/* Roles change hands, and nothing else happens. */
static void
change_hands(struct run *r)
{
	struct world *w = &r->world;
	int i;

	w->is_calm = true;
	for (i = 0; i < w->hosts; i++) {
		struct view *v = world_order(w, i);

		world_say(w, i, "is to take over in peace");
		hand_order(v, FAILOVER_ON_ASK, VIEW_NOBODY, 0, 1 +
		    world_random(w, UINT32_MAX), &w->acts);
		world_ordered(w, i);
		world_run(w, w->now_ms + world_random(w, CALM_MS));
	}
	world_run(w, w->now_ms + CALM_MS);
	w->is_calm = false;
}

/* A fiftieth of a second of trouble. */
static void
trouble(struct run *r)
{
	struct world *w = &r->world;
	int i;

	if (w->cut_until_ms <= w->now_ms) {
		memset(w->cut, 0, sizeof(w->cut));
		if (world_chance(w, w->mishaps.cut / 50))
			cut(w);
	}
	for (i = 0; i < w->hosts; i++) {
		if (world_chance(w, w->mishaps.killed / 50))
			world_kill(w, i);
		if (world_chance(w, w->mishaps.killed / 50))
			world_kill_control(w, i);
		if (world_chance(w, w->mishaps.stopped / 50)) {
			w->host[i].stopped_until_ms = w->now_ms +
			    between(w, 100, 3000);
			world_say(w, i, "stands still");
		}
	}
	if (world_chance(w, 10000))
		move_slot(r);
	if (world_chance(w, 40000))
		order_failover(r);
	if (r->may_shift && world_chance(w, 100000))
		shift_slot(r);
	for (i = 0; i < w->hosts; i++)
		data_shift(w, i);
	world_run(w, w->now_ms + 20);
}

/* Whether somebody can take its place: it has a replica, or is one. */
static bool
is_spare(const struct world *w, int i)
{
	int k;

	for (k = 0; k < w->hosts; k++)
		if (k != i && w->host[k].is_up && bus_id_is_equal(
		    &w->host[k].view->told.primary, &w->host[i].id) &&
		    !w->host[k].data.is_syncing)
			return true;
	return w->host[i].is_up && view_has(w->host[i].view, VIEW_SELF,
	    BUS_IS_REPLICA);
}

/* Sometimes a node never comes back; who replicates it does. */
static void
bury_some(struct run *r)
{
	struct world *w = &r->world;
	int i = (int)world_random(w, (uint32_t)w->hosts);

	if (r->is_few || !world_chance(w, 300000) || !is_spare(w, i))
		return;
	w->host[i].is_gone = true;
	world_kill(w, i);
	world_say(w, i, "is gone for good");
}

/* The faults end; what operators began half is taken back. */
static void
heal(struct run *r)
{
	struct world *w = &r->world;
	unsigned slot;
	int i;

	memset(&w->mishaps, 0, sizeof(w->mishaps));
	memset(w->cut, 0, sizeof(w->cut));
	for (i = 0; i < w->hosts; i++) {
		struct view *v;

		w->host[i].stopped_until_ms = 0;
		world_boot(w, i);
		v = world_order(w, i);
		if (v == NULL)
			continue;
		for (slot = 0; slot < KEYSLOT_COUNT; slot += CHECK_EVERY)
			(void)order_slot_stable(v, slot);
		(void)shift_cancel(v, &w->acts);
		world_ordered(w, i);
	}
	world_say(w, -1, "no more faults");
}

static void
fail_with(struct run *r, const char *words, const char *why)
{
	if (r->world.broken[0] == 0)
		snprintf(r->world.broken, sizeof(r->world.broken),
		    "%s: %s", words, why);
}

/* One seed; r->world.broken says what was wrong. */
static void
run(struct run *r, uint64_t seed, const struct wishes *as)
{
	struct world *w = &r->world;
	const char *why;
	int64_t end_ms;
	uint32_t size;

	memset(r, 0, sizeof(*r));
	r->may_shift = as->may_shift;
	r->is_few = as->is_few;
	r->forgets = seed % 8 == 5;
	w->random = seed * 2 + 1;
	size = world_random(w, 100);
	r->shards = (int)between(w, 3, size < 85 ? 4 : size < 98 ? 5 : 10);
	r->replicas = (int)between(w, size < 85 ? 0 : 1, size < 85 ? 1 : 2);
	if (r->is_few) {
		r->shards = (int)between(w, 1, 2);
		r->replicas = (int)between(w, 1, 2);
	}
	world_open(w, seed, r->shards * (r->replicas + 1));
	w->is_talking = as->is_talking;
	create(r);
	end_ms = w->now_ms + CREATE_MS;
	do
		world_run(w, w->now_ms + 200);
	while (!attach(r) && w->now_ms < end_ms);
	w->flow_ms = w->now_ms;
	why = settle(r, CREATE_MS);
	if (why != NULL)
		fail_with(r, "it is not created", why);
	if (w->broken[0] == 0)
		change_hands(r);
	draw_mishaps(w);
	r->may_take_over = world_chance(w, 300000);
	w->mishaps.is_lying = as->is_lying;
	end_ms = w->now_ms + FAULTS_MS;
	while (w->broken[0] == 0 && w->now_ms < end_ms)
		trouble(r);
	bury_some(r);
	heal(r);
	why = settle(r, SETTLE_MS);
	if (why != NULL)
		fail_with(r, "it does not settle", why);
	if (w->broken[0] != 0)
		check_explain(w);
	world_close(w);
}

int
main(int argc, char **argv)
{
	uint64_t seeds = 1, from = 0, seed, passed = 0, steps = 0;
	uint64_t failovers = 0, words = 0, writes = 0, shifts = 0;
	struct wishes as = { 0 };
	static struct run r;
	int64_t longest = 0;
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--lying") == 0)
			as.is_lying = true;
		else if (strcmp(argv[i], "--talk") == 0)
			as.is_talking = true;
		else if (strcmp(argv[i], "--shift") == 0)
			as.may_shift = true;
		else if (strcmp(argv[i], "--few") == 0)
			as.is_few = true;
		else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc)
			seeds = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--from") == 0 && i + 1 < argc)
			from = strtoull(argv[++i], NULL, 10);
		else {
			from = strtoull(argv[i], NULL, 10);
			as.is_talking = true;
		}
	}
	for (seed = from; seed < from + seeds; seed++) {
		run(&r, seed, &as);
		steps += r.world.steps;
		failovers += r.world.failovers;
		words += r.world.words;
		shifts += r.world.shifts;
		writes += r.world.writes;
		if (r.settled_ms > longest)
			longest = r.settled_ms;
		if ((r.world.broken[0] != 0) == as.is_lying)
			passed++;
		else if (!as.is_lying)
			printf("seed %llu: %s\n", (unsigned long long)seed,
			    r.world.broken);
	}
	printf("%llu steps; agreement took %lld ms at most\n",
	    (unsigned long long)steps, (long long)longest);
	printf("%llu writes, %llu ends of failovers, %llu roles taken by a "
	    "word, %llu moves of slots\n", (unsigned long long)writes,
	    (unsigned long long)failovers, (unsigned long long)words,
	    (unsigned long long)shifts);
	if (as.is_lying)
		printf("%llu of %llu seeds saw that disks lie\n",
		    (unsigned long long)passed, (unsigned long long)seeds);
	printf("%llu passed, %llu failed, 0 skipped\n",
	    (unsigned long long)(as.is_lying ? passed > 0 : passed),
	    (unsigned long long)(as.is_lying ? passed == 0 : seeds - passed));
	return as.is_lying ? passed == 0 : passed != seeds;
}
