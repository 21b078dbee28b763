#include "shm/moving.h"

#include "shm/region.h"

#define GROUP (SLOT_COUNT / 64)

static unsigned
slot_of(const struct key *k)
{
	return (unsigned)(k->slot - REGION->common.slot);
}

struct moving *
moving_find(const struct key *k)
{
	struct moving *d = REGION->common.movings.first[slot_of(k)];

	while (d != NULL && (d->hash != k->hash || d->db != k->db ||
	    !slice_equal(d->name, k->name)))
		d = d->next;
	must(d == NULL || d->magic == MOVING_MAGIC,
	    "what is in a list of moving keys is one");
	return d;
}

int
moving_count(unsigned slot)
{
	const struct moving *d = REGION->common.movings.first[slot];
	int n = 0;

	for (; d != NULL; d = d->next)
		n++;
	return n;
}

static struct slice
keep(char **at, struct slice s)
{
	struct slice kept = { *at, s.bytes };

	memcpy(*at, s.data, s.bytes);
	*at += s.bytes;
	return kept;
}

void
moving_add(struct txn *t, const struct key *k, const struct moving_place *to,
    uint64_t mover)
{
	struct movings *all = &REGION->common.movings;
	unsigned slot = slot_of(k);
	struct moving *d = txn_alloc(t, sizeof(*d) + k->name.bytes +
	    to->host.bytes + to->port.bytes);
	char *at = d->text;

	*d = (struct moving){ .magic = MOVING_MAGIC, .next = all->first[slot],
		.mover = mover, .hash = k->hash, .db = k->db,
		.name = keep(&at, k->name) };
	d->place = *to;
	d->place.host = keep(&at, to->host);
	d->place.port = keep(&at, to->port);
	txn_write(t, &all->first[slot], &d, sizeof(d));
	/* Who clears the bit looks at the lists after that. */
	word_fence();
	word_or(&all->some, 1ull << slot / GROUP);
}

void
moving_remove(struct txn *t, unsigned slot, struct moving *d)
{
	struct moving **at = &REGION->common.movings.first[slot];

	while (*at != NULL && *at != d)
		at = &(*at)->next;
	must(*at == d && d->magic == MOVING_MAGIC,
	    "an entry that is over was in its list");
	txn_write(t, at, &d->next, sizeof(d->next));
	txn_free(t, d);
}

/* Whether a group has any; clears its bit when not. */
static unsigned
next_of_group(struct movings *all, unsigned slot)
{
	unsigned group = slot / GROUP, i;

	for (i = slot; i < (group + 1) * GROUP; i++)
		if (word_load(&all->first[i]) != NULL)
			return i;
	if (slot % GROUP != 0)
		return SLOT_COUNT;
	word_and(&all->some, ~(1ull << group));
	word_fence();
	for (i = slot; i < (group + 1) * GROUP; i++)
		if (word_load(&all->first[i]) != NULL) {
			word_or(&all->some, 1ull << group);
			return i;
		}
	return SLOT_COUNT;
}

unsigned
moving_next(unsigned slot)
{
	struct movings *all = &REGION->common.movings;
	unsigned found;

	while (slot < SLOT_COUNT) {
		if ((word_load(&all->some) >> slot / GROUP & 1) != 0) {
			found = next_of_group(all, slot);
			if (found < SLOT_COUNT)
				return found;
		}
		slot = (slot / GROUP + 1) * GROUP;
	}
	return SLOT_COUNT;
}
