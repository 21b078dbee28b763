/*
 * crc64 - eight bytes a step, through eight tables; or sixty-four, where the
 * processor multiplies without carries
 *
 * With the bits turned round, a byte b moved on by n bits is the sum (xor) of
 * what its bits become, and bit j moved on by n is bit 0 moved on by n - j. So
 * all 2048 entries of the tables are sums of 64 numbers: X(n) is 1 moved on by
 * n bits, which is x^(63 + n) modulo the polynomial.
 */
#include "proto/crc64.h"

#ifdef __x86_64__
#include <wmmintrin.h>
#endif

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
    "eight bytes are read as one word");

#define X1 0x95ac9329ac4bc9b5ull
#define X2 0xdf7adabd7a6e2d6full
#define X3 0xfa11fe77117cdf02ull
#define X4 0x7d08ff3b88be6f81ull
#define X5 0xab28ecb46814fe75ull
#define X6 0xc038e5739841b68full
#define X7 0xf5b0e190606b12f2ull
#define X8 0x7ad870c830358979ull
#define X9 0xa8c0ab4db4510d09ull
#define X10 0xc1ccc68f76634f31ull
#define X11 0xf54af06e177a6e2dull
#define X12 0xef09eb1ea7f6fea3ull
#define X13 0xe22866a6ffb0b6e4ull
#define X14 0x711433537fd85b72ull
#define X15 0x388a19a9bfec2db9ull
#define X16 0x89e99ffd73bddf69ull
#define X17 0xd1585cd715952601ull
#define X18 0xfd00bd4226815ab5ull
#define X19 0xeb2ccd88bf0b64efull
#define X20 0xe03af5edf3ce7bc2ull
#define X21 0x701d7af6f9e73de1ull
#define X22 0xada22e52d0b85745ull
#define X23 0xc37d8400c417e217ull
#define X24 0xf4125129ce4038beull
#define X25 0x7a092894e7201c5full
#define X26 0xa8a80763dfdbc79aull
#define X27 0x545403b1efede3cdull
#define X28 0xbf8692f15bbd3853ull
#define X29 0xca6fda510195559cull
#define X30 0x6537ed2880caaaceull
#define X31 0x329bf69440655567ull
#define X32 0x8ce168638c796306ull
#define X33 0x4670b431c63cb183ull
#define X34 0xb694c9314f559174ull
#define X35 0x5b4a6498a7aac8baull
#define X36 0x2da5324c53d5645dull
#define X37 0x837e0a0f85a17b9bull
#define X38 0xd413962e6e9b7478ull
#define X39 0x6a09cb17374dba3cull
#define X40 0x3504e58b9ba6dd1eull
#define X41 0x1a8272c5cdd36e8full
#define X42 0x98edaa4b4aa27ef2ull
#define X43 0x4c76d525a5513f79ull
#define X44 0xb397f9bb7ee35609ull
#define X45 0xcc676ff4133a62b1ull
#define X46 0xf39f24d3a5d6f8edull
#define X47 0xec6301407ea0b5c3ull
#define X48 0xe39d1389931b9354ull
#define X49 0x71ce89c4c98dc9aaull
#define X50 0x38e744e264c6e4d5ull
#define X51 0x89df31589e28bbdfull
#define X52 0xd1430b85e35f945aull
#define X53 0x68a185c2f1afca2dull
#define X54 0xa1fc51c8d49c2ca3ull
#define X55 0xc552bbcdc605dfe4ull
#define X56 0x62a95de6e302eff2ull
#define X57 0x3154aef3718177f9ull
#define X58 0x8d06c450148b7249ull
#define X59 0xd32ff101a60e7091ull
#define X60 0xfc3b6ba97f4cf1fdull
#define X61 0xebb126fd13edb14bull
#define X62 0xe074005725bd1110ull
#define X63 0x703a002b92de8888ull
#define X64 0x381d0015c96f4444ull

/* Entry b of a table, whose eight numbers are given, bit 0 first. */
#define BIT(b, j, x) ((b) >> (j) & 1 ? (x) : 0)
#define ENTRY(b, x0, x1, x2, x3, x4, x5, x6, x7) \
	(BIT(b, 0, x0) ^ BIT(b, 1, x1) ^ BIT(b, 2, x2) ^ BIT(b, 3, x3) ^ \
	BIT(b, 4, x4) ^ BIT(b, 5, x5) ^ BIT(b, 6, x6) ^ BIT(b, 7, x7))
#define FOUR(b, ...) ENTRY((b), __VA_ARGS__), ENTRY((b) + 1, __VA_ARGS__), \
	ENTRY((b) + 2, __VA_ARGS__), ENTRY((b) + 3, __VA_ARGS__)
#define SIXTEEN(b, ...) FOUR((b), __VA_ARGS__), FOUR((b) + 4, __VA_ARGS__), \
	FOUR((b) + 8, __VA_ARGS__), FOUR((b) + 12, __VA_ARGS__)
