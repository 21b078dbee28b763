#include "proto/rdb_read.h"

#include <liblzf/lzf.h>
#include <stdarg.h>
#include <stdio.h>

#define OPCODES_FROM 242   /* types end below */
#define LZF_BEST 90        /* no byte of LZF becomes more than so many */
#define STREAM_ID_BYTES 16
#define TIME_BYTES 8

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
    "integers of an RDB file are read as they lie");

/* --- refusing ---------------------------------------------------------- */

void
rdb_open(struct rdb_reader *r, struct slice bytes,
    void *(*room)(void *arg, size_t bytes), void *room_arg)
{
	*r = (struct rdb_reader){ .data = bytes.data, .bytes = bytes.bytes,
		.room = room, .room_arg = room_arg };
}

bool
rdb_refuse(struct rdb_reader *r, size_t at, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(r->why, sizeof(r->why), format, list);
	va_end(list);
	r->why_at = at;
	return false;
}

static void
ends_early(struct rdb_reader *r)
{
	rdb_refuse(r, r->bytes, "it ends in the middle of something");
}

/* --- pieces ------------------------------------------------------------ */

static inline bool
has(struct rdb_reader *r, uint64_t bytes)
{
	if (likely(bytes <= r->bytes - r->at))
		return true;
	ends_early(r);
	return false;
}

static inline const unsigned char *
here(const struct rdb_reader *r)
{
	return (const unsigned char *)r->data + r->at;
}

bool
rdb_read_bytes(struct rdb_reader *r, size_t bytes, const char **data)
{
	if (!has(r, bytes))
		return false;
	*data = r->data + r->at;
	r->at += bytes;
	return true;
}

static bool
skip(struct rdb_reader *r, uint64_t bytes)
{
	if (!has(r, bytes))
		return false;
	r->at += bytes;
	return true;
}

/* The longer lengths, high byte first. */
static bool
read_long(struct rdb_reader *r, uint64_t *n)
{
	size_t bytes = *here(r) == RDB_LENGTH_32 ? 4 : 8;
	uint32_t n32;

	*n = 0;
	if (*here(r) != RDB_LENGTH_32 && *here(r) != RDB_LENGTH_64)
		return rdb_refuse(r, r->at, "a length begins with byte %d",
		    *here(r));
	if (!has(r, 1 + bytes))
		return false;
	if (bytes == 4) {
		memcpy(&n32, here(r) + 1, sizeof(n32));
		*n = __builtin_bswap32(n32);
	} else {
		memcpy(n, here(r) + 1, sizeof(*n));
		*n = __builtin_bswap64(*n);
	}
	r->at += 1 + bytes;
	return true;
}

/* A length, or (*is_form) the number of another form of string. */
static inline bool
read_any(struct rdb_reader *r, uint64_t *n, bool *is_form)
{
	unsigned first;

	*is_form = false;
	if (!has(r, 1))
		return false;
	first = *here(r);
	switch (first >> 6) {
	case RDB_LENGTH_6:
		*n = first;
		r->at++;
		return true;
	case RDB_LENGTH_14:
		if (!has(r, 2))
			return false;
		*n = (first & 63) << 8 | here(r)[1];
		r->at += 2;
		return true;
	case RDB_LENGTH_LONG:
		return read_long(r, n);
	default:
		*n = first & 63;
		*is_form = true;
		r->at++;
		if (likely(*n <= RDB_LZF))
			return true;
		rdb_refuse(r, r->at - 1, "a string has the unknown form %u",
		    first & 63);
		return false;
	}
}

bool
rdb_read_length(struct rdb_reader *r, uint64_t *n)
{
	size_t at = r->at;
	bool is_form;

	if (!read_any(r, n, &is_form))
		return false;
	return !is_form ||
	    rdb_refuse(r, at, "a string stands in the place of a length");
}

bool
rdb_read_count(struct rdb_reader *r, size_t least, uint64_t *n)
{
	size_t at = r->at;

	if (!rdb_read_length(r, n))
		return false;
	if (*n == 0)
		return rdb_refuse(r, at, "a value has no elements");
	return *n <= (r->bytes - r->at) / least || rdb_refuse(r, at,
	    "%llu elements are said to follow, which do not fit",
	    (unsigned long long)*n);
}

/* --- strings ----------------------------------------------------------- */

/* Strings longer than any that is kept are not even made. */
static bool
is_too_long(struct rdb_reader *r, uint64_t bytes)
{
	if (likely(bytes < RDB_STRING_MAX))
		return false;
	rdb_refuse(r, r->at, "a string of %llu bytes is longer than this "
	    "server keeps", (unsigned long long)bytes);
	return true;
}

