/*
 * null - a server that knows nothing: the physical limit
 *
 * It counts the bytes it receives and answers one constant reply for each
 * whole request of one constant length.  What it costs is what the kernel's
 * network costs; a real server on the same machine can not be faster.
 *
 * One io_uring with deferred task work, multishot receive into a ring of
 * provided buffers, direct descriptors, one send per connection per turn.
 * A connection has at most one send under way, so replies stay whole.
 *
 * Not here: what requests look like (request.h).
 */
#include "t/bench/request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096
#define ENTRIES 4096
#define BUFFERS 256
#define BUFFER_BYTES 16384
#define REPLIES 1024 /* at most in one send */
#define GROUP 0

enum what { ACCEPT, RECEIVE, SEND };

struct conn {
	uint64_t received; /* bytes of a request that is not whole */
	uint64_t owed;     /* replies to send */
	bool sending;
};

struct null {
	struct io_uring ring;
	struct io_uring_buf_ring *buffers;
	char *memory;
	int listener;
	uint32_t request_bytes, reply_bytes;
	char *replies;
	struct conn conns[CONNECTIONS_MAX];
};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
	va_list ap;

	fputs("null: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static struct io_uring_sqe *
get_sqe(struct null *n)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&n->ring);

	if (sqe == NULL) {
		io_uring_submit(&n->ring);
		sqe = io_uring_get_sqe(&n->ring);
	}
	if (sqe == NULL)
		die("the submission queue is full");
	return sqe;
}

static void
set_data(struct io_uring_sqe *sqe, enum what what, uint32_t index)
{
	io_uring_sqe_set_data64(sqe, (uint64_t)what << 32 | index);
}

static void
queue_accept(struct null *n)
{
	struct io_uring_sqe *sqe = get_sqe(n);

	io_uring_prep_multishot_accept_direct(sqe, n->listener, NULL, NULL, 0);
	set_data(sqe, ACCEPT, 0);
}

static void
queue_receive(struct null *n, uint32_t index)
{
	struct io_uring_sqe *sqe = get_sqe(n);

	io_uring_prep_recv_multishot(sqe, index, NULL, 0, 0);
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT);
	sqe->buf_group = GROUP;
	set_data(sqe, RECEIVE, index);
}

static void
queue_send(struct null *n, uint32_t index)
{
	struct io_uring_sqe *sqe = get_sqe(n);
	struct conn *c = &n->conns[index];
	uint64_t count = c->owed < REPLIES ? c->owed : REPLIES;

	c->owed -= count;
	c->sending = true;
	io_uring_prep_send(sqe, index, n->replies, count * n->reply_bytes,
	    MSG_WAITALL);
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
	set_data(sqe, SEND, index);
}

static void
close_conn(struct null *n, uint32_t index)
{
	struct io_uring_sqe *sqe = get_sqe(n);

	io_uring_prep_close_direct(sqe, index);
	io_uring_sqe_set_flags(sqe, IOSQE_CQE_SKIP_SUCCESS);
	set_data(sqe, SEND, index);
}

static void
on_received(struct null *n, const struct io_uring_cqe *cqe, uint32_t index)
{
	struct conn *c = &n->conns[index];
	uint32_t buffer;

	if (cqe->res == -ENOBUFS) {
		queue_receive(n, index);
		return;
	}
	if (cqe->res <= 0) {
		close_conn(n, index);
		return;
	}
	buffer = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
	io_uring_buf_ring_add(n->buffers, n->memory + buffer * BUFFER_BYTES,
	    BUFFER_BYTES, buffer, BUFFERS - 1, 0);
	io_uring_buf_ring_advance(n->buffers, 1);
	c->received += cqe->res;
	c->owed += c->received / n->request_bytes;
	c->received %= n->request_bytes;
	if (c->owed > 0 && !c->sending)
		queue_send(n, index);
	if (!(cqe->flags & IORING_CQE_F_MORE))
		queue_receive(n, index);
}

static void
on_sent(struct null *n, uint32_t index)
{
	n->conns[index].sending = false;
	if (n->conns[index].owed > 0)
		queue_send(n, index);
}

