#include "daemon/ring.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define GROUP 1
#define TRY_S 5 /* for what takes no time at all */

/*
 * Completions are run when we ask for them and never interrupt us: without
 * this io_uring is slower than epoll, so it is required (Linux 6.1).
 */
#define FLAGS (IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER | \
	IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL)

#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN (1U << 13)
#endif

static int
open_pool(struct ring *r)
{
	size_t head = RING_BUFFERS * sizeof(struct io_uring_buf);
	struct io_uring_buf_reg reg = { .ring_entries = RING_BUFFERS,
	    .bgid = GROUP };
	int i, error;

	r->pool = mmap(NULL, head, PROT_READ | PROT_WRITE,
	    MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
	r->buffers = mmap(NULL, (size_t)RING_BUFFERS * RING_BUFFER_BYTES,
	    PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
	if (r->pool == MAP_FAILED || r->buffers == MAP_FAILED)
		return -ENOMEM;
	reg.ring_addr = (uint64_t)(uintptr_t)r->pool;
	error = io_uring_register_buf_ring(&r->uring, &reg, 0);
	if (error != 0)
		return error;
	io_uring_buf_ring_init(r->pool);
	for (i = 0; i < RING_BUFFERS; i++)
		r->taken[r->takens++] = (uint16_t)i;
	ring_recycle(r);
	return 0;
}

/*
 * Whether the ring goes round: a filter of system calls may let it be set up
 * and then refuse io_uring_enter.
 */
static int
try_out(struct ring *r)
{
	struct __kernel_timespec limit = { TRY_S, 0 };
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->uring);
	struct io_uring_cqe *cqe;
	int error;

	must(sqe != NULL, "a new ring has room");
	io_uring_prep_nop(sqe);
	do
		error = io_uring_submit_and_wait_timeout(&r->uring, &cqe, 1,
		    &limit, NULL);
	while (error == -EINTR);
	if (error < 0)
		return error;
	error = cqe->res;
	io_uring_cqe_seen(&r->uring, cqe);
	return error;
}

int
ring_open(struct ring *r, const char **why)
{
	struct io_uring_params p = { .flags = FLAGS,
	    .cq_entries = 4 * RING_ENTRIES };
	int error;

	memset(r, 0, sizeof(*r));
	error = io_uring_queue_init_params(RING_ENTRIES, &r->uring, &p);
	if (error != 0) {
		*why = error == -EINVAL ?
		    "the kernel's io_uring is too old (Linux 6.1 is needed)" :
		    error == -EPERM || error == -ENOSYS ?
		    "the kernel refuses io_uring "
		    "(see kernel.io_uring_disabled)" :
		    "an io_uring can not be set up";
		return error;
	}
	io_uring_register_ring_fd(&r->uring);
	error = open_pool(r);
	if (error != 0) {
		*why = "the kernel's io_uring has no buffer rings (Linux 5.19)";
		return error;
	}
	error = try_out(r);
	if (error != 0)
		*why = "an io_uring was set up, but does nothing "
		    "(is io_uring_enter refused by a seccomp filter?)";
	return error;
}

static struct io_uring_sqe *
next_entry(struct ring *r, uint64_t tag)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->uring);

	while (sqe == NULL) {
		io_uring_submit(&r->uring);
		sqe = io_uring_get_sqe(&r->uring);
	}
	memset(sqe, 0, sizeof(*sqe));
	sqe->user_data = tag;
	r->last = sqe;
	return sqe;
}

void
ring_accept(struct ring *r, int fd, uint64_t tag)
{
	struct io_uring_sqe *sqe = next_entry(r, tag);

	io_uring_prep_multishot_accept(sqe, fd, NULL, NULL, SOCK_CLOEXEC);
	sqe->user_data = tag;
}

void
ring_cancel(struct ring *r, uint64_t tag, uint64_t nobody)
{
	struct io_uring_sqe *sqe = next_entry(r, nobody);

	io_uring_prep_cancel64(sqe, tag, 0);
	sqe->user_data = nobody;
}

