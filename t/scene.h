/*
 * scene - a failover on the stage: one view, and the others that it hears of
 *
 * m is the node; p its primary, or r its replica; a and b are other voters.
 * What the others would say is heard, what processes would answer is given.
 *
 * Not here: m's view and its acts (stage.h).
 */
#ifndef T_SCENE_H
#define T_SCENE_H

#include "cluster/speak.h"
#include "t/stage.h"

#define TOKEN 7777             /* of the failover, */
#define OFFSET 4242            /* where its primary's data end, */
#define EPOCH 9                /* and the epoch that it takes */

/* Thirds of the slots: of m's shard, of a's, of b's. */
extern uint8_t part[3][BUS_SLOT_BYTES];
extern const uint8_t no_slots[BUS_SLOT_BYTES];

/* m is a replica of p, or the primary of r; that one is of this kind. */
void begin(bool is_replica, uint8_t own);

/* A node, linked, of our kind or another; a replica of `of`, if not 0. */
void know(char c, const uint8_t *slots, uint64_t epoch, uint8_t own, char of);

/* One step, a millisecond after the last one. */
void step(struct cluster_event e);

/* What is being saved is durable. */
void save(void);

/* What a process answers to the last step's act of that kind. */
void answer(enum cluster_kind kind, enum act_kind act, uint64_t number);

/* An operator's order, at node `to` or 0; why it is refused, or NULL. */
const char *order(enum failover_event what, char to);

/* The header of what a node says, as m knows it. */
struct bus_header header(uint16_t type, char from);

/* A message is heard; kind and payload: of BUS_OWN. */
void hear(const struct bus_header *h, uint16_t kind, struct slice payload);

/* A node says something of a failover. */
void say(char from, const struct failover_say *s);

/* What the last step said of one to a node; all 0: nothing of that kind. */
struct failover_say said(char to, enum failover_say_kind kind);

/* r has writes stopped, and claims what is held for it under an epoch. */
void be_claimed(uint64_t epoch);

/* And has its word. */
void be_given(uint64_t epoch);

#endif
