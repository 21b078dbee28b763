/*
 * cmd_command - COMMAND: the table of commands as clients ask for it
 *
 * A container (CLIENT, CONFIG ...) has no row of its own: it is what the rows
 * "container|sub" have in common.
 *
 * Not here: COMMAND DOCS (daemon/cmd_docs.c), the table (proto/command.def).
 */
#include "daemon/cmd_command.h"

#include <stdio.h>
#include <strings.h>

#include "daemon/cmd_conn.h"
#include "daemon/ready.h"

struct slice
command_container(const struct command *row)
{
	const char *bar = strchr(row->name, '|');

	return bar == NULL ? (struct slice){ NULL, 0 } :
	    (struct slice){ row->name, (size_t)(bar - row->name) };
}

/*
 * Whether row i is a command of its own or the first one of a container that
 * has no row of its own (COMMAND has one).
 */
static bool
is_first(int i)
{
	struct slice own = command_container(&command_table[i]);
	int j;

	for (j = 0; own.data != NULL && j < CMD_COUNT; j++)
		if (slice_equal(slice_of(command_table[j].name), own) ||
		    (j < i && slice_equal(command_container(
		    &command_table[j]), own)))
			return false;
	return true;
}

int
command_each(struct call *c, void (*see)(struct call *c, struct slice name,
    int row, void *arg), void *arg)
{
	int i, count = 0;

	for (i = 0; i < CMD_COUNT; i++)
		if (is_first(i)) {
			struct slice own =
			    command_container(&command_table[i]);

			if (see != NULL)
				see(c, own.data != NULL ? own :
				    slice_of(command_table[i].name), i, arg);
			count++;
		}
	return count;
}

int
command_named(struct slice name)
{
	int i;

	for (i = 0; i < CMD_COUNT; i++) {
		struct slice own = command_container(&command_table[i]);

		if (slice_is(name, command_table[i].name))
			return i;
		if (own.data != NULL && own.bytes == name.bytes &&
		    strncasecmp(own.data, name.data, name.bytes) == 0)
			return i;
	}
	return -1;
}

/* --- flags and categories ---------------------------------------------- */

static const char *const flag_names[] = {
#define FLAG(id, text) text,
	COMMAND_FLAGS(FLAG)
#undef FLAG
};

static void
reply_flags(struct call *c, unsigned flags)
{
	size_t i;

	reply_set(c->reply, __builtin_popcount(flags &
	    ((1u << COMMAND_FLAG_BITS) - 1)));
	for (i = 0; i < COMMAND_FLAG_BITS; i++)
		if (flags >> i & 1)
			reply_simple(c->reply, flag_names[i]);
}

#define CATEGORIES 16

/* Families whose category has another name, or none. */
static const struct { const char *family, *category; } renamed[] = {
	{ "generic", "@keyspace" }, { "sorted-set", "@sortedset" },
	{ "transactions", "@transaction" }, { "server", NULL },
	{ "cluster", NULL },
	{ "pubsub", NULL }, /* a flag of the same name says it */
};

/* Commands (and containers) with other categories than their family's. */
static const struct { const char *name, *categories[3]; } special[] = {
	{ "client", { NULL } }, { "object", { NULL } },
	{ "function", { NULL } },
	{ "command", { "@connection" } }, { "wait", { "@connection" } },
	{ "dbsize", { "@keyspace" } }, { "flushall", { "@keyspace" } },
	{ "flushdb", { "@keyspace" } }, { "swapdb", { "@keyspace" } },
	{ "restore-asking", { "@keyspace" } },
	{ "asking", { "@connection" } }, { "readonly", { "@connection" } },
	{ "readwrite", { "@connection" } },
	{ "lastsave", { "@admin" } }, { "role", { "@admin" } },
	{ "sort", { "@list", "@set", "@sortedset" } },
	{ "sort_ro", { "@list", "@set", "@sortedset" } },
};

/* The categories that come from what a row is about; how many. */
static size_t
own_categories(const struct command *row, const char **list, char *text,
    size_t room)
{
	struct slice container = command_container(row);
	size_t i, n;

	for (i = 0; i < COUNT(special); i++) {
		if (strcmp(special[i].name, row->name) != 0 &&
		    (special[i].categories[0] == NULL ||
		    !slice_equal(container, slice_of(special[i].name))))
			continue;
		for (n = 0; n < COUNT(special[i].categories) &&
		    special[i].categories[n] != NULL; n++)
			list[n] = special[i].categories[n];
		return n;
	}
	snprintf(text, room, "@%s", row->family);
	list[0] = text;
	for (i = 0; i < COUNT(renamed); i++)
		if (strcmp(renamed[i].family, row->family) == 0)
			list[0] = renamed[i].category;
	return list[0] != NULL;
}

