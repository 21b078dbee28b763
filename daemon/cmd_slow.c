/*
 * cmd_slow - SLOWLOG and LATENCY
 *
 * Not here: what is written down when (daemon/net_watch.c), where (shm/slow.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/cmd_command.h"
#include "daemon/cmd_conn.h"

/* --- SLOWLOG ----------------------------------------------------------- */

static int
youngest_first(const void *a, const void *b)
{
	uint64_t x = ((const struct slow_row *)a)->id,
	    y = ((const struct slow_row *)b)->id;

	return (x < y) - (x > y);
}

/* All entries that are to be seen, the youngest first, in scratch memory. */
static int
collect(struct call *c, struct slow_row **rows)
{
	uint32_t workers = REGION->head.workers, i;
	int64_t limit = c->worker->state.options.slowlog_max_len;
	int count = 0, j;

	*rows = txn_scratch(c->txn,
	    (size_t)workers * SLOW_ROWS * sizeof(**rows));
	for (i = 0; i < workers; i++)
		for (j = 0; j < SLOW_ROWS; j++)
			count += slow_read(&REGION->area[i].slow, j,
			    &(*rows)[count]) && (*rows)[count].id >
			    word_load(&REGION->common.slow_from[0]);
	qsort(*rows, (size_t)count, sizeof(**rows), youngest_first);
	return count < limit ? count : (int)limit;
}

static void
reply_slow(struct call *c, const struct slow_row *r)
{
	size_t used = 0;
	uint32_t i;

	reply_array(c->reply, 6);
	reply_int(c->reply, (int64_t)r->id - 1);
	reply_int(c->reply, r->when_s);
	reply_int(c->reply, r->took_us);
	reply_array(c->reply, r->args);
	for (i = 0; i < r->args; i++) {
		reply_bulk(c->reply, (struct slice){ r->text + used,
		    r->bytes[i] });
		used += r->bytes[i];
	}
	reply_text(c->reply, r->peer);
	reply_text(c->reply, r->name);
}

void
cmd_slowlog_get(struct call *c)
{
	struct slow_row *rows;
	int64_t wanted = 10;
	int count, i;

	if (c->argc > 3) {
		call_arity(c);
		return;
	}
	if (c->argc == 3 && (!number_get_int(c->argv[2], &wanted) ||
	    wanted < -1)) {
		reply_error(c->reply,
		    "ERR count should be greater than or equal to -1");
		return;
	}
	count = collect(c, &rows);
	if (wanted >= 0 && wanted < count)
		count = (int)wanted;
	reply_array(c->reply, count);
	for (i = 0; i < count; i++)
		reply_slow(c, &rows[i]);
}

void
cmd_slowlog_len(struct call *c)
{
	struct slow_row *rows;

	reply_int(c->reply, collect(c, &rows));
}

/* Everything so far is forgotten, by all workers at once. */
static void
forget(int what)
{
	word_store(&REGION->common.slow_from[what],
	    word_load(&REGION->common.next_slow_id));
}

void
cmd_slowlog_reset(struct call *c)
{
	forget(0);
	reply_ok(c->reply);
}

/* --- LATENCY ----------------------------------------------------------- */

static const char *const event_names[SLOW_EVENTS] = {
	"command", "fast-command", "expire-cycle"
};

/* The samples of an event from all workers, oldest first. */
static int
by_time(const void *a, const void *b)
{
	const struct slow_sample *x = a, *y = b;

	return (x->when_s > y->when_s) - (x->when_s < y->when_s);
}

static int
samples_of(struct call *c, int event, struct slow_sample **list, int64_t *max)
{
	uint32_t workers = REGION->head.workers, i;
	int count = 0, j;

	*max = 0;
	*list = txn_scratch(c->txn,
	    (size_t)workers * SLOW_SAMPLES * sizeof(**list));
	for (i = 0; i < workers; i++) {
		const struct slow_history *h =
		    &REGION->area[i].slow.event[event];

		for (j = 0; j < SLOW_SAMPLES; j++) {
			const struct slow_sample *x = &h->sample[j];

			if (x->id <= word_load(
			    &REGION->common.slow_from[1 + event]))
				continue;
			(*list)[count++] = *x;
			if (x->ms > *max)
				*max = x->ms;
		}
	}
	qsort(*list, (size_t)count, sizeof(**list), by_time);
	return count;
}

void
cmd_latency_latest(struct call *c)
{
	size_t place = reply_later(c->reply);
	struct slow_sample *list;
	int i, count = 0, n;
	int64_t max;

	for (i = 0; i < SLOW_EVENTS; i++) {
		n = samples_of(c, i, &list, &max);
		if (n == 0)
			continue;
		reply_array(c->reply, 4);
		reply_text(c->reply, event_names[i]);
		reply_int(c->reply, list[n - 1].when_s);
		reply_int(c->reply, list[n - 1].ms);
		reply_int(c->reply, max);
		count++;
	}
	reply_later_set(c->reply, place, '*', count);
}

