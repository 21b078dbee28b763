/*
 * command - the table of commands
 *
 * One row a command, in proto/command/FAMILY.def, all listed by
 * proto/command.def:
 *
 *  COMMAND(id, "name", place, flags, arity, keys, family, "since",
 *      "complexity", "arguments", "words", function)
 *
 *   id        CMD_##id names it in code; a subcommand's is CONTAINER_SUB
 *   name      lower case; a subcommand is "container|sub"
 *   place     where it runs, the architecture in a column (enum command_place)
 *   flags     COMMAND_* below, or-ed
 *   arity     as Redis counts: with the name; -n means at least n
 *   keys      which arguments are keys: NOKEYS, KEYS(first, last, step),
 *             NUMKEYS(at) - a count at that argument, the keys behind it -
 *             DEST_NUMKEYS(dest, at) - one key and such a count -, SORTKEYS,
 *             MIGRATEKEYS;
 *             KEYS_AS(use, ...), NUMKEYS_AS(use, ...) where they are not just
 *             read (or, by what writes, changed), KEYS_BY(use, use, ...) where
 *             the first key is for something else than those behind it
 *   family    string, hash, ...: Redis's command groups (CLIENT: connection)
 *   since     the Redis version it appeared in
 *   arguments Redis's notation: "key value [NX | XX] [GET] [EX seconds |
 *             PX milliseconds]"; COMMAND DOCS and the manual are made from it
 *   words     one sentence of ours
 *   function  cmd_xxx(struct call *); see daemon/call.h
 *
 * Not here: the functions (daemon/cmd_*.c), whether a request may run now
 * (daemon/net_gate.c).
 */
#ifndef PROTO_COMMAND_H
#define PROTO_COMMAND_H

#include "proto/slice.h"

enum command_place {
	SELF,   /* needs only its connection and published state; no lock */
	SLOT,   /* runs with the slots of its keys locked */
	WALK,   /* enters slots itself, one after the other */
	EVERY,  /* runs with all slots locked */
	LOG,    /* changes no keys, and may append to the log; no lock */
	CTL,    /* is asked of control; the connection waits */
};

/* Redis's flags first, in the words of COMMAND INFO; then ACL categories. */
#define COMMAND_FLAGS(FLAG) \
	FLAG(WRITE, "write") \
	FLAG(READ, "readonly") \
	FLAG(DENYOOM, "denyoom") \
	FLAG(ADMIN, "admin") \
	FLAG(PUBSUB, "pubsub") \
	FLAG(NOSCRIPT, "noscript") \
	FLAG(BLOCKING, "blocking") \
	FLAG(LOADING, "loading") \
	FLAG(STALE, "stale") \
	FLAG(SKIP_MONITOR, "skip_monitor") \
	FLAG(SKIP_SLOWLOG, "skip_slowlog") \
	FLAG(ASKING, "asking") \
	FLAG(FAST, "fast") \
	FLAG(NO_AUTH, "no_auth") \
	FLAG(MAY_REPLICATE, "may_replicate") \
	FLAG(NO_ASYNC_LOADING, "no_async_loading") \
	FLAG(NO_MULTI, "no_multi") \
	FLAG(MOVABLEKEYS, "movablekeys") \
	FLAG(ALLOW_BUSY, "allow_busy")

enum command_flag_bit {
#define FLAG(id, text) COMMAND_##id##_BIT,
	COMMAND_FLAGS(FLAG)
#undef FLAG
	COMMAND_FLAG_BITS
};
enum command_flag {
#define FLAG(id, text) COMMAND_##id = 1 << COMMAND_##id##_BIT,
	COMMAND_FLAGS(FLAG)
#undef FLAG
	/* not shown by COMMAND INFO: */
	/* ACL category @dangerous */
	COMMAND_DANGEROUS = 1 << COMMAND_FLAG_BITS,
	/* enable-debug-command */
	COMMAND_GUARDED = 1 << (COMMAND_FLAG_BITS + 1),
};

/* What a command does with a key, in the words of COMMAND INFO. */
#define COMMAND_USES(USE) \
	USE(NONE, "") \
	USE(READ, "RO access") \
	USE(LOOK, "RO") \
	USE(CHANGE, "RW update") \
	USE(SWAP, "RW access update") \
	USE(TAKE, "RW access delete") \
	/* and there may be others */ \
	USE(TAKE_SOME, "RW access delete incomplete") \
	USE(CUT, "RW delete") \
	USE(ADD, "RW insert") \
	USE(PUT, "OW update") \
	USE(NEW, "OW insert") \
	USE(DROP, "RM delete") \
	/* a channel, which is placed like a key */ \
	USE(CHANNEL, "not_key") \
	/* as the arguments say */ \
	USE(DEPENDS, "RW access update variable_flags")

enum command_use {
#define USE(id, text) COMMAND_USE_##id,
	COMMAND_USES(USE)
#undef USE
};

enum command_keys_kind {
	COMMAND_NOKEYS, COMMAND_KEYS, COMMAND_NUMKEYS, COMMAND_DEST_NUMKEYS,
	COMMAND_SORTKEYS, COMMAND_MIGRATEKEYS
};
struct command_keys {
	enum command_keys_kind kind;
	int first, last, step; /* KEYS; last negative from the end */
	int at;                /* NUMKEYS: argument that holds the count */
	/* enum command_use: of the first key and (NONE: too) of the others */
	uint8_t use, use_others;
};

enum command_id {
#define COMMAND(id, name, place, flags, arity, keys, family, since, \
    complexity, arguments, words, function) CMD_##id,
#include "proto/command.def"
	CMD_COUNT
};

struct command {
	const char *name;
	enum command_place place;
	unsigned flags;
	int arity;
	struct command_keys keys;
	const char *family, *since, *complexity, *arguments, *words;
	enum command_id id;
};
extern const struct command command_table[CMD_COUNT];

/*
 * The command a request names, NULL when there is none.  A container (CLIENT,
 * CONFIG ...) is looked up with its subcommand: *is_container tells that the
 * first word was one and the second was not known (or missing: then the
 * container's own row, if it has one, is returned).
 */
const struct command *command_find(const struct slice *argv, int argc,
    bool *is_container);

/*
 * Whether the request has to run with all slots locked: its place is EVERY, and
 * it is no SORT whose patterns name no other keys.
 */
bool command_needs_every(const struct command *c, const struct slice *argv,
    int argc);

/*
 * The indexes of the request's key arguments, into at[0..room).  Returns how
 * many there are (which may be more than room), or -1 when the arguments do not
 * make sense (a bad count).
 */
int command_find_keys(const struct command *c, const struct slice *argv,
    int argc, int *at, int room);

#endif
