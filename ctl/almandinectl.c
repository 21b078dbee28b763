/*
 * almandinectl - looks into a running node from outside
 *
 *	almandinectl status [PID]
 *	almandinectl progress [PID] [--wait]
 *	almandinectl check [--host H] [--port P] [--password W]
 *	almandinectl failover status|history [--host H] [--port P] ...
 *	almandinectl cluster start|status|stop ...
 *	almandinectl convert FILE
 *
 * status and progress read the region of a node (peek.h).
 * check asks the node to stand still and walk its region (DEBUG REGION).
 *
 * Not here: clusters of this machine (ctl/cluster.c), files of redis-server
 * (ctl/convert.c), what redis-cli can do.
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ctl/cluster.h"
#include "ctl/convert.h"
#include "ctl/failover.h"
#include "ctl/progress.h"

#define REPORT_BYTES 65536

/* --- status ------------------------------------------------------------- */

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
print_process(pid_t pid, uint32_t i, uint64_t version)
{
	const struct area *area = &REGION->area[i];
	struct proc p;
	uint32_t held;
	uint64_t undo;
	char name[32] = "control";

	if (i != PROC_CONTROL)
		snprintf(name, sizeof(name), "worker %u", i);
	peek(pid, &p, &area->proc, sizeof(p));
	peek(pid, &held, &area->journal.helds, sizeof(held));
	peek(pid, &undo, &area->journal.undo, sizeof(undo));
	printf("%-10s pid %-8u birth %-4u %-8s %-7s beat %-10llu",
	    name, p.pid, p.birth, p.is_ready ? "ready" : "starting",
	    p.is_asleep ? "asleep" : "awake", (unsigned long long)p.beat);
	if (p.version != version)
		printf(" acts upon version %llu",
		    (unsigned long long)p.version);
	if (held > 0)
		printf(" in %u slots", held);
	if (undo != 0)
		printf(" in a transaction");
	putchar('\n');
}

static int
print_status(pid_t pid)
{
	static struct region_head head;
	static struct region_sup sup;
	struct heap heap;
	struct log log;
	uint64_t version, mends, mend_us;
	uint32_t i;

	peek_head(pid, &head);
	peek(pid, &sup, &REGION->sup, sizeof(sup));
	peek(pid, &version, &REGION->state.version, sizeof(version));
	peek(pid, &mends, &REGION->ctl.mends, sizeof(mends));
	peek(pid, &mend_us, &REGION->ctl.mend_us_max, sizeof(mend_us));
	peek(pid, &heap, &REGION->common.heap, sizeof(heap));
	peek(pid, &log, &REGION->common.log, sizeof(log));
	printf("node       pid %u, up %lld s, version %llu\n",
	    head.supervisor_pid, (long long)(now_ms() - head.born_ms) / 1000,
	    (unsigned long long)version);
	printf("deaths     %llu, mended %llu, longest %llu us\n",
	    (unsigned long long)sup.deaths, (unsigned long long)mends,
	    (unsigned long long)mend_us);
	printf("heap       %llu of %u spans of %llu KB taken\n",
	    (unsigned long long)heap.spans_used, heap.spans,
	    (unsigned long long)HEAP_SPAN / 1024);
	printf("log        %llu to %llu%s\n", (unsigned long long)log.first,
	    (unsigned long long)log.end, log.lock != 0 ? ", locked" : "");
	for (i = 0; i < head.workers; i++)
		print_process(pid, i, version);
	print_process(pid, PROC_CONTROL, version);
	return GOOD;
}

/* --- check -------------------------------------------------------------- */

struct address {
	const char *host, *port, *password;
};

