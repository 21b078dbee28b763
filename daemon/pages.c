#include "daemon/pages.h"

#include "daemon/log.h"
#include "shm/region.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

/* Written by the thread but for is_begun, is_ending and is_hurried. */
static struct {
	pthread_t thread;
	sem_t wake;
	uint64_t at;           /* being made, or the next */
	uint32_t is_at_work, is_without, is_ending, is_hurried;
	bool is_begun;
} pages;

/* Where this is refused, the thread is as important as control. */
static void
set_importance(pthread_t thread, int policy)
{
	static const struct sched_param none;

	(void)pthread_setschedparam(thread, policy, &none);
}

static void
make_some(int policy)
{
	uint64_t at = pages.at;

	while (!word_load(&pages.is_ending) && region_prepare_next(&at)) {
		word_store(&pages.at, at);
		if (word_load(&pages.is_hurried)) {
			word_store(&pages.is_hurried, 0);
			set_importance(pthread_self(), policy);
		}
		if (region_prepare(at) != 0) {
			log_notice("the kernel has no huge pages for the heap");
			word_store(&pages.is_without, 1);
			return;
		}
		at += REGION_BIG_PAGE;
	}
	word_store(&pages.at, at);
}

static void *
work(void *none)
{
	make_some(SCHED_OTHER);
	set_importance(pthread_self(), SCHED_IDLE);
	while (!word_load(&pages.is_without) && !word_load(&pages.is_ending)) {
		word_store_release(&pages.is_at_work, 0);
		while (sem_wait(&pages.wake) != 0)
			continue;
		make_some(SCHED_IDLE);
	}
	word_store_release(&pages.is_at_work, 0);
	return none;
}

static bool
begin(void)
{
	pages.is_begun = true;
	pages.is_at_work = 1;
	if (sem_init(&pages.wake, 0, 0) == 0 &&
	    pthread_create(&pages.thread, NULL, work, NULL) == 0)
		return true;
	pages.is_at_work = 0;
	pages.is_without = 1;
	log_notice("there is no thread to make huge pages");
	return false;
}

bool
pages_turn(void)
{
	uint64_t at;

	if (!pages.is_begun)
		return begin();
	if (word_load(&pages.is_without))
		return false;
	at = word_load(&pages.at);
	if (!word_load_acquire(&pages.is_at_work)) {
		if (!region_prepare_next(&at))
			return false;
		word_store(&pages.is_at_work, 1);
		(void)sem_post(&pages.wake);
	} else if (!word_load(&pages.is_hurried) &&
	    region_prepare_is_late(at)) {
		word_store(&pages.is_hurried, 1);
		set_importance(pages.thread, SCHED_OTHER);
	}
	return true;
}

void
pages_end(void)
{
	if (!pages.is_begun || word_load(&pages.is_without))
		return;
	word_store(&pages.is_ending, 1);
	set_importance(pages.thread, SCHED_OTHER);
	(void)sem_post(&pages.wake);
	(void)pthread_join(pages.thread, NULL);
}
