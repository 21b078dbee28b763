#include "daemon/ctl_bus.h"

#include "daemon/log.h"
#include "proto/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 64
#define READ_ROOM 65536
#define READS_MAX 16           /* of one wire in a turn */
#define LISTENER (1ull << 32)  /* in an event's word: not a wire */
#define STRANGERS_MAX 256      /* connections that none of our nodes uses */
#define OWN_TYPE 15

enum wire_state { WIRE_FREE, WIRE_OPENING, WIRE_OPEN, WIRE_FAILED };

struct wire {
	enum wire_state state;
	int fd, bad;               /* errno of WIRE_FAILED, 0: it was closed */
	uint64_t number;
	bool is_writing;           /* it waits for room in the socket */
	char ip[BUS_IP], own_ip[BUS_IP];
	uint8_t *in, *out;
	size_t in_bytes, in_room, out_at, out_bytes, out_room;
};

static struct {
	int epoll;
	struct ctl_bus_user user;
	const struct birth *birth;
	struct wire *wire;
	unsigned wires, room;
	unsigned failed;           /* wires in WIRE_FAILED */
	unsigned inbound;          /* wires that peers opened */
	uint32_t serial;
	uint64_t limit;
	struct network allowed[NETWORK_MOST];
	int allows;                /* how many, 0: everybody */
} bus;

struct ctl_bus_counts ctl_bus_counts;

/* --- who may ----------------------------------------------------------- */

void
ctl_bus_allow(const char *words)
{
	bus.allows = network_read_list(slice_of(words), bus.allowed);
	must(bus.allows >= 0, "option_check() has read cluster-bus-allow");
}

bool
ctl_bus_address(struct slice text, char ip[BUS_IP])
{
	char word[BUS_IP] = "";
	uint8_t address[16];
	int family;

	if (text.bytes >= sizeof(word))
		return false;
	memcpy(word, text.data, text.bytes);
	family = strchr(word, ':') != NULL ? AF_INET6 : AF_INET;
	return inet_pton(family, word, address) == 1 &&
	    inet_ntop(family, address, ip, BUS_IP) != NULL;
}

void
ctl_bus_limit(uint64_t bytes)
{
	bus.limit = bytes;
}

/* --- wires ------------------------------------------------------------- */

static void
print_address(const struct sockaddr_storage *a, char ip[BUS_IP])
{
	const void *address = a->ss_family == AF_INET6 ?
	    (const void *)&((const struct sockaddr_in6 *)a)->sin6_addr :
	    (const void *)&((const struct sockaddr_in *)a)->sin_addr;

	if (inet_ntop(a->ss_family, address, ip, BUS_IP) == NULL)
		ip[0] = 0;
	/* An IPv4 peer of a socket for both is one of IPv4. */
	if (strncmp(ip, "::ffff:", 7) == 0 && strchr(ip, '.') != NULL)
		memmove(ip, ip + 7, strlen(ip + 7) + 1);
}

