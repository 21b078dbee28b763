/*
 * net_replay - a file of requests is executed: a part of the append-only file
 *
 * By all workers, in slices, through apply (net_apply.h): each executes its
 * share (net_split.h) of the same file, and says in its report up to which byte
 * it has.
 *
 *   the first worker   executes what is not of one worker when all others have
 *                      come that far
 *   another one        goes on behind such a part when the first has come
 *                      behind it; until then it passes what is not its own
 *
 * Who has the lowest byte to execute never waits.
 *
 * A file may end in the middle of a request or of a transaction, because
 * whoever wrote it died: what is cut is left out, if the order says that this
 * may be.  That is believed only of an end: where whole requests follow, a
 * length is wrong, and the file is damaged.  From the first byte on that does
 * not look as it should, the first worker executes all and judges.
 *
 * Not here: snapshots (net_load.c), which files (ctl_parts.c).
 */
#ifndef DAEMON_NET_REPLAY_H
#define DAEMON_NET_REPLAY_H

#include "daemon/net_worker.h"

enum replay_result {
	REPLAY_MORE,
	REPLAY_WAIT,     /* for other workers */
	REPLAY_DONE,
	REPLAY_BAD,
	REPLAY_LOST      /* control died: how far it came is not known */
};

struct replay;

/* Begins; NULL with -errno in *bad. */
struct replay *replay_open(struct worker *w, const struct load_order *o,
    int *bad);

/*
 * Executes some more.  REPLAY_DONE: what counts ends at replay_at(), of the
 * first worker; REPLAY_BAD: there it is damaged, see replay_why().
 */
enum replay_result replay_some(struct replay *r);
uint64_t replay_at(const struct replay *r);
int replay_db(const struct replay *r);
/* Passed and executed, by whomever. */
uint64_t replay_commands(const struct replay *r);
const char *replay_why(const struct replay *r);

/* Frees it. */
void replay_close(struct replay *r);

#endif
