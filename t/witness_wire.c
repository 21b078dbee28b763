#include "t/witness_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define AGAIN_NS (1 * MS)   /* until a refused request is repeated */
#define RECONNECT_NS (2 * MS)

uint16_t
wire_place(struct wire *w, const char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	const char *colon = strrchr(text, ':');
	char host[INET_ADDRSTRLEN];
	unsigned i;

	if (colon == NULL || colon - text >= (long)sizeof host)
		die("%s is no address", text);
	memcpy(host, text, colon - text);
	host[colon - text] = '\0';
	a.sin_port = htons((uint16_t)atoi(colon + 1));
	if (inet_pton(AF_INET, host, &a.sin_addr) != 1)
		die("%s is no address", text);
	for (i = 0; i < w->places; i++)
		if (w->place[i].sin_port == a.sin_port &&
		    w->place[i].sin_addr.s_addr == a.sin_addr.s_addr)
			return (uint16_t)i;
	if (w->places == PLACES_MAX)
		die("too many addresses");
	w->place[w->places] = a;
	return (uint16_t)w->places++;
}

struct peer *
wire_peer(struct wire *w, struct shard *s, const char *tag, unsigned turn,
    uint32_t keys)
{
	struct peer *p = calloc(1, sizeof *p);
	unsigned i;

	if (p == NULL)
		die("out of memory");
	for (i = 0; i < PLACES_MAX; i++)
		p->kept[i] = -1;
	tally_open(&p->book, s, tag, keys);
	p->wire = w;
	p->is_probe = keys == 0;
	p->fd = -1;
	p->turn = turn;
	p->at = s->place[turn % s->places];
	p->pipeline = 1;
	return p;
}

/* A writer turns to the shard's next node; a probe stays. */
static void
turn_on(struct peer *p)
{
	struct shard *s = p->book.shard;

	if (!p->is_probe)
		p->at = s->place[++p->turn % s->places];
}

/* Leaves the connection; what has no reply is in doubt. */
static void
leave(struct peer *p, int64_t wait_ns)
{
	uint32_t i;

	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	if (p->state == WAITING) {
		for (i = p->got; i < p->count && !p->is_probe; i++)
			tally_give_up(&p->book, p->batch[i]);
		/* Those that were refused are left to be asked again. */
		p->count = p->left;
	}
	p->left = p->got = 0;
	p->in_bytes = 0;
	p->is_asking = false;
	p->state = AWAY;
	p->wake_ns = p->wire->now_ns + wait_ns;
}

static void
break_off(struct peer *p)
{
	if (p->state == WAITING && !p->is_probe)
		p->book.shard->breaks++;
	leave(p, RECONNECT_NS);
	turn_on(p);
}

static void
watch(struct peer *p, uint32_t events, int how)
{
	struct epoll_event e = { .events = events, .data.ptr = p };

	if (epoll_ctl(p->wire->epoll, how, p->fd, &e) < 0)
		die("epoll: %s", strerror(errno));
}

