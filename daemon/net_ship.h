/*
 * net_ship - a worker copies whole slots to another node, and deletes them
 *
 *   CONNECT -> GREET -> SEND
 *
 * The slots are walked through once; each key is dumped under its slot's lock
 * and sent.  Beside that the log is read from where the walk began: whatever
 * key of the slots a record names is dumped and sent again, or deleted there.
 * So the target has of each key what it was at some time, and later what it was
 * after its last change: at the end of the log, when nobody writes any more, it
 * has all, and nothing else.
 *
 * A key that changes often is sent as a whole each time, but once for all the
 * records that are read together.
 *
 * Its death, and any trouble, ends the move; control decides (cluster/shift.h).
 *
 * Slots that are to be dropped are shared out among the workers, who delete
 * some keys each turn.
 *
 * Not here: the connection (net_target.h), keys that move by MIGRATE
 * (net_move.h).
 */
#ifndef DAEMON_NET_SHIP_H
#define DAEMON_NET_SHIP_H

#include "daemon/net_worker.h"

/* Goes on with what is ordered; when that is next due, UNIX time, or 0. */
int64_t ship_turn(struct worker *w);

/*
 * Whether a request waits: it writes into slots whose writes wait, or, while
 * slots come or go, to keys that it does not name (FLUSHALL).
 */
bool ship_stops(struct worker *w, const struct request *q);

/*
 * Whether nobody is shown the keys of a slot: half of them have come, or are
 * deleted, and they are another node's.  A replica knows that from the map: it
 * shows what it would let be read.  _hidden(): how many keys such slots have.
 */
bool ship_hides(struct worker *w, unsigned slot);
int64_t ship_hidden(struct worker *w);

#endif
