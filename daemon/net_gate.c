#include "daemon/net_gate.h"

#include <ctype.h>
#include <stdio.h>

#include "daemon/net_ack.h"
#include "daemon/net_park.h"

#define SHOWN 128 /* bytes of a bad request that are told back */

uint64_t
gate_used_bytes(void)
{
	uint64_t bytes = word_load(&REGION->common.heap.run_bytes);
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		bytes += word_load(&REGION->area[i].heap_bytes);
	return bytes;
}

/* "unknown command 'x', with args beginning with: 'a' 'b' " */
static void
refuse_unknown(struct reply *r, const struct request *q)
{
	char args[SHOWN + 8] = "";
	size_t used = 0;
	int i;

	if (q->is_container && q->argc > 1) {
		for (; used < q->argv[0].bytes; used++)
			args[used] = (char)toupper(
			    (unsigned char)q->argv[0].data[used]);
		reply_errorf(r, "ERR unknown subcommand '%.*s'. "
		    "Try %.*s HELP.", (int)(q->argv[1].bytes < SHOWN ?
		    q->argv[1].bytes : SHOWN), q->argv[1].data,
		    (int)used, args);
		return;
	}
	for (i = 1; i < q->argc && used < SHOWN; i++) {
		size_t left = SHOWN - used;
		int n = (int)(q->argv[i].bytes < left ? q->argv[i].bytes :
		    left);

		used += (size_t)snprintf(args + used, sizeof(args) - used,
		    "'%.*s' ", n, q->argv[i].data);
		if (used >= sizeof(args))
			break;
	}
	reply_errorf(r,
	    "ERR unknown command '%.*s', with args beginning with: %s",
	    (int)(q->argv[0].bytes < SHOWN ? q->argv[0].bytes : SHOWN),
	    q->argv[0].data, args);
}

static bool
has_arity(const struct command *command, int argc)
{
	return command->arity >= 0 ? argc == command->arity :
	    argc >= -command->arity;
}

/* Whether a write is refused because the last snapshot failed. */
static bool
is_misconfigured(struct worker *w, const struct request *q)
{
	const struct options *o = &w->state.options;
	struct slice rules = slice_of(o->save);
	int64_t seconds, changes;

	return o->stop_writes_on_bgsave_error &&
	    ((q->command->flags & COMMAND_WRITE) ||
	    q->command->id == CMD_PING) &&
	    option_next_rule(&rules, &seconds, &changes);
}

static bool
writes(const struct request *q)
{
	return (q->command->flags & COMMAND_WRITE) ||
	    (q->command->id == CMD_EXEC && q->conn->multi.writes);
}

/* What is wrong with the request in this session; NULL: nothing. */
static const char *
refusal(struct worker *w, const struct request *q)
{
	const struct conn *c = q->conn;
	const struct options *o = &w->state.options;

	if (unlikely(!c->is_authenticated) &&
	    !(q->command->flags & COMMAND_NO_AUTH))
		return error_text[ERROR_NOAUTH];
	if (unlikely(c->multi.is_open) &&
	    (q->command->flags & COMMAND_NO_MULTI))
		return error_text[ERROR_NO_MULTI];
	if (unlikely(q->command->flags & COMMAND_GUARDED) &&
	    o->enable_debug_command != DEBUG_YES &&
	    !(o->enable_debug_command == DEBUG_LOCAL && c->is_local))
		return error_text[ERROR_NO_DEBUG];
	if (unlikely(w->state.load.phase != LOAD_NONE) &&
	    (!(q->command->flags & COMMAND_LOADING) ||
	    (q->command->id == CMD_EXEC && c->multi.needs_data)))
		return error_text[ERROR_LOADING];
	if (unlikely(o->maxmemory != 0) &&
	    (q->command->flags & COMMAND_DENYOOM) &&
	    gate_used_bytes() > (uint64_t)o->maxmemory)
		return error_text[ERROR_OOM];
	if (unlikely(w->state.has_save_failed) && is_misconfigured(w, q))
		return error_text[ERROR_MISCONF];
	if (unlikely(o->min_replicas_to_write > 0) && writes(q) &&
	    ack_refuses(w))
		return error_text[ERROR_NOREPLICAS];
	return NULL;
}

/* In cluster mode: one slot, and one that we serve. */
static const char *
misplacement(struct worker *w, const struct request *q)
{
	int *at = txn_scratch(&w->txn, (size_t)q->argc * sizeof(*at));
	int count, i;
	uint16_t slot = 0;
	const char *why = NULL;

	count = command_find_keys(q->command, q->argv, q->argc, at, q->argc);
	for (i = 0; i < count && why == NULL; i++) {
		uint16_t other = keyslot_of(q->argv[at[i]]);

		if (i == 0)
			slot = other;
		else if (other != slot)
			why = error_text[ERROR_CROSSSLOT];
	}
	if (why == NULL && count > 0 && !state_owns(&w->state, slot))
		why = error_text[ERROR_UNSERVED];
	txn_rest(&w->txn);
	return why;
}

static bool
is_paused(struct worker *w, const struct request *q)
{
	const struct state *s = &w->state;

	if (likely(s->pause == STATE_PAUSE_NONE) ||
	    w->now_ms >= s->pause_until_ms)
		return false;
	return s->pause == STATE_PAUSE_ALL || (q->command->flags &
	    (COMMAND_WRITE | COMMAND_MAY_REPLICATE)) ||
	    (q->command->id == CMD_EXEC && q->conn->multi.writes);
}

enum gate_verdict
gate_refused(struct worker *w, const struct request *q)
{
	struct conn *c = q->conn;
	struct reply *r = &c->out;
	char why[SHOWN];
	int n;

	c->multi.is_broken = c->multi.is_open;
	if (q->command == NULL || q->command->id != CMD_EXEC || r->is_failed)
		return GATE_REFUSE;
	n = (int)(r->used - w->reply_mark) - 3;
	snprintf(why, sizeof(why), "%.*s", n, r->data + w->reply_mark + 1);
	reply_cut(r, w->reply_mark);
	reply_errorf(r, "EXECABORT Transaction discarded because of: %s",
	    strncmp(why, "ERR ", 4) == 0 ? why + 4 : why);
	conn_forget_multi(c);
	park_unwatch(c);
	conn_show(c);
	return GATE_REFUSE;
}

enum gate_verdict
gate_judge(struct worker *w, const struct request *q)
{
	struct conn *c = q->conn;
	const char *why;

	if (unlikely(q->command == NULL)) {
		/* A web page makes a browser talk to us: not with our help. */
		if (slice_is(q->argv[0], "post") ||
		    slice_is(q->argv[0], "host:"))
			conn_drop(c);
		refuse_unknown(&c->out, q);
		return gate_refused(w, q);
	}
	if (unlikely(!has_arity(q->command, q->argc))) {
		reply_errorf(&c->out, error_text[ERROR_ARITY],
		    q->command->name);
		return gate_refused(w, q);
	}
	why = refusal(w, q);
	if (likely(why == NULL) && unlikely(w->state.options.cluster_enabled))
		why = misplacement(w, q);
	if (unlikely(why != NULL)) {
		reply_error(&c->out, why);
		return gate_refused(w, q);
	}
	if (unlikely(c->multi.is_open) && q->command->id != CMD_EXEC &&
	    q->command->id != CMD_DISCARD && q->command->id != CMD_MULTI &&
	    q->command->id != CMD_WATCH && q->command->id != CMD_QUIT &&
	    q->command->id != CMD_RESET)
		return GATE_QUEUE;
	return unlikely(is_paused(w, q)) ? GATE_PAUSE : GATE_SERVE;
}
