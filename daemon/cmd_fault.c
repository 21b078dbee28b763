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
	int64_t from, bytes;
	uint64_t end = word_load_acquire(&log->end);
	char *text;

	if (!call_int(c, 2, &from))
		return;
	bytes = from >= 0 && (uint64_t)from < end ?
	    (int64_t)end - from : 0;
	if (bytes > BACKLOG_BYTES_MAX)
		bytes = BACKLOG_BYTES_MAX;
	text = txn_scratch(c->txn, (size_t)bytes + 1);
	bytes = log_read(log, (uint64_t)from, text, (size_t)bytes);
	if (bytes < 0) {
		reply_error(c->reply, "ERR the log does not hold that offset");
		return;
	}
	reply_bulk(c->reply, (struct slice){ text, (size_t)bytes });
}
