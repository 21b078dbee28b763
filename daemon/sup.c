#include "daemon/sup.h"

#include "daemon/birth.h"
#include "daemon/clock.h"
#include "daemon/doorbell.h"
#include "daemon/fault_do.h"
#include "daemon/herald.h"
#include "daemon/home.h"
#include "daemon/listen.h"
#include "daemon/log.h"
#include "daemon/memory.h"
#include "daemon/resident.h"
#include "daemon/shed.h"
#include "daemon/title.h"
#include "shm/region.h"
#include "shm/state_pen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAVER_NICE 5 /* as much less than its node */
#define TICK_MS 100
#define TURNING_US 1000000   /* who holds up a new role stalls no longer */
#define DEATHS_REMEMBERED 1024
#define DEATHS_WITHIN_US (60 * 1000000ll)
#define NAMES_BYTES 800 /* of options in a line of the log */

enum again { AT_ONCE, MENDED, ASKED };

static const struct kind {
	const char *name;
	int first;
	int (*entry)(const struct birth *b);
	enum again again;
	bool turns;
	const char *death;
} kind_table[PROC_KINDS] = {
#define PROC(kind, name, first, count, entry, again, turns, death) \
	[PROC_KIND_##kind] = { name, first, entry, again, turns, death },
#include "daemon/proc.def"
};

struct child {
	pid_t pid;           /* 0: none lives */
	bool is_wanted;      /* there should be one */
	uint64_t beat;       /* last seen, */
	int64_t beat_us;     /* and when it changed */
};

struct sup {
	const struct settings *settings;
	struct state state;  /* as last read */
	int workers;
	struct listeners listeners;
	struct child child[PROC_MAX];
	int bell[PROC_MAX], bell_mine;
	int signals;         /* signalfd */
	int ready;           /* pipe to who waits in the foreground */
	bool is_serving;     /* all were ready once */
	bool is_ending;
	int64_t end_us;      /* when patience ends */
	int64_t turn_us;     /* of the last turn */
	int64_t turning_us;  /* since when a new role is waited for, or 0 */
	int64_t death_us[DEATHS_REMEMBERED];
	uint64_t deaths;
	int status;
};

/* The kind of the process at an index: the last row that begins before it. */
static enum proc_kind
kind_of(int index)
{
	int kind, found = -1;

	for (kind = 0; kind < PROC_KINDS; kind++)
		if (kind_table[kind].first <= index && (found < 0 ||
		    kind_table[kind].first > kind_table[found].first))
			found = kind;
	must(found >= 0, "every index belongs to a kind");
	return (enum proc_kind)found;
}

/* How many processes of a kind there are. */
static int
count_of(enum proc_kind kind, int workers)
{
	const int counts[PROC_KINDS] = {
#define PROC(kind, name, first, count, entry, again, turns, death) \
		[PROC_KIND_##kind] = count,
#include "daemon/proc.def"
	};

	return counts[kind];
}

static void
name_of(int index, char *name, size_t room)
{
	if (kind_of(index) == PROC_KIND_WORKER)
		snprintf(name, room, "worker %d", index);
	else
		snprintf(name, room, "%s", kind_table[kind_of(index)].name);
}

/* --- births ------------------------------------------------------------ */

static void
hang_up(int number)
{
	int bad = errno;

	(void)number;
	log_reopen();
	errno = bad;
}

static void
child_signals(void)
{
	struct sigaction hup = { .sa_handler = hang_up };
	sigset_t none;

	sigemptyset(&none);
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGHUP, &hup, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void
be_born(struct sup *s, struct birth *b, pid_t supervisor)
{
	const struct kind *k = &kind_table[b->kind];
	struct area *area = &REGION->area[b->index];
	char name[32];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != supervisor)
		_exit(1);
	name_of(b->index, name, sizeof(name));
	title_set(name, (int)s->settings->options.port);
	log_set_name(name);
	birth_begin(b);
	child_signals();
	shed_descriptors(b);
	if (region_protect(b->kind == PROC_KIND_CONTROL ? REGION_CONTROL :
	    REGION_WORKER, b->index) != 0)
		birth_fail("the region's pages can not be protected: %s",
		    strerror(errno));
	proc_announce(&area->proc, b->index, b->birth, (uint32_t)getpid(),
	    clock_ms());
	stat_newborn(&area->stats);
	if (b->kind == PROC_KIND_WORKER) {
		if (!shed_processors(s->settings->options.server_cpulist,
		    b->index))
			log_warning("server_cpulist is not usable here");
		FAULT(BORN);
	} else if (b->kind == PROC_KIND_CONTROL) {
		/*
		 * So that load does not look like death; who lacks the right to
		 * do so does without.
		 */
		(void)setpriority(PRIO_PROCESS, 0, -5);
	} else if (b->kind == PROC_KIND_SAVER) {
		/*
		 * Or requests would wait for whole slices of the kernel's, and
		 * have half a processor that both are on.
		 */
		(void)setpriority(PRIO_PROCESS, 0,
		    getpriority(PRIO_PROCESS, 0) + SAVER_NICE);
		shed_slice();
	}
	exit(k->entry(b));
}

static void
fork_child(struct sup *s, int index)
{
	struct child *c = &s->child[index];
	struct birth b = { .kind = kind_of(index), .index = index };
	uint32_t birth = REGION->sup.birth[index] + 1;
	pid_t supervisor = getpid();

	b.birth = birth;
	b.name = proc_name(index, birth);
	b.bell_supervisor = s->bell_mine;
	memcpy(b.bell, s->bell, sizeof(b.bell));
	if (b.kind == PROC_KIND_WORKER) {
		b.listeners = s->listeners.count[index];
		memcpy(b.listener, s->listeners.fd[index], sizeof(b.listener));
	} else if (b.kind == PROC_KIND_CONTROL) {
		b.listeners = s->listeners.bus_count;
		memcpy(b.listener, s->listeners.bus, sizeof(b.listener));
	}
	word_store_release(&REGION->sup.birth[index], birth);
	c->beat = word_load(&REGION->area[index].proc.beat);
	c->beat_us = clock_steady_us();
	c->pid = fork();
	if (c->pid == 0)
		be_born(s, &b, supervisor);
	if (c->pid < 0) {
		log_warning("can not fork: %s", strerror(errno));
		c->pid = 0;
		word_store_release(&REGION->sup.dead[index], birth);
	}
}

/* Whether a process that is not there is to be forked now. */
static bool
is_due(const struct sup *s, int index)
{
	enum again again = kind_table[kind_of(index)].again;

	if (!s->child[index].is_wanted || s->child[index].pid != 0)
		return false;
	if (again == ASKED && word_load_acquire(&REGION->ctl.wanted[index]) <=
	    REGION->sup.birth[index])
		return false;
	return again == AT_ONCE ||
	    word_load_acquire(&REGION->ctl.mended[index]) ==
	    REGION->sup.dead[index];
}

/* The end waits for a last snapshot. */
static bool
has_to_save(const struct sup *s)
{
	return s->is_ending && s->status == 0 && s->state.last_words != 0 &&
	    !s->state.is_stopping && s->end_us != 0;
}

/* Forks what should be there and is not, and may be. */
static void
fork_missing(struct sup *s)
{
	int i;

	for (i = 0; i < PROC_MAX; i++)
		if ((!s->is_ending || (i >= PROC_WORKERS && has_to_save(s))) &&
		    is_due(s, i))
			fork_child(s, i);
}

/* --- deaths ------------------------------------------------------------ */

static void
begin_end(struct sup *s, int status)
{
	if (s->is_ending)
		return;
	s->is_ending = true;
	s->status = status;
	/* What is wrong with the node must not get into a snapshot. */
	if (status != 0)
		word_store_release(&REGION->sup.stop_at_once, 1);
	s->end_us = clock_steady_us() +
	    s->state.options.shutdown_timeout * 1000000;
	word_store_release(&REGION->sup.stop_wanted,
	    REGION->sup.stop_wanted + 1);
	doorbell_ring(s->bell[PROC_CONTROL]);
}

static void
kill_all(struct sup *s)
{
	int i;

	for (i = 0; i < PROC_MAX; i++)
		if (s->child[i].pid > 0)
			kill(s->child[i].pid, SIGKILL);
}

/* Too many of us died lately. */
static void
count_death(struct sup *s)
{
	int64_t limit = s->state.options.respawn_limit;
	int64_t now = clock_steady_us();
	char why[128];

	s->death_us[s->deaths++ % DEATHS_REMEMBERED] = now;
	if (limit >= DEATHS_REMEMBERED)
		limit = DEATHS_REMEMBERED - 1;
	if (limit == 0 || s->deaths <= (uint64_t)limit || s->is_ending ||
	    s->death_us[(s->deaths - 1 - (uint64_t)limit) %
	    DEATHS_REMEMBERED] < now - DEATHS_WITHIN_US)
		return;
	snprintf(why, sizeof(why), "stopping: more than %d processes died "
	    "within a minute (respawn-limit)", (int)limit);
	log_warning("%s", why);
	log_complain("%s", why);
	begin_end(s, 1);
}

static void
say_death(const struct sup *s, int index, pid_t pid, int status)
{
	char name[32];

	name_of(index, name, sizeof(name));
	if (s->is_ending && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		log_notice("%s (process %d) was killed: the node ends", name,
		    (int)pid);
	else if (WIFSIGNALED(status))
		log_warning("%s (process %d) was ended by signal %d: %s", name,
		    (int)pid, WTERMSIG(status),
		    kind_table[kind_of(index)].death);
	else
		log_warning("%s (process %d) ended with status %d: %s", name,
		    (int)pid, WEXITSTATUS(status),
		    kind_table[kind_of(index)].death);
}

static void
bury(struct sup *s, int index, int status)
{
	struct child *c = &s->child[index];
	const struct kind *k = &kind_table[kind_of(index)];
	bool was_asked = k->again == ASKED;
	pid_t pid = c->pid;

	c->pid = 0;
	word_store_release(&REGION->sup.dead[index], REGION->sup.birth[index]);
	doorbell_ring(s->bell[PROC_CONTROL]);
	if (!was_asked && WIFEXITED(status) &&
	    WEXITSTATUS(status) == BIRTH_FAILED) {
		if (!s->is_ending)
			log_complain("%.300s",
			    REGION->area[index].last_words);
		begin_end(s, 1);
		return;
	}
	if ((s->is_ending || was_asked) && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0)
		return;
	if (s->is_ending && !k->turns)
		return;
	say_death(s, index, pid, status);
	REGION->sup.deaths++;
	count_death(s);
}

static void
look_at_state(struct sup *s)
{
	if (state_read(&REGION->state, &s->state))
		log_set_level(s->state.options.loglevel);
	if (s->state.is_stopping)
		begin_end(s, 0);
}

static void
reap(struct sup *s)
{
	pid_t pid;
	int status, i;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		/* It may have read that the node ends before we did. */
		look_at_state(s);
		for (i = 0; i < PROC_MAX; i++)
			if (s->child[i].pid == pid)
				bury(s, i, status);
	}
}

/*
 * How long a process may stand still, 0: for ever.  A worker that has not read
 * that the node has another role was rung for that, and without it nobody may
 * write.
 */
static int64_t
patience_us(const struct sup *s, int i, int64_t now)
{
	int64_t usual = s->state.options.stall_timeout * 1000;

	if (kind_of(i) != PROC_KIND_WORKER || usual < TURNING_US ||
	    s->turning_us == 0 || now - s->turning_us <= TURNING_US ||
	    word_load(&REGION->area[i].proc.version) >= s->state.version)
		return usual;
	return TURNING_US;
}

static void
look_at_turning(struct sup *s, int64_t now)
{
	if (!word_load(&REGION->ctl.is_turning))
		s->turning_us = 0;
	else if (s->turning_us == 0)
		s->turning_us = now;
}

/*
 * Kills who has not turned its loop for too long.  When the supervisor itself
 * did not run, nobody is blamed.
 */
static void
kill_stalled(struct sup *s, int64_t now)
{
	bool slept = now - s->turn_us > 10 * TICK_MS * 1000;
	char name[32];
	int i;

	look_at_turning(s, now);
	for (i = 0; i < PROC_MAX; i++) {
		struct child *c = &s->child[i];
		int64_t limit = patience_us(s, i, now);
		uint64_t beat;

		if (c->pid == 0 || !kind_table[kind_of(i)].turns)
			continue;
		beat = word_load(&REGION->area[i].proc.beat);
		if (beat != c->beat || slept) {
			c->beat = beat;
			c->beat_us = now;
		} else if (limit > 0 && now - c->beat_us > limit) {
			name_of(i, name, sizeof(name));
			log_warning("%s (process %d) has stalled and is "
			    "killed (stall-timeout)", name, (int)c->pid);
			kill(c->pid, SIGKILL);
			c->beat_us = now;
		}
	}
	s->turn_us = now;
}

/* --- the loop ---------------------------------------------------------- */

static void
write_pidfile(const struct options *o)
{
	FILE *f;

	if (o->pidfile[0] == 0)
		return;
	f = fopen(o->pidfile, "we");
	if (f == NULL) {
		log_warning("pidfile %s: %s", o->pidfile, strerror(errno));
		return;
	}
	fprintf(f, "%d\n", (int)getpid());
	fclose(f);
}

/* Tells who waits in the foreground that all is well. */
static void
let_foreground_go(struct sup *s)
{
	char ok = 0;

	if (write(s->ready, &ok, 1) != 1)
		log_warning("nobody waits for the start any more");
	close(s->ready);
	s->ready = -1;
	log_leave_terminal();
}

static void
look_who_is_ready(struct sup *s)
{
	int i;

	if (s->is_serving)
		return;
	for (i = 0; i < PROC_MAX; i++)
		if (s->child[i].is_wanted &&
		    kind_table[kind_of(i)].again != ASKED &&
		    word_load_acquire(&REGION->area[i].proc.is_ready) == 0)
			return;
	s->is_serving = true;
	write_pidfile(&s->settings->options);
	log_notice("ready to accept connections: port %d, %d workers",
	    (int)s->settings->options.port, s->workers);
	herald_ready();
	if (s->ready >= 0)
		let_foreground_go(s);
}

static void
take_signals(struct sup *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			int i;

			log_reopen();
			for (i = 0; i < PROC_MAX; i++)
				if (s->child[i].pid > 0)
					kill(s->child[i].pid, SIGHUP);
		} else if (info.ssi_signo != SIGCHLD) {
			/* Init scripts repeat SIGTERM; it may cost no data. */
			bool is_urged = s->is_ending &&
			    info.ssi_signo == SIGINT;

			log_notice("signal %u: %s", info.ssi_signo, is_urged ?
			    "ending at once" : "ending");
			if (is_urged)
				s->end_us = 0;
			begin_end(s, 0);
		}
	}
}

