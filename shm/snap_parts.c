#include "shm/snap_parts.h"

#include <stdlib.h>

#define FIRST_BITS 6
#define OUT_BYTES 65536

/* A part that was handed over. */
struct snap_held {
	struct snap_held *next, *next_due;
	struct snap_part part;
};

/* What a step found: a block behind it, or one that stays where it is. */
struct item {
	size_t bytes;
	const void *block;
};

/* --- what was handed over ---------------------------------------------- */

static const char *
data_of(const struct snap_part *p)
{
	return p->left != NULL ? p->left : p->data;
}

static struct slice
name_of(const struct snap_part *p)
{
	return (struct slice){ data_of(p) + p->name_at, p->name_bytes };
}

static struct snap_owner *
find_or_make(struct snap_parts *p, const void *root, uint64_t count)
{
	struct snap_owner *o = p->first;

	while (o != NULL && o->root != root)
		o = o->next;
	if (o != NULL)
		return o;
	o = calloc(1, sizeof(*o));
	if (o == NULL)
		return NULL;
	o->root = root;
	o->count = count;
	o->moves = 1;
	o->next = p->first;
	p->first = o;
	return o;
}

/* Its record has been seen there, or may be. */
static bool
add_place(struct snap_owner *o, uint64_t hash, uint32_t slot)
{
	struct snap_place *place;
	uint32_t i;

	for (i = 0; i < o->places; i++)
		if (o->place[i].hash == hash && o->place[i].slot == slot)
			return true;
	place = realloc(o->place, (o->places + 1) * sizeof(*place));
	if (place == NULL)
		return false;
	o->place = place;
	o->place[o->places++] = (struct snap_place){ hash, slot };
	return true;
}

/* The record as it was at the cut: what is said of it first. */
static bool
keep_head(struct snap_owner *o, const struct value *v)
{
	size_t bytes = (size_t)(value_data(v) - (const char *)v) +
	    value_bytes(v);

	if (o->head != NULL)
		return true;
	o->head = malloc(bytes);
	if (o->head != NULL)
		memcpy(o->head, v, bytes);
	return o->head != NULL;
}

/* Chains in the order of hashes, so that those passed are the first ones. */
static uint64_t
row_of(uint64_t hash, unsigned bits)
{
	return hash >> (64 - bits);
}

static const struct snap_held *
find_held(const struct snap_owner *o, uint64_t hash, struct slice name)
{
	const struct snap_held *h = o->held == NULL ? NULL :
	    o->held[row_of(hash, o->bits)];

	while (h != NULL && (h->part.hash != hash ||
	    !slice_equal(name_of(&h->part), name)))
		h = h->next;
	return h;
}

static void
hang(struct snap_held **held, unsigned bits, struct snap_held *h)
{
	struct snap_held **at = &held[row_of(h->part.hash, bits)];

	h->next = *at;
	*at = h;
}

static uint64_t
rows(const struct snap_owner *o)
{
	return o->held == NULL ? 0 : 1ull << o->bits;
}

static bool
make_room(struct snap_owner *o)
{
	unsigned bits = o->held == NULL ? FIRST_BITS : o->bits + 1;
	struct snap_held **held, *h, *next;
	uint64_t i;

	if (o->helds < rows(o))
		return true;
	held = calloc(1ull << bits, sizeof(struct snap_held *));
	if (held == NULL)
		return false;
	for (i = 0; i < rows(o); i++)
		for (h = o->held[i]; h != NULL; h = next) {
			next = h->next;
			hang(held, bits, h);
		}
	free(o->held);
	o->held = held;
	o->bits = bits;
	return true;
}

static size_t
held_bytes(const struct snap_held *h)
{
	return sizeof(*h) + h->part.bytes;
}

static bool
add_part(struct snap_parts *p, struct snap_owner *o,
    const struct snap_part *part)
{
	size_t bytes = sizeof(*part) + (part->left != NULL ? 0 : part->bytes);
	struct snap_held *h;

	/* The ring is emptied before each step: it is as it was said. */
	if (o->is_passed || part->hash < o->passed ||
	    find_held(o, part->hash, name_of(part)) != NULL)
		return true;
	h = make_room(o) ? malloc(sizeof(*h) - sizeof(*part) + bytes) : NULL;
	if (h == NULL)
		return false;
	memcpy(&h->part, part, bytes);
	hang(o->held, o->bits, h);
	o->helds++;
	p->bytes += held_bytes(h);
	if (part->is_new)
		return true;
	h->next_due = o->due;
	o->due = h;
	return true;
}

