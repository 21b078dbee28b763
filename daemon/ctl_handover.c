#include "daemon/ctl_handover.h"

#include "daemon/clock.h"
#include "daemon/ctl_hold.h"
#include "daemon/ctl_load.h"
#include "daemon/ctl_recover.h"
#include "daemon/ctl_role.h"
#include "daemon/log.h"
#include "shm/fault.h"

#include <stdio.h>
#include <sys/random.h>

static int64_t
steady_ms(void)
{
	return clock_steady_us() / 1000;
}

/* --- replicas ---------------------------------------------------------- */

static bool
is_target(const struct state_handover *h, const struct feeds_row *r)
{
	return h->port == 0 || (r->port == h->port &&
	    (strcmp(r->ip, h->host) == 0 ||
	    (strcmp(h->host, "localhost") == 0 &&
	    strcmp(r->ip, "127.0.0.1") == 0)));
}

/*
 * A replica that is meant, online if one is; with `level`, only one that has
 * acknowledged all.
 */
static const struct feeds_row *
find(const struct state_handover *h, bool level)
{
	const struct feeds_row *found = NULL;
	uint32_t i, k;

	for (i = 0; i < REGION->head.workers; i++) {
		const struct feeds *f = &REGION->area[i].feeds;

		for (k = 0; k < word_load(&f->rows); k++) {
			const struct feeds_row *r = &f->row[k];

			if (word_load_acquire(&r->id) == 0 ||
			    !is_target(h, r) || (level &&
			    (word_load(&r->phase) != FEEDS_ONLINE ||
			    word_load(&r->got) < h->offset)))
				continue;
			if (found == NULL || found->phase != FEEDS_ONLINE)
				found = r;
		}
	}
	return found;
}

/* --- the order --------------------------------------------------------- */

static void
held(struct ctl *c, uint64_t token, uint64_t end)
{
	(void)token;
	FAULT(HANDOVER_HELD);
	c->next.handover.offset = end;
	(void)ctl_tell(c);
}

static void
begin(struct ctl *c, const struct handover_order *o)
{
	struct state_handover *h = &c->next.handover;
	uint64_t token;

	if (getrandom(&token, sizeof(token), 0) != sizeof(token))
		never("the kernel gives random bytes");
	h->step = HANDOVER_WAITS;
	h->is_forced = o->is_force;
	h->offset = UINT64_MAX;
	h->until_ms = o->has_timeout ? steady_ms() + o->timeout_ms : INT64_MAX;
	log_notice("FAILOVER to %s: writes are held until it has all",
	    h->port != 0 ? h->host : "some replica");
	FAULT(HANDOVER_HOLD);
	ctl_hold_begin(c, token | 1, INT64_MAX, held);
	ctl_answer_ok(c);
}

/* Writes go on. */
static void
end(struct ctl *c)
{
	c->next.handover.step = HANDOVER_NONE;
	ctl_hold_end(c);
}

/* Nobody was asked to take over yet. */
static void
give_up(struct ctl *c, const char *why)
{
	log_warning("FAILOVER is given up: %s", why);
	end(c);
}

static void
be_primary_again(struct ctl *c)
{
	FAULT(HANDOVER_BACK);
	end(c);
	ctl_answer_ok(c);
}

/* False: not now. */
static bool
return_role(struct ctl *c, const char *why)
{
	if (!ctl_recover_take(c, LOCK_ON_WANT_DETACH, RECOVER_ROLE))
		return false;
	FAULT(HANDOVER_REFUSED);
	log_warning("FAILOVER is given up, this node is the primary again: %s",
	    why);
	ctl_role_promote(c, be_primary_again);
	return true;
}

static void
abort_it(struct ctl *c)
{
	switch (c->next.handover.step) {
	case HANDOVER_NONE:
		ctl_answer_error(c, "ERR No failover in progress.");
		break;
	case HANDOVER_WAITS:
		give_up(c, "FAILOVER ABORT");
		ctl_answer_ok(c);
		break;
	default:
		if (!return_role(c, "FAILOVER ABORT"))
			ctl_answer_error(c, "%s", ctl_recover_words(c));
	}
}

