#include "daemon/ctl_failover_ask.h"

#include "daemon/ctl_cluster.h"
#include "daemon/ctl_handover.h"
#include "proto/error.h"
#include "proto/number.h"

/* What an order says. */
struct words {
	bool is_force, is_takeover, is_abort, has_target, has_timeout;
	struct slice host;
	int64_t port, timeout_ms;
};

/* Reads them from argv[at] on; an error text, or NULL. */
static const char *
read_words(const struct slice *argv, int argc, int at, struct words *w)
{
	memset(w, 0, sizeof(*w));
	for (; at < argc; at++) {
		if (slice_is(argv[at], "force") && !w->is_force) {
			w->is_force = true;
		} else if (slice_is(argv[at], "takeover") &&
		    !w->is_takeover) {
			w->is_takeover = true;
		} else if (slice_is(argv[at], "abort") && !w->is_abort) {
			w->is_abort = true;
		} else if (slice_is(argv[at], "timeout") && at + 1 < argc &&
		    !w->has_timeout) {
			w->has_timeout = true;
			if (!number_get_int(argv[++at], &w->timeout_ms))
				return error_text[ERROR_NOT_INT];
			if (w->timeout_ms <= 0)
				return "ERR FAILOVER timeout must be greater "
				    "than 0";
		} else if (slice_is(argv[at], "to") && at + 2 < argc &&
		    !w->has_target) {
			w->has_target = true;
			w->host = argv[++at];
			if (!number_get_int(argv[++at], &w->port))
				return error_text[ERROR_NOT_INT];
		} else {
			return error_text[ERROR_SYNTAX];
		}
	}
	return NULL;
}

static bool
is_busy(const struct ctl *c)
{
	return failover_is_active(&c->kept.failover);
}

static bool
has_cluster(struct ctl *c)
{
	if (ctl_cluster_view() != NULL)
		return true;
	ctl_answer_error(c, "%s", error_text[ERROR_NO_CLUSTER]);
	return false;
}

void
ctl_failover_ask(struct ctl *c, const struct slice *argv, int argc)
{
	struct words w;
	const char *why = read_words(argv, argc, 2, &w);

	if (!has_cluster(c))
		return;
	if (why == NULL && (w.has_target ||
	    w.is_force + w.is_takeover + w.is_abort > 1 ||
	    (w.is_abort && w.has_timeout)))
		why = error_text[ERROR_SYNTAX];
	if (why != NULL)
		ctl_answer_error(c, "%s", why);
	else if (w.is_abort && !is_busy(c))
		ctl_answer_error(c, "ERR No failover in progress.");
	else
		ctl_cluster_failover(true, w.is_abort ? FAILOVER_ON_ABORT :
		    w.is_force ? FAILOVER_ON_FORCE : w.is_takeover ?
		    FAILOVER_ON_TAKEOVER : FAILOVER_ON_ASK, VIEW_NOBODY,
		    w.timeout_ms);
}

/* The replica at an address, or VIEW_NOBODY. */
static uint16_t
find_replica(const struct words *w)
{
	const struct view *v = ctl_cluster_view();
	uint16_t i;

	for (i = 1; i < v->nodes; i++) {
		const struct view_node *n = &v->node[i];

		if (view_is_used(v, i) && n->primary == VIEW_SELF &&
		    (n->port == w->port || n->pport == w->port) &&
		    (slice_is(w->host, n->ip) || slice_is(w->host,
		    n->hostname) || slice_is(w->host, "localhost")))
			return i;
	}
	return VIEW_NOBODY;
}

static const char *
words_refusal(const struct words *w)
{
	return w->is_takeover || (w->is_abort && (w->has_target ||
	    w->has_timeout || w->is_force)) ? error_text[ERROR_SYNTAX] : NULL;
}

static void
hand_over(struct ctl *c, const struct words *w)
{
	struct handover_order o = { .is_force = w->is_force,
	    .is_abort = w->is_abort, .has_target = w->has_target,
	    .has_timeout = w->has_timeout, .host = w->host, .port = w->port,
	    .timeout_ms = w->timeout_ms };

	ctl_handover_ask(c, &o);
}

static const char *
primary_refusal(const struct ctl *c, const struct words *w)
{
	if (words_refusal(w) != NULL)
		return words_refusal(w);
	if (w->is_abort)
		return is_busy(c) ? NULL : "ERR No failover in progress.";
	if (c->next.role == STATE_REPLICA)
		return "ERR FAILOVER is not valid when server is a replica.";
	if (is_busy(c))
		return "ERR FAILOVER already in progress.";
	if (w->is_force && (!w->has_timeout || !w->has_target))
		return "ERR FAILOVER with force option requires both a "
		    "timeout and target HOST and IP.";
	if (w->has_target && find_replica(w) == VIEW_NOBODY)
		return "ERR FAILOVER target HOST and PORT is not a replica.";
	return NULL;
}

void
ctl_failover_ask_primary(struct ctl *c, const struct slice *argv, int argc)
{
	struct words w;
	const char *why = read_words(argv, argc, 1, &w);

	if (why == NULL && ctl_cluster_view() == NULL) {
		why = words_refusal(&w);
		if (why == NULL) {
			hand_over(c, &w);
			return;
		}
	}
	if (why == NULL)
		why = primary_refusal(c, &w);
	if (why != NULL)
		ctl_answer_error(c, "%s", why);
	else
		ctl_cluster_failover(true, w.is_abort ? FAILOVER_ON_ABORT :
		    w.is_force ? FAILOVER_ON_OFFER_FORCE :
		    FAILOVER_ON_OFFER, w.has_target ? find_replica(&w) :
		    VIEW_NOBODY, w.timeout_ms);
}
