/*
 * cmd_info - INFO
 *
 * One function a section, one row each in sections[].  Numbers that processes
 * count for themselves are added up from the region.
 *
 * Not here: names of counters (shm/stat.def), of failover states
 * (cluster/failover.def).
 */
#include <stdarg.h>
#include <stdio.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/cmd_conn.h"
#include "daemon/cmd_memory.h"
#include "daemon/kept.h"
#include "daemon/net_ack.h"
#include "daemon/net_channel.h"
#include "daemon/net_feed.h"
#include "daemon/net_gate.h"
#include "daemon/net_link.h"
#include "daemon/net_load.h"
#include "daemon/net_ship.h"

/* What is printed so far, in scratch memory. */
struct page {
	struct call *c;
	char *text;
	size_t used, room;
};

static void __attribute__((format(printf, 2, 3)))
put(struct page *p, const char *format, ...)
{
	va_list list;
	int n;

	for (;;) {
		va_start(list, format);
		n = vsnprintf(p->text + p->used, p->room - p->used, format,
		    list);
		va_end(list);
		if ((size_t)n < p->room - p->used)
			break;
		p->room = p->room * 2 + (size_t)n + 4096;
		p->text = memcpy(txn_scratch(p->c->txn, p->room), p->text,
		    p->used);
	}
	p->used += (size_t)n;
}

#define N(x) ((long long)(x))

/* "1.50M": bytes for people. */
static void
put_bytes(struct page *p, const char *name, uint64_t bytes)
{
	static const char units[] = "BKMGTP";
	double d = (double)bytes;
	int unit = 0;

	while (d >= 1024 && unit < 5) {
		d /= 1024;
		unit++;
	}
	put(p, "%s:%lld\r\n%s_human:", name, N(bytes), name);
	put(p, unit == 0 ? "%.0f%c\r\n" : "%.2f%c\r\n", d, units[unit]);
}

static void
server(struct page *p)
{
	const struct worker *w = p->c->worker;
	const struct options *o = &w->state.options;
	int64_t up = (w->now_ms - REGION->head.born_ms) / 1000;
	struct utsname host;

	uname(&host);
	put(p, "redis_version:%s\r\nalmandine_version:%s\r\n"
	    "redis_git_sha1:00000000\r\nredis_git_dirty:0\r\n"
	    "redis_build_id:0\r\nredis_mode:%s\r\nos:%s %s %s\r\n"
	    "arch_bits:%d\r\nmonotonic_clock:POSIX clock_gettime\r\n"
	    "multiplexing_api:io_uring\r\natomicvar_api:c11-builtin\r\n"
	    "gcc_version:%s\r\n", CONN_REDIS_VERSION, PACKAGE_VERSION,
	    o->cluster_enabled ? "cluster" : "standalone", host.sysname,
	    host.release, host.machine, (int)sizeof(void *) * 8, __VERSION__);
	put(p, "process_id:%u\r\nprocess_supervised:no\r\nworkers:%u\r\n"
	    "process_deaths:%lld\r\nrun_id:%s\r\ntcp_port:%lld\r\n"
	    "server_time_usec:%lld\r\nuptime_in_seconds:%lld\r\n"
	    "uptime_in_days:%lld\r\nhz:%lld\r\nconfigured_hz:%lld\r\n"
	    "lru_clock:%lld\r\nexecutable:%s\r\nconfig_file:%s\r\n"
	    "io_threads_active:0\r\n", REGION->head.supervisor_pid,
	    REGION->head.workers, N(REGION->sup.deaths), REGION->head.run_id,
	    N(o->port), N(clock_us()), N(up), N(up / 86400), N(o->hz),
	    N(o->hz), N(w->now_ms / 1000 & 0xffffff), REGION->head.exec_file,
	    REGION->head.config_file);
}

static void
put_stats(struct page *p, enum stat_section section)
{
	int i;

	for (i = 0; i < STAT_COUNT; i++)
		if (stat_table[i].section == section && stat_table[i].name[0])
			put(p, "%s:%lld\r\n", stat_table[i].name,
			    N(net_count((enum stat_id)i)));
}

