/*
 * others - what other nodes say to the node on the stage
 *
 * m is the view's node (stage.h).  The others are primaries until a test says
 * otherwise, and every message has others_epoch as the cluster's epoch.
 *
 * Not here: what they say in a failover (unit_hand.c), of leases
 * (unit_lease.c).
 */
#ifndef T_OTHERS_H
#define T_OTHERS_H

#include "t/stage.h"

#define WIRE (VIEW_INBOUND | 1)     /* a connection that a peer made */
#define TIMEOUT_MS 1000             /* of a node */

/* Claims: of nothing, of the upper half. */
extern uint8_t no_slots[BUS_SLOT_BYTES], upper[BUS_SLOT_BYTES];
extern uint64_t others_epoch;

/* A view of m alone; others_epoch is 9. */
void begin(void);

/* m takes config epoch 3 and the lower half of the slots; nothing is saved. */
void own_slots(void);

/* One step of that kind; of CLUSTER_SAVED with what is being saved. */
void step(enum cluster_kind kind, uint64_t wire);

/* The message of that type which the last step sends to anybody. */
bool find_message(uint16_t type, struct bus_packet *p);

/* What a primary without slots would say. */
struct bus_header header(uint16_t type, char from);

/* The step in which it comes, as it is. */
void hear(const struct bus_header *h, uint64_t wire);

/* A node of the cluster, linked, with these slots under that epoch. */
void know(char c, uint64_t config_epoch, const uint8_t *slots);

/* We have the lower half, x the upper one, and r is x's replica. */
void know_shard(void);

/* One node tells of another that it has these flags. */
void gossip(char by, char about, uint16_t flags);

#endif
