/*
 * listpack - a short list of strings and integers in one run of bytes
 *
 *   first byte   then                       the element is
 *   0xxxxxxx                                0 to 127
 *   10xxxxxx     bytes                      a string below 64 bytes
 *   110xxxxx     1 byte                     an integer of 13 bits, high first
 *   1110xxxx     1 byte, bytes              a string below 4096 bytes
 *   0xf0         u32, bytes                 a longer string
 *   0xf1 .. f4   2, 3, 4, 8 bytes           an integer, low byte first
 *   0xff                                    none: the end
 *
 * An element is followed by the bytes of all that, seven bits each, the high
 * ones first; every byte of them but the first has its top bit set, so that
 * it can be read from the right.
 *
 * Invariant: every element is in the one shortest form its content allows,
 * as Redis writes it.  Therefore two elements are equal exactly when their
 * bytes are, and a search compares bytes, integers included, without decoding.
 *
 * Not here: what the elements mean (the files of shm/ that keep hashes,
 * lists, sets and sorted sets).
 */
#include "proto/listpack.h"

#include "proto/number.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
    "integers of a listpack are read as they lie");

#define END 0xff
#define COUNT_UNKNOWN 65535
#define INTEGER_TEXT 20 /* no integer has more digits */

/* What an element's bytes will be: the head, then those of `data`. */
struct form {
	unsigned char head[9];
	size_t head_bytes;
	struct slice data;
	size_t bytes;  /* of both */
};

/* A form, and its last 8 bytes in one word; the mask covers fewer ones. */
struct needle {
	struct form form;
	uint64_t tail;
	uint64_t mask;
};

static inline const unsigned char *
entry_at(const char *lp, size_t at)
{
	return (const unsigned char *)lp + at;
}