static void
clients(struct page *p)
{
	put_stats(p, STAT_CLIENTS);
	put(p, "cluster_connections:0\r\nmaxclients:%lld\r\n"
	    "client_recent_max_input_buffer:0\r\n"
	    "client_recent_max_output_buffer:0\r\ntracking_clients:0\r\n"
	    "clients_in_timeout_table:%lld\r\n",
	    N(p->c->worker->state.options.maxclients),
	    N(net_count(STAT_blocked)));
}

static void
memory(struct page *p)
{
	struct memory_sums m;
	struct sysinfo host;
	double used, rss;

	memory_sum(p->c->worker, &m);
	sysinfo(&host);
	used = (double)m.used_bytes;
	rss = (double)m.rss_bytes;
	put_bytes(p, "used_memory", m.used_bytes);
	put_bytes(p, "used_memory_rss", m.rss_bytes);
	put_bytes(p, "used_memory_peak", m.peak_bytes);
	put(p, "used_memory_peak_perc:%.2f%%\r\nused_memory_overhead:%lld\r\n"
	    "used_memory_startup:%lld\r\nused_memory_dataset:%lld\r\n"
	    "used_memory_dataset_perc:%.2f%%\r\n",
	    100 * used / (double)m.peak_bytes, N(m.used_bytes - m.heap_bytes),
	    N(m.fixed_bytes), N(m.heap_bytes),
	    100 * (double)m.heap_bytes / used);
	put(p, "allocator_allocated:%lld\r\nallocator_active:%lld\r\n"
	    "allocator_resident:%lld\r\n", N(m.heap_bytes),
	    N(m.span_bytes), N(m.span_bytes));
	put_bytes(p, "total_system_memory",
	    (uint64_t)host.totalram * host.mem_unit);
	put_bytes(p, "used_memory_lua", 0);
	put_bytes(p, "used_memory_scripts", 0);
	put_bytes(p, "used_memory_vm_total", 0);
	put(p, "used_memory_vm_eval:0\r\nused_memory_vm_functions:0\r\n"
	    "used_memory_scripts_eval:0\r\nused_memory_functions:0\r\n");
	put(p, "number_of_cached_scripts:0\r\nnumber_of_functions:0\r\n"
	    "number_of_libraries:0\r\n");
	put_bytes(p, "maxmemory",
	    (uint64_t)p->c->worker->state.options.maxmemory);
	put(p, "maxmemory_policy:noeviction\r\nallocator_frag_ratio:%.2f\r\n"
	    "allocator_frag_bytes:%lld\r\nallocator_rss_ratio:1.00\r\n"
	    "allocator_rss_bytes:0\r\nrss_overhead_ratio:%.2f\r\n"
	    "rss_overhead_bytes:%lld\r\nmem_fragmentation_ratio:%.2f\r\n"
	    "mem_fragmentation_bytes:%lld\r\nmem_not_counted_for_evict:0\r\n"
	    "mem_replication_backlog:%lld\r\n"
	    "mem_total_replication_buffers:%lld\r\nmem_clients_slaves:0\r\n"
	    "mem_clients_normal:%lld\r\nmem_cluster_links:0\r\n"
	    "mem_aof_buffer:0\r\nmem_allocator:almandine-heap\r\n"
	    "mem_private_allocator:%s\r\nmem_private_bytes:%lld\r\n"
	    "active_defrag_running:0\r\nlazyfree_pending_objects:0\r\n"
	    "lazyfreed_objects:0\r\n",
	    (double)m.span_bytes / (double)(m.heap_bytes + 1),
	    N(m.span_bytes - m.heap_bytes), rss / (double)(m.span_bytes + 1),
	    N(m.rss_bytes) - N(m.span_bytes), rss / used,
	    N(m.rss_bytes) - N(m.used_bytes), N(m.log_bytes), N(m.log_bytes),
	    N(m.client_bytes), m.private_allocator, N(m.private_bytes));
}

