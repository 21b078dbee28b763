#include "daemon/fault_do.h"

#ifdef ALMANDINE_FAULTS

#include "daemon/log.h"
#include "proto/error.h"
#include "proto/number.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* Until its time is over or the point is armed with something else, or off. */
static void
hold(enum fault_id id, uint32_t word)
{
	uint32_t *at = &fault_words[id];
	uint32_t mine = (word & FAULT_ONCE) != 0 ? FAULT_HELD : word;
	uint32_t ms = word >> FAULT_HOLD_SHIFT;

	for (; ms > 0 && word_load(at) == mine; ms--)
		poll(NULL, 0, 1);
	if (mine == FAULT_HELD)
		word_take(at, FAULT_HELD, FAULT_OFF);
}

static bool
act(enum fault_id id, uint32_t word)
{
	switch (word & FAULT_ACT) {
	case FAULT_DIE:
		log_warning("fault %s: dies", fault_table[id].name);
		kill(getpid(), SIGKILL);
		return true;
	case FAULT_HOLD:
		log_warning("fault %s: holds", fault_table[id].name);
		hold(id, word);
		return false;
	default:
		return true;
	}
}

void
fault_prepare(void)
{
	fault_hook = act;
}

const char *
fault_arm(const struct slice *argv, int argc)
{
	int id = argc > 1 ? fault_find(argv[0]) : -1;
	uint32_t word;
	int64_t ms = 0;
	int used = 2;

	if (id < 0)
		return "ERR there is no such fault point";
	if (slice_is(argv[1], "off"))
		word = FAULT_OFF;
	else if (slice_is(argv[1], "die"))
		word = FAULT_DIE;
	else if (slice_is(argv[1], "error"))
		word = FAULT_ERROR;
	else if (slice_is(argv[1], "hold") && argc > 2 &&
	    number_get_int(argv[2], &ms) && ms >= 0 && ms < 1 << 20)
		word = FAULT_HOLD | (uint32_t)ms << FAULT_HOLD_SHIFT, used = 3;
	else
		return error_text[ERROR_SYNTAX];
	if (argc > used && slice_is(argv[used], "once"))
		word |= FAULT_ONCE, used++;
	if (argc > used)
		return error_text[ERROR_SYNTAX];
	word_store(&fault_words[id], word);
	return NULL;
}

#endif
