/*
 * net_conn - one connection of a worker: its session, what came in, what goes
 * out
 *
 * Input that can be served at once is parsed where it was received.  What is
 * left over - a cut request, everything behind a request that waits -
 * is kept in `query`, and from then on parsed there until it is empty.
 *
 * Output is collected in `out` and given to the kernel once per turn; while it
 * is on its way (`sending`) more is collected.  An idle connection has no
 * buffers.
 *
 * A connection is freed when nothing in the kernel refers to it any more.
 *
 * Not here: what is served when (net_batch.c), who waits for what (net_park.c).
 */
#ifndef DAEMON_NET_CONN_H
#define DAEMON_NET_CONN_H

#include "proto/command.h"
#include "proto/reply.h"
#include "proto/resp.h"
#include "shm/conns.h"
#include "shm/option.h"
#include "shm/subs.h"

struct option_limit;
struct worker;
struct feed;
struct commit_mark;

#define CONN_OUT_BYTES REPLY_LEAST /* room of a pooled output buffer */

/* What the ring's tags say was asked for, beside the connection's address. */
enum { NET_RECV = 1, NET_SEND = 2, NET_FILE = 3 };

enum conn_reply_mode {
	CONN_REPLY_ON,
	CONN_REPLY_OFF,
	CONN_REPLY_SKIP_NEXT,  /* said by this request, meant for the next */
	CONN_REPLY_SKIP        /* the next one's reply is dropped */
};

/* Why a connection does not serve its next request now. */
enum conn_park {
	CONN_SERVES,
	CONN_BLOCKED,    /* a blocking command waits for a key */
	CONN_PAUSED,     /* CLIENT PAUSE holds its next request */
	CONN_ASKING,     /* control has been asked; the answer is its reply */
	CONN_HELD,       /* what it serves other than clients says when */
	CONN_ACKED,      /* WAIT: until its writes are committed */
	CONN_CROWDED,    /* a snapshot has to take something first */
	CONN_MOVING,     /* MIGRATE: its keys are on their way */
	CONN_PARKS
};

/* A request queued by MULTI: arguments copied behind the struct. */
struct conn_queued {
	struct conn_queued *next;
	const struct command *command;
	int argc;
	struct slice argv[];
};

struct request;
struct conn;

/*
 * What a connection is for that is not a client's: our primary's stream, a file
 * that is loaded.  Such a one is privileged, and nobody reads its replies.
 */
struct conn_duty {
	/* in the place of serve_request() */
	void (*serve)(struct worker *w, struct request *q);
	/*
	 * Its request was taken back: w->txn.why; snap_wait when it will be
	 * served again.
	 */
	void (*aborted)(struct conn *c);
	/* control's answer; it waits until park_end(), park_wake() */
	void (*answered)(struct conn *c, struct slice answer);
	/* what was read by ring_read() for it: bytes or -errno; or NULL */
	void (*received)(struct conn *c, int result);
	/* it is about to be freed; or NULL */
	void (*gone)(struct conn *c);
};

struct sub;

struct conn_watch {
	struct conn_watch *next;
	uint64_t hash;
	uint64_t swaps;      /* of the state */
	uint32_t version;
	uint16_t slot;
	uint8_t db;          /* internal */
	size_t name_bytes;
	char name[];
};

struct conn {
	struct worker *worker;
	struct conn *next, *prev;       /* of the worker's connections */
	struct conn *next_dirty;        /* of those with output to be sent */
	const struct conn_duty *duty;   /* NULL: it is a client */
	void *owner;                    /* of the duty */
	uint64_t id;
	int fd;
	struct conns_row *row;          /* what CLIENT LIST sees; or NULL */

	struct {
		char *data;
		size_t at, used, room;  /* at: first byte not yet served */
	} query;
	struct resp resp;               /* of the request at query.at */
	/* it is read piece by piece, into args */
	bool is_cut;
	struct { struct slice *v; int count, room; } args; /* of it, so far */

	struct reply out;
	/* is_lent: the bytes are somebody else's */
	struct { char *data; size_t bytes, done, room; bool is_lent; } sending;
	int64_t out_soft_ms;            /* since when over the soft limit, 0 */

	bool is_receiving;              /* a multishot receive is armed */
	bool is_sending;
	bool is_reading;                /* a file, to be sent */
	bool is_dirty;                  /* in the list of those with output */
	bool is_in_batch;               /* requests of it wait in the batch */
	/* the request in the batch that parked it */
	int stopped_at;
	/* serve no more; close when all is sent */
	bool is_closing;
	bool is_shut;                   /* the socket was shut down */
	bool is_local;                  /* Unix socket or loopback */

	/* the session */
	bool is_authenticated;
	bool is_monitor, is_no_evict, is_no_touch;
	/* ASKING: meant for the next request; READONLY */
	bool is_asking, reads_replica;
	uint64_t brings;                /* the pass it has shown (net_let.h) */
	bool is_replica;                /* it gets the log */
	struct feed *feed;              /* what REPLCONF and PSYNC have said */
	uint64_t written;               /* offset after its own last write */
	uint64_t marked;                /* same, when last looked for a mark */
	uint8_t db;                     /* as selected, 0-15 */
	uint8_t reply_mode;
	int64_t since_ms, used_ms;
	char name[CONNS_NAME], lib_name[CONNS_LIB], lib_ver[CONNS_LIB];
	uint32_t last_command;          /* enum command_id */

