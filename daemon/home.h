/*
 * home - the directory a node works in
 *
 * Two nodes with one cluster-config-file would be one node twice, and two that
 * write one snapshot file or one append-only file would take each other's data
 * away: a lock on FILE.lock is held for as long as the supervisor lives.  The
 * kernel takes it back however that ends; the empty file stays.
 *
 * Nodes may share a directory when the names differ.  One that writes no files
 * by itself (no `save`, no appendonly, not begun as a replica) locks none of
 * data; what CONFIG SET says later locks nothing.
 *
 * Not here: the files of data (daemon/file.h), the log's (daemon/log.h).
 */
#ifndef DAEMON_HOME_H
#define DAEMON_HOME_H

#include "shm/option.h"

#define HOME_WHY 600

/*
 * Goes to the directory `dir`, which can be written to, and locks what only
 * one node may have; false with one sentence.  `dir` is its whole path then:
 * who asks for it is somewhere else.
 */
bool home_enter(struct options *o, char why[HOME_WHY]);

#endif
