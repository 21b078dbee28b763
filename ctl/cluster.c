#include "ctl/cluster.h"

#include "ctl/peek.h"

#include <dirent.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NODES_MAX 64
#define PATH_ROOM 512
#define TEXT_ROOM 128
#define WAIT_MS 60000
#define LOOK_MS 20
#define SLOTS 16384
#define PIDFILE "almandined.pid"
#define LOGFILE "almandined.log"
#define HOST "127.0.0.1"

struct node {
	int port;
	redisContext *link;      /* NULL: it does not answer */
};

struct plan {
	int primaries, replicas; /* replicas: of each primary */
	int port;                /* of the first node; the others follow */
	const char *dir;
	char **more;             /* options for every node, NULL at the end */
	struct node node[NODES_MAX];
	int nodes;
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
rest(void)
{
	nanosleep(&(struct timespec){ 0, LOOK_MS * 1000000L }, NULL);
}

static void
put_path(char path[PATH_ROOM], const struct plan *p, int port, const char *file)
{
	snprintf(path, PATH_ROOM, "%s/%d%s%s", p->dir, port,
	    file[0] != 0 ? "/" : "", file);
}

/* --- talking to nodes -------------------------------------------------- */

static void
unlink_node(struct node *n)
{
	if (n->link != NULL)
		redisFree(n->link);
	n->link = NULL;
}

/* Whether it answers. */
static bool
link_node(struct node *n)
{
	struct timeval limit = { 2, 0 };
	redisReply *r;
	bool is_there;

	if (n->link == NULL)
		n->link = redisConnectWithTimeout(HOST, n->port, limit);
	if (n->link == NULL || n->link->err != 0) {
		unlink_node(n);
		return false;
	}
	redisSetTimeout(n->link, limit);
	r = redisCommand(n->link, "PING");
	is_there = r != NULL;
	if (r != NULL)
		freeReplyObject(r);
	else
		unlink_node(n);
	return is_there;
}

/*
 * The answer, to be freed; NULL with its reason printed when there is none or
 * an error.
 */
static __attribute__((format(printf, 3, 4))) redisReply *
ask(struct node *n, bool is_quiet, const char *format, ...)
{
	redisReply *r = NULL;
	va_list args;

	if (n->link != NULL) {
		va_start(args, format);
		r = redisvCommand(n->link, format, args);
		va_end(args);
	}
	if (r != NULL && r->type != REDIS_REPLY_ERROR)
		return r;
	if (!is_quiet)
		peek_complain("%s:%d: %s", HOST, n->port, r != NULL ? r->str :
		    "no answer");
	if (r != NULL)
		freeReplyObject(r);
	else
		unlink_node(n);
	return NULL;
}

#define is_done(n, is_quiet, ...) \
	is_answered(ask((n), (is_quiet), __VA_ARGS__))

static bool
is_answered(redisReply *r)
{
	if (r != NULL)
		freeReplyObject(r);
	return r != NULL;
}

/*
 * A field of the text that a command of two words replies; empty when it is not
 * there.
 */
static void
get_field(struct node *n, const char *command, const char *name,
    char value[TEXT_ROOM])
{
	size_t bytes = strlen(name);
	const char *second = strchr(command, ' ') + 1;
	char first[16];
	redisReply *r;
	const char *line;

	value[0] = 0;
	snprintf(first, sizeof(first), "%.*s", (int)(second - command - 1),
	    command);
	r = ask(n, true, "%s %s", first, second);
	if (r == NULL)
		return;
	for (line = r->str; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, bytes) != 0 || line[bytes] != ':')
			continue;
		line += bytes + 1;
		snprintf(value, TEXT_ROOM, "%.*s", (int)strcspn(line, "\r\n"),
		    line);
		break;
	}
	freeReplyObject(r);
}

static bool
has_field(struct node *n, const char *command, const char *name,
    const char *wanted)
{
	char value[TEXT_ROOM];

	get_field(n, command, name, value);
	return strcmp(value, wanted) == 0;
}

/* --- which nodes there are --------------------------------------------- */

static int
compare_ports(const void *a, const void *b)
{
	return ((const struct node *)a)->port - ((const struct node *)b)->port;
}

/* Those that have a directory; false when there is none for all. */
static bool
find_ports(struct plan *p)
{
	DIR *dir = opendir(p->dir);
	struct dirent *e;

	if (dir == NULL)
		return false;
	while ((e = readdir(dir)) != NULL && p->nodes < NODES_MAX) {
		char *end;
		long port = strtol(e->d_name, &end, 10);

		if (*end == 0 && port > 0 && port <= UINT16_MAX)
			p->node[p->nodes++].port = (int)port;
	}
	closedir(dir);
	qsort(p->node, (size_t)p->nodes, sizeof(p->node[0]), compare_ports);
	return true;
}

