/*
 * net_move - keys on their way to another node (MIGRATE)
 *
 *   LOOK -> CONNECT -> GREET -> SEND <-> SETTLE -> the answer
 *
 * The connection that asked waits, and everybody else goes on.  Keys travel a
 * handful at a time: each is dumped under its slot's lock, with its version
 * noted as WATCH does; sent; and when the target has taken it, removed under
 * the lock if its version is still the same.  If not it is sent again, over
 * what the target has of it.  A key that was changed a few times meanwhile has
 * writes to its slot held back until it is over (shm/hold.h).
 *
 * So a key is on at least one side at any time, whoever dies.  One that was
 * deleted here while a copy was on its way is deleted there, too; until then
 * nobody is sent there for it (net_place.c).  A slot has one mover at a time.
 *
 * What the target refuses stays here; so does what was sent when the connection
 * broke, there was silence for too long, or the worker died.  Of a slot that is
 * on its way by SETSLOT the names of these outlive the move (shm/moving.h), and
 * what came of them there is deleted (net_tidy.h).  Without that, and when the
 * whole node ends meanwhile (shm/moving.h), a copy may stay there.  One that is
 * on its way to another node than before waits until that is done.
 *
 * All of it happens in move_turn(), between the batches.
 *
 * Not here: MIGRATE's arguments (cmd_migrate.c), what happens to a key in its
 * slot (net_carry.c), connections (net_target.c).
 */
#ifndef DAEMON_NET_MOVE_H
#define DAEMON_NET_MOVE_H

#include "daemon/net_worker.h"

struct move_order {
	uint64_t ticket;         /* of move_ticket(); 0: a new one */
	struct slice host, port;
	int64_t db;              /* there */
	int64_t silence_ms;      /* to be borne at any step */
	bool is_copy, may_replace;
	/* AUTH; the password's data is NULL when there is none */
	struct slice user, password;
	const struct slice *keys;
	int count;
};

/*
 * Begins; the call's connection waits until it is over.  What the order names
 * is copied.
 */
void move_begin(struct call *c, const struct move_order *order);

/* One that nobody has had. */
uint64_t move_ticket(void);

/*
 * Keys of one slot which have an entry (shm/moving.h) with the order's ticket
 * are deleted there; nobody waits for it.  What the order names is copied.
 */
void move_tidy(struct worker *w, uint8_t db, const struct move_order *order);

/* Goes on with all of this worker's; when that is next due, UNIX time, or 0. */
int64_t move_turn(struct worker *w);

#endif
