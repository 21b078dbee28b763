#include "shm/word.h"

#include <sched.h>

#define SPINS 64

static void (*waiting)(void);

void
word_on_wait(void (*hook)(void))
{
	waiting = hook;
}

void
word_wait(uint32_t *lock, uint32_t holder)
{
	int spins = 0;

	/* Only looked at meanwhile: its holder has the line for itself. */
	while (word_load(lock) != 0 || !word_take(lock, 0, holder)) {
		if (++spins < SPINS) {
			word_pause();
			continue;
		}
		if (waiting != NULL)
			waiting();
		sched_yield();
	}
}
