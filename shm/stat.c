#include "shm/stat.h"

#include <string.h>

const struct stat_row stat_table[STAT_COUNT] = {
#define STAT(id, name, section, kind, words) \
	{ name, STAT_##section, STAT_##kind, words },
#include "shm/stat.def"
};

static void
zero(struct stats *s, enum stat_kind kind)
{
	size_t i;

	for (i = 0; i < STAT_COUNT; i++)
		if (stat_table[i].kind == kind)
			word_store(&s->v[i], 0);
}

void
stat_reset(struct stats *s)
{
	zero(s, STAT_SUM);
	memset(s->command, 0, sizeof(s->command));
	memset(s->error, 0, sizeof(s->error));
}

void
stat_newborn(struct stats *s)
{
	zero(s, STAT_NOW);
}

void
stat_count_error(struct stats *s, const char *text)
{
	size_t bytes = strcspn(text, " \r\n"), i;

	if (bytes >= sizeof(s->error[0].code))
		bytes = sizeof(s->error[0].code) - 1;
	for (i = 0; i < STAT_ERRORS; i++) {
		struct stat_error *e = &s->error[i];

		if (e->code[0] == 0)
			memcpy(e->code, text, bytes);
		if (strncmp(e->code, text, bytes) == 0 && e->code[bytes] == 0) {
			word_store(&e->count, e->count + 1);
			return;
		}
	}
}
