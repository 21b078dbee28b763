/*
 * hear - what a message does to the view
 *
 * What the sender says of itself comes first (epochs, role, claims), what it
 * says of others last.  Only a node that we know is believed; a MEET from
 * anybody begins a handshake (the caller lets in only whom
 * cluster-bus-allow permits).
 *
 * Not here: reading bytes (proto/bus.h).
 */
#ifndef CLUSTER_HEAR_H
#define CLUSTER_HEAR_H

#include "cluster/view.h"

/*
 * A message that was read, from this wire: a link of ours, or a connection of
 * the peer's (then with VIEW_INBOUND).  from_ip is the peer's address as the
 * socket has it, own_ip ours.
 */
void hear_packet(struct view *v, uint64_t wire, const char *from_ip,
    const char *own_ip, const struct bus_packet *p, struct acts *out);

#endif
