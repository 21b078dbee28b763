/*
 * manual - makes manual pages and the sample configuration from the tables
 *
 *	manual FRAME >PAGE
 *
 * Copies a hand-written frame (man/NAME.in, etc/NAME.in); a line that is one
 * of the names of `parts` below, between two @, is replaced by the rows of a
 * table, and @VERSION@ within a line by the version.  So a command, an option,
 * an error or a counter is described where it is defined, and nowhere else.
 *
 * Not here: --help, COMMAND DOCS, CONFIG GET (the daemon reads the same rows).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/command.h"
#include "shm/option.h"
#include "shm/stat.h"

#define LINE 4096

struct command_row {
	const char *name, *place, *family, *since, *complexity, *arguments;
	const char *words;
	unsigned flags;
};
static const struct command_row commands[] = {
#define COMMAND(id, name, place, flags, arity, keys, family, since, \
    complexity, arguments, words, function) \
	{ name, #place, family, since, complexity, arguments, words, flags },
#include "proto/command.def"
};

struct option_row {
	char flag;
	const char *name, *section, *type, *choices, *standard;
	long long min, max;
	const char *when, *words;
};
static const struct option_row options[] = {
#define OPTION(id, flag, name, section, type, choices, standard, min, max, \
    when, words) \
	{ flag, name, section, #type, choices, standard, min, max, #when, \
	    words },
#define OPTION_ALIAS(name, id)
#include "shm/option.def"
};

struct alias_row {
	const char *name, *id;
};
static const struct alias_row aliases[] = {
#define OPTION(id, flag, name, section, type, choices, standard, min, max, \
    when, words)
#define OPTION_ALIAS(name, id) { name, #id },
#include "shm/option.def"
};

static const char *const errors[] = {
#define ERROR(id, text) text,
#include "proto/error.def"
};

static const struct stat_row stats[] = {
#define STAT(id, name, section, kind, words) \
	{ name, STAT_##section, STAT_##kind, words },
#include "shm/stat.def"
};

static const struct {
	const char *name, *words;
} faults[] = {
#define FAULT_POINT(id, name, words) { name, words },
#include "shm/fault.def"
};

/* A word that a node shows, and what it means. */
struct word_row {
	const char *word, *words;
};
static const struct word_row failover_states[] = {
#define STATE(name, kind, writes, side, info, words) { info, words },
#include "cluster/failover.def"
};
static const struct word_row locks[] = {
#define STATE(name, kind, info, words) { info, words },
#include "cluster/lock.def"
};
static const struct word_row hindrances[] = {
#define HINDRANCE(id, word, words) { word, words },
#include "cluster/hindrance.def"
};
static const struct word_row leases[] = {
#define LEASE(id, word, words) { word, words },
#include "cluster/lease.def"
};

/* Redis's command groups in the order of the page. */
static const struct {
	const char *name, *title;
} families[] = {
	{ "connection", "Connection" },
	{ "server", "Server" },
	{ "generic", "Keys" },
	{ "string", "Strings" },
	{ "bitmap", "Bitmaps" },
	{ "hash", "Hashes" },
	{ "list", "Lists" },
	{ "set", "Sets" },
	{ "sorted-set", "Sorted sets" },
	{ "stream", "Streams" },
	{ "transactions", "Transactions" },
	{ "pubsub", "Publish and subscribe" },
	{ "scripting", "Scripts" },
	{ "cluster", "Cluster" },
};

/* What an option's value is, for the reader; by the name of its type. */
static const struct {
	const char *type, *value;
} values[] = {
	{ "BOOL", "yes|no" },
	{ "INT", "number" },
	{ "BYTES", "bytes" },
	{ "EVENTS", "letters" },
	{ "MSEC", "milliseconds" },
	{ "SEC", "seconds" },
	{ "OCTAL", "octal" },
	{ "ENUM", "word" },
	{ "TEXT", "text" },
	{ "WORDS", "words" },
	{ "SECRET", "text" },
	{ "LIMITS", "limits" },
};

