/*
 * state_pen - writing what is published; for control, and the supervisor before
 * its first fork
 *
 * Not here: reading it (shm/state.h).
 */
#ifndef SHM_STATE_PEN_H
#define SHM_STATE_PEN_H

#include "shm/state.h"

/* Version 1 of a new region; replid is 40 hexadecimal digits. */
void state_init(struct state_page *page, const struct options *o,
    const char replid[41], int64_t now_ms);

/*
 * Publishes *next (its version is set to the one after the present) and returns
 * the new version.
 */
uint64_t state_publish(struct state_page *page, struct state *next,
    int64_t now_ms);

/* Stores the end of the lease; no version is published. */
void state_set_lease(struct state_page *page, int64_t until_ms);

#endif
