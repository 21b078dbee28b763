/*
 * net_say - messages from where they are published to who subscribes
 *
 * What a command says is kept in `said` until its transaction has committed
 * (say_commit) or is taken back (say_forget).  Then it goes into the ring of
 * messages, in the order of the commits while slots are still locked.  When
 * the ring has no room the rest stays in `said`, and from then on the gate
 * holds back who might say more (is_unheard); nobody waits with a lock in hand.
 *
 * Everything goes through the ring, also to subscribers of this worker: all see
 * messages in one order.  At the end of each turn what has come is handed
 * out.  A message is in the ring as subscribers get it, and is copied from
 * there into each one's output.
 *
 * Messages of other nodes come in by say_from_bus(); what goes to others leaves
 * by the log (PUBLISH on a primary) or, in a cluster, by control, which reads
 * the ring for say_to_all().
 *
 * Not here: who subscribes (net_channel.c), events of keys (net_event.c).
 */
#ifndef DAEMON_NET_SAY_H
#define DAEMON_NET_SAY_H

#include "daemon/net_channel.h"

/* Makes what a worker remembers of messages. */
void say_open(struct worker *w);

/*
 * Says something to all subscribers on the node, when the transaction
 * commits; how many there are.
 */
uint32_t say_message(struct worker *w, enum subs_kind kind,
    struct slice channel, struct slice message);

/* Same, and to those of other nodes of the cluster (PUBLISH). */
uint32_t say_to_all(struct worker *w, enum subs_kind kind,
    struct slice channel, struct slice message);

/* A piece of what another node says, at once when it is the last. */
void say_from_bus(struct worker *w, const struct news_for *f);

/* The transaction was decided (its slots still locked), or taken back. */
void say_commit_all(struct worker *w);
void say_forget_all(struct worker *w);

/* The most frequent case is that nothing was said. */
static inline void
say_commit(struct worker *w)
{
	if (unlikely(w->said.used > 0))
		say_commit_all(w);
}

static inline void
say_forget(struct worker *w)
{
	if (unlikely(w->said.used > 0))
		say_forget_all(w);
}

/* Hands out what has come; at the beginning of UNSUBSCRIBE, too. */
void say_hear(struct worker *w);

/* The end of a turn: what waits, what has come, bells of others. */
void say_turn(struct worker *w);

/* Whether there is something to hear; to be told when there is room again. */
static inline bool
say_has_news(const struct worker *w)
{
	return w->heard != NEWS_NOWHERE &&
	    news_end(&REGION->common.news) != w->heard;
}

#endif