static bool
anybody_lives(const struct sup *s)
{
	int i;

	for (i = 0; i < PROC_MAX; i++)
		if (s->child[i].pid > 0)
			return true;
	return false;
}

/*
 * Control gone while the node ends: without it nobody tells the workers, so
 * they are ended here.
 */
static bool
end_is_stuck(const struct sup *s)
{
	return s->is_ending && !has_to_save(s) &&
	    (clock_steady_us() > s->end_us ||
	    s->child[PROC_CONTROL].pid == 0);
}

/* Patience counts from the last snapshot on; and the end may be refused. */
static void
see_about_end(struct sup *s)
{
	if (has_to_save(s))
		s->end_us = clock_steady_us() +
		    s->state.options.shutdown_timeout * 1000000;
	if (s->is_ending && s->status == 0 && !s->state.is_stopping &&
	    word_load_acquire(&REGION->ctl.stop_refused) ==
	    REGION->sup.stop_wanted)
		s->is_ending = false;
}

static int
loop(struct sup *s)
{
	struct pollfd p[2] = {
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = s->bell_mine, .events = POLLIN },
	};

	s->turn_us = clock_steady_us();
	fork_missing(s);
	for (;;) {
		poll(p, 2, TICK_MS);
		doorbell_quiet(s->bell_mine);
		take_signals(s);
		reap(s);
		look_at_state(s);
		see_about_end(s);
		if (end_is_stuck(s))
			kill_all(s);
		if (s->is_ending && !anybody_lives(s))
			return s->status;
		fork_missing(s);
		look_who_is_ready(s);
		kill_stalled(s, clock_steady_us());
	}
}

