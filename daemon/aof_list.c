#include "daemon/aof_list.h"

#include "proto/crc64.h"
#include "proto/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define WORDS 16
#define LINE_MAX_BYTES 1022   /* with its end; longer ones nobody else reads */
#define OURS "almandine"

/* --- reading ----------------------------------------------------------- */

/* The words of a line; how many, -1: too many. */
static int
split(struct slice line, struct slice word[WORDS])
{
	size_t at = 0, from;
	int count = 0;

	while (at < line.bytes) {
		if (line.data[at] == ' ' || line.data[at] == '\t' ||
		    line.data[at] == '\r') {
			at++;
			continue;
		}
		if (count == WORDS)
			return -1;
		for (from = at; at < line.bytes && line.data[at] != ' ' &&
		    line.data[at] != '\t' && line.data[at] != '\r'; at++)
			;
		word[count++] = (struct slice){ line.data + from, at - from };
	}
	return count;
}

static bool
get_number(struct slice s, uint64_t *n)
{
	int64_t got;

	if (!number_get_int(s, &got) || got < 0)
		return false;
	*n = (uint64_t)got;
	return true;
}

static bool
get_id(struct slice s, char id[41])
{
	if (slice_equal(s, SLICE("-"))) {
		id[0] = 0;
		return true;
	}
	if (s.bytes != 40)
		return false;
	memcpy(id, s.data, 40);
	id[40] = 0;
	return true;
}

/* One of our own comments, from its second word on; a foreign one is passed. */
static bool
read_comment(struct aof_list *l, const struct slice *w, int words,
    struct aof_place *next, const char **why)
{
	int64_t n;

	*why = "a line of ours is broken";
	if (words == 8 && slice_equal(w[2], SLICE("replid"))) {
		if (!get_id(w[3], l->replid) || !get_id(w[5], l->replid2) ||
		    !number_get_int(w[7], &n))
			return false;
		l->second_offset = n;
		return true;
	}
	if (words == 6 && slice_equal(w[2], SLICE("from"))) {
		next->incr = 1;
		return get_number(w[3], &next->from) &&
		    get_number(w[5], &next->start);
	}
	return false;
}

static const char *
check_file(const struct aof_list *l, struct slice name, uint64_t seq,
    struct slice type)
{
	const struct aof_file *last = aof_list_last(l);
	size_t i;

	if (name.bytes == 0 || seq == 0 || type.bytes == 0)
		return "a file has a name, a number and a type";
	if (name.bytes >= AOF_NAME)
		return "the name is too long";
	for (i = 0; i < name.bytes; i++)
		if (name.data[i] == '/' || name.data[i] == '"' ||
		    name.data[i] == '\\' || (unsigned char)name.data[i] < ' ')
			return "this is not a plain file name";
	if (slice_equal(name, SLICE(".")) || slice_equal(name, SLICE("..")))
		return "this is not a plain file name";
	if (type.data[0] == AOF_BASE && aof_list_base(l) != NULL)
		return "there is a base file already";
	if (type.data[0] == AOF_INCR && last != NULL && seq <= last->seq)
		return "the numbers do not go up";
	if (type.data[0] != AOF_BASE && type.data[0] != AOF_INCR &&
	    type.data[0] != AOF_HISTORY)
		return "there is no such type of file";
	return NULL;
}

static bool
read_file(struct aof_list *l, const struct slice *w, int words,
    struct aof_place *place, const char **why)
{
	struct slice name = { "", 0 }, type = { "", 0 };
	struct aof_file *f;
	char text[AOF_NAME];
	uint64_t seq = 0;
	int i;

	*why = "this is not a line of a manifest";
	if (words < 6 || words % 2 != 0)
		return false;
	for (i = 0; i < words; i += 2) {
		if (slice_is(w[i], "file"))
			name = w[i + 1];
		else if (slice_is(w[i], "type"))
			type = w[i + 1];
		else if (slice_is(w[i], "seq") && !get_number(w[i + 1], &seq))
			return false;
	}
	*why = check_file(l, name, seq, type);
	if (*why != NULL)
		return false;
	memcpy(text, name.data, name.bytes);
	text[name.bytes] = 0;
	f = aof_list_add(l, (enum aof_type)type.data[0], seq, text);
	if (f->type == AOF_INCR) {
		f->is_placed = place->incr != 0;
		f->from = place->from;
		f->start = place->start;
	}
	place->incr = 0;
	return true;
}

/* Whether a line with a sum tells that of all before it. */
static bool
is_sum(const struct slice *w, int words, struct slice before)
{
	char text[20];

	snprintf(text, sizeof(text), "%016" PRIx64,
	    crc64_add(0, before.data, before.bytes));
	return words == 4 && slice_equal(w[3], slice_of(text));
}

/* is_open: a line of ours came, and no sum after it. */
static bool
read_line(struct aof_list *l, struct slice line, struct slice before,
    struct aof_place *place, bool *is_open, const char **why)
{
	struct slice w[WORDS];
	int words = split(line, w);