void
ctl_handover_ask(struct ctl *c, const struct handover_order *o)
{
	struct state_handover *h = &c->next.handover;
	const struct feeds_row *r;
	const char *why = NULL;

	if (o->is_abort) {
		abort_it(c);
		return;
	}
	if (h->step != HANDOVER_NONE) {
		ctl_answer_error(c, "ERR FAILOVER already in progress.");
		return;
	}
	memset(h, 0, sizeof(*h));
	if (o->has_target) {
		h->port = (uint16_t)o->port;
		snprintf(h->host, sizeof(h->host), "%.*s",
		    (int)o->host.bytes, o->host.data);
	}
	r = find(h, false);
	if (c->next.role == STATE_REPLICA)
		why = "ERR FAILOVER is not valid when server is a replica.";
	else if (o->is_force && (!o->has_timeout || !o->has_target))
		why = "ERR FAILOVER with force option requires both a "
		    "timeout and target HOST and IP.";
	else if (r == NULL && !o->has_target)
		why = "ERR FAILOVER requires connected replicas.";
	else if (r == NULL)
		why = "ERR FAILOVER target HOST and PORT is not a replica.";
	else if (r->phase != FEEDS_ONLINE && o->has_target)
		why = "ERR FAILOVER target replica is not online.";
	if (why != NULL)
		ctl_answer_error(c, "%s", why);
	else
		begin(c, o);
}

/* --- going on ---------------------------------------------------------- */

/* From here on only the replica says who is the primary. */
static void
follow(struct ctl *c, const struct feeds_row *r)
{
	struct state_handover *h = &c->next.handover;
	char host[FEEDS_IP];

	if (!ctl_recover_take(c, LOCK_ON_WANT_ATTACH, RECOVER_ROLE))
		return;
	FAULT(HANDOVER_LEVEL);
	snprintf(host, sizeof(host), "%s", r != NULL ? r->ip : h->host);
	h->port = r != NULL ? (uint16_t)r->port : h->port;
	h->step = HANDOVER_GOES;
	log_notice("FAILOVER: %s:%u is asked to take over", host, h->port);
	ctl_begin_own(c);
	ctl_role_follow(c, host, h->port, false, false,
	    ctl_answer_nothing);
	FAULT(HANDOVER_GOES);
}

static void
wait_for_replica(struct ctl *c)
{
	struct state_handover *h = &c->next.handover;
	const struct feeds_row *r = h->offset == UINT64_MAX ? NULL :
	    find(h, true);

	if (r != NULL)
		follow(c, r);
	else if (steady_ms() < h->until_ms)
		return;
	else if (h->is_forced)
		follow(c, NULL);
	else
		give_up(c, "no replica had everything in time");
}

static void
look_at_link(struct ctl *c)
{
	const struct link *l;

	if (c->next.link_worker < 0 || c->next.is_promoted)
		return;
	l = &REGION->area[c->next.link_worker].link;
	if (word_load_acquire(&l->is_primary) == c->next.link_serial) {
		ctl_handover_done(c);
		(void)ctl_tell(c);
	} else if (word_load_acquire(&l->is_refused) == c->next.link_serial) {
		ctl_begin_own(c);
		if (!return_role(c, "the replica refuses"))
			ctl_answer_nothing(c);
	}
}

/* PSYNC ... FAILOVER has come to one of our workers. */
static void
take_over(struct ctl *c)
{
	uint32_t i;

	if (c->next.role != STATE_REPLICA || c->next.is_promoted ||
	    c->next.options.cluster_enabled)
		return;
	for (i = 0; i < REGION->head.workers; i++)
		if (word_load_acquire(&REGION->area[i].feeds.wants_role) ==
		    c->next.follows + 1)
			break;
	if (i == REGION->head.workers ||
	    !ctl_recover_take(c, LOCK_ON_WANT_DETACH, RECOVER_ROLE))
		return;
	FAULT(HANDOVER_TAKES);
	log_notice("FAILOVER: the primary gives its role to this node");
	ctl_begin_own(c);
	ctl_role_promote(c, ctl_answer_nothing);
}

void
ctl_handover_done(struct ctl *c)
{
	if (c->next.handover.step != HANDOVER_GOES)
		return;
	FAULT(HANDOVER_OVER);
	log_notice("FAILOVER: %s:%u is the primary now",
	    c->next.primary_host, c->next.primary_port);
	c->next.handover.step = HANDOVER_NONE;
	c->next.hold_token = 0;
	c->next.hold_until_ms = 0;
}

void
ctl_handover_recover(struct ctl *c)
{
	if (c->next.handover.step == HANDOVER_WAITS)
		give_up(c, "control was replaced");
	if (c->next.handover.step != HANDOVER_GOES)
		return;
	/* The role was on its way back, or is here already. */
	if (c->next.is_promoted)
		c->link.promoted = be_primary_again;
	else if (c->next.role == STATE_PRIMARY)
		end(c);
}

void
ctl_handover_turn(struct ctl *c)
{
	if (c->ask.is_busy || c->next.is_stopping || ctl_load_is_on(c))
		return;
	take_over(c);
	if (likely(c->next.handover.step == HANDOVER_NONE) || c->ask.is_busy)
		return;
	if (c->next.handover.step == HANDOVER_WAITS)
		wait_for_replica(c);
	else
		look_at_link(c);
}
