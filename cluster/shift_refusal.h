/*
 * shift_refusal - why whole slots may not go to another node, or come from it
 *
 * Not here: what happens to those that may (shift.h).
 */
#ifndef CLUSTER_SHIFT_REFUSAL_H
#define CLUSTER_SHIFT_REFUSAL_H

#include "cluster/view.h"

/*
 * A move is wanted: NULL, or why not (a sentence behind "ERR ").  `more` are
 * already wanted by the same order, and not yet entered.
 */
const char *shift_refusal(const struct view *v, const struct bus_id *to,
    const uint8_t *slots, unsigned more);

/* Node `from` would give us slots: NULL, or what it is told. */
const char *shift_refusal_import(const struct view *v, uint16_t from,
    const uint8_t *slots);

#endif