/* --- the start --------------------------------------------------------- */

static int
count_workers(const struct options *o)
{
	int workers = o->workers > 0 ? (int)o->workers :
	    (int)sysconf(_SC_NPROCESSORS_ONLN);

	return workers < 1 ? 1 : workers > PROC_WORKERS ? PROC_WORKERS :
	    workers;
}

static bool
make_region(struct sup *s)
{
	const struct options *o = &s->settings->options;
	struct region_plan plan = { .name = o->shm_name,
	    .heap_bytes = memory_heap(o),
	    .log_bytes = LOG_TABLE * LOG_CHUNK,
	    .workers = (uint32_t)s->workers,
	    .wants_huge_pages = o->huge_pages };
	uint64_t random[REGION_RANDOM + 3];
	char why[REGION_WHY], replid[41];

	if (plan.heap_bytes > memory_machine(true)) {
		log_complain("a heap of %llu MB does not fit into this "
		    "machine's %llu MB of memory (shm-size)",
		    (unsigned long long)plan.heap_bytes >> 20,
		    (unsigned long long)memory_machine(true) >> 20);
		return false;
	}
	if (plan.heap_bytes < HEAP_SPAN * 16) {
		log_complain("shm-size is too small: at least 1mb");
		return false;
	}
	if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
		log_complain("no random numbers: %s", strerror(errno));
		return false;
	}
	if (region_create(&plan, random, clock_ms(), why) != 0) {
		log_complain("%s", why);
		return false;
	}
	log_set_limits(&REGION->common.log, (uint64_t)o->repl_backlog_size,
	    (uint64_t)o->client_output_buffer_limit[OPTION_REPLICA].hard_bytes);
	memcpy(REGION->head.config_file, s->settings->file,
	    sizeof(s->settings->file));
	if (readlink("/proc/self/exe", REGION->head.exec_file,
	    sizeof(REGION->head.exec_file) - 1) < 0)
		REGION->head.exec_file[0] = 0;
	region_print_id(random + REGION_RANDOM, replid);
	state_init(&REGION->state, o, replid, clock_ms());
	if (region_protect(REGION_SUPERVISOR, 0) != 0) {
		log_complain("the region's pages can not be protected: %s",
		    strerror(errno));
		return false;
	}
	return true;
}

