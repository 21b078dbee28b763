#include "daemon/settings.h"

#include "daemon/file.h"
#include "daemon/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (1 << 20)
/* Debian's inih can be told at run time, others are built for one length. */
#ifdef HAVE_INI_MAX_LINE
#define LINE_BYTES_MAX (OPTION_LONG + 128)
#else
#define LINE_BYTES_MAX (INI_MAX_LINE - 2)
#endif

/* --- the configuration file -------------------------------------------- */

static const char no_pair[] = "this is neither name = value nor a [section] "
    "(almandinectl convert reads a redis.conf)";

/* What the parser's two callbacks know of the text they are in. */
struct source {
	struct options *options;
	const char *name;
	struct slice rest;
	int line;
	bool is_wrong;
	char *why;
};

static int
wrong(struct source *s, const char *sentence, const char *detail)
{
	if (!s->is_wrong)
		snprintf(s->why, SETTINGS_WHY, "%s:%d: %s%s", s->name, s->line,
		    sentence, detail);
	s->is_wrong = true;
	return 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the next line, without its end and the blanks before and after it. */
static bool
take_line(struct slice *rest, struct slice *line)
{
	const char *end;

	if (rest->bytes == 0)
		return false;
	end = memchr(rest->data, '\n', rest->bytes);
	line->data = rest->data;
	line->bytes = end != NULL ? (size_t)(end - rest->data) : rest->bytes;
	rest->data += line->bytes + (end != NULL);
	rest->bytes -= line->bytes + (end != NULL);
	while (line->bytes > 0 && is_blank(line->data[0])) {
		line->data++;
		line->bytes--;
	}
	while (line->bytes > 0 && is_blank(line->data[line->bytes - 1]))
		line->bytes--;
	return true;
}

/*
 * Hands the parser one line.  It would cut long lines in two and take an
 * indented line for the continuation of the last: the former are refused,
 * the latter lose their indentation.
 */
static char *
read_line(char *to, int room, void *stream)
{
	struct source *s = stream;
	struct slice line;
	char limit[32];

	if (s->is_wrong || !take_line(&s->rest, &line))
		return NULL;
	s->line++;
	if (line.bytes > 0 && strchr(";#", line.data[0]) != NULL)
		line.bytes = 1; /* a comment may be as long as it likes */
	if (line.bytes > LINE_BYTES_MAX || line.bytes + 2 > (size_t)room) {
		snprintf(limit, sizeof(limit), "%d bytes", LINE_BYTES_MAX);
		wrong(s, "the line is longer than ", limit);
		return NULL;
	}
	if (line.bytes > 0 && memchr(line.data, 0, line.bytes) != NULL) {
		wrong(s, "the line holds a zero byte", "");
		return NULL;
	}
	if (line.bytes > 0)
		memcpy(to, line.data, line.bytes);
	to[line.bytes] = '\n';
	to[line.bytes + 1] = 0;
	return to;
}

/* The value without the quotes around it. */
static struct slice
unquote(struct slice v)
{
	if (v.bytes >= 2 && v.data[0] == '"' && v.data[v.bytes - 1] == '"')
		return (struct slice){ v.data + 1, v.bytes - 2 };
	return v;
}

static int
take_pair(void *user, const char *section, const char *name,
    const char *value)
{
	struct source *s = user;
	const struct option *row = option_find(slice_of(name));
	char why[OPTION_WHY], detail[OPTION_WHY + 64];

	(void)section;
	if (s->is_wrong)
		return 0;
	/* `bind 127.0.0.1 -::1`, as redis.conf has it: the colon divides. */
	if (strpbrk(name, " \t") != NULL)
		return wrong(s, no_pair, "");
	if (row == NULL) {
		snprintf(detail, sizeof(detail), "%.60s", name);
		return wrong(s, "there is no option ", detail);
	}
	if (!option_set(s->options, row, unquote(slice_of(value)), why)) {
		snprintf(detail, sizeof(detail), "%s: %s", row->name, why);
		return wrong(s, "", detail);
	}
	return 1;
}

bool
settings_read_text(struct options *o, const char *name, struct slice text,
    char why[SETTINGS_WHY])
{
	struct source s = { .options = o, .name = name, .rest = text,
	    .why = why };
	int bad;

#ifdef HAVE_INI_MAX_LINE
	ini_use_stack = false;
	ini_initial_alloc = ini_max_line = LINE_BYTES_MAX + 2;
#endif
	bad = ini_parse_stream(read_line, &s, take_pair, &s);
	if (bad < 0)
		wrong(&s, "there is no memory to read it", "");
	if (bad != 0 && !s.is_wrong) {
		s.line = bad;
		wrong(&s, no_pair, "");
	}
	return !s.is_wrong;
}

/* The text of a file, ended by a zero; NULL with a reason. */
static char *
read_file(const char *file, size_t *bytes, char why[SETTINGS_WHY])
{
	FILE *f = fopen(file, "re");
	char *text = malloc(FILE_BYTES_MAX + 1);
	bool is_read;

	if (f == NULL || text == NULL) {
		snprintf(why, SETTINGS_WHY, "%s can not be read: %s", file,
		    strerror(errno));
		if (f != NULL)
			fclose(f);
		free(text);
		return NULL;
	}
	*bytes = fread(text, 1, FILE_BYTES_MAX, f);
	is_read = !ferror(f) && *bytes < FILE_BYTES_MAX;
	fclose(f);
	if (!is_read) {
		snprintf(why, SETTINGS_WHY, "%s is no configuration file",
		    file);
		free(text);
		return NULL;
	}
	text[*bytes] = 0;
	return text;
}

static bool
take_file(struct settings *s, const char *file, char why[SETTINGS_WHY])
{
	size_t bytes;
	char *text = read_file(file, &bytes, why);
	bool is_right;

	if (text == NULL)
		return false;
	is_right = settings_read_text(&s->options, file,
	    (struct slice){ text, bytes }, why);
	free(text);
	if (is_right && realpath(file, s->file) == NULL) {
		snprintf(why, SETTINGS_WHY, "%s: %s", file, strerror(errno));
		return false;
	}
	return is_right;
}

/* --- the command line -------------------------------------------------- */

static const struct option *
find_flag(const char *arg)
{
	size_t i;

	if (arg[0] != '-' || arg[1] == 0 || arg[2] != 0)
		return NULL;
	for (i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].flag == arg[1])
			return &option_table[i];
	return NULL;
}

