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
 *   report                    what happened, see report_shard()
 *   keys                      every key and what it must hold
 *
 * A write is INCR: each key has one writer, so the reply says whether every
 * write before it is still there, and none is there twice.  Redirections are
 * followed; a request that was refused is repeated.  Whether one that got no
 * reply was executed nobody knows, and it may be executed later: its key is
 * given up, and another takes its place.  At the end it holds at least what
 * was acknowledged and at most what was sent.
 *
 * Probes follow no redirection.  All those of a shard write one key, so that
 *   switches   the longest chain of acceptances, each by another node than the
 *              one before and begun after that one's reply, less one: how often
 *              the right to write has changed hands at least
 *   regressed  acceptances whose number is not above those of all that had
 *              been answered before they were asked: a write was lost, or two
 *              nodes counted side by side
 *
 * Not here: who is stopped, and what that means (t/lib/shard.py).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define PLACES_MAX 64
#define SHARDS_MAX 16
#define SHARD_NODES 8
#define PEERS_MAX 256
#define PIPELINE_MAX 64
#define ERROR_KINDS 16
#define WORD_BYTES 24
#define BUFFER_BYTES 16384
#define TAG_BYTES 40
#define RECENT 64
#define EVENTS 64
#define MS 1000000ll
#define AGAIN_NS (1 * MS)   /* until a refused request is repeated */
#define RECONNECT_NS (2 * MS)

struct place {
	struct sockaddr_in address;
};

/* What a key of one writer must hold: acked at least, sent at most. */
struct key {
	uint32_t index, birth;
	uint64_t acked, sent;
};

struct given_up {
	uint16_t peer;
	struct key key;
};

struct count {
	char word[WORD_BYTES];
	uint64_t times;
};

/* An acceptance of a probe: its end, and the highest number up to there. */
struct accepted {
	int64_t end_ns;
	uint64_t most;
};

struct shard {
	char name[TAG_BYTES];
	uint16_t place[SHARD_NODES];
	unsigned places;

	uint64_t acks, lost, extra, moved, timeouts, breaks;
	int64_t last_ns;        /* of acknowledgements, 0: none yet */
	int64_t gap_ns, gap_at_ns;
	struct count error[ERROR_KINDS];

	uint64_t probes, switches, regressed;
	int holder;             /* the place that accepted, -1: none yet */
	int64_t holder_ns;      /* end of its first acceptance */
	int64_t switched_ns;
	struct accepted *accepted;
	size_t accepts, accepts_room;
	uint64_t recent[RECENT];
};

enum state { AWAY, CONNECTING, IDLE, WAITING };

/* A writer, or a probe (pipeline 1, and one place for ever). */
struct peer {
	struct shard *shard;
	bool is_probe;
	char tag[TAG_BYTES];
	unsigned turn;          /* which of the shard's places is next */
	uint16_t at;            /* the place it talks to */
	bool is_asking;
	int fd;
	int kept[PLACES_MAX];   /* connections to other places, -1: none */
	enum state state;
	int64_t since_ns;       /* since when it waits */
	int64_t wake_ns;        /* nothing is done before */
	int64_t pace_ns;
	struct key *keys;
	uint32_t key_count, next_key, births;
	uint32_t pipeline, batch[PIPELINE_MAX], count, got, left;
	char in[BUFFER_BYTES];
	size_t in_bytes;
	char out[BUFFER_BYTES];
	size_t out_bytes, out_sent;
};

