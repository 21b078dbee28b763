#include "t/sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "t/sim/check.h"

#define NODES_MAX 64
#define MILLION 1000000u
#define PORT 7000
#define PACE_MAX 5000          /* clocks go wrong by half a percent */

#define FLOW_MS 3

enum what { TICK, UP, DOWN, REFUSED, PACKET, DURABLE, BOOT, ANSWER, READ };

/* Something that will happen to a host. */
struct happening {
	int64_t at_ms;
	uint64_t serial;           /* in this order, at one time */
	enum what what;
	int host, from;
	uint32_t birth;            /* of the process it is meant for */
	uint32_t conn_serial;
	unsigned conn;
	uint64_t wire, generation, number;
	enum cluster_kind kind;    /* ANSWER */
	int worker;                /* READ */
	size_t bytes;
	uint8_t data[];
};

uint32_t
world_random(struct world *w, uint32_t n)
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return n == 0 ? 0 :
	    (uint32_t)((w->random * 0x2545f4914f6cdd1dull >> 33) % n);
}

bool
world_chance(struct world *w, uint32_t in_a_million)
{
	return in_a_million > 0 && world_random(w, MILLION) < in_a_million;
}

void
world_say(const struct world *w, int i, const char *format, ...)
{
	va_list args;

	if (!w->is_talking)
		return;
	printf("%8lld.%03lld %2d ", (long long)w->now_ms / 1000,
	    (long long)w->now_ms % 1000, i);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void
world_break(struct world *w, int i, const char *format, ...)
{
	va_list args;
	size_t n;

	if (w->broken[0] != 0)
		return;
	n = (size_t)snprintf(w->broken, sizeof(w->broken),
	    "at %lld.%03lld node %d: ", (long long)w->now_ms / 1000,
	    (long long)w->now_ms % 1000, i);
	va_start(args, format);
	vsnprintf(w->broken + n, sizeof(w->broken) - n, format, args);
	va_end(args);
}

static bool
is_before(const struct happening *a, const struct happening *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms :
	    a->serial < b->serial;
}

static void
push(struct world *w, struct happening *h)
{
	unsigned i = w->heaped++;

	if (i == w->heap_room) {
		w->heap_room = w->heap_room * 2 + 1024;
		w->heap = realloc(w->heap,
		    w->heap_room * sizeof(struct happening *));
	}
	h->serial = ++w->serial;
	while (i > 0 && is_before(h, w->heap[(i - 1) / 2])) {
		w->heap[i] = w->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	w->heap[i] = h;
}

static struct happening *
pop(struct world *w)
{
	struct happening *first = w->heap[0], *h = w->heap[--w->heaped];
	unsigned i = 0, k;

	while ((k = i * 2 + 1) < w->heaped) {
		if (k + 1 < w->heaped && is_before(w->heap[k + 1], w->heap[k]))
			k++;
		if (is_before(h, w->heap[k]))
			break;
		w->heap[i] = w->heap[k];
		i = k;
	}
	w->heap[i] = h;
	return first;
}

/* Something for the process that runs on that host now. */
static struct happening *
plan(struct world *w, int64_t after_ms, enum what what, int host,
    size_t bytes)
{
	struct happening *h = malloc(sizeof(*h) + bytes);

	*h = (struct happening){ .at_ms = w->now_ms + after_ms, .what = what,
	    .host = host, .from = -1, .birth = w->host[host].birth,
	    .bytes = bytes };
	return h;
}

/* How long a message takes; most are quick. */
static int64_t
travel_ms(struct world *w)
{
	if (world_chance(w, w->mishaps.late))
		return 1 + world_random(w, 3 * WORLD_TIMEOUT_MS);
	return 1 + world_random(w, 3);
}

static bool
is_cut(const struct world *w, int from, int to)
{
	return w->cut[from] >> to & 1;
}

/* Where conn i's messages go when sent by `from`; false: nowhere. */
static bool
is_alive(const struct world *w, const struct conn *c, int i)
{
	return c->is_open && w->host[i].is_up && w->host[i].birth ==
	    (i == c->from ? c->from_birth : c->to_birth);
}

static uint64_t
inbound(unsigned conn, uint32_t serial)
{
	return VIEW_INBOUND | (uint64_t)serial << 24 | conn;
}

static void
send_one(struct world *w, unsigned k, int from, const uint8_t *data,
    size_t bytes)
{
	struct conn *c = &w->conn[k];
	int to = from == c->from ? c->to : c->from;
	struct happening *h;

	w->messages++;
	if (!is_alive(w, c, to) || is_cut(w, from, to) ||
	    world_chance(w, w->mishaps.lost))
		return;
	h = plan(w, travel_ms(w), PACKET, to, bytes);
	h->from = from;
	h->conn = k;
	h->conn_serial = c->serial;
	h->wire = from == c->from ? inbound(k, c->serial) : c->link;
	memcpy(h->data, data, bytes);
	push(w, h);
}

static void
send_on(struct world *w, unsigned k, int from, const uint8_t *data,
    size_t bytes)
{
	send_one(w, k, from, data, bytes);
	if (world_chance(w, w->mishaps.doubled))
		send_one(w, k, from, data, bytes);
}

/* The connection that this number means to host i; conns when none does. */
static unsigned
find_conn(const struct world *w, int i, uint64_t wire)
{
	unsigned k;

	if (wire & VIEW_INBOUND) {
		k = wire & 0xffffff;
		return k < w->conns && w->conn[k].is_open &&
		    w->conn[k].serial == (uint32_t)(wire >> 24 & 0xffffffff) ?
		    k : w->conns;
	}
	for (k = 0; k < w->conns; k++)
		if (w->conn[k].is_open && w->conn[k].from == i &&
		    w->conn[k].link == wire &&
		    w->conn[k].from_birth == w->host[i].birth)
			break;
	return k;
}

/* Ends a connection; who is left learns of it, if the network lets it. */
static void
close_conn(struct world *w, unsigned k, int by)
{
	struct conn *c = &w->conn[k];
	struct happening *h;

	c->is_open = false;
	if (by == c->from || is_cut(w, by, c->from) ||
	    !w->host[c->from].is_up)
		return;
	h = plan(w, travel_ms(w), DOWN, c->from, 0);
	h->wire = c->link;
	push(w, h);
}

static unsigned
new_conn(struct world *w)
{
	unsigned k;

	for (k = 0; k < w->conns; k++)
		if (!w->conn[k].is_open)
			return k;
	if (w->conns == w->conns_room) {
		w->conns_room = w->conns_room * 2 + 64;
		w->conn = realloc(w->conn,
		    w->conns_room * sizeof(struct conn));
	}
	w->conn[w->conns].serial = 0;
	return w->conns++;
}

static void
open_conn(struct world *w, int from, const struct act *a)
{
	const struct view_node *n = &w->host[from].view->node[a->node];
	int to = n->cport - PORT - 10000;
	struct happening *h;
	unsigned k;

	if (to < 0 || to >= w->hosts || is_cut(w, from, to) ||
	    is_cut(w, to, from))
		return;            /* silence */
	/* The supervisor's socket listens while control is dead. */
	if (w->host[to].has_region && !w->host[to].is_up)
		return;
	h = plan(w, 1 + travel_ms(w), w->host[to].is_up ? UP : REFUSED, from,
	    0);
	h->wire = a->wire;
	push(w, h);
	if (!w->host[to].is_up)
		return;
	k = new_conn(w);
	w->conn[k] = (struct conn){ .is_open = true,
	    .serial = w->conn[k].serial + 1, .from = from, .to = to,
	    .from_birth = w->host[from].birth,
	    .to_birth = w->host[to].birth, .link = a->wire };
}

static void
save(struct world *w, int i)
{
	struct host *host = &w->host[i];
	struct happening *h;
	int64_t took = 1 + world_random(w, 8);

	if (world_chance(w, w->mishaps.slow_disk))
		took += world_random(w, 2 * WORLD_TIMEOUT_MS);
	host->file = realloc(host->file, book_room(host->view));
	host->file_bytes = book_write(host->view, host->file,
	    book_room(host->view));
	must(host->file_bytes > 0, "a view fits into its file");
	host->file_told = host->view->saving;
	host->file_given = host->view->hand.given.token;
	h = plan(w, took, DURABLE, i, 0);
	h->generation = host->view->saving.generation;
	push(w, h);
}

/* The file being written takes the place of the last one. */
static void
make_durable(struct host *host)
{
	char *old = host->disk;

	if (host->is_file_light && host->safe_bytes == 0 &&
	    host->disk_bytes > 0) {
		host->safe = realloc(host->safe, host->disk_bytes);
		must(host->safe != NULL, "the simulator has memory");
		memcpy(host->safe, host->disk, host->disk_bytes);
		host->safe_bytes = host->disk_bytes;
		host->safe_told = host->durable;
	} else if (!host->is_file_light) {
		host->safe_bytes = 0;
	}
	host->disk = host->file;
	host->disk_bytes = host->file_bytes;
	host->durable = host->file_told;
	host->given = host->file_given;
	host->is_checked = false;
	host->file = old;
	host->file_bytes = 0;
}

/* What was written lightly is gone. */
static void
lose_power(struct host *host)
{
	char *old = host->disk;

	host->disk = host->safe;
	host->disk_bytes = host->safe_bytes;
	host->durable = host->safe_told;
	host->is_checked = false;
	host->safe = old;
	host->safe_bytes = 0;
}

/* Its process is gone, and with it all that is on its way to it. */
static void
end_control(struct world *w, int i)
{
	struct host *host = &w->host[i];
	unsigned k;

	w->deaths++;
	host->is_up = false;
	/* What was being written is there, or is not. */
	if (host->file_bytes > 0 && !w->mishaps.is_lying &&
	    world_chance(w, MILLION / 2))
		make_durable(host);
	for (k = 0; k < w->conns; k++)
		if (w->conn[k].is_open &&
		    (w->conn[k].from == i || w->conn[k].to == i))
			close_conn(w, k, i);
	host->birth++;
}

void
world_kill_control(struct world *w, int i)
{
	if (!w->host[i].is_up)
		return;
	world_say(w, i, "its control dies");
	end_control(w, i);
	push(w, plan(w, 5 + world_random(w, 100), BOOT, i, 0));
}

void
world_kill(struct world *w, int i)
{
	struct host *host = &w->host[i];

	if (!host->has_region)
		return;
	world_say(w, i, "dies");
	if (host->is_up)
		end_control(w, i);
	if (host->safe_bytes > 0 && world_chance(w, MILLION / 2))
		lose_power(host);
	host->has_region = false;
	host->birth++;
	host->region_birth++;
	data_die(w, i);
	if (world_chance(w, w->mishaps.emptied))
		data_lose(w, i);
	if (!host->is_gone)
		push(w, plan(w, 20 + world_random(w, 3 * WORLD_TIMEOUT_MS),
		    BOOT, i, 0));
}

int
world_find(const struct world *w, const struct bus_id *id)
{
	int i;

	for (i = 0; i < w->hosts; i++)
		if (bus_id_is_equal(&w->host[i].id, id))
			return i;
	return -1;
}

void
world_read(struct world *w, int i, int worker, int64_t after_ms)
{
	struct happening *h = plan(w, after_ms, READ, i, 0);

	h->birth = w->host[i].region_birth;
	h->worker = worker;
	push(w, h);
}

void
world_answer(struct world *w, int i, int64_t after_ms, enum cluster_kind kind,
    uint64_t generation, uint64_t number)
{
	struct happening *h = plan(w, after_ms, ANSWER, i, 0);

	h->kind = kind;
	h->generation = generation;
	h->number = number;
	push(w, h);
}

void
world_nudge(struct world *w, int i)
{
	if (w->host[i].is_up)
		world_answer(w, i, world_random(w, 3), CLUSTER_FACTS, 0, 0);
}

static void
carry_out_one(struct world *w, int i, const struct act *a)
{
	unsigned k;
	uint16_t n;

	if (data_carry_out(w, i, a))
		return;
	switch (a->kind) {
	case ACT_SAVE:
		w->host[i].is_file_light = a->is_light;
		save(w, i);
		break;
	case ACT_OPEN:
		open_conn(w, i, a);
		break;
	case ACT_CLOSE:
		k = find_conn(w, i, a->wire);
		if (k < w->conns)
			close_conn(w, k, i);
		break;
	case ACT_SEND:
		check_message(w, i, a);
		k = find_conn(w, i, a->wire);
		if (k < w->conns)
			send_on(w, k, i, a->data, a->bytes);
		break;
	case ACT_SEND_ALL:
		check_message(w, i, a);
		for (n = 1; n < w->host[i].view->nodes; n++) {
			const struct view_node *to = &w->host[i].view->node[n];

			if (to->link_state != VIEW_LINK_UP)
				continue;
			k = find_conn(w, i, to->link);
			if (k < w->conns)
				send_on(w, k, i, a->data, a->bytes);
		}
		break;
	case ACT_NOTE:
		world_say(w, i, "%.8s: %s", a->node == VIEW_NOBODY ? "-" :
		    w->host[i].view->node[a->node].id.text, a->words);
		break;
	default:
		break;
	}
}

static void
arm(struct world *w, int i)
{
	struct host *host = &w->host[i];
	int64_t at = host->view->due_ms, late = at - world_clock(w, i);

	/* In its own time; the paces differ by little. */
	if (at != INT64_MAX)
		at = late <= 0 ? w->now_ms : w->now_ms +
		    late * (int64_t)MILLION / (MILLION + host->pace);
	if (host->tick_ms != 0 && host->tick_ms <= at)
		return;
	/* Not more often than a millisecond, or it would stand still. */
	if (at == w->now_ms)
		at++;
	host->tick_ms = at;
	push(w, plan(w, at - w->now_ms, TICK, i, 0));
}

/* It has our word, and nobody knows whether it has used it. */
static void
kill_heir(struct world *w, int i)
{
	const struct failover *f = &w->host[i].view->failover;
	int heir = world_find(w, &f->peer);

	if (f->state == FAILOVER_GIVEN && heir >= 0 &&
	    world_chance(w, w->mishaps.heir_killed))
		world_kill(w, heir);
}

static void
carry_out(struct world *w, int i)
{
	struct acts *acts = &w->acts;
	unsigned k;

	w->steps++;
	check_step(w, i);
	data_keep(w, i);
	for (k = 0; k < acts->count; k++) {
		if (world_chance(w, w->mishaps.die_at_act)) {
			if (world_random(w, 2) == 0)
				world_kill(w, i);
			else
				world_kill_control(w, i);
			return;
		}
		carry_out_one(w, i, &acts->list[k]);
	}
	kill_heir(w, i);
	data_check(w);
	arm(w, i);
}

static void
step(struct world *w, int i, const struct cluster_event *e)
{
	struct host *host = &w->host[i];

	data_gather(w, i);
	cluster_step(host->view, e, world_clock(w, i), &w->acts);
	carry_out(w, i);
}

int64_t
world_clock(const struct world *w, int i)
{
	const struct host *host = &w->host[i];

	return w->now_ms + host->clock_ms +
	    w->now_ms * host->pace / (int64_t)MILLION;
}

bool
world_is_awake(const struct world *w, int i)
{
	return w->host[i].is_up && w->host[i].stopped_until_ms <= w->now_ms;
}

struct view *
world_order(struct world *w, int i)
{
	struct host *host = &w->host[i];

	if (!world_is_awake(w, i))
		return NULL;
	data_gather(w, i);
	cluster_begin(host->view, world_clock(w, i), &w->acts);
	return host->view;
}

void
world_ordered(struct world *w, int i)
{
	cluster_settle(w->host[i].view, &w->acts);
	carry_out(w, i);
}

static void
configure(struct host *host)
{
	struct view_config *c = &host->view->config;

	c->node_timeout_ms = WORLD_TIMEOUT_MS;
	c->failover_ms = 2 * WORLD_TIMEOUT_MS;
	c->ban_ms = 60000;
	c->ping_replica_ms = 10000;
	c->validity_factor = 0;
	c->migration_barrier = 1;
	c->needs_full_coverage = true;
	c->may_migrate = true;
	memcpy(c->ip, host->ip, BUS_IP);
	c->port = (uint16_t)(PORT + host->number);
	c->cport = (uint16_t)(c->port + 10000);
	host->view->fact.unix_offset_ms = 1600000000000;
}

void
world_boot(struct world *w, int i)
{
	struct host *host = &w->host[i];
	struct nodes_conf f;

	if (host->is_up || host->is_gone)
		return;
	host->is_up = true;
	host->tick_ms = 0;
	host->stopped_until_ms = 0;
	host->won = 0;
	host->file_bytes = 0;
	memset(host->memory, 0, host->memory_bytes);
	host->view = view_begin(host->memory, NODES_MAX, &host->id,
	    world_random(w, UINT32_MAX), world_clock(w, i));
	if (host->disk_bytes > 0) {
		must(nodes_conf_read(&f, (struct slice){ host->disk,
		    host->disk_bytes }) == NODES_CONF_GOOD,
		    "a file that became durable is good");
		(void)book_read(host->view, &f);
	}
	configure(host);
	if (host->has_region)
		hand_go_on(host->view, &host->data.kept);
	data_boot(w, i);
	host->has_region = true;
	world_say(w, i, "starts from generation %llu",
	    (unsigned long long)host->view->told.generation);
	step(w, i, &(struct cluster_event){ .kind = CLUSTER_FACTS });
}

static void
durable(struct world *w, struct happening *h)
{
	struct host *host = &w->host[h->host];
	bool is_good = !world_chance(w, w->mishaps.full_disk);
	bool is_unwritten = !is_good && world_chance(w, MILLION / 2);

	/* A failure may come after the file is there. */
	if (is_good ? !(w->mishaps.is_lying && world_chance(w, MILLION / 2)) :
	    !is_unwritten && world_chance(w, MILLION / 2))
		make_durable(host);
	host->file_bytes = 0;
	if (world_chance(w, w->mishaps.die_at_act)) {
		world_kill_control(w, h->host);
		return;
	}
	step(w, h->host, &(struct cluster_event){
	    .kind = is_good ? CLUSTER_SAVED : CLUSTER_SAVE_FAILED,
	    .generation = h->generation, .is_unwritten = is_unwritten });
}

static void
happen(struct world *w, struct happening *h)
{
	static const enum cluster_kind kind[] = { [TICK] = CLUSTER_TICK,
	    [UP] = CLUSTER_LINK_UP, [DOWN] = CLUSTER_LINK_DOWN,
	    [REFUSED] = CLUSTER_LINK_REFUSED, [PACKET] = CLUSTER_PACKET };
	struct host *host = &w->host[h->host];

	switch (h->what) {
	case BOOT:
		world_boot(w, h->host);
		return;
	case DURABLE:
		durable(w, h);
		return;
	case READ:
		data_read(w, h->host, h->worker);
		return;
	case ANSWER:
		step(w, h->host, &(struct cluster_event){ .kind = h->kind,
		    .generation = h->generation, .number = h->number });
		return;
	case TICK:
		if (host->tick_ms != h->at_ms)
			return;
		host->tick_ms = 0;
		break;
	case PACKET:
		if (!w->conn[h->conn].is_open ||
		    w->conn[h->conn].serial != h->conn_serial)
			return;
		break;
	default:
		break;
	}
	step(w, h->host, &(struct cluster_event){ .kind = kind[h->what],
	    .wire = h->wire, .data = h->data, .bytes = h->bytes,
	    .from_ip = h->from < 0 ? "" : w->host[h->from].ip,
	    .own_ip = host->ip, .is_closed = h->what == DOWN });
}

static void
flow(struct world *w)
{
	if (w->now_ms < w->flow_ms)
		w->now_ms = w->flow_ms;
	w->flow_ms += 1 + world_random(w, FLOW_MS);
	data_flow(w);
}

/* Traffic may make something happen sooner. */
static struct happening *
next(struct world *w, int64_t until_ms)
{
	for (;;) {
		int64_t at = w->heaped > 0 ? w->heap[0]->at_ms : INT64_MAX;

		if (w->broken[0] != 0)
			return NULL;
		if (w->flow_ms > 0 && w->flow_ms <= at &&
		    w->flow_ms <= until_ms)
			flow(w);
		else
			return at <= until_ms ? pop(w) : NULL;
	}
}

void
world_run(struct world *w, int64_t until_ms)
{
	struct happening *h;

	while ((h = next(w, until_ms)) != NULL) {
		struct host *host = &w->host[h->host];

		if (h->at_ms > w->now_ms)
			w->now_ms = h->at_ms;
		if (h->what != BOOT && host->stopped_until_ms > w->now_ms) {
			/* It is stopped: all of this waits for it. */
			if (h->what == TICK)
				host->tick_ms = host->stopped_until_ms;
			h->at_ms = host->stopped_until_ms;
			push(w, h);
			continue;
		}
		if (h->birth == (h->what == READ ? host->region_birth :
		    host->birth))
			happen(w, h);
		free(h);
	}
	if (w->now_ms < until_ms)
		w->now_ms = until_ms;
}

void
world_open(struct world *w, uint64_t seed, int hosts)
{
	int i, k;

	w->random = seed * 2654435761u * 2 + 1;
	for (i = 0; i < 8; i++)
		(void)world_random(w, 1);
	w->now_ms = 1000;
	w->hosts = hosts;
	memset(w->elected, -1, sizeof(w->elected));
	memset(w->voted, -1, sizeof(w->voted));
	w->owned = malloc(CHECK_SAMPLES * sizeof(*w->owned));
	memset(w->owned, -1, CHECK_SAMPLES * sizeof(*w->owned));
	for (i = 0; i < hosts; i++) {
		struct host *host = &w->host[i];

		host->number = i;
		host->data.from = -1;
		host->clock_ms = world_random(w, 100000);
		host->pace = (int64_t)world_random(w, 2 * PACE_MAX) - PACE_MAX;
		snprintf(host->ip, sizeof(host->ip), "10.0.0.%d", i + 1);
		for (k = 0; k < BUS_ID; k++)
			host->id.text[k] =
			    "0123456789abcdef"[world_random(w, 16)];
		host->memory_bytes = view_bytes(NODES_MAX);
		host->memory = malloc(host->memory_bytes);
	}
}

void
world_close(struct world *w)
{
	int i;

	while (w->heaped > 0)
		free(w->heap[--w->heaped]);
	free(w->heap);
	free(w->conn);
	free(w->owned);
	for (i = 0; i < w->hosts; i++) {
		free(w->host[i].memory);
		free(w->host[i].disk);
		free(w->host[i].safe);
		free(w->host[i].file);
		free(w->host[i].data.log);
	}
}