static bool
begins_option(const char *arg)
{
	return (arg[0] == '-' && arg[1] == '-') || find_flag(arg) != NULL;
}

/* Takes the option at argv[*i] with its values; *i is moved behind them. */
static bool
take_option(struct settings *s, int argc, char **argv, int *i,
    char why[SETTINGS_WHY])
{
	const char *arg = argv[*i];
	const struct option *row = find_flag(arg);
	char value[OPTION_LONG * 2] = "", reason[OPTION_WHY];
	size_t used = 0;
	int values = 0;

	if (row == NULL && arg[0] == '-' && arg[1] == '-')
		row = option_find(slice_of(arg + 2));
	if (row == NULL) {
		snprintf(why, SETTINGS_WHY, "there is no option %.80s "
		    "(--help lists all)", arg);
		return false;
	}
	for (++*i; *i < argc && !begins_option(argv[*i]); ++*i) {
		used += (size_t)snprintf(value + used, sizeof(value) - used,
		    "%s%s", values > 0 ? " " : "", argv[*i]);
		values++;
		if (used >= sizeof(value)) {
			snprintf(why, SETTINGS_WHY, "%s: too long", row->name);
			return false;
		}
	}
	if (values == 0) {
		snprintf(why, SETTINGS_WHY, "--%s needs a value", row->name);
		return false;
	}
	if (!option_set(&s->options, row, slice_of(value), reason)) {
		snprintf(why, SETTINGS_WHY, "--%s: %s", row->name, reason);
		return false;
	}
	return true;
}

/* --- what is printed --------------------------------------------------- */

/* Prints words in lines of at most 78 columns behind an indentation. */
static void
print_wrapped(const char *indent, const char *words)
{
	size_t column = 0;

	while (*words != 0) {
		size_t bytes = strcspn(words, " ");

		if (column == 0 || column + bytes + 1 > 78) {
			printf("%s%s%.*s", column > 0 ? "\n" : "", indent,
			    (int)bytes, words);
			column = strlen(indent) + bytes;
		} else {
			printf(" %.*s", (int)bytes, words);
			column += bytes + 1;
		}
		words += bytes;
		words += strspn(words, " ");
	}
	putchar('\n');
}

