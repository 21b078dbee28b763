/*
 * cmd_fault - DEBUG FAULT: arms a fault point
 *
 * Not here: what happens at an armed one (daemon/fault_do.c).
 */
#include "daemon/cmd_conn.h"
#include "daemon/fault_do.h"

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
