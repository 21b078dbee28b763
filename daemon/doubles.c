#include "daemon/doubles.h"

#include "proto/base.h"

#include <stdlib.h>
#include <string.h>

#define FIRST 64
#define EXPECTED_MAX (1u << 26) /* a count may be wrong */

static void
make(struct doubles *d, uint64_t slots)
{
	d->slot = calloc(slots, sizeof(*d->slot));
	must(d->slot != NULL, "there is private memory for hashes");
	d->slots = slots;
}

void
doubles_begin(struct doubles *d, uint64_t expected)
{
	uint64_t slots = FIRST;

	if (expected > EXPECTED_MAX)
		expected = EXPECTED_MAX;
	while (slots / 4 * 3 < expected)
		slots *= 2;
	d->count = 0;
	if (d->slot != NULL && d->slots == slots) {
		memset(d->slot, 0, slots * sizeof(*d->slot));
		return;
	}
	free(d->slot);
	make(d, slots);
}

static uint64_t *
find(const struct doubles *d, uint64_t hash)
{
	uint64_t i = hash & (d->slots - 1);

	while (d->slot[i] != 0 && d->slot[i] != hash)
		i = (i + 1) & (d->slots - 1);
	return &d->slot[i];
}

static void
grow(struct doubles *d)
{
	struct doubles old = *d;
	uint64_t i;

	make(d, old.slots * 2);
	for (i = 0; i < old.slots; i++)
		if (old.slot[i] != 0)
			*find(d, old.slot[i]) = old.slot[i];
	free(old.slot);
}

bool
doubles_meet(struct doubles *d, uint64_t hash)
{
	uint64_t *at;

	hash += hash == 0;
	at = find(d, hash);
	if (*at != 0)
		return true;
	*at = hash;
	if (++d->count > d->slots / 4 * 3)
		grow(d);
	return false;
}

void
doubles_end(struct doubles *d)
{
	free(d->slot);
	memset(d, 0, sizeof(*d));
}