static void
name_ends(struct wire *w)
{
	struct sockaddr_storage a;
	socklen_t bytes = sizeof(a);
	int on = 1;

	if (getpeername(w->fd, (struct sockaddr *)&a, &bytes) == 0)
		print_address(&a, w->ip);
	bytes = sizeof(a);
	if (getsockname(w->fd, (struct sockaddr *)&a, &bytes) == 0)
		print_address(&a, w->own_ip);
	(void)setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static unsigned
new_wire(void)
{
	unsigned i;

	for (i = 0; i < bus.wires; i++)
		if (bus.wire[i].state == WIRE_FREE)
			break;
	if (i == bus.room) {
		bus.room = bus.room * 2 + 64;
		bus.wire = realloc(bus.wire, bus.room * sizeof(*bus.wire));
		must(bus.wire != NULL, "there is private memory for control");
	}
	if (i == bus.wires)
		bus.wires++;
	memset(&bus.wire[i], 0, sizeof(bus.wire[i]));
	bus.wire[i].fd = -1;
	return i;
}

static void
free_wire(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	free(w->in);
	free(w->out);
	if (w->number & VIEW_INBOUND)
		bus.inbound--;
	if (w->state == WIRE_FAILED)
		bus.failed--;
	memset(w, 0, sizeof(*w));
	w->fd = -1;
}

static struct wire *
find_wire(uint64_t number)
{
	unsigned i;

	for (i = 0; i < bus.wires; i++)
		if (bus.wire[i].state != WIRE_FREE &&
		    bus.wire[i].number == number)
			return &bus.wire[i];
	return NULL;
}

/* It is over; who decides hears of it in the next turn, not in this call. */
static void
fail_wire(struct wire *w, int bad)
{
	if (w->state == WIRE_FAILED)
		return;
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	w->state = WIRE_FAILED;
	w->bad = bad;
	bus.failed++;
}

static void
watch(unsigned i, int how, uint32_t what)
{
	struct epoll_event e = { .events = what, .data.u64 = i };

	if (epoll_ctl(bus.epoll, how, bus.wire[i].fd, &e) != 0)
		fail_wire(&bus.wire[i], errno);
}

static bool
make_address(const char *ip, uint16_t port, struct sockaddr_storage *a,
    socklen_t *bytes)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)a;
	struct sockaddr_in *four = (struct sockaddr_in *)a;

	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, ip, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		*bytes = sizeof(*four);
		return true;
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	*bytes = sizeof(*six);
	return inet_pton(AF_INET6, ip, &six->sin6_addr) == 1;
}

void
ctl_bus_open(uint64_t link, const char *ip, uint16_t port)
{
	unsigned i = new_wire();
	struct wire *w = &bus.wire[i];
	struct sockaddr_storage a;
	socklen_t bytes;

	w->number = link;
	w->state = WIRE_OPENING;
	if (!make_address(ip, port, &a, &bytes)) {
		fail_wire(w, EINVAL);
		return;
	}
	w->fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (w->fd < 0 || (connect(w->fd, (struct sockaddr *)&a, bytes) != 0 &&
	    errno != EINPROGRESS)) {
		fail_wire(w, errno);
		return;
	}
	watch(i, EPOLL_CTL_ADD, EPOLLOUT);
}

void
ctl_bus_close(uint64_t number)
{
	struct wire *w = find_wire(number);

	if (w != NULL)
		free_wire(w);
}

/* --- sending ----------------------------------------------------------- */

static void
count_sent(const uint8_t *message)
{
	unsigned type = (unsigned)message[12] << 8 | message[13];

	ctl_bus_counts.sent[type < OWN_TYPE ? type : OWN_TYPE]++;
}

static void
put(struct wire *w, const void *data, size_t bytes)
{
	size_t used = w->out_bytes - w->out_at;

	if (bus.limit > 0 && used + bytes > bus.limit) {
		fail_wire(w, ENOBUFS);
		ctl_bus_counts.overfull++;
		return;
	}
	if (w->out_at > 0 && w->out_at == w->out_bytes)
		w->out_at = w->out_bytes = 0;
	if (w->out_room - w->out_bytes < bytes) {
		size_t room = (w->out_bytes + bytes) * 2;
		uint8_t *out = realloc(w->out, room);

		if (out == NULL) {
			fail_wire(w, ENOMEM);
			return;
		}
		w->out = out;
		w->out_room = room;
	}
	memcpy(w->out + w->out_bytes, data, bytes);
	w->out_bytes += bytes;
	count_sent(data);
}

void
ctl_bus_send(uint64_t number, const void *data, size_t bytes)
{
	struct wire *w = find_wire(number);

	if (w != NULL && w->state == WIRE_OPEN)
		put(w, data, bytes);
}

void
ctl_bus_send_all(const void *data, size_t bytes)
{
	unsigned i;

	for (i = 0; i < bus.wires; i++)
		if (bus.wire[i].state == WIRE_OPEN &&
		    !(bus.wire[i].number & VIEW_INBOUND))
			put(&bus.wire[i], data, bytes);
}

