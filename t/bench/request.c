/*
 * request - making the shapes (see request.h)
 */
#include "t/bench/request.h"

#include <stdio.h>
#include <stdlib.h>

#define ELEMENT "elem:00000000"
#define ELEMENT_PREFIX_BYTES 5
#define SCORE "100000000"
#define FIXED_TEXT_MAX 256

struct verb {
	const char *name;
	const char *text;
	const char *follows;
	enum reply_kind reply;
	enum request_kind filled;
};

static const struct verb verbs[REQUEST_COUNT] = {
#define REQUEST(id, name, verb, follows, reply, filled) \
	[REQUEST_##id] = { name, verb, follows, reply, filled },
#include "request.def"
#undef REQUEST
};

char request_digits[10000][4];

static void
make_digits(void)
{
	for (int i = 0; i < 10000; i++) {
		request_digits[i][0] = '0' + i / 1000;
		request_digits[i][1] = '0' + i / 100 % 10;
		request_digits[i][2] = '0' + i / 10 % 10;
		request_digits[i][3] = '0' + i % 10;
	}
}

int
request_find(const char *name, size_t bytes)
{
	for (int i = 0; i < REQUEST_COUNT; i++)
		if (strlen(verbs[i].name) == bytes &&
		    memcmp(verbs[i].name, name, bytes) == 0)
			return i;
	return -1;
}

/* Appends one bulk string to fill in; returns where its bytes stand. */
static int32_t
add_room(struct shape *s, uint32_t bytes)
{
	int32_t at;

	s->bytes += sprintf(s->text + s->bytes, "$%u\r\n", bytes);
	at = s->bytes;
	memcpy(s->text + at + bytes, "\r\n", 2);
	s->bytes += bytes + 2;
	return at;
}

static int32_t
add_part(struct shape *s, const char *part)
{
	int32_t at = add_room(s, strlen(part));

	memcpy(s->text + at, part, strlen(part));
	return at;
}

static void
add_letter(struct shape *s, char letter, const char *prefix)
{
	char key[REQUEST_PREFIX_BYTES + 12 + 1];

	switch (letter) {
	case 'k':
		snprintf(key, sizeof(key), "%.4s%012u", prefix, 0u);
		s->key_at = add_part(s, key);
		break;
	case 'e':
		s->element_at = add_part(s, ELEMENT) + ELEMENT_PREFIX_BYTES;
		break;
	case 's':
		s->score_at = add_part(s, SCORE) + 1;
		break;
	case 'v':
		s->value_at = add_room(s, s->value_bytes);
		request_value_write(s->text + s->value_at, s->value_bytes, 0);
		break;
	}
}

void
request_shape(struct shape *s, enum request_kind kind, const char *prefix,
    uint32_t value_bytes)
{
	const struct verb *v = &verbs[kind];
	const char *letter;
	char head[16];

	if (request_digits[0][0] == 0)
		make_digits();
	memset(s, 0, sizeof(*s));
	s->key_at = s->element_at = s->score_at = s->value_at = -1;
	s->reply = v->reply;
	s->filled = v->filled;
	s->value_bytes = value_bytes;
	s->head_bytes = snprintf(head, sizeof(head), "$%u\r\n", value_bytes);
	memcpy(&s->head, head, s->head_bytes);
	memset(&s->head_mask, 0xff, s->head_bytes);
	s->text = malloc(FIXED_TEXT_MAX + value_bytes);
	if (s->text == NULL)
		abort();
	s->bytes = sprintf(s->text, "*%zu\r\n", 1 + strlen(v->follows));
	add_part(s, v->text);
	for (letter = v->follows; *letter != 0; letter++)
		add_letter(s, *letter, prefix);
}

uint32_t
request_reply_bytes(const struct shape *s)
{
	switch (s->reply) {
	case REPLY_VALUE:
		return s->head_bytes + s->value_bytes + 2;
	case REPLY_OK:
		return 5;
	case REPLY_INTEGER:
		break;
	}
	return 0;
}

uint32_t
request_reply_sample(const struct shape *s, char *to)
{
	if (s->reply != REPLY_VALUE)
		return sprintf(to, s->reply == REPLY_OK ? "+OK\r\n" : ":1\r\n");
	memcpy(to, &s->head, s->head_bytes);
	request_value_write(to + s->head_bytes, s->value_bytes, 0);
	memcpy(to + s->head_bytes + s->value_bytes, "\r\n", 2);
	return request_reply_bytes(s);
}

ssize_t
request_reply_skip(const char *at, size_t bytes)
{
	const char *end = memchr(at, '\n', bytes);
	size_t line, whole;
	long value;

	if (end == NULL)
		return bytes < REPLY_LINE_MAX ? 0 : -1;
	line = end + 1 - at;
	if (strchr("+-:", at[0]) != NULL)
		return line;
	if (at[0] != '$')
		return -1;
	value = strtol(at + 1, NULL, 10);
	if (value > (long)REQUEST_VALUE_MAX)
		return -1;
	whole = value < 0 ? line : line + value + 2;
	return whole <= bytes ? (ssize_t)whole : 0;
}