static bool
make_bells(struct sup *s)
{
	enum proc_kind kind;
	int i;

	s->bell_mine = doorbell_make();
	for (i = 0; i < PROC_MAX; i++) {
		kind = kind_of(i);
		s->child[i].is_wanted = i - kind_table[kind].first <
		    count_of(kind, s->workers);
		s->bell[i] = s->child[i].is_wanted ? doorbell_make() : -1;
		if (s->bell_mine < 0 ||
		    (s->child[i].is_wanted && s->bell[i] < 0)) {
			log_complain("no doorbells: too many open files?");
			return false;
		}
	}
	return true;
}

static bool
take_signals_over(struct sup *s)
{
	static const int wanted[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < COUNT(wanted); i++)
		sigaddset(&set, wanted[i]);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return false;
	s->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return s->signals >= 0;
}

/* Enough descriptors for all clients, if we may. */
static void
raise_limits(const struct options *o)
{
	struct rlimit l;
	rlim_t wanted = (rlim_t)o->maxclients + 512;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur >= wanted)
		return;
	if (l.rlim_max < wanted) {
		struct rlimit more = { wanted, wanted };

		if (setrlimit(RLIMIT_NOFILE, &more) == 0)
			return;
		log_warning("maxclients is %d, but a worker may open only "
		    "%llu files (ulimit -n)", (int)o->maxclients,
		    (unsigned long long)l.rlim_max);
		wanted = l.rlim_max;
	}
	l.rlim_cur = wanted;
	setrlimit(RLIMIT_NOFILE, &l);
}

