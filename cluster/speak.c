#include "cluster/speak.h"

/* More entries than this are not said at once. */
#define GOSSIP_MAX 600
#define CLAIMS_MAX 16          /* same, of UPDATEs */

static uint16_t
own_flags(const struct view *v)
{
	const struct view_node *n = &v->node[VIEW_SELF];
	uint16_t flags = BUS_IS_MYSELF;

	flags |= bus_id_is_none(&v->told.primary) ? BUS_IS_PRIMARY :
	    BUS_IS_REPLICA;
	if (v->config.is_no_failover)
		flags |= BUS_IS_NOFAILOVER;
	if ((flags & BUS_IS_PRIMARY) && n->had_replicas)
		flags |= BUS_IS_MIGRATE_TO;
	return flags;
}

/*
 * Slots that are durably ours and still are.  A replica says its primary's,
 * as we know them.
 */
static const uint8_t *
told_slots(struct view *v, uint64_t *config_epoch)
{
	uint16_t p;
	size_t i;

	*config_epoch = v->told.config_epoch;
	if (bus_id_is_none(&v->told.primary)) {
		for (i = 0; i < BUS_SLOT_BYTES; i++)
			v->say[i] = v->told.slots[i] &
			    v->node[VIEW_SELF].slots[i];
		return v->say;
	}
	p = view_find(v, &v->told.primary);
	if (p == VIEW_NOBODY || p == VIEW_SELF) {
		memset(v->say, 0, sizeof(v->say));
		return v->say;
	}
	*config_epoch = v->node[p].config_epoch;
	return v->node[p].slots;
}

struct bus_header
speak_header(struct view *v, uint16_t type)
{
	struct bus_header h = { .type = type, .port = v->config.port,
	    .pport = v->config.pport, .cport = v->config.cport,
	    .flags = own_flags(v), .own = BUS_OWN_VERSION,
	    .marks = BUS_MARK_EXTENSIONS, .is_down = !v->is_ok,
	    .epoch = v->told.epoch, .offset = v->fact.offset,
	    .sender = v->node[VIEW_SELF].id, .primary = v->told.primary };

	memcpy(h.ip, v->config.ip, sizeof(h.ip));
	h.slots = told_slots(v, &h.config_epoch);
	h.is_voted = v->told.is_voted;
	h.is_holding = failover_is_giving(&v->failover);
	/* A replica of another kind replays up to exactly there. */
	if (v->failover.is_foreign &&
	    v->failover.state == FAILOVER_STOPPED) {
		h.marks |= BUS_MARK_PAUSED;
		h.offset = v->failover.offset;
	}
	return h;
}

/* A time of ours as UNIX seconds, as gossip has it. */
static uint32_t
unix_seconds(const struct view *v, int64_t at_ms)
{
	return at_ms == 0 ? 0 :
	    (uint32_t)((at_ms + v->fact.unix_offset_ms) / 1000);
}

static void
put_gossip(struct view *v, struct bus_writer *w, uint16_t i)
{
	const struct view_node *n = &v->node[i];
	struct bus_gossip g = { .id = n->id, .port = n->port,
	    .cport = n->cport, .pport = n->pport, .flags = n->flags };

	g.ping_s = unix_seconds(v, n->ping_ms);
	g.pong_s = unix_seconds(v, n->pong_ms);
	memcpy(g.ip, n->ip, sizeof(g.ip));
	bus_put_gossip(w, &g);
}

/* Whether node i is worth telling node `to` about. */
static bool
is_news(const struct view *v, uint16_t i, uint16_t to)
{
	const struct view_node *n = &v->node[i];

	return i != VIEW_SELF && i != to && view_is_used(v, i) &&
	    !(n->flags & (BUS_IS_HANDSHAKE | BUS_IS_NOADDR | BUS_IS_PFAIL)) &&
	    (n->link_state == VIEW_LINK_UP || n->slot_count > 0);
}

/*
 * A tenth of all nodes, at least three, from a random one on: everybody is
 * told about everybody in a few rounds.  Those that are silent come in any
 * case, since a majority has to hear of them.
 */
