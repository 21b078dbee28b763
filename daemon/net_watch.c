#include "daemon/net_watch.h"

#include "daemon/clock.h"
#include "daemon/net_park.h"

#include <limits.h>
#include <stdio.h>

/* Words that nobody else may read: count of them from argument `from` on, or,
 * where there is a word, so many behind each such word that stands there. */
static const struct secret {
	enum command_id command;
	int from, count;
	const char *word;
} secrets[] = {
	{ CMD_AUTH, 1, INT_MAX, NULL },
	{ CMD_HELLO, 2, 2, "auth" },
	{ CMD_MIGRATE, 6, 1, "auth" },
	{ CMD_MIGRATE, 6, 2, "auth2" },
};

static bool
is_secret(const struct secret *s, const struct call *c, int i)
{
	int at;

	if (s->word == NULL)
		return i >= s->from && i - s->from < s->count;
	for (at = i - 1; at >= s->from && i - at <= s->count; at--)
		if (slice_is(c->argv[at], s->word))
			return true;
	return false;
}

/* The arguments as others may see them; valid during the call. */
static const struct slice *
without_secrets(struct call *c)
{
	struct slice *seen = NULL;
	size_t k, bytes = (size_t)c->argc * sizeof(*seen);
	int i;

	for (k = 0; k < COUNT(secrets); k++) {
		if (likely(secrets[k].command != c->command->id))
			continue;
		if (seen == NULL)
			seen = memcpy(txn_scratch(c->txn, bytes), c->argv,
			    bytes);
		for (i = 1; i < c->argc; i++)
			if (is_secret(&secrets[k], c, i))
				seen[i] = SLICE("(redacted)");
	}
	return seen != NULL ? seen : c->argv;
}

/* The slot of a command's keys, or -1. */
static int
slot_of(struct call *c)
{
	int *at;

	if (likely(c->has_hash))
		return (int)(c->slot - REGION->common.slot);
	if (c->command->place != SLOT)
		return -1;
	at = txn_scratch(c->txn, (size_t)c->argc * sizeof(*at));
	return command_find_keys(c->command, c->argv, c->argc, at, c->argc) >
	    0 ? keyslot_of(c->argv[at[0]]) : -1;
}

/* A number between its sign and the end of its line. */
static size_t
line_bytes(uint64_t n)
{
	size_t bytes = 4;

	for (; n > 9; n /= 10)
		bytes++;
	return bytes;
}

/* As it would come in an array. */
static size_t
request_bytes(const struct call *c)
{
	size_t bytes = line_bytes((uint64_t)c->argc);
	int i;

	for (i = 0; i < c->argc; i++)
		bytes += line_bytes(c->argv[i].bytes) + c->argv[i].bytes + 2;
	return bytes;
}

/* What a client asked for; one that waits has asked when it is served. */
static void
count_slot(struct call *c, uint64_t ticks, size_t mark)
{
	struct area *a = c->worker->area;
	int slot = c->conn->duty != NULL ? -1 : slot_of(c);

	if (slot < 0)
		return;
	word_store(&a->counts_slots, 1);
	word_store(&a->slot[slot].ticks, a->slot[slot].ticks + ticks);
	if (c->conn->park.why != CONN_SERVES)
		return;
	word_store(&a->slot[slot].bytes_in, a->slot[slot].bytes_in +
	    request_bytes(c));
	word_store(&a->slot[slot].bytes_out, a->slot[slot].bytes_out +
	    c->reply->used - mark);
}

void
watch_reset(struct worker *w)
{
	if (w->area->counts_slots != 0)
		memset(w->area->slot, 0, sizeof(w->area->slot));
	word_store(&w->area->counts_slots, 0);
}

void
watch_places(struct worker *w)
{
	struct stat_slot *s = w->area->slot;
	unsigned i;

	if (w->area->counts_slots == 0 || w->state.role != STATE_PRIMARY)
		return;
	for (i = 0; i < KEYSLOT_COUNT; i++)
		if (s[i].ticks + s[i].bytes_in > 0 &&
		    !(w->state.owned[i / 64] >> i % 64 & 1))
			memset(&s[i], 0, sizeof(s[i]));
}

/* It took long enough for the slow log, or to be a spike, or both. */
static void
note_slow(struct call *c, int64_t us)
{
	struct worker *w = c->worker;
	const struct options *o = &w->state.options;
	bool is_slow = o->slowlog_log_slower_than >= 0 &&
	    us >= o->slowlog_log_slower_than;
	bool is_spike = o->latency_monitor_threshold > 0 &&
	    us >= o->latency_monitor_threshold * 1000;
	uint64_t id;

	if (!is_slow && !is_spike)
		return;
	id = word_add(&REGION->common.next_slow_id, 1) + 1;
	if (is_slow && !(c->command->flags & COMMAND_SKIP_SLOWLOG))
		slow_add(&w->area->slow, id, w->now_ms / 1000, us,
		    without_secrets(c), c->argc, slice_of(c->conn->row != NULL ?
		    c->conn->row->addr : ""),
		    slice_of(c->conn->name));
	if (is_spike)
		slow_spike(&w->area->slow, c->command->flags & COMMAND_FAST ?
		    SLOW_FAST_COMMAND : SLOW_COMMAND, id, w->now_ms / 1000,
		    us / 1000);
}

