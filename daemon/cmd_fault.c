/*
 * cmd_fault - what tests that kill need: DEBUG FAULT and DEBUG BACKLOG
 *
 * Not here: what happens at an armed fault point (daemon/fault_do.c).
 */
#include "daemon/cmd_conn.h"
#include "daemon/fault_do.h"

#define BACKLOG_BYTES_MAX (16ll << 20)

void
cmd_debug_fault(struct call *c)
{
#ifdef ALMANDINE_FAULTS
	const char *error = fault_arm(c->argv + 2, c->argc - 2);
#else
	const char *error = "ERR this build has no fault points";
#endif

	if (error != NULL)
		reply_error(c->reply, error);
	else
		reply_ok(c->reply);
}

/* DEBUG BACKLOG offset: the log's bytes from there on, as many as fit. */
void
cmd_debug_backlog(struct call *c)
{
	const struct log *log = &REGION->common.log;
	uint64_t end = word_load_acquire(&log->end), at, bytes, head;
	int64_t from;
	char *text;

	if (!call_int(c, 2, &from))
		return;
	at = (uint64_t)from;
	bytes = at < end ? end - at : 0;
	if (bytes > (uint64_t)BACKLOG_BYTES_MAX)
		bytes = (uint64_t)BACKLOG_BYTES_MAX;
	text = txn_scratch(c->txn, bytes + 1);
	head = log->bytes - (at & (log->bytes - 1));
	if (head > bytes)
		head = bytes;
	memcpy(text, log->ring + (at & (log->bytes - 1)), head);
	memcpy(text + head, log->ring, bytes - head);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (from < 0 || at > end || word_load(&log->first) > at) {
		reply_error(c->reply, "ERR the log does not hold that offset");
		return;
	}
	reply_bulk(c->reply, (struct slice){ text, bytes });
}