#define SIXTY_FOUR(b, ...) SIXTEEN((b), __VA_ARGS__), \
	SIXTEEN((b) + 16, __VA_ARGS__), SIXTEEN((b) + 32, __VA_ARGS__), \
	SIXTEEN((b) + 48, __VA_ARGS__)
#define TABLE(...) { SIXTY_FOUR(0, __VA_ARGS__), SIXTY_FOUR(64, __VA_ARGS__), \
	SIXTY_FOUR(128, __VA_ARGS__), SIXTY_FOUR(192, __VA_ARGS__) }

/* table[k][b]: byte b with k bytes behind it. */
static const uint64_t table[8][256] = {
	TABLE(X8, X7, X6, X5, X4, X3, X2, X1),
	TABLE(X16, X15, X14, X13, X12, X11, X10, X9),
	TABLE(X24, X23, X22, X21, X20, X19, X18, X17),
	TABLE(X32, X31, X30, X29, X28, X27, X26, X25),
	TABLE(X40, X39, X38, X37, X36, X35, X34, X33),
	TABLE(X48, X47, X46, X45, X44, X43, X42, X41),
	TABLE(X56, X55, X54, X53, X52, X51, X50, X49),
	TABLE(X64, X63, X62, X61, X60, X59, X58, X57),
};

static uint64_t
add_by_table(uint64_t crc, const unsigned char *p, size_t bytes)
{
	uint64_t word;

	for (; bytes >= 8; bytes -= 8, p += 8) {
		__builtin_memcpy(&word, p, sizeof(word));
		word ^= crc;
		crc = table[7][word & 255] ^ table[6][word >> 8 & 255] ^
		    table[5][word >> 16 & 255] ^ table[4][word >> 24 & 255] ^
		    table[3][word >> 32 & 255] ^ table[2][word >> 40 & 255] ^
		    table[1][word >> 48 & 255] ^ table[0][word >> 56];
	}
	for (; bytes > 0; bytes--, p++)
		crc = table[0][(crc ^ *p) & 255] ^ crc >> 8;
	return crc;
}

/* --- by multiplication without carries --------------------------------- */

#ifdef __x86_64__
#define FOLD_MIN 256   /* bytes; fewer are not worth it */

/* 1 moved on by so many bits, as above. */
#define X128 0xd9d7be7d505da32cull
#define X448 0xf49784a634f014e4ull
#define X512 0xaf86efb16d9ab4fbull

/*
 * `sum` moved on, to be added to what lies there.  The halves of a product are
 * one bit too far, so the first eight bytes take the multiplier of as many bits
 * as they are moved, the others that of 64 less.
 */
__attribute__((target("pclmul"))) static inline __m128i
move_on(__m128i sum, __m128i by)
{
	return _mm_xor_si128(_mm_clmulepi64_si128(sum, by, 0x00),
	    _mm_clmulepi64_si128(sum, by, 0x11));
}

/*
 * Folds 64 bytes onto the next 64, at last onto 16, whose sum is that of all.
 * Source of the method: Gopal and others, Fast CRC Computation for Generic
 * Polynomials Using PCLMULQDQ Instruction, Intel, 2009.
 */
__attribute__((target("pclmul"))) static uint64_t
add_by_folding(uint64_t crc, const unsigned char *p, size_t bytes)
{
	const __m128i by_512 = _mm_set_epi64x((int64_t)X448, (int64_t)X512);
	const __m128i by_128 = _mm_set_epi64x((int64_t)X64, (int64_t)X128);
	const __m128i *from = (const __m128i *)(const void *)p;
	unsigned char rest[sizeof(__m128i)];
	__m128i sum[4];
	int i;

	for (i = 0; i < 4; i++)
		sum[i] = _mm_loadu_si128(from++);
	sum[0] = _mm_xor_si128(sum[0], _mm_set_epi64x(0, (int64_t)crc));
	for (bytes -= sizeof(sum); bytes >= sizeof(sum); bytes -= sizeof(sum))
		for (i = 0; i < 4; i++)
			sum[i] = _mm_xor_si128(move_on(sum[i], by_512),
			    _mm_loadu_si128(from++));
	for (i = 1; i < 4; i++)
		sum[i] = _mm_xor_si128(move_on(sum[i - 1], by_128), sum[i]);
	_mm_storeu_si128((__m128i *)(void *)rest, sum[3]);
	return add_by_table(add_by_table(0, rest, sizeof(rest)),
	    (const unsigned char *)from, bytes);
}
#endif

uint64_t
crc64_add(uint64_t crc, const void *data, size_t bytes)
{
#ifdef __x86_64__
	if (bytes >= FOLD_MIN && __builtin_cpu_supports("pclmul"))
		return add_by_folding(crc, data, bytes);
#endif
	return add_by_table(crc, data, bytes);
}
