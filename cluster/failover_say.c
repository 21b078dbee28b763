#include "cluster/failover_say.h"

void
failover_say_write(uint8_t *to, const struct failover_say *s)
{
	bus_put(to, 8, s->token);
	bus_put(to + 8, 8, s->offset);
	bus_put(to + 16, 8, s->epoch);
	bus_put(to + 24, 4, s->lease_ms);
	bus_put(to + 28, 4, s->claimed_ms);
}

static bool
is_said(uint8_t kind)
{
	switch (kind) {
#define SAY(id, number, words) case FAILOVER_SAY_##id:
#include "cluster/failover_say.def"
		return true;
	default:
		return false;
	}
}

bool
failover_say_read(struct failover_say *s, uint8_t kind, struct slice payload)
{
	if (!is_said(kind) || payload.bytes != FAILOVER_SAY_BYTES)
		return false;
	*s = (struct failover_say){ .kind = kind,
	    .token = bus_get(payload.data, 8),
	    .offset = bus_get(payload.data + 8, 8),
	    .epoch = bus_get(payload.data + 16, 8),
	    .lease_ms = (uint32_t)bus_get(payload.data + 24, 4),
	    .claimed_ms = (uint32_t)bus_get(payload.data + 28, 4) };
	return true;
}
