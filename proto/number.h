/*
 * number - numbers as clients write and read them
 *
 * What is accepted and how results are printed follows redis-server 7
 * byte for byte, because clients compare these texts.
 *
 * Not here: numbers on the bus (proto/bus.h).
 */
#ifndef PROTO_NUMBER_H
#define PROTO_NUMBER_H

#include "proto/slice.h"

/* Room that any number needs as text, but for the human form. */
#define NUMBER_TEXT 64
/* Room for a long double in its human form ("%.17Lf" of the largest). */
#define NUMBER_LONG_TEXT 5200

/*
 * A 64-bit integer in strict decimal form: an optional minus, no plus, no
 * leading zeros, no spaces, nothing after it.  Returns false otherwise or
 * when it overflows; *n is untouched then.
 */
bool number_get_int(struct slice s, int64_t *n);

/*
 * A double as redis-server takes scores: every form of strtod() (hexadecimal
 * too), inf and infinity in any case with or without a sign; not empty, no
 * space before it, nothing after it, no NaN.  Refused when it is too large
 * for a double or so small that it would become 0.  Texts of 5120 bytes and
 * more are refused.
 */
bool number_get_double(struct slice s, double *d);

/* The same as a long double, for INCRBYFLOAT and HINCRBYFLOAT. */
bool number_get_long_double(struct slice s, long double *d);

/*
 * A number of bytes with a unit in any case (b k kb m mb g gb t tb; kb is
 * 1024, k is 1000) or without one.  Unlike Redis, an empty number and one
 * beyond INT64_MAX are refused, and t is known.
 */
bool number_get_memory(struct slice s, int64_t *bytes);

/* Decimal digits of n into text (20 bytes, no ending zero); the length. */
size_t number_put_int(char *text, int64_t n);
size_t number_put_uint(char *text, uint64_t n);

/*
 * A double as redis-server 7.0 prints it in replies: "%.17g", or "inf",
 * "-inf", "nan".  Minus zero is "-0".  Into NUMBER_TEXT bytes; the length.
 */
size_t number_put_double(char *text, double d);

/*
 * The same as Redis keeps scores in a listpack (seen in ZSCAN of a small
 * sorted set): whole numbers up to 2^62 are digits without an exponent, and
 * minus zero is "0".  Into NUMBER_TEXT bytes; the length.
 */
size_t number_put_score(char *text, double d);

/*
 * A long double in the human form of INCRBYFLOAT and HINCRBYFLOAT: "%.17Lf"
 * without trailing zeros and without a trailing point; "-0" is "0".  Into
 * NUMBER_LONG_TEXT bytes; the length.
 */
size_t number_put_human(char *text, long double d);

#endif
