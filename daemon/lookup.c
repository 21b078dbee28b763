#include "daemon/lookup.h"

#include "proto/base.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lookup {
	struct gaicb ask;
	struct addrinfo hints;
	char host[256], port[8];
	int bad;               /* of what was known at once */
	struct lookup *next;   /* that was given up */
};

/* Given up while a thread is at them: that keeps what it works on. */
static struct lookup *given_up;

static void
free_lookup(struct lookup *l)
{
	if (l->ask.ar_result != NULL)
		freeaddrinfo(l->ask.ar_result);
	free(l);
}

static void
free_given_up(void)
{
	struct lookup **at = &given_up, *l;

	while ((l = *at) != NULL)
		if (gai_error(&l->ask) == EAI_INPROGRESS) {
			at = &l->next;
		} else {
			*at = l->next;
			free_lookup(l);
		}
}

struct lookup *
lookup_begin(const char *host, uint16_t port)
{
	struct lookup *l = calloc(1, sizeof(*l));
	struct gaicb *list[1];

	must(l != NULL, "there is private memory for a name");
	free_given_up();
	list[0] = &l->ask;
	snprintf(l->host, sizeof(l->host), "%s", host);
	snprintf(l->port, sizeof(l->port), "%u", port);
	l->hints.ai_socktype = SOCK_STREAM;
	l->hints.ai_flags = AI_NUMERICHOST;
	l->bad = getaddrinfo(l->host, l->port, &l->hints, &l->ask.ar_result);
	if (l->bad != EAI_NONAME)
		return l;
	l->hints.ai_flags = 0;
	l->ask.ar_name = l->host;
	l->ask.ar_service = l->port;
	l->ask.ar_request = &l->hints;
	l->bad = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
	return l;
}

enum lookup_result
lookup_look(struct lookup *l, unsigned nth, struct sockaddr_storage *to,
    const char **why)
{
	const struct addrinfo *found;
	int bad = l->bad;

	if (bad == 0 && l->ask.ar_name != NULL)
		bad = gai_error(&l->ask);
	if (bad == EAI_INPROGRESS)
		return LOOKUP_WAITS;
	if (bad != 0) {
		*why = gai_strerror(bad);
		return LOOKUP_FAILED;
	}
	for (found = l->ask.ar_result; nth > 0; nth--)
		found = found->ai_next != NULL ? found->ai_next :
		    l->ask.ar_result;
	memset(to, 0, sizeof(*to));
	memcpy(to, found->ai_addr, found->ai_addrlen);
	return LOOKUP_FOUND;
}

void
lookup_end(struct lookup *l)
{
	if (l == NULL)
		return;
	if (l->ask.ar_name != NULL && l->bad == 0 &&
	    gai_error(&l->ask) == EAI_INPROGRESS &&
	    gai_cancel(&l->ask) == EAI_NOTCANCELED) {
		l->next = given_up;
		given_up = l;
		return;
	}
	free_lookup(l);
}