static inline uint64_t
load_word(const void *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline uint32_t
load_u32(const void *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

static inline uint32_t
load_count(const char *lp)
{
	uint16_t n;

	memcpy(&n, lp + 4, sizeof(n));
	return n;
}

static void
store_header(char *lp, size_t bytes, size_t count)
{
	uint32_t total = bytes;
	uint16_t n = count < COUNT_UNKNOWN ? count : COUNT_UNKNOWN;

	must(bytes <= UINT32_MAX, "a listpack is below 4 GB");
	memcpy(lp, &total, sizeof(total));
	memcpy(lp + 4, &n, sizeof(n));
}

/* Bytes that a length of `bytes` takes; the bounds are Redis's. */
static inline size_t
back_bytes(size_t bytes)
{
	if (likely(bytes <= 127))
		return 1;
	return bytes < 16383 ? 2 : bytes < 2097151 ? 3 :
	    bytes < 268435455 ? 4 : 5;
}

static void
put_back(unsigned char *p, size_t bytes)
{
	size_t i;

	for (i = back_bytes(bytes); i-- > 0; bytes >>= 7)
		p[i] = (bytes & 127) | (i > 0 ? 128 : 0);
}

/* Bytes of an element without its length; its first byte is not END. */
static inline size_t
body_bytes(const unsigned char *p)
{
	static const unsigned char fixed[] = { 0, 3, 4, 5, 9 };
	unsigned b = p[0];

	if (b < 0x80)
		return 1;
	if (b < 0xc0)
		return 1 + (b & 0x3f);
	if (b < 0xe0)
		return 2;
	if (b < 0xf0)
		return 2 + ((b & 0x0f) << 8 | p[1]);
	if (b == 0xf0)
		return 5 + (size_t)load_u32(p + 1);
	must(b <= 0xf4, "a listpack's element begins with a known byte");
	return fixed[b - 0xf0];
}

static inline size_t
entry_bytes(const unsigned char *p)
{
	size_t body;

	if (p[0] < 0xc0)
		return p[0] < 0x80 ? 2 : 2 + (p[0] & 0x3f);
	body = body_bytes(p);
	return body + back_bytes(body);
}

void
listpack_init(char *lp)
{
	store_header(lp, LISTPACK_EMPTY_BYTES, 0);
	lp[LISTPACK_HEAD] = (char)END;
}

size_t
listpack_bytes(const char *lp)
{
	return load_u32(lp);
}

size_t
listpack_count(const char *lp)
{
	size_t at, n = load_count(lp);

	if (likely(n != COUNT_UNKNOWN))
		return n;
	for (n = 0, at = listpack_first(lp); at != 0; n++)
		at = listpack_next(lp, at);
	return n;
}

size_t
listpack_first(const char *lp)
{
	return *entry_at(lp, LISTPACK_HEAD) == END ? 0 : LISTPACK_HEAD;
}

size_t
listpack_last(const char *lp)
{
	return listpack_prev(lp, listpack_bytes(lp) - 1);
}

size_t
listpack_next(const char *lp, size_t at)
{
	at += entry_bytes(entry_at(lp, at));
	return *entry_at(lp, at) == END ? 0 : at;
}

size_t
listpack_before_bytes(const char *end)
{
	const unsigned char *p = entry_at(end, 0) - 1;
	size_t body = *p & 127;
	int shift = 0;

	while (*p & 128) {
		p--;
		body |= (size_t)(*p & 127) << (shift += 7);
	}
	return body + back_bytes(body);
}

size_t
listpack_prev(const char *lp, size_t at)
{
	return at == LISTPACK_HEAD ? 0 : at - listpack_before_bytes(lp + at);
}

size_t
listpack_index(const char *lp, int64_t index)
{
	int64_t count = listpack_count(lp);
	size_t at;

	if (index < 0)
		index += count;
	if (index < 0 || index >= count)
		return 0;
	if (index > count / 2) {
		at = listpack_last(lp);
		while (++index < count)
			at = listpack_prev(lp, at);
	} else {
		at = LISTPACK_HEAD;
		while (index-- > 0)
			at = listpack_next(lp, at);
	}
	return at;
}

/* The integer whose low `bits` are n. */
static inline int64_t
sign_extend(uint64_t n, int bits)
{
	return (int64_t)(n << (64 - bits)) >> (64 - bits);
}

static inline struct listpack_value
string_value(const unsigned char *data, size_t bytes)
{
	return (struct listpack_value){ { (const char *)data, bytes }, 0 };
}

static inline struct listpack_value
integer_value(int64_t n)
{
	return (struct listpack_value){ { NULL, 0 }, n };
}

static inline struct listpack_value
get(const unsigned char *p)
{
	unsigned b = p[0];

	if (b < 0x80)
		return integer_value(b);
	if (b < 0xc0)
		return string_value(p + 1, b & 0x3f);
	if (b < 0xe0)
		return integer_value(sign_extend((b & 0x1f) << 8 | p[1], 13));
	if (b < 0xf0)
		return string_value(p + 2, (b & 0x0f) << 8 | p[1]);
	switch (b) {
	case 0xf0:
		return string_value(p + 5, load_u32(p + 1));
	case 0xf1:
		return integer_value(sign_extend(p[1] | p[2] << 8, 16));
	case 0xf2:
		return integer_value(
		    sign_extend(p[1] | p[2] << 8 | p[3] << 16, 24));
	case 0xf3:
		return integer_value(sign_extend(load_u32(p + 1), 32));
	case 0xf4:
		return integer_value(load_word(p + 1));
	}
	never("a listpack's element begins with a known byte");
}

struct listpack_value
listpack_get(const char *lp, size_t at)
{
	return get(entry_at(lp, at));
}

struct slice
listpack_text(const char *lp, size_t at, char *scratch)
{
	struct listpack_value v = get(entry_at(lp, at));

	if (v.text.data != NULL)
		return v.text;
	return (struct slice){ scratch, number_put_int(scratch, v.number) };
}

static void
shape_integer(struct form *f, int64_t n)
{
	static const struct { int bits, bytes; } widths[] = {
		{ 16, 2 }, { 24, 3 }, { 32, 4 }, { 64, 8 },
	};
	size_t i = 0;

	if (n >= 0 && n < 128) {
		f->head[0] = n;
		f->head_bytes = 1;
	} else if (n >= -4096 && n < 4096) {
		f->head[0] = 0xc0 | (n >> 8 & 0x1f);
		f->head[1] = n;
		f->head_bytes = 2;
	} else {
		while (sign_extend(n, widths[i].bits) != n)
			i++;
		f->head[0] = 0xf1 + i;
		memcpy(f->head + 1, &n, sizeof(n));
		f->head_bytes = 1 + widths[i].bytes;
	}
	f->data = (struct slice){ NULL, 0 };
	f->bytes = f->head_bytes;
}

static void
shape_string(struct form *f, struct slice s)
{
	uint32_t bytes = s.bytes;

	must(s.bytes < UINT32_MAX, "an element of a listpack is below 4 GB");
	if (bytes < 64) {
		f->head[0] = 0x80 | bytes;
		f->head_bytes = 1;
	} else if (bytes < 4096) {
		f->head[0] = 0xe0 | bytes >> 8;
		f->head[1] = bytes;
		f->head_bytes = 2;
	} else {
		f->head[0] = 0xf0;
		memcpy(f->head + 1, &bytes, sizeof(bytes));
		f->head_bytes = 5;
	}
	f->data = s;
	f->bytes = f->head_bytes + bytes;
}

static inline void
shape(struct form *f, struct slice s)
{
	int64_t n;

	if (number_get_int(s, &n))
		shape_integer(f, n);
	else
		shape_string(f, s);
}

static void
put_form(unsigned char *p, const struct form *f)
{
	memcpy(p, f->head, f->head_bytes);
	if (f->data.bytes > 0)
		memcpy(p + f->head_bytes, f->data.data, f->data.bytes);
	put_back(p + f->bytes, f->bytes);
}

/*
 * The head is compared first: only where it is the same are there as many
 * bytes behind it as in the form.
 */
static bool
is_form(const unsigned char *p, const struct form *f)
{
	return p[0] == f->head[0] &&
	    memcmp(p, f->head, f->head_bytes) == 0 && (f->data.bytes == 0 ||
	    memcmp(p + f->head_bytes, f->data.data, f->data.bytes) == 0);
}

/* The word that ends with the form's last byte. */
static void
aim(struct needle *n, struct slice s)
{
	char end[16] = { 0 };
	size_t bytes;

	shape(&n->form, s);
	bytes = n->form.bytes;
	if (n->form.data.bytes >= 8) {
		n->tail = load_word(s.data + s.bytes - 8);
		n->mask = UINT64_MAX;
		return;
	}
	memcpy(end, n->form.head, n->form.head_bytes);
	if (n->form.data.bytes > 0)
		memcpy(end + n->form.head_bytes, s.data, s.bytes);
	n->mask = bytes < 8 ? UINT64_MAX << (64 - bytes * 8) : UINT64_MAX;
	n->tail = bytes < 8 ? load_word(end) << (64 - bytes * 8) :
	    load_word(end + bytes - 8);
}

/*
 * Where the first byte is the same and tells the length (all but strings of
 * 64 bytes and more), the word that ends with the element's last byte decides
 * most cases.  It begins inside the listpack: the header has 6 bytes, the
 * element two at least.
 */
static inline bool
is_needle(const unsigned char *p, const struct needle *n)
{
	size_t bytes = n->form.bytes;

	if (likely(p[0] != n->form.head[0]))
		return false;
	if (bytes == 1)
		return true;
	if (p[0] < 0xe0 || p[0] > 0xf0) {
		if ((load_word(p + bytes - 8) ^ n->tail) & n->mask)
			return false;
		if (bytes <= 9)
			return true;
	}
	return is_form(p, &n->form);
}

size_t
listpack_find(const char *lp, size_t at, struct slice s, int skip)
{
	const unsigned char *p = entry_at(lp, at);
	struct needle n;
	int i;

	if (at == 0)
		return 0;
	aim(&n, s);
	while (!is_needle(p, &n))
		for (i = 0; i <= skip; i++) {
			p += entry_bytes(p);
			if (*p == END)
				return 0;
		}
	return p - entry_at(lp, 0);
}

size_t
listpack_put_bytes(struct slice s)
{
	struct form f;

	shape(&f, s);
	return f.bytes + back_bytes(f.bytes);
}

size_t
listpack_entry_bytes(const char *lp, size_t at)
{
	return entry_bytes(entry_at(lp, at));
}

size_t
listpack_put(char *to, struct slice s)
{
	struct form f;

	shape(&f, s);
	put_form((unsigned char *)to, &f);
	return f.bytes + back_bytes(f.bytes);
}

/* Moves what lies from `from` to the end so that it begins at `to`. */
static void
move_rest(char *lp, size_t from, size_t to, size_t count)
{
	size_t bytes = listpack_bytes(lp);

	memmove(lp + to, lp + from, bytes - from);
	store_header(lp, bytes - from + to, count);
}

size_t
listpack_insert(char *lp, size_t at, struct slice s)
{
	size_t count = load_count(lp);
	struct form f;

	if (at == 0)
		at = listpack_bytes(lp) - 1;
	shape(&f, s);
	move_rest(lp, at, at + f.bytes + back_bytes(f.bytes),
	    count + 1);
	put_form((unsigned char *)lp + at, &f);
	return at;
}

void
listpack_replace(char *lp, size_t at, struct slice s)
{
	size_t old = listpack_entry_bytes(lp, at), new;
	struct form f;

	shape(&f, s);
	new = f.bytes + back_bytes(f.bytes);
	if (new != old)
		move_rest(lp, at + old, at + new, load_count(lp));
	put_form((unsigned char *)lp + at, &f);
}

void
listpack_delete(char *lp, size_t at, size_t count)
{
	size_t n, end = at, left = load_count(lp);

	for (n = 0; n < count && *entry_at(lp, end) != END; n++)
		end += listpack_entry_bytes(lp, end);
	move_rest(lp, end, at, left != COUNT_UNKNOWN ? left - n : left);
}

/* Whether shaping the content again would give the head that is there. */
static inline bool
is_shortest(const unsigned char *p, const struct listpack_value *v)
{
	int64_t n = v->number;
	unsigned b = p[0];

	if (v->text.data != NULL) {
		if (v->text.bytes <= INTEGER_TEXT &&
		    number_get_int(v->text, &n))
			return false;
		return b < 0xc0 || v->text.bytes >= (b < 0xf0 ? 64 : 4096);
	}
	switch (b) {
	case 0xf1:
		return n < -4096 || n >= 4096;
	case 0xf2:
		return n != (int16_t)n;
	case 0xf3:
		return n != sign_extend((uint64_t)n, 24);
	case 0xf4:
		return n != (int32_t)n;
	default:
		return b < 0x80 || n < 0 || n >= 128;
	}
}

/*
 * The bytes of the element at p if it is sound and ends at or before `end`,
 * else 0.
 */
static size_t
look_at(const unsigned char *p, const unsigned char *end,
    struct listpack_look *look)
{
	size_t room = end - p, heads, body, i;
	struct listpack_value v;
	unsigned char back[5];

	heads = p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 5;
	if (p[0] > 0xf4 || (p[0] <= 0xf0 && room < heads))
		return 0;
	body = body_bytes(p);
	if (room < body || room - body < back_bytes(body))
		return 0;
	put_back(back, body);
	for (i = 0; i < back_bytes(body); i++)
		if (p[body + i] != back[i])
			return 0;
	v = get(p);
	if (v.text.bytes > look->longest)
		look->longest = v.text.bytes;
	look->is_shortest = look->is_shortest && is_shortest(p, &v);
	look->count++;
	return body + back_bytes(body);
}

bool
listpack_look(const char *lp, size_t bytes, struct listpack_look *look)
{
	const unsigned char *p, *end;
	size_t count, entry;

	*look = (struct listpack_look){ 0, 0, true };
	if (bytes < LISTPACK_EMPTY_BYTES || listpack_bytes(lp) != bytes)
		return false;
	end = entry_at(lp, bytes - 1);
	if (*end != END)
		return false;
	for (p = entry_at(lp, LISTPACK_HEAD); p < end; p += entry)
		if ((entry = look_at(p, end, look)) == 0)
			return false;
	count = load_count(lp);
	return count == COUNT_UNKNOWN || count == look->count;
}

bool
listpack_check(const char *lp, size_t bytes)
{
	struct listpack_look look;

	return listpack_look(lp, bytes, &look) && look.is_shortest;
}
