/*
 * slice - some bytes that belong to somebody else
 *
 * A slice neither owns nor ends its bytes: they may hold zeros and are not
 * followed by one.  It is valid as long as what it points into.
 *
 * Not here: numbers as text (proto/number.h).
 */
#ifndef PROTO_SLICE_H
#define PROTO_SLICE_H

#include "proto/base.h"

#include <string.h>

struct slice {
	const char *data;
	size_t bytes;
};

/* A slice of a string literal. */
#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })

/* A slice of a C string, without its ending zero. */
static inline struct slice
slice_of(const char *string)
{
	return (struct slice){ string, strlen(string) };
}

/* Eight bytes from anywhere. */
static inline uint64_t
slice_word(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Fewer than eight bytes. */
static inline bool
slice_equal_short(const char *a, const char *b, size_t bytes)
{
	uint32_t x[2], y[2];
	size_t i;

	if (bytes >= sizeof(x[0])) {
		memcpy(&x[0], a, sizeof(x[0]));
		memcpy(&y[0], b, sizeof(y[0]));
		memcpy(&x[1], a + bytes - sizeof(x[1]), sizeof(x[1]));
		memcpy(&y[1], b + bytes - sizeof(y[1]), sizeof(y[1]));
		return x[0] == y[0] && x[1] == y[1];
	}
	for (i = 0; i < bytes; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* Keys are short: words, the last of which may overlap, beat a call. */
static inline bool
slice_equal(struct slice a, struct slice b)
{
	size_t i;

	if (a.bytes != b.bytes)
		return false;
	if (a.bytes < 8)
		return slice_equal_short(a.data, b.data, a.bytes);
	if (a.bytes > 64)
		return memcmp(a.data, b.data, a.bytes) == 0;
	for (i = 0; i + 8 < a.bytes; i += 8)
		if (slice_word(a.data + i) != slice_word(b.data + i))
			return false;
	return slice_word(a.data + a.bytes - 8) ==
	    slice_word(b.data + b.bytes - 8);
}

/* Order by bytes as unsigned, a prefix before what it begins: like memcmp. */
static inline int
slice_compare(struct slice a, struct slice b)
{
	size_t n = a.bytes < b.bytes ? a.bytes : b.bytes;
	int c = n > 0 ? memcmp(a.data, b.data, n) : 0;

	return c != 0 ? c : (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

/* Whether a is the given word, upper and lower case alike (ASCII only). */
static inline bool
slice_is(struct slice a, const char *word)
{
	size_t i;

	for (i = 0; i < a.bytes; i++) {
		char c = a.data[i], w = word[i];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (w >= 'A' && w <= 'Z')
			w |= 0x20;
		if (w == 0 || c != w)
			return false;
	}
	return word[i] == 0;
}

#endif