/* Keys that a snapshot has written; bytes handed over and not yet read. */
static void
snapshot(struct page *p)
{
	const struct state *s = &p->c->worker->state;
	const struct save *save = &REGION->area[PROC_SAVER].save;
	bool is_taken = s->snap.step == STATE_TAKE,
	    has_begun = is_taken && word_load(&save->birth) == s->snap.birth;
	uint64_t total = 0, waiting = 0;
	int i;

	for (i = 0; is_taken && i < STATE_DATABASES; i++)
		total += s->snap.keys[i];
	if (has_begun)
		waiting = word_load(&REGION->common.snap.end) -
		    word_load(&save->reader.got);
	put(p, "current_cow_peak:0\r\ncurrent_cow_size:%lld\r\n"
	    "current_cow_size_age:0\r\ncurrent_fork_perc:%.2f\r\n"
	    "current_save_keys_processed:%lld\r\n"
	    "current_save_keys_total:%lld\r\n", N(waiting), has_begun ?
	    100.0 * (double)word_load(&save->slots) / SLOT_COUNT : 0.0,
	    N(has_begun ? word_load(&save->keys) : 0), N(total));
}

static void
loading(struct page *p)
{
	struct load_progress l;

	load_progress(p->c->worker, &l);
	put(p, "loading:%d\r\nasync_loading:0\r\n", l.is_loading);
	if (l.is_loading)
		put(p, "loading_start_time:%lld\r\n"
		    "loading_total_bytes:%lld\r\n"
		    "loading_loaded_bytes:%lld\r\n"
		    "loading_loaded_perc:%.2f\r\n"
		    "loading_eta_seconds:%lld\r\n"
		    "loading_loaded_keys:%lld\r\n", N(l.since_s),
		    N(l.bytes), N(l.done), l.bytes == 0 ? 0.0 :
		    100 * (double)l.done / (double)l.bytes, N(l.eta_s),
		    N(l.keys));
}

static void
append_only_file(struct page *p)
{
	const struct aof_order *a = &p->c->worker->state.aof;
	const struct aof_report *r = &REGION->area[PROC_LOGGER].aof;
	uint64_t end = word_load(&REGION->common.log.end),
	    written = word_load(&r->written), durable = word_load(&r->durable);
	bool is_rewriting = a->step != AOF_REST;

	put(p, "module_fork_in_progress:0\r\nmodule_fork_last_cow_size:0\r\n"
	    "aof_last_cow_size:0\r\naof_rewrites:%lld\r\n"
	    "aof_rewrites_consecutive_failures:%u\r\n", N(a->begun),
	    a->failures);
	put(p, "aof_enabled:%d\r\naof_rewrite_in_progress:%d\r\n"
	    "aof_rewrite_scheduled:%d\r\naof_last_rewrite_time_sec:%lld\r\n"
	    "aof_current_rewrite_time_sec:%lld\r\n"
	    "aof_last_bgrewrite_status:%s\r\naof_last_write_status:%s\r\n",
	    a->is_on, is_rewriting, !is_rewriting && a->asked > a->begun,
	    a->took_ms == 0 ? -1ll : N(a->took_ms / 1000), is_rewriting ?
	    N((p->c->worker->now_ms - a->begun_ms) / 1000) : -1ll,
	    a->has_failed ? "err" : "ok",
	    a->is_on && word_load(&r->error) != 0 ? "err" : "ok");
	if (!a->is_on)
		return;
	put(p, "aof_current_size:%lld\r\naof_base_size:%lld\r\n"
	    "aof_pending_rewrite:%d\r\naof_buffer_length:%lld\r\n"
	    "aof_pending_bio_fsync:%d\r\naof_delayed_fsync:%lld\r\n",
	    N(word_load(&r->bytes)), N(word_load(&r->base_bytes)),
	    a->is_fresh, end > written ? N(end - written) : 0ll,
	    written > durable, N(word_load(&r->delayed)));
}

/* What all workers put of the file that was loaded last. */
static void
last_load(struct page *p)
{
	uint64_t keys = 0, expired = 0;
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++) {
		const struct load_report *r = &REGION->area[i].load;

		if (word_load_acquire(&r->id) != p->c->worker->state.load.id)
			continue;
		keys += word_load(&r->keys);
		expired += word_load(&r->expired);
	}
	put(p, "rdb_last_load_keys_expired:%lld\r\n"
	    "rdb_last_load_keys_loaded:%lld\r\n", N(expired), N(keys));
}

