/*
 * cmd_server - small questions about the node
 *
 * Not here: INFO (daemon/cmd_info.c), CONFIG (cmd_config.c), DEBUG
 * (cmd_debug.c).
 */
#include "daemon/clock.h"
#include "daemon/cmd_conn.h"
#include "daemon/net_feed.h"
#include "daemon/net_link.h"

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

static void
role_of_replica(struct call *c)
{
	const struct state *s = &c->worker->state;
	const struct link *link = link_of(s);
	bool is_up = link_is_up(s);

	reply_array(c->reply, 5);
	reply_text(c->reply, "slave");
	reply_text(c->reply, s->primary_host);
	reply_int(c->reply, s->primary_port);
	reply_text(c->reply, link_role[link != NULL ?
	    word_load(&link->state) : LINK_CONNECT]);
	reply_int(c->reply, is_up ?
	    (int64_t)word_load_acquire(&REGION->common.log.end) : -1);
}

void
cmd_role(struct call *c)
{
	const struct feeds_row *r;
	uint32_t place = 0;
	int64_t count = 0;
	size_t later;

	if (c->worker->state.role == STATE_REPLICA) {
		role_of_replica(c);
		return;
	}
	reply_array(c->reply, 3);
	reply_text(c->reply, "master");
	reply_int(c->reply,
	    (int64_t)word_load_acquire(&REGION->common.log.end));
	later = reply_later(c->reply);
	while ((r = feed_each(&place)) != NULL) {
		if (word_load(&r->phase) != FEEDS_ONLINE)
			continue;
		count++;
		reply_array(c->reply, 3);
		reply_text(c->reply, r->ip);
		reply_bulk_int(c->reply, r->port);
		reply_bulk_int(c->reply, (int64_t)word_load(&r->got));
	}
	reply_later_set(c->reply, later, '*', count);
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
	int64_t version;

	/* There is one drawing for all versions. */
	if (c->argc > 2 && slice_is(c->argv[1], "version") &&
	    !call_int(c, 2, &version))
		return;
	reply_verbatim(c->reply, "txt", SLICE(gem));
}
