/*
 * cmd_scan - what SCAN, SSCAN, HSCAN and ZSCAN have in common
 *
 * All of them: [key] cursor [MATCH pattern] [COUNT count], SCAN also
 * [TYPE type].  The reply is an array of the next cursor and what was found.
 *
 * A client's cursor is below 2^53, because some clients keep it in a double: it
 * is the dict's without its lowest bits.  So a scan ends only where these are
 * zero, which is at the latest where a segment of the dict does.
 *
 * Not here: the commands themselves (cmd_walk.c, cmd_set.c, cmd_hash.c,
 * cmd_zset.c).
 */
#ifndef DAEMON_CMD_SCAN_H
#define DAEMON_CMD_SCAN_H

#include "daemon/call.h"

struct cmd_scan_options {
	uint64_t count;       /* 1 or more: entries to look at, about */
	bool has_pattern;     /* something else than * */
	struct slice pattern;
	bool has_type;
	struct slice type;
};

#define CMD_SCAN_LOW_BITS 11

/* The dict's cursor for argument i; false when the error has been replied. */
bool cmd_scan_read_cursor(struct call *c, int i, uint64_t *cursor);

/* The options from argument i on; false when the error has been replied. */
bool cmd_scan_read_options(struct call *c, int i, bool may_type,
    struct cmd_scan_options *options);

/* Whether the text matches the pattern, if there is one. */
static inline bool
cmd_scan_matches(const struct cmd_scan_options *options, struct slice text)
{
	return !options->has_pattern ||
	    glob_match(options->pattern, text, false);
}

/*
 * What a scan has found so far; in scratch memory.  Zero but for txn at the
 * beginning.
 */
struct cmd_scan_found {
	struct txn *txn;
	struct slice *text;
	size_t count, room;
	uint64_t looked_at; /* entries visited, whether they match or not */
};

/* Adds a text, which must stay where it is until the reply. */
void cmd_scan_add(struct cmd_scan_found *found, struct slice text);

struct cmd_scan {
	struct cmd_scan_options options;
	struct cmd_scan_found found;
};

/*
 * SSCAN, HSCAN and ZSCAN, whole.  step() looks at some more of the value and
 * returns its next cursor; of a small value at all of it, and returns 0.
 */
typedef uint64_t cmd_scan_step(struct cmd_scan *scan, const struct value *v,
    uint64_t cursor);
void cmd_scan_value(struct call *c, enum value_type type, cmd_scan_step *step);

#endif