static void
persistence(struct page *p)
{
	const struct state *s = &p->c->worker->state;
	const struct state_job_row *row = &s->job[STATE_JOB_SAVE];
	/* Also before it begins, unless it waits for one of another kind. */
	bool is_saving = row->asked != row->done &&
	    (s->snap.step != STATE_TAKE || s->snap.job == STATE_JOB_SAVE);
	bool has_begun = is_saving && s->snap.step == STATE_TAKE;
	uint64_t changes = 0;
	uint32_t i;

	for (i = 0; i < REGION->head.workers; i++)
		changes += word_load(&REGION->area[i].changes);
	loading(p);
	snapshot(p);
	put(p, "rdb_changes_since_last_save:%lld\r\n"
	    "rdb_bgsave_in_progress:%d\r\nrdb_last_save_time:%lld\r\n"
	    "rdb_last_bgsave_status:%s\r\nrdb_last_bgsave_time_sec:%lld\r\n"
	    "rdb_current_bgsave_time_sec:%lld\r\nrdb_saves:%lld\r\n"
	    "rdb_last_cow_size:0\r\n", N(changes - s->saved_changes),
	    is_saving, N(s->last_save_s), s->has_save_failed ? "err" : "ok",
	    row->done == 0 ? -1ll : N(row->took_ms / 1000), has_begun ?
	    N((p->c->worker->now_ms - s->snap.begun_ms) / 1000) :
	    is_saving ? 0ll : -1ll,
	    N(s->saves));
	last_load(p);
	append_only_file(p);
}

static void
stats(struct page *p)
{
	put_stats(p, STAT_STATS);
	put(p, "expire_cycle_cpu_milliseconds:%lld\r\n"
	    "evicted_clients:0\r\ntotal_eviction_exceeded_time:%lld\r\n"
	    "current_eviction_exceeded_time:%lld\r\n",
	    N(net_count(STAT_expire_us) / 1000), N(net_count(STAT_over_ms)),
	    N(net_count(STAT_over_now_ms)));
	/* Values are not moved, reads not tracked; there are no threads. */
	put(p, "active_defrag_hits:0\r\nactive_defrag_misses:0\r\n"
	    "active_defrag_key_hits:0\r\nactive_defrag_key_misses:0\r\n"
	    "total_active_defrag_time:0\r\ncurrent_active_defrag_time:0\r\n"
	    "tracking_total_keys:0\r\ntracking_total_items:0\r\n"
	    "tracking_total_prefixes:0\r\nio_threaded_reads_processed:0\r\n"
	    "io_threaded_writes_processed:0\r\n");
	put(p, "instantaneous_input_kbps:%.2f\r\n"
	    "instantaneous_output_kbps:%.2f\r\n"
	    "instantaneous_input_repl_kbps:%.2f\r\n"
	    "instantaneous_output_repl_kbps:%.2f\r\npubsub_channels:%lld\r\n"
	    "pubsub_patterns:%lld\r\npubsubshard_channels:%lld\r\n"
	    "latest_fork_usec:0\r\ntotal_forks:0\r\n"
	    "slots_mended:%lld\r\nlongest_mend_usec:%lld\r\n",
	    (double)net_count(STAT_input_pace) / 1024,
	    (double)net_count(STAT_output_pace) / 1024,
	    (double)net_count(STAT_repl_in_pace) / 1024,
	    (double)net_count(STAT_repl_out_pace) / 1024,
	    N(channel_names(p->c->worker, SUBS_CHANNEL)),
	    N(channel_names(p->c->worker, SUBS_PATTERN)),
	    N(channel_names(p->c->worker, SUBS_SHARD)),
	    N(REGION->ctl.mends), N(REGION->ctl.mend_us_max));
}

static void
replicas(struct page *p)
{
	static const char *const phase[] = { "wait_bgsave", "send_bulk",
	    "online" };
	struct worker *w = p->c->worker;
	const struct options *o = &w->state.options;
	const struct feeds_row *r;
	uint32_t place = 0;
	int i = 0;

	put(p, "connected_slaves:%u\r\n", region_replicas());
	if (o->min_replicas_to_write > 0 && o->min_replicas_max_lag > 0)
		put(p, "min_slaves_good_slaves:%d\r\n", ack_count_good(w));
	while ((r = feed_each(&place)) != NULL)
		put(p, "slave%d:ip=%s,port=%u,state=%s,offset=%lld,"
		    "lag=%lld\r\n", i++, r->ip, r->port, phase[r->phase],
		    N(r->got),
		    r->phase == FEEDS_ONLINE ?
		    N((w->now_ms - r->heard_ms) / 1000) : 0);
}