void
ring_recv(struct ring *r, int fd, uint64_t tag)
{
	struct io_uring_sqe *sqe = next_entry(r, tag);

	io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = GROUP;
	sqe->user_data = tag;
}

void
ring_send(struct ring *r, int fd, const void *data, size_t bytes, uint64_t tag)
{
	struct io_uring_sqe *sqe = next_entry(r, tag);

	io_uring_prep_send(sqe, fd, data, bytes, MSG_WAITALL | MSG_NOSIGNAL);
	sqe->user_data = tag;
}

void
ring_read(struct ring *r, int fd, void *data, size_t bytes, uint64_t tag)
{
	struct io_uring_sqe *sqe = next_entry(r, tag);

	io_uring_prep_read(sqe, fd, data, (unsigned)bytes, 0);
	sqe->user_data = tag;
}

void
ring_read_at(struct ring *r, int fd, void *data, size_t bytes, uint64_t at,
    uint64_t tag)
{
	struct io_uring_sqe *sqe = next_entry(r, tag);

	io_uring_prep_read(sqe, fd, data, (unsigned)bytes, at);
	sqe->user_data = tag;
}

void
ring_write_at(struct ring *r, int fd, const void *data, size_t bytes,
    uint64_t at, uint64_t tag)
{
	struct io_uring_sqe *sqe = next_entry(r, tag);

	io_uring_prep_write(sqe, fd, data, (unsigned)bytes, at);
	sqe->user_data = tag;
}

void
ring_sync(struct ring *r, int fd, uint64_t tag)
{
	struct io_uring_sqe *sqe = next_entry(r, tag);

	io_uring_prep_fsync(sqe, fd, IORING_FSYNC_DATASYNC);
	sqe->user_data = tag;
}

void
ring_connect(struct ring *r, int fd, const struct sockaddr_storage *to,
    uint64_t tag)
{
	struct io_uring_sqe *sqe = next_entry(r, tag);

	io_uring_prep_connect(sqe, fd, (const struct sockaddr *)to,
	    to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
	    sizeof(struct sockaddr_in));
	sqe->user_data = tag;
}

void
ring_link(struct ring *r)
{
	r->last->flags |= IOSQE_IO_LINK;
}

void
ring_wait(struct ring *r, int64_t timeout_us)
{
	struct __kernel_timespec limit = { timeout_us / 1000000,
	    timeout_us % 1000000 * 1000 };
	struct io_uring_cqe *cqe;

	if (timeout_us == 0)
		io_uring_submit_and_get_events(&r->uring);
	else
		io_uring_submit_and_wait_timeout(&r->uring, &cqe, 1, &limit,
		    NULL);
}

bool
ring_next(struct ring *r, struct ring_event *e)
{
	struct io_uring_cqe *cqe;

	if (io_uring_peek_cqe(&r->uring, &cqe) != 0)
		return false;
	e->tag = cqe->user_data;
	e->result = cqe->res;
	e->is_last = !(cqe->flags & IORING_CQE_F_MORE);
	e->data = NULL;
	if (cqe->flags & IORING_CQE_F_BUFFER) {
		uint16_t id = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);

		must(r->takens < RING_BUFFERS, "a buffer is taken once");
		r->taken[r->takens++] = id;
		e->data = r->buffers + (size_t)id * RING_BUFFER_BYTES;
	}
	io_uring_cqe_seen(&r->uring, cqe);
	return true;
}

void
ring_recycle(struct ring *r)
{
	int i;

	if (r->takens == 0)
		return;
	for (i = 0; i < r->takens; i++)
		io_uring_buf_ring_add(r->pool, r->buffers +
		    (size_t)r->taken[i] * RING_BUFFER_BYTES, RING_BUFFER_BYTES,
		    r->taken[i], io_uring_buf_ring_mask(RING_BUFFERS), i);
	io_uring_buf_ring_advance(r->pool, r->takens);
	r->takens = 0;
}