/* Text that troff prints as it is. */
static void
put(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '-':
			fputs("\\-", stdout);
			break;
		case '\\':
			fputs("\\e", stdout);
			break;
		case '"':
			fputs("\\(dq", stdout);
			break;
		default:
			putchar(*text);
		}
	}
}

static void
put_name(const char *name)
{
	for (; *name != '\0'; name++)
		putchar(*name == '|' ? ' ' : toupper((unsigned char)*name));
}

static void
print_command(const struct command_row *row)
{
	printf(".TP\n.BR \"");
	put_name(row->name);
	putchar('"');
	if (row->arguments[0] != '\0') {
		fputs(" \" ", stdout);
		put(row->arguments);
		putchar('"');
	}
	putchar('\n');
	put(row->words);
	putchar('\n');
	if (row->since[0] != '\0')
		printf("In Redis since %s; ", row->since);
	put(row->complexity);
	puts(".");
}

static bool
is_in_families(const char *family)
{
	for (size_t i = 0; i < COUNT(families); i++)
		if (strcmp(family, families[i].name) == 0)
			return true;
	return false;
}

static void
print_commands(void)
{
	for (size_t f = 0; f < COUNT(families); f++) {
		bool any = false;

		for (size_t i = 0; i < COUNT(commands); i++) {
			must(is_in_families(commands[i].family),
			    "every command's family has a heading");
			if (strcmp(commands[i].family, families[f].name) != 0)
				continue;
			if (!any)
				printf(".SS %s\n", families[f].title);
			any = true;
			print_command(&commands[i]);
		}
	}
}

static const char *
value_of(const char *type)
{
	for (size_t i = 0; i < COUNT(values); i++)
		if (strcmp(type, values[i].type) == 0)
			return values[i].value;
	never("every type of option has a word for its value");
}

/* "Redis knows it as" for each alias; ids are names with underscores. */
static void
print_aliases(const struct option_row *row)
{
	for (size_t i = 0; i < COUNT(aliases); i++) {
		const char *a = aliases[i].id, *b = row->name;

		while (*a != '\0' && (*a == *b || (*a == '_' && *b == '-'))) {
			a++;
			b++;
		}
		if (*a == '\0' && *b == '\0') {
			fputs("Another name is\n.BR ", stdout);
			put(aliases[i].name);
			puts(" .");
		}
	}
}

static bool
is_number(const struct option_row *row)
{
	static const char *const types[] = { "INT", "BYTES", "MSEC", "SEC" };

	for (size_t i = 0; i < COUNT(types); i++)
		if (strcmp(row->type, types[i]) == 0)
			return true;
	return false;
}

static void
print_option(const struct option_row *row)
{
	fputs(".TP\n.BI \"", stdout);
	put(row->name);
	printf("\" \" %s\"", value_of(row->type));
	if (row->flag != 0)
		printf(" \"  (\\-%c)\"", row->flag);
	putchar('\n');
	put(row->words);
	putchar('\n');
	if (row->choices[0] != '\0') {
		fputs("One of: ", stdout);
		put(row->choices);
		puts(".");
	}
	if (is_number(row)) {
		printf("From %lld", row->min);
		if (row->max == INT32_MAX || row->max == INT64_MAX)
			puts(" up.");
		else
			printf(" to %lld.\n", row->max);
	}
	if (row->standard[0] != '\0') {
		fputs("Default: ", stdout);
		put(row->standard);
		puts(".");
	}
	if (strcmp(row->when, "START") == 0)
		puts("At start-up only.");
	if (strcmp(row->when, "GUARDED") == 0)
		puts("Protected: see enable\\-protected\\-configs.");
	if (strcmp(row->when, "NEVER") == 0)
		puts("No effect.");
	print_aliases(row);
}

/* Calls print(row) for each option, section(name) before a section's first. */
static void
each_option(void (*section)(const char *),
    void (*print)(const struct option_row *))
{
	for (size_t i = 0; i < COUNT(options); i++) {
		if (i == 0 || strcmp(options[i].section,
		    options[i - 1].section) != 0)
			section(options[i].section);
		print(&options[i]);
	}
}

static void
print_section(const char *name)
{
	printf(".SS [%s]\n", name);
}