static void
on_accepted(struct null *n, const struct io_uring_cqe *cqe)
{
	if (cqe->res >= 0) {
		memset(&n->conns[cqe->res], 0, sizeof(n->conns[0]));
		queue_receive(n, cqe->res);
	}
	if (!(cqe->flags & IORING_CQE_F_MORE))
		queue_accept(n);
}

static void
serve(struct null *n)
{
	struct io_uring_cqe *cqe;
	unsigned head, seen;
	uint32_t index;
	int r;

	queue_accept(n);
	for (;;) {
		r = io_uring_submit_and_wait(&n->ring, 1);
		if (r < 0 && r != -EINTR && r != -EAGAIN)
			die("io_uring_enter: %s", strerror(-r));
		seen = 0;
		io_uring_for_each_cqe(&n->ring, head, cqe) {
			seen++;
			index = (uint32_t)cqe->user_data;
			switch ((enum what)(cqe->user_data >> 32)) {
			case ACCEPT: on_accepted(n, cqe); break;
			case RECEIVE: on_received(n, cqe, index); break;
			case SEND: on_sent(n, index); break;
			}
		}
		io_uring_cq_advance(&n->ring, seen);
	}
}

static void
open_ring(struct null *n)
{
	struct io_uring_params p = { .flags = IORING_SETUP_SINGLE_ISSUER |
		IORING_SETUP_DEFER_TASKRUN };
	struct io_uring_buf_reg reg = { .ring_entries = BUFFERS,
		.bgid = GROUP };
	int r = io_uring_queue_init_params(ENTRIES, &n->ring, &p);

	if (r < 0)
		die("io_uring_setup: %s", strerror(-r));
	n->buffers = aligned_alloc(4096,
	    BUFFERS * sizeof(struct io_uring_buf));
	n->memory = aligned_alloc(4096, (size_t)BUFFERS * BUFFER_BYTES);
	if (n->buffers == NULL || n->memory == NULL)
		die("out of memory");
	reg.ring_addr = (uintptr_t)n->buffers;
	io_uring_buf_ring_init(n->buffers);
	for (int i = 0; i < BUFFERS; i++)
		io_uring_buf_ring_add(n->buffers, n->memory + i * BUFFER_BYTES,
		    BUFFER_BYTES, i, BUFFERS - 1, i);
	io_uring_buf_ring_advance(n->buffers, BUFFERS);
	r = io_uring_register_buf_ring(&n->ring, &reg, 0);
	if (r == 0)
		r = io_uring_register_files_sparse(&n->ring, CONNECTIONS_MAX);
	if (r < 0)
		die("io_uring_register: %s", strerror(-r));
	io_uring_register_ring_fd(&n->ring);
}

static void
listen_on(struct null *n, int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	n->listener = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(n->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(n->listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (n->listener < 0 ||
	    bind(n->listener, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(n->listener, 1024) < 0)
		die("port %d: %s", port, strerror(errno));
}

int
main(int argc, char **argv)
{
	static struct null n;
	struct shape s;
	int kind, port, bytes;

	if (argc != 4)
		die("usage: null PORT OPERATION VALUE-BYTES");
	port = atoi(argv[1]);
	kind = request_find(argv[2], strlen(argv[2]));
	bytes = atoi(argv[3]);
	if (port < 1 || kind < 0 || bytes < 1 || bytes > BUFFER_BYTES)
		die("bad arguments");
	request_shape(&s, kind, "key:", bytes);
	n.request_bytes = s.bytes;
	n.replies = malloc((size_t)REPLIES * (bytes + REPLY_LINE_MAX));
	if (n.replies == NULL)
		die("out of memory");
	n.reply_bytes = request_reply_sample(&s, n.replies);
	for (int i = 1; i < REPLIES; i++)
		memcpy(n.replies + i * n.reply_bytes, n.replies,
		    n.reply_bytes);
	listen_on(&n, port);
	open_ring(&n);
	serve(&n);
	return 0;
}
