#include "shm/fault.h"

const struct fault_row fault_table[FAULT_COUNT] = {
#define FAULT_POINT(id, name, words) { name, words },
#include "shm/fault.def"
};

#ifdef ALMANDINE_FAULTS
uint32_t *fault_words;
bool (*fault_hook)(enum fault_id id, uint32_t word);
#endif

int
fault_find(struct slice name)
{
	int i;

	for (i = 0; i < FAULT_COUNT; i++)
		if (slice_is(name, fault_table[i].name))
			return i;
	return -1;
}
