/*
 * request - the bytes the load generator sends, and those it expects
 *
 * A shape is one kind of request with every variable part at a fixed place,
 * so that the next request is made by storing a few digits over the last.
 * Values follow from the key alone: each reply to a GET can be verified
 * without remembering what was written, whoever wrote it.
 *
 *   key      four characters and twelve digits: key:000000000042
 *   element  elem:00000007, a field of a hash, a member of a set
 *   score    nine digits, the first never 0
 *   value    words of eight printable bytes, all different within a value
 *
 * Not here: sockets and time (load.c).
 */
#ifndef BENCH_REQUEST_H
#define BENCH_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

enum request_kind {
#define REQUEST(id, name, verb, follows, reply, filled) REQUEST_##id,
#include "request.def"
#undef REQUEST
	REQUEST_COUNT
};

enum reply_kind { REPLY_VALUE, REPLY_OK, REPLY_INTEGER };

#define REQUEST_PREFIX_BYTES 4
#define REQUEST_VALUE_MIN 4
#define REQUEST_VALUE_MAX 99999 /* its head fits a word */
#define REPLY_LINE_MAX 256

struct shape {
	enum reply_kind reply;
	enum request_kind filled; /* what creates the data this one needs */
	char *text;
	uint32_t bytes;
	uint32_t value_bytes;
	int32_t key_at; /* places inside text; -1: not part of it */
	int32_t element_at;
	int32_t score_at;
	int32_t value_at;
	uint64_t head, head_mask; /* first bytes of a bulk reply: $64\r\n */
	uint32_t head_bytes;
	bool any_value; /* accept every value of the right length */
};

extern char request_digits[10000][4];

/* The kind called name, or -1. */
int request_find(const char *name, size_t bytes);

/* Makes the shape of a kind; ends the program when memory is short. */
void request_shape(struct shape *s, enum request_kind kind, const char *prefix,
    uint32_t value_bytes);

/* Bytes of the whole reply to s, 0 when its length is not constant. */
uint32_t request_reply_bytes(const struct shape *s);

/*
 * Writes the reply a server without memory would give to s (the value is
 * that of key 0, an integer is 1); returns its length.
 */
uint32_t request_reply_sample(const struct shape *s, char *to);

/*
 * Length of the reply at `at`, whatever it is, or 0 when it is not whole
 * yet, or -1 when these bytes are no reply at all.
 */
ssize_t request_reply_skip(const char *at, size_t bytes);

static inline uint64_t
request_word(uint32_t key)
{
	uint64_t w = (key + 1) * 0x9e3779b97f4a7c15ull;

	return w ^ (w >> 29);
}

/* Eight printable bytes: word number i of the value of a key. */
static inline uint64_t
request_value_word(uint64_t word, uint32_t i)
{
	return ((word + i * 0xd1342543de82ef95ull) & 0x1f1f1f1f1f1f1f1full) |
	    0x4040404040404040ull;
}

static inline void
request_value_write(char *to, uint32_t bytes, uint32_t key)
{
	uint64_t word = request_word(key), w;
	uint32_t i, words = bytes / 8;

	for (i = 0; i < words; i++) {
		w = request_value_word(word, i);
		memcpy(to + i * 8, &w, 8);
	}
	if (bytes % 8 != 0) {
		w = request_value_word(word, words);
		memcpy(to + words * 8, &w, bytes % 8);
	}
}

static inline bool
request_value_is(const char *at, uint32_t bytes, uint32_t key)
{
	uint64_t word = request_word(key), w, got, bad = 0;
	uint32_t i, words = bytes / 8;

	for (i = 0; i < words; i++) {
		memcpy(&got, at + i * 8, 8);
		bad |= got ^ request_value_word(word, i);
	}
	if (bytes % 8 == 0)
		return bad == 0;
	w = request_value_word(word, words);
	return bad == 0 && memcmp(at + words * 8, &w, bytes % 8) == 0;
}

static inline void
request_put_8_digits(char *to, uint32_t n)
{
	memcpy(to, request_digits[n / 10000 % 10000], 4);
	memcpy(to + 4, request_digits[n % 10000], 4);
}

/* Stores the variable parts into the request of shape s that stands at to. */
static inline void
request_patch(const struct shape *s, char *to, uint32_t key, uint32_t element,
    uint32_t score)
{
	char *digits = to + s->key_at + REQUEST_PREFIX_BYTES;

	memcpy(digits, request_digits[key / 100000000], 4);
	request_put_8_digits(digits + 4, key);
	if (s->element_at >= 0)
		request_put_8_digits(to + s->element_at, element);
	if (s->score_at >= 0)
		request_put_8_digits(to + s->score_at, score);
	if (s->value_at >= 0)
		request_value_write(to + s->value_at, s->value_bytes, key);
}

/*
 * Length of the reply at `at` when it is the one that s and key call for;
 * 0 when it is another, or not whole.
 */
static inline uint32_t
request_reply_match(const struct shape *s, const char *at, size_t bytes,
    uint32_t key)
{
	uint64_t head;
	uint32_t i;

	switch (s->reply) {
	case REPLY_OK:
		return bytes >= 5 && memcmp(at, "+OK\r\n", 5) == 0 ? 5 : 0;
	case REPLY_VALUE:
		i = s->head_bytes + s->value_bytes;
		if (bytes < i + 2 || bytes < sizeof(head))
			return 0;
		memcpy(&head, at, sizeof(head));
		if ((head & s->head_mask) != s->head ||
		    memcmp(at + i, "\r\n", 2) != 0)
			return 0;
		if (request_value_is(at + s->head_bytes, s->value_bytes,
		    key) || s->any_value)
			return i + 2;
		return 0;
	case REPLY_INTEGER:
		if (bytes < 4 || at[0] != ':')
			return 0;
		for (i = 1; i < bytes && at[i] >= '0' && at[i] <= '9'; i++)
			;
		return i > 1 && i + 1 < bytes && at[i] == '\r' ? i + 2 : 0;
	}
	return 0;
}

#endif
