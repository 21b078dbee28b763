/*
 * load - a closed loop of clients in one thread
 *
 * Every connection has one batch of `pipeline` requests under way; when all
 * its replies have come and have been verified, the next is sent.  One
 * io_uring serves all connections.  Receives stay armed (multishot) and use
 * a ring of provided buffers; replies are checked where they arrived, and
 * only a batch that comes in pieces is put together in a buffer of its
 * connection.
 *
 *   phases   fill: every key once, in order; warm: not counted; window:
 *            counted; drain: what is under way comes home.  With --seconds 0
 *            the fill itself is the window.
 *   probe    one more connection with one SET at a time of key 0; its longest
 *            round trip shows how long the server was busy with others
 *   latency  from the making of a batch to its last reply, so it holds the
 *            generator's own turn; compare servers, not machines
 *
 * The result is one line of name=value, times in us, on standard output.
 * Replies that are not the expected ones are counted and the first is shown.
 *
 * Not here: what requests and replies look like (request.h), which keys
 * (keys.h), the servers' processor time (cpu.h).
 */
#include "t/bench/cpu.h"
#include "t/bench/hist.h"
#include "t/bench/keys.h"
#include "t/bench/request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <liburing.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096
#define MIX_PARTS 100
#define SCORES 100000000u
#define SILENCE_MAX_S 20
#define BUFFERS 256
#define BUFFER_BYTES 16384
#define GROUP 0
#define TAG_SEND 1ull /* in user_data, beside the connection's address */

enum phase { FILL, WARM, WINDOW, DRAIN };

struct conn {
	struct shape *shapes;   /* the load's, or the probe's */
	struct hist *hist;
	bool is_probe;
	uint32_t index;         /* of its socket among the ring's files */
	uint32_t count;         /* requests in this batch */
	uint32_t checked;       /* of them answered */
	uint32_t got;           /* bytes in replies */
	uint32_t parsed;        /* of them checked */
	uint64_t made_ns;
	uint32_t request_bytes;
	uint32_t replies_bytes; /* size of the buffer */
	char *requests;
	char *replies;
	uint32_t *keys;         /* of each request in the batch */
	uint8_t *kinds;
};

struct load {
	/* what was asked for */
	int port, core;
	uint32_t connections, pipeline, value_bytes, key_count, elements;
	double seconds, warm_s, zipf;
	uint64_t seed;
	bool fill, probe, any_value;
	char prefix[REQUEST_PREFIX_BYTES + 1];
	uint8_t mix[MIX_PARTS]; /* kinds, in the proportion asked for */
	bool is_mixed;
	struct cpu servers;

	struct io_uring ring;
	struct io_uring_buf_ring *buffers;
	char *memory;           /* of the buffers */
	struct shape shapes[REQUEST_COUNT];
	struct shape fill_shapes[REQUEST_COUNT];
	struct conn *conns;
	struct keys keys;
	enum phase phase;
	uint64_t filled, fill_total;
	uint64_t deadline_ns;
	uint32_t busy;          /* connections with a batch under way */
	uint64_t ops, errors;
	uint64_t ticks_silent, ops_at_tick;
	struct hist hist, probe_hist;

	/* the window: first its begin, then the differences */
	uint64_t window_ns, window_ops, window_cpu_ns, window_own_ns,
	    window_steal_ms;
};

