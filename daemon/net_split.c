#include "daemon/net_split.h"

#include "proto/keyslot.h"
#include "proto/number.h"
#include "shm/word.h"

#include <stdlib.h>

#define LINE_MAX_BYTES 65536  /* of an annotation */
#define BEAT_REQUESTS 4096
#define ROOM 64
#define DIGITS 10
#define NOBODY UINT32_MAX

/* One request. */
struct request_text {
	int argc;
	size_t bytes;
	bool is_line;        /* an annotation, or what looks like one */
	const struct command *command;
};

void
split_open(struct split *s, uint32_t workers, uint64_t *beat)
{
	memset(s, 0, sizeof(*s));
	s->workers = workers;
	s->beat = beat;
}

void
split_close(struct split *s)
{
	free(s->argv);
	free(s->at);
	memset(s, 0, sizeof(*s));
}

/* --- reading ----------------------------------------------------------- */

/* "KINDn\r\n" as it is written, and not otherwise; the bytes, or 0. */
static inline size_t
read_number(const char *p, const char *end, char kind, uint64_t *n)
{
	const char *from = p + 1, *at = from;
	uint64_t value = 0;

	if (end - p < 4 || *p != kind)
		return 0;
	for (; at < end && (unsigned char)(*at - '0') <= 9; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	if (at == from || at - from > DIGITS || (*from == '0' &&
	    at - from > 1) || value > INT32_MAX || end - at < 2 ||
	    at[0] != '\r' || at[1] != '\n')
		return 0;
	*n = value;
	return (size_t)(at + 2 - p);
}

static bool
make_room(struct split *s, uint64_t args)
{
	int room = s->room > 0 ? s->room : ROOM;
	struct slice *argv;
	int *at;

	while ((uint64_t)room < args)
		room *= 2;
	argv = realloc(s->argv, (size_t)room * sizeof(*argv));
	if (argv == NULL)
		return false;
	s->argv = argv;
	at = realloc(s->at, (size_t)room * sizeof(*at));
	if (at == NULL)
		return false;
	s->at = at;
	s->room = room;
	return true;
}

static bool
read_line(struct slice text, struct request_text *q)
{
	size_t most = text.bytes < LINE_MAX_BYTES ? text.bytes : LINE_MAX_BYTES;
	const char *end = memchr(text.data, '\n', most);

	q->is_line = true;
	q->command = NULL;
	q->bytes = end != NULL ? (size_t)(end + 1 - text.data) : 0;
	return end != NULL && text.data[0] == '#';
}

/* A whole request that has the form it should have. */
static bool
read_request(struct split *s, struct slice text, struct request_text *q)
{
	const char *p = text.data, *end = p + text.bytes;
	uint64_t count, bytes, i;
	size_t took = read_number(p, end, '*', &count);
	bool is_container;

	if (took == 0 || count == 0)
		return read_line(text, q);
	p += took;
	/* An argument has at least five bytes. */
	if (count > (uint64_t)(end - p) / 5 || (count > (uint64_t)s->room &&
	    !make_room(s, count)))
		return false;
	for (i = 0; i < count; i++) {
		took = read_number(p, end, '$', &bytes);
		p += took;
		if (took == 0 || (uint64_t)(end - p) < bytes + 2)
			return false;
		s->argv[i] = (struct slice){ p, (size_t)bytes };
		p += bytes;
		if (p[0] != '\r' || p[1] != '\n')
			return false;
		p += 2;
	}
	q->argc = (int)count;
	q->bytes = (size_t)(p - text.data);
	q->is_line = false;
	q->command = command_find(s->argv, q->argc, &is_container);
	return true;
}

/* --- whose it is ------------------------------------------------------- */

/* Adds a worker to those of a part. */
static void
add(struct split_part *p, uint32_t worker)
{
	if (p->worker != NOBODY && p->worker != worker)
		p->whose = SPLIT_SOLE;
	p->worker = worker;
}

/* Adds those whose slots a request changes. */
static void
judge(struct split *s, const struct request_text *q, struct split_part *p)
{
	const struct command *c = q->command;
	int count, i;

	if (q->is_line)
		return;
	if (c == NULL) {
		p->whose = SPLIT_SOLE;
		return;
	}
	/* Nothing comes of what does not write. */
	if (!(c->flags & COMMAND_WRITE))
		return;
	count = c->place == SLOT || (c->place == EVERY &&
	    !command_needs_every(c, s->argv, q->argc)) ?
	    command_find_keys(c, s->argv, q->argc, s->at, s->room) : 0;
	if (count <= 0 || count > s->room) {
		p->whose = SPLIT_SOLE;
		return;
	}
	for (i = 0; i < count; i++)
		add(p, keyslot_of(s->argv[s->at[i]]) % s->workers);
}

/* One more request of a transaction; false: it ends here, or has to. */
static bool
add_request(struct split *s, struct slice text, const struct request_text *q,
    struct split_part *p)
{
	enum command_id id = q->command != NULL ? q->command->id : CMD_COUNT;

	p->bytes += q->bytes;
	if (id == CMD_EXEC)
		return false;
	if (id == CMD_SELECT)
		p->select = (struct slice){ text.data, q->bytes };
	if (id == CMD_MULTI || id == CMD_DISCARD)
		p->whose = SPLIT_SOLE;
	else
		judge(s, q, p);
	return true;
}

/* From behind MULTI to EXEC; false when that is not there. */
static bool
read_unit(struct split *s, struct slice text, struct split_part *p)
{
	struct request_text q;
	struct slice rest;
	uint32_t requests = 0;

	do {
		rest = (struct slice){ text.data + p->bytes,
		    text.bytes - p->bytes };
		if (rest.bytes == 0 || !read_request(s, rest, &q))
			return false;
		if (++requests % BEAT_REQUESTS == 0)
			word_store(s->beat, *s->beat + 1);
	} while (add_request(s, rest, &q, p));
	return true;
}

static bool
read_part(struct split *s, struct slice text, struct split_part *p)
{
	struct request_text q;

	p->whose = SPLIT_ONE;
	p->worker = NOBODY;
	p->select.bytes = 0;
	if (!read_request(s, text, &q))
		return false;
	p->bytes = q.bytes;
	if (q.command != NULL && q.command->id == CMD_MULTI)
		return read_unit(s, text, p);
	if (q.command != NULL && q.command->id == CMD_SELECT)
		p->whose = SPLIT_ALL;
	else if (q.command != NULL && (q.command->id == CMD_EXEC ||
	    q.command->id == CMD_DISCARD))
		p->whose = SPLIT_SOLE;
	else
		judge(s, &q, p);
	return true;
}

bool
split_next(struct split *s, struct slice text, struct split_part *p)
{
	if (!read_part(s, text, p))
		return false;
	if (p->whose == SPLIT_SOLE)
		s->close = SPLIT_CLOSE;
	else if (s->close > 0 && p->whose == SPLIT_ONE) {
		s->close--;
		p->whose = SPLIT_SOLE;
	}
	if (p->whose == SPLIT_SOLE || p->worker == NOBODY)
		p->worker = 0;
	return true;
}
