#include "shm/journal.h"

#include <string.h>

void
journal_init(struct journal *j)
{
	j->undo = 0;
	j->blocks = 0;
	j->log_at = JOURNAL_NOWHERE;
	j->run = 0;
	j->span = 0;
	j->helds = 0;
	j->hand = NULL;
	j->magic = JOURNAL_MAGIC;
}

void
journal_restore(const struct journal *j)
{
	uint64_t end = j->undo;

	must(j->magic == JOURNAL_MAGIC, "a journal has its magic number");
	while (end > 0) {
		uint64_t bytes = *(const uint64_t *)(const void *)
		    (j->undo_data + end - 8);
		uint64_t at = *(const uint64_t *)(const void *)
		    (j->undo_data + end - 16);
		uint64_t padded = (bytes + 7) & ~7ull;

		must(padded + 16 <= end, "an undo entry lies in the journal");
		end -= padded + 16;
		memcpy((void *)(uintptr_t)at, j->undo_data + end, bytes);
	}
}
