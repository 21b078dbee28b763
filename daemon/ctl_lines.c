#include "daemon/ctl_lines.h"

#include "daemon/clock.h"
#include "daemon/log.h"

#include <stdio.h>

#define LINES 4            /* kinds at a time; the oldest makes room */
#define QUIET_MS 5000      /* without another one it is over */

static struct line {
	const char *words;         /* NULL: free */
	struct bus_id id;
	unsigned count;
	int64_t first_ms, last_ms;
} lines[LINES];

static void
say(struct line *l)
{
	char often[64] = "";

	if (l->words == NULL)
		return;
	if (l->count > 1)
		snprintf(often, sizeof(often), ": %u times within %lld ms",
		    l->count, (long long)(l->last_ms - l->first_ms));
	log_notice("cluster: %.40s: %s%s", l->id.text, l->words, often);
	l->words = NULL;
}

static bool
is_of(const struct line *l, const struct bus_id *id, const char *words)
{
	return l->words == words && bus_id_is_equal(&l->id, id);
}

/* The one that is said already, or a free one. */
static struct line *
place_for(const struct bus_id *id, const char *words)
{
	struct line *oldest = lines;
	int i;

	for (i = 0; i < LINES; i++)
		if (is_of(&lines[i], id, words))
			return &lines[i];
	for (i = 0; i < LINES; i++) {
		if (lines[i].words == NULL)
			return &lines[i];
		if (lines[i].last_ms < oldest->last_ms)
			oldest = &lines[i];
	}
	say(oldest);
	return oldest;
}

void
ctl_lines_add(const struct bus_id *id, const char *words)
{
	struct line *l = place_for(id, words);
	int64_t now_ms = clock_steady_ms();

	log_verbose("cluster: %.40s: %s", id->text, words);
	if (l->words == NULL)
		*l = (struct line){ .words = words, .id = *id,
		    .first_ms = now_ms };
	l->count++;
	l->last_ms = now_ms;
}

void
ctl_lines_turn(int64_t now_ms)
{
	int i;

	for (i = 0; i < LINES; i++)
		if (lines[i].words != NULL &&
		    now_ms >= lines[i].last_ms + QUIET_MS)
			say(&lines[i]);
}

void
ctl_lines_end(void)
{
	int i;

	for (i = 0; i < LINES; i++)
		say(&lines[i]);
}

int64_t
ctl_lines_due(void)
{
	int64_t due_ms = INT64_MAX;
	int i;

	for (i = 0; i < LINES; i++)
		if (lines[i].words != NULL &&
		    lines[i].last_ms + QUIET_MS < due_ms)
			due_ms = lines[i].last_ms + QUIET_MS;
	return due_ms;
}
