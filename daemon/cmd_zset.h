/*
 * cmd_zset - what the commands on sorted sets have in common
 *
 * Not here: the structure (shm/zset.h).
 */
#ifndef DAEMON_CMD_ZSET_H
#define DAEMON_CMD_ZSET_H

#include "daemon/call.h"
#include "shm/zset.h"

/* The limits of small sorted sets as they are configured now. */
static inline struct zset_limits
cmd_zset_limits(const struct call *c)
{
	const struct options *o = call_options(c);

	return (struct zset_limits){ (uint64_t)o->zset_max_listpack_entries,
		(uint64_t)o->zset_max_listpack_value };
}

/*
 * The beginning of a reply of `count` members, and one of them.  With scores
 * they are pairs in RESP3 and twice as many elements in RESP2.
 */
static inline void
cmd_zset_reply_head(struct call *c, uint64_t count, bool with_scores)
{
	reply_array(c->reply, (int64_t)(with_scores && c->reply->resp == 2 ?
	    count * 2 : count));
}

static inline void
cmd_zset_reply_item(struct call *c, const struct zset_item *item,
    bool with_scores)
{
	if (with_scores && c->reply->resp == 3)
		reply_array(c->reply, 2);
	reply_bulk(c->reply, item->member);
	if (with_scores)
		reply_double(c->reply, item->score);
}

/*
 * The end of a command that stores: `count` items become the value of key k, or
 * the key is deleted when there are none; the number is replied.
 */
void cmd_zset_store(struct call *c, const struct key *k,
    struct zset_item *items, uint64_t count);

#endif
