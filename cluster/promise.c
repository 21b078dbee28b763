#include "cluster/promise.h"

#include "cluster/lease.h"

static void
put(char *to, uint64_t token, uint64_t epoch)
{
	bus_put(to, 8, token);
	bus_put(to + 8, 8, epoch);
}

static void
get(const char *from, uint64_t *token, uint64_t *epoch)
{
	*token = bus_get(from, 8);
	*epoch = bus_get(from + 8, 8);
}

void
promise_ask(struct view *v, uint64_t token)
{
	struct hand *h = &v->hand;

	h->prepare_token = token;
	h->prepare_epoch = ++v->epoch;
	h->prepare_ms = 0;
	memset(h->prepared, 0, sizeof(h->prepared));
	view_dirty(v);
	h->prepare_from = v->generation + 1;
}

/* How many voters know the epoch; the primary's word is its promise. */
static bool
is_prepared(const struct view *v)
{
	const struct hand *h = &v->hand;
	uint16_t p = v->node[VIEW_SELF].primary, i;
	unsigned n = 0;

	for (i = 1; i < v->nodes; i++)
		n += view_is_voter(v, i) && (i == p ||
		    (v->node[i].own == 0 ?
		    v->node[i].epoch >= h->prepare_epoch :
		    h->prepared[i / 64] >> i % 64 & 1));
	/* Of two the primary is in every majority. */
	return n >= view_majority(v) || view_voters(v) <= 2;
}

static void
ask_voters(struct view *v, struct acts *out)
{
	struct hand *h = &v->hand;
	char payload[SPEAK_PREPARE_BYTES];
	uint16_t p = v->node[VIEW_SELF].primary, i;

	put(payload, h->prepare_token, h->prepare_epoch);
	for (i = 1; i < v->nodes && act_has_room(out); i++) {
		if (!view_is_voter(v, i) || i == p ||
		    v->node[i].link_state != VIEW_LINK_UP ||
		    h->prepared[i / 64] >> i % 64 & 1)
			continue;
		if (v->node[i].own == 0)
			speak_hello(v, BUS_PING, i, v->node[i].link, out);
		else
			speak_own(v, i, SPEAK_PREPARE, (struct slice){
			    payload, sizeof(payload) }, out);
	}
}

uint64_t
promise_look(struct view *v, uint64_t token, struct acts *out)
{
	struct hand *h = &v->hand;

	if (h->prepare_token == 0 || h->prepare_token != token ||
	    v->told.generation < h->prepare_from)
		return 0;
	if (is_prepared(v))
		return h->prepare_epoch;
	if (v->now_ms < h->prepare_ms) {
		view_due(v, h->prepare_ms);
		return 0;
	}
	/* Others were faster: under an older epoch nobody will follow us. */
	if (h->prepare_ms > 0 && v->epoch > h->prepare_epoch) {
		promise_ask(v, token);
		return 0;
	}
	ask_voters(v, out);
	h->prepare_ms = v->now_ms + v->failover.config.again_ms;
	view_due(v, h->prepare_ms);
	return 0;
}

static void
say_prepared(struct view *v, uint16_t i, const struct hand_promise *p,
    bool is_yes, struct acts *out)
{
	char payload[SPEAK_PREPARED_BYTES];

	put(payload, p->token, p->epoch);
	payload[SPEAK_PREPARE_BYTES] = is_yes;
	speak_own(v, i, SPEAK_PREPARED, (struct slice){ payload,
	    sizeof(payload) }, out);
}

static bool
is_being_kept(const struct view *v, uint64_t epoch)
{
	return v->saving.generation != 0 && !v->saving.is_light &&
	    v->saving.epoch >= epoch;
}

/* As a voter.  Without room it is asked again. */
static void
heard_prepare(struct view *v, uint16_t i, const struct bus_packet *p,
    struct acts *out)
{
	struct hand_promise promise = { .to = v->node[i].id };
	struct view_node *primary;
	unsigned k;

	get(p->payload.data, &promise.token, &promise.epoch);
	if (promise.epoch == 0)
		return;
	if (!vote_may_promise(v, i, &p->header, promise.epoch)) {
		say_prepared(v, i, &promise, false, out);
		return;
	}
	for (k = 0; k < HAND_PROMISES; k++)
		if (v->hand.promise[k].epoch == 0 || bus_id_is_equal(
		    &v->hand.promise[k].to, &promise.to))
			break;
	if (k == HAND_PROMISES)
		return;
	if (v->epoch < promise.epoch)
		v->epoch = promise.epoch;
	/* Its header has told us already, and that was saved lightly. */
	if (v->sure_epoch < promise.epoch && !is_being_kept(v, promise.epoch))
		view_dirty(v);
	primary = &v->node[v->node[i].primary];
	if (primary->promised_epoch < promise.epoch)
		primary->promised_epoch = promise.epoch;
	lease_prepare(v, i, promise.epoch);
	v->hand.promise[k] = promise;
}

static void
heard_prepared(struct view *v, uint16_t i, const struct bus_packet *p)
{
	struct hand *h = &v->hand;
	uint64_t token, epoch;

	get(p->payload.data, &token, &epoch);
	if (token != h->prepare_token || epoch != h->prepare_epoch)
		return;
	if (p->payload.data[SPEAK_PREPARE_BYTES])
		h->prepared[i / 64] |= 1ull << i % 64;
	else if (v->epoch > epoch)
		h->prepare_ms = v->now_ms;
}

bool
promise_heard(struct view *v, uint16_t i, const struct bus_packet *p,
    struct acts *out)
{
	if (p->kind == SPEAK_PREPARE &&
	    p->payload.bytes == SPEAK_PREPARE_BYTES)
		heard_prepare(v, i, p, out);
	else if (p->kind == SPEAK_PREPARED &&
	    p->payload.bytes == SPEAK_PREPARED_BYTES)
		heard_prepared(v, i, p);
	else
		return false;
	return true;
}

void
promise_keep(struct view *v, struct acts *out)
{
	struct hand_promise *p;
	unsigned k;
	uint16_t i;

	for (k = 0; k < HAND_PROMISES; k++) {
		p = &v->hand.promise[k];
		if (p->epoch == 0 || v->sure_epoch < p->epoch)
			continue;
		i = view_find(v, &p->to);
		if (i != VIEW_NOBODY)
			say_prepared(v, i, p, true, out);
		p->epoch = 0;
	}
}