static void
flush(unsigned i)
{
	struct wire *w = &bus.wire[i];
	ssize_t n;

	while (w->state == WIRE_OPEN && w->out_at < w->out_bytes) {
		n = send(w->fd, w->out + w->out_at, w->out_bytes - w->out_at,
		    MSG_NOSIGNAL);
		if (n > 0)
			w->out_at += (size_t)n;
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR)
			fail_wire(w, errno);
	}
	if (w->state != WIRE_OPEN ||
	    w->is_writing == (w->out_at < w->out_bytes))
		return;
	w->is_writing = w->out_at < w->out_bytes;
	watch(i, EPOLL_CTL_MOD, w->is_writing ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void
ctl_bus_flush(void)
{
	unsigned i;

	for (i = 0; i < bus.wires; i++)
		if (bus.wire[i].out_at < bus.wire[i].out_bytes)
			flush(i);
}

size_t
ctl_bus_waits(unsigned *at, uint64_t *wire)
{
	while (*at < bus.wires) {
		const struct wire *w = &bus.wire[(*at)++];

		if (w->state != WIRE_OPEN || !w->is_writing)
			continue;
		*wire = w->number;
		return w->out_bytes - w->out_at;
	}
	return 0;
}

/* --- receiving --------------------------------------------------------- */

/* Whether it says that it is longer than its sender may speak. */
static bool
is_too_long(const struct wire *w, size_t at, size_t need)
{
	struct bus_id id;

	return need > BUS_HELLO_MAX && w->in_bytes - at >= BUS_HEADER &&
	    !(bus_sender(w->in + at, &id) && bus.user.knows(&id));
}

/* Hands over whole messages; whoever acts may close the very wire. */
static void
cut(unsigned i, uint64_t number)
{
	size_t at = 0, need;

	for (;;) {
		struct wire *w = &bus.wire[i];
		struct cluster_event e = { .kind = CLUSTER_PACKET,
		    .wire = number };
		enum bus_frame f;
		char ip[BUS_IP], own[BUS_IP];

		if (w->number != number || w->state != WIRE_OPEN)
			return;
		f = bus_frame(w->in + at, w->in_bytes - at, &need);
		if (f == BUS_BROKEN || (f == BUS_MORE &&
		    is_too_long(w, at, need))) {
			log_verbose("%s sends what is no message of the bus",
			    w->ip);
			ctl_bus_counts.broken++;
			fail_wire(w, EPROTO);
			return;
		}
		if (f == BUS_MORE) {
			memmove(w->in, w->in + at, w->in_bytes - at);
			w->in_bytes -= at;
			return;
		}
		memcpy(ip, w->ip, sizeof(ip));
		memcpy(own, w->own_ip, sizeof(own));
		e.data = w->in + at;
		e.bytes = need;
		e.from_ip = ip;
		e.own_ip = own;
		at += need;
		bus.user.happen(&e);
	}
}

static void
receive(unsigned i)
{
	uint64_t number = bus.wire[i].number;
	int reads;

	for (reads = 0; reads < READS_MAX; reads++) {
		struct wire *w = &bus.wire[i];
		ssize_t n;

		if (w->state != WIRE_OPEN || w->number != number)
			return;
		/* It grows as bytes come, not as a peer says. */
		if (w->in_room - w->in_bytes < READ_ROOM) {
			size_t room = w->in_room * 2 + READ_ROOM;
			uint8_t *in = realloc(w->in, room);

			if (in == NULL) {
				fail_wire(w, ENOMEM);
				return;
			}
			w->in = in;
			w->in_room = room;
		}
		n = recv(w->fd, w->in + w->in_bytes, READ_ROOM, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			fail_wire(w, n == 0 ? 0 : errno);
			return;
		}
		w->in_bytes += (size_t)n;
		cut(i, number);
	}
}

/* Strangers are not more than so many: the oldest goes. */
static void
make_room(void)
{
	struct wire *oldest = NULL;
	unsigned strangers = 0, i;

	for (i = 0; i < bus.wires; i++) {
		struct wire *w = &bus.wire[i];

		if (w->state != WIRE_OPEN || !(w->number & VIEW_INBOUND) ||
		    bus.user.is_used(w->number))
			continue;
		strangers++;
		if (oldest == NULL || w->number < oldest->number)
			oldest = w;
	}
	if (strangers <= STRANGERS_MAX)
		return;
	ctl_bus_counts.turned_away++;
	fail_wire(oldest, ECONNABORTED);
}

static void
accept_all(int listener)
{
	struct wire *w;
	unsigned i;
	int fd;

	while ((fd = accept4(listener, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		i = new_wire();
		w = &bus.wire[i];
		w->fd = fd;
		w->state = WIRE_OPEN;
		w->number = VIEW_INBOUND | ++bus.serial;
		bus.inbound++;
		name_ends(w);
		if (bus.allows > 0 && !network_has_address(bus.allowed,
		    bus.allows, w->ip)) {
			log_warning("cluster-bus-allow does not let in %s",
			    w->ip);
			ctl_bus_counts.turned_away++;
			free_wire(w);
			continue;
		}
		watch(i, EPOLL_CTL_ADD, EPOLLIN);
		if (bus.inbound > STRANGERS_MAX)
			make_room();
	}
}

static void
connected(unsigned i)
{
	struct wire *w = &bus.wire[i];
	struct cluster_event e = { .kind = CLUSTER_LINK_UP,
	    .wire = w->number };
	socklen_t bytes = sizeof(int);
	int bad = 0;

	if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &bad, &bytes) != 0)
		bad = errno;
	if (bad != 0) {
		fail_wire(w, bad);
		return;
	}
	w->state = WIRE_OPEN;
	name_ends(w);
	watch(i, EPOLL_CTL_MOD, EPOLLIN);
	if (w->state == WIRE_OPEN)
		bus.user.happen(&e);
}

/* Those that failed are told of, and gone. */
static void
bury(void)
{
	unsigned i;

	for (i = 0; i < bus.wires && bus.failed > 0; i++) {
		struct cluster_event e = { .wire = bus.wire[i].number };

		if (bus.wire[i].state != WIRE_FAILED)
			continue;
		e.kind = bus.wire[i].bad == ECONNREFUSED ?
		    CLUSTER_LINK_REFUSED : CLUSTER_LINK_DOWN;
		/* EPIPE: a reset after the end, as we wrote meanwhile. */
		e.is_closed = bus.wire[i].bad == 0 || bus.wire[i].bad == EPIPE;
		free_wire(&bus.wire[i]);
		bus.user.happen(&e);
	}
}

bool
ctl_bus_is_due(void)
{
	return bus.failed > 0;
}

void
ctl_bus_turn(void)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(bus.epoll, events, EVENTS, 0), k;

	for (k = 0; k < n; k++) {
		unsigned i = (unsigned)events[k].data.u64;

		if (events[k].data.u64 & LISTENER)
			accept_all(bus.birth->listener[i]);
		else if (bus.wire[i].state == WIRE_OPENING)
			connected(i);
		else if (bus.wire[i].state == WIRE_OPEN) {
			if (events[k].events & EPOLLOUT)
				flush(i);
			if (events[k].events & ~(uint32_t)EPOLLOUT)
				receive(i);
		}
	}
	bury();
}

int
ctl_bus_begin(const struct birth *b, const struct ctl_bus_user *user)
{
	int i;

	bus.user = *user;
	bus.birth = b;
	bus.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (bus.epoll < 0)
		return -errno;
	for (i = 0; i < b->listeners; i++) {
		struct epoll_event e = { .events = EPOLLIN,
		    .data.u64 = LISTENER | (unsigned)i };

		if (epoll_ctl(bus.epoll, EPOLL_CTL_ADD, b->listener[i],
		    &e) != 0)
			return -errno;
	}
	return bus.epoll;
}

void
ctl_bus_end(void)
{
	unsigned i;

	for (i = 0; i < bus.wires; i++)
		if (bus.wire[i].state != WIRE_FREE)
			free_wire(&bus.wire[i]);
	free(bus.wire);
	bus.wire = NULL;
	bus.wires = bus.room = 0;
	close(bus.epoll);
}
