#include "daemon/ctl_order.h"

#include "cluster/fail.h"
#include "cluster/order.h"
#include "daemon/clock.h"
#include "daemon/ctl_bus.h"
#include "daemon/ctl_cluster.h"
#include "daemon/ctl_hold.h"
#include "daemon/ctl_load.h"
#include "daemon/ctl_recover.h"
#include "daemon/log.h"
#include "proto/error.h"
#include "proto/number.h"

#include <stdio.h>
#include <sys/random.h>

#define REPLICAS_MS 2000       /* SETSLOT waits for them, as Valkey 8 does */
#define REPLICAS_MS_MAX 60000

static struct {
	/* of the order at hand */
	struct view *view;
	struct acts *acts;
	uint64_t tool_token;       /* of CLUSTER FAILSTOPWRITES' hold, or 0 */
	bool is_tool_waiting;      /* for its offset */
} od;

static void
begin_order(void)
{
	od.view = ctl_cluster_begin_step(&od.acts);
}

/* A row of refusal.def with its slot or id; else the order is settled. */
static void
end_order(struct ctl *c, enum order_refusal why, unsigned slot,
    struct slice id)
{
	const char *text = order_texts[why], *mark = strchr(text, '%');

	if (why == ORDER_NONE) {
		ctl_cluster_settle_order(c);
		return;
	}
	ctl_cluster_end_step();
	if (mark == NULL)
		ctl_answer_error(c, "ERR %s", text);
	else if (mark[1] == 'u')
		ctl_answer_error(c, "ERR %.*s%u%s", (int)(mark - text), text,
		    slot, mark + 2);
	else
		ctl_answer_error(c, "ERR %.*s%.*s%s", (int)(mark - text),
		    text, (int)(id.bytes < 128 ? id.bytes : 128), id.data,
		    mark + 2);
}

/* Refuses an order before it begins. */
static bool
needs(struct ctl *c, bool is_right, const char *text)
{
	if (!is_right)
		ctl_answer_error(c, "ERR %s", text);
	return is_right;
}

static bool
has_keys_in(unsigned slot)
{
	return word_load(&REGION->common.slot[slot].keys.count) > 0;
}

/* Or, of one that is on its way, may have to be deleted on the other side. */
static bool
may_have_keys_in(unsigned slot)
{
	return has_keys_in(slot) ||
	    word_load(&REGION->common.movings.first[slot]) != NULL;
}

static bool
has_keys(void)
{
	unsigned slot;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		if (has_keys_in(slot))
			return true;
	return false;
}

/* An id, or one that nobody has. */
static struct bus_id
id_of(struct slice text)
{
	struct bus_id id;

	if (!bus_id_get(text, &id))
		memset(&id, '!', sizeof(id));
	return id;
}

static bool
get_number(struct slice text, int64_t least, int64_t most, int64_t *n)
{
	return number_get_int(text, n) && *n >= least && *n <= most;
}

static void
refuse_word(struct ctl *c, const char *text, struct slice word)
{
	ctl_answer_error(c, "ERR %s: %.*s", text,
	    (int)(word.bytes < 128 ? word.bytes : 128), word.data);
}

static void
ask_meet(struct ctl *c, const struct slice *argv, int argc)
{
	int64_t port, cport;
	char ip[BUS_IP] = "";

	if (!number_get_int(argv[3], &port)) {
		refuse_word(c, "Invalid TCP base port specified", argv[3]);
		return;
	}
	cport = port + BUS_PORT_OFFSET;
	if (argc > 4 && !number_get_int(argv[4], &cport)) {
		refuse_word(c, "Invalid TCP bus port specified", argv[4]);
		return;
	}
	if (!ctl_bus_address(argv[2], ip) || port < 1 || port > UINT16_MAX ||
	    cport < 1 || cport > UINT16_MAX) {
		ctl_answer_error(c, "ERR Invalid node address specified: "
		    "%.*s:%.*s", (int)(argv[2].bytes < 128 ? argv[2].bytes :
		    128), argv[2].data, (int)argv[3].bytes, argv[3].data);
		return;
	}
	begin_order();
	end_order(c, order_meet(od.view, ip, (uint16_t)port,
	    (uint16_t)cport), 0, argv[2]);
}

