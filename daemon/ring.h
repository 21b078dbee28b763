/*
 * ring - the only door to io_uring
 *
 * One ring a worker.  What is asked for gets a tag; what happened comes back
 * with the same tag.  Receives are multishot into a pool of buffers that
 * belongs to the ring: the bytes of an event are valid until ring_recycle().
 *
 * Not here: what the tags mean (daemon/net.c).
 */
#ifndef DAEMON_RING_H
#define DAEMON_RING_H

#include <liburing.h>

#include "proto/base.h"

#define RING_BUFFERS 256
#define RING_BUFFER_BYTES 8192
#define RING_ENTRIES 4096

struct ring {
	struct io_uring uring;
	struct io_uring_buf_ring *pool;
	char *buffers;
	uint16_t taken[RING_BUFFERS]; /* buffers to be recycled */
	int takens;
	struct io_uring_sqe *last;
};

struct ring_event {
	uint64_t tag;
	int32_t result;      /* bytes, a descriptor, or -errno */
	bool is_last;        /* a multishot ends with this */
	char *data;          /* of a receive: `result` bytes */
};

/*
 * Opens a ring.  -errno; then *why says in one sentence what is missing in the
 * kernel.
 */
int ring_open(struct ring *r, const char **why);

/* Asks for things to happen; they begin at the next ring_wait(). */
void ring_accept(struct ring *r, int fd, uint64_t tag);
/* What was asked for with a tag ends; `nobody` is told whether it did. */
void ring_cancel(struct ring *r, uint64_t tag, uint64_t nobody);
void ring_recv(struct ring *r, int fd, uint64_t tag);
void ring_send(struct ring *r, int fd, const void *data, size_t bytes,
    uint64_t tag);
void ring_read(struct ring *r, int fd, void *data, size_t bytes, uint64_t tag);
void ring_read_at(struct ring *r, int fd, void *data, size_t bytes, uint64_t at,
    uint64_t tag);
void ring_write_at(struct ring *r, int fd, const void *data, size_t bytes,
    uint64_t at, uint64_t tag);
/* What was written is on the disk when it has happened: 0 or -errno. */
void ring_sync(struct ring *r, int fd, uint64_t tag);
/* *to must stay until it is connected, or not. */
void ring_connect(struct ring *r, int fd, const struct sockaddr_storage *to,
    uint64_t tag);

/*
 * What is asked for next begins when what was asked for last has succeeded in
 * full, else it gets -ECANCELED.
 */
void ring_link(struct ring *r);

/*
 * Hands everything asked for to the kernel and waits until something has
 * happened or timeout_us have passed (0: does not wait).
 */
void ring_wait(struct ring *r, int64_t timeout_us);

/* The next thing that has happened; false when there is none for now. */
bool ring_next(struct ring *r, struct ring_event *e);

/* Gives the buffers of all events so far back to the pool. */
void ring_recycle(struct ring *r);

#endif
