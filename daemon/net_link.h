/*
 * net_link - the link to our primary: connected, told who we are, synchronised,
 * fed
 *
 *   (again_ms) -> CONNECT -> TALK -> ASK -> STREAM
 *                                 -> HEAD -> FETCH -> LOOK -> LOAD -> STREAM
 *
 * The worker that the published state names has it; whoever that is goes on
 * where the log ends.  One thing is asked of the kernel at a time: while a
 * command of the stream waits, while a piece of a snapshot is written, nothing
 * is read, so the primary sees how fast we are.
 *
 * A snapshot is received whole into a file, and looked over, before control is
 * asked to load it: until then the old data is served, and a transfer that
 * breaks leaves it as it is.
 *
 * In any trouble the connection is dropped, and the next attempt is made a
 * little later, with what the log then has; but not before control has answered
 * what was asked under the last one.
 *
 * A host that is a name is looked up anew for each attempt, aside
 * (daemon/lookup.h).
 *
 * Not here: the stream's commands (net_apply.c), whom we follow
 * (daemon/ctl_role.c), loading (net_load.c).
 */
#ifndef DAEMON_NET_LINK_H
#define DAEMON_NET_LINK_H

#include <sys/socket.h>

#include "daemon/doubles.h"
#include "daemon/file.h"
#include "daemon/net_apply.h"
#include "daemon/rooms.h"
#include "proto/rdb_value.h"

#define LINK_BYTES (128u << 10)
#define LINK_MARK 40             /* of a snapshot of unknown length */

enum link_phase {
	LINK_AT_CONNECT,  /* the connection is being made */
	LINK_AT_TALK,     /* PING to PSYNC: net_talk.c */
	LINK_AT_ASK,      /* control is told how the stream goes on */
	LINK_AT_HEAD,     /* how long is the snapshot? */
	LINK_AT_FETCH,    /* it comes: net_fetch.c */
	LINK_AT_LOOK,     /* it is looked over */
	LINK_AT_LOAD,     /* all workers load it */
	LINK_AT_STREAM
};

/*
 * What the kernel may still use of a connection that has been given up: it
 * lives as long as that one.
 */
struct link_wire {
	struct net_link *link;    /* NULL: it was given up */
	struct sockaddr_storage address;
	int file;                 /* the snapshot goes to; -1: none */
	size_t at, used;          /* of data: to be read */
	char data[LINK_BYTES];
};

/* What there is while a snapshot is looked over. */
struct link_look {
	struct file_map map;
	struct rdb_reader r;
	struct rdb_item item;
	struct rdb_value value;
	bool is_inside;           /* a value */
	struct rooms rooms;       /* strings that had to be made */
	struct doubles members;   /* of the value, if it has such */
	bool has_members;
	uint64_t met;             /* elements of it */
	size_t summed;
	uint64_t crc;
};

struct net_link {
	struct worker *worker;
	struct conn *conn;        /* NULL: none */
	struct link_wire *wire;   /* of conn */
	enum link_phase phase;
	uint64_t serial;          /* of the state that wants it */
	int64_t again_ms;         /* the next attempt */
	struct lookup *lookup;    /* of its host; NULL: not now */
	int64_t heard_ms;         /* when something last came */
	int64_t beat_ms;          /* same, said */
	unsigned tries;           /* that failed, in a row */
	int64_t up_ms;            /* since when the stream is applied */
	uint64_t stuck_at;        /* where the stream could not go on */
	unsigned stuck;           /* how often */
	unsigned step, said;      /* of the talk */
	uint64_t version;         /* of the state behind control's answer */

	/* the snapshot: its file, what it is, how far it has come */
	char file[FILE_NAME];
	char replid[41];
	unsigned role_asks;       /* PSYNC ... FAILOVER, one after the other */
	uint64_t offset;
	struct {
		int64_t left;     /* bytes to come, -1: up to the mark */
		uint64_t bytes;
		size_t writing;
		bool is_syncing;
		int64_t said_ms;  /* the log was told how far it is */
		char mark[LINK_MARK], tail[LINK_MARK];
	} fetch;
	struct link_look look;

	struct apply apply;
	bool has_stream;          /* something of it has come */
	uint64_t errors_told;
	uint64_t acked;
	uint64_t told;            /* control's await, for which it was rung */
	int64_t acked_kept;       /* same, on disk; -1: nothing */
	int64_t acked_ms;
};

/* The published state is another: has it, or has it no more. */
void link_act_upon_state(struct worker *w);

/* Each turn of the loop. */
void link_turn(struct worker *w);

/* When the next attempt is due; 0: none is, or a bell comes before it. */
int64_t link_due(const struct worker *w);

/* Whether there is more to do at once. */
bool link_is_busy(const struct worker *w);

/* What everybody knows of the link; NULL: there is none now. */
const struct link *link_of(const struct state *s);
/* Whether the primary's stream is being applied. */
bool link_is_up(const struct state *s);

/* --- for the parts of it ----------------------------------------------- */

/* Ends this attempt; the sentence goes into the log. */
void link_drop(struct net_link *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* It is there now, and everybody sees so. */
void link_set_phase(struct net_link *l, enum link_phase phase);

/* Reads on: what comes is put behind what is in the wire. */
void link_read(struct net_link *l, size_t most);

/* A tag for what is asked of the kernel for it: received() is told. */
uint64_t link_tag(struct net_link *l);

/* Sends bytes to the primary. */
void link_say(struct net_link *l, const void *text, size_t bytes);

/* Asks control; the answer is l->phase's. */
void link_ask(struct net_link *l, enum mail_kind kind, const char *const *text,
    int count);

/* From here on the stream comes. */
void link_go_up(struct net_link *l);

#endif
