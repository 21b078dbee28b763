/*
 * call - one request while it is being served
 *
 * What a command function (void cmd_xxx(struct call *c)) may use.  When it is
 * called, the gate has let the request pass, arity is right, and for place SLOT
 * (EVERY) the slots of its keys (all slots) are locked and a transaction is
 * open.  It replies exactly once into c->reply.  It changes shared memory only
 * through shm/slot.h and the types' own functions, under c->txn.
 *
 * What the log gets: a command that changed something says so with
 * call_changed() and is logged as it came; one whose effect depends on time or
 * chance, or that is expensive to repeat, uses call_logs() instead, as often
 * as needed (SET with EX is logged with PXAT, SPOP as SREM ...).  A command
 * that changed nothing does neither.
 *
 * Not here: how a request comes here (daemon/net.c), the gate (net_gate.c).
 */
#ifndef DAEMON_CALL_H
#define DAEMON_CALL_H

#include "proto/command.h"
#include "proto/error.h"
#include "proto/glob.h"
#include "proto/number.h"
#include "proto/reply.h"
#include "shm/option.h"
#include "shm/slot.h"

struct conn;
struct worker;

struct ask_letter;

struct call {
	struct txn *txn;
	struct reply *reply;
	const struct command *command;
	/* argv[0] is the name; valid during the call */
	const struct slice *argv;
	int argc;
	uint8_t db;               /* internal number of the selected database */
	bool may_block;           /* not inside MULTI */
	bool is_changed;
	bool is_logged;
	/* of argv[keys.first], when the engine has it */
	uint64_t hash;
	struct slot *slot;        /* same */
	bool has_hash;
	struct conn *conn;
	struct worker *worker;
	struct ask_letter *letter; /* EXEC's, which collects questions */
};

typedef void call_run(struct call *c);

/* Every command's function. */
#define COMMAND(id, name, place, flags, arity, keys, family, since, \
    complexity, arguments, words, function) call_run function;
#include "proto/command.def"

/* The same in the table's order. */
extern call_run *const call_table[CMD_COUNT];

/* The key in argument i; made anew when it is not the first. */
struct key call_make_key(const struct call *c, int i);

static inline struct key
call_key(const struct call *c, int i)
{
	if (likely(c->has_hash && i == c->command->keys.first))
		return (struct key){ c->argv[i], c->hash, c->slot, c->db };
	return call_make_key(c, i);
}

/* The record of the key in argument i, or NULL; noted as an access. */
static inline struct value *
call_find(struct call *c, const struct key *k)
{
	return slot_find(c->txn, k);
}

/*
 * Same, of one type: when it has another, WRONGTYPE is replied and *is_wrong
 * set; NULL is returned then, as for a missing key.
 */
struct value *call_find_type(struct call *c, const struct key *k,
    enum value_type type, bool *is_wrong);

/*
 * The whole body of HDEL, SREM and ZREM: takes out the members in arguments 2
 * and so on, with the type's own function.
 */
void call_delete_members(struct call *c, enum value_type type,
    struct value *(*delete_one)(struct txn *t, const struct key *k,
	struct value *v, struct slice member, bool *is_deleted));

/* The request changed something and is to be logged as it came. */
static inline void
call_changed(struct call *c)
{
	c->is_changed = true;
}

/*
 * Tells an event of a key; call_event_left() tells "del" as well when the key
 * is gone.  Most commands have a row in daemon/event.def instead.
 */
static inline void
call_event(struct call *c, uint32_t class, const char *name,
    const struct key *k)
{
	slot_event(c->txn, class, name, k);
}
static inline void
call_event_left(struct call *c, uint32_t class, const char *name,
    const struct key *k)
{
	slot_event(c->txn, class, name, k);
	if (unlikely(c->txn->events != 0) && slot_lying(k) == NULL)
		slot_event(c->txn, EVENT_GENERIC, "del", k);
}

/* Logs this instead of the request. */
static inline void
call_logs(struct call *c, int argc, const struct slice *argv)
{
	c->is_logged = true;
	txn_log(c->txn, c->db, argc, argv);
}

/*
 * Arguments as numbers; on failure the error is replied ("ERR value is not an
 * integer or out of range", "ERR value is not a valid float") and false
 * returned.
 */
bool call_int(struct call *c, int i, int64_t *n);
bool call_double(struct call *c, int i, double *d);

/* An integer from min to max; else Redis's "value must between" error. */
bool call_int_between(struct call *c, int i, int64_t min, int64_t max,
    int64_t *n);

/* The options that this turn of the loop acts upon. */
const struct options *call_options(const struct call *c);

/* 64 random bits; not for secrets. */
uint64_t call_random(struct call *c);

/* "ERR syntax error", "ERR wrong number of arguments for 'x' command". */
void call_syntax(struct call *c);
void call_arity(struct call *c);

/*
 * Blocks the connection until one of the keys argv[first_key ..] (keys of them)
 * is touched: then the request runs again from the start (so it must not have
 * changed or replied anything).  timeout_ms counts from the first time; 0: for
 * ever.  Returns false where blocking is not allowed (inside MULTI): the
 * command then replies what it would after the time-out.
 */
enum call_timeout { CALL_NULL, CALL_NULL_ARRAY };
bool call_park(struct call *c, int first_key, int keys, int64_t timeout_ms,
    enum call_timeout answer);

/* Whether this request was blocked and runs again. */
bool call_has_waited(const struct call *c);

/*
 * The timeout argument of blocking commands: seconds as a double, into
 * milliseconds; on failure replies Redis's error and returns false.
 */
bool call_timeout(struct call *c, int i, int64_t *timeout_ms);

/* For the row of a container (arity -2): arity has failed before. */
void cmd_container(struct call *c);

/*
 * The whole body of a container's HELP: made from the rows of its
 * subcommands.
 */
void call_help(struct call *c);

/*
 * For place WALK: enters a slot (unless EXEC holds it already) with a
 * transaction of its own, and leaves it again.
 */
bool call_visit(struct call *c, int slot);
void call_unvisit(struct call *c, int slot, bool visited);

#endif
