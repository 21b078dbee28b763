/*
 * hear - what the reader of requests makes of a stream, however it is cut
 *
 * The reader gets its bytes in memory of exactly their size, at another
 * place each time more of them have come, and room for one argument at
 * first; so what it keeps of an earlier call and must not is seen.
 *
 * Not here: what should be heard (unit_resp.c), random streams (fuzz_resp.c).
 */
#include "t/hear.h"

#include <stdio.h>
#include <stdlib.h>

struct caller {
	struct resp resp;
	struct resp_limits limits;
	struct slice *argv;
	int argc, room;
	char *held;
	size_t held_bytes;
};

static void
hear(struct heard *h, const char *data, size_t bytes)
{
	if (h->room - h->bytes < bytes + 1) {
		h->room = (h->bytes + bytes + 1) * 2;
		h->text = realloc(h->text, h->room);
	}
	memcpy(h->text + h->bytes, data, bytes);
	h->bytes += bytes;
	h->text[h->bytes] = 0;
}

static void
hear_request(struct heard *h, const struct slice *argv, int argc)
{
	int i;

	for (i = 0; i < argc; i++) {
		hear(h, argv[i].data, argv[i].bytes);
		hear(h, i + 1 < argc ? "|" : ";", 1);
	}
}

/* Other memory with the same content and `more` behind it. */
static void
hold(struct caller *c, const char *more, size_t bytes)
{
	size_t total = c->held_bytes + bytes;
	char *held = malloc(total > 0 ? total : 1);
	int i;

	if (c->held_bytes > 0)
		memcpy(held, c->held, c->held_bytes);
	memcpy(held + c->held_bytes, more, bytes);
	for (i = 0; i < c->argc; i++)
		c->argv[i].data = held + (c->argv[i].data - c->held);
	free(c->held);
	c->held = held;
	c->held_bytes = total;
}

static void
drop(struct caller *c, size_t bytes)
{
	c->argc = 0;
	memmove(c->held, c->held + bytes, c->held_bytes - bytes);
	c->held_bytes -= bytes;
	hold(c, "", 0);
	resp_begin(&c->resp);
}

static void
widen(struct caller *c)
{
	c->room = c->room * 2 + 1;
	c->argv = realloc(c->argv, (size_t)c->room * sizeof(*c->argv));
}

/* Reads all that is there; false when the stream is broken. */
static bool
read_all(struct caller *c, struct heard *h)
{
	for (;;) {
		h->last = resp_read(&c->resp, &c->limits, c->held,
		    c->held_bytes, c->argv, c->room, &c->argc);
		must(c->argc <= c->room, "arguments have room");
		switch (h->last) {
		case RESP_MORE:
			must(c->resp.used <= c->held_bytes &&
			    resp_need(&c->resp) >= c->resp.used,
			    "no more is read than there is");
			return true;
		case RESP_REQUEST:
			must(c->argc > 0, "a request has a name");
			hear_request(h, c->argv, c->argc);
			/* FALLTHROUGH */
		case RESP_EMPTY:
			must(c->resp.used > 0 &&
			    c->resp.used <= c->held_bytes,
			    "a request has bytes, and these are there");
			drop(c, c->resp.used);
			break;
		case RESP_ROOM:
			widen(c);
			break;
		case RESP_ERROR:
			snprintf(h->error, sizeof(h->error), "%s",
			    c->resp.error);
			return false;
		}
	}
}

struct heard
hear_stream(struct slice in, size_t first, size_t step, bool is_stranger)
{
	struct heard h = { .last = RESP_MORE };
	struct caller c = { .limits = { HEAR_BULK_MAX, is_stranger } };
	size_t at = 0, piece = first;

	hear(&h, "", 0);
	hold(&c, "", 0);
	widen(&c);
	while (at < in.bytes) {
		if (piece > in.bytes - at)
			piece = in.bytes - at;
		hold(&c, in.data + at, piece);
		at += piece;
		piece = step;
		if (!read_all(&c, &h))
			break;
	}
	free(c.argv);
	free(c.held);
	return h;
}

bool
hear_same(const struct heard *a, const struct heard *b)
{
	return a->bytes == b->bytes &&
	    memcmp(a->text, b->text, a->bytes) == 0 &&
	    a->last == b->last && strcmp(a->error, b->error) == 0;
}