/* Memory for a string that is made. */
static char *
take(struct rdb_reader *r, struct rdb_hold *hold, size_t bytes)
{
	char *data;

	if (hold != NULL && bytes <= sizeof(hold->digits))
		return hold->digits;
	if (hold != NULL && bytes <= hold->bytes)
		return hold->data;
	if (hold != NULL && bytes < hold->bytes * 2)
		bytes = hold->bytes * 2;
	data = r->room != NULL ? r->room(r->room_arg, bytes) : NULL;
	if (data == NULL)
		rdb_refuse(r, r->at, "there is no memory for %zu bytes", bytes);
	else if (hold != NULL)
		*hold = (struct rdb_hold){ .data = data, .bytes = bytes };
	return data;
}

static bool
read_digits(struct rdb_reader *r, struct rdb_hold *hold, enum rdb_form form,
    struct slice *s)
{
	size_t bytes = (size_t)1 << form;
	int empty = 32 - 8 * (int)bytes;
	char *digits;
	uint32_t n = 0;

	if (!has(r, bytes))
		return false;
	digits = take(r, hold, NUMBER_TEXT);
	if (digits == NULL)
		return false;
	memcpy(&n, here(r), bytes);
	r->at += bytes;
	*s = (struct slice){ digits, number_put_int(digits,
	    (int32_t)(n << empty) >> empty) };
	return true;
}

/* The two lengths of compressed bytes, which are there. */
static bool
read_lzf(struct rdb_reader *r, uint64_t *packed, uint64_t *plain)
{
	size_t at = r->at - 1;

	if (!rdb_read_length(r, packed) || !rdb_read_length(r, plain) ||
	    !has(r, *packed))
		return false;
	/* The library reads a byte before it looks whether there is one. */
	return (*plain > 0 && *packed > 0 && *packed <= UINT32_MAX &&
	    *plain / LZF_BEST <= *packed) || rdb_refuse(r, at,
	    "%llu bytes are said to be compressed to %llu",
	    (unsigned long long)*plain, (unsigned long long)*packed);
}

static bool
unpack(struct rdb_reader *r, struct rdb_hold *hold, struct slice *s)
{
	size_t at = r->at - 1;
	uint64_t packed, plain;
	char *to;

	if (!read_lzf(r, &packed, &plain) || is_too_long(r, plain))
		return false;
	to = take(r, hold, plain);
	if (to == NULL)
		return false;
	if (lzf_decompress(here(r), (unsigned)packed, to,
	    (unsigned)plain) != plain)
		return rdb_refuse(r, at, "compressed bytes are damaged");
	r->at += packed;
	*s = (struct slice){ to, plain };
	return true;
}

bool
rdb_read_string(struct rdb_reader *r, struct rdb_hold *hold, struct slice *s)
{
	bool is_form;
	uint64_t n;

	if (!read_any(r, &n, &is_form))
		return false;
	if (unlikely(is_form))
		return n == RDB_LZF ? unpack(r, hold, s) :
		    read_digits(r, hold, (enum rdb_form)n, s);
	s->bytes = n;
	return rdb_read_bytes(r, n, &s->data) && !is_too_long(r, n);
}

static bool
skip_form(struct rdb_reader *r, enum rdb_form form)
{
	uint64_t packed, plain;

	if (form != RDB_LZF)
		return skip(r, 1ull << form);
	return read_lzf(r, &packed, &plain) && skip(r, packed);
}

static inline bool
skip_string(struct rdb_reader *r)
{
	bool is_form;
	uint64_t n;

	if (!read_any(r, &n, &is_form))
		return false;
	return unlikely(is_form) ? skip_form(r, (enum rdb_form)n) : skip(r, n);
}

/* --- values, not looked into ------------------------------------------- */

static bool
skip_strings(struct rdb_reader *r, uint64_t n)
{
	while (n-- > 0)
		if (unlikely(!skip_string(r)))
			return false;
	return true;
}

/* A score as text: a length, or 253 to 255 for one that is no number. */
static bool
skip_text_score(struct rdb_reader *r)
{
	unsigned bytes;

	if (!has(r, 1))
		return false;
	bytes = *here(r);
	return skip(r, 1 + (bytes < 253 ? bytes : 0));
}

static bool
skip_scores(struct rdb_reader *r, bool is_text)
{
	uint64_t n;

	if (!rdb_read_count(r, 2, &n))
		return false;
	while (n-- > 0)
		if (!skip_string(r) ||
		    !(is_text ? skip_text_score(r) : skip(r, sizeof(double))))
			return false;
	return true;
}

