/*
 * failover_say - what two nodes say to each other in a failover
 *
 * The payload of an OWN message whose kind is failover_say_kind: u64 token, u64
 * offset, u64 epoch, u32 milliseconds of the lease, u32 time of the claim, each
 * big-endian.
 *
 * Not here: what it means (failover.h).
 */
#ifndef CLUSTER_FAILOVER_SAY_H
#define CLUSTER_FAILOVER_SAY_H

#include "proto/bus.h"

#define FAILOVER_SAY_BYTES 32
#define FAILOVER_NO_LEASE UINT32_MAX /* lease_ms: this cluster has none */
#define FAILOVER_AT_ONCE 2     /* offset of INVITE: its data are lost */

enum failover_say_kind {
#define SAY(id, number, words) FAILOVER_SAY_##id = (number),
#include "cluster/failover_say.def"
};

/* One message; what a kind does not need is 0. */
struct failover_say {
	uint8_t kind;              /* enum failover_say_kind */
	uint64_t token, offset, epoch;
	uint32_t lease_ms;         /* WORD: left of it */
	/* CLAIM: when it was sent, by its sender's clock; WORD repeats it */
	uint32_t claimed_ms;
};

/* Writes FAILOVER_SAY_BYTES. */
void failover_say_write(uint8_t *to, const struct failover_say *s);

/* False: it is none of these messages. */
bool failover_say_read(struct failover_say *s, uint8_t kind,
    struct slice payload);

#endif
