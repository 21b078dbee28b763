#include "shm/feeds.h"

#include <string.h>

struct feeds_row *
feeds_take(struct feeds *f)
{
	int i;

	for (i = 0; i < FEEDS_ROWS; i++)
		if (f->row[i].id == 0) {
			memset(&f->row[i], 0, sizeof(f->row[i]));
			word_store(&f->count, f->count + 1);
			if (f->rows <= (uint32_t)i)
				word_store(&f->rows, (uint32_t)i + 1);
			return &f->row[i];
		}
	return NULL;
}

void
feeds_give(struct feeds *f, struct feeds_row *r)
{
	word_store_release(&r->id, 0);
	word_store(&f->count, f->count - 1);
}

void
feeds_clear(struct feeds *f)
{
	int i;

	for (i = 0; i < FEEDS_ROWS; i++)
		word_store_release(&f->row[i].id, 0);
	word_store(&f->count, 0);
	word_store(&f->rows, 0);
	word_store(&f->hears, 0);
	word_store(&f->awaits, 0);
	word_store(&f->held, 0);
	word_store(&f->wants_role, 0);
}
