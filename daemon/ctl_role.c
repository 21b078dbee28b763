#include "daemon/ctl_role.h"

#include "daemon/ctl_handover.h"
#include "daemon/ctl_held.h"
#include "daemon/ctl_load.h"
#include "daemon/ctl_recover.h"
#include "daemon/file.h"
#include "daemon/log.h"
#include "proto/error.h"
#include "proto/number.h"
#include "shm/fault.h"

#include <stdio.h>
#include <sys/random.h>

/* --- who has the link -------------------------------------------------- */

static void
give_link(struct ctl *c, int worker)
{
	c->next.link_worker = worker;
	c->next.link_serial++;
}

/* They take turns. */
static int
some_worker(void)
{
	static uint32_t next;

	return (int)(next++ % REGION->head.workers);
}

bool
ctl_role_is_due(const struct ctl *c)
{
	return unlikely(c->next.role == STATE_REPLICA) &&
	    c->next.link_worker < 0 && !c->next.is_promoted &&
	    (!c->ask.is_busy || c->ask.is_elsewhere) && !ctl_load_is_on(c) &&
	    !c->next.is_stopping;
}

/*
 * Only between two questions: a SWAPDB of the last link's stream that is being
 * worked on moves the log.  And only when whoever wrote, as a primary or for
 * the last link, has seen that it is over.
 */
void
ctl_role_turn(struct ctl *c)
{
	if (likely(!ctl_role_is_due(c)) ||
	    !ctl_is_acknowledged(c->next.version))
		return;
	give_link(c, some_worker());
	(void)ctl_tell(c);
}

void
ctl_role_begin_anew(struct ctl *c)
{
	give_link(c, -1);
	(void)ctl_tell(c);
}

void
ctl_role_lost(struct ctl *c, int index)
{
	if (likely(c->next.role != STATE_REPLICA) ||
	    c->next.link_worker != index)
		return;
	give_link(c, -1);
	(void)ctl_tell(c);
}

bool
ctl_role_has_link(const struct ctl *c, struct slice serial)
{
	int64_t n;

	return c->next.role == STATE_REPLICA && !ctl_load_is_on(c) &&
	    c->ask.worker == c->next.link_worker &&
	    number_get_int(serial, &n) && (uint64_t)n == c->next.link_serial;
}

/* --- following --------------------------------------------------------- */

void
ctl_role_follow(struct ctl *c, const char *host, uint16_t port, bool is_own,
    bool is_still, void (*then)(struct ctl *c))
{
	struct state *s = &c->next;

	log_notice("follows %s:%u from now on", host, port);
	/* In a cluster the nodes know, not the configuration. */
	if (!s->options.cluster_enabled)
		snprintf(s->options.replicaof, sizeof(s->options.replicaof),
		    "%s %u", host, port);
	s->role = STATE_REPLICA;
	snprintf(s->primary_host, sizeof(s->primary_host), "%s", host);
	s->primary_port = port;
	s->is_primary_own = is_own;
	s->follows++;
	s->heir_until_ms = 0;
	s->is_promoted = false;
	s->next_replid[0] = 0;
	give_link(c, is_still ? some_worker() : -1);
	ctl_publish(c, then);
}

/* --- being a primary --------------------------------------------------- */

/* The link has ended: what the log has now is what we are. */
static void
promote(struct ctl *c)
{
	struct state *s = &c->next;
	struct log *log = &REGION->common.log;

	FAULT(PROMOTED);
	/* Data that a broken load has left belong to no stream. */
	state_name_stream(s, s->next_replid, log->end);
	s->next_replid[0] = 0;
	/* Who was ahead of us in no stream knows no database. */
	if (region_open(log, offsetof(struct log, reader)) != 0)
		never("control may write the log while nobody else does");
	log_leave_db(log, c->birth->name);
	if (region_close(log, offsetof(struct log, reader)) != 0)
		never("control may give up writing the region");
	/* What says that there was data of any history will do for a moment. */
	if (!ctl_held_is_noted(c))
		ctl_held_note(c);
	s->role = STATE_PRIMARY;
	s->is_promoted = false;
	s->options.replicaof[0] = 0;
	s->primary_host[0] = 0;
	s->primary_port = 0;
	log_notice("is a primary from offset %llu on, under the id %s",
	    (unsigned long long)log->end, s->replid);
	ctl_recover_drop(c, RECOVER_ROLE);
	if (c->link.places != NULL)
		c->link.places(c);
	ctl_publish(c, c->link.promoted);
}

void
ctl_role_detach(struct ctl *c)
{
	uint64_t random[3];

	if (c->next.is_promoted)
		return;
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		never("the kernel gives random bytes");
	region_print_id(random, c->next.next_replid);
	c->next.is_promoted = true;
	give_link(c, -1);
	c->link.version = ctl_tell(c);
}

void
ctl_role_stay(struct ctl *c)
{
	if (!c->next.is_promoted)
		return;
	c->next.is_promoted = false;
	c->next.next_replid[0] = 0;
	(void)ctl_tell(c);
}

void
ctl_role_promote(struct ctl *c, void (*then)(struct ctl *c))
{
	c->link.promoted = then;
	ctl_role_detach(c);
	c->ask.version = c->link.version;
	c->ask.then = promote;
}