static void
ask_forget(struct ctl *c, const struct slice *argv, int argc)
{
	struct bus_id id = id_of(argv[2]);

	(void)argc;
	begin_order();
	end_order(c, order_forget(od.view, &id, od.acts), 0, argv[2]);
}

static void
ask_add_slots(struct ctl *c, const struct slice *argv, int argc)
{
	enum order_refusal why;
	unsigned slot = 0;

	(void)argc;
	begin_order();
	why = order_add_slots(od.view, (const uint8_t *)argv[2].data, &slot);
	end_order(c, why, slot, argv[1]);
}

static void
ask_del_slots(struct ctl *c, const struct slice *argv, int argc)
{
	enum order_refusal why;
	unsigned slot = 0;

	(void)argc;
	begin_order();
	why = order_del_slots(od.view, (const uint8_t *)argv[2].data, &slot);
	end_order(c, why, slot, argv[1]);
}

static void
ask_flush_slots(struct ctl *c, const struct slice *argv, int argc)
{
	unsigned slot = 0;

	(void)argc;
	if (!needs(c, !has_keys(),
	    "DB must be empty to perform CLUSTER FLUSHSLOTS."))
		return;
	begin_order();
	end_order(c, order_del_slots(od.view, od.view->node[VIEW_SELF].slots,
	    &slot), slot, argv[1]);
}

/* One slot's; ORDER_REFUSALS: there is no such state. */
static enum order_refusal
set_slot(unsigned slot, struct slice state, const struct bus_id *id)
{
	if (!view_has(od.view, VIEW_SELF, BUS_IS_PRIMARY))
		return ORDER_PRIMARIES_ONLY;
	if (id == NULL)
		return slice_is(state, "stable") ?
		    order_slot_stable(od.view, slot) : ORDER_REFUSALS;
	if (slice_is(state, "migrating"))
		return order_slot_migrating(od.view, slot, id);
	if (slice_is(state, "importing"))
		return order_slot_importing(od.view, slot, id);
	if (slice_is(state, "node"))
		return order_slot_node(od.view, slot, id,
		    may_have_keys_in(slot), od.acts);
	return ORDER_REFUSALS;
}

/*
 * SETSLOT's last words may be TIMEOUT and milliseconds, for which replicas are
 * waited: they are taken off.
 */
static bool
take_timeout(struct ctl *c, const struct slice *argv, int *argc,
    int64_t *most_ms)
{
	int at = slice_is(argv[3], "stable") ? 4 : 5;
	bool is_number;
	int64_t ms;

	if (*argc <= at || *argc > at + 2 || !slice_is(argv[at], "timeout"))
		return true;
	if (!needs(c, *argc == at + 2, "Missing timeout value"))
		return false;
	*argc = at;
	is_number = number_get_int(argv[at + 1], &ms);
	if (is_number && ms >= 0) {
		*most_ms = ms < REPLICAS_MS_MAX ? ms : REPLICAS_MS_MAX;
		return true;
	}
	ctl_answer_error(c, "%s", error_text[is_number ?
	    ERROR_TIMEOUT_NEGATIVE : ERROR_TIMEOUT_NOT_INT]);
	return false;
}

