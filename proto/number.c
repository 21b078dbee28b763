/*
 * number - numbers as clients write and read them
 *
 * Integers are formatted here two digits at a time, because nearly every
 * reply holds one.  Clients of redis-server 7.0 see doubles as the C library's
 * "%.17g" prints them; whole numbers and the fractions that need no exponent
 * are made here, to the same bytes in a tenth of the time.  Reading a double
 * has a short way too, for texts of at most 19 digits whose value one division
 * of exact doubles rounds correctly.
 *
 * Not here: how a number is framed in a reply (proto/reply.c).
 */
#include "proto/number.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Bytes of text that a floating-point number may have, as in Redis. */
#define FLOAT_TEXT 5120

static const char pairs[200] =
    "0001020304050607080910111213141516171819"
    "2021222324252627282930313233343536373839"
    "4041424344454647484950515253545556575859"
    "6061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

static const uint64_t powers[20] = {
	1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u,
	1000000000u, 10000000000u, 100000000000u, 1000000000000u,
	10000000000000u, 100000000000000u, 1000000000000000u,
	10000000000000000u, 100000000000000000u, 1000000000000000000u,
	10000000000000000000u
};

static size_t
count_digits(uint64_t n)
{
	/* 1233 / 4096 is just above log10(2) */
	unsigned bits = 64 - __builtin_clzll(n | 1);
	unsigned guess = bits * 1233 >> 12;

	return guess + (n >= powers[guess]) + (n == 0);
}

size_t
number_put_uint(char *text, uint64_t n)
{
	size_t bytes, at;

	if (n < 10) {
		text[0] = '0' + n;
		return 1;
	}
	at = bytes = count_digits(n);
	while (n >= 100) {
		at -= 2;
		memcpy(text + at, pairs + n % 100 * 2, 2);
		n /= 100;
	}
	if (at == 2)
		memcpy(text, pairs + n * 2, 2);
	else
		text[0] = '0' + n;
	return bytes;
}

size_t
number_put_int(char *text, int64_t n)
{
	if (n >= 0)
		return number_put_uint(text, n);
	text[0] = '-';
	return 1 + number_put_uint(text + 1, -(uint64_t)n);
}

/* Digits only, the first not 0 unless it is the only one. */
static bool
get_digits(const char *p, size_t bytes, uint64_t *n)
{
	uint64_t sum = 0;
	size_t i;

	if (bytes == 0 || bytes > 20 || (p[0] == '0' && bytes > 1))
		return false;
	for (i = 0; i < bytes; i++) {
		unsigned digit = (unsigned char)p[i] - '0';

		if (digit > 9)
			return false;
		if (i == 19 && (sum > UINT64_MAX / 10 ||
		    sum * 10 > UINT64_MAX - digit))
			return false;
		sum = sum * 10 + digit;
	}
	*n = sum;
	return true;
}

bool
number_get_int(struct slice s, int64_t *n)
{
	bool minus = s.bytes > 0 && s.data[0] == '-';
	uint64_t u;

	if (!get_digits(s.data + minus, s.bytes - minus, &u))
		return false;
	if (minus ? u == 0 || u > (uint64_t)INT64_MAX + 1 : u > INT64_MAX)
		return false;
	*n = minus ? (int64_t)-u : (int64_t)u;
	return true;
}

/*
 * sum / power as a double, rounded once.  Both are exact as doubles below
 * 2^53, and always with the 64 bits of a long double; rounding that quotient a
 * second time is right unless the first time ended half way between two
 * doubles: false then.
 */
static bool
divide(uint64_t sum, uint64_t power, double *d)
{
#if LDBL_MANT_DIG == 64
	long double exact = (long double)sum / (long double)power;
	uint64_t bits;

	if (sum >> 53 != 0 || power >> 53 != 0) {
		memcpy(&bits, &exact, sizeof(bits));
		*d = (double)exact;
		return (bits & 0x7ff) != 0x400;
	}
#endif
	*d = (double)sum / (double)power;
	return sum >> 53 == 0 && power >> 53 == 0;
}

