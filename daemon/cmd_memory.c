/*
 * cmd_memory - MEMORY, and the sums that INFO prints
 *
 * Shared memory is counted by the heap itself; private memory is what this
 * worker's allocator says.
 */
#include "daemon/cmd_memory.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/cmd_conn.h"
#include "daemon/net_gate.h"

/* jemalloc's door, where it is linked. */
int mallctl(const char *name, void *old, size_t *old_bytes, void *new,
    size_t new_bytes) __attribute__((weak));

static uint64_t
private_bytes(void)
{
	uint64_t epoch = 1;
	size_t bytes = sizeof(epoch), allocated = 0;

	if (mallctl == NULL)
		return 0;
	mallctl("epoch", &epoch, &bytes, &epoch, sizeof(epoch));
	bytes = sizeof(allocated);
	mallctl("stats.allocated", &allocated, &bytes, NULL, 0);
	return allocated;
}

/* A line "Name:  123 kB" of /proc/PID/status, in bytes. */
static uint64_t
status_bytes(uint32_t pid, const char *name)
{
	char path[64], line[256];
	unsigned long long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			sscanf(line + strlen(name), ": %llu", &kb);
	fclose(f);
	return kb * 1024;
}

/* What each process has for itself, and the most that one has of the region. */
static uint64_t
resident_bytes(void)
{
	uint64_t sum = 0, shared = 0;
	int i;

	for (i = 0; i < PROC_MAX; i++) {
		uint32_t pid = word_load(&REGION->area[i].proc.pid);
		uint64_t bytes;

		if (pid == 0)
			continue;
		sum += status_bytes(pid, "RssAnon");
		bytes = status_bytes(pid, "RssShmem");
		if (bytes > shared)
			shared = bytes;
	}
	return sum + shared;
}

void
memory_sum(struct worker *w, struct memory_sums *m)
{
	const struct log *log = &REGION->common.log;
	uint32_t i;

	(void)w;
	memset(m, 0, sizeof(*m));
	m->heap_bytes = gate_used_bytes();
	m->span_bytes = REGION->common.heap.spans_used * HEAP_SPAN;
	m->fixed_bytes = sizeof(REGION->common.slot);
	m->log_bytes = log_bytes(log);
	m->client_bytes = net_count(STAT_query_bytes) +
	    net_count(STAT_output_bytes);
	m->private_bytes = private_bytes();
	m->private_allocator = mallctl != NULL ? "jemalloc" : "libc";
	m->used_bytes = m->fixed_bytes + m->heap_bytes + m->client_bytes;
	m->rss_bytes = resident_bytes();
	for (i = 0; i < REGION->head.workers; i++)
		if (REGION->area[i].stats.v[STAT_peak_bytes] > m->peak_bytes)
			m->peak_bytes =
			    REGION->area[i].stats.v[STAT_peak_bytes];
	if (m->peak_bytes < m->used_bytes)
		m->peak_bytes = m->used_bytes;
}

/* --- MEMORY ------------------------------------------------------------ */

struct sum {
	const struct heap *heap;
	size_t bytes;
};

static void
add_block(void *arg, const void *block)
{
	struct sum *s = arg;

	s->bytes += heap_block_bytes(s->heap, block);
}

void
cmd_memory_usage(struct call *c)
{
	struct sum s = { &REGION->common.heap, 0 };
	struct key k = call_key(c, 2);
	struct value *v;
	int64_t samples;

	if (c->argc != 3 &&
	    !(c->argc == 5 && slice_is(c->argv[3], "samples"))) {
		call_syntax(c);
		return;
	}
	if (c->argc == 5) {
		if (!call_int(c, 4, &samples))
			return;
		if (samples < 0) {
			call_syntax(c);
			return;
		}
	}
	v = slot_peek(c->txn, &k);
	if (v == NULL) {
		reply_null(c->reply);
		return;
	}
	add_block(&s, v);
	if (value_type(v) != VALUE_STRING && value_encoding(v) == LARGE)
		value_ops[value_type(v)]->walk(v, add_block, &s);
	reply_int(c->reply, (int64_t)s.bytes);
}

static void
reply_number(struct call *c, const char *name, uint64_t n)
{
	reply_text(c->reply, name);
	reply_int(c->reply, (int64_t)n);
}

static void
reply_share(struct call *c, const char *name, double d)
{
	reply_text(c->reply, name);
	reply_double(c->reply, d);
}

void
cmd_memory_stats(struct call *c)
{
	struct memory_sums m;
	uint64_t keys = 0;
	int i;

	memory_sum(c->worker, &m);
	for (i = 0; i < STATE_DATABASES; i++)
		keys += (uint64_t)region_keys(i);
	reply_map(c->reply, 21);
	reply_number(c, "peak.allocated", m.peak_bytes);
	reply_number(c, "total.allocated", m.used_bytes);
	reply_number(c, "startup.allocated", m.fixed_bytes);
	reply_number(c, "replication.backlog", m.log_bytes);
	reply_number(c, "clients.slaves", 0);
	reply_number(c, "clients.normal", m.client_bytes);
	reply_number(c, "cluster.links", 0);
	reply_number(c, "aof.buffer", 0);
	reply_number(c, "lua.caches", 0);
	reply_number(c, "functions.caches", 0);
	reply_number(c, "overhead.total", m.used_bytes - m.heap_bytes);
	reply_number(c, "keys.count", keys);
	reply_number(c, "keys.bytes-per-key",
	    keys > 0 ? m.heap_bytes / keys : 0);
	reply_number(c, "dataset.bytes", m.heap_bytes);
	reply_share(c, "dataset.percentage",
	    100.0 * (double)m.heap_bytes / (double)m.used_bytes);
	reply_share(c, "peak.percentage",
	    100.0 * (double)m.used_bytes / (double)m.peak_bytes);
	reply_number(c, "allocator.allocated", m.heap_bytes);
	reply_number(c, "allocator.active", m.span_bytes);
	reply_number(c, "allocator.resident", m.rss_bytes);
	reply_number(c, "private.allocated", m.private_bytes);
	reply_share(c, "fragmentation",
	    (double)m.rss_bytes / (double)m.used_bytes);
}

void
cmd_memory_doctor(struct call *c)
{
	struct memory_sums m;
	const char *words = "Nothing is wrong with the memory of this node.\n";

	memory_sum(c->worker, &m);
	if (m.used_bytes < 5u << 20)
		words = "The node is nearly empty: there is nothing to say "
		    "about its memory yet.\n";
	else if (m.span_bytes > 2 * m.heap_bytes + (64u << 20))
		words = "Less than half of the heap's spans are in use: many "
		    "values were deleted.  The space is used again for "
		    "values of the same size.\n";
	else if (m.peak_bytes > m.used_bytes + m.used_bytes / 2)
		words = "The peak was half as much again as is used now: the "
		    "resident size tells of the peak.\n";
	reply_verbatim(c->reply, "txt", slice_of(words));
}

void
cmd_memory_purge(struct call *c)
{
	if (mallctl != NULL)
		mallctl("arena.0.purge", NULL, NULL, NULL, 0);
	reply_ok(c->reply);
}
