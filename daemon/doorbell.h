/*
 * doorbell - wakes a process; carries no data
 *
 * An eventfd made by the supervisor before it forks, so that it outlives the
 * processes at either end.  Ringing never blocks; several rings are one.
 * A worker reads its own bell through io_uring, others with
 * doorbell_quiet().
 *
 * Not here: what there is to be read then (shm/mail.h, shm/state.h).
 */
#ifndef DAEMON_DOORBELL_H
#define DAEMON_DOORBELL_H

#include "proto/base.h"

/* A new bell, or -errno. */
int doorbell_make(void);
void doorbell_ring(int bell);
/* Takes all rings so far away. */
void doorbell_quiet(int bell);

#endif
