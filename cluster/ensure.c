#include "cluster/ensure.h"

/* Attempts are at most so many times the option's time apart. */
#define SLOWEST 16

const char *const ensure_words[ENSURE_REASONS] = {
#define REASON(id, words) words,
#include "cluster/ensure.def"
};

/* Whether an attempt may be made, and if not, why. */
static enum ensure_reason
reason_now(const struct ensure_facts *f)
{
	if (f->every_ms <= 0)
		return ENSURE_OFF;
	if (!f->is_replica)
		return ENSURE_NO_REPLICA;
	if (f->is_failover)
		return ENSURE_FAILOVER;
	if (f->is_link_up)
		return ENSURE_UP;
	if (f->is_syncing)
		return ENSURE_SYNCING;
	if (f->is_paused)
		return ENSURE_PAUSED;
	return f->is_primary_failed ? ENSURE_PRIMARY_FAILED : ENSURE_NEEDED;
}

static int64_t
wait_ms(const struct ensure *e, const struct ensure_facts *f)
{
	uint32_t times = e->fails < 4 ? 1u << e->fails : SLOWEST;

	return f->every_ms * times;
}

bool
ensure_look(struct ensure *e, const struct ensure_facts *f, int64_t now_ms)
{
	enum ensure_reason why = reason_now(f);

	e->reason = why;
	if (why == ENSURE_UP || why == ENSURE_OFF ||
	    why == ENSURE_NO_REPLICA) {
		e->healed += why == ENSURE_UP && e->has_tried;
		e->has_tried = false;
		e->down_ms = 0;
		e->fails = 0;
		e->due_ms = INT64_MAX;
		return false;
	}
	if (e->down_ms == 0) {
		e->down_ms = now_ms > 0 ? now_ms : 1;
		e->due_ms = now_ms + f->every_ms;
	}
	if (why != ENSURE_NEEDED || e->is_trying || now_ms < e->due_ms) {
		/* When the hindrance is over somebody has to look. */
		if (e->due_ms <= now_ms)
			e->due_ms = now_ms + f->every_ms;
		return false;
	}
	e->is_trying = true;
	e->has_tried = true;
	e->attempts++;
	return true;
}

void
ensure_tried(struct ensure *e, const struct ensure_facts *f,
    enum ensure_reason why, int64_t now_ms)
{
	must(e->is_trying, "an attempt ends once");
	e->is_trying = false;
	e->reason = why;
	if (why == ENSURE_REFUSED)
		e->fails++;
	e->due_ms = now_ms + wait_ms(e, f);
}
