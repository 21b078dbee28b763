#include "proto/base.h"

#include <stdlib.h>

static void (*last_words)(const char *, const char *, int);

void
base_on_broken(void (*hook)(const char *, const char *, int))
{
	last_words = hook;
}

_Noreturn void
base_broken(const char *sentence, const char *file, int line)
{
	if (last_words != NULL)
		last_words(sentence, file, line);
	abort();
}
