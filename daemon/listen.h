/*
 * listen - the sockets on which clients knock
 *
 * The supervisor's; they outlive the workers, so that who knocks while a
 * worker is being replaced waits in the backlog instead of being refused.
 * Each worker has a TCP socket of its own for every address (SO_REUSEPORT:
 * the kernel spreads connections); the Unix socket is everybody's.  In cluster
 * mode control has those of the bus, on the same addresses: who is refused
 * there knows that the whole node is gone.
 *
 * Not here: who accepts (daemon/net.c, daemon/ctl_bus.c).
 */
#ifndef DAEMON_LISTEN_H
#define DAEMON_LISTEN_H

#include "daemon/birth.h"
#include "shm/option.h"

#define LISTEN_WHY 400

struct listeners {
	int count[PROC_WORKERS];
	int fd[PROC_WORKERS][BIRTH_LISTENERS];
	int bus_count;           /* of the cluster bus: control's */
	int bus[BIRTH_LISTENERS];
	char path[OPTION_ROOM];  /* of the Unix socket, to be unlinked */
	int64_t patience_us;     /* what is in use is tried again until then */
	bool is_waiting;         /* so it has been, and the log says so */
};

/*
 * Opens all for so many workers; waits some seconds for those of a node that
 * was just killed.  -errno with a sentence.
 */
int listen_open(struct listeners *l, const struct options *o, int workers,
    char why[LISTEN_WHY]);

/* Closes all, unlinks the Unix socket. */
void listen_close(struct listeners *l);

#endif
