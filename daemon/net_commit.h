/*
 * net_commit - the reply of a write waits until the log has been committed
 *
 * A write that logged something leaves a mark on its reply: nothing of the
 * connection's output is sent from there on until the log has been committed up
 * to the write's offset, at all levels that the configuration demands (the
 * table in net_commit.c).  What is replied behind it waits in order; other
 * connections never do.
 *
 *	serve     commit_served()  marks
 *	flush     commit_ready()   how many bytes may go
 *	turn      commit_turn()    looks how far the levels are
 *
 * Replies of equal length that one turn makes one after the other share a
 * mark.  All marks of a worker stand in one row: a younger one is never of a
 * smaller offset.
 *
 * Who moves a level on rings the workers that wait (daemon/waiters.h).  A
 * worker that holds replies rings the logger, and asks replicas; what arrives
 * while those work is committed by their next step together.
 *
 * A write that can not be committed in time, or never will, has its reply
 * replaced by an error that says so (INDOUBT).  It has happened all the same.
 *
 * One level is demanded for a moment after a takeover, and given up without an
 * error: the old primary has to have a write (cluster/heir.h).
 *
 * Not here: who moves the levels on, and WAIT (net_ack.c).
 */
#ifndef DAEMON_NET_COMMIT_H
#define DAEMON_NET_COMMIT_H

#include "daemon/net_conn.h"

struct commit_mark {
	struct commit_mark *next, *prev; /* of the worker's, oldest first */
	struct commit_mark *behind;      /* next one of the connection */
	struct conn *conn;
	uint64_t offset;                 /* of the log, behind the last write */
	/* `count` replies of `bytes` each, from byte `from` of the output on */
	size_t from, bytes;
	uint32_t count;
	uint64_t turn;                   /* of the worker, that made them */
	int64_t ms;                      /* UNIX time of that */
	bool is_all;                     /* the first: all that there was */
};

/*
 * A request of c was served, its reply begins at `from`: marks it when the
 * request has logged something that is to be committed.
 */
void commit_served(struct conn *c, const struct command *command, size_t from);

/*
 * The batch that was just served has logged something, and the end of the lease
 * may lie before that: its writes' replies wait until the lease is renewed,
 * which says that nobody has come between.  (A command may take long, and a
 * process may be stopped anywhere.)
 */
void commit_batch_late(struct worker *w);

/*
 * Same for the turn, when what it made is about to be sent: where a write's
 * reply would go, all that there is waits.  When commit_turn() is next due.
 */
int64_t commit_turn_late(struct worker *w);

/* How many bytes of c->out may be sent now. */
size_t commit_ready(const struct conn *c);

/* The first `bytes` of c->out, which were ready, are taken out of it. */
void commit_sent(struct conn *c, size_t bytes);

/* The output of c is thrown away. */
void commit_forget(struct conn *c);

/*
 * At the end of a turn, before what it made is sent: frees what is committed,
 * gives up what is late.  When that is next due, UNIX time, or 0.
 */
int64_t commit_turn(struct worker *w);

/* Whether commit_turn() has something to do. */
bool commit_has_news(const struct worker *w);

/*
 * A state was read, and nothing done about it: which levels are demanded.  Who
 * is no longer the primary of its stream gives up everything that is held.
 */
void commit_act_upon_state(struct worker *w);

/*
 * The node stops: whether this worker goes on for a while because replies are
 * held, here or by workers that need it.
 */
bool commit_lingers(struct worker *w);

/* Gives up everything that is held: the worker ends. */
void commit_end(struct worker *w);

#endif