static void
ask_set_slot(struct ctl *c, const struct slice *argv, int argc)
{
	static const char usage[] = "Invalid CLUSTER SETSLOT action or number "
	    "of arguments. Try CLUSTER HELP";
	enum order_refusal why = ORDER_REFUSALS;
	int64_t n, ms = REPLICAS_MS;
	struct bus_id id;

	if (!needs(c, get_number(argv[2], 0, KEYSLOT_COUNT - 1, &n),
	    "Invalid or out of range slot") ||
	    !take_timeout(c, argv, &argc, &ms))
		return;
	id = id_of(argv[argc - 1]);
	begin_order();
	if (argc <= 5)
		why = set_slot((unsigned)n, argv[3], argc == 5 ? &id : NULL);
	if (why == ORDER_NONE)
		ctl_cluster_awaits_replicas(ms);
	if (why == ORDER_REFUSALS)
		ctl_answer_error(c, "ERR %s", usage);
	else
		end_order(c, why, (unsigned)n, argv[argc - 1]);
}

/*
 * SETSLOTSRANGE state [id] first last ...: what comes before one that is
 * refused has happened.
 */
static void
ask_set_slots(struct ctl *c, const struct slice *argv, int argc)
{
	bool has_id = !slice_is(argv[2], "stable");
	struct bus_id id = id_of(argv[3]);
	enum order_refusal why = ORDER_NONE;
	int64_t first = 0, last = -1;
	int i = 3 + has_id;

	if (!needs(c, argc > i + 1 && (argc - i) % 2 == 0,
	    "syntax error"))
		return;
	for (; i < argc; i += 2)
		if (!needs(c, get_number(argv[i], 0, KEYSLOT_COUNT - 1,
		    &first) && get_number(argv[i + 1], first,
		    KEYSLOT_COUNT - 1, &last), "Invalid or out of range slot"))
			return;
	begin_order();
	for (i = 3 + has_id; i < argc && why == ORDER_NONE; i += 2) {
		(void)number_get_int(argv[i], &first);
		(void)number_get_int(argv[i + 1], &last);
		for (; first <= last && why == ORDER_NONE; first++)
			why = set_slot((unsigned)first, argv[2], has_id ?
			    &id : NULL);
	}
	if (why == ORDER_NONE)
		ctl_cluster_awaits_replicas(REPLICAS_MS);
	if (why == ORDER_REFUSALS)
		ctl_answer_error(c, "ERR Invalid slot state");
	else
		end_order(c, why, (unsigned)(first - 1), argv[3]);
}

/* As Garnet has it: "id : seconds" for each that is banned. */
static void
ask_bans(struct ctl *c, const struct slice *argv, int argc)
{
	char text[CTL_ANSWER / 2];
	size_t used = 0;
	unsigned i, count = 0;

	(void)argv;
	(void)argc;
	for (i = 0; i < VIEW_BANNED; i++)
		count += ctl_cluster_view()->ban[i].until_ms >
		    clock_steady_ms();
	used += (size_t)snprintf(text, sizeof(text), "*%u\r\n", count);
	for (i = 0; i < VIEW_BANNED && count > 0; i++) {
		const struct view_ban *b = &ctl_cluster_view()->ban[i];
		int64_t left = (b->until_ms - clock_steady_ms() + 999) / 1000;
		char line[BUS_ID + 32];
		int n;

		if (left <= 0)
			continue;
		n = snprintf(line, sizeof(line), "%.40s : %lld", b->id.text,
		    (long long)left);
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		    "$%d\r\n%s\r\n", n, line);
		count--;
	}
	ctl_answer_resp(c, text, used);
}

/* Who takes over from its primary does not leave it meanwhile. */
static bool
is_unlocked(struct ctl *c)
{
	if (!ctl_recover_has(c, RECOVER_FAILOVER))
		return true;
	ctl_answer_error(c, "%s", ctl_recover_words(c));
	return false;
}

static void
ask_replicate(struct ctl *c, const struct slice *argv, int argc)
{
	struct bus_id id = id_of(argv[2]);

	(void)argc;
	if (!is_unlocked(c))
		return;
	begin_order();
	end_order(c, order_replicate(od.view, &id, has_keys(), od.acts), 0,
	    argv[2]);
}