/* How far a snapshot of the primary has come. */
static void
sync_progress(struct page *p, const struct link *link)
{
	int64_t total = link->sync_total, read = word_load(&link->sync_bytes),
	    left = total > read ? total - read : 0;

	put(p, "master_sync_total_bytes:%lld\r\n"
	    "master_sync_read_bytes:%lld\r\nmaster_sync_left_bytes:%lld\r\n"
	    "master_sync_perc:%.2f\r\nmaster_sync_last_io_seconds_ago:%lld"
	    "\r\n", N(total > 0 ? total : 0), N(read), N(left),
	    total > 0 ? 100 * (double)read / (double)total : 0.0,
	    N((p->c->worker->now_ms - word_load(&link->io_ms)) / 1000));
}

static void
primary(struct page *p)
{
	const struct state *s = &p->c->worker->state;
	const struct options *o = &s->options;
	const struct link *link = link_of(s);
	int64_t now = p->c->worker->now_ms;
	uint32_t state = link != NULL ? word_load(&link->state) : LINK_CONNECT;
	uint64_t end = word_load_acquire(&REGION->common.log.end);
	bool is_syncing = state == LINK_SYNC || state == LINK_LOAD;

	put(p, "master_host:%s\r\nmaster_port:%u\r\n"
	    "master_link_status:%s\r\nmaster_last_io_seconds_ago:%lld\r\n"
	    "master_sync_in_progress:%d\r\nslave_read_repl_offset:%lld\r\n"
	    "slave_repl_offset:%lld\r\n", s->primary_host, s->primary_port,
	    state == LINK_UP ? "up" : "down", state == LINK_UP ?
	    N((now - word_load(&link->io_ms)) / 1000) : -1ll, is_syncing,
	    N(end), N(end));
	if (is_syncing)
		sync_progress(p, link);
	if (state != LINK_UP)
		put(p, "master_link_down_since_seconds:%lld\r\n",
		    link != NULL ? N((now - word_load(&link->down_ms)) / 1000) :
		    -1ll);
	put(p, "slave_priority:%lld\r\nslave_read_only:%d\r\n"
	    "replica_announced:%d\r\n", N(o->replica_priority),
	    (int)o->replica_read_only, (int)o->replica_announced);
}

/* How the last failover, or the one at hand, went; what may not go on. */
static void
failovers(struct page *p)
{
	/* of a node that is in no cluster */
	static const char *const handover[] = {
		[HANDOVER_NONE] = NULL, [HANDOVER_WAITS] = "waiting-for-sync",
		[HANDOVER_GOES] = "failover-in-progress" };
	struct kept k;
	const struct failover_entry *e;

	kept_read(&k);
	put(p, "master_failover_state:%s\r\nlast_failover_state:%s\r\n",
	    handover[p->c->worker->state.handover.step] != NULL ?
	    handover[p->c->worker->state.handover.step] :
	    failover_word(&k.failover), failover_last_word(&k.failover));
	if (k.failover.entries > 0) {
		e = &k.failover.entry[(k.failover.entries - 1) %
		    FAILOVER_HISTORY];
		put(p, "last_failover_id:%lld\r\n"
		    "last_failover_start_time:%lld\r\n"
		    "last_failover_duration_ms:%lld\r\n"
		    "last_failover_reason:%s\r\n", N(e->id),
		    N((e->start_ms + k.unix_offset_ms) / 1000),
		    e->result == FAILOVER_RUNNING ? -1ll :
		    N(e->end_ms - e->start_ms), failover_reason(e));
	}
	put(p, "recover_status:%s\r\nrecover_refused:%lld\r\n"
	    "replication_attempts:%lld\r\nreplication_healed:%lld\r\n"
	    "replication_last_reason:%s\r\n", lock_word(&k.lock),
	    N(k.lock.refused), N(k.ensure.attempts), N(k.ensure.healed),
	    ensure_words[k.ensure.reason]);
}

