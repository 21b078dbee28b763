/*
 * cmd_bitmap - strings as rows of bits
 *
 * Bit 0 is the highest bit of the first byte.  What lies behind a string's end
 * reads as zero.
 *
 * Not here: integers of any width (cmd_bitfield.c).
 */
#include "daemon/cmd_bitmap.h"

#include "shm/string.h"

bool
bitmap_offset(struct call *c, int i, int bits, uint64_t *offset)
{
	struct slice s = c->argv[i];
	bool counts_fields = bits > 0 && s.bytes > 0 && s.data[0] == '#';
	int64_t n;

	if (counts_fields) {
		s.data++;
		s.bytes--;
	}
	if (!number_get_int(s, &n) ||
	    (counts_fields && __builtin_mul_overflow(n, bits, &n)) ||
	    n < 0 || n >> 3 >= call_options(c)->proto_max_bulk_len) {
		reply_error(c->reply, error_text[ERROR_BIT_OFFSET]);
		return false;
	}
	*offset = (uint64_t)n;
	return true;
}

void
cmd_getbit(struct call *c)
{
	struct key k = call_key(c, 1);
	char digits[NUMBER_TEXT];
	struct slice s = { NULL, 0 };
	struct value *v;
	uint64_t at;
	bool is_wrong;

	if (!bitmap_offset(c, 2, 0, &at))
		return;
	v = call_find_type(c, &k, VALUE_STRING, &is_wrong);
	if (is_wrong)
		return;
	if (v != NULL)
		s = string_text(v, digits);
	reply_int(c->reply, at >> 3 < s.bytes ?
	    (uint8_t)s.data[at >> 3] >> (7 - (at & 7)) & 1 : 0);
}

void
cmd_setbit(struct call *c)
{
	struct key k = call_key(c, 1);
	struct value *v;
	uint64_t at;
	int64_t on;
	bool is_wrong, is_new, is_longer;
	char digits[NUMBER_TEXT];
	uint8_t *byte, mask;

	if (!bitmap_offset(c, 2, 0, &at))
		return;
	if (!number_get_int(c->argv[3], &on) || (on & ~1) != 0) {
		reply_error(c->reply, error_text[ERROR_BIT_VALUE]);
		return;
	}
	v = call_find_type(c, &k, VALUE_STRING, &is_wrong);
	if (is_wrong)
		return;
	is_longer = v == NULL || at >> 3 >= string_text(v, digits).bytes;
	v = string_grow(c->txn, &k, v, (at >> 3) + 1, &is_new);
	byte = (uint8_t *)value_data(v) + (at >> 3);
	mask = (uint8_t)(0x80 >> (at & 7));
	reply_int(c->reply, (*byte & mask) != 0);
	if (!is_longer && !(*byte & mask) == !on)
		return;
	if (!is_new)
		txn_note(c->txn, byte, 1);
	*byte = (uint8_t)(on ? *byte | mask : *byte & ~mask);
	slot_touch(c->txn, &k);
	call_changed(c);
}

/* --- counting and finding ---------------------------------------------- */

/* A part of a string, in bits; both ends belong to it. */
struct part {
	struct slice s;
	int64_t first, last;
	bool is_open;  /* no end was given */
};

/* BYTE or BIT in argument i; else a syntax error. */
static bool
read_unit(struct call *c, int i, bool *is_bit)
{
	*is_bit = slice_is(c->argv[i], "bit");
	if (*is_bit || slice_is(c->argv[i], "byte"))
		return true;
	call_syntax(c);
	return false;
}

/* Counts from the end what is negative, and turns units into bits. */
static void
resolve(struct part *p, bool is_bit)
{
	int64_t units = (int64_t)p->s.bytes * (is_bit ? 8 : 1);

	if (p->first < 0)
		p->first = p->first + units > 0 ? p->first + units : 0;
	if (p->last < 0)
		p->last = p->last + units > 0 ? p->last + units : 0;
	if (p->last >= units)
		p->last = units - 1;
	if (!is_bit) {
		p->first = p->first > p->last ? 1 : p->first * 8;
		p->last = p->first == 1 ? 0 : p->last * 8 + 7;
	}
}

