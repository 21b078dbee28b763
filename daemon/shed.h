/*
 * shed - what a newborn process throws away
 *
 * A child of the supervisor inherits everybody's sockets and doorbells.  It
 * keeps those it was told of and closes the rest.
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

#endif