/* [-]digits[.digits] with a digit before the point, at most 19 digits. */
static bool
get_short_double(struct slice s, double *d)
{
	bool minus = s.bytes > 0 && s.data[0] == '-';
	uint64_t sum = 0;
	size_t i, places = 0;
	bool point = false;

	if (s.bytes == (size_t)minus || s.bytes > 21 || s.data[minus] == '.')
		return false;
	for (i = minus; i < s.bytes; i++) {
		unsigned digit = (unsigned char)s.data[i] - '0';

		if (s.data[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (digit > 9)
			return false;
		sum = sum * 10 + digit;
		places += point;
	}
	if (s.bytes - minus - point > 19 || !divide(sum, powers[places], d))
		return false;
	if (minus)
		*d = -*d;
	return true;
}

/* A copy with an ending zero; the C library reads nothing else. */
static bool
copy_float_text(char *copy, struct slice s)
{
	if (s.bytes == 0 || s.bytes >= FLOAT_TEXT ||
	    isspace((unsigned char)s.data[0]))
		return false;
	memcpy(copy, s.data, s.bytes);
	copy[s.bytes] = 0;
	return true;
}

bool
number_get_double(struct slice s, double *d)
{
	char copy[FLOAT_TEXT], *end;
	double value;

	if (get_short_double(s, d))
		return true;
	if (!copy_float_text(copy, s))
		return false;
	errno = 0;
	value = strtod(copy, &end);
	if (end != copy + s.bytes || isnan(value))
		return false;
	if (errno == ERANGE && (isinf(value) || value == 0))
		return false;
	*d = value;
	return true;
}

bool
number_get_long_double(struct slice s, long double *d)
{
	char copy[FLOAT_TEXT], *end;
	long double value;

	if (!copy_float_text(copy, s))
		return false;
	errno = 0;
	value = strtold(copy, &end);
	if (end != copy + s.bytes || isnan(value))
		return false;
	if (errno == ERANGE && (isinf(value) || value == 0))
		return false;
	*d = value;
	return true;
}

bool
number_get_memory(struct slice s, int64_t *bytes)
{
	static const struct {
		const char *word;
		int64_t factor;
	} units[] = {
		{ "", 1 }, { "b", 1 },
		{ "k", 1000 }, { "kb", 1 << 10 },
		{ "m", 1000 * 1000 }, { "mb", 1 << 20 },
		{ "g", 1000 * 1000 * 1000 }, { "gb", 1 << 30 },
		{ "t", 1000000000000 }, { "tb", (int64_t)1 << 40 },
	};
	int64_t n = 0;
	size_t i, digits;

	for (digits = 0; digits < s.bytes; digits++) {
		unsigned digit = (unsigned char)s.data[digits] - '0';

		if (digit > 9)
			break;
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, digit, &n))
			return false;
	}
	s.data += digits;
	s.bytes -= digits;
	for (i = 0; i < COUNT(units); i++)
		if (slice_is(s, units[i].word))
			return digits > 0 &&
			    !__builtin_mul_overflow(n, units[i].factor, bytes);
	return false;
}

static size_t
put_special(char *text, double d)
{
	const char *word = isnan(d) ? "nan" : d > 0 ? "inf" : "-inf";
	size_t bytes = strlen(word);

	memcpy(text, word, bytes);
	return bytes;
}

/* A double whose magnitude is below `limit` and which has no fraction. */
static bool
is_whole(double d, double limit)
{
	return d > -limit && d < limit && d == (double)(int64_t)d;
}

static size_t
put_whole(char *text, double d)
{
	if (d == 0 && signbit(d)) {
		memcpy(text, "-0", 2);
		return 2;
	}
	return number_put_int(text, (int64_t)d);
}

/*
 * The 17 digits of d, which has a fraction and is 1e-4 or more, rounded as
 * exactly as "%.17g" rounds; *places of them stand behind the point.
 *
 * d is m / 2^shift with m below 2^53 and shift at most 66, and 10^21 is below
 * 2^70: so m times the power has room in 128 bits, and the bits that the
 * shift drops are the exact remainder.
 */
static uint64_t
round_fraction(double d, int *places)
{
	unsigned __int128 exact, rest, half;
	int exponent, shift;
	uint64_t m = (uint64_t)(frexp(d, &exponent) * 0x1p53), digits;

	shift = 53 - exponent;
	/* 1233 / 4096 is log10(2); this may be one place too many */
	*places = 17 - ((exponent - 1) * 1233 >> 12);
	do {
		*places -= 1;
		exact = (unsigned __int128)m *
		    powers[*places < 19 ? *places : 19] *
		    powers[*places > 19 ? *places - 19 : 0];
		digits = (uint64_t)(exact >> shift);
	} while (digits >= powers[17]);
	half = (unsigned __int128)1 << (shift - 1);
	rest = exact & (half * 2 - 1);
	return digits + (rest > half || (rest == half && digits % 2 != 0));
}

static size_t
put_fraction(char *text, double d)
{
	int places, count, before;
	uint64_t digits = round_fraction(fabs(d), &places);
	char *p = text, all[20];

	while (places > 0 && digits % 10 == 0) {
		digits /= 10;
		places--;
	}
	count = (int)number_put_uint(all, digits);
	if (d < 0)
		*p++ = '-';
	before = count > places ? count - places : 0;
	if (before > 0) {
		memcpy(p, all, before);
		p += before;
	} else
		*p++ = '0';
	if (places > 0) {
		*p++ = '.';
		for (; places > count; places--)
			*p++ = '0';
		memcpy(p, all + before, count - before);
		p += count - before;
	}
	return p - text;
}

size_t
number_put_double(char *text, double d)
{
	if (is_whole(d, 1e17))
		return put_whole(text, d);
	if (!isfinite(d))
		return put_special(text, d);
	if (fabs(d) >= 1e-4 && fabs(d) < 0x1p53)
		return put_fraction(text, d);
	return snprintf(text, NUMBER_TEXT, "%.17g", d);
}

size_t
number_put_score(char *text, double d)
{
	/* Redis's bound is half of the largest integer, that included */
	if (is_whole(d, 0x1p62) || fabs(d) == 0x1p62)
		return d == 0 ? number_put_int(text, 0) : put_whole(text, d);
	return number_put_double(text, d);
}

size_t
number_put_human(char *text, long double d)
{
	size_t bytes;

	if (!isfinite(d))
		return put_special(text, d);
	bytes = snprintf(text, NUMBER_LONG_TEXT, "%.17Lf", d);
	while (text[bytes - 1] == '0')
		bytes--;
	if (text[bytes - 1] == '.')
		bytes--;
	if (bytes == 2 && memcmp(text, "-0", 2) == 0) {
		text[0] = '0';
		return 1;
	}
	return bytes;
}
