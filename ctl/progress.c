#include "ctl/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BAR 30           /* characters */
#define PERIOD_MS 200
#define LINE_MS 1000     /* where lines can not be drawn again */

static const char *const job_words[STATE_JOBS] = {
	[STATE_JOB_SAVE] = "saving", [STATE_JOB_SYNC] = "for replicas",
	[STATE_JOB_AOF] = "rewriting"
};

struct screen {
	pid_t pid;
	struct region_head head;
	struct state state;
	int64_t now_ms;
	int lines;           /* drawn */
	bool is_busy;        /* something goes on */
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- drawing ----------------------------------------------------------- */

/* "saving        [#####     ]  50 %  ..., 3 s to go"; share is below 0: ? */
static void __attribute__((format(printf, 5, 6)))
draw(struct screen *s, const char *name, double share, int64_t since_ms,
    const char *format, ...)
{
	char bar[BAR + 1];
	va_list args;
	int i;

	if (share > 1)
		share = 1;
	for (i = 0; i < BAR; i++)
		bar[i] = i < share * BAR ? '#' : ' ';
	bar[BAR] = '\0';
	printf("%-12s [%s] ", name, bar);
	if (share >= 0)
		printf("%3d %%  ", (int)(share * 100));
	else
		printf("  ? %%  ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	if (since_ms > 0 && share > 0.01 && share < 1)
		printf(", %lld s to go", (long long)((double)(s->now_ms -
		    since_ms) * (1 - share) / share / 1000));
	fputs(isatty(1) ? "\033[K\n" : "\n", stdout);
	s->lines++;
	s->is_busy = true;
}

static double
mb(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

/* --- what goes on ------------------------------------------------------ */

static void
show_load(struct screen *s)
{
	const struct load_order *o = &s->state.load;
	uint64_t done = 0, keys = 0;
	struct load_report r;
	uint32_t i;

	if (o->phase != LOAD_RUNS && o->phase != LOAD_RESTS)
		return;
	for (i = 0; i < s->head.workers; i++) {
		peek(s->pid, &r, &REGION->area[i].load, sizeof(r));
		if (r.id != o->id)
			continue;
		done += r.at / s->head.workers;
		keys += r.keys;
	}
	draw(s, "loading", o->bytes > 0 ? (double)done / (double)o->bytes : 1,
	    o->since_ms, "%s: %.1f of %.1f MB, %llu keys", o->file, mb(done),
	    mb(o->bytes), (unsigned long long)keys);
}

static void
show_snapshot(struct screen *s)
{
	const struct state_snap *snap = &s->state.snap;
	struct save save;
	uint64_t total = 0;
	int i;

	if (snap->step != STATE_TAKE)
		return;
	peek(s->pid, &save, &REGION->area[PROC_SAVER].save, sizeof(save));
	if (save.birth != snap->birth)
		memset(&save, 0, sizeof(save));
	for (i = 0; i < STATE_DATABASES; i++)
		total += snap->keys[i];
	draw(s, job_words[snap->job], (double)save.slots / SLOT_COUNT,
	    snap->begun_ms, "%s: %llu of %llu keys, %.1f MB", snap->file,
	    (unsigned long long)save.keys, (unsigned long long)total,
	    mb(save.bytes));
}

static void
show_link(struct screen *s)
{
	const struct state *state = &s->state;
	struct link link;
	double share;

	if (state->role != STATE_REPLICA || state->link_worker < 0 ||
	    (uint32_t)state->link_worker >= s->head.workers)
		return;
	peek(s->pid, &link, &REGION->area[state->link_worker].link,
	    sizeof(link));
	if (link.serial != state->link_serial || link.state == LINK_UP)
		return;
	share = link.sync_total > 0 ? (double)link.sync_bytes /
	    (double)link.sync_total : -1;
	draw(s, "receiving", share, 0, "from %s:%u: %.1f MB, %s",
	    state->primary_host, state->primary_port,
	    mb(link.sync_bytes > 0 ? (uint64_t)link.sync_bytes : 0),
	    link_words[link.state < LINK_STATES ? link.state : LINK_CONNECT]);
}

/* A replica catches up: what it has of the log, beginning at its snapshot. */
static void
show_replica(struct screen *s, const struct feeds_row *r, uint64_t end)
{
	static const char *const phase[] = { "waits for a snapshot",
	    "gets its snapshot", "" };
	uint64_t behind = end > r->got ? end - r->got : 0;

	if (r->phase != FEEDS_ONLINE)
		draw(s, "feeding", r->snap_bytes > 0 ? (double)r->snap_sent /
		    (double)r->snap_bytes : -1, 0, "%s:%u %s", r->ip, r->port,
		    phase[r->phase]);
	else if (behind > 1u << 20)
		draw(s, "feeding", -1, 0, "%s:%u is %.1f MB behind", r->ip,
		    r->port, mb(behind));
}

static void
show_replicas(struct screen *s)
{
	struct feeds feeds;
	struct log log;
	uint32_t i, n;

	peek(s->pid, &log, &REGION->common.log, sizeof(log));
	for (i = 0; i < s->head.workers; i++) {
		peek(s->pid, &feeds, &REGION->area[i].feeds, sizeof(feeds));
		for (n = 0; feeds.count > 0 && n < FEEDS_ROWS; n++)
			if (feeds.row[n].id != 0)
				show_replica(s, &feeds.row[n], log.end);
	}
}

/* --- again and again --------------------------------------------------- */

static void
look(struct screen *s)
{
	const struct state_page *page = &REGION->state;
	uint64_t version;

	if (s->lines > 0 && isatty(1))
		printf("\033[%dA\033[J", s->lines);
	s->lines = 0;
	s->is_busy = false;
	s->now_ms = now_ms();
	do {
		peek(s->pid, &version, &page->version, sizeof(version));
		peek(s->pid, &s->state, &page->copy[version & 1],
		    sizeof(s->state));
	} while (s->state.version != version);
	show_load(s);
	show_snapshot(s);
	show_link(s);
	show_replicas(s);
	fflush(stdout);
}

int
progress_show(pid_t pid, bool waits)
{
	static struct screen s;
	bool redraws = isatty(1);
	struct timespec t = { 0, PERIOD_MS * 1000000 };

	if (!redraws)
		t = (struct timespec){ LINE_MS / 1000, 0 };
	s.pid = pid;
	peek_head(pid, &s.head);
	look(&s);
	if (!s.is_busy)
		puts("nothing is loaded, saved or synchronised");
	while (s.is_busy && (redraws || waits)) {
		nanosleep(&t, NULL);
		look(&s);
	}
	return GOOD;
}