static const char *
type_words(const struct option *row)
{
	switch (row->type) {
	case OPTION_BOOL: return "yes | no";
	case OPTION_INT: return "number";
	case OPTION_BYTES: return "bytes";
	case OPTION_MSEC: return "milliseconds";
	case OPTION_SEC: return "seconds";
	case OPTION_OCTAL: return "octal";
	case OPTION_ENUM: return row->choices;
	case OPTION_LIMITS: return "class hard soft seconds ...";
	default: return row->type == OPTION_WORDS ? "text ..." : "text";
	}
}

static void
print_help(void)
{
	static const char *const when[] = { [OPTION_START] = "",
	    [OPTION_LIVE] = "; CONFIG SET too",
	    [OPTION_GUARDED] = "; CONFIG SET too, protected",
	    [OPTION_NEVER] = "; no effect" };
	const char *section = "";
	size_t i;

	printf("almandined [FILE] [--NAME VALUE ...]\n\n"
	    "  --check     print the configuration as understood, and end\n"
	    "  --help, -h  print this, and end\n"
	    "  --version, -v\n");
	for (i = 0; i < OPTION_COUNT; i++) {
		const struct option *row = &option_table[i];

		if (strcmp(section, row->section) != 0)
			printf("\n%s\n", section = row->section);
		printf("  --%s", row->name);
		if (row->flag != 0)
			printf(", -%c", row->flag);
		printf(" <%s>", type_words(row));
		printf(" default: %s%s\n", row->standard[0] != 0 ?
		    row->standard : "(empty)", when[row->when]);
		print_wrapped("      ", row->words);
	}
}

static void
print_check(const struct settings *s)
{
	const char *section = "";
	char text[OPTION_LONG], doubt[MEMORY_DOUBT];
	size_t i;

	if (s->file[0] != 0)
		printf("; from %s\n", s->file);
	if (memory_is_doubtful(&s->options, memory_heap(&s->options), doubt))
		printf("; %s\n", doubt);
	for (i = 0; i < OPTION_COUNT; i++) {
		const struct option *row = &option_table[i];

		if (strcmp(section, row->section) != 0)
			printf("[%s]\n", section = row->section);
		option_print(&s->options, row, text);
		if (row->type == OPTION_SECRET && text[0] != 0)
			printf("; %s is set\n", row->name);
		else
			printf("%s = %s\n", row->name, text);
	}
}

enum settings_end
settings_read(struct settings *s, int argc, char **argv,
    char why[SETTINGS_WHY])
{
	bool wants_check = argc > 2 && argv[2][0] != '-' &&
	    slice_is(slice_of(argv[1]), "--check");
	int i = wants_check ? 2 : 1;

	memset(s, 0, sizeof(*s));
	option_set_defaults(&s->options);
	if (i < argc && argv[i][0] != '-' && !take_file(s, argv[i++], why))
		return SETTINGS_WRONG;
	while (i < argc) {
		struct slice arg = slice_of(argv[i]);

		if (slice_is(arg, "--help") || slice_is(arg, "-h")) {
			print_help();
			return SETTINGS_DONE;
		}
		if (slice_is(arg, "--version") || slice_is(arg, "-v")) {
			printf("almandined %s\n", PACKAGE_VERSION);
			return SETTINGS_DONE;
		}
		if (slice_is(arg, "--check")) {
			wants_check = true;
			i++;
		} else if (!take_option(s, argc, argv, &i, why)) {
			return SETTINGS_WRONG;
		}
	}
	if (!option_check(&s->options, why))
		return SETTINGS_WRONG;
	if (!wants_check)
		return SETTINGS_RUN;
	print_check(s);
	return SETTINGS_DONE;
}

/* --- rewriting --------------------------------------------------------- */

