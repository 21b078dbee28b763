#include "ctl/convert.h"

#include "ctl/peek.h"
#include "daemon/settings.h"
#include "proto/resp.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#define DEPTH_MAX 16 /* of files that include each other */

struct conversion {
	struct options options, standard;
	FILE *left;       /* the lines that were left out, as comments */
	int left_count;
	int depth;
	bool has_bind, has_save;
};

/* Where we are, for what is told of it. */
struct spot {
	const char *file;
	int line;
};

static int read_file(struct conversion *v, const char *file);

/* The words from `first` on with a blank between them, into text. */
static bool
join(const struct slice *argv, int first, int argc, char text[OPTION_LONG])
{
	size_t used = 0;
	int i;

	text[0] = 0;
	for (i = first; i < argc; i++) {
		if (used + argv[i].bytes + 2 > OPTION_LONG)
			return false;
		if (i > first)
			text[used++] = ' ';
		if (argv[i].bytes > 0)
			memcpy(text + used, argv[i].data, argv[i].bytes);
		used += argv[i].bytes;
		text[used] = 0;
	}
	return strlen(text) == used;
}

static void
leave_out(struct conversion *v, const struct spot *at,
    const struct slice *argv, int argc, const char *why, const char *words)
{
	int i;

	v->left_count++;
	fprintf(v->left, "; %s:%d:", at->file, at->line);
	for (i = 0; i < argc; i++) {
		size_t j;

		fputc(' ', v->left);
		/* What was quoted may hold what would end the comment. */
		for (j = 0; j < argv[i].bytes; j++)
			fputc(iscntrl((unsigned char)argv[i].data[j]) ? '?' :
			    argv[i].data[j], v->left);
	}
	fprintf(v->left, ": %s%s%s\n", why, words[0] != 0 ? ". " : "", words);
}

/* Each line of `save` adds rules to those before it; "" takes all away. */
static bool
take_save(struct conversion *v, const char *value, char why[OPTION_WHY])
{
	const struct option *row = option_find(SLICE("save"));
	char all[OPTION_LONG * 2];

	if (value[0] == 0 || !v->has_save)
		v->options.save[0] = 0;
	v->has_save = true;
	snprintf(all, sizeof(all), "%s%s%s", v->options.save,
	    v->options.save[0] != 0 ? " " : "", value);
	return option_set(&v->options, row, slice_of(all), why);
}

static void
take_option(struct conversion *v, const struct spot *at,
    const struct option *row, const struct slice *argv, int argc)
{
	char value[OPTION_LONG], why[OPTION_WHY];
	bool is_set;

	if (!join(argv, 1, argc, value)) {
		leave_out(v, at, argv, argc, "the value can not be kept", "");
		return;
	}
	is_set = row == option_find(SLICE("save")) ? take_save(v, value, why) :
	    option_set(&v->options, row, slice_of(value), why);
	if (!is_set) {
		leave_out(v, at, argv, argc, why, row->words);
	} else if (row->when == OPTION_NEVER &&
	    !option_is_same(&v->options, &v->standard, row)) {
		leave_out(v, at, argv, argc, "it has no effect", row->words);
		must(option_set(&v->options, row, slice_of(row->standard),
		    why), "a default is a value");
	}
	v->has_bind = v->has_bind || row == option_find(SLICE("bind"));
}

/* Reads the files that an `include` names. */
static int
take_include(struct conversion *v, const struct spot *at,
    const struct slice *argv, int argc)
{
	char pattern[OPTION_LONG];
	glob_t found;
	size_t i;
	int code = GOOD;

	if (!join(argv, 1, argc, pattern) || v->depth >= DEPTH_MAX)
		return peek_complain("%s:%d: this can not be included",
		    at->file, at->line);
	if (glob(pattern, GLOB_NOCHECK, NULL, &found) != 0)
		return peek_complain("%s: no memory", pattern);
	for (i = 0; i < found.gl_pathc && code == GOOD; i++)
		code = read_file(v, found.gl_pathv[i]);
	globfree(&found);
	return code;
}

