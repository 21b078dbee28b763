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
#define OPTION_LONG 8192     /* of several words; of any value when printed */
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
#define OPTION_FIELD_WORDS(id) char id[OPTION_LONG];
#define OPTION_FIELD_SECRET(id) char id[OPTION_ROOM];
#define OPTION_FIELD_EVENTS(id) int64_t id;
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
	OPTION_LIMITS, OPTION_EVENTS
};
enum option_when { OPTION_START, OPTION_LIVE, OPTION_GUARDED, OPTION_NEVER };

/*
 * Events of keys: the letters of notify-keyspace-events, in the order in which
 * they are printed.  The first ones together are A.
 */
#define OPTION_EVENTS_ALL "g$lshzxetd"
#define OPTION_EVENTS_LETTERS OPTION_EVENTS_ALL "nKEm"
enum option_event {
	EVENT_GENERIC = 1 << 0,
	EVENT_STRING = 1 << 1,
	EVENT_LIST = 1 << 2,
	EVENT_SET = 1 << 3,
	EVENT_HASH = 1 << 4,
	EVENT_ZSET = 1 << 5,
	EVENT_EXPIRED = 1 << 6,
	EVENT_EVICTED = 1 << 7,
	EVENT_STREAM = 1 << 8,
	EVENT_MODULE = 1 << 9,
	EVENT_ALL = (1 << 10) - 1,
	EVENT_NEW = 1 << 10,
	EVENT_OF_KEY = 1 << 11,   /* on the channel of the key */
	EVENT_OF_EVENT = 1 << 12, /* on the channel of the event */
	EVENT_MISS = 1 << 13,
};

/* The choices of ENUM options that code asks about, in the table's order. */
enum { LOGLEVEL_DEBUG, LOGLEVEL_VERBOSE, LOGLEVEL_NOTICE, LOGLEVEL_WARNING };
enum { APPENDFSYNC_ALWAYS, APPENDFSYNC_EVERYSEC, APPENDFSYNC_NO };
enum { ENDPOINT_IP, ENDPOINT_HOSTNAME, ENDPOINT_UNKNOWN };
enum { GUARD_NO, GUARD_YES, GUARD_LOCAL };

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
 * Reads a list of processors: numbers and ranges (0-3, 0-7:2), commas between
 * them.  How many there are, 0 for an empty list; -1 when it makes no sense.
 */
#define OPTION_CPUS 1024 /* and the first number that is too high */
int option_read_cpus(const char *list, int cpu[OPTION_CPUS]);

/* The port of the cluster bus. */
int option_bus_port(const struct options *o);

/*
 * Takes the next rule off the text of `save`: so many changes within so many
 * seconds.  False at the end, or when it is no rule.
 */
bool option_next_rule(struct slice *text, int64_t *seconds, int64_t *changes);

/*
 * Takes the next percentile off the text of latency-tracking-info-percentiles;
 * *word is how it is written.  False at the end, or when it is none.
 */
bool option_next_percentile(struct slice *text, struct slice *word, double *d);

/* The value as CONFIG GET tells it, into text; its length. */
size_t option_print(const struct options *o, const struct option *row,
    char text[OPTION_LONG]);

/* Whether two sets of options have the same value. */
bool option_is_same(const struct options *a, const struct options *b,
    const struct option *row);

/* Whether the option has its default value. */
bool option_is_default(const struct options *o, const struct option *row);

#endif
