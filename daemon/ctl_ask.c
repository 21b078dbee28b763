#include "daemon/ctl_ask.h"

#include "daemon/clock.h"
#include "daemon/ctl_aof.h"
#include "daemon/ctl_held.h"
#include "daemon/ctl_hold.h"
#include "daemon/ctl_role.h"
#include "daemon/ctl_cluster.h"
#include "daemon/ctl_end.h"
#include "daemon/ctl_failover_ask.h"
#include "daemon/ctl_load.h"
#include "daemon/ctl_order.h"
#include "daemon/ctl_reload.h"
#include "daemon/ctl_save.h"
#include "daemon/ctl_shift.h"
#include "daemon/ctl_together.h"
#include "daemon/file.h"
#include "daemon/log.h"
#include "daemon/memory.h"
#include "daemon/settings.h"
#include "proto/error.h"
#include "proto/number.h"
#include "shm/check.h"

#include <stdio.h>

#define REPORT_BYTES 2048

/* --- options ----------------------------------------------------------- */

/* The name by which the client knows the option. */
static void
refuse_option(struct ctl *c, const struct option *row, struct slice given,
    const char *why)
{
	struct slice name = slice_is(given, row->name) ? slice_of(row->name) :
	    given;

	ctl_answer_error(c, "ERR CONFIG SET failed (possibly related to "
	    "argument '%.*s') - %s", (int)name.bytes, name.data, why);
}

/*
 * Whether the options named may be set now, protected ones too when the client
 * is let; else the question is answered.
 */
static bool
may_set(struct ctl *c, const struct slice *argv, int argc, bool is_let)
{
	int i, j;

	for (i = 2; i < argc; i += 2)
		if (option_find(argv[i]) == NULL) {
			ctl_answer_error(c, "ERR Unknown option or number of "
			    "arguments for CONFIG SET - '%.*s'",
			    (int)(argv[i].bytes < 128 ? argv[i].bytes : 128),
			    argv[i].data);
			return false;
		}
	for (i = 2; i < argc; i += 2) {
		const struct option *row = option_find(argv[i]);

		if (row->when == OPTION_START) {
			refuse_option(c, row, argv[i],
			    "can't set immutable config");
			return false;
		}
		if (row->when == OPTION_GUARDED && !is_let) {
			refuse_option(c, row, argv[i],
			    "can't set protected config");
			return false;
		}
		for (j = 2; j < i; j += 2)
			if (option_find(argv[j]) == row) {
				refuse_option(c, row, argv[i],
				    "duplicate parameter");
				return false;
			}
	}
	return true;
}

static void
tell_doubt(const struct options *old, const struct options *new)
{
	char doubt[MEMORY_DOUBT];

	if (new->maxmemory != old->maxmemory && memory_is_doubtful(new,
	    REGION->common.heap.spans * HEAP_SPAN, doubt))
		log_warning("%s", doubt);
}

static void
set_options(struct ctl *c, const struct slice *argv, int argc, bool is_let)
{
	struct options o = c->next.options;
	char why[OPTION_WHY];
	int i;

	if (argc < 4 || argc % 2 != 0) {
		ctl_answer_error(c, error_text[ERROR_ARITY], "config|set");
		return;
	}
	if (!may_set(c, argv, argc, is_let))
		return;
	for (i = 2; i < argc; i += 2) {
		const struct option *row = option_find(argv[i]);

		if (!option_set(&o, row, argv[i + 1], why) ||
		    !option_check(&o, why)) {
			refuse_option(c, row, argv[i], why);
			return;
		}
	}
	tell_doubt(&c->next.options, &o);
	c->next.options = o;
	(void)ctl_aof_follow(c);
	ctl_publish(c, ctl_answer_ok);
}

static void
ask_config_set(struct ctl *c, const struct slice *argv, int argc)
{
	set_options(c, argv, argc, false);
}

static void
ask_config_set_guarded(struct ctl *c, const struct slice *argv, int argc)
{
	set_options(c, argv, argc, true);
}

static void
ask_config_resetstat(struct ctl *c, const struct slice *argv, int argc)
{
	(void)argv;
	(void)argc;
	c->next.stat_resets++;
	c->next.reset_ms = clock_ms();
	ctl_publish(c, ctl_answer_ok);
}

static void
ask_config_rewrite(struct ctl *c, const struct slice *argv, int argc)
{
	char why[SETTINGS_WHY];

	(void)argv;
	(void)argc;
	if (REGION->head.config_file[0] == 0)
		ctl_answer_error(c, "ERR The server is running without a "
		    "config file");
	else if (settings_rewrite(&c->next.options, REGION->head.config_file,
	    why) != 0)
		ctl_answer_error(c, "ERR Rewriting config file: %s", why);
	else
		ctl_answer_ok(c);
}

/* --- databases --------------------------------------------------------- */

