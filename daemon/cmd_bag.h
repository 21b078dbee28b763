/*
 * cmd_bag - different texts, for as long as one command runs
 *
 * A private table that lies in the transaction's scratch memory: what
 * commands need that must not answer a text twice.  The texts stay where they
 * are; they must outlive the bag.
 *
 * Not here: sets of hashes, without the texts (daemon/doubles.h).
 */
#ifndef DAEMON_CMD_BAG_H
#define DAEMON_CMD_BAG_H

#include "daemon/call.h"

struct cmd_bag {
	struct txn *txn;
	struct cmd_bag_entry {
		uint64_t hash;
		struct slice text; /* data NULL: free */
	} *entry;
	size_t room;  /* a power of two */
	size_t count;
};

/* An empty bag; `count` texts fit without growing. */
void cmd_bag_init(struct cmd_bag *bag, struct txn *t, size_t count);

/* Puts a text in; false when it is there already. */
bool cmd_bag_add(struct cmd_bag *bag, struct slice text);

/* Whether a text is in it. */
bool cmd_bag_has(const struct cmd_bag *bag, struct slice text);

#endif
