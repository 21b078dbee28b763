/*
 * fault_do - arming fault points, and what is done at an armed one
 *
 * DEBUG FAULT name off | die [once] | error [once] | hold MS [once]
 *
 * Whatever a point is armed with next also lets go who is held there.
 *
 * Only in builds with --enable-faults; others know no DEBUG FAULT.
 *
 * Not here: the points themselves (shm/fault.h).
 */
#ifndef DAEMON_FAULT_DO_H
#define DAEMON_FAULT_DO_H

#include "shm/fault.h"

#ifdef ALMANDINE_FAULTS
/* In every process, first of all: makes armed points act. */
void fault_prepare(void);

/*
 * Arms a point as the arguments say (the name first).  NULL, or an error text
 * for the client.
 */
const char *fault_arm(const struct slice *argv, int argc);
#endif

#endif
