#include "t/sink.h"

#include <check.h>

struct sink sink;

bool
sink_take(struct rdb_writer *w)
{
	ck_assert_uint_le(sink.used + w->used, sizeof(sink.data));
	memcpy(sink.data + sink.used, w->data, w->used);
	sink.used += w->used;
	w->used = 0;
	return true;
}
