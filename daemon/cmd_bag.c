#include "daemon/cmd_bag.h"

static void
make_room(struct cmd_bag *bag, size_t room)
{
	bag->entry = txn_scratch(bag->txn, room * sizeof(*bag->entry));
	memset(bag->entry, 0, room * sizeof(*bag->entry));
	bag->room = room;
}

void
cmd_bag_init(struct cmd_bag *bag, struct txn *t, size_t count)
{
	size_t room = 16;

	while (room < count * 2)
		room *= 2;
	*bag = (struct cmd_bag){ .txn = t };
	make_room(bag, room);
}

/* The entry with the text, or the free one where it belongs. */
static struct cmd_bag_entry *
find(const struct cmd_bag *bag, uint64_t hash, struct slice text)
{
	struct cmd_bag_entry *e;
	size_t i;

	for (i = hash;; i++) {
		e = &bag->entry[i & (bag->room - 1)];
		if (e->text.data == NULL ||
		    (e->hash == hash && slice_equal(e->text, text)))
			return e;
	}
}

static void
grow(struct cmd_bag *bag)
{
	struct cmd_bag old = *bag;
	size_t i;

	make_room(bag, old.room * 2);
	for (i = 0; i < old.room; i++)
		if (old.entry[i].text.data != NULL)
			*find(bag, old.entry[i].hash, old.entry[i].text) =
			    old.entry[i];
}

bool
cmd_bag_add(struct cmd_bag *bag, struct slice text)
{
	uint64_t hash = place_hash(text, 0);
	struct cmd_bag_entry *e = find(bag, hash, text);

	if (e->text.data != NULL)
		return false;
	*e = (struct cmd_bag_entry){ hash, text };
	if (++bag->count * 2 > bag->room)
		grow(bag);
	return true;
}

bool
cmd_bag_has(const struct cmd_bag *bag, struct slice text)
{
	return find(bag, place_hash(text, 0), text)->text.data != NULL;
}
