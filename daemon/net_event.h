/*
 * net_event - events of keys, for who subscribes to them
 *
 * An event is a message on __keyspace@<db>__:<key> (the event's name) and one
 * on __keyevent@<db>__:<event> (the key), when notify-keyspace-events wants its
 * class.  It is said like any message: when the change has been committed, in
 * the order of commits.  A replica tells events of what it applies; they are
 * not in the log.
 *
 * Not here: which command tells what (daemon/event.def, call_event()).
 */
#ifndef DAEMON_NET_EVENT_H
#define DAEMON_NET_EVENT_H

#include "daemon/net_say.h"

/* Options (or what is loaded) have changed: which events are told. */
void event_options(struct worker *w);

/* Around a command, when some are. */
void event_begin(struct call *c);
void event_end(struct call *c);

/* The transaction's hook (txn.event). */
void event_tell(struct txn *t, uint32_t class, const char *name,
    const struct key *k);

#endif
