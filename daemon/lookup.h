/*
 * lookup - where a host is, without waiting for the answer
 *
 * Addresses are known at once.  A name is looked up by the system's resolver,
 * which may take many seconds, in a thread that the C library has for that; it
 * touches private memory only.
 *
 * Not here: the addresses we listen on (daemon/listen.c).
 */
#ifndef DAEMON_LOOKUP_H
#define DAEMON_LOOKUP_H

#include <stdint.h>
#include <sys/socket.h>

struct lookup;

enum lookup_result { LOOKUP_WAITS, LOOKUP_FOUND, LOOKUP_FAILED };

/* Begins; for lookup_end(). */
struct lookup *lookup_begin(const char *host, uint16_t port);

/*
 * How it stands: *to is where, or *why a sentence.  Of several addresses the
 * nth, round and round: who tries again tries the next.
 */
enum lookup_result lookup_look(struct lookup *l, unsigned nth,
    struct sockaddr_storage *to, const char **why);

/* Frees it, at any time. */
void lookup_end(struct lookup *l);

#endif
