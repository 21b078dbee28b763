/*
 * meet - how nodes come in and go
 *
 * A node that we are to MEET, or that sent us a MEET, begins as a handshake:
 * an address with a made-up id.  Its first answer says its id; then it is a
 * node like others, or, when it was known, the handshake ends.  Everybody else
 * hears of it by gossip.
 *
 * The other side's handshake may end unanswered, as it was slow.  So who was
 * ordered to MEET it says MEET instead of PING until the other's own connection
 * has lasted longer than a handshake; and its own handshake lasts longer, since
 * nobody asks again.
 *
 * A node that was forgotten is banned for a while, else gossip would bring it
 * back.
 *
 * Not here: CLUSTER MEET and FORGET themselves (order.h).
 */
#ifndef CLUSTER_MEET_H
#define CLUSTER_MEET_H

#include "cluster/view.h"

/*
 * Begins a handshake with who listens there; is_asked: it is to be sent MEET.
 * False: no room, or one with that address is on its way.
 */
bool meet_begin(struct view *v, const char *ip, uint16_t port,
    uint16_t cport, bool is_asked);

/*
 * The node of a handshake says who it is.  Returns its index: another one when
 * it was known already.
 */
uint16_t meet_learn(struct view *v, uint16_t i, const struct bus_header *h,
    struct acts *out);

/* Gossip tells of a node that we do not know. */
void meet_hear_of(struct view *v, const struct bus_gossip *g);

/* Another address for a node; its link begins anew. */
void meet_move(struct view *v, uint16_t i, const char *ip, uint16_t port,
    uint16_t pport, uint16_t cport, struct acts *out);

/* Bans an id for so long; the oldest ban makes room. */
void meet_ban(struct view *v, const struct bus_id *id, int64_t for_ms);
bool meet_is_banned(const struct view *v, const struct bus_id *id);

/* How long a handshake lasts that nobody ordered; not shorter elsewhere. */
int64_t meet_lasts_ms(const struct view *v);

/* Ends handshakes that were not answered. */
void meet_look(struct view *v, uint16_t i, struct acts *out);

#endif
