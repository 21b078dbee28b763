/*
 * cmd_feed - how a connection becomes a replica's, and waiting for replicas
 *
 * REPLCONF, PSYNC, SYNC; WAIT, WAITAOF.
 *
 * Offsets on the wire name bytes from 1 on; the log's are those of the places
 * between them.  So a replica that has everything up to `at` asks for at + 1.
 *
 * Not here: feeding (net_feed.c), snapshots for replicas (net_sync.c), being a
 * replica.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/cmd_conn.h"
#include "daemon/doorbell.h"
#include "daemon/log.h"
#include "daemon/net_ack.h"
#include "daemon/net_feed.h"
#include "daemon/net_link.h"
#include "daemon/net_park.h"
#include "daemon/net_pause.h"
#include "daemon/net_sync.h"

#define SHOWN 128
#define ROLE_MS 1 /* until we look again whether we are the primary */

/* --- REPLCONF ---------------------------------------------------------- */

static bool
conf_port(struct call *c, struct feed *f, int i)
{
	return call_int(c, i, &f->port);
}

static bool
conf_ip(struct call *c, struct feed *f, int i)
{
	struct slice ip = c->argv[i];

	if (ip.bytes >= sizeof(f->ip)) {
		reply_errorf(c->reply, "ERR REPLCONF ip-address provided by "
		    "replica instance is too long: %zu bytes", ip.bytes);
		return false;
	}
	memset(f->ip, 0, sizeof(f->ip));
	memcpy(f->ip, ip.data, ip.bytes);
	return true;
}

static bool
conf_capa(struct call *c, struct feed *f, int i)
{
	f->takes_mark |= slice_is(c->argv[i], "eof");
	f->takes_new_id |= slice_is(c->argv[i], "psync2");
	return true;
}

static bool
conf_rdb_only(struct call *c, struct feed *f, int i)
{
	int64_t n;

	if (!call_int_between(c, i, 0, 1, &n))
		return false;
	f->wants_snapshot_only = n == 1;
	return true;
}

/* One snapshot is for all who wait: the options say of which version. */
static bool
conf_version(struct call *c, struct feed *f, int i)
{
	(void)c;
	(void)f;
	(void)i;
	return true;
}

/* REPLCONF ACK offset [FACK offset]: nothing is replied. */
static void
acknowledge(struct call *c)
{
	int64_t got, kept = -1;

	if (!c->conn->is_replica || !number_get_int(c->argv[2], &got) ||
	    got < 0)
		return;
	if (c->argc > 4 && slice_is(c->argv[3], "fack") &&
	    !number_get_int(c->argv[4], &kept))
		return;
	ack_heard(c->conn, (uint64_t)got, kept);
}

void
cmd_replconf(struct call *c)
{
	static const struct {
		const char *name;
		bool (*set)(struct call *c, struct feed *f, int i);
	} words[] = { { "listening-port", conf_port },
	    { "ip-address", conf_ip }, { "capa", conf_capa },
	    { "rdb-only", conf_rdb_only }, { "version", conf_version } };
	struct feed *f;
	size_t n;
	int i;

	if (c->argc % 2 == 0) {
		call_syntax(c);
		return;
	}
	if (c->argc > 2 && slice_is(c->argv[1], "ack")) {
		acknowledge(c);
		return;
	}
	/* Asked by a primary; on this side of the link it means nothing. */
	if (c->argc > 2 && slice_is(c->argv[1], "getack"))
		return;
	f = feed_of(c->conn);
	for (i = 1; i < c->argc; i += 2) {
		for (n = 0; n < COUNT(words) &&
		    !slice_is(c->argv[i], words[n].name); n++)
			;
		if (n == COUNT(words)) {
			reply_errorf(c->reply, "ERR Unrecognized REPLCONF "
			    "option: %.*s", (int)(c->argv[i].bytes < SHOWN ?
			    c->argv[i].bytes : SHOWN), c->argv[i].data);
			return;
		}
		if (!words[n].set(c, f, i + 1))
			return;
	}
	reply_ok(c->reply);
}

/* --- PSYNC ------------------------------------------------------------- */

/* Why the stream of `id` can not be continued at `at`; NULL: it can. */
static const char *
why_not(const struct worker *w, struct slice id, int64_t wanted)
{
	const struct state *s = &w->state;
	const struct log *log = &REGION->common.log;

	if (wanted < 1)
		return "its offset makes no sense";
	if (!state_has_stream(s, id, wanted))
		return "it has another stream";
	if ((uint64_t)wanted - 1 < word_load_acquire(&log->first))
		return "the log does not reach back so far "
		    "(repl-backlog-size)";
	if ((uint64_t)wanted - 1 > word_load_acquire(&log->end))
		return "it is ahead of us";
	return NULL;
}

