/*
 * net_channel - which of this worker's connections subscribe to what
 *
 * A channel (shard channel, pattern) is there as long as somebody here
 * subscribes to it.  How many do is entered in the area's table, which other
 * workers read (shm/subs.h).
 *
 * A subscription remembers where the ring of messages ended when it began: what
 * was said before is not for it.
 *
 * Not here: what is done with messages (net_say.c).
 */
#ifndef DAEMON_NET_CHANNEL_H
#define DAEMON_NET_CHANNEL_H

#include "daemon/net_worker.h"

struct sub {
	struct channel *channel;
	struct conn *conn;
	struct sub *next, *prev;         /* of the channel */
	struct sub *next_own, *prev_own; /* of the connection, oldest first */
	struct sub *next_hash;           /* of the worker's chains */
	uint64_t from;                   /* place in the ring */
};

struct channel {
	enum subs_kind kind;
	uint32_t unit;                   /* in the area's table */
	uint32_t count;                  /* subscriptions */
	struct sub *first;
	struct channel *next, *prev;     /* of the worker's patterns */
	uint64_t hash;
	size_t name_bytes;
	char name[];
};

static inline struct slice
channel_name(const struct channel *ch)
{
	return (struct slice){ ch->name, ch->name_bytes };
}

/* Makes what a worker remembers; empties what its predecessor left. */
void channel_open(struct worker *w);

/*
 * c subscribes, if it does not yet; false when there is no room for more.  Or
 * it does so no longer; whether it did.
 */
bool channel_join(struct conn *c, enum subs_kind kind, struct slice name);
bool channel_leave(struct conn *c, enum subs_kind kind, struct slice name);

/* Ends the oldest subscription of a kind; NULL when there is none. */
struct sub *channel_oldest(const struct conn *c, enum subs_kind kind);
void channel_end(struct sub *s);
/* Ends all of c's. */
void channel_leave_all(struct conn *c);

/*
 * In cluster mode, when slots have moved: ends subscriptions to shard channels
 * that are not heard here any more, and tells the subscribers.
 */
void channel_drop_strangers(struct worker *w);

/* This worker's channel with a name, and its patterns; or NULL. */
struct channel *channel_find(struct worker *w, uint64_t hash,
    struct slice name);
struct channel *channel_patterns(struct worker *w);

/*
 * Subscribers on the node to what has this name; those to a message, with the
 * workers in *to that have some (patterns count for ordinary channels).
 */
uint32_t channel_count(enum subs_kind kind, struct slice name);
uint32_t channel_hearers(struct worker *w, enum subs_kind kind, uint64_t hash,
    struct slice name, uint64_t *to);

/* How many names of a kind there are on the node, each counted once. */
uint64_t channel_names(struct worker *w, enum subs_kind kind);

/*
 * Calls see() for each of those names (in scratch memory of the call).
 */
void channel_each(struct call *c, enum subs_kind kind,
    void (*see)(struct call *c, struct slice name, void *arg), void *arg);

#endif
