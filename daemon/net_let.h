/*
 * net_let - who may bring keys of slots that come, and nobody else
 *
 * When this node has said that slots may come (CLUSTER MIGRATESLOTS), it tells
 * their giver a random pass, by the bus and for this move only.  The connection
 * that shows it first, with the ids of both nodes, brings the keys: it, and
 * only it, may RESTORE and DEL in these slots as long as they come.  What it
 * says later is refused, and it is closed; so a connection of a move that has
 * ended can not write into the next one, however late its bytes are.
 *
 * Whoever else says ASKING is sent to the slots' owner.
 *
 * Not here: slots that come by SETSLOT (net_place.c), who connects
 * (net_ship.c), who draws the pass (ctl_shift.c).
 */
#ifndef DAEMON_NET_LET_H
#define DAEMON_NET_LET_H

#include "daemon/net_worker.h"

/*
 * CLUSTER SYNCSLOTS: from now on a connection brings the keys; NULL, or why
 * not, which has been logged.
 */
const char *let_begin(struct conn *c, struct slice pass, struct slice giver,
    struct slice taker);

/* Whether a request writes such keys into a slot which is not ours yet. */
bool let_in(const struct worker *w, const struct request *q, unsigned slot);

/*
 * A request for a slot is refused: one that wanted to write into those that
 * come is logged, once a move; a connection that once brought some is closed.
 */
void let_note(struct worker *w, const struct request *q, unsigned slot,
    bool is_asked_for);

#endif