static volatile sig_atomic_t ticked;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
	va_list ap;

	fputs("load: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static void *
allocate(size_t bytes)
{
	void *p = calloc(1, bytes);

	if (p == NULL)
		die("out of memory");
	return p;
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint64_t
own_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void
window_open(struct load *l)
{
	hist_clear(&l->hist);
	hist_clear(&l->probe_hist);
	l->window_steal_ms = cpu_steal_ms();
	l->window_cpu_ns = cpu_ns(&l->servers);
	l->window_own_ns = own_ns();
	l->window_ops = l->ops;
	l->window_ns = now_ns();
}

static void
window_close(struct load *l)
{
	l->window_ns = now_ns() - l->window_ns;
	l->window_ops = l->ops - l->window_ops;
	l->window_own_ns = own_ns() - l->window_own_ns;
	l->window_cpu_ns = cpu_ns(&l->servers) - l->window_cpu_ns;
	l->window_steal_ms = cpu_steal_ms() - l->window_steal_ms;
}

static void
go_to_next_phase(struct load *l, uint64_t now)
{
	switch (l->phase) {
	case WARM:
		window_open(l);
		l->phase = WINDOW;
		l->deadline_ns = now + (uint64_t)(l->seconds * 1e9);
		break;
	case WINDOW:
		window_close(l);
		l->phase = DRAIN;
		l->deadline_ns = UINT64_MAX;
		break;
	case FILL:
	case DRAIN:
		break;
	}
}

static struct io_uring_sqe *
get_sqe(struct load *l)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&l->ring);

	if (sqe == NULL)
		die("the submission queue is full");
	return sqe;
}

static void
queue_receive(struct load *l, struct conn *c)
{
	struct io_uring_sqe *sqe = get_sqe(l);

	io_uring_prep_recv_multishot(sqe, c->index, NULL, 0, 0);
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT);
	sqe->buf_group = GROUP;
	io_uring_sqe_set_data(sqe, c);
}

static void
queue_send(struct load *l, struct conn *c)
{
	struct io_uring_sqe *sqe = get_sqe(l);

	io_uring_prep_send(sqe, c->index, c->requests, c->request_bytes,
	    MSG_WAITALL);
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS);
	io_uring_sqe_set_data64(sqe, (uint64_t)(uintptr_t)c | TAG_SEND);
}

static void
patch_random(struct load *l, const struct shape *s, char *to, uint32_t key)
{
	uint32_t element = 0, score = 0;

	if (s->element_at >= 0)
		element = keys_below(&l->keys, l->elements);
	if (s->score_at >= 0)
		score = keys_below(&l->keys, SCORES);
	request_patch(s, to, key, element, score);
}

/* Requests of one kind: only the digits change from batch to batch. */
static void
make_uniform(struct load *l, struct conn *c)
{
	const struct shape *s = &c->shapes[c->kinds[0]];
	char *to = c->requests;

	for (uint32_t i = 0; i < c->count; i++, to += s->bytes) {
		c->keys[i] = keys_next(&l->keys);
		patch_random(l, s, to, c->keys[i]);
	}
}

static void
make_mixed(struct load *l, struct conn *c)
{
	const struct shape *s;
	char *to = c->requests;

	for (uint32_t i = 0; i < c->count; i++, to += s->bytes) {
		c->kinds[i] = l->mix[keys_below(&l->keys, MIX_PARTS)];
		c->keys[i] = keys_next(&l->keys);
		s = &c->shapes[c->kinds[i]];
		memcpy(to, s->text, s->bytes);
		patch_random(l, s, to, c->keys[i]);
	}
	c->request_bytes = to - c->requests;
}

static void
make_filling(struct load *l, struct conn *c)
{
	const struct shape *s = &c->shapes[c->kinds[0]];
	uint64_t left = l->fill_total - l->filled;
	char *to = c->requests;
	uint32_t i;

	c->count = left < l->pipeline ? left : l->pipeline;
	for (i = 0; i < c->count; i++, to += s->bytes, l->filled++) {
		c->keys[i] = l->filled / l->elements;
		request_patch(s, to, c->keys[i], l->filled % l->elements,
		    keys_below(&l->keys, SCORES));
	}
	c->request_bytes = to - c->requests;
}

/* Makes and queues the next batch; false when there is no more to do. */
static bool
start_batch(struct load *l, struct conn *c, uint64_t now)
{
	if (l->phase == DRAIN ||
	    (l->phase == FILL && l->filled == l->fill_total))
		return false;
	c->checked = c->got = c->parsed = 0;
	c->made_ns = now;
	if (c->is_probe)
		;
	else if (l->phase == FILL)
		make_filling(l, c);
	else if (l->is_mixed)
		make_mixed(l, c);
	else
		make_uniform(l, c);
	queue_send(l, c);
	return true;
}

