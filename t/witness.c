/*
 * witness - writers that know what was acknowledged, and probes of who writes
 *
 * One thread, one epoll.  Orders come as lines on standard input, each is
 * answered by one line (JSON where there is more to say than "ok"):
 *
 *   timeout MS                a request without a reply for so long is given up
 *   shard NAME HOST:PORT...   the nodes of a shard; the first is tried first
 *   writer NAME TAG P KEYS    writes P keys at a time, all with the hash tag
 *   probe NAME TAG US         asks every node of the shard, each so long after
 *                             its last answer, to write the shard's probe
 *   go | hold                 writers begin; end, when all have their replies
 *   mark                      gaps are counted from here
 *   report                    what happened, see tally_report()
 *   keys                      every key and what it must hold
 *
 * Not here: what is counted, and why that proves something (witness_tally.h),
 * connections (witness_wire.h), who is stopped meanwhile (t/lib/shard.py).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "t/witness_wire.h"

#define SHARDS_MAX 16
#define PEERS_MAX 256
#define EVENTS 64

static struct {
	struct wire wire;
	struct shard shard[SHARDS_MAX];
	struct peer *peer[PEERS_MAX];
	unsigned shards, peers;
	int64_t held_ns;        /* since when "hold" has no answer, 0: not */
} w;

static int64_t
clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void
order_report(char **word, int words)
{
	unsigned i;

	(void)word, (void)words;
	printf("{");
	for (i = 0; i < w.shards; i++) {
		printf(i == 0 ? "" : ", ");
		tally_report(&w.shard[i], w.wire.now_ns);
	}
	printf("}\n");
}

static void
order_keys(char **word, int words)
{
	bool is_first = true;
	unsigned i;

	(void)word, (void)words;
	printf("[");
	for (i = 0; i < w.peers; i++)
		tally_keys(&w.peer[i]->book, &is_first);
	printf("]\n");
}

static void
order_mark(char **word, int words)
{
	unsigned i;

	(void)word, (void)words;
	for (i = 0; i < w.shards; i++)
		w.shard[i].gap_ns = w.shard[i].gap_at_ns = 0;
}

static struct shard *
shard_of(const char *name)
{
	unsigned i;

	for (i = 0; i < w.shards; i++)
		if (strcmp(w.shard[i].name, name) == 0)
			return &w.shard[i];
	die("no shard is called %s", name);
}

static void
order_shard(char **word, int words)
{
	struct shard *s = &w.shard[w.shards++];
	int i;

	if (w.shards > SHARDS_MAX || words < 3 || words > 2 + SHARD_NODES)
		die("too many or too few: shard");
	snprintf(s->name, sizeof s->name, "%s", word[1]);
	for (i = 2; i < words; i++)
		s->place[s->places++] = wire_place(&w.wire, word[i]);
	s->holder = -1;
}

static struct peer *
add_peer(struct shard *s, const char *tag, unsigned turn, uint32_t keys)
{
	if (w.peers == PEERS_MAX)
		die("too many writers");
	return w.peer[w.peers++] = wire_peer(&w.wire, s, tag, turn, keys);
}

static void
order_writer(char **word, int words)
{
	uint32_t pipeline, keys;

	if (words != 5)
		die("writer NAME TAG P KEYS");
	pipeline = (uint32_t)atoi(word[3]);
	keys = (uint32_t)atoi(word[4]);
	if (pipeline > PIPELINE_MAX || pipeline < 1 || keys < pipeline)
		die("a writer needs as many keys as it writes at once");
	add_peer(shard_of(word[1]), word[2], 0, keys)->pipeline = pipeline;
}

static void
order_probe(char **word, int words)
{
	struct shard *s;
	unsigned i;

	if (words != 4)
		die("probe NAME TAG US");
	s = shard_of(word[1]);
	for (i = 0; i < s->places; i++)
		add_peer(s, word[2], i, 0)->pace_ns = atoll(word[3]) * 1000;
}

/* True when no writer waits any more, or only for what is refused. */
static bool
is_held(void)
{
	unsigned i;

	for (i = 0; i < w.peers; i++)
		if (!w.peer[i]->is_probe && w.peer[i]->count > 0 &&
		    w.wire.now_ns - w.held_ns < 4 * w.wire.timeout_ns)
			return false;
	return true;
}

static void
order_timeout(char **word, int words)
{
	if (words != 2)
		die("timeout MS");
	w.wire.timeout_ns = atoll(word[1]) * MS;
}

static void
order_go(char **word, int words)
{
	(void)word, (void)words;
	w.wire.is_going = true;
	w.wire.is_holding = false;
}

static void
order_hold(char **word, int words)
{
	(void)word, (void)words;
	w.wire.is_holding = true;
	w.held_ns = w.wire.now_ns;
}

/* Those that do not answer themselves are answered by "ok". */
static const struct order {
	const char *name;
	void (*obey)(char **word, int words);
	bool answers;
} orders[] = {
	{ "timeout", order_timeout, false },
	{ "shard", order_shard, false },
	{ "writer", order_writer, false },
	{ "probe", order_probe, false },
	{ "go", order_go, false },
	{ "hold", order_hold, true },
	{ "mark", order_mark, false },
	{ "report", order_report, true },
	{ "keys", order_keys, true },
};

static void
obey(char *line)
{
	char *word[3 + SHARD_NODES], *rest = NULL, *t;
	int words = 0;
	unsigned i;

	for (t = strtok_r(line, " ", &rest);
	    t != NULL && words < 3 + SHARD_NODES;
	    t = strtok_r(NULL, " ", &rest))
		word[words++] = t;
	for (i = 0; i < sizeof orders / sizeof *orders && words > 0; i++) {
		if (strcmp(orders[i].name, word[0]) != 0)
			continue;
		orders[i].obey(word, words);
		if (!orders[i].answers)
			puts("ok");
		return;
	}
	die("no such order");
}

static void
read_orders(void)
{
	static char text[65536];
	static size_t bytes;
	char *end;
	ssize_t n = read(STDIN_FILENO, text + bytes, sizeof text - bytes - 1);

	if (n <= 0)
		exit(0);
	bytes += n;
	text[bytes] = '\0';
	while ((end = strchr(text, '\n')) != NULL) {
		*end = '\0';
		obey(text);
		bytes -= end + 1 - text;
		memmove(text, end + 1, bytes + 1);
	}
	fflush(stdout);
}

int
main(void)
{
	struct epoll_event event[EVENTS], e = { .events = EPOLLIN };
	int n, i;

	w.wire.timeout_ns = 1000 * MS;
	w.wire.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w.wire.epoll < 0 ||
	    epoll_ctl(w.wire.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &e) < 0)
		die("epoll: %s", strerror(errno));
	for (;;) {
		n = epoll_wait(w.wire.epoll, event, EVENTS,
		    w.wire.is_going ? 1 : -1);
		w.wire.now_ns = clock_ns();
		for (i = 0; i < n; i++) {
			if (event[i].data.ptr == NULL)
				read_orders();
			else
				wire_happen(event[i].data.ptr, event[i].events);
		}
		for (i = 0; i < (int)w.peers; i++)
			wire_drive(w.peer[i]);
		if (w.wire.is_holding && w.held_ns != 0 && is_held()) {
			w.held_ns = 0;
			puts("ok");
			fflush(stdout);
		}
	}
}
