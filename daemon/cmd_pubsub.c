/*
 * cmd_pubsub - SUBSCRIBE, PUBLISH, PUBSUB
 *
 * Answers of SUBSCRIBE and its kin have the form of messages: pushes in RESP3,
 * and CLIENT REPLY OFF does not hold them back.
 *
 * Not here: how messages reach subscribers (net_say.c), what RESP2 subscribers
 * may ask (net_gate.c).
 */
#include "daemon/net_say.h"

/* The words of answers, by enum subs_kind. */
static const struct { const char *begin, *end; } words[SUBS_KINDS] = {
	{ "subscribe", "unsubscribe" }, { "ssubscribe", "sunsubscribe" },
	{ "psubscribe", "punsubscribe" }
};

/* What an answer counts: channels and patterns, or shard channels. */
static int64_t
count_of(const struct conn *c, enum subs_kind kind)
{
	return kind == SUBS_SHARD ? c->subs[SUBS_SHARD].count :
	    c->subs[SUBS_CHANNEL].count + c->subs[SUBS_PATTERN].count;
}

static void
answer(struct call *c, enum subs_kind kind, const char *word,
    const struct slice *name)
{
	reply_push(c->reply, 3);
	reply_text(c->reply, word);
	if (name != NULL)
		reply_bulk(c->reply, *name);
	else
		reply_null(c->reply);
	reply_int(c->reply, count_of(c->conn, kind));
}

static void
end_answers(struct call *c)
{
	c->worker->reply_mark = c->reply->used;
	conn_show(c->conn);
}

static void
subscribe(struct call *c, enum subs_kind kind)
{
	int i;

	for (i = 1; i < c->argc; i++)
		if (channel_join(c->conn, kind, c->argv[i]))
			answer(c, kind, words[kind].begin, &c->argv[i]);
		else
			reply_error(c->reply,
			    error_text[ERROR_TOO_MANY_SUBSCRIPTIONS]);
	end_answers(c);
}

static void
unsubscribe_all(struct call *c, enum subs_kind kind)
{
	struct sub *s = channel_oldest(c->conn, kind);

	if (s == NULL)
		answer(c, kind, words[kind].end, NULL);
	for (; s != NULL; s = channel_oldest(c->conn, kind)) {
		struct slice kept = channel_name(s->channel), name = {
		    memcpy(txn_scratch(c->txn, kept.bytes + 1), kept.data,
		    kept.bytes), kept.bytes };

		channel_end(s);
		answer(c, kind, words[kind].end, &name);
	}
}

static void
unsubscribe(struct call *c, enum subs_kind kind)
{
	int i;

	/* What was published before comes before the answer. */
	if (c->may_block)
		say_hear(c->worker);
	if (c->argc == 1)
		unsubscribe_all(c, kind);
	for (i = 1; i < c->argc; i++) {
		channel_leave(c->conn, kind, c->argv[i]);
		answer(c, kind, words[kind].end, &c->argv[i]);
	}
	end_answers(c);
}

void
cmd_subscribe(struct call *c)
{
	subscribe(c, SUBS_CHANNEL);
}

void
cmd_unsubscribe(struct call *c)
{
	unsubscribe(c, SUBS_CHANNEL);
}

void
cmd_psubscribe(struct call *c)
{
	subscribe(c, SUBS_PATTERN);
}

void
cmd_punsubscribe(struct call *c)
{
	unsubscribe(c, SUBS_PATTERN);
}

void
cmd_ssubscribe(struct call *c)
{
	if (!c->may_block) {
		reply_error(c->reply, error_text[ERROR_SSUBSCRIBE_INSIDE]);
		return;
	}
	subscribe(c, SUBS_SHARD);
}

void
cmd_sunsubscribe(struct call *c)
{
	unsubscribe(c, SUBS_SHARD);
}

/* --- PUBLISH ----------------------------------------------------------- */

/* In a cluster the bus brings messages to other nodes, not the log. */
static void
publish(struct call *c, enum subs_kind kind)
{
	uint32_t count = say_to_all(c->worker, kind, c->argv[1], c->argv[2]);

	if (!call_options(c)->cluster_enabled && region_replicas() > 0)
		txn_log_message(c->txn, c->db, c->argc, c->argv);
	reply_int(c->reply, count);
}

void
cmd_publish(struct call *c)
{
	publish(c, SUBS_CHANNEL);
}

void
cmd_spublish(struct call *c)
{
	publish(c, SUBS_SHARD);
}

/* --- PUBSUB ------------------------------------------------------------ */

struct listing {
	const struct slice *pattern;
	int64_t count;
};

static void
list_name(struct call *c, struct slice name, void *arg)
{
	struct listing *l = arg;

	if (l->pattern != NULL && !glob_match(*l->pattern, name, false))
		return;
	reply_bulk(c->reply, name);
	l->count++;
}

static void
list_names(struct call *c, enum subs_kind kind)
{
	struct listing l = { c->argc == 3 ? &c->argv[2] : NULL, 0 };
	size_t place;

	if (c->argc > 3) {
		reply_errorf(c->reply, error_text[ERROR_SUBCOMMAND],
		    (int)c->argv[1].bytes, c->argv[1].data, "PUBSUB");
		return;
	}
	place = reply_later(c->reply);
	channel_each(c, kind, list_name, &l);
	reply_later_set(c->reply, place, '*', l.count);
}

void
cmd_pubsub_channels(struct call *c)
{
	list_names(c, SUBS_CHANNEL);
}

void
cmd_pubsub_shardchannels(struct call *c)
{
	list_names(c, SUBS_SHARD);
}

static void
count_each(struct call *c, enum subs_kind kind)
{
	int i;

	/* A flat list in RESP3, too. */
	reply_array(c->reply, 2 * (c->argc - 2));
	for (i = 2; i < c->argc; i++) {
		reply_bulk(c->reply, c->argv[i]);
		reply_int(c->reply, channel_count(kind, c->argv[i]));
	}
}

void
cmd_pubsub_numsub(struct call *c)
{
	count_each(c, SUBS_CHANNEL);
}

void
cmd_pubsub_shardnumsub(struct call *c)
{
	count_each(c, SUBS_SHARD);
}

void
cmd_pubsub_numpat(struct call *c)
{
	reply_int(c->reply,
	    (int64_t)channel_names(c->worker, SUBS_PATTERN));
}
