/*
 * ranges - sets of slots as words, for nodes.conf and for who asks
 *
 *   "0-9 20-20"    a range is written with both ends, also of one slot
 *
 * Not here: sets of slots as bits (proto/bus.h).
 */
#ifndef CLUSTER_RANGES_H
#define CLUSTER_RANGES_H

#include "proto/bus.h"

#define RANGES_MAX 20

/* At most RANGES_MAX of them, and what has room; false: there are more. */
bool ranges_print(const uint8_t *slots, char separator, char *to, size_t room);

/* What was printed with commas; false: it is damaged. */
bool ranges_scan(const char *text, uint8_t *slots);

#endif
