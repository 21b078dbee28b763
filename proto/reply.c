/*
 * reply - what goes back to a client, as RESP2 or RESP3
 *
 * Every element asks for its room once, with a bound that holds for any
 * number in it, writes where it will stay, and then counts what it wrote.
 *
 * Not here: when a reply may leave (daemon/net_park.c), how it is sent
 * (daemon/net_conn.c), the texts of errors (proto/error.def).
 */
#include "proto/reply.h"

#include "proto/number.h"

#include <stdarg.h>
#include <stdio.h>

/* A mark, the longest integer with its sign, and the line's end. */
#define HEAD_BYTES 23
/* What reply_later() leaves for a head: enough for counts below 10. */
#define LATER_BYTES 4
/* The longest error that is formatted without a second try. */
#define FORMAT_BYTES 256

static inline char *
put_end(char *p)
{
	memcpy(p, "\r\n", 2);
	return p + 2;
}

/* A mark and a count, ended; the count has most often one digit or two. */
static inline char *
put_head(char *p, char mark, int64_t n)
{
	*p++ = mark;
	if (likely((uint64_t)n < 100)) {
		unsigned tens = (unsigned)n / 10;

		*p = (char)('0' + tens);
		p += tens > 0;
		*p++ = (char)('0' + (unsigned)n - tens * 10);
	} else {
		p += number_put_int(p, n);
	}
	return put_end(p);
}

static inline void
filled(struct reply *r, const char *end)
{
	r->used = end - r->data;
}

static inline void
put_count(struct reply *r, char mark, int64_t n)
{
	filled(r, put_head(reply_room(r, HEAD_BYTES), mark, n));
}

static inline void
put_bulk(struct reply *r, const char *data, size_t bytes)
{
	char *p = reply_room_long(r, HEAD_BYTES + bytes + 2);

	if (unlikely(p == NULL))
		return;
	p = put_head(p, '$', bytes);
	memcpy(p, data, bytes);
	filled(r, put_end(p + bytes));
}

void
reply_ok(struct reply *r)
{
	reply_literal(r, "+OK\r\n");
}

void
reply_simple(struct reply *r, const char *text)
{
	size_t bytes = strlen(text);
	char *p = reply_room_long(r, bytes + 3);

	if (p == NULL)
		return;
	*p = '+';
	memcpy(p + 1, text, bytes);
	filled(r, put_end(p + 1 + bytes));
}

void
reply_int(struct reply *r, int64_t n)
{
	put_count(r, ':', n);
}

void
reply_bulk(struct reply *r, struct slice s)
{
	if (unlikely(s.bytes == 0))
		reply_literal(r, "$0\r\n\r\n");
	else
		put_bulk(r, s.data, s.bytes);
}

void
reply_text(struct reply *r, const char *text)
{
	put_bulk(r, text, strlen(text));
}

void
reply_bulk_int(struct reply *r, int64_t n)
{
	char *p = reply_room(r, HEAD_BYTES + NUMBER_TEXT), *text = p + 4;
	size_t bytes = number_put_int(text, n);

	if (unlikely(bytes > 9))
		memmove(++text, p + 4, bytes);
	put_head(p, '$', bytes);
	filled(r, put_end(text + bytes));
}

void
reply_null(struct reply *r)
{
	if (r->resp == 3)
		reply_literal(r, "_\r\n");
	else
		reply_literal(r, "$-1\r\n");
}

void
reply_null_array(struct reply *r)
{
	if (r->resp == 3)
		reply_literal(r, "_\r\n");
	else
		reply_literal(r, "*-1\r\n");
}

void
reply_array(struct reply *r, int64_t count)
{
	put_count(r, '*', count);
}

void
reply_map(struct reply *r, int64_t pairs)
{
	if (r->resp == 3)
		put_count(r, '%', pairs);
	else
		put_count(r, '*', pairs * 2);
}

void
reply_set(struct reply *r, int64_t count)
{
	put_count(r, r->resp == 3 ? '~' : '*', count);
}

void
reply_push(struct reply *r, int64_t count)
{
	put_count(r, r->resp == 3 ? '>' : '*', count);
}

void
reply_attribute(struct reply *r, int64_t pairs)
{
	must(r->resp == 3, "attributes are sent to RESP3 clients only");
	put_count(r, '|', pairs);
}

