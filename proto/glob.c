/*
 * glob - patterns of KEYS, SCAN MATCH, CONFIG GET, PSUBSCRIBE
 *
 * Everything in a pattern but a star stands for exactly one byte.  So only
 * the last star met needs to be tried with more bytes: an earlier one could
 * not offer what follows it anything that the last did not.
 *
 * Bytes in ranges are compared as signed ones and a quoted byte in a class
 * is never folded, because redis-server does so on the machines it is
 * compared with.
 *
 * Not here: which keys or channels are tried.
 */
#include "proto/glob.h"

static inline signed char
fold(signed char c, bool fold_case)
{
	return fold_case && c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool
in_range(signed char from, signed char to, signed char c, bool fold_case)
{
	if (from > to) {
		signed char other = from;

		from = to;
		to = other;
	}
	c = fold(c, fold_case);
	return c >= fold(from, fold_case) && c <= fold(to, fold_case);
}

/*
 * Whether c is in the class that begins at *at, behind its bracket; moves
 * *at behind the class.  One that never closes ends with the pattern.
 */
static bool
match_class(const char **at, const char *end, signed char c, bool fold_case)
{
	const char *p = *at;
	bool is_not = p < end && *p == '^', is_in = false;

	for (p += is_not; p < end && *p != ']'; p++) {
		if (*p == '\\' && end - p >= 2)
			is_in |= (signed char)*++p == c;
		else if (end - p >= 3 && p[1] == '-') {
			is_in |= in_range(p[0], p[2], c, fold_case);
			p += 2;
		} else
			is_in |= fold(*p, fold_case) == fold(c, fold_case);
	}
	*at = p + (p < end);
	return is_in != is_not;
}

/* Whether the next part of the pattern takes c; moves *at behind the part. */
static inline bool
match_one(const char **at, const char *end, signed char c, bool fold_case)
{
	signed char part = *(*at)++;

	if (part == '?')
		return true;
	if (part == '[')
		return match_class(at, end, c, fold_case);
	if (part == '\\' && *at < end)
		part = *(*at)++;
	return fold(part, fold_case) == fold(c, fold_case);
}

bool
glob_match(struct slice pattern, struct slice text, bool fold_case)
{
	const char *p = pattern.data, *p_end = p + pattern.bytes;
	const char *t = text.data, *t_end = t + text.bytes;
	const char *behind_star = NULL, *retry = NULL;

	if (text.bytes == 0)
		return pattern.bytes == 0 || slice_is(pattern, "*");
	while (t < t_end) {
		if (p < p_end && *p == '*') {
			while (p < p_end && *p == '*')
				p++;
			if (p == p_end)
				return true;
			behind_star = p;
			retry = t;
		} else if (p < p_end && match_one(&p, p_end, *t, fold_case)) {
			t++;
		} else {
			if (behind_star == NULL)
				return false;
			p = behind_star;
			t = ++retry;
		}
	}
	while (p < p_end && *p == '*')
		p++;
	return p == p_end;
}