static int64_t
count_bits(const struct part *p)
{
	const uint8_t *at = (const uint8_t *)p->s.data + p->first / 8;
	const uint8_t *end = (const uint8_t *)p->s.data + p->last / 8;
	int64_t count = 0;
	uint64_t word;

	if (p->first > p->last)
		return 0;
	/* Those of the first and the last byte that do not belong to it. */
	count -= __builtin_popcount(*at & (0xff00 >> p->first % 8 & 0xff));
	count -= __builtin_popcount(*end & (0x7f >> p->last % 8));
	for (; at + 8 <= end + 1; at += 8) {
		memcpy(&word, at, 8);
		count += __builtin_popcountll(word);
	}
	for (; at <= end; at++)
		count += __builtin_popcount(*at);
	return count;
}

void
cmd_bitcount(struct call *c)
{
	struct key k = call_key(c, 1);
	char digits[NUMBER_TEXT];
	struct part p = { .first = 0, .last = -1 };
	bool is_wrong, is_bit = false;
	struct value *v = call_find_type(c, &k, VALUE_STRING, &is_wrong);

	if (is_wrong)
		return;
	if (v == NULL) {
		reply_int(c->reply, 0);
		return;
	}
	if (c->argc == 3 || c->argc > 5) {
		call_syntax(c);
		return;
	}
	if (c->argc > 3 && (!call_int(c, 2, &p.first) ||
	    !call_int(c, 3, &p.last)))
		return;
	p.s = string_text(v, digits);
	if (p.first < 0 && p.last < 0 && p.first > p.last) {
		reply_int(c->reply, 0);
		return;
	}
	if (c->argc == 5 && !read_unit(c, 4, &is_bit))
		return;
	resolve(&p, is_bit);
	reply_int(c->reply, count_bits(&p));
}

/* The first bit of the part that is `bit`, or -1. */
static int64_t
find_bit(const struct part *p, int bit)
{
	const uint8_t *data = (const uint8_t *)p->s.data;
	const uint8_t flip = bit ? 0 : 0xff;
	const uint64_t skip = bit ? 0 : UINT64_MAX;
	int64_t at = p->first / 8, end = p->last / 8, found;
	uint8_t mask = (uint8_t)(0xff >> p->first % 8);
	uint64_t word;

	for (; at <= end; at++, mask = 0xff) {
		uint8_t byte = (data[at] ^ flip) & mask;

		if (byte != 0) {
			found = at * 8 + __builtin_clz(byte) - 24;
			return found <= p->last ? found : -1;
		}
		for (; at + 9 <= end; at += 8) {
			memcpy(&word, data + at + 1, 8);
			if (word != skip)
				break;
		}
	}
	return -1;
}

static bool
read_part(struct call *c, struct part *p)
{
	bool is_bit = false;

	p->first = 0;
	p->last = -1;
	p->is_open = c->argc < 5;
	if (c->argc > 6) {
		call_syntax(c);
		return false;
	}
	if ((c->argc > 3 && !call_int(c, 3, &p->first)) ||
	    (c->argc > 5 && !read_unit(c, 5, &is_bit)) ||
	    (c->argc > 4 && !call_int(c, 4, &p->last)))
		return false;
	resolve(p, is_bit);
	return true;
}

void
cmd_bitpos(struct call *c)
{
	struct key k = call_key(c, 1);
	char digits[NUMBER_TEXT];
	struct part p;
	struct value *v;
	int64_t bit, found;
	bool is_wrong;

	if (!call_int(c, 2, &bit))
		return;
	if (bit != 0 && bit != 1) {
		reply_error(c->reply, error_text[ERROR_BIT_ARGUMENT]);
		return;
	}
	v = call_find_type(c, &k, VALUE_STRING, &is_wrong);
	if (is_wrong)
		return;
	if (v == NULL) {
		reply_int(c->reply, bit ? -1 : 0);
		return;
	}
	p.s = string_text(v, digits);
	if (!read_part(c, &p))
		return;
	found = p.first <= p.last ? find_bit(&p, (int)bit) : -1;
	/* Zeros go on behind a string whose end was not asked about. */
	if (found < 0 && bit == 0 && p.is_open && p.first <= p.last)
		found = (int64_t)p.s.bytes * 8;
	reply_int(c->reply, found);
}

