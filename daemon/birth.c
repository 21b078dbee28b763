#include "daemon/birth.h"

#include "daemon/doorbell.h"
#include "daemon/log.h"
#include "shm/region.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void
birth_ready(const struct birth *b)
{
	struct state_page *page = &REGION->state;

	proc_ready(&REGION->area[b->index].proc);
	if (page->copy[state_version(page) & 1].options.daemonize)
		log_leave_terminal();
	doorbell_ring(b->bell_supervisor);
}

/* Whose last words go where; -1 in the supervisor. */
static int me = -1;

/* Who waits for the lock of a dead one must not look dead. */
static void
beat(void)
{
	proc_beat(&REGION->area[me].proc);
}

void
birth_begin(const struct birth *b)
{
	me = b->index;
	word_on_wait(beat);
}

_Noreturn void
birth_fail(const char *format, ...)
{
	char words[sizeof(REGION->area[0].last_words)];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	log_warning("can not start: %s", words);
	if (me >= 0)
		memcpy(REGION->area[me].last_words, words, sizeof(words));
	_exit(BIRTH_FAILED);
}

void
birth_broken(const char *sentence, const char *file, int line)
{
	log_warning("broken: it must be that %s (%s:%d)", sentence, file, line);
}
