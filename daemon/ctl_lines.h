/*
 * ctl_lines - lines of the log that come in great numbers
 *
 * Slots that move one by one would fill the log with one line each.  Each is
 * said at once as `verbose`; when no more of them have come for a while, one
 * line says at `notice` what it was and how often.
 *
 * Not here: which lines are such (cluster/act.h), levels (daemon/log.h).
 */
#ifndef DAEMON_CTL_LINES_H
#define DAEMON_CTL_LINES_H

#include "proto/bus.h"

/* One of many about a node; words stay where they are. */
void ctl_lines_add(const struct bus_id *id, const char *words);

/* Each turn: says what has come to rest; all of it at the end. */
void ctl_lines_turn(int64_t now_ms);
void ctl_lines_end(void);

/* When the next turn has to be, as now_ms counts; INT64_MAX: none has. */
int64_t ctl_lines_due(void);

#endif
