/*
 * ship - whole slots on their way, as control orders it and a worker reports
 *
 * struct ship_order is part of the published state; struct ship_report lies in
 * a worker's area: writer that worker, reader control; what is found under
 * another token says nothing.
 *
 *   token     a worker copies the slots' keys to host:port
 *   drains    and has to have sent the log up to `until`
 *   stops     writes to the slots wait
 *   takes     keys of the slots are let in, from who shows the pass
 *   drops     keys of the slots are deleted
 *
 * Not here: copying (daemon/net_ship.h), who decides (cluster/shift.h).
 */
#ifndef SHM_SHIP_H
#define SHM_SHIP_H

#include "proto/keyslot.h"
#include "shm/word.h"

#define SHIP_HOST 64
#define SHIP_WHY 96
#define SHIP_PASS 16       /* as it is shown, in hexadecimal digits */
#define SHIP_PEER 40

struct ship_order {
	uint64_t token, until;
	uint64_t pass;         /* the target's, for this move only */
	int32_t worker;
	bool drains, stops, takes, drops;
	uint16_t port;
	char host[SHIP_HOST];
	char peer[SHIP_PEER + 1]; /* the other node's id */
	uint64_t slots[KEYSLOT_COUNT / 64];
};

enum ship_phase { SHIP_COPIES, SHIP_NEAR, SHIP_DRAINED, SHIP_BROKEN };

struct ship_report {
	uint64_t token;
	uint32_t phase;        /* enum ship_phase; written last */
	uint64_t moved;        /* goes up as something is sent or heard */
	uint64_t until;        /* SHIP_DRAINED: up to there */
	char why[SHIP_WHY];
};

static inline bool
ship_has(const struct ship_order *o, unsigned slot)
{
	return o->slots[slot / 64] >> slot % 64 & 1;
}

#endif