static bool
skip_nodes(struct rdb_reader *r)
{
	uint64_t n, container;

	if (!rdb_read_count(r, 2, &n))
		return false;
	while (n-- > 0)
		if (!rdb_read_length(r, &container) || !skip_string(r))
			return false;
	return true;
}

static bool
skip_lengths(struct rdb_reader *r, int n)
{
	uint64_t length;

	while (n-- > 0)
		if (!rdb_read_length(r, &length))
			return false;
	return true;
}

/* Entries that are pending: id, time and number of deliveries. */
static bool
skip_pending(struct rdb_reader *r)
{
	uint64_t n;

	if (!rdb_read_length(r, &n))
		return false;
	while (n-- > 0)
		if (!skip(r, STREAM_ID_BYTES + TIME_BYTES) ||
		    !skip_lengths(r, 1))
			return false;
	return true;
}

static bool
skip_consumer(struct rdb_reader *r, int type, void (*visit)(void *, size_t),
    void *arg)
{
	size_t at = r->at;
	uint64_t n;

	if (!skip_string(r) || !skip(r, TIME_BYTES))
		return false;
	if (type == RDB_TYPE_STREAM_3) {
		if (visit != NULL)
			visit(arg, r->at);
		if (!skip(r, TIME_BYTES))
			return false;
	}
	if (!rdb_read_length(r, &n))
		return false;
	if (n > r->bytes / STREAM_ID_BYTES)
		return rdb_refuse(r, at, "a consumer has too much pending");
	return skip(r, n * STREAM_ID_BYTES);
}

static bool
skip_group(struct rdb_reader *r, int type, void (*visit)(void *, size_t),
    void *arg)
{
	uint64_t n;

	if (!skip_string(r) ||
	    !skip_lengths(r, type == RDB_TYPE_STREAM ? 2 : 3) ||
	    !skip_pending(r) || !rdb_read_length(r, &n))
		return false;
	while (n-- > 0)
		if (!skip_consumer(r, type, visit, arg))
			return false;
	return true;
}

bool
rdb_skip_stream(struct rdb_reader *r, int type, void (*visit)(void *, size_t),
    void *arg)
{
	uint64_t n;

	if (!rdb_read_length(r, &n))
		return false;
	while (n-- > 0)
		if (!skip_strings(r, 2))
			return false;
	if (!skip_lengths(r, type == RDB_TYPE_STREAM ? 3 : 8) ||
	    !rdb_read_length(r, &n))
		return false;
	while (n-- > 0)
		if (!skip_group(r, type, visit, arg))
			return false;
	return true;
}

bool
rdb_skip_value(struct rdb_reader *r, int type)
{
	uint64_t n;

	switch (rdb_type_table[type].body) {
	case RDB_BODY_STRING:
	case RDB_BODY_PACK:
		return skip_string(r);
	case RDB_BODY_STRINGS:
	case RDB_BODY_PACKS:
		return rdb_read_count(r, 1, &n) && skip_strings(r, n);
	case RDB_BODY_PAIRS:
		return rdb_read_count(r, 2, &n) && skip_strings(r, n * 2);
	case RDB_BODY_TEXTS:
		return skip_scores(r, true);
	case RDB_BODY_SCORES:
		return skip_scores(r, false);
	case RDB_BODY_NODES:
		return skip_nodes(r);
	case RDB_BODY_STREAM:
		return rdb_skip_stream(r, type, NULL, NULL);
	}
	never("a value that is skipped has a type that can be read");
}

/* --- records ----------------------------------------------------------- */

bool
rdb_read_header(struct rdb_reader *r)
{
	static const char *const names[] = { "REDIS", "VALKEY" };
	size_t i, bytes;
	int version = 0;

	for (i = 0; i < COUNT(names); i++) {
		bytes = strlen(names[i]);
		if (r->bytes >= RDB_HEADER_BYTES &&
		    memcmp(r->data, names[i], bytes) == 0)
			break;
	}
	if (i == COUNT(names))
		return rdb_refuse(r, 0, "this is not an RDB file");
	for (; bytes < RDB_HEADER_BYTES; bytes++) {
		unsigned digit = (unsigned char)r->data[bytes] - '0';

		if (digit > 9)
			return rdb_refuse(r, bytes,
			    "the version of the file is not a number");
		version = version * 10 + (int)digit;
	}
	if (i > 0 || version < 1 || version > RDB_VERSION_MAX)
		return rdb_refuse(r, 0, "it has version %d of %s's format; "
		    "what can be read are versions 1 to %d of Redis's",
		    version, i > 0 ? "Valkey" : "Redis", RDB_VERSION_MAX);
	r->version = version;
	r->at = RDB_HEADER_BYTES;
	return true;
}