static void
ask_set_epoch(struct ctl *c, const struct slice *argv, int argc)
{
	int64_t n;

	(void)argc;
	if (!number_get_int(argv[2], &n)) {
		ctl_answer_error(c, "%s", error_text[ERROR_NOT_INT]);
		return;
	}
	if (n < 0) {
		refuse_word(c, "Invalid config epoch specified", argv[2]);
		return;
	}
	begin_order();
	end_order(c, order_set_epoch(od.view, (uint64_t)n), 0, argv[2]);
}

static void
ask_bump_epoch(struct ctl *c, const struct slice *argv, int argc)
{
	char text[64];
	bool is_new;

	(void)argv;
	(void)argc;
	begin_order();
	is_new = order_bump_epoch(od.view);
	ctl_cluster_end_step();
	snprintf(text, sizeof(text), "%s %llu", is_new ? "BUMPED" : "STILL",
	    (unsigned long long)od.view->node[VIEW_SELF].config_epoch);
	ctl_answer_simple(c, text);
}

static void
ask_reset(struct ctl *c, const struct slice *argv, int argc)
{
	bool is_hard = argc == 3 && slice_is(argv[2], "hard");
	bool is_replica = view_has(ctl_cluster_view(), VIEW_SELF,
	    BUS_IS_REPLICA);

	if (!needs(c, argc == 2 || is_hard ||
	    (argc == 3 && slice_is(argv[2], "soft")), "syntax error"))
		return;
	if (is_replica && ctl_load_is_on(c)) {
		ctl_answer_error(c, "%s", error_text[ERROR_LOADING]);
		return;
	}
	if (!is_unlocked(c))
		return;
	begin_order();
	ctl_cluster_empties(is_replica);
	end_order(c, order_reset(od.view, is_hard, has_keys(), od.acts), 0,
	    argv[1]);
}

static void
ask_save(struct ctl *c, const struct slice *argv, int argc)
{
	(void)argv;
	(void)argc;
	begin_order();
	view_dirty(od.view);
	ctl_cluster_settle_order(c);
}

static void
ask_failure_reports(struct ctl *c, const struct slice *argv, int argc)
{
	struct bus_id id = id_of(argv[2]);
	uint16_t i = view_find(ctl_cluster_view(), &id);

	(void)argc;
	if (i == VIEW_NOBODY)
		ctl_answer_error(c, "ERR Unknown node %.*s",
		    (int)(argv[2].bytes < 128 ? argv[2].bytes : 128),
		    argv[2].data);
	else
		ctl_answer_int(c, fail_reports(ctl_cluster_view(), i));
}

static void
tell_offset(struct ctl *c, uint64_t token, uint64_t end)
{
	(void)token;
	od.is_tool_waiting = false;
	ctl_answer_int(c, (int64_t)end);
}

/* Another hold came, or a worker did not acknowledge this one in its time. */
void
ctl_order_turn(struct ctl *c)
{
	bool is_ours = c->next.hold_token == od.tool_token;

	if (likely(!od.is_tool_waiting) || (is_ours && ctl_hold_is_on(c)))
		return;
	od.is_tool_waiting = false;
	if (is_ours)
		ctl_hold_end(c);
	ctl_answer_error(c, "ERR writes could not be held");
}

/* For tools: as a failover's hold, with a deadline of its own. */
static void
ask_fail_stop_writes(struct ctl *c, const struct slice *argv, int argc)
{
	struct bus_id id = id_of(argv[2]);

	(void)argc;
	if (argv[2].bytes == 0) {
		if (c->next.hold_token == od.tool_token)
			ctl_hold_end(c);
		ctl_publish(c, ctl_answer_ok);
		return;
	}
	if (!needs(c, view_find(ctl_cluster_view(), &id) != VIEW_NOBODY,
	    "I don't know about that node") ||
	    !needs(c, c->next.role == STATE_PRIMARY && !c->next.is_promoted,
	    "this node is not a primary") ||
	    !needs(c, !ctl_hold_is_on(c) ||
	    c->next.hold_token == od.tool_token,
	    "writes are held by a failover"))
		return;
	if (getrandom(&od.tool_token, sizeof(od.tool_token), 0) !=
	    sizeof(od.tool_token))
		never("the kernel gives random bytes");
	od.tool_token |= 1;
	ctl_hold_begin(c, od.tool_token, clock_steady_ms() +
	    c->next.options.cluster_manual_failover_timeout, tell_offset);
	od.is_tool_waiting = true;
	c->ask.is_elsewhere = true;
}