void
watch_options(struct worker *w)
{
	const struct options *o = &w->state.options;

	w->slow_us = UINT64_MAX;
	if (o->slowlog_log_slower_than >= 0)
		w->slow_us = (uint64_t)o->slowlog_log_slower_than;
	if (o->latency_monitor_threshold > 0 &&
	    (uint64_t)o->latency_monitor_threshold * 1000 < w->slow_us)
		w->slow_us = (uint64_t)o->latency_monitor_threshold * 1000;
	/* Then each command is looked at. */
	w->counts_slots = o->cluster_enabled && o->cluster_slot_stats_enabled;
	if (w->counts_slots)
		w->slow_us = 0;
}

/* Counts a time in its bucket, the last of which has no upper end. */
static inline void
count_time(struct stat_command *s, uint64_t us)
{
	unsigned bucket = us == 0 ? 0 : 64 - (unsigned)__builtin_clzll(us);

	s->took[bucket < STAT_BUCKETS ? bucket : STAT_BUCKETS - 1]++;
}

void
watch_took(struct call *c, size_t mark)
{
	struct worker *w = c->worker;
	struct stat_command *s = &w->stats->command[c->command->id];
	uint64_t now = clock_ticks(), ticks = now - w->ticks, us;

	/* Counters of processors that are not quite alike may go back. */
	if (unlikely((int64_t)ticks < 0))
		ticks = 0;
	us = (uint64_t)((unsigned __int128)ticks * w->us_per_tick >> 64);
	w->ticks = now;
	s->calls++;
	s->ticks += ticks;
	if (likely(w->state.options.latency_tracking))
		count_time(s, us);
	if (likely(us < w->slow_us))
		return;
	if (w->counts_slots)
		count_slot(c, ticks, mark);
	note_slow(c, (int64_t)us);
}

void
watch_error(struct call *c, size_t mark)
{
	char code[32];
	const char *text = c->reply->data + mark;
	size_t i = 0;

	stat_add(c->worker->stats, errors, 1);
	if (c->command != NULL)
		c->worker->stats->command[c->command->id].failed++;
	if (mark >= c->reply->used || text[0] != '-')
		return;
	while (i + 1 < sizeof(code) && text[i + 1] > ' ') {
		code[i] = text[i + 1];
		i++;
	}
	code[i] = 0;
	stat_count_error(c->worker->stats, code);
}

/* A line of MONITOR: its head, what each argument takes beside its bytes. */
#define LINE_HEAD 256
#define ARG_ROOM 16
#define LINE_MAX_BYTES (CAST_ENTRY_MAX - 64)

/* One argument as MONITOR shows it; the bytes written. */
static size_t
quote(char *to, size_t room, struct slice s)
{
	size_t used = 0, i;

	to[used++] = '"';
	for (i = 0; i < s.bytes && used + 8 < room; i++) {
		unsigned char b = (unsigned char)s.data[i];
		const char *at = memchr("\n\r\t\a\b\"\\", b, 7);

		if (at != NULL && b != 0)
			used += (size_t)snprintf(to + used, room - used,
			    "\\%c", "nrtab\"\\"[at - "\n\r\t\a\b\"\\"]);
		else if (b < ' ' || b > '~')
			used += (size_t)snprintf(to + used, room - used,
			    "\\x%02x", b);
		else
			to[used++] = (char)b;
	}
	to[used++] = '"';
	return used;
}

void
watch_monitor(struct call *c)
{
	int64_t us = clock_us();
	size_t used, room = LINE_HEAD;
	const struct slice *argv;
	char *line;
	int i;

	if (c->command->flags & (COMMAND_SKIP_MONITOR | COMMAND_ADMIN))
		return;
	argv = without_secrets(c);
	for (i = 0; i < c->argc && room < LINE_MAX_BYTES; i++)
		room += argv[i].bytes * 4 + ARG_ROOM;
	if (room > LINE_MAX_BYTES)
		room = LINE_MAX_BYTES;
	line = txn_scratch(c->txn, room);
	used = (size_t)snprintf(line, room, "%lld.%06lld [%d %s]",
	    (long long)(us / 1000000), (long long)(us % 1000000),
	    c->conn->db, c->conn->row != NULL ? c->conn->row->addr : "");
	for (i = 0; i < c->argc && used + ARG_ROOM < room; i++) {
		line[used++] = ' ';
		used += quote(line + used, room - used, argv[i]);
	}
	cast_put(&REGION->common.cast, c->worker->birth->name, CAST_MONITOR, 0,
	    &(struct slice){ line, used }, 1);
	park_ring(c->worker);
}

void
watch_line(struct worker *w, struct slice line)
{
	struct conn *c;

	for (c = w->conns; c != NULL; c = c->next)
		if (c->is_monitor && !c->is_closing) {
			reply_literal(&c->out, "+");
			reply_raw(&c->out, line.data, line.bytes);
			reply_literal(&c->out, "\r\n");
			conn_mark(c);
		}
}
