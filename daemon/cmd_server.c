/*
 * cmd_server - small questions about the node
 *
 * Not here: INFO (daemon/cmd_info.c), CONFIG (cmd_config.c), DEBUG
 * (cmd_debug.c).
 */
#include "daemon/clock.h"
#include "daemon/cmd_conn.h"

void
cmd_time(struct call *c)
{
	int64_t us = clock_us();

	reply_array(c->reply, 2);
	reply_bulk_int(c->reply, us / 1000000);
	reply_bulk_int(c->reply, us % 1000000);
}

void
cmd_lastsave(struct call *c)
{
	reply_int(c->reply, c->worker->state.last_save_s);
}

void
cmd_role(struct call *c)
{
	reply_array(c->reply, 3);
	reply_text(c->reply, "master");
	reply_int(c->reply,
	    (int64_t)word_load_acquire(&REGION->common.log.end));
	reply_array(c->reply, 0);
}

void
cmd_monitor(struct call *c)
{
	if (!c->may_block) {
		reply_error(c->reply, error_text[ERROR_NO_MONITOR]);
		return;
	}
	if (!c->conn->is_monitor)
		stat_add(c->worker->stats, monitors, 1);
	c->conn->is_monitor = true;
	conn_show(c->conn);
	reply_ok(c->reply);
}

void
cmd_lolwut(struct call *c)
{
	static const char gem[] =
	    "      ________\n"
	    "     /\\  /\\  /\\\n"
	    "    /__\\/__\\/__\\\n"
	    "    \\  /\\  /\\  /\n"
	    "     \\/  \\/  \\/\n"
	    "      \\      /\n"
	    "       \\    /\n"
	    "        \\  /\n"
	    "         \\/\n\n"
	    "Almandine ver. " PACKAGE_VERSION "\n";

	reply_verbatim(c->reply, "txt", SLICE(gem));
}
