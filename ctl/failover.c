#include "ctl/failover.h"

#include "ctl/peek.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIME_ROOM 32

/* The value of a field of a map, which comes as a flat array; or NULL. */
static const redisReply *
field(const redisReply *map, const char *name)
{
	size_t i;

	for (i = 0; i + 1 < map->elements; i += 2)
		if (map->element[i]->str != NULL &&
		    strcmp(map->element[i]->str, name) == 0)
			return map->element[i + 1];
	return NULL;
}

static const char *
text_of(const redisReply *map, const char *name)
{
	const redisReply *r = field(map, name);

	return r != NULL && r->str != NULL ? r->str : "?";
}

static long long
number_of(const redisReply *map, const char *name)
{
	const redisReply *r = field(map, name);

	return r != NULL ? r->integer : 0;
}

static void
print_steps(const redisReply *steps)
{
	size_t i;

	if (steps == NULL || steps->elements == 0)
		return;
	printf("    ");
	for (i = 0; i + 1 < steps->elements; i += 2)
		printf("%s%s %lld", i == 0 ? "" : ", ",
		    steps->element[i]->str, steps->element[i + 1]->integer);
	printf(" ms\n");
}

static void
print_one(const redisReply *r)
{
	time_t begun = (time_t)(number_of(r, "start_ms") / 1000);
	long long took = number_of(r, "duration_ms");
	char when[TIME_ROOM];

	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime(&begun));
	printf("%lld  %s  %s, as the %s: %s", number_of(r, "id"), when,
	    text_of(r, "kind"), text_of(r, "side"), text_of(r, "result"));
	if (took >= 0)
		printf(" after %lld ms: %s\n", took, text_of(r, "reason"));
	else
		printf("\n");
	printf("    from %s to %s\n", text_of(r, "from"), text_of(r, "to"));
	print_steps(field(r, "steps"));
}

static void
print_status(const redisReply *r)
{
	const redisReply *last = field(r, "last");

	printf("%s: %s\n", text_of(r, "state"), text_of(r, "words"));
	printf("recovery lock: %s\n", text_of(r, "recover_status"));
	if (last != NULL)
		print_one(last);
}

/* The value of a line of CLUSTER INFO. */
static void
print_info(const char *text, const char *name, const char *title)
{
	const char *at = strstr(text, name);

	if (at == NULL)
		return;
	at += strlen(name);
	printf("%s: %.*s\n", title, (int)strcspn(at, "\r\n"), at);
}

static redisReply *
ask(redisContext *link, const char *host, const char *port, int count,
    const char **words)
{
	redisReply *r = redisCommandArgv(link, count, words, NULL);

	if (r == NULL)
		peek_end(BAD, "%s port %s: %s", host, port, link->errstr);
	else if (r->type == REDIS_REPLY_ERROR)
		peek_end(BAD, "the node says: %s", r->str);
	return r;
}

int
failover_show(const char *host, const char *port, const char *password,
    bool is_history)
{
	redisContext *link = redisConnect(host, atoi(port));
	redisReply *r;
	size_t i;

	if (link == NULL || link->err != 0)
		peek_end(BAD, "nobody answers at %s port %s", host, port);
	if (password != NULL)
		freeReplyObject(ask(link, host, port, 2,
		    (const char *[]){ "AUTH", password }));
	r = ask(link, host, port, 3, (const char *[]){ "CLUSTER", "FAILOVER",
	    is_history ? "HISTORY" : "STATUS" });
	if (!is_history)
		print_status(r);
	else if (r->elements == 0)
		printf("no failover since the node started\n");
	for (i = 0; is_history && i < r->elements; i++)
		print_one(r->element[i]);
	freeReplyObject(r);
	if (!is_history) {
		r = ask(link, host, port, 2, (const char *[]){ "CLUSTER",
		    "INFO" });
		print_info(r->str, "cluster_failover_hindrance:",
		    "what keeps it from standing for election");
		print_info(r->str, "cluster_write_lease:",
		    "lease for writes");
		freeReplyObject(r);
	}
	redisFree(link);
	return GOOD;
}
