#include "cluster/heir.h"

bool
heir_may_come(const struct view *v, uint16_t i)
{
	return i != VIEW_NOBODY && v->node[i].own > 0 &&
	    v->node[i].refused_ms == 0 && !view_has(v, i, BUS_IS_PFAIL |
	    BUS_IS_FAIL | BUS_IS_HANDSHAKE | BUS_IS_NOFAILOVER);
}

uint16_t
heir_find(const struct view *v)
{
	uint16_t i = view_find(v, &v->failover.peer);

	return failover_has_word(&v->failover) && heir_may_come(v, i) ? i :
	    VIEW_NOBODY;
}