static int
take_words(struct conversion *v, const struct spot *at, struct slice *argv,
    int argc)
{
	const struct option *row = option_find(argv[0]);

	if (slice_is(argv[0], "include") && argc > 1)
		return take_include(v, at, argv, argc);
	if (argc > 1 && slice_is(argv[1], "="))
		return peek_complain("%s:%d: this is name = value already: "
		    "almandined takes it as it is", at->file, at->line);
	if (row == NULL)
		leave_out(v, at, argv, argc, "there is no such option", "");
	else if (argc == 1)
		leave_out(v, at, argv, argc, "it has no value", "");
	else
		take_option(v, at, row, argv, argc);
	return GOOD;
}

/* One line, ended by a newline; its quotes are resolved in place. */
static int
take_line(struct conversion *v, const struct spot *at, char *line,
    size_t bytes)
{
	struct resp_limits limits = { .bulk_max = 0 };
	int room = (int)(bytes / 2) + 2, argc = 0, code = GOOD;
	size_t blanks = strspn(line, " \t\r\n");
	struct slice *argv;
	struct resp r;

	if (line[blanks] == '#' || line[blanks] == 0)
		return GOOD;
	argv = calloc((size_t)room, sizeof(*argv));
	if (argv == NULL)
		return peek_complain("no memory");
	resp_begin(&r);
	/* What begins with * would be read as the count of a request. */
	if (line[blanks] == '*' || resp_read(&r, &limits, line + blanks,
	    bytes - blanks, argv, room, &argc) != RESP_REQUEST)
		code = peek_complain("%s:%d: this is no line of a redis.conf",
		    at->file, at->line);
	else
		code = take_words(v, at, argv, argc);
	free(argv);
	return code;
}

static int
read_file(struct conversion *v, const char *file)
{
	struct spot at = { file, 0 };
	char *line = NULL;
	size_t room = 0;
	ssize_t bytes;
	int code = GOOD;
	FILE *f = fopen(file, "re");

	if (f == NULL)
		return peek_complain("%s can not be read: %s", file,
		    strerror(errno));
	v->depth++;
	while (code == GOOD && (bytes = getline(&line, &room, f)) > 0) {
		at.line++;
		/* The last one may lack its end; getline has room for one. */
		if (line[bytes - 1] != '\n') {
			char *more = realloc(line, (size_t)bytes + 2);

			if (more == NULL)
				break;
			line = more;
			room = (size_t)bytes + 2;
			line[bytes++] = '\n';
			line[bytes] = 0;
		}
		code = take_line(v, &at, line, (size_t)bytes);
	}
	if (ferror(f))
		code = peek_complain("%s can not be read: %s", file,
		    strerror(errno));
	v->depth--;
	free(line);
	fclose(f);
	return code;
}

static int
print(struct conversion *v, const char *file, const char *left)
{
	char why[SETTINGS_WHY], *text;

	if (!option_check(&v->options, why))
		return peek_complain("%s: %s", file, why);
	text = settings_rewrite_text(&v->options, SLICE(""), why);
	if (text == NULL)
		return peek_complain("%s: %s", file, why);
	printf("; Made from %s by almandinectl convert.\n"
	    "; What is not named here has almandined's default.\n", file);
	if (!v->has_bind)
		puts("; Without bind redis-server listens on all addresses.");
	fputs(text, stdout);
	free(text);
	if (v->left_count > 0)
		printf("\n; Left out:\n%s", left);
	return fflush(stdout) == 0 ? GOOD : peek_complain("the output can not "
	    "be written: %s", strerror(errno));
}

int
convert_print(const char *file)
{
	static struct conversion v;
	char *left = NULL, why[OPTION_WHY];
	size_t bytes;
	int code;

	option_set_defaults(&v.standard);
	v.options = v.standard;
	v.left = open_memstream(&left, &bytes);
	if (v.left == NULL)
		return peek_complain("no memory");
	code = read_file(&v, file);
	if (!v.has_bind)
		must(option_set(&v.options, option_find(SLICE("bind")),
		    SLICE("* -::*"), why), "these are addresses");
	fclose(v.left);
	if (code == GOOD)
		code = print(&v, file, left);
	free(left);
	return code;
}