	/* MULTI and WATCH */
	struct {
		/*
		 * Some queued one does: write; that or its like; need what is
		 * loaded; need the link to be up; send a message.
		 */
		bool is_open, is_broken, changes, writes, needs_data;
		bool needs_link, publishes;
		uint8_t db;             /* EXEC began in */
		struct conn_queued *first, **last;
		int count;
		size_t bytes;
		/* questions: how many, and what their letter takes */
		struct { int count, args; size_t bytes; } asks;
		bool has_alone, has_others; /* what can not go together */
	} multi;
	struct conn_watch *watch;
	struct ask_rest *rest;          /* EXEC's reply (net_ask.h); or NULL */

	/* subscriptions, oldest first, by enum subs_kind; all of them */
	struct { struct sub *first, *last; uint32_t count; } subs[SUBS_KINDS];
	uint32_t subs_all;

	/* waiting */
	struct {
		enum conn_park why;
		struct conn *next, *prev;  /* of all that wait for such */
		int64_t deadline_ms;       /* 0: none */
		int due;                   /* 1 + place in the heap, 0: none */
		int64_t until_ms;          /* when blocking ends, 0: never */
		int answer;                /* enum call_timeout */
		/* order of waiting; its question; its move */
		uint64_t ticket;
		size_t skip;               /* bytes of the request in query */
		int keys;
		struct conn_key *key;      /* what it waits for */
	} park;
	/* replies that wait for the log (net_commit.h), in order */
	struct { struct commit_mark *first, *last; } held;
	/* CONN_ACKED: replicas that have to; local: -1 for WAIT */
	struct { int local; int64_t replicas; } acks;
};

/* A key that a blocked connection waits for; in one of the worker's chains. */
struct conn_key {
	struct conn_key *next, *prev;
	struct conn *conn;
	uint64_t hash;                  /* of the key, and of the type wanted */
	uint32_t row;                   /* in the area's wait table */
	uint16_t slot;
};

/* Whether an option that says no, yes or local lets this client. */
static inline bool
conn_is_let(const struct conn *c, int64_t who)
{
	return who == GUARD_YES || (who == GUARD_LOCAL && c->is_local);
}

/* A connection for an accepted socket, in the worker's list. */
struct conn *conn_new(struct worker *w, int fd);

/* Its socket, which was made to be connected, is: addresses are known. */
void conn_connected(struct conn *c);

/* Same for what has no socket and is in no list; and its end. */
struct conn *conn_new_bare(struct worker *w);
void conn_free_bare(struct conn *c);

/* No more requests; closed when all output is sent. */
void conn_finish(struct conn *c);
/* Closed as soon as possible; output is thrown away. */
void conn_drop(struct conn *c);
/* Frees it if nothing refers to it any more; whether it did. */
bool conn_reap(struct conn *c);

/*
 * Adds bytes behind what waits in query.  Here and in the next two, a
 * connection that there is no memory for is dropped.
 */
void conn_keep(struct conn *c, const char *data, size_t bytes);

/* Drops a connection whose requests need too large a buffer, and says so. */
void conn_limit_query(struct conn *c);
/* Puts bytes in front of it. */
void conn_unread(struct conn *c, const char *data, size_t bytes);
/* Room for `bytes` in all for the request at query.at. */
void conn_expect(struct conn *c, size_t bytes);

/*
 * A request was answered from `mark` on: drops that when CLIENT REPLY OFF or
 * SKIP says so.
 */
void conn_silence(struct conn *c, size_t mark);

/* The worker will send what is in out at the end of this turn. */
void conn_mark(struct conn *c);
/*
 * Whether so many bytes that wait are over a limit, at once or for too long;
 * *since_ms is kept for it: since when they are over the soft one, 0: not.
 */
bool conn_is_over(const struct option_limit *l, uint64_t bytes,
    int64_t *since_ms, int64_t now_ms);
/* Drops c if what it has not read is over client-output-buffer-limit. */
void conn_limit(struct conn *c);
/* Sends what is collected and not held, if nothing is on its way. */
void conn_flush(struct conn *c);
/* Puts an empty buffer in the place of out's, which is then the caller's ... */
void conn_renew(struct conn *c);
/* ... until it gives it back. */
void conn_give(struct conn *c, struct reply *old);
/*
 * Sends bytes that stay as they are until that has ended; nothing else is on
 * its way.
 */
void conn_lend(struct conn *c, char *data, size_t bytes);
/* A send ended: bytes or -errno. */
void conn_sent(struct conn *c, int result);

/* Brings the connection's row up to date: after a change of the session. */
void conn_show(struct conn *c);
/* Same for what changes with every turn. */
void conn_show_use(struct conn *c);

/* Frees what MULTI has queued: as if it had not been. */
void conn_forget_multi(struct conn *c);

#endif
