/*
 * net_split - whose a request of a file is
 *
 * A file of requests is executed by all workers: each reads the whole file and
 * executes what is of its own slots (number modulo workers).  What touches
 * slots of several workers, whole databases, or what nobody knows, is executed
 * by the first worker while the others wait; so is what comes closely behind,
 * because taking turns costs more than a few requests.  As everybody reads the
 * same bytes, nobody has to be told whose they are.
 *
 * MULTI to EXEC is one part.  A SELECT is everybody's.
 *
 * Not here: who waits for whom (net_replay.h), whether a file is damaged: what
 * is not a whole request, byte for byte, is left to who executes it.
 */
#ifndef DAEMON_NET_SPLIT_H
#define DAEMON_NET_SPLIT_H

#include "proto/command.h"

#define SPLIT_CLOSE 64 /* parts behind one that is not of one worker */

enum split_whose {
	SPLIT_ONE,       /* worker's */
	SPLIT_SOLE,      /* the first worker's, while all others wait */
	SPLIT_ALL        /* everybody's: SELECT */
};

struct split_part {
	size_t bytes;
	enum split_whose whose;
	uint32_t worker;
	/* the last SELECT in it, which is for those who skip it, too */
	struct slice select;
};

struct split {
	uint32_t workers;
	uint32_t close;      /* parts that are still close to such a one */
	uint64_t *beat;      /* of the process */
	/* room for the arguments of a request */
	struct slice *argv;
	int *at;
	int room;
};

/* For so many workers; frees what it has. */
void split_open(struct split *s, uint32_t workers, uint64_t *beat);
void split_close(struct split *s);

/*
 * The part that text begins with; false when that is not whole, or has another
 * form than it should have.
 */
bool split_next(struct split *s, struct slice text, struct split_part *p);

#endif