static void
swap_done(struct ctl *c, bool happened)
{
	uint8_t *a = &c->next.db[c->next.swap[0]];
	uint8_t *b = &c->next.db[c->next.swap[1]], old = *a;

	if (happened) {
		*a = *b;
		*b = old;
		c->next.swaps++;
		c->next.swapped[*a] = c->next.swapped[*b] = c->next.swaps;
	}
	c->next.is_swapping = false;
	c->next.is_frozen = false;
}

/* Everybody stands still, and the intention is published: the log decides. */
static void
swap_log(struct ctl *c)
{
	struct log *log = &REGION->common.log;
	struct journal *j = &REGION->area[PROC_CONTROL].journal;
	int db = log_db(log) < 0 ? 0 : log_db(log);
	struct slice record = { c->ask.stream, c->ask.stream_bytes };

	if (region_open_all() != 0)
		never("control may write the log while all stand still");
	if (c->ask.is_stream && record.bytes > 0)
		log_append_stream(log, j, c->birth->name, c->ask.stream_db,
		    record);
	else if (record.bytes > 0)
		log_append(log, j, c->birth->name, db, db, &record, 1);
	j->log_at = JOURNAL_NOWHERE;
	if (region_close_all() != 0)
		never("control may give up writing the region");
	swap_done(c, true);
	ctl_publish(c, ctl_answer_ok);
}

static void
swap_intend(struct ctl *c)
{
	c->next.is_swapping = true;
	c->next.swap[0] = (uint8_t)c->ask.db[0];
	c->next.swap[1] = (uint8_t)c->ask.db[1];
	c->next.swap_log_end = REGION->common.log.end;
	ctl_publish(c, swap_log);
}

/* What is logged; a replica's own clients change nobody else. */
static void
swap_record(struct ctl *c)
{
	int a = c->ask.db[0], b = c->ask.db[1];

	if (c->ask.is_stream)
		return;
	c->ask.stream_bytes = c->next.role != STATE_PRIMARY ? 0 :
	    (size_t)snprintf(c->ask.stream, sizeof(c->ask.stream),
	    "*3\r\n$6\r\nSWAPDB\r\n$%d\r\n%d\r\n$%d\r\n%d\r\n", 1 + (a > 9),
	    a, 1 + (b > 9), b);
}

static void
ask_swapdb(struct ctl *c, const struct slice *argv, int argc)
{
	int64_t db[2] = { 0, 0 };

	if (argc != 3) {
		ctl_answer_error(c, error_text[ERROR_ARITY], "swapdb");
	} else if (!number_get_int(argv[1], &db[0]) ||
	    db[0] < INT32_MIN || db[0] > INT32_MAX) {
		ctl_answer_error(c, "ERR invalid first DB index");
	} else if (!number_get_int(argv[2], &db[1]) ||
	    db[1] < INT32_MIN || db[1] > INT32_MAX) {
		ctl_answer_error(c, "ERR invalid second DB index");
	} else if (db[0] < 0 || db[0] >= STATE_DATABASES || db[1] < 0 ||
	    db[1] >= STATE_DATABASES) {
		ctl_answer_error(c, "%s", error_text[ERROR_BAD_DB]);
	} else if (db[0] == db[1]) {
		ctl_answer_ok(c);
	} else if (ctl_hold_is_on(c)) {
		ctl_answer_error(c, "ERR writes are held by a failover");
	} else {
		c->ask.db[0] = (int)db[0];
		c->ask.db[1] = (int)db[1];
		swap_record(c);
		c->next.is_frozen = true;
		ctl_publish(c, swap_intend);
	}
}

static void
ask_stream_swapdb(struct ctl *c, const struct slice *argv, int argc)
{
	int64_t db;

	if (argc != 6 || argv[4].bytes > CTL_STREAM ||
	    !number_get_int(argv[3], &db)) {
		ctl_answer_error(c, "%s", error_text[ERROR_SYNTAX]);
		return;
	}
	/* Logged, it must be what the log goes on with. */
	if (argv[4].bytes > 0 && !ctl_role_has_link(c, argv[5])) {
		ctl_answer_error(c, "ERR the link is not wanted any more");
		return;
	}
	c->ask.is_stream = true;
	c->ask.stream_db = (int)db;
	c->ask.stream_bytes = argv[4].bytes;
	memcpy(c->ask.stream, argv[4].data, argv[4].bytes);
	ask_swapdb(c, argv, 3);
}

/* --- clients ----------------------------------------------------------- */

static void
ask_client_pause(struct ctl *c, const struct slice *argv, int argc)
{
	uint32_t kind = STATE_PAUSE_ALL;
	int64_t ms, now = clock_ms();

	if (argc == 4 && slice_is(argv[3], "write")) {
		kind = STATE_PAUSE_WRITE;
	} else if (argc == 4 && !slice_is(argv[3], "all")) {
		ctl_answer_error(c, "ERR CLIENT PAUSE mode must be WRITE or "
		    "ALL");
		return;
	}
	if (argc < 3 || !number_get_int(argv[2], &ms) || ms > INT64_MAX - now) {
		ctl_answer_error(c, "ERR timeout is not an integer or out of "
		    "range");
		return;
	}
	if (ms < 0) {
		ctl_answer_error(c, "%s",
		    error_text[ERROR_TIMEOUT_NEGATIVE]);
		return;
	}
	if (c->next.pause_until_ms <= now)
		c->next.pause = STATE_PAUSE_NONE;
	if (kind > c->next.pause)
		c->next.pause = kind;
	if (now + ms > c->next.pause_until_ms)
		c->next.pause_until_ms = now + ms;
	ctl_publish(c, ctl_answer_ok);
}