static bool
prepare_place(struct options *o)
{
	char why[HOME_WHY];

	if (!home_enter(o, why)) {
		log_complain("%s", why);
		return false;
	}
	if (log_open(o) != 0) {
		log_complain("the log file %s can not be opened: %s",
		    o->logfile, strerror(errno));
		return false;
	}
	return true;
}

/*
 * Goes into the background: the parent stays until all is ready (0) or the
 * start has failed.  Returns the pipe to tell it, -1 when we stay.
 */
static int
go_into_background(const struct options *o)
{
	int ends[2], null;
	char byte;

	if (!o->daemonize || pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	switch (fork()) {
	case -1:
		return -1;
	case 0:
		break;
	default:
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) == 1 ? 0 : 1);
	}
	close(ends[0]);
	setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		close(null);
	}
	return ends[1];
}

/* Whoever set something that has no effect is told so. */
static void
log_idle_options(const struct options *o)
{
	char names[NAMES_BYTES] = "";
	size_t used = 0, i;

	for (i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].when == OPTION_NEVER &&
		    !option_is_default(o, &option_table[i]) &&
		    used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) -
			    used, " %s", option_table[i].name);
	if (used > 0)
		log_notice("these options have no effect:%s", names);
}

static void
log_doubt(const struct options *o)
{
	char doubt[MEMORY_DOUBT];

	if (memory_is_doubtful(o, REGION->common.heap.spans * HEAP_SPAN,
	    doubt))
		log_warning("%s", doubt);
}