void
ctl_role_recover(struct ctl *c)
{
	if (!c->next.is_promoted)
		return;
	c->link.version = c->next.version;
	/* In a cluster the view knows whether it was meant for good. */
	if (c->next.options.cluster_enabled)
		return;
	ctl_begin_own(c);
	c->link.promoted = ctl_answer_nothing;
	c->ask.version = c->next.version;
	c->ask.then = promote;
}

/* --- REPLICAOF --------------------------------------------------------- */

static void
ask_no_one(struct ctl *c)
{
	if (c->next.role == STATE_PRIMARY)
		ctl_answer_ok(c);
	else if (!ctl_recover_take(c, LOCK_ON_WANT_DETACH, RECOVER_ROLE))
		ctl_answer_error(c, "%s", ctl_recover_words(c));
	else
		ctl_role_promote(c, ctl_answer_ok);
}

static void
ask_follow(struct ctl *c, struct slice name, struct slice number)
{
	struct options o = { .replicaof = "" };
	char host[OPTION_HOST];
	uint16_t port;
	int64_t n;

	if (!number_get_int(number, &n) || n < 0 || n > UINT16_MAX) {
		ctl_answer_error(c, "ERR Invalid master port");
		return;
	}
	if (name.bytes < OPTION_HOST)
		snprintf(o.replicaof, sizeof(o.replicaof), "%.*s %d",
		    (int)name.bytes, name.data, (int)n);
	if (!option_primary(&o, host, &port))
		ctl_answer_error(c, "ERR Invalid master host or port");
	else if (c->next.role == STATE_REPLICA &&
	    c->next.primary_port == port &&
	    strcmp(c->next.primary_host, host) == 0)
		ctl_answer_simple(c, "OK Already connected to specified "
		    "master");
	else if (!ctl_recover_take(c, LOCK_ON_WANT_ATTACH, RECOVER_ROLE))
		ctl_answer_error(c, "%s", ctl_recover_words(c));
	else
		ctl_role_follow(c, host, port, false, false, ctl_answer_ok);
}

void
ctl_role_ask(struct ctl *c, const struct slice *argv, int argc)
{
	if (argc != 3)
		ctl_answer_error(c, error_text[ERROR_ARITY], "replicaof");
	else if (c->next.options.cluster_enabled)
		ctl_answer_error(c, "ERR REPLICAOF not allowed in cluster "
		    "mode.");
	else if (ctl_load_is_on(c))
		ctl_answer_error(c, "%s", error_text[ERROR_LOADING]);
	else if (ctl_handover_is_on(c))
		ctl_answer_error(c, "ERR REPLICAOF not allowed while failing "
		    "over.");
	else if (slice_is(argv[1], "no") && slice_is(argv[2], "one"))
		ask_no_one(c);
	else
		ask_follow(c, argv[1], argv[2]);
}

/* --- questions of the link --------------------------------------------- */

/* Whether the link that asks (its serial is its last word) may. */
static bool
may_ask(struct ctl *c, const struct slice *argv, int argc, int wanted)
{
	if (argc == wanted && ctl_role_has_link(c, argv[argc - 1]) &&
	    argv[1].bytes == sizeof(c->next.replid) - 1)
		return true;
	ctl_answer_error(c, "ERR the link is not wanted any more");
	return false;
}

void
ctl_role_ask_continue(struct ctl *c, const struct slice *argv, int argc)
{
	struct state *s = &c->next;
	char id[sizeof(s->replid)] = "";

	if (!may_ask(c, argv, argc, 3))
		return;
	ctl_handover_done(c);
	memcpy(id, argv[1].data, argv[1].bytes);
	if (strcmp(id, s->replid) != 0) {
		state_name_stream(s, id, REGION->common.log.end);
		log_notice("the primary's stream has a new id, %s", s->replid);
	}
	s->loss = LOSS_NONE;
	ctl_publish(c, ctl_answer_ok);
}

void
ctl_role_ask_load(struct ctl *c, const struct slice *argv, int argc)
{
	struct load_order order = ctl_load_order(LOAD_FOR_SYNC);
	struct state *s = &c->next;

	if (!may_ask(c, argv, argc, 5))
		return;
	if (argv[3].bytes >= sizeof(order.file) ||
	    !number_get_int(argv[2], &order.offset)) {
		ctl_answer_error(c, "%s", error_text[ERROR_SYNTAX]);
		return;
	}
	order.flushes = true;
	order.keeps_expired = true;
	memcpy(order.replid, argv[1].data, argv[1].bytes);
	memcpy(order.file, argv[3].data, argv[3].bytes);
	if (file_bytes(order.file) < 0) {
		ctl_answer_error(c, "ERR the snapshot is not there any more");
		return;
	}
	if (!ctl_recover_may_load(c)) {
		ctl_answer_error(c, "%s", ctl_recover_words(c));
		return;
	}
	ctl_handover_done(c);
	memset(s->replid, 0, sizeof(s->replid));
	state_forget_streams(s);
	s->loss = LOSS_NONE;
	if (ctl_load_begin(c, &order) != 0)
		never("a file that is there has a length");
	ctl_answer_ok(c);
}
