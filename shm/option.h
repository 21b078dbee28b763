/*
 * option - the table of options, their values, their texts
 *
 * struct options holds the value of every option under its id: numbers as
 * int64_t (BOOL 0 or 1, ENUM the index of the choice, OCTAL the bits), texts
 * ended by a zero.  It has no pointers, so that control publishes it as it is.
 *
 * Source of the error texts: what CONFIG SET of redis-server 7 says after
 * "failed (possibly related to argument 'x') - ".
 *
 * Not here: where values come from (daemon/settings.c), who publishes them
 * (daemon/ctl.c).
 */
#ifndef SHM_OPTION_H
#define SHM_OPTION_H

#include "proto/slice.h"

#define OPTION_ROOM 512      /* room of a text with its zero */
#define OPTION_WHY 320       /* room of a reason */
#define OPTION_HOST 256      /* room of a host's name with its zero */

struct option_limit {
	int64_t hard_bytes, soft_bytes, soft_s;
};
enum option_class {
	OPTION_NORMAL, OPTION_REPLICA, OPTION_PUBSUB, OPTION_CLASSES
};

#define OPTION_FIELD_BOOL(id) int64_t id;
#define OPTION_FIELD_INT(id) int64_t id;
#define OPTION_FIELD_BYTES(id) int64_t id;
#define OPTION_FIELD_MSEC(id) int64_t id;
#define OPTION_FIELD_SEC(id) int64_t id;
#define OPTION_FIELD_OCTAL(id) int64_t id;
#define OPTION_FIELD_ENUM(id) int64_t id;
#define OPTION_FIELD_TEXT(id) char id[OPTION_ROOM];
#define OPTION_FIELD_WORDS(id) char id[OPTION_ROOM];
#define OPTION_FIELD_SECRET(id) char id[OPTION_ROOM];
#define OPTION_FIELD_LIMITS(id) struct option_limit id[OPTION_CLASSES];

struct options {
#define OPTION(id, flag, name, section, type, choices, standard, min, max, \
    when, words) OPTION_FIELD_##type(id)
#define OPTION_ALIAS(name, id)
#include "shm/option.def"
};

enum option_id {
#define OPTION(id, flag, name, section, type, choices, standard, min, max, \
    when, words) OPTION_##id,
#define OPTION_ALIAS(name, id)
#include "shm/option.def"
	OPTION_COUNT
};

enum option_type {
	OPTION_BOOL, OPTION_INT, OPTION_BYTES, OPTION_MSEC, OPTION_SEC,
	OPTION_OCTAL, OPTION_ENUM, OPTION_TEXT, OPTION_WORDS, OPTION_SECRET,
	OPTION_LIMITS
};
enum option_when { OPTION_START, OPTION_LIVE };

/* The choices of ENUM options that code asks about, in the table's order. */
enum { LOGLEVEL_DEBUG, LOGLEVEL_VERBOSE, LOGLEVEL_NOTICE, LOGLEVEL_WARNING };
enum { DEBUG_NO, DEBUG_YES, DEBUG_LOCAL };

struct option {
	char flag;
	const char *name, *section;
	enum option_type type;
	const char *choices, *standard;
	int64_t min, max;
	enum option_when when;
	const char *words;
	size_t at;           /* offset in struct options */
};
extern const struct option option_table[OPTION_COUNT];

struct option_alias {
	const char *name;
	enum option_id id;
};
extern const struct option_alias option_alias_table[];
extern const int option_alias_count;

/* The option of a name or an alias (case does not matter), or NULL. */
const struct option *option_find(struct slice name);

/* All defaults. */
void option_set_defaults(struct options *o);

/*
 * Sets one option from its text.  False when the text is wrong: *o is unchanged
 * and the reason is in `why`.
 */
bool option_set(struct options *o, const struct option *row, struct slice text,
    char why[OPTION_WHY]);

/*
 * What only all options together can break; false with a reason.
 */
bool option_check(const struct options *o, char why[OPTION_WHY]);

/* Reads host and port out of replicaof; false when it is not such. */
bool option_primary(const struct options *o, char host[OPTION_HOST],
    uint16_t *port);

/*
 * Takes the next rule off the text of `save`: so many changes within so many
 * seconds.  False at the end, or when it is no rule.
 */
bool option_next_rule(struct slice *text, int64_t *seconds, int64_t *changes);

/* The value as CONFIG GET tells it, into text; its length. */
size_t option_print(const struct options *o, const struct option *row,
    char text[OPTION_ROOM]);

/* Whether two sets of options have the same value. */
bool option_is_same(const struct options *a, const struct options *b,
    const struct option *row);

/* Whether the option has its default value. */
bool option_is_default(const struct options *o, const struct option *row);

#endif
