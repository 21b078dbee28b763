#include "ctl/peek.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>

#define TITLE "almandined: supervisor"

static void
say(const char *format, va_list args)
{
	fputs("almandinectl: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

int
peek_complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	return BAD;
}

void
peek_end(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(code);
}

void
peek(pid_t pid, void *to, const void *from, size_t bytes)
{
	struct iovec mine = { to, bytes },
	    theirs = { (void *)(uintptr_t)from, bytes };
	ssize_t got = process_vm_readv(pid, &mine, 1, &theirs, 1, 0);

	if (got < 0)
		peek_end(BAD, "the memory of process %d can not be read: %s",
		    (int)pid, strerror(errno));
	if ((size_t)got != bytes)
		peek_end(BAD, "process %d has no region", (int)pid);
}

void
peek_head(pid_t pid, struct region_head *head)
{
	peek(pid, head, &REGION->head, sizeof(*head));
	if (head->place.magic != PLACE_MAGIC)
		peek_end(BAD, "process %d has no region", (int)pid);
	if (head->place.layout != region_layout())
		peek_end(BAD,
		    "that node is of another build than this program");
}

bool
peek_is_supervisor(const char *pid)
{
	char path[300], text[sizeof(TITLE)] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	if (fread(text, 1, sizeof(text) - 1, f) == 0)
		text[0] = '\0';
	fclose(f);
	return strcmp(text, TITLE) == 0;
}

pid_t
peek_find(const char *pid)
{
	DIR *dir;
	struct dirent *e;
	pid_t found = 0;

	if (pid != NULL)
		return (pid_t)atoi(pid);
	dir = opendir("/proc");
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]) ||
		    !peek_is_supervisor(e->d_name))
			continue;
		if (found != 0)
			peek_end(USAGE, "there are several nodes; say which "
			    "by the process number of its supervisor");
		found = (pid_t)atoi(e->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	if (found == 0)
		peek_end(BAD, "no node is running");
	return found;
}
