#include "shm/word.h"

#include <sched.h>

#define SPINS 64

void
word_lock(uint32_t *lock, uint32_t holder)
{
	int spins = 0;

	while (!word_take(lock, 0, holder))
		if (++spins < SPINS)
			word_pause();
		else
			sched_yield();
}