static int
find_nodes(struct plan *p)
{
	if (!find_ports(p))
		return peek_complain("%s: %s", p->dir, strerror(errno));
	if (p->nodes == 0)
		return peek_complain("there is no cluster in %s", p->dir);
	return GOOD;
}

/*
 * The node's process, 0 when it does not run.  A node that was killed leaves
 * its file, and the number may be another program's now.
 */
static pid_t
pid_of(const struct plan *p, const struct node *n)
{
	char path[PATH_ROOM], pid[16] = "";
	FILE *f;

	put_path(path, p, n->port, PIDFILE);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%15[0-9]", pid) != 1)
		pid[0] = 0;
	fclose(f);
	return pid[0] != 0 && peek_is_supervisor(pid) ? (pid_t)atol(pid) : 0;
}

/* --- start ------------------------------------------------------------- */

/* The server that was installed or built with this program. */
static void
find_server(char path[PATH_ROOM])
{
	ssize_t bytes = readlink("/proc/self/exe", path, PATH_ROOM - 1);
	char *slash;

	path[bytes > 0 ? bytes : 0] = 0;
	slash = strrchr(path, '/');
	if (slash != NULL && (size_t)(slash - path) + sizeof("/almandined") <=
	    PATH_ROOM)
		memcpy(slash, "/almandined", sizeof("/almandined"));
	if (slash == NULL || access(path, X_OK) != 0)
		snprintf(path, PATH_ROOM, "almandined");
}

static _Noreturn void
become_server(const struct plan *p, const struct node *n)
{
	char server[PATH_ROOM], dir[PATH_ROOM], port[16];
	char *argv[128] = { server, "--port", port, "--bind", HOST,
	    "--cluster-enabled", "yes", "--appendonly", "yes",
	    "--daemonize", "yes", "--pidfile", PIDFILE, "--logfile", LOGFILE,
	    /* Nobody else is awaited: each primary has its replica. */
	    "--repl-diskless-sync-delay", "0" };
	size_t i = 17, j;

	find_server(server);
	put_path(dir, p, n->port, "");
	snprintf(port, sizeof(port), "%d", n->port);
	for (j = 0; p->more[j] != NULL && i + 1 < 128; j++)
		argv[i++] = p->more[j];
	argv[i] = NULL;
	if (chdir(dir) != 0)
		_exit(peek_complain("%s: %s", dir, strerror(errno)));
	execvp(server, argv);
	_exit(peek_complain("%s: %s", server, strerror(errno)));
}

