/*
 * net_carry - what is done with a key of a move while its slot is locked
 *
 * A key is looked for, dumped and sent, removed.  Each of these is a
 * transaction of its own; no system call is made in it.
 *
 * Not here: the order of all that, and the other side (net_move.c).
 */
#ifndef DAEMON_NET_CARRY_H
#define DAEMON_NET_CARRY_H

#include "daemon/net_move.h"
#include "daemon/net_target.h"

#define CARRY_KEYS 64         /* on their way at a time */
#define CARRY_FREE_ROUNDS 3   /* a key is sent before writes are held back */
#define WHY_BYTES 512

enum phase {
	AT_LOOK, AT_CONNECT, AT_GREET, AT_SEND, AT_WAIT, AT_SETTLE, AT_END
};

/*
 * KEY_HERE: to be sent; KEY_TAKEN: the target says that it has it; KEY_GONE:
 * it was deleted here, and the target says that it did so, too; KEY_REFUSED:
 * the target does neither, and there is an entry (shm/moving.h) to be seen to.
 */
enum key_state { KEY_HERE, KEY_SENT, KEY_TAKEN, KEY_GONE, KEY_REFUSED,
	KEY_DONE };

struct move_key {
	struct slice name;
	uint64_t hash;
	uint32_t version;
	uint16_t slot;
	uint8_t state, rounds;
	bool is_there;       /* the target has a copy of ours */
	bool is_watched;     /* its slot says that we want versions */
	bool is_entered;     /* it has an entry, made or taken over by us */
};

/* Answers that the target owes: to a key's command, or to one that helps. */
#define HELPS -1

struct claim {
	struct hold *hold;
	uint16_t slot;
};

struct move {
	struct move *next;
	struct worker *worker;
	struct target *target;   /* NULL: none */
	uint64_t ticket;         /* of the connection that asked */
	enum phase phase;
	int64_t deadline_ms;     /* silence is too long then */
	int64_t again_ms;        /* it had to wait; 0: it did not */
	int64_t silence_ms, to_db;
	const char *host, *port, *user, *password;
	size_t user_bytes, password_bytes;
	uint8_t db;              /* here, internal */
	bool is_copy, may_replace;
	bool is_tidy;            /* copies that others left are deleted there */
	bool has_sent, was_retried;
	/* since the connection was taken */
	bool has_heard;
	uint64_t log_end;        /* behind the last removal */
	struct { const char *data; size_t done; } seen;  /* of what is sent */

	int count, first;        /* of keys; those before are done */
	int sent;                /* none from there on was ever sent */
	int looked;              /* so many have been looked for */
	struct move_key *key;
	int chunk[CARRY_KEYS], chunks;   /* keys on their way */
	int owed[2 * CARRY_KEYS], owes, heard;
	struct claim claim[CARRY_KEYS];
	int claims;
	const char *trouble;     /* found with a slot locked */
	/* the last word, if it is not +OK; is_over: no more is sent */
	char why[WHY_BYTES];
	bool is_over;
};

/* No more is sent; what was taken is still settled. */
void carry_fail(struct move *m, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Gives up all claims; lets others write again under them. */
void carry_drop_claims(struct move *m);
void carry_let_write(struct move *m);
/* Something has moved on: deadline and claims do, too. */
void carry_prolong(struct move *m);

/* Nothing more is done about a key. */
void carry_finish(struct move *m, struct move_key *k);

/* Where requests to the target are written; one more answer is owed. */
struct reply *carry_out(const struct move *m);
void carry_owe(struct move *m, int what);

/*
 * Does one of these with a key's slot locked; false: it could not be done now,
 * or the move has failed.
 */
bool carry_visit(struct move *m, struct move_key *k,
    bool (*act)(struct move *m, struct move_key *k, const struct key *key));

/*
 * Finishes what is not here; notes an access.  False also as long as another
 * node may have a copy.
 */
bool carry_look(struct move *m, struct move_key *k, const struct key *key);
/* Writes what the target is to do about it. */
bool carry_send(struct move *m, struct move_key *k, const struct key *key);
/* The target has it: it goes here, unless it is another one by now. */
bool carry_settle(struct move *m, struct move_key *k, const struct key *key);

#endif
