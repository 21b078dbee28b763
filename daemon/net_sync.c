#include "daemon/net_sync.h"

void
sync_begin(struct call *c, bool is_old)
{
	(void)is_old;
	reply_error(c->reply, "ERR this version takes no snapshots");
}

void
sync_pump(struct feed *f)
{
	(void)f;
}

void
sync_read(struct conn *c, int result)
{
	(void)c;
	(void)result;
}

void
sync_look_after(struct feed *f)
{
	(void)f;
}

void
sync_ask(struct worker *w)
{
	(void)w;
}

void
sync_act_upon_state(struct feed *f)
{
	(void)f;
}

void
sync_end(struct feed *f)
{
	(void)f;
}
