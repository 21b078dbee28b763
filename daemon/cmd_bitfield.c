/*
 * cmd_bitfield - integers of any width inside a string
 *
 * All operations are read before the first is done, so that a mistake in
 * any of them changes nothing; and the string is made as long as the last
 * of those that write needs it.
 *
 * Not here: single bits (cmd_bitmap.c).
 */
#include "daemon/cmd_bitmap.h"
#include "shm/string.h"

enum overflow { WRAP, SAT, FAIL };
enum action { GET, SET, INCRBY };

struct operation {
	enum action action;
	enum overflow overflow;
	bool is_signed;
	int bits;
	uint64_t offset;
	int64_t value;
};

struct fields {
	struct operation *op;
	int count;
	bool writes;
	uint64_t bytes; /* the string needs for what writes */
};

/* i16, u8 ... : 1 to 64 bits, 63 when unsigned. */
static bool
read_type(struct call *c, int i, struct operation *op)
{
	struct slice s = c->argv[i];
	int64_t bits = 0;

	op->is_signed = s.bytes > 0 && s.data[0] == 'i';
	if (s.bytes > 1 && (op->is_signed || s.data[0] == 'u') &&
	    number_get_int((struct slice){ s.data + 1, s.bytes - 1 }, &bits) &&
	    bits >= 1 && bits <= (op->is_signed ? 64 : 63)) {
		op->bits = (int)bits;
		return true;
	}
	reply_error(c->reply, error_text[ERROR_BITFIELD_TYPE]);
	return false;
}

static bool
read_overflow(struct call *c, int i, enum overflow *overflow)
{
	if (slice_is(c->argv[i], "wrap")) {
		*overflow = WRAP;
	} else if (slice_is(c->argv[i], "sat")) {
		*overflow = SAT;
	} else if (slice_is(c->argv[i], "fail")) {
		*overflow = FAIL;
	} else {
		reply_error(c->reply, error_text[ERROR_BITFIELD_OVERFLOW]);
		return false;
	}
	return true;
}

/* The operation at argument *i, which moves behind it. */
static bool
read_operation(struct call *c, int *i, struct fields *f, struct operation *op)
{
	struct slice word = c->argv[*i];
	int left = c->argc - *i - 1;
	uint64_t bytes;

	if (slice_is(word, "get") && left >= 2) {
		op->action = GET;
	} else if (slice_is(word, "set") && left >= 3) {
		op->action = SET;
	} else if (slice_is(word, "incrby") && left >= 3) {
		op->action = INCRBY;
	} else {
		call_syntax(c);
		return false;
	}
	if (!read_type(c, *i + 1, op) ||
	    !bitmap_offset(c, *i + 2, op->bits, &op->offset))
		return false;
	if (op->action != GET) {
		if (!call_int(c, *i + 3, &op->value))
			return false;
		f->writes = true;
		bytes = (op->offset + (uint64_t)op->bits - 1) / 8 + 1;
		if (bytes > f->bytes)
			f->bytes = bytes;
	}
	*i += op->action == GET ? 3 : 4;
	return true;
}

static bool
read_fields(struct call *c, struct fields *f)
{
	enum overflow overflow = WRAP;
	int i = 2;

	f->op = txn_scratch(c->txn, (size_t)c->argc * sizeof(*f->op));
	while (i < c->argc) {
		if (slice_is(c->argv[i], "overflow") && i + 1 < c->argc) {
			if (!read_overflow(c, i + 1, &overflow))
				return false;
			i += 2;
			continue;
		}
		f->op[f->count].overflow = overflow;
		if (!read_operation(c, &i, f, &f->op[f->count]))
			return false;
		f->count++;
	}
	return true;
}

/* The bits of a field as an unsigned number; zeros behind the string's end. */
static uint64_t
get_bits(struct slice s, const struct operation *op)
{
	uint64_t first = op->offset / 8, i;
	uint64_t last = (op->offset + (uint64_t)op->bits - 1) / 8;
	unsigned __int128 bits = 0;

	for (i = first; i <= last; i++)
		bits = bits << 8 | (i < s.bytes ? (uint8_t)s.data[i] : 0);
	bits >>= 7 - (op->offset + (uint64_t)op->bits - 1) % 8;
	return (uint64_t)bits & (UINT64_MAX >> (64 - op->bits));
}

