#include "daemon/ctl_lease.h"

#include "cluster/lease.h"
#include "daemon/ctl_hold.h"
#include "shm/region.h"

void
ctl_lease_begin(struct ctl *c, struct view *v)
{
	struct region_lease *l = &REGION->ctl.lease;
	unsigned i;

	if (!l->is_begun) {
		ctl_hold_set_lease(c, LEASE_NEVER);
		l->is_begun = true;
		return;
	}
	lease_keep(v, word_load(&REGION->state.lease_ms));
	for (i = 0; i < COUNT(l->grant); i++)
		if (l->grant[i].until_ms > 0)
			lease_recall(v, view_find(v, &l->grant[i].to),
			    l->grant[i].until_ms);
}

void
ctl_lease_grant_is(const struct bus_id *to, int64_t until_ms)
{
	struct region_grant *row = REGION->ctl.lease.grant, *oldest = row;
	unsigned i;

	for (i = 0; i < COUNT(REGION->ctl.lease.grant); i++, row++) {
		if (bus_id_is_equal(&row->to, to)) {
			row->until_ms = until_ms;
			return;
		}
		if (row->until_ms < oldest->until_ms)
			oldest = row;
	}
	oldest->to = *to;
	oldest->until_ms = until_ms;
}

void
ctl_lease_show(const struct view *v)
{
	struct region_lease *l = &REGION->ctl.lease;

	word_store(&l->state, (uint32_t)v->lease.state);
	word_store(&l->hindrance, (uint32_t)v->vote.hindrance);
	word_store(&l->wanted, v->lease.wanted);
	word_store(&l->granted, v->lease.granted);
	word_store(&l->lost, v->lease.lost);
}
