#include "proto/resp.h"

#include "proto/number.h"

#include <stdio.h>

static enum resp_result
broken(struct resp *r, const char *text)
{
	snprintf(r->error, sizeof(r->error), "%s", text);
	return RESP_ERROR;
}

/*
 * A short number without sign behind its mark, "$16\r\n", of which six bytes
 * are there: nearly all are.  The bytes it takes, or 0.
 */
static inline size_t
read_short(const char *p, int64_t *n)
{
	uint32_t a = (uint32_t)(p[1] - '0'), b = (uint32_t)(p[2] - '0');

	if (a - 1 > 8)
		return 0;
	if (p[2] == '\r') {
		*n = a;
		return 4;
	}
	*n = a * 10 + b;
	return b <= 9 && p[3] == '\r' ? 5 : 0;
}

/*
 * The number in the line at r->used, behind its first byte, into *n; moves
 * r->used behind the line.  RESP_REQUEST when there is one, RESP_EMPTY when the
 * line is whole and no number.
 */
static enum resp_result
read_number(struct resp *r, const char *data, size_t bytes, int64_t *n)
{
	const char *p = data + r->used + 1, *end = data + bytes, *cr;
	struct slice digits;

	cr = memchr(p, '\r', (size_t)(end - p));
	if (cr == NULL || cr + 1 == end)
		return RESP_MORE;
	digits = (struct slice){ p, (size_t)(cr - p) };
	r->used = (size_t)(cr + 2 - data);
	return number_get_int(digits, n) ? RESP_REQUEST : RESP_EMPTY;
}

/* A line without end may not grow for ever. */
static enum resp_result
cut(struct resp *r, size_t bytes, const char *text)
{
	return bytes - r->used > RESP_INLINE_MAX ? broken(r, text) : RESP_MORE;
}

static enum resp_result
read_count(struct resp *r, const struct resp_limits *limits, const char *data,
    size_t bytes)
{
	int64_t n = 0;
	enum resp_result got = read_number(r, data, bytes, &n);

	if (got == RESP_MORE)
		return cut(r, bytes, "too big mbulk count string");
	if (got == RESP_EMPTY || n > RESP_ARGS_MAX)
		return broken(r, "invalid multibulk length");
	if (unlikely(limits->is_stranger) && n > RESP_ARGS_STRANGER)
		return broken(r, "unauthenticated multibulk length");
	if (n <= 0)
		return RESP_EMPTY;
	r->left = n;
	return RESP_REQUEST;
}

static enum resp_result
read_length(struct resp *r, const struct resp_limits *limits, const char *data,
    size_t bytes)
{
	int64_t n = 0;
	enum resp_result got;

	if (data[r->used] != '$') {
		snprintf(r->error, sizeof(r->error),
		    "expected '$', got '%c'", data[r->used]);
		return RESP_ERROR;
	}
	got = read_number(r, data, bytes, &n);
	if (got == RESP_MORE)
		return cut(r, bytes, "too big bulk count string");
	if (got == RESP_EMPTY || n < 0 || n > limits->bulk_max)
		return broken(r, "invalid bulk length");
	if (unlikely(limits->is_stranger) && n > RESP_BULK_STRANGER)
		return broken(r, "unauthenticated bulk length");
	r->bulk = n + 1;
	return RESP_REQUEST;
}

/*
 * A whole request of few short arguments, in one go; RESP_MORE when it is
 * anything else, which says nothing about it.
 */
static enum resp_result
read_plain(struct resp *r, const char *data, size_t bytes, struct slice *argv,
    int room, int *argc)
{
	const char *p = data, *end = data + bytes;
	int64_t count, length;
	size_t took;
	int i;

	if (bytes < 6 || (took = read_short(p, &count)) == 0 ||
	    count > room - *argc)
		return RESP_MORE;
	argv += *argc;
	p += took;
	for (i = 0; i < count; i++) {
		if (end - p < 6 || *p != '$' ||
		    (took = read_short(p, &length)) == 0 ||
		    end - p < (ptrdiff_t)took + length + 2)
			return RESP_MORE;
		p += took;
		argv[i] = (struct slice){ p, (size_t)length };
		p += length + 2;
	}
	*argc += (int)count;
	r->used = (size_t)(p - data);
	return RESP_REQUEST;
}

