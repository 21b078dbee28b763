#include "daemon/net_gate.h"

#include <ctype.h>
#include <stdio.h>

#include "daemon/net_ack.h"
#include "daemon/net_link.h"
#include "daemon/net_park.h"
#include "daemon/net_pause.h"
#include "daemon/net_place.h"
#include "daemon/net_ship.h"

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

/* What was let in and has waited for a key is served when there is one. */
static bool
begins(const struct request *q)
{
	return q->conn->park.ticket == 0;
}

/* Whether a write is refused because the last snapshot failed. */
static bool
is_misconfigured(struct worker *w, const struct request *q)
{
	const struct options *o = &w->state.options;
	struct slice rules = slice_of(o->save);
	int64_t seconds, changes;

	return o->stop_writes_on_bgsave_error && begins(q) &&
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

/* Who gives its role away may yet be the primary again. */
static bool
is_back_soon(const struct worker *w)
{
	return w->stops & PAUSE_HOLD;
}

/* Whether a replica does not do that. */
static bool
is_for_primary(const struct worker *w, const struct request *q)
{
	return !is_back_soon(w) && w->state.options.replica_read_only &&
	    ((q->command->flags & COMMAND_WRITE) ||
	    (q->command->id == CMD_EXEC && q->conn->multi.changes));
}

/* Whether a replica would have to hear its primary for it. */
static bool
is_cut_off(const struct worker *w, const struct request *q)
{
	return !is_back_soon(w) &&
	    !w->state.options.replica_serve_stale_data &&
	    !link_is_up(&w->state) && (!(q->command->flags & COMMAND_STALE) ||
	    (q->command->id == CMD_EXEC && q->conn->multi.needs_link));
}

/* Where the log ended `ms` ago, or longer; 0: not known, or another log. */
static uint64_t
end_before(const struct worker *w, int64_t ms)
{
	uint64_t end = word_load(&REGION->common.log.end);
	uint32_t i;

	for (i = 1; i <= WORKER_MARKS; i++) {
		uint32_t n = (w->aof.next - i) % WORKER_MARKS;

		if (w->aof.mark[n].ms <= w->steady_ms - ms)
			return w->aof.mark[n].at <= end ?
			    w->aof.mark[n].at : 0;
	}
	return 0;
}

/* Whether more than its policy says would be lost now. */
static bool
is_aged(const struct worker *w)
{
	const struct aof_report *r = &REGION->area[PROC_LOGGER].aof;
	const struct aof_order *a = &w->state.aof;
	int64_t policy = w->state.options.appendfsync;

	/* Nothing is promised before there is a file. */
	if (a->is_fresh || a->place.incr == 0 || policy == APPENDFSYNC_ALWAYS)
		return false;
	return word_load(&r->written) < end_before(w, GATE_WRITTEN_MS) ||
	    (policy == APPENDFSYNC_EVERYSEC &&
	    word_load_acquire(&r->durable) < end_before(w, GATE_DURABLE_MS));
}

/* Now and then, and each time while it is late. */
static bool
look_at_age(struct worker *w, uint64_t end)
{
	uint32_t last = (w->aof.next - 1) % WORKER_MARKS;

	if (w->steady_ms - w->aof.mark[last].ms >= GATE_MARK_MS) {
		last = w->aof.next++ % WORKER_MARKS;
		w->aof.mark[last].at = end;
		w->aof.mark[last].ms = w->steady_ms;
	} else if (likely(!w->aof.is_late)) {
		return false;
	}
	return is_aged(w);
}

void
gate_turn(struct worker *w)
{
	const struct aof_order *a = &w->state.aof;
	const struct log *log = &REGION->common.log;
	uint64_t pin, end;
	uint32_t error;

	if (likely(!a->is_on)) {
		w->aof.error = 0;
		w->aof.is_late = false;
		return;
	}
	error = word_load(&REGION->area[PROC_LOGGER].aof.error);
	if (unlikely(error != w->aof.error)) {
		w->aof.error = error;
		snprintf(w->aof.why, sizeof(w->aof.why),
		    error_text[ERROR_MISCONF_AOF], strerror((int)error));
	}
	pin = word_load(&log->pin);
	end = word_load(&log->end);
	w->aof.is_late = (pin < end && end - pin > GATE_LATE_BYTES) ||
	    look_at_age(w, end);
}

/* What is wrong with the request in this session; NULL: nothing. */
static const char *
session_refusal(const struct worker *w, const struct request *q)
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
	    !conn_is_let(c, o->enable_debug_command))
		return error_text[ERROR_NO_DEBUG];
	return NULL;
}

/* Whether control has still to say who this node of a cluster is. */
static bool
is_untold(const struct worker *w)
{
	return w->state.options.cluster_enabled && map_is_untold(&REGION->map);
}