static const struct {
	const char *word;
	int least, most;
	void (*ask)(struct ctl *c, const struct slice *argv, int argc);
} orders[] = {
	{ "meet", 4, 5, ask_meet },
	{ "forget", 3, 3, ask_forget },
	{ "addslots", 3, 3, ask_add_slots },
	{ "delslots", 3, 3, ask_del_slots },
	{ "flushslots", 2, 2, ask_flush_slots },
	{ "setslot", 4, MAIL_ARGS_MAX, ask_set_slot },
	{ "setslotsrange", 5, MAIL_ARGS_MAX, ask_set_slots },
	{ "banlist", 2, 2, ask_bans },
	{ "replicate", 3, 3, ask_replicate },
	{ "set-config-epoch", 3, 3, ask_set_epoch },
	{ "bumpepoch", 2, 2, ask_bump_epoch },
	{ "reset", 2, 3, ask_reset },
	{ "saveconfig", 2, 2, ask_save },
	{ "count-failure-reports", 3, 3, ask_failure_reports },
	{ "failstopwrites", 3, 3, ask_fail_stop_writes },
};

void
ctl_order_ask(struct ctl *c, const struct slice *argv, int argc)
{
	size_t i;

	if (!needs(c, ctl_cluster_view() != NULL,
	    "This instance has cluster support disabled"))
		return;
	for (i = 0; i < COUNT(orders); i++)
		if (slice_is(argv[1], orders[i].word))
			break;
	must(i < COUNT(orders), "each order of CLUSTER has a row");
	if (argc >= orders[i].least && argc <= orders[i].most)
		orders[i].ask(c, argv, argc);
	else
		ctl_answer_error(c, "ERR unknown subcommand or wrong number "
		    "of arguments for '%s'. Try CLUSTER HELP.",
		    orders[i].word);
}

/* --- data and slots ---------------------------------------------------- */

/*
 * What a file had in slots of nobody makes them ours; what is in slots of
 * others stays, and is not served.
 */
void
ctl_order_has_data(struct ctl *c)
{
	uint64_t keys = 0;
	unsigned slot, slots = 0, taken = 0;

	if (ctl_cluster_view() == NULL ||
	    !view_has(ctl_cluster_view(), VIEW_SELF, BUS_IS_PRIMARY) ||
	    c->next.role != STATE_PRIMARY)
		return;
	begin_order();
	for (slot = 0; slot < KEYSLOT_COUNT; slot++) {
		uint16_t owner = od.view->owner[slot];

		if (!has_keys_in(slot) || owner == VIEW_SELF ||
		    od.view->comes_from[slot] != VIEW_NOBODY)
			continue;
		if (owner == VIEW_NOBODY) {
			view_give_slot(od.view, slot, VIEW_SELF);
			taken++;
			continue;
		}
		slots++;
		keys += word_load(&REGION->common.slot[slot].keys.count);
	}
	ctl_cluster_end_step();
	if (taken > 0)
		log_warning("has keys in %u slots without an owner: takes them",
		    taken);
	if (keys > 0)
		log_warning("%llu keys are in %u slots that belong to other "
		    "nodes: they are set aside, neither served nor deleted "
		    "(see cluster_keys_set_aside in CLUSTER INFO; CLUSTER "
		    "DELKEYSINSLOTRANGE deletes them)",
		    (unsigned long long)keys, slots);
}
