#include "daemon/waiters.h"

#include "daemon/doorbell.h"
#include "shm/region.h"

void
waiters_ring(const struct birth *b)
{
	uint32_t i;

	word_fence();
	for (i = 0; i < REGION->head.workers; i++) {
		const struct area *a = &REGION->area[i];

		if ((word_load(&a->feeds.awaits) != 0 ||
		    word_load(&a->feeds.held) != 0) &&
		    word_load(&a->proc.is_asleep) && (int)i != b->index)
			doorbell_ring(b->bell[i]);
	}
}