/*
 * ACL categories of a row, as "@read"; text is room for one that is made.
 * Returns how many.
 */
static size_t
categories(const struct command *row, const char *list[CATEGORIES], char *text,
    size_t room)
{
	static const struct {
		unsigned flag;
		const char *category;
	} by_flag[] = {
		{ COMMAND_WRITE, "@write" }, { COMMAND_READ, "@read" },
		{ COMMAND_ADMIN, "@admin" },
		{ COMMAND_DANGEROUS, "@dangerous" },
		{ COMMAND_PUBSUB, "@pubsub" },
		{ COMMAND_BLOCKING, "@blocking" },
	};
	size_t i, count = own_categories(row, list, text, room);

	for (i = 0; i < COUNT(by_flag); i++)
		if (row->flags & by_flag[i].flag)
			list[count++] = by_flag[i].category;
	list[count++] = row->flags & COMMAND_FAST ? "@fast" : "@slow";
	return count;
}

static void
reply_categories(struct call *c, const struct command *row)
{
	const char *list[CATEGORIES];
	char text[64];
	size_t count = categories(row, list, text, sizeof(text)), i;

	reply_set(c->reply, (int64_t)count);
	for (i = 0; i < count; i++)
		reply_simple(c->reply, list[i]);
}

/* --- keys -------------------------------------------------------------- */

/* What a row does with its index-th key. */
static enum command_use
use_of(const struct command *row, int index)
{
	const struct command_keys *k = &row->keys;

	if (k->use == COMMAND_USE_NONE)
		return row->flags & COMMAND_WRITE ? COMMAND_USE_CHANGE :
		    COMMAND_USE_READ;
	return index > 0 && k->use_others != COMMAND_USE_NONE ?
	    k->use_others : k->use;
}

static void
reply_use(struct reply *r, enum command_use use)
{
	static const char *const texts[] = {
#define USE(id, text) text,
		COMMAND_USES(USE)
#undef USE
	};
	const char *at = texts[use], *space;
	size_t place = reply_later(r);
	char word[32];
	int count = 0;

	for (; at != NULL; at = space != NULL ? space + 1 : NULL) {
		space = strchr(at, ' ');
		snprintf(word, sizeof(word), "%.*s", space != NULL ?
		    (int)(space - at) : (int)strlen(at), at);
		reply_simple(r, word);
		count++;
	}
	reply_later_set(r, place, '~', count);
}

struct number {
	const char *name;
	int n;
};

/* One of a specification's two halves: what kind it is, and its numbers. */
static void
reply_half(struct reply *r, const char *half, const char *kind,
    const struct number *numbers, int count)
{
	reply_text(r, half);
	reply_map(r, 2);
	reply_text(r, "type");
	reply_text(r, kind);
	reply_text(r, "spec");
	reply_map(r, count);
	for (; count > 0; count--, numbers++) {
		reply_text(r, numbers->name);
		reply_int(r, numbers->n);
	}
}

/* A key specification: where the search begins and how keys are found. */
static void
reply_spec(struct reply *r, enum command_use use, int index,
    const char *kind, const struct number numbers[3])
{
	reply_map(r, 3);
	reply_text(r, "flags");
	reply_use(r, use);
	reply_half(r, "begin_search", "index",
	    &(struct number){ "index", index }, 1);
	reply_half(r, "find_keys", kind, numbers, 3);
}

static void
reply_range(struct reply *r, enum command_use use, int first, int last,
    int step)
{
	reply_spec(r, use, first, "range", (const struct number[]){
	    { "lastkey", last < 0 ? last : last - first },
	    { "keystep", step }, { "limit", 0 } });
}

static void
reply_counted(struct reply *r, enum command_use use, int at)
{
	reply_spec(r, use, at, "keynum", (const struct number[]){
	    { "keynumidx", 0 }, { "firstkey", 1 }, { "keystep", 1 } });
}

/* Keys behind a word, looked for from the end on. */
static void
reply_behind(struct reply *r, enum command_use use, const char *word)
{
	reply_map(r, 3);
	reply_text(r, "flags");
	reply_use(r, use);
	reply_text(r, "begin_search");
	reply_map(r, 2);
	reply_text(r, "type");
	reply_text(r, "keyword");
	reply_text(r, "spec");
	reply_map(r, 2);
	reply_text(r, "keyword");
	reply_text(r, word);
	reply_text(r, "startfrom");
	reply_int(r, -2);
	reply_half(r, "find_keys", "range", (const struct number[]){
	    { "lastkey", -1 }, { "keystep", 1 }, { "limit", 0 } }, 3);
}