int
sup_main(struct settings *settings)
{
	static struct sup s;
	struct options *o = &settings->options;
	char why[LISTEN_WHY];
	uint64_t left;
	int bad;

	s.settings = settings;
	s.workers = count_workers(o);
	if (!prepare_place(o))
		return 1;
	s.ready = go_into_background(o);
	log_set_name("supervisor");
	/* What is beyond ulimit -f fails, and somebody says so. */
	signal(SIGXFSZ, SIG_IGN);
	raise_limits(o);
	if (listen_open(&s.listeners, o, s.workers, why) != 0) {
		log_complain("%s", why);
		listen_close(&s.listeners);
		return 1;
	}
	if (!make_region(&s) || !make_bells(&s) || !take_signals_over(&s)) {
		listen_close(&s.listeners);
		return 1;
	}
	title_set("supervisor", (int)o->port);
	log_notice("almandined %s begins: %d workers, heap of %llu MB",
	    PACKAGE_VERSION, s.workers, (unsigned long long)
	    REGION->common.heap.spans * HEAP_SPAN >> 20);
	log_idle_options(o);
	log_doubt(o);
	left = resident_code();
	if (left > 0)
		log_notice("%llu KB of the program can not be locked in memory "
		    "(ulimit -l)", (unsigned long long)left >> 10);
	state_read(&REGION->state, &s.state);
	bad = loop(&s);
	listen_close(&s.listeners);
	if (o->pidfile[0] != 0)
		unlink(o->pidfile);
	log_notice("the node has ended");
	return bad;
}
