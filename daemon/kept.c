#include "daemon/kept.h"

void
kept_write(const struct kept *k)
{
	struct region_kept *r = &REGION->ctl.kept;
	uint64_t version = r->version;

	if (memcmp(r->copy[version & 1], k, sizeof(*k)) == 0)
		return;
	version++;
	memcpy(r->copy[version & 1], k, sizeof(*k));
	word_store_release(&r->version, version);
}

void
kept_read(struct kept *to)
{
	const struct region_kept *r = &REGION->ctl.kept;
	uint64_t version;

	do {
		version = word_load_acquire(&r->version);
		memcpy(to, r->copy[version & 1], sizeof(*to));
		word_fence();
	} while (word_load(&r->version) != version);
}