static void
show_error(const struct load *l, const char *at, size_t bytes)
{
	if (l->errors == 0)
		fprintf(stderr, "load: unexpected reply: %.*s\n",
		    (int)(bytes < 80 ? bytes : 80), at);
}

/*
 * Checks those of the c->got bytes that are whole replies; true when the
 * batch is answered.
 */
static bool
check_replies(struct load *l, struct conn *c, const char *replies)
{
	const char *at;
	ssize_t bytes;
	size_t left;

	while (c->checked < c->count && c->parsed < c->got) {
		at = replies + c->parsed;
		left = c->got - c->parsed;
		bytes = request_reply_match(&c->shapes[c->kinds[c->checked]],
		    at, left, c->keys[c->checked]);
		if (bytes == 0) {
			bytes = request_reply_skip(at, left);
			if (bytes == 0)
				break;
			show_error(l, at, bytes > 0 ? (size_t)bytes : left);
			if (bytes < 0)
				die("what came is not RESP");
			l->errors++;
		}
		c->parsed += bytes;
		c->checked++;
	}
	if (c->checked == c->count && c->parsed != c->got)
		die("more replies than requests");
	return c->checked == c->count;
}

static void
on_answered(struct load *l, struct conn *c)
{
	uint64_t now = now_ns();

	hist_add(c->hist, now - c->made_ns);
	if (!c->is_probe)
		l->ops += c->count;
	if (now >= l->deadline_ns)
		go_to_next_phase(l, now);
	if (!start_batch(l, c, now))
		l->busy--;
}

static void
on_received(struct load *l, struct conn *c, const struct io_uring_cqe *cqe)
{
	uint32_t index = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
	char *from = l->memory + index * BUFFER_BYTES, *replies = from;
	bool answered;

	if (!(cqe->flags & IORING_CQE_F_MORE))
		queue_receive(l, c);
	if (cqe->res == -ENOBUFS)
		return;
	if (cqe->res <= 0)
		die("a connection broke: %s", cqe->res == 0 ?
		    "closed by the server" : strerror(-cqe->res));
	if (c->got + cqe->res > c->replies_bytes)
		die("replies are longer than any expected");
	if (c->got > 0) {
		replies = c->replies;
		memcpy(replies + c->got, from, cqe->res);
	}
	c->got += cqe->res;
	answered = check_replies(l, c, replies);
	if (!answered && replies == from)
		memcpy(c->replies, from, cqe->res);
	io_uring_buf_ring_add(l->buffers, from, BUFFER_BYTES, index,
	    BUFFERS - 1, 0);
	io_uring_buf_ring_advance(l->buffers, 1);
	if (answered)
		on_answered(l, c);
}

static void
on_tick(struct load *l)
{
	ticked = 0;
	l->ticks_silent = l->ops == l->ops_at_tick ? l->ticks_silent + 1 : 0;
	l->ops_at_tick = l->ops;
	if (l->ticks_silent >= SILENCE_MAX_S)
		die("no reply for %d s", SILENCE_MAX_S);
}

/* Starts a batch on every connection and serves them until all are idle. */
static void
drive(struct load *l)
{
	struct io_uring_cqe *cqe;
	unsigned head, seen;
	int r;

	l->busy = 0;
	for (uint32_t i = 0; i < l->connections + l->probe; i++)
		l->busy += start_batch(l, &l->conns[i], now_ns());
	while (l->busy > 0) {
		r = io_uring_submit_and_wait(&l->ring, 1);
		if (r < 0 && r != -EINTR && r != -EAGAIN)
			die("io_uring_enter: %s", strerror(-r));
		if (ticked)
			on_tick(l);
		seen = 0;
		io_uring_for_each_cqe(&l->ring, head, cqe) {
			seen++;
			if (cqe->user_data & TAG_SEND)
				die("send: %s", strerror(-cqe->res));
			on_received(l, io_uring_cqe_get_data(cqe), cqe);
		}
		io_uring_cq_advance(&l->ring, seen);
	}
}

