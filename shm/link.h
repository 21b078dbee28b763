/*
 * link - how far the link to our primary is
 *
 * Writer:   the worker that has the link (state's link_worker), in its area
 * Readers:  INFO, ROLE, the gate, control
 * Life:     as its worker; what is found under another serial than the state's
 *           link_serial is of an older link and says nothing
 *
 * Not here: the link itself (daemon/net_link.c), who has it (shm/state.h).
 */
#ifndef SHM_LINK_H
#define SHM_LINK_H

#include "shm/word.h"

enum link_state {
#define LINK(id, role, words) LINK_##id,
#include "shm/link.def"
	LINK_STATES
};

struct link {
	uint64_t serial;
	uint32_t state;          /* enum link_state */
	uint32_t tries;          /* that failed since it was up */
	/* how to go on was asked: the answer may take its time */
	uint32_t is_asked;
	int64_t io_ms;           /* UNIX time of the last byte received, or 0 */
	int64_t down_ms;         /* since when it is not up */
	/* the snapshot: received so far, in all (-1: not known) */
	int64_t sync_bytes, sync_total;
	uint64_t full, partial;  /* synchronisations */
	uint64_t errors;         /* commands of the stream that failed */
	/* link of which PSYNC ... FAILOVER: was refused; went to a primary */
	uint64_t is_refused, is_primary;
};

extern const char *const link_role[LINK_STATES];
extern const char *const link_words[LINK_STATES];

#endif
