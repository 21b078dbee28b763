#include "daemon/ready.h"

#include <stdlib.h>

#include "daemon/net_worker.h"

/* Takes a copy of what has been replied from mark on. */
static void
keep(struct ready *k, const struct reply *r, size_t mark)
{
	free(k->text);
	k->bytes = r->used - mark;
	k->text = malloc(k->bytes);
	if (k->text != NULL)
		memcpy(k->text, r->data + mark, k->bytes);
}

void
ready_reply(struct call *c, struct ready by_resp[2], uint64_t version,
    int64_t form, void (*make)(struct call *c, const void *of), const void *of)
{
	struct ready *k = &by_resp[c->reply->resp == 3];
	size_t mark = c->reply->used;

	if (k->version == version && k->form == form) {
		reply_raw(c->reply, k->text, k->bytes);
		return;
	}
	make(c, of);
	stat_add(c->worker->stats, ready_made, 1);
	k->version = 0;
	if (c->reply->is_failed)
		return;
	keep(k, c->reply, mark);
	k->form = form;
	if (k->text != NULL)
		k->version = version;
}
