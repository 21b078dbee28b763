/*
 * digest - the fingerprint of keys and values
 *
 * Source: what DEBUG DIGEST of redis-server 7 computes, so that both can be
 * compared: SHA-1 sums of the parts, xor-ed where order does not matter,
 * chained where it does.
 *
 * Not here: who asks for it (daemon/cmd_debug.c).
 */
#ifndef DAEMON_DIGEST_H
#define DAEMON_DIGEST_H

#include "shm/value.h"

#define DIGEST_BYTES 20

/* Adds a value (and whether it expires) to a digest. */
void digest_value(unsigned char digest[DIGEST_BYTES], const struct value *v);

/* Adds bytes, in any order. */
void digest_add(unsigned char digest[DIGEST_BYTES], const void *data,
    size_t bytes);

/* Chains bytes into a digest. */
void digest_mix(unsigned char digest[DIGEST_BYTES], const void *data,
    size_t bytes);

/* 40 hexadecimal digits and a zero. */
void digest_print(const unsigned char digest[DIGEST_BYTES],
    char text[2 * DIGEST_BYTES + 1]);

#endif