static struct {
	struct place place[PLACES_MAX];
	struct shard shard[SHARDS_MAX];
	struct peer *peer[PEERS_MAX];
	struct given_up *given_up;
	unsigned places, shards, peers;
	size_t gone, gone_room;
	int64_t timeout_ns, now_ns, held_ns;
	int epoll;
	bool is_going, is_holding;
} w;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
	va_list ap;

	fputs("witness: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static int64_t
clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void *
grow(void *old, size_t count, size_t *room, size_t bytes)
{
	if (count < *room)
		return old;
	*room = *room == 0 ? 256 : *room * 2;
	old = realloc(old, *room * bytes);
	if (old == NULL)
		die("out of memory");
	return old;
}

/* The index of HOST:PORT; it is entered when it is new. */
static uint16_t
place_of(const char *text)
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
	for (i = 0; i < w.places; i++)
		if (w.place[i].address.sin_port == a.sin_port &&
		    w.place[i].address.sin_addr.s_addr == a.sin_addr.s_addr)
			return (uint16_t)i;
	if (w.places == PLACES_MAX)
		die("too many addresses");
	w.place[w.places].address = a;
	return (uint16_t)w.places++;
}

static void
count_error(struct shard *s, const char *text, size_t bytes)
{
	char word[WORD_BYTES] = { 0 };
	unsigned i;

	for (i = 0; i < bytes && i < sizeof word - 1 && text[i] > ' '; i++)
		word[i] = text[i] == '"' || text[i] == '\\' ? '?' : text[i];
	for (i = 0; i < ERROR_KINDS - 1; i++)
		if (s->error[i].times == 0 || !strcmp(s->error[i].word, word))
			break;
	memcpy(s->error[i].word, word, sizeof word);
	s->error[i].times++;
}

/* The end of silence, if it was the longest. */
static void
note_ack(struct shard *s)
{
	if (s->last_ns != 0 && w.now_ns - s->last_ns > s->gap_ns) {
		s->gap_ns = w.now_ns - s->last_ns;
		s->gap_at_ns = s->last_ns;
	}
	s->last_ns = w.now_ns;
	s->acks++;
}

/* Nobody knows whether the key's last write was, or will be, executed. */
static void
give_key_up(struct peer *p, uint16_t index, struct key *k)
{
	w.given_up = grow(w.given_up, w.gone, &w.gone_room, sizeof *w.given_up);
	w.given_up[w.gone++] = (struct given_up){ .peer = index, .key = *k };
	*k = (struct key){ .index = k->index, .birth = ++p->births };
}

static uint16_t
index_of(const struct peer *p)
{
	uint16_t i;

	for (i = 0; w.peer[i] != p; i++)
		continue;
	return i;
}

/* Leaves the connection; what has no reply is in doubt. */
static void
leave(struct peer *p, int64_t wait_ns)
{
	uint16_t index = index_of(p);
	uint32_t i;

	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	if (p->state == WAITING) {
		for (i = p->got; i < p->count && !p->is_probe; i++)
			give_key_up(p, index, &p->keys[p->batch[i]]);
		/* Those that were refused are left to be asked again. */
		p->count = p->left;
	}
	p->left = p->got = 0;
	p->in_bytes = 0;
	p->is_asking = false;
	p->state = AWAY;
	p->wake_ns = w.now_ns + wait_ns;
}

static void
break_off(struct peer *p)
{
	if (p->state == WAITING && !p->is_probe)
		p->shard->breaks++;
	leave(p, RECONNECT_NS);
	if (!p->is_probe)
		p->at = p->shard->place[++p->turn % p->shard->places];
}

