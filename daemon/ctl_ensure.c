#include "daemon/ctl_ensure.h"

#include "daemon/clock.h"
#include "daemon/ctl_recover.h"
#include "daemon/ctl_role.h"
#include "daemon/log.h"

static struct ensure_facts
gather(const struct ctl *c, bool is_failed, bool is_paused)
{
	enum recover_link link = ctl_recover_link(c);

	return (struct ensure_facts){
		.every_ms = c->next.options.
		    cluster_replication_reestablishment_timeout * 1000,
		.is_replica = link != RECOVER_NO_LINK,
		.is_primary_failed = is_failed,
		.is_paused = is_paused,
		.is_link_up = link == RECOVER_UP,
		.is_syncing = link == RECOVER_SYNCS || link == RECOVER_ASKS,
		.is_failover = failover_is_active(&c->kept.failover) ||
		    c->next.handover.step != HANDOVER_NONE,
	};
}

static void
end(struct ctl *c, const struct ensure_facts *f, enum ensure_reason why,
    int64_t now_ms)
{
	ensure_tried(&c->kept.ensure, f, why, now_ms);
	ctl_recover_drop(c, RECOVER_ENSURE);
}

/* The lock is taken to look, and raised when it is still needed then. */
static void
try(struct ctl *c, const struct ensure_facts *f, int64_t now_ms)
{
	struct lock *l = &c->kept.lock;

	/* The attachment for which it is held is the one that hangs. */
	if (l->state == LOCK_START || l->state == LOCK_ATTACH)
		ctl_recover_drop(c, RECOVER_ROLE);
	if (!ctl_recover_take(c, LOCK_ON_WANT_SHARED, RECOVER_ENSURE) ||
	    !lock_raise(l, RECOVER_ENSURE, now_ms)) {
		end(c, f, ENSURE_LOCKED, now_ms);
		return;
	}
	log_notice("the primary's stream has been broken for %d s: the link "
	    "begins anew", (int)((now_ms - c->kept.ensure.down_ms) / 1000));
	ctl_role_begin_anew(c);
}

void
ctl_ensure_turn(struct ctl *c, bool is_failed, bool is_paused)
{
	struct ensure *e = &c->kept.ensure;
	struct ensure_facts f = gather(c, is_failed, is_paused);
	int64_t now_ms = clock_steady_ms();
	enum recover_link link = ctl_recover_link(c);

	/* One that hangs has failed as well. */
	if (e->is_trying && (link == RECOVER_UP || link == RECOVER_NO_LINK ||
	    link == RECOVER_BROKEN || !ctl_recover_has(c, RECOVER_ENSURE) ||
	    (link == RECOVER_BEGINS &&
	    now_ms >= c->kept.lock.since_ms + f.every_ms)))
		end(c, &f, link == RECOVER_UP ? ENSURE_UP : ENSURE_REFUSED,
		    now_ms);
	if (ensure_look(e, &f, now_ms))
		try(c, &f, now_ms);
	kept_write(&c->kept);
}