static void
put_bits(uint8_t *data, const struct operation *op, uint64_t bits)
{
	uint64_t at = op->offset + (uint64_t)op->bits;
	int i;

	for (i = 0; i < op->bits; i++, bits >>= 1) {
		uint8_t mask = (uint8_t)(0x80 >> --at % 8);

		data[at / 8] = (uint8_t)(bits & 1 ? data[at / 8] | mask :
		    data[at / 8] & ~mask);
	}
}

static int64_t
number_of(uint64_t bits, const struct operation *op)
{
	int drop = 64 - op->bits;

	return op->is_signed ? (int64_t)(bits << drop) >> drop :
	    (int64_t)bits;
}

/*
 * What is to be stored for a wanted number; false when it does not fit and
 * OVERFLOW FAIL forbids to store anything.
 */
static bool
fit(__int128 wanted, const struct operation *op, uint64_t *bits)
{
	__int128 one = 1, max, min = 0;

	max = (one << (op->is_signed ? op->bits - 1 : op->bits)) - 1;
	if (op->is_signed)
		min = -max - 1;
	if (wanted > max || wanted < min) {
		if (op->overflow == FAIL)
			return false;
		if (op->overflow == SAT)
			wanted = wanted > max ? max : min;
	}
	*bits = (uint64_t)wanted & (UINT64_MAX >> (64 - op->bits));
	return true;
}

/*
 * Does one operation that writes in a string that is long enough; whether
 * that changed anything.
 */
static bool
change(struct call *c, struct value *v, const struct operation *op, bool is_new)
{
	struct slice s = { value_data(v), value_bytes(v) };
	uint64_t was = get_bits(s, op);
	int64_t old = number_of(was, op);
	uint64_t first = op->offset / 8, bits;
	__int128 wanted;

	if (op->action == INCRBY)
		wanted = (__int128)old + op->value;
	else
		wanted = op->is_signed ? (__int128)op->value :
		    (__int128)(uint64_t)op->value;
	if (!fit(wanted, op, &bits)) {
		reply_null(c->reply);
		return false;
	}
	reply_int(c->reply, op->action == SET ? old : number_of(bits, op));
	if (bits == was)
		return false;
	if (!is_new)
		txn_note(c->txn, s.data + first, (op->offset +
		    (uint64_t)op->bits - 1) / 8 - first + 1);
	put_bits((uint8_t *)value_data(v), op, bits);
	return true;
}

static void
run(struct call *c, const struct fields *f)
{
	struct key k = call_key(c, 1);
	char digits[NUMBER_TEXT];
	struct slice s = { NULL, 0 };
	bool is_wrong, is_new = false, is_changed = false;
	struct value *v = call_find_type(c, &k, VALUE_STRING, &is_wrong);
	int i;

	if (is_wrong)
		return;
	if (v != NULL)
		s = string_text(v, digits);
	if (f->writes) {
		is_changed = f->bytes > s.bytes;
		v = string_grow(c->txn, &k, v, f->bytes, &is_new);
		s = string_text(v, digits);
	}
	reply_array(c->reply, f->count);
	for (i = 0; i < f->count; i++) {
		const struct operation *op = &f->op[i];

		if (op->action == GET)
			reply_int(c->reply, number_of(get_bits(s, op), op));
		else
			is_changed |= change(c, v, op, is_new);
	}
	if (is_changed) {
		slot_touch(c->txn, &k);
		call_changed(c);
	}
}

void
cmd_bitfield(struct call *c)
{
	struct fields f = { NULL, 0, false, 0 };

	if (read_fields(c, &f))
		run(c, &f);
}

void
cmd_bitfield_ro(struct call *c)
{
	struct fields f = { NULL, 0, false, 0 };

	if (!read_fields(c, &f))
		return;
	if (f.writes)
		reply_error(c->reply, error_text[ERROR_BITFIELD_RO]);
	else
		run(c, &f);
}
