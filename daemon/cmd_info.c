/*
 * cmd_info - INFO
 *
 * One function a section, one row each in sections[].  Numbers that processes
 * count for themselves are added up from the region.
 *
 * Not here: names of counters (shm/stat.def), of failover states.
 */
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/cmd_conn.h"
#include "daemon/cmd_memory.h"
#include "daemon/net_ack.h"
#include "daemon/net_feed.h"
#include "daemon/net_gate.h"
#include "daemon/net_load.h"

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
	put(p, "number_of_cached_scripts:0\r\nnumber_of_functions:0\r\n"
	    "number_of_libraries:0\r\n");
	put_bytes(p, "maxmemory",
	    (uint64_t)p->c->worker->state.options.maxmemory);
	put(p, "maxmemory_policy:noeviction\r\nallocator_frag_ratio:%.2f\r\n"
	    "allocator_frag_bytes:%lld\r\nmem_fragmentation_ratio:%.2f\r\n"
	    "mem_fragmentation_bytes:%lld\r\nmem_not_counted_for_evict:0\r\n"
	    "mem_replication_backlog:%lld\r\n"
	    "mem_total_replication_buffers:%lld\r\nmem_clients_slaves:0\r\n"
	    "mem_clients_normal:%lld\r\nmem_cluster_links:0\r\n"
	    "mem_aof_buffer:0\r\nmem_allocator:almandine-heap\r\n"
	    "mem_private_allocator:%s\r\nmem_private_bytes:%lld\r\n"
	    "active_defrag_running:0\r\nlazyfree_pending_objects:0\r\n"
	    "lazyfreed_objects:0\r\n",
	    (double)m.span_bytes / (double)(m.heap_bytes + 1),
	    N(m.span_bytes - m.heap_bytes), rss / used,
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
		    word_load(&save->got);
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
persistence(struct page *p)
{
	const struct state *s = &p->c->worker->state;
	const struct state_job_row *row = &s->job[STATE_JOB_SAVE];
	bool is_saving = s->snap.step == STATE_TAKE &&
	    s->snap.job == STATE_JOB_SAVE;
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
	    "rdb_last_cow_size:0\r\nrdb_last_load_keys_expired:0\r\n"
	    "rdb_last_load_keys_loaded:0\r\n", N(changes - s->saved_changes),
	    is_saving, N(s->last_save_s), s->has_save_failed ? "err" : "ok",
	    row->done == 0 ? -1ll : N(row->took_ms / 1000), is_saving ?
	    N((p->c->worker->now_ms - s->snap.begun_ms) / 1000) : -1ll,
	    N(s->saves));
	put(p, "aof_enabled:0\r\naof_rewrite_in_progress:0\r\n"
	    "aof_rewrite_scheduled:0\r\naof_last_rewrite_time_sec:-1\r\n"
	    "aof_current_rewrite_time_sec:-1\r\n"
	    "aof_last_bgrewrite_status:ok\r\naof_last_write_status:ok\r\n");
}

static void
stats(struct page *p)
{
	put_stats(p, STAT_STATS);
	put(p, "instantaneous_input_kbps:%.2f\r\n"
	    "instantaneous_output_kbps:%.2f\r\npubsub_channels:0\r\n"
	    "pubsub_patterns:0\r\nlatest_fork_usec:0\r\ntotal_forks:0\r\n"
	    "slots_mended:%lld\r\nlongest_mend_usec:%lld\r\n",
	    (double)net_count(STAT_input_pace) / 1024,
	    (double)net_count(STAT_output_pace) / 1024,
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

	put(p, "connected_slaves:%u\r\n", feed_count());
	if (o->min_replicas_to_write > 0 && o->min_replicas_max_lag > 0)
		put(p, "min_slaves_good_slaves:%d\r\n", ack_count_good(w));
	while ((r = feed_each(&place)) != NULL)
		put(p, "slave%d:ip=%s,port=%u,state=%s,offset=%lld,"
		    "lag=%lld\r\n", i++, r->ip, r->port, phase[r->phase],
		    N(r->got),
		    r->phase == FEEDS_ONLINE ?
		    N((w->now_ms - r->heard_ms) / 1000) : 0);
}

static void
replication(struct page *p)
{
	const struct state *s = &p->c->worker->state;
	const struct log *log = &REGION->common.log;
	uint64_t end = word_load_acquire(&log->end), first = log->first;

	put(p, "role:%s\r\n", s->role == STATE_PRIMARY ? "master" : "slave");
	replicas(p);
	put(p, "master_failover_state:no-failover\r\nmaster_replid:%s\r\n"
	    "master_replid2:%s\r\n"
	    "master_repl_offset:%lld\r\nsecond_repl_offset:%lld\r\n"
	    "repl_backlog_active:1\r\nrepl_backlog_size:%lld\r\n"
	    "repl_backlog_first_byte_offset:%lld\r\n"
	    "repl_backlog_histlen:%lld\r\n",
	    s->replid, s->replid2, N(end), N(s->second_offset), N(log->backlog),
	    N(first + 1), N(end - first));
}

static void
cpu(struct page *p)
{
	struct rusage self;

	getrusage(RUSAGE_SELF, &self);
	put(p, "used_cpu_sys:%lld.%06lld\r\nused_cpu_user:%lld.%06lld\r\n"
	    "used_cpu_sys_children:0.000000\r\n"
	    "used_cpu_user_children:0.000000\r\n", N(self.ru_stime.tv_sec),
	    N(self.ru_stime.tv_usec), N(self.ru_utime.tv_sec),
	    N(self.ru_utime.tv_usec));
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
	struct stat_command s;
	int i;

	for (i = 0; i < CMD_COUNT; i++) {
		add_command(&s, (enum command_id)i);
		if (s.calls > 0)
			put(p, "latency_percentiles_usec_%s:p50=%.3f,"
			    "p99=%.3f,p99.9=%.3f\r\n", command_table[i].name,
			    percentile(&s, 0.5), percentile(&s, 0.99),
			    percentile(&s, 0.999));
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
	const struct worker *w = p->c->worker;
	int i;

	for (i = 0; i < STATE_DATABASES; i++) {
		int64_t keys = net_keys(w->state.db[i]),
		    expires = net_expires(w->state.db[i]);

		if (keys > 0)
			put(p, "db%d:keys=%lld,expires=%lld,avg_ttl=0\r\n", i,
			    N(keys), N(expires));
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