/* A connection that was left without a fault is used again. */
static bool
is_kept(struct peer *p)
{
	char byte;

	p->fd = p->kept[p->at];
	p->kept[p->at] = -1;
	if (p->fd < 0)
		return false;
	if (recv(p->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	    errno == EAGAIN) {
		p->state = IDLE;
		watch(p, EPOLLIN, EPOLL_CTL_ADD);
		return true;
	}
	close(p->fd);
	p->fd = -1;
	return false;
}

static void
begin_connection(struct peer *p)
{
	const struct sockaddr_in *a = &p->wire->place[p->at];
	int one = 1;

	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		die("socket: %s", strerror(errno));
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	p->state = CONNECTING;
	p->since_ns = p->wire->now_ns;
	if (connect(p->fd, (const struct sockaddr *)a, sizeof *a) < 0 &&
	    errno != EINPROGRESS) {
		break_off(p);
		return;
	}
	watch(p, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
}

static void
flush(struct peer *p)
{
	ssize_t n;

	while (p->out_sent < p->out_bytes) {
		n = send(p->fd, p->out + p->out_sent,
		    p->out_bytes - p->out_sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			watch(p, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
			return;
		}
		if (n < 0) {
			break_off(p);
			return;
		}
		p->out_sent += n;
	}
}

static void
put_request(struct peer *p, const struct key *k)
{
	char name[NAME_BYTES];
	size_t bytes = tally_name(name, &p->book, k);

	p->out_bytes += snprintf(p->out + p->out_bytes,
	    sizeof p->out - p->out_bytes,
	    "%s*2\r\n$4\r\nINCR\r\n$%zu\r\n%s\r\n",
	    p->is_asking ? "*1\r\n$6\r\nASKING\r\n" : "", bytes, name);
}

/* The next batch: what was refused, or else new writes. */
static void
send_batch(struct peer *p)
{
	uint32_t i;

	if (p->count == 0 && !p->is_probe)
		while (p->count < p->pipeline)
			p->batch[p->count++] = tally_next(&p->book);
	if (p->is_probe)
		p->count = 1;
	p->out_bytes = p->out_sent = 0;
	for (i = 0; i < p->count; i++)
		put_request(p, p->is_probe ? NULL :
		    &p->book.keys[p->batch[i]]);
	p->got = p->left = 0;
	p->state = WAITING;
	p->since_ns = p->wire->now_ns;
	flush(p);
}

static void
take_number(struct peer *p, uint64_t number)
{
	if (p->is_probe)
		tally_acceptance(p->book.shard, p->at, number, p->since_ns,
		    p->wire->now_ns);
	else
		tally_number(&p->book, p->batch[p->got], number,
		    p->wire->now_ns);
}

/* "MOVED slot host:port": where to; errors leave the batch to be repeated. */
static void
take_error(struct peer *p, char *text)
{
	char *where = strrchr(text, ' ');
	bool is_moved = !strncmp(text, "MOVED ", 6);
	bool is_ask = !strncmp(text, "ASK ", 4);
	uint16_t to;

	if (p->is_probe)
		return;
	if (!strncmp(text, "INDOUBT", 7)) {
		tally_error(p->book.shard, text);
		tally_give_up(&p->book, p->batch[p->got]);
		return;
	}
	p->batch[p->left++] = p->batch[p->got];
	if ((is_moved || is_ask) && where != NULL && where[1] != ':') {
		to = wire_place(p->wire, where + 1);
		if (p->at == to)
			p->wake_ns = p->wire->now_ns + AGAIN_NS;
		p->at = to;
		p->is_asking = is_ask;
		p->book.shard->moved++;
		return;
	}
	tally_error(p->book.shard, text);
	p->wake_ns = p->wire->now_ns + AGAIN_NS;
	/* Its cluster is down: another one may know better. */
	if (!strncmp(text, "CLUSTERDOWN", 11) && p->left == 1)
		turn_on(p);
}

static void
end_batch(struct peer *p, uint16_t was_at)
{
	p->count = p->is_probe ? 0 : p->left;
	p->state = IDLE;
	if (p->is_probe)
		p->wake_ns = p->wire->now_ns + p->pace_ns;
	if (p->at == was_at)
		return;
	/* The next one goes to another place, over another connection. */
	if (epoll_ctl(p->wire->epoll, EPOLL_CTL_DEL, p->fd, NULL) < 0)
		die("epoll: %s", strerror(errno));
	p->kept[was_at] = p->fd;
	p->fd = -1;
	p->state = AWAY;
}

/* One reply, whose line ends before the CRLF; false: it is not understood. */
static bool
take_reply(struct peer *p, char *line)
{
	if (line[0] == '+')     /* of ASKING */
		return true;
	if (line[0] == ':')
		take_number(p, strtoull(line + 1, NULL, 10));
	else if (line[0] == '-')
		take_error(p, line + 1);
	else
		return false;
	p->got++;
	return true;
}

static void
take_replies(struct peer *p)
{
	uint16_t was_at = p->at;
	size_t at = 0;
	char *end;

	while ((end = memmem(p->in + at, p->in_bytes - at, "\r\n", 2))) {
		*end = '\0';
		if (p->state != WAITING || p->got == p->count ||
		    !take_reply(p, p->in + at))
			die("no reply to INCR: %s", p->in + at);
		at = end + 2 - p->in;
	}
	memmove(p->in, p->in + at, p->in_bytes - at);
	p->in_bytes -= at;
	if (p->state == WAITING && p->got == p->count)
		end_batch(p, was_at);
}

static void
receive(struct peer *p)
{
	ssize_t n = recv(p->fd, p->in + p->in_bytes,
	    sizeof p->in - p->in_bytes, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		break_off(p);
		return;
	}
	p->in_bytes += n;
	take_replies(p);
}

void
wire_happen(struct peer *p, uint32_t events)
{
	if (p->state == CONNECTING) {
		if (events & (EPOLLERR | EPOLLHUP)) {
			break_off(p);
			return;
		}
		if (!(events & EPOLLOUT))
			return;
		p->state = IDLE;
		if (p->wake_ns < p->wire->now_ns)
			p->wake_ns = p->wire->now_ns;
		watch(p, EPOLLIN, EPOLL_CTL_MOD);
		return;
	}
	if (events & EPOLLOUT) {
		watch(p, EPOLLIN, EPOLL_CTL_MOD);
		flush(p);
	}
	if (p->fd >= 0 && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		receive(p);
}

/* Whether it may begin something. */
static bool
is_wanted(const struct peer *p)
{
	const struct wire *w = p->wire;

	return w->is_going &&
	    !(w->is_holding && p->count == 0 && !p->is_probe);
}

static void
give_up_late(struct peer *p)
{
	if ((p->state != WAITING && p->state != CONNECTING) ||
	    p->wire->now_ns - p->since_ns < p->wire->timeout_ns)
		return;
	if (p->state == WAITING && !p->is_probe)
		p->book.shard->timeouts++;
	leave(p, 0);
	turn_on(p);
}

void
wire_drive(struct peer *p)
{
	give_up_late(p);
	if (p->wake_ns > p->wire->now_ns || !is_wanted(p))
		return;
	if (p->state == AWAY && !is_kept(p))
		begin_connection(p);
	if (p->state == IDLE)
		send_batch(p);
}