bool
snap_parts_add(struct snap_parts *p, const struct snap_entry *e)
{
	const struct snap_about *about = (const struct snap_about *)
	    (const void *)e->text;
	struct snap_owner *o = find_or_make(p, about->root, about->count);
	const struct snap_head *head;

	if (o == NULL || !add_place(o, about->hash, about->slot))
		return false;
	if (e->form == SNAP_PART)
		return add_part(p, o, (const struct snap_part *)
		    (const void *)e->text);
	head = (const struct snap_head *)(const void *)e->text;
	o->moves += head->to_hash != about->hash;
	return add_place(o, head->to_hash, head->to_slot) &&
	    keep_head(o, (const struct value *)(const void *)head->record);
}

/* --- reading ----------------------------------------------------------- */

struct step {
	struct snap_owner *o;
	const struct value_parts *parts;
	bool is_broken;
};

static void
take(void *arg, void *block)
{
	struct step *s = arg;
	struct snap_out *out = &s->o->out;
	struct item item = { s->parts->bytes(block), block };
	size_t copied = item.bytes > SNAP_PART_MAX ? 0 :
	    (item.bytes + 7) & ~7ull;

	if (s->is_broken || find_held(s->o, s->parts->kind->hash(block),
	    s->parts->name(block)) != NULL)
		return;
	if (!snap_make_room(out, sizeof(item) + copied, OUT_BYTES)) {
		s->is_broken = true;
		return;
	}
	if (copied > 0) {
		item.block = NULL;
		memcpy(out->data + out->used + sizeof(item), block,
		    item.bytes);
	}
	memcpy(out->data + out->used, &item, sizeof(item));
	out->used += sizeof(item) + copied;
}

struct snap_owner *
snap_parts_of(struct snap_parts *p, const struct value *v, uint32_t slot)
{
	struct snap_owner *o = find_or_make(p, value_large(v),
	    value_has_parts(v) ? value_parts_dict(v)->count : 0);
	uint64_t hash = value_dict.hash(v);

	if (o == NULL || !keep_head(o, v) || !add_place(o, hash, slot))
		return NULL;
	for (o->now = 0; o->place[o->now].hash != hash ||
	    o->place[o->now].slot != slot; o->now++)
		;
	o->moves = 0;
	return o;
}

bool
snap_parts_step(struct snap_owner *o, size_t most, bool *is_last)
{
	const struct dict *d = value_parts_dict(o->head);
	struct step s = { o, value_ops[value_type(o->head)]->parts, false };

	while (!o->is_passed && o->out.used < most) {
		o->passed = dict_scan_segment(d, s.parts->kind, o->passed,
		    take, &s);
		o->is_passed = o->passed == 0;
	}
	*is_last = o->is_passed;
	return !s.is_broken;
}

/* What lies before the place that has been passed is known to be written. */
static void
forget_passed(struct snap_parts *p, struct snap_owner *o)
{
	uint64_t end = o->is_passed ? rows(o) : o->held == NULL ? 0 :
	    row_of(o->passed, o->bits), i;
	struct snap_held *h;

	for (i = 0; i < end; i++)
		while ((h = o->held[i]) != NULL) {
			o->held[i] = h->next;
			o->helds--;
			p->bytes -= held_bytes(h);
			free(h);
		}
}

void
snap_parts_each(struct snap_parts *p, struct snap_owner *o,
    void (*visit)(void *arg, const void *block), void *arg)
{
	struct item item;
	size_t at = 0;

	for (; o->due != NULL; o->due = o->due->next_due, o->written++)
		visit(arg, data_of(&o->due->part));
	forget_passed(p, o);
	while (at < o->out.used) {
		memcpy(&item, o->out.data + at, sizeof(item));
		at += sizeof(item);
		if (item.block != NULL) {
			visit(arg, item.block);
		} else {
			visit(arg, o->out.data + at);
			at += (item.bytes + 7) & ~7ull;
		}
		o->written++;
	}
	o->out.used = 0;
}

bool
snap_parts_know(const struct snap_parts *p, const void *root)
{
	const struct snap_owner *o = p->first;

	while (o != NULL && o->root != root)
		o = o->next;
	return o != NULL;
}

void
snap_parts_drop(struct snap_parts *p, struct snap_owner *o)
{
	struct snap_owner **at = &p->first;

	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	o->is_passed = true;
	forget_passed(p, o);
	free(o->place);
	free(o->head);
	free(o->held);
	free(o->out.data);
	free(o);
}
