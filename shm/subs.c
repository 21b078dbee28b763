#include "shm/subs.h"

#include "shm/fault.h"

#include <string.h>

#define ROW(i) ((uint32_t)(i) & (SUBS_ROWS - 1))

/* --- rows -------------------------------------------------------------- */

/* The row with this hash that is in use, or NULL; others may be changing it. */
static const struct subs_row *
find_row(const struct subs *s, uint64_t hash)
{
	uint32_t i = ROW(hash), n;

	for (n = 0; n < SUBS_ROWS; n++, i = ROW(i + 1)) {
		const struct subs_row *r = &s->row[i];
		uint32_t count = word_load_acquire(&r->count);
		uint64_t theirs = word_load_acquire(&r->hash);

		if (theirs == 0)
			return NULL;
		if (theirs == hash && count != 0)
			return r;
	}
	return NULL;
}

uint32_t
subs_count(const struct subs *s, uint64_t hash)
{
	const struct subs_row *r = find_row(s, hash);

	return r != NULL ? word_load(&r->count) : 0;
}

uint32_t
subs_find(const struct subs *s, uint64_t hash)
{
	const struct subs_row *r = find_row(s, hash);

	return r != NULL ? r->unit : SUBS_NONE;
}

/*
 * A row that nobody finds before it has a count.  One that was used before and
 * is free (unit SUBS_NONE) keeps others findable, and may be used again.
 */
static uint32_t
take_row(struct subs *s, uint64_t hash, uint32_t unit)
{
	uint32_t i = ROW(hash);

	while (s->row[i].hash != 0 && s->row[i].unit != SUBS_NONE)
		i = ROW(i + 1);
	word_store(&s->row[i].unit, unit);
	word_store_release(&s->row[i].hash, hash);
	return i;
}

/* Used rows before one that never was end nobody's search: they forget it. */
static void
give_row(struct subs *s, uint32_t i)
{
	word_store_release(&s->row[i].count, 0);
	s->row[i].unit = SUBS_NONE;
	while (s->row[i].hash != 0 && s->row[i].unit == SUBS_NONE &&
	    s->row[ROW(i + 1)].hash == 0) {
		word_store_release(&s->row[i].hash, 0);
		i = ROW(i - 1);
	}
}

/* --- names ------------------------------------------------------------- */

static uint32_t
units_of(struct slice name)
{
	return 1 + (uint32_t)((name.bytes + SUBS_TEXT - 1) / SUBS_TEXT);
}

static uint32_t
take_unit(struct subs *s)
{
	uint32_t u = s->free != 0 ? s->free - 1 : s->top++;

	if (s->free != 0) {
		s->free = s->unit[u].more;
		s->units_free--;
	}
	s->unit[u].more = 0;
	return u;
}

static void
give_unit(struct subs *s, uint32_t u)
{
	s->unit[u].more = s->free;
	s->free = u + 1;
	s->units_free++;
}

/* Puts text into units; 1 + the first of them, 0 for no text. */
static uint32_t
put_text(struct subs *s, struct slice text)
{
	uint32_t first = 0, *link = &first;
	size_t at, some;

	for (at = 0; at < text.bytes; at += some) {
		uint32_t u = take_unit(s);

		some = text.bytes - at < SUBS_TEXT ? text.bytes - at :
		    SUBS_TEXT;
		memcpy(s->unit[u].text, text.data + at, some);
		*link = u + 1;
		link = &s->unit[u].more;
	}
	return first;
}

uint32_t
subs_add(struct subs *s, enum subs_kind kind, uint64_t hash, struct slice name)
{
	uint32_t names = s->count[0] + s->count[1] + s->count[2], u;
	struct subs_name *n;

	if (names >= SUBS_ROWS / 2 || name.bytes > SUBS_UNITS * SUBS_TEXT ||
	    units_of(name) > s->units_free + SUBS_UNITS - s->top)
		return SUBS_NONE;
	u = take_unit(s);
	n = &s->unit[u].name;
	n->bytes = (uint32_t)name.bytes;
	n->text = put_text(s, name);
	n->prev = 0;
	n->next = s->first[kind];
	if (n->next != 0)
		s->unit[n->next - 1].name.prev = u + 1;
	FAULT(SUBS_LINKED);
	s->first[kind] = u + 1;
	s->count[kind]++;
	s->text_bytes[kind] += name.bytes;
	n->row = take_row(s, hash, u);
	return u;
}

void
subs_set_count(struct subs *s, uint32_t unit, uint32_t count)
{
	word_store_release(&s->row[s->unit[unit].name.row].count, count);
}

void
subs_remove(struct subs *s, enum subs_kind kind, uint32_t unit)
{
	struct subs_name *n = &s->unit[unit].name;
	uint32_t text = n->text, more;

	give_row(s, n->row);
	if (n->prev != 0)
		s->unit[n->prev - 1].name.next = n->next;
	else
		s->first[kind] = n->next;
	if (n->next != 0)
		s->unit[n->next - 1].name.prev = n->prev;
	s->count[kind]--;
	s->text_bytes[kind] -= n->bytes;
	for (; text != 0; text = more) {
		more = s->unit[text - 1].more;
		give_unit(s, text - 1);
	}
	give_unit(s, unit);
}

/* --- walking ----------------------------------------------------------- */

uint32_t
subs_first(const struct subs *s, enum subs_kind kind)
{
	return s->first[kind] - 1;
}

uint32_t
subs_next(const struct subs *s, uint32_t unit)
{
	return s->unit[unit].name.next - 1;
}

const struct subs_row *
subs_row(const struct subs *s, uint32_t unit)
{
	return &s->row[s->unit[unit].name.row];
}

uint32_t
subs_bytes(const struct subs *s, uint32_t unit)
{
	return s->unit[unit].name.bytes;
}

void
subs_copy(const struct subs *s, uint32_t unit, char *to)
{
	size_t left = s->unit[unit].name.bytes;
	uint32_t u = s->unit[unit].name.text;

	while (left > 0) {
		size_t some = left < SUBS_TEXT ? left : SUBS_TEXT;

		memcpy(to, s->unit[u - 1].text, some);
		to += some;
		left -= some;
		u = s->unit[u - 1].more;
	}
}

void
subs_clear(struct subs *s, void (*discard)(void *at, size_t bytes))
{
	if (s->top != 0)
		discard(s, sizeof(*s));
}
