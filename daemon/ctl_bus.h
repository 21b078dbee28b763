/*
 * ctl_bus - sockets of the cluster bus
 *
 * A wire is a connection: a link that we opened to a node, or one that a peer
 * opened to the supervisor's listening socket (which outlives control, so that
 * a refusal means that the whole node is gone).  What comes is cut into
 * messages; what goes waits in the wire's buffer for the end of the turn.
 *
 * Whatever happens becomes an event of the deciding code, through the function
 * that ctl_bus_begin() was given; that may open, close and send at once.
 *
 * The bus has no authentication: cluster-bus-allow says who may connect.  Who
 * claims to be no node that we know may send no more than a greeting takes, and
 * when strangers hold too many connections the oldest of these is closed.
 *
 * Not here: what messages mean (cluster/), when there is a turn (daemon/ctl.c).
 */
#ifndef DAEMON_CTL_BUS_H
#define DAEMON_CTL_BUS_H

#include "cluster/cluster.h"
#include "daemon/birth.h"

struct ctl_bus_user {
	void (*happen)(const struct cluster_event *e);
	/* Whether it is a node of ours; whether one of those uses the wire. */
	bool (*knows)(const struct bus_id *id);
	bool (*is_used)(uint64_t wire);
};

/*
 * Listens.  Returns a descriptor that is readable when there is something to do
 * in ctl_bus_turn(), or -errno.
 */
int ctl_bus_begin(const struct birth *b, const struct ctl_bus_user *user);
void ctl_bus_end(void);

/* Who may connect: what network_read_list() reads; empty: everybody. */
void ctl_bus_allow(const char *words);

/* An address as it is written in messages, or false: it is none. */
bool ctl_bus_address(struct slice text, char ip[BUS_IP]);

/* Wires whose buffer grows beyond this are closed; 0: they are not. */
void ctl_bus_limit(uint64_t bytes);

/*
 * The acts OPEN, CLOSE, SEND, SEND_ALL.  The bytes are copied; to a wire that
 * is not open, or no more, nothing is sent; SEND_ALL is to all links that were
 * opened here.
 */
void ctl_bus_open(uint64_t link, const char *ip, uint16_t port);
void ctl_bus_close(uint64_t wire);
void ctl_bus_send(uint64_t wire, const void *data, size_t bytes);
void ctl_bus_send_all(const void *data, size_t bytes);

/*
 * How many bytes wait for room in a socket, and the wire: the first such one
 * from *at on, which is to be 0 at the beginning; 0: there is no more.
 */
size_t ctl_bus_waits(unsigned *at, uint64_t *wire);

/* What has happened; and what is to be sent goes. */
void ctl_bus_turn(void);
void ctl_bus_flush(void);

/* Whether something has happened that the descriptor does not tell. */
bool ctl_bus_is_due(void);

/* So far. */
struct ctl_bus_counts {
	uint64_t sent[16];         /* messages by type (MAP_OWN for ours) */
	uint64_t broken;           /* wires on which came what is no message */
	uint64_t turned_away;      /* connections: not allowed, or too many */
	uint64_t overfull;         /* wires closed because of the limit */
};

extern struct ctl_bus_counts ctl_bus_counts;

#endif