bool
rdb_read_type(struct rdb_reader *r, uint8_t *type)
{
	size_t at = r->at;

	if (!skip(r, 1))
		return false;
	*type = (uint8_t)r->data[at];
	if (*type < RDB_TYPES && rdb_type_table[*type].since > 0 &&
	    rdb_type_table[*type].body != RDB_BODY_FOREIGN)
		return true;
	if (*type < RDB_TYPES && rdb_type_table[*type].kind == RDB_MODULE)
		return rdb_refuse(r, at, "a value belongs to a module, which "
		    "this server has none of (type %d)", *type);
	if (*type >= RDB_TYPES && *type <= RDB_TYPES + 3)
		return rdb_refuse(r, at, "a hash has fields that expire "
		    "(type %d), which this version does not know", *type);
	return rdb_refuse(r, at, "a value has the unknown type %d", *type);
}

/* The time behind an opcode; seconds are of 4 bytes, milliseconds of 8. */
static bool
read_expiry(struct rdb_reader *r, int opcode, int64_t *ms)
{
	const char *at;
	int32_t seconds;

	if (!rdb_read_bytes(r, opcode == RDB_EXPIRE_S ? 4 : 8, &at))
		return false;
	if (opcode == RDB_EXPIRE_MS) {
		memcpy(ms, at, sizeof(*ms));
	} else {
		memcpy(&seconds, at, sizeof(seconds));
		*ms = (int64_t)seconds * 1000;
	}
	/* Before 1970 is as long ago as 1970. */
	if (*ms < 0)
		*ms = 0;
	return true;
}

static bool
read_key(struct rdb_reader *r, struct rdb_item *item)
{
	item->what = RDB_IS_KEY;
	return rdb_read_type(r, &item->type) &&
	    rdb_read_string(r, &item->hold, &item->name);
}

/*
 * What an opcode says: true with *is_done when it is worth knowing, else it
 * is about the key that follows.
 */
static bool
read_opcode(struct rdb_reader *r, struct rdb_item *item, int opcode,
    bool *is_done)
{
	size_t at = r->at - 1;
	uint64_t n;

	*is_done = false;
	switch (opcode) {
	case RDB_EXPIRE_MS:
	case RDB_EXPIRE_S:
		return read_expiry(r, opcode, &item->expires_ms);
	case RDB_IDLE:
		if (!rdb_read_length(r, &n))
			return false;
		item->idle_s = n > INT32_MAX ? INT32_MAX : (int64_t)n;
		return true;
	case RDB_FREQ:
		item->freq = r->at < r->bytes ? *here(r) : 0;
		return skip(r, 1);
	case RDB_SLOT_INFO:
		return skip_lengths(r, 3);
	}
	*is_done = true;
	switch (opcode) {
	case RDB_SELECT:
		item->what = RDB_IS_SELECT;
		return rdb_read_length(r, &item->n[0]);
	case RDB_RESIZE:
		item->what = RDB_IS_RESIZE;
		return rdb_read_length(r, &item->n[0]) &&
		    rdb_read_length(r, &item->n[1]);
	case RDB_AUX:
		item->what = RDB_IS_AUX;
		return rdb_read_string(r, &item->hold, &item->name) &&
		    rdb_read_string(r, NULL, &item->text);
	case RDB_FUNCTION:
		item->what = RDB_IS_FUNCTION;
		return rdb_read_string(r, NULL, &item->text);
	case RDB_END:
		item->what = RDB_IS_END;
		return r->version < 5 || has(r, RDB_CRC_BYTES);
	case RDB_FUNCTION_OLD:
		return rdb_refuse(r, at, "it holds functions as only early "
		    "versions of Redis 7.0 wrote them");
	case RDB_MODULE_AUX:
		return rdb_refuse(r, at, "it holds data of a module, which "
		    "this server has none of");
	}
	return rdb_refuse(r, at, "a record begins with the unknown byte %d",
	    opcode);
}

bool
rdb_next(struct rdb_reader *r, struct rdb_item *item)
{
	bool is_done = false;
	int opcode;

	item->expires_ms = item->idle_s = item->freq = -1;
	while (!is_done) {
		if (!has(r, 1))
			return false;
		opcode = *here(r);
		if (likely(opcode < OPCODES_FROM))
			return read_key(r, item);
		r->at++;
		if (!read_opcode(r, item, opcode, &is_done))
			return false;
	}
	return true;
}

uint64_t
rdb_crc(const struct rdb_reader *r)
{
	uint64_t crc = 0;

	if (r->version >= 5)
		memcpy(&crc, here(r), sizeof(crc));
	return crc;
}