/* Lays the shape of every request into the buffers. */
static void
use_shapes(struct load *l, struct shape *shapes)
{
	struct conn *c;
	struct shape *s;

	for (uint32_t i = 0; i < l->connections + l->probe; i++) {
		c = &l->conns[i];
		c->shapes = shapes;
		c->count = c->is_probe ? 1 : l->pipeline;
		memset(c->kinds, l->mix[0], c->count);
		s = &shapes[l->mix[0]];
		for (uint32_t at = 0; at < c->count; at++)
			memcpy(c->requests + at * s->bytes, s->text, s->bytes);
		c->request_bytes = c->count * s->bytes;
	}
}

static void
run(struct load *l)
{
	if (l->fill) {
		use_shapes(l, l->fill_shapes);
		l->phase = FILL;
		l->deadline_ns = UINT64_MAX;
		l->fill_total = (uint64_t)l->key_count * l->elements;
		if (l->seconds == 0)
			window_open(l);
		drive(l);
		if (l->seconds == 0)
			window_close(l);
	}
	if (l->seconds == 0)
		return;
	use_shapes(l, l->shapes);
	l->phase = WARM;
	l->deadline_ns = now_ns() + (uint64_t)(l->warm_s * 1e9);
	drive(l);
}

static void
report(const struct load *l)
{
	double seconds = l->window_ns / 1e9, ops = l->window_ops;

	printf("ops_s=%.0f p50=%.1f p99=%.1f p999=%.1f max=%.1f errors=%llu "
	       "ops=%.0f seconds=%.3f server_cpu=%.4f server_util=%.3f "
	       "load_cpu=%.4f load_util=%.3f steal_ms=%llu",
	    ops / seconds, hist_us(&l->hist, 0.5), hist_us(&l->hist, 0.99),
	    hist_us(&l->hist, 0.999), l->hist.max_ns / 1e3,
	    (unsigned long long)l->errors, ops, seconds,
	    l->window_cpu_ns / 1e3 / ops, l->window_cpu_ns / 1e9 / seconds,
	    l->window_own_ns / 1e3 / ops, l->window_own_ns / 1e9 / seconds,
	    (unsigned long long)l->window_steal_ms);
	if (l->probe)
		printf(" probe_p99=%.1f probe_max=%.1f",
		    hist_us(&l->probe_hist, 0.99), l->probe_hist.max_ns / 1e3);
	putchar('\n');
}

static void
make_conns(struct load *l)
{
	uint32_t request_max = 0, reply_max = REPLY_LINE_MAX, total, batch;
	struct conn *c;

	for (int i = 0; i < REQUEST_COUNT; i++) {
		if (l->shapes[i].bytes > request_max)
			request_max = l->shapes[i].bytes;
		if (request_reply_bytes(&l->shapes[i]) > reply_max)
			reply_max = request_reply_bytes(&l->shapes[i]);
	}
	total = l->connections + l->probe;
	l->conns = allocate(total * sizeof(*l->conns));
	for (uint32_t i = 0; i < total; i++) {
		c = &l->conns[i];
		c->index = i;
		c->is_probe = i == l->connections;
		c->hist = c->is_probe ? &l->probe_hist : &l->hist;
		batch = c->is_probe ? 1 : l->pipeline;
		c->requests = allocate((size_t)batch * request_max);
		c->replies_bytes = batch * reply_max;
		c->replies = allocate(c->replies_bytes);
		c->keys = allocate(batch * sizeof(*c->keys));
		c->kinds = allocate(batch);
	}
}

