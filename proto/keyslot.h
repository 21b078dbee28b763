/*
 * keyslot - the slot of a key: CRC16 (XMODEM) of its hash tag modulo 16384
 *
 * Source: the Redis Cluster specification.
 *
 * Not here: sets of slots (proto/bus.h).
 */
#ifndef PROTO_KEYSLOT_H
#define PROTO_KEYSLOT_H

#include "proto/slice.h"

#define KEYSLOT_COUNT 16384

/*
 * The slot of a key: of what stands between the first { and the next } behind
 * it, when that is not empty, else of the whole key.
 */
uint16_t keyslot_of(struct slice key);

#endif
