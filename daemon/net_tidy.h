/*
 * net_tidy - copies that a move has left behind are deleted there
 *
 * A mover that died, or whose target was silent, leaves entries (shm/moving.h).
 * Whichever worker comes first has the other node delete these keys, a slot at
 * a time, as a move that takes nothing along (move_tidy): the copy here is the
 * key, and who moves it later begins anew.  A node that can not be reached is
 * asked again, later and later; until then the entries stay, and clients are
 * served here.  Has it become a replica, its primary is asked; a node that was
 * forgotten (CLUSTER FORGET) has nothing that anybody could be sent to.
 *
 * The mover's password is not kept.  Where one was needed, the node's own for
 * its cluster is said (masteruser, masterauth); when that one is refused, the
 * entries wait for the next MIGRATE, which brings its own.
 *
 * Only who may acknowledge a write to the slot may delete something of it
 * elsewhere.  Entries of a slot that is not ours any more come to nothing: what
 * the other one has of it is the key.
 *
 * Not here: the way there and the answer (net_move.c, net_carry.c).
 */
#ifndef DAEMON_NET_TIDY_H
#define DAEMON_NET_TIDY_H

#include "daemon/net_worker.h"

/* Looks now and then; when that is next due, UNIX time, or 0. */
int64_t tidy_turn(struct worker *w);

#endif
