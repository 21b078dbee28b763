#include "cluster/fail.h"

#include "cluster/lease.h"

#define REFUSAL_MS 200
#define OWN_REFUSAL_MS 40
#define ELECTION_MS 2000       /* redis-server waits for up to 1 s first */
#define ASK_AGAIN_MS 50        /* who is reported is not asked more often */

/*
 * A host that refuses for so long has nobody who listens.  Our own kind's
 * listening sockets outlive all but the whole node.
 */
static int64_t
refusal_ms(const struct view *v, const struct view_node *n)
{
	int64_t most = n->own > 0 ? OWN_REFUSAL_MS : REFUSAL_MS;

	return v->config.node_timeout_ms / 10 < most ?
	    v->config.node_timeout_ms / 10 : most;
}

unsigned
fail_reports(const struct view *v, uint16_t of)
{
	const int64_t *row = v->report + (size_t)of * v->nodes_max;
	int64_t oldest = v->now_ms - 2 * v->config.node_timeout_ms;
	unsigned n = 0;
	uint16_t i;

	for (i = 1; i < v->nodes; i++)
		n += row[i] != 0 && row[i] >= oldest && view_is_voter(v, i);
	return n;
}

bool
fail_has_heir(const struct view *v, uint16_t primary)
{
	uint16_t i;

	for (i = 0; i < v->nodes; i++)
		if (view_has(v, i, BUS_IS_REPLICA) &&
		    v->node[i].primary == primary &&
		    !(v->node[i].flags & (BUS_IS_FAIL | BUS_IS_PFAIL |
		    BUS_IS_NOFAILOVER)))
			return true;
	return false;
}

/* Until when it may be being replaced, although it answers. */
static int64_t
election_end_ms(const struct view *v, uint16_t primary)
{
	int64_t longest = 2 * v->config.node_timeout_ms;

	return v->node[primary].fail_ms +
	    (longest < ELECTION_MS ? longest : ELECTION_MS);
}

static void
bury(struct view *v, uint16_t i)
{
	struct view_node *n = &v->node[i];

	n->flags = (n->flags & (uint16_t)~BUS_IS_PFAIL) | BUS_IS_FAIL;
	n->fail_ms = v->now_ms;
	view_dirty(v);
}

/* FAIL, when a majority is for it. */
static void
count(struct view *v, uint16_t i, struct acts *out)
{
	unsigned n = fail_reports(v, i) + view_is_voter(v, VIEW_SELF);

	if (!view_has(v, i, BUS_IS_PFAIL) || n < view_majority(v))
		return;
	bury(v, i);
	v->node[i].is_fail_untold = true;
	view_due(v, v->now_ms);
	act_note(out, i, "a majority takes it for dead");
}

/*
 * Another one suspects it: we look at once.  A link that is up is made to
 * break, if its peer is gone without a word.
 */
static void
probe(struct view *v, uint16_t i, struct acts *out)
{
	struct view_node *n = &v->node[i];

	if (n->link_state == VIEW_LINK_UP &&
	    v->now_ms - n->pinged_ms >= ASK_AGAIN_MS && act_has_room(out)) {
		speak_hello(v, BUS_PING, i, n->link, out);
	} else if (n->link_state == VIEW_LINK_NONE &&
	    n->link_try_ms > v->now_ms + ASK_AGAIN_MS / 2) {
		n->link_try_ms = v->now_ms;
		view_due(v, v->now_ms);
	}
}

void
fail_report(struct view *v, uint16_t of, uint16_t by, bool is_silent,
    struct acts *out)
{
	int64_t *report = &v->report[(size_t)of * v->nodes_max + by];

	if (!is_silent) {
		*report = 0;
		return;
	}
	*report = v->now_ms > 0 ? v->now_ms : 1;
	if (view_has(v, of, BUS_IS_FAIL))
		return;
	if (!view_has(v, of, BUS_IS_PFAIL))
		probe(v, of, out);
	count(v, of, out);
}

void
fail_mark(struct view *v, uint16_t i, struct acts *out)
{
	if (i == VIEW_SELF || view_has(v, i, BUS_IS_FAIL | BUS_IS_HANDSHAKE))
		return;
	bury(v, i);
	act_note(out, i, "we are told that a majority takes it for dead");
}

static void
suspect(struct view *v, uint16_t i, struct acts *out, const char *words)
{
	v->node[i].flags |= BUS_IS_PFAIL;
	v->is_changed = true;
	act_note(out, i, words);
	/* The others shall not have to wait for our next pings. */
	view_broadcast(v);
	count(v, i, out);
}

static void
clear(struct view *v, uint16_t i, struct acts *out, const char *words)
{
	v->node[i].flags &= (uint16_t)~BUS_IS_FAIL;
	v->node[i].is_fail_untold = false;
	act_note(out, i, words);
	view_dirty(v);
}

void
fail_answered(struct view *v, uint16_t i, struct acts *out)
{
	struct view_node *n = &v->node[i];

	n->refused_ms = 0;
	n->is_closed = false;
	if (n->flags & BUS_IS_PFAIL) {
		n->flags &= (uint16_t)~BUS_IS_PFAIL;
		v->is_changed = true;
		act_note(out, i, "it answers again");
	}
	if (!(n->flags & BUS_IS_FAIL))
		return;
	if (!view_is_voter(v, i))
		clear(v, i, out, "it is back");
	else if (v->now_ms > election_end_ms(v, i) || !fail_has_heir(v, i))
		clear(v, i, out, "it is back, and nobody took its slots");
}

bool
fail_is_gone(const struct view *v, uint16_t i)
{
	return v->node[i].is_closed && v->node[i].refused_ms > 0;
}

void
fail_refused(struct view *v, uint16_t i, struct acts *out)
{
	struct view_node *n = &v->node[i];

	if (n->refused_ms == 0)
		n->refused_ms = v->now_ms > 0 ? v->now_ms : 1;
	/* Who held the lease that we granted is dead, and not only cut off. */
	if (n->is_closed)
		lease_gone(v, i, out);
	if (v->now_ms - n->refused_ms < refusal_ms(v, n) || n->pong_ms == 0 ||
	    (n->flags & (BUS_IS_PFAIL | BUS_IS_FAIL | BUS_IS_HANDSHAKE)))
		return;
	suspect(v, i, out, "its host refuses connections: it is suspected");
}

void
fail_look(struct view *v, uint16_t i, struct acts *out)
{
	struct view_node *n = &v->node[i];
	int64_t timeout = v->config.node_timeout_ms, since;

	if (n->flags & BUS_IS_PFAIL)
		count(v, i, out);
	if ((n->flags & (BUS_IS_PFAIL | BUS_IS_FAIL | BUS_IS_HANDSHAKE)) ||
	    n->ping_ms == 0)
		return;
	since = n->heard_ms > n->ping_ms ? n->heard_ms : n->ping_ms;
	if (v->now_ms - since <= timeout) {
		view_due(v, since + timeout + 1);
		return;
	}
	suspect(v, i, out, "it has been silent for too long: it is suspected");
}
