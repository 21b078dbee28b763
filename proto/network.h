/*
 * network - addresses and networks, as cluster-bus-allow names them
 *
 * Not here: who is let in (daemon/ctl_bus.c).
 */
#ifndef PROTO_NETWORK_H
#define PROTO_NETWORK_H

#include "proto/slice.h"

#define NETWORK_MOST 256      /* in one list */
#define NETWORK_ADDRESS 16    /* bytes of the longest address */

struct network {
	int family;           /* AF_INET, AF_INET6 */
	int bits;             /* how many of the first ones count */
	uint8_t address[NETWORK_ADDRESS];
};

/*
 * Reads words such as 10.0.0.0/8, 192.168.1.7 and fd00::/8, blanks between
 * them.  The number of them, 0 for none; -1 when one makes no sense or there
 * are too many.
 */
int network_read_list(struct slice words, struct network list[NETWORK_MOST]);

/* Whether the address is in one of the networks; false when it is none. */
bool network_has_address(const struct network *list, int count,
    const char *address);

#endif
