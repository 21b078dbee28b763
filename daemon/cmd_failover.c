/*
 * cmd_failover - CLUSTER FAILOVER's reports
 *
 *	CLUSTER FAILOVER STATUS     a map: the state, and the last failover
 *	CLUSTER FAILOVER HISTORY    an array of maps, the newest first
 *	CLUSTER FAILREPLICATIONOFFSET offset    for tools
 *
 * Both come from what control keeps (daemon/kept.h).  Everything else of
 * CLUSTER FAILOVER is asked of control.
 *
 * Not here: orders (daemon/ctl_failover_ask.c), INFO's lines (cmd_info.c).
 */
#include "daemon/call.h"
#include "daemon/kept.h"
#include "daemon/net_ask.h"
#include "daemon/net_park.h"
#include "proto/error.h"

static const char *const kinds[] = {
	[FAILOVER_PLANNED] = "planned", [FAILOVER_FORCED] = "forced",
	[FAILOVER_TAKEN_OVER] = "takeover", [FAILOVER_AUTOMATIC] = "automatic"
};
static const char *const results[] = {
	[FAILOVER_RUNNING] = "running", [FAILOVER_COMPLETED] = "completed",
	[FAILOVER_ABORTED] = "aborted"
};
/* Short names of states, of steps. */
static const char *const names[FAILOVER_STATES] = {
#define STATE(name, kind, writes, side, info, words) #name,
#include "cluster/failover.def"
};

static void
put_name(struct reply *r, const char *name)
{
	char text[32];
	size_t i;

	for (i = 0; name[i] != 0 && i + 1 < sizeof(text); i++)
		text[i] = (char)(name[i] | 32);
	text[i] = 0;
	reply_text(r, text);
}

static void
put_id(struct reply *r, const char *field, const struct bus_id *id)
{
	reply_text(r, field);
	reply_bulk(r, (struct slice){ id->text,
	    bus_id_is_none(id) ? 0 : BUS_ID });
}

static void
put_number(struct reply *r, const char *field, int64_t n)
{
	reply_text(r, field);
	reply_int(r, n);
}

static void
put_text(struct reply *r, const char *field, const char *text)
{
	reply_text(r, field);
	reply_text(r, text);
}

/* Step by step, with how long each took, in milliseconds. */
static void
put_steps(struct reply *r, const struct failover_entry *e)
{
	int i;

	reply_text(r, "steps");
	reply_map(r, e->steps);
	for (i = 0; i < e->steps; i++) {
		put_name(r, names[e->step[i].state]);
		reply_int(r, e->step[i].ms);
	}
}

static void
put_entry(struct reply *r, const struct kept *k,
    const struct failover_entry *e)
{
	reply_map(r, 11);
	put_number(r, "id", (int64_t)e->id);
	put_text(r, "kind", kinds[e->kind]);
	put_text(r, "side", e->is_giver ? "primary" : "replica");
	put_id(r, "from", &e->from);
	put_id(r, "to", &e->to);
	put_number(r, "start_ms", e->start_ms + k->unix_offset_ms);
	put_number(r, "duration_ms", e->result == FAILOVER_RUNNING ? -1 :
	    e->end_ms - e->start_ms);
	put_number(r, "offset", (int64_t)e->offset);
	put_text(r, "result", results[e->result]);
	put_text(r, "reason", failover_reason(e));
	put_steps(r, e);
}

static void
status(struct call *c)
{
	struct reply *r = c->reply;
	struct kept k;
	const struct failover *f = &k.failover;

	kept_read(&k);
	reply_map(r, f->entries > 0 ? 6 : 5);
	put_text(r, "state", failover_word(f));
	reply_text(r, "step");
	put_name(r, names[f->state]);
	put_text(r, "words", failover_state_words[f->state]);
	put_text(r, "recover_status", lock_word(&k.lock));
	put_number(r, "failovers", (int64_t)f->entries);
	if (f->entries == 0)
		return;
	reply_text(r, "last");
	put_entry(r, &k, &f->entry[(f->entries - 1) % FAILOVER_HISTORY]);
}

static void
history(struct call *c)
{
	struct kept k;
	const struct failover *f = &k.failover;
	uint64_t i, n;

	kept_read(&k);
	n = f->entries < FAILOVER_HISTORY ? f->entries : FAILOVER_HISTORY;
	reply_array(c->reply, (int64_t)n);
	for (i = 1; i <= n; i++)
		put_entry(c->reply, &k,
		    &f->entry[(f->entries - i) % FAILOVER_HISTORY]);
}

/*
 * As Garnet has it: the offset of this node, as soon as it is not less than the
 * one given.
 */
void
cmd_cluster_failreplicationoffset(struct call *c)
{
	int64_t wanted, end = (int64_t)word_load_acquire(
	    &REGION->common.log.end);

	if (!call_options(c)->cluster_enabled)
		reply_error(c->reply, error_text[ERROR_NO_CLUSTER]);
	else if (!call_int(c, 2, &wanted))
		return;
	else if (wanted <= end || !c->may_block)
		reply_int(c->reply, end);
	else
		park_stop(c->conn, CONN_PAUSED, c->worker->now_ms + 1);
}

void
cmd_cluster_failover(struct call *c)
{
	bool is_status = c->argc == 3 && slice_is(c->argv[2], "status"),
	    is_history = c->argc == 3 && slice_is(c->argv[2], "history");

	if (!is_status && !is_history)
		ask_control(c);
	else if (!call_options(c)->cluster_enabled)
		reply_error(c->reply, error_text[ERROR_NO_CLUSTER]);
	else if (is_status)
		status(c);
	else
		history(c);
}