/* The option a line of a configuration file sets, or NULL; its value's text. */
static const struct option *
line_option(struct slice line, struct slice *name, struct slice *value)
{
	size_t at = 0, end;

	if (line.bytes == 0 || strchr(";#[", line.data[0]) != NULL)
		return NULL;
	while (at < line.bytes && line.data[at] != '=' && line.data[at] != ':')
		at++;
	if (at == line.bytes)
		return NULL;
	for (end = at; end > 0 && is_blank(line.data[end - 1]); end--)
		;
	*name = (struct slice){ line.data, end };
	/* A comment begins with a semicolon behind a blank. */
	for (end = ++at; end < line.bytes; end++)
		if (line.data[end] == ';' && end > at &&
		    is_blank(line.data[end - 1]))
			break;
	while (at < end && is_blank(line.data[at]))
		at++;
	while (end > at && is_blank(line.data[end - 1]))
		end--;
	*value = unquote((struct slice){ line.data + at, end - at });
	return option_find(*name);
}

/* Whether a value is read as another one without quotes around it. */
static bool
needs_quotes(const char *text, size_t bytes)
{
	return bytes > 0 && (is_blank(text[0]) || is_blank(text[bytes - 1]) ||
	    (bytes > 1 && text[0] == '"' && text[bytes - 1] == '"'));
}

/* Writes "name = value"; false when the value can not be written so. */
static bool
put_pair(FILE *out, const struct options *o, const struct option *row,
    struct slice name, char why[SETTINGS_WHY])
{
	char text[OPTION_LONG];
	size_t bytes = option_print(o, row, text);
	const char *quote = needs_quotes(text, bytes) ? "\"" : "";
	size_t line = name.bytes + 1 + bytes + 2 * strlen(quote);
	/* A leading semicolon is none of a comment only without blanks. */
	const char *is = text[0] == ';' || line + 2 > LINE_BYTES_MAX ? "=" :
	    " = ";

	if (strstr(text, " ;") != NULL || line > LINE_BYTES_MAX) {
		snprintf(why, SETTINGS_WHY, "the value of %s can not be "
		    "written in a configuration file", row->name);
		return false;
	}
	fprintf(out, "%.*s%s%s%s%s\n", (int)name.bytes, name.data, is, quote,
	    text, quote);
	return true;
}

static bool
rewrite(FILE *out, const struct options *o, struct slice old,
    char why[SETTINGS_WHY])
{
	bool has_line[OPTION_COUNT] = { false };
	struct options standard, as_written;
	char reason[OPTION_WHY];
	size_t i;

	option_set_defaults(&standard);
	while (old.bytes > 0) {
		const char *start = old.data;
		struct slice line = { NULL, 0 }, name, value;
		const struct option *row;

		take_line(&old, &line);
		row = line_option(line, &name, &value);
		if (row != NULL) {
			has_line[row - option_table] = true;
			as_written = standard;
		}
		if (row != NULL && (!option_set(&as_written, row, value,
		    reason) || !option_is_same(&as_written, o, row))) {
			if (!put_pair(out, o, row, name, why))
				return false;
			continue;
		}
		fprintf(out, "%.*s\n", (int)(line.data + line.bytes - start),
		    start);
	}
	for (i = 0; i < OPTION_COUNT; i++)
		if (!has_line[i] &&
		    !option_is_same(o, &standard, &option_table[i]) &&
		    !put_pair(out, o, &option_table[i],
		    slice_of(option_table[i].name), why))
			return false;
	return true;
}

char *
settings_rewrite_text(const struct options *o, struct slice old,
    char why[SETTINGS_WHY])
{
	size_t bytes;
	char *text = NULL;
	FILE *out = open_memstream(&text, &bytes);
	bool is_right;

	if (out == NULL) {
		snprintf(why, SETTINGS_WHY, "%s", strerror(errno));
		return NULL;
	}
	is_right = rewrite(out, o, old, why);
	if (fclose(out) != 0 || !is_right) {
		free(text);
		return NULL;
	}
	return text;
}

int
settings_rewrite(const struct options *o, const char *file,
    char why[SETTINGS_WHY])
{
	size_t bytes;
	char *old = read_file(file, &bytes, why), *text;
	int bad;

	if (old == NULL)
		return -EIO;
	text = settings_rewrite_text(o, (struct slice){ old, bytes }, why);
	free(old);
	if (text == NULL)
		return -EINVAL;
	bad = file_replace(file, slice_of(text));
	free(text);
	if (bad != 0)
		snprintf(why, SETTINGS_WHY, "%s", strerror(-bad));
	return bad;
}
