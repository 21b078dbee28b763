#include "shm/option.h"

#include "proto/number.h"

#include <stdio.h>

#define TYPE_BOOL OPTION_BOOL
#define TYPE_INT OPTION_INT
#define TYPE_BYTES OPTION_BYTES
#define TYPE_MSEC OPTION_MSEC
#define TYPE_SEC OPTION_SEC
#define TYPE_OCTAL OPTION_OCTAL
#define TYPE_ENUM OPTION_ENUM
#define TYPE_TEXT OPTION_TEXT
#define TYPE_WORDS OPTION_WORDS
#define TYPE_SECRET OPTION_SECRET
#define TYPE_LIMITS OPTION_LIMITS

const struct option option_table[OPTION_COUNT] = {
#define OPTION(id, flag, name, section, type, choices, standard, min, max, \
    when, words) { flag, name, section, TYPE_##type, choices, standard, \
    min, max, OPTION_##when, words, offsetof(struct options, id) },
#define OPTION_ALIAS(name, id)
#include "shm/option.def"
};

const struct option_alias option_alias_table[] = {
#define OPTION(id, flag, name, section, type, choices, standard, min, max, \
    when, words)
#define OPTION_ALIAS(name, id) { name, OPTION_##id },
#include "shm/option.def"
};
const int option_alias_count = COUNT(option_alias_table);

#define FILE_NAME_MAX 200

static const char *const class_name[OPTION_CLASSES] = {
	"normal", "slave", "pubsub"
};

const struct option *
option_find(struct slice name)
{
	size_t i;

	for (i = 0; i < OPTION_COUNT; i++)
		if (slice_is(name, option_table[i].name))
			return &option_table[i];
	for (i = 0; i < COUNT(option_alias_table); i++)
		if (slice_is(name, option_alias_table[i].name))
			return &option_table[option_alias_table[i].id];
	return NULL;
}

/* --- words of a text --------------------------------------------------- */

/* Takes the next word from *s; an empty one at the end. */
static struct slice
next_word(struct slice *s)
{
	struct slice word;

	while (s->bytes > 0 && (*s->data == ' ' || *s->data == '\t')) {
		s->data++;
		s->bytes--;
	}
	word = (struct slice){ s->data, 0 };
	while (s->bytes > 0 && *s->data != ' ' && *s->data != '\t') {
		s->data++;
		s->bytes--;
		word.bytes++;
	}
	return word;
}

/* The index of `wanted` among the choices, or -1. */
static int
find_choice(const char *choices, struct slice wanted)
{
	struct slice rest = slice_of(choices), word;
	int i;

	if (rest.bytes == 0)
		return wanted.bytes == 0 ? 0 : -1;
	for (i = 0; (word = next_word(&rest)).bytes > 0; i++) {
		char text[64];

		snprintf(text, sizeof(text), "%.*s", (int)word.bytes,
		    word.data);
		if (slice_is(wanted, text))
			return i;
	}
	return -1;
}

static struct slice
choice_at(const char *choices, int64_t index)
{
	struct slice rest = slice_of(choices), word = next_word(&rest);

	while (index-- > 0)
		word = next_word(&rest);
	return word;
}

/* --- setting ----------------------------------------------------------- */

static bool
refuse_choice(const struct option *row, char why[OPTION_WHY])
{
	struct slice rest = slice_of(row->choices), word;
	size_t used;

	if (rest.bytes == 0) {
		snprintf(why, OPTION_WHY, "argument must be empty");
		return false;
	}
	used = (size_t)snprintf(why, OPTION_WHY,
	    "argument(s) must be one of the following: ");
	while ((word = next_word(&rest)).bytes > 0 && used < OPTION_WHY)
		used += (size_t)snprintf(why + used, OPTION_WHY - used,
		    "%.*s%s", (int)word.bytes, word.data,
		    rest.bytes > 0 ? ", " : "");
	return false;
}

static bool
get_octal(struct slice text, int64_t *n)
{
	size_t i;

	if (text.bytes == 0 || text.bytes > 12)
		return false;
	*n = 0;
	for (i = 0; i < text.bytes; i++) {
		if (text.data[i] < '0' || text.data[i] > '7')
			return false;
		*n = *n * 8 + text.data[i] - '0';
	}
	return true;
}

static bool
get_number(const struct option *row, struct slice text, int64_t *n,
    const char **why)
{
	if (row->type == OPTION_BYTES) {
		*why = "argument must be a memory value";
		return number_get_memory(text, n) && *n >= 0;
	}
	if (row->type == OPTION_OCTAL) {
		*why = "argument couldn't be parsed as an octal number";
		return get_octal(text, n);
	}
	*why = "argument couldn't be parsed into an integer";
	return number_get_int(text, n);
}

