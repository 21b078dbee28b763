#include "daemon/cmd_random.h"

bool
cmd_random_may_repeat(struct call *c, int64_t count)
{
	if (count >= -CMD_RANDOM_REPEATS)
		return true;
	reply_error(c->reply, error_text[ERROR_RANGE]);
	return false;
}

void
cmd_random_choose(struct call *c, uint64_t n, uint64_t count, uint64_t *at)
{
	uint64_t i, other, swap;

	for (i = 0; i < n; i++)
		at[i] = i;
	for (i = 0; i < count; i++) {
		other = i + call_random(c) % (n - i);
		swap = at[i];
		at[i] = at[other];
		at[other] = swap;
	}
}