static void
replication(struct page *p)
{
	const struct state *s = &p->c->worker->state;
	const struct log *log = &REGION->common.log;
	uint64_t end = word_load_acquire(&log->end), first = log->first;

	put(p, "role:%s\r\n", s->role == STATE_PRIMARY ? "master" : "slave");
	if (s->role == STATE_REPLICA)
		primary(p);
	replicas(p);
	if (s->loss != LOSS_NONE)
		put(p, "data_lost:%d\r\n", !s->options.allow_empty_primary);
	put(p, "data_epoch:%llu\r\n", (unsigned long long)s->data_epoch);
	failovers(p);
	put(p, "master_replid:%s\r\n"
	    "master_replid2:%s\r\n"
	    "master_repl_offset:%lld\r\nsecond_repl_offset:%lld\r\n"
	    "repl_backlog_active:1\r\nrepl_backlog_size:%lld\r\n"
	    "repl_backlog_first_byte_offset:%lld\r\n"
	    "repl_backlog_histlen:%lld\r\n",
	    s->replid, s->replid2, N(end), N(s->second_offset), N(log->backlog),
	    N(first + 1), N(end - first));
}

/* Seconds of living processes, and of their children that have ended. */
struct cpu_time {
	double sys_s, user_s, ended_sys_s, ended_user_s;
};

/* Adds what /proc/PID/stat says; the name in it may hold anything. */
static void
add_cpu_time(struct cpu_time *t, uint32_t pid)
{
	double tick_s = 1 / (double)sysconf(_SC_CLK_TCK);
	unsigned long long user, sys;
	long long ended_user, ended_sys;
	char path[64], line[1024];
	const char *rest;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	rest = fgets(line, sizeof(line), f) != NULL ? strrchr(line, ')') : NULL;
	fclose(f);
	if (rest == NULL || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u "
	    "%*u %*u %*u %llu %llu %lld %lld", &user, &sys, &ended_user,
	    &ended_sys) != 4)
		return;
	t->user_s += (double)user * tick_s;
	t->sys_s += (double)sys * tick_s;
	t->ended_user_s += (double)ended_user * tick_s;
	t->ended_sys_s += (double)ended_sys * tick_s;
}

static void
cpu(struct page *p)
{
	struct cpu_time all = { 0 }, workers = { 0 };
	uint32_t i, pid;

	add_cpu_time(&all, REGION->head.supervisor_pid);
	for (i = 0; i < PROC_MAX; i++) {
		pid = word_load(&REGION->area[i].proc.pid);
		if (pid == 0)
			continue;
		add_cpu_time(&all, pid);
		if (i < REGION->head.workers)
			add_cpu_time(&workers, pid);
	}
	put(p, "used_cpu_sys:%.6f\r\nused_cpu_user:%.6f\r\n"
	    "used_cpu_sys_children:%.6f\r\nused_cpu_user_children:%.6f\r\n"
	    "used_cpu_sys_main_thread:%.6f\r\n"
	    "used_cpu_user_main_thread:%.6f\r\n", all.sys_s, all.user_s,
	    all.ended_sys_s, all.ended_user_s, workers.sys_s, workers.user_s);
}

static void
modules(struct page *p)
{
	(void)p;
}

static void
add_command(struct stat_command *sum, enum command_id id)
{
	uint32_t i, j;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < REGION->head.workers; i++) {
		const struct stat_command *s =
		    &REGION->area[i].stats.command[id];

		sum->calls += s->calls;
		sum->ticks += s->ticks;
		sum->rejected += s->rejected;
		sum->failed += s->failed;
		for (j = 0; j < STAT_BUCKETS; j++)
			sum->took[j] += s->took[j];
	}
}

static void
commandstats(struct page *p)
{
	struct stat_command s;
	double us;
	int i;

	for (i = 0; i < CMD_COUNT; i++) {
		add_command(&s, (enum command_id)i);
		us = (double)s.ticks / (double)p->c->worker->ticks_per_us;
		if (s.calls + s.rejected > 0)
			put(p, "cmdstat_%s:calls=%lld,usec=%lld,"
			    "usec_per_call=%.2f,rejected_calls=%lld,"
			    "failed_calls=%lld\r\n", command_table[i].name,
			    N(s.calls), N(us), s.calls > 0 ? us /
			    (double)s.calls : 0, N(s.rejected), N(s.failed));
	}
}