static bool
set_number(int64_t *to, const struct option *row, struct slice text,
    char why[OPTION_WHY])
{
	const char *reason;
	int64_t n;

	if (!get_number(row, text, &n, &reason)) {
		snprintf(why, OPTION_WHY, "%s", reason);
		return false;
	}
	if (n < row->min || n > row->max) {
		snprintf(why, OPTION_WHY, row->type == OPTION_OCTAL ?
		    "argument must be between %llo and %llo inclusive" :
		    "argument must be between %lld and %lld inclusive",
		    (long long)row->min, (long long)row->max);
		return false;
	}
	*to = n;
	return true;
}

static bool
set_text(char *to, struct slice text, char why[OPTION_WHY])
{
	size_t i;

	if (text.bytes >= OPTION_ROOM) {
		snprintf(why, OPTION_WHY, "argument must be shorter than %d "
		    "bytes", OPTION_ROOM);
		return false;
	}
	for (i = 0; i < text.bytes; i++)
		if ((unsigned char)text.data[i] < ' ') {
			snprintf(why, OPTION_WHY, "argument must not hold "
			    "control characters");
			return false;
		}
	memset(to, 0, OPTION_ROOM);
	memcpy(to, text.data, text.bytes);
	return true;
}

static int
find_class(struct slice name)
{
	int i;

	if (slice_is(name, "replica"))
		return OPTION_REPLICA;
	for (i = 0; i < OPTION_CLASSES; i++)
		if (slice_is(name, class_name[i]))
			return i;
	return -1;
}

/* "class hard soft seconds", repeated; classes left out stay as they are. */
static bool
set_limits(struct option_limit *to, struct slice text, char why[OPTION_WHY])
{
	struct option_limit limit[OPTION_CLASSES];
	struct slice word;

	memcpy(limit, to, sizeof(limit));
	while ((word = next_word(&text)).bytes > 0) {
		struct slice hard = next_word(&text), soft = next_word(&text),
		    seconds = next_word(&text);
		struct option_limit l;
		int class = find_class(word);

		if (seconds.bytes == 0) {
			snprintf(why, OPTION_WHY, "Wrong number of arguments "
			    "in buffer limit configuration.");
			return false;
		}
		if (class < 0) {
			snprintf(why, OPTION_WHY, "Invalid client class "
			    "specified in buffer limit configuration.");
			return false;
		}
		if (!number_get_memory(hard, &l.hard_bytes) ||
		    !number_get_memory(soft, &l.soft_bytes) ||
		    !number_get_int(seconds, &l.soft_s) || l.hard_bytes < 0 ||
		    l.soft_bytes < 0 || l.soft_s < 0) {
			snprintf(why, OPTION_WHY, "Error in hard, soft or "
			    "soft_seconds setting in buffer limit "
			    "configuration.");
			return false;
		}
		limit[class] = l;
	}
	memcpy(to, limit, sizeof(limit));
	return true;
}

bool
option_set(struct options *o, const struct option *row, struct slice text,
    char why[OPTION_WHY])
{
	void *at = (char *)o + row->at;
	int choice;

	switch (row->type) {
	case OPTION_BOOL:
		if (!slice_is(text, "yes") && !slice_is(text, "no")) {
			snprintf(why, OPTION_WHY,
			    "argument must be 'yes' or 'no'");
			return false;
		}
		*(int64_t *)at = slice_is(text, "yes");
		return true;
	case OPTION_ENUM:
		choice = find_choice(row->choices, text);
		if (choice < 0)
			return refuse_choice(row, why);
		*(int64_t *)at = choice;
		return true;
	case OPTION_TEXT:
	case OPTION_WORDS:
	case OPTION_SECRET:
		return set_text(at, text, why);
	case OPTION_LIMITS:
		return set_limits(at, text, why);
	default:
		return set_number(at, row, text, why);
	}
}

void
option_set_defaults(struct options *o)
{
	char why[OPTION_WHY];
	size_t i;

	memset(o, 0, sizeof(*o));
	for (i = 0; i < OPTION_COUNT; i++)
		must(option_set(o, &option_table[i],
		    slice_of(option_table[i].standard), why),
		    "every option's default is one of its values");
}

