#include "daemon/ctl_fact.h"

#include "daemon/clock.h"
#include "daemon/ctl_failover.h"
#include "daemon/ctl_recover.h"

static void
set_text(char *to, size_t room, const char *text)
{
	size_t bytes = strlen(text);

	memset(to, 0, room);
	memcpy(to, text, bytes < room ? bytes : room - 1);
}

void
ctl_fact_configure(const struct ctl *c, struct view *view)
{
	const struct options *o = &c->next.options;
	struct view_config *v = &view->config;

	v->node_timeout_ms = o->cluster_node_timeout;
	v->ban_ms = o->cluster_blacklist_ttl * 1000;
	v->ping_replica_ms = o->repl_ping_replica_period * 1000;
	v->failover_ms = o->cluster_manual_failover_timeout;
	v->lease_ms = o->cluster_write_lease;
	v->validity_factor = (uint32_t)o->cluster_replica_validity_factor;
	v->migration_barrier = (uint32_t)o->cluster_migration_barrier;
	v->needs_full_coverage = o->cluster_require_full_coverage;
	v->may_migrate = o->cluster_allow_replica_migration;
	v->is_no_failover = o->cluster_replica_no_failover ||
	    c->next.is_stopping;
	set_text(v->ip, sizeof(v->ip), o->cluster_announce_ip);
	set_text(v->hostname, sizeof(v->hostname),
	    o->cluster_announce_hostname);
	set_text(v->nodename, sizeof(v->nodename),
	    o->cluster_announce_human_nodename);
	v->port = (uint16_t)(o->cluster_announce_port != 0 ?
	    o->cluster_announce_port : o->port);
	v->cport = (uint16_t)(o->cluster_announce_bus_port != 0 ?
	    o->cluster_announce_bus_port : option_bus_port(o));
}

static bool
is_link_up(const struct state *s)
{
	const struct link *l;

	if (s->role != STATE_REPLICA || s->link_worker < 0)
		return false;
	l = &REGION->area[s->link_worker].link;
	return word_load(&l->serial) == s->link_serial &&
	    word_load(&l->state) == LINK_UP;
}

bool
ctl_fact_is_strange(const struct view *v, const struct bus_id *data_shard)
{
	uint16_t p = v->node[VIEW_SELF].primary;

	/* Redis 7.0 has no names for shards. */
	return p != VIEW_NOBODY && v->node[p].own > 0 &&
	    !bus_id_is_equal(&v->node[p].shard, data_shard);
}

/*
 * Whether what is here is not, or not yet, the primary's data: half of them,
 * another shard's, or none though it has some.
 */
static bool
is_syncing(const struct ctl *c, const struct view *v,
    const struct bus_id *data_shard)
{
	uint16_t p = v->node[VIEW_SELF].primary;

	return c->next.role == STATE_REPLICA && (c->next.replid[0] == 0 ||
	    ctl_fact_is_strange(v, data_shard) ||
	    ctl_recover_link(c) == RECOVER_SYNCS || (v->fact.offset == 0 &&
	    p != VIEW_NOBODY && v->node[p].offset > 0));
}

/*
 * Since when, by our clock; the worker says it, because nothing may have
 * happened here while the link was up.
 */
static int64_t
link_down_ms(const struct state *s, const struct view_fact *f)
{
	int64_t known_ms = f->link_down_ms, now_ms = clock_steady_ms();
	int64_t ms = known_ms;

	if (s->role == STATE_REPLICA && s->link_worker >= 0)
		ms = word_load(&REGION->area[s->link_worker].link.down_ms) -
		    f->unix_offset_ms;
	if (ms < known_ms)
		ms = known_ms;
	return ms < now_ms ? ms : now_ms;
}

void
ctl_fact_gather(const struct ctl *c, struct view *v,
    struct bus_id *data_shard, bool is_settled)
{
	const struct state *s = &c->next;
	uint16_t p = v->node[VIEW_SELF].primary;
	struct view_fact *f = &v->fact;
	bool was_up = f->is_link_up;

	f->offset = word_load_acquire(&REGION->common.log.end);
	f->is_link_up = is_link_up(s);
	if (was_up && !f->is_link_up)
		f->link_down_ms = clock_steady_ms();
	if (!f->is_link_up)
		f->link_down_ms = link_down_ms(s, f);
	/* The name of a shard may come late; the stream says it all. */
	if (f->is_link_up && is_settled && p != VIEW_NOBODY)
		*data_shard = v->node[p].shard;
	f->is_syncing = is_syncing(c, v, data_shard);
	f->has_lost_data = s->loss != LOSS_NONE &&
	    !s->options.allow_empty_primary;
	f->lost_end = s->lost_end;
	f->is_ending = c->is_ending;
	f->lock_words = ctl_failover_lock_words(c);
	/* How far it was says how much is missing, and stays until then. */
	if (!c->is_ready || s->loss == LOSS_TAIL)
		return;
	memcpy(f->vars.replid, s->replid, sizeof(s->replid));
	memcpy(f->vars.replid2, s->replid2, sizeof(s->replid2));
	f->vars.offset = (int64_t)f->offset;
	f->vars.second_offset = s->second_offset;
	if (s->is_promoted && s->next_replid[0] != 0) {
		memcpy(f->vars.replid, s->next_replid, sizeof(s->replid));
		memcpy(f->vars.replid2, s->replid, sizeof(s->replid2));
		f->vars.second_offset = (int64_t)f->offset + 1;
	}
}
