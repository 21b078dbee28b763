/*
 * cmd_docs - COMMAND DOCS: what commands are for and what they take
 *
 * Arguments are written once, as a line of syntax in the command's row
 * ("key value [NX | XX] [EX seconds]").  Here that line is read:
 *
 *   word       an argument of that name; its type follows from the name
 *   WORD       a token; with words behind it, it is their token
 *   [ ... ]    may be left out
 *   a | b      one of them
 *   x [x ...]  x may be repeated
 *
 * Not here: the rows (proto/command/), the manual (man/manual.c).
 */
#include <ctype.h>
#include <stdio.h>

#include "daemon/cmd_command.h"

/* One thing in a line: a word, or everything within brackets. */
struct part {
	struct slice text;
	bool is_optional, is_token;
};

static void reply_arguments(struct call *c, struct slice syntax);

static const char *
type_of(struct slice name)
{
	static const struct { const char *word, *type; } types[] = {
		{ "key", "key" }, { "newkey", "key" }, { "source", "key" },
		{ "destination", "key" }, { "pattern", "pattern" },
		{ "seconds", "integer" }, { "milliseconds", "integer" },
		{ "unix-time-seconds", "unix-time" },
		{ "unix-time-milliseconds", "unix-time" },
		{ "count", "integer" }, { "offset", "integer" },
		{ "index", "integer" }, { "start", "integer" },
		{ "stop", "integer" }, { "end", "integer" },
		{ "numkeys", "integer" }, { "cursor", "integer" },
		{ "increment", "integer" }, { "decrement", "integer" },
		{ "db", "integer" }, { "timeout", "double" },
		{ "score", "double" }, { "min", "double" }, { "max", "double" },
	};
	size_t i;

	for (i = 0; i < COUNT(types); i++)
		if (slice_is(name, types[i].word))
			return types[i].type;
	return "string";
}

static bool
is_token(struct slice s)
{
	size_t i;

	for (i = 0; i < s.bytes; i++)
		if (islower((unsigned char)s.data[i]))
			return false;
	return true;
}

/* The part at *at of the syntax; false at its end. */
static bool
next_part(struct slice syntax, size_t *at, struct part *p)
{
	size_t i = *at, depth = 0, from;

	while (i < syntax.bytes && syntax.data[i] == ' ')
		i++;
	from = i;
	if (i == syntax.bytes)
		return false;
	do {
		depth += syntax.data[i] == '[';
		depth -= syntax.data[i] == ']';
		i++;
	} while (i < syntax.bytes && (depth > 0 || syntax.data[i] != ' '));
	*at = i;
	p->text = (struct slice){ syntax.data + from, i - from };
	p->is_optional = syntax.data[from] == '[';
	if (p->is_optional)
		p->text = (struct slice){ p->text.data + 1, p->text.bytes - 2 };
	p->is_token = !p->is_optional && is_token(p->text);
	return true;
}

static bool
ends_with_dots(struct slice s)
{
	return s.bytes > 4 &&
	    memcmp(s.data + s.bytes - 4, " ...", 4) == 0;
}

/* Whether an optional part only says that what stands before it repeats. */
static bool
is_repeat(struct slice syntax, const struct part *p)
{
	size_t bytes = p->text.bytes - 4;

	return p->is_optional && ends_with_dots(p->text) &&
	    p->text.data - syntax.data >= (ptrdiff_t)(bytes + 2) &&
	    memcmp(p->text.data - bytes - 2, p->text.data, bytes) == 0;
}

static void
lower(char *to, size_t room, struct slice s)
{
	size_t i;

	for (i = 0; i < s.bytes && i + 1 < room && s.data[i] != ' '; i++)
		to[i] = s.data[i] == '|' ? '-' :
		    (char)tolower((unsigned char)s.data[i]);
	to[i] = 0;
}

static bool
has_choice(struct slice s)
{
	size_t i, depth = 0;

	for (i = 0; i < s.bytes; i++) {
		depth += s.data[i] == '[';
		depth -= s.data[i] == ']';
		if (s.data[i] == '|' && depth == 0)
			return true;
	}
	return false;
}

static void
reply_argument_flags(struct call *c, bool is_optional, bool is_multiple)
{
	if (!is_optional && !is_multiple)
		return;
	reply_text(c->reply, "flags");
	reply_set(c->reply, is_optional + is_multiple);
	if (is_optional)
		reply_simple(c->reply, "optional");
	if (is_multiple)
		reply_simple(c->reply, "multiple");
}

/* A plain argument, perhaps with the token before it. */
static void
reply_word(struct call *c, struct slice token, struct slice name,
    bool is_optional, bool is_multiple)
{
	char text[64];
	const char *type = name.data == NULL ? "pure-token" : type_of(name);

	reply_map(c->reply, 2 + (token.data != NULL) +
	    (is_optional || is_multiple));
	lower(text, sizeof(text), name.data == NULL ? token : name);
	reply_text(c->reply, "name");
	reply_text(c->reply, text);
	reply_text(c->reply, "type");
	reply_text(c->reply, type);
	if (token.data != NULL) {
		reply_text(c->reply, "token");
		reply_bulk(c->reply, token);
	}
	reply_argument_flags(c, is_optional, is_multiple);
}