	*why = "this is not a line of a manifest";
	if (line.bytes > 0 && line.data[0] == '#') {
		if (words < 3 || !slice_equal(w[0], SLICE("#")) ||
		    !slice_equal(w[1], SLICE(OURS)))
			return true;
		*is_open = !slice_equal(w[2], SLICE("sum"));
		if (*is_open)
			return read_comment(l, w, words, place, why);
		*why = "the sum is not that of the lines before";
		return is_sum(w, words, before);
	}
	return read_file(l, w, words, place, why);
}

int
aof_list_read(struct aof_list *l, struct slice text, const char **why)
{
	struct aof_place place = { .incr = 0 };
	size_t at = 0, from;
	bool is_open = false;
	int line = 0;

	l->second_offset = -1;
	while (at < text.bytes) {
		line++;
		for (from = at; at < text.bytes && text.data[at] != '\n'; at++)
			;
		*why = "the line has no end";
		if (at == text.bytes)
			return line;
		*why = "the line is too long";
		if (at - from > LINE_MAX_BYTES || !read_line(l,
		    (struct slice){ text.data + from, at - from },
		    (struct slice){ text.data, from }, &place, &is_open, why))
			return line;
		at++;
	}
	*why = line == 0 ? "it is empty" : "the sum is missing behind it";
	return line == 0 ? 1 : is_open ? line : 0;
}

/* --- printing ---------------------------------------------------------- */

static void
print_file(FILE *f, const struct aof_file *a)
{
	if (a->is_placed && a->type == AOF_INCR)
		fprintf(f, "# " OURS " from %" PRIu64 " at %" PRIu64 "\n",
		    a->from, a->start);
	fprintf(f, "file %s seq %" PRIu64 " type %c\n", a->name, a->seq,
	    a->type);
}

char *
aof_list_print(const struct aof_list *l, size_t *bytes)
{
	static const char order[] = { AOF_BASE, AOF_HISTORY, AOF_INCR };
	char *text = NULL;
	FILE *f = open_memstream(&text, bytes);
	size_t t;
	int i;

	must(f != NULL, "there is private memory for a manifest");
	fprintf(f, "# " OURS " replid %s replid2 %s second-offset %" PRId64
	    "\n", l->replid[0] != 0 ? l->replid : "-",
	    l->replid2[0] != 0 ? l->replid2 : "-", l->second_offset);
	for (t = 0; t < COUNT(order); t++)
		for (i = 0; i < l->count; i++)
			if (l->file[i].type == order[t])
				print_file(f, &l->file[i]);
	fflush(f);
	fprintf(f, "# " OURS " sum %016" PRIx64 "\n",
	    crc64_add(0, text, *bytes));
	fclose(f);
	return text;
}

/* --- the list ---------------------------------------------------------- */

struct aof_file *
aof_list_add(struct aof_list *l, enum aof_type type, uint64_t seq,
    const char *name)
{
	struct aof_file *f;

	if (strlen(name) >= AOF_NAME)
		return NULL;
	if (l->count == l->room) {
		l->room = l->room * 2 + 8;
		l->file = realloc(l->file, (size_t)l->room * sizeof(*f));
		must(l->file != NULL, "there is private memory for a list");
	}
	f = &l->file[l->count++];
	memset(f, 0, sizeof(*f));
	memcpy(f->name, name, strlen(name) + 1);
	f->type = (char)type;
	f->seq = seq;
	return f;
}

struct aof_file *
aof_list_base(const struct aof_list *l)
{
	int i;

	for (i = 0; i < l->count; i++)
		if (l->file[i].type == AOF_BASE)
			return &l->file[i];
	return NULL;
}

struct aof_file *
aof_list_incr(const struct aof_list *l, uint64_t seq)
{
	int i;

	for (i = 0; i < l->count; i++)
		if (l->file[i].type == AOF_INCR && l->file[i].seq == seq)
			return &l->file[i];
	return NULL;
}

struct aof_file *
aof_list_last(const struct aof_list *l)
{
	struct aof_file *last = NULL;
	int i;

	for (i = 0; i < l->count; i++)
		if (l->file[i].type == AOF_INCR)
			last = &l->file[i];
	return last;
}

void
aof_list_drop(struct aof_list *l, enum aof_type type)
{
	int i, kept = 0;

	for (i = 0; i < l->count; i++)
		if (l->file[i].type != (char)type)
			l->file[kept++] = l->file[i];
	l->count = kept;
}

void
aof_list_free(struct aof_list *l)
{
	free(l->file);
	memset(l, 0, sizeof(*l));
}

/* --- names ------------------------------------------------------------- */

void
aof_name_base(const struct options *o, uint64_t seq, char name[AOF_NAME])
{
	snprintf(name, AOF_NAME, "%.200s.%" PRIu64 ".base.rdb",
	    o->appendfilename, seq);
}

void
aof_name_incr(const struct options *o, uint64_t seq, char name[AOF_NAME])
{
	snprintf(name, AOF_NAME, "%.200s.%" PRIu64 ".incr.aof",
	    o->appendfilename, seq);
}

void
aof_name_manifest(const struct options *o, char name[AOF_NAME])
{
	snprintf(name, AOF_NAME, "%.200s.manifest", o->appendfilename);
}

void
aof_path(const struct options *o, const char *name, char path[AOF_PATH])
{
	snprintf(path, AOF_PATH, "%s/%s", o->appenddirname, name);
}