/* Keys that only the command itself finds. */
static void
reply_unknown(struct reply *r, enum command_use use)
{
	reply_map(r, 3);
	reply_text(r, "flags");
	reply_use(r, use);
	reply_half(r, "begin_search", "unknown", NULL, 0);
	reply_half(r, "find_keys", "unknown", NULL, 0);
}

static void
reply_specs(struct reply *r, const struct command *row)
{
	const struct command_keys *k = &row->keys;
	enum command_use use = use_of(row, 0), others = use_of(row, 1);

	switch (k->kind) {
	case COMMAND_NOKEYS:
		reply_array(r, 0);
		break;
	case COMMAND_NUMKEYS:
		reply_array(r, 1);
		reply_counted(r, use, k->at);
		break;
	case COMMAND_DEST_NUMKEYS:
		reply_array(r, 2);
		reply_range(r, use, k->first, k->first, 1);
		reply_counted(r, others, k->at);
		break;
	case COMMAND_SORTKEYS:
		reply_array(r, row->flags & COMMAND_WRITE ? 3 : 2);
		reply_range(r, use, k->first, k->first, 1);
		reply_unknown(r, COMMAND_USE_READ);
		if (row->flags & COMMAND_WRITE)
			reply_unknown(r, others);
		break;
	case COMMAND_MIGRATEKEYS:
		reply_array(r, 2);
		reply_range(r, use, k->first, k->last, k->step);
		reply_behind(r, COMMAND_USE_TAKE_SOME, "KEYS");
		break;
	case COMMAND_KEYS:
		reply_array(r, use != others ? 2 : 1);
		reply_range(r, use, k->first,
		    use != others ? k->first : k->last, k->step);
		if (use != others)
			reply_range(r, others, k->first + k->step, k->last,
			    k->step);
		break;
	}
}

/* --- one command ------------------------------------------------------- */

static void reply_row(struct call *c, struct slice name, int i, bool alone);

static void
reply_subcommands(struct call *c, struct slice container)
{
	size_t place = reply_later(c->reply);
	int i, count = 0;

	for (i = 0; i < CMD_COUNT && container.data != NULL; i++)
		if (slice_equal(command_container(&command_table[i]),
		    container)) {
			reply_row(c, slice_of(command_table[i].name), i, false);
			count++;
		}
	reply_later_set(c->reply, place, '*', count);
}

static void
reply_row(struct call *c, struct slice name, int i, bool alone)
{
	const struct command *row = &command_table[i];
	struct slice container = command_container(row);
	bool is_container = alone && container.data != NULL &&
	    container.bytes == name.bytes;
	const struct command_keys *k = &row->keys;
	bool has_keys = k->kind != COMMAND_NOKEYS && !is_container;

	reply_array(c->reply, 10);
	reply_bulk(c->reply, name);
	reply_int(c->reply, is_container ? -2 : row->arity);
	reply_flags(c, is_container ? 0 : row->flags);
	reply_int(c->reply, has_keys ? k->first : 0);
	reply_int(c->reply, has_keys && k->kind == COMMAND_KEYS ? k->last :
	    has_keys ? k->first : 0);
	reply_int(c->reply, has_keys ? k->step > 0 ? k->step : k->first > 0 :
	    0);
	if (is_container) {
		reply_set(c->reply, 1);
		reply_simple(c->reply, "@slow");
	} else {
		reply_categories(c, row);
	}
	reply_array(c->reply, 0);
	if (is_container)
		reply_array(c->reply, 0);
	else
		reply_specs(c->reply, row);
	reply_subcommands(c, alone ? name : (struct slice){ NULL, 0 });
}

static void
see_row(struct call *c, struct slice name, int row, void *arg)
{
	(void)arg;
	reply_row(c, name, row, true);
}

static void
put_rows(struct call *c, const void *of)
{
	(void)of;
	reply_array(c->reply, command_each(c, NULL, NULL));
	command_each(c, see_row, NULL);
}

void
cmd_command(struct call *c)
{
	static struct ready ready[2];

	/* The table never changes. */
	ready_reply(c, ready, 1, 0, put_rows, NULL);
}

void
cmd_command_count(struct call *c)
{
	reply_int(c->reply, command_each(c, NULL, NULL));
}

void
cmd_command_info(struct call *c)
{
	int i;

	if (c->argc == 2) {
		cmd_command(c);
		return;
	}
	reply_array(c->reply, c->argc - 2);
	for (i = 2; i < c->argc; i++) {
		int row = command_named(c->argv[i]);
		struct slice own;

		if (row < 0) {
			reply_null(c->reply);
			continue;
		}
		own = command_container(&command_table[row]);
		reply_row(c, own.data != NULL &&
		    own.bytes == c->argv[i].bytes ? own :
		    slice_of(command_table[row].name), row, true);
	}
}