/* Goes on where the replica is; false when it needs a snapshot. */
static bool
go_on(struct call *c, struct slice id, int64_t wanted)
{
	struct worker *w = c->worker;
	struct feed *f;
	const char *why = why_not(w, id, wanted);

	if (why == NULL && !feed_begin(c->conn, (uint64_t)wanted - 1))
		why = "there is no room for one more, or not so far back";
	if (why != NULL) {
		/* "?" asks for a snapshot. */
		if (!slice_is(id, "?")) {
			stat_add(w->stats, sync_partial_err, 1);
			log_notice("client %llu wants the stream from %lld "
			    "on, and needs a snapshot: %s",
			    (unsigned long long)c->conn->id,
			    (long long)wanted, why);
		}
		return false;
	}
	f = c->conn->feed;
	stat_add(w->stats, sync_partial_ok, 1);
	reply_literal(c->reply, "+CONTINUE");
	if (f->takes_new_id) {
		reply_literal(c->reply, " ");
		reply_raw(c->reply, w->state.replid, 40);
	}
	reply_literal(c->reply, "\r\n");
	log_notice("replica %s:%u goes on from offset %lld, %llu bytes behind",
	    f->row->ip, f->row->port, (long long)wanted, (unsigned long long)
	    (word_load(&REGION->common.log.end) - f->at));
	feed_go_online(f);
	return true;
}

/* Whether there may be replicas now; else that is replied, or they wait. */
static bool
may_feed(struct call *c)
{
	struct worker *w = c->worker;

	if (w->state.role == STATE_PRIMARY || link_is_up(&w->state))
		return true;
	/* Whose role we take has heard of it before all our workers have. */
	if (pause_turns(w)) {
		park_stop(c->conn, CONN_PAUSED, w->now_ms + ROLE_MS);
		return false;
	}
	reply_error(c->reply, error_text[ERROR_NO_MASTER_LINK]);
	return false;
}

/* Nobody is made as empty as we are, unless that is meant. */
static bool
may_snapshot(struct call *c)
{
	const struct state *s = &c->worker->state;

	if (likely(s->loss == LOSS_NONE) || s->options.allow_empty_primary)
		return true;
	reply_error(c->reply, error_text[ERROR_LOST_DATA]);
	return false;
}

/*
 * PSYNC id offset FAILOVER: our primary gives its role to us.  True as soon as
 * we are the primary, who had that stream before.
 */
static bool
has_role(struct call *c)
{
	struct worker *w = c->worker;
	const struct state *s = &w->state;

	if (s->options.cluster_enabled) {
		reply_error(c->reply, "ERR PSYNC FAILOVER is not for nodes of "
		    "a cluster.");
		return false;
	}
	if (s->role == STATE_PRIMARY) {
		if (slice_equal(c->argv[1], slice_of(s->replid2)))
			return true;
		reply_error(c->reply, "ERR PSYNC FAILOVER can't be sent to a "
		    "master.");
		return false;
	}
	if (!slice_equal(c->argv[1], slice_of(s->replid))) {
		reply_error(c->reply, "ERR PSYNC FAILOVER replid must match "
		    "my replid.");
		return false;
	}
	word_store_release(&w->area->feeds.wants_role, s->follows + 1);
	doorbell_ring(w->birth->bell[PROC_CONTROL]);
	park_stop(c->conn, CONN_PAUSED, w->now_ms + ROLE_MS);
	return false;
}

void
cmd_psync(struct call *c)
{
	int64_t wanted;

	if (c->conn->is_replica || (c->argc == 4 &&
	    slice_is(c->argv[3], "failover") && !has_role(c)) || !may_feed(c))
		return;
	if (!call_int(c, 2, &wanted))
		return;
	if (!go_on(c, c->argv[1], wanted) && may_snapshot(c))
		sync_begin(c, false);
}

void
cmd_sync(struct call *c)
{
	if (!c->conn->is_replica && may_feed(c) && may_snapshot(c))
		sync_begin(c, true);
}

/* --- WAIT -------------------------------------------------------------- */

/* The time-out in argument i, as UNIX time (0: never); errors are replied. */
static bool
take_timeout(struct call *c, int i, int64_t *until_ms)
{
	int64_t ms;

	if (!number_get_int(c->argv[i], &ms) ||
	    ms > INT64_MAX - c->worker->now_ms) {
		reply_error(c->reply, error_text[ERROR_TIMEOUT_NOT_INT]);
		return false;
	}
	if (ms < 0) {
		reply_error(c->reply, error_text[ERROR_TIMEOUT_NEGATIVE]);
		return false;
	}
	*until_ms = ms == 0 ? 0 : c->worker->now_ms + ms;
	return true;
}

void
cmd_wait(struct call *c)
{
	int64_t replicas, until_ms;

	if (c->worker->state.role != STATE_PRIMARY)
		reply_error(c->reply, error_text[ERROR_WAIT_REPLICA]);
	else if (call_int(c, 1, &replicas) && take_timeout(c, 2, &until_ms))
		ack_wait(c, -1, replicas, until_ms);
}

void
cmd_waitaof(struct call *c)
{
	const struct state *s = &c->worker->state;
	int64_t local, replicas, until_ms;

	if (!call_int_between(c, 1, 0, 1, &local))
		return;
	if (!number_get_int(c->argv[2], &replicas) || replicas < 0) {
		reply_error(c->reply, error_text[ERROR_POSITIVE]);
		return;
	}
	if (!take_timeout(c, 3, &until_ms))
		return;
	if (s->role != STATE_PRIMARY)
		reply_error(c->reply, error_text[ERROR_WAITAOF_REPLICA]);
	else if (local > 0 && !s->aof.is_on)
		reply_error(c->reply, error_text[ERROR_WAITAOF_NO_FILE]);
	else
		ack_wait(c, (int)local, replicas, until_ms);
}
