#include "daemon/title.h"

#include "proto/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	char *at;
	size_t room;
} title;

/* The environment moves away, so that its place can be written over too. */
static void
move_environment(void)
{
	size_t count = 0, i;
	char **copy;

	while (environ[count] != NULL)
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	if (copy == NULL)
		return;
	for (i = 0; i < count; i++)
		if ((copy[i] = strdup(environ[i])) == NULL)
			return;
	environ = copy;
}

void
title_prepare(int argc, char **argv)
{
	char **old = environ, *end;
	int i;

	if (argc == 0)
		return;
	end = argv[0];
	for (i = 0; i < argc && argv[i] == end; i++)
		end += strlen(end) + 1;
	move_environment();
	if (environ != old)
		for (i = 0; old[i] == end; i++)
			end += strlen(end) + 1;
	title.at = argv[0];
	title.room = (size_t)(end - argv[0]);
}

void
title_set(const char *name, int port)
{
	char text[128];
	int n = port > 0 ? snprintf(text, sizeof(text),
	    "almandined: %s, port %d", name, port) :
	    snprintf(text, sizeof(text), "almandined: %s", name);

	if (title.room < 2)
		return;
	memset(title.at, 0, title.room);
	memcpy(title.at, text, (size_t)n < title.room ? (size_t)n :
	    title.room - 1);
}
