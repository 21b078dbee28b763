/*
 * order - what operators want: CLUSTER MEET, FORGET, ADDSLOTS, SETSLOT...
 *
 * An order changes the view at once or is refused with a row of refusal.def.
 * What it changes is told when it is durable; an answer may wait for that
 * (v->told.generation reaching the generation that the order's file gets).
 * cluster_settle() has to follow an order, as it ends a step.
 *
 * Not here: parsing, and how answers look (the commands), elections (vote.h).
 */
#ifndef CLUSTER_ORDER_H
#define CLUSTER_ORDER_H

#include "cluster/view.h"

enum order_refusal {
#define REFUSAL(id, text) ORDER_##id,
#include "cluster/refusal.def"
	ORDER_REFUSALS
};

extern const char *const order_texts[ORDER_REFUSALS];

/* Joins who listens there; one that is on its way already is fine. */
enum order_refusal order_meet(struct view *v, const char *ip, uint16_t port,
    uint16_t cport);

/* Forgets a node, here and, by those who understand it, elsewhere. */
enum order_refusal order_forget(struct view *v, const struct bus_id *id,
    struct acts *out);

/*
 * Takes or gives up all of these slots, or none; then *slot is the one in the
 * way.
 */
enum order_refusal order_add_slots(struct view *v, const uint8_t *slots,
    unsigned *slot);
enum order_refusal order_del_slots(struct view *v, const uint8_t *slots,
    unsigned *slot);

/* Follows a primary; has_keys: this node has data. */
enum order_refusal order_replicate(struct view *v, const struct bus_id *id,
    bool has_keys, struct acts *out);

/* SET-CONFIG-EPOCH: before this node knows any other. */
enum order_refusal order_set_epoch(struct view *v, uint64_t epoch);

/* True: it has a new one; else it had the greatest already. */
bool order_bump_epoch(struct view *v);

/* SETSLOT slot MIGRATING id, IMPORTING id, NODE id, STABLE. */
enum order_refusal order_slot_migrating(struct view *v, unsigned slot,
    const struct bus_id *to);
enum order_refusal order_slot_importing(struct view *v, unsigned slot,
    const struct bus_id *from);
enum order_refusal order_slot_node(struct view *v, unsigned slot,
    const struct bus_id *id, bool has_keys, struct acts *out);
enum order_refusal order_slot_stable(struct view *v, unsigned slot);

/*
 * Forgets the cluster.  A hard one takes another id and begins at epoch 0.
 */
enum order_refusal order_reset(struct view *v, bool is_hard, bool has_keys,
    struct acts *out);

#endif