/* --- combining --------------------------------------------------------- */

enum operation { AND, OR, XOR, NOT };

static void
combine_some(uint8_t *to, const uint8_t *from, size_t bytes, enum operation op)
{
	size_t i;

	switch (op) {
	case AND:
		for (i = 0; i < bytes; i++)
			to[i] &= from[i];
		break;
	case OR:
		for (i = 0; i < bytes; i++)
			to[i] |= from[i];
		break;
	case XOR:
		for (i = 0; i < bytes; i++)
			to[i] ^= from[i];
		break;
	case NOT:
		for (i = 0; i < bytes; i++)
			to[i] = (uint8_t)~from[i];
		break;
	}
}

/* Long strings in steps: the process says that it lives. */
static void
combine(struct call *c, uint8_t *to, struct slice from, enum operation op)
{
	const uint8_t *at = (const uint8_t *)from.data;
	size_t left = from.bytes, some;

	for (; left > 0; left -= some, at += some, to += some) {
		some = left < TXN_STEP ? left : TXN_STEP;
		combine_some(to, at, some, op);
		txn_beat(c->txn);
	}
}

/* The strings of arguments 3 ..; the longest's bytes, or false: WRONGTYPE. */
static bool
read_sources(struct call *c, struct slice *s, size_t *longest)
{
	char *digits = txn_scratch(c->txn, (size_t)c->argc * NUMBER_TEXT);
	int i;

	*longest = 0;
	for (i = 3; i < c->argc; i++) {
		struct key k = call_key(c, i);
		bool is_wrong;
		struct value *v = call_find_type(c, &k, VALUE_STRING,
		    &is_wrong);

		if (is_wrong)
			return false;
		s[i - 3] = v == NULL ? (struct slice){ NULL, 0 } :
		    string_text(v, digits + i * NUMBER_TEXT);
		if (s[i - 3].bytes > *longest)
			*longest = s[i - 3].bytes;
	}
	return true;
}

static void
store_combined(struct call *c, enum operation op, const struct slice *s,
    int count, size_t bytes)
{
	struct key k = call_key(c, 2);
	struct value *old = slot_peek(c->txn, &k), *v;
	uint8_t *to;
	int i;

	if (bytes == 0 && old == NULL)
		return;
	call_changed(c);
	if (bytes == 0) {
		slot_remove(c->txn, &k, old);
		return;
	}
	/* What the old record holds stays readable until the commit. */
	v = slot_put(c->txn, &k, old, VALUE_STRING, STRING_RAW, bytes, -1,
	    false);
	to = (uint8_t *)value_data(v);
	if (s[0].bytes > 0)
		txn_fill(c->txn, to, s[0].data, s[0].bytes);
	txn_zero(c->txn, to + s[0].bytes, bytes - s[0].bytes);
	if (op == NOT)
		combine(c, to, s[0], NOT);
	for (i = 1; i < count; i++) {
		combine(c, to, s[i], op);
		if (op == AND)
			memset(to + s[i].bytes, 0, bytes - s[i].bytes);
	}
}

void
cmd_bitop(struct call *c)
{
	static const char *const name[] = { "and", "or", "xor", "not" };
	struct slice *s = txn_scratch(c->txn,
	    (size_t)c->argc * sizeof(*s));
	size_t op, bytes;

	for (op = 0; op < COUNT(name); op++)
		if (slice_is(c->argv[1], name[op]))
			break;
	if (op == COUNT(name)) {
		call_syntax(c);
		return;
	}
	if (op == NOT && c->argc != 4) {
		reply_error(c->reply, error_text[ERROR_BITOP_NOT]);
		return;
	}
	if (!read_sources(c, s, &bytes))
		return;
	store_combined(c, (enum operation)op, s, c->argc - 3, bytes);
	reply_int(c->reply, (int64_t)bytes);
}