void
reply_bool(struct reply *r, bool b)
{
	if (r->resp == 3)
		reply_raw(r, b ? "#t\r\n" : "#f\r\n", 4);
	else
		reply_raw(r, b ? ":1\r\n" : ":0\r\n", 4);
}

static void
bulk_double(struct reply *r, double d)
{
	char text[NUMBER_TEXT];

	put_bulk(r, text, number_put_double(text, d));
}

void
reply_double(struct reply *r, double d)
{
	char *p;

	if (r->resp != 3) {
		bulk_double(r, d);
		return;
	}
	p = reply_room(r, 1 + NUMBER_TEXT + 2);
	*p++ = ',';
	p += number_put_double(p, d);
	filled(r, put_end(p));
}

void
reply_big(struct reply *r, struct slice digits)
{
	char *p;

	if (r->resp != 3) {
		reply_bulk(r, digits);
		return;
	}
	p = reply_room_long(r, digits.bytes + 3);
	if (p == NULL)
		return;
	*p = '(';
	memcpy(p + 1, digits.data, digits.bytes);
	filled(r, put_end(p + 1 + digits.bytes));
}

void
reply_verbatim(struct reply *r, const char *kind3, struct slice s)
{
	char *p;

	if (r->resp != 3) {
		reply_bulk(r, s);
		return;
	}
	p = reply_room_long(r, HEAD_BYTES + 4 + s.bytes + 2);
	if (p == NULL)
		return;
	p = put_head(p, '=', s.bytes + 4);
	memcpy(p, kind3, 3);
	p[3] = ':';
	if (s.bytes > 0)
		memcpy(p + 4, s.data, s.bytes);
	filled(r, put_end(p + 4 + s.bytes));
}

static inline bool
is_break(char c)
{
	return c == '\r' || c == '\n';
}

/*
 * Ends an error whose text is already behind the reply, one byte for the
 * mark away from its end; room for a line's end is there too.
 */
static void
end_error(struct reply *r, size_t bytes)
{
	char *p = r->data + r->used, *text = p + 1;
	size_t i;

	*p = '-';
	while (bytes > 0 && is_break(text[bytes - 1]))
		bytes--;
	for (i = 0; i < bytes; i++)
		if (is_break(text[i]))
			text[i] = ' ';
	filled(r, put_end(text + bytes));
	r->errors++;
}

void
reply_error(struct reply *r, const char *text)
{
	size_t bytes = strlen(text);
	char *p = reply_room_long(r, 1 + bytes + 2);

	if (p == NULL)
		return;
	memcpy(p + 1, text, bytes);
	end_error(r, bytes);
}

void
reply_errorf(struct reply *r, const char *format, ...)
{
	va_list args, again;
	char *p = reply_room(r, 1 + FORMAT_BYTES + 2);
	int bytes;

	va_start(args, format);
	va_copy(again, args);
	bytes = vsnprintf(p + 1, FORMAT_BYTES, format, args);
	must(bytes >= 0, "an error's format is sound");
	if (bytes >= FORMAT_BYTES) {
		p = reply_room_long(r, 1 + (size_t)bytes + 2);
		if (p != NULL)
			vsnprintf(p + 1, (size_t)bytes + 1, format, again);
	}
	va_end(again);
	va_end(args);
	if (p != NULL)
		end_error(r, (size_t)bytes);
}

size_t
reply_later(struct reply *r)
{
	size_t place = r->used;

	reply_room(r, LATER_BYTES);
	r->used += LATER_BYTES;
	return place;
}

void
reply_later_set(struct reply *r, size_t place, char kind, int64_t count)
{
	char head[HEAD_BYTES], *p;
	size_t bytes, behind = r->used - place - LATER_BYTES;

	if (r->is_failed)
		return;
	must(place + LATER_BYTES <= r->used, "a later length has its place");
	if (r->resp != 3 && kind != '*') {
		count *= kind == '%' ? 2 : 1;
		kind = '*';
	}
	bytes = put_head(head, kind, count) - head;
	reply_room(r, bytes);
	if (r->is_failed)
		return;
	p = r->data + place;
	if (bytes != LATER_BYTES)
		memmove(p + bytes, p + LATER_BYTES, behind);
	memcpy(p, head, bytes);
	r->used = place + bytes + behind;
}
