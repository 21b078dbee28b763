#include "cluster/shift_slots.h"

bool
shift_slots_any(const struct view *v, uint16_t i, const uint8_t *slots)
{
	unsigned slot;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		if (bus_has_slot(slots, slot) && v->owner[slot] == i)
			return true;
	return false;
}

bool
shift_slots_all(const struct view *v, uint16_t i, const uint8_t *slots)
{
	unsigned slot;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		if (bus_has_slot(slots, slot) && v->owner[slot] != i)
			return false;
	return true;
}

bool
shift_slots_are_gone(const struct view *v, const uint8_t *slots)
{
	unsigned at;

	for (at = 0; at < BUS_SLOT_BYTES; at++)
		if (slots[at] & v->told.slots[at])
			return false;
	return true;
}

void
shift_slots_give(struct view *v, const uint8_t *slots, uint16_t from,
    uint16_t to)
{
	unsigned slot;

	for (slot = 0; slot < KEYSLOT_COUNT; slot++)
		if (bus_has_slot(slots, slot) &&
		    (from == VIEW_NOBODY || v->owner[slot] == from))
			view_give_slot(v, slot, to);
}
