/*
 * number - numbers as clients write and read them
 *
 * What is accepted and how results are printed follows redis-server 7
 * byte for byte, because clients compare these texts.
 */
#ifndef PROTO_NUMBER_H
#define PROTO_NUMBER_H

#include "proto/slice.h"

/* Room that any number below needs as text. */
#define NUMBER_TEXT 64
/* Room for a long double in its human form ("%.17Lf" of the largest). */
#define NUMBER_LONG_TEXT 5200

/*
 * A 64-bit integer in strict decimal form: an optional minus, no plus, no
 * leading zeros, no spaces, nothing after it.  Returns false otherwise or
 * when it overflows; *n is untouched then.
 */
bool number_get_int(struct slice s, int64_t *n);

/* Same for an unsigned 64-bit integer. */
bool number_get_uint(struct slice s, uint64_t *n);

/*
 * A double as Redis's getDoubleFromObject accepts it: strtod's forms, also
 * inf, +inf, -inf, infinity in any case; no leading space, not empty, no NaN,
 * nothing after it; out of range (HUGE_VAL by overflow) is refused.
 */
bool number_get_double(struct slice s, double *d);

/* Same for long double (INCRBYFLOAT); at most 255 bytes long. */
bool number_get_long_double(struct slice s, long double *d);

/* A number of bytes with a unit (b k kb m mb g gb t tb; kb is 1024, k 1000). */
bool number_get_memory(struct slice s, int64_t *bytes);

/* Decimal digits of n into text (NUMBER_TEXT bytes, no ending zero); the length. */
size_t number_put_int(char *text, int64_t n);
size_t number_put_uint(char *text, uint64_t n);

/*
 * A double in the shortest of the forms redis-server 7.0 prints in replies
 * of scores and RESP3 doubles: "inf", "-inf", "nan", whole numbers without
 * exponent where Redis does so, else "%.17g".  Into NUMBER_TEXT bytes; the length.
 */
size_t number_put_double(char *text, double d);

/*
 * A long double in the human form of INCRBYFLOAT and HINCRBYFLOAT: "%.17Lf"
 * without trailing zeros and without a trailing point; "-0" is "0".  Into
 * NUMBER_LONG_TEXT bytes; the length.
 */
size_t number_put_human(char *text, long double d);

#endif