static enum resp_result
read_array(struct resp *r, const struct resp_limits *limits, const char *data,
    size_t bytes, struct slice *argv, int room, int *argc)
{
	enum resp_result got;

	if (r->left == 0) {
		got = read_count(r, limits, data, bytes);
		if (got != RESP_REQUEST)
			return got;
	}
	while (r->left > 0) {
		if (r->bulk == 0) {
			if (r->used >= bytes)
				return RESP_MORE;
			got = read_length(r, limits, data, bytes);
			if (got != RESP_REQUEST)
				return got;
		}
		if (bytes - r->used < (size_t)r->bulk + 1)
			return RESP_MORE;
		if (unlikely(*argc == room))
			return RESP_ROOM;
		argv[(*argc)++] = (struct slice){ data + r->used,
		    (size_t)r->bulk - 1 };
		r->used += (size_t)r->bulk + 1;
		r->bulk = 0;
		r->left--;
	}
	return RESP_REQUEST;
}

/* --- inline requests --------------------------------------------------- */

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ?
	    c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0;
}

/* One escape of a double-quoted word at p, into *to; the bytes it took. */
static size_t
escape(const char *p, const char *end, char *to)
{
	static const char plain[] = "n\nr\rt\tb\ba\a";
	size_t i;

	if (end - p >= 4 && p[1] == 'x' && hex(p[2]) >= 0 && hex(p[3]) >= 0) {
		*to = (char)(hex(p[2]) << 4 | hex(p[3]));
		return 4;
	}
	*to = p[1];
	for (i = 0; i + 1 < sizeof(plain) - 1; i += 2)
		if (p[1] == plain[i])
			*to = plain[i + 1];
	return 2;
}

/*
 * One word of a line from *at on, unquoted in place.  Returns false when its
 * quotes do not close.  Vertical tabs and form feeds do not end a plain word,
 * as little as in Redis, though they are skipped before one.
 */
static bool
read_word(char **at, char *end, struct slice *word)
{
	char *p = *at, *to = p, quote = 0;

	*word = (struct slice){ to, 0 };
	for (; p < end; p++) {
		if (quote == '"' && *p == '\\' && end - p >= 2) {
			p += escape(p, end, to++) - 1;
		} else if (quote == '\'' && *p == '\\' && end - p >= 2 &&
		    p[1] == '\'') {
			*to++ = *++p;
		} else if (quote != 0) {
			if (*p != quote) {
				*to++ = *p;
				continue;
			}
			if (p + 1 < end && !is_space(p[1]))
				return false;
			quote = 0;
			p++;
			break;
		} else if (is_space(*p) && *p != '\v' && *p != '\f') {
			break;
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else {
			*to++ = *p;
		}
	}
	word->bytes = (size_t)(to - word->data);
	*at = p;
	return quote == 0;
}

static enum resp_result
read_line(struct resp *r, char *data, size_t bytes, struct slice *argv,
    int room, int *argc)
{
	char *end = memchr(data, '\n', bytes), *p = data;
	int first = *argc;
	size_t used;

	if (end == NULL)
		return bytes > RESP_INLINE_MAX ?
		    broken(r, "too big inline request") : RESP_MORE;
	used = (size_t)(end + 1 - data);
	if (end > data && end[-1] == '\r')
		end--;
	/* Room first: unquoting can not be done twice. */
	if ((size_t)(room - first) < ((size_t)(end - data) + 1) / 2)
		return RESP_ROOM;
	for (;;) {
		while (p < end && is_space(*p))
			p++;
		if (p == end)
			break;
		if (!read_word(&p, end, &argv[*argc]))
			return broken(r, "unbalanced quotes in request");
		(*argc)++;
	}
	r->used = used;
	r->is_inline = true;
	return *argc == first ? RESP_EMPTY : RESP_REQUEST;
}

enum resp_result
resp_read(struct resp *r, const struct resp_limits *limits, char *data,
    size_t bytes, struct slice *argv, int room, int *argc)
{
	if (bytes == 0)
		return RESP_MORE;
	if (likely(data[0] == '*')) {
		r->is_inline = false;
		if (likely(r->used == 0 && !limits->is_stranger) &&
		    likely(read_plain(r, data, bytes, argv, room, argc) ==
		    RESP_REQUEST))
			return RESP_REQUEST;
		return read_array(r, limits, data, bytes, argv, room, argc);
	}
	return read_line(r, data, bytes, argv, room, argc);
}
