#include "proto/keyslot.h"

/*
 * table[0] is the classic byte table of the polynomial; table[n][b] is what
 * byte b does when n more bytes follow, so that eight bytes are taken at once.
 * Made before main() runs.
 */
static uint16_t table[8][256];

__attribute__((constructor)) static void
make_tables(void)
{
	int i, j, n;

	for (i = 0; i < 256; i++) {
		uint16_t crc = (uint16_t)(i << 8);

		for (j = 0; j < 8; j++)
			crc = (uint16_t)(crc & 0x8000 ?
			    crc << 1 ^ 0x1021 : crc << 1);
		table[0][i] = crc;
	}
	for (n = 1; n < 8; n++)
		for (i = 0; i < 256; i++) {
			uint16_t crc = table[n - 1][i];

			table[n][i] = (uint16_t)(crc << 8) ^ table[0][crc >> 8];
		}
}

/* CRC16, polynomial 0x1021, initial value 0, of any bytes. */
static uint16_t
crc16(struct slice s)
{
	const uint8_t *p = (const uint8_t *)s.data;
	size_t left = s.bytes;
	uint16_t crc = 0;

	for (; left >= 8; left -= 8, p += 8)
		crc = table[7][p[0] ^ crc >> 8] ^
		    table[6][p[1] ^ (crc & 0xff)] ^
		    table[5][p[2]] ^ table[4][p[3]] ^ table[3][p[4]] ^
		    table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
	for (; left > 0; left--, p++)
		crc = (uint16_t)(crc << 8) ^ table[0][crc >> 8 ^ *p];
	return crc;
}

/* Whether one of eight bytes is a '{'. */
static inline bool
has_brace(const char *p)
{
	uint64_t x = slice_word(p) ^ 0x7b7b7b7b7b7b7b7bull;

	return (x - 0x0101010101010101ull) & ~x & 0x8080808080808080ull;
}

/* The first '{' of a key, or NULL; most keys have none. */
static inline const char *
find_brace(struct slice key)
{
	size_t i;

	if (key.bytes < 8)
		return key.bytes > 0 ? memchr(key.data, '{', key.bytes) : NULL;
	for (i = 0; i + 8 < key.bytes; i += 8)
		if (unlikely(has_brace(key.data + i)))
			return memchr(key.data, '{', key.bytes);
	return unlikely(has_brace(key.data + key.bytes - 8)) ?
	    memchr(key.data, '{', key.bytes) : NULL;
}

uint16_t
keyslot_of(struct slice key)
{
	const char *open = find_brace(key), *close;

	if (unlikely(open != NULL)) {
		size_t left = (size_t)(key.data + key.bytes - open - 1);

		close = left > 0 ? memchr(open + 1, '}', left) : NULL;
		if (close != NULL && close != open + 1)
			key = (struct slice){ open + 1,
			    (size_t)(close - open - 1) };
	}
	return crc16(key) & (KEYSLOT_COUNT - 1);
}