static void
watch(struct peer *p, uint32_t events, int how)
{
	struct epoll_event e = { .events = events, .data.ptr = p };

	if (epoll_ctl(w.epoll, how, p->fd, &e) < 0)
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
	const struct sockaddr_in *a = &w.place[p->at].address;
	int one = 1;

	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		die("socket: %s", strerror(errno));
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	p->state = CONNECTING;
	p->since_ns = w.now_ns;
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

static size_t
name_key(char *to, size_t room, const struct peer *p, const struct key *k)
{
	if (p->is_probe)
		return snprintf(to, room, "{%s}probe", p->tag);
	return snprintf(to, room, "{%s}k%u.%u", p->tag, k->index, k->birth);
}

/* The next batch: what was refused, or else new writes. */
static void
send_batch(struct peer *p)
{
	struct key *k = NULL;
	char name[2 * TAG_BYTES];
	size_t bytes;
	uint32_t i;

	if (p->count == 0 && !p->is_probe) {
		while (p->count < p->pipeline) {
			k = &p->keys[p->next_key];
			k->sent = k->acked + 1;
			p->batch[p->count++] = p->next_key;
			p->next_key = (p->next_key + 1) % p->key_count;
		}
	}
	if (p->is_probe)
		p->count = 1;
	p->out_bytes = p->out_sent = 0;
	for (i = 0; i < p->count; i++) {
		if (!p->is_probe)
			k = &p->keys[p->batch[i]];
		bytes = name_key(name, sizeof name, p, k);
		p->out_bytes += snprintf(p->out + p->out_bytes,
		    sizeof p->out - p->out_bytes,
		    "%s*2\r\n$4\r\nINCR\r\n$%zu\r\n%s\r\n",
		    p->is_asking ? "*1\r\n$6\r\nASKING\r\n" : "", bytes, name);
	}
	p->got = p->left = 0;
	p->state = WAITING;
	p->since_ns = w.now_ns;
	flush(p);
}

/* The highest number that had been told before an instant. */
static uint64_t
most_before(const struct shard *s, int64_t at_ns)
{
	size_t low = 0, high = s->accepts, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (s->accepted[middle].end_ns < at_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? 0 : s->accepted[low - 1].most;
}

static void
note_acceptance(struct peer *p, uint64_t number)
{
	struct shard *s = p->shard;
	uint64_t most = s->accepts == 0 ? 0 : s->accepted[s->accepts - 1].most;
	bool is_late = number <= most_before(s, p->since_ns);
	unsigned i;

	for (i = 0; i < RECENT; i++)
		is_late = is_late || s->recent[i] == number;
	s->regressed += is_late;
	s->recent[s->accepts % RECENT] = number;
	s->accepted = grow(s->accepted, s->accepts, &s->accepts_room,
	    sizeof *s->accepted);
	s->accepted[s->accepts++] = (struct accepted){ .end_ns = w.now_ns,
	    .most = number > most ? number : most };
	s->probes++;
	if (s->holder == p->at || p->since_ns <= s->holder_ns)
		return;
	if (s->holder >= 0) {
		s->switches++;
		s->switched_ns = w.now_ns;
	}
	s->holder = p->at;
	s->holder_ns = w.now_ns;
}

static void
take_number(struct peer *p, uint64_t number)
{
	struct shard *s = p->shard;
	struct key *k;

	if (p->is_probe) {
		note_acceptance(p, number);
		return;
	}
	k = &p->keys[p->batch[p->got]];
	if (number < k->sent)
		s->lost += k->sent - number;
	else
		s->extra += number - k->sent;
	k->acked = k->sent = number;
	note_ack(s);
}

/* "MOVED slot host:port": where to; errors leave the batch to be repeated. */
static void
take_error(struct peer *p, char *text)
{
	char *where = strrchr(text, ' ');
	bool is_moved = !strncmp(text, "MOVED ", 6);
	bool is_ask = !strncmp(text, "ASK ", 4);

	if (p->is_probe)
		return;
	if (!strncmp(text, "INDOUBT", 7)) {
		count_error(p->shard, text, strlen(text));
		give_key_up(p, index_of(p), &p->keys[p->batch[p->got]]);
		return;
	}
	p->batch[p->left++] = p->batch[p->got];
	if ((is_moved || is_ask) && where != NULL && where[1] != ':') {
		if (p->at == place_of(where + 1))
			p->wake_ns = w.now_ns + AGAIN_NS;
		p->at = place_of(where + 1);
		p->is_asking = is_ask;
		p->shard->moved++;
		return;
	}
	count_error(p->shard, text, strlen(text));
	p->wake_ns = w.now_ns + AGAIN_NS;
	/* Its cluster is down: another one may know better. */
	if (!strncmp(text, "CLUSTERDOWN", 11) && p->left == 1)
		p->at = p->shard->place[++p->turn % p->shard->places];
}

static void
end_batch(struct peer *p, uint16_t was_at)
{
	p->count = p->is_probe ? 0 : p->left;
	p->state = IDLE;
	if (p->is_probe)
		p->wake_ns = w.now_ns + p->pace_ns;
	if (p->at == was_at)
		return;
	/* The next one goes to another place, over another connection. */
	if (epoll_ctl(w.epoll, EPOLL_CTL_DEL, p->fd, NULL) < 0)
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

static void
happen(struct peer *p, uint32_t events)
{
	if (p->state == CONNECTING) {
		if (events & (EPOLLERR | EPOLLHUP)) {
			break_off(p);
			return;
		}
		if (!(events & EPOLLOUT))
			return;
		p->state = IDLE;
		p->wake_ns = p->wake_ns > w.now_ns ? p->wake_ns : w.now_ns;
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
	return w.is_going && !(w.is_holding && p->count == 0 && !p->is_probe);
}

static void
give_up_late(struct peer *p)
{
	if ((p->state != WAITING && p->state != CONNECTING) ||
	    w.now_ns - p->since_ns < w.timeout_ns)
		return;
	if (p->state == WAITING && !p->is_probe)
		p->shard->timeouts++;
	leave(p, 0);
	if (!p->is_probe)
		p->at = p->shard->place[++p->turn % p->shard->places];
}

static void
drive(struct peer *p)
{
	give_up_late(p);
	if (p->wake_ns > w.now_ns || !is_wanted(p))
		return;
	if (p->state == AWAY && !is_kept(p))
		begin_connection(p);
	if (p->state == IDLE)
		send_batch(p);
}

/* ---- orders ----------------------------------------------------------- */

static void
say_errors(const struct shard *s)
{
	unsigned i;

	printf(", \"errors\": {");
	for (i = 0; i < ERROR_KINDS && s->error[i].times > 0; i++)
		printf("%s\"%s\": %" PRIu64, i == 0 ? "" : ", ",
		    s->error[i].word, s->error[i].times);
	printf("}");
}

/* Times in us; silent: since the last acknowledgement. */
static void
report_shard(const struct shard *s)
{
	int64_t silent = s->last_ns == 0 ? 0 : w.now_ns - s->last_ns;

	printf("\"%s\": {\"acks\": %" PRIu64 ", \"gap_us\": %" PRId64
	    ", \"gap_at_us\": %" PRId64 ", \"silent_us\": %" PRId64
	    ", \"lost\": %" PRIu64 ", \"extra\": %" PRIu64
	    ", \"moved\": %" PRIu64 ", \"timeouts\": %" PRIu64
	    ", \"breaks\": %" PRIu64 ", \"probes\": %" PRIu64
	    ", \"switches\": %" PRIu64 ", \"regressed\": %" PRIu64
	    ", \"switched_us\": %" PRId64,
	    s->name, s->acks, s->gap_ns / 1000, s->gap_at_ns / 1000,
	    silent / 1000, s->lost, s->extra, s->moved, s->timeouts, s->breaks,
	    s->probes, s->switches, s->regressed, s->switched_ns / 1000);
	say_errors(s);
	printf("}");
}

static void
order_report(char **word, int words)
{
	unsigned i;

	(void)word, (void)words;
	printf("{");
	for (i = 0; i < w.shards; i++) {
		printf(i == 0 ? "" : ", ");
		report_shard(&w.shard[i]);
	}
	printf("}\n");
}

static void
say_key(bool *is_first, const struct peer *p, const struct key *k)
{
	char name[2 * TAG_BYTES];

	if (k->sent == 0)
		return;
	name_key(name, sizeof name, p, k);
	printf("%s[\"%s\", \"%s\", %" PRIu64 ", %" PRIu64 "]",
	    *is_first ? "" : ", ", p->shard->name, name, k->acked, k->sent);
	*is_first = false;
}

static void
order_keys(char **word, int words)
{
	bool is_first = true;
	uint32_t i, j;

	(void)word, (void)words;
	printf("[");
	for (i = 0; i < w.peers; i++)
		for (j = 0; j < w.peer[i]->key_count; j++)
			say_key(&is_first, w.peer[i], &w.peer[i]->keys[j]);
	for (i = 0; i < w.gone; i++)
		say_key(&is_first, w.peer[w.given_up[i].peer],
		    &w.given_up[i].key);
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
		s->place[s->places++] = place_of(word[i]);
	s->holder = -1;
}

static struct peer *
add_peer(struct shard *s, const char *tag, unsigned turn)
{
	struct peer *p = calloc(1, sizeof *p);
	unsigned i;

	if (p == NULL || w.peers == PEERS_MAX)
		die("too many writers");
	for (i = 0; i < PLACES_MAX; i++)
		p->kept[i] = -1;
	w.peer[w.peers++] = p;
	p->shard = s;
	p->fd = -1;
	p->turn = turn;
	p->at = s->place[turn % s->places];
	p->pipeline = 1;
	snprintf(p->tag, sizeof p->tag, "%s", tag);
	return p;
}

static void
order_writer(char **word, int words)
{
	struct peer *p;
	uint32_t i;

	if (words != 5)
		die("writer NAME TAG P KEYS");
	p = add_peer(shard_of(word[1]), word[2], 0);
	p->pipeline = (uint32_t)atoi(word[3]);
	p->key_count = (uint32_t)atoi(word[4]);
	if (p->pipeline > PIPELINE_MAX || p->pipeline < 1 ||
	    p->key_count < p->pipeline)
		die("a writer needs as many keys as it writes at once");
	p->keys = calloc(p->key_count, sizeof *p->keys);
	for (i = 0; i < p->key_count; i++)
		p->keys[i].index = i;
}

static void
order_probe(char **word, int words)
{
	struct shard *s;
	struct peer *p;
	unsigned i;

	if (words != 4)
		die("probe NAME TAG US");
	s = shard_of(word[1]);
	for (i = 0; i < s->places; i++) {
		p = add_peer(s, word[2], i);
		p->is_probe = true;
		p->pace_ns = atoll(word[3]) * 1000;
	}
}

/* True when no writer waits any more, or only for what is refused. */
static bool
is_held(void)
{
	unsigned i;

	for (i = 0; i < w.peers; i++)
		if (!w.peer[i]->is_probe && w.peer[i]->count > 0 &&
		    w.now_ns - w.held_ns < 4 * w.timeout_ns)
			return false;
	return true;
}

static void
order_timeout(char **word, int words)
{
	if (words != 2)
		die("timeout MS");
	w.timeout_ns = atoll(word[1]) * MS;
}

static void
order_go(char **word, int words)
{
	(void)word, (void)words;
	w.is_going = true;
	w.is_holding = false;
}

static void
order_hold(char **word, int words)
{
	(void)word, (void)words;
	w.is_holding = true;
	w.held_ns = w.now_ns;
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

	w.timeout_ns = 1000 * MS;
	w.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w.epoll < 0 ||
	    epoll_ctl(w.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &e) < 0)
		die("epoll: %s", strerror(errno));
	for (;;) {
		n = epoll_wait(w.epoll, event, EVENTS, w.is_going ? 1 : -1);
		w.now_ns = clock_ns();
		for (i = 0; i < n; i++) {
			if (event[i].data.ptr == NULL)
				read_orders();
			else
				happen(event[i].data.ptr, event[i].events);
		}
		for (i = 0; i < (int)w.peers; i++)
			drive(w.peer[i]);
		if (w.is_holding && w.held_ns != 0 && is_held()) {
			w.held_ns = 0;
			puts("ok");
			fflush(stdout);
		}
	}
}
