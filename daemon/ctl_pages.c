#include "daemon/ctl_pages.h"

#include "daemon/doorbell.h"
#include "daemon/pages.h"

static bool
lives(void)
{
	return word_load_acquire(&REGION->sup.birth[PROC_PAGES]) !=
	    word_load_acquire(&REGION->sup.dead[PROC_PAGES]);
}

/* It sees to it that it ends when the page under way is made. */
static void
end(const struct ctl *c)
{
	if (!lives())
		return;
	pages_set_share(word_load(&REGION->area[PROC_PAGES].proc.pid), true);
	doorbell_ring(c->birth->bell[PROC_PAGES]);
}

bool
ctl_pages_turn(const struct ctl *c)
{
	const struct area *area = &REGION->area[PROC_PAGES];
	uint64_t at = word_load(&area->pages.at);

	if (c->next.is_stopping) {
		end(c);
		return false;
	}
	if (!c->next.options.huge_pages || word_load(&area->pages.is_without))
		return false;
	ctl_want(c, PROC_PAGES);
	if (!word_load_acquire(&area->pages.is_at_work)) {
		if (!region_prepare_next(&at))
			return false;
		doorbell_ring(c->birth->bell[PROC_PAGES]);
	} else if (lives() && region_prepare_is_late(at)) {
		pages_set_share(word_load(&area->proc.pid), true);
	}
	return true;
}