/* An argument that consists of others: of all (block) or of one (oneof). */
static void
reply_nested(struct call *c, const char *type, struct slice syntax,
    bool is_optional, bool is_multiple)
{
	char text[64];

	reply_map(c->reply, 3 + (is_optional || is_multiple));
	lower(text, sizeof(text), syntax);
	reply_text(c->reply, "name");
	reply_text(c->reply, text);
	reply_text(c->reply, "type");
	reply_text(c->reply, type);
	reply_argument_flags(c, is_optional, is_multiple);
	reply_text(c->reply, "arguments");
	reply_arguments(c, syntax);
}

/* What stands in brackets, or between bars. */
static void
reply_inner(struct call *c, struct slice syntax, bool is_optional)
{
	struct part p, q;
	size_t at = 0;
	bool is_multiple = ends_with_dots(syntax);

	if (is_multiple)
		syntax.bytes -= 4;
	if (has_choice(syntax)) {
		reply_nested(c, "oneof", syntax, is_optional, is_multiple);
		return;
	}
	if (!next_part(syntax, &at, &p))
		return;
	if (!next_part(syntax, &at, &q))
		reply_word(c, p.is_token ? p.text : (struct slice){ NULL, 0 },
		    p.is_token ? (struct slice){ NULL, 0 } : p.text,
		    is_optional, is_multiple);
	else if (p.is_token && !q.is_optional && at >= syntax.bytes)
		reply_word(c, p.text, q.text, is_optional, is_multiple);
	else
		reply_nested(c, "block", syntax, is_optional, is_multiple);
}

/* The alternatives of a choice. */
static int
reply_choices(struct call *c, struct slice syntax)
{
	size_t i, from = 0, depth = 0;
	int count = 0;

	for (i = 0; i <= syntax.bytes; i++) {
		if (i < syntax.bytes) {
			depth += syntax.data[i] == '[';
			depth -= syntax.data[i] == ']';
		}
		if (i == syntax.bytes ||
		    (syntax.data[i] == '|' && depth == 0)) {
			size_t to = i;

			while (from < to && syntax.data[from] == ' ')
				from++;
			while (to > from && syntax.data[to - 1] == ' ')
				to--;
			reply_inner(c, (struct slice){ syntax.data + from,
			    to - from }, false);
			from = i + 1;
			count++;
		}
	}
	return count;
}

static void
reply_arguments(struct call *c, struct slice syntax)
{
	size_t place = reply_later(c->reply), at = 0, peek;
	struct part p, next;
	int count = 0;

	if (has_choice(syntax)) {
		count = reply_choices(c, syntax);
		reply_later_set(c->reply, place, '*', count);
		return;
	}
	while (next_part(syntax, &at, &p)) {
		bool is_multiple = false;

		peek = at;
		if (next_part(syntax, &peek, &next) &&
		    is_repeat(syntax, &next)) {
			is_multiple = true;
			at = peek;
		}
		count++;
		if (p.is_optional)
			reply_inner(c, p.text, true);
		else
			reply_word(c, p.is_token ? p.text :
			    (struct slice){ NULL, 0 }, p.is_token ?
			    (struct slice){ NULL, 0 } : p.text, false,
			    is_multiple);
	}
	reply_later_set(c->reply, place, '*', count);
}

/* --- DOCS -------------------------------------------------------------- */

static void
reply_row(struct call *c, const struct command *row)
{
	struct reply *r = c->reply;
	bool has_arguments = row->arguments[0] != 0;

	reply_map(r, 4 + has_arguments);
	reply_text(r, "summary");
	reply_text(r, row->words);
	reply_text(r, "since");
	reply_text(r, row->since);
	reply_text(r, "group");
	reply_text(r, row->family);
	reply_text(r, "complexity");
	reply_text(r, row->complexity);
	if (has_arguments) {
		reply_text(r, "arguments");
		reply_arguments(c, slice_of(row->arguments));
	}
}

static void
reply_container(struct call *c, struct slice name, int first)
{
	struct reply *r = c->reply;
	size_t place;
	int i, count = 0;

	reply_map(r, 4);
	reply_text(r, "summary");
	reply_text(r, "A container of subcommands.");
	reply_text(r, "since");
	reply_text(r, command_table[first].since);
	reply_text(r, "group");
	reply_text(r, command_table[first].family);
	reply_text(r, "subcommands");
	place = reply_later(r);
	for (i = 0; i < CMD_COUNT; i++)
		if (slice_equal(command_container(&command_table[i]), name)) {
			reply_text(r, command_table[i].name);
			reply_row(c, &command_table[i]);
			count++;
		}
	reply_later_set(r, place, '%', count);
}

static void
see_docs(struct call *c, struct slice name, int row, void *arg)
{
	struct slice own = command_container(&command_table[row]);

	(void)arg;
	reply_bulk(c->reply, name);
	if (own.data != NULL && own.bytes == name.bytes)
		reply_container(c, name, row);
	else
		reply_row(c, &command_table[row]);
}

void
cmd_command_docs(struct call *c)
{
	size_t place;
	int i, count = 0;

	if (c->argc == 2) {
		reply_map(c->reply, command_each(c, NULL, NULL));
		command_each(c, see_docs, NULL);
		return;
	}
	place = reply_later(c->reply);
	for (i = 2; i < c->argc; i++) {
		int row = command_named(c->argv[i]);
		struct slice own;

		if (row < 0)
			continue;
		own = command_container(&command_table[row]);
		see_docs(c, own.data != NULL && own.bytes == c->argv[i].bytes ?
		    own : slice_of(command_table[row].name), row, NULL);
		count++;
	}
	reply_later_set(c->reply, place, '%', count);
}