bool
option_primary(const struct options *o, char host[OPTION_HOST], uint16_t *port)
{
	struct slice rest = slice_of(o->replicaof), name = next_word(&rest),
	    number = next_word(&rest);
	int64_t n;

	if (name.bytes == 0 || name.bytes >= OPTION_HOST ||
	    next_word(&rest).bytes > 0 || !number_get_int(number, &n) ||
	    n < 1 || n > UINT16_MAX)
		return false;
	memset(host, 0, OPTION_HOST);
	memcpy(host, name.data, name.bytes);
	*port = (uint16_t)n;
	return true;
}

bool
option_next_rule(struct slice *text, int64_t *seconds, int64_t *changes)
{
	struct slice first = next_word(text), second = next_word(text);

	return number_get_int(first, seconds) &&
	    number_get_int(second, changes) && *seconds >= 1 && *changes >= 0;
}

static bool
are_rules(struct slice text)
{
	int64_t seconds, changes;

	while (option_next_rule(&text, &seconds, &changes))
		if (text.bytes == 0)
			return true;
	return false;
}

/* A name in the node's directory: no path leads out of it. */
static bool
is_file_name(const char *name)
{
	return name[0] != 0 && strchr(name, '/') == NULL &&
	    strlen(name) < FILE_NAME_MAX;
}

bool
option_check(const struct options *o, char why[OPTION_WHY])
{
	char host[OPTION_HOST];
	uint16_t port;

	if (o->save[strspn(o->save, " \t")] != 0 &&
	    !are_rules(slice_of(o->save))) {
		snprintf(why, OPTION_WHY, "Invalid save parameters");
		return false;
	}
	if (!is_file_name(o->dbfilename)) {
		snprintf(why, OPTION_WHY,
		    "dbfilename can't be a path, just a filename");
		return false;
	}
	if (o->port == 0 && o->unixsocket[0] == 0) {
		snprintf(why, OPTION_WHY,
		    "port is 0 and unixsocket is empty: nobody could connect");
		return false;
	}
	if (o->port != 0 && o->bind[0] == 0) {
		snprintf(why, OPTION_WHY, "bind is empty: nobody could "
		    "connect over TCP (set port to 0 if that is meant)");
		return false;
	}
	if (o->replicaof[0] != 0 && !option_primary(o, host, &port)) {
		snprintf(why, OPTION_WHY, "replicaof is not a host and a port");
		return false;
	}
	if (o->replicaof[0] != 0) {
		snprintf(why, OPTION_WHY,
		    "this version can not follow a primary (replicaof)");
		return false;
	}
	return true;
}

/* --- printing ---------------------------------------------------------- */

static size_t
print_limits(const struct option_limit *limit, char text[OPTION_ROOM])
{
	size_t used = 0;
	int i;

	for (i = 0; i < OPTION_CLASSES; i++)
		used += (size_t)snprintf(text + used, OPTION_ROOM - used,
		    "%s%s %lld %lld %lld", i > 0 ? " " : "", class_name[i],
		    (long long)limit[i].hard_bytes,
		    (long long)limit[i].soft_bytes, (long long)limit[i].soft_s);
	return used;
}

size_t
option_print(const struct options *o, const struct option *row,
    char text[OPTION_ROOM])
{
	const void *at = (const char *)o + row->at;
	struct slice choice;

	switch (row->type) {
	case OPTION_BOOL:
		return (size_t)snprintf(text, OPTION_ROOM, "%s",
		    *(const int64_t *)at ? "yes" : "no");
	case OPTION_ENUM:
		choice = choice_at(row->choices, *(const int64_t *)at);
		return (size_t)snprintf(text, OPTION_ROOM, "%.*s",
		    (int)choice.bytes, choice.data);
	case OPTION_TEXT:
	case OPTION_WORDS:
	case OPTION_SECRET:
		return (size_t)snprintf(text, OPTION_ROOM, "%s",
		    (const char *)at);
	case OPTION_LIMITS:
		return print_limits(at, text);
	case OPTION_OCTAL:
		return (size_t)snprintf(text, OPTION_ROOM, "%llo",
		    (unsigned long long)*(const int64_t *)at);
	default:
		return (size_t)snprintf(text, OPTION_ROOM, "%lld",
		    (long long)*(const int64_t *)at);
	}
}

bool
option_is_same(const struct options *a, const struct options *b,
    const struct option *row)
{
	char x[OPTION_ROOM], y[OPTION_ROOM];

	option_print(a, row, x);
	option_print(b, row, y);
	return strcmp(x, y) == 0;
}

bool
option_is_default(const struct options *o, const struct option *row)
{
	struct options standard;

	option_set_defaults(&standard);
	return option_is_same(o, &standard, row);
}