static void
print_options(void)
{
	each_option(print_section, print_option);
}

/* A comment line of at most 78 columns at a time. */
static void
print_wrapped(const char *text)
{
	while (strlen(text) > 76) {
		int at = 76;

		while (at > 0 && text[at] != ' ')
			at--;
		if (at == 0)
			break;
		printf("# %.*s\n", at, text);
		text += at + 1;
	}
	printf("# %s\n", text);
}

static void
sample_section(const char *name)
{
	printf("\n[%s]\n", name);
}

static void
sample_option(const struct option_row *row)
{
	putchar('\n');
	print_wrapped(row->words);
	if (row->choices[0] != '\0')
		printf("# One of: %s\n", row->choices);
	printf("#%s =%s%s\n", row->name, row->standard[0] != '\0' ? " " : "",
	    row->standard);
}

static void
print_sample(void)
{
	each_option(sample_section, sample_option);
}

static void
print_names(void)
{
	for (size_t i = 0; i < COUNT(options); i++)
		printf("\t\t--%s\n", options[i].name);
}

static void
print_errors(void)
{
	for (size_t i = 0; i < COUNT(errors); i++) {
		puts(".br");
		put(errors[i]);
		putchar('\n');
	}
}

static void
print_stats(void)
{
	for (size_t i = 0; i < COUNT(stats); i++) {
		if (stats[i].section == STAT_NONE)
			continue;
		printf(".TP\n.B ");
		put(stats[i].name);
		putchar('\n');
		put(stats[i].words);
		putchar('\n');
	}
}

static void
print_faults(void)
{
	for (size_t i = 0; i < COUNT(faults); i++) {
		printf(".TP\n.B ");
		put(faults[i].name);
		putchar('\n');
		put(faults[i].words);
		putchar('\n');
	}
}

static void
print_words(const struct word_row *row, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		printf(".TP\n.B ");
		put(row[i].word);
		putchar('\n');
		put(row[i].words);
		putchar('\n');
	}
}

static void
print_failover_states(void)
{
	print_words(failover_states, COUNT(failover_states));
}

static void
print_locks(void)
{
	print_words(locks, COUNT(locks));
}

static void
print_hindrances(void)
{
	print_words(hindrances, COUNT(hindrances));
}

static void
print_leases(void)
{
	print_words(leases, COUNT(leases));
}

static const struct {
	const char *name;
	void (*print)(void);
} parts[] = {
	{ "COMMANDS", print_commands },
	{ "OPTIONS", print_options },
	{ "SAMPLE", print_sample },
	{ "NAMES", print_names },
	{ "ERRORS", print_errors },
	{ "STATS", print_stats },
	{ "FAULTS", print_faults },
	{ "FAILOVER_STATES", print_failover_states },
	{ "LOCKS", print_locks },
	{ "HINDRANCES", print_hindrances },
	{ "LEASES", print_leases },
};

/* Whether the line names a part; then it has been printed. */
static bool
print_part(const char *line)
{
	for (size_t i = 0; i < COUNT(parts); i++) {
		size_t bytes = strlen(parts[i].name);

		if (line[0] == '@' && strncmp(line + 1, parts[i].name,
		    bytes) == 0 && strcmp(line + 1 + bytes, "@\n") == 0) {
			parts[i].print();
			return true;
		}
	}
	return false;
}

static void
print_line(const char *line)
{
	static const char mark[] = "@VERSION@";
	const char *at = strstr(line, mark);

	if (at == NULL) {
		fputs(line, stdout);
		return;
	}
	printf("%.*s%s%s", (int)(at - line), line, PACKAGE_VERSION,
	    at + sizeof(mark) - 1);
}

int
main(int argc, char **argv)
{
	char line[LINE];
	FILE *frame;

	if (argc != 2 || (frame = fopen(argv[1], "r")) == NULL) {
		fprintf(stderr, "usage: manual FRAME\n");
		return EXIT_FAILURE;
	}
	while (fgets(line, sizeof(line), frame) != NULL)
		if (!print_part(line))
			print_line(line);
	fclose(frame);
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS :
	    EXIT_FAILURE;
}
