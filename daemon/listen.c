#include "daemon/listen.h"

#include "daemon/clock.h"
#include "daemon/log.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * Workers of a node that was killed end a little later than its supervisor, and
 * the kernel takes their sockets down later still.  All addresses together are
 * waited for as long as this.
 */
#define PATIENCE_US 5000000
#define PAUSE_US 10000

static int
complain(char why[LISTEN_WHY], const char *where, int bad)
{
	snprintf(why, LISTEN_WHY, bad == EADDRINUSE ?
	    "%s is in use by another process" : "can not listen on %s: %s",
	    where, strerror(bad));
	return -bad;
}

/* Whether to try again what a dead node may have held; after a pause. */
static bool
is_worth_waiting(struct listeners *l, int bad)
{
	if (bad != -EADDRINUSE || clock_steady_us() >= l->patience_us)
		return false;
	if (!l->is_waiting)
		log_notice("an address to listen on is in use: waiting up to "
		    "%d s for it", PATIENCE_US / 1000000);
	l->is_waiting = true;
	clock_nap(PAUSE_US);
	return true;
}

/*
 * A socket bound to the address; a shared one lets each worker have its own.
 * -errno.
 */
static int
bind_socket(const struct addrinfo *a, bool is_shared)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0), on = 1, bad;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (is_shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0)
		return fd;
	bad = errno;
	close(fd);
	return -bad;
}

/*
 * Whether another node has the address: shared sockets alone would not notice
 * one of the same user.
 */
static int
probe(const struct addrinfo *a)
{
	int fd = bind_socket(a, false), bad = 0;

	if (fd < 0)
		return fd;
	if (listen(fd, 1) != 0)
		bad = -errno;
	close(fd);
	return bad;
}

static int
probe_patiently(struct listeners *l, const struct addrinfo *a)
{
	int bad = probe(a);

	while (is_worth_waiting(l, bad))
		bad = probe(a);
	return bad;
}

static int
open_bus(struct listeners *l, const struct options *o,
    const struct addrinfo *a)
{
	int bad = probe_patiently(l, a), fd;

	if (bad != 0)
		return bad;
	if (l->bus_count == BIRTH_LISTENERS)
		return -EMFILE;
	fd = bind_socket(a, false);
	if (fd < 0)
		return fd;
	l->bus[l->bus_count++] = fd;
	return listen(fd, (int)o->tcp_backlog) != 0 ? -errno : 0;
}

static int
open_address(struct listeners *l, const struct options *o, int workers,
    const struct addrinfo *a)
{
	int bad = probe_patiently(l, a), w;

	for (w = 0; bad == 0 && w < workers; w++) {
		int fd;

		if (l->count[w] == BIRTH_LISTENERS - 1)
			return -EMFILE;
		fd = bind_socket(a, true);
		if (fd < 0)
			return fd;
		l->fd[w][l->count[w]++] = fd;
		if (listen(fd, (int)o->tcp_backlog) != 0)
			bad = -errno;
	}
	return bad;
}

/* One word of `bind`, for clients or for the bus. */
static int
open_tcp(struct listeners *l, const struct options *o, int workers,
    bool is_bus, const char *word, char why[LISTEN_WHY])
{
	bool may_be_missing = word[0] == '-';
	const char *host = word + may_be_missing;
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *found;
	char port[16], where[OPTION_ROOM + 64];
	int bad;

	snprintf(port, sizeof(port), "%d", is_bus ? option_bus_port(o) :
	    (int)o->port);
	snprintf(where, sizeof(where), "%s port %s%s", host, port,
	    is_bus ? " (the cluster bus)" : "");
	if (strcmp(host, "*") == 0 || strcmp(host, "::*") == 0) {
		hints.ai_family = host[0] == '*' ? AF_INET : AF_INET6;
		host = NULL;
	}
	bad = getaddrinfo(host, port, &hints, &found);
	if (bad != 0 && may_be_missing)
		return 0;
	if (bad != 0) {
		snprintf(why, LISTEN_WHY, "bind: %s is no address: %s", word,
		    gai_strerror(bad));
		return -EADDRNOTAVAIL;
	}
	bad = is_bus ? -open_bus(l, o, found) :
	    -open_address(l, o, workers, found);
	freeaddrinfo(found);
	if (may_be_missing && (bad == EADDRNOTAVAIL || bad == EAFNOSUPPORT ||
	    bad == ENOPROTOOPT || bad == EPROTONOSUPPORT))
		return 0;
	return bad != 0 ? complain(why, where, bad) : 0;
}

/* Whether somebody listens on the Unix socket that lies there. */
static bool
is_alive(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool alive = fd >= 0 && connect(fd, (const struct sockaddr *)a,
	    sizeof(*a)) == 0;

	if (fd >= 0)
		close(fd);
	return alive;
}

static int
open_unix(struct listeners *l, const struct options *o, int workers,
    char why[LISTEN_WHY])
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct stat old;
	int fd, w;

	if (strlen(o->unixsocket) >= sizeof(a.sun_path)) {
		snprintf(why, LISTEN_WHY, "unixsocket: the path is too long");
		return -ENAMETOOLONG;
	}
	strcpy(a.sun_path, o->unixsocket);
	while (is_alive(&a))
		if (!is_worth_waiting(l, -EADDRINUSE))
			return complain(why, o->unixsocket, EADDRINUSE);
	if (lstat(o->unixsocket, &old) == 0 && S_ISSOCK(old.st_mode))
		unlink(o->unixsocket);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    (o->unixsocketperm != 0 &&
	    chmod(o->unixsocket, (mode_t)o->unixsocketperm) != 0) ||
	    listen(fd, (int)o->tcp_backlog) != 0)
		return complain(why, o->unixsocket, errno);
	memcpy(l->path, o->unixsocket, sizeof(l->path));
	for (w = 0; w < workers; w++)
		l->fd[w][l->count[w]++] = fd;
	return 0;
}

int
listen_open(struct listeners *l, const struct options *o, int workers,
    char why[LISTEN_WHY])
{
	char words[OPTION_LONG], *word, *rest = words;
	int bad = 0, opened = 0;

	memset(l, 0, sizeof(*l));
	l->patience_us = clock_steady_us() + PATIENCE_US;
	memcpy(words, o->bind, sizeof(words));
	if (o->port != 0)
		while (bad == 0 && (word = strsep(&rest, " \t")) != NULL) {
			if (word[0] != 0)
				bad = open_tcp(l, o, workers, false, word,
				    why);
			if (bad == 0 && word[0] != 0 && o->cluster_enabled)
				bad = open_tcp(l, o, workers, true, word,
				    why);
			opened = l->count[0];
		}
	if (bad == 0 && o->port != 0 && opened == 0) {
		snprintf(why, LISTEN_WHY, "none of the addresses in bind "
		    "(%.300s) is on this machine", o->bind);
		bad = -EADDRNOTAVAIL;
	}
	if (bad == 0 && o->unixsocket[0] != 0)
		bad = open_unix(l, o, workers, why);
	return bad;
}

/* The ring of a process that was killed may hold it a little longer. */
static void
end_listening(int fd)
{
	shutdown(fd, SHUT_RDWR);
	close(fd);
}

void
listen_close(struct listeners *l)
{
	int w, i;

	for (w = 0; w < PROC_WORKERS; w++)
		for (i = 0; i < l->count[w]; i++)
			end_listening(l->fd[w][i]);
	for (i = 0; i < l->bus_count; i++)
		end_listening(l->bus[i]);
	l->bus_count = 0;
	if (l->path[0] != 0)
		unlink(l->path);
	memset(l->count, 0, sizeof(l->count));
}
