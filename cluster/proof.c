#include "cluster/proof.h"

#define MARGIN(ms) ((ms) / 16 + 4) /* twice of what a lease keeps back */

void
proof_begin(struct view *v)
{
	v->shift.word = PROOF_NONE;
	v->shift.proof_ms = 0;
	v->lease.ask_ms = v->now_ms;
}

void
proof_word(struct view *v, bool is_sure)
{
	if (v->shift.state != SHIFT_PROVING)
		return;
	if (is_sure)
		v->shift.word = PROOF_SURE;
	else if (v->shift.word == PROOF_NONE)
		v->shift.word = PROOF_SAID;
}

/* So long after the last one was asked for, another's leases are over. */
static int64_t
over_ms(const struct view *v)
{
	int64_t ms = lease_length_ms(v);

	return ms + MARGIN(ms);
}

/* Whether we voted before the move, or do so in the place of its source. */
static bool
has_voted(const struct view *v)
{
	const struct shift *s = &v->shift;
	unsigned at;

	if (s->state != SHIFT_PROVING || s->word == PROOF_SURE)
		return true;
	for (at = 0; at < BUS_SLOT_BYTES; at++)
		if (v->node[VIEW_SELF].slots[at] & (uint8_t)~s->job.slots[at])
			return true;
	return false;
}

/* Whether the source does not write, where so many voted. */
static bool
is_released(const struct view *v, enum lease_state state)
{
	uint16_t peer = view_find(v, &v->shift.job.peer);

	if (peer == VIEW_NOBODY || v->shift.word == PROOF_SURE)
		return true;
	return (state != LEASE_UNNEEDED && v->shift.word == PROOF_SAID) ||
	    (state == LEASE_IMPOSSIBLE && view_has(v, peer, BUS_IS_FAIL));
}

bool
proof_is_there(struct view *v)
{
	struct shift *s = &v->shift;
	uint64_t epoch = v->node[VIEW_SELF].config_epoch;
	bool is_target = s->state == SHIFT_PROVING;
	uint16_t giver = is_target && s->word != PROOF_SURE ?
	    view_find(v, &s->job.peer) : VIEW_NOBODY;
	enum lease_state state;
	int64_t end, over;

	state = lease_proof(v, epoch, giver, has_voted(v), &end);
	if (state == LEASE_LOST || v->told.config_epoch < epoch) {
		s->proof_ms = 0;
		return false;
	}
	if (s->proof_ms == 0)
		s->proof_ms = v->now_ms;
	over = s->proof_ms + over_ms(v);
	view_due(v, end);
	if (v->now_ms < over)
		view_due(v, over);
	/* Under another epoch than it was given we may have beaten somebody. */
	if (is_target && is_released(v, state) &&
	    (epoch == s->epoch || state != LEASE_HELD))
		return true;
	return v->now_ms >= over && (!is_target || state == LEASE_HELD);
}

bool
proof_may_claim_back(struct view *v, uint16_t peer)
{
	int64_t since = v->shift.since_ms, end;

	if (peer != VIEW_NOBODY && v->node[peer].fail_ms > since)
		since = v->node[peer].fail_ms;
	/* Those that run then were asked for after that. */
	since += over_ms(v);
	if (v->now_ms < since) {
		view_due(v, since);
		return false;
	}
	return lease_proof(v, v->told.config_epoch, VIEW_NOBODY, true,
	    &end) != LEASE_LOST;
}