void
cmd_latency_history(struct call *c)
{
	struct slow_sample *list;
	int i, j, n = 0;
	int64_t max;

	for (i = 0; i < SLOW_EVENTS; i++)
		if (slice_is(c->argv[2], event_names[i])) {
			n = samples_of(c, i, &list, &max);
			break;
		}
	reply_array(c->reply, n);
	for (j = 0; j < n; j++) {
		reply_array(c->reply, 2);
		reply_int(c->reply, list[j].when_s);
		reply_int(c->reply, list[j].ms);
	}
}

void
cmd_latency_doctor(struct call *c)
{
	bool is_on = c->worker->state.options.latency_monitor_threshold > 0;

	reply_verbatim(c->reply, "txt", is_on ?
	    SLICE("Spikes are written down: see LATENCY LATEST, LATENCY "
	    "HISTORY and SLOWLOG GET for what took long.\n") :
	    SLICE("Nothing is known: latency-monitor-threshold is 0.  Set it "
	    "to the milliseconds that are too long for you.\n"));
}

void
cmd_latency_graph(struct call *c)
{
	char line[128], *text;
	struct slow_sample *list;
	int64_t max;
	size_t used = 0;
	int i, j, n = 0;

	for (i = 0; i < SLOW_EVENTS; i++)
		if (slice_is(c->argv[2], event_names[i])) {
			n = samples_of(c, i, &list, &max);
			break;
		}
	if (n == 0) {
		reply_errorf(c->reply,
		    "ERR No samples available for event '%.*s'",
		    (int)(c->argv[2].bytes < 128 ? c->argv[2].bytes : 128),
		    c->argv[2].data);
		return;
	}
	text = txn_scratch(c->txn, (size_t)n * sizeof(line));
	for (j = 0; j < n; j++)
		used += (size_t)snprintf(text + used, sizeof(line),
		    "%lld %6lld ms %.*s\n", (long long)list[j].when_s,
		    (long long)list[j].ms, (int)(max > 0 ?
		    list[j].ms * 40 / max : 0),
		    "########################################");
	reply_verbatim(c->reply, "txt", (struct slice){ text, used });
}

static void
reply_histogram(struct call *c, int row)
{
	uint64_t took[STAT_BUCKETS] = { 0 }, calls = 0, sum = 0;
	uint32_t i;
	int j, count = 0;

	for (i = 0; i < REGION->head.workers; i++) {
		const struct stat_command *s =
		    &REGION->area[i].stats.command[row];

		calls += s->calls;
		for (j = 0; j < STAT_BUCKETS; j++)
			took[j] += s->took[j];
	}
	for (j = 0; j < STAT_BUCKETS; j++)
		count += took[j] > 0;
	reply_map(c->reply, 2);
	reply_text(c->reply, "calls");
	reply_int(c->reply, (int64_t)calls);
	reply_text(c->reply, "histogram_usec");
	reply_map(c->reply, count);
	for (j = 0; j < STAT_BUCKETS; j++) {
		sum += took[j];
		if (took[j] == 0)
			continue;
		reply_int(c->reply, (int64_t)1 << j);
		reply_int(c->reply, (int64_t)sum);
	}
}

void
cmd_latency_histogram(struct call *c)
{
	size_t place = reply_later(c->reply);
	int i, j, count = 0;

	for (i = 0; i < CMD_COUNT; i++) {
		bool is_wanted = c->argc == 2, is_called = false;
		uint32_t w;

		for (j = 2; j < c->argc; j++)
			is_wanted = is_wanted ||
			    slice_is(c->argv[j], command_table[i].name);
		for (w = 0; w < REGION->head.workers; w++)
			is_called = is_called ||
			    REGION->area[w].stats.command[i].calls > 0;
		if (!is_wanted || !is_called)
			continue;
		reply_text(c->reply, command_table[i].name);
		reply_histogram(c, i);
		count++;
	}
	reply_later_set(c->reply, place, '%', count);
}

void
cmd_latency_reset(struct call *c)
{
	struct slow_sample *list;
	int64_t max;
	int i, j, count = 0;

	for (i = 0; i < SLOW_EVENTS; i++) {
		bool is_wanted = c->argc == 2;

		for (j = 2; j < c->argc; j++)
			is_wanted = is_wanted ||
			    slice_is(c->argv[j], event_names[i]);
		if (is_wanted && samples_of(c, i, &list, &max) > 0) {
			forget(1 + i);
			count++;
		}
	}
	reply_int(c->reply, count);
}
