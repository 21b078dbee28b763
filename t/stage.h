/*
 * stage - one node's view, and what its last step wanted done
 *
 * Units of the deciding code look at one node, m; the others are known by one
 * character, of which their id is made.  The unit makes the view; there is one
 * at a time.
 *
 * Not here: what the others say (others.h).
 */
#ifndef T_STAGE_H
#define T_STAGE_H

#include "cluster/cluster.h"

#define NODES_MAX 16

extern struct view *v;
extern struct acts acts;     /* of the last step */
extern int64_t now_ms;

/* That character 40 times. */
struct bus_id id(char c);

/* The node's place in the view, or VIEW_NOBODY. */
uint16_t node(char c);

/* A view of m alone, with a configuration that the unit goes on with. */
void open_view(int64_t node_timeout_ms);

/* Frees it; also when there is none. */
void drop(void);

/* One step: the event, at now_ms. */
void happen(struct cluster_event e);

/* So much time, and a tick. */
void pass(int64_t ms);

/* What is being saved is durable, until there is nothing to save. */
void make_durable(void);

/* The step in which a message comes; kind and payload: of BUS_OWN. */
void deliver(const struct bus_header *h, uint64_t wire, uint16_t kind,
    struct slice payload);

/* Another node and its address, without a link; its place in the view. */
uint16_t meet(char c);

/* The first act of a kind, NULL when there is none. */
const struct act *act_of(enum act_kind kind);

/*
 * Whether the last step sends a message of that type to a node, and for
 * BUS_OWN of that kind; *p is the first such message.
 */
bool sent(char to, uint16_t type, uint16_t kind, struct bus_packet *p);

#endif
