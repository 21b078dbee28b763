/*
 * ctl_held - that this node had data, known beyond its end
 *
 * A primary that starts without the data that it had - its files are gone, or
 * it never wrote any - would make its replicas as empty as itself.  So before
 * replicas get something from a node that has keys, or within a moment of the
 * first key, it notes in a small file that it has; and one that starts, finds
 * that note and no data serves no full synchronisation (state.loss)
 * until another node has given it data or goes on with a stream that it has the
 * beginning of, or allow-empty-primary says that this is meant.  Its replicas
 * keep theirs and ask again; in a cluster one of them takes over
 * (cluster/loss.h).
 *
 * Less than everything may be missing: nodes.conf says how far the stream was
 * when it was last written, as with each change of roles.  A primary of a
 * cluster whose files end before that lets a replica that has more take over in
 * the same way; when none has, it goes on with what it has.
 *
 * The data epoch counts the histories (replication ids) that there was data of
 * in this directory.  A start that loads what belongs to an earlier one than
 * the note - an old file, put back, or the last one never got one - says so.
 *
 * The file is almandine.held, or almandine.held.NAME where dbfilename is not
 * the usual one: nodes in one directory do not read each other's.
 *
 *	almandine-held 1
 *	replid ID              of the newest history
 *	epoch N                its number
 *	keys N
 *	time SECONDS
 *	sum HEX                crc64 of what is before
 *
 * A note that is damaged counts as one.  A node that ends in good order with
 * no keys takes it away.
 *
 * Not here: refusing (daemon/cmd_feed.c).
 */
#ifndef DAEMON_CTL_HELD_H
#define DAEMON_CTL_HELD_H

#include "daemon/ctl.h"

/*
 * There may be data that replicas will have: notes it, once for each history.
 * The number goes out with what is published next.
 */
void ctl_held_note(struct ctl *c);

/* Whether a note says that there was data, be it of an earlier history. */
bool ctl_held_is_noted(struct ctl *c);

/*
 * Each turn of control's loop: a primary that has a new history, or whose
 * first key came when it had replicas already, notes that, too.
 */
void ctl_held_turn(struct ctl *c);

/*
 * It starts and has loaded its files, but serves nothing yet: looks whether
 * they have what it last had.
 */
void ctl_held_look(struct ctl *c);

/* The node has started: notes what it has. */
void ctl_held_start(struct ctl *c);

/* It starts and finds no data: it may have lost some. */
void ctl_held_miss(struct ctl *c);

/* In a cluster: whoever may have what is missing was heard, and has not. */
void ctl_held_go_on(struct ctl *c);

/* It has ended in good order. */
void ctl_held_end(const struct ctl *c);

#endif
