/*
 * ctl_parts - the append-only file as what is loaded at the start
 *
 * Its files are loaded one after the other, each an order of ctl_load: a BASE
 * that is a snapshot, requests, a snapshot with requests behind it first so and
 * then so.
 *
 *	ctl_parts_first()   -> order
 *	ctl_parts_next()    -> order, ... until it says that there is no more
 *	ctl_parts_end()     where the log goes on
 *
 * What is known between two orders is in the published one, and in the
 * manifest: a new control goes on.  A file of the time when there was only one
 * (in dir, named appendfilename) becomes the BASE first, as redis-server 7
 * does it.
 *
 * Not here: loading (net_load.c, net_replay.c), the manifest (aof_list.h).
 */
#ifndef DAEMON_CTL_PARTS_H
#define DAEMON_CTL_PARTS_H

#include "daemon/ctl.h"

/*
 * Fills in the first order; false when there is no append-only file.  What is
 * damaged ends the node.
 */
bool ctl_parts_first(struct ctl *c, struct load_order *order);

/*
 * What comes after `done`, which was read up to byte `end` and says of itself
 * that the log was at `offset` (-1: nothing); false when that was all.  After
 * an order that only flushes comes the first.
 */
bool ctl_parts_next(struct ctl *c, const struct load_order *done, uint64_t end,
    int64_t offset, struct load_order *order);

/*
 * After the last one: the log's offset, and where its bytes go on, which are in
 * database db (-1: in none yet).
 */
uint64_t ctl_parts_end(struct ctl *c, const struct load_order *done,
    uint64_t end, int64_t offset, int db, struct aof_order *order);

/*
 * The numbers that there have been: *listed of INCR files, *based of BASE
 * files; -errno when the manifest can not be read.
 */
int ctl_parts_numbers(const struct ctl *c, uint64_t *listed, uint64_t *based);

/*
 * Nothing but the BASE of a number, a snapshot that is there, is listed from
 * now on; other files go.  -errno.
 */
int ctl_parts_list_only(const struct ctl *c, uint64_t based);

/*
 * The snapshot in dir, which is all that the node has, becomes the BASE of a
 * number; -errno.
 */
int ctl_parts_adopt(const struct ctl *c, const char *file, uint64_t based);

#endif
