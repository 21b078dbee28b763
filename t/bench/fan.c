/*
 * fan - one publisher and many subscribers: messages handed out a second
 *
 *	fan PORT PID SUBSCRIBERS PIPELINE SECONDS
 *
 * A round is PIPELINE times PUBLISH in one send; it is over when the replies
 * and all copies of all messages have come.  All messages have the same length,
 * so it is enough to count bytes.  One line is printed, as load does:
 *
 *	ops_s       copies handed out a second
 *	server_cpu  microseconds of processor time a copy
 *	p99         of a round's time, in microseconds
 *
 * Not here: who starts it (run).
 */
#include "t/bench/cpu.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SIZE 64               /* bytes of a message */
#define ROUNDS_MAX 1000000
#define SUBSCRIBERS_MAX 10000
#define WARM_ROUNDS 200

struct fan {
	int poll, publisher, subscribers;
	size_t expect;        /* bytes that still have to come in this round */
	char *request;
	size_t request_bytes;
	uint64_t took[ROUNDS_MAX];
	int rounds;
};

static void
fail(const char *what)
{
	fprintf(stderr, "fan: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int
dial(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		fail("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void
put(int fd, const char *data, size_t bytes)
{
	while (bytes > 0) {
		ssize_t n = send(fd, data, bytes, MSG_NOSIGNAL);

		if (n <= 0)
			fail("send");
		data += n;
		bytes -= (size_t)n;
	}
}

static void
watch(struct fan *f, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(f->poll, EPOLL_CTL_ADD, fd, &e) != 0)
		fail("epoll_ctl");
}

/* What comes is counted until nothing more has to come. */
static void
hear(struct fan *f)
{
	static char bin[1 << 18];
	struct epoll_event e[256];
	int i, n;

	while (f->expect > 0) {
		n = epoll_wait(f->poll, e, 256, 10000);
		if (n <= 0)
			fail("nothing comes");
		for (i = 0; i < n; i++) {
			ssize_t got = recv(e[i].data.fd, bin, sizeof(bin), 0);

			if (got <= 0 || (size_t)got > f->expect)
				fail("recv");
			f->expect -= (size_t)got;
		}
	}
}

static void
subscribe(struct fan *f, int port)
{
	static const char request[] = "SUBSCRIBE fan\r\n";
	static const char answer[] =
	    "*3\r\n$9\r\nsubscribe\r\n$3\r\nfan\r\n:1\r\n";
	int i;

	for (i = 0; i < f->subscribers; i++) {
		int fd = dial(port);

		put(fd, request, sizeof(request) - 1);
		watch(f, fd);
		f->expect = sizeof(answer) - 1;
		hear(f);
	}
}

/* The bytes that a round brings. */
static size_t
round_bytes(const struct fan *f, int pipeline)
{
	char text[64];
	size_t reply = (size_t)snprintf(text, sizeof(text), ":%d\r\n",
	    f->subscribers);
	size_t copy = (size_t)snprintf(text, sizeof(text),
	    "*3\r\n$7\r\nmessage\r\n$3\r\nfan\r\n$%d\r\n", SIZE) + SIZE + 2;

	return (size_t)pipeline * (reply + copy * (size_t)f->subscribers);
}

static void
make_request(struct fan *f, int pipeline)
{
	char one[SIZE + 64];
	int i, n;

	n = snprintf(one, sizeof(one), "*3\r\n$7\r\nPUBLISH\r\n$3\r\nfan\r\n"
	    "$%d\r\n%0*d\r\n", SIZE, SIZE, 0);
	f->request_bytes = (size_t)n * (size_t)pipeline;
	f->request = malloc(f->request_bytes);
	if (f->request == NULL)
		fail("memory");
	for (i = 0; i < pipeline; i++)
		memcpy(f->request + (size_t)i * (size_t)n, one, (size_t)n);
}

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
run_round(struct fan *f, int pipeline)
{
	put(f->publisher, f->request, f->request_bytes);
	f->expect = round_bytes(f, pipeline);
	hear(f);
}

int
main(int argc, char **argv)
{
	static struct fan f;
	static struct cpu cpu;
	uint64_t begin, end, at, used, steal;
	double seconds, copies;
	int pipeline, i;

	if (argc != 6)
		return 1;
	f.subscribers = atoi(argv[3]);
	pipeline = atoi(argv[4]);
	if (f.subscribers < 1 || f.subscribers > SUBSCRIBERS_MAX ||
	    pipeline < 1)
		return 1;
	f.poll = epoll_create1(EPOLL_CLOEXEC);
	subscribe(&f, atoi(argv[1]));
	f.publisher = dial(atoi(argv[1]));
	watch(&f, f.publisher);
	make_request(&f, pipeline);
	cpu_add(&cpu, atoi(argv[2]));
	for (i = 0; i < WARM_ROUNDS; i++)
		run_round(&f, pipeline);
	used = cpu_ns(&cpu);
	steal = cpu_steal_ms();
	begin = at = now_ns();
	end = begin + (uint64_t)(atof(argv[5]) * 1e9);
	while (at < end && f.rounds < ROUNDS_MAX) {
		uint64_t since = at;

		run_round(&f, pipeline);
		at = now_ns();
		f.took[f.rounds++] = at - since;
	}
	used = cpu_ns(&cpu) - used;
	qsort(f.took, (size_t)f.rounds, sizeof(*f.took), by_number);
	seconds = (double)(at - begin) / 1e9;
	copies = (double)f.rounds * pipeline * f.subscribers;
	printf("ops_s=%.0f server_cpu=%.4f p99=%.1f steal_ms=%llu "
	    "seconds=%.3f\n", copies / seconds, (double)used / 1e3 / copies,
	    (double)f.took[f.rounds * 99 / 100] / 1e3,
	    (unsigned long long)(cpu_steal_ms() - steal), seconds);
	return 0;
}
