#include "shm/option.h"

#include "proto/bus.h"
#include "proto/network.h"
#include "proto/number.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

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
#define TYPE_EVENTS OPTION_EVENTS

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
set_text(char *to, size_t room, struct slice text, char why[OPTION_WHY])
{
	size_t i;

	if (text.bytes >= room) {
		snprintf(why, OPTION_WHY, "argument must be shorter than %zu "
		    "bytes", room);
		return false;
	}
	for (i = 0; i < text.bytes; i++)
		if ((unsigned char)text.data[i] < ' ') {
			snprintf(why, OPTION_WHY, "argument must not hold "
			    "control characters");
			return false;
		}
	memset(to, 0, room);
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

static bool
set_events(int64_t *to, struct slice text, char why[OPTION_WHY])
{
	static const char letters[] = OPTION_EVENTS_LETTERS;
	int64_t events = 0;
	size_t i;

	for (i = 0; i < text.bytes; i++) {
		const char *at = memchr(letters, text.data[i],
		    sizeof(letters) - 1);

		if (at == NULL && text.data[i] != 'A') {
			snprintf(why, OPTION_WHY, "Invalid event class "
			    "character. Use 'Ag$lshzxeKEtmdn'.");
			return false;
		}
		events |= at != NULL ? 1 << (at - letters) : EVENT_ALL;
	}
	*to = events;
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
	case OPTION_SECRET:
		return set_text(at, OPTION_ROOM, text, why);
	case OPTION_WORDS:
		return set_text(at, OPTION_LONG, text, why);
	case OPTION_LIMITS:
		return set_limits(at, text, why);
	case OPTION_EVENTS:
		return set_events(at, text, why);
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

int
option_bus_port(const struct options *o)
{
	return (int)(o->cluster_port != 0 ? o->cluster_port :
	    o->port + BUS_PORT_OFFSET);
}

/* A name in the node's directory: no path leads out of it. */
static bool
is_file_name(const char *name)
{
	return name[0] != 0 && strchr(name, '/') == NULL &&
	    strlen(name) < FILE_NAME_MAX;
}

/* A name that a manifest can hold without quotes. */
static bool
is_plain(const char *name)
{
	return strpbrk(name, " \t\r\n\"'\\") == NULL && name[0] != '#';
}

/* A name of letters, digits and `others` that the bus has room for. */
static bool
is_name(const char *text, const char *others)
{
	size_t i;

	for (i = 0; text[i] != 0; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    strchr(others, text[i]) == NULL)
			return false;
	return i < BUS_NAME;
}

static bool
has_rules(const struct options *o)
{
	return o->save[strspn(o->save, " \t")] == 0 ||
	    are_rules(slice_of(o->save));
}

bool
option_next_percentile(struct slice *text, struct slice *word, double *d)
{
	*word = next_word(text);
	return word->bytes > 0 && number_get_double(*word, d) && *d >= 0 &&
	    *d <= 100;
}

static bool
has_percentiles(const struct options *o)
{
	struct slice rest = slice_of(o->latency_tracking_info_percentiles),
	    word;
	double d;

	while (option_next_percentile(&rest, &word, &d))
		;
	return word.bytes == 0;
}

static bool
has_snapshot(const struct options *o)
{
	return is_file_name(o->dbfilename);
}

static bool
has_append_file(const struct options *o)
{
	return is_file_name(o->appendfilename) && is_plain(o->appendfilename);
}

static bool
has_append_directory(const struct options *o)
{
	return is_file_name(o->appenddirname) && is_plain(o->appenddirname);
}

static bool
has_door(const struct options *o)
{
	return o->port != 0 || o->unixsocket[0] != 0;
}

static bool
has_address(const struct options *o)
{
	return o->port == 0 || o->bind[0] != 0;
}

static bool
has_primary(const struct options *o)
{
	char host[OPTION_HOST];
	uint16_t port;

	return o->replicaof[0] == 0 || option_primary(o, host, &port);
}

static bool
has_one_primary(const struct options *o)
{
	return !o->cluster_enabled || o->replicaof[0] == 0;
}

int
option_read_cpus(const char *list, int cpu[OPTION_CPUS])
{
	int count = 0;

	while (*list != 0) {
		char *end;
		long first = strtol(list, &end, 10), last = first, step = 1;

		if (end == list)
			return -1;
		if (*end == '-')
			last = strtol(list = end + 1, &end, 10);
		if (end != list && *end == ':')
			step = strtol(list = end + 1, &end, 10);
		if (end == list || first < 0 || last < first ||
		    last >= OPTION_CPUS || step < 1 || step > OPTION_CPUS ||
		    (*end != 0 && *end != ','))
			return -1;
		for (; first <= last && count < OPTION_CPUS; first += step)
			cpu[count++] = (int)first;
		list = *end == ',' ? end + 1 : end;
	}
	return count;
}

static bool
has_cpus(const struct options *o)
{
	int cpu[OPTION_CPUS];

	return option_read_cpus(o->server_cpulist, cpu) >= 0;
}

static bool
has_networks(const struct options *o)
{
	struct network list[NETWORK_MOST];

	return network_read_list(slice_of(o->cluster_bus_allow), list) >= 0;
}

static bool
has_announced_address(const struct options *o)
{
	return o->cluster_announce_ip[0] == 0 ||
	    bus_is_address(slice_of(o->cluster_announce_ip));
}

static bool
has_room_for_host(const struct options *o)
{
	return strlen(o->cluster_announce_hostname) < BUS_NAME;
}

static bool
has_host_name(const struct options *o)
{
	return is_name(o->cluster_announce_hostname, "-.");
}

static bool
has_node_name(const struct options *o)
{
	return is_name(o->cluster_announce_human_nodename, "-_./");
}

static bool
has_bus(const struct options *o)
{
	return !o->cluster_enabled || option_bus_port(o) <= UINT16_MAX;
}

/* What no option can say of itself, and what is told when it does not hold. */
static const struct {
	bool (*holds)(const struct options *o);
	const char *why;
} rules[] = {
	{ has_rules, "Invalid save parameters" },
	{ has_percentiles, "latency-tracking-info-percentiles takes numbers "
	    "from 0 to 100" },
	{ has_snapshot, "dbfilename can't be a path, just a filename" },
	{ has_append_file, "appendfilename can't be a path, just a filename" },
	{ has_append_directory,
	    "appenddirname can't be a path, just a dirname" },
	{ has_door, "port is 0 and unixsocket is empty: nobody could connect" },
	{ has_address, "bind is empty: nobody could connect over TCP (set port "
	    "to 0 if that is meant)" },
	{ has_primary, "replicaof is not a host and a port" },
	{ has_one_primary, "replicaof directive not allowed in cluster mode" },
	{ has_cpus, "server_cpulist is no list of processors such as 0-3,8" },
	{ has_networks, "cluster-bus-allow takes up to 256 addresses and "
	    "networks (10.0.0.0/8)" },
	{ has_announced_address, "cluster-announce-ip is not an address" },
	{ has_room_for_host, "Hostnames must be less than 256 characters" },
	{ has_host_name, "Hostnames may only contain alphanumeric characters, "
	    "hyphens or dots" },
	{ has_node_name, "Announced human node name contained invalid "
	    "character" },
	{ has_bus, "port is too high for a cluster: the bus has port + 10000 "
	    "(or set cluster-port)" },
};

bool
option_check(const struct options *o, char why[OPTION_WHY])
{
	size_t i;

	for (i = 0; i < COUNT(rules); i++)
		if (!rules[i].holds(o)) {
			snprintf(why, OPTION_WHY, "%s", rules[i].why);
			return false;
		}
	return true;
}

/* --- printing ---------------------------------------------------------- */

static size_t
print_limits(const struct option_limit *limit, char text[OPTION_LONG])
{
	size_t used = 0;
	int i;

	for (i = 0; i < OPTION_CLASSES; i++)
		used += (size_t)snprintf(text + used, OPTION_LONG - used,
		    "%s%s %lld %lld %lld", i > 0 ? " " : "", class_name[i],
		    (long long)limit[i].hard_bytes,
		    (long long)limit[i].soft_bytes, (long long)limit[i].soft_s);
	return used;
}

static size_t
print_events(int64_t events, char text[OPTION_LONG])
{
	static const char letters[] = OPTION_EVENTS_LETTERS;
	size_t used = 0, i = 0;

	if ((events & EVENT_ALL) == EVENT_ALL) {
		text[used++] = 'A';
		i = strlen(OPTION_EVENTS_ALL);
	}
	for (; i < sizeof(letters) - 1; i++)
		if (events >> i & 1)
			text[used++] = letters[i];
	text[used] = 0;
	return used;
}

size_t
option_print(const struct options *o, const struct option *row,
    char text[OPTION_LONG])
{
	const void *at = (const char *)o + row->at;
	struct slice choice;

	switch (row->type) {
	case OPTION_BOOL:
		return (size_t)snprintf(text, OPTION_LONG, "%s",
		    *(const int64_t *)at ? "yes" : "no");
	case OPTION_ENUM:
		choice = choice_at(row->choices, *(const int64_t *)at);
		return (size_t)snprintf(text, OPTION_LONG, "%.*s",
		    (int)choice.bytes, choice.data);
	case OPTION_TEXT:
	case OPTION_WORDS:
	case OPTION_SECRET:
		return (size_t)snprintf(text, OPTION_LONG, "%s",
		    (const char *)at);
	case OPTION_LIMITS:
		return print_limits(at, text);
	case OPTION_EVENTS:
		return print_events(*(const int64_t *)at, text);
	case OPTION_OCTAL:
		return (size_t)snprintf(text, OPTION_LONG, "%llo",
		    (unsigned long long)*(const int64_t *)at);
	default:
		return (size_t)snprintf(text, OPTION_LONG, "%lld",
		    (long long)*(const int64_t *)at);
	}
}

bool
option_is_same(const struct options *a, const struct options *b,
    const struct option *row)
{
	char x[OPTION_LONG], y[OPTION_LONG];

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
