/*
 * cmd_bitmap - what commands on bits have in common
 *
 * Not here: strings as text (daemon/cmd_string.c).
 */
#ifndef DAEMON_CMD_BITMAP_H
#define DAEMON_CMD_BITMAP_H

#include "daemon/call.h"

/*
 * The bit offset in argument i.  bits: the width of a field, for which #n
 * is the n-th one; 0: no such form.  Else the error is replied and false
 * returned.
 */
bool bitmap_offset(struct call *c, int i, int bits, uint64_t *offset);

#endif