static int
connect_one(const struct load *l)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(l->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("port %d: %s", l->port, strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void
provide_buffers(struct load *l)
{
	struct io_uring_buf_reg reg = { .ring_entries = BUFFERS,
		.bgid = GROUP };
	int r;

	l->buffers = aligned_alloc(4096,
	    BUFFERS * sizeof(struct io_uring_buf));
	l->memory = aligned_alloc(4096, (size_t)BUFFERS * BUFFER_BYTES);
	if (l->buffers == NULL || l->memory == NULL)
		die("out of memory");
	reg.ring_addr = (uintptr_t)l->buffers;
	io_uring_buf_ring_init(l->buffers);
	for (int i = 0; i < BUFFERS; i++)
		io_uring_buf_ring_add(l->buffers, l->memory + i * BUFFER_BYTES,
		    BUFFER_BYTES, i, BUFFERS - 1, i);
	io_uring_buf_ring_advance(l->buffers, BUFFERS);
	r = io_uring_register_buf_ring(&l->ring, &reg, 0);
	if (r < 0)
		die("io_uring_register: %s", strerror(-r));
}

static void
open_ring(struct load *l)
{
	struct io_uring_params p = { .flags = IORING_SETUP_SINGLE_ISSUER |
		IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE };
	uint32_t total = l->connections + l->probe;
	int *fds = allocate(total * sizeof(*fds)), r;

	p.cq_entries = total * 4 < 64 ? 64 : total * 4;
	r = io_uring_queue_init_params(p.cq_entries / 2, &l->ring, &p);
	if (r < 0)
		die("io_uring_setup: %s", strerror(-r));
	for (uint32_t i = 0; i < total; i++)
		fds[i] = connect_one(l);
	r = io_uring_register_files(&l->ring, fds, total);
	if (r < 0)
		die("io_uring_register: %s", strerror(-r));
	io_uring_register_ring_fd(&l->ring);
	free(fds);
	provide_buffers(l);
	for (uint32_t i = 0; i < total; i++)
		queue_receive(l, &l->conns[i]);
}

static void
note_tick(int number)
{
	(void)number;
	ticked = 1;
}

static void
start_ticks(void)
{
	struct sigaction action = { .sa_handler = note_tick };
	struct itimerval every = { { 1, 0 }, { 1, 0 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

static void
pin(int core)
{
	cpu_set_t set;

	if (core < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		die("core %d: %s", core, strerror(errno));
}

/* "get" or "get:90,set:10" */
static void
parse_mix(struct load *l, const char *text)
{
	uint32_t parts = 0, n;
	size_t bytes;
	char *end;
	int kind;

	for (; *text != 0; text = *end == ',' ? end + 1 : end) {
		bytes = strcspn(text, ":,");
		kind = request_find(text, bytes);
		n = MIX_PARTS;
		end = (char *)text + bytes;
		if (*end == ':')
			n = strtoul(end + 1, &end, 10);
		if (kind < 0 || n == 0 || n > MIX_PARTS - parts ||
		    (*end != 0 && *end != ','))
			die("--op: NAME or NAME:PERCENT,... was expected");
		memset(l->mix + parts, kind, n);
		parts += n;
	}
	if (parts != MIX_PARTS)
		die("--op: the parts do not make 100 percent");
	l->is_mixed = memchr(l->mix + 1, l->mix[0], MIX_PARTS - 1) == NULL ||
	    memcmp(l->mix, l->mix + 1, MIX_PARTS - 1) != 0;
}

static void
make_shapes(struct load *l)
{
	for (int i = 0; i < REQUEST_COUNT; i++) {
		request_shape(&l->shapes[i], i, l->prefix, l->value_bytes);
		l->shapes[i].any_value = l->any_value;
	}
	for (int i = 0; i < REQUEST_COUNT; i++)
		l->fill_shapes[i] = l->shapes[l->shapes[i].filled];
}

static const struct option options[] = {
	{ "port", required_argument, NULL, 'p' },
	{ "connections", required_argument, NULL, 'c' },
	{ "pipeline", required_argument, NULL, 'P' },
	{ "op", required_argument, NULL, 'o' },
	{ "size", required_argument, NULL, 'd' },
	{ "keys", required_argument, NULL, 'k' },
	{ "elements", required_argument, NULL, 'e' },
	{ "prefix", required_argument, NULL, 'x' },
	{ "zipf", required_argument, NULL, 'z' },
	{ "seed", required_argument, NULL, 's' },
	{ "seconds", required_argument, NULL, 't' },
	{ "warm", required_argument, NULL, 'w' },
	{ "core", required_argument, NULL, 'C' },
	{ "pid", required_argument, NULL, 'i' },
	{ "fill", no_argument, NULL, 'f' },
	{ "probe", no_argument, NULL, 'r' },
	{ "any-value", no_argument, NULL, 'a' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void __attribute__((noreturn))
usage(void)
{
	puts("load --port N [options]: a closed loop of RESP clients\n"
	     "  --connections N  50       --pipeline N  1\n"
	     "  --op NAME or NAME:PERCENT,...  get set incr hset lpush sadd "
	     "zadd\n"
	     "  --size BYTES     64       of a value\n"
	     "  --keys N         1000000  --elements N  1, within each key\n"
	     "  --prefix XXXX    key:     four characters before 12 digits\n"
	     "  --zipf EXPONENT  uniform  --seed N\n"
	     "  --fill           first write every key and element once\n"
	     "  --seconds S      1.5      0: measure the fill\n"
	     "  --warm S         0.3      --core N      pin to it\n"
	     "  --probe          one more connection, the longest round trip\n"
	     "  --any-value      do not compare values (null server)\n"
	     "  --pid N          a server, its children included; may repeat");
	exit(0);
}

static uint32_t
number(const char *text, uint32_t least, uint32_t most)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	if (end == text || *end != 0 || n < least || n > most)
		die("%s: a number from %u to %u was expected", text, least,
		    most);
	return n;
}

static void
set_option(struct load *l, int option, const char *text)
{
	switch (option) {
	case 'p': l->port = number(text, 1, 65535); break;
	case 'c': l->connections = number(text, 1, CONNECTIONS_MAX); break;
	case 'P': l->pipeline = number(text, 1, 4096); break;
	case 'o': parse_mix(l, text); break;
	case 'd': l->value_bytes = number(text, REQUEST_VALUE_MIN,
	    REQUEST_VALUE_MAX); break;
	case 'k': l->key_count = number(text, 1, UINT32_MAX); break;
	case 'e': l->elements = number(text, 1, 100000000); break;
	case 'x': snprintf(l->prefix, sizeof(l->prefix), "%s", text); break;
	case 'z': l->zipf = atof(text); break;
	case 's': l->seed = number(text, 0, UINT32_MAX); break;
	case 't': l->seconds = atof(text); break;
	case 'w': l->warm_s = atof(text); break;
	case 'C': l->core = number(text, 0, 1023); break;
	case 'i': cpu_add(&l->servers, number(text, 1, INT32_MAX)); break;
	case 'f': l->fill = true; break;
	case 'r': l->probe = true; break;
	case 'a': l->any_value = true; break;
	case 'h': usage();
	default: exit(2);
	}
}

int
main(int argc, char **argv)
{
	static struct load l = { .core = -1, .connections = 50, .pipeline = 1,
		.value_bytes = 64, .key_count = 1000000, .elements = 1,
		.seconds = 1.5, .warm_s = 0.3, .seed = 1, .prefix = "key:" };
	int option;

	parse_mix(&l, "get");
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		set_option(&l, option, optarg);
	if (l.port == 0 || optind != argc)
		usage();
	if (strlen(l.prefix) != REQUEST_PREFIX_BYTES)
		die("--prefix: four characters were expected");
	pin(l.core);
	make_shapes(&l);
	keys_init(&l.keys, l.key_count, l.zipf, l.seed);
	make_conns(&l);
	open_ring(&l);
	start_ticks();
	run(&l);
	report(&l);
	return l.errors != 0;
}