/* Whether a request needs what is not there yet: data, or to know that. */
static bool
is_early(const struct worker *w, const struct request *q)
{
	return !(q->command->flags & COMMAND_LOADING) ||
	    (q->command->id == CMD_EXEC && q->conn->multi.needs_data) ||
	    (is_untold(w) && strncmp(q->command->name, "cluster|", 8) == 0);
}

/* Whether there is no room for what it makes. */
static bool
is_too_large(const struct worker *w, const struct request *q)
{
	return (q->command->flags & COMMAND_DENYOOM) && begins(q) &&
	    gate_used_bytes() > (uint64_t)w->state.options.maxmemory;
}

bool
gate_is_publish(const struct command *command)
{
	return command->id == CMD_PUBLISH || command->id == CMD_SPUBLISH;
}

/* Whether it may have to be logged. */
static bool
may_log(const struct request *q)
{
	return (q->command->flags & (COMMAND_WRITE | COMMAND_MAY_REPLICATE)) ||
	    gate_is_publish(q->command) || (q->command->id == CMD_EXEC &&
	    (q->conn->multi.writes || q->conn->multi.publishes));
}

/* Whether it is of those that have to wait while some have. */
static bool
is_paused(const struct worker *w, const struct request *q)
{
	return ((w->stops & PAUSE_ORDER) &&
	    w->state.pause == STATE_PAUSE_ALL) || may_log(q);
}

/* A subscriber that speaks RESP2 can not tell replies from messages. */
static bool
is_for_subscriber(enum command_id id)
{
	switch (id) {
	case CMD_SUBSCRIBE:
	case CMD_UNSUBSCRIBE:
	case CMD_PSUBSCRIBE:
	case CMD_PUNSUBSCRIBE:
	case CMD_SSUBSCRIBE:
	case CMD_SUNSUBSCRIBE:
	case CMD_PING:
	case CMD_QUIT:
	case CMD_RESET:
		return true;
	default:
		return false;
	}
}

/* Whether messages may come of the request: its own, or events of keys. */
static bool
may_say(const struct worker *w, const struct request *q)
{
	return gate_is_publish(q->command) || q->command->id == CMD_EXEC ||
	    (w->txn.events != 0 && q->command->flags & COMMAND_WRITE);
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

/* What this node refuses the request with; NULL: nothing. */
static const char *
node_refusal(struct worker *w, const struct request *q)
{
	const struct state *s = &w->state;
	const struct options *o = &s->options;

#define REFUSES(stands, whom, words) \
	if (unlikely(stands) && (whom)) \
		return words;
#define DELAYS(stands, whom, verdict)
#include "daemon/net_gate.def"
#undef REFUSES
#undef DELAYS
	return NULL;
}

/* What the request has to wait for, or GATE_SERVE. */
static enum gate_verdict
node_delay(struct worker *w, const struct request *q)
{
	const struct state *s = &w->state;

#define REFUSES(stands, whom, words)
#define DELAYS(stands, whom, verdict) \
	if (unlikely(stands) && (whom)) \
		return verdict;
#include "daemon/net_gate.def"
#undef REFUSES
#undef DELAYS
	return GATE_SERVE;
}

void
gate_batch(struct worker *w)
{
	const struct state *s = &w->state;
	const struct options *o = &s->options;

	w->is_open = true
#define REFUSES(stands, whom, words) && !(stands)
#define DELAYS(stands, whom, verdict) && !(stands)
#include "daemon/net_gate.def"
#undef REFUSES
#undef DELAYS
	    ;
}

enum gate_verdict
gate_judge(struct worker *w, const struct request *q)
{
	struct conn *c = q->conn;
	bool is_early = false;
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
	why = session_refusal(w, q);
	if (unlikely(why != NULL)) {
		reply_error(&c->out, why);
		return gate_refused(w, q);
	}
	if (unlikely(c->subs_all > 0) && c->out.resp == 2 &&
	    !is_for_subscriber(q->command->id)) {
		reply_errorf(&c->out, error_text[ERROR_SUBSCRIBED],
		    q->command->name);
		return gate_refused(w, q);
	}
	/* First where it belongs: what is wrong here is wrong only here. */
	if (unlikely(w->state.options.cluster_enabled) &&
	    place_refuses(w, q, &is_early))
		return is_early ? GATE_STOPPED : GATE_REFUSE;
	if (likely(w->is_open && !c->multi.is_open))
		return GATE_SERVE;
	why = node_refusal(w, q);
	if (unlikely(why != NULL)) {
		reply_error(&c->out, why);
		return gate_refused(w, q);
	}
	if (unlikely(c->multi.is_open) && q->command->id != CMD_EXEC &&
	    q->command->id != CMD_DISCARD && q->command->id != CMD_MULTI &&
	    q->command->id != CMD_WATCH && q->command->id != CMD_QUIT &&
	    q->command->id != CMD_RESET)
		return GATE_QUEUE;
	return node_delay(w, q);
}