static void
put_news(struct view *v, struct bus_writer *w, uint16_t to)
{
	unsigned wanted = v->count / 10 > 3 ? v->count / 10 : 3, k;
	uint16_t i = (uint16_t)view_random(v, v->nodes);

	for (k = 0; k < v->nodes && wanted > 0; k++) {
		if (is_news(v, i, to)) {
			put_gossip(v, w, i);
			wanted--;
		}
		i = (uint16_t)(i + 1u < v->nodes ? i + 1 : 0);
	}
	for (i = 1; i < v->nodes && w->count < GOSSIP_MAX; i++)
		if (view_is_used(v, i) && i != to &&
		    view_has(v, i, BUS_IS_PFAIL))
			put_gossip(v, w, i);
}

static void
put_text(struct bus_writer *w, uint16_t type, const char *text)
{
	struct bus_extension e = { .type = type, .text = slice_of(text) };

	if (text[0] != 0)
		bus_put_extension(w, &e);
}

static void
put_extensions(const struct view *v, struct bus_writer *w, bool know_shards)
{
	struct bus_extension e = { .type = BUS_EXT_SHARD };

	put_text(w, BUS_EXT_HOSTNAME, v->config.hostname);
	/* Redis 7.0 would write a line about each that it does not know. */
	if (!know_shards)
		return;
	put_text(w, BUS_EXT_NODENAME, v->config.nodename);
	e.id = v->node[VIEW_SELF].shard;
	bus_put_extension(w, &e);
	if (bus_id_is_none(&v->forgotten))
		return;
	e = (struct bus_extension){ .type = BUS_EXT_FORGOTTEN,
	    .id = v->forgotten,
	    .ttl_s = (uint64_t)v->config.ban_ms / 1000 };
	bus_put_extension(w, &e);
}

void
speak_hello(struct view *v, uint16_t type, uint16_t i, uint64_t wire,
    struct acts *out)
{
	struct bus_header h = speak_header(v, type);
	struct bus_writer w;

	act_write(out, &w, &h);
	put_news(v, &w, i);
	if (i != VIEW_NOBODY && v->node[i].knows_extensions)
		put_extensions(v, &w, v->node[i].knows_shards);
	act_send(out, &w, i, wire);
	if (type == BUS_PONG)
		return;
	v->node[i].pinged_ms = v->now_ms;
	if (v->node[i].ping_ms == 0)
		v->node[i].ping_ms = v->now_ms;
}

bool
speak_to_all(struct view *v, struct acts *out)
{
	struct bus_header h = speak_header(v, BUS_PONG);
	unsigned know = 0, know_shards = 0;
	struct bus_writer w;
	uint16_t i;

	for (i = 1; i < v->nodes; i++) {
		if (v->node[i].link_state != VIEW_LINK_UP)
			continue;
		know += v->node[i].knows_extensions ? 1u : 1u << 16;
		know_shards += v->node[i].knows_shards ? 1u : 1u << 16;
	}
	if ((know > 0xffff && know & 0xffff) ||
	    (know_shards > 0xffff && know_shards & 0xffff))
		return false;
	act_write(out, &w, &h);
	put_news(v, &w, VIEW_NOBODY);
	if (know <= 0xffff)
		put_extensions(v, &w, know_shards <= 0xffff);
	act_send_all(out, &w);
	return true;
}

void
speak_fail(struct view *v, uint16_t i, struct acts *out)
{
	struct bus_header h = speak_header(v, BUS_FAIL);
	struct bus_writer w;

	act_write(out, &w, &h);
	bus_put_node(&w, &v->node[i].id);
	act_send_all(out, &w);
}

void
speak_fail_to(struct view *v, uint16_t i, uint16_t to, struct acts *out)
{
	struct bus_header h = speak_header(v, BUS_FAIL);
	struct bus_writer w;

	if (v->node[to].link_state != VIEW_LINK_UP)
		return;
	act_write(out, &w, &h);
	bus_put_node(&w, &v->node[i].id);
	act_send(out, &w, to, v->node[to].link);
}