static void
ask_client_unpause(struct ctl *c, const struct slice *argv, int argc)
{
	(void)argv;
	(void)argc;
	c->next.pause = STATE_PAUSE_NONE;
	c->next.pause_until_ms = 0;
	ctl_publish(c, ctl_answer_ok);
}

/* --- snapshots --------------------------------------------------------- */

static void
ask_bgsave(struct ctl *c, const struct slice *argv, int argc)
{
	if (argc > 2 || (argc == 2 && !slice_is(argv[1], "schedule")))
		ctl_answer_error(c, "%s", error_text[ERROR_SYNTAX]);
	else
		ctl_save_ask_background(c, argc == 2);
}

static void
ask_save(struct ctl *c, const struct slice *argv, int argc)
{
	(void)argv;
	(void)argc;
	ctl_save_ask_and_wait(c);
}

static void
ask_bgrewriteaof(struct ctl *c, const struct slice *argv, int argc)
{
	(void)argv;
	(void)argc;
	ctl_aof_ask_rewrite(c);
}

/*
 * For replicas; the worker that asks looks at the job's row.  It says which was
 * the last snapshot that it saw begin: when a later one has begun, for those
 * of another worker, its own replicas have that one.
 */
static void
ask_fullsync(struct ctl *c, const struct slice *argv, int argc)
{
	char file[FILE_NAME];
	int64_t seen;

	must(argc == 2 && number_get_int(argv[1], &seen),
	    "a worker says which snapshot it has seen");
	if (c->next.job[STATE_JOB_SYNC].begun > (uint64_t)seen) {
		ctl_answer_nothing(c);
		return;
	}
	file_name_temporary(file, REGION->head.supervisor_pid, "replicas",
	    c->next.job[STATE_JOB_SYNC].asked + 1);
	ctl_held_note(c);
	ctl_save_ask(c, STATE_JOB_SYNC, file);
	ctl_publish(c, ctl_answer_nothing);
}

/* --- the node ---------------------------------------------------------- */

static void
ask_active_expire(struct ctl *c, const struct slice *argv, int argc)
{
	c->next.may_expire_actively = argc > 2 && !slice_is(argv[2], "0");
	ctl_publish(c, ctl_answer_ok);
}

static void
ask_lease(struct ctl *c, const struct slice *argv, int argc)
{
	int64_t ms;

	if (argc != 3 || !number_get_int(argv[2], &ms)) {
		ctl_answer_error(c, "%s", error_text[ERROR_NOT_INT]);
		return;
	}
	ctl_hold_set_lease(c, ms < 0 ? 0 : clock_steady_ms() + ms);
	ctl_answer_ok(c);
}

static void
thaw(struct ctl *c)
{
	c->next.is_frozen = false;
	ctl_publish(c, NULL);
}

static void
region_frozen(struct ctl *c)
{
	struct check_report r;
	char text[REPORT_BYTES];
	int64_t begin = clock_steady_us();
	bool is_done = check_region(&r, ctl_beat);

	thaw(c);
	if (!is_done) {
		ctl_answer_error(c, "ERR no memory for the check");
		return;
	}
	log_notice("region check: %s, %llu keys in %d ms",
	    check_is_sound(&r) ? "sound" : "broken",
	    (unsigned long long)r.keys,
	    (int)((clock_steady_us() - begin) / 1000));
	ctl_answer_bulk(c, text, check_print(&r, text, sizeof(text)));
}

static void
ask_region(struct ctl *c, const struct slice *argv, int argc)
{
	(void)argv;
	(void)argc;
	c->next.is_frozen = true;
	ctl_publish(c, region_frozen);
}

/* ----------------------------------------------------------------------- */

static void (*const ask_table[MAIL_KINDS])(struct ctl *c,
    const struct slice *argv, int argc) = {
#define MAIL(id, function, words) function,
#include "shm/mail.def"
};

void
ctl_ask_begin(struct ctl *c, enum mail_kind kind, const struct slice *argv,
    int argc)
{
	must(kind < MAIL_KINDS, "a question is one of those there are");
	log_debug("asked: %s", mail_words[kind]);
	ask_table[kind](c, argv, argc);
}

void
ctl_ask_recover(struct ctl *c)
{
	if (!c->next.is_frozen)
		return;
	if (c->next.is_swapping)
		swap_done(c, REGION->common.log.end > c->next.swap_log_end);
	thaw(c);
	log_notice("ended what control's predecessor had frozen");
}