static int
start_node(struct plan *p, struct node *n)
{
	char dir[PATH_ROOM];
	int status = 0;
	pid_t pid;

	if (pid_of(p, n) != 0)
		return GOOD;
	put_path(dir, p, n->port, "");
	if ((mkdir(p->dir, 0777) != 0 && errno != EEXIST) ||
	    (mkdir(dir, 0777) != 0 && errno != EEXIST))
		return peek_complain("%s: %s", dir, strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become_server(p, n);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return GOOD;
	return peek_complain("the node on port %d did not start (see %s/"
	    LOGFILE ")", n->port, dir);
}

/* Waits until it is so for every node. */
static bool
until_all(struct plan *p, const char *what,
    bool (*is_so)(struct plan *p, struct node *n))
{
	int64_t limit = now_ms() + WAIT_MS;
	int i = 0;

	while (i < p->nodes) {
		if (is_so(p, &p->node[i])) {
			i++;
			continue;
		}
		if (now_ms() > limit) {
			peek_complain("port %d: %s: not within %d s",
			    p->node[i].port, what, WAIT_MS / 1000);
			return false;
		}
		rest();
	}
	return true;
}

static bool
answers(struct plan *p, struct node *n)
{
	(void)p;
	return link_node(n);
}

static bool
knows_all(struct plan *p, struct node *n)
{
	char count[TEXT_ROOM];

	snprintf(count, sizeof(count), "%d", p->nodes);
	return has_field(n, "CLUSTER INFO", "cluster_known_nodes", count);
}

static bool
is_ok(struct plan *p, struct node *n)
{
	(void)p;
	return has_field(n, "CLUSTER INFO", "cluster_state", "ok");
}

static bool
is_linked(struct plan *p, struct node *n)
{
	(void)p;
	return has_field(n, "INFO replication", "role", "master") ||
	    has_field(n, "INFO replication", "master_link_status", "up");
}

static bool
gets_id(struct node *n, char id[TEXT_ROOM])
{
	redisReply *r = ask(n, false, "CLUSTER MYID");

	if (r == NULL)
		return false;
	snprintf(id, TEXT_ROOM, "%s", r->str);
	freeReplyObject(r);
	return true;
}

static bool
meet(struct plan *p)
{
	int i, j;

	for (i = 0; i < p->nodes; i++)
		if (!is_done(&p->node[i], false,
		    "CLUSTER SET-CONFIG-EPOCH %d", i + 1))
			return false;
	/* All of them, so that nobody has to hear of another by gossip. */
	for (i = 0; i < p->nodes; i++)
		for (j = i + 1; j < p->nodes; j++)
			if (!is_done(&p->node[i], false, "CLUSTER MEET %s %d",
			    HOST, p->node[j].port))
				return false;
	return until_all(p, "knows all nodes", knows_all);
}

static bool
deal_slots(struct plan *p)
{
	int i;

	for (i = 0; i < p->primaries; i++)
		if (!is_done(&p->node[i], false,
		    "CLUSTER ADDSLOTSRANGE %d %d", SLOTS * i / p->primaries,
		    SLOTS * (i + 1) / p->primaries - 1))
			return false;
	return true;
}

static bool
deal_replicas(struct plan *p)
{
	char id[TEXT_ROOM];
	int i;

	for (i = p->primaries; i < p->nodes; i++)
		if (!gets_id(&p->node[(i - p->primaries) % p->primaries],
		    id) || !is_done(&p->node[i], false,
		    "CLUSTER REPLICATE %s", id))
			return false;
	return true;
}

static bool
is_new(struct plan *p)
{
	int i;

	for (i = 0; i < p->nodes; i++)
		if (!has_field(&p->node[i], "CLUSTER INFO",
		    "cluster_known_nodes", "1") ||
		    !has_field(&p->node[i], "CLUSTER INFO",
		    "cluster_slots_assigned", "0"))
			return false;
	return true;
}

/* --- status ------------------------------------------------------------ */

/* The slots in this node's own line of CLUSTER NODES. */
static void
get_slots(struct node *n, char slots[TEXT_ROOM])
{
	redisReply *r = ask(n, true, "CLUSTER NODES");
	char *line, *word;
	int i;

	snprintf(slots, TEXT_ROOM, "-");
	if (r == NULL)
		return;
	line = strstr(r->str, "myself");
	if (line != NULL) {
		line[strcspn(line, "\r\n")] = 0;
		/* flags primary ping pong epoch link slots... */
		for (i = 0, word = line; i < 6 && word != NULL; i++)
			word = strchr(word + 1, ' ');
		if (word != NULL)
			snprintf(slots, TEXT_ROOM, "%s", word + 1);
	}
	freeReplyObject(r);
}

static void
show_node(struct plan *p, struct node *n)
{
	char role[TEXT_ROOM], state[TEXT_ROOM], offset[TEXT_ROOM],
	    of[TEXT_ROOM], slots[TEXT_ROOM];
	bool is_replica;

	if (!link_node(n)) {
		printf("%-6d %-7d does not answer\n", n->port,
		    (int)pid_of(p, n));
		return;
	}
	get_field(n, "INFO replication", "role", role);
	get_field(n, "CLUSTER INFO", "cluster_state", state);
	get_field(n, "INFO replication", "master_repl_offset", offset);
	get_field(n, "INFO replication", "master_port", of);
	get_slots(n, slots);
	is_replica = strcmp(role, "slave") == 0;
	printf("%-6d %-7d %-8s %-6s %-12s %s%s\n", n->port, (int)pid_of(p, n),
	    is_replica ? "replica" : "primary", state, offset,
	    is_replica ? "of " : "", is_replica ? of : slots);
}

static int
show(struct plan *p)
{
	int i, code = GOOD;

	printf("%-6s %-7s %-8s %-6s %-12s %s\n", "port", "pid", "role",
	    "state", "offset", "slots");
	for (i = 0; i < p->nodes; i++) {
		show_node(p, &p->node[i]);
		if (p->node[i].link == NULL || !is_ok(p, &p->node[i]))
			code = BAD;
	}
	return code;
}

/* How many nodes of its cluster the node's file knows. */
static int
count_known(const struct plan *p, const struct node *n)
{
	char path[PATH_ROOM], part[4096];
	bool is_start = true;
	int count = 0;
	FILE *f;

	put_path(path, p, n->port, "nodes.conf");
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	while (fgets(part, sizeof(part), f) != NULL) {
		count += is_start && strchr(part, '@') != NULL;
		is_start = strchr(part, '\n') != NULL;
	}
	fclose(f);
	return count;
}

/*
 * Whether the directory holds nothing but what is to be started: not a cluster
 * that was made with other numbers.  One whose making was broken off goes on.
 */
static bool
is_as_made(const struct plan *p)
{
	struct plan old = { .dir = p->dir };
	int i, most = 0, last = p->port + p->nodes - 1;
	bool fits = true;

	if (!find_ports(&old))
		return true;
	for (i = 0; i < old.nodes; i++) {
		int port = old.node[i].port, known = count_known(p,
		    &old.node[i]);

		fits = fits && port >= p->port && port <= last;
		most = known > most ? known : most;
	}
	if (fits && (most <= 1 || old.nodes == p->nodes))
		return true;
	peek_complain("%s holds a cluster of %d nodes, ports %d to %d; asked "
	    "for are %d, ports %d to %d: give the --port, --primaries and "
	    "--replicas that it was made with, or another --dir", p->dir,
	    old.nodes, old.node[0].port, old.node[old.nodes - 1].port,
	    p->nodes, p->port, last);
	return false;
}

static int
start(struct plan *p)
{
	int i;

	p->nodes = p->primaries * (1 + p->replicas);
	if (!is_as_made(p))
		return BAD;
	for (i = 0; i < p->nodes; i++) {
		p->node[i].port = p->port + i;
		if (start_node(p, &p->node[i]) == GOOD)
			continue;
		if (i > 0)
			peek_complain("the %d before it run; almandinectl "
			    "cluster stop --dir %s ends them", i, p->dir);
		return BAD;
	}
	if (!until_all(p, "answers", answers))
		return BAD;
	if (is_new(p) && !(meet(p) && deal_slots(p) && deal_replicas(p)))
		return BAD;
	if (!until_all(p, "the cluster's state is ok", is_ok) ||
	    !until_all(p, "follows its primary", is_linked))
		return BAD;
	return show(p);
}

/* --- stop -------------------------------------------------------------- */

static bool
is_gone(struct plan *p, struct node *n)
{
	return pid_of(p, n) == 0;
}

static int
stop(struct plan *p)
{
	int i;

	for (i = 0; i < p->nodes; i++) {
		pid_t pid = pid_of(p, &p->node[i]);

		if (pid != 0)
			kill(pid, SIGTERM);
	}
	return until_all(p, "has ended", is_gone) ? GOOD : BAD;
}

/* ----------------------------------------------------------------------- */

static int
usage(int code)
{
	fputs("usage: almandinectl cluster start [--primaries 3] "
	    "[--replicas 1] [--port 7000]\n"
	    "                                  [--dir almandine-cluster] "
	    "[-- options of almandined]\n"
	    "       almandinectl cluster status|stop "
	    "[--dir almandine-cluster]\n",
	    code == GOOD ? stdout : stderr);
	return code;
}

static bool
read_number(const char *text, long min, long max, int *n)
{
	char *end;
	long got = strtol(text, &end, 10);

	if (*text == 0 || *end != 0 || got < min || got > max)
		return false;
	*n = (int)got;
	return true;
}

/* Options up to the end or to `--`. */
static bool
read_options(struct plan *p, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i += 2) {
		if (strcmp(argv[i], "--") == 0) {
			p->more = argv + i + 1;
			return true;
		}
		if (i + 1 == argc)
			return false;
		if (strcmp(argv[i], "--dir") == 0)
			p->dir = argv[i + 1];
		else if (!(strcmp(argv[i], "--primaries") == 0 &&
		    read_number(argv[i + 1], 1, 32, &p->primaries)) &&
		    !(strcmp(argv[i], "--replicas") == 0 &&
		    read_number(argv[i + 1], 0, 8, &p->replicas)) &&
		    !(strcmp(argv[i], "--port") == 0 &&
		    read_number(argv[i + 1], 1, 50000, &p->port)))
			return false;
	}
	p->more = argv + argc;
	return true;
}

int
cluster_main(int argc, char **argv)
{
	struct plan p = { .primaries = 3, .replicas = 1, .port = 7000,
	    .dir = "almandine-cluster" };
	int code;

	if (argc == 1 && strcmp(argv[0], "--help") == 0)
		return usage(GOOD);
	if (argc < 1 || !read_options(&p, argc - 1, argv + 1) ||
	    p.primaries * (1 + p.replicas) > NODES_MAX)
		return usage(USAGE);
	if (strcmp(argv[0], "start") == 0)
		code = start(&p);
	else if (strcmp(argv[0], "status") == 0)
		code = find_nodes(&p) != GOOD ? BAD : show(&p);
	else if (strcmp(argv[0], "stop") == 0)
		code = find_nodes(&p) != GOOD ? BAD : stop(&p);
	else
		code = usage(USAGE);
	while (p.nodes-- > 0)
		unlink_node(&p.node[p.nodes]);
	return code;
}