static int
open_connection(const struct address *a)
{
	struct addrinfo wanted = { .ai_socktype = SOCK_STREAM }, *found, *i;
	int bad = getaddrinfo(a->host, a->port, &wanted, &found), fd = -1;

	if (bad != 0)
		peek_end(BAD, "%s: %s", a->host, gai_strerror(bad));
	for (i = found; i != NULL && fd < 0; i = i->ai_next) {
		fd = socket(i->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, i->ai_addr, i->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	if (fd < 0)
		peek_end(BAD, "nobody answers at %s port %s", a->host, a->port);
	freeaddrinfo(found);
	return fd;
}

static void
send_text(FILE *f, int count, const char *const *words)
{
	int i;

	fprintf(f, "*%d\r\n", count);
	for (i = 0; i < count; i++)
		fprintf(f, "$%zu\r\n%s\r\n", strlen(words[i]), words[i]);
	fflush(f);
}

/* Reads one reply: a bulk into text, or a line; ends upon an error. */
static void
read_reply(FILE *f, char text[REPORT_BYTES])
{
	size_t bytes;

	if (fgets(text, REPORT_BYTES, f) == NULL)
		peek_end(BAD, "the node closed the connection");
	text[strcspn(text, "\r\n")] = '\0';
	if (text[0] == '-')
		peek_end(BAD, "the node says: %s", text + 1);
	if (text[0] != '$')
		return;
	bytes = (size_t)strtoul(text + 1, NULL, 10);
	if (bytes >= REPORT_BYTES || fread(text, 1, bytes, f) != bytes)
		peek_end(BAD, "the reply makes no sense");
	text[bytes] = '\0';
}

static int
print_check(const struct address *a)
{
	static char text[REPORT_BYTES];
	FILE *f = fdopen(open_connection(a), "r+");
	bool is_sound;

	if (f == NULL)
		peek_end(BAD, "no memory");
	if (a->password != NULL) {
		send_text(f, 2, (const char *const[]){ "AUTH", a->password });
		read_reply(f, text);
	}
	send_text(f, 2, (const char *const[]){ "DEBUG", "REGION" });
	read_reply(f, text);
	fputs(text, stdout);
	is_sound = strncmp(text, "region:sound", 12) == 0;
	fclose(f);
	return is_sound ? GOOD : BAD;
}

/* ------------------------------------------------------------------------ */

static _Noreturn void
usage(int code)
{
	fputs("usage: almandinectl status [PID]\n"
	    "       almandinectl progress [PID] [--wait]\n"
	    "       almandinectl check [--host H] [--port P] [--password W]\n"
	    "       almandinectl failover status|history [--host H] [--port P]\n"
	    "                    [--password W]\n"
	    "       almandinectl cluster start|status|stop ...\n"
	    "       almandinectl convert FILE\n",
	    code == GOOD ? stdout : stderr);
	exit(code);
}

static struct address
read_address(int argc, char **argv)
{
	struct address a = { "127.0.0.1", "6379", NULL };
	int i;

	for (i = 0; i < argc; i += 2) {
		if (i + 1 == argc)
			usage(USAGE);
		if (strcmp(argv[i], "--host") == 0)
			a.host = argv[i + 1];
		else if (strcmp(argv[i], "--port") == 0)
			a.port = argv[i + 1];
		else if (strcmp(argv[i], "--password") == 0)
			a.password = argv[i + 1];
		else
			usage(USAGE);
	}
	return a;
}

int
main(int argc, char **argv)
{
	struct address a;

	if (argc < 2)
		usage(USAGE);
	if (strcmp(argv[1], "--help") == 0)
		usage(GOOD);
	if (strcmp(argv[1], "--version") == 0) {
		puts("almandinectl " PACKAGE_VERSION);
		return GOOD;
	}
	if (strcmp(argv[1], "status") == 0 && argc <= 3)
		return print_status(peek_find(argc == 3 ? argv[2] : NULL));
	if (strcmp(argv[1], "progress") == 0 && argc <= 4) {
		bool waits = strcmp(argv[argc - 1], "--wait") == 0;

		return progress_show(peek_find(argc - waits == 3 ? argv[2] :
		    NULL), waits);
	}
	if (strcmp(argv[1], "cluster") == 0)
		return cluster_main(argc - 2, argv + 2);
	if (strcmp(argv[1], "convert") == 0 && argc == 3)
		return convert_print(argv[2]);
	if (strcmp(argv[1], "failover") == 0 && argc > 2 &&
	    (strcmp(argv[2], "status") == 0 ||
	    strcmp(argv[2], "history") == 0)) {
		a = read_address(argc - 3, argv + 3);
		return failover_show(a.host, a.port, a.password,
		    argv[2][0] == 'h');
	}
	if (strcmp(argv[1], "check") != 0)
		usage(USAGE);
	a = read_address(argc - 2, argv + 2);
	return print_check(&a);
}