void
speak_update(struct view *v, uint16_t i, uint16_t to, struct acts *out)
{
	struct bus_header h = speak_header(v, BUS_UPDATE);
	const struct view_node *n = &v->node[i];
	uint8_t sure[BUS_SLOT_BYTES];
	const uint8_t *slots = sure;
	uint64_t epoch = n->config_epoch;
	unsigned at;
	struct bus_writer w;

	if (v->node[to].link_state != VIEW_LINK_UP)
		return;
	/* What it does not claim any more may be another's by now. */
	for (at = 0; at < BUS_SLOT_BYTES; at++)
		sure[at] = n->slots[at] & (uint8_t)~v->doubt[at];
	if (i == VIEW_SELF)
		slots = told_slots(v, &epoch);
	act_write(out, &w, &h);
	bus_put_update(&w, epoch, &n->id, slots);
	act_send(out, &w, to, v->node[to].link);
}

void
speak_claims(struct view *v, uint16_t to, uint16_t but, struct acts *out)
{
	uint16_t i = (uint16_t)view_random(v, v->nodes);
	unsigned k, said = 0;

	for (k = 0; k < v->nodes && said < CLAIMS_MAX; k++) {
		if (i != to && i != but && view_is_voter(v, i) &&
		    act_has_room(out)) {
			speak_update(v, i, to, out);
			said++;
		}
		i = (uint16_t)(i + 1u < v->nodes ? i + 1 : 0);
	}
}

void
speak_request(struct view *v, uint64_t epoch, bool is_forced,
    struct acts *out)
{
	struct bus_header h = speak_header(v, BUS_AUTH_REQUEST);
	struct bus_writer w;

	must(v->told.epoch >= epoch, "an epoch is durable before it is told");
	h.epoch = epoch;
	h.known = view_known(v, v->vote.failed);
	if (is_forced)
		h.marks |= BUS_MARK_FORCE_ACK;
	act_write(out, &w, &h);
	act_send_all(out, &w);
}

void
speak_vote(struct view *v, uint16_t i, uint64_t epoch, struct acts *out)
{
	struct bus_header h = speak_header(v, BUS_AUTH_ACK);
	struct bus_writer w;

	must(v->told.vote_epoch >= epoch,
	    "a vote is durable before it is told");
	if (v->node[i].link_state != VIEW_LINK_UP)
		return;
	/*
	 * A later epoch may be durable by now.  Who asks in that one must not
	 * take this vote for it.
	 */
	h.epoch = epoch;
	act_write(out, &w, &h);
	act_send(out, &w, i, v->node[i].link);
}

void
speak_own_on(struct view *v, uint16_t i, uint64_t wire, uint16_t kind,
    struct slice payload, struct acts *out)
{
	struct bus_header h = speak_header(v, BUS_OWN);
	struct bus_writer w;

	if (kind == FAILOVER_SAY_STOP || kind == FAILOVER_SAY_CLAIM)
		h.known = view_known(v, i);
	act_write(out, &w, &h);
	bus_put_own(&w, kind, payload);
	act_send(out, &w, i, wire);
}

void
speak_own(struct view *v, uint16_t i, uint16_t kind, struct slice payload,
    struct acts *out)
{
	if (v->node[i].own > 0 && v->node[i].link_state == VIEW_LINK_UP)
		speak_own_on(v, i, v->node[i].link, kind, payload, out);
}

void
speak_mfstart(struct view *v, uint16_t i, struct acts *out)
{
	struct bus_header h = speak_header(v, BUS_MFSTART);
	struct bus_writer w;

	if (v->node[i].link_state != VIEW_LINK_UP)
		return;
	act_write(out, &w, &h);
	act_send(out, &w, i, v->node[i].link);
}

void
speak_denial(struct view *v, uint16_t i, uint64_t epoch,
    enum vote_verdict why, struct acts *out)
{
	char payload[SPEAK_DENIED_BYTES];

	bus_put(payload, 8, epoch);
	payload[8] = (char)why;
	speak_own(v, i, SPEAK_DENIED, (struct slice){ payload,
	    sizeof(payload) }, out);
}
