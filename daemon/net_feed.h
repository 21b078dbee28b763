/*
 * net_feed - a connection that gets the log: a replica's
 *
 * From PSYNC on a connection is fed by the worker that accepted it:
 *
 *   waits    for a snapshot to begin         (net_sync.c)
 *   loads    the snapshot is on its way      (net_sync.c)
 *   online   it gets the bytes of the log as they are, from `at` on
 *
 * As long as nothing is on its way to an online one, the next bytes are copied
 * out of the log into the feed's own buffer and sent; so a slow replica costs
 * nobody else anything but the log's memory (client-output-buffer-limit), and
 * a write costs nothing at all: the log is looked at once per turn.
 *
 * A feed has a reader's row in the log from PSYNC on, by which the log keeps
 * what the replica will need.
 *
 * What REPLCONF says before PSYNC is kept in a feed that has no row yet.
 *
 * Not here: what replicas acknowledge and who waits for that (net_ack.c), the
 * commands (cmd_feed.c), being a replica.
 */
#ifndef DAEMON_NET_FEED_H
#define DAEMON_NET_FEED_H

#include "daemon/net_worker.h"
#include "shm/feeds.h"

#define FEED_BYTES (256u << 10)
#define FEED_MARK 40            /* bytes of a mark at the end of a snapshot */

struct feed {
	struct conn *conn;
	struct feed *next, *prev;   /* of the worker's */
	struct feeds_row *row;      /* what others see; NULL before PSYNC */
	int reader;                 /* its row in the log, -1: none */
	uint64_t at;                /* offset of the next byte for it */
	char *buffer;               /* of FEED_BYTES: what is on its way */
	int64_t moved_ms;           /* when it last took or said something */
	int64_t soft_ms;            /* since when over the soft limit, 0 */
	bool is_old;                /* came with SYNC: acknowledges nothing */
	bool is_held;               /* gets nothing until it acknowledges */

	/* said by REPLCONF */
	int64_t port;
	char ip[FEEDS_IP];
	bool takes_mark;            /* capa eof */
	bool takes_new_id;          /* capa psync2 */
	bool wants_snapshot_only;   /* rdb-only */

	/* a full synchronisation (net_sync.c) */
	struct {
		int64_t since_ms;   /* it waits */
		int64_t asked_ms;   /* when control was told */
		int64_t said_ms;    /* when the log was told how far it is */
		/* begun when it came; then the request that serves it */
		uint64_t number;
		uint32_t serial;    /* of the snapshot */
		int file;           /* -1: not open */
		bool is_marked;     /* sent as it grows, with a mark behind */
		bool is_announced;  /* the line before it has been sent */
		bool is_done;       /* the file is whole, */
		bool is_measured;   /* and its length known */
		bool is_drained;    /* all that it had has been read */
		char mark[FEED_MARK];
		uint64_t at;        /* sent or on its way */
		uint64_t bytes;     /* of the whole */
	} sync;
};

/* The feed of a connection, made if it has none. */
struct feed *feed_of(struct conn *c);

/*
 * c becomes a replica's, in phase FEEDS_WAITS; its reader keeps the log from
 * `at` on.  False when there is no room for more, or the log does not reach
 * back so far; nothing has changed then.
 */
bool feed_begin(struct conn *c, uint64_t at);

/* It gets the log from f->at on. */
void feed_go_online(struct feed *f);

/* Sends what there is, if nothing is on its way. */
void feed_pump(struct feed *f);

/* Ends the connection; the sentence goes into the log. */
void feed_drop(struct feed *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What a closing connection has of it. */
void feed_end(struct conn *c);

/*
 * A replica's request has been served, from `mark` on in its output: replies
 * have no place in what it gets, so one costs the connection.
 */
void feed_served(struct conn *c, size_t mark);

/* Something came from a replica: it lives. */
void feed_heard(struct conn *c);

/* At the end of a turn: sends, and wakes others that have something to send. */
void feed_turn(struct worker *w);
/* Whether the log has grown since, and somebody here wants it. */
bool feed_has_news(const struct worker *w);
/* Some times a second: time-outs, limits, PING. */
void feed_look_after(struct worker *w);
/* The published state has changed: feeds of another stream end. */
void feed_act_upon_state(struct worker *w);

/*
 * The rows of all replicas, of all workers, one after the other; *place is 0
 * at first.  NULL after the last.
 */
const struct feeds_row *feed_each(uint32_t *place);

#endif
