/*
 * herald - systemd is told when the node serves
 *
 * A datagram to the socket that NOTIFY_SOCKET names, when it does: a unit of
 * Type=notify waits for it.  Only the supervisor tells.
 *
 * Source of the words: sd_notify(3).
 *
 * Not here: how whoever started us with daemonize is told (sup.c).
 */
#ifndef DAEMON_HERALD_H
#define DAEMON_HERALD_H

/* Nobody to tell, or nobody who hears: no matter. */
void herald_ready(void);

#endif
