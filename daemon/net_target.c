#include "daemon/net_target.h"

#include "proto/number.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- ends -------------------------------------------------------------- */

static void
unlink_target(struct worker *w, struct target *t)
{
	struct target **at = &w->targets;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->is_gone = true;
	t->user = NULL;
}

void
target_drop(struct worker *w, struct target *t)
{
	unlink_target(w, t);
	lookup_end(t->lookup);
	if (t->conn != NULL)
		conn_drop(t->conn);
	else
		free(t);
}

static void
end(struct target *t, enum target_end how)
{
	struct worker *w = t->worker;
	const struct target_user *user = t->user;
	void *arg = t->arg;

	target_drop(w, t);
	if (user != NULL)
		user->ended(arg, how);
}

/* --- in ---------------------------------------------------------------- */

static void
read_on(struct target *t)
{
	struct conn *c = t->conn;

	c->is_receiving = true;
	ring_read(&c->worker->ring, c->fd, t->data + t->used,
	    TARGET_BYTES - t->used, (uint64_t)(uintptr_t)c | NET_RECV);
}

/* Tells the lines that are whole. */
static void
take_lines(struct target *t)
{
	size_t at = 0;
	char *end;

	while (!t->is_gone && (end = memchr(t->data + at, '\n',
	    t->used - at)) != NULL) {
		struct slice line = { t->data + at,
			(size_t)(end - t->data) - at };

		at += line.bytes + 1;
		if (line.bytes > 0 && line.data[line.bytes - 1] == '\r')
			line.bytes--;
		if (t->user != NULL)
			t->user->heard(t->arg, line);
	}
	memmove(t->data, t->data + at, t->used - at);
	t->used -= at;
}

static void
connected(struct target *t, int result)
{
	if (result < 0) {
		end(t, TARGET_REFUSED);
		return;
	}
	conn_connected(t->conn);
	FAULT(TARGET_CONNECTED);
	t->is_connected = true;
	read_on(t);
	if (t->user != NULL)
		t->user->connected(t->arg);
}

static void
received(struct conn *c, int result)
{
	struct target *t = c->owner;

	if (t->is_gone) {
		conn_mark(c);
		return;
	}
	if (!t->is_connected) {
		connected(t, result);
		return;
	}
	if (result <= 0 || c->is_closing || t->user == NULL) {
		/* Who is kept and says something is not understood. */
		end(t, TARGET_CLOSED);
		return;
	}
	stat_add(c->worker->stats, bytes_in, result);
	t->used += (size_t)result;
	take_lines(t);
	if (t->is_gone)
		return;
	if (t->used == TARGET_BYTES)
		end(t, TARGET_BABBLES);
	else
		read_on(t);
}

static void
gone(struct conn *c)
{
	struct target *t = c->owner;

	/* Dropped by somebody else: whoever is asked by CLIENT KILL. */
	if (!t->is_gone) {
		const struct target_user *user = t->user;
		void *arg = t->arg;

		unlink_target(c->worker, t);
		if (user != NULL)
			user->ended(arg, TARGET_CLOSED);
	}
	free(t);
}

static const struct conn_duty duty = { .received = received, .gone = gone };

/* --- connecting -------------------------------------------------------- */

static void
connect_to(struct target *t)
{
	struct worker *w = t->worker;
	/* What is given up does not arrive later, behind what follows it. */
	const struct linger none = { .l_onoff = 1 };
	int on = 1, fd = w->conn_count < CONNS_ROWS ?
	    socket(t->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;

	if (fd < 0) {
		end(t, TARGET_UNKNOWN);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	t->conn = conn_new(w, fd);
	t->conn->duty = &duty;
	t->conn->owner = t;
	t->conn->is_authenticated = true;
	conn_show(t->conn);
	t->conn->is_receiving = true;
	ring_connect(&w->ring, fd, &t->address,
	    (uint64_t)(uintptr_t)t->conn | NET_RECV);
}

/* Goes on when its name's address is known. */
static void
look(struct target *t)
{
	const char *why;
	enum lookup_result found = lookup_look(t->lookup, 0, &t->address,
	    &why);

	if (found == LOOKUP_WAITS)
		return;
	lookup_end(t->lookup);
	t->lookup = NULL;
	if (found == LOOKUP_FOUND)
		connect_to(t);
	else
		end(t, TARGET_UNKNOWN);
}

/* One that looks for its address: nobody is told before the next turn. */
static struct target *
begin(struct worker *w, const char *host, const char *port)
{
	struct target *t = calloc(1, sizeof(*t));
	int64_t number;

	if (t == NULL || !number_get_int(slice_of(port), &number) ||
	    number < 0 || number > UINT16_MAX) {
		free(t);
		return NULL;
	}
	t->worker = w;
	t->db = -1;
	snprintf(t->host, sizeof(t->host), "%s", host);
	snprintf(t->port, sizeof(t->port), "%s", port);
	t->lookup = lookup_begin(host, (uint16_t)number);
	t->next = w->targets;
	w->targets = t;
	return t;
}

static struct target *
find_kept(struct worker *w, const char *host, const char *port)
{
	struct target *t;

	for (t = w->targets; t != NULL; t = t->next)
		if (t->user == NULL && t->is_connected &&
		    !t->conn->is_closing && strcmp(t->host, host) == 0 &&
		    strcmp(t->port, port) == 0)
			break;
	return t;
}

struct target *
target_take(struct worker *w, const char *host, const char *port, bool anew,
    const struct target_user *user, void *arg)
{
	struct target *t = anew ? NULL : find_kept(w, host, port);

	if (t != NULL)
		t->was_kept = true;
	else
		t = begin(w, host, port);
	if (t == NULL)
		return NULL;
	t->user = user;
	t->arg = arg;
	return t;
}

void
target_keep(struct worker *w, struct target *t)
{
	t->user = NULL;
	t->kept_ms = w->now_ms;
}

bool
target_turn(struct worker *w)
{
	struct target *t, *next;
	bool is_looking = false;

	for (t = w->targets; t != NULL; t = next) {
		next = t->next;
		if (t->lookup != NULL) {
			is_looking = true;
			look(t);
		} else if (t->user == NULL &&
		    w->now_ms - t->kept_ms > TARGET_KEPT_MS) {
			target_drop(w, t);
		}
	}
	return is_looking;
}

int
target_count_kept(const struct worker *w)
{
	const struct target *t;
	int count = 0;

	for (t = w->targets; t != NULL; t = t->next)
		count += t->user == NULL;
	return count;
}