/* --- LIST -------------------------------------------------------------- */

struct filter {
	struct slice kind, value;
	int count;
};

static void
list_name(struct call *c, struct slice name, int row, void *arg)
{
	struct filter *f = arg;
	bool is_container = memchr(name.data, '|', name.bytes) == NULL &&
	    command_container(&command_table[row]).data != NULL;
	const char *list[CATEGORIES] = { "@slow" };
	char text[64];
	size_t count = 1, i;

	if (slice_is(f->kind, "module"))
		return;
	if (slice_is(f->kind, "pattern") && !glob_match(f->value, name, true))
		return;
	if (slice_is(f->kind, "aclcat")) {
		if (!is_container)
			count = categories(&command_table[row], list, text,
			    sizeof(text));
		for (i = 0; i < count; i++)
			if (slice_is(f->value, list[i] + 1))
				break;
		if (i == count)
			return;
	}
	reply_bulk(c->reply, name);
	f->count++;
}

void
cmd_command_list(struct call *c)
{
	struct filter f = { SLICE(""), SLICE(""), 0 };
	size_t place;
	int row;

	if (c->argc != 2 && (c->argc != 5 ||
	    !slice_is(c->argv[2], "filterby") ||
	    (!slice_is(c->argv[3], "module") &&
	    !slice_is(c->argv[3], "aclcat") &&
	    !slice_is(c->argv[3], "pattern")))) {
		call_syntax(c);
		return;
	}
	if (c->argc == 5) {
		f.kind = c->argv[3];
		f.value = c->argv[4];
	}
	place = reply_later(c->reply);
	command_each(c, list_name, &f);
	for (row = 0; row < CMD_COUNT; row++)
		if (command_container(&command_table[row]).data != NULL)
			list_name(c, slice_of(command_table[row].name), row,
			    &f);
	reply_later_set(c->reply, place, '*', f.count);
}

/* --- GETKEYS ----------------------------------------------------------- */

/* The keys of the request that stands in the arguments; -1: error replied. */
static int
find_keys(struct call *c, int **at, const struct command **row)
{
	bool is_container;
	int argc = c->argc - 2, count;

	*row = command_find(c->argv + 2, argc, &is_container);
	if (*row == NULL) {
		reply_error(c->reply, "ERR Invalid command specified");
		return -1;
	}
	if ((*row)->keys.kind == COMMAND_NOKEYS) {
		reply_error(c->reply,
		    "ERR The command has no key arguments");
		return -1;
	}
	if ((*row)->arity > 0 ? argc != (*row)->arity :
	    argc < -(*row)->arity) {
		reply_error(c->reply, "ERR Invalid number of arguments "
		    "specified for command");
		return -1;
	}
	*at = txn_scratch(c->txn, (size_t)argc * sizeof(**at));
	count = command_find_keys(*row, c->argv + 2, argc, *at, argc);
	if (count <= 0) {
		reply_error(c->reply,
		    "ERR Invalid arguments specified for command");
		return -1;
	}
	return count;
}

void
cmd_command_getkeys(struct call *c)
{
	const struct command *row;
	int *at, count = find_keys(c, &at, &row), i;

	if (count < 0)
		return;
	reply_array(c->reply, count);
	for (i = 0; i < count; i++)
		reply_bulk(c->reply, c->argv[2 + at[i]]);
}

/* Whether one of these words stands in the request behind its key. */
static bool
has_word(struct call *c, const char *const *words)
{
	int i;

	for (; *words != NULL; words++)
		for (i = 4; i < c->argc; i++)
			if (slice_is(c->argv[i], *words))
				return true;
	return false;
}

/* What a use that depends on the arguments (SET's, BITFIELD's) comes to. */
static enum command_use
decide_use(struct call *c, const struct command *row)
{
	static const char *const gets[] = { "get", NULL };
	static const char *const writes[] = { "set", "incrby", NULL };

	if (row->id == CMD_SET)
		return has_word(c, gets) ? COMMAND_USE_SWAP : COMMAND_USE_PUT;
	return has_word(c, writes) ? COMMAND_USE_SWAP : COMMAND_USE_READ;
}

void
cmd_command_getkeysandflags(struct call *c)
{
	const struct command *row;
	int *at, count = find_keys(c, &at, &row), i;

	if (count < 0)
		return;
	reply_array(c->reply, count);
	for (i = 0; i < count; i++) {
		enum command_use use = use_of(row, i);

		reply_array(c->reply, 2);
		reply_bulk(c->reply, c->argv[2 + at[i]]);
		reply_use(c->reply, use != COMMAND_USE_DEPENDS ? use :
		    decide_use(c, row));
	}
}
