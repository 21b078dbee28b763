#include "daemon/pages.h"

#include "daemon/birth.h"
#include "daemon/doorbell.h"
#include "daemon/log.h"
#include "shm/region.h"

#include <poll.h>
#include <sched.h>

void
pages_set_share(uint32_t pid, bool is_ordinary)
{
	static const struct sched_param none;

	(void)sched_setscheduler((pid_t)pid,
	    is_ordinary ? SCHED_OTHER : SCHED_IDLE, &none);
}

static bool
is_stopping(void)
{
	static struct state state;

	(void)state_read(&REGION->state, &state);
	return state.is_stopping;
}

/* Makes what is due.  False: the kernel has none, or the node ends. */
static bool
make_some(struct pages_report *r, bool is_ordinary)
{
	uint64_t at = r->at;

	while (region_prepare_next(&at)) {
		word_store(&r->at, at);
		if (is_stopping())
			return false;
		/* Control may have hurried the last one. */
		pages_set_share(0, is_ordinary);
		if (region_prepare(at) != 0) {
			log_notice("the kernel has no huge pages for the heap");
			word_store(&r->is_without, 1);
			return false;
		}
		at += REGION_BIG_PAGE;
	}
	word_store(&r->at, at);
	return true;
}

int
pages_main(const struct birth *b)
{
	struct pages_report *r = &REGION->area[b->index].pages;
	struct pollfd bell = { .fd = b->bell[b->index], .events = POLLIN };
	bool goes_on;

	word_store_release(&r->is_at_work, 1);
	birth_ready(b);
	goes_on = make_some(r, true);
	pages_set_share(0, false);
	while (goes_on) {
		word_store_release(&r->is_at_work, 0);
		poll(&bell, 1, -1);
		doorbell_quiet(bell.fd);
		word_store_release(&r->is_at_work, 1);
		goes_on = !is_stopping() && make_some(r, false);
	}
	word_store_release(&r->is_at_work, 0);
	return 0;
}
