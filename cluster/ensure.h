/*
 * ensure - a replica whose stream is broken gets it back by itself
 *
 * A timer in control, on every replica.  While the stream of the primary is not
 * up it wants an attempt, at first soon, then with back-off; but never while a
 * failover is active here, or the primary is known to have paused its writes
 * for one: what it broke once (a takeover that found the lock taken, offsets
 * that never met) was worse than waiting.  It looks again by itself when that
 * is over.
 *
 * An attempt is made under the recovery lock (ReadRole, then raised).
 *
 * Not here: the attempt itself (the link to the primary), the lock (lock.h).
 */
#ifndef CLUSTER_ENSURE_H
#define CLUSTER_ENSURE_H

#include "proto/base.h"

/* Why there is no attempt now; the last one is shown in INFO. */
enum ensure_reason {
#define REASON(id, words) ENSURE_##id,
#include "cluster/ensure.def"
	ENSURE_REASONS
};

struct ensure_facts {
	int64_t every_ms;          /* the option; 0: off */
	bool is_replica;           /* of a primary that is known */
	bool is_primary_failed;
	bool is_link_up, is_syncing;
	bool is_failover;          /* active here */
	bool is_paused;            /* the primary said so (hand.h) */
};

struct ensure {
	bool is_trying;            /* an attempt is under way */
	bool has_tried;            /* since it is needed */
	int64_t down_ms;           /* since when it is needed, or 0 */
	int64_t due_ms;            /* of the next attempt, and of a look */
	uint32_t fails;            /* attempts in a row */
	uint64_t attempts, healed; /* ever */
	enum ensure_reason reason;
};

/*
 * Looks; often, and at due_ms.  True: try now, and then say ensure_tried().
 */
bool ensure_look(struct ensure *e, const struct ensure_facts *f,
    int64_t now_ms);

/* The attempt ended: the stream is up, or not; or the lock was not free. */
void ensure_tried(struct ensure *e, const struct ensure_facts *f,
    enum ensure_reason why, int64_t now_ms);

extern const char *const ensure_words[ENSURE_REASONS];

#endif
