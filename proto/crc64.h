/*
 * crc64 - the check sum at the end of RDB files and DUMP payloads
 *
 * Source: CRC-64 with the polynomial of David Jones, bits turned round
 * (ad93d23594c935a9), beginning with 0 and without a final xor: "123456789"
 * gives e9c6d914c4b8d9ca.
 *
 * Not here: the sum of a key's slot (proto/keyslot.h).
 */
#ifndef PROTO_CRC64_H
#define PROTO_CRC64_H

#include "proto/base.h"

/* The sum of what has been summed up to `crc` (0: nothing) and of data. */
uint64_t crc64_add(uint64_t crc, const void *data, size_t bytes);

#endif