static void
errorstats(struct page *p)
{
	uint32_t workers = REGION->head.workers, i, j, k, l;

	/* Each code once, where it is met first; its counts added up. */
	for (i = 0; i < workers; i++)
		for (j = 0; j < STAT_ERRORS; j++) {
			const struct stat_error *e =
			    &REGION->area[i].stats.error[j];
			uint64_t count = 0;
			bool is_first = true;

			if (e->code[0] == 0)
				break;
			for (k = 0; k < workers; k++)
				for (l = 0; l < STAT_ERRORS; l++) {
					const struct stat_error *o =
					    &REGION->area[k].stats.error[l];

					if (strcmp(o->code, e->code) != 0)
						continue;
					count += o->count;
					is_first = is_first && k >= i;
				}
			if (is_first)
				put(p, "errorstat_%s:count=%lld\r\n", e->code,
				    N(count));
		}
}

/* The time below which `part` of the calls stayed, in us. */
static double
percentile(const struct stat_command *s, double part)
{
	uint64_t wanted = (uint64_t)((double)s->calls * part), seen = 0;
	int i;

	for (i = 0; i < STAT_BUCKETS; i++) {
		seen += s->took[i];
		if (seen > wanted || seen == s->calls)
			break;
	}
	return i == 0 ? 1.003 : (double)(1ull << i);
}

static void
latencystats(struct page *p)
{
	const struct options *o = &p->c->worker->state.options;
	struct stat_command s;
	int i;

	for (i = 0; i < CMD_COUNT; i++) {
		struct slice rest =
		    slice_of(o->latency_tracking_info_percentiles), word;
		const char *comma = "";
		double part;

		add_command(&s, (enum command_id)i);
		if (s.calls == 0)
			continue;
		put(p, "latency_percentiles_usec_%s:", command_table[i].name);
		for (; option_next_percentile(&rest, &word, &part); comma = ",")
			put(p, "%sp%.*s=%.3f", comma, (int)word.bytes,
			    word.data, percentile(&s, part / 100));
		put(p, "\r\n");
	}
}

static void
cluster(struct page *p)
{
	put(p, "cluster_enabled:%d\r\n",
	    (int)p->c->worker->state.options.cluster_enabled);
}

static void
keyspace(struct page *p)
{
	struct worker *w = p->c->worker;
	int i;

	for (i = 0; i < STATE_DATABASES; i++) {
		int64_t keys = region_keys(w->state.db[i]) -
		    (i == 0 ? ship_hidden(w) : 0),
		    expires = region_expires(w->state.db[i]);

		if (keys > 0)
			put(p, "db%d:keys=%lld,expires=%lld,avg_ttl=0\r\n", i,
			    N(keys), N(expires < keys ? expires : keys));
	}
}

static const struct section {
	const char *name;       /* as the client names it */
	const char *title;
	bool is_default;        /* part of INFO without arguments */
	void (*print)(struct page *p);
} sections[] = {
	{ "server", "Server", true, server },
	{ "clients", "Clients", true, clients },
	{ "memory", "Memory", true, memory },
	{ "persistence", "Persistence", true, persistence },
	{ "stats", "Stats", true, stats },
	{ "replication", "Replication", true, replication },
	{ "cpu", "CPU", true, cpu },
	{ "modules", "Modules", true, modules },
	{ "commandstats", "Commandstats", false, commandstats },
	{ "errorstats", "Errorstats", true, errorstats },
	{ "latencystats", "Latencystats", false, latencystats },
	{ "cluster", "Cluster", true, cluster },
	{ "keyspace", "Keyspace", true, keyspace },
};

static bool
is_wanted(const struct call *c, const struct section *s)
{
	int i;

	if (c->argc == 1)
		return s->is_default;
	for (i = 1; i < c->argc; i++)
		if (slice_is(c->argv[i], s->name) ||
		    slice_is(c->argv[i], "all") ||
		    slice_is(c->argv[i], "everything") ||
		    (slice_is(c->argv[i], "default") && s->is_default))
			return true;
	return false;
}

void
cmd_info(struct call *c)
{
	struct page p = { c, txn_scratch(c->txn, 8192), 0, 8192 };
	size_t i;

	for (i = 0; i < COUNT(sections); i++)
		if (is_wanted(c, &sections[i])) {
			put(&p, "%s# %s\r\n", p.used > 0 ? "\r\n" : "",
			    sections[i].title);
			sections[i].print(&p);
		}
	reply_verbatim(c->reply, "txt", (struct slice){ p.text, p.used });
}
