/*
 * shift_slots - sets of slots, and who has them
 *
 * Not here: why they go to another node (shift.h).
 */
#ifndef CLUSTER_SHIFT_SLOTS_H
#define CLUSTER_SHIFT_SLOTS_H

#include "cluster/view.h"

/* Whether node i has any of them, or all; VIEW_NOBODY: they have no owner. */
bool shift_slots_any(const struct view *v, uint16_t i, const uint8_t *slots);
bool shift_slots_all(const struct view *v, uint16_t i, const uint8_t *slots);

/* Whether none of them is durably ours. */
bool shift_slots_are_gone(const struct view *v, const uint8_t *slots);

/* Those that are `from`'s, or all for VIEW_NOBODY. */
void shift_slots_give(struct view *v, const uint8_t *slots, uint16_t from,
    uint16_t to);

#endif
