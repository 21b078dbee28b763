/*
 * command - finding a command's row and the keys of a request
 *
 * Every request comes through command_find().  Names are compared as three
 * words of eight bytes, folded by setting 0x20 in each byte: for letters that
 * is exact, names with other characters are looked at once more.  A subcommand
 * is found in the same table, by its second word and its container's number.
 *
 * The index is filled once, before main() runs, and never written again: so
 * there is nothing to open and nothing to pass down.
 *
 * Not here: what the rows say (the .def files in proto/command).
 */
#include "proto/command.h"
#include "proto/number.h"

#define NAME_BYTES_MAX 24
#define INDEX_BITS 10
#define INDEX_PLACES (1u << INDEX_BITS)
#define NO_COMMAND UINT16_MAX

#define NOKEYS { .kind = COMMAND_NOKEYS }
#define KEYS(f, l, s) \
	{ .kind = COMMAND_KEYS, .first = (f), .last = (l), .step = (s) }
#define KEYS_AS(how, f, l, s) \
	{ .kind = COMMAND_KEYS, .first = (f), .last = (l), .step = (s), \
	    .use = COMMAND_USE_##how }
#define KEYS_BY(how, others, f, l, s) \
	{ .kind = COMMAND_KEYS, .first = (f), .last = (l), .step = (s), \
	    .use = COMMAND_USE_##how, .use_others = COMMAND_USE_##others }
#define NUMKEYS(n) { .kind = COMMAND_NUMKEYS, .at = (n) }
#define NUMKEYS_AS(how, n) \
	{ .kind = COMMAND_NUMKEYS, .at = (n), .use = COMMAND_USE_##how }
#define DEST_NUMKEYS(dest, n) \
	{ .kind = COMMAND_DEST_NUMKEYS, .first = (dest), .at = (n), \
	    .use = COMMAND_USE_PUT, .use_others = COMMAND_USE_READ }
#define SORTKEYS \
	{ .kind = COMMAND_SORTKEYS, .first = 1, .use = COMMAND_USE_READ, \
	    .use_others = COMMAND_USE_PUT }
#define MIGRATEKEYS \
	{ .kind = COMMAND_MIGRATEKEYS, .first = 3, .last = 3, .step = 1, \
	    .use = COMMAND_USE_TAKE, .use_others = COMMAND_USE_TAKE }

const struct command command_table[CMD_COUNT] = {
#define COMMAND(id, name, place, flags, arity, keys, family, since, \
    complexity, arguments, words, function) \
	{ name, place, flags, arity, keys, family, since, complexity, \
	    arguments, words, CMD_##id },
#include "proto/command.def"
};

struct name {
	uint64_t word[3];
	uint16_t id;         /* NO_COMMAND: a container without a row */
	uint8_t bytes;       /* 0: an empty place */
	uint8_t within;      /* number of its container, 0: a first word */
	uint8_t container;   /* its own number when it is one, else 0 */
	bool is_plain;       /* letters only: equal words are equal names */
	const char *text;    /* begins with the name */
};

static struct name name_index[INDEX_PLACES];

static inline uint64_t
load(const char *p, size_t bytes)
{
	uint64_t w = 0;

	memcpy(&w, p, bytes);
	return w;
}

/* s has 1 to NAME_BYTES_MAX bytes; all of them go into the words. */
static inline void
fold_words(struct slice s, uint64_t word[3])
{
	const uint64_t fold = 0x2020202020202020ull;
	const char *p = s.data;
	size_t n = s.bytes;

	word[1] = fold;
	word[2] = fold;
	if (n >= 8) {
		word[0] = load(p, 8) | fold;
		word[2] = load(p + n - 8, 8) | fold;
		if (n > 16)
			word[1] = load(p + 8, 8) | fold;
	} else if (n >= 4) {
		word[0] = load(p, 4) | load(p + n - 4, 4) << 32 | fold;
	} else {
		word[0] = load(p, 1) | load(p + n / 2, 1) << 8 |
		    load(p + n - 1, 1) << 16 | fold;
	}
}

static inline unsigned
place_of(const uint64_t word[3], size_t bytes, unsigned within)
{
	uint64_t h = word[0] + word[2] * 31 + ((uint64_t)within << 8 | bytes);

	return (unsigned)(h * 0x9e3779b97f4a7c15ull >> (64 - INDEX_BITS));
}

/* The name's entry, or the empty place where it would be. */
static inline struct name *
find_name(struct slice s, unsigned within)
{
	uint64_t word[3];
	unsigned i;

	fold_words(s, word);
	i = place_of(word, s.bytes, within);
	for (;; i = (i + 1) % INDEX_PLACES) {
		struct name *n = &name_index[i];

		if (n->bytes == 0)
			return n;
		if (n->word[0] == word[0] && n->word[2] == word[2] &&
		    n->word[1] == word[1] && n->bytes == s.bytes &&
		    n->within == within)
			return n;
	}
}

static bool
is_plain(struct slice s)
{
	size_t i;

	for (i = 0; i < s.bytes; i++)
		if (s.data[i] < 'a' || s.data[i] > 'z')
			return false;
	return true;
}

static struct name *
add_name(struct slice s, unsigned within)
{
	struct name *n;

	must(s.bytes > 0 && s.bytes <= NAME_BYTES_MAX,
	    "a command's name has 1 to 24 bytes");
	n = find_name(s, within);
	if (n->bytes != 0)
		return n;
	fold_words(s, n->word);
	n->bytes = (uint8_t)s.bytes;
	n->within = (uint8_t)within;
	n->is_plain = is_plain(s);
	n->text = s.data;
	n->id = NO_COMMAND;
	return n;
}

__attribute__((constructor)) static void
fill_index(void)
{
	unsigned i, containers = 0;

	must(CMD_COUNT < INDEX_PLACES / 2,
	    "the index of commands is half empty");
	for (i = 0; i < CMD_COUNT; i++) {
		struct slice s = slice_of(command_table[i].name);
		const char *bar = memchr(s.data, '|', s.bytes);
		struct name *n;

		if (bar == NULL) {
			n = add_name(s, 0);
		} else {
			size_t first = (size_t)(bar - s.data);

			n = add_name((struct slice){ s.data, first }, 0);
			if (n->container == 0)
				n->container = (uint8_t)++containers;
			n = add_name((struct slice){ bar + 1,
			    s.bytes - first - 1 }, n->container);
		}
		must(n->id == NO_COMMAND, "a command has one row");
		n->id = (uint16_t)i;
	}
	must(containers < UINT8_MAX, "containers are numbered in a byte");
}

/* The entry of a word of a request, or NULL. */
static inline const struct name *
look_up(struct slice s, unsigned within)
{
	const struct name *n;
	size_t i;

	if (unlikely(s.bytes == 0 || s.bytes > NAME_BYTES_MAX))
		return NULL;
	n = find_name(s, within);
	if (unlikely(n->bytes == 0))
		return NULL;
	if (likely(n->is_plain))
		return n;
	for (i = 0; i < s.bytes; i++) {
		char c = s.data[i];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (c != n->text[i])
			return NULL;
	}
	return n;
}

const struct command *
command_find(const struct slice *argv, int argc, bool *is_container)
{
	const struct name *n = look_up(argv[0], 0);

	*is_container = false;
	if (unlikely(n == NULL))
		return NULL;
	if (unlikely(n->container != 0)) {
		if (argc < 2) {
			*is_container = true;
		} else {
			n = look_up(argv[1], n->container);
			*is_container = n == NULL;
		}
		if (n == NULL || n->id == NO_COMMAND)
			return NULL;
	}
	return &command_table[n->id];
}

struct found {
	int *at;
	int room, count;
};

static void
found_add(struct found *f, int at)
{
	if (f->count < f->room)
		f->at[f->count] = at;
	f->count++;
}

/* The keys behind the count in argument `at`; false when it makes no sense. */
static bool
find_counted(struct found *f, const struct slice *argv, int argc, int at)
{
	int64_t count;
	int i;

	if (at >= argc || !number_get_int(argv[at], &count) || count < 1 ||
	    count > argc - at - 1)
		return false;
	for (i = 1; i <= count; i++)
		found_add(f, at + i);
	return true;
}

/* SORT key ... [STORE destination]: the last STORE counts. */
static void
find_sort(struct found *f, const struct slice *argv, int argc)
{
	int i, store = 0;

	found_add(f, 1);
	for (i = 2; i < argc; i++) {
		if (slice_is(argv[i], "limit"))
			i += 2;
		else if (slice_is(argv[i], "get") || slice_is(argv[i], "by"))
			i += 1;
		else if (slice_is(argv[i], "store") && i + 1 < argc)
			store = ++i;
	}
	if (store != 0)
		found_add(f, store);
}

/* MIGRATE host port key ..., or with "" for the key and KEYS at its end. */
static void
find_migrate(struct found *f, const struct slice *argv, int argc)
{
	int i;

	if (argc <= 3)
		return;
	for (i = 6; i < argc && argv[3].bytes == 0; i++) {
		if (slice_is(argv[i], "auth"))
			i += 1;
		else if (slice_is(argv[i], "auth2"))
			i += 2;
		else if (slice_is(argv[i], "keys"))
			break;
	}
	if (argv[3].bytes != 0 || i >= argc)
		found_add(f, 3);
	else
		while (++i < argc)
			found_add(f, i);
}

/* Whether an argument behind BY or GET may name other keys. */
static bool
has_pattern(const struct slice *argv, int argc)
{
	int i;

	for (i = 2; i + 1 < argc; i++)
		if ((slice_is(argv[i], "by") || slice_is(argv[i], "get")) &&
		    memchr(argv[i + 1].data, '*', argv[i + 1].bytes) != NULL)
			return true;
	return false;
}

bool
command_needs_every(const struct command *c, const struct slice *argv, int argc)
{
	return c->place == EVERY &&
	    (c->keys.kind != COMMAND_SORTKEYS || has_pattern(argv, argc));
}

int
command_find_keys(const struct command *c, const struct slice *argv, int argc,
    int *at, int room)
{
	const struct command_keys *k = &c->keys;
	struct found f = { at, room, 0 };
	int i, last;

	switch (k->kind) {
	case COMMAND_NOKEYS:
		break;
	case COMMAND_KEYS:
		last = k->last < 0 ? argc + k->last : k->last;
		for (i = k->first; i <= last && i < argc; i += k->step)
			found_add(&f, i);
		break;
	case COMMAND_DEST_NUMKEYS:
		if (k->first >= argc)
			return -1;
		found_add(&f, k->first);
		if (!find_counted(&f, argv, argc, k->at))
			return -1;
		break;
	case COMMAND_NUMKEYS:
		if (!find_counted(&f, argv, argc, k->at))
			return -1;
		break;
	case COMMAND_SORTKEYS:
		if (argc < 2)
			return -1;
		find_sort(&f, argv, argc);
		break;
	case COMMAND_MIGRATEKEYS:
		find_migrate(&f, argv, argc);
		break;
	}
	return f.count;
}
