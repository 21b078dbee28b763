/*
 * shed - what a newborn process throws away
 *
 * A child of the supervisor inherits everybody's sockets and doorbells.  It
 * keeps those it was told of and closes the rest.
 *
 * Not here: pages that are not its own (shm/region.h).
 */
#ifndef DAEMON_SHED_H
#define DAEMON_SHED_H

#include "daemon/birth.h"

/*
 * Closes every descriptor but 0, 1, 2, the log's and those in *b.
 */
void shed_descriptors(const struct birth *b);

/* Binds this process to the processor that worker `index` gets from the list
 * ("0-3,8", step "0-7:2"); false when the list makes no sense. */
bool shed_processors(const char *list, int index);

/*
 * This process gives the processor back after so short a time, when somebody
 * else wants it, that nobody notices; its share stays the same.  Kernels older
 * than 6.12 do not do that.
 */
void shed_slice(void);

#endif
